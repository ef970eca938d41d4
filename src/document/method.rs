//! What can be done to a place in a document.

use super::Value;

/// An edit, with its arguments. Where it happens is a [`Path`](super::Path) beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Puts a value there. Missing map parents are made on the way; in an array, position =
    /// length appends; on the root it replaces the document.
    Set(Value),
    /// Removes what is there.
    Delete,
    /// Writes each leaf that the map names, deeply; nothing else is touched.
    Merge(Value),
    /// In an array, or in a string by Unicode scalar value: removes `count` from `start` on
    /// (negative counts from the end; both are clamped) and inserts `items` there.
    Splice {
        /// Where; negative counts from the end.
        start: i64,
        /// How many to remove.
        count: i64,
        /// What to insert: values, or strings to be joined.
        items: Vec<Value>,
    },
}

impl Method {
    /// The word for it in commands, messages and on the screen.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Set(_) => "set",
            Self::Delete => "delete",
            Self::Merge(_) => "merge",
            Self::Splice { .. } => "splice",
        }
    }

    /// Start and count of a splice on something of length `length`, clamped as in JavaScript.
    pub(crate) fn clamp(start: i64, count: i64, length: usize) -> (usize, usize) {
        let start = if start < 0 {
            length.saturating_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX))
        } else {
            usize::try_from(start).unwrap_or(usize::MAX).min(length)
        };
        (start, usize::try_from(count).unwrap_or(if count < 0 { 0 } else { usize::MAX }).min(length - start))
    }
}
