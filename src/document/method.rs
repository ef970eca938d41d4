//! What can be done to a place in a document.

use super::{Path, Step, Value};
use crate::limits;

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

/// Why an edit is larger than a document may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Too long a path.
    #[error("a path of {steps} steps; the limit is {}", limits::PATH_STEPS)]
    PathSteps {
        /// How many it has.
        steps: usize,
    },
    /// Too long a key.
    #[error("a key of {bytes} bytes; the limit is {}", limits::KEY_BYTES)]
    Key {
        /// How many it has.
        bytes: usize,
    },
    /// Too much to write.
    #[error("an edit of {bytes} bytes; the limit is {}", limits::DOCUMENT_BYTES)]
    Bytes {
        /// How many it has.
        bytes: usize,
    },
    /// Too deep a value.
    #[error("the value would nest {levels} levels deep in the document; the limit is {}", limits::DEPTH)]
    Depth {
        /// How many there would be.
        levels: usize,
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

    /// Whether a document edited so at `path` stays within the limits.
    ///
    /// # Errors
    /// The path or a key in it is too long, or what is written there would nest too deep.
    pub fn check(&self, path: &Path) -> Result<(), LimitError> {
        let steps = path.steps().len();
        if steps > limits::PATH_STEPS {
            return Err(LimitError::PathSteps { steps });
        }
        let key = path.steps().iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.raw_bytes().len()),
            Step::Index(_) => None,
        });
        if let Some(bytes) = key.max().filter(|&bytes| bytes > limits::KEY_BYTES) {
            return Err(LimitError::Key { bytes });
        }
        let inside = match self {
            Self::Set(value) | Self::Merge(value) => value.depth(),
            Self::Delete => 0,
            // Containers can only go into an array, which is one level more.
            Self::Splice { items, .. } => {
                items.iter().map(Value::depth).max().filter(|&depth| depth > 0).map_or(0, |depth| depth + 1)
            }
        };
        if steps + inside > limits::DEPTH {
            return Err(LimitError::Depth { levels: steps + inside });
        }
        Ok(())
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
