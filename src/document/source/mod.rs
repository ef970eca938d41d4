//! The text a document is read from, and how it is read no further than somebody looks.
//!
//! One scan checks the whole text and notes where its larger containers begin and end (the
//! [`Outline`]). A value that stands for one of them is its place in the text until somebody asks
//! what is inside; then its children are made, the larger containers among them again as places.
//! A long array or map is not even made whole then, but page by page.
//!
//! ```text
//! {"users": [{"id": 1, …}, {"id": 2, …}, … 500,000 more], "total": 500002}
//! ╰ root ────╰ unread ──────────────────────────────────╯─────────────────╯ opened
//!              ╰ page 0: users 0 to 63 ╯ ╰ page 1 ╯ …                       users looked at
//! ```

mod counts;
mod keys;
mod level;
mod lines;
mod outline;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

pub(super) use keys::Keys;
pub(super) use level::{Child, Page, Unread};
pub use lines::BadLine;
pub use outline::Grain;
use outline::Outline;

use super::{ParseError, Parsed, Value, parse_to_depth};
use crate::limits;

/// The text of a document, shared by all that was read from it. A copy is a reference count.
///
/// It is text, not necessarily JSON: that is known once it has been [read](Self::read).
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    text: String,
    grain: Grain,
    /// Of a file of lines, how those are spelled that are no JSON.
    bad_lines: Option<BTreeSet<String>>,
    /// Nothing until it is read, and while it is no JSON.
    outline: OnceLock<Outline>,
}

impl Inner {
    fn new(text: String, grain: Grain, bad_lines: Option<BTreeSet<String>>) -> Self {
        Self { text, grain, bad_lines, outline: OnceLock::new() }
    }
}

impl Source {
    fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// A text whose smallest parts to be left unread are these.
    pub fn with_grain(text: impl Into<String>, grain: Grain) -> Self {
        Self::from_inner(Inner::new(text.into(), grain, None))
    }

    /// The same text as that of a file of lines, where strings of these spellings stand for lines that
    /// are no JSON; nothing: of no such file.
    #[must_use]
    pub fn with_bad_lines(self, bad_lines: Option<BTreeSet<String>>) -> Self {
        if self.0.bad_lines == bad_lines {
            return self;
        }
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self::from_inner(Inner::new(inner.text, inner.grain, bad_lines)),
            Err(shared) => Self::from_inner(Inner::new(shared.text.clone(), shared.grain, bad_lines)),
        }
    }

    /// The text, as JSON has it.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Reads the text as JSON, as [`parse`](super::parse) does: all of it is checked, and nothing
    /// is made of it yet that nobody has looked at. What is made keeps the text in memory.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn read(&self) -> Result<Parsed, ParseError> {
        if self.outline().is_none() {
            let outline = Outline::read(self.text(), self.0.grain)?;
            // Whoever else has read it meanwhile has found the same.
            let _ = self.0.outline.set(outline);
        }
        let Some((value, outline)) = Unread::root(self).zip(self.outline()) else {
            // Too small to be left unread, or longer than places in it can say.
            return parse_to_depth(self.text(), limits::DEPTH);
        };
        Ok(Parsed {
            value: Value::unread(value),
            duplicate_keys: outline.hidden,
            first_duplicate: outline.first_hidden.clone(),
        })
    }

    /// Whether they share one text.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where its text is kept, the same for all that share it.
    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    fn outline(&self) -> Option<&Outline> {
        self.0.outline.get()
    }
}

impl Deref for Source {
    type Target = str;

    fn deref(&self) -> &str {
        self.text()
    }
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        Self::with_grain(text, Grain::default())
    }
}

impl From<&String> for Source {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&Self> for Source {
    fn from(source: &Self) -> Self {
        source.clone()
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || (self.0.bad_lines == other.0.bad_lines && self.text() == other.text())
    }
}

impl Eq for Source {}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), formatter)
    }
}
