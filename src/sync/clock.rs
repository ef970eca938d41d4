//! Who made a change, which of theirs it is, and what they had seen.

use std::fmt;

/// One session of one peer in a room: positive, unique in the room for ever, handed out in order
/// of arrival. The creator is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author(pub u32);

/// Authors of one room are numbered below this; a member that has to start again as somebody new
/// writes under its number with multiples of this added.
const MEMBERS: u32 = 1 << 20;

impl Author {
    /// The member of the room that writes under this name: what it was called at first.
    #[must_use]
    pub const fn member(self) -> Self {
        Self(self.0 % MEMBERS)
    }

    /// The next name of the same member, if there is another.
    pub fn next_name(self) -> Option<Self> {
        self.0.checked_add(MEMBERS).map(Self)
    }
}

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
pub struct VectorClock(
    /// By author, ascending: rooms are small, and every change carries one of these.
    Vec<(Author, Tick)>,
);

impl VectorClock {
    /// Nothing seen.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Where an author is, or would be.
    fn find(&self, author: Author) -> Result<usize, usize> {
        // Mostly a handful: a scan is faster than a search there.
        if self.0.len() <= 8 {
            let at = self.0.iter().position(|&(other, _)| other >= author).unwrap_or(self.0.len());
            return match self.0.get(at) {
                Some(&(other, _)) if other == author => Ok(at),
                _ => Err(at),
            };
        }
        self.0.binary_search_by_key(&author, |&(other, _)| other)
    }

    /// The highest tick seen of an author; 0 for none.
    pub fn get(&self, author: Author) -> Tick {
        self.find(author).ok().and_then(|at| self.0.get(at)).map_or(0, |&(_, tick)| tick)
    }

    /// Sets the highest tick seen of an author.
    pub fn set(&mut self, author: Author, tick: Tick) {
        match self.find(author) {
            Ok(at) if tick == 0 => drop(self.0.remove(at)),
            Ok(at) => {
                if let Some((_, held)) = self.0.get_mut(at) {
                    *held = tick;
                }
            }
            Err(_) if tick == 0 => {}
            Err(at) => self.0.insert(at, (author, tick)),
        }
    }

    /// Whether this one has seen a change.
    pub fn saw(&self, change: ChangeId) -> bool {
        self.get(change.author) >= change.tick
    }

    /// Whether this one has seen all that the other has.
    pub fn covers(&self, other: &Self) -> bool {
        let mut own = self.0.iter();
        other.0.iter().all(|&(author, tick)| {
            own.find(|&&(candidate, _)| candidate >= author)
                .is_some_and(|&(candidate, seen)| candidate == author && seen >= tick)
        })
    }

    /// Adds what the other has seen.
    pub fn join(&mut self, other: &Self) {
        for &(author, tick) in &other.0 {
            if self.get(author) < tick {
                self.set(author, tick);
            }
        }
    }

    /// Keeps only what the other has seen too.
    pub fn meet(&mut self, other: &Self) {
        self.0.retain_mut(|(author, tick)| {
            *tick = (*tick).min(other.get(*author));
            *tick > 0
        });
    }

    /// How many changes it has seen.
    pub fn sum(&self) -> u64 {
        self.0.iter().map(|(_, tick)| tick).sum()
    }

    /// Each author seen, with the highest tick, by author.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Author, Tick)> {
        self.0.iter().copied()
    }
}

impl FromIterator<(Author, Tick)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (Author, Tick)>>(entries: I) -> Self {
        let mut clock = Self::new();
        for (author, tick) in entries {
            clock.set(author, tick);
        }
        clock
    }
}

impl fmt::Debug for VectorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.0.iter().map(|&(author, tick)| (author.0, tick))).finish()
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
