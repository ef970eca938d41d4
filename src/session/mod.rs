//! One peer's side of the peer protocol, as a pure machine: inputs in, outputs out, no clock, no
//! socket. The driver feeds [`Session::handle`] and then drains [`Session::poll`] until it
//! returns nothing; [`Session::next_timeout`] says when to feed [`Input::Timeout`].

mod codec;
mod join;
mod live;
mod message;
mod peer;
mod people;
mod repair;
#[cfg(test)]
mod tests;
mod timers;
mod undo;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use message::{Channel, Message, MessageError, Presence, VERSION};

use self::join::Joining;
use self::live::{Floor, Recent};
use self::peer::Peer;
use self::people::OwnPresence;
use self::repair::Repair;
use self::timers::{Timer, Timers};
use self::undo::UndoList;
use crate::document::{LimitError, Method, Path};
use crate::limits;
use crate::sync::{
    Author, Change, ChangeId, Checkpoint, EditError, Refusal, Replica, Snapshot, Undone, VectorClock,
};

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
    /// A peer has entered the room, says the signaling server. It is going to be connected to.
    Joined(Author),
    /// The channels to a peer are open.
    Connected(Author),
    /// The connection to a peer is broken; it may come back.
    Disconnected(Author),
    /// A peer has left for good, and is not connected any more either. Without the latter the
    /// word of the signaling server is only a hint: the peer may merely have lost the server.
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
    /// A peer sent what is no message, or none that it may send.
    Garbage(Author, String),
    /// A peer speaks another version of the protocol; it is not talked to.
    Incompatible(Author, u32),
    /// This peer had been away for longer than the others remember, and its document was replaced
    /// by theirs, which contains everything that this one did. This is what it was.
    Replaced(Box<Snapshot>),
    /// That peer no longer remembers the past that this one's latest edits, or edits only this
    /// one has seen, were made on: they cannot be taken in there, and nothing was altered here.
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
    author: Author,
    options: SessionOptions,
    replica: Option<Replica>,
    joining: Joining,
    peers: BTreeMap<Author, Peer>,
    timers: Timers,
    outputs: VecDeque<Output>,
    repair: Repair,
    recent: Recent,
    floor: Floor,
    undo: UndoList,
    presence: OwnPresence,
    /// Whether goodbye has been said.
    left: bool,
    people_changed: bool,
    /// What was last told of the others' progress: see [`Event::Progress`].
    progress: (usize, bool),
}

impl Session {
    /// The session of whoever opens a room with a document.
    pub fn create(author: Author, checkpoint: Checkpoint, options: SessionOptions) -> Self {
        let replica = Replica::new(author, checkpoint, options.history);
        Self::new(author, Some(replica), &[], options)
    }

    /// The session of a newcomer, who has no document yet. `members` are already there.
    pub fn join(author: Author, members: &[Author], options: SessionOptions) -> Self {
        Self::new(author, None, members, options)
    }

    fn new(
        author: Author, replica: Option<Replica>, members: &[Author], mut options: SessionOptions,
    ) -> Self {
        options.name = people::shorten(&options.name);
        let others = members.iter().filter(|&&member| member != author);
        let mut timers = Timers::default();
        timers.set(Timer::Ping, timers::PING);
        Self {
            author,
            presence: OwnPresence::new(&options.name),
            options,
            floor: Floor::new(replica.as_ref().map(|replica| replica.clock().clone()).unwrap_or_default()),
            replica,
            joining: Joining::default(),
            peers: others.map(|&member| (member, Peer::new())).collect(),
            timers,
            outputs: VecDeque::new(),
            repair: Repair::default(),
            recent: Recent::default(),
            undo: UndoList::default(),
            left: false,
            people_changed: false,
            progress: (0, false),
        }
    }

    /// Takes something in. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, now: Time, input: Input) {
        match input {
            Input::Joined(_) | Input::Connected(_) if self.left => {}
            Input::Joined(peer) => self.joined(peer),
            Input::Connected(peer) => self.connected(now, peer),
            Input::Disconnected(peer) => self.disconnected(now, peer),
            Input::Left(peer) => self.departed(now, peer),
            Input::Message(from, message) => self.message(now, from, message),
            Input::Garbage(from, what) => self.event(Event::Garbage(from, what)),
            Input::Timeout => self.timeout(now),
        }
        self.settle(now);
    }

    /// The next thing to do or to tell; nothing until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to feed [`Input::Timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        self.timers.next()
    }

    /// Who this peer is in the room.
    pub fn author(&self) -> Author {
        self.author
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
    /// one `group` are undone together; 0 makes a group of its own. Typing in one string within a
    /// second is undone together too.
    ///
    /// # Errors
    /// It does not resolve there, is larger than a document may be, or there is no document (any
    /// more); nothing was altered.
    pub fn edit(
        &mut self, now: Time, base: Option<&VectorClock>, group: u64, path: Path, method: Method,
    ) -> Result<Arc<Change>, EditError> {
        if self.left {
            return Err(EditError::NoDocument);
        }
        let bytes = live::size_of_edit(&method);
        if bytes > limits::DOCUMENT_BYTES {
            return Err(LimitError::Bytes { bytes }.into());
        }
        let Some(replica) = &mut self.replica else {
            return Err(EditError::NoDocument);
        };
        if base.is_some_and(|base| !base.covers(&self.floor.clock)) {
            return Err(EditError::Base);
        }
        let typing = undo::typing(replica.value(), &path, &method);
        let change = match base {
            Some(base) => replica.edit_at(base, path, method)?,
            None => replica.edit(path, method)?,
        };
        self.undo.record(now, group, typing, change.id());
        self.publish(now, std::slice::from_ref(&change));
        self.settle(now);
        Ok(change)
    }

    /// Takes back the last group of own edits. Nothing when there is none.
    pub fn undo(&mut self, now: Time) -> Option<Undone> {
        let replica = self.replica.as_mut().filter(|_| !self.left)?;
        let undone = replica.undo(&self.undo.undo()?);
        self.undo.undid(ids(&undone.changes));
        self.publish(now, &undone.changes);
        self.settle(now);
        Some(undone)
    }

    /// Takes back the last undo. Nothing when there is none.
    pub fn redo(&mut self, now: Time) -> Option<Undone> {
        let replica = self.replica.as_mut().filter(|_| !self.left)?;
        let undone = replica.undo(&self.undo.redo()?);
        self.undo.redid(ids(&undone.changes));
        self.publish(now, &undone.changes);
        self.settle(now);
        Some(undone)
    }

    /// Says goodbye to everyone, after whatever they lack. Drain `poll` afterwards. Each answers
    /// with a goodbye, and is then no longer among [`people`](Self::people).
    pub fn leave(&mut self, now: Time) {
        if self.left {
            return;
        }
        self.left = true;
        self.timers.clear();
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            match self.peers.get(&peer).and_then(Peer::surely_seen).cloned() {
                Some(clock) => self.send_lacking(now, peer, &clock),
                // It may get it from nobody else.
                None => self.send_document(now, peer),
            }
            self.send(peer, Channel::Sync, Message::Goodbye);
        }
        self.settle(now);
    }

    fn message(&mut self, now: Time, from: Author, message: Message) {
        if !self.heard(now, from) {
            return;
        }
        if self.left {
            if message == Message::Goodbye {
                self.departed(now, from);
            }
            return;
        }
        match message {
            Message::Hello { version, .. } if version != VERSION => {
                self.departed(now, from);
                self.event(Event::Incompatible(from, version));
            }
            Message::Hello { name, clock, has_document, .. } => {
                self.hello(now, from, name, &clock, has_document);
            }
            Message::RequestDocument => self.send_document(now, from),
            Message::Document { checkpoint, changes } => self.document(now, from, checkpoint, changes),
            Message::RequestChanges(clock) => {
                if self.learn(from, &clock) {
                    self.send_lacking(now, from, &clock);
                }
                self.ask_for_document(now);
            }
            Message::Change(change) => self.receive(now, from, vec![change]),
            Message::Changes(changes) => self.receive(now, from, changes),
            Message::RequestSync(runs) => self.send_requested(now, from, &runs),
            Message::Clock { seen, floor } => {
                self.learn(from, &seen);
                let floor = floor.filter(|floor| seen.covers(floor));
                if let (Some(floor), Some(peer)) = (floor, self.peers.get_mut(&from)) {
                    peer.floor = (floor, seen.get(from));
                }
                self.ask_for_document(now);
            }
            Message::Presence(presence) => self.peer_presence(from, presence),
            Message::Goodbye => {
                self.send(from, Channel::Sync, Message::Goodbye);
                self.departed(now, from);
            }
        }
    }

    fn timeout(&mut self, now: Time) {
        let mut gaps = Vec::new();
        for timer in self.timers.due(now) {
            match timer {
                Timer::Document => self.give_up_asking(now, None),
                Timer::Repair(author) => gaps.push(author),
                Timer::Acknowledge(peer) => self.acknowledge(peer, None),
                Timer::Resend(peer) => self.resend(now, peer),
                Timer::Away(peer) => self.silent(now, peer),
                Timer::Presence => self.send_presence(now),
                Timer::Ping => self.ping(now),
            }
        }
        self.request_repairs(now, &gaps);
    }

    /// Everyone is told what has been seen here, which is also a sign of life.
    fn ping(&mut self, now: Time) {
        self.timers.set(Timer::Ping, now + timers::PING);
        self.floor.follow(&self.seen(), u64::try_from(self.options.history / 2).unwrap_or(u64::MAX));
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            self.acknowledge(peer, Some(self.floor.clock.clone()));
            self.repeat_presence_to(peer);
        }
        self.presence.repeated();
        self.forget_acknowledged();
    }

    /// After every input: gaps and what is to be told of the others.
    fn settle(&mut self, now: Time) {
        if let Some(replica) = self.replica.as_ref().filter(|_| !self.left) {
            self.repair.settle(now, replica.clock(), &mut self.timers);
        }
        if std::mem::take(&mut self.people_changed) {
            self.event(Event::People);
        }
        let progress = (self.unacknowledged(), self.is_kept_elsewhere());
        if progress != self.progress {
            self.progress = progress;
            self.event(Event::Progress);
        }
    }

    /// What has been seen here.
    fn seen(&self) -> VectorClock {
        self.replica.as_ref().map(|replica| replica.clock().clone()).unwrap_or_default()
    }

    /// Those who can be talked to.
    fn talking(&self) -> impl Iterator<Item = Author> {
        self.peers.iter().filter(|(_, peer)| peer.is_talking()).map(|(&author, _)| author)
    }

    fn send(&mut self, to: Author, channel: Channel, message: Message) {
        self.outputs.push_back(Output::Send(to, channel, message));
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}

fn ids(changes: &[Arc<Change>]) -> Vec<ChangeId> {
    changes.iter().map(|change| change.id()).collect()
}
