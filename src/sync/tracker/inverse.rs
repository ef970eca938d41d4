//! What takes a change back, as the document stands now.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::content::StringNode;
use super::sequence::Piece;
use super::{Effect, EntryId, Record, Slot, Tracker, View};
use crate::document::{Method, Path, Step, Text, Value};
use crate::sync::{Author, Change, ChangeId};

/// One edit that takes something back.
pub(in crate::sync) struct Inverse {
    pub(in crate::sync) path: Path,
    pub(in crate::sync) method: Method,
    /// What it restores, as in [`Restoration`](super::Restoration).
    pub(in crate::sync) pieces: Vec<(usize, usize)>,
}

/// What is to be done about an effect.
pub(in crate::sync) enum Answer {
    Edit(Inverse),
    /// There is nothing left to do.
    Nothing,
    /// Somebody else has been there.
    LeaveAlone(Author),
}

impl Inverse {
    fn removing(path: Path) -> Answer {
        Answer::Edit(Self { path, method: Method::Delete, pieces: Vec::new() })
    }
}

impl Tracker {
    /// The effects of a change, in runs to be taken back in this order: what it wrote, the last
    /// first, so that to undo the undo writes in the order of the change.
    pub(in crate::sync) fn inversion_order(&self, id: ChangeId) -> Vec<Range<usize>> {
        let record = self.records().iter().rev().find(|record| record.id == id);
        let effects = record.map_or(&[][..], |record| &record.effects);
        let (mut runs, mut from) = (Vec::new(), 0);
        while from < effects.len() {
            let end = match effects.get(from) {
                Some(Effect::Wrote { entry, .. }) => from + 1 + count_inside(effects, from, *entry),
                _ => effects.len(),
            };
            runs.push(from..end);
            from = end;
        }
        runs.reverse();
        runs
    }

    /// What takes back the effects of a change numbered `from` on, and the number to go on with.
    /// Nothing when there are no more. The edit is to be applied before the next call.
    pub(in crate::sync) fn invert(&mut self, change: &Change, from: usize) -> Option<(usize, Answer)> {
        let id = change.id();
        let effects = self.records().iter().rev().find(|record| record.id == id)?.effects.clone();
        let author = id.author;
        Some(match effects.get(from)? {
            Effect::Wrote { slot, entry, removed } => {
                let slot = self.current(slot);
                match self.others_in(&slot, *entry, author) {
                    Some(other) => (from + 1, Answer::LeaveAlone(other)),
                    None => {
                        (from + 1 + count_inside(&effects, from, *entry), self.put_back(&slot, removed, from))
                    }
                }
            }
            Effect::Removed { slot: Slot::Item(..), .. } => self.reinsert(&effects, from, author),
            Effect::Removed { slot, entries } => {
                let slot = self.current(slot);
                let answer = match self.occupant(&slot, author) {
                    Some(other) => Answer::LeaveAlone(other),
                    None => self.put_back(&slot, entries, from),
                };
                (from + 1, answer)
            }
            Effect::Inserted { list, item, entry } => {
                let slot = self.current(&Slot::Item(*list, *item));
                let answer = match self.others_in(&slot, *entry, author) {
                    Some(other) => Answer::LeaveAlone(other),
                    None => self.path_of(&slot).map_or(Answer::Nothing, Inverse::removing),
                };
                (from + 1, answer)
            }
            Effect::Spliced { string, inserted, removed } => {
                match self.splice_back(*string, inserted, removed, from, author) {
                    // The same effect again, until there is nothing left to do.
                    Some(inverse) => (from, Answer::Edit(inverse)),
                    None => (from + 1, Answer::Nothing),
                }
            }
        })
    }

    /// Whose value is shown in a slot.
    fn occupant(&self, slot: &Slot, author: Author) -> Option<Author> {
        let winner = self.winner(&self.living_known(slot, View::Now))?;
        Some(self.entry(winner).added().map_or(author, |by| by.author))
    }

    /// Who else has been in a slot since `author` wrote an entry there: overwrote or removed it,
    /// or edited inside.
    fn others_in(&self, slot: &Slot, entry: EntryId, author: Author) -> Option<Author> {
        let living = self.living_known(slot, View::Now);
        let written = self.original(entry);
        if let Some(&other) = living.iter().find(|&&other| self.original(other) != written) {
            return Some(self.entry(other).added().map_or(author, |by| by.author));
        }
        let Some(&mine) = living.first() else {
            let removers = self.entry(entry).removed.iter().map(|by| by.author);
            return Some(removers.max_by_key(|&by| by != author).unwrap_or(author));
        };
        let node = self.entry(mine).node;
        let is_inside = |record: &&Record| {
            record.id.author != author
                && record.containers.iter().flatten().any(|&container| self.entry(container).node == node)
        };
        self.records().iter().find(is_inside).map(|record| record.id.author)
    }

    /// Puts what a change removed back into its slot.
    fn put_back(&mut self, slot: &Slot, removed: &[EntryId], effect: usize) -> Answer {
        let Some(mut path) = self.path_of(slot) else { return Answer::Nothing };
        if let (Slot::Key(_, key), Some(oldest), Some(parent)) = (slot, self.oldest(removed), path.parent()) {
            path = parent.child(Step::Key(self.spelling(oldest, key)));
        }
        match self.entries_value(removed, View::Now) {
            Some(value) => {
                Answer::Edit(Inverse { path, method: Method::Set(value), pieces: vec![(effect, 0)] })
            }
            None => Inverse::removing(path),
        }
    }

    /// Puts removed array items back, as many at once as belong to one place.
    fn reinsert(&mut self, effects: &[Effect], from: usize, author: Author) -> (usize, Answer) {
        let removed: Vec<(&Slot, &[EntryId])> = effects.iter().skip(from).map_while(removed_item).collect();
        let Some(&(Slot::Item(list, _), _)) = removed.first() else { return (from + 1, Answer::Nothing) };
        let slots: Vec<Slot> = removed.iter().map(|(slot, _)| self.current(slot)).collect();
        let mut free = slots.iter().map(|slot| self.occupant(slot, author));
        if let Some(Some(other)) = free.next() {
            return (from + 1, Answer::LeaveAlone(other));
        }
        let run = 1 + free.take_while(Option::is_none).count();
        let node = self.entry(*list).node;
        let Some(stage) = self.on_show(node) else { return (from + 1, Answer::Nothing) };
        let Some(items) = self.take_order(node) else { return (from + 1, Answer::Nothing) };
        let path: Path = stage.route.iter().cloned().collect();
        let of: Vec<usize> = slots.iter().take(run).filter_map(Slot::item).collect();
        let home = |item| self.home(node, item);
        let positions = items.positions(&of, home, |item| self.is_filled(node, item, View::Now));
        self.put_order(node, items);
        let Some(&start) = positions.first() else { return (from + 1, Answer::Nothing) };
        let run = positions.iter().take_while(|&&position| position == start).count();
        let values =
            removed.iter().take(run).filter_map(|(_, entries)| self.entries_value(entries, View::Now));
        let method = Method::Splice { start: position(start), count: 0, items: values.collect() };
        let pieces = (from..from + run).map(|effect| (effect, 0)).collect();
        (from + run, Answer::Edit(Inverse { path, method, pieces }))
    }

    /// The first run of characters of a string that is still to be removed or put back.
    fn splice_back(
        &mut self, string: EntryId, inserted: &[usize], removed: &[usize], effect: usize, author: Author,
    ) -> Option<Inverse> {
        let node = self.entry(string).node;
        let path: Path = self.on_show(node)?.route.iter().cloned().collect();
        let string = self.string(node)?;
        let letters = &string.items;
        let unwanted: FxHashSet<usize> = inserted.iter().map(|&item| self.successor(node, item)).collect();
        if let Some((start, count)) = first_run(string, &unwanted) {
            let method = Method::Splice { start: position(start), count: position(count), items: Vec::new() };
            return Some(Inverse { path, method, pieces: Vec::new() });
        }
        let wanted: Vec<(usize, usize)> = removed
            .iter()
            .map(|&item| self.successor(node, item))
            .enumerate()
            .filter(|&(_, item)| {
                let mut removers = letters.removed(item).peekable();
                removers.peek().is_some() && removers.all(|by| by.author == author)
            })
            .collect();
        let of: Vec<usize> = wanted.iter().map(|&(_, item)| item).collect();
        let positions = letters.positions(&of, |item| self.home(node, item), |_| true);
        let &start = positions.first()?;
        let run = positions.iter().take_while(|&&position| position == start).count();
        let text = string.spell(of.iter().take(run).map(|&item| item..item + 1));
        let items = vec![Value::from_text(Text::from_raw(&text))];
        let method = Method::Splice { start: position(start), count: 0, items };
        let pieces = wanted.iter().take(run).map(|&(at, _)| (effect, at)).collect();
        Some(Inverse { path, method, pieces })
    }
}

/// How many of the effects after `from` are writes into what it wrote, and go with it.
fn count_inside(effects: &[Effect], from: usize, entry: EntryId) -> usize {
    let mut inside = vec![entry];
    let rest = effects.iter().skip(from + 1);
    rest.take_while(|effect| {
        if let Effect::Wrote { slot: Slot::Key(maps, _), entry, .. } = effect
            && maps.iter().any(|map| inside.contains(map))
        {
            inside.push(*entry);
            true
        } else {
            false
        }
    })
    .count()
}

/// The slot of an array item that an effect removed, and what it removed there.
fn removed_item(effect: &Effect) -> Option<(&Slot, &[EntryId])> {
    match effect {
        Effect::Removed { slot: slot @ Slot::Item(..), entries } => Some((slot, entries)),
        Effect::Removed { .. } | Effect::Wrote { .. } | Effect::Inserted { .. } | Effect::Spliced { .. } => {
            None
        }
    }
}

fn position(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// The first run of neighbours among the visible characters that is wanted: start and length.
fn first_run(string: &StringNode, wanted: &FxHashSet<usize>) -> Option<(usize, usize)> {
    let mut visible = string.items.visible(View::Now, |_| true).flat_map(Piece::items);
    let start = visible.position(|item| wanted.contains(&item))?;
    Some((start, 1 + visible.take_while(|item| wanted.contains(item)).count()))
}
