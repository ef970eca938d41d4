//! The document: an immutable JSON tree, where in it, and what can be done to it.
//!
//! Nothing in here knows of other people, of time or of a network. A [`Value`] shares structure
//! with its copies, so a snapshot costs a reference count; a [`Path`] names a place in it; a
//! [`Method`] is an edit there, and [`apply`](Value::apply) makes it as plain JSON.

mod apply;
mod balance;
mod compare;
mod deep;
mod diff;
mod former;
mod inert;
mod kind;
mod list;
mod method;
mod object;
mod parse;
mod patch;
mod path;
mod print;
mod rope;
mod save;
mod short;
mod source;
mod style;
mod text;
mod value;

pub use apply::ApplyError;
pub use compare::{Comparer, are_equal_within};
pub use deep::{Nested, deep};
pub use diff::diff;
pub(crate) use former::Former;
pub use inert::inert;
pub use kind::Kind;
pub use list::Run;
pub use method::{LimitError, Method};
pub(crate) use parse::parse_to_depth;
use parse::{Builder, Event, Scanner};
pub use parse::{ParseError, Parsed, parse, parse_reporting};
pub use patch::{OperationError, PatchError, json_patch, merge_patch};
pub use path::{Path, PathError, Step};
pub use save::{save, save_part};
pub use source::{BadLine, Grain, Source};
pub use style::Style;
pub use text::Text;
pub use value::Value;
