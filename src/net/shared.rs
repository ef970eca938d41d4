//! What the room's handles and the driver share: the session, and who is told of what happens.
//!
//! Handles lock it for as long as one call into the session takes, never across an `.await`, and
//! wake the driver, which alone sends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, broadcast, watch};

use super::watcher::Watcher;
use crate::document::Value;
use crate::limits;
use crate::room::ServerStatus;
use crate::session::{Channel, Event, Message, Output, Session, Time};
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
    /// Told whenever who is there, or what they have, has changed.
    progress: watch::Sender<()>,
}

struct State {
    session: Session,
    outgoing: VecDeque<(Author, Channel, Message)>,
    /// Whose connections are to be closed for good.
    expelled: Vec<Author>,
    server: ServerStatus,
    /// Where the signaling server is, when it runs in this process.
    embedded: Option<String>,
    watchers: Vec<Weak<Watcher>>,
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
            state: Mutex::new(State {
                session,
                outgoing: VecDeque::new(),
                expelled: Vec::new(),
                server: ServerStatus::Connected,
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

    /// Takes everything out of the session, until its next input.
    fn drain(&self, state: &mut State) {
        let mut news = Vec::new();
        let mut is_new = false;
        let mut is_told = false;
        while let Some(output) = state.session.poll() {
            let event = match output {
                Output::Send(to, channel, message) => {
                    state.queue(to, channel, message);
                    continue;
                }
                Output::Expel(author) => {
                    state.expelled.push(author);
                    continue;
                }
                Output::Event(event) => event,
            };
            tracing::trace!(me = %state.session.author(), ?event, "told");
            match &event {
                Event::Changed(changes) => news.extend(changes.iter().cloned()),
                Event::Ready | Event::Replaced(_) => is_new = true,
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
        if is_new {
            self.advance(Stage::Here);
        }
        if is_told {
            self.progress.send_replace(());
        }
    }

    /// What the driver is to send.
    pub(crate) fn take_outgoing(&self) -> VecDeque<(Author, Channel, Message)> {
        std::mem::take(&mut self.lock().outgoing)
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
    fn watchers(&self) -> impl Iterator<Item = Arc<Watcher>> {
        self.watchers.iter().filter_map(Weak::upgrade)
    }

    /// A driver that is far behind loses what may be lost: the protocol repairs it.
    fn queue(&mut self, to: Author, channel: Channel, message: Message) {
        if channel == Channel::Sync || self.outgoing.len() < limits::OUTGOING_MESSAGES {
            self.outgoing.push_back((to, channel, message));
        }
    }
}
