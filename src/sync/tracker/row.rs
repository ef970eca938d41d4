//! A row of values that grows without moving those it has.

use std::ops::{Index, IndexMut};

/// Values in a chunk.
const CHUNK: usize = 512;

/// Values with numbers, from 0 in the order they came.
pub(super) struct Row<T> {
    /// All but the last are full.
    chunks: Vec<Vec<T>>,
}

impl<T> Row<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    pub(super) fn push(&mut self, value: T) {
        if let Some(last) = self.chunks.last_mut().filter(|last| last.len() < CHUNK) {
            last.push(value);
            return;
        }
        // Most rows are short: the first chunk takes no more than it needs.
        let mut chunk = if self.chunks.is_empty() { Vec::new() } else { Vec::with_capacity(CHUNK) };
        chunk.push(value);
        self.chunks.push(chunk);
    }
}

#[expect(clippy::indexing_slicing, reason = "as with a vector, the number must be one of this row")]
impl<T> Index<u32> for Row<T> {
    type Output = T;

    #[inline]
    fn index(&self, number: u32) -> &T {
        &self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }
}

#[expect(clippy::indexing_slicing, reason = "as with a vector, the number must be one of this row")]
impl<T> IndexMut<u32> for Row<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }
}
