//! What a session is fed with, what it wants done, and what it tells.

use std::sync::Arc;
use std::time::Duration;

use super::keeping::Record;
use super::message::{Message, Presence};
use crate::sync::{Author, Change, Refusal, Snapshot, VectorClock};
use crate::trust::Fraud;

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// A peer has entered the room, says the signaling server. It is going to be connected to.
    Joined(Author),
    /// The signaling server tells of everybody who comes, and this is the last number it gave out;
    /// or, nothing, it is not there or does not say.
    Announced(Option<Author>),
    /// The channels to a peer are open.
    Connected(Author),
    /// A peer that is about to be connected has shown this certificate, and that it has the key.
    Certified(Author, Vec<u8>),
    /// A peer can be talked to through the signaling server, sealed; not directly.
    Detoured(Author),
    /// The connection to a peer is broken; it may come back.
    Disconnected(Author),
    /// A peer has left for good, and is not connected any more either. Without the latter the
    /// word of the signaling server is only a hint: the peer may merely have lost the server.
    Left(Author),
    /// A peer said something.
    Message(Author, Message),
    /// A peer said something that is no message of this protocol.
    Garbage(Author, String),
    /// Everything up to this record is on disk.
    Stored(u64),
    /// Records cannot be stored, for now; what waits for them is to be said all the same.
    NotStored,
    /// The moment that `next_timeout` named has come.
    Timeout,
}

/// What the session wants done here, or known.
#[derive(Clone, Debug)]
pub enum Output {
    /// Close the connection to that peer, and make no other: it did wrong.
    Expel(Author),
    /// Store this, in the order of the numbers, and say [`Input::Stored`] when it is safe.
    Store(u64, Record),
    /// Tell whoever watches.
    Event(Event),
}

/// What happened in the room, for whoever watches. It says that something changed; what it is now
/// is read from the session.
#[derive(Clone, Debug)]
pub enum Event {
    /// The document is here (a joiner's first).
    Ready,
    /// Changes became part of the document, own ones included.
    Changed(Vec<Arc<Change>>),
    /// Somebody came, left, moved, was renamed, or fell silent.
    People,
    /// How far the others are with what was made here has changed.
    Progress,
    /// A peer sent what cannot be accepted; nothing was altered.
    Refused(Author, Refusal),
    /// Somebody forged, altered or contradicted changes; nothing of that was taken in.
    Distrusted(Fraud),
    /// The room's secrets were renewed; those who were removed, if any, are gone.
    Renewed,
    /// The room's owner has removed this member: it hears nothing new, and what it edits does not
    /// count.
    Removed,
    /// A callback of `Room::on_change` failed.
    CallbackFailed(String),
    /// A peer sent what is no message, or none that it may send.
    Garbage(Author, String),
    /// A peer speaks another version of the protocol; it is not talked to.
    Incompatible(Author, u32),
    /// This peer had been away for longer than the others remember, and its document was replaced
    /// by theirs, which contains everything that this one did; what only this one had was found
    /// by comparing, and written again. This is what it was.
    Replaced(Box<Snapshot>),
    /// That peer's document and this one's cannot be brought together: neither contains the other,
    /// and what is between them is no longer remembered. Nothing was altered here.
    Stranded(Author),
}

/// Whether a person is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Being connected to.
    Connecting,
    /// Connected, and heard from lately.
    Live,
    /// Connected, but silent.
    Away,
    /// The connection is broken.
    Lost,
}

/// How what is said to somebody gets there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// On a connection of their own, if there is one.
    #[default]
    Direct,
    /// By way of another member that both are connected to.
    Via(Author),
    /// Sealed, through the signaling server.
    Server,
}

/// Somebody else in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub author: Author,
    /// Whether they are there.
    pub link: Link,
    /// How what is said to them gets there.
    pub way: Way,
    /// Whether they may edit, as far as is known: who has shown no certificate may not.
    pub may_write: bool,
    /// Whether they are there for a moment only, and nobody is to rely on their keeping anything.
    pub passing: bool,
    /// Where they are.
    pub presence: Presence,
    /// What they have acknowledged.
    pub clock: VectorClock,
    /// How long their acknowledgements take, lately.
    pub acknowledges_within: Duration,
    /// How many changes they were sent again, because no acknowledgement came.
    pub resends: u64,
}
