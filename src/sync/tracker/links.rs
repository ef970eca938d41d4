//! What undo has put back, tied to what it once was.
//!
//! A value that undo restores is a new one to everybody. For the author's older changes, which
//! may be undone next, it is still the value that they wrote: these links say so.

use rustc_hash::FxHashMap;

use super::{Content, Effect, EntryId, NodeId, Slot, Tracker, View};
use crate::document::{Method, Path, Value};
use crate::sync::{Author, Change, ChangeId};

/// What a change made by undo has restored: of which change, and for each item in turn the
/// number of that change's effect and, in a string, of the character it removed.
#[derive(Clone, Debug)]
pub(in crate::sync) struct Restoration {
    pub(in crate::sync) of: ChangeId,
    pub(in crate::sync) pieces: Vec<(usize, usize)>,
}

#[derive(Default)]
pub(super) struct Links {
    /// A restored value's entry, to the entry it restores.
    original: FxHashMap<EntryId, EntryId>,
    /// An item that was removed, to the one that stands for it now. In strings and arrays.
    successor: FxHashMap<(NodeId, usize), usize>,
}

/// One step that takes something back.
pub(in crate::sync) struct Step {
    pub(in crate::sync) path: Path,
    pub(in crate::sync) method: Method,
    /// The effects it restores, as in [`Restoration`].
    pub(in crate::sync) pieces: Vec<(usize, usize)>,
}

impl Tracker {
    /// Ties what the newest change restored to what it was.
    pub(in crate::sync) fn link(&mut self, restoration: &Restoration) {
        let records = self.records();
        let Some(new) = records.last().cloned() else { return };
        let Some(old) = records.iter().rev().find(|record| record.id == restoration.of).cloned() else {
            return;
        };
        let mut pieces = restoration.pieces.iter();
        for effect in &new.effects {
            match effect {
                Effect::Wrote { entry, .. } => {
                    if let Some(from) = pieces.next().and_then(|&(at, _)| old.effects.get(at)) {
                        self.link_entry(from, *entry);
                    }
                }
                Effect::Inserted { slot: slot @ Slot::Item(_, item), entry } => {
                    let Some(from) = pieces.next().and_then(|&(at, _)| old.effects.get(at)) else { continue };
                    if let (Effect::Removed { slot: Slot::Item(_, was), .. }, Slot::Item(list, _)) =
                        (from, slot)
                    {
                        let node = self.entry(*list).node;
                        self.links.successor.insert((node, *was), *item);
                    }
                    self.link_entry(from, *entry);
                }
                Effect::Spliced { string, inserted, .. } => {
                    let node = self.entry(*string).node;
                    for (&item, &(at, letter)) in inserted.iter().zip(pieces.by_ref()) {
                        if let Some(Effect::Spliced { removed, .. }) = old.effects.get(at)
                            && let Some(&was) = removed.get(letter)
                        {
                            self.links.successor.insert((node, was), item);
                        }
                    }
                }
                Effect::Inserted { .. } | Effect::Removed { .. } => {}
            }
        }
    }

    fn link_entry(&mut self, from: &Effect, entry: EntryId) {
        let (Effect::Removed { entries, .. } | Effect::Wrote { removed: entries, .. }) = from else { return };
        let &[old] = self.shown_of(entries).as_slice() else { return };
        let node = self.entry(old).node;
        let owners = std::mem::take(&mut self.node_mut(self.entry(entry).node).owners);
        self.node_mut(node).owners.extend(owners);
        self.entry_mut(entry).node = node;
        self.links.original.insert(entry, old);
        self.touch(node);
    }

    fn original(&self, mut entry: EntryId) -> EntryId {
        while let Some(&older) = self.links.original.get(&entry) {
            entry = older;
        }
        entry
    }

    fn successor(&self, node: NodeId, mut item: usize) -> usize {
        while let Some(&newer) = self.links.successor.get(&(node, item)) {
            item = newer;
        }
        item
    }

    fn current(&self, slot: &Slot) -> Slot {
        match slot {
            Slot::Item(list, item) => Slot::Item(*list, self.successor(self.entry(*list).node, *item)),
            Slot::Root | Slot::Key(..) => slot.clone(),
        }
    }

    /// Whether a slot still holds just what `author` wrote there, untouched inside; if not, who
    /// has been there.
    fn others_in(&self, slot: &Slot, entry: EntryId, author: Author) -> Option<Author> {
        let living = self.living_known(slot, View::Now);
        let entry = self.original(entry);
        if let Some(&other) = living.iter().find(|&&other| self.original(other) != entry) {
            return Some(self.entry(other).added.map_or(author, |by| by.author));
        }
        let Some(&mine) = living.first() else {
            let removed = &self.entry(entry).removed;
            return Some(removed.iter().map(|by| by.author).find(|&by| by != author).unwrap_or(author));
        };
        let node = self.entry(mine).node;
        let inside = |record: &&super::Record| {
            record.id.author != author
                && record.containers.iter().flatten().any(|&container| self.entry(container).node == node)
        };
        self.records().iter().find(inside).map(|record| record.id.author)
    }

    /// The next step that takes back the effects of a change numbered `from` on, and the number
    /// to go on with; or who stands in the way of it, and where.
    pub(in crate::sync) fn take_back(
        &mut self, change: &Change, from: usize,
    ) -> Option<(usize, Result<Option<Step>, (Path, Author)>)> {
        let effects = self.records().iter().rev().find(|record| record.id == change.id())?.effects.clone();
        let effect = effects.get(from)?;
        let author = change.author;
        let answer = match effect {
            Effect::Wrote { slot, entry, removed } => {
                let slot = self.current(slot);
                let end = from + 1 + self.effects_inside(&effects, from, *entry);
                match self.others_in(&slot, *entry, author) {
                    Some(other) => return Some((from + 1, Err((change.path.clone(), other)))),
                    None => (end, Ok(self.put_back(&slot, removed, from))),
                }
            }
            Effect::Removed { slot: Slot::Item(..), .. } => {
                return Some(self.reinsert(change, &effects, from));
            }
            Effect::Removed { slot, entries } => {
                let living = self.living_known(slot, View::Now);
                match self.winner(&living).and_then(|winner| self.entry(winner).added) {
                    Some(other) => (from + 1, Err((change.path.clone(), other.author))),
                    None => (from + 1, Ok(self.put_back(slot, entries, from))),
                }
            }
            Effect::Inserted { slot, entry } => {
                let slot = self.current(slot);
                match self.others_in(&slot, *entry, author) {
                    Some(other) => (from + 1, Err((change.path.clone(), other))),
                    None => (
                        from + 1,
                        Ok(self.path_of(&slot).map(|path| Step {
                            path,
                            method: Method::Delete,
                            pieces: Vec::new(),
                        })),
                    ),
                }
            }
            Effect::Spliced { string, inserted, removed } => {
                return self.splice_back(*string, inserted, removed, from, author);
            }
        };
        Some(answer)
    }

    /// How many of the effects after `from` are writes into what it wrote.
    fn effects_inside(&self, effects: &[Effect], from: usize, entry: EntryId) -> usize {
        let mut inside = vec![entry];
        let rest = effects.iter().skip(from + 1);
        rest.take_while(|effect| match effect {
            Effect::Wrote { slot: Slot::Key(maps, _), entry, .. }
                if maps.iter().any(|map| inside.contains(map)) =>
            {
                inside.push(*entry);
                true
            }
            _ => false,
        })
        .count()
    }

    /// Puts what a write removed back into its slot.
    fn put_back(&mut self, slot: &Slot, removed: &[EntryId], effect: usize) -> Option<Step> {
        let path = self.path_of(slot)?;
        Some(match self.entries_value(removed, View::Now) {
            Some(value) => Step { path, method: Method::Set(value), pieces: vec![(effect, 0)] },
            None => Step { path, method: Method::Delete, pieces: Vec::new() },
        })
    }

    /// Puts removed items back, as many at once as belong to one place.
    fn reinsert(
        &mut self, change: &Change, effects: &[Effect], from: usize,
    ) -> (usize, Result<Option<Step>, (Path, Author)>) {
        let mut values: Vec<Value> = Vec::new();
        let mut pieces = Vec::new();
        let mut place = None;
        for (at, effect) in effects.iter().enumerate().skip(from) {
            let Effect::Removed { slot: slot @ Slot::Item(_, _), entries } = effect else { break };
            let current = self.current(slot);
            if let Some(winner) = self.winner(&self.living_known(&current, View::Now)) {
                if pieces.is_empty() {
                    let other = self.entry(winner).added.map_or(change.author, |by| by.author);
                    return (at + 1, Err((change.path.clone(), other)));
                }
                break;
            }
            let here = self.path_of(&current);
            if place.is_some() && here != place {
                break;
            }
            place = here;
            values.extend(self.entries_value(entries, View::Now));
            pieces.push((at, 0));
        }
        let next = from + pieces.len();
        let step = place.as_ref().and_then(Path::split).and_then(|(path, step)| match step {
            crate::document::Step::Index(at) => {
                let start = i64::try_from(*at).ok()?;
                Some(Step { path, method: Method::Splice { start, count: 0, items: values }, pieces })
            }
            crate::document::Step::Key(_) => None,
        });
        (next, Ok(step))
    }

    /// The next run of characters to be removed or put back.
    fn splice_back(
        &mut self, string: EntryId, inserted: &[usize], removed: &[usize], effect: usize, author: Author,
    ) -> Option<(usize, Result<Option<Step>, (Path, Author)>)> {
        let node = self.entry(string).node;
        let done = Some((effect + 1, Ok(None)));
        let Some(path) = self.path_of_node(node) else { return done };
        let Content::String(letters) = &self.node(node).content else { return done };
        let unwanted: Vec<usize> = inserted.iter().map(|&item| self.successor(node, item)).collect();
        let wanted: Vec<(usize, usize)> =
            removed.iter().enumerate().map(|(at, &item)| (at, self.successor(node, item))).collect();
        let mut start = 0_i64;
        let mut count = 0_i64;
        let mut text = String::new();
        let mut pieces = Vec::new();
        for &item in letters.order() {
            let letter = letters.payload(item);
            let is_alive = letter.removed.is_empty();
            if is_alive && unwanted.contains(&item) && pieces.is_empty() {
                count += 1;
            } else if let Some(&(at, _)) = wanted.iter().find(|&&(_, wanted)| wanted == item)
                && !is_alive
                && count == 0
                && letter.removed.iter().all(|by| by.author == author)
            {
                text.push_str(&letter.spelling);
                pieces.push((effect, at));
            } else if is_alive {
                if count > 0 || !pieces.is_empty() {
                    break;
                }
                start += 1;
            }
        }
        if count == 0 && pieces.is_empty() {
            return done;
        }
        let items = if pieces.is_empty() {
            Vec::new()
        } else {
            vec![Value::from_text(crate::document::Text::from_raw(&text))]
        };
        // The same effect again, until there is nothing left to do.
        Some((effect, Ok(Some(Step { path, method: Method::Splice { start, count, items }, pieces }))))
    }

    fn path_of_node(&self, node: NodeId) -> Option<Path> {
        self.node(node).owners.iter().find_map(|(entry, owner)| {
            let slot = match owner {
                super::Owner::Root => Slot::Root,
                super::Owner::Key(map, key) => Slot::Key(vec![self.entry_of(*map)?], key.clone()),
                super::Owner::Item(list, item) => Slot::Item(self.entry_of(*list)?, *item),
            };
            self.living_known(&slot, View::Now).contains(entry).then(|| self.path_of(&slot))?
        })
    }

    fn entry_of(&self, node: NodeId) -> Option<EntryId> {
        self.node(node).owners.first().map(|&(entry, _)| entry)
    }
}
