//! Applying a change in the context its author had.

use super::patch::Document;
use super::resolve::{Shown, Target};
use super::{Effect, Entries, EntryId, KeyPlace, Owner, Slot, Tracker, View};
use crate::document::{Kind, Method, Text, Value, deep};
use crate::sync::{Change, ChangeId, Stamp};

/// Whether a change resolved in its context. If not it is void and has altered nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Yes,
    Void,
}

/// A change on its way into the tracker.
pub(super) struct Writer<'a, 'd> {
    pub(super) id: ChangeId,
    stamp: Stamp,
    /// What its author saw.
    view: View<'a>,
    /// How many keys it has named so far.
    named: u32,
    /// The containers on the way to what it changed, and what it did there: when that is recorded.
    pub(super) containers: Vec<Entries>,
    pub(super) effects: Vec<Effect>,
    pub(super) document: Document<'d>,
}

impl<'a> Writer<'a, '_> {
    pub(super) fn view(&self) -> View<'a> {
        self.view
    }

    fn place(&mut self) -> KeyPlace {
        self.named += 1;
        KeyPlace::written(self.stamp, self.named)
    }
}

impl Tracker {
    /// Applies a change, here and in the plain document kept in step, if there is one; a change
    /// that does not resolve in its context alters nothing. Everything it saw must have been
    /// applied before, or be in the value that the tracker started from.
    pub(in crate::sync) fn apply(&mut self, change: &Change, document: Document<'_>) {
        // Nobody looks at what is typed before all is in.
        if document.is_none() && !self.is_recording() && self.keeps(change) {
            return;
        }
        self.put_in();
        self.apply_seeing(change, View::of(change), document);
    }

    /// The same for a change that has seen everything here, which is quicker to see.
    pub(in crate::sync) fn apply_latest(&mut self, change: &Change) {
        self.put_in();
        self.apply_seeing(change, View::Now, None);
    }

    pub(super) fn apply_seeing(&mut self, change: &Change, view: View<'_>, mut document: Document<'_>) {
        if self.apply_known(change, view, &mut document) {
            return;
        }
        let mut writer = Writer {
            id: change.id(),
            stamp: change.stamp(),
            view,
            named: 0,
            containers: Vec::new(),
            effects: Vec::new(),
            document,
        };
        if let Method::Splice { start, count, items } = &change.method
            && !self.is_recording()
            && let Some(list) = self.known_list(self.steps(&change.path))
        {
            self.splice_list(&mut writer, list, *start, *count, items);
            return;
        }
        let way = self.follow(&change.path, view);
        writer.containers = way.containers;
        let applied = match &change.method {
            Method::Set(value) => self.set(&mut writer, way.target, value),
            Method::Delete => self.delete(&mut writer, &way.target),
            Method::Merge(map) => self.merge(&mut writer, way.target, map),
            Method::Splice { start, count, items } => match way.target {
                Target::Slot(slot) => {
                    let applied = self.splice(&mut writer, &slot, *start, *count, items);
                    self.note_list(&change.path, &slot);
                    applied
                }
                Target::Missing(..) | Target::End(_) | Target::Nowhere => Applied::Void,
            },
        };
        if applied == Applied::Yes {
            self.record(writer.id, writer.containers, writer.effects);
        }
    }

    fn set(&mut self, writer: &mut Writer<'_, '_>, target: Target, value: &Value) -> Applied {
        let slot = match target {
            Target::Slot(slot) => slot,
            Target::Missing(slot, rest) => self.make_parents(writer, slot, rest),
            Target::End(list) => {
                self.splice_list(writer, list, i64::MAX, 0, std::slice::from_ref(value));
                return Applied::Yes;
            }
            Target::Nowhere => return Applied::Void,
        };
        let mergeable = value.kind() == Kind::Object && value.is_empty();
        self.write(writer, &slot, value.clone(), mergeable);
        Applied::Yes
    }

    fn delete(&mut self, writer: &mut Writer<'_, '_>, target: &Target) -> Applied {
        match target {
            Target::Slot(slot @ (Slot::Key(..) | Slot::Item(..))) => {
                let stage = self.key_stage(slot, &writer.document);
                let removed = self.remove_seen(writer, slot);
                self.touch(writer, slot);
                self.show(slot, stage, &mut writer.document);
                if !removed.is_empty() && self.is_recording() {
                    writer.effects.push(Effect::Removed { slot: slot.clone(), entries: removed });
                }
                Applied::Yes
            }
            Target::Slot(Slot::Root) | Target::Missing(..) | Target::End(_) | Target::Nowhere => {
                Applied::Void
            }
        }
    }

    fn merge(&mut self, writer: &mut Writer<'_, '_>, target: Target, map: &Value) -> Applied {
        if map.kind() != Kind::Object {
            return Applied::Void;
        }
        let slot = match target {
            Target::Slot(slot) => slot,
            Target::Missing(slot, rest) => self.make_parents(writer, slot, rest),
            Target::End(_) | Target::Nowhere => return Applied::Void,
        };
        self.merge_into(writer, &slot, map);
        Applied::Yes
    }

    fn merge_into(&mut self, writer: &mut Writer<'_, '_>, slot: &Slot, map: &Value) {
        let maps = match self.shown(slot, writer.view()) {
            Shown::Map(maps) => {
                if self.is_recording() {
                    writer.containers.push(maps.clone());
                }
                maps
            }
            Shown::Absent | Shown::List(_) | Shown::String(_) | Shown::Scalar => {
                Entries::from_iter([self.write(writer, slot, Value::object([]), true)])
            }
        };
        for (key, value) in map.entries() {
            let child = Slot::Key(maps.clone(), key.clone());
            if value.kind() == Kind::Object {
                deep(|| self.merge_into(writer, &child, value));
            } else {
                self.write(writer, &child, value.clone(), false);
            }
        }
    }

    /// Makes the missing maps on the way and gives the slot behind them.
    fn make_parents(&mut self, writer: &mut Writer<'_, '_>, mut slot: Slot, rest: Vec<Text>) -> Slot {
        for key in rest {
            let parent = self.write(writer, &slot, Value::object([]), true);
            slot = Slot::Key(Entries::from_iter([parent]), key);
        }
        slot
    }

    /// Removes the values of a slot that the writer saw, and says which.
    pub(super) fn remove_seen(&mut self, writer: &mut Writer<'_, '_>, slot: &Slot) -> Entries {
        let seen = self.living(slot, writer.view());
        self.note_move(slot);
        for &entry in &seen {
            self.entry_mut(entry).removed.push(writer.id);
        }
        seen
    }

    /// Notes in the array that an item's values have changed, if the slot is one, and shows it.
    pub(super) fn touch(&mut self, writer: &mut Writer<'_, '_>, slot: &Slot) {
        let &Slot::Item(list, item) = slot else { return };
        let node = self.entry(list).node;
        let is_there = self.is_filled(node, item, View::Now);
        let for_author = self.is_filled(node, item, writer.view());
        let is_plain = self.list(node).is_some_and(|list| list.items.is_none());
        // While nobody has removed an item, the order is the same for everyone.
        let (mut position, mut was_there) = (item, true);
        if !(is_plain && is_there && for_author) {
            self.note_shift(node);
            let Some(mut order) = self.take_order(node) else { return };
            (position, was_there) = order.touch(writer.id, item, is_there, for_author);
            self.put_order(node, order);
        }
        self.show_item(node, item, position, was_there, &mut writer.document);
    }

    /// Writes a value into a slot, in place of those that the writer saw there.
    fn write(&mut self, writer: &mut Writer<'_, '_>, slot: &Slot, value: Value, mergeable: bool) -> EntryId {
        let stage = self.key_stage(slot, &writer.document);
        let removed = self.remove_seen(writer, slot);
        let own_place = writer.place();
        let oldest = self.oldest(&removed);
        let place = oldest.map_or(own_place, |oldest| self.place(oldest));
        let entry = self.add_entry(Some(writer.id), value, place, mergeable);
        if let Slot::Key(_, key) = slot {
            let spelling = oldest.map_or_else(|| key.clone(), |oldest| self.spelling(oldest, key));
            self.spell(entry, &spelling);
        }
        self.hold(slot, entry, writer.id);
        self.touch(writer, slot);
        self.show(slot, stage, &mut writer.document);
        if self.is_recording() {
            writer.effects.push(Effect::Wrote { slot: slot.clone(), entry, removed });
        }
        entry
    }

    /// Puts a written value where its slot is kept, which are several places when maps are shown
    /// as one.
    fn hold(&mut self, slot: &Slot, entry: EntryId, id: ChangeId) {
        match slot {
            Slot::Root => {
                let at = self.rank_in(&self.root, id);
                self.root.insert(at, entry);
                self.hang(entry, Owner::Root, true);
            }
            Slot::Key(maps, key) => {
                for &map in maps {
                    let holder = self.entry(map).node;
                    let held = self.map(holder).and_then(|map| map.slot(key));
                    let at = held.map_or(0, |held| self.rank_in(held, id));
                    if let Some(map) = self.map_mut(holder) {
                        map.slot_mut(key).insert(at, entry);
                    }
                    self.hang(entry, Owner::Key(holder, key.clone()), maps.len() == 1);
                }
            }
            Slot::Item(list, item) => {
                let holder = self.entry(*list).node;
                let held = self.list(holder).and_then(|list| list.slots.get(item));
                let at = held.map_or(0, |held| self.rank_in(held, id));
                if let Some(list) = self.list_mut(holder) {
                    list.slots.entry(*item).or_default().insert(at, entry);
                }
                self.hang(entry, Owner::Item(holder, *item), true);
            }
        }
    }
}
