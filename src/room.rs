//! The room: the people around one document. The facade of the library.

#[cfg(test)]
mod cost;
mod error;
#[cfg(test)]
mod hostile;
mod options;
pub mod passphrase;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout, timeout_at};

pub use error::RoomError;
pub use options::{DEFAULT_SIGNAL, IceServer, IceServerError, Keep, OnTransfer, RoomOptions};

use crate::cursor::Cursor;
use crate::document::{Method, Path, Source, Value};
use crate::net::{self, Callback, Entry, Feed, Shared, Stage, Surroundings};
pub use crate::net::{Measured, Route};
use crate::session::{Event, Link, Person, Presence, Session, Time, Transfer};
use crate::sync::{
    Author, Change, ChangeId, Checkpoint, Conflict, LostEdit, Replica, Snapshot, Undone, VectorClock,
};
use crate::trust::{Access, Secret};

/// How things stand with the others and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether the signaling server is there, so that newcomers can come in.
    pub server: ServerStatus,
    /// Own changes that some live member has not acknowledged yet.
    pub unacknowledged: usize,
    /// Whether this member may only look.
    pub read_only: bool,
    /// Members that can be talked to now.
    pub live: usize,
    /// Members that were there and cannot be talked to now.
    pub lost: usize,
    /// Whether at least one other member that stays has acknowledged every own change.
    pub kept_elsewhere: bool,
    /// Own changes that nobody else is known to have, those of an earlier session included.
    pub unsent: usize,
    /// Why what is made here would not outlive this process, though it should.
    pub unkept: Option<String>,
}

/// How things stand with the signaling server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// It is there.
    Connected,
    /// It is not; the next try comes after this long.
    Retrying(Duration),
    /// It is there, and does not let this member in again, for this reason. It is asked again.
    Refusing(String),
}

/// A room, as one of its members. Clones are the same member; the room is left by
/// [`leave`](Self::leave) or when the last clone is dropped.
/// The front page of this crate has an example.
#[derive(Clone)]
pub struct Room {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    author: Author,
    /// Where the signaling server is.
    signal: String,
    shared: Arc<Shared>,
    runtime: Handle,
    /// Whether this goes on from what was kept on this machine.
    is_resumed: bool,
    /// What the person is to know of how it began.
    notes: Vec<String>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.advance(Stage::Leaving);
    }
}

/// How long [`Room::leave`] waits for the driver; it takes less unless peers do not answer.
const LEAVE_WITHIN: Duration = Duration::from_secs(4);

impl Room {
    /// Opens a room around a document. Needs a tokio runtime, which goes on driving the room.
    ///
    /// # Errors
    /// No signaling server is there, it refuses, or the room exists.
    pub async fn create(room: &str, document: Checkpoint, options: RoomOptions) -> Result<Self, RoomError> {
        let (room, _) = Self::enter(room, Entry::Create, document, options).await?;
        Ok(room)
    }

    /// The secrets of a locked room of one's own, for [`RoomOptions::access`]: nobody else knows them.
    pub fn new_access() -> Access {
        Access::locked(Secret::new(net::random_bytes()), Secret::new(net::random_bytes()))
    }

    /// Joins a room; returns when the document is here. Needs a tokio runtime, which goes on
    /// driving the room.
    ///
    /// # Errors
    /// No signaling server is there, it refuses, there is no such room, or no member of it could
    /// be reached in time.
    pub async fn join(room: &str, options: RoomOptions) -> Result<Self, RoomError> {
        Self::join_knowing(room, "".into(), options).await
    }

    /// As [`join`](Self::join), with a text at hand: should it be the one that the room's document
    /// was read from, it does not come over the network.
    ///
    /// # Errors
    /// As with [`join`](Self::join).
    pub async fn join_knowing(room: &str, text: Source, options: RoomOptions) -> Result<Self, RoomError> {
        let nothing = Checkpoint { source: text, value: Value::NULL, clock: VectorClock::new() };
        let (room, _) = Self::enter(room, Entry::Join, nothing, options).await?;
        Ok(room)
    }

    /// Joins a room, or opens it when it is not there; of two who do so at once one opens and
    /// the other joins. Second: whether it was opened here.
    ///
    /// # Errors
    /// As with [`create`](Self::create) and [`join`](Self::join).
    pub async fn open(
        room: &str, document: Checkpoint, options: RoomOptions,
    ) -> Result<(Self, bool), RoomError> {
        Self::enter(room, Entry::Open, document, options).await
    }

    async fn enter(
        name: &str, entry: Entry, document: Checkpoint, options: RoomOptions,
    ) -> Result<(Self, bool), RoomError> {
        let surroundings = Surroundings::new(&options);
        Self::enter_in(surroundings, name, entry, document, options).await
    }

    async fn enter_in(
        surroundings: Surroundings, name: &str, entry: Entry, document: Checkpoint, options: RoomOptions,
    ) -> Result<(Self, bool), RoomError> {
        let (bytes, limit) = (document.source.len(), options.max_document);
        if bytes > limit && !matches!(entry, Entry::Join) {
            return Err(RoomError::TooLarge { bytes, limit });
        }
        let entered = net::enter(name, entry, document, &options, surroundings);
        let until = Instant::now() + options.connect_timeout;
        let Ok(entered) = timeout_at(until, entered).await else {
            let reason = format!("it does not answer within {} s", options.connect_timeout.as_secs());
            return Err(RoomError::NoServer { url: options.signal, reason });
        };
        let net::Membership { author, members, is_creator, is_resumed, notes, shared } = entered?;
        let runtime = Handle::current();
        let signal = options.signal.clone();
        let inner = Inner { name: name.to_owned(), author, signal, shared, runtime, is_resumed, notes };
        let room = Self { inner: Arc::new(inner) };
        if !room.arrives(until, &options).await {
            room.leave().await;
            let seconds = options.connect_timeout.as_secs();
            return Err(RoomError::Unreachable { room: name.to_owned(), members, seconds });
        }
        Ok((room, is_creator))
    }

    /// Waits until the document is here, as long as more of it comes. Whether it is.
    async fn arrives(&self, mut until: Instant, options: &RoomOptions) -> bool {
        let (mut stages, mut progress) = (self.inner.shared.stages(), self.inner.shared.progress());
        let mut done = 0;
        loop {
            progress.mark_unchanged();
            if *stages.borrow_and_update() != Stage::Entering {
                return true;
            }
            let coming = self.transfers().into_iter().find(|transfer| transfer.is_incoming);
            if let Some(coming) = coming.filter(|coming| coming.done > done) {
                done = coming.done;
                until = Instant::now() + options.connect_timeout;
                if let Some(OnTransfer(tell)) = &options.on_transfer {
                    tell(coming);
                }
            }
            let more = async {
                tokio::select! {
                    more = progress.changed() => more,
                    more = stages.changed() => more,
                }
            };
            if !matches!(timeout_at(until, more).await, Ok(Ok(()))) {
                return false;
            }
        }
    }

    /// The room's name.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Where its signaling server is.
    pub fn signal(&self) -> &str {
        &self.inner.signal
    }

    /// What of a locked room's secrets this member holds; nothing for an open room.
    pub fn access(&self) -> Option<Access> {
        let access = self.inner.shared.look(|session| session.access().cloned());
        access.filter(Access::is_locked)
    }

    /// Removes members and renews the room's secrets: who is not given the new ones is out. Those
    /// who can be talked to and are not removed are given them. Waits, for so long at most, until they
    /// have them. How many others can be talked to, and those of them that are not known to have them.
    ///
    /// # Errors
    /// This member is not the room's owner, or has left.
    pub async fn revoke(
        &self, members: &[Author], within: Duration,
    ) -> Result<(usize, Vec<Author>), RoomError> {
        if self.is_left() {
            return Err(RoomError::Left);
        }
        let mut progress = self.inner.shared.progress();
        let write = Secret::new(net::random_bytes());
        if !self.inner.shared.act(|session, now| session.revoke(now, members, write)) {
            return Err(RoomError::NotOwner(self.name().to_owned()));
        }
        let until = Instant::now() + within;
        loop {
            progress.mark_unchanged();
            let (there, lacking) = self.inner.shared.look(Session::uninformed);
            if lacking.is_empty() || timeout_at(until, progress.changed()).await.is_err() {
                return Ok((there, lacking));
            }
        }
    }

    /// Who this member is.
    pub fn author(&self) -> Author {
        self.inner.author
    }

    /// Whether this goes on from what was kept on this machine: with the document, and the edits
    /// that were not sent, of before.
    pub fn is_resumed(&self) -> bool {
        self.inner.is_resumed
    }

    /// What the person is to know of how it began, in sentences.
    pub fn notes(&self) -> &[String] {
        &self.inner.notes
    }

    /// Notes that the file of [`Keep`] holds this text now, so that a later session can tell
    /// whether it was rewritten meanwhile.
    pub fn note_file(&self, text: &str) {
        self.inner.shared.set_file_hash(blake3::hash(text.as_bytes()).as_bytes().to_vec());
    }

    /// Whether the file of [`Keep`] held this text when it was last noted.
    pub fn is_noted(&self, text: &str) -> bool {
        self.inner.shared.file_hash() == blake3::hash(text.as_bytes()).as_bytes()
    }

    /// The address of the signaling server when it runs inside this process.
    pub fn embedded_signal(&self) -> Option<String> {
        self.inner.shared.embedded()
    }

    /// The document now.
    pub fn snapshot(&self) -> Snapshot {
        self.changed().borrow().clone()
    }

    /// A cursor on the root.
    pub fn root(&self) -> Cursor {
        self.cursor(Path::ROOT)
    }

    /// A cursor on a place.
    pub fn cursor(&self, path: Path) -> Cursor {
        Cursor::new(self.clone(), path)
    }

    /// Makes an edit on what was seen at `base` (nothing: on what is there now). Edits with one
    /// `group` number are undone together; 0 makes a group of its own.
    ///
    /// # Errors
    /// The edit does not resolve, or the room has been left; nothing was altered.
    pub fn edit(
        &self, base: Option<&VectorClock>, group: u64, path: Path, method: Method,
    ) -> Result<Arc<Change>, RoomError> {
        if self.is_left() {
            return Err(RoomError::Left);
        }
        let change = self.inner.shared.act(|session, now| session.edit(now, base, group, path, method))?;
        Ok(change)
    }

    /// Takes back the last group of own edits.
    pub fn undo(&self) -> Option<Undone> {
        self.unless_left(Session::undo)
    }

    /// Takes back the last undo.
    pub fn redo(&self) -> Option<Undone> {
        self.unless_left(Session::redo)
    }

    /// Takes back one own change. What can be undone and redone stays as it is.
    pub fn take_back(&self, own: ChangeId) -> Option<Undone> {
        self.unless_left(|session, now| session.take_back(now, own))
    }

    fn unless_left(&self, act: impl FnOnce(&mut Session, Time) -> Option<Undone>) -> Option<Undone> {
        if self.is_left() { None } else { self.inner.shared.act(act) }
    }

    /// Waits until the room is being left.
    pub(crate) async fn leaving(&self) {
        let mut stages = self.inner.shared.stages();
        let _ = stages.wait_for(|stage| matches!(stage, Stage::Leaving | Stage::Left)).await;
    }

    fn is_left(&self) -> bool {
        matches!(self.inner.shared.stage(), Stage::Leaving | Stage::Left)
    }

    /// The document, and a notice whenever it has changed.
    pub fn changed(&self) -> watch::Receiver<Snapshot> {
        self.inner.shared.snapshots()
    }

    /// Everything that happens, one by one. A receiver that lags is told so.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.shared.events()
    }

    /// Calls back on every change with the snapshot and the changes that led to it, until the
    /// room is left. Changes that come while the callback is at work are told together. It may
    /// block. An error from the callback, or a panic in it, is reported to `events` as
    /// [`Event::CallbackFailed`], never swallowed. A callback that holds a [`Room`] keeps it from
    /// being left by dropping it.
    pub fn on_change<F, E>(&self, mut callback: F)
    where
        F: FnMut(&Snapshot, &[Arc<Change>]) -> Result<(), E> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.watch(|_| {
            Box::new(move |snapshot, changes| callback(snapshot, changes).map_err(|error| error.to_string()))
        });
    }

    /// Calls back on every change after the snapshot given to `make`.
    pub(crate) fn watch(&self, make: impl FnOnce(Snapshot) -> Callback) {
        let (start, feed) = self.feed();
        self.inner.runtime.spawn(net::call_back(feed, make(start)));
    }

    /// The document now, and every change after it, for as long as the second is held.
    pub(crate) fn feed(&self) -> (Snapshot, Feed) {
        Feed::new(self.inner.shared.clone())
    }

    /// The others.
    pub fn people(&self) -> Vec<Person> {
        self.inner.shared.look(Session::people)
    }

    /// Who of those who are there has the lowest number, this member included: the one that
    /// everybody means when one of them is to do something for all. Members that cannot talk to each
    /// other may mean two.
    pub fn host(&self) -> Author {
        self.inner.shared.look(Session::host)
    }

    /// What the connections to those who are there measured last, by whom they lead to. Members that
    /// are reached by way of others have none.
    pub fn statistics(&self) -> BTreeMap<Author, Measured> {
        self.inner.shared.measured()
    }

    /// How things stand.
    pub fn status(&self) -> Status {
        let server = self.inner.shared.server();
        let unkept = self.inner.shared.unkept();
        self.inner.shared.look(|session| {
            let people = session.people();
            let count = |is: fn(Link) -> bool| people.iter().filter(|person| is(person.link)).count();
            Status {
                server,
                unacknowledged: session.unacknowledged(),
                read_only: !session.may_write(),
                live: count(|link| matches!(link, Link::Live | Link::Away)),
                lost: count(|link| link == Link::Lost),
                kept_elsewhere: session.is_kept_elsewhere(),
                unsent: session.unsent(),
                unkept,
            }
        })
    }

    /// Documents on their way to newcomers, or here. [`Event::Progress`] tells when there is news.
    pub fn transfers(&self) -> Vec<Transfer> {
        self.inner.shared.look(Session::transfers)
    }

    /// Says where this person is.
    pub fn set_presence(&self, presence: Presence) {
        self.inner.shared.act(|session, now| session.set_presence(now, presence));
    }

    /// The remembered changes, in the total order.
    pub fn history(&self) -> Vec<Arc<Change>> {
        self.of_replica(|replica| replica.history().cloned().collect())
    }

    /// The remembered changes that somebody with `clock` has not seen, in the total order. Costs
    /// no more than there are of them, however long the history.
    pub fn changes_since(&self, clock: &VectorClock) -> Vec<Arc<Change>> {
        self.of_replica(|replica| replica.changes_since(clock).cloned().collect())
    }

    /// The document after the first `count` of the remembered changes, made again without
    /// disturbing the live one; and how many that were, should there be fewer.
    pub fn version(&self, count: usize) -> (usize, Value) {
        let of_replica = |replica: &Replica| {
            let changes: Vec<Arc<Change>> = replica.history().take(count).cloned().collect();
            Some((replica.checkpoint(), changes))
        };
        let Some((checkpoint, changes)) = self.of_replica(of_replica) else { return (0, Value::NULL) };
        // Nobody's replica: a peer's own would refuse own changes that it has not made.
        let mut past = Replica::new(Author(0), checkpoint, usize::MAX);
        let count = changes.len();
        past.receive(changes.into_iter().map(|change| (*change).clone()));
        (count, past.value().clone())
    }

    /// The document as it was at a clock, if that is still remembered.
    pub fn value_at(&self, clock: &VectorClock) -> Option<Value> {
        self.of_replica(|replica| replica.value_at(clock))
    }

    /// The slots that hold several concurrent values.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.of_replica(Replica::conflicts)
    }

    /// The remembered edits that fell into something removed at the same time.
    pub fn lost_edits(&self) -> Vec<LostEdit> {
        self.of_replica(Replica::lost_edits)
    }

    /// Where the value that was at `path` in version `base` is now.
    pub fn locate(&self, base: &VectorClock, path: &Path) -> Option<Path> {
        self.of_replica(|replica| replica.locate(base, path))
    }

    fn of_replica<R: Default>(&self, look: impl FnOnce(&Replica) -> R) -> R {
        self.inner.shared.look(|session| session.replica().map(look).unwrap_or_default())
    }

    /// The change, if any, that a remembered one has lost its place to: of two made at the same
    /// time at one place, one comes first. [`Replica::beaten_by`] has the rules.
    pub fn beaten_by(&self, id: ChangeId) -> Option<ChangeId> {
        self.of_replica(|replica| replica.beaten_by(id))
    }

    /// Waits until every member that can be talked to has seen every own change, and what they
    /// had seen by then is here, or the time is up. Whether it is so: then no change that one of
    /// them makes from now on on what it sees is concurrent with an own one.
    pub async fn seen_by_all(&self, within: Duration) -> bool {
        let (mut progress, mut changed) = (self.inner.shared.progress(), self.changed());
        let until = Instant::now() + within;
        loop {
            progress.mark_unchanged();
            let clock = changed.borrow_and_update().clock.clone();
            let is_behind = |person: &Person| person.link == Link::Live && !clock.covers(&person.clock);
            let is_seen = self.inner.shared.look(|session| session.unacknowledged() == 0);
            if is_seen && !self.people().iter().any(is_behind) {
                return true;
            }
            let more = async {
                tokio::select! {
                    more = progress.changed() => more,
                    more = changed.changed() => more,
                }
            };
            if !matches!(timeout_at(until, more).await, Ok(Ok(()))) {
                return false;
            }
        }
    }

    /// Waits until another live member that stays has acknowledged every own change, or there is
    /// none, or the time is up. Whether somebody has.
    pub async fn kept_elsewhere(&self, within: Duration) -> bool {
        let mut progress = self.inner.shared.progress();
        let until = Instant::now() + within;
        loop {
            progress.mark_unchanged();
            if self.inner.shared.look(Session::is_kept_elsewhere) {
                return true;
            }
            let is_alone = self.people().iter().all(|person| person.link == Link::Lost || person.passing);
            if is_alone || timeout_at(until, progress.changed()).await.is_err() {
                return false;
            }
        }
    }

    /// Waits until all that is here now is on this machine's disk, if it is kept there and the disk
    /// works, or the time is up. Whether it is.
    pub(crate) async fn stored(&self, within: Duration) -> bool {
        let mut progress = self.inner.shared.progress();
        let Some(record) = self.inner.shared.look(Session::unstored) else { return true };
        let until = Instant::now() + within;
        loop {
            progress.mark_unchanged();
            if self.inner.shared.look(|session| session.has_stored(record)) {
                return true;
            }
            if !matches!(timeout_at(until, progress.changed()).await, Ok(Ok(()))) {
                return false;
            }
        }
    }

    /// Says goodbye, waits for the answers a moment, and closes every connection.
    pub async fn leave(&self) {
        self.inner.shared.advance(Stage::Leaving);
        let mut stages = self.inner.shared.stages();
        let _ = timeout(LEAVE_WITHIN, stages.wait_for(|&stage| stage == Stage::Left)).await;
    }
}
