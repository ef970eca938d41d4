//! How many items stand in each of a row of chunks, to be found by position.

/// Chunks whose counts are summed up together.
const BLOCK: usize = 32;

/// A count for each chunk by its rank, and their sums by block: a position is found, and the
/// items before a chunk are counted, without looking at each chunk.
#[derive(Default)]
pub(super) struct Counts {
    chunks: Vec<u32>,
    blocks: Vec<u32>,
}

#[expect(clippy::indexing_slicing, reason = "ranks are only made by the sequence")]
impl Counts {
    pub(super) fn of(chunks: Vec<u32>) -> Self {
        let mut counts = Self { chunks, blocks: Vec::new() };
        counts.sum_from(0);
        counts
    }

    /// Nothing in any of so many chunks.
    pub(super) fn clear(&mut self, chunks: usize) {
        self.chunks.clear();
        self.chunks.resize(chunks, 0);
        self.sum_from(0);
    }

    fn sum_from(&mut self, block: usize) {
        self.blocks.truncate(block);
        self.blocks
            .extend(self.chunks[block * BLOCK..].chunks(BLOCK).map(|chunks| chunks.iter().sum::<u32>()));
    }

    pub(super) fn total(&self) -> u32 {
        self.blocks.iter().sum()
    }

    pub(super) fn add(&mut self, rank: usize, count: u32) {
        self.chunks[rank] += count;
        self.blocks[rank / BLOCK] += count;
    }

    pub(super) fn subtract(&mut self, rank: usize, count: u32) {
        self.chunks[rank] -= count;
        self.blocks[rank / BLOCK] -= count;
    }

    /// The chunk that holds the item at a position, and the position there.
    pub(super) fn find(&self, mut position: u32) -> Option<(usize, u32)> {
        for (block, &sum) in self.blocks.iter().enumerate() {
            if position < sum {
                for (rank, &count) in self.chunks.iter().enumerate().skip(block * BLOCK) {
                    if position < count {
                        return Some((rank, position));
                    }
                    position -= count;
                }
            }
            position -= sum;
        }
        None
    }

    /// How many items stand in the chunks before one.
    pub(super) fn before(&self, rank: usize) -> u32 {
        let block = rank / BLOCK;
        let blocks: u32 = self.blocks[..block].iter().sum();
        blocks + self.chunks[block * BLOCK..rank].iter().sum::<u32>()
    }

    /// Puts a chunk behind one, with so many of its items.
    pub(super) fn split(&mut self, rank: usize, moved: u32) {
        self.chunks[rank] -= moved;
        self.chunks.insert(rank + 1, moved);
        self.sum_from(rank / BLOCK);
    }
}
