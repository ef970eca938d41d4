//! Changes in the total order, into which a late one goes without moving all the others.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::{Change, Stamp};

/// Changes in a chunk, at most.
const CHUNK: usize = 128;

/// Changes by stamp. Positions count from the first, 0.
#[derive(Default)]
pub(super) struct Order {
    /// None is empty.
    chunks: VecDeque<Vec<Placed>>,
    len: usize,
}

/// A change beside the first part of its stamp, to be searched without a look at the change.
struct Placed {
    sum: u64,
    change: Arc<Change>,
}

impl Placed {
    fn is_before(&self, stamp: Stamp) -> bool {
        (self.sum, self.change.author) < (stamp.sum, stamp.author)
    }
}

impl Order {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, position: usize) -> Option<&Arc<Change>> {
        let (chunk, inside) = self.find(position)?;
        self.chunks.get(chunk)?.get(inside).map(|placed| &placed.change)
    }

    /// The chunk that holds a position, and the place in it.
    fn find(&self, mut position: usize) -> Option<(usize, usize)> {
        if position >= self.len / 2 {
            let mut behind = self.len.checked_sub(position + 1)?;
            for (number, chunk) in self.chunks.iter().enumerate().rev() {
                if behind < chunk.len() {
                    return Some((number, chunk.len() - 1 - behind));
                }
                behind -= chunk.len();
            }
        }
        for (number, chunk) in self.chunks.iter().enumerate() {
            if position < chunk.len() {
                return Some((number, position));
            }
            position -= chunk.len();
        }
        None
    }

    /// How many changes come before a stamp.
    pub(super) fn place_of(&self, stamp: Stamp) -> usize {
        let (chunk, inside) = self.gap(stamp);
        self.chunks.iter().take(chunk).map(Vec::len).sum::<usize>() + inside
    }

    /// Where a stamp belongs: the chunk, and the place in it.
    fn gap(&self, stamp: Stamp) -> (usize, usize) {
        let begun = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|at| at.is_before(stamp)));
        let chunk = begun.saturating_sub(1);
        let inside = self.chunks.get(chunk).map_or(0, |all| all.partition_point(|at| at.is_before(stamp)));
        (chunk, inside)
    }

    /// Adds a change that comes after all others.
    pub(super) fn push(&mut self, change: Arc<Change>) {
        let placed = Placed { sum: change.clock.sum(), change };
        self.len += 1;
        if let Some(last) = self.chunks.back_mut().filter(|last| last.len() < CHUNK) {
            last.push(placed);
        } else {
            let mut chunk = Vec::with_capacity(CHUNK);
            chunk.push(placed);
            self.chunks.push_back(chunk);
        }
    }

    /// Puts a change in its place.
    pub(super) fn insert(&mut self, change: Arc<Change>) {
        let stamp = change.stamp();
        let (number, inside) = self.gap(stamp);
        let is_last = number + 1 >= self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(number) else { return self.push(change) };
        if is_last && inside == chunk.len() {
            return self.push(change);
        }
        if chunk.len() >= CHUNK {
            let mut behind = Vec::with_capacity(CHUNK);
            behind.extend(chunk.drain(CHUNK / 2..));
            self.chunks.insert(number + 1, behind);
            return self.insert(change);
        }
        chunk.insert(inside, Placed { sum: stamp.sum, change });
        self.len += 1;
    }

    /// Removes so many of the first.
    pub(super) fn remove_first(&mut self, mut count: usize) {
        self.len = self.len.saturating_sub(count);
        while let Some(first) = self.chunks.front_mut() {
            if count < first.len() {
                first.drain(..count);
                return;
            }
            count -= first.len();
            self.chunks.pop_front();
        }
    }

    pub(super) fn iter(&self) -> Changes<impl DoubleEndedIterator<Item = &Arc<Change>>> {
        self.range(0..self.len)
    }

    /// The changes at some positions.
    pub(super) fn range(
        &self, positions: Range<usize>,
    ) -> Changes<impl DoubleEndedIterator<Item = &Arc<Change>>> {
        let end = positions.end.min(self.len);
        let start = positions.start.min(end);
        let len = end - start;
        let (first, inside) = self.find(start).unwrap_or((self.chunks.len(), 0));
        let (last, behind) = end.checked_sub(1).and_then(|last| self.find(last)).unwrap_or((0, 0));
        let chunks =
            self.chunks.iter().enumerate().skip(first).take(if len > 0 { last + 1 - first } else { 0 });
        let changes = chunks.flat_map(move |(number, chunk)| {
            let from = if number == first { inside } else { 0 };
            let to = if number == last { behind + 1 } else { chunk.len() };
            chunk.get(from..to).unwrap_or_default().iter().map(|placed| &placed.change)
        });
        Changes { changes, len }
    }
}

/// Walks changes from both ends.
pub(super) struct Changes<I> {
    changes: I,
    len: usize,
}

impl<I: Iterator> Iterator for Changes<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let next = self.changes.next()?;
        self.len -= 1;
        Some(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len, Some(self.len))
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for Changes<I> {
    fn next_back(&mut self) -> Option<I::Item> {
        let next = self.changes.next_back()?;
        self.len -= 1;
        Some(next)
    }
}

impl<I: Iterator> ExactSizeIterator for Changes<I> {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::{Method, Path};
    use crate::sync::{Author, VectorClock};

    fn change(sum: u64, author: u32) -> Arc<Change> {
        let author = Author(author);
        let clock = VectorClock::held(author, sum, &[]);
        Arc::new(Change { author, clock, path: Path::ROOT, method: Method::Delete })
    }

    #[test]
    fn late_changes_find_their_place() {
        let (mut order, mut plain) = (Order::default(), Vec::new());
        for round in 0..2_000_u64 {
            let late = change(1 + round * 7_919 % 1_999, 1 + u32::from(round % 3 == 0));
            let at = plain.partition_point(|other: &Arc<Change>| other.stamp() < late.stamp());
            assert_eq!(order.place_of(late.stamp()), at);
            plain.insert(at, late.clone());
            order.insert(late);
            if round % 500 == 499 {
                order.remove_first(130);
                plain.drain(..130);
                let last = change(2_000 + round, 3);
                plain.push(last.clone());
                order.push(last);
            }
            if round % 97 == 0 {
                assert!(order.iter().eq(&plain) && order.iter().rev().eq(plain.iter().rev()));
                let (from, to) = (plain.len() / 3, plain.len() * 2 / 3);
                assert!(order.range(from..to).eq(plain.get(from..to).unwrap()));
                assert_eq!(order.range(from..to).len(), to - from);
                assert!((0..=plain.len()).all(|at| order.get(at) == plain.get(at)));
            }
        }
        assert_eq!(order.len(), plain.len());
        order.remove_first(plain.len());
        assert_eq!((order.len(), order.iter().next(), order.get(0)), (0, None, None));
    }
}
