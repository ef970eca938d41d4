//! Writes to keys of maps that are where they are for everyone: the same as in
//! [`write`](super::write), without a look at what cannot be otherwise there.

use super::content::Content;
use super::patch::{Document, value_at};
use super::{Entries, EntryId, Key, KeyPlace, NodeId, Owner, Slot, Tracker, View};
use crate::document::{Kind, Method, Step, Text, Value};
use crate::sync::Change;

/// A map that a path leads everyone to, and who writes there.
struct Known<'a> {
    map: EntryId,
    /// Where it is, for everyone.
    route: &'a [Step],
    change: &'a Change,
    view: View<'a>,
}

/// What a key showed before it was written.
struct Before {
    place: Option<KeyPlace>,
    winner: Option<EntryId>,
}

impl Tracker {
    /// Applies a change of keys in a map that is known to be in one place for everyone. Says
    /// whether it was one; if not, nothing has been altered.
    pub(super) fn apply_known(
        &mut self, change: &Change, view: View<'_>, document: &mut Document<'_>,
    ) -> bool {
        let steps = change.path.steps();
        if self.is_recording() {
            return false;
        }
        if let Method::Merge(leaves) = &change.method {
            let is_flat = leaves.kind() == Kind::Object
                && leaves.entries().all(|(_, value)| value.kind() != Kind::Object);
            let Some(map) = self.known_map(steps).filter(|_| is_flat) else { return false };
            let known = Known { map, route: steps, change, view };
            for (number, (key, value)) in (1..).zip(leaves.entries()) {
                self.write_known(&known, key, Some((value, number)), document);
            }
            return true;
        }
        let Some((Step::Key(key), route)) = steps.split_last() else { return false };
        let value = match &change.method {
            Method::Set(value) => Some((value, 1)),
            Method::Delete => None,
            Method::Merge(_) | Method::Splice { .. } => return false,
        };
        let Some(map) = self.known_map(route) else { return false };
        self.write_known(&Known { map, route, change, view }, key, value, document);
        true
    }

    /// Writes a key, as the change's so many-th, or removes it.
    fn write_known(
        &mut self, known: &Known<'_>, key: &Text, value: Option<(&Value, u32)>, document: &mut Document<'_>,
    ) {
        let node = self.entry(known.map).node;
        let Some(at) = self.known_slot(node, key, value.is_some()) else { return };
        let Some(entries) = self.map(node).and_then(|map| map.slot_at(at)) else { return };
        let mut seen = Entries::new();
        self.add_living(entries, known.view, &mut seen);
        let holds_records =
            entries.iter().any(|&entry| !matches!(self.content(self.entry(entry).node), Content::Plain(_)));
        let before = document.is_some().then(|| {
            let living = self.living_of(entries);
            Before { place: self.key_place(&living), winner: self.winner(&living) }
        });

        self.moves += u64::from(holds_records);
        let id = known.change.id();
        for &entry in &seen {
            self.entry_mut(entry).removed.push(id);
        }
        if let Some((value, named)) = value {
            self.add_known(known, node, at, &seen, key, value, named);
        }
        if let (Some(before), Some(document)) = (before, document) {
            self.show_known(known, node, at, key, &before, document);
        }
    }

    /// The place among a map's records of a key's slot. Without there is nothing to remove.
    fn known_slot(&mut self, node: NodeId, key: &Text, is_written: bool) -> Option<usize> {
        if let Some(at) = self.map(node)?.find(key) {
            return Some(at);
        }
        self.fill_key(node, key);
        let map = self.map_mut(node)?;
        map.find(key).or_else(|| is_written.then(|| map.add_slot(key)))
    }

    fn living_of(&self, entries: &[EntryId]) -> Entries {
        entries.iter().copied().filter(|&entry| self.is_visible(entry, View::Now)).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "what it writes, where, in place of what")]
    fn add_known(
        &mut self, known: &Known<'_>, node: NodeId, at: usize, seen: &[EntryId], key: &Text, value: &Value,
        named: u32,
    ) {
        let change = known.change;
        let key = match seen.iter().map(|&entry| self.key(entry)).min_by_key(|key| key.place) {
            Some(oldest) => oldest.clone(),
            None => Key { place: KeyPlace::Written(change.stamp(), named), spelling: key.clone() },
        };
        let has_inside = matches!(value.kind(), Kind::Object | Kind::Array);
        let owner = has_inside.then(|| Owner::Key(node, key.spelling.clone()));
        let is_mergeable = has_inside
            && value.kind() == Kind::Object
            && value.is_empty()
            && matches!(change.method, Method::Set(_));
        let entry = self.add_entry(Some(change.id()), value.clone(), key, is_mergeable);
        let entries = self.map(node).and_then(|map| map.slot_at(at));
        let rank = entries.map_or(0, |entries| self.rank_in(entries, change.id()));
        if let Some(entries) = self.map_mut(node).and_then(|map| map.slot_at_mut(at)) {
            entries.insert(rank, entry);
        }
        if let Some(owner) = owner {
            self.hang(entry, owner, true);
        }
    }

    /// Shows what a key holds now in the plain document.
    fn show_known(
        &mut self, known: &Known<'_>, node: NodeId, at: usize, key: &Text, before: &Before,
        document: &mut Value,
    ) {
        let Some(entries) = self.map(node).and_then(|map| map.slot_at(at)) else { return };
        let living = self.living_of(entries);
        let winner = self.winner(&living);
        // Of mergeable maps others may be on show with it.
        let is_alone = winner.is_some_and(|winner| !self.entry(winner).mergeable);
        if is_alone && before.place.is_some() && self.key_place(&living) == before.place {
            if winner == before.winner {
                return;
            }
            if let Some(winner) = winner
                && let Content::Plain(value) = self.content(self.entry(winner).node)
            {
                if let Some(held) = value_at(document, known.route).and_then(|map| map.key_mut(key)) {
                    *held = value.clone();
                }
                return;
            }
        }
        let slot = Slot::Key(Entries::from_iter([known.map]), key.clone());
        self.show_key(&slot, known.route, before.place, document);
    }
}
