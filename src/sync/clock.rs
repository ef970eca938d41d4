//! Who made a change, which of theirs it is, and what they had seen.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use smallvec::SmallVec;

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
#[derive(Clone)]
pub struct VectorClock {
    /// One author's tick, held apart: whose clock it is, mostly. 0 when there is none.
    own: (Author, Tick),
    /// The others', by author, ascending; nothing instead of none. Shared between clocks: what one
    /// author does in a row without hearing from others differs in their own tick alone.
    others: Option<Arc<[(Author, Tick)]>>,
    /// The sum of all ticks.
    sum: u64,
}

impl VectorClock {
    /// Nothing seen.
    pub const fn new() -> Self {
        Self { own: (Author(0), 0), others: None, sum: 0 }
    }

    /// The same, made for changes of this author to differ from each other cheaply.
    #[must_use]
    pub fn of(mut self, author: Author) -> Self {
        let (before, tick) = self.own;
        if before != author {
            let own = self.get(author);
            self.set_other(author, 0);
            self.own = (author, own);
            self.set_other(before, tick);
        }
        self
    }

    /// The clock of a change: its author's tick, and the others', by author, ascending.
    pub(super) fn held(author: Author, tick: Tick, others: &[(Author, Tick)]) -> Self {
        let sum = others.iter().fold(tick, |sum, (_, tick)| sum + tick);
        Self { own: (author, tick), others: (!others.is_empty()).then(|| others.into()), sum }
    }

    fn others(&self) -> &[(Author, Tick)] {
        self.others.as_deref().unwrap_or_default()
    }

    /// Where another author is, or would be.
    fn find(&self, author: Author) -> Result<usize, usize> {
        let others = self.others();
        // Mostly a handful: a scan is faster than a search there.
        if others.len() <= 8 {
            let at = others.iter().position(|&(other, _)| other >= author).unwrap_or(others.len());
            return match others.get(at) {
                Some(&(other, _)) if other == author => Ok(at),
                _ => Err(at),
            };
        }
        others.binary_search_by_key(&author, |&(other, _)| other)
    }

    /// The highest tick seen of an author; 0 for none.
    #[inline]
    pub fn get(&self, author: Author) -> Tick {
        if author == self.own.0 {
            return self.own.1;
        }
        self.find(author).ok().and_then(|at| self.others().get(at)).map_or(0, |&(_, tick)| tick)
    }

    /// Sets the highest tick seen of an author.
    #[inline]
    pub fn set(&mut self, author: Author, tick: Tick) {
        self.sum = self.sum - self.get(author) + tick;
        if self.own.1 == 0 && self.others.is_none() {
            self.own.0 = author;
        }
        if author == self.own.0 {
            self.own.1 = tick;
        } else {
            self.set_other(author, tick);
        }
    }

    /// Sets an entry that is not held apart.
    fn set_other(&mut self, author: Author, tick: Tick) {
        let at = match (self.find(author), &mut self.others) {
            (Ok(at), Some(others)) if tick > 0 => {
                if let Some((_, held)) = Arc::make_mut(others).get_mut(at) {
                    *held = tick;
                }
                return;
            }
            (Err(_), _) if tick == 0 => return,
            (Ok(at) | Err(at), _) => at,
        };
        // Whoever appears or disappears changes the length, which is seldom.
        let (before, behind) = self.others().split_at_checked(at).unwrap_or_default();
        let behind = if tick > 0 { behind } else { behind.get(1..).unwrap_or_default() };
        let own = (tick > 0).then_some((author, tick));
        let others: Arc<[_]> = before.iter().copied().chain(own).chain(behind.iter().copied()).collect();
        self.others = (!others.is_empty()).then_some(others);
    }

    /// The clock of its author's next change, made by somebody who has seen this.
    #[inline]
    pub(super) fn next_of(&self, author: Author) -> Self {
        if author == self.own.0 {
            let own = (author, self.own.1 + 1);
            return Self { own, others: self.others.clone(), sum: self.sum + 1 };
        }
        let mut next = self.clone();
        next.set(author, self.get(author) + 1);
        next
    }

    /// Whether this one has seen a change.
    pub fn saw(&self, change: ChangeId) -> bool {
        self.get(change.author) >= change.tick
    }

    fn shares_others(&self, other: &Self) -> bool {
        self.own.0 == other.own.0
            && match (&self.others, &other.others) {
                (Some(left), Some(right)) => Arc::ptr_eq(left, right),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            }
    }

    /// Holds what it has seen of the others in common with another clock of its author, if that
    /// is the same.
    pub(super) fn share(&mut self, other: &Self) {
        if self.own.0 == other.own.0 && self.others() == other.others() {
            self.others.clone_from(&other.others);
        }
    }

    /// Whether this one has seen all that the other has.
    pub fn covers(&self, other: &Self) -> bool {
        if self.sum < other.sum || self.shares_others(other) {
            return self.sum >= other.sum;
        }
        self.get(other.own.0) >= other.own.1 && self.covers_others(other)
    }

    /// Whether this one has seen of each author whom the other does not hold apart what it has.
    fn covers_others(&self, other: &Self) -> bool {
        let mut rest = self.others().iter();
        other.others().iter().all(|&(author, tick)| {
            let seen = if author == self.own.0 {
                self.own.1
            } else {
                rest.find(|&&(candidate, _)| candidate >= author)
                    .map_or(0, |&(candidate, seen)| if candidate == author { seen } else { 0 })
            };
            seen >= tick
        })
    }

    /// Whether both have seen the same of everyone but one author.
    pub(super) fn is_alike_but_for(&self, author: Author, other: &Self) -> bool {
        if self.own.0 == author && other.own.0 == author {
            return self.shares_others(other)
                || self.sum - self.own.1 == other.sum - other.own.1 && self.others() == other.others();
        }
        if self.sum - self.get(author) != other.sum - other.get(author) {
            return false;
        }
        let but = |&(entry, _): &(Author, Tick)| entry != author;
        self.iter().filter(but).eq(other.iter().filter(but))
    }

    /// Adds what the other has seen.
    pub fn join(&mut self, other: &Self) {
        if other.iter().filter(|&(author, _)| self.get(author) == 0).nth(1).is_some() {
            // One by one, each would cost as much as all of them.
            let mut all: Vec<_> = self.iter().chain(other.iter()).collect();
            all.sort_unstable_by_key(|&(author, tick)| (author, std::cmp::Reverse(tick)));
            all.dedup_by_key(|&mut (author, _)| author);
            *self = all.into_iter().collect::<Self>().of(self.own.0);
            return;
        }
        for (author, tick) in other.iter() {
            if self.get(author) < tick {
                self.set(author, tick);
            }
        }
    }

    /// Keeps only what the other has seen too.
    pub fn meet(&mut self, other: &Self) {
        let both: Self = self.iter().map(|(author, tick)| (author, tick.min(other.get(author)))).collect();
        *self = both.of(self.own.0);
    }

    /// How many changes it has seen.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Each author seen, with the highest tick, by author.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Author, Tick)> {
        Entries { own: Some(self.own).filter(|&(_, tick)| tick > 0), others: self.others().iter() }
    }
}

/// Walks the entries of a clock by author.
struct Entries<'a> {
    own: Option<(Author, Tick)>,
    others: std::slice::Iter<'a, (Author, Tick)>,
}

impl Iterator for Entries<'_> {
    type Item = (Author, Tick);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.own, self.others.as_slice().first()) {
            (Some((own, _)), Some(&(other, _))) if other < own => self.others.next().copied(),
            (Some(_), _) => self.own.take(),
            (None, _) => self.others.next().copied(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let length = self.others.len() + usize::from(self.own.is_some());
        (length, Some(length))
    }
}

impl ExactSizeIterator for Entries<'_> {}

impl Default for VectorClock {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for VectorClock {
    fn eq(&self, other: &Self) -> bool {
        self.sum == other.sum && (self.shares_others(other) || self.iter().eq(other.iter()))
    }
}

impl Eq for VectorClock {}

impl Hash for VectorClock {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl FromIterator<(Author, Tick)> for VectorClock {
    fn from_iter<I: IntoIterator<Item = (Author, Tick)>>(entries: I) -> Self {
        let mut entries: SmallVec<[(Author, Tick); 16]> = entries.into_iter().collect();
        if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            // Of several of one author the last counts.
            entries.reverse();
            entries.sort_by_key(|&(author, _)| author);
            entries.dedup_by_key(|&mut (author, _)| author);
        }
        entries.retain(|&mut (_, tick)| tick > 0);
        match entries.split_first() {
            Some((&(own, tick), others)) => Self::held(own, tick, others),
            None => Self::new(),
        }
    }
}

impl fmt::Debug for VectorClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter().map(|(author, tick)| (author.0, tick))).finish()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_taken_in_at_once_as_one_by_one() {
        let clock = |entries: &[(u32, Tick)]| -> VectorClock {
            entries.iter().map(|&(author, tick)| (Author(author), tick)).collect()
        };
        assert_eq!(clock(&[(3, 1), (1, 2), (3, 4), (2, 0)]), clock(&[(1, 2), (3, 4)]));
        assert_eq!(clock(&[(1, 2), (1, 0)]), VectorClock::new());
        for (one, other, both) in [
            (&[][..], &[(2, 1), (5, 2)][..], &[(2, 1), (5, 2)][..]),
            (&[(5, 7), (6, 1)], &[(2, 1), (3, 1), (5, 2)], &[(2, 1), (3, 1), (5, 7), (6, 1)]),
            (&[(1, 1)], &[(1, 3), (2, 2), (9, 9)], &[(1, 3), (2, 2), (9, 9)]),
        ] {
            for author in [1, 2, 5, 9].map(Author) {
                let mut joined = clock(one).of(author);
                joined.join(&clock(other));
                assert_eq!((&joined, joined.sum()), (&clock(both), clock(both).sum()));
            }
        }
    }

    #[test]
    fn it_does_not_matter_who_is_held_apart() {
        let entries = [(3, 5), (1, 2), (9, 4)].map(|(author, tick)| (Author(author), tick));
        let clock: VectorClock = entries.into_iter().collect();
        for author in [1, 2, 3, 9, 12].map(Author) {
            let mut same = clock.clone().of(author);
            assert_eq!(same, clock);
            assert!(same.covers(&clock) && clock.covers(&same));
            assert!(same.iter().eq([(1, 2), (3, 5), (9, 4)].map(|(author, tick)| (Author(author), tick))));
            assert_eq!((same.sum(), same.iter().len()), (11, 3));
            same.set(author, clock.get(author) + 1);
            assert_eq!(
                (clock.next_of(author), clock.clone().of(author).next_of(author)),
                (same.clone(), same.clone())
            );
            assert_eq!(clock.next_of(author).sum(), same.sum());
            assert!(same.covers(&clock) && !clock.covers(&same) && same != clock);
            same.meet(&clock);
            assert_eq!(same, clock);
            same.set(Author(3), 0);
            assert_eq!((same.sum(), same.get(Author(3)), same.iter().len()), (6, 0, 2));
            same.join(&clock);
            assert_eq!(same, clock);
        }
    }
}
