//! Frames. They are read by a part of ultrawave that no library offers.

use std::collections::BTreeSet;

use bytes::Bytes;
use frame::{Reassembly, split};

#[allow(dead_code, reason = "not all of it is fuzzed")]
#[path = "../../src/net/frame.rs"]
mod frame;

/// Bytes of the longest message taken.
const LONGEST: usize = 1 << 20;

/// Any frames are survived, and a message comes out only if it was put in: whole, whatever came
/// before, and in whatever order.
pub fn frame(data: &[u8]) {
    let mut reassembly = Reassembly::new(LONGEST);
    let mut rest = data;
    // Frames of others: each behind its length.
    while let [length, tail @ ..] = rest {
        let (frame, after) = tail.split_at(tail.len().min(usize::from(*length)));
        if let Ok(Some(message)) = reassembly.receive(Bytes::copy_from_slice(frame)) {
            assert!(message.len() <= LONGEST);
        }
        rest = after;
    }
    let mut reassembly = Reassembly::new(LONGEST);
    let message: Vec<u8> = data.iter().cycle().take(data.len() * 97).copied().collect();
    let mut frames: Vec<Bytes> = split(7, &message).map(bytes::BytesMut::freeze).collect();
    let turn = usize::from(data.first().copied().unwrap_or(0)) % frames.len();
    frames.rotate_left(turn);
    let mut came = BTreeSet::new();
    for frame in frames {
        came.extend(reassembly.receive(frame).expect("a frame of one's own"));
    }
    assert_eq!(came.into_iter().collect::<Vec<_>>(), [message]);
}
