//! Typing in memory: what an author does to one string in a row, in a few bytes a keystroke.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::document::{Former, Method, Path, Text, Value};
use crate::sync::tracker::Tracker;
use crate::sync::{Author, Change, Tick, VectorClock};

/// Changes in one, at most: so many are made when somebody asks for one of them.
const CHANGES: usize = 128;
/// Bytes of a text that a keystroke inserts or removes, at most.
const TEXT_BYTES: usize = 32;
/// Bits of the first byte of a keystroke: where it is, whether it inserts, how many it removes.
const PLACE: u8 = 0b11;
const INSERTS: u8 = 0b100;
const COUNT_SHIFT: u32 = 3;
/// The count follows by itself from here on.
const MANY: u64 = 31;

/// A splice of a string, small enough for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stroke<'a> {
    start: u64,
    count: u64,
    /// The spelling of what it inserts, if it names anything.
    item: Option<&'a [u8]>,
    /// The spelling of what it has removed, where that is known.
    removed: &'a [u8],
}

impl<'a> Stroke<'a> {
    /// What a change does, if it can be in a run; with what it has removed, if that is known.
    #[inline]
    pub(super) fn of(change: &'a Change, former: Option<&'a Former>) -> Option<Self> {
        let Method::Splice { start, count, items } = &change.method else { return None };
        let (start, count) = (u32::try_from(*start).ok()?.into(), u32::try_from(*count).ok()?.into());
        let item = match items.as_slice() {
            [] => None,
            [item] => Some(item.as_text()?.raw_bytes()),
            _ => return None,
        };
        let removed = match former {
            None => &[],
            Some(Former::Value(removed)) => removed.as_text()?.raw_bytes(),
            Some(_) => return None,
        };
        let is_short = removed.len() <= TEXT_BYTES && item.is_none_or(|item| item.len() <= TEXT_BYTES);
        is_short.then_some(Self { start, count, item, removed })
    }

    /// Where somebody types on after it.
    fn cursor(&self) -> u64 {
        self.start + self.item.map_or(0, scalars)
    }

    /// Whether it types on, or takes back, where another has left off.
    pub(super) fn goes_on_from(&self, other: &Self) -> bool {
        let cursor = other.cursor();
        self.start == cursor || self.start + self.count == cursor
    }
}

fn scalars(raw: &[u8]) -> u64 {
    if raw.len() == 1 { 1 } else { text(raw).scalar_count() as u64 }
}

fn text(raw: &[u8]) -> Text {
    Text::from_raw(str::from_utf8(raw).unwrap_or_default())
}

/// Consecutive changes of one author that splice one string, each made on what its author had
/// seen at the first and these.
pub(super) struct Run {
    author: Author,
    path: Path,
    /// Of the first change.
    clock: VectorClock,
    count: usize,
    /// The keystrokes, each told by how it differs from the one before.
    strokes: Vec<u8>,
    /// Where the first is counted from, and the next.
    from: u64,
    cursor: u64,
    /// The changes, from when somebody first asks for one of them.
    changes: OnceLock<Box<[Arc<Change>]>>,
}

impl Run {
    /// A run of nothing, for a change and those after it.
    pub(super) fn before(change: &Change) -> Self {
        Self {
            author: change.author,
            path: change.path.clone(),
            clock: change.clock.clone(),
            count: 0,
            strokes: Vec::new(),
            from: 0,
            cursor: 0,
            changes: OnceLock::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The clock of the first change.
    pub(super) fn sight(&self) -> &VectorClock {
        &self.clock
    }

    /// The clock of one of the changes.
    pub(super) fn clock(&self, offset: usize) -> VectorClock {
        let mut clock = self.clock.clone();
        clock.set(self.author, self.clock.get(self.author) + offset as Tick);
        clock
    }

    /// Whether a change of the same author, its next one, can follow here.
    pub(super) fn takes(&self, change: &Change) -> bool {
        self.count < CHANGES
            && self.path == change.path
            && self.clock.is_alike_but_for(self.author, &change.clock)
    }

    pub(super) fn push(&mut self, stroke: &Stroke<'_>) {
        self.count += 1;
        self.changes.take();
        match *stroke {
            // What is mostly typed: a letter where the last one was, or taken back there.
            Stroke { start, count: 0, item: Some(&[letter]), .. } if start == self.cursor => {
                self.strokes.extend_from_slice(&[INSERTS, 1, letter]);
                self.cursor += 1;
            }
            Stroke { start, count: 1, item: None, removed: &[letter] } if start + 1 == self.cursor => {
                self.strokes.extend_from_slice(&[1 | 1 << COUNT_SHIFT, 1, letter]);
                self.cursor -= 1;
            }
            _ => self.push_any(stroke),
        }
    }

    fn push_any(&mut self, stroke: &Stroke<'_>) {
        let Stroke { start, count, item, removed } = *stroke;
        let place = match start {
            _ if start == self.cursor => 0,
            _ if start + count == self.cursor => 1,
            _ => 2,
        };
        let inserts = if item.is_some() { INSERTS } else { 0 };
        let few = u8::try_from(count.min(MANY)).unwrap_or_default();
        self.strokes.push(place | inserts | few << COUNT_SHIFT);
        if place == 2 {
            // Positions are below 2^32.
            let by = start.cast_signed() - self.cursor.cast_signed();
            self.number((by << 1 ^ by >> 63).cast_unsigned());
        }
        if count >= MANY {
            self.number(count);
        }
        for text in item.into_iter().chain((count > 0).then_some(removed)) {
            self.number(text.len() as u64);
            self.strokes.extend_from_slice(text);
        }
        self.cursor = stroke.cursor();
    }

    /// Writes a number, seven bits a byte.
    fn number(&mut self, mut number: u64) {
        loop {
            let low = u8::try_from(number & 0x7F).unwrap_or_default();
            number >>= 7;
            self.strokes.push(if number > 0 { low | 0x80 } else { low });
            if number == 0 {
                return;
            }
        }
    }

    /// Gives back what it does not need when nothing follows any more.
    pub(super) fn close(&mut self) {
        self.strokes.shrink_to_fit();
    }

    /// Gives back the changes that were made because somebody asked for them.
    pub(super) fn fold(&mut self) {
        self.changes.take();
    }

    /// Forgets so many of the first changes.
    pub(super) fn forget(&mut self, count: usize) {
        let mut strokes = self.strokes();
        strokes.by_ref().take(count).for_each(drop);
        let (cursor, rest) = (strokes.cursor, strokes.bytes.len());
        self.strokes.drain(..self.strokes.len() - rest);
        self.clock = self.clock(count);
        self.count -= count;
        self.from = cursor;
        self.changes.take();
    }

    pub(super) fn strokes(&self) -> Strokes<'_> {
        Strokes { bytes: &self.strokes, cursor: self.from }
    }

    /// One of the changes.
    pub(super) fn change(&self, offset: usize) -> Option<&Arc<Change>> {
        self.changes.get_or_init(|| self.made().map(Arc::new).collect()).get(offset)
    }

    /// The changes, made anew.
    pub(super) fn made(&self) -> impl Iterator<Item = Change> {
        self.strokes().enumerate().map(|(offset, stroke)| self.make(&stroke, offset))
    }

    fn make(&self, stroke: &Stroke<'_>, offset: usize) -> Change {
        Change {
            author: self.author,
            clock: self.clock(offset),
            path: self.path.clone(),
            method: Method::Splice {
                start: stroke.start.cast_signed(),
                count: stroke.count.cast_signed(),
                items: stroke.item.map(|raw| Value::from_text(text(raw))).into_iter().collect(),
            },
        }
    }

    /// Gives some of the changes to a tracker, without making those that are keystrokes.
    pub(super) fn type_into(&self, tracker: &mut Tracker, offsets: Range<usize>) {
        tracker.put_in();
        let strokes = self.strokes().enumerate().skip(offsets.start).take(offsets.len());
        for (offset, stroke) in strokes {
            let place = usize::try_from(stroke.start).ok();
            let letter = stroke.item.filter(|item| item.len() == 1);
            let is_kept = match (place, stroke.count, stroke.item, letter) {
                (Some(start), 0, _, Some(letter)) => tracker.goes_on(start, Some(letter)),
                (Some(start), 1, None, None) => tracker.goes_on(start, None),
                _ => false,
            };
            if !is_kept {
                tracker.apply(&self.make(&stroke, offset), None);
            }
        }
    }

    /// Takes some of the changes back that were the last ones made to a document.
    pub(super) fn rewind(&self, document: &mut Value, offsets: Range<usize>) {
        let Some(text) = document.at_mut(&self.path).and_then(Value::text_mut) else { return };
        let mut parts: Vec<Part> = Vec::new();
        for stroke in self.strokes().skip(offsets.start).take(offsets.len()) {
            let part = Part::of(&stroke);
            if !parts.last_mut().is_some_and(|last| last.goes_on_with(&part)) {
                parts.push(part);
            }
        }
        for part in parts.into_iter().rev() {
            let removed = Text::from_raw(&part.removed);
            let before = (text.scalar_count() + removed.scalar_count()).saturating_sub(part.inserted);
            text.splice(part.start.min(before), part.inserted, [&removed]);
        }
    }
}

/// Keystrokes that are taken back at once.
struct Part {
    start: usize,
    /// How many scalar values were inserted.
    inserted: usize,
    removed: String,
}

impl Part {
    fn of(stroke: &Stroke<'_>) -> Self {
        let length = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            start: length(stroke.start),
            inserted: length(stroke.item.map_or(0, scalars)),
            removed: str::from_utf8(stroke.removed).unwrap_or_default().to_owned(),
        }
    }

    /// Adds what follows, if it types on, or takes more away beside.
    fn goes_on_with(&mut self, next: &Self) -> bool {
        if self.removed.is_empty() && next.removed.is_empty() {
            let goes_on = next.start == self.start + self.inserted;
            self.inserted += if goes_on { next.inserted } else { 0 };
            return goes_on;
        }
        if self.inserted > 0 || next.inserted > 0 || next.removed.is_empty() {
            return false;
        }
        if next.start == self.start {
            self.removed.push_str(&next.removed);
            return true;
        }
        let is_before = next.start + Text::from_raw(&next.removed).scalar_count() == self.start;
        if is_before {
            self.removed.insert_str(0, &next.removed);
            self.start = next.start;
        }
        is_before
    }
}

/// Reads the keystrokes of a run.
pub(super) struct Strokes<'a> {
    bytes: &'a [u8],
    cursor: u64,
}

impl<'a> Strokes<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(text)
    }
}

impl<'a> Iterator for Strokes<'a> {
    type Item = Stroke<'a>;

    fn next(&mut self) -> Option<Stroke<'a>> {
        let head = self.byte()?;
        let by = if head & PLACE == 2 { self.number()? } else { 0 };
        let count = match u64::from(head >> COUNT_SHIFT) {
            MANY => self.number()?,
            few => few,
        };
        let start = match head & PLACE {
            0 => self.cursor,
            1 => self.cursor - count,
            _ => self.cursor.wrapping_add_signed((by >> 1).cast_signed() ^ -((by & 1).cast_signed())),
        };
        let item = if head & INSERTS > 0 { Some(self.text()?) } else { None };
        let removed = if count > 0 { self.text()? } else { &[] };
        let stroke = Stroke { start, count, item, removed };
        self.cursor = stroke.cursor();
        Some(stroke)
    }
}
