//! Messages to and from the bytes that travel: text, or text packed where that pays.
//!
//! Packed bytes are a byte that no text begins with, the length of the text (4 bytes, big endian)
//! and an LZ4 block. Documents and runs of changes become about a fifth of their size, at more
//! than the speed of most connections.

use crate::limits;
use crate::session::Message;

/// The first byte of what is packed. A message begins with `[`.
const PACKED: u8 = 1;

/// Bytes before the block: that byte, and the length.
const HEAD_BYTES: usize = 5;

/// Bytes of a text from which packing may pay.
const WORTH_IT: usize = 1 << 10;

/// What LZ4 makes of a byte at most: what claims to be more is refused before room is made for it.
const EXPANSION: usize = 256;

/// What a byte of a message of more than [`limits::MESSAGE_BYTES`] may stand for, so that memory is
/// not to be had for nothing. Few texts are packed as tightly, and those travel as they are.
const EXPANSION_OF_LONG: usize = 16;

/// The bytes that say this.
pub(super) fn pack(message: &Message) -> Vec<u8> {
    let text = message.encode().into_bytes();
    let Some(length) = u32::try_from(text.len()).ok().filter(|_| text.len() >= WORTH_IT) else { return text };
    let mut packed = vec![0; HEAD_BYTES + lz4_flex::block::get_maximum_output_size(text.len())];
    let Some((head, block)) = packed.split_first_chunk_mut::<HEAD_BYTES>() else { return text };
    let [kind, length_bytes @ ..] = head;
    *kind = PACKED;
    *length_bytes = length.to_be_bytes();
    match lz4_flex::block::compress_into(&text, block) {
        // An eighth less at least: packing takes time at both ends.
        Ok(bytes) if bytes + HEAD_BYTES < text.len() / 8 * 7 && may_be(text.len(), bytes) => {
            packed.truncate(HEAD_BYTES + bytes);
            packed.shrink_to_fit();
            packed
        }
        Ok(_) | Err(_) => text,
    }
}

/// Whether a block of so many bytes may stand for so long a text.
fn may_be(length: usize, block: usize) -> bool {
    let expansion = if length > limits::MESSAGE_BYTES { EXPANSION_OF_LONG } else { EXPANSION };
    length <= limits::FRAMED_BYTES && length <= block.saturating_mul(expansion)
}

/// What some bytes say.
pub(super) fn unpack(bytes: Vec<u8>) -> Result<Message, String> {
    let bytes = match bytes.split_first_chunk::<HEAD_BYTES>() {
        Some(([PACKED, length @ ..], block)) => {
            let length = u32::from_be_bytes(*length) as usize;
            if !may_be(length, block.len()) {
                return Err(format!("{} packed bytes claim to be {length}", block.len()));
            }
            lz4_flex::block::decompress(block, length).map_err(|error| format!("badly packed: {error}"))?
        }
        _ => bytes,
    };
    let text = String::from_utf8(bytes).map_err(|error| format!("a message that is no UTF-8: {error}"))?;
    Message::decode(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use proptest::prelude::*;

    use super::*;
    use crate::document::parse;
    use crate::sync::{Checkpoint, VectorClock};

    fn document(source: &str) -> Message {
        let value = parse(source).unwrap();
        let checkpoint = Checkpoint { source: source.into(), value, clock: VectorClock::new() };
        Message::Document { checkpoint, changes: Vec::new() }
    }

    #[test]
    fn long_messages_are_packed_and_short_ones_are_not() {
        let short = Message::Goodbye;
        assert_eq!(pack(&short), short.encode().into_bytes());
        let long = document(&format!("[{}1]", "1,".repeat(10_000)));
        let packed = pack(&long);
        assert!(packed.len() < long.encode().len() / 10);
        assert_eq!(unpack(packed).unwrap(), long);
    }

    #[test]
    fn what_claims_to_be_more_than_it_can_be_is_refused() {
        let claim = |length: u32, block: &[u8]| {
            let mut bytes = vec![PACKED];
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(block);
            unpack(bytes).unwrap_err()
        };
        assert!(claim(u32::MAX, &[0; 10]).contains("claim to be"));
        assert!(claim(10_000, &[0; 10]).contains("claim to be"));
        assert!(claim(10, &[0; 10]).contains("badly packed"));
        assert!(unpack(vec![PACKED]).unwrap_err().contains("no message"));
    }

    #[test]
    fn a_long_message_is_not_packed_more_tightly_than_may_be() {
        let dull = document(&format!("{:?}", "1".repeat(limits::MESSAGE_BYTES)));
        let numbers = (0..900_000_u64).map(|number| format!("{} Ana ", number * 7919 % 1_000_003));
        let usual = document(&format!("{:?}", numbers.collect::<String>()));
        let (dull_length, usual_length) = (dull.encode().len(), usual.encode().len());
        assert!(dull_length > limits::MESSAGE_BYTES && usual_length > limits::MESSAGE_BYTES);
        for (message, length, is_packed) in [(dull, dull_length, false), (usual, usual_length, true)] {
            let bytes = pack(&message);
            assert_eq!(bytes.len() < length, is_packed);
            assert_eq!(unpack(bytes).unwrap(), message);
        }
        let mut claim = vec![PACKED];
        claim.extend_from_slice(&u32::try_from(limits::FRAMED_BYTES).unwrap().to_be_bytes());
        claim.extend_from_slice(&vec![0; limits::MESSAGE_BYTES]);
        assert!(unpack(claim).unwrap_err().contains("claim to be"));
    }

    proptest! {
        #[test]
        fn whatever_is_packed_comes_out_again(items in prop::collection::vec("[a-z]{0,12}", 0..400)) {
            let message = document(&format!("{items:?}"));
            prop_assert_eq!(unpack(pack(&message)).unwrap(), message);
        }

        #[test]
        fn noise_is_refused(mut noise in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = unpack(noise.clone());
            noise.insert(0, PACKED);
            let _ = unpack(noise);
        }
    }
}
