//! Chance from a seed, for the run without libFuzzer.

/// A stream of numbers (splitmix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("64 bits")).expect("64 bits")
    }

    /// The same bytes, changed here and there.
    pub fn change(&mut self, data: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut data = data.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(data.len() + 1);
            let end = (at + self.below(6)).min(data.len());
            match self.below(6) {
                0 => drop(data.drain(at..end)),
                1 => data.insert(at, b"{}[]\",:\\0123456789eE+-.tfn \0\xff\xc3"[self.below(30)]),
                2 => data.extend_from_within(at..end),
                3 if at < data.len() => data[at] ^= 1 << self.below(8),
                4 => {
                    let piece: Vec<u8> = data[at..end].to_vec();
                    let to = self.below(data.len() + 1);
                    data.splice(to..to, piece);
                }
                _ => {
                    let other = &others[self.below(others.len())];
                    let from = self.below(other.len() + 1);
                    let to = (from + self.below(20)).min(other.len());
                    data.splice(at..end, other[from..to].iter().copied());
                }
            }
        }
        data
    }
}
