//! The plain value that the bookkeeping amounts to.

use super::sequence::Sequence;
use super::{Content, EntryId, ItemSlot, KeyPlace, Letter, ListNode, NodeId, Slot, Tracker, View};
use crate::document::{Text, Value};
use crate::sync::VectorClock;

impl Tracker {
    /// The document as somebody with `clock` sees it.
    pub(in crate::sync) fn value_at(&mut self, clock: &VectorClock) -> Value {
        let living = self.living_known(&Slot::Root, View::At(clock));
        self.entries_value(&living, View::At(clock)).unwrap_or(Value::NULL)
    }

    /// What several living values of one slot show.
    pub(super) fn entries_value(&mut self, living: &[EntryId], view: View<'_>) -> Option<Value> {
        let shown = self.shown_of(living);
        let &first = shown.first()?;
        let node = self.entry(first).node;
        if shown.len() > 1 {
            return Some(self.maps_value(&shown, view));
        }
        Some(match &self.node(node).content {
            Content::Plain(value) => value.clone(),
            Content::Map(_) => self.maps_value(&shown, view),
            Content::List(_) => self.list_value(node, view),
            Content::String(letters) => string_value(letters, view),
        })
    }

    /// A map, or several that are shown as one.
    pub(super) fn maps_value(&mut self, maps: &[EntryId], view: View<'_>) -> Value {
        for &map in maps {
            self.expand(self.entry(map).node);
        }
        let (mut value, touched) = self.map_parts(maps);
        let mut placed: Vec<(KeyPlace, Text, Value)> = Vec::new();
        for key in touched {
            let living = self.living_known(&Slot::Key(maps.to_vec(), key.clone()), view);
            let oldest = living.iter().map(|&entry| self.entry(entry)).min_by_key(|entry| entry.place);
            let place = oldest.map(|entry| (entry.place, entry.spelling.clone()));
            match (place, self.entries_value(&living, view)) {
                (Some((KeyPlace::Base(_), _)), Some(child)) => {
                    value.insert_key(key, child);
                }
                (Some((place @ KeyPlace::Written(..), spelling)), Some(child)) => {
                    value.remove_key(&key);
                    placed.push((place, spelling, child));
                }
                _ => {
                    value.remove_key(&key);
                }
            }
        }
        placed.sort_by_key(|&(place, ..)| place);
        for (_, key, child) in placed {
            value.insert_key(key, child);
        }
        value
    }

    /// The plain map to start from, and the keys to look at.
    pub(super) fn map_parts(&self, maps: &[EntryId]) -> (Value, Vec<Text>) {
        let mut base = None;
        let mut touched: Vec<Text> = Vec::new();
        for &map in maps {
            let Content::Map(map) = &self.node(self.entry(map).node).content else { continue };
            base.get_or_insert_with(|| map.base.clone());
            if touched.is_empty() {
                touched = map.slots.iter().map(|(key, _)| key.clone()).collect();
            } else {
                let fresh: Vec<Text> = map
                    .slots
                    .iter()
                    .map(|(key, _)| key)
                    .filter(|key| !touched.contains(key))
                    .cloned()
                    .collect();
                touched.extend(fresh);
            }
        }
        (base.unwrap_or_else(|| Value::object([])), touched)
    }

    fn list_value(&mut self, node: NodeId, view: View<'_>) -> Value {
        let Content::List(list) = &self.node(node).content else { return Value::NULL };
        // The untouched are taken over as they are; the others are put in afterwards, because
        // their values may have to be made.
        let items: Vec<usize> = list.items.visible(view, |slot| self.is_filled(slot, view)).collect();
        let mut elements = Vec::with_capacity(items.len());
        for item in items {
            let plain = match &self.node(node).content {
                Content::List(list) => base_item(list, item),
                Content::Plain(_) | Content::Map(_) | Content::String(_) => None,
            };
            let living = match plain {
                Some(value) => {
                    elements.push(value);
                    continue;
                }
                None => self.living_item(node, item, view),
            };
            elements.extend(self.entries_value(&living, view));
        }
        Value::array(elements)
    }

    fn living_item(&self, node: NodeId, item: usize, view: View<'_>) -> Vec<EntryId> {
        let Content::List(list) = &self.node(node).content else { return Vec::new() };
        match list.items.payload(item) {
            ItemSlot::Base(_) => Vec::new(),
            ItemSlot::Entries(entries) => {
                entries.iter().copied().filter(|&entry| self.is_visible(entry, view)).collect()
            }
        }
    }
}

fn base_item(list: &ListNode, item: usize) -> Option<Value> {
    match list.items.payload(item) {
        ItemSlot::Base(position) => list.base.index(*position).cloned(),
        ItemSlot::Entries(_) => None,
    }
}

fn string_value(letters: &Sequence<Letter>, view: View<'_>) -> Value {
    let raw: String = letters
        .visible(view, |letter| letter.is_seen(view))
        .map(|item| &*letters.payload(item).spelling)
        .collect();
    Value::from_text(Text::from_raw(&raw))
}
