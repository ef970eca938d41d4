//! Paths that lead everyone to the same map, found once.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::content::Content;
use super::{Entries, EntryId, Slot, Tracker};
use crate::document::{Path, Step};

/// Where paths have led, by a hash of all steps but the last. Of two with one hash the later is
/// kept.
#[derive(Default)]
pub(super) struct Ways(FxHashMap<u64, Way>);

/// A path to a key, and the map that all steps but the last led to.
struct Way {
    path: Path,
    map: EntryId,
    /// How many moves had been made.
    moves: u64,
}

/// Texts that are spelled differently may hash differently though they are equal.
fn hash(steps: &[Step]) -> u64 {
    let mut hasher = FxHasher::default();
    for step in steps {
        match step {
            Step::Key(key) => key.hash_spelling(&mut hasher),
            Step::Index(index) => index.hash(&mut hasher),
        }
    }
    hasher.finish()
}

impl Tracker {
    /// Where a path to a key leads, if its map has been found before and nothing has been moved
    /// since.
    pub(super) fn known_way(&self, path: &Path) -> Option<Slot> {
        let (Step::Key(key), above) = path.steps().split_last()? else { return None };
        let map = self.known_map(above)?;
        Some(Slot::Key([map].into_iter().collect(), key.clone()))
    }

    /// The map that some steps lead everyone to, if it has been found before and nothing has been
    /// moved since. It is on show there.
    pub(super) fn known_map(&self, steps: &[Step]) -> Option<EntryId> {
        let way = self.ways.0.get(&hash(steps)).filter(|way| way.moves == self.moves)?;
        let (_, known) = way.path.steps().split_last()?;
        (known == steps).then_some(way.map)
    }

    /// Remembers where a path to a key has led, if it leads there for everyone until something
    /// is moved: when nothing on the way has been written, removed or shifted.
    pub(super) fn note_way(&mut self, path: &Path, slots: &[Slot]) {
        let Some((last, way)) = slots.split_last() else { return };
        let Slot::Key(maps, _) = last else { return };
        let (&[map], Some((_, above))) = (maps.as_slice(), path.steps().split_last()) else { return };
        // What has no records inside does not count as moved, wherever it goes.
        let is_known = !matches!(self.content(self.entry(map).node), Content::Plain(_));
        if is_known && way.iter().all(|slot| self.is_the_same_for_all(slot)) {
            self.ways.0.insert(hash(above), Way { path: path.clone(), map, moves: self.moves });
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
