//! The sync engine: changes, their order, and the document they make.
//!
//! The contract is `docs/semantics.md`; why it converges is `docs/ordering.md`. In one picture,
//! the history of a [`Replica`] with two people editing at once:
//!
//! ```text
//! stamp order   a1   a2   b1   a3   b2   a4 ...
//! version     0    1    2              5    6
//!             │    │    └── window ────┘    │
//!          critical: everything later has seen all that is before
//! ```
//!
//! * While every change has seen all before it (`a1`, `a2`, `a4`) the document is plain JSON and
//!   the change is applied at its positions as they stand. No ids, no tombstones.
//! * `b1` arrives without having seen `a3`: the replica **rewinds** to the newest critical
//!   version that `b1` has seen (2) and **replays** what is after it with a tracker, which keeps
//!   who wrote and who removed what, so that each change means what it meant to its author.
//! * While the window stays open the tracker is kept, and the next concurrent change costs its
//!   own work. When changes have seen everything for a while it is dropped: the document is
//!   plain again.
//! * A version can be forgotten once it is critical and every member has acknowledged it.
//!
//! The idea is the event-graph walker of Gentle & Kleppmann (*Collaborative Text Editing with
//! Eg-walker*, `EuroSys` 2025), carried from text to JSON trees.

mod change;
mod clock;
mod direct;
mod history;
mod pending;
mod replica;
mod rival;
mod tracker;
mod typing;
mod undo;
mod window;
mod wire;

pub use change::Change;
pub use clock::{Author, ChangeId, Stamp, Tick, VectorClock};
pub(crate) use direct::{read_change_message, read_changes_message};
pub use replica::{
    Checkpoint, Conflict, EditError, LostEdit, Received, Refusal, Replica, RestoreError, Snapshot,
};
pub(crate) use typing::write_changes;
pub use undo::Undone;
#[cfg(feature = "app")]
pub(crate) use wire::read_method;
pub use wire::{
    ChangeError, decode_change, decode_message, encode_change, read_change, read_changes, read_clock,
    read_path, write_change, write_clock, write_path,
};
