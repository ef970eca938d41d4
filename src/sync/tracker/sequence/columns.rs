//! What each author sees of a sequence.

use super::{Counts, Fate, NOW, Place, Sequence, Span, Stride, View};
use crate::sync::{Author, Tick, VectorClock};

/// Columns, at most: bits of a mark. Of more authors the one longest idle gives way.
const COLUMNS: usize = 64;
/// The column for whoever looks, while there is but one chunk.
const PASSING: usize = NOW + 1;

/// What one author sees.
pub(super) struct Column {
    author: Option<Author>,
    /// How far it has been brought forward.
    clock: VectorClock,
    used: u64,
    /// How many items are visible, by rank of the chunk.
    pub(super) counts: Counts,
}

impl Column {
    fn new() -> Self {
        Self { author: None, clock: VectorClock::new(), used: 0, counts: Counts::default() }
    }

    /// A column of so many items in one chunk, of nobody in particular.
    pub(super) fn of(len: u32) -> Self {
        Self { counts: Counts::of(vec![len]), ..Self::new() }
    }
}

#[expect(clippy::indexing_slicing, reason = "item, chunk and column numbers are only made by this sequence")]
impl Sequence {
    pub(super) fn column_of(&self, author: Author) -> Option<usize> {
        self.columns.iter().position(|column| column.author == Some(author))
    }

    /// The column of an author who has seen what `clock` says, brought forward to it. The author's
    /// next change is then made on the sequence. `is_filled` says of an item that its holder
    /// knows more about whether it is there for the author.
    pub(in crate::sync::tracker) fn column(
        &mut self, author: Author, clock: &VectorClock, is_filled: impl Fn(usize) -> bool,
    ) -> usize {
        if self.order.len() == 1 {
            // Mostly nobody else is at work in so short a list.
            if clock.covers(&self.touched) {
                return NOW;
            }
            // To look through one chunk is less than to keep a column for each author.
            self.fill_column(PASSING, clock, is_filled);
            return PASSING;
        }
        for by in std::mem::take(&mut self.early) {
            self.log.entry(by.author).or_default().push(by);
        }
        self.uses += 1;
        let known = self.column_of(author);
        let column = match known {
            Some(column) if clock.covers(&self.columns[column].clock) => {
                self.bring_forward(column, clock, is_filled);
                column
            }
            _ => {
                let column = known.unwrap_or_else(|| self.free_column());
                self.columns[column].author = Some(author);
                self.fill_column(column, clock, is_filled);
                column
            }
        };
        self.columns[column].used = self.uses;
        column
    }

    fn free_column(&mut self) -> usize {
        if self.columns.len() < COLUMNS {
            self.columns.push(Column::new());
            return self.columns.len() - 1;
        }
        let idle = self.columns.iter().enumerate().skip(PASSING + 1).min_by_key(|(_, column)| column.used);
        idle.map_or(PASSING + 1, |(number, _)| number)
    }

    fn fill_column(&mut self, column: usize, clock: &VectorClock, is_filled: impl Fn(usize) -> bool) {
        let view = View::At(clock);
        self.columns[column].counts.clear(self.order.len());
        for rank in (0..self.order.len()).rev() {
            let mut number = 0;
            while number < self.spans(rank).len() {
                if self.fill_span(Place { rank, span: number, inside: 0 }, column, view, &is_filled) {
                    number += 1;
                    continue;
                }
                let mut place = Place { rank, span: number, inside: 0 };
                let existing = self.existing(self.span(place), view);
                if existing > 0 {
                    place = self.isolate(place, existing);
                }
                let mut is_visible = false;
                if existing > 0 {
                    let (is_there, alike) = self.is_visible(self.span(place), 0, view, &is_filled);
                    (place, is_visible) = (self.isolate(place, alike), is_there);
                }
                // It may be the column of another author up to now, whose marks count for nothing.
                let bit = 1 << column;
                let span = self.span_mut(place);
                (span.exists, span.visible) = (span.exists & !bit, span.visible & !bit);
                self.show(place, column, existing > 0, is_visible);
                number += 1;
            }
            self.settle(rank);
        }
        if column != PASSING {
            self.columns[column].clock.clone_from(clock);
        }
    }

    /// Sets the marks of a span in a column of which nothing counts yet, if all of its items are alike
    /// for somebody, which they mostly are.
    fn fill_span(
        &mut self, place: Place, column: usize, view: View<'_>, is_filled: impl Fn(usize) -> bool,
    ) -> bool {
        let span = *self.span(place);
        let existing = self.existing(&span, view);
        let (is_there, alike) =
            if existing > 0 { self.is_visible(&span, 0, view, is_filled) } else { (false, span.len) };
        if (existing > 0 && existing < span.len) || alike < span.len {
            return false;
        }
        let bit = 1 << column;
        let span = self.span_mut(place);
        span.exists = if existing > 0 { span.exists | bit } else { span.exists & !bit };
        span.visible = if is_there { span.visible | bit } else { span.visible & !bit };
        if is_there {
            let len = span.len;
            self.columns[column].counts.add(place.rank, len);
        }
        true
    }

    /// Whether an item of a span is there for somebody who has seen it come, and for how many from
    /// it on that is the same.
    pub(super) fn is_visible(
        &self, span: &Span, inside: u32, view: View<'_>, is_filled: impl Fn(usize) -> bool,
    ) -> (bool, u32) {
        let rest = span.len - inside;
        match span.fate {
            Fate::Alive => (true, rest),
            Fate::Own => (is_filled(span.first as usize), rest),
            Fate::Removed(_) => {
                let is_there = |item| !self.removals_of(span.fate).any(|by| view.saw(by.of(item)));
                let item = span.first + inside;
                let first = is_there(item);
                let is_one = matches!(view, View::Now)
                    || self.removals_of(span.fate).all(|by| by.stride == Stride::None);
                let differs = |other: &u32| is_there(item + other) != first;
                let alike = if is_one { None } else { (1..rest).find(differs) };
                (first, alike.unwrap_or(rest))
            }
        }
    }

    fn bring_forward(&mut self, column: usize, clock: &VectorClock, is_filled: impl Fn(usize) -> bool) {
        let this = &self.columns[column];
        let mut touched: Vec<(u32, u32)> = Vec::new();
        for (author, tick) in clock.iter() {
            let from: Tick = this.clock.get(author);
            // What the author itself did is marked as it is done.
            if tick > from
                && this.author != Some(author)
                && let Some(log) = self.log.get(&author)
            {
                let first = log.partition_point(|by| by.last() <= from);
                for by in log.iter().skip(first).take_while(|by| by.first <= tick) {
                    let (first, len) = by.between(from, tick);
                    match touched.last_mut() {
                        Some((last, so_far)) if *last + *so_far == first => *so_far += len,
                        _ => touched.push((first, len)),
                    }
                }
            }
        }
        for (first, len) in touched {
            self.look_again(column, first, len, View::At(clock), &is_filled);
        }
        self.columns[column].clock.join(clock);
    }

    /// Sets the marks of some items that somebody has seen come.
    fn look_again(
        &mut self, column: usize, mut first: u32, mut len: u32, view: View<'_>,
        is_filled: impl Fn(usize) -> bool,
    ) {
        let bit = 1 << column;
        while len > 0 {
            let place = self.place(first);
            let span = *self.span(place);
            let (visible, alike) = self.is_visible(&span, place.inside, view, &is_filled);
            let here = len.min(alike);
            if span.exists & bit == 0 || (span.visible & bit != 0) != visible {
                let place = self.isolate(place, here);
                self.show(place, column, true, visible);
                self.settle(place.rank);
            }
            (first, len) = (first + here, len - here);
        }
    }

    /// Sets the marks of a span in a column.
    pub(super) fn show(&mut self, place: Place, column: usize, exists: bool, visible: bool) {
        let bit = 1 << column;
        let span = self.span_mut(place);
        let (len, before) = (span.len, span.visible & bit != 0);
        span.exists = if exists { span.exists | bit } else { span.exists & !bit };
        span.visible = if visible { span.visible | bit } else { span.visible & !bit };
        match (before, visible) {
            (false, true) => self.columns[column].counts.add(place.rank, len),
            (true, false) => self.columns[column].counts.subtract(place.rank, len),
            (true, true) | (false, false) => {}
        }
    }

    /// Takes a span out of what a column shows.
    pub(super) fn hide(&mut self, place: Place, column: usize) {
        self.show(place, column, true, false);
    }
}
