//! What keys are for: going about, typing, answering, reading.

use std::sync::Arc;

use super::draft::Draft;
use super::finder::{Finder, Menu};
use super::line::Line;
use super::message::SaveWanted;
use super::reader::Reader;
use super::viewer::Viewer;
use crate::document::{Method, Path};
use crate::sync::{Conflict, LostEdit, Snapshot};

/// What keys are for.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Going about.
    Browse,
    /// Typing a value or a key.
    Edit(Draft),
    /// Typing what to look for, among the places found.
    Find(Box<Finder>),
    /// Typing a command, on the document as it was when that began.
    Command(Line, Snapshot),
    /// Typing a jq filter.
    Jq(Box<Filtering>),
    /// Looking at a tree beside the live one.
    View(Box<Viewer>),
    /// Reading the whole of a string.
    Read(Box<Reader>),
    /// Answering a question.
    Ask(Question),
    /// Choosing among all that can be done.
    Menu(Menu),
    /// Reading a page.
    Page(PageKind, usize),
    /// Choosing among values written at the same time and lost edits.
    Conflicts(ConflictList),
}

/// A jq filter being typed.
#[derive(Clone, Debug, Default)]
pub struct Filtering {
    /// What is typed.
    pub line: Line,
    /// What the last one gave that could be run, unless the document is too long to run one with
    /// every key.
    pub seen: Option<Viewer>,
    /// Whether what it gives is waited for, to be gone about in.
    pub is_chosen: bool,
}

impl Filtering {
    /// The filter: what is typed, or the one that gives all if that is nothing.
    pub fn filter(&self) -> &str {
        if self.line.text().trim().is_empty() { "." } else { self.line.text() }
    }
}

/// A page to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Who is here and how others join.
    People,
    /// The changes lately made.
    History,
    /// What the schema does not allow.
    Violations,
    /// The edits that lead from one version to another, and which two these are.
    Compared(String, Arc<Vec<(Path, Method)>>),
}

/// A question that waits for one key.
#[derive(Clone, Debug)]
pub enum Question {
    /// Quit although something would be lost?
    Quit,
    /// The file was not written; what instead?
    NotSaved {
        /// Why.
        reason: String,
        /// Whether what is on disk can be taken in.
        can_reload: bool,
        /// What was asked for.
        wanted: SaveWanted,
    },
    /// What was pasted is not JSON; was it meant as a string?
    PasteText {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What the person's own editor left is not JSON; edit it again?
    BadText {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Turn the value into what?
    ChangeType,
}

/// Slots with several values, and own edits that were lost.
#[derive(Clone, Debug, Default)]
pub struct ConflictList {
    /// The slots.
    pub conflicts: Vec<Conflict>,
    /// The edits.
    pub lost: Vec<LostEdit>,
    /// Which of them all is chosen, the slots first.
    pub chosen: usize,
    /// Which of its values is.
    pub side: usize,
}

/// One of the [`ConflictList`].
#[derive(Clone, Copy, Debug)]
pub enum Dispute<'a> {
    /// A slot with several values.
    Conflict(&'a Conflict),
    /// An edit that was lost.
    Lost(&'a LostEdit),
}

impl ConflictList {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.conflicts.len() + self.lost.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in the order of the list.
    pub fn disputes(&self) -> impl Iterator<Item = Dispute<'_>> {
        let conflicts = self.conflicts.iter().map(Dispute::Conflict);
        conflicts.chain(self.lost.iter().map(Dispute::Lost))
    }
}

impl Dispute<'_> {
    /// Where it is, for a lost edit as it was for its author.
    pub fn path(&self) -> &Path {
        match self {
            Self::Conflict(conflict) => &conflict.path,
            Self::Lost(lost) => &lost.change.path,
        }
    }

    /// How many values there are to choose from.
    pub fn sides(&self) -> usize {
        match self {
            Self::Conflict(conflict) => conflict.values.len(),
            Self::Lost(_) => 1,
        }
    }

    /// The edit that a choice comes to: to keep a value, or to make the lost edit again.
    pub fn settled(&self, side: usize) -> Option<(Path, Method)> {
        match self {
            Self::Conflict(conflict) => {
                let (_, value) = conflict.values.get(side)?;
                Some((conflict.path.clone(), Method::Set(value.clone())))
            }
            Self::Lost(lost) => Some((lost.change.path.clone(), lost.change.method.clone())),
        }
    }
}
