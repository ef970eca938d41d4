//! The terminal editor.

mod action;
mod bindings;
mod clipboard;
mod delta;
mod draft;
mod files;
mod finder;
mod jq;
mod keymap;
mod line;
mod lines;
mod message;
mod mode;
mod model;
mod outside;
mod reader;
mod rows;
mod runtime;
mod schema;
mod search;
mod signals;
mod terminal;
mod text;
mod theme;
mod update;
mod view;
mod viewer;

pub use action::{
    ACTIONS, Action, COMMANDS, CommandEntry, Copied, Edit, Entry, Find, Fold, Move, Room as RoomAction,
    Section,
};
pub use bindings::Bindings;
pub use delta::{Delta, Followed, Place};
pub use draft::{Draft, Form, Purpose};
pub use files::FileState;
pub use finder::{Finder, Item, Menu, Wanted};
pub use jq::run_jq;
pub use keymap::{Key, Keymap, shown_keys};
pub use line::Line;
pub use lines::Look;
pub use message::{Doer, Effect, FileNews, Level, Moment, Mouse, Msg, SaveRemedy, SaveWanted, Saved};
pub use mode::{ConflictList, Dispute, Filtering, Mode, PageKind, Question};
pub use model::{EditorOptions, Flash, HistoryEntry, Invite, Model, Opening, WaysIn};
pub use reader::Reader;
pub use rows::{Row, Rows};
pub use runtime::{EditorError, Exit, has_terminal, run};
pub use schema::{Schema, Violation};
pub use search::{Search, Seek, Sought};
pub use text::{clip, inert, thousands};
pub use theme::{Colors, Hue, Role, Theme, Tint};
pub use update::{Disputes, update};
pub use view::{Layout, draw, layout};
pub use viewer::{Subject, Viewer};
