//! What is seen of a sequence, and where.

use super::{Fate, NOW, Piece, Pieces, Place, Sequence, Span, View, short};

#[expect(clippy::indexing_slicing, reason = "item, chunk and column numbers are only made by this sequence")]
impl Sequence {
    /// All items that somebody sees, in document order, each looked at by itself. `is_filled` says
    /// of an item that its holder knows more about whether it is there for them.
    pub(in crate::sync::tracker) fn visible(
        &self, view: View<'_>, is_filled: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = Piece> {
        self.spans_in_order().flat_map(move |span| {
            let existing = self.existing(span, view);
            let mut inside = 0;
            let pieces = std::iter::from_fn(|| {
                while inside < existing {
                    let (is_there, alike) = self.is_visible(span, inside, view, &is_filled);
                    let piece = Piece {
                        first: (span.first + inside) as usize,
                        len: alike.min(existing - inside) as usize,
                        is_own: span.fate == Fate::Own,
                    };
                    inside += alike;
                    if is_there {
                        return Some(piece);
                    }
                }
                None
            });
            pieces.collect::<Pieces>()
        })
    }

    /// How many items of a span exist for somebody: they come one after the other.
    pub(super) fn existing(&self, span: &Span, view: View<'_>) -> u32 {
        let Some(from) = span.first.checked_sub(self.base) else { return span.len };
        let homes = &self.homes[from as usize..(from + span.len) as usize];
        let is_seen = |at: u32| view.saw(self.adder(span.first + at, &homes[at as usize]));
        if is_seen(span.len - 1) {
            return span.len;
        }
        let (mut seen, mut unseen) = (0, span.len - 1);
        while seen < unseen {
            let middle = seen.midpoint(unseen);
            if is_seen(middle) {
                seen = middle + 1;
            } else {
                unseen = middle;
            }
        }
        seen
    }

    fn spans_in_order(&self) -> impl Iterator<Item = &Span> {
        self.order.iter().flat_map(|&chunk| &self.chunks[chunk as usize])
    }

    /// How many items are visible in a column.
    pub(in crate::sync::tracker) fn len(&self, column: usize) -> usize {
        self.columns[column].counts.total() as usize
    }

    /// The items that are visible in a column from a position on, at most `count`.
    pub(in crate::sync::tracker) fn range(&self, column: usize, start: usize, count: usize) -> Pieces {
        let mut pieces = Pieces::new();
        let mut wanted = short(count.min(u32::MAX as usize));
        if wanted == 0 {
            return pieces;
        }
        let Some((mut place, _)) = self.visible_at(column, start) else { return pieces };
        loop {
            let spans = self.spans(place.rank);
            for span in spans.iter().skip(place.span) {
                if span.visible & (1 << column) != 0 {
                    let len = wanted.min(span.len - place.inside);
                    let first = (span.first + place.inside) as usize;
                    pieces.push(Piece { first, len: len as usize, is_own: span.fate == Fate::Own });
                    wanted -= len;
                    if wanted == 0 {
                        return pieces;
                    }
                }
                place.inside = 0;
            }
            if place.rank + 1 == self.order.len() {
                return pieces;
            }
            place = Place { rank: place.rank + 1, span: 0, inside: 0 };
        }
    }

    /// The item that is visible in a column at a position, and whether its holder knows more
    /// about it.
    pub(in crate::sync::tracker) fn item_at(&self, column: usize, position: usize) -> Option<usize> {
        let (_, item) = self.visible_at(column, position)?;
        Some(item as usize)
    }

    pub(super) fn visible_at(&self, column: usize, position: usize) -> Option<(Place, u32)> {
        let (rank, mut inside) = self.columns[column].counts.find(u32::try_from(position).ok()?)?;
        for (number, span) in self.spans(rank).iter().enumerate() {
            // Without a branch on what is visible, which nobody can predict.
            let seen = span.len * u32::from(span.visible & (1 << column) != 0);
            if inside < seen {
                return Some((Place { rank, span: number, inside }, span.first + inside));
            }
            inside -= seen;
        }
        None
    }

    /// How many items stand visibly before one, for those who have seen everything.
    pub(in crate::sync::tracker) fn position(&self, item: usize) -> usize {
        self.position_at(self.place(short(item)))
    }

    pub(super) fn position_at(&self, place: Place) -> usize {
        let spans = self.spans(place.rank);
        let in_chunk: u32 = spans[..place.span].iter().map(Span::len_now).sum();
        let inside = if spans.get(place.span).is_some_and(Span::is_now) { place.inside } else { 0 };
        (self.columns[NOW].counts.before(place.rank) + in_chunk + inside) as usize
    }

    /// The positions among the visible items where some others belong. `home` gives for an item
    /// that stands for another the one whose place counts: a new item is put before the dead
    /// ones of its gap, so its own place says little.
    pub(in crate::sync::tracker) fn positions(
        &self, of: &[usize], home: impl Fn(usize) -> usize, is_filled: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut places = vec![0; self.base as usize + self.homes.len()];
        let order = self.spans_in_order().flat_map(|span| span.first..span.first + span.len);
        for (place, item) in order.enumerate() {
            places[item as usize] = place;
        }
        let place = |item: usize| places[home(item)];
        let visible = self.visible(View::Now, is_filled).flat_map(Piece::items).enumerate();
        let mut visible: Vec<(usize, usize)> =
            visible.map(|(position, item)| (place(item), position)).collect();
        visible.sort_unstable();
        let before = |item| visible.partition_point(|&(other, _)| other < place(item));
        let after = |last: usize| visible.get(last).map_or(0, |&(_, position)| position + 1);
        of.iter().map(|&item| before(item).checked_sub(1).map_or(0, after)).collect()
    }
}
