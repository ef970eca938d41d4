//! The logs of all authors, merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

use super::log::{Log, Piece};
use crate::sync::{Author, Change, VectorClock};

/// Where the merge stands in a log: the stamp of the next change there, the number of the log, the
/// entry, and the change in it. Stamps are unlike each other, so by stamp.
type Head = Reverse<(u64, Author, usize, usize, usize)>;

/// Changes merged from the logs by stamp.
pub(super) struct Merge<'a> {
    logs: &'a [Log],
    /// Nothing until somebody asks for the first: many want to know how many there are.
    heads: Option<BinaryHeap<Head>>,
    /// The sums to begin at, and to end before.
    from: u64,
    end: u64,
    /// How many changes are left.
    left: usize,
}

impl<'a> Merge<'a> {
    /// The changes, `count` of them, with sums from `from` on and before `end`.
    pub(super) fn between(logs: &'a [Log], from: u64, end: u64, count: usize) -> Self {
        Self { logs, heads: None, from, end, left: count }
    }

    /// The changes that somebody with this clock has not seen.
    pub(super) fn unseen(logs: &'a [Log], clock: &VectorClock) -> Self {
        let first = |log: &Log| log.find(log.first()?.max(clock.get(log.author) + 1));
        let left = logs.iter().map(|log| log.count_from(clock.get(log.author) + 1)).sum();
        let heads = Some(heads(logs, first, u64::MAX));
        Self { logs, heads, from: 0, end: u64::MAX, left }
    }

    /// The next change with, if it is wanted, all that follow it in its entry, whatever others did
    /// at the same time. So a change comes after all that it has seen, but not in order of stamps.
    fn advance(&mut self, takes_all: bool) -> Option<Piece<'a>> {
        if self.heads.is_none() {
            self.heads = Some(heads(self.logs, |log| Some(log.cut(self.from)), self.end));
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

/// Where the merge begins in each log, given the entry and the change in it.
fn heads(logs: &[Log], first: impl Fn(&Log) -> Option<(usize, usize)>, end: u64) -> BinaryHeap<Head> {
    let head = |(number, log): (usize, &Log)| {
        let (at, offset) = first(log)?;
        let sum = log.entry(at)?.sum + offset as u64;
        (sum < end).then_some(Reverse((sum, log.author, number, at, offset)))
    };
    logs.iter().enumerate().filter_map(head).collect()
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
