//! The logs of all authors, merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::log::{Log, Piece};
use crate::sync::{Author, Change};

/// Where the merge stands in a log: the stamp of the next change there, the number of the log, the
/// entry, and the change in it. Stamps are unlike each other, so by stamp.
type Head = Reverse<(u64, Author, usize, usize, usize)>;

/// The changes with sums in a range, merged from the logs by stamp.
pub(super) struct Merge<'a> {
    logs: &'a [Log],
    /// Nothing until somebody asks for the first: many want to know how many there are.
    heads: Option<BinaryHeap<Head>>,
    from: u64,
    end: u64,
    /// How many changes are left.
    left: usize,
}

impl<'a> Merge<'a> {
    /// The changes, `count` of them, with sums from `from` on and before `end`.
    pub(super) fn new(logs: &'a [Log], from: u64, end: u64, count: usize) -> Self {
        Self { logs, heads: None, from, end, left: count }
    }

    fn begin(&self) -> BinaryHeap<Head> {
        let head = |(number, log): (usize, &Log)| {
            let (at, offset) = log.cut(self.from);
            let sum = log.entry(at)?.sum + offset as u64;
            (sum < self.end).then_some(Reverse((sum, log.author, number, at, offset)))
        };
        self.logs.iter().enumerate().filter_map(head).collect()
    }

    /// The next change with, if it is wanted, all that follow it in its entry, whatever others did
    /// at the same time. So a change comes after all that it has seen, but not in order of stamps.
    fn advance(&mut self, takes_all: bool) -> Option<Piece<'a>> {
        if self.heads.is_none() {
            self.heads = Some(self.begin());
        }
        let mut head = self.heads.as_mut()?.peek_mut()?;
        let Reverse((sum, _, number, at, offset)) = *head;
        let log = self.logs.get(number)?;
        let entry = log.entry(at)?;
        let most = usize::try_from(self.end - sum).unwrap_or(usize::MAX);
        let count = if takes_all { most.min(entry.len() - offset) } else { 1 };
        self.left -= count;
        let piece = Piece { entry, offsets: offset..offset + count };
        let (at, offset) =
            if piece.offsets.end < entry.len() { (at, piece.offsets.end) } else { (at + 1, 0) };
        match log.entry(at).map(|entry| entry.sum + offset as u64).filter(|&sum| sum < self.end) {
            Some(sum) => *head = Reverse((sum, log.author, number, at, offset)),
            None => drop(PeekMut::pop(head)),
        }
        Some(piece)
    }

    /// Whole pieces, each after all that its changes have seen.
    pub(super) fn pieces(mut self) -> impl Iterator<Item = Piece<'a>> {
        std::iter::from_fn(move || self.advance(true))
    }
}

/// The changes in the order of their stamps.
impl<'a> Iterator for Merge<'a> {
    type Item = &'a Arc<Change>;

    fn next(&mut self) -> Option<&'a Arc<Change>> {
        self.advance(false)?.change()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Merge<'_> {}
