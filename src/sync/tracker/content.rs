//! What the bookkeeping knows of a container: the plain value that was there before, and what the
//! window has touched of it.

use std::collections::BTreeMap;
use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use super::sequence::Sequence;
use super::{Entries, View};
use crate::document::{Text, Value};

/// With more keys than this a map's records have an index.
const INDEX_FROM: usize = 48;

/// Slots that a map's records have room for at first, at most.
const FEW_SLOTS: usize = 12;

pub(super) enum Content {
    /// Untouched by the window.
    Plain(Value),
    Map(Box<MapNode>),
    List(Box<ListNode>),
    String(Box<StringNode>),
}

/// A map: a plain one, and the slots of the keys that the window touched.
pub(super) struct MapNode {
    pub(super) base: Value,
    /// For each slot what its key has in common with few others, so that not each key is looked at.
    marks: SmallVec<[u8; 24]>,
    slots: Vec<KeySlot>,
    /// Where each key's slot is, if there are many. A tree, because keys come from strangers.
    index: BTreeMap<Text, usize>,
    /// On the way to where it is in the document, the positions of keys, as they were found last.
    pub(super) near: Near,
}

/// The slot of a key.
struct KeySlot {
    key: Text,
    entries: Entries,
    /// Where the key was in the document when it was last looked for.
    near: u32,
}

/// The mark of a key that has an escape: it may be another in another spelling.
const UNMARKED: u8 = 0;

/// A number of a key, the same for all that are equal and have one.
fn mark(key: &Text) -> u8 {
    if key.is_escaped() {
        return UNMARKED;
    }
    let mut hasher = FxHasher::default();
    key.hash_spelling(&mut hasher);
    let [mark, ..] = hasher.finish().to_le_bytes();
    mark.max(1)
}

/// Positions of keys in maps, one for each step of a way.
pub(super) type Near = SmallVec<[u32; 6]>;

impl MapNode {
    pub(super) fn of(base: Value) -> Self {
        Self { base, marks: SmallVec::new(), slots: Vec::new(), index: BTreeMap::new(), near: Near::new() }
    }

    /// The place of a key's slot among the records.
    pub(super) fn find(&self, key: &Text) -> Option<usize> {
        if !self.index.is_empty() {
            return self.index.get(key).copied();
        }
        let wanted = mark(key);
        let may_be = |mark: u8| mark == wanted || mark == UNMARKED || wanted == UNMARKED;
        let mut found = self.marks.iter().zip(&self.slots);
        found.position(|(&mark, slot)| may_be(mark) && slot.key == *key)
    }

    pub(super) fn slot(&self, key: &Text) -> Option<&Entries> {
        self.slots.get(self.find(key)?).map(|slot| &slot.entries)
    }

    /// The slot of a key, there or not.
    #[expect(clippy::indexing_slicing, reason = "it has been found or added")]
    pub(super) fn slot_mut(&mut self, key: &Text) -> &mut Entries {
        let at = self.find(key).unwrap_or_else(|| self.add_slot(key));
        &mut self.slots[at].entries
    }

    /// Adds a slot for a key that has none, and gives its place.
    pub(super) fn add_slot(&mut self, key: &Text) -> usize {
        if self.slots.is_empty() {
            self.slots.reserve(self.base.len().clamp(1, FEW_SLOTS));
        }
        self.marks.push(mark(key));
        self.slots.push(KeySlot { key: key.clone(), entries: Entries::new(), near: 0 });
        let at = self.slots.len() - 1;
        if at == INDEX_FROM {
            self.index = self.slots.iter().enumerate().map(|(at, slot)| (slot.key.clone(), at)).collect();
        } else if at > INDEX_FROM {
            self.index.insert(key.clone(), at);
        }
        at
    }

    /// The slot at a place among the records.
    pub(super) fn slot_at(&self, at: usize) -> Option<&Entries> {
        self.slots.get(at).map(|slot| &slot.entries)
    }

    pub(super) fn slot_at_mut(&mut self, at: usize) -> Option<&mut Entries> {
        self.slots.get_mut(at).map(|slot| &mut slot.entries)
    }

    /// Where the key of a slot was in the document, to be kept in step.
    pub(super) fn near_mut(&mut self, at: usize) -> Option<&mut u32> {
        self.slots.get_mut(at).map(|slot| &mut slot.near)
    }

    /// A key that the window touched, and what was written there.
    pub(super) fn entry_at(&self, at: usize) -> Option<(&Text, &Entries)> {
        self.slots.get(at).map(|slot| (&slot.key, &slot.entries))
    }

    /// The keys that the window touched.
    pub(super) fn keys(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.slots.iter().map(|slot| &slot.key)
    }
}

/// An array. Items have numbers: those of the plain one their position there, the others follow
/// in the order they came.
pub(super) struct ListNode {
    pub(super) base: Value,
    /// The values of the items that came later, as they came.
    pub(super) added: Vec<Value>,
    /// The slots of the items that were touched one by one.
    pub(super) slots: FxHashMap<usize, Entries>,
    /// The order of the items; nothing while they are the same for everyone, at the positions of
    /// the plain array.
    pub(super) items: Option<Box<Sequence>>,
    /// As in a map.
    pub(super) near: Near,
}

impl ListNode {
    pub(super) fn of(base: Value) -> Self {
        Self { base, added: Vec::new(), slots: FxHashMap::default(), items: None, near: Near::new() }
    }

    /// The value an item came with.
    pub(super) fn value(&self, item: usize) -> Option<&Value> {
        match item.checked_sub(self.base.len()) {
            None => self.base.index(item),
            Some(later) => self.added.get(later),
        }
    }

    /// The position of an item, for those who have seen everything, or the one it would have.
    pub(super) fn position(&self, item: usize) -> usize {
        self.items.as_ref().map_or(item, |items| items.position(item))
    }
}

/// A string: its characters, each a Unicode scalar value as it is spelled. Numbered like the items
/// of an array.
pub(super) struct StringNode {
    base: Text,
    /// The spellings of the characters that came later, and where each ends.
    typed: String,
    ends: Vec<usize>,
    pub(super) items: Sequence,
}

impl StringNode {
    pub(super) fn of(base: Text) -> Self {
        let items = Sequence::of(base.scalar_count());
        Self { base, typed: String::new(), ends: Vec::new(), items }
    }

    /// Adds the characters of a text, and says how many they are.
    pub(super) fn add(&mut self, text: &Text) -> usize {
        let before = self.ends.len();
        for piece in text.pieces() {
            self.typed.push_str(piece);
            self.ends.push(self.typed.len());
        }
        self.ends.len() - before
    }

    /// How some characters are spelled.
    pub(super) fn spell(&self, runs: impl Iterator<Item = std::ops::Range<usize>>) -> String {
        let base: Vec<&str> = self.base.pieces().collect();
        let mut spelled = String::new();
        for run in runs {
            if run.start < base.len() {
                spelled.extend(base.get(run).unwrap_or_default().iter().copied());
            } else {
                let end = |item: usize| {
                    (item - base.len()).checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or(0)
                };
                spelled.push_str(self.typed.get(end(run.start)..end(run.end)).unwrap_or_default());
            }
        }
        spelled
    }

    /// The text that somebody sees.
    pub(super) fn text(&self, view: View<'_>) -> Text {
        let pieces = self.items.visible(view, |_| true);
        Text::from_raw(&self.spell(pieces.map(super::sequence::Piece::items)))
    }
}
