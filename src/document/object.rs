//! The entries of a map, in order and by key.

use std::sync::Arc;

use imbl::OrdMap;

use super::list::{Holds, Iter, List, Run, inner_at, inner_count};
use super::source::Keys;
use super::{Text, Value};

/// Above this many keys an object keeps an index; below it, a scan is faster and smaller.
const INDEX_FROM: usize = 16;

/// The entries of a map. Keys are unique.
#[derive(Clone)]
pub(super) struct Object(Entries);

#[derive(Clone)]
enum Entries {
    Few(Vec<(Text, Value)>),
    /// Every entry gets an ordinal when it is appended; removals leave gaps between ordinals, so
    /// that nothing else needs to be renumbered.
    Many {
        entries: List<Entry>,
        /// Of the entries that are not read from a text.
        index: Index,
        /// Of those that are: their ordinals are their positions in the text.
        unread: Option<Arc<Keys>>,
        next: usize,
    },
}

/// Finds keys in a large object. A tree, not a hash table: keys come from strangers, who could
/// choose them to collide.
type Index = OrdMap<Text, usize>;

#[derive(Clone)]
pub(super) struct Entry {
    ordinal: usize,
    entry: (Text, Value),
}

/// An entry taken out of a map, and where it was.
#[derive(Clone)]
pub(crate) struct Taken {
    position: usize,
    /// Among many entries; among few, the position.
    ordinal: usize,
    pub(super) entry: (Text, Value),
}

impl Default for Object {
    fn default() -> Self {
        Self(Entries::Few(Vec::new()))
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Entries::Many { entries, .. }, Entries::Many { entries: others, .. }) => {
                entries.is_equal_by(others, |left, right| left.entry == right.entry)
            }
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Eq for Object {}

impl Entry {
    pub(super) fn new(ordinal: usize, entry: (Text, Value)) -> Self {
        Self { ordinal, entry }
    }
}

impl Holds for Entry {
    fn value(&self) -> &Value {
        &self.entry.1
    }
}

impl Holds for (Text, Value) {
    fn value(&self) -> &Value {
        &self.1
    }
}

impl Object {
    /// A map that stands in a text.
    pub(super) fn of_pages(entries: List<Entry>, keys: Keys) -> Self {
        let next = entries.len();
        Self(Entries::Many { entries, index: Index::default(), unread: Some(Arc::new(keys)), next })
    }

    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Entries::Few(entries) => entries.len(),
            Entries::Many { entries, .. } => entries.len(),
        }
    }

    pub(super) fn iter(&self) -> EntryIter<'_> {
        match &self.0 {
            Entries::Few(entries) => EntryIter::Few(entries.iter()),
            Entries::Many { entries, .. } => EntryIter::Many(entries.iter()),
        }
    }

    pub(super) fn entry(&self, at: usize) -> Option<&(Text, Value)> {
        match &self.0 {
            Entries::Few(entries) => entries.get(at),
            Entries::Many { entries, .. } => entries.get(at).map(|entry| &entry.entry),
        }
    }

    pub(super) fn position(&self, key: &Text) -> Option<usize> {
        match &self.0 {
            Entries::Few(entries) => entries.iter().position(|(candidate, _)| candidate == key),
            Entries::Many { entries, index, unread, .. } => {
                let place = |ordinal| entries.partition_point(|entry| entry.ordinal < ordinal);
                if let Some(ordinal) = index.get(key) {
                    return Some(place(*ordinal));
                }
                let is_there = |&(ordinal, place): &(usize, usize)| {
                    entries.get(place).is_some_and(|held| held.ordinal == ordinal && held.entry.0 == *key)
                };
                let candidates = unread.iter().flat_map(|keys| keys.places_of(key));
                candidates.map(|ordinal| (ordinal, place(ordinal))).find(is_there).map(|(_, place)| place)
            }
        }
    }

    /// How many entries at both ends two maps have in common in memory or in a text.
    pub(super) fn shared_ends(&self, other: &Self) -> (usize, usize) {
        match (&self.0, &other.0) {
            (Entries::Many { entries, .. }, Entries::Many { entries: others, .. }) => {
                entries.shared_ends(others)
            }
            _ => (0, 0),
        }
    }

    /// The entries that both maps hold in the same nodes.
    pub(super) fn shared_runs(&self, other: &Self) -> Vec<Run> {
        match (&self.0, &other.0) {
            (Entries::Many { entries, .. }, Entries::Many { entries: others, .. }) => {
                entries.shared_runs(others)
            }
            _ => Vec::new(),
        }
    }

    /// The page around a position that nobody has looked at; see [`List::unread`].
    pub(super) fn unread(&self, at: usize) -> Option<(usize, &str)> {
        let Entries::Many { entries, .. } = &self.0 else { return None };
        entries.unread(at)
    }

    /// How many values the first `at` entries have; see [`List::inner_before`].
    pub(super) fn inner_before(&self, at: usize, levels: usize) -> usize {
        match &self.0 {
            Entries::Few(entries) => inner_count(entries.get(..at).unwrap_or(entries), levels),
            Entries::Many { entries, .. } => entries.inner_before(at, levels),
        }
    }

    /// The entry that a value belongs to; see [`List::inner_at`].
    pub(super) fn inner_at(&self, nth: usize, levels: usize) -> Option<(usize, usize)> {
        match &self.0 {
            Entries::Few(entries) => inner_at(entries, nth, levels),
            Entries::Many { entries, .. } => entries.inner_at(nth, levels),
        }
    }

    pub(super) fn value_mut(&mut self, position: usize) -> Option<&mut Value> {
        match &mut self.0 {
            Entries::Few(entries) => entries.get_mut(position).map(|(_, value)| value),
            Entries::Many { entries, .. } => entries.get_mut(position).map(|entry| &mut entry.entry.1),
        }
    }

    /// Writes a key: in its place, or at the end. Returns what was there.
    pub(super) fn insert(&mut self, key: Text, value: Value) -> Option<Value> {
        if let Some(held) = self.position(&key).and_then(|position| self.value_mut(position)) {
            return Some(std::mem::replace(held, value));
        }
        match &mut self.0 {
            Entries::Few(entries) if entries.len() < INDEX_FROM => entries.push((key, value)),
            Entries::Few(entries) => {
                let all = std::mem::take(entries).into_iter().chain([(key, value)]);
                self.0 = Entries::many(all);
            }
            Entries::Many { entries, index, next, .. } => {
                index.insert(key.clone(), *next);
                entries.push(Entry { ordinal: *next, entry: (key, value) });
                *next += 1;
            }
        }
        None
    }

    /// A map with these entries, as many as are said, whose keys are all different.
    pub(super) fn of_distinct(count: usize, all: impl Iterator<Item = (Text, Value)>) -> Self {
        Self(if count > INDEX_FROM {
            Entries::many(all)
        } else {
            let mut entries = Vec::with_capacity(count);
            entries.extend(all);
            Entries::Few(entries)
        })
    }

    /// Gives back the room that was made for more entries: nothing is added any more.
    pub(super) fn trim(&mut self) {
        if let Entries::Few(entries) = &mut self.0 {
            entries.shrink_to_fit();
        }
    }

    /// Takes the entry of a key out.
    pub(super) fn take(&mut self, key: &Text) -> Option<Taken> {
        let position = self.position(key)?;
        let (ordinal, entry) = match &mut self.0 {
            Entries::Few(entries) => (position, entries.remove(position)),
            Entries::Many { entries, index, .. } => {
                index.remove(key);
                entries.remove(position).map(|entry| (entry.ordinal, entry.entry))?
            }
        };
        Some(Taken { position, ordinal, entry })
    }

    /// Puts an entry back to where it was, in the map as it was then.
    pub(super) fn give(&mut self, Taken { position, ordinal, entry }: Taken) {
        match &mut self.0 {
            Entries::Few(entries) if entries.len() < INDEX_FROM => {
                entries.insert(position.min(entries.len()), entry);
            }
            Entries::Many { entries, index, next, .. } if is_free(entries, position, ordinal) => {
                index.insert(entry.0.clone(), ordinal);
                entries.insert(position, Entry { ordinal, entry });
                *next = (*next).max(ordinal + 1);
            }
            Entries::Few(_) | Entries::Many { .. } => {
                // Its ordinal has gone to another since, as happens when a map grows beyond few.
                let before = self.iter().take(position);
                let all = before.chain([&entry]).chain(self.iter().skip(position)).cloned();
                self.0 = Entries::many(all.collect::<Vec<_>>().into_iter());
            }
        }
    }
}

/// Whether an ordinal is between those around a position.
fn is_free(entries: &List<Entry>, position: usize, ordinal: usize) -> bool {
    let before = position.checked_sub(1).and_then(|before| entries.get(before));
    before.is_none_or(|before| before.ordinal < ordinal)
        && entries.get(position).is_none_or(|after| ordinal < after.ordinal)
}

impl Entries {
    fn many(all: impl Iterator<Item = (Text, Value)>) -> Self {
        let entries: List<Entry> = all.enumerate().map(|(ordinal, entry)| Entry { ordinal, entry }).collect();
        let index = entries.iter().map(|entry| (entry.entry.0.clone(), entry.ordinal)).collect();
        Self::Many { next: entries.len(), entries, index, unread: None }
    }
}

/// Walks the entries from both ends.
pub(super) enum EntryIter<'a> {
    Few(std::slice::Iter<'a, (Text, Value)>),
    Many(Iter<'a, Entry>),
}

impl EntryIter<'_> {
    /// Over nothing.
    pub(super) fn empty() -> Self {
        Self::Few([].iter())
    }
}

impl<'a> Iterator for EntryIter<'a> {
    type Item = &'a (Text, Value);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(entries) => entries.next(),
            Self::Many(entries) => entries.next().map(|entry| &entry.entry),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Few(entries) => entries.size_hint(),
            Self::Many(entries) => entries.size_hint(),
        }
    }

    fn nth(&mut self, count: usize) -> Option<Self::Item> {
        match self {
            Self::Few(entries) => entries.nth(count),
            Self::Many(entries) => entries.nth(count).map(|entry| &entry.entry),
        }
    }
}

impl DoubleEndedIterator for EntryIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Self::Few(entries) => entries.next_back(),
            Self::Many(entries) => entries.next_back().map(|entry| &entry.entry),
        }
    }
}

impl ExactSizeIterator for EntryIter<'_> {}
