//! The remembered changes in stamp order, and the versions that everything later has seen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::tracker::Tracker;
use super::{Author, Change, ChangeId, Checkpoint, VectorClock};
use crate::document::Value;

/// A checkpoint is taken at a critical version each so many changes. Between them versions are
/// made again by replay, so this bounds the replay before a window.
const CHECKPOINT_EVERY: usize = 1_024;

/// How many of the newest checkpoints are all kept; of the older ones ever fewer.
const CHECKPOINTS_DENSE: usize = 4;

/// The remembered changes in stamp order. Positions count from the oldest remembered, 0.
///
/// A version is the set of changes before a position. It is **critical** when every change from
/// there on has seen all of it: there the document is plain JSON and no bookkeeping reaches
/// across (Gentle & Kleppmann, `EuroSys` 2025).
pub(super) struct History {
    start: Checkpoint,
    changes: VecDeque<Arc<Change>>,
    /// Late ones, in no order, that are still to be put in their places among the others.
    late: Vec<Arc<Change>>,
    /// Positions of critical versions, ascending; the first is always 0.
    critical: Vec<usize>,
    /// The document at some critical versions.
    values: BTreeMap<usize, Value>,
    /// Each author's remembered changes, by tick.
    by_author: BTreeMap<Author, VecDeque<Arc<Change>>>,
}

impl History {
    pub(super) fn new(start: Checkpoint) -> Self {
        Self {
            start,
            changes: VecDeque::new(),
            late: Vec::new(),
            critical: Vec::new(),
            values: BTreeMap::new(),
            by_author: BTreeMap::new(),
        }
    }

    pub(super) fn start(&self) -> &Checkpoint {
        &self.start
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len() + self.late.len()
    }

    /// In the total order. Late ones must have been [settled](Self::settle).
    pub(super) fn changes(&self) -> impl DoubleEndedIterator<Item = &Arc<Change>> + ExactSizeIterator {
        self.changes.iter()
    }

    pub(super) fn get(&self, id: ChangeId) -> Option<&Arc<Change>> {
        let changes = self.by_author.get(&id.author)?;
        let first = changes.front()?.tick();
        changes.get(usize::try_from(id.tick.checked_sub(first)?).ok()?)
    }

    /// Whether the document as it is now should come with the next [`push`](Self::push).
    pub(super) fn is_checkpoint_due(&self) -> bool {
        !self.changes.is_empty() && self.changes.len().is_multiple_of(CHECKPOINT_EVERY)
    }

    /// Adds a change that has seen everything here. `before` is the document without it, where it
    /// is known.
    pub(super) fn push(&mut self, change: Arc<Change>, before: Option<Value>) {
        self.settle();
        let position = self.changes.len();
        self.critical.push(position);
        if let Some(before) = before {
            self.values.insert(position, before);
            self.thin_out();
        }
        self.index(&change);
        self.changes.push_back(change);
    }

    /// Adds a change that is concurrent to some here, to be [settled](Self::settle) with others
    /// of its burst: all of them belong after the newest critical version.
    pub(super) fn insert(&mut self, change: Arc<Change>, context: &VectorClock) {
        while self.critical.len() > 1 {
            let newest = self.critical.last().copied().unwrap_or(0);
            // What the change at a critical version had seen is that version.
            let version = self.changes.get(newest).map(|at| at.context()).unwrap_or_default();
            if context.covers(&version) {
                break;
            }
            self.critical.pop();
        }
        let since = self.critical.last().copied().unwrap_or(0);
        self.values.split_off(&(since + 1));
        self.index(&change);
        self.late.push(change);
    }

    /// Puts late changes in their places.
    pub(super) fn settle(&mut self) {
        self.late.sort_unstable_by_key(|change| change.stamp());
        let Some(first) = self.late.first().map(|first| first.stamp()) else { return };
        let from = self.changes.partition_point(|other| other.stamp() < first);
        if self.late.len() == 1 {
            if let Some(only) = self.late.pop() {
                self.changes.insert(from, only);
            }
            return;
        }
        let mut behind = self.changes.split_off(from).into_iter().peekable();
        for late in self.late.drain(..) {
            let stamp = late.stamp();
            while let Some(before) = behind.next_if(|other| other.stamp() < stamp) {
                self.changes.push_back(before);
            }
            self.changes.push_back(late);
        }
        self.changes.extend(behind);
    }

    fn index(&mut self, change: &Arc<Change>) {
        self.by_author.entry(change.author).or_default().push_back(change.clone());
    }

    /// Keeps the newest few checkpoints and, of the older, about one per doubling of age.
    fn thin_out(&mut self) {
        let newest = self.changes.len() / CHECKPOINT_EVERY;
        self.values.retain(|&position, _| {
            let number = position / CHECKPOINT_EVERY;
            let age = (newest - number) / CHECKPOINTS_DENSE;
            age == 0 || number.trailing_zeros() > age.ilog2()
        });
    }

    /// The critical version at or before a position.
    pub(super) fn critical_before(&self, position: usize) -> usize {
        let after = self.critical.partition_point(|&critical| critical <= position);
        after.checked_sub(1).and_then(|at| self.critical.get(at)).copied().unwrap_or(0)
    }

    /// The newest critical version that somebody with this clock has seen.
    pub(super) fn critical_within(&self, clock: &VectorClock) -> Option<usize> {
        if !clock.covers(&self.start.clock) {
            return None;
        }
        let seen = self.critical.partition_point(|&critical| {
            self.changes.get(critical).is_none_or(|change| clock.covers(&change.context()))
        });
        seen.checked_sub(1).and_then(|at| self.critical.get(at)).copied().or(Some(0))
    }

    /// Where a change stands.
    pub(super) fn position(&self, id: ChangeId) -> Option<usize> {
        let stamp = self.get(id)?.stamp();
        Some(self.changes.partition_point(|other| other.stamp() < stamp))
    }

    /// The document at a critical version.
    pub(super) fn value_at(&self, critical: usize) -> Value {
        let (from, value) = self
            .values
            .range(..=critical)
            .next_back()
            .map_or((0, &self.start.value), |(&position, value)| (position, value));
        self.fold(value.clone(), from, critical)
    }

    /// Replays from one critical version to another (or to the end).
    fn fold(&self, mut value: Value, from: usize, to: usize) -> Value {
        let first = self.critical.partition_point(|&critical| critical < from);
        let mut bounds = self.critical.iter().copied().skip(first).take_while(|&at| at < to).peekable();
        while let Some(at) = bounds.next() {
            let end = bounds.peek().copied().unwrap_or(to);
            if let (1, Some(change)) = (end - at, self.changes.get(at)) {
                // Void where it does not resolve, like everywhere.
                let _ = value.apply(&change.path, &change.method);
            } else {
                let mut tracker = Tracker::new(value.clone());
                for change in self.changes.range(at..end) {
                    tracker.apply(change, Some(&mut value));
                }
            }
        }
        value
    }

    /// The stretches between critical versions in which changes were concurrent.
    fn windows(&self) -> impl Iterator<Item = (usize, usize)> {
        let ends = self.critical.iter().skip(1).copied().chain([self.changes.len()]);
        self.critical.iter().copied().zip(ends).filter(|(from, to)| to - from > 1)
    }

    /// Replays each concurrent stretch by itself, with what is between them as plain JSON, and
    /// shows its tracker and where it ends to `look`, until that gives something.
    pub(super) fn find_in_windows<R>(
        &self, tracker: impl Fn(Value) -> Tracker, mut look: impl FnMut(Tracker, usize) -> Option<R>,
    ) -> Option<R> {
        let mut here: Option<(usize, Value)> = None;
        self.windows().find_map(|(from, to)| {
            let mut value = match here.take() {
                Some((at, value)) => self.fold(value, at, from),
                None => self.value_at(from),
            };
            let mut tracker = tracker(value.clone());
            for change in self.changes.range(from..to) {
                tracker.apply(change, Some(&mut value));
            }
            here = Some((to, value));
            look(tracker, to)
        })
    }

    /// The changes from a position on.
    pub(super) fn since(&self, position: usize) -> impl Iterator<Item = &Arc<Change>> {
        self.changes.range(position.min(self.changes.len())..)
    }

    /// A tracker with everything applied since a critical version.
    pub(super) fn track(&self, since: usize, tracker: impl FnOnce(Value) -> Tracker) -> Tracker {
        let mut tracker = tracker(self.value_at(since));
        for change in self.since(since) {
            tracker.apply(change, None);
        }
        tracker
    }

    /// Forgets the changes before a critical version: the newest that `may_go` admits, of those
    /// that leave at least `keep` changes. Gives how many went.
    pub(super) fn forget(&mut self, keep: usize, may_go: impl Fn(&VectorClock) -> bool) -> usize {
        let most = self.changes.len().saturating_sub(keep);
        // What may go, may go with all that is before it.
        let version = |at: usize| self.changes.get(at).map(|change| change.context());
        let may = |&at: &usize| at <= most && version(at).is_some_and(|version| may_go(&version));
        let last = self.critical.partition_point(may).checked_sub(1);
        let found = last.and_then(|last| self.critical.get(last)).and_then(|&at| Some((at, version(at)?)));
        let Some((count, version)) = found.filter(|&(count, _)| count > 0) else { return 0 };
        self.start.value = self.value_at(count);
        self.start.clock = version;
        for change in self.changes.drain(..count) {
            if let Some(changes) = self.by_author.get_mut(&change.author) {
                changes.pop_front();
            }
        }
        self.critical = self.critical.iter().filter_map(|at| at.checked_sub(count)).collect();
        let kept = self.values.split_off(&(count + 1));
        self.values = kept.into_iter().map(|(at, value)| (at - count, value)).collect();
        count
    }
}
