//! The terminal editor.

mod action;
mod bindings;
mod delta;
mod draft;
mod files;
mod finder;
mod keymap;
mod line;
mod message;
mod model;
mod rows;
mod runtime;
mod search;
mod signals;
mod terminal;
mod text;
mod theme;
mod update;
mod view;

pub use action::{
    ACTIONS, Action, COMMANDS, CommandEntry, Copied, Edit, Entry, Find, Fold, Move, Room as RoomAction,
    Section,
};
pub use bindings::Bindings;
pub use delta::{Delta, Followed, Place, edits_between};
pub use draft::{Draft, Form, Purpose};
pub use finder::{Finder, Item, Menu, Wanted};
pub use keymap::{Key, Keymap, shown_keys};
pub use line::Line;
pub use message::{Doer, Effect, Level, Mouse, Msg, SaveRemedy, SaveWanted, Saved};
pub use model::{
    ConflictList, EditorOptions, FileState, Flash, HistoryEntry, Mode, Model, Opening, PageKind, Question,
};
pub use rows::{Row, Rows};
pub use runtime::{EditorError, Exit, has_terminal, run};
pub use search::{Search, Seek, Sought};
pub use text::{clip, inert};
pub use theme::{Role, Theme};
pub use update::update;
pub use view::{Layout, draw, layout};
