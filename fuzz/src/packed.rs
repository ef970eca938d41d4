//! Packed messages. They are read by a part of ultrawave that no library offers.

#[allow(dead_code, reason = "not all of it is fuzzed")]
#[path = "../../src/net/packing.rs"]
mod packing;

/// Any bytes are survived, and what they say can be packed again.
pub fn packed(data: &[u8]) {
    // As they are, and as a block that claims to be some times as long.
    let claim = u32::try_from(data.len() * 5).unwrap_or(u32::MAX).to_be_bytes();
    let framed = [&[1], &claim[..], data].concat();
    for bytes in [data.to_vec(), framed] {
        if let Ok(message) = packing::unpack(bytes) {
            let again = packing::unpack(packing::pack(&message)).expect("what was packed can be unpacked");
            assert_eq!(again, message);
        }
    }
}
