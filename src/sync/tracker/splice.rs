//! Splices, of arrays and of strings.

use smallvec::SmallVec;

use super::content::Content;
use super::patch::show_letters;
use super::resolve::Shown;
use super::sequence::{Hand, NOW, Piece};
use super::write::{Applied, Writer};
use super::{Effect, Entries, EntryId, NodeId, Slot, Tracker, View};
use crate::document::{Method, Text, Value};

impl Tracker {
    pub(super) fn splice(
        &mut self, writer: &mut Writer<'_, '_>, slot: &Slot, start: i64, count: i64, items: &[Value],
    ) -> Applied {
        match self.shown(slot, writer.view()) {
            Shown::List(list) => self.splice_list(writer, list, start, count, items),
            Shown::String(string) => {
                self.hang_later(string, slot);
                return self.splice_string(writer, string, start, count, items);
            }
            Shown::Absent | Shown::Map(_) | Shown::Scalar => return Applied::Void,
        }
        Applied::Yes
    }

    pub(super) fn splice_list(
        &mut self, writer: &mut Writer<'_, '_>, list: EntryId, start: i64, count: i64, values: &[Value],
    ) {
        if self.is_recording() {
            writer.containers.push(Entries::from_iter([list]));
        }
        let node = self.entry(list).node;
        self.expand(node);
        self.note_shift(node);
        let (id, view) = (writer.id, writer.view());
        let Some(mut order) = self.take_order(node) else { return };
        let column = match view {
            View::Of(author, clock) => order.column(author, clock, |item| self.is_filled(node, item, view)),
            View::At(_) | View::Now => NOW,
        };
        let (start, count) = Method::clamp(start, count, order.len(column));
        let removed = order.range(column, start, count);
        let inserted = (!values.is_empty()).then(|| order.insert(Hand::one(id), column, start, values.len()));
        self.put_order(node, order);
        if let Some((first, position)) = inserted {
            if let Some(list) = self.list_mut(node) {
                list.added.extend_from_slice(values);
                self.items += values.len();
            }
            self.show_items(node, position, 0, values, &mut writer.document);
            self.note_inserted(writer, list, node, first..first + values.len());
        }
        for piece in removed {
            self.remove_items(writer, list, node, column, piece);
        }
    }

    fn note_inserted(
        &mut self, writer: &mut Writer<'_, '_>, list: EntryId, node: NodeId, items: std::ops::Range<usize>,
    ) {
        if !self.is_recording() {
            return;
        }
        for item in items {
            self.fill_item(node, item);
            let slot = self.list(node).and_then(|list| list.slots.get(&item));
            if let Some(&entry) = slot.and_then(|entries| entries.first()) {
                writer.effects.push(Effect::Inserted { list, item, entry });
            }
        }
    }

    /// Removes some array items of one fate, seen by the writer.
    fn remove_items(
        &mut self, writer: &mut Writer<'_, '_>, list: EntryId, node: NodeId, column: usize, piece: Piece,
    ) {
        if piece.is_own || self.is_recording() {
            for item in piece.items() {
                let slot = Slot::Item(list, item);
                let entries = self.remove_seen(writer, &slot);
                self.touch(writer, &slot);
                if self.is_recording() {
                    writer.effects.push(Effect::Removed { slot, entries });
                }
            }
            return;
        }
        let order = self.list_mut(node).and_then(|list| list.items.as_mut());
        let hand = Hand::one(writer.id);
        if let Some((position, count)) = order.and_then(|order| order.remove(hand, column, 0, piece, 0)) {
            self.show_items(node, position, count, &[], &mut writer.document);
        }
    }

    fn splice_string(
        &mut self, writer: &mut Writer<'_, '_>, string: EntryId, start: i64, count: i64, items: &[Value],
    ) -> Applied {
        let insertions: Option<Vec<&Text>> = items.iter().map(Value::as_text).collect();
        let node = self.entry(string).node;
        let Some(insertions) = insertions
            .filter(|texts| !self.is_broken(node) && !texts.iter().any(|text| text.has_lone_surrogate()))
        else {
            return Applied::Void;
        };
        if self.is_recording() {
            writer.containers.push(Entries::from_iter([string]));
        }
        self.expand(node);
        let stage = if writer.document.is_some() { self.on_show(node) } else { None };
        let (id, view) = (writer.id, writer.view());
        let Content::String(letters) = self.content_mut(node) else { return Applied::Void };
        let column = match view {
            View::Of(author, clock) => letters.items.column(author, clock, |_| true),
            View::At(_) | View::Now => NOW,
        };
        let (start, count) = Method::clamp(start, count, letters.items.len(column));
        let removed = letters.items.range(column, start, count);
        let typed: usize = insertions.iter().map(|text| letters.add(text)).sum();
        let hand = Hand::one(id);
        let inserted = (typed > 0).then(|| letters.items.insert(hand, column, start, typed));
        let gone: SmallVec<[(usize, usize); 4]> =
            removed.iter().filter_map(|&piece| letters.items.remove(hand, column, 0, piece, 0)).collect();

        if let Some(stage) = stage {
            let position = inserted.map(|(_, position)| position);
            show_letters(writer.document.as_deref_mut(), &stage.route, position, &insertions, &gone);
        }
        if self.is_recording() {
            let inserted = inserted.map_or_else(Vec::new, |(first, _)| (first..first + typed).collect());
            let removed = removed.iter().flat_map(|piece| piece.items()).collect();
            writer.effects.push(Effect::Spliced { string, inserted, removed });
        }
        Applied::Yes
    }

    /// Whether a string holds half a surrogate pair.
    pub(super) fn is_broken(&self, node: NodeId) -> bool {
        match self.content(node) {
            Content::Plain(value) => value.as_text().is_some_and(Text::has_lone_surrogate),
            Content::String(_) | Content::Map(_) | Content::List(_) => false,
        }
    }
}
