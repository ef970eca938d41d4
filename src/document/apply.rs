//! A change made to plain JSON, at its positions as they stand.

use super::{Former, Kind, Method, Path, Step, Text, Value, deep};

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
    Here(&'a mut Value),
    /// To this map, which has no key as the step with this number.
    NoKey(&'a mut Value, usize),
    /// To this array, which has no position as the step with this number.
    NoElement(&'a mut Value, usize),
}

impl Value {
    /// Makes an edit, as plain JSON: the rules of `docs/semantics.md` when nobody else is there.
    ///
    /// # Errors
    /// The edit does not resolve here; the value is unaltered.
    pub fn apply(&mut self, path: &Path, method: &Method) -> Result<(), ApplyError> {
        self.apply_reversibly(path, method).map(drop)
    }

    /// The same, and what is needed to [`rewind`](Self::rewind) it.
    pub(crate) fn apply_reversibly(&mut self, path: &Path, method: &Method) -> Result<Former, ApplyError> {
        match method {
            Method::Set(value) => self.set(path, value),
            Method::Delete => self.delete(path),
            Method::Merge(map) => self.merge(path, map),
            Method::Splice { start, count, items } => self.splice(path, *start, *count, items),
        }
    }

    fn set(&mut self, path: &Path, value: &Self) -> Result<Former, ApplyError> {
        match self.reach(path, path.steps())? {
            Reach::Here(target) => Ok(Former::Value(std::mem::replace(target, value.clone()))),
            Reach::NoKey(map, number) => map.create(path, number, value.clone()),
            Reach::NoElement(array, number) => {
                let length = array.len();
                if path.steps().get(number..) != Some(&[Step::Index(length)]) {
                    return Err(absent(path, number));
                }
                array.splice_elements(length, 0, [value.clone()]);
                Ok(Former::Absent(number))
            }
        }
    }

    fn delete(&mut self, path: &Path) -> Result<Former, ApplyError> {
        let (last, parents) = path.steps().split_last().ok_or(ApplyError::Root)?;
        let parent = match self.reach(path, parents)? {
            Reach::Here(parent) => parent,
            Reach::NoKey(_, number) | Reach::NoElement(_, number) => return Err(absent(path, number)),
        };
        match (parent.kind(), last) {
            (Kind::Object, Step::Key(key)) => {
                Ok(parent.take_entry(key).map_or(Former::Nothing, |entry| Former::Entry(Box::new(entry))))
            }
            (Kind::Array, Step::Index(index)) => {
                let element = parent.index(*index).cloned().ok_or_else(|| absent(path, parents.len()))?;
                parent.splice_elements(*index, 1, []);
                Ok(Former::Value(element))
            }
            (kind, step) => Err(wrong_step(path, parents.len(), kind, step)),
        }
    }

    fn merge(&mut self, path: &Path, map: &Self) -> Result<Former, ApplyError> {
        if map.kind() != Kind::Object {
            return Err(ApplyError::NoMap(map.kind()));
        }
        match self.reach(path, path.steps())? {
            Reach::Here(target) => Ok(target.merge_here(map)),
            Reach::NoKey(parent, number) => parent.create(path, number, map.clone()),
            Reach::NoElement(_, number) => Err(absent(path, number)),
        }
    }

    /// Writes each leaf of `map` into this value, which becomes a map if it is none.
    fn merge_here(&mut self, map: &Self) -> Former {
        if self.kind() != Kind::Object {
            return Former::Value(std::mem::replace(self, map.clone()));
        }
        let formers = map.entries().map(|(key, value)| {
            if value.kind() == Kind::Object
                && let Some(target) = self.key_mut(key)
            {
                deep(|| target.merge_here(value))
            } else {
                self.insert_key(key.clone(), value.clone()).map_or(Former::Absent(0), Former::Value)
            }
        });
        Former::Entries(formers.collect())
    }

    fn splice(&mut self, path: &Path, start: i64, count: i64, items: &[Self]) -> Result<Former, ApplyError> {
        let target = match self.reach(path, path.steps())? {
            Reach::Here(target) => target,
            Reach::NoKey(_, number) | Reach::NoElement(_, number) => return Err(absent(path, number)),
        };
        if let Some(text) = target.text_mut() {
            return splice_text(path, text, start, count, items);
        }
        if target.kind() != Kind::Array {
            return Err(ApplyError::NoSplice { at: path.clone(), kind: target.kind() });
        }
        let (start, count) = Method::clamp(start, count, target.len());
        if count == 0 && items.is_empty() {
            return Ok(Former::Nothing);
        }
        let removed = (start..start + count).filter_map(|at| target.index(at).cloned()).collect();
        target.splice_elements(start, count, items.iter().cloned());
        Ok(Former::Elements(removed))
    }

    /// Follows the first steps of a path.
    fn reach(&mut self, path: &Path, steps: &[Step]) -> Result<Reach<'_>, ApplyError> {
        let mut here = self;
        for (number, step) in steps.iter().enumerate() {
            here = match (here.kind(), step) {
                (Kind::Object, Step::Key(key)) => match here.key_position(key) {
                    Some(at) => here.entry_mut(at).ok_or_else(|| absent(path, number))?,
                    None => return Ok(Reach::NoKey(here, number)),
                },
                (Kind::Array, Step::Index(index)) if *index < here.len() => {
                    here.index_mut(*index).ok_or_else(|| absent(path, number))?
                }
                (Kind::Array, Step::Index(_)) => return Ok(Reach::NoElement(here, number)),
                (kind, step) => return Err(wrong_step(path, number, kind, step)),
            };
        }
        Ok(Reach::Here(here))
    }

    /// Puts a value into this map, where step `number` of a path names a key that is missing: with
    /// it all maps that the later steps need.
    fn create(&mut self, path: &Path, number: usize, value: Self) -> Result<Former, ApplyError> {
        let missing = path.steps().get(number..).unwrap_or_default();
        let is_key = |step: &Step| matches!(step, Step::Key(_));
        let (Some((Step::Key(first), rest)), true) = (missing.split_first(), missing.iter().all(is_key))
        else {
            return Err(absent(path, number));
        };
        let value = rest.iter().rev().fold(value, |value, step| match step {
            Step::Key(key) => Self::object([(key.clone(), value)]),
            Step::Index(_) => value,
        });
        self.insert_key(first.clone(), value);
        Ok(Former::Absent(number))
    }
}

fn wrong_step(path: &Path, number: usize, kind: Kind, step: &Step) -> ApplyError {
    let wanted = match step {
        Step::Key(_) => "keys",
        Step::Index(_) => "positions",
    };
    ApplyError::WrongStep { at: beginning(path, number), kind, wanted }
}

fn absent(path: &Path, number: usize) -> ApplyError {
    ApplyError::Absent(beginning(path, number + 1))
}

/// The first `count` steps of a path.
fn beginning(path: &Path, count: usize) -> Path {
    path.steps().iter().take(count).cloned().collect()
}

fn splice_text(
    path: &Path, text: &mut Text, start: i64, count: i64, items: &[Value],
) -> Result<Former, ApplyError> {
    if text.has_lone_surrogate() {
        return Err(ApplyError::Surrogate(path.clone()));
    }
    for item in items {
        let item = item.as_text().ok_or_else(|| ApplyError::NoString(path.clone()))?;
        if item.has_lone_surrogate() {
            return Err(ApplyError::SurrogateItem(path.clone()));
        }
    }
    let (start, count) = Method::clamp(start, count, text.scalar_count());
    let removed = text.splice(start, count, items.iter().filter_map(Value::as_text));
    Ok(Former::Value(Value::from_text(removed)))
}
