//! One edit by one author, with what the author had seen.

use super::{Author, ChangeId, Stamp, Tick, VectorClock};
use crate::document::{Method, Path};

/// One edit: what its author had seen, where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who made it.
    pub author: Author,
    /// What its author had seen, this change included.
    pub clock: VectorClock,
    /// Where, as it was for the author.
    pub path: Path,
    /// What was done.
    pub method: Method,
}

impl Change {
    /// Which of its author's changes it is.
    pub fn tick(&self) -> Tick {
        self.clock.get(self.author)
    }

    /// Its name.
    pub fn id(&self) -> ChangeId {
        ChangeId { author: self.author, tick: self.tick() }
    }

    /// Its place in the total order.
    pub fn stamp(&self) -> Stamp {
        Stamp { sum: self.clock.sum(), author: self.author }
    }

    /// Everything its author had seen when making it: the clock without its own tick.
    pub fn context(&self) -> VectorClock {
        let mut context = self.clock.clone();
        context.set(self.author, self.tick().saturating_sub(1));
        context
    }

    /// Whether its author made it on this one, which is theirs, without having heard anything else.
    pub(super) fn goes_on_from(&self, last: &Self) -> bool {
        self.author == last.author
            && self.tick() == last.tick() + 1
            && self.clock.is_alike_but_for(self.author, &last.clock)
    }

    /// Whether its context is exactly `clock`: whether its author had seen everything.
    pub fn saw_all_of(&self, clock: &VectorClock) -> bool {
        clock.get(self.author) + 1 == self.tick() && self.clock.is_alike_but_for(self.author, clock)
    }
}
