//! One peer's side of the peer protocol, as a pure machine: inputs in, outputs out, no clock, no
//! socket. The driver feeds [`Session::handle`] and then drains [`Session::poll`] until it
//! returns nothing; what is to be said it takes from [`Session::poll_message`] when it can send it;
//! [`Session::next_timeout`] says when to feed [`Input::Timeout`].
//!
//! ```
//! use std::time::Duration;
//! use ultrawave::document::{Method, Path, Value, parse};
//! use ultrawave::session::{Input, Session, SessionOptions};
//! use ultrawave::sync::{Author, Checkpoint, VectorClock};
//!
//! let options = SessionOptions { name: "Ana".to_owned(), history: 10_000 };
//! let document = Checkpoint { source: "{}".into(), value: parse("{}")?, clock: VectorClock::new() };
//! let mut ana = Session::create(Author(1), document, options.clone());
//! let mut bo = Session::join(Author(2), &[Author(1)], options);
//!
//! let now = Duration::ZERO;
//! ana.handle(now, Input::Connected(Author(2)));
//! bo.handle(now, Input::Connected(Author(1)));
//! ana.edit(now, None, 0, Path::ROOT.key("lamp"), Method::Set(Value::bool(true)))?;
//!
//! // What one says, the other is fed with, until both are silent.
//! loop {
//!     match (ana.poll_message(), bo.poll_message()) {
//!         (None, None) => break,
//!         (said, heard) => {
//!             if let Some((_, _, message)) = said {
//!                 bo.handle(now, Input::Message(Author(1), message));
//!             }
//!             if let Some((_, _, message)) = heard {
//!                 ana.handle(now, Input::Message(Author(2), message));
//!             }
//!         }
//!     }
//! }
//! assert_eq!(bo.snapshot().unwrap().value.to_string(), r#"{"lamp":true}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where what is: `join` is the way in and what two who meet lack of each other; `parcel` the
//! parts of a text that is too long for one message; `live` takes changes in and gives them out;
//! `outbox` is what is said, until the network takes it; `inbox` what was heard, until it is checked; `resend` and `repair` are the two sides of
//! a loss, who sent it and who misses it; `people` is who is there; `undo` the lists behind undo and
//! redo; `timers` everything that waits, and how long; `keeping` what is stored, and what waits for
//! that; `membership` who still counts, and `rejoin` the way back for those who do not; `renewal`
//! new secrets for the room; `announced` whose changes are heard by way of others, and `stories`
//! whether everybody is told the same.
//!
//! # Limitations
//!
//! - A member that only some of the others can hear, and that edits nothing, may be dropped by those
//!   who cannot. It notices little of it.
//! - Where a room falls apart, and both parts go on for longer than they remember, one of them
//!   starts again from the other's document; what its people wrote is carried over by comparing.

mod announced;
mod codec;
mod event;
mod inbox;
mod join;
mod keeping;
mod live;
mod membership;
mod message;
mod outbox;
mod parcel;
mod parcel_codec;
mod peer;
mod people;
mod proof;
mod proof_codec;
mod reach;
mod rejoin;
mod renewal;
mod renewal_codec;
mod repair;
mod resend;
mod stories;
#[cfg(test)]
mod tests;
mod timers;
mod undo;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use event::{Event, Input, Link, Output, Person, Way};
pub use keeping::Record;
pub use membership::Dropped;
pub use message::{Channel, Message, MessageError, Presence, Proof, VERSION};

use self::join::{Greeting, Joining};
use self::keeping::Keeping;
use self::live::Floor;
use self::outbox::{Outbox, Said};
use self::parcel::Parcels;
pub use self::parcel::{Piece, TextHash, Transfer};
use self::peer::Peer;
use self::people::OwnPresence;
use self::proof::NOTHING;
use self::rejoin::{Parting, Unsent};
use self::renewal::Renewals;
use self::repair::Repair;
use self::resend::Recent;
use self::timers::{Timer, Timers};
use self::undo::UndoList;
use crate::document::{LimitError, Method, Path, inert};
use crate::limits;
use crate::sync::{Author, Change, ChangeId, Checkpoint, EditError, Replica, Snapshot, Undone, VectorClock};
use crate::trust::{Distrust, Ledger};

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

/// One peer's side of the protocol around one replica.
pub struct Session {
    /// Who this is to the others.
    member: Author,
    /// The name under which it writes: its number, until it has to start again.
    author: Author,
    options: SessionOptions,
    /// Whether it is there for a moment only, so that nobody is to rely on its keeping anything.
    is_passing: bool,
    replica: Option<Replica>,
    joining: Joining,
    parcels: Parcels,
    peers: BTreeMap<Author, Peer>,
    timers: Timers,
    outputs: VecDeque<Output>,
    outbox: Outbox,
    repair: Repair,
    recent: Recent,
    floor: Floor,
    undo: UndoList,
    presence: OwnPresence,
    /// How far the disk is; nothing if nothing is kept there.
    keeping: Option<Keeping>,
    dropped: Dropped,
    /// Authors who have left and of whom the document's clock does not tell.
    gone: BTreeSet<Author>,
    /// Until when nothing is forgotten, as somebody who was dropped has come back: under a name that
    /// may not be known here yet.
    returning_until: Time,
    /// What was in common with those who have been dropped.
    partings: Vec<Parting>,
    /// What is to be written again when the others' document comes.
    unsent: Option<Box<Unsent>>,
    /// The last number that the signaling server gave out; nothing if it does not say.
    announced: announced::Announced,
    /// Who signed what; none among peers that trust each other anyway.
    ledger: Option<Ledger>,
    /// By whom what is being taken in was passed on, if it was.
    passed_by: Option<Author>,
    /// Those who did wrong; they are not listened to any more.
    expelled: BTreeSet<Author>,
    renewals: Renewals,
    /// Those this member has told the others it is connected to directly.
    linked: Vec<Author>,
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

    /// The session of somebody who comes back with what was stored: an author of before who made
    /// every own change that is in the replica, or a new one.
    pub fn resume(replica: Replica, members: &[Author], options: SessionOptions) -> Self {
        Self::new(replica.author(), Some(replica), members, options)
    }

    fn new(
        author: Author, replica: Option<Replica>, members: &[Author], mut options: SessionOptions,
    ) -> Self {
        options.name = people::shorten(&options.name);
        let others = members.iter().filter(|&&member| member != author.member());
        let mut timers = Timers::default();
        timers.set(Timer::Ping, timers::PING);
        for &member in others.clone() {
            timers.set(Timer::Reach(member), timers::REACH);
        }
        Self {
            member: author.member(),
            author,
            dropped: Dropped::default(),
            gone: BTreeSet::new(),
            returning_until: Time::ZERO,
            partings: Vec::new(),
            unsent: None,
            presence: OwnPresence::new(&options.name),
            options,
            is_passing: false,
            floor: Floor::new(replica.as_ref().map(|replica| replica.clock().clone()).unwrap_or_default()),
            replica,
            joining: Joining::default(),
            parcels: Parcels::default(),
            peers: others.map(|&member| (member, Peer::new())).collect(),
            timers,
            outputs: VecDeque::new(),
            outbox: Outbox::default(),
            repair: Repair::default(),
            recent: Recent::default(),
            undo: UndoList::default(),
            keeping: None,
            announced: announced::Announced::default(),
            ledger: None,
            passed_by: None,
            expelled: BTreeSet::new(),
            renewals: Renewals::default(),
            linked: Vec::new(),
            left: false,
            people_changed: false,
            progress: (0, false),
        }
    }

    /// Signs own changes from now on, and takes in none that are not signed.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = Some(ledger);
        self
    }

    /// The same session, there for a moment only: the others are told not to rely on it to keep what
    /// it has.
    #[must_use]
    pub fn passing(self) -> Self {
        Self { is_passing: true, ..self }
    }

    /// Takes something in. Drain [`poll`](Self::poll) afterwards.
    pub fn handle(&mut self, now: Time, input: Input) {
        if matches!(input, Input::Connected(_) | Input::Detoured(_) | Input::Disconnected(_) | Input::Left(_))
        {
            self.check_all_waiting(now);
        }
        match input {
            Input::Joined(_) | Input::Connected(_) | Input::Detoured(_) if self.left => {}
            Input::Joined(peer) => self.joined(now, peer),
            Input::Connected(peer) | Input::Detoured(peer) if self.expelled.contains(&peer) => {
                self.outputs.push_back(Output::Expel(peer));
            }
            Input::Announced(last) => self.announced(last),
            Input::Connected(peer) => {
                self.is_given_out(peer);
                self.renewals.connected(peer);
                self.connected(now, peer, Way::Direct);
            }
            Input::Detoured(peer) => {
                self.is_given_out(peer);
                self.renewals.connected(peer);
                self.connected(now, peer, Way::Server);
            }
            Input::Certified(peer, certificate) => self.certified(now, peer, &certificate),
            Input::Disconnected(peer) => self.disconnected(now, peer),
            Input::Left(peer) => self.departed(now, peer),
            Input::Message(from, message) => self.message(now, from, message),
            Input::Garbage(from, what) => {
                // It may quote what was said.
                let told = inert(&what).chars().take(limits::GARBAGE_CHARS).collect();
                self.event(Event::Garbage(from, told));
            }
            Input::Stored(record) => self.stored(record),
            Input::NotStored => self.not_stored(),
            Input::Timeout => self.timeout(now),
        }
        self.settle(now);
    }

    /// When to feed [`Input::Timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        self.timers.next()
    }

    /// Under which name this peer writes: its number in the room, or, when it had to start again,
    /// another one of the same [`Author::member`].
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
        let bytes = resend::size_of_edit(&method);
        if bytes > limits::DOCUMENT_BYTES {
            return Err(LimitError::Bytes { bytes }.into());
        }
        if !self.may_write() {
            return Err(EditError::ReadOnly);
        }
        let Some(replica) = &mut self.replica else {
            return Err(EditError::NoDocument);
        };
        if base.is_some_and(|base| !base.covers(&self.floor.clock)) {
            return Err(EditError::Base);
        }
        let kind = undo::Kind::of(replica.value(), &path, &method);
        let change = match base {
            Some(base) => replica.edit_at(base, path, method)?,
            None => replica.edit(path, method)?,
        };
        self.undo.record(now, group, kind, change.id());
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

    /// Takes back one own change, whatever the lists behind undo and redo say, which stay as they
    /// are. Nothing when there is no document.
    pub fn take_back(&mut self, now: Time, own: ChangeId) -> Option<Undone> {
        let undone = self.replica.as_mut().filter(|_| !self.left)?.undo(&[own]);
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
        self.check_all_waiting(now);
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
        if let Message::Pass { from: author, to, message } = message {
            self.pass(now, from, author, to, *message);
        } else {
            self.said(now, from, message);
        }
    }

    /// A member said something, to whoever it got here from.
    fn said(&mut self, now: Time, from: Author, message: Message) {
        if self.left {
            if message == Message::Goodbye {
                self.departed(now, from);
            }
            return;
        }
        let is_new_start = matches!(message, Message::Hello { .. } | Message::Dropped(_) | Message::Goodbye);
        if !is_new_start && self.is_dropped(from) {
            return;
        }
        let Some(message) = self.let_wait(now, from, message) else { return };
        let Some(message) = self.with_text(from, message) else { return };
        match message {
            Message::Hello { version, .. } if version != VERSION => {
                self.departed(now, from);
                self.event(Event::Incompatible(from, version));
            }
            Message::Hello { name, clock, has_document, writer, dropped, passing, answer, .. } => {
                let is_answer = answer;
                let greeting = Greeting { name, has_document, writer, dropped, passing, is_answer };
                self.hello(now, from, &clock, greeting);
            }
            Message::Dropped(dropped) => {
                let clock = self.peers.get(&from).map(|peer| peer.clock.clone()).unwrap_or_default();
                self.peer_dropped(now, from, dropped, &clock, None);
            }
            Message::Prove { .. } => {
                self.event(Event::Garbage(from, "a proof that was not asked for".to_owned()));
            }
            Message::Renewed { renewal, certificates } => self.renewed(now, from, *renewal, &certificates),
            Message::Removed(signature) => self.told_of_removal(from, &signature),
            Message::Signed(message, proof) => self.signed(now, from, *message, &proof),
            Message::RequestDocument => self.give_document(now, from, None),
            Message::RequestDocumentOf(hash) => self.give_document(now, from, Some(hash)),
            Message::Text { hash, bytes } => self.text_offered(now, from, hash, bytes),
            Message::RequestText { hash, part } => self.give_part(now, from, hash, part),
            Message::TextPart { hash, part, text } => self.part_came(now, from, hash, part, text.as_str()),
            Message::Document { changes, .. } if self.ledger.is_some() => {
                self.expel(
                    now,
                    from,
                    Distrust::Unsigned(changes.first().map_or(NOTHING, |change| change.id())),
                );
            }
            Message::Document { checkpoint, changes } => {
                if self.may_give_document(from) {
                    self.document(now, from, checkpoint, changes);
                }
            }
            Message::RequestChanges(clock) => {
                if self.learn(now, from, &clock) {
                    self.send_lacking(now, from, &clock);
                }
                self.ask_for_document(now);
            }
            Message::Change(change) => self.unsigned(now, from, vec![change]),
            Message::Changes(changes) => self.unsigned(now, from, changes),
            Message::RequestSync(runs) => {
                self.lost_on_the_way(now, from);
                self.send_requested(now, from, &runs);
            }
            // Not in order with the hello: before one that starts again it tells of another line.
            Message::Clock { writer, .. } if writer.unwrap_or(from) != self.writer_of(from) => {}
            Message::Clock { seen, floor, .. } => {
                self.learn(now, from, &seen);
                let floor = floor.filter(|floor| seen.covers(floor));
                let writer = self.writer_of(from);
                if let (Some(floor), Some(peer)) = (floor, self.peers.get_mut(&from)) {
                    peer.floor = (floor, seen.get(writer));
                }
                self.ask_for_document(now);
            }
            Message::Certificate(certificate) => self.certificate_passed(now, from, &certificate),
            Message::Digest { clock, digest } => self.digest(now, from, &clock, &digest),
            Message::Heads(heads) => self.heads(now, from, &heads),
            Message::Presence(presence) => self.peer_presence(from, presence),
            Message::Links(links) => self.links(now, from, links),
            // What is passed on holds no other; and of a document whose text is not here, whoever
            // needs it asks again.
            Message::Pass { .. } | Message::DocumentOf { .. } => {}
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
                Timer::TakeUp => self.take_up_again(now),
                Timer::Repair(author) => gaps.push(author),
                Timer::Check(peer) => self.check_waiting(now, peer),
                Timer::Acknowledge(peer) => self.acknowledge(peer, None),
                Timer::Resend(peer) => self.resend(now, peer),
                Timer::Echo(peer) => self.echo(now, peer),
                Timer::Reach(peer) => self.reach(now, peer),
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
            self.send_digest(peer);
            self.repeat_presence_to(peer);
        }
        self.presence.repeated();
        self.forget_acknowledged(now);
        self.drop_silent(now);
    }

    /// After every input: gaps and what is to be told of the others.
    fn settle(&mut self, now: Time) {
        self.store_whole();
        if let Some(replica) = self.replica.as_ref().filter(|_| !self.left) {
            self.repair.settle(now, replica.clock(), &mut self.timers);
        }
        if std::mem::take(&mut self.people_changed) {
            self.tell_links();
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
        self.say(Said { to, channel, message, as_is: false });
    }

    /// Sends what is signed already.
    fn send_signed(&mut self, to: Author, channel: Channel, message: Message) {
        self.say(Said { to, channel, message, as_is: true });
    }

    /// Says something to a peer as it is, checked and signed by nobody: what a hostile member does.
    #[cfg(all(test, feature = "net"))]
    pub(crate) fn blurt(&mut self, to: Author, message: Message) {
        self.outbox.push(Said { to, channel: Channel::Sync, message, as_is: true });
    }

    /// Signs nothing and checks nothing from here on, to see what that costs.
    #[cfg(all(test, feature = "net"))]
    pub(crate) fn believe_everybody(&mut self) {
        self.ledger = None;
    }

    fn event(&mut self, event: Event) {
        self.keep(&event);
        self.outputs.push_back(Output::Event(event));
    }
}

fn ids(changes: &[Arc<Change>]) -> Vec<ChangeId> {
    changes.iter().map(|change| change.id()).collect()
}
