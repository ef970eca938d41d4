//! Messages in frames, as data channels carry them. Normative: `docs/protocol.md`.
//!
//! A frame is twelve bytes of header, big endian, and a part of a message:
//!
//! ```text
//! message id (4) | offset of this part (4) | bytes of the whole message (4) | part
//! ```
//!
//! Every part but the last is [`PART_BYTES`] long and every offset a multiple of that, so parts
//! cannot overlap, and a message is whole when its bytes are all there. Frames may be lost,
//! repeated and reordered: what comes out is a message that was sent, or nothing.

use std::collections::{BTreeMap, VecDeque};

use bytes::{BufMut, Bytes, BytesMut};

use crate::limits;

/// Bytes of a frame's header.
const HEADER_BYTES: usize = 12;

/// Bytes of a message in one frame.
pub(super) const PART_BYTES: usize = limits::FRAME_BYTES - HEADER_BYTES;

/// Why a frame was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// Shorter than its header.
    #[error("a frame of {0} bytes is shorter than its header")]
    Short(usize),
    /// The header contradicts itself, the frame, or an earlier frame.
    #[error("frame {offset} of message {id} does not fit a message of {total} bytes")]
    Contradiction { id: u32, offset: u32, total: u32 },
    /// The message would be too long.
    #[error("a message of {total} bytes is longer than the {limit} that are taken")]
    TooLong { total: u32, limit: usize },
}

/// How many frames a message of so many bytes takes.
pub(super) fn frames_of(bytes: usize) -> usize {
    bytes.div_ceil(PART_BYTES).max(1)
}

/// The frames of a message. Its id must differ from those still on the way.
pub(super) fn split(id: u32, message: &[u8]) -> impl ExactSizeIterator<Item = BytesMut> {
    (0..frames_of(message.len())).map(move |at| frame_at(id, message, at))
}

/// One of them.
pub(super) fn frame_at(id: u32, message: &[u8], at: usize) -> BytesMut {
    let (total, offset) = (message.len(), at * PART_BYTES);
    let part = message.get(offset..total.min(offset + PART_BYTES)).unwrap_or_default();
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + part.len());
    frame.put_u32(id);
    frame.put_u32(length(offset));
    frame.put_u32(length(total));
    frame.put_slice(part);
    frame
}

/// Messages are far shorter than 4 GiB: see [`limits::FRAMED_BYTES`].
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A message of which some frames are here.
struct Partial {
    id: u32,
    total: u32,
    held: usize,
    parts: BTreeMap<u32, Bytes>,
}

/// Puts the messages of one peer on one channel together.
pub(super) struct Reassembly {
    longest: usize,
    held: usize,
    /// The oldest first.
    partial: VecDeque<Partial>,
}

impl Reassembly {
    /// Takes messages of up to `longest` bytes, and holds no more than that of parts.
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, held: 0, partial: VecDeque::new() }
    }

    /// Takes a frame in; returns the message that it completes.
    pub(super) fn receive(&mut self, frame: Bytes) -> Result<Option<Vec<u8>>, FrameError> {
        let Header { id, offset, total, part } = Header::read(frame)?;
        if total as usize > self.longest {
            return Err(FrameError::TooLong { total, limit: self.longest });
        }
        if part.len() == total as usize {
            return Ok(Some(part.into()));
        }
        let at = match self.partial.iter().position(|partial| partial.id == id) {
            Some(at) => at,
            None => self.begin(id, total),
        };
        let Some(partial) = self.partial.get_mut(at) else { return Ok(None) };
        if partial.total != total {
            return Err(FrameError::Contradiction { id, offset, total });
        }
        let bytes = part.len();
        if partial.parts.insert(offset, part).is_none() {
            partial.held += bytes;
            self.held += bytes;
        }
        if partial.held == total as usize {
            return Ok(self.take(at));
        }
        while self.held > self.longest && self.partial.len() > 1 {
            self.forget_oldest();
        }
        Ok(None)
    }

    fn begin(&mut self, id: u32, total: u32) -> usize {
        if self.partial.len() == limits::PARTIAL_MESSAGES {
            self.forget_oldest();
        }
        self.partial.push_back(Partial { id, total, held: 0, parts: BTreeMap::new() });
        self.partial.len() - 1
    }

    fn take(&mut self, at: usize) -> Option<Vec<u8>> {
        let whole = self.partial.remove(at)?;
        self.held -= whole.held;
        let mut message = Vec::with_capacity(whole.held);
        for part in whole.parts.into_values() {
            message.extend_from_slice(&part);
        }
        Some(message)
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.partial.pop_front() {
            self.held -= oldest.held;
        }
    }
}

/// A frame, read.
struct Header {
    id: u32,
    offset: u32,
    total: u32,
    part: Bytes,
}

impl Header {
    fn read(mut frame: Bytes) -> Result<Self, FrameError> {
        let bytes = frame.len();
        if bytes < HEADER_BYTES {
            return Err(FrameError::Short(bytes));
        }
        let part = frame.split_off(HEADER_BYTES);
        let field = |at: usize| {
            let mut field = [0; 4];
            field.copy_from_slice(frame.get(at..at + 4).unwrap_or(&[0; 4]));
            u32::from_be_bytes(field)
        };
        let (id, offset, total) = (field(0), field(4), field(8));
        let left = (total as usize).checked_sub(offset as usize);
        let fits = (offset as usize).is_multiple_of(PART_BYTES)
            && left.is_some_and(|left| part.len() == left.min(PART_BYTES) && (left > 0 || total == 0));
        if fits {
            Ok(Self { id, offset, total, part })
        } else {
            Err(FrameError::Contradiction { id, offset, total })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test panics on what it did not expect"
    )]
    use proptest::prelude::*;

    use super::*;

    fn message(seed: usize, length: usize) -> Vec<u8> {
        (0..length).map(|at| (seed + at * 31).to_le_bytes()[0]).collect()
    }

    #[test]
    fn the_edges_of_a_frame() {
        for length in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES] {
            let whole = message(7, length);
            let frames: Vec<_> = split(1, &whole).collect();
            assert_eq!(frames.len(), length.div_ceil(PART_BYTES).max(1));
            assert!(frames.iter().all(|frame| frame.len() <= limits::FRAME_BYTES));
            let mut reassembly = Reassembly::new(1 << 20);
            let came = frames.into_iter().map(|frame| reassembly.receive(frame.freeze()).unwrap());
            assert_eq!(came.last().unwrap().unwrap(), whole, "{length}");
            assert_eq!(reassembly.held, 0);
        }
    }

    #[test]
    fn the_example_in_the_documents() {
        let frames: Vec<_> = split(7, br#"["goodbye",null]"#).collect();
        let hex: Vec<String> = frames.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
        let document = include_str!("../../docs/protocol.md");
        let example =
            document.lines().find_map(|line| line.strip_prefix("`[\"goodbye\",null]` as message 7: `"));
        assert_eq!(example.unwrap().trim_end_matches("`.").replace(' ', ""), hex.concat());
    }

    #[test]
    fn contradictions_are_refused() {
        let frame = |id: u32, offset: u32, total: u32, part: usize| {
            let mut frame = BytesMut::new();
            frame.put_u32(id);
            frame.put_u32(offset);
            frame.put_u32(total);
            frame.put_bytes(0, part);
            frame.freeze()
        };
        let part = u32::try_from(PART_BYTES).unwrap();
        let mut reassembly = Reassembly::new(4 * PART_BYTES);
        let refused = |frame: Bytes, reassembly: &mut Reassembly| reassembly.receive(frame).unwrap_err();
        assert_eq!(refused(Bytes::from_static(b"short"), &mut reassembly), FrameError::Short(5));
        for (offset, total, bytes) in [
            (1, 10, 9),        // an offset between parts
            (0, 10, 9),        // less than it says
            (0, 10, 11),       // more than it says
            (part, part, 0),   // behind the end
            (part, 10, 0),     // far behind the end
            (0, 2 * part, 10), // a short part that is not the last
        ] {
            let error = refused(frame(1, offset, total, bytes), &mut reassembly);
            assert_eq!(error, FrameError::Contradiction { id: 1, offset, total });
        }
        let error = refused(frame(1, 0, 5 * part, PART_BYTES), &mut reassembly);
        assert_eq!(error, FrameError::TooLong { total: 5 * part, limit: 4 * PART_BYTES });
        // One id, two lengths.
        reassembly.receive(frame(1, 0, 2 * part, PART_BYTES)).unwrap();
        let error = refused(frame(1, part, 3 * part, PART_BYTES), &mut reassembly);
        assert_eq!(error, FrameError::Contradiction { id: 1, offset: part, total: 3 * part });
    }

    #[test]
    fn what_is_never_finished_is_bounded() {
        let mut reassembly = Reassembly::new(8 * PART_BYTES);
        for id in 0..1_000 {
            let first = split(id, &message(1, 4 * PART_BYTES)).next().unwrap();
            assert_eq!(reassembly.receive(first.freeze()).unwrap(), None);
            assert!(reassembly.partial.len() <= limits::PARTIAL_MESSAGES);
            assert!(reassembly.held <= 8 * PART_BYTES);
        }
    }

    proptest! {
        /// Whatever the channel does to the frames, what comes out was sent; and what lost no
        /// frame and was not crowded out comes out.
        #[test]
        fn nothing_comes_out_that_was_not_sent(
            lengths in prop::collection::vec(0..4 * PART_BYTES, 1..6),
            lost in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            twice in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            order in any::<u64>(),
        ) {
            let sent: Vec<_> = lengths.iter().enumerate().map(|(at, &length)| message(at, length)).collect();
            let mut frames: Vec<(usize, Bytes)> = Vec::new();
            for (at, whole) in sent.iter().enumerate() {
                frames.extend(split(u32::try_from(at).unwrap(), whole).map(|frame| (at, frame.freeze())));
            }
            for index in twice {
                frames.push(frames[index.index(frames.len())].clone());
            }
            let mut whole = vec![true; sent.len()];
            for index in lost {
                let (_, gone) = frames[index.index(frames.len())].clone();
                frames.retain(|(at, frame)| {
                    if *frame == gone {
                        whole[*at] = false;
                    }
                    *frame != gone
                });
                if frames.is_empty() {
                    break;
                }
            }
            // A cheap shuffle that the seed decides.
            let mut state = order | 1;
            for at in (1..frames.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                frames.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
            }
            let mut reassembly = Reassembly::new(1 << 20);
            let mut came = vec![false; sent.len()];
            for (at, frame) in frames {
                if let Some(message) = reassembly.receive(frame).unwrap() {
                    prop_assert_eq!(&message, &sent[at]);
                    came[at] = true;
                }
            }
            prop_assert_eq!(came, whole);
        }

        #[test]
        fn noise_is_refused_or_held(noise in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Reassembly::new(1 << 20).receive(noise.into());
        }
    }
}
