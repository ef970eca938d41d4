//! The remembered changes, their order, and the versions that everything later has seen.

mod critical;
mod log;
mod order;
mod run;

use std::sync::Arc;

use super::tracker::{Tracker, merge};
use super::{Author, Change, ChangeId, Checkpoint, Tick, VectorClock};
use crate::document::{Former, Source, Value};
use critical::Critical;
use log::{Log, Piece};
use order::Merge;

/// Documents held, at most: older versions are made again from the one before them.
const HELD: usize = 8;

/// The remembered changes: a log for each author, in which typing takes a few bytes a keystroke.
/// The total order is that of the stamps; positions in it count from the oldest remembered, 0.
///
/// A version is the set of changes before a position. It is **critical** when every change from
/// there on has seen all of it: there the document is plain JSON and no bookkeeping reaches
/// across (Gentle & Kleppmann, `EuroSys` 2025). The clock of the first change after it says how
/// many changes there are before, so what comes before a critical version is what has a lower sum.
///
/// Where changes have seen all before them, no document but the one of now is held: older ones
/// are made by taking changes back, the newest first, with what each of them removed. Where a
/// window opens the document is held, for concurrent changes cannot be taken back so. All of it:
///
/// ```text
/// positions  0 ··········· 40 ··· 55 ··· 90 now
///            └── taken back ┴ held └ back ─┘
///                           concurrent: replayed from 40
/// ```
pub(super) struct History {
    /// The text the document was first read from.
    source: Source,
    /// The version before the oldest change.
    start: VectorClock,
    /// What each author did; the authors in order.
    logs: Vec<Log>,
    /// How many changes there are.
    len: usize,
    /// The first is always 0.
    critical: Critical,
    /// Documents at some critical versions, the oldest first.
    held: Vec<Held>,
}

/// A document at a critical version.
struct Held {
    at: usize,
    value: Value,
}

impl History {
    /// A history that begins at a checkpoint, whose value the caller keeps as the document of now.
    /// It is held until it is forgotten: who edits apart starts from there.
    pub(super) fn new(source: Source, start: VectorClock, value: Value) -> Self {
        let held = vec![Held { at: 0, value }];
        Self { source, start, logs: Vec::new(), len: 0, critical: Critical::default(), held }
    }

    /// The text the document was first read from.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// What had been seen where the history starts.
    pub(super) fn start(&self) -> &VectorClock {
        &self.start
    }

    /// Where the history starts, given the document of now.
    pub(super) fn checkpoint(&self, now: &Value) -> Checkpoint {
        Checkpoint { source: self.source.clone(), value: self.value_at(0, now), clock: self.start.clone() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// In the total order.
    pub(super) fn changes(&self) -> impl ExactSizeIterator<Item = &Arc<Change>> {
        self.between(0, self.len)
    }

    pub(super) fn get(&self, id: ChangeId) -> Option<&Arc<Change>> {
        self.log(id.author)?.change(id.tick)
    }

    /// What the author of a change had seen of others, and of its own a part at least.
    pub(super) fn sight(&self, id: ChangeId) -> Option<&VectorClock> {
        self.log(id.author)?.sight(id.tick)
    }

    /// The clock of a change.
    pub(super) fn clock(&self, id: ChangeId) -> Option<VectorClock> {
        self.log(id.author)?.clock(id.tick)
    }

    fn log(&self, author: Author) -> Option<&Log> {
        self.logs.get(self.find_author(author).ok()?)
    }

    /// Where an author is, or would be.
    fn find_author(&self, author: Author) -> Result<usize, usize> {
        self.logs.binary_search_by_key(&author, |log| log.author)
    }

    /// The lowest sum of a change at a critical version or after it.
    fn sum_at(&self, critical: usize) -> u64 {
        self.start.sum() + critical as u64 + 1
    }

    /// The changes between two critical versions, or one and the end, in the total order.
    fn between(&self, from: usize, to: usize) -> Merge<'_> {
        let end = if to < self.len { self.sum_at(to) } else { u64::MAX };
        Merge::between(&self.logs, self.sum_at(from), end, to - from)
    }

    /// Adds a change that has seen everything here, with what it has removed.
    pub(super) fn push(&mut self, change: &Arc<Change>, former: Former) {
        self.critical.push(self.len);
        self.add(change, Some(former));
    }

    fn add(&mut self, change: &Arc<Change>, former: Option<Former>) {
        let at = self.find_author(change.author).unwrap_or_else(|at| {
            self.logs.insert(at, Log::new(change.author));
            at
        });
        if let Some(log) = self.logs.get_mut(at) {
            log.push(change, former);
            self.len += 1;
        }
    }

    /// Holds the document at a critical version, so that what is after it need not be taken back.
    pub(super) fn hold(&mut self, at: usize, now: &Value) {
        let next = self.held.partition_point(|held| held.at < at);
        if self.held.get(next).is_some_and(|held| held.at == at) {
            return;
        }
        let value = self.value_at(at, now);
        self.held.insert(next, Held { at, value });
        if self.held.len() > HELD {
            // Never the first: what is before it is reached from there alone.
            self.held.remove(if next == 1 { 2 } else { 1 });
        }
    }

    /// Adds a change that is concurrent to some here, whose author had seen the critical version
    /// `since` and none after it. The document there, or at one before, must be held.
    pub(super) fn insert(&mut self, change: &Arc<Change>, since: usize) {
        if let Some(next) = self.critical.after(since) {
            self.critical.truncate(since);
            self.held.retain(|held| held.at <= since);
            // What has been removed between the two has been let go before, if there is anything.
            let from = self.sum_at(if next == since + 1 { since } else { next });
            self.logs.iter_mut().for_each(|log| log.drop_formers(from));
        }
        self.add(change, None);
    }

    /// The critical version at or before a position.
    pub(super) fn critical_before(&self, position: usize) -> usize {
        self.critical.at_or_before(position).unwrap_or(0)
    }

    /// Whether there is a critical version after the start and at most so many changes from it.
    pub(super) fn has_critical_within(&self, count: usize) -> bool {
        self.critical.after(0).is_some_and(|critical| critical <= count)
    }

    /// The newest critical version that somebody with this clock has seen.
    pub(super) fn critical_within(&self, clock: &VectorClock) -> Option<usize> {
        if !clock.covers(&self.start) {
            return None;
        }
        // The first change that they have not seen comes after it.
        let unseen = self.logs.iter().filter_map(|log| log.sum(clock.get(log.author) + 1)).min();
        let most = unseen.map_or(self.len, |sum| usize::try_from(sum - self.start.sum()).unwrap_or(0));
        Some(self.critical_before(if unseen.is_some() { most.saturating_sub(1) } else { most }))
    }

    /// Where a change stands.
    pub(super) fn position(&self, id: ChangeId) -> Option<usize> {
        let sum = self.log(id.author)?.sum(id.tick)?;
        // Of those with the same sum the lower authors come first.
        let before = |log: &Log| log.count_below(if log.author < id.author { sum + 1 } else { sum });
        Some(self.logs.iter().map(before).sum())
    }

    /// Whether the document at a critical version is made by taking changes back from a later one,
    /// or from the end.
    fn leads_back(&self, to: usize, from: usize) -> bool {
        to == from || self.critical.around(to).is_some_and(|stretch| from <= stretch.end)
    }

    /// The document at a critical version, given the one of now.
    pub(super) fn value_at(&self, at: usize, now: &Value) -> Value {
        let next = self.held.partition_point(|held| held.at < at);
        let (from, value) = self.held.get(next).map_or((self.len, now), |held| (held.at, &held.value));
        let after = self.leads_back(at, from).then_some((from, value));
        let before = next.checked_sub(1).and_then(|before| self.held.get(before));
        match (before, after) {
            (Some(held), Some((from, _))) if at - held.at < from - at => {
                self.fold(held.value.clone(), held.at, at)
            }
            (_, Some((from, value))) => self.rewound(value.clone(), from, at),
            (Some(held), None) => self.fold(held.value.clone(), held.at, at),
            (None, None) => now.clone(),
        }
    }

    /// Takes changes back from one critical version, or the end, to an earlier one.
    fn rewound(&self, mut value: Value, from: usize, to: usize) -> Value {
        let pieces: Vec<Piece<'_>> = self.between(to, from).pieces().collect();
        pieces.iter().rev().for_each(|piece| piece.rewind(&mut value));
        value
    }

    /// Replays from one critical version to another (or to the end).
    fn fold(&self, mut value: Value, from: usize, to: usize) -> Value {
        let mut at = from;
        while at < to {
            let stretch = self.critical.around(at).map_or(at, |stretch| stretch.end - 1).min(to);
            for piece in self.between(at, stretch).pieces() {
                piece.for_each(|change| {
                    // Void where it does not resolve, like everywhere.
                    let _ = value.apply(&change.path, &change.method);
                });
            }
            at = self.critical.after(stretch).unwrap_or(self.len).min(to);
            if at > stretch {
                let mut tracker = Tracker::new(value.clone());
                for change in self.between(stretch, at) {
                    tracker.apply(change, Some(&mut value));
                }
            }
        }
        value
    }

    /// The stretches between critical versions in which changes were concurrent.
    fn windows(&self) -> impl Iterator<Item = (usize, usize)> {
        let ends = self.critical.stretches().iter().skip(1).map(|stretch| stretch.start).chain([self.len]);
        let from = self.critical.stretches().iter().map(|stretch| stretch.end - 1);
        from.zip(ends).filter(|(from, to)| to - from > 1)
    }

    /// Replays each concurrent stretch by itself, with what is between them as plain JSON, and
    /// shows its tracker and where it ends to `look`, until that gives something.
    pub(super) fn find_in_windows<R>(
        &self, now: &Value, tracker: impl Fn(Value) -> Tracker,
        mut look: impl FnMut(Tracker, usize) -> Option<R>,
    ) -> Option<R> {
        let mut here: Option<(usize, Value)> = None;
        self.windows().find_map(|(from, to)| {
            let mut value = match here.take() {
                Some((at, value)) => self.fold(value, at, from),
                None => self.value_at(from, now),
            };
            let mut tracker = tracker(value.clone());
            for change in self.between(from, to) {
                tracker.apply(change, Some(&mut value));
            }
            here = Some((to, value));
            look(tracker, to)
        })
    }

    /// The changes from a critical version on.
    pub(super) fn since(&self, critical: usize) -> impl Iterator<Item = &Arc<Change>> {
        self.between(critical, self.len)
    }

    /// The changes that somebody with this clock has not seen, in the total order. Costs no more than
    /// there are of them.
    pub(super) fn unseen(&self, clock: &VectorClock) -> impl Iterator<Item = &Arc<Change>> {
        Merge::unseen(&self.logs, clock)
    }

    /// A tracker with everything applied since a critical version, given the document of now.
    pub(super) fn track(&self, since: usize, now: &Value) -> Tracker {
        let mut tracker = Tracker::new(self.value_at(since, now));
        for piece in self.between(since, self.len).pieces() {
            // At a critical version each has seen all before it, and nothing beside it.
            let position = |sum: u64| usize::try_from(sum - self.sum_at(0)).unwrap_or(usize::MAX);
            let end = position(piece.sum()) + piece.offsets.len();
            let stretch = self.critical.around(position(piece.sum()));
            let has_seen_all = stretch.is_some_and(|stretch| end < stretch.end || end == self.len);
            // Typing is put in at once, whatever others had done.
            if has_seen_all && piece.offsets.len() == 1 {
                piece.for_each(|change| tracker.apply_latest(change));
            } else {
                piece.apply_to(&mut tracker);
            }
        }
        tracker
    }

    /// Merges everything since a critical version into the document of now, which may lack the
    /// newest, container by container. Says whether that could be done.
    pub(super) fn merge(&self, since: usize, now: &mut Value) -> bool {
        let pieces = self.between(since, self.len).pieces();
        let changes: Option<Vec<&Change>> = pieces.map(|piece| piece.only()).collect();
        changes.is_some_and(|changes| merge(&self.value_at(since, now), &changes, now))
    }

    /// What has been seen at a critical version.
    pub(super) fn clock_at(&self, critical: usize) -> VectorClock {
        let mut clock = self.start.clone();
        let sum = self.sum_at(critical);
        for log in &self.logs {
            clock.set(log.author, self.start.get(log.author) + log.count_below(sum) as Tick);
        }
        clock
    }

    /// Whether a critical version is the newest.
    pub(super) fn is_newest(&self, critical: usize) -> bool {
        self.critical.after(critical).is_none()
    }

    /// Forgets the changes before a critical version: the newest that somebody with this clock has
    /// seen, of those that leave at least `keep` changes. Gives how many went. `is_open` says
    /// whether a window is, which may have begun before them.
    pub(super) fn forget(&mut self, keep: usize, is_open: bool, now: &Value, seen: &VectorClock) -> usize {
        let within = self.critical_within(seen).map(|at| at.min(self.len.saturating_sub(keep)));
        let Some(count) = within.map(|at| self.critical_before(at)).filter(|&count| count > 0) else {
            return 0;
        };
        let next = self.held.partition_point(|held| held.at < count);
        let from = self.held.get(next).map_or(self.len, |held| held.at);
        // The next late change of an open window cuts off what leads back from now.
        let is_cut_off = is_open && self.held.first().is_some_and(|held| held.at < count);
        if is_cut_off || !self.leads_back(count, from) {
            self.hold(count, now);
        }
        let sum = self.sum_at(count);
        self.start = self.clock_at(count);
        for log in &mut self.logs {
            log.forget(sum);
            log.fold();
        }
        self.logs.retain(|log| log.len() > 0);
        self.len -= count;
        self.critical.forget(count);
        self.held.retain(|held| held.at >= count);
        self.held.iter_mut().for_each(|held| held.at -= count);
        count
    }
}

#[cfg(test)]
mod tests;
