//! Changes that wait for their past.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Author, Change, ChangeId, Tick, VectorClock};

/// Changes that wait for their past, each filed under a change that it lacks.
#[derive(Default)]
pub(super) struct Pending {
    changes: BTreeMap<ChangeId, Arc<Change>>,
    waiting_for: FxHashMap<ChangeId, Vec<ChangeId>>,
    /// How many wait of each author.
    counts: FxHashMap<Author, usize>,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// How many wait of one author.
    pub(super) fn count_of(&self, author: Author) -> usize {
        self.counts.get(&author).copied().unwrap_or(0)
    }

    pub(super) fn get(&self, id: ChangeId) -> Option<&Arc<Change>> {
        self.changes.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.values().map(|change| &**change)
    }

    /// Files a change under what it lacks, given what is here.
    pub(super) fn wait(&mut self, change: Arc<Change>, lacks: ChangeId) {
        self.waiting_for.entry(lacks).or_default().push(change.id());
        *self.counts.entry(change.author).or_default() += 1;
        self.changes.insert(change.id(), change);
    }

    /// Takes out the changes that waited for one that is here now. They may lack others still.
    pub(super) fn woken_by(&mut self, id: ChangeId) -> Vec<Arc<Change>> {
        let woken = self.waiting_for.remove(&id).unwrap_or_default();
        let woken: Vec<_> = woken.into_iter().filter_map(|id| self.changes.remove(&id)).collect();
        for change in &woken {
            uncount(&mut self.counts, change.author);
        }
        woken
    }

    /// Drops those that will never be taken in.
    pub(super) fn discard(&mut self, is_vain: impl Fn(&Change) -> bool) {
        let counts = &mut self.counts;
        self.changes.retain(|_, change| {
            let stays = !is_vain(change);
            if !stays {
                uncount(counts, change.author);
            }
            stays
        });
    }

    /// What must still be fetched: runs of ticks, first and last.
    pub(super) fn missing(&self, clock: &VectorClock) -> Vec<(Author, Tick, Tick)> {
        let mut needed = VectorClock::new();
        for change in self.changes.values().map(|change| &**change) {
            needed.join(&change.context());
        }
        let mut missing = Vec::new();
        for (author, last) in needed.iter() {
            let mut next = clock.get(author) + 1;
            let first = ChangeId { author, tick: next };
            for (here, _) in self.changes.range(first..=ChangeId { author, tick: last.max(next) }) {
                if here.tick > next {
                    missing.push((author, next, here.tick - 1));
                }
                next = here.tick + 1;
            }
            if next <= last {
                missing.push((author, next, last));
            }
        }
        missing
    }
}

/// One change less of an author waits.
fn uncount(counts: &mut FxHashMap<Author, usize>, author: Author) {
    if let Entry::Occupied(mut count) = counts.entry(author) {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

/// A change of a context that somebody with this clock lacks: the last of the first author of
/// whom it lacks any. A change filed under it is woken once an author, not at every arrival.
pub(super) fn lacking(context: &VectorClock, clock: &VectorClock) -> Option<ChangeId> {
    if clock.covers(context) {
        return None;
    }
    let (author, tick) = context.iter().find(|&(author, tick)| clock.get(author) < tick)?;
    Some(ChangeId { author, tick })
}
