//! The plain value that the bookkeeping amounts to.

use super::content::Content;
use super::sequence::{Piece, Sequence};
use super::{Entries, EntryId, KeyPlace, NodeId, Slot, Tracker, View};
use crate::document::{Text, Value, deep};
use crate::sync::VectorClock;

/// What goes behind the keys of before the window, and where.
type Placed = Vec<(KeyPlace, Text, Value)>;

fn put_placed(value: &mut Value, mut placed: Placed) {
    placed.sort_by_key(|&(place, ..)| place);
    for (_, key, child) in placed {
        value.insert_key(key, child);
    }
}

impl Tracker {
    /// The document as everything that has come makes it.
    pub(in crate::sync) fn value(&mut self) -> Value {
        self.put_in();
        let living = self.living_known(&Slot::Root, View::Now);
        self.entries_value(&living, View::Now).unwrap_or(Value::NULL)
    }

    /// The document as somebody with `clock` sees it.
    pub(in crate::sync) fn value_at(&mut self, clock: &VectorClock) -> Value {
        self.put_in();
        let living = self.living_known(&Slot::Root, View::At(clock));
        self.entries_value(&living, View::At(clock)).unwrap_or(Value::NULL)
    }

    /// What several living values of one slot show.
    pub(super) fn entries_value(&mut self, living: &[EntryId], view: View<'_>) -> Option<Value> {
        let shown = self.shown_of(living);
        let &first = shown.first()?;
        let node = self.entry(first).node;
        if shown.len() > 1 {
            return Some(deep(|| self.maps_value(&shown, view)));
        }
        Some(match self.content(node) {
            Content::Plain(value) => value.clone(),
            Content::Map(_) => deep(|| self.maps_value(&shown, view)),
            Content::List(_) => deep(|| self.list_value(node, view)),
            Content::String(letters) => Value::from_text(letters.text(view)),
        })
    }

    /// A map, or several that are shown as one.
    pub(super) fn maps_value(&mut self, maps: &[EntryId], view: View<'_>) -> Value {
        for &map in maps {
            self.expand(self.entry(map).node);
        }
        if let &[only] = maps {
            return self.map_value(self.entry(only).node, view);
        }
        let (mut value, touched) = self.map_parts(maps);
        let mut placed: Placed = Vec::new();
        for key in touched {
            let living = self.living_known(&Slot::Key(maps.into(), key.clone()), view);
            self.put_key(&mut value, key, &living, view, &mut placed);
        }
        put_placed(&mut value, placed);
        value
    }

    fn map_value(&mut self, node: NodeId, view: View<'_>) -> Value {
        let Some(map) = self.map(node) else { return Value::NULL };
        let (mut value, count) = (map.base.clone(), map.keys().len());
        let mut placed: Placed = Vec::new();
        for at in 0..count {
            let Some((key, entries)) = self.map(node).and_then(|map| map.entry_at(at)) else { break };
            let (key, mut living) = (key.clone(), Entries::new());
            self.add_living(entries, view, &mut living);
            self.put_key(&mut value, key, &living, view, &mut placed);
        }
        put_placed(&mut value, placed);
        value
    }

    /// Puts a key's living values into a map, those of before the window at once, in their place.
    fn put_key(
        &mut self, value: &mut Value, key: Text, living: &[EntryId], view: View<'_>, placed: &mut Placed,
    ) {
        match (self.oldest(living), self.entries_value(living, view)) {
            (Some(oldest), Some(child)) if self.place(oldest).is_base() => {
                value.insert_key(key, child);
            }
            (Some(oldest), Some(child)) => {
                value.remove_key(&key);
                placed.push((self.place(oldest), self.spelling(oldest, &key), child));
            }
            _ => {
                value.remove_key(&key);
            }
        }
    }

    /// The plain map to start from, and the keys to look at.
    pub(super) fn map_parts(&self, maps: &[EntryId]) -> (Value, Vec<Text>) {
        let mut base = None;
        let mut touched: Vec<Text> = Vec::new();
        for map in maps.iter().filter_map(|&map| self.map(self.entry(map).node)) {
            base.get_or_insert_with(|| map.base.clone());
            let known = touched.len();
            let is_new = |key: &&Text| !touched.iter().take(known).any(|other| other == *key);
            let fresh: Vec<Text> = map.keys().filter(is_new).cloned().collect();
            touched.extend(fresh);
        }
        (base.unwrap_or_else(|| Value::object([])), touched)
    }

    fn list_value(&mut self, node: NodeId, view: View<'_>) -> Value {
        let Some(list) = self.list(node) else { return Value::NULL };
        let whole = || vec![Piece { first: 0, len: list.base.len(), is_own: false }];
        let visible = |items: &Sequence| {
            items.visible(view, |item| self.is_filled(node, item, view)).collect::<Vec<Piece>>()
        };
        let pieces = list.items.as_ref().map_or_else(whole, |items| visible(items));
        // The untouched are taken over as they are; the others are put in afterwards, because
        // their values may have to be made.
        let mut elements = Vec::with_capacity(pieces.iter().map(|piece| piece.len).sum());
        let mut touched = Vec::new();
        for piece in pieces {
            if !list.slots.is_empty() {
                let positions = (elements.len()..).zip(piece.items());
                touched.extend(positions.filter(|(_, item)| list.slots.contains_key(item)));
            }
            match piece.first.checked_sub(list.base.len()) {
                None => elements.extend(list.base.elements().skip(piece.first).take(piece.len).cloned()),
                Some(first) => elements.extend(list.added.iter().skip(first).take(piece.len).cloned()),
            }
        }
        for (at, item) in touched {
            let living = self.living_item(node, item, view);
            if let (Some(element), Some(value)) = (elements.get_mut(at), self.entries_value(&living, view)) {
                *element = value;
            }
        }
        Value::array(elements)
    }

    pub(super) fn living_item(&self, node: NodeId, item: usize, view: View<'_>) -> Entries {
        let entries = self.list(node).and_then(|list| list.slots.get(&item));
        entries.into_iter().flatten().copied().filter(|&entry| self.is_visible(entry, view)).collect()
    }
}
