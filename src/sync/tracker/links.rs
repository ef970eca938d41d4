//! What undo has put back, tied to what it once was.
//!
//! A value that undo restores is a new one to everybody. For the author's older changes, which
//! may be undone next, it is still the value that they wrote: these links say so.

use rustc_hash::FxHashMap;

use super::{Effect, EntryId, NodeId, Slot, Tracker};
use crate::sync::ChangeId;

/// What a change made by undo has restored: of which change, and for each item in turn the
/// number of that change's effect and, in a string, of the character it removed.
#[derive(Clone, Debug)]
pub(in crate::sync) struct Restoration {
    pub(in crate::sync) of: ChangeId,
    pub(in crate::sync) pieces: Vec<(usize, usize)>,
}

#[derive(Default)]
pub(super) struct Links {
    /// A restored value's entry, to the entry it restores.
    original: FxHashMap<EntryId, EntryId>,
    /// An item that was removed, to the one that stands for it now. In strings and arrays.
    successor: FxHashMap<(NodeId, usize), usize>,
    /// The same backwards.
    predecessor: FxHashMap<(NodeId, usize), usize>,
}

impl Links {
    fn succeed(&mut self, node: NodeId, was: usize, now: usize) {
        self.successor.insert((node, was), now);
        self.predecessor.insert((node, now), was);
    }
}

impl Tracker {
    /// Ties what the newest change restored to what it was.
    pub(in crate::sync) fn link(&mut self, restoration: &Restoration) {
        let records = self.records();
        let Some(new) = records.last().cloned() else { return };
        let Some(old) = records.iter().rev().find(|record| record.id == restoration.of).cloned() else {
            return;
        };
        let mut pieces = restoration.pieces.iter().map(|&(effect, at)| (old.effects.get(effect), at));
        for effect in &new.effects {
            match effect {
                Effect::Wrote { entry, .. } => {
                    if let Some((Some(from), _)) = pieces.next() {
                        self.link_entry(from, *entry);
                    }
                }
                Effect::Inserted { list, item, entry } => {
                    let Some((Some(from), _)) = pieces.next() else { continue };
                    if let Effect::Removed { slot: Slot::Item(_, was), .. } = from {
                        let node = self.entry(*list).node;
                        self.links.succeed(node, *was, *item);
                    }
                    self.link_entry(from, *entry);
                }
                Effect::Spliced { string, inserted, .. } => {
                    let node = self.entry(*string).node;
                    for (&item, (from, at)) in inserted.iter().zip(pieces.by_ref()) {
                        if let Some(Effect::Spliced { removed, .. }) = from
                            && let Some(&was) = removed.get(at)
                        {
                            self.links.succeed(node, was, item);
                        }
                    }
                }
                Effect::Removed { .. } => {}
            }
        }
    }

    /// Lets a restored value hold the very node of the one it restores.
    fn link_entry(&mut self, from: &Effect, entry: EntryId) {
        let (Effect::Removed { entries, .. } | Effect::Wrote { removed: entries, .. }) = from else { return };
        let &[old] = &*self.shown_of(entries) else { return };
        let node = self.entry(old).node;
        let owners = std::mem::take(&mut self.hanging_mut(self.entry(entry).node).owners);
        self.hanging_mut(node).owners.extend(owners);
        self.entry_mut(entry).node = node;
        self.moves += 1;
        self.links.original.insert(entry, old);
    }

    /// The entry that a restored one restores, however often.
    pub(super) fn original(&self, mut entry: EntryId) -> EntryId {
        while let Some(&older) = self.links.original.get(&entry) {
            entry = older;
        }
        entry
    }

    /// The item that stands for a removed one now.
    pub(super) fn successor(&self, node: NodeId, mut item: usize) -> usize {
        while let Some(&newer) = self.links.successor.get(&(node, item)) {
            item = newer;
        }
        item
    }

    /// The item that this one stands for, the first of them: where it belongs.
    pub(super) fn home(&self, node: NodeId, mut item: usize) -> usize {
        while let Some(&older) = self.links.predecessor.get(&(node, item)) {
            item = older;
        }
        item
    }

    /// The slot that stands for one now; maps that others made meanwhile may be shown as one with
    /// its own.
    pub(super) fn current(&mut self, slot: &Slot) -> Slot {
        match slot {
            Slot::Item(list, item) => Slot::Item(*list, self.successor(self.entry(*list).node, *item)),
            Slot::Key(maps, key) => {
                let stage = self.stage_of(maps);
                stage.map_or_else(|| slot.clone(), |stage| Slot::Key(stage.shown.clone(), key.clone()))
            }
            Slot::Root => slot.clone(),
        }
    }
}
