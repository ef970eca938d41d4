//! Verbs that a peer of the same user does for others: over a Unix socket on this machine, in
//! milliseconds. Normative for the lines: `docs/local.md`.
//!
//! - [`place`]: where the socket of a room is; [`wire`]: what is said over it
//! - [`host`]: the running peer's side; [`guest`]: that of the process with the verb

mod guest;
mod host;
mod line;
mod place;
mod wire;

use place::Place;

pub(super) use guest::{Asked, Caller, Guest, ask};
pub(super) use host::Host;
pub(super) use wire::Reply;

/// Whether a peer of this user is in an open room on this machine.
pub(super) fn is_served(signal: &str, room: &str) -> bool {
    Place::all(signal, room, None).iter().any(Place::is_taken)
}
