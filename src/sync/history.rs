//! The remembered changes in stamp order, and the versions that everything later has seen.

use std::collections::VecDeque;
use std::sync::Arc;

use super::order::Order;
use super::tracker::Tracker;
use super::{Author, Change, ChangeId, Checkpoint, VectorClock};
use crate::document::{Former, Source, Value};

/// Documents held, at most: older versions are made again from the one before them.
const HELD: usize = 8;

/// The remembered changes in stamp order. Positions count from the oldest remembered, 0.
///
/// A version is the set of changes before a position. It is **critical** when every change from
/// there on has seen all of it: there the document is plain JSON and no bookkeeping reaches
/// across (Gentle & Kleppmann, `EuroSys` 2025).
///
/// Where changes have seen all before them, no document but the one of now is held: older ones
/// are made by taking changes back, the newest first, with what each of them removed. Where a
/// window opens the document is held, for concurrent changes cannot be taken back so. All of it:
///
/// ```text
/// positions  0 ··········· 40 ··· 55 ··· 90 now
///            └── formers ──┴ held └ formers ┘
///                           concurrent: replayed from 40
/// ```
pub(super) struct History {
    /// The text the document was first read from.
    source: Source,
    /// The version before the oldest change.
    start: VectorClock,
    changes: Order,
    /// Positions of critical versions, ascending; the first is always 0.
    critical: Vec<usize>,
    /// Documents at some critical versions, the oldest first.
    held: Vec<Held>,
    /// What the newest changes have removed: so many versions are reached from the one of now.
    formers: VecDeque<Former>,
    /// Each author's remembered changes, by tick; the authors in order.
    by_author: Vec<(Author, VecDeque<Arc<Change>>)>,
}

/// A document at a critical version.
struct Held {
    at: usize,
    value: Value,
    /// What the changes just before it have removed.
    formers: VecDeque<Former>,
}

impl Held {
    /// The oldest version reached from this one.
    fn first(&self) -> usize {
        self.at - self.formers.len()
    }
}

impl History {
    /// A history that begins at a checkpoint, whose value the caller keeps as the document of now.
    /// It is held until it is forgotten: who edits apart starts from there.
    pub(super) fn new(source: Source, start: VectorClock, value: Value) -> Self {
        Self {
            source,
            start,
            changes: Order::default(),
            critical: Vec::new(),
            held: vec![Held { at: 0, value, formers: VecDeque::new() }],
            formers: VecDeque::new(),
            by_author: Vec::new(),
        }
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
        self.changes.len()
    }

    /// In the total order.
    pub(super) fn changes(&self) -> impl DoubleEndedIterator<Item = &Arc<Change>> + ExactSizeIterator {
        self.changes.iter()
    }

    pub(super) fn get(&self, id: ChangeId) -> Option<&Arc<Change>> {
        let (_, changes) = self.by_author.get(self.find_author(id.author).ok()?)?;
        let first = changes.front()?.tick();
        changes.get(usize::try_from(id.tick.checked_sub(first)?).ok()?)
    }

    /// The changes that somebody with `clock` has not seen, in the total order. Costs no more than
    /// there are of them.
    pub(super) fn unseen(&self, clock: &VectorClock) -> Vec<&Arc<Change>> {
        let mut unseen: Vec<&Arc<Change>> = Vec::new();
        for (author, changes) in &self.by_author {
            let Some(first) = changes.front() else { continue };
            let seen = (clock.get(*author) + 1).saturating_sub(first.tick());
            let seen = usize::try_from(seen).map_or(changes.len(), |seen| seen.min(changes.len()));
            unseen.extend(changes.range(seen..));
        }
        unseen.sort_by_cached_key(|change| change.stamp());
        unseen
    }

    /// Adds a change that has seen everything here, with what it has removed.
    pub(super) fn push(&mut self, change: Arc<Change>, former: Former) {
        self.critical.push(self.changes.len());
        self.formers.push_back(former);
        self.index(&change);
        self.changes.push(change);
    }

    /// Holds the document at a critical version, so that what is after it need not be taken back.
    pub(super) fn hold(&mut self, at: usize, now: &Value) {
        let next = self.held.partition_point(|held| held.at < at);
        if self.held.get(next).is_some_and(|held| held.at == at) {
            return;
        }
        let value = self.value_at(at, now);
        let (first, after) = match self.held.get_mut(next) {
            Some(held) => (held.first(), &mut held.formers),
            None => (self.changes.len() - self.formers.len(), &mut self.formers),
        };
        let mut formers = VecDeque::new();
        if let Some(count) = at.checked_sub(first) {
            let rest = after.split_off(count);
            formers = std::mem::replace(after, rest);
        }
        self.held.insert(next, Held { at, value, formers });
        if self.held.len() > HELD {
            // Never the first: what is before it is reached from there alone.
            self.held.remove(if next == 1 { 2 } else { 1 });
        }
    }

    /// Adds a change that is concurrent to some here: it belongs after the newest critical version
    /// that its author had seen, which is at `since`. The document there or before must be held.
    pub(super) fn insert(&mut self, change: Arc<Change>, since: usize) {
        let remain = self.critical.partition_point(|&critical| critical <= since);
        self.critical.truncate(remain.max(1));
        self.held.retain(|held| held.at <= since);
        self.formers.clear();
        self.index(&change);
        self.changes.insert(change);
    }

    fn index(&mut self, change: &Arc<Change>) {
        let at = self.find_author(change.author).unwrap_or_else(|at| {
            self.by_author.insert(at, (change.author, VecDeque::new()));
            at
        });
        if let Some((_, changes)) = self.by_author.get_mut(at) {
            changes.push_back(change.clone());
        }
    }

    /// Where an author is, or would be.
    fn find_author(&self, author: Author) -> Result<usize, usize> {
        self.by_author.binary_search_by_key(&author, |&(author, _)| author)
    }

    /// The critical version at or before a position.
    pub(super) fn critical_before(&self, position: usize) -> usize {
        let after = self.critical.partition_point(|&critical| critical <= position);
        after.checked_sub(1).and_then(|at| self.critical.get(at)).copied().unwrap_or(0)
    }

    /// Whether there is a critical version after the start and at most so many changes from it.
    pub(super) fn has_critical_within(&self, count: usize) -> bool {
        self.critical.get(1).is_some_and(|&critical| critical <= count)
    }

    /// The newest critical version that somebody with this clock has seen.
    pub(super) fn critical_within(&self, clock: &VectorClock) -> Option<usize> {
        if !clock.covers(&self.start) {
            return None;
        }
        let is_seen =
            |&critical: &usize| self.changes.get(critical).is_none_or(|change| change.follows(clock));
        // Where several edit at once it is mostly the newest.
        if let Some(newest) = self.critical.last().filter(|newest| is_seen(newest)) {
            return Some(*newest);
        }
        let seen = self.critical.partition_point(is_seen);
        seen.checked_sub(1).and_then(|at| self.critical.get(at)).copied().or(Some(0))
    }

    /// Where a change stands.
    pub(super) fn position(&self, id: ChangeId) -> Option<usize> {
        let stamp = self.get(id)?.stamp();
        Some(self.changes.place_of(stamp))
    }

    /// The document at a critical version, given the one of now.
    pub(super) fn value_at(&self, at: usize, now: &Value) -> Value {
        let next = self.held.partition_point(|held| held.at < at);
        let after = match self.held.get(next) {
            Some(held) => Some((&held.value, held.at, &held.formers)),
            None => Some((now, self.changes.len(), &self.formers)),
        };
        let after = after.filter(|(_, from, formers)| from - at <= formers.len());
        let before = next.checked_sub(1).and_then(|before| self.held.get(before));
        match (before, after) {
            (Some(held), Some((.., from, _))) if at - held.at < from - at => {
                self.fold(held.value.clone(), held.at, at)
            }
            (_, Some((value, from, formers))) => self.rewound(value.clone(), from, formers, at),
            (Some(held), None) => self.fold(held.value.clone(), held.at, at),
            (None, None) => now.clone(),
        }
    }

    /// Takes changes back from one critical version to an earlier one.
    fn rewound(&self, mut value: Value, from: usize, formers: &VecDeque<Former>, to: usize) -> Value {
        let formers = formers.range(formers.len() - (from - to)..);
        for (change, former) in self.changes.range(to..from).zip(formers).rev() {
            value.rewind(&change.path, &change.method, former.clone());
        }
        value
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
            for change in self.changes.range(from..to) {
                tracker.apply(change, Some(&mut value));
            }
            here = Some((to, value));
            look(tracker, to)
        })
    }

    /// The changes from a position on.
    pub(super) fn since(&self, position: usize) -> impl Iterator<Item = &Arc<Change>> {
        self.changes.range(position..self.changes.len())
    }

    /// A tracker with everything applied since a critical version, given the document of now.
    pub(super) fn track(&self, since: usize, now: &Value, tracker: impl FnOnce(Value) -> Tracker) -> Tracker {
        let mut tracker = tracker(self.value_at(since, now));
        let first = self.critical.partition_point(|&critical| critical < since);
        let mut critical = self.critical.iter().copied().skip(first).peekable();
        for (at, change) in (since..).zip(self.since(since)) {
            if critical.next_if_eq(&at).is_some() {
                tracker.apply_latest(change);
            } else {
                tracker.apply(change, None);
            }
        }
        tracker
    }

    /// Forgets the changes before a critical version: the newest that `may_go` admits, of those
    /// that leave at least `keep` changes. Gives how many went. `is_open` says whether a window is,
    /// which may have begun before them.
    pub(super) fn forget(
        &mut self, keep: usize, is_open: bool, now: &Value, may_go: impl Fn(&VectorClock) -> bool,
    ) -> usize {
        let most = self.changes.len().saturating_sub(keep);
        // What may go, may go with all that is before it.
        let version = |at: usize| self.changes.get(at).map(|change| change.context());
        let may = |&at: &usize| at <= most && version(at).is_some_and(|version| may_go(&version));
        let last = self.critical.partition_point(may).checked_sub(1);
        let found = last.and_then(|last| self.critical.get(last)).and_then(|&at| Some((at, version(at)?)));
        let Some((count, version)) = found.filter(|&(count, _)| count > 0) else { return 0 };
        let next = self.held.partition_point(|held| held.at < count);
        let first = self.held.get(next).map_or(self.changes.len() - self.formers.len(), Held::first);
        // The next late change of an open window cuts off what leads back from now.
        if first > count || is_open && self.held.first().is_some_and(|held| held.at < count) {
            self.hold(count, now);
        }
        self.start = version;
        for (_, changes) in &mut self.by_author {
            let kept = changes.iter().position(|change| !self.start.saw(change.id()));
            changes.drain(..kept.unwrap_or(changes.len()));
        }
        self.by_author.retain(|(_, changes)| !changes.is_empty());
        self.changes.remove_first(count);
        let gone = self.critical.partition_point(|&at| at < count);
        self.critical.drain(..gone);
        self.critical.iter_mut().for_each(|at| *at -= count);
        self.held.retain(|held| held.at >= count);
        for held in &mut self.held {
            held.at -= count;
            held.formers.drain(..held.formers.len().saturating_sub(held.at));
        }
        self.formers.drain(..self.formers.len().saturating_sub(self.changes.len()));
        count
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::{Method, Path};
    use crate::sync::Replica;

    /// A small generator, so that a failure can be had again.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % 1_000_003).unwrap() % bound
        }

        fn edit(&mut self) -> (String, Method) {
            let (key, at) = (self.below(24), i64::try_from(self.below(30)).unwrap());
            let value = Value::from(u64::try_from(self.below(1_000)).unwrap());
            let splice = |items| Method::Splice { start: at, count: at % 3, items };
            match self.below(8) {
                0 | 1 => (format!("/m/{key}"), Method::Set(value)),
                2 => (format!("/m/{key}"), Method::Delete),
                3 => {
                    let entry = |key: usize| (key.to_string().as_str().into(), value.clone());
                    ("/m".to_owned(), Method::Merge(Value::object([entry(key), entry(key + 1)])))
                }
                4 => ("/l".to_owned(), splice(vec![value])),
                5 => ("/s".to_owned(), splice(vec![Value::string(if key < 12 { "ab" } else { "\n" })])),
                6 => (format!("/l/{at}"), Method::Delete),
                _ => (format!("/n/{key}/{at}"), Method::Set(value)),
            }
        }
    }

    #[test]
    fn where_a_history_starts_is_what_its_changes_lead_on_from() {
        let text = format!(r#"{{"m":{{"0":0,"1":1}},"l":[1,2,3],"s":"{}","n":{{}}}}"#, "x".repeat(300));
        for seed in 1..20 {
            let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
            let start = Checkpoint::read(&text).unwrap();
            let mut replicas = [1, 2, 3].map(|author| Replica::new(Author(author), start.clone(), 40));
            let mut log: Vec<Arc<Change>> = Vec::new();
            let mut seen = [0; 3];
            for round in 0..300 {
                // At times all wait for each other, at times nobody does.
                let patience = if round / 60 % 2 == 0 { 1 } else { 12 };
                let at = numbers.below(3);
                let (path, method) = numbers.edit();
                let path = Path::read(&path, replicas[at].value()).unwrap();
                log.extend(replicas[at].edit(path, method));
                for (replica, seen) in replicas.iter_mut().zip(&mut seen) {
                    if numbers.below(patience) == 0 {
                        assert!(replica.receive(log[*seen..].iter().cloned()).refused.is_empty());
                        *seen = log.len();
                    }
                }
                let clocks = replicas.each_ref().map(|replica| replica.clock().clone());
                let replica = &mut replicas[at];
                replica.acknowledged(&clocks);
                let mut joiner = Replica::new(Author(9), replica.checkpoint(), 40);
                joiner.receive(replica.history().cloned());
                assert_eq!(
                    joiner.value().to_string(),
                    replica.value().to_string(),
                    "seed {seed} round {round}"
                );
                assert_eq!(joiner.clock(), replica.clock());
            }
        }
    }
}
