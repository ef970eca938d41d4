//! The one table of what can be done, from which the keymap, the help, the hints and the manual
//! page are printed.

/// Something a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
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
    /// Opens or closes.
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
    OpenLevels,
    /// Asks for a text to look for.
    Search,
    /// To the next match.
    Next,
    /// To the previous match.
    Previous,
    /// Looks for the key under the cursor.
    SearchKey,
    /// Edits a value where it stands; opens or closes a container.
    Edit,
    /// Replaces a value, with all that is in it, by JSON.
    Replace,
    /// Adds an element or a key after this one.
    AddAfter,
    /// Adds an element before this one, or a key.
    AddBefore,
    /// Adds an element or a key inside this one.
    AddChild,
    /// Renames a key: writes the value at the new key and deletes the old one, as one edit.
    Rename,
    /// Flips a boolean; asks what to turn anything else into.
    ChangeType,
    /// Removes, and remembers for pasting.
    Cut,
    /// Pastes after this one.
    PasteAfter,
    /// Pastes before this one.
    PasteBefore,
    /// Pastes inside this one.
    PasteInside,
    /// Moves an element one place up.
    MoveUp,
    /// Moves an element one place down.
    MoveDown,
    /// Takes back the own last edit.
    Undo,
    /// Takes the last undo back.
    Redo,
    /// Copies the value as JSON.
    CopyValue,
    /// Copies the key or the position.
    CopyKey,
    /// Copies the jq path.
    CopyJqPath,
    /// Copies the JSON Pointer.
    CopyPointer,
    /// Copies what a string says.
    CopyString,
    /// Writes the file.
    Save,
    /// Asks for a command.
    Command,
    /// Shows who is here and how others join.
    People,
    /// Shows slots with several values, and edits that were lost.
    Conflicts,
    /// Shows the changes lately made.
    History,
    /// Shows what the keys do.
    Help,
    /// Stops the program and goes back to the shell.
    Suspend,
    /// Lets go of what is begun; says how to quit.
    Cancel,
    /// Leaves.
    Quit,
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

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is.
    pub action: Action,
    /// What it is called in settings.
    pub name: &'static str,
    /// The keys that do it; those of a sequence are parted by blanks.
    pub keys: &'static [&'static str],
    /// Where it stands in the help.
    pub section: Section,
    /// What it does.
    pub help: &'static str,
    /// The word for it in the line of hints; empty when it is not hinted at.
    pub hint: &'static str,
}

const fn entry(
    action: Action, name: &'static str, keys: &'static [&'static str], section: Section, help: &'static str,
) -> Entry {
    Entry { action, name, keys, section, help, hint: "" }
}

const fn hinted(
    action: Action, name: &'static str, keys: &'static [&'static str], section: Section, help: &'static str,
    hint: &'static str,
) -> Entry {
    Entry { action, name, keys, section, help, hint }
}

/// Everything that can be done. Hints are shown in this order.
pub const ACTIONS: &[Entry] = &[
    entry(Action::Down, "down", &["j", "Down"], Section::Move, "next row (a count before it: that many)"),
    entry(Action::Up, "up", &["k", "Up"], Section::Move, "previous row"),
    entry(Action::Left, "left", &["h", "Left"], Section::Move, "close, or go to the parent"),
    entry(Action::Right, "right", &["l", "Right"], Section::Move, "open, or go to the first child"),
    entry(Action::NextSibling, "next-sibling", &["J"], Section::Move, "next child of the same parent"),
    entry(
        Action::PreviousSibling,
        "previous-sibling",
        &["K"],
        Section::Move,
        "previous child of the same parent",
    ),
    entry(Action::First, "first", &["g g", "Home"], Section::Move, "first row (with a count: that row)"),
    entry(Action::Last, "last", &["G", "End"], Section::Move, "last row (with a count: that row)"),
    entry(Action::PageDown, "page-down", &["PgDn"], Section::Move, "a screenful down"),
    entry(Action::PageUp, "page-up", &["PgUp"], Section::Move, "a screenful up"),
    entry(Action::HalfPageDown, "half-page-down", &["Ctrl-d"], Section::Move, "half a screenful down"),
    entry(Action::HalfPageUp, "half-page-up", &["Ctrl-u"], Section::Move, "half a screenful up"),
    entry(
        Action::Back,
        "back",
        &["[", "Alt-Left"],
        Section::Move,
        "back to where you were before a long way",
    ),
    entry(Action::Forward, "forward", &["]", "Alt-Right"], Section::Move, "forward again"),
    entry(Action::Toggle, "toggle", &["Space", "z a"], Section::Fold, "open or close"),
    entry(Action::Open, "open", &["+", "z o"], Section::Fold, "open"),
    entry(Action::Close, "close", &["-", "z c"], Section::Fold, "close"),
    entry(Action::CloseAll, "close-all", &["z M"], Section::Fold, "close everything below the root"),
    entry(Action::OpenAll, "open-all", &["z R"], Section::Fold, "open everything"),
    entry(
        Action::OpenLevels,
        "open-levels",
        &["z 1", "z 2", "z 3", "z 4", "z 5", "z 6", "z 7", "z 8", "z 9"],
        Section::Fold,
        "open that many levels, close the rest",
    ),
    hinted(
        Action::Edit,
        "edit",
        &["Enter", "i", "F2"],
        Section::Edit,
        "edit the value (a container: open or close)",
        "edit",
    ),
    hinted(
        Action::AddAfter,
        "add-after",
        &["o", "Insert"],
        Section::Edit,
        "add an element or key after",
        "add",
    ),
    entry(Action::AddBefore, "add-before", &["O"], Section::Edit, "add an element before (in a map: a key)"),
    entry(Action::AddChild, "add-child", &["a"], Section::Edit, "add an element or key inside"),
    entry(
        Action::Replace,
        "replace",
        &["c"],
        Section::Edit,
        "replace the value by JSON, with all that is in it",
    ),
    hinted(
        Action::Rename,
        "rename",
        &["r", "Shift-F2"],
        Section::Edit,
        "rename the key: sets the new key and deletes the old one, undone as one",
        "rename",
    ),
    entry(Action::ChangeType, "change-type", &["t"], Section::Edit, "flip a boolean, or change the type"),
    hinted(Action::Cut, "cut", &["d d", "Del", "Ctrl-x"], Section::Edit, "cut", "cut"),
    entry(Action::PasteAfter, "paste-after", &["p", "Ctrl-v"], Section::Edit, "paste after"),
    entry(Action::PasteBefore, "paste-before", &["P"], Section::Edit, "paste before"),
    entry(Action::PasteInside, "paste-inside", &["g p"], Section::Edit, "paste inside"),
    entry(Action::MoveUp, "move-up", &["Alt-Up"], Section::Edit, "move the element up"),
    entry(Action::MoveDown, "move-down", &["Alt-Down"], Section::Edit, "move the element down"),
    hinted(Action::Undo, "undo", &["u", "Ctrl-_"], Section::Edit, "undo your last edit", "undo"),
    entry(Action::Redo, "redo", &["Ctrl-r"], Section::Edit, "redo what you undid"),
    hinted(
        Action::Search,
        "search",
        &["/", "Ctrl-f"],
        Section::Find,
        "find a text in keys and values (a capital in it: case counts)",
        "find",
    ),
    entry(Action::Next, "next-match", &["n", "F3"], Section::Find, "next match"),
    entry(Action::Previous, "previous-match", &["N"], Section::Find, "previous match"),
    entry(Action::SearchKey, "search-key", &["*"], Section::Find, "find this key elsewhere"),
    entry(Action::CopyValue, "copy-value", &["y y"], Section::Copy, "copy the value, also for pasting here"),
    entry(Action::CopyKey, "copy-key", &["y k"], Section::Copy, "copy the key or position"),
    entry(Action::CopyJqPath, "copy-path", &["y p"], Section::Copy, "copy the jq path"),
    entry(Action::CopyPointer, "copy-pointer", &["y j"], Section::Copy, "copy the JSON Pointer"),
    entry(Action::CopyString, "copy-string", &["y s"], Section::Copy, "copy what the string says"),
    hinted(Action::Help, "help", &["?", "F1"], Section::Room, "what the keys do", "help"),
    entry(Action::Save, "save", &["Ctrl-s"], Section::Room, "save the file"),
    entry(Action::Command, "command", &[":", "Ctrl-p"], Section::Room, "type a command"),
    entry(Action::People, "people", &["g w", "F6"], Section::Room, "who is here, and how others join"),
    entry(
        Action::Conflicts,
        "conflicts",
        &["g x", "F5"],
        Section::Room,
        "values written at the same time, and edits that were lost",
    ),
    entry(Action::History, "history", &["g l", "F8"], Section::Room, "the changes lately made"),
    entry(Action::Suspend, "suspend", &["Ctrl-z"], Section::Room, "back to the shell; `fg` returns"),
    entry(Action::Cancel, "cancel", &["Ctrl-c", "Esc"], Section::Room, "let go of what is begun"),
    hinted(Action::Quit, "quit", &["q", "Ctrl-q"], Section::Room, "quit", "quit"),
];

/// A command of the `:` line.
#[derive(Clone, Copy, Debug)]
pub struct CommandEntry {
    /// Its word.
    pub name: &'static str,
    /// How it is typed.
    pub usage: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every command of the `:` line.
pub const COMMANDS: &[CommandEntry] = &[
    CommandEntry { name: "set", usage: ":set PATH JSON", help: "put a value there" },
    CommandEntry { name: "del", usage: ":del [PATH]", help: "delete what is there, or under the cursor" },
    CommandEntry { name: "merge", usage: ":merge PATH JSON", help: "write each leaf that a map names" },
    CommandEntry {
        name: "splice",
        usage: ":splice PATH START COUNT [JSON…]",
        help: "replace a run of an array or a string",
    },
    CommandEntry { name: "go", usage: ":go PATH", help: "go there" },
    CommandEntry { name: "undo", usage: ":undo", help: "undo your last edit" },
    CommandEntry { name: "redo", usage: ":redo", help: "redo what you undid" },
    CommandEntry {
        name: "w",
        usage: ":w[!] [NAME]",
        help: "save the file, or to another name; ! overwrites",
    },
    CommandEntry { name: "reload", usage: ":reload", help: "take the file as it is on disk into the room" },
    CommandEntry { name: "q", usage: ":q[!]", help: "quit; ! without asking" },
    CommandEntry { name: "wq", usage: ":wq", help: "save and quit" },
    CommandEntry { name: "help", usage: ":help", help: "what the keys do" },
];

/// The table entry of an action.
pub fn entry_of(action: Action) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.action == action)
}
