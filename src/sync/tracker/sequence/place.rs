//! Where items stand, and where new ones belong.

use super::{CHUNK, Counts, ROOM, Sequence, Span, Stride, short};
use crate::sync::Author;

/// Where an item stands: the rank of a chunk, the span in it, and the item in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) rank: usize,
    pub(super) span: usize,
    pub(super) inside: u32,
}

/// A place between items: before the one at this place, or after the last of a chunk.
pub(super) type Gap = Place;

impl Gap {
    pub(super) const START: Self = Self { rank: 0, span: 0, inside: 0 };
}

/// Inserts two spans, moving those behind them once.
pub(super) fn insert_both(spans: &mut Vec<Span>, at: usize, both: [Span; 2]) {
    let end = spans.len();
    spans.extend(both);
    spans.copy_within(at..end, at + 2);
    if let Some(gap) = spans.get_mut(at..at + 2) {
        gap.copy_from_slice(&both);
    }
}

#[expect(clippy::indexing_slicing, reason = "item, chunk and column numbers are only made by this sequence")]
impl Sequence {
    pub(super) fn spans(&self, rank: usize) -> &[Span] {
        &self.chunks[self.order[rank] as usize]
    }

    pub(super) fn span(&self, place: Place) -> &Span {
        &self.spans(place.rank)[place.span]
    }

    pub(super) fn span_mut(&mut self, place: Place) -> &mut Span {
        &mut self.chunks[self.order[place.rank] as usize][place.span]
    }

    pub(super) fn place(&self, item: u32) -> Place {
        let rank = match self.home(item) {
            Some(home) => self.ranks[home.chunk as usize] as usize,
            // Those of before the window never change their order.
            None => self.base_counts.find(item).map_or(0, |(rank, _)| rank),
        };
        let is_in = |span: &Span| item.wrapping_sub(span.first) < span.len;
        let span = self.spans(rank).iter().position(is_in).unwrap_or_default();
        Place { rank, span, inside: item - self.spans(rank)[span].first }
    }

    /// The gap behind an item.
    pub(super) fn behind(&self, place: Place) -> Gap {
        if place.inside + 1 < self.span(place).len {
            Place { inside: place.inside + 1, ..place }
        } else {
            Place { span: place.span + 1, inside: 0, ..place }
        }
    }

    /// The next item from a gap on that exists in a column.
    pub(super) fn next_existing(&self, column: usize, from: Gap) -> Option<u32> {
        let (mut skipped, mut inside) = (from.span, from.inside);
        for rank in from.rank..self.order.len() {
            for span in self.spans(rank).iter().skip(skipped) {
                if span.exists & (1 << column) != 0 {
                    return Some(span.first + inside);
                }
                inside = 0;
            }
            skipped = 0;
        }
        None
    }

    /// Where from a gap on an item belongs that was put between the items `left` and `right`:
    /// everything up to `right` is concurrent to it.
    ///
    /// Of what one change inserted only the first item can have its left origin at `left` or before
    /// it. The others have theirs between `left` and `right`, and are passed by.
    pub(super) fn integrate(&self, author: Author, left: Option<u32>, from: Gap, right: Option<u32>) -> Gap {
        let mut destination = from;
        let mut at = from;
        let mut scanning = false;
        loop {
            while at.rank + 1 < self.order.len() && at.span >= self.spans(at.rank).len() {
                at = Gap { rank: at.rank + 1, span: 0, inside: 0 };
            }
            if !scanning {
                destination = at;
            }
            let Some(span) = self.spans(at.rank).get(at.span) else { return destination };
            let item = span.first + at.inside;
            if Some(item) == right {
                return destination;
            }
            if let Some(run) = self.home(item).map(|home| &self.runs[home.run as usize])
                && (run.first == item || run.added.stride != Stride::None)
            {
                let origin = if run.first == item { run.left } else { Some(item - 1) };
                if origin == left {
                    if run.right == right {
                        if author < run.added.author {
                            return destination;
                        }
                        scanning = false;
                    } else {
                        scanning = self.is_before(run.right, right);
                    }
                } else if self.is_left_of(origin, left) {
                    return destination;
                }
            }
            at = Gap { span: at.span + 1, inside: 0, ..at };
        }
    }

    /// Whether one left origin stands before another; nothing is the start.
    fn is_left_of(&self, one: Option<u32>, other: Option<u32>) -> bool {
        one.map(|item| self.place(item)) < other.map(|item| self.place(item))
    }

    /// Whether one right origin stands before another; nothing is the end.
    fn is_before(&self, one: Option<u32>, other: Option<u32>) -> bool {
        match (one, other) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(one), Some(other)) => self.place(one) < self.place(other),
        }
    }

    /// Cuts a span at a gap, and gives the number in the chunk of the span that begins there. The
    /// chunk may have to [`settle`](Self::settle) afterwards.
    pub(super) fn cut(&mut self, at: Gap) -> usize {
        if at.inside == 0 {
            return at.span;
        }
        let spans = &mut self.chunks[self.order[at.rank] as usize];
        let span = &mut spans[at.span];
        let rest = Span { first: span.first + at.inside, len: span.len - at.inside, ..*span };
        span.len = at.inside;
        spans.insert(at.span + 1, rest);
        at.span + 1
    }

    /// Makes some items of one span a span of their own.
    pub(super) fn isolate(&mut self, place: Place, len: u32) -> Place {
        let Span { first, len: whole, .. } = *self.span(place);
        let end = place.inside + len;
        if place.inside == 0 || end >= whole {
            let span = self.cut(place);
            let place = Place { span, inside: 0, ..place };
            if len < self.span(place).len {
                self.cut(Place { inside: len, ..place });
            }
            return place;
        }
        let spans = &mut self.chunks[self.order[place.rank] as usize];
        let span = &mut spans[place.span];
        span.len = place.inside;
        let part = Span { first: first + place.inside, len, ..*span };
        let rest = Span { first: first + end, len: whole - end, ..*span };
        insert_both(spans, place.span + 1, [part, rest]);
        Place { span: place.span + 1, inside: 0, ..place }
    }

    /// Cuts a chunk that has grown too long.
    pub(super) fn settle(&mut self, rank: usize) {
        let chunk = self.order[rank] as usize;
        if self.chunks[chunk].len() <= CHUNK {
            return;
        }
        while self.chunks[chunk].len() > CHUNK {
            let at = self.chunks[chunk].len() - CHUNK / 2;
            let mut moved = Vec::with_capacity(ROOM);
            moved.extend(self.chunks[chunk].drain(at..));
            let number = short(self.chunks.len());
            let base = self.base;
            let count = |is_in: &dyn Fn(&Span) -> bool| -> u32 {
                moved.iter().filter(|span| is_in(span)).map(|span| span.len).sum()
            };
            let split = |counts: &mut Counts, is_in: &dyn Fn(&Span) -> bool| counts.split(rank, count(is_in));
            split(&mut self.base_counts, &|span| span.first < base);
            for (bit, column) in self.columns.iter_mut().enumerate() {
                split(&mut column.counts, &|span| span.visible & (1 << bit) != 0);
            }
            for span in moved.iter().filter(|span| span.first >= base) {
                let from = (span.first - base) as usize;
                for home in &mut self.homes[from..from + span.len as usize] {
                    home.chunk = number;
                }
            }
            self.chunks.push(moved);
            self.ranks.push(0);
            self.order.insert(rank + 1, number);
        }
        for (rank, &chunk) in self.order.iter().enumerate().skip(rank) {
            self.ranks[chunk as usize] = short(rank);
        }
    }
}
