//! One copy of a shared document: its history and the value that follows from it.

use std::sync::Arc;

use smallvec::SmallVec;

use super::history::History;
use super::pending::{Pending, lacking};
use super::tracker::Tracker;
use super::undo::Restorations;
use super::window::Window;
use super::{Author, Change, ChangeId, Tick, VectorClock};
use crate::document::{ApplyError, Former, LimitError, Method, ParseError, Path, Source, Value};
use crate::limits;

/// A document at a version that everything later has seen: where a history starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The text the document was first read from; how it is to be written. The same for everyone.
    pub source: Source,
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
        let source = Source::from(text);
        Ok(Self { value: source.read()?.value, source, clock: VectorClock::new() })
    }
}

/// A document at a moment. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The text the document was first read from; [`save`](crate::document::save) wants it.
    pub source: Source,
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

/// Why a replica cannot be made again from what was stored of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A change does not follow from those before it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Changes that others were made on are not there.
    #[error("some of the changes are missing")]
    Gap,
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

/// A change that has been taken in, and the critical version it needed, if it had not seen all.
type Taken = (Arc<Change>, Option<usize>);

/// One copy of a shared document: a bounded history of changes and the value they make.
pub struct Replica {
    pub(super) author: Author,
    limit: usize,
    pub(super) history: History,
    pub(super) value: Value,
    pub(super) clock: VectorClock,
    pending: Pending,
    pub(super) window: Option<Window>,
    /// What the changes made by undo have restored.
    pub(super) restorations: Restorations,
}

impl Replica {
    /// A replica of `author` that starts from a checkpoint and remembers about `limit` changes.
    pub fn new(author: Author, checkpoint: Checkpoint, limit: usize) -> Self {
        let value = checkpoint.value;
        Self {
            author,
            limit,
            value: value.clone(),
            clock: checkpoint.clock.clone().of(author),
            history: History::new(checkpoint.source, checkpoint.clock, value),
            pending: Pending::default(),
            window: None,
            restorations: Restorations::default(),
        }
    }

    /// A replica made again from what was stored of it, own changes included: a checkpoint and the
    /// changes after it in the order in which they became part of it. It is nobody's yet.
    ///
    /// # Errors
    /// They do not follow from each other: something is missing, or is not what was stored.
    pub fn restore(
        checkpoint: Checkpoint, changes: impl IntoIterator<Item = impl Into<Arc<Change>>>, limit: usize,
    ) -> Result<Self, RestoreError> {
        // While it is nobody's, no change is its own.
        let mut replica = Self::new(Author(0), checkpoint, limit);
        let received = replica.receive(changes);
        if let Some(refusal) = received.refused.into_iter().next() {
            return Err(RestoreError::Refused(refusal));
        }
        if replica.pending() > 0 {
            return Err(RestoreError::Gap);
        }
        Ok(replica)
    }

    /// The replica as an author's, who has made each change of theirs that is in it.
    #[must_use]
    pub fn of(self, author: Author) -> Self {
        Self { author, ..self }
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
        let source = self.history.source().clone();
        Snapshot { source, value: self.value.clone(), clock: self.clock.clone() }
    }

    /// Makes an edit on the document as it stands.
    ///
    /// # Errors
    /// It does not resolve; nothing was altered and no tick was used.
    pub fn edit(&mut self, path: Path, method: Method) -> Result<Arc<Change>, EditError> {
        method.check(&path)?;
        let clock = self.clock.next_of(self.author);
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
        if *base == self.clock {
            return self.edit(path, method);
        }
        method.check(&path)?;
        let mut context = base.clone().of(self.author);
        let own = ChangeId { author: self.author, tick: self.clock.get(self.author) };
        if let Some(last) = self.history.clock(own) {
            context.join(&last);
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
        let former = self.value.apply_reversibly(&change.path, &change.method)?;
        self.history.push(change, former);
        self.note_quiet(change);
        self.clock.set(self.author, change.tick());
        Ok(())
    }

    /// Takes in changes from elsewhere, in any order, repeated or not. Those whose past is not
    /// here yet wait. A burst costs one replay.
    pub fn receive(&mut self, changes: impl IntoIterator<Item = impl Into<Arc<Change>>>) -> Received {
        let mut received = Received::default();
        let mut burst: SmallVec<[Arc<Change>; 1]> = changes.into_iter().map(Into::into).collect();
        burst.reverse();
        let mut woken = Vec::new();
        // Where the last one that was applied needed to go back to, if it did.
        let mut back = None;
        while let Some(change) = woken.pop().or_else(|| burst.pop()) {
            let last = received.applied.last().zip(back);
            match self.take(change, &burst, last) {
                Ok(Some((change, since))) => {
                    woken.extend(self.pending.woken_by(change.id()));
                    received.applied.push(change);
                    back = since;
                }
                Ok(None) => {}
                Err(refusal) => received.refused.push(refusal),
            }
        }
        self.show_window();
        received
    }

    /// Takes in one change, if its past is here: gives it back if it is now part of the history,
    /// with the critical version it needed, if not all had been seen. `rest` comes after it in the same
    /// burst, the last first; `last` is the one that was applied before it, with what that needed.
    fn take(
        &mut self, mut change: Arc<Change>, rest: &[Arc<Change>], last: Option<(&Arc<Change>, usize)>,
    ) -> Result<Option<Taken>, Refusal> {
        let id = change.id();
        if self.clock.saw(id) || self.pending.get(id).is_some() {
            let known = self.history.get(id).or_else(|| self.pending.get(id));
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
            self.append(&change);
            self.clock.set(id.author, id.tick);
            return Ok(Some((change, None)));
        }
        // What holds for the one before holds for one that was made on it and has heard no more.
        if let Some((_, since)) = last.filter(|(last, _)| change.goes_on_from(last)) {
            self.insert(&change, since, rest.len());
            self.clock.set(id.author, id.tick);
            return Ok(Some((change, Some(since))));
        }
        let context = change.context();
        if let Some(lacks) = lacking(&context, &self.clock) {
            if self.pending.len() >= limits::PENDING_CHANGES.max(self.limit)
                || self.pending.count_of(id.author) >= limits::PENDING_OF_ONE.max(self.limit)
            {
                return Err(Refusal::Flood(id));
            }
            self.pending.wait(change, lacks);
            return Ok(None);
        }
        self.check_clock(&change, &context)?;
        if let Some(previous) = self.history.sight(ChangeId { tick: id.tick - 1, ..id })
            && let Some(change) = Arc::get_mut(&mut change)
        {
            change.clock.share(previous);
        }
        let since = self.seen_by(&context).ok_or(Refusal::Forgotten(id))?;
        self.open_for_burst(since, rest);
        self.insert(&change, since, rest.len());
        self.clock.set(id.author, id.tick);
        Ok(Some((change, Some(since))))
    }

    /// Adds a change that has seen everything here.
    fn append(&mut self, change: &Arc<Change>) {
        self.show_window();
        // Void where it does not resolve, like everywhere.
        let former = self.value.apply_reversibly(&change.path, &change.method).unwrap_or(Former::Nothing);
        self.history.push(change, former);
        self.note_quiet(change);
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
    pub fn history(&self) -> impl ExactSizeIterator<Item = &Arc<Change>> {
        self.history.changes()
    }

    /// A remembered change.
    pub fn change(&self, id: ChangeId) -> Option<&Arc<Change>> {
        self.history.get(id)
    }

    /// The remembered changes that somebody with `clock` has not seen, in the total order. Costs
    /// no more than there are of them.
    pub fn changes_since(&self, clock: &VectorClock) -> impl Iterator<Item = &Arc<Change>> {
        self.history.unseen(clock)
    }

    /// Whether the changes that somebody with `clock` lacks are all still remembered; if not, it
    /// needs a whole document.
    pub fn reaches_back_to(&self, clock: &VectorClock) -> bool {
        clock.covers(self.history.start())
    }

    /// Where the history starts. With [`history`](Self::history), all that a joiner needs.
    pub fn checkpoint(&self) -> Checkpoint {
        self.history.checkpoint(&self.value)
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
    pub fn source(&self) -> &Source {
        self.history.source()
    }

    /// The version where the history starts.
    pub fn start(&self) -> &VectorClock {
        self.history.start()
    }

    /// Says what each other member has acknowledged, so that older changes may be forgotten once
    /// the history is over its limit.
    ///
    /// An acknowledgement of what is not here yet stops all forgetting: among what is missing
    /// may be a change that had not seen what would be forgotten.
    pub fn acknowledged<'a>(&mut self, members: impl IntoIterator<Item = &'a VectorClock>) {
        let keep = self.limit - self.limit / 8;
        if self.history.len() <= self.limit || !self.history.has_critical_within(self.history.len() - keep) {
            return;
        }
        let mut by_all = self.clock.clone();
        for member in members {
            if !self.clock.covers(member) {
                return;
            }
            by_all.meet(member);
        }
        let gone = self.history.forget(keep, self.window.is_some(), &self.value, &by_all);
        if let Some(window) = &mut self.window {
            window.forget(gone);
        }
    }

    /// The slots that hold several concurrent values. Costs nothing where nobody has been
    /// concurrent, else a replay from where somebody first left a conflict.
    pub fn conflicts(&self) -> Vec<Conflict> {
        // Who writes later has seen all of a window, so only what it left behind counts.
        let found = self.history.find_in_windows(&self.value, Tracker::new, |mut tracker, end| {
            let has_any = !tracker.conflicts().is_empty();
            has_any.then_some((tracker, end))
        });
        let Some((mut tracker, end)) = found else { return Vec::new() };
        for change in self.history.since(end) {
            tracker.apply(change, None);
        }
        tracker.conflicts()
    }

    /// The remembered edits that fell into something removed at the same time. Costs nothing
    /// where nobody has been concurrent, else a replay from there.
    pub fn lost_edits(&self) -> Vec<LostEdit> {
        let change_of = |id| self.history.get(id).map(|change| &**change);
        let mut lost = Vec::new();
        // An edit and the removal that it did not survive are of one window.
        self.history.find_in_windows(&self.value, Tracker::recording, |tracker, _| -> Option<()> {
            let records = tracker.records().iter().filter(|record| record.is_lost(&tracker, change_of));
            lost.extend(
                records.filter_map(|record| Some(LostEdit { change: self.history.get(record.id)?.clone() })),
            );
            None
        });
        lost
    }

    /// Where the value that was at `path` in version `base` is now; nothing if it is gone or the
    /// version is no longer remembered.
    pub fn locate(&self, base: &VectorClock, path: &Path) -> Option<Path> {
        if *base == self.clock {
            return self.value.at(path).map(|_| path.clone());
        }
        let since = self.history.critical_within(base)?;
        self.history.track(since, &self.value).locate(base, path)
    }

    pub(super) fn remembered(&self) -> &History {
        &self.history
    }
}
