//! The sync engine: changes, their order, and the document they make.

mod change;
mod clock;
mod history;
mod pending;
mod replica;
mod tracker;
mod undo;
mod wire;

pub use change::Change;
pub use clock::{Author, ChangeId, Stamp, Tick, VectorClock};
pub use replica::{Checkpoint, Conflict, EditError, LostEdit, Received, Refusal, Replica, Snapshot};
pub use undo::Undone;
pub use wire::{
    ChangeError, decode_change, decode_message, encode_change, read_change, read_clock, read_path,
    write_change, write_clock, write_path,
};
