//! Writes to keys of maps that are where they are for everyone: the same as in
//! [`write`](super::write), without a look at what cannot be otherwise there.

use super::content::{Content, Near};
use super::patch::{Document, value_near};
use super::{Entries, EntryId, KeyPlace, NodeId, Owner, Slot, Tracker, View};
use crate::document::{Kind, Method, Step, Text, Value};
use crate::sync::Change;

/// A map that a path leads everyone to, and who writes there.
struct Known<'a> {
    map: EntryId,
    change: &'a Change,
    view: View<'a>,
}

/// Where a map is in the plain document, if there is one; looked for when it is first needed.
struct Spot<'a, 'd> {
    value: Option<&'d mut Value>,
    route: &'a [Step],
    near: Near,
    is_there: bool,
}

impl Spot<'_, '_> {
    fn map(&mut self) -> Option<&mut Value> {
        if !self.is_there {
            let document = self.value.take();
            self.value = document.and_then(|document| value_near(document, self.route, &mut self.near));
            self.is_there = true;
        }
        self.value.as_deref_mut()
    }
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
        let steps = self.steps(&change.path);
        if self.is_recording() {
            return false;
        }
        if let Method::Merge(leaves) = &change.method {
            let is_flat = leaves.kind() == Kind::Object
                && leaves.entries().all(|(_, value)| value.kind() != Kind::Object);
            let Some(map) = self.known_map(steps).filter(|_| is_flat) else { return false };
            let (known, mut spot) = (Known { map, change, view }, self.spot(map, document, steps));
            for (number, (key, value)) in (1..).zip(leaves.entries()) {
                self.write_known(&known, key, Some((value, number)), &mut spot);
            }
            self.leave(map, spot);
            return true;
        }
        let Some((Step::Key(key), route)) = steps.split_last() else { return false };
        let value = match &change.method {
            Method::Set(value) => Some((value, 1)),
            Method::Delete => None,
            Method::Merge(_) | Method::Splice { .. } => return false,
        };
        let Some(map) = self.known_map(route) else { return false };
        let mut spot = self.spot(map, document, route);
        self.write_known(&Known { map, change, view }, key, value, &mut spot);
        self.leave(map, spot);
        true
    }

    fn spot<'a, 'd>(
        &mut self, map: EntryId, document: &'d mut Document<'_>, route: &'a [Step],
    ) -> Spot<'a, 'd> {
        let node = self.entry(map).node;
        let near = self.map_mut(node).map(|map| std::mem::take(&mut map.near));
        Spot { value: document.as_deref_mut(), route, near: near.unwrap_or_default(), is_there: false }
    }

    /// Remembers how the spot was found.
    fn leave(&mut self, map: EntryId, spot: Spot<'_, '_>) {
        let node = self.entry(map).node;
        if let Some(map) = self.map_mut(node) {
            map.near = spot.near;
        }
    }

    /// Writes a key, as the change's so many-th, or removes it.
    fn write_known(
        &mut self, known: &Known<'_>, key: &Text, value: Option<(&Value, u32)>, spot: &mut Spot<'_, '_>,
    ) {
        let node = self.entry(known.map).node;
        let Some(at) = self.known_slot(node, key, value.is_some()) else { return };
        let Some(entries) = self.map(node).and_then(|map| map.slot_at(at)) else { return };
        let mut seen = Entries::new();
        self.add_living(entries, known.view, &mut seen);
        let holds_records = entries.iter().any(|&entry| self.is_expanded(self.entry(entry).node));
        let before = spot.value.is_some().then(|| {
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
        if let Some(before) = before {
            self.show_known(known, node, at, key, &before, spot);
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
        let oldest = self.oldest(seen);
        let place =
            oldest.map_or_else(|| KeyPlace::written(change.stamp(), named), |oldest| self.place(oldest));
        let has_inside = matches!(value.kind(), Kind::Object | Kind::Array);
        let owner = has_inside.then(|| Owner::Key(node, key.clone()));
        let is_mergeable = has_inside
            && value.kind() == Kind::Object
            && value.is_empty()
            && matches!(change.method, Method::Set(_));
        let entry = self.add_entry(Some(change.id()), value.clone(), place, is_mergeable);
        let spelling = oldest.map_or_else(|| key.clone(), |oldest| self.spelling(oldest, key));
        self.spell(entry, &spelling);
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
        spot: &mut Spot<'_, '_>,
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
                let value = value.clone();
                let mut unknown = 0;
                let near = self.map_mut(node).and_then(|map| map.near_mut(at)).unwrap_or(&mut unknown);
                if let Some(held) = spot.map().and_then(|map| map.key_mut_near(key, near)) {
                    *held = value;
                }
                return;
            }
        }
        let maps = Entries::from_iter([known.map]);
        if let Some(map) = spot.map() {
            self.show_key(&Slot::Key(maps, key.clone()), before.place, map);
        }
    }
}
