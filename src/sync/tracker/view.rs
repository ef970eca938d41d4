//! Whose eyes somebody looks with.

use crate::sync::{Author, Change, ChangeId, VectorClock};

/// Whose eyes: someone who has seen what a clock says, or everything.
#[derive(Clone, Copy)]
pub(in crate::sync) enum View<'a> {
    At(&'a VectorClock),
    /// An author making a change, whose clock this is: like `At`, and the sequences keep a column
    /// for it.
    Of(Author, &'a VectorClock),
    Now,
}

impl<'a> View<'a> {
    /// What the author of a change saw who made it. Of the change itself, which its clock
    /// includes, there is nothing to see yet.
    pub(super) fn of(change: &'a Change) -> Self {
        Self::Of(change.author, &change.clock)
    }

    pub(super) fn saw(self, change: ChangeId) -> bool {
        match self {
            Self::At(clock) | Self::Of(_, clock) => clock.saw(change),
            Self::Now => true,
        }
    }
}
