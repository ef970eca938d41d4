//! What peers say to each other: `[type, payload]` as JSON text. Normative: `docs/protocol.md`.

use std::sync::Arc;

use crate::document::Path;
use crate::sync::{Author, Change, Checkpoint, Tick, VectorClock};

/// A message of the peer protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// First on every connection, both ways: who is there.
    Hello {
        /// The protocol version.
        version: u32,
        /// How the person wants to be called.
        name: String,
        /// What they have seen.
        clock: VectorClock,
        /// Whether they hold the document already.
        has_document: bool,
    },
    /// A newcomer, to the first peer it is connected to.
    RequestDocument,
    /// The answer: where the history starts, and every change after it.
    Document {
        /// Where the history starts.
        checkpoint: Checkpoint,
        /// The changes after it, in the total order.
        changes: Vec<Arc<Change>>,
    },
    /// Wants every change that somebody with this clock has not seen.
    RequestChanges(VectorClock),
    /// One live change.
    Change(Arc<Change>),
    /// Several changes: an answer, or a burst.
    Changes(Vec<Arc<Change>>),
    /// Wants changes that were lost on the way: runs of ticks, first and last.
    RequestSync(Vec<(Author, Tick, Tick)>),
    /// What the sender has seen: an acknowledgement, and when idle a notice of a lost message.
    Clock(VectorClock),
    /// Where the sender is.
    Presence(Presence),
    /// The sender leaves.
    Goodbye,
}

/// Where somebody is and what they are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// How they want to be called.
    pub name: String,
    /// Where their cursor is.
    pub path: Option<Path>,
    /// Whether they are editing there, or looking.
    pub editing: bool,
}

/// Which channel a message travels on, see `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Live changes.
    Ops,
    /// Joining, documents, requests and answers.
    Sync,
    /// Cursors, clocks.
    Presence,
}
