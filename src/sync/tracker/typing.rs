//! Keystrokes put in together: a string's bookkeeping knows letters in runs, and what somebody types
//! or takes away in a row is one of them.

use super::content::Content;
use super::resolve::{Shown, Target};
use super::sequence::{Hand, NOW, Stride};
use super::{Author, Slot, Tracker, View};
use crate::document::{Method, Path, Text, Value};
use crate::sync::{Change, ChangeId, VectorClock};

/// Keystrokes of one author, each made on what the one before it left, that wait to be put in.
pub(super) struct Typing {
    author: Author,
    /// Of the first of the changes.
    clock: VectorClock,
    path: Path,
    /// What they do, by the place of the first of the letters.
    stroke: Stroke,
    start: usize,
    count: usize,
    /// The spelling of what they insert.
    text: Vec<u8>,
}

/// What a keystroke does to one letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stroke {
    Insert,
    /// Of several the last takes the first letter away.
    Remove(Stride),
}

/// What a change does, where, and the spelling of the letter that it inserts: if it is a keystroke.
fn stroke_of(change: &Change) -> Option<(Stroke, usize, &[u8])> {
    let Method::Splice { start, count, items } = &change.method else { return None };
    let start = usize::try_from(*start).ok()?;
    match (count, items.as_slice()) {
        (0, [item]) => {
            let letter = item.as_text()?;
            let raw = letter.raw_bytes();
            let is_one = raw.len() == 1 || letter.scalar_count() == 1 && !letter.has_lone_surrogate();
            is_one.then_some((Stroke::Insert, start, raw))
        }
        (1, []) => Some((Stroke::Remove(Stride::None), start, &[])),
        _ => None,
    }
}

impl Typing {
    fn of(change: &Change) -> Option<Self> {
        let (stroke, start, letter) = stroke_of(change)?;
        Some(Self {
            author: change.author,
            clock: change.clock.clone(),
            path: change.path.clone(),
            stroke,
            start,
            count: 1,
            text: letter.to_owned(),
        })
    }

    /// Adds a keystroke that goes on from these, if it does.
    fn takes(&mut self, change: &Change) -> bool {
        let follows = change.author == self.author
            && change.clock.sum() == self.clock.sum() + self.count as u64
            && change.clock.is_alike_but_for(self.author, &self.clock)
            && change.path == self.path;
        follows
            && stroke_of(change).is_some_and(|(stroke, start, letter)| self.goes_on(stroke, start, letter))
    }

    /// Adds the keystroke of the next change, if it is where the last one left off.
    fn goes_on(&mut self, stroke: Stroke, start: usize, letter: &[u8]) -> bool {
        match (self.stroke, stroke) {
            (Stroke::Insert, Stroke::Insert) if start == self.start + self.count => {
                self.text.extend_from_slice(letter);
            }
            (Stroke::Remove(Stride::None | Stride::Forwards), Stroke::Remove(_)) if start == self.start => {
                self.stroke = Stroke::Remove(Stride::Forwards);
            }
            (Stroke::Remove(Stride::None | Stride::Backwards), Stroke::Remove(_))
                if start + 1 == self.start =>
            {
                self.stroke = Stroke::Remove(Stride::Backwards);
                self.start = start;
            }
            _ => return false,
        }
        self.count += 1;
        true
    }

    /// What they insert.
    fn text(&self) -> Text {
        Text::from_raw(str::from_utf8(&self.text).unwrap_or_default())
    }

    fn hand(&self) -> Hand {
        let first = ChangeId { author: self.author, tick: self.clock.get(self.author) };
        let stride = match self.stroke {
            Stroke::Insert => Stride::Forwards,
            Stroke::Remove(stride) => stride,
        };
        Hand { first, stride: if self.count == 1 { Stride::None } else { stride } }
    }

    /// The keystrokes as they were made.
    fn changes(&self) -> impl Iterator<Item = Change> {
        let text = self.text();
        let letters: Vec<Value> =
            text.pieces().map(|letter| Value::from_text(Text::from_raw(letter))).collect();
        let last = self.count - 1;
        (0..self.count).map(move |at| {
            let start = match self.stroke {
                Stroke::Insert => self.start + at,
                Stroke::Remove(Stride::Backwards) => self.start + last - at,
                Stroke::Remove(Stride::None | Stride::Forwards) => self.start,
            };
            let mut clock = self.clock.clone();
            clock.set(self.author, self.clock.get(self.author) + at as u64);
            let items: Vec<Value> = letters.get(at).cloned().into_iter().collect();
            let count = i64::from(items.is_empty());
            let method = Method::Splice { start: i64::try_from(start).unwrap_or(i64::MAX), count, items };
            Change { author: self.author, clock, path: self.path.clone(), method }
        })
    }
}

impl Tracker {
    /// Keeps a change that is a keystroke until one comes that does not go on from it.
    pub(super) fn keeps(&mut self, change: &Change) -> bool {
        if self.typing.as_mut().is_some_and(|typing| typing.takes(change)) {
            return true;
        }
        self.put_in();
        let is_typing = |_: &Typing| self.known_list(self.steps(&change.path)).is_none();
        self.typing = Typing::of(change).filter(is_typing);
        self.typing.is_some()
    }

    /// Keeps one that is made on what those kept have left, if it goes on from there: it inserts a
    /// letter, or removes one.
    pub(in crate::sync) fn goes_on(&mut self, start: usize, letter: Option<&[u8]>) -> bool {
        let stroke = if letter.is_some() { Stroke::Insert } else { Stroke::Remove(Stride::None) };
        let typing = self.typing.as_mut();
        typing.is_some_and(|typing| typing.goes_on(stroke, start, letter.unwrap_or_default()))
    }

    /// Puts in the keystrokes that were kept.
    pub(in crate::sync) fn put_in(&mut self) {
        let Some(typing) = self.typing.take() else { return };
        let view = View::Of(typing.author, &typing.clock);
        let Target::Slot(slot) = self.follow(&typing.path, view).target else { return };
        if !self.type_into(&typing, &slot, view) {
            typing
                .changes()
                .for_each(|change| self.apply_seeing(&change, View::Of(change.author, &change.clock), None));
        }
    }

    /// Types into the string that a slot shows, if it shows one.
    fn type_into(&mut self, typing: &Typing, slot: &Slot, view: View<'_>) -> bool {
        let Shown::String(string) = self.shown(slot, view) else { return false };
        let node = self.entry(string).node;
        if self.is_broken(node) {
            return false;
        }
        self.hang_later(string, slot);
        self.expand(node);
        let Content::String(letters) = self.content_mut(node) else { return false };
        let column = match view {
            View::Of(author, clock) => letters.items.column(author, clock, |_| true),
            View::At(_) | View::Now => NOW,
        };
        let length = letters.items.len(column);
        let hand = typing.hand();
        if typing.stroke == Stroke::Insert {
            let count = letters.add(&typing.text());
            letters.items.insert(hand, column, typing.start.min(length), count);
            return true;
        }
        let mut pieces = letters.items.range(column, typing.start.min(length), typing.count);
        // In the order of the changes.
        if hand.stride == Stride::Backwards {
            pieces.reverse();
        }
        let mut done = 0;
        let mut rest: usize = pieces.iter().map(|piece| piece.len).sum();
        for piece in pieces {
            rest -= piece.len;
            let before = if hand.stride == Stride::Backwards { rest } else { done };
            let after = typing.count - before - piece.len;
            letters.items.remove(hand, column, before, piece, after);
            done += piece.len;
        }
        true
    }
}
