//! A change made to plain JSON, at its positions as they stand.

use super::{Kind, Method, Path, Step, Text, Value, deep};

/// Why an edit cannot be made there. Nothing was altered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// A step leads nowhere: a position out of range, or nothing there.
    #[error("there is nothing at {0}")]
    Absent(Path),
    /// A step into a value that has no such steps.
    #[error("{at} is {}, which has no {wanted}", .kind.with_article())]
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
    #[error("merge takes a map, not {}", .0.with_article())]
    NoMap(Kind),
    /// Splice works on arrays and strings.
    #[error("{at} is {}; splice works on arrays and strings", .kind.with_article())]
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
    /// An item for a string holds half a surrogate pair.
    #[error("half a surrogate pair cannot be spliced into the string at {0}; set it as a whole")]
    SurrogateItem(Path),
}

/// How far a path leads.
enum Reach<'a> {
    /// All the way: to this value.
    Here(&'a Value),
    /// To a map that has no key as the step with this number.
    NoKey(usize),
    /// To an array that has no position as the step with this number, but this many elements.
    NoElement(usize, usize),
}

impl Value {
    /// Makes an edit, as plain JSON: the rules of `docs/semantics.md` when nobody else is there.
    ///
    /// # Errors
    /// The edit does not resolve here; the value is unaltered.
    pub fn apply(&mut self, path: &Path, method: &Method) -> Result<(), ApplyError> {
        match method {
            Method::Set(value) => self.set(path, value),
            Method::Delete => self.delete(path),
            Method::Merge(map) => self.merge(path, map),
            Method::Splice { start, count, items } => self.splice(path, *start, *count, items),
        }
    }

    fn set(&mut self, path: &Path, value: &Self) -> Result<(), ApplyError> {
        match self.reach(path)? {
            Reach::Here(_) => self.replace(path, value.clone()),
            Reach::NoKey(number) => self.create(path, number, value.clone())?,
            Reach::NoElement(number, length) => {
                let appends = path.steps().get(number..) == Some(&[Step::Index(length)]);
                let parent = path.parent().filter(|_| appends).ok_or_else(|| absent(path, number))?;
                if let Some(array) = self.at_mut(&parent) {
                    array.splice_elements(length, 0, [value.clone()]);
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, path: &Path) -> Result<(), ApplyError> {
        let (parent, last) = path.split().ok_or(ApplyError::Root)?;
        match self.reach(path)? {
            Reach::Here(_) => match (self.at_mut(&parent), last) {
                (Some(map), Step::Key(key)) => drop(map.remove_key(key)),
                (Some(array), Step::Index(index)) => array.splice_elements(*index, 1, []),
                (None, _) => {}
            },
            Reach::NoKey(number) if number + 1 == path.steps().len() => {}
            Reach::NoKey(number) | Reach::NoElement(number, _) => return Err(absent(path, number)),
        }
        Ok(())
    }

    fn merge(&mut self, path: &Path, map: &Self) -> Result<(), ApplyError> {
        if map.kind() != Kind::Object {
            return Err(ApplyError::NoMap(map.kind()));
        }
        match self.reach(path)? {
            Reach::Here(_) => {
                if let Some(target) = self.at_mut(path) {
                    target.merge_here(map);
                }
            }
            Reach::NoKey(number) => self.create(path, number, map.clone())?,
            Reach::NoElement(number, _) => return Err(absent(path, number)),
        }
        Ok(())
    }

    /// Writes each leaf of `map` into this value, which becomes a map if it is none.
    fn merge_here(&mut self, map: &Self) {
        if self.kind() != Kind::Object {
            *self = map.clone();
            return;
        }
        for (key, value) in map.entries() {
            if value.kind() == Kind::Object
                && let Some(target) = self.key_mut(key)
            {
                deep(|| target.merge_here(value));
            } else {
                self.insert_key(key.clone(), value.clone());
            }
        }
    }

    fn splice(&mut self, path: &Path, start: i64, count: i64, items: &[Self]) -> Result<(), ApplyError> {
        let target = match self.reach(path)? {
            Reach::Here(target) => target,
            Reach::NoKey(number) | Reach::NoElement(number, _) => return Err(absent(path, number)),
        };
        match (target.kind(), target.as_text()) {
            (Kind::Array, _) => {
                let (start, count) = Method::clamp(start, count, target.len());
                if let Some(array) = self.at_mut(path).filter(|_| count > 0 || !items.is_empty()) {
                    array.splice_elements(start, count, items.iter().cloned());
                }
            }
            (_, Some(text)) => {
                let spliced = splice_text(path, text, start, count, items)?;
                self.replace(path, Self::from_text(spliced));
            }
            (kind, None) => return Err(ApplyError::NoSplice { at: path.clone(), kind }),
        }
        Ok(())
    }

    fn reach<'a>(&'a self, path: &Path) -> Result<Reach<'a>, ApplyError> {
        let mut here = self;
        for (number, step) in path.steps().iter().enumerate() {
            here = match (here.kind(), step, here.get(step)) {
                (_, _, Some(child)) => child,
                (Kind::Object, Step::Key(_), None) => return Ok(Reach::NoKey(number)),
                (Kind::Array, Step::Index(_), None) => return Ok(Reach::NoElement(number, here.len())),
                (kind, _, None) => {
                    let wanted = match step {
                        Step::Key(_) => "keys",
                        Step::Index(_) => "positions",
                    };
                    return Err(ApplyError::WrongStep { at: beginning(path, number), kind, wanted });
                }
            };
        }
        Ok(Reach::Here(here))
    }

    /// Puts a value where `path` leads already.
    fn replace(&mut self, path: &Path, value: Self) {
        if let Some(target) = self.at_mut(path) {
            *target = value;
        }
    }

    /// Puts a value where `path` leads, whose step `number` names a key that is missing: with it
    /// all maps that the later steps need.
    fn create(&mut self, path: &Path, number: usize, value: Self) -> Result<(), ApplyError> {
        let (there, missing) = path.steps().split_at_checked(number).unwrap_or_default();
        let mut keys = Vec::with_capacity(missing.len());
        for step in missing {
            match step {
                Step::Key(key) => keys.push(key.clone()),
                Step::Index(_) => return Err(absent(path, number)),
            }
        }
        let mut keys = keys.into_iter();
        let first = keys.next();
        let value = keys.rev().fold(value, |value, key| Self::object([(key, value)]));
        let parent = there.iter().try_fold(self, |value, step| value.get_mut(step));
        if let (Some(parent), Some(key)) = (parent, first) {
            parent.insert_key(key, value);
        }
        Ok(())
    }
}

fn absent(path: &Path, number: usize) -> ApplyError {
    ApplyError::Absent(beginning(path, number + 1))
}

/// The first `count` steps of a path.
fn beginning(path: &Path, count: usize) -> Path {
    path.steps().iter().take(count).cloned().collect()
}

fn splice_text(
    path: &Path, text: &Text, start: i64, count: i64, items: &[Value],
) -> Result<Text, ApplyError> {
    if text.has_lone_surrogate() {
        return Err(ApplyError::Surrogate(path.clone()));
    }
    let mut inserted = Vec::with_capacity(items.len());
    for item in items {
        let item = item.as_text().ok_or_else(|| ApplyError::NoString(path.clone()))?;
        if item.has_lone_surrogate() {
            return Err(ApplyError::SurrogateItem(path.clone()));
        }
        inserted.push(item);
    }
    let (start, count) = Method::clamp(start, count, text.scalar_count());
    Ok(text.splice(start, count, &inserted))
}
