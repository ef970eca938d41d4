//! One copy of a shared document: its history and the value that follows from it.

use std::sync::Arc;

use super::{Author, Change, ChangeId, Tick, VectorClock};
use crate::document::{ApplyError, Method, Path, Value};

/// A document at a version that everything later has seen: where a history starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The text the document was first read from; how it is to be written. The same for everyone.
    pub source: Arc<str>,
    /// The document.
    pub value: Value,
    /// The changes it contains.
    pub clock: VectorClock,
}

/// A document at a moment. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The text the document was first read from; [`save`](crate::document::save) wants it.
    pub source: Arc<str>,
    /// The document.
    pub value: Value,
    /// The changes it contains.
    pub clock: VectorClock,
}

/// Several concurrent values in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where the slot is now.
    pub path: Path,
    /// The living values with the changes that wrote them; the first is the one shown.
    pub values: Vec<(ChangeId, Value)>,
}

/// An edit inside something that somebody else removed at the same time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostEdit {
    /// The edit.
    pub change: Arc<Change>,
}

/// Why a change from elsewhere was refused. Nothing was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Two different changes under one name: a broken or hostile peer. The first is kept.
    #[error("two different changes are called {0}; the first was kept")]
    Equivocation(ChangeId),
    /// A change of mine that I never made.
    #[error("{0} is a change of this peer's own that it never made")]
    NotMine(ChangeId),
    /// The clock leaves out what it must contain, or goes back.
    #[error("the clock of {0} leaves out what its author had seen")]
    Clock(ChangeId),
    /// It belongs before what is still remembered.
    #[error("{0} belongs before the oldest version still remembered")]
    Forgotten(ChangeId),
    /// Too many changes wait for their past.
    #[error("{0}: too many changes wait for their past")]
    Flood(ChangeId),
}

/// What became of changes from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Now part of the document, in the order they were taken in; those that had waited included.
    pub applied: Vec<Arc<Change>>,
    /// Refused, and why.
    pub refused: Vec<Refusal>,
}

/// Why a local edit was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It does not resolve in the document.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The version it was made on is not one this replica knows.
    #[error("the edit was made on a version that is no longer remembered; look again and redo it")]
    Base,
    /// Deeper or larger than a document may be.
    #[error("{0}")]
    Limit(String),
}

/// What an undo or a redo came to.
#[derive(Clone, Debug, Default)]
pub struct Undone {
    /// The new changes that take the old ones back.
    pub changes: Vec<Arc<Change>>,
    /// Edits left alone, because somebody else has written there since: where, and who.
    pub left_alone: Vec<(Path, Author)>,
}

/// One copy of a shared document: a bounded history of changes and the value they make.
pub struct Replica {
    author: Author,
    source: Arc<str>,
    value: Value,
    clock: VectorClock,
}

impl Replica {
    /// A replica of `author` that starts from a checkpoint and remembers about `limit` changes.
    pub fn new(author: Author, checkpoint: Checkpoint, limit: usize) -> Self {
        let _ = limit;
        Self { author, source: checkpoint.source, value: checkpoint.value, clock: checkpoint.clock }
    }

    /// Whose edits are local here.
    pub fn author(&self) -> Author {
        self.author
    }

    /// What has been seen: everything the value contains.
    pub fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// The document.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document with its clock.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { source: self.source.clone(), value: self.value.clone(), clock: self.clock.clone() }
    }

    /// Makes an edit on the document as it stands.
    ///
    /// # Errors
    /// It does not resolve; nothing was altered and no tick was used.
    pub fn edit(&mut self, path: Path, method: Method) -> Result<Arc<Change>, EditError> {
        let base = self.clock.clone();
        self.edit_at(&base, path, method)
    }

    /// Makes an edit on the document as it stood at `base` and at the author's own last change:
    /// what somebody does who has not seen the rest yet.
    ///
    /// # Errors
    /// It does not resolve there; nothing was altered and no tick was used.
    pub fn edit_at(&mut self, base: &VectorClock, path: Path, method: Method) -> Result<Arc<Change>, EditError> {
        let _ = (base, path, method);
        Err(EditError::Base)
    }

    /// Takes in changes from elsewhere, in any order, repeated or not. Those whose past is not
    /// here yet wait. A burst costs one replay.
    pub fn receive(&mut self, changes: impl IntoIterator<Item = Change>) -> Received {
        let _ = changes.into_iter().count();
        Received::default()
    }

    /// The changes that those waiting need and that are neither here nor waiting: runs of ticks,
    /// first and last.
    pub fn missing(&self) -> Vec<(Author, Tick, Tick)> {
        Vec::new()
    }

    /// How many changes wait for their past.
    pub fn pending(&self) -> usize {
        0
    }

    /// The remembered changes, in the total order.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Arc<Change>> + ExactSizeIterator {
        [].iter()
    }

    /// The remembered changes that somebody with `clock` has not seen, in the total order.
    pub fn changes_since<'a>(&'a self, clock: &'a VectorClock) -> impl Iterator<Item = &'a Arc<Change>> {
        self.history().filter(|change| !clock.saw(change.id()))
    }

    /// Whether the changes that somebody with `clock` lacks are all still remembered; if not, it
    /// needs a whole document.
    pub fn reaches_back_to(&self, clock: &VectorClock) -> bool {
        let _ = clock;
        true
    }

    /// Where the history starts. With [`history`](Self::history), all that a joiner needs.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { source: self.source.clone(), value: self.value.clone(), clock: self.clock.clone() }
    }

    /// Says what every member has acknowledged, so that older changes may be forgotten once the
    /// history is over its limit.
    pub fn acknowledged(&mut self, by_all: &VectorClock) {
        let _ = by_all;
    }

    /// The slots that hold several concurrent values. Costs a replay of the history.
    pub fn conflicts(&self) -> Vec<Conflict> {
        Vec::new()
    }

    /// The remembered edits that fell into something removed at the same time. Costs a replay of
    /// the history.
    pub fn lost_edits(&self) -> Vec<LostEdit> {
        Vec::new()
    }

    /// Where the value that was at `path` in version `base` is now; nothing if it is gone or the
    /// version is no longer remembered.
    pub fn locate(&self, base: &VectorClock, path: &Path) -> Option<Path> {
        let _ = base;
        Some(path.clone())
    }

    /// Takes back own changes, last first, by ordinary new changes; what somebody else has
    /// overwritten since is left alone. Undoing the result is the redo.
    pub fn undo(&mut self, own: &[ChangeId]) -> Undone {
        let _ = own;
        Undone::default()
    }
}
