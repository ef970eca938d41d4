//! A list whose items know what they were put between.
//!
//! Items stand in chunks, and for each author at work there is a column of marks: which items
//! that author has seen come, and which are still there for it. What an author has seen only
//! grows, so a column is brought forward by what is new to it and never taken back; a position
//! is found by counting chunks. Reading and inserting cost about the square root of the length,
//! whatever the number of concurrent changes.

use rustc_hash::FxHashMap;

use super::View;
use crate::sync::{Author, ChangeId, Tick, VectorClock};

/// Items in a chunk, at most.
const CHUNK: usize = 256;
/// Columns, at most: bits of a mark. Of more authors the one longest idle gives way.
const COLUMNS: usize = 64;
/// The column of those who have seen everything.
const NOW: usize = 0;

/// One item of a sequence, dead ones included.
struct Item<T> {
    /// Who inserted it; nothing when it was there before the window.
    added: Option<ChangeId>,
    /// The item that was visibly before it for its author; nothing: the start.
    left: Option<u32>,
    /// The next item that existed for its author; nothing: the end.
    right: Option<u32>,
    chunk: u32,
    payload: T,
}

/// Some neighbouring items, with a bit for each column.
#[derive(Default)]
struct Chunk {
    items: Vec<u32>,
    exists: Vec<u64>,
    visible: Vec<u64>,
}

/// What one author sees.
struct Column {
    author: Option<Author>,
    /// How far it has been brought forward.
    clock: VectorClock,
    used: u64,
    /// By rank of the chunk: how many items exist in it, and how many of these are visible.
    exists: Vec<u32>,
    visible: Vec<u32>,
}

/// A place between two items: the rank of a chunk and the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    rank: usize,
    inside: usize,
}

/// A sequence of items in their agreed order, merged as Yjs does with the correction that Joseph
/// Gentle calls yjsmod (`reference-crdts`; Gentle & Kleppmann, `EuroSys` 2025).
pub(super) struct Sequence<T> {
    /// Items by number: the order they came in.
    items: Vec<Item<T>>,
    chunks: Vec<Chunk>,
    /// Chunk numbers in document order, and the rank of each chunk in it.
    order: Vec<u32>,
    rank: Vec<usize>,
    columns: Vec<Column>,
    /// What each author's changes touched, by tick.
    log: FxHashMap<Author, Vec<(Tick, u32)>>,
    uses: u64,
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        Self::of(std::iter::empty())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a sequence holds far fewer than 2^32 items")]
const fn short(number: usize) -> u32 {
    number as u32
}

#[expect(clippy::indexing_slicing, reason = "item, chunk and column numbers are only made by this sequence")]
impl<T> Sequence<T> {
    /// A sequence of items that everyone has seen.
    pub(super) fn of(payloads: impl Iterator<Item = T>) -> Self {
        let mut items = Vec::new();
        let mut chunks: Vec<Chunk> = Vec::new();
        for (number, payload) in payloads.enumerate() {
            if number.is_multiple_of(CHUNK / 2) {
                chunks.push(Chunk::default());
            }
            let chunk = chunks.len() - 1;
            items.push(Item { added: None, left: None, right: None, chunk: short(chunk), payload });
            chunks[chunk].items.push(short(number));
            chunks[chunk].exists.push(1 << NOW);
            chunks[chunk].visible.push(1 << NOW);
        }
        if chunks.is_empty() {
            chunks.push(Chunk::default());
        }
        let all: Vec<u32> = chunks.iter().map(|chunk| short(chunk.items.len())).collect();
        let now =
            Column { author: None, clock: VectorClock::new(), used: 0, exists: all.clone(), visible: all };
        let order = (0..short(chunks.len())).collect();
        let rank = (0..chunks.len()).collect();
        Self { items, chunks, order, rank, columns: vec![now], log: FxHashMap::default(), uses: 0 }
    }

    /// The payload of an item.
    pub(super) fn payload(&self, item: usize) -> &T {
        &self.items[item].payload
    }

    /// The payload of an item, to be changed. What it does to the item's being there is to be
    /// told by [`touch`](Self::touch).
    pub(super) fn payload_mut(&mut self, item: usize) -> &mut T {
        &mut self.items[item].payload
    }

    /// All items in document order.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().flat_map(|&chunk| &self.chunks[chunk as usize].items).map(|&item| item as usize)
    }

    fn exists(&self, item: usize, view: View<'_>) -> bool {
        self.items[item].added.is_none_or(|added| view.saw(added))
    }

    /// The items that somebody sees, in document order, each looked at by itself. `is_alive` says
    /// whether an item that they have seen come is still there for them.
    pub(super) fn visible(
        &self, view: View<'_>, is_alive: impl Fn(&T) -> bool,
    ) -> impl Iterator<Item = usize> {
        self.order().filter(move |&item| self.exists(item, view) && is_alive(self.payload(item)))
    }

    fn chunk(&self, rank: usize) -> &Chunk {
        &self.chunks[self.order[rank] as usize]
    }

    /// The column of an author whose context is `clock`, brought forward to it.
    pub(super) fn column(
        &mut self, author: Author, clock: &VectorClock, is_alive: impl Fn(&T) -> bool,
    ) -> usize {
        self.uses += 1;
        let known = self.columns.iter().position(|column| column.author == Some(author));
        let column = match known {
            Some(column) if clock.covers(&self.columns[column].clock) => {
                self.bring_forward(column, clock, is_alive);
                column
            }
            _ => {
                let column = known.unwrap_or_else(|| self.free_column());
                self.columns[column].author = Some(author);
                self.fill_column(column, clock, is_alive);
                column
            }
        };
        self.columns[column].used = self.uses;
        column
    }

    fn free_column(&mut self) -> usize {
        if self.columns.len() < COLUMNS {
            self.columns.push(Column {
                author: None,
                clock: VectorClock::new(),
                used: 0,
                exists: Vec::new(),
                visible: Vec::new(),
            });
            return self.columns.len() - 1;
        }
        let idle = self.columns.iter().enumerate().skip(NOW + 1).min_by_key(|(_, column)| column.used);
        idle.map_or(NOW + 1, |(number, _)| number)
    }

    fn fill_column(&mut self, column: usize, clock: &VectorClock, is_alive: impl Fn(&T) -> bool) {
        let bit = 1 << column;
        let view = View::At(clock);
        self.columns[column].exists = vec![0; self.order.len()];
        self.columns[column].visible = vec![0; self.order.len()];
        for (rank, &chunk) in self.order.iter().enumerate() {
            let Chunk { items, exists, visible } = &mut self.chunks[chunk as usize];
            for ((&item, exists), visible) in items.iter().zip(exists).zip(visible) {
                let item = &self.items[item as usize];
                let is_there = item.added.is_none_or(|added| view.saw(added));
                let is_seen = is_there && is_alive(&item.payload);
                *exists = if is_there { *exists | bit } else { *exists & !bit };
                *visible = if is_seen { *visible | bit } else { *visible & !bit };
                self.columns[column].exists[rank] += u32::from(is_there);
                self.columns[column].visible[rank] += u32::from(is_seen);
            }
        }
        self.columns[column].clock = clock.clone();
    }

    fn bring_forward(&mut self, column: usize, clock: &VectorClock, is_alive: impl Fn(&T) -> bool) {
        let mut touched: Vec<u32> = Vec::new();
        for (author, tick) in clock.iter() {
            let from = self.columns[column].clock.get(author);
            if tick > from
                && let Some(log) = self.log.get(&author)
            {
                let first = log.partition_point(|&(at, _)| at <= from);
                touched
                    .extend(log.iter().skip(first).take_while(|&&(at, _)| at <= tick).map(|&(_, item)| item));
            }
        }
        for item in touched {
            let item = item as usize;
            let exists = self.exists(item, View::At(clock));
            self.mark(column, item, exists, exists && is_alive(self.payload(item)));
        }
        self.columns[column].clock.join(clock);
    }

    /// Sets the marks of an item in a column; whether it was visible there before.
    fn mark(&mut self, column: usize, item: usize, exists: bool, visible: bool) -> bool {
        let Place { rank, inside } = self.place(item);
        let bit = 1 << column;
        let chunk = &mut self.chunks[self.order[rank] as usize];
        let set = |marks: &mut u64, count: &mut u32, to: bool| {
            let before = *marks & bit != 0;
            match (before, to) {
                (false, true) => (*marks, *count) = (*marks | bit, *count + 1),
                (true, false) => (*marks, *count) = (*marks & !bit, *count - 1),
                (true, true) | (false, false) => {}
            }
            before
        };
        let column = &mut self.columns[column];
        set(&mut chunk.exists[inside], &mut column.exists[rank], exists);
        set(&mut chunk.visible[inside], &mut column.visible[rank], visible)
    }

    /// Notes that a change has touched an item, which everyone who has seen everything now sees
    /// or not. Whether they saw it before.
    pub(super) fn touch(&mut self, id: ChangeId, item: usize, is_alive: bool) -> bool {
        self.log.entry(id.author).or_default().push((id.tick, short(item)));
        self.mark(NOW, item, true, is_alive)
    }

    /// How many items are visible in a column.
    pub(super) fn len(&self, column: usize) -> usize {
        self.columns[column].visible.iter().map(|&count| count as usize).sum()
    }

    /// The items that are visible in a column from a position on, at most `count`.
    pub(super) fn range(&self, column: usize, start: usize, count: usize) -> Vec<usize> {
        let mut found = Vec::with_capacity(count.min(CHUNK));
        let (mut rank, mut skip) = self.rank_of(column, start);
        while found.len() < count && rank < self.order.len() {
            let chunk = self.chunk(rank);
            let visible =
                chunk.items.iter().zip(&chunk.visible).filter(|&(_, marks)| marks & (1 << column) != 0);
            found.extend(visible.skip(skip).take(count - found.len()).map(|(&item, _)| item as usize));
            (rank, skip) = (rank + 1, 0);
        }
        found
    }

    /// The rank of the chunk that holds the visible item at a position, and its position there.
    fn rank_of(&self, column: usize, mut position: usize) -> (usize, usize) {
        for (rank, &count) in self.columns[column].visible.iter().enumerate() {
            if position < count as usize {
                return (rank, position);
            }
            position -= count as usize;
        }
        (self.order.len(), 0)
    }

    /// How many items stand visibly before one, for those who have seen everything.
    pub(super) fn position(&self, item: usize) -> usize {
        let Place { rank, inside } = self.place(item);
        let before: usize = self.columns[NOW].visible.iter().take(rank).map(|&count| count as usize).sum();
        let marks = self.chunk(rank).visible.iter().take(inside);
        before + marks.filter(|&marks| marks & (1 << NOW) != 0).count()
    }

    /// Inserts a run at a position of a column, and gives the numbers of the new items. They are
    /// there for those who have seen everything, and for the author when its column is next
    /// brought forward.
    pub(super) fn insert(
        &mut self, id: ChangeId, column: usize, position: usize, payloads: Vec<T>,
    ) -> Vec<usize> {
        let before =
            position.checked_sub(1).and_then(|before| self.range(column, before, 1).first().copied());
        let from = before.map_or(Place { rank: 0, inside: 0 }, |item| {
            let place = self.place(item);
            Place { inside: place.inside + 1, ..place }
        });
        let left = before.map(short);
        let right = self.next_existing(column, from);
        let at = self.integrate(id, left, from, right);

        let first = self.items.len();
        let chunk = self.order[at.rank];
        for (number, payload) in (first..).zip(payloads) {
            let left = if number == first { left } else { Some(short(number - 1)) };
            self.items.push(Item { added: Some(id), left, right, chunk, payload });
        }
        let run = first..self.items.len();
        let log = self.log.entry(id.author).or_default();
        log.extend(run.clone().map(|item| (id.tick, short(item))));
        let inside = at.inside..at.inside;
        let there = &mut self.chunks[chunk as usize];
        there.items.splice(inside.clone(), run.clone().map(short));
        there.exists.splice(inside.clone(), run.clone().map(|_| 1 << NOW));
        there.visible.splice(inside, run.clone().map(|_| 1 << NOW));
        self.columns[NOW].exists[at.rank] += short(run.len());
        self.columns[NOW].visible[at.rank] += short(run.len());
        self.split(at.rank);
        run.collect()
    }

    /// Cuts a chunk that has grown too long.
    fn split(&mut self, rank: usize) {
        let chunk = &mut self.chunks[self.order[rank] as usize];
        if chunk.items.len() <= CHUNK {
            return;
        }
        let mut pieces = Vec::new();
        while chunk.items.len() > CHUNK {
            let at = chunk.items.len() - CHUNK / 2;
            pieces.push(Chunk {
                items: chunk.items.split_off(at),
                exists: chunk.exists.split_off(at),
                visible: chunk.visible.split_off(at),
            });
        }
        for piece in pieces {
            let number = short(self.chunks.len());
            for &item in &piece.items {
                self.items[item as usize].chunk = number;
            }
            for (bit, column) in self.columns.iter_mut().enumerate() {
                let count =
                    |marks: &[u64]| short(marks.iter().filter(|&marks| marks & (1 << bit) != 0).count());
                let (exists, visible) = (count(&piece.exists), count(&piece.visible));
                column.exists[rank] -= exists;
                column.visible[rank] -= visible;
                column.exists.insert(rank + 1, exists);
                column.visible.insert(rank + 1, visible);
            }
            self.chunks.push(piece);
            self.order.insert(rank + 1, number);
        }
        self.rank.resize(self.chunks.len(), 0);
        for (rank, &chunk) in self.order.iter().enumerate().skip(rank) {
            self.rank[chunk as usize] = rank;
        }
    }

    fn place(&self, item: usize) -> Place {
        let chunk = self.items[item].chunk as usize;
        let item = short(item);
        let inside = self.chunks[chunk].items.iter().position(|&candidate| candidate == item);
        Place { rank: self.rank[chunk], inside: inside.unwrap_or_default() }
    }

    /// The next item from a place on that exists in a column.
    fn next_existing(&self, column: usize, from: Place) -> Option<u32> {
        let bit = 1 << column;
        let first_in = |rank: usize, skip: usize| {
            let chunk = self.chunk(rank);
            let at = chunk.exists.iter().skip(skip).position(|marks| marks & bit != 0)?;
            chunk.items.get(skip + at).copied()
        };
        first_in(from.rank, from.inside).or_else(|| {
            let counts = self.columns[column].exists.iter().enumerate().skip(from.rank + 1);
            counts.filter(|&(_, &count)| count > 0).find_map(|(rank, _)| first_in(rank, 0))
        })
    }

    /// Where from a place on an item belongs that was put between the items `left` and `right`:
    /// everything up to `right` is concurrent to it.
    fn integrate(&self, id: ChangeId, left: Option<u32>, from: Place, right: Option<u32>) -> Place {
        let mut destination = from;
        let mut at = from;
        let mut scanning = false;
        loop {
            while at.rank + 1 < self.order.len() && at.inside >= self.chunk(at.rank).items.len() {
                at = Place { rank: at.rank + 1, inside: 0 };
            }
            if !scanning {
                destination = at;
            }
            let Some(&number) = self.chunk(at.rank).items.get(at.inside) else { return destination };
            if Some(number) == right {
                return destination;
            }
            let other = &self.items[number as usize];
            if other.left == left {
                if other.right == right {
                    if other.added.is_some_and(|added| id.author < added.author) {
                        return destination;
                    }
                    scanning = false;
                } else {
                    scanning = self.is_before(other.right, right);
                }
            } else if self.is_left_of(other.left, left) {
                return destination;
            }
            at.inside += 1;
        }
    }

    /// Whether one left origin stands before another; nothing is the start.
    fn is_left_of(&self, one: Option<u32>, other: Option<u32>) -> bool {
        let place = |item: u32| self.place(item as usize);
        one.map(place) < other.map(place)
    }

    /// Whether one right origin stands before another; nothing is the end.
    fn is_before(&self, one: Option<u32>, other: Option<u32>) -> bool {
        match (one, other) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(one), Some(other)) => self.place(one as usize) < self.place(other as usize),
        }
    }

    /// The positions among the visible items where some others belong. `home` gives for an item
    /// that stands for another the one whose place counts: a new item is put before the dead
    /// ones of its gap, so its own place says little.
    pub(super) fn positions(
        &self, of: &[usize], home: impl Fn(usize) -> usize, is_alive: impl Fn(&T) -> bool,
    ) -> Vec<usize> {
        let mut places = vec![0; self.items.len()];
        for (place, item) in self.order().enumerate() {
            places[item] = place;
        }
        let place = |item: usize| places[home(item)];
        let visible = self.visible(View::Now, is_alive).enumerate();
        let mut visible: Vec<(usize, usize)> =
            visible.map(|(position, item)| (place(item), position)).collect();
        visible.sort_unstable();
        let before = |item| visible.partition_point(|&(other, _)| other < place(item));
        let after = |last: usize| visible.get(last).map_or(0, |&(_, position)| position + 1);
        of.iter().map(|&item| before(item).checked_sub(1).map_or(0, after)).collect()
    }
}
