//! What can be read off the bookkeeping: conflicts, lost edits, what a change did, and where a
//! place is now.

use super::content::Content;
use super::resolve::Target;
use super::{Entries, EntryId, Slot, Tracker, View};
use crate::document::{Path, Step, Value, deep};
use crate::sync::{Change, ChangeId, Conflict, VectorClock};

/// One thing that a change did.
#[derive(Clone, Debug)]
pub(in crate::sync) enum Effect {
    /// Wrote a value into a slot, in place of those it saw there.
    Wrote { slot: Slot, entry: EntryId, removed: Entries },
    /// Removed the values that it saw in a slot.
    Removed { slot: Slot, entries: Entries },
    /// Inserted an array item.
    Inserted { list: EntryId, item: usize, entry: EntryId },
    /// Inserted and removed characters of a string.
    Spliced { string: EntryId, inserted: Vec<usize>, removed: Vec<usize> },
}

/// What a change did, and the containers on the way to it, outermost first.
#[derive(Clone, Debug)]
pub(in crate::sync) struct Record {
    pub(in crate::sync) id: ChangeId,
    pub(in crate::sync) containers: Vec<Entries>,
    pub(in crate::sync) effects: Vec<Effect>,
}

/// The place of a change, as its author saw it.
#[derive(Clone, Debug)]
pub(in crate::sync) struct Scope {
    pub(in crate::sync) slot: Slot,
    /// The values there.
    pub(in crate::sync) values: Entries,
    /// The values on the way there.
    pub(in crate::sync) containers: Vec<EntryId>,
}

impl Tracker {
    /// What somebody with `clock` saw at `path`; nothing if there is no slot for them there.
    pub(in crate::sync) fn scope(&mut self, path: &Path, clock: &VectorClock) -> Option<Scope> {
        let way = self.follow(path, View::At(clock));
        let Target::Slot(slot) = way.target else { return None };
        let values = self.living(&slot, View::At(clock));
        Some(Scope { slot, values, containers: way.containers.into_iter().flatten().collect() })
    }

    pub(super) fn record(&mut self, id: ChangeId, containers: Vec<Entries>, effects: Vec<Effect>) {
        if let Some(records) = &mut self.records {
            records.push(Record { id, containers, effects });
        }
    }

    /// What each change did, of those that did not turn out void.
    pub(in crate::sync) fn records(&self) -> &[Record] {
        self.records.as_deref().unwrap_or_default()
    }

    /// Who removed all of several values shown as one; nothing while one of them lives.
    pub(in crate::sync) fn removers(&self, container: &[EntryId]) -> Option<Vec<ChangeId>> {
        let removed: Vec<&[ChangeId]> = container.iter().map(|&map| &*self.entry(map).removed).collect();
        (!removed.iter().any(|by| by.is_empty())).then(|| removed.concat())
    }

    /// Every slot on show that holds several concurrent values, in document order.
    pub(in crate::sync) fn conflicts(&mut self) -> Vec<Conflict> {
        self.put_in();
        let mut conflicts = Vec::new();
        self.conflicts_in(&Slot::Root, &Path::ROOT, &mut conflicts);
        conflicts
    }

    fn conflicts_in(&mut self, slot: &Slot, path: &Path, conflicts: &mut Vec<Conflict>) {
        let living = self.living_known(slot, View::Now);
        let shown = self.shown_of(&living);
        let Some(&first) = shown.first() else { return };
        let sides = self.sides(&living);
        if sides.len() > 1 {
            conflicts.push(Conflict { path: path.clone(), values: sides });
        }
        for (step, child) in self.known_children(&shown, first) {
            deep(|| self.conflicts_in(&child, &path.child(step), conflicts));
        }
    }

    /// The values to choose from in a slot, the one shown first. Mergeable maps are one value.
    fn sides(&mut self, living: &[EntryId]) -> Vec<(ChangeId, Value)> {
        let mut rest = living.to_vec();
        rest.sort_by_key(|&entry| self.entry(entry).added());
        let mut sides = Vec::new();
        while let Some(winner) = self.winner(&rest) {
            let side = self.shown_of(&rest);
            rest.retain(|entry| !side.contains(entry));
            if let (Some(by), Some(value)) =
                (self.entry(winner).added(), self.entries_value(&side, View::Now))
            {
                sides.push((by, value));
            }
        }
        sides
    }

    /// The children on show of which there are records.
    fn known_children(&self, shown: &[EntryId], first: EntryId) -> Vec<(Step, Slot)> {
        match self.content(self.entry(first).node) {
            Content::Plain(_) | Content::String(_) if shown.len() == 1 => Vec::new(),
            Content::List(list) => {
                let node = self.entry(first).node;
                let mut items: Vec<(usize, usize)> = list
                    .slots
                    .keys()
                    .filter(|&&item| self.is_filled(node, item, View::Now))
                    .map(|&item| (list.position(item), item))
                    .collect();
                items.sort_unstable();
                items.into_iter().map(|(at, item)| (Step::Index(at), Slot::Item(first, item))).collect()
            }
            Content::Plain(_) | Content::String(_) | Content::Map(_) => {
                let (_, keys) = self.map_parts(shown);
                let mut children: Vec<(Step, Slot)> = keys
                    .into_iter()
                    .map(|key| (Step::Key(key.clone()), Slot::Key(shown.into(), key)))
                    .collect();
                // As the keys stand in the document, not as the changes came.
                children.sort_by_cached_key(|(_, slot)| {
                    self.living_known(slot, View::Now).iter().map(|&entry| self.place(entry)).min()
                });
                children
            }
        }
    }

    /// Where the slot is now that somebody with `clock` sees filled at `path`; nothing if it is
    /// empty or gone.
    pub(in crate::sync) fn locate(&mut self, clock: &VectorClock, path: &Path) -> Option<Path> {
        self.put_in();
        let Target::Slot(slot) = self.follow(path, View::At(clock)).target else { return None };
        let was_filled = !self.living(&slot, View::At(clock)).is_empty();
        let slot = self.current(&slot);
        let is_filled = !self.living(&slot, View::Now).is_empty();
        if was_filled && is_filled { self.path_of(&slot) } else { None }
    }
}

impl Record {
    /// Whether the change fell into a container that was removed by changes none of which had
    /// seen it.
    pub(in crate::sync) fn is_lost<'a>(
        &self, tracker: &Tracker, change_of: impl Fn(ChangeId) -> Option<&'a Change>,
    ) -> bool {
        self.containers.iter().any(|container| {
            tracker.removers(container).is_some_and(|removers| {
                !removers.iter().any(|&by| change_of(by).is_none_or(|by| by.clock.saw(self.id)))
            })
        })
    }
}
