//! Which changes did something to neighbouring items.

use super::{Piece, short};
use crate::sync::{Author, ChangeId, Tick};

/// Which changes do the same to neighbouring items: one to all of them, or the changes that an
/// author made in a row to one item each.
#[derive(Clone, Copy, Debug)]
pub(in crate::sync::tracker) struct Hand {
    /// The first of the changes.
    pub(in crate::sync::tracker) first: ChangeId,
    pub(in crate::sync::tracker) stride: Stride,
}

/// In what order changes take neighbouring items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sync::tracker) enum Stride {
    /// One takes all.
    None,
    Forwards,
    Backwards,
}

impl Hand {
    /// One change.
    pub(in crate::sync::tracker) fn one(id: ChangeId) -> Self {
        Self { first: id, stride: Stride::None }
    }

    /// The changes that take some items of those which all of them take, `before` and `after` being
    /// how many of these stand there.
    pub(super) fn part(self, before: usize, piece: Piece, after: usize) -> By {
        let skipped = match self.stride {
            Stride::None => 0,
            Stride::Forwards => before,
            Stride::Backwards => after,
        };
        let first = self.first.tick + skipped as Tick;
        By {
            author: self.first.author,
            first,
            item: short(piece.first),
            len: short(piece.len),
            stride: self.stride,
        }
    }
}

/// Which change did something to each of some items with consecutive numbers.
#[derive(Clone, Copy)]
pub(super) struct By {
    pub(super) author: Author,
    /// The first of its changes.
    pub(super) first: Tick,
    item: u32,
    len: u32,
    pub(super) stride: Stride,
}

impl By {
    /// The change that did it to an item.
    pub(super) fn of(&self, item: u32) -> ChangeId {
        let changes_before = match self.stride {
            Stride::None => 0,
            Stride::Forwards => item - self.item,
            Stride::Backwards => self.len - 1 - (item - self.item),
        };
        ChangeId { author: self.author, tick: self.first + Tick::from(changes_before) }
    }

    /// The last of the changes.
    pub(super) fn last(&self) -> Tick {
        self.first + if self.stride == Stride::None { 0 } else { Tick::from(self.len - 1) }
    }

    /// The items that changes after one tick and up to another did it to: the first, and how many.
    pub(super) fn between(&self, after: Tick, until: Tick) -> (u32, u32) {
        let (from, to) = (self.first.max(after + 1), self.last().min(until));
        let count = u32::try_from((to + 1).saturating_sub(from)).unwrap_or(u32::MAX);
        match self.stride {
            Stride::None => (self.item, if count > 0 { self.len } else { 0 }),
            Stride::Forwards => (self.item + u32::try_from(from - self.first).unwrap_or(0), count),
            Stride::Backwards => {
                (self.item + u32::try_from(self.last().saturating_sub(to)).unwrap_or(0), count)
            }
        }
    }
}
