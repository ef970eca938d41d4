//! What a change in the bookkeeping does to the plain document, made there at once.

use super::{Content, EntryId, ItemSlot, KeyPlace, NodeId, Slot, Tracker, View};
use crate::document::{Path, Text, Value};

/// The plain document that is kept in step, if any.
pub(in crate::sync) type Document<'a> = Option<&'a mut Value>;

impl Tracker {
    /// Where a slot's maps are on show: all that are shown as one, and their path.
    fn maps_on_show(&self, slot: &Slot) -> Option<(Slot, Path)> {
        let Slot::Key(maps, key) = slot else { return None };
        let (maps, path) = maps.iter().find_map(|&map| self.on_show(self.entry(map).node))?;
        Some((Slot::Key(maps, key.clone()), path))
    }

    /// What a key's slot shows at which place, before it is changed.
    pub(super) fn key_before(&mut self, slot: &Slot, document: &Document<'_>) -> Option<KeyPlace> {
        document.as_ref()?;
        let (slot, _) = self.maps_on_show(slot)?;
        let living = self.living(&slot, View::Now);
        self.key_place(&living)
    }

    fn key_place(&self, living: &[EntryId]) -> Option<KeyPlace> {
        living.iter().map(|&entry| self.entry(entry).place).min()
    }

    /// Shows what a slot holds after it was changed. `before` is its key's place before that.
    pub(super) fn show(&mut self, slot: &Slot, before: Option<KeyPlace>, document: &mut Document<'_>) {
        let Some(document) = document else { return };
        match slot {
            Slot::Root => {
                let living = self.living_known(slot, View::Now);
                if let Some(value) = self.entries_value(&living, View::Now) {
                    **document = value;
                }
            }
            Slot::Key(..) => {
                if let Some((slot, path)) = self.maps_on_show(slot) {
                    self.show_key(&slot, &path, before, document);
                }
            }
            Slot::Item(..) => {}
        }
    }

    fn show_key(&mut self, slot: &Slot, path: &Path, before: Option<KeyPlace>, document: &mut Value) {
        let Slot::Key(maps, key) = slot else { return };
        let living = self.living_known(slot, View::Now);
        let after = self.key_place(&living);
        let Some(map) = document.at_mut(path) else { return };
        let Some(place) = after else {
            map.remove_key(key);
            return;
        };
        let oldest = living.iter().min_by_key(|&&entry| self.entry(entry).place);
        let spelling = oldest.map_or_else(|| key.clone(), |&entry| self.entry(entry).spelling.clone());
        let Some(value) = self.entries_value(&living, View::Now) else { return };
        // A key that comes late or changes its place goes before those with a later one.
        let mut later = Vec::new();
        if before != after {
            map.remove_key(key);
            later = self.take_later(maps, map, place);
        }
        map.insert_key(spelling, value);
        for (key, value) in later {
            map.insert_key(key, value);
        }
    }

    /// Takes the last entries out of a map that have a later place than this one, in order.
    fn take_later(&mut self, maps: &[EntryId], map: &mut Value, place: KeyPlace) -> Vec<(Text, Value)> {
        let mut later = Vec::new();
        while let Some((last, _)) = map.len().checked_sub(1).and_then(|last| map.entry(last)) {
            let last = last.clone();
            let living = self.living(&Slot::Key(maps.to_vec(), last.clone()), View::Now);
            if self.key_place(&living) <= Some(place) {
                break;
            }
            later.extend(map.remove_key(&last).map(|value| (last, value)));
        }
        later.reverse();
        later
    }

    /// Shows what an item's slot holds after it was changed. `before` is whether it was on show.
    pub(super) fn show_item(&mut self, node: NodeId, item: usize, before: bool, document: &mut Document<'_>) {
        let Some(document) = document else { return };
        let Content::List(list) = &self.node(node).content else { return };
        let living: Vec<EntryId> = match list.items.payload(item) {
            ItemSlot::Base(_) => return,
            ItemSlot::Entries(entries) => {
                entries.iter().copied().filter(|&entry| self.is_visible(entry, View::Now)).collect()
            }
        };
        if !before && living.is_empty() {
            return;
        }
        let position = list.items.position(item);
        let Some((_, path)) = self.on_show(node) else { return };
        let value = self.entries_value(&living, View::Now);
        if let Some(array) = document.at_mut(&path) {
            array.splice_elements(position, usize::from(before), value);
        }
    }

    /// Shows a run of new letters, and that others are gone.
    pub(super) fn show_letters(
        &self, node: NodeId, inserted: &[usize], removed: &[usize], document: &mut Document<'_>,
    ) {
        let Some(document) = document else { return };
        let Content::String(letters) = &self.node(node).content else { return };
        let Some((_, path)) = self.on_show(node) else { return };
        let Some(string) = document.at_mut(&path) else { return };
        let Some(text) = string.text_mut() else { return };
        if let Some(&first) = inserted.first() {
            let spelling: String = inserted.iter().map(|&item| &*letters.payload(item).spelling).collect();
            text.splice(letters.position(first), 0, [&Text::from_raw(&spelling)]);
        }
        let mut removed = removed.iter().map(|&item| letters.position(item)).peekable();
        while let Some(start) = removed.next() {
            let mut count = 1;
            while removed.next_if_eq(&start).is_some() {
                count += 1;
            }
            text.splice(start, count, []);
        }
    }
}
