//! One copy of a shared document: its history and the value that follows from it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::history::History;
use super::pending::{Pending, lacking};
use super::tracker::Tracker;
use super::undo::Restorations;
use super::{Author, Change, ChangeId, Tick, VectorClock};
use crate::document::{ApplyError, LimitError, Method, ParseError, Path, Value, parse};
use crate::limits;

/// A document at a version that everything later has seen: where a history starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The text the document was first read from; how it is to be written. The same for everyone.
    pub source: Arc<str>,
    /// The document.
    pub value: Value,
    /// The changes it contains.
    pub clock: VectorClock,
}

impl Checkpoint {
    /// A new document: what a JSON text says, before any change.
    ///
    /// # Errors
    /// The text is not JSON, and where.
    pub fn read(text: &str) -> Result<Self, ParseError> {
        Ok(Self { source: text.into(), value: parse(text)?, clock: VectorClock::new() })
    }
}

/// A document at a moment. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The text the document was first read from; [`save`](crate::document::save) wants it.
    pub source: Arc<str>,
    /// The document.
    pub value: Value,
    /// The changes it contains.
    pub clock: VectorClock,
}

/// Several concurrent values in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where the slot is now.
    pub path: Path,
    /// The living values with the changes that wrote them; the first is the one shown.
    pub values: Vec<(ChangeId, Value)>,
}

/// An edit inside something that somebody else removed at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostEdit {
    /// The edit.
    pub change: Arc<Change>,
}

/// Why a change from elsewhere was refused. Nothing was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Two different changes under one name: a broken or hostile peer. The first is kept.
    #[error("two different changes are called {0}; the first was kept")]
    Equivocation(ChangeId),
    /// A change of mine that I never made.
    #[error("{0} is a change of this peer's own that it never made")]
    NotMine(ChangeId),
    /// The clock leaves out what it must contain, or goes back.
    #[error("the clock of {0} leaves out what its author had seen")]
    Clock(ChangeId),
    /// It belongs before what is still remembered.
    #[error("{0} belongs before the oldest version still remembered")]
    Forgotten(ChangeId),
    /// Too many changes wait for their past.
    #[error("{0}: too many changes wait for their past")]
    Flood(ChangeId),
}

/// What became of changes from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Now part of the document, in the order they were taken in; those that had waited included.
    pub applied: Vec<Arc<Change>>,
    /// Refused, and why.
    pub refused: Vec<Refusal>,
}

/// Why a local edit was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It does not resolve in the document.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The version it was made on is not one this replica knows.
    #[error("the edit was made on a version that is no longer remembered; look again and redo it")]
    Base,
    /// There is no document to edit.
    #[error("the document is not here: it has not come yet, or the room has been left")]
    NoDocument,
    /// Whoever edits may only read.
    #[error("read-only: your ticket lets you see this document, not change it; ask for one that may write")]
    ReadOnly,
    /// Deeper or larger than a document may be.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

/// After so many changes in a row that had seen everything, the bookkeeping of a window is
/// dropped. A little patience, because where people edit at once the next late change is near.
const QUIET_CHANGES: usize = 64;

/// The bookkeeping of a concurrent window, kept while it stays open.
struct Window {
    /// The critical version that the tracker started from: a position in the history.
    since: usize,
    tracker: Tracker,
    /// How many changes in a row have seen everything.
    quiet: usize,
}

/// One copy of a shared document: a bounded history of changes and the value they make.
pub struct Replica {
    author: Author,
    limit: usize,
    history: History,
    value: Value,
    clock: VectorClock,
    pending: Pending,
    window: Option<Window>,
    /// What the changes made by undo have restored.
    pub(super) restorations: Restorations,
}

impl Replica {
    /// A replica of `author` that starts from a checkpoint and remembers about `limit` changes.
    pub fn new(author: Author, checkpoint: Checkpoint, limit: usize) -> Self {
        Self {
            author,
            limit,
            value: checkpoint.value.clone(),
            clock: checkpoint.clock.clone(),
            history: History::new(checkpoint),
            pending: Pending::default(),
            window: None,
            restorations: Restorations::default(),
        }
    }

    /// Whose edits are local here.
    pub fn author(&self) -> Author {
        self.author
    }

    /// What has been seen: everything the value contains.
    pub fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// The document.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document with its clock.
    pub fn snapshot(&self) -> Snapshot {
        let source = self.history.start().source.clone();
        Snapshot { source, value: self.value.clone(), clock: self.clock.clone() }
    }

    /// Makes an edit on the document as it stands.
    ///
    /// # Errors
    /// It does not resolve; nothing was altered and no tick was used.
    pub fn edit(&mut self, path: Path, method: Method) -> Result<Arc<Change>, EditError> {
        method.check(&path)?;
        let mut clock = self.clock.clone();
        clock.set(self.author, self.clock.get(self.author) + 1);
        let change = Arc::new(Change { author: self.author, clock, path, method });
        self.edit_ahead(&change)?;
        Ok(change)
    }

    /// Makes an edit on the document as it stood at `base` and at the author's own last change:
    /// what somebody does who has not seen the rest yet.
    ///
    /// # Errors
    /// It does not resolve there; nothing was altered and no tick was used.
    pub fn edit_at(
        &mut self, base: &VectorClock, path: Path, method: Method,
    ) -> Result<Arc<Change>, EditError> {
        method.check(&path)?;
        let mut context = base.clone();
        let own = ChangeId { author: self.author, tick: self.clock.get(self.author) };
        if let Some(last) = self.history.get(own) {
            context.join(&last.clock);
        }
        let mut clock = context.clone();
        clock.set(self.author, own.tick + 1);
        let change = Arc::new(Change { author: self.author, clock, path, method });
        if context == self.clock {
            self.edit_ahead(&change)?;
        } else {
            self.edit_behind(&change, &context)?;
        }
        Ok(change)
    }

    /// Takes in an own edit by somebody who has seen everything.
    fn edit_ahead(&mut self, change: &Arc<Change>) -> Result<(), EditError> {
        let before = self.history.is_checkpoint_due().then(|| self.value.clone());
        self.value.apply(&change.path, &change.method)?;
        self.history.push(change.clone(), before);
        self.note_quiet(change);
        self.clock.set(self.author, change.tick());
        Ok(())
    }

    /// Takes in an own edit by somebody who has not seen everything.
    fn edit_behind(&mut self, change: &Arc<Change>, context: &VectorClock) -> Result<(), EditError> {
        if !self.clock.covers(context) {
            return Err(EditError::Base);
        }
        let since = self.history.critical_within(context).ok_or(EditError::Base)?;
        self.open_window(since).tracker.value_at(context).apply(&change.path, &change.method)?;
        self.insert(change, context, since);
        self.clock.set(self.author, change.tick());
        Ok(())
    }

    /// Takes in changes from elsewhere, in any order, repeated or not. Those whose past is not
    /// here yet wait. A burst costs one replay.
    pub fn receive(&mut self, changes: impl IntoIterator<Item = Change>) -> Received {
        let mut received = Received::default();
        let mut burst: VecDeque<Change> = changes.into_iter().collect();
        while let Some(change) = burst.pop_front() {
            let mut ready = vec![change];
            while let Some(change) = ready.pop() {
                match self.take(change, &burst) {
                    Ok(Some(change)) => {
                        ready.extend(self.pending.woken_by(change.id()));
                        received.applied.push(change);
                    }
                    Ok(None) => {}
                    Err(refusal) => received.refused.push(refusal),
                }
            }
        }
        received
    }

    /// Takes in one change, if its past is here: gives it back if it is now part of the history.
    /// `rest` comes after it in the same burst.
    fn take(&mut self, change: Change, rest: &VecDeque<Change>) -> Result<Option<Arc<Change>>, Refusal> {
        let id = change.id();
        if self.clock.saw(id) || self.pending.get(id).is_some() {
            let known = self.history.get(id).map(|known| &**known).or_else(|| self.pending.get(id));
            return match known {
                Some(known) if *known != change => Err(Refusal::Equivocation(id)),
                _ => Ok(None),
            };
        }
        let own = ChangeId { author: self.author, tick: change.clock.get(self.author) };
        if !self.clock.saw(own) {
            return Err(Refusal::NotMine(own));
        }
        if change.saw_all_of(&self.clock) {
            let change = Arc::new(change);
            self.append(&change);
            self.clock.set(id.author, id.tick);
            return Ok(Some(change));
        }
        let context = change.context();
        if let Some(lacks) = lacking(&context, &self.clock) {
            if self.pending.len() >= limits::PENDING_CHANGES.max(self.limit) {
                return Err(Refusal::Flood(id));
            }
            self.pending.wait(change, lacks);
            return Ok(None);
        }
        self.check_clock(&change, &context)?;
        let change = Arc::new(change);
        let since = self.history.critical_within(&context).ok_or(Refusal::Forgotten(id))?;
        if self.window.as_ref().is_none_or(|window| window.since > since) {
            // One replay for the whole burst: from what the last of it needs.
            let needed =
                rest.iter().filter_map(|change| self.history.critical_within(&change.context())).min();
            self.open_window(needed.map_or(since, |needed| needed.min(since)));
        }
        self.insert(&change, &context, since);
        self.clock.set(id.author, id.tick);
        Ok(Some(change))
    }

    /// Whether a change's clock holds all that its author must have seen: what the changes it
    /// names had seen.
    fn check_clock(&self, change: &Change, context: &VectorClock) -> Result<(), Refusal> {
        if !context.covers(&self.history.start().clock) {
            return Err(Refusal::Forgotten(change.id()));
        }
        let previous = self.history.get(ChangeId { author: change.author, tick: change.tick() - 1 });
        let covered = |seen: &Arc<Change>| context.covers(&seen.clock);
        let is_closed = previous.is_none_or(covered)
            && context.iter().all(|(author, tick)| {
                previous.is_some_and(|previous| previous.clock.get(author) == tick)
                    || self.history.get(ChangeId { author, tick }).is_none_or(covered)
            });
        if is_closed { Ok(()) } else { Err(Refusal::Clock(change.id())) }
    }

    /// Adds a change that has seen everything here.
    fn append(&mut self, change: &Arc<Change>) {
        let before = self.history.is_checkpoint_due().then(|| self.value.clone());
        // Void where it does not resolve, like everywhere.
        let _ = self.value.apply(&change.path, &change.method);
        self.history.push(change.clone(), before);
        self.note_quiet(change);
    }

    /// Adds a change that is concurrent to some here, into the open window.
    fn insert(&mut self, change: &Arc<Change>, context: &VectorClock, since: usize) {
        let (window, value) = self.open_window_beside(since);
        window.tracker.apply(change, Some(value));
        window.quiet = 0;
        self.history.insert(change.clone(), context);
    }

    /// The window, opened from a critical version on or before it: what is after that is
    /// replayed, if it has not been.
    fn open_window(&mut self, since: usize) -> &mut Window {
        self.open_window_beside(since).0
    }

    fn open_window_beside(&mut self, since: usize) -> (&mut Window, &mut Value) {
        let window = match self.window.take() {
            Some(window) if window.since <= since => window,
            _ => Window { since, tracker: self.history.track(since, Tracker::new), quiet: 0 },
        };
        (self.window.insert(window), &mut self.value)
    }

    /// Notes a change that had seen everything, and drops the bookkeeping when it has been quiet
    /// for long.
    fn note_quiet(&mut self, change: &Change) {
        if let Some(window) = &mut self.window {
            window.quiet += 1;
            if window.quiet > QUIET_CHANGES {
                self.window = None;
            } else {
                window.tracker.apply(change, None);
            }
        }
    }

    /// The changes that those waiting need and that are neither here nor waiting: runs of ticks,
    /// first and last.
    pub fn missing(&self) -> Vec<(Author, Tick, Tick)> {
        self.pending.missing(&self.clock)
    }

    /// How many changes wait for their past.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Drops those of the waiting that will never be taken in.
    pub fn discard_waiting(&mut self, is_vain: impl Fn(&Change) -> bool) {
        self.pending.discard(is_vain);
    }

    /// The changes that wait for their past.
    pub fn waiting(&self) -> impl Iterator<Item = &Change> {
        self.pending.iter()
    }

    /// The remembered changes, in the total order.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Arc<Change>> + ExactSizeIterator {
        self.history.changes()
    }

    /// A remembered change.
    pub fn change(&self, id: ChangeId) -> Option<&Arc<Change>> {
        self.history.get(id)
    }

    /// The remembered changes that somebody with `clock` has not seen, in the total order.
    pub fn changes_since<'a>(&'a self, clock: &'a VectorClock) -> impl Iterator<Item = &'a Arc<Change>> {
        self.history().filter(|change| !clock.saw(change.id()))
    }

    /// Whether the changes that somebody with `clock` lacks are all still remembered; if not, it
    /// needs a whole document.
    pub fn reaches_back_to(&self, clock: &VectorClock) -> bool {
        clock.covers(&self.history.start().clock)
    }

    /// Where the history starts. With [`history`](Self::history), all that a joiner needs.
    pub fn checkpoint(&self) -> Checkpoint {
        self.history.start().clone()
    }

    /// The document as somebody with `clock` saw it. Nothing if that is no longer, or not yet,
    /// known here. Costs a replay of the history up to there.
    pub fn value_at(&self, clock: &VectorClock) -> Option<Value> {
        if !self.clock.covers(clock) || !self.reaches_back_to(clock) {
            return None;
        }
        let mut past = Self::new(self.author, self.checkpoint(), usize::MAX);
        let seen = self.history().filter(|change| clock.saw(change.id()));
        past.receive(seen.map(|change| Change::clone(change)));
        (past.clock == *clock).then_some(past.value)
    }

    /// The text that the document was first read from.
    pub fn source(&self) -> &Arc<str> {
        &self.history.start().source
    }

    /// The version where the history starts.
    pub fn start(&self) -> &VectorClock {
        &self.history.start().clock
    }

    /// Says what each other member has acknowledged, so that older changes may be forgotten once
    /// the history is over its limit.
    ///
    /// An acknowledgement of what is not here yet stops all forgetting: among what is missing
    /// may be a change that had not seen what would be forgotten.
    pub fn acknowledged<'a>(&mut self, members: impl IntoIterator<Item = &'a VectorClock>) {
        if self.history.len() <= self.limit {
            return;
        }
        let mut by_all = self.clock.clone();
        for member in members {
            if !self.clock.covers(member) {
                return;
            }
            by_all.meet(member);
        }
        let keep = self.limit - self.limit / 8;
        let gone = self.history.forget(keep, |version| by_all.covers(version));
        if let Some(window) = &mut self.window {
            window.since = window.since.saturating_sub(gone);
        }
    }

    /// The slots that hold several concurrent values. Costs a replay of the history.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.history.track(0, Tracker::new).conflicts()
    }

    /// The remembered edits that fell into something removed at the same time. Costs a replay of
    /// the history.
    pub fn lost_edits(&self) -> Vec<LostEdit> {
        let tracker = self.history.track(0, Tracker::recording);
        let change_of = |id| self.history.get(id).map(|change| &**change);
        let lost = tracker.records().iter().filter(|record| record.is_lost(&tracker, change_of));
        lost.filter_map(|record| Some(LostEdit { change: self.history.get(record.id)?.clone() })).collect()
    }

    /// Where the value that was at `path` in version `base` is now; nothing if it is gone or the
    /// version is no longer remembered.
    pub fn locate(&self, base: &VectorClock, path: &Path) -> Option<Path> {
        if *base == self.clock {
            return self.value.at(path).map(|_| path.clone());
        }
        let since = self.history.critical_within(base)?;
        self.history.track(since, Tracker::new).locate(base, path)
    }

    pub(super) fn remembered(&self) -> &History {
        &self.history
    }
}
