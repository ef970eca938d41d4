//! A list whose items know what they were put between.
//!
//! Items have numbers: those of before the window count from 0 in document order, the others
//! follow in the order they came. They stand in **spans**, runs of neighbours with one fate, so
//! a list costs what the window touches of it, not its length. Spans stand in chunks.
//!
//! For each author at work there is a **column**: a bit in every span for whether its items exist
//! for that author and one for whether they are still there, and a count by chunk. What an
//! author has seen only grows, so a column is brought forward by what is new to it and never
//! taken back. Reading and inserting cost a little more than the square root of the number of
//! spans, whatever the number of concurrent changes.
//!
//! ```text
//! items    0 1 2 3 4 | 900 901 | 5 6 7 8        a span each; 900 and 901 are new
//! NOW      1           1         1
//! author 2 1           1         1               made the insertion
//! author 3 1           0         1               has not seen it yet
//! ```

mod columns;
mod counts;
mod hand;
mod look;
mod place;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::View;
use crate::sync::{Author, ChangeId, VectorClock};
use columns::Column;
use counts::Counts;
use hand::By;
pub(super) use hand::{Hand, Stride};
use place::{Gap, Place, insert_both};

/// Spans in a chunk, at most.
const CHUNK: usize = 32;
/// Spans that a chunk has room for: a change may cut up to three before the chunk is.
const ROOM: usize = CHUNK + 3;
/// The column of those who have seen everything.
pub(super) const NOW: usize = 0;

/// What has become of the items of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Alive,
    /// Removed by the changes in this list of [`Removal`]s.
    Removed(u32),
    /// One item, of which there is more to know than this: whoever holds the sequence knows.
    Own,
}

/// A removal, and the one before it: a list that the parts of a span share.
struct Removal {
    by: By,
    before: Fate,
}

/// Neighbouring items with consecutive numbers and one fate.
#[derive(Clone, Copy)]
struct Span {
    first: u32,
    len: u32,
    /// By column: whether they have come, and whether they are still there.
    exists: u64,
    visible: u64,
    fate: Fate,
}

/// Items that were inserted together, by one change or by keystrokes in a row: each after the first
/// has the one before as its left origin, all have the same right one.
struct Run {
    added: By,
    first: u32,
    /// The item that was visibly before the first for the author; nothing: the start.
    left: Option<u32>,
    /// The next item that existed for the author; nothing: the end.
    right: Option<u32>,
}

/// What there is to know about an inserted item.
struct Home {
    run: u32,
    chunk: u32,
}

/// Some of the items that somebody sees, neighbours for everyone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) first: usize,
    pub(super) len: usize,
    /// Whether it is one item that the holder of the sequence knows more about.
    pub(super) is_own: bool,
}

/// Mostly few.
pub(super) type Pieces = SmallVec<[Piece; 4]>;

impl Piece {
    pub(super) fn items(self) -> std::ops::Range<usize> {
        self.first..self.first + self.len
    }
}

/// A sequence of items in their agreed order, merged as Yjs does with the correction that Joseph
/// Gentle calls yjsmod (`reference-crdts`; Gentle & Kleppmann, `EuroSys` 2025).
pub(super) struct Sequence {
    /// How many items there were before the window.
    base: u32,
    chunks: Vec<Vec<Span>>,
    /// Chunk numbers in document order, and the rank of each chunk in it.
    order: Vec<u32>,
    ranks: Vec<u32>,
    /// Of the items of before the window, by chunk.
    base_counts: Counts,
    columns: Vec<Column>,
    runs: Vec<Run>,
    /// The inserted items, in the order of their numbers.
    homes: Vec<Home>,
    removals: Vec<Removal>,
    /// What each author's changes touched, by tick.
    log: FxHashMap<Author, Vec<By>>,
    /// The same in the order they came, from before there were columns of authors.
    early: Vec<By>,
    /// The last of each author's changes among these.
    touched: VectorClock,
    uses: u64,
}

#[expect(clippy::cast_possible_truncation, reason = "a sequence holds far fewer than 2^32 items")]
const fn short(number: usize) -> u32 {
    number as u32
}

#[expect(clippy::indexing_slicing, reason = "item, chunk and column numbers are only made by this sequence")]
impl Sequence {
    /// A sequence of so many items that everyone has seen.
    pub(super) fn of(len: usize) -> Self {
        let len = short(len);
        let all = Span { first: 0, len, exists: 1 << NOW, visible: 1 << NOW, fate: Fate::Alive };
        let spans = if len > 0 { vec![all] } else { Vec::new() };
        Self {
            base: len,
            chunks: vec![spans],
            order: vec![0],
            ranks: vec![0],
            base_counts: Counts::of(vec![len]),
            columns: vec![Column::of(len), Column::of(0)],
            runs: Vec::new(),
            homes: Vec::new(),
            removals: Vec::new(),
            log: FxHashMap::default(),
            early: Vec::new(),
            touched: VectorClock::new(),
            uses: 0,
        }
    }

    /// Who inserted an item; nothing when it was there before the window.
    pub(super) fn added(&self, item: usize) -> Option<ChangeId> {
        Some(self.adder(short(item), self.home(short(item))?))
    }

    fn adder(&self, item: u32, home: &Home) -> ChangeId {
        self.runs[home.run as usize].added.of(item)
    }

    /// The changes that removed an item, unless the holder of the sequence knows more.
    pub(super) fn removed(&self, item: usize) -> impl Iterator<Item = ChangeId> {
        let item = short(item);
        self.removals_of(self.span(self.place(item)).fate).map(move |by| by.of(item))
    }

    fn removals_of(&self, mut fate: Fate) -> impl Iterator<Item = By> {
        std::iter::from_fn(move || {
            let Fate::Removed(at) = fate else { return None };
            let removal = &self.removals[at as usize];
            fate = removal.before;
            Some(removal.by)
        })
    }

    fn home(&self, item: u32) -> Option<&Home> {
        Some(&self.homes[item.checked_sub(self.base)? as usize])
    }

    /// Makes the holder of the sequence the one who knows what becomes of an item.
    pub(super) fn make_own(&mut self, item: usize) {
        let place = self.isolate(self.place(short(item)), 1);
        self.span_mut(place).fate = Fate::Own;
        self.settle(place.rank);
    }

    /// Inserts some items at a position of a column. Gives the number of the first, and how many
    /// items stand visibly before it for those who have seen everything.
    pub(super) fn insert(
        &mut self, hand: Hand, column: usize, position: usize, count: usize,
    ) -> (usize, usize) {
        let author = hand.first.author;
        let before = position.checked_sub(1).and_then(|before| self.visible_at(column, before));
        let (left, from) = match before {
            Some((place, item)) => (Some(item), self.behind(place)),
            None => (None, Gap::START),
        };
        let right = self.next_existing(column, from);
        let at = self.integrate(author, left, from, right);

        let (first, count) = (self.base + short(self.homes.len()), short(count));
        let run = short(self.runs.len());
        let items = Piece { first: first as usize, len: count as usize, is_own: false };
        let added = hand.part(0, items, 0);
        self.runs.push(Run { added, first, left, right });
        let chunk = self.order[at.rank];
        self.homes.extend((0..count).map(|_| Home { run, chunk }));
        self.note_by(added);

        let own = self.own_column(author, column);
        let marks = (1 << NOW) | own.map_or(0, |own| 1 << own);
        let span = Span { first, len: count, exists: marks, visible: marks, fate: Fate::Alive };
        let place = self.put(at, span, left);
        let position = self.position_at(place);
        self.columns[NOW].counts.add(at.rank, count);
        if let Some(own) = own {
            self.columns[own].counts.add(at.rank, count);
        }
        self.settle(at.rank);
        (first as usize, position)
    }

    /// The column, if any, in which an author's changes are marked as they are made, given the one
    /// that they are made in.
    fn own_column(&self, author: Author, column: usize) -> Option<usize> {
        if column == NOW { self.column_of(author) } else { Some(column) }
    }

    /// Puts a span of new items into a gap: with what the same author has typed right before, if
    /// nothing tells them apart.
    fn put(&mut self, at: Gap, span: Span, left: Option<u32>) -> Place {
        let chunk = self.order[at.rank] as usize;
        if at.inside > 0 {
            let spans = &mut self.chunks[chunk];
            let before = &mut spans[at.span];
            let rest = Span { first: before.first + at.inside, len: before.len - at.inside, ..*before };
            before.len = at.inside;
            insert_both(spans, at.span + 1, [span, rest]);
            return Place { rank: at.rank, span: at.span + 1, inside: 0 };
        }
        let number = at.span;
        if let Some(before) = number.checked_sub(1)
            && let Span { first, len, exists, visible, fate: Fate::Alive } = self.chunks[chunk][before]
            && (exists, visible) == (span.exists, span.visible)
            && first >= self.base
            && first + len == span.first
            && left == Some(span.first - 1)
            && self.author(first) == self.author(span.first)
        {
            self.chunks[chunk][before].len += span.len;
            return Place { rank: at.rank, span: before, inside: len };
        }
        self.chunks[chunk].insert(number, span);
        Place { rank: at.rank, span: number, inside: 0 }
    }

    fn author(&self, item: u32) -> Option<Author> {
        Some(self.runs[self.home(item)?.run as usize].added.author)
    }

    /// Removes some of the items that are visible in a column, all of one fate; `hand` removes so
    /// many more before and after them. Gives each run of them that all could see until now: how many
    /// visible items are before it, and its length.
    pub(super) fn remove(
        &mut self, hand: Hand, column: usize, before: usize, piece: Piece, after: usize,
    ) -> Option<(usize, usize)> {
        let place = self.isolate(self.place(short(piece.first)), short(piece.len));
        let fate = self.span(place).fate;
        let removal = short(self.removals.len());
        let by = hand.part(before, piece, after);
        self.removals.push(Removal { by, before: fate });
        let position = self.span(place).is_now().then(|| self.position_at(place));
        self.span_mut(place).fate = Fate::Removed(removal);
        self.hide(place, NOW);
        if let Some(own) = self.own_column(by.author, column) {
            self.hide(place, own);
        }
        self.note_by(by);
        self.settle(place.rank);
        position.map(|position| (position, piece.len))
    }

    /// Notes that a change has touched an item that its holder knows more about: whether it is
    /// now there for everyone, and for the author. Gives how many visible items are before it, and
    /// whether it was there for everyone before.
    pub(super) fn touch(
        &mut self, id: ChangeId, item: usize, is_there: bool, for_author: bool,
    ) -> (usize, bool) {
        let place = self.place(short(item));
        let position = self.position_at(place);
        let was_there = self.span(place).is_now();
        self.show(place, NOW, true, is_there);
        if let Some(column) = self.column_of(id.author) {
            self.show(place, column, true, for_author);
        }
        self.note(id, item, 1);
        (position, was_there)
    }

    /// Notes that a change has touched some items, for those who have not seen it yet.
    pub(super) fn note(&mut self, id: ChangeId, first: usize, len: usize) {
        self.note_by(Hand::one(id).part(0, Piece { first, len, is_own: false }, 0));
    }

    fn note_by(&mut self, by: By) {
        if self.order.len() == 1 || !self.early.is_empty() {
            self.early.push(by);
            self.touched.set(by.author, by.last().max(self.touched.get(by.author)));
        } else {
            self.log.entry(by.author).or_default().push(by);
        }
    }
}

impl Span {
    fn is_now(&self) -> bool {
        self.visible & (1 << NOW) != 0
    }

    fn len_now(&self) -> u32 {
        self.len * u32::from(self.is_now())
    }
}
