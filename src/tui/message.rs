//! What comes into the model, and what it wants done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::keymap::Key;
use super::schema::{Schema, Violation};
use super::viewer::Subject;
use crate::bridge::{Merged, merge};
use crate::document::{Method, Path, Value, diff};
use crate::room::Status;
use crate::session::{Person, Presence, Transfer};
use crate::sync::{Author, Change, ChangeId, Conflict, LostEdit, Snapshot, Undone, VectorClock};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// A text was pasted into the terminal.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The screen has this many columns and rows.
    Resize(u16, u16),
    /// This much time has passed since the editor was opened.
    Time(Duration),
    /// The document is now this one, by these changes.
    Changed {
        /// The document.
        snapshot: Snapshot,
        /// What led to it from the one before.
        changes: Vec<Arc<Change>>,
    },
    /// The others are these.
    People(Vec<Person>),
    /// Things stand so with the others and the server.
    Status(Status),
    /// These long documents are on their way.
    Transfers(Vec<Transfer>),
    /// The last edit was made.
    Edited,
    /// The last edit was refused.
    EditRefused {
        /// Why.
        reason: String,
        /// Whether because the version it was made on is no longer remembered.
        is_stale: bool,
    },
    /// The undo, or redo, came to this; nothing when there was nothing left.
    Undone {
        /// Which of the two it was.
        redo: bool,
        /// What it came to.
        undone: Option<Undone>,
    },
    /// The file holds this now.
    Saved(Saved),
    /// The file was not written.
    SaveFailed {
        /// Why.
        reason: String,
        /// What can be done about it.
        remedy: SaveRemedy,
        /// What was asked for.
        wanted: SaveWanted,
    },
    /// How the document differs from what the file says now.
    Compared {
        /// The edits that lead from the one to the other.
        edits: Vec<(Path, Method)>,
        /// Whether nothing differs, the order of keys included.
        is_equal: bool,
    },
    /// The file was read anew and is to be taken into the room.
    Reloaded(Box<FileNews>),
    /// The file was read anew, and what somebody has done to it is to become part of the document.
    Rewritten(Box<FileNews>),
    /// The slots with several values and the lost edits, as asked for.
    Conflicts {
        /// The slots.
        conflicts: Vec<Conflict>,
        /// The edits, everyone's.
        lost: Vec<LostEdit>,
        /// Whether the person wants to see them.
        are_shown: bool,
    },
    /// What the desktop's clipboard holds, or why that is nothing.
    Clipboard(Result<String, String>),
    /// What the person's own editor left, or why that is nothing.
    External(Result<String, String>),
    /// What a jq filter gave, and whether there was more; or what is wrong with it.
    Jq {
        /// The filter.
        filter: String,
        /// What it gave.
        answer: Result<(Vec<Value>, bool), String>,
    },
    /// The schema that goes with the document from now on; or why there is none.
    Schema(Result<Schema, String>),
    /// What in a version of the document the schema does not allow.
    Checked {
        /// Which version.
        clock: VectorClock,
        /// What.
        violations: Vec<Violation>,
    },
    /// A version asked for.
    Version {
        /// Which.
        subject: Subject,
        /// What it says.
        value: Value,
    },
    /// There is time to go on with what is being looked for.
    Work,
    /// The room has other keys; others join, and look, with these commands from now on.
    Renewed(String, Option<String>),
    /// Something to tell the person.
    Notice(Level, String),
}

impl Msg {
    /// How the document, as it is now, differs from what its file says.
    pub fn compared(on_disk: &Value, now: &Value) -> Self {
        Self::Compared { edits: diff(on_disk, now), is_equal: on_disk == now }
    }

    /// A file is to be taken into the room as it is.
    pub fn reloaded(value: Value, now: &Snapshot) -> Self {
        let edits = diff(&now.value, &value);
        Self::Reloaded(Box::new(FileNews { value, base: now.clone(), edits, conflicts: Vec::new() }))
    }

    /// What somebody has done to a file that was known to say `known` is to become part of the
    /// document.
    pub fn rewritten(value: Value, known: Option<&Value>, now: &Snapshot) -> Self {
        let Some(known) = known else { return Self::reloaded(value, now) };
        let Merged { value: merged, conflicts } = merge(known, &now.value, &value);
        let edits = diff(&now.value, &merged);
        Self::Rewritten(Box::new(FileNews { value, base: now.clone(), edits, conflicts }))
    }
}

/// What a file says that was read anew, and what makes the document say so too: found out beside,
/// since that takes a while for a long one.
#[derive(Clone, Debug)]
pub struct FileNews {
    /// What it says.
    pub value: Value,
    /// The version that the edits are made on.
    pub base: Snapshot,
    /// The edits.
    pub edits: Vec<(Path, Method)>,
    /// Places that both have changed, and where the room's value stays.
    pub conflicts: Vec<Path>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It went as wished.
    Plain,
    /// To be seen.
    Warning,
    /// It did not work.
    Error,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// Pressed at this column and row of the screen.
    Press(u16, u16),
    /// Turned by so many rows, down when positive.
    Scroll(isize),
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Which.
    pub path: PathBuf,
    /// What it holds.
    pub value: Value,
    /// The version that is.
    pub clock: VectorClock,
    /// What was asked for.
    pub wanted: SaveWanted,
}

/// A wish to save.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveWanted {
    /// To another file than the room's.
    pub name: Option<PathBuf>,
    /// Over what is there, whatever it is.
    pub overwrite: bool,
    /// And then leave.
    pub then_quit: bool,
}

/// What can be done about a file that was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveRemedy {
    /// It changed on disk: overwrite it, merge it, or take it in as it is.
    OverwriteOrReload,
    /// Another file is there: overwrite it.
    Overwrite,
    /// Something outside has to change first.
    None,
}

/// Something to be done outside the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Make these edits, to be undone together, on what was seen at `base`. The first that is
    /// refused ends it. Answered by [`Msg::Edited`] or [`Msg::EditRefused`].
    Edit {
        /// The version that was on screen when the edit began.
        base: VectorClock,
        /// Edits of one group are undone together.
        group: u64,
        /// Where and what.
        edits: Vec<(Path, Method)>,
    },
    /// Take back the own last edit.
    Undo,
    /// Take the last undo back.
    Redo,
    /// Write the file.
    Save(SaveWanted),
    /// Read the file anew, to take it into the room.
    Reload,
    /// Read the file anew, to merge what somebody has done to it. Answered by [`Msg::Rewritten`].
    MergeFile,
    /// Read the file anew, to compare it.
    Compare,
    /// Read the desktop's clipboard. Answered by [`Msg::Clipboard`].
    Paste,
    /// Hand a text to the terminal's clipboard, and to the desktop's.
    Copy {
        /// What it is, for the notice.
        what: String,
        /// The text.
        text: String,
    },
    /// Hand a value whose text is long to the desktop's clipboard.
    CopyLong {
        /// What it is, for the notice.
        what: String,
        /// The value.
        value: Value,
    },
    /// Tell the others where this person is.
    Presence(Presence),
    /// Find the slots with several values and the lost edits. Answered by [`Msg::Conflicts`].
    Conflicts {
        /// Whether the person wants to see them.
        are_shown: bool,
    },
    /// Let the person edit a text in their own editor. Answered by [`Msg::External`].
    External {
        /// The text.
        text: String,
    },
    /// Run a jq filter. Answered by [`Msg::Jq`].
    Jq {
        /// The filter.
        filter: String,
        /// The value it is run on.
        value: Value,
        /// Whether it is still being typed, so that the next key may bring another.
        is_typed: bool,
    },
    /// Stop the filter that runs.
    StopJq,
    /// Read a JSON Schema from a file. Answered by [`Msg::Schema`].
    Schema(PathBuf),
    /// Look what in a version the schema does not allow. Answered by [`Msg::Checked`].
    Check(CheckWanted),
    /// Make a version again. Answered by [`Msg::Version`].
    Version(Moment),
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Stop, and go back to the shell.
    Suspend,
    /// Leave.
    Quit,
}

/// A wish to hold a version against the schema.
#[derive(Clone, Debug)]
pub struct CheckWanted {
    /// The schema.
    pub schema: Schema,
    /// The version.
    pub snapshot: Snapshot,
    /// Whether in a process of its own, because it is long.
    pub is_beside: bool,
}

/// Wishes are told apart by their versions.
impl PartialEq for CheckWanted {
    fn eq(&self, other: &Self) -> bool {
        self.snapshot.clock == other.snapshot.clock
    }
}

impl Eq for CheckWanted {}

/// A version of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The one before the last change.
    BeforeLast,
    /// The one before a change.
    Before(ChangeId),
    /// After so many of the remembered changes.
    Count(usize),
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doer {
    /// This person.
    Me,
    /// Somebody else.
    Other(Author),
}
