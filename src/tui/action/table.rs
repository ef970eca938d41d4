//! The table of actions and the commands.

use super::{Action, Copied, Edit, Find, Fold, Move, Room};

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is.
    pub action: Action,
    /// What it is called in settings.
    pub name: &'static str,
    /// The keys that do it; those of a sequence are parted by blanks.
    pub keys: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
    /// The word for it in the line of hints; empty when it is not hinted at.
    pub hint: &'static str,
}

const fn entry(
    action: Action, name: &'static str, keys: &'static [&'static str], help: &'static str,
) -> Entry {
    Entry { action, name, keys, help, hint: "" }
}

const fn hinted(
    action: Action, name: &'static str, keys: &'static [&'static str], help: &'static str, hint: &'static str,
) -> Entry {
    Entry { action, name, keys, help, hint }
}

/// Everything that can be done. Hints are shown in this order.
pub const ACTIONS: &[Entry] = &[
    entry(Action::Move(Move::Down), "down", &["j", "Down"], "next row (a count before it: that many)"),
    entry(Action::Move(Move::Up), "up", &["k", "Up"], "previous row"),
    entry(Action::Move(Move::Left), "left", &["h", "Left"], "close, or go to the parent"),
    entry(Action::Move(Move::Right), "right", &["l", "Right"], "open, or go to the first child"),
    entry(Action::Move(Move::NextSibling), "next-sibling", &["J"], "next child of the same parent"),
    entry(
        Action::Move(Move::PreviousSibling),
        "previous-sibling",
        &["K"],
        "previous child of the same parent",
    ),
    entry(Action::Move(Move::First), "first", &["g g", "Home"], "first row (with a count: that row)"),
    entry(Action::Move(Move::Last), "last", &["G", "End"], "last row (with a count: that row)"),
    entry(Action::Move(Move::PageDown), "page-down", &["PgDn"], "a screenful down"),
    entry(Action::Move(Move::PageUp), "page-up", &["PgUp"], "a screenful up"),
    entry(Action::Move(Move::HalfPageDown), "half-page-down", &["Ctrl-d"], "half a screenful down"),
    entry(Action::Move(Move::HalfPageUp), "half-page-up", &["Ctrl-u"], "half a screenful up"),
    entry(Action::Move(Move::Back), "back", &["[", "Alt-Left"], "back to where you were before a long way"),
    entry(Action::Move(Move::Forward), "forward", &["]", "Alt-Right"], "forward again"),
    entry(Action::Fold(Fold::Toggle), "toggle", &["Space", "z a"], "open or close"),
    entry(Action::Fold(Fold::Open), "open", &["+", "z o"], "open"),
    entry(Action::Fold(Fold::Close), "close", &["-", "z c"], "close"),
    entry(Action::Fold(Fold::CloseAll), "close-all", &["z M"], "close everything below the root"),
    entry(Action::Fold(Fold::OpenAll), "open-all", &["z R"], "open everything"),
    entry(
        Action::Fold(Fold::Levels),
        "open-levels",
        &["z 1", "z 2", "z 3", "z 4", "z 5", "z 6", "z 7", "z 8", "z 9"],
        "open that many levels, close the rest",
    ),
    entry(
        Action::Fold(Fold::Punctuation),
        "line-mode",
        &["m"],
        "line mode: with quotes, brackets and commas; again: without",
    ),
    entry(Action::Fold(Fold::Wrap), "wrap", &["z w"], "long strings on several lines, or on one"),
    entry(Action::Fold(Fold::Read), "read", &["R"], "read the whole of a string, wrapped"),
    hinted(
        Action::Edit(Edit::Value),
        "edit",
        &["Enter", "i", "F2"],
        "edit the value (a container: open or close)",
        "edit",
    ),
    hinted(Action::Edit(Edit::AddAfter), "add-after", &["o", "Insert"], "add an element or key after", "add"),
    entry(Action::Edit(Edit::AddBefore), "add-before", &["O"], "add an element before (in a map: a key)"),
    entry(Action::Edit(Edit::AddInside), "add-child", &["a"], "add an element or key inside"),
    entry(
        Action::Edit(Edit::Replace),
        "replace",
        &["c"],
        "replace the value by JSON, with all that is in it",
    ),
    hinted(
        Action::Edit(Edit::Rename),
        "rename",
        &["r", "Shift-F2"],
        "rename the key: sets the new key and deletes the old one, undone as one",
        "rename",
    ),
    entry(Action::Edit(Edit::External), "edit-outside", &["E"], "edit the value in $VISUAL, $EDITOR or vi"),
    entry(Action::Edit(Edit::ChangeType), "change-type", &["t"], "flip a boolean, or change the type"),
    entry(
        Action::Edit(Edit::Mark),
        "mark",
        &["v", "x"],
        "mark, for cutting and copying many (again: no longer)",
    ),
    hinted(
        Action::Edit(Edit::Cut),
        "cut",
        &["d d", "Del", "Ctrl-x"],
        "cut what is marked, or this (with a count: that many)",
        "cut",
    ),
    entry(Action::Edit(Edit::Duplicate), "duplicate", &["g d"], "put a copy after this"),
    entry(Action::Edit(Edit::PasteAfter), "paste-after", &["p", "Ctrl-v"], "paste after"),
    entry(Action::Edit(Edit::PasteBefore), "paste-before", &["P"], "paste before"),
    entry(Action::Edit(Edit::PasteInside), "paste-inside", &["g p"], "paste inside"),
    entry(
        Action::Edit(Edit::PasteOutside),
        "paste-clipboard",
        &["g P"],
        "paste what the desktop's clipboard holds after this",
    ),
    entry(Action::Edit(Edit::MoveUp), "move-up", &["Alt-Up"], "move the element up"),
    entry(Action::Edit(Edit::MoveDown), "move-down", &["Alt-Down"], "move the element down"),
    hinted(Action::Edit(Edit::Undo), "undo", &["u", "Ctrl-_"], "undo your last edit", "undo"),
    entry(Action::Edit(Edit::Redo), "redo", &["Ctrl-r"], "redo what you undid"),
    hinted(
        Action::Find(Find::Text),
        "search",
        &["/", "Ctrl-f"],
        "find a regex in keys and values (a capital in it: case counts)",
        "find",
    ),
    entry(Action::Find(Find::Next), "next-match", &["n", "F3"], "next match"),
    entry(Action::Find(Find::Previous), "previous-match", &["N"], "previous match"),
    entry(Action::Find(Find::Key), "search-key", &["*"], "find this key elsewhere"),
    entry(Action::Find(Find::Place), "go-to", &["@", "Ctrl-g"], "go to a place by a part of its path"),
    entry(Action::Find(Find::Jq), "jq", &["|"], "look at what a jq filter gives (nothing is changed)"),
    entry(
        Action::Copy(Copied::Value),
        "copy-value",
        &["y y"],
        "copy what is marked, or this, also for pasting here",
    ),
    entry(Action::Copy(Copied::Key), "copy-key", &["y k"], "copy the key or position"),
    entry(Action::Copy(Copied::JqPath), "copy-path", &["y p"], "copy the jq path"),
    entry(Action::Copy(Copied::Pointer), "copy-pointer", &["y j"], "copy the JSON Pointer"),
    entry(Action::Copy(Copied::Text), "copy-string", &["y s"], "copy what the string says"),
    entry(
        Action::Copy(Copied::Invitation),
        "copy-invitation",
        &["y i"],
        "copy the command that others join with",
    ),
    hinted(Action::Room(Room::Help), "help", &["?", "F1"], "what the keys do; Enter does it", "help"),
    entry(Action::Room(Room::Save), "save", &["Ctrl-s"], "save the file"),
    entry(Action::Room(Room::Command), "command", &[":"], "type a command"),
    entry(Action::Room(Room::Palette), "palette", &["Ctrl-p"], "choose among all that can be done"),
    entry(Action::Room(Room::People), "people", &["g w", "F6"], "who is here, and how others join"),
    entry(
        Action::Room(Room::Conflicts),
        "conflicts",
        &["g x", "F5"],
        "values written at the same time, and edits that were lost",
    ),
    entry(
        Action::Room(Room::Follow),
        "follow",
        &["f", "F7"],
        "follow somebody else's cursor (again: the next one's), until an edit or Esc",
    ),
    entry(Action::Room(Room::Compare), "compare", &["D"], "how the document differs from the file on disk"),
    entry(Action::Room(Room::History), "history", &["g l", "F8"], "the changes lately made"),
    entry(Action::Room(Room::Past), "past", &["g t"], "look at earlier versions; nothing is changed"),
    entry(Action::Room(Room::Violations), "violations", &["g s"], "what the JSON Schema does not allow"),
    entry(Action::Room(Room::Mouse), "mouse", &["g m"], "leave the mouse to the terminal, or take it"),
    entry(Action::Room(Room::Suspend), "suspend", &["Ctrl-z"], "back to the shell; `fg` returns"),
    entry(Action::Room(Room::Cancel), "cancel", &["Ctrl-c", "Esc"], "let go of what is begun"),
    hinted(Action::Room(Room::Quit), "quit", &["q", "Ctrl-q"], "quit", "quit"),
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
    CommandEntry { name: "schema", usage: ":schema FILE", help: "hold the document against a JSON Schema" },
    CommandEntry { name: "reload", usage: ":reload", help: "take the file as it is on disk into the room" },
    CommandEntry { name: "q", usage: ":q[!]", help: "quit; ! without asking" },
    CommandEntry { name: "wq", usage: ":wq", help: "save and quit" },
    CommandEntry { name: "help", usage: ":help", help: "what the keys do" },
];

/// The table entry of an action.
pub(in crate::tui) fn entry_of(action: Action) -> Option<&'static Entry> {
    ACTIONS.iter().find(|entry| entry.action == action)
}
