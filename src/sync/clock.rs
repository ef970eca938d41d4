//! Who made a change, which of theirs it is, and what they had seen.

use std::collections::BTreeMap;
use std::fmt;

/// One session of one peer in a room: positive, unique in the room for ever, handed out in order
/// of arrival. The creator is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author(pub u32);

impl fmt::Display for Author {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// How many changes an author has made. Its first change is 1.
pub type Tick = u64;

/// The name of a change: an author's `tick`-th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId {
    /// Who made it.
    pub author: Author,
    /// Which of theirs it is.
    pub tick: Tick,
}

impl fmt::Display for ChangeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.author, self.tick)
    }
}

/// What somebody has seen: of each author, all changes up to a tick. Authors of whom nothing has
/// been seen are not held.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct VectorClock(BTreeMap<Author, Tick>);

impl VectorClock {
    /// Nothing seen.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The highest tick seen of an author; 0 for none.
    pub fn get(&self, author: Author) -> Tick {
        self.0.get(&author).copied().unwrap_or(0)
    }

    /// Sets the highest tick seen of an author.
    pub fn set(&mut self, author: Author, tick: Tick) {
        if tick == 0 {
            self.0.remove(&author);
        } else {
            self.0.insert(author, tick);
        }
    }

    /// Whether this one has seen a change.
    pub fn saw(&self, change: ChangeId) -> bool {
        self.get(change.author) >= change.tick
    }

    /// Whether this one has seen all that the other has.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(&author, &tick)| self.get(author) >= tick)
    }

    /// Adds what the other has seen.
    pub fn join(&mut self, other: &Self) {
        for (&author, &tick) in &other.0 {
            let held = self.0.entry(author).or_insert(0);
            *held = (*held).max(tick);
        }
    }

    /// Keeps only what the other has seen too.
    pub fn meet(&mut self, other: &Self) {
        self.0.retain(|&author, tick| {
            *tick = (*tick).min(other.get(author));
            *tick > 0
        });
    }

    /// How many changes it has seen.
    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }

    /// Each author seen, with the highest tick.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Author, Tick)> {
        self.0.iter().map(|(&author, &tick)| (author, tick))
    }
}

impl FromIterator<(Author, Tick)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (Author, Tick)>>(entries: I) -> Self {
        Self(entries.into_iter().filter(|&(_, tick)| tick > 0).collect())
    }
}

impl fmt::Debug for VectorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.0.iter().map(|(author, tick)| (author.0, tick))).finish()
    }
}

/// A change's place in the total order: the sum of its clock, then its author. A change that saw
/// another has the greater sum, so the order extends causality; see `docs/ordering.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// The sum of the ticks of the change's clock, its own included.
    pub sum: u64,
    /// Who made it.
    pub author: Author,
}
