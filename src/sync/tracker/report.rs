//! What can be read off the bookkeeping: conflicts, lost edits, what a change did, and where a
//! place is now.

use super::{Content, EntryId, Slot, Tracker, View};
use super::{NodeId, Owner};
use crate::document::{Path, Step, Value};
use crate::sync::{Change, ChangeId, Conflict, VectorClock};

/// One thing that a change did.
#[derive(Clone, Debug)]
pub(in crate::sync) enum Effect {
    /// Wrote a value into a slot, in place of those it saw there.
    Wrote { slot: Slot, entry: EntryId, removed: Vec<EntryId> },
    /// Removed the values that it saw in a slot.
    Removed { slot: Slot, entries: Vec<EntryId> },
    /// Inserted an array item.
    Inserted { list: EntryId, item: usize, entry: EntryId },
    /// Inserted and removed characters of a string.
    Spliced { string: EntryId, inserted: Vec<usize>, removed: Vec<usize> },
}

/// What a change did, and the containers on the way to it, outermost first.
#[derive(Clone, Debug)]
pub(in crate::sync) struct Record {
    pub(in crate::sync) id: ChangeId,
    pub(in crate::sync) containers: Vec<Vec<EntryId>>,
    pub(in crate::sync) effects: Vec<Effect>,
}

impl Tracker {
    pub(super) fn record(&mut self, id: ChangeId, containers: Vec<Vec<EntryId>>, effects: Vec<Effect>) {
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
            self.conflicts_in(&child, &path.child(step), conflicts);
        }
    }

    /// The values to choose from in a slot, the one shown first. Mergeable maps are one value.
    fn sides(&mut self, living: &[EntryId]) -> Vec<(ChangeId, Value)> {
        let mut rest = living.to_vec();
        rest.sort_by_key(|&entry| self.entry(entry).added);
        let mut sides = Vec::new();
        while let Some(winner) = self.winner(&rest) {
            let side = self.shown_of(&rest);
            rest.retain(|entry| !side.contains(entry));
            if let (Some(by), Some(value)) = (self.entry(winner).added, self.entries_value(&side, View::Now))
            {
                sides.push((by, value));
            }
        }
        sides
    }

    /// The children on show of which there are records.
    fn known_children(&self, shown: &[EntryId], first: EntryId) -> Vec<(Step, Slot)> {
        match &self.node(self.entry(first).node).content {
            Content::Plain(_) | Content::String(_) if shown.len() == 1 => Vec::new(),
            Content::List(list) => list
                .items
                .visible(View::Now, |slot| self.is_filled(slot, View::Now))
                .enumerate()
                .map(|(at, item)| (Step::Index(at), Slot::Item(first, item)))
                .collect(),
            Content::Plain(_) | Content::String(_) | Content::Map(_) => {
                let (_, keys) = self.map_parts(shown);
                let mut children: Vec<(Step, Slot)> = keys
                    .into_iter()
                    .map(|key| (Step::Key(key.clone()), Slot::Key(shown.to_vec(), key)))
                    .collect();
                // As the keys stand in the document, not as the changes came.
                children.sort_by_cached_key(|(_, slot)| {
                    self.living_known(slot, View::Now).iter().map(|&entry| self.entry(entry).place).min()
                });
                children
            }
        }
    }

    /// Where the slot that somebody with `clock` calls `path` is now; nothing if it is gone.
    pub(in crate::sync) fn locate(&mut self, clock: &VectorClock, path: &Path) -> Option<Path> {
        match self.follow(path.steps(), View::At(clock)).target {
            super::resolve::Target::Slot(slot) => self.path_of(&slot),
            super::resolve::Target::Missing(..)
            | super::resolve::Target::End(_)
            | super::resolve::Target::Nowhere => None,
        }
    }

    /// Where a slot is now; nothing if it is not on show.
    pub(in crate::sync) fn path_of(&self, slot: &Slot) -> Option<Path> {
        let mut steps = Vec::new();
        let owner = match slot {
            Slot::Root => return Some(Path::ROOT),
            Slot::Key(maps, key) => {
                let map = maps.iter().find(|&&map| self.steps_to(self.entry(map).node, &mut Vec::new()))?;
                Owner::Key(self.entry(*map).node, key.clone())
            }
            Slot::Item(list, item) => Owner::Item(self.entry(*list).node, *item),
        };
        self.step_up(&owner, &mut steps).then(|| {
            steps.reverse();
            steps.into_iter().collect()
        })
    }

    /// Adds the steps from a place up to the root, innermost first. False if it is not on show.
    fn step_up(&self, owner: &Owner, steps: &mut Vec<Step>) -> bool {
        let (step, node) = match owner {
            Owner::Root => return true,
            Owner::Key(node, key) => (Step::Key(key.clone()), *node),
            Owner::Item(node, item) => {
                let Content::List(list) = &self.node(*node).content else { return false };
                let place = list
                    .items
                    .order()
                    .iter()
                    .take_while(|&candidate| candidate != item)
                    .filter(|&&before| self.is_filled(list.items.payload(before), View::Now))
                    .count();
                (Step::Index(place), *node)
            }
        };
        steps.push(step);
        self.steps_to(node, steps)
    }

    fn steps_to(&self, node: NodeId, steps: &mut Vec<Step>) -> bool {
        let length = steps.len();
        self.node(node).owners.iter().any(|(entry, owner)| {
            steps.truncate(length);
            self.is_on_show(*entry, owner) && self.step_up(owner, steps)
        })
    }

    /// Whether an entry is shown by the slot that holds it.
    fn is_on_show(&self, entry: EntryId, owner: &Owner) -> bool {
        let entries: &[EntryId] = match owner {
            Owner::Root => &self.root,
            Owner::Key(node, key) => match &self.node(*node).content {
                Content::Map(map) => map.slot(key).unwrap_or_default(),
                Content::Plain(_) | Content::List(_) | Content::String(_) => &[],
            },
            Owner::Item(node, item) => match &self.node(*node).content {
                Content::List(list) => match list.items.payload(*item) {
                    super::ItemSlot::Entries(entries) => entries,
                    super::ItemSlot::Base(_) => &[],
                },
                Content::Plain(_) | Content::Map(_) | Content::String(_) => &[],
            },
        };
        let living: Vec<EntryId> =
            entries.iter().copied().filter(|&entry| self.is_visible(entry, View::Now)).collect();
        self.shown_of(&living).contains(&entry)
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
