//! Where in a document: paths and their two text forms.

mod read;

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Text, inert};

/// One step of a path: into a map by key, or into an array by position. A key of digits is a
/// key; neither kind is ever turned into the other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A map key.
    Key(Text),
    /// An array position, from 0.
    Index(usize),
}

/// A place in a document: the steps from the root. The empty path is the root.
///
/// A copy costs a reference count: the changes of somebody who types hold one path.
#[derive(Clone, Default, Eq)]
pub struct Path(
    /// Nothing for the root: no path has the steps of another in a form of its own.
    Option<Arc<[Step]>>,
);

/// Why a path text could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad path {text:?}, character {at}: {reason}")]
pub struct PathError {
    /// The whole text.
    pub text: String,
    /// Where it is wrong: characters from 1.
    pub at: usize,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl Path {
    /// The root.
    pub const ROOT: Self = Self(None);

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// The path one step further.
    #[must_use]
    pub fn child(&self, step: Step) -> Self {
        Self(Some(self.steps().iter().cloned().chain([step]).collect()))
    }

    /// The path to a key below this one.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.child(Step::Key(Text::new(key)))
    }

    /// The path to a position below this one.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.child(Step::Index(index))
    }

    /// The parent and the last step; nothing for the root.
    pub fn split(&self) -> Option<(Self, &Step)> {
        let (last, parent) = self.steps().split_last()?;
        Some((parent.iter().cloned().collect(), last))
    }

    /// The path to the parent; nothing for the root.
    pub fn parent(&self) -> Option<Self> {
        self.split().map(|(parent, _)| parent)
    }

    /// Whether `other` is this place or one inside it.
    pub fn contains(&self, other: &Self) -> bool {
        other.steps().starts_with(self.steps())
    }

    /// The JSON Pointer.
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for step in self.steps() {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&key.plain().replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }

    /// The jq path.
    pub fn to_jq(&self) -> String {
        if self.is_root() {
            return ".".to_owned();
        }
        let plain_word = |word: &str| {
            !word.is_empty()
                && !word.starts_with(|first: char| first.is_ascii_digit())
                && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        };
        let mut jq = String::new();
        for (at, step) in self.steps().iter().enumerate() {
            let _ = match step {
                Step::Key(key) if plain_word(key.raw()) => write!(jq, ".{}", key.raw()),
                Step::Key(key) => write!(jq, ".{key}"),
                Step::Index(index) if at == 0 => write!(jq, ".[{index}]"),
                Step::Index(index) => write!(jq, "[{index}]"),
            };
        }
        jq
    }
}

impl PartialEq for Path {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            // Whoever stays at one place holds one path.
            (Some(left), Some(right)) => Arc::ptr_eq(left, right) || left == right,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl Hash for Path {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self::from(steps.into_iter().collect::<Vec<Step>>())
    }
}

impl From<Vec<Step>> for Path {
    fn from(steps: Vec<Step>) -> Self {
        Self((!steps.is_empty()).then(|| steps.into()))
    }
}

impl From<&[Step]> for Path {
    fn from(steps: &[Step]) -> Self {
        Self((!steps.is_empty()).then(|| steps.into()))
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(Text::new(key))
    }
}

/// The JSON Pointer, for people: the root shows as `""`, and no character of a key is one that a
/// terminal obeys. [`to_pointer`](Path::to_pointer) is exact.
impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            formatter.write_str("\"\"")
        } else {
            formatter.write_str(&inert(&self.to_pointer()))
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(formatter, "{key}"),
            Self::Index(index) => write!(formatter, "{index}"),
        }
    }
}
