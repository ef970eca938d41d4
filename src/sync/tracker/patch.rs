//! What a change in the bookkeeping does to the plain document, made there at once.

use std::sync::Arc;

use super::content::Near;
use super::stage::Stage;
use super::{Entries, EntryId, KeyPlace, NodeId, Slot, Tracker, View};
use crate::document::{Step, Text, Value};

/// The plain document that is kept in step, if any.
pub(in crate::sync) type Document<'a> = Option<&'a mut Value>;

/// Where a key is on show: the maps shown as one that it is in, where they are, and the key's
/// place before it is changed.
pub(super) struct KeyStage {
    slot: Slot,
    stage: Arc<Stage>,
    before: Option<KeyPlace>,
}

/// The value at a place.
fn value_at<'v>(document: &'v mut Value, route: &[Step]) -> Option<&'v mut Value> {
    route.iter().try_fold(document, |value, step| value.get_mut(step))
}

/// The same, given where the keys on the way were when they were last looked for.
pub(super) fn value_near<'v>(
    document: &'v mut Value, route: &[Step], near: &mut Near,
) -> Option<&'v mut Value> {
    near.resize(route.len(), 0);
    route.iter().zip(near).try_fold(document, |value, (step, near)| match step {
        Step::Key(key) => value.key_mut_near(key, near),
        Step::Index(index) => value.index_mut(*index),
    })
}

impl Tracker {
    /// Where a key's slot is on show, before it is changed.
    pub(super) fn key_stage(&mut self, slot: &Slot, document: &Document<'_>) -> Option<KeyStage> {
        let (Slot::Key(maps, key), Some(_)) = (slot, document) else { return None };
        let stage = self.stage_of(maps)?;
        let slot = Slot::Key(stage.shown.clone(), key.clone());
        let living = self.living(&slot, View::Now);
        let before = self.key_place(&living);
        Some(KeyStage { slot, stage, before })
    }

    pub(super) fn key_place(&self, living: &Entries) -> Option<KeyPlace> {
        living.iter().map(|&entry| self.place(entry)).min()
    }

    /// Shows what a slot holds after it was changed, given where its key was on show before.
    pub(super) fn show(&mut self, slot: &Slot, stage: Option<KeyStage>, document: &mut Document<'_>) {
        let Some(document) = document else { return };
        match (slot, stage) {
            (Slot::Root, _) => {
                let living = self.living_known(slot, View::Now);
                if let Some(value) = self.entries_value(&living, View::Now) {
                    **document = value;
                }
            }
            (Slot::Key(..), Some(KeyStage { slot, stage, before })) => {
                if let Some(map) = value_at(document, &stage.route) {
                    self.show_key(&slot, before, map);
                }
            }
            (Slot::Key(..) | Slot::Item(..), _) => {}
        }
    }

    /// Shows in a map what a key's slot holds, given the key's place before.
    pub(super) fn show_key(&mut self, slot: &Slot, before: Option<KeyPlace>, map: &mut Value) {
        let Slot::Key(maps, key) = slot else { return };
        let living = self.living_known(slot, View::Now);
        let after = self.key_place(&living);
        let Some(place) = after else {
            map.remove_key(key);
            return;
        };
        let oldest = self.oldest(&living);
        let spelling = oldest.map_or_else(|| key.clone(), |entry| self.spelling(entry, key));
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
    fn take_later(&mut self, maps: &Entries, map: &mut Value, place: KeyPlace) -> Vec<(Text, Value)> {
        let mut later = Vec::new();
        while let Some((last, _)) = map.len().checked_sub(1).and_then(|last| map.entry(last)) {
            // What nobody has touched was there before the window.
            let is_known =
                |&map: &EntryId| self.map(self.entry(map).node).is_some_and(|map| map.find(last).is_some());
            if !place.is_base() && !maps.iter().any(is_known) {
                break;
            }
            let last = last.clone();
            let living = self.living(&Slot::Key(maps.clone(), last.clone()), View::Now);
            if self.key_place(&living) <= Some(place) {
                break;
            }
            later.extend(map.remove_key(&last).map(|value| (last, value)));
        }
        later.reverse();
        later
    }

    /// Shows what an item's slot holds after it was changed. `before` is whether it was on show.
    pub(super) fn show_item(
        &mut self, node: NodeId, item: usize, position: usize, before: bool, document: &mut Document<'_>,
    ) {
        let Some(document) = document else { return };
        let living = self.living_item(node, item, View::Now);
        if !before && living.is_empty() {
            return;
        }
        let Some(stage) = self.on_show(node) else { return };
        let value = self.entries_value(&living, View::Now);
        if let Some(array) = value_at(document, &stage.route) {
            array.splice_elements(position, usize::from(before), value);
        }
    }

    /// Shows that array items are gone at a position, and others come there.
    pub(super) fn show_items(
        &mut self, node: NodeId, position: usize, gone: usize, come: &[Value], document: &mut Document<'_>,
    ) {
        let Some(document) = document else { return };
        let Some(stage) = self.on_show(node) else { return };
        let Some(list) = self.list_mut(node) else { return };
        if let Some(array) = value_near(document, &stage.route, &mut list.near) {
            array.splice_elements(position, gone, come.iter().cloned());
        }
    }
}

/// Shows a run of new letters, and then that others are gone, run by run.
pub(super) fn show_letters(
    document: Document<'_>, route: &[Step], position: Option<usize>, come: &[&Text], gone: &[(usize, usize)],
) {
    let Some(string) = document.and_then(|document| value_at(document, route)) else { return };
    let Some(text) = string.text_mut() else { return };
    if let Some(position) = position {
        text.splice(position, 0, come.iter().copied());
    }
    for &(start, count) in gone {
        text.splice(start, count, []);
    }
}
