//! Applying a change in the context its author had.

use super::patch::Document;
use super::resolve::{Shown, Target};
use super::{
    Content, Effect, Entry, EntryId, ItemSlot, KeyPlace, Letter, NodeId, Owner, Slot, Tracker, View,
};
use crate::document::{Kind, Method, Text, Value};
use crate::sync::{Change, ChangeId, Stamp, VectorClock};

/// Whether a change resolved in its context. If not it is void and has altered nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    Yes,
    Void,
}

/// A change on its way into the tracker.
struct Writer<'a, 'd> {
    id: ChangeId,
    stamp: Stamp,
    context: &'a VectorClock,
    /// How many keys it has named so far.
    named: u32,
    /// The containers on the way to what it changed.
    containers: Vec<Vec<EntryId>>,
    effects: Vec<Effect>,
    document: Document<'d>,
}

impl<'a> Writer<'a, '_> {
    fn view(&self) -> View<'a> {
        View::Of(self.id.author, self.context)
    }

    fn place(&mut self) -> KeyPlace {
        self.named += 1;
        KeyPlace::Written(self.stamp, self.named)
    }
}

impl Tracker {
    /// Applies a change, here and in the plain document kept in step, if there is one; a change
    /// that does not resolve in its context alters nothing. Everything it saw must have been
    /// applied before, or be in the value that the tracker started from.
    pub(in crate::sync) fn apply(&mut self, change: &Change, document: Document<'_>) {
        let context = change.context();
        let way = self.follow(change.path.steps(), View::Of(change.author, &context));
        let mut writer = Writer {
            id: change.id(),
            stamp: change.stamp(),
            context: &context,
            named: 0,
            containers: way.containers,
            effects: Vec::new(),
            document,
        };
        let applied = match &change.method {
            Method::Set(value) => self.set(&mut writer, way.target, value),
            Method::Delete => self.delete(&mut writer, &way.target),
            Method::Merge(map) => self.merge(&mut writer, way.target, map),
            Method::Splice { start, count, items } => match way.target {
                Target::Slot(slot) => self.splice(&mut writer, &slot, *start, *count, items),
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
                let before = self.key_before(slot, &writer.document);
                let removed = self.remove_seen(writer, slot);
                self.show(slot, before, &mut writer.document);
                if !removed.is_empty() {
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
                writer.containers.push(maps.clone());
                maps
            }
            Shown::Absent | Shown::List(_) | Shown::String(_) | Shown::Scalar => {
                vec![self.write(writer, slot, Value::object([]), true)]
            }
        };
        for (key, value) in map.entries() {
            let child = Slot::Key(maps.clone(), key.clone());
            if value.kind() == Kind::Object {
                self.merge_into(writer, &child, value);
            } else {
                self.write(writer, &child, value.clone(), false);
            }
        }
    }

    /// Makes the missing maps on the way and gives the slot behind them.
    fn make_parents(&mut self, writer: &mut Writer<'_, '_>, mut slot: Slot, rest: Vec<Text>) -> Slot {
        for key in rest {
            let parent = self.write(writer, &slot, Value::object([]), true);
            slot = Slot::Key(vec![parent], key);
        }
        slot
    }

    /// Removes the values of a slot that the writer saw, and says which.
    fn remove_seen(&mut self, writer: &mut Writer<'_, '_>, slot: &Slot) -> Vec<EntryId> {
        let seen = self.living(slot, writer.view());
        for &entry in &seen {
            self.entry_mut(entry).removed.push(writer.id);
        }
        if let Slot::Item(list, item) = slot {
            self.touch_item(writer, self.entry(*list).node, *item);
        }
        seen
    }

    /// Notes in the array that an item's values have changed, and shows it.
    fn touch_item(&mut self, writer: &mut Writer<'_, '_>, node: NodeId, item: usize) {
        let id = writer.id;
        let before = self.with_items(node, |tracker, items| {
            let is_alive = tracker.is_filled(items.payload(item), View::Now);
            items.touch(id, item, is_alive)
        });
        self.show_item(node, item, before.unwrap_or_default(), &mut writer.document);
    }

    /// Writes a value into a slot, in place of those that the writer saw there.
    fn write(&mut self, writer: &mut Writer<'_, '_>, slot: &Slot, value: Value, mergeable: bool) -> EntryId {
        let before = self.key_before(slot, &writer.document);
        let removed = self.remove_seen(writer, slot);
        let own_place = writer.place();
        let oldest = removed.iter().map(|&entry| self.entry(entry)).min_by_key(|entry| entry.place);
        let key = match (oldest, slot) {
            (Some(oldest), _) => (oldest.place, oldest.spelling.clone()),
            (None, Slot::Key(_, key)) => (own_place, key.clone()),
            (None, Slot::Root | Slot::Item(..)) => (own_place, Text::default()),
        };
        let owners = self.owners(slot);
        let entry = self.add_written(writer.id, value, key, mergeable, owners);
        match slot {
            Slot::Root => self.root.push(entry),
            Slot::Key(maps, key) => {
                for &map in maps {
                    let node = self.entry(map).node;
                    if let Content::Map(map) = &mut self.node_mut(node).content {
                        map.slot_mut(key).push(entry);
                    }
                }
            }
            Slot::Item(list, item) => {
                let node = self.entry(*list).node;
                if let Content::List(list) = &mut self.node_mut(node).content
                    && let ItemSlot::Entries(entries) = list.items.payload_mut(*item)
                {
                    entries.push(entry);
                }
                self.touch_item(writer, node, *item);
            }
        }
        self.show(slot, before, &mut writer.document);
        writer.effects.push(Effect::Wrote { slot: slot.clone(), entry, removed });
        entry
    }

    fn add_written(
        &mut self, id: ChangeId, value: Value, key: (KeyPlace, Text), mergeable: bool, owners: Vec<Owner>,
    ) -> EntryId {
        let node = self.add_node(value);
        let (added, removed, (place, spelling)) = (Some(id), Vec::new(), key);
        let entry = self.add_entry(Entry { added, removed, place, spelling, mergeable, node });
        self.node_mut(node).owners.extend(owners.into_iter().map(|owner| (entry, owner)));
        entry
    }

    /// The places a value written to a slot goes to.
    fn owners(&self, slot: &Slot) -> Vec<Owner> {
        match slot {
            Slot::Root => vec![Owner::Root],
            Slot::Key(maps, key) => {
                maps.iter().map(|&map| Owner::Key(self.entry(map).node, key.clone())).collect()
            }
            Slot::Item(list, item) => vec![Owner::Item(self.entry(*list).node, *item)],
        }
    }

    fn splice(
        &mut self, writer: &mut Writer<'_, '_>, slot: &Slot, start: i64, count: i64, items: &[Value],
    ) -> Applied {
        match self.shown(slot, writer.view()) {
            Shown::List(list) => self.splice_list(writer, list, start, count, items),
            Shown::String(string) => return self.splice_string(writer, string, start, count, items),
            Shown::Absent | Shown::Map(_) | Shown::Scalar => return Applied::Void,
        }
        Applied::Yes
    }

    fn splice_list(
        &mut self, writer: &mut Writer<'_, '_>, list: EntryId, start: i64, count: i64, items: &[Value],
    ) {
        writer.containers.push(vec![list]);
        let node = self.entry(list).node;
        let (id, view, context) = (writer.id, writer.view(), writer.context);
        let spliced = self.with_items(node, |tracker, seen| {
            let column = seen.column(id.author, context, |slot| tracker.is_filled(slot, view));
            let (start, count) = Method::clamp(start, count, seen.len(column));
            let removed = seen.range(column, start, count);
            if items.is_empty() {
                return (Vec::new(), removed);
            }
            let payloads = items.iter().map(|_| ItemSlot::Entries(Vec::new())).collect();
            (seen.insert(id, column, start, payloads), removed)
        });
        let Some((inserted, removed)) = spliced else { return };
        for (item, value) in inserted.into_iter().zip(items) {
            self.fill_new(writer, list, item, value.clone());
        }
        for item in removed {
            let slot = Slot::Item(list, item);
            let entries = self.remove_seen(writer, &slot);
            writer.effects.push(Effect::Removed { slot, entries });
        }
    }

    /// Gives a new item its value.
    fn fill_new(&mut self, writer: &mut Writer<'_, '_>, list: EntryId, item: usize, value: Value) {
        let node = self.entry(list).node;
        let no_key = (writer.place(), Text::default());
        let mergeable = value.kind() == Kind::Object && value.is_empty();
        let entry = self.add_written(writer.id, value, no_key, mergeable, vec![Owner::Item(node, item)]);
        if let Content::List(list) = &mut self.node_mut(node).content {
            *list.items.payload_mut(item) = ItemSlot::Entries(vec![entry]);
        }
        self.show_item(node, item, false, &mut writer.document);
        writer.effects.push(Effect::Inserted { list, item, entry });
    }

    fn splice_string(
        &mut self, writer: &mut Writer<'_, '_>, string: EntryId, start: i64, count: i64, items: &[Value],
    ) -> Applied {
        let insertions: Option<Vec<&Text>> = items.iter().map(Value::as_text).collect();
        let node = self.entry(string).node;
        let is_broken = match &self.node(node).content {
            Content::Plain(value) => value.as_text().is_some_and(Text::has_lone_surrogate),
            Content::Map(_) | Content::List(_) | Content::String(_) => false,
        };
        let Some(insertions) =
            insertions.filter(|texts| !is_broken && !texts.iter().any(|text| text.has_lone_surrogate()))
        else {
            return Applied::Void;
        };
        writer.containers.push(vec![string]);
        self.expand(node);
        let view = writer.view();
        let sees = |letter: &Letter| letter.is_seen(view);
        let Content::String(letters) = &mut self.node_mut(node).content else { return Applied::Void };
        let column = letters.column(writer.id.author, writer.context, sees);
        let (start, count) = Method::clamp(start, count, letters.len(column));
        let removed = letters.range(column, start, count);
        let payloads: Vec<Letter> =
            insertions.iter().flat_map(|text| text.pieces()).map(Letter::new).collect();
        let inserted =
            if payloads.is_empty() { Vec::new() } else { letters.insert(writer.id, column, start, payloads) };
        let mut gone = Vec::new();
        for &item in &removed {
            letters.payload_mut(item).removed.push(writer.id);
            if letters.touch(writer.id, item, false) {
                gone.push(item);
            }
        }
        self.show_letters(node, &inserted, &gone, &mut writer.document);
        writer.effects.push(Effect::Spliced { string, inserted, removed });
        Applied::Yes
    }
}
