//! The entries of a map, in order and by key.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Text, Value};

/// Above this many keys an object keeps an index; below it, a scan is faster and smaller.
const INDEX_FROM: usize = 16;

/// The entries of a map. Keys are unique.
#[derive(Clone, Default)]
pub(super) struct Object {
    entries: Vec<(Text, Value)>,
    index: Option<Arc<Index>>,
}

/// Finds keys in a large object. Every entry gets an ordinal when it is appended; removals leave
/// gaps between ordinals, so that nothing else needs to be renumbered. A tree, not a hash table:
/// keys come from strangers, who could choose them to collide.
#[derive(Clone, Default)]
struct Index {
    ordinals: BTreeMap<Text, usize>,
    /// The ordinal of each entry, ascending.
    order: Vec<usize>,
}

impl Index {
    fn append(&mut self, key: Text) {
        let ordinal = self.order.last().map_or(0, |last| last + 1);
        self.ordinals.insert(key, ordinal);
        self.order.push(ordinal);
    }

    fn position(&self, key: &Text) -> Option<usize> {
        self.order.binary_search(self.ordinals.get(key)?).ok()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Object {}

impl Object {
    pub(super) fn entries(&self) -> &[(Text, Value)] {
        &self.entries
    }

    pub(super) fn position(&self, key: &Text) -> Option<usize> {
        match &self.index {
            Some(index) => index.position(key),
            None => self.entries.iter().position(|(candidate, _)| candidate == key),
        }
    }

    pub(super) fn value_mut(&mut self, position: usize) -> Option<&mut Value> {
        self.entries.get_mut(position).map(|(_, value)| value)
    }

    /// Writes a key: in its place, or at the end. Returns what was there.
    pub(super) fn insert(&mut self, key: Text, value: Value) -> Option<Value> {
        if let Some(held) = self.position(&key).and_then(|position| self.value_mut(position)) {
            return Some(std::mem::replace(held, value));
        }
        if let Some(index) = &mut self.index {
            Arc::make_mut(index).append(key.clone());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() > INDEX_FROM {
            let mut index = Index::default();
            for (key, _) in &self.entries {
                index.append(key.clone());
            }
            self.index = Some(Arc::new(index));
        }
        None
    }

    pub(super) fn remove(&mut self, key: &Text) -> Option<Value> {
        let position = self.position(key)?;
        if let Some(index) = &mut self.index {
            let index = Arc::make_mut(index);
            index.ordinals.remove(key);
            index.order.remove(position);
        }
        Some(self.entries.remove(position).1)
    }
}
