//! Applying a change in the context its author had.

use super::resolve::{Shown, Target};
use super::{Content, Effect, Entry, EntryId, ItemSlot, KeyPlace, Letter, Owner, Slot, Tracker, View};
use crate::document::{Kind, Method, Text, Value};
use crate::sync::{Change, ChangeId, Stamp, VectorClock};

/// Whether a change resolved in its context. If not it is void and has altered nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Applied {
    Yes,
    Void,
}

/// A change on its way into the tracker.
struct Writer<'a> {
    id: ChangeId,
    stamp: Stamp,
    context: &'a VectorClock,
    /// How many keys it has named so far.
    named: u32,
    /// The containers on the way to what it changed.
    containers: Vec<Vec<EntryId>>,
    effects: Vec<Effect>,
}

impl<'a> Writer<'a> {
    fn view(&self) -> View<'a> {
        View::At(self.context)
    }

    fn place(&mut self) -> KeyPlace {
        self.named += 1;
        KeyPlace::Written(self.stamp, self.named)
    }
}

impl Tracker {
    /// Applies a change; one that does not resolve in its context alters nothing. Everything it saw must have been applied before, or be in the value
    /// that the tracker started from.
    pub(in crate::sync) fn apply(&mut self, change: &Change) {
        let context = change.context();
        let way = self.follow(change.path.steps(), View::At(&context));
        let mut writer = Writer {
            id: change.id(),
            stamp: change.stamp(),
            context: &context,
            named: 0,
            containers: way.containers,
            effects: Vec::new(),
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

    fn set(&mut self, writer: &mut Writer<'_>, target: Target, value: &Value) -> Applied {
        let slot = match target {
            Target::Slot(slot) => slot,
            Target::Missing(slot, rest) => self.make_parents(writer, slot, rest),
            Target::End(list) => {
                let length = self.visible_items(list, writer.view()).count();
                self.insert_items(writer, list, length, std::slice::from_ref(value));
                return Applied::Yes;
            }
            Target::Nowhere => return Applied::Void,
        };
        let mergeable = value.kind() == Kind::Object && value.is_empty();
        self.write(writer, &slot, value.clone(), mergeable);
        Applied::Yes
    }

    fn delete(&mut self, writer: &mut Writer<'_>, target: &Target) -> Applied {
        match target {
            Target::Slot(slot @ (Slot::Key(..) | Slot::Item(..))) => {
                let removed = self.remove_seen(writer, slot);
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

    fn merge(&mut self, writer: &mut Writer<'_>, target: Target, map: &Value) -> Applied {
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

    fn merge_into(&mut self, writer: &mut Writer<'_>, slot: &Slot, map: &Value) {
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
    fn make_parents(&mut self, writer: &mut Writer<'_>, mut slot: Slot, rest: Vec<Text>) -> Slot {
        for key in rest {
            let parent = self.write(writer, &slot, Value::object([]), true);
            slot = Slot::Key(vec![parent], key);
        }
        slot
    }

    /// Removes the values of a slot that the writer saw, and says which.
    fn remove_seen(&mut self, writer: &Writer<'_>, slot: &Slot) -> Vec<EntryId> {
        let seen = self.living(slot, writer.view());
        for &entry in &seen {
            self.entry_mut(entry).removed.push(writer.id);
        }
        for owner in self.owners(slot) {
            if let Some(node) = owner.node() {
                self.touch(node);
            }
        }
        seen
    }

    /// Writes a value into a slot, in place of those that the writer saw there.
    fn write(&mut self, writer: &mut Writer<'_>, slot: &Slot, value: Value, mergeable: bool) -> EntryId {
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
            }
        }
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
        &mut self, writer: &mut Writer<'_>, slot: &Slot, start: i64, count: i64, items: &[Value],
    ) -> Applied {
        match self.shown(slot, writer.view()) {
            Shown::List(list) => self.splice_list(writer, list, start, count, items),
            Shown::String(string) => return self.splice_string(writer, string, start, count, items),
            Shown::Absent | Shown::Map(_) | Shown::Scalar => return Applied::Void,
        }
        Applied::Yes
    }

    fn splice_list(
        &mut self, writer: &mut Writer<'_>, list: EntryId, start: i64, count: i64, items: &[Value],
    ) {
        writer.containers.push(vec![list]);
        let seen: Vec<usize> = self.visible_items(list, writer.view()).collect();
        let (start, count) = Method::clamp(start, count, seen.len());
        self.insert_items(writer, list, start, items);
        for &item in seen.iter().skip(start).take(count) {
            let slot = Slot::Item(list, item);
            let entries = self.remove_seen(writer, &slot);
            writer.effects.push(Effect::Removed { slot, entries });
        }
    }

    /// Inserts items before the `position`-th that the writer sees.
    fn insert_items(&mut self, writer: &mut Writer<'_>, list: EntryId, position: usize, values: &[Value]) {
        if values.is_empty() {
            return;
        }
        let node = self.entry(list).node;
        self.touch(node);
        // Taken out so that the closure can look at the entries meanwhile.
        let content = std::mem::replace(&mut self.node_mut(node).content, Content::Plain(Value::NULL));
        let Content::List(mut list_node) = content else {
            self.node_mut(node).content = content;
            return;
        };
        let view = writer.view();
        let payloads = values.iter().map(|_| ItemSlot::Entries(Vec::new())).collect();
        let items =
            list_node.items.insert(writer.id, position, payloads, view, |slot| self.is_filled(slot, view));
        for (&item, value) in items.iter().zip(values) {
            let no_key = (writer.place(), Text::default());
            let owner = vec![Owner::Item(node, item)];
            let mergeable = value.kind() == Kind::Object && value.is_empty();
            let entry = self.add_written(writer.id, value.clone(), no_key, mergeable, owner);
            *list_node.items.payload_mut(item) = ItemSlot::Entries(vec![entry]);
            writer.effects.push(Effect::Inserted { list, item, entry });
        }
        self.node_mut(node).content = Content::List(list_node);
    }

    fn splice_string(
        &mut self, writer: &mut Writer<'_>, string: EntryId, start: i64, count: i64, items: &[Value],
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
        self.touch(node);
        let view = writer.view();
        let sees = |letter: &Letter| !letter.removed.iter().any(|&by| view.saw(by));
        let Content::String(letters) = &mut self.node_mut(node).content else { return Applied::Void };
        let seen: Vec<usize> = letters.visible(view, sees).collect();
        let (start, count) = Method::clamp(start, count, seen.len());
        let payloads: Vec<Letter> = insertions
            .iter()
            .flat_map(|text| text.pieces())
            .map(|piece| Letter { spelling: piece.into(), removed: Vec::new() })
            .collect();
        let inserted = if payloads.is_empty() {
            Vec::new()
        } else {
            letters.insert(writer.id, start, payloads, view, sees)
        };
        let removed: Vec<usize> = seen.into_iter().skip(start).take(count).collect();
        for &item in &removed {
            letters.payload_mut(item).removed.push(writer.id);
        }
        writer.effects.push(Effect::Spliced { string, inserted, removed });
        Applied::Yes
    }
}
