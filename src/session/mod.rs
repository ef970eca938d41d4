//! One peer's side of the peer protocol, as a pure machine: inputs in, outputs out, no clock, no
//! socket. The driver feeds [`Session::handle`] and then drains [`Session::poll`] until it
//! returns nothing; [`Session::next_timeout`] says when to feed [`Input::Timeout`].

mod message;

use std::sync::Arc;
use std::time::Duration;

pub use message::{Channel, Message, Presence};

use crate::document::{Method, Path};
use crate::sync::{Author, Change, Checkpoint, EditError, Refusal, Replica, Snapshot, Undone, VectorClock};

/// A moment: time since the session began. The driver's clock, not this machine's.
pub type Time = Duration;

/// What a session may be told to do differently.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// How this person wants to be called.
    pub name: String,
    /// Recent changes kept.
    pub history: usize,
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    /// The channels to a peer are open.
    Connected(Author),
    /// The connection to a peer is broken; it may come back.
    Disconnected(Author),
    /// A peer has left for good, says the signaling server.
    Left(Author),
    /// A peer said something.
    Message(Author, Message),
    /// A peer said something that is no message of this protocol.
    Garbage(Author, String),
    /// The moment that `next_timeout` named has come.
    Timeout,
}

/// What the session wants done, or known.
#[derive(Clone, Debug)]
pub enum Output {
    /// Say this to that peer.
    Send(Author, Channel, Message),
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
    /// A callback of `Room::on_change` failed.
    CallbackFailed(String),
    /// A peer sent what is no message.
    Garbage(Author, String),
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

/// Somebody else in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub author: Author,
    /// Whether they are there.
    pub link: Link,
    /// Where they are.
    pub presence: Presence,
    /// What they have acknowledged.
    pub clock: VectorClock,
}

/// One peer's side of the protocol around one replica.
pub struct Session {
    replica: Option<Replica>,
}

impl Session {
    /// The session of whoever opens a room with a document.
    pub fn create(author: Author, checkpoint: Checkpoint, options: SessionOptions) -> Self {
        Self { replica: Some(Replica::new(author, checkpoint, options.history)) }
    }

    /// The session of a newcomer, who has no document yet. `members` are already there.
    pub fn join(author: Author, members: &[Author], options: SessionOptions) -> Self {
        let _ = (author, members, options);
        Self { replica: None }
    }

    /// Takes something in. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, now: Time, input: Input) {
        let _ = (now, input);
    }

    /// The next thing to do or to tell; nothing until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }

    /// When to feed [`Input::Timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        None
    }

    /// Who this peer is in the room.
    pub fn author(&self) -> Author {
        Author(1)
    }

    /// The replica, once the document is here.
    pub fn replica(&self) -> Option<&Replica> {
        self.replica.as_ref()
    }

    /// The document, once it is here.
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.replica.as_ref().map(Replica::snapshot)
    }

    /// Makes an edit on what was on screen at `base` (nothing: on what is there now). Edits with
    /// one `group` are undone together.
    pub fn edit(
        &mut self, now: Time, base: Option<&VectorClock>, group: u64, path: Path, method: Method,
    ) -> Result<Arc<Change>, EditError> {
        let _ = (now, base, group, path, method);
        Err(EditError::Base)
    }

    /// Takes back the last group of own edits. Nothing when there is none.
    pub fn undo(&mut self, now: Time) -> Option<Undone> {
        let _ = now;
        None
    }

    /// Takes back the last undo. Nothing when there is none.
    pub fn redo(&mut self, now: Time) -> Option<Undone> {
        let _ = now;
        None
    }

    /// Says where this person is.
    pub fn set_presence(&mut self, now: Time, presence: Presence) {
        let _ = (now, presence);
    }

    /// The others.
    pub fn people(&self) -> Vec<Person> {
        Vec::new()
    }

    /// How many own changes some live member has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        0
    }

    /// Whether at least one other member has acknowledged every own change.
    pub fn is_kept_elsewhere(&self) -> bool {
        false
    }

    /// Says goodbye to everyone. Drain `poll` afterwards.
    pub fn leave(&mut self, now: Time) {
        let _ = now;
    }
}
