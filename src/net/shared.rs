//! What the room's handles and the driver share: the session, and who is told of what happens.
//!
//! Handles lock it for as long as one call into the session takes, never across an `.await`, and
//! wake the driver, which alone sends.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, broadcast, watch};

use super::statistics::Measured;
use super::watcher::Watcher;
use crate::document::Value;
use crate::limits;
use crate::room::ServerStatus;
use crate::session::{Channel, Event, Input, Link, Message, Output, Record, Session, Time, Way};
use crate::sync::{Author, Snapshot, VectorClock};

/// How far a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The document is not here yet.
    Entering,
    /// A member like any other.
    Here,
    /// The goodbyes are on their way.
    Leaving,
    /// It is over.
    Left,
}

/// What the room's handles and the driver share.
pub(crate) struct Shared {
    began: Instant,
    state: Mutex<State>,
    wake: Notify,
    snapshots: watch::Sender<Snapshot>,
    events: broadcast::Sender<Event>,
    stage: watch::Sender<Stage>,
    /// Told whenever who is there, or what they or the disk have, has changed.
    progress: watch::Sender<()>,
    /// Told whenever there is something to be stored.
    storing: Condvar,
}

struct State {
    session: Session,
    /// Whose connections are to be closed for good.
    expelled: Vec<Author>,
    /// What is to be stored, and the number of the last of it.
    unstored: Unstored,
    /// Whether nothing more is going to be stored.
    is_over: bool,
    /// Why the room is not kept on this disk, though it should be.
    unkept: Option<String>,
    /// What the file was when it was last read or written, as a hash.
    file_hash: Vec<u8>,
    /// Whether that is news, or the room's secrets are.
    is_news: bool,
    /// Whether the connections are to go on with renewed secrets.
    is_renewed: bool,
    server: ServerStatus,
    /// Who is reached by way of whom.
    ways: BTreeMap<Author, Author>,
    /// What the connections measured last.
    measured: BTreeMap<Author, Measured>,
    /// Where the signaling server is, when it runs in this process.
    embedded: Option<String>,
    watchers: Vec<Weak<Watcher>>,
}

/// What is to be stored.
#[derive(Default)]
struct Unstored {
    records: Vec<Record>,
    changes: usize,
    last: u64,
    /// Whether it was too much to keep: the whole is to be stored instead.
    overflowed: bool,
}

impl Unstored {
    fn push(&mut self, number: u64, record: Record) {
        self.last = number;
        match &record {
            Record::Whole(..) => *self = Self { last: number, ..Self::default() },
            Record::Changes(changes, _) => self.changes += changes.len(),
        }
        if self.changes > limits::UNSTORED_CHANGES {
            self.overflowed = true;
        }
        if self.overflowed {
            self.records.clear();
        } else {
            self.records.push(record);
        }
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty() && !self.overflowed
    }
}

impl Shared {
    pub(crate) fn new(session: Session, embedded: Option<String>) -> Self {
        let nothing = Snapshot { source: "".into(), value: Value::NULL, clock: VectorClock::new() };
        let snapshot = session.snapshot();
        let stage = if snapshot.is_some() { Stage::Here } else { Stage::Entering };
        Self {
            began: Instant::now(),
            wake: Notify::new(),
            snapshots: watch::Sender::new(snapshot.unwrap_or(nothing)),
            events: broadcast::Sender::new(limits::WATCHED_EVENTS),
            stage: watch::Sender::new(stage),
            progress: watch::Sender::new(()),
            storing: Condvar::new(),
            state: Mutex::new(State {
                session,
                expelled: Vec::new(),
                unstored: Unstored::default(),
                is_over: false,
                unkept: None,
                file_hash: Vec::new(),
                is_news: false,
                is_renewed: false,
                server: ServerStatus::Connected,
                measured: BTreeMap::new(),
                ways: BTreeMap::new(),
                embedded,
                watchers: Vec::new(),
            }),
        }
    }

    /// A panic elsewhere leaves the session as it was between two calls, or refusing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the session began.
    pub(crate) fn now(&self) -> Time {
        self.began.elapsed()
    }

    /// The moment as the runtime tells it.
    pub(crate) fn instant(&self, time: Time) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.began + time)
    }

    /// Looks into the session.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Session) -> R) -> R {
        look(&self.lock().session)
    }

    /// Calls into the session, tells whoever watches what came of it, and wakes the driver.
    pub(crate) fn act<R>(&self, act: impl FnOnce(&mut Session, Time) -> R) -> R {
        let mut state = self.lock();
        let result = act(&mut state.session, self.now());
        self.drain(&mut state);
        drop(state);
        self.wake.notify_one();
        result
    }

    /// Takes everything out of the session, until its next input, but for what is to be said.
    fn drain(&self, state: &mut State) {
        let mut news = Vec::new();
        let mut is_new = false;
        let (mut is_told, mut is_over) = (false, false);
        while let Some(output) = state.session.poll() {
            let event = match output {
                Output::Expel(author) => {
                    state.expelled.push(author);
                    continue;
                }
                Output::Store(number, record) => {
                    state.unstored.push(number, record);
                    continue;
                }
                Output::Event(event) => event,
            };
            tracing::trace!(me = %state.session.author(), ?event, "told");
            if matches!(event, Event::People) {
                state.log_ways();
            }
            match &event {
                Event::Changed(changes) => news.extend(changes.iter().cloned()),
                Event::Ready | Event::Replaced(_) => is_new = true,
                Event::Renewed => {
                    state.is_renewed = true;
                    state.is_news = true;
                }
                // In the room that was, nobody is left to meet but others with keys that are void.
                Event::Removed => is_over = true,
                Event::People
                | Event::Progress
                | Event::Refused(..)
                | Event::Distrusted(_)
                | Event::CallbackFailed(_)
                | Event::Garbage(..)
                | Event::Incompatible(..)
                | Event::Stranded(_) => {}
            }
            is_told = true;
            // Nobody needs to listen.
            let _ = self.events.send(event);
        }
        if (is_new || !news.is_empty())
            && let Some(snapshot) = state.session.snapshot()
        {
            self.snapshots.send_replace(snapshot);
            // After the snapshot, so that nobody is told of changes it does not contain.
            for watcher in state.watchers() {
                watcher.add(&news);
            }
        }
        if !state.unstored.is_empty() || state.is_news {
            self.storing.notify_one();
        }
        if is_new {
            self.advance(Stage::Here);
        }
        if is_over {
            self.advance(Stage::Leaving);
        }
        if is_told {
            self.progress.send_replace(());
        }
    }

    /// What the driver is to send.
    pub(crate) fn take_outgoing(&self) -> Vec<(Author, Channel, Message)> {
        let mut state = self.lock();
        std::iter::from_fn(|| state.session.poll_message()).collect()
    }

    /// Whether the room's secrets were renewed since this was last asked.
    pub(super) fn take_renewed(&self) -> bool {
        std::mem::take(&mut self.lock().is_renewed)
    }

    /// Whose connections are to be closed for good.
    pub(crate) fn take_expelled(&self) -> Vec<Author> {
        std::mem::take(&mut self.lock().expelled)
    }

    /// Resolves when there may be something to send.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn snapshots(&self) -> watch::Receiver<Snapshot> {
        self.snapshots.subscribe()
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    pub(crate) fn progress(&self) -> watch::Receiver<()> {
        self.progress.subscribe()
    }

    pub(crate) fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    pub(crate) fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// Goes on to a later stage, never back.
    pub(crate) fn advance(&self, stage: Stage) {
        self.stage.send_if_modified(|held| {
            let is_later = (*held as u8) < stage as u8;
            if is_later {
                *held = stage;
            }
            is_later
        });
        self.wake.notify_one();
    }

    pub(crate) fn server(&self) -> ServerStatus {
        self.lock().server.clone()
    }

    pub(crate) fn embedded(&self) -> Option<String> {
        self.lock().embedded.clone()
    }

    /// Notes how things stand with the signaling server.
    pub(crate) fn set_server(&self, server: ServerStatus) {
        let mut state = self.lock();
        if state.server != server {
            state.server = server;
            self.progress.send_replace(());
            let _ = self.events.send(Event::Progress);
        }
    }

    pub(crate) fn set_embedded(&self, embedded: Option<String>) {
        self.lock().embedded = embedded;
    }

    /// Waits for something to be stored, for so long: it, and the number of the last of it.
    pub(super) fn next_records(&self, within: Duration) -> Option<(u64, Vec<Record>)> {
        let state = self.lock();
        let is_idle = |state: &mut State| state.unstored.is_empty() && !state.is_over && !state.is_news;
        let waited = self.storing.wait_timeout_while(state, within, is_idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.unstored.overflowed {
            drop(state);
            return self.whole();
        }
        let unstored = std::mem::take(&mut state.unstored);
        (!unstored.records.is_empty()).then_some((unstored.last, unstored.records))
    }

    /// Tells the session how far the disk is, and whoever waits for that.
    pub(super) fn tell_of_disk(&self, input: Input) {
        self.act(|session, now| session.handle(now, input));
        self.progress.send_replace(());
    }

    /// Waits until nothing that is to be said waits for the disk.
    pub(super) async fn stored(&self) {
        while !self.look(Session::is_said) {
            self.woken().await;
        }
    }

    /// Nothing more is going to be stored.
    pub(super) fn end_storing(&self) {
        self.lock().is_over = true;
        self.storing.notify_one();
    }

    /// Whether nothing more is going to be stored.
    pub(super) fn is_storing_over(&self) -> bool {
        self.lock().is_over
    }

    /// The whole, in place of all that is still to be stored.
    pub(super) fn whole(&self) -> Option<(u64, Vec<Record>)> {
        let mut state = self.lock();
        state.unstored = Unstored::default();
        let (last, whole) = state.session.whole()?;
        Some((last, vec![whole]))
    }

    /// Why the room is not kept on this disk, though it should be.
    pub(crate) fn unkept(&self) -> Option<String> {
        self.lock().unkept.clone()
    }

    /// Notes why the room is not kept, or that it is again.
    pub(super) fn set_unkept(&self, unkept: Option<String>) {
        let mut state = self.lock();
        if state.unkept != unkept {
            state.unkept = unkept;
            self.progress.send_replace(());
            let _ = self.events.send(Event::Progress);
        }
    }

    /// Whether the file has become another, or the secrets have, since this was last asked.
    pub(super) fn is_news(&self) -> bool {
        std::mem::take(&mut self.lock().is_news)
    }

    /// What the file was when it was last read or written.
    pub(crate) fn file_hash(&self) -> Vec<u8> {
        self.lock().file_hash.clone()
    }

    /// Notes what the file is.
    pub(crate) fn set_file_hash(&self, hash: Vec<u8>) {
        let mut state = self.lock();
        state.is_news |= state.file_hash != hash;
        state.file_hash = hash;
        self.storing.notify_one();
    }

    /// Notes what a connection measured.
    pub(crate) fn note_measured(&self, author: Author, measured: Measured) {
        self.lock().measured.insert(author, measured);
    }

    /// What the connections to those who are there measured last.
    pub(crate) fn measured(&self) -> BTreeMap<Author, Measured> {
        let state = self.lock();
        let people = state.session.people();
        let direct = people.iter().filter(|person| matches!(person.way, Way::Direct | Way::Server));
        let there = direct.filter(|person| matches!(person.link, Link::Live | Link::Away));
        there
            .filter_map(|person| Some((person.author, state.measured.get(&person.author)?.clone())))
            .collect()
    }

    /// Tells whoever watches.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    /// Adds somebody to be told of every change after the snapshot returned, until it is dropped.
    pub(crate) fn watch(&self, watcher: &Arc<Watcher>) -> Snapshot {
        let mut state = self.lock();
        state.watchers.retain(|watcher| watcher.strong_count() > 0);
        state.watchers.push(Arc::downgrade(watcher));
        self.snapshots.borrow().clone()
    }

    /// How long until the session wants to be fed a timeout.
    pub(crate) fn next_timeout(&self) -> Option<Duration> {
        self.lock().session.next_timeout()
    }
}

impl State {
    /// Notes in the log who is reached by way of whom, when that changes; what else is open the mesh
    /// knows.
    fn log_ways(&mut self) {
        let people = self.session.people();
        let ways = people.iter().filter_map(|person| match person.way {
            Way::Via(third) => Some((person.author, third)),
            Way::Direct | Way::Server => None,
        });
        let ways: BTreeMap<Author, Author> = ways.collect();
        for (author, third) in ways.iter().filter(|(author, third)| self.ways.get(author) != Some(third)) {
            tracing::info!(me = %self.session.author(), %author, route = %format_args!("via {third}"), "a connection is open");
        }
        self.ways = ways;
    }

    fn watchers(&self) -> impl Iterator<Item = Arc<Watcher>> {
        self.watchers.iter().filter_map(Weak::upgrade)
    }
}
