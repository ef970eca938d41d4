//! Paths that lead everyone to the same map or array, found once.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::content::Content;
use super::{Entries, EntryId, NodeId, Slot, Tracker};
use crate::document::{Path, Step};

/// Where paths have led, by a hash of their steps. Of two with one hash the later is kept.
#[derive(Default)]
pub(super) struct Ways(FxHashMap<u64, Way>);

/// A path of which the first steps led to a map or an array.
struct Way {
    path: Path,
    steps: usize,
    holder: EntryId,
    /// What the map or array is.
    node: NodeId,
    /// How many moves had been made.
    moves: u64,
}

/// Texts that are spelled differently may hash differently though they are equal.
fn hash(steps: &[Step]) -> u64 {
    hasher(steps).finish()
}

/// A hash of some steps that others can be added to.
pub(super) fn hasher(steps: &[Step]) -> FxHasher {
    let mut hasher = FxHasher::default();
    for step in steps {
        match step {
            Step::Key(key) => key.hash_spelling(&mut hasher),
            Step::Index(index) => index.hash(&mut hasher),
        }
    }
    hasher
}

impl Tracker {
    /// Where a path to a key leads, if its map has been found before and nothing has been moved
    /// since.
    pub(super) fn known_way(&self, steps: &[Step]) -> Option<Slot> {
        let (Step::Key(key), above) = steps.split_last()? else { return None };
        let map = self.known_map(above)?;
        Some(Slot::Key([map].into_iter().collect(), key.clone()))
    }

    /// The map that some steps lead everyone to, if it has been found before and nothing has been
    /// moved since. It is on show there.
    pub(super) fn known_map(&self, steps: &[Step]) -> Option<EntryId> {
        if steps.is_empty() {
            return self.known_root();
        }
        self.known(steps).filter(|way| self.map(way.node).is_some()).map(|way| way.holder)
    }

    /// The same for an array.
    pub(super) fn known_list(&self, steps: &[Step]) -> Option<EntryId> {
        self.known(steps).filter(|way| self.list(way.node).is_some()).map(|way| way.holder)
    }

    fn known(&self, steps: &[Step]) -> Option<&Way> {
        let way = self.ways.0.get(&hash(steps)).filter(|way| way.moves == self.moves)?;
        (way.path.steps().get(..way.steps)? == steps).then_some(way)
    }

    fn add_way(&mut self, path: &Path, steps: usize, holder: EntryId) {
        let node = self.entry(holder).node;
        let way = Way { path: path.clone(), steps, holder, node, moves: self.moves };
        let hash = hash(path.steps().get(..steps).unwrap_or_default());
        self.ways.0.insert(hash, way);
    }

    /// Remembers that a path leads to an array in a slot, if that is so for everyone.
    pub(super) fn note_list(&mut self, path: &Path, slot: &Slot) {
        let (Slot::Key(maps, _), Some((_, above))) = (slot, path.steps().split_last()) else { return };
        let is_known = self.depth == 0
            && !self.is_recording()
            && self.known_map(above).is_some_and(|map| maps.as_slice() == [map]);
        if is_known
            && self.is_the_same_for_all(slot)
            && let Some(&[holder]) = self.held(slot).map(Entries::as_slice)
            && self.list(self.entry(holder).node).is_some()
        {
            self.add_way(path, path.steps().len(), holder);
        }
    }

    /// The map that the document is for everyone, if it is.
    fn known_root(&self) -> Option<EntryId> {
        let &[root] = self.root.as_slice() else { return None };
        let entry = self.entry(root);
        let is_plain = entry.removed.is_empty() && entry.added().is_none();
        (is_plain && self.map(entry.node).is_some()).then_some(root)
    }

    /// Remembers where a path to a key has led, if it leads there for everyone until something
    /// is moved: when nothing on the way has been written, removed or shifted.
    pub(super) fn note_way(&mut self, path: &Path, slots: &[Slot]) {
        let Some((last, way)) = slots.split_last() else { return };
        if way.len() < 2 || self.depth > 0 {
            return;
        }
        let Slot::Key(maps, _) = last else { return };
        let (&[map], Some((_, above))) = (maps.as_slice(), path.steps().split_last()) else { return };
        // What has no records inside does not count as moved, wherever it goes.
        let is_known = !matches!(self.content(self.entry(map).node), Content::Plain(_));
        if is_known && way.iter().all(|slot| self.is_the_same_for_all(slot)) {
            self.add_way(path, above.len(), map);
        }
    }

    /// Whether a slot has held one value all along, at the same place.
    fn is_the_same_for_all(&self, slot: &Slot) -> bool {
        let is_plain = match slot {
            Slot::Root => true,
            Slot::Key(maps, _) => maps.len() == 1,
            Slot::Item(list, _) => self.list(self.entry(*list).node).is_some_and(|list| list.items.is_none()),
        };
        let Some(&[only]) = self.held(slot).map(Entries::as_slice) else { return false };
        let entry = self.entry(only);
        is_plain && entry.added().is_none() && entry.removed.is_empty()
    }
}
