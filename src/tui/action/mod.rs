//! The one table of what can be done, from which the keymap, the help, the hints and the manual
//! page are printed.

mod table;

pub(super) use table::entry_of;
pub use table::{ACTIONS, COMMANDS, CommandEntry, Entry};

/// Something a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Going about.
    Move(Move),
    /// Opening and closing.
    Fold(Fold),
    /// Looking for something.
    Find(Find),
    /// Changing the document.
    Edit(Edit),
    /// Taking something elsewhere.
    Copy(Copied),
    /// Files, people, the program.
    Room(Room),
}

/// Going about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Move {
    /// To the next row.
    Down,
    /// To the previous row.
    Up,
    /// Closes an open container; from anything else, goes to its parent.
    Left,
    /// Opens a closed container; from an open one, goes to its first child.
    Right,
    /// To the next child of the same parent, past whatever is open in between.
    NextSibling,
    /// To the previous child of the same parent.
    PreviousSibling,
    /// To the first row, or with a count to that row.
    First,
    /// To the last row, or with a count to that row.
    Last,
    /// A screenful down.
    PageDown,
    /// A screenful up.
    PageUp,
    /// Half a screenful down.
    HalfPageDown,
    /// Half a screenful up.
    HalfPageUp,
    /// To where the cursor was before its last long way.
    Back,
    /// Takes [`Back`](Self::Back) back.
    Forward,
}

/// Opening and closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Opens what is closed, closes what is open, and of a scalar what is around it.
    Toggle,
    /// Opens.
    Open,
    /// Closes; from something that cannot be closed, the container around it.
    Close,
    /// Closes everything below the root.
    CloseAll,
    /// Opens everything.
    OpenAll,
    /// Opens as many levels as the digit typed says, and closes all below.
    Levels,
    /// Goes to and from the quotes, brackets and commas of the text.
    Punctuation,
    /// Shows long strings on several lines, or on one.
    Wrap,
    /// Shows the whole of a value as text.
    Read,
}

/// Looking for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Find {
    /// Asks for a text to look for.
    Text,
    /// To the next match.
    Next,
    /// To the previous match.
    Previous,
    /// Looks for the key under the cursor.
    Key,
    /// Asks for a part of a path and lists the places like it.
    Place,
    /// Asks for a jq filter and shows what it gives.
    Jq,
}

/// Changing the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edit {
    /// Edits a value where it stands; opens or closes a container.
    Value,
    /// Replaces a value, with all that is in it, by JSON.
    Replace,
    /// Adds an element or a key after this one.
    AddAfter,
    /// Adds an element before this one, or a key.
    AddBefore,
    /// Adds an element or a key inside this one.
    AddInside,
    /// Renames a key: writes the value at the new key and deletes the old one, as one edit.
    Rename,
    /// Flips a boolean; asks what to turn anything else into.
    ChangeType,
    /// Hands a value, with all that is in it, to the person's own editor.
    External,
    /// Marks a row, so that cutting and copying take all marked ones.
    Mark,
    /// Puts a copy beside this one.
    Duplicate,
    /// Removes, and remembers for pasting.
    Cut,
    /// Pastes after this one.
    PasteAfter,
    /// Pastes before this one.
    PasteBefore,
    /// Pastes inside this one.
    PasteInside,
    /// Pastes what the desktop's clipboard holds after this one.
    PasteOutside,
    /// Moves an element one place up.
    MoveUp,
    /// Moves an element one place down.
    MoveDown,
    /// Takes back the own last edit.
    Undo,
    /// Takes the last undo back.
    Redo,
}

/// Taking something elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Copied {
    /// The value as JSON.
    Value,
    /// The key or the position.
    Key,
    /// The jq path.
    JqPath,
    /// The JSON Pointer.
    Pointer,
    /// What a string says.
    Text,
    /// The command by which others join.
    Invitation,
}

/// Files, people, the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Room {
    /// Writes the file.
    Save,
    /// Asks for a command.
    Command,
    /// Lists all that can be done, and does it.
    Palette,
    /// Shows who is here and how others join.
    People,
    /// Goes where the next of the others goes, until a key is pressed.
    Follow,
    /// Shows how the file on disk differs.
    Compare,
    /// Shows slots with several values, and edits that were lost.
    Conflicts,
    /// Shows the changes lately made.
    History,
    /// Shows what the schema does not allow.
    Violations,
    /// Shows an earlier version.
    Past,
    /// Leaves the mouse to the terminal, or takes it again.
    Mouse,
    /// Shows what the keys do.
    Help,
    /// Stops the program and goes back to the shell.
    Suspend,
    /// Lets go of what is begun; says how to quit.
    Cancel,
    /// Leaves.
    Quit,
}

impl Action {
    /// Where in the help it stands.
    pub fn section(self) -> Section {
        match self {
            Self::Move(_) => Section::Move,
            Self::Fold(_) => Section::Fold,
            Self::Find(_) => Section::Find,
            Self::Edit(_) => Section::Edit,
            Self::Copy(_) => Section::Copy,
            Self::Room(_) => Section::Room,
        }
    }
}

/// Where in the help an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Going about.
    Move,
    /// Opening and closing.
    Fold,
    /// Looking for something.
    Find,
    /// Changing the document.
    Edit,
    /// Taking something elsewhere.
    Copy,
    /// Files, people, the program.
    Room,
}

impl Section {
    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Fold => "Open and close",
            Self::Find => "Find",
            Self::Edit => "Edit",
            Self::Copy => "Copy",
            Self::Room => "File, people, program",
        }
    }
}
