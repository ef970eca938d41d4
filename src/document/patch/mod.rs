//! Patches as others write them, read as edits: JSON Patch (RFC 6902) and JSON Merge Patch
//! (RFC 7396).

mod equal;

use equal::are_equal;

use super::{ApplyError, Kind, Method, Path, PathError, Step, Text, Value, deep};

/// Why a patch cannot be applied. Nothing of it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// A JSON Patch is an array of operations.
    #[error("a JSON Patch is an array of operations, not {}", .0.with_article())]
    NoPatch(Kind),
    /// One of its operations cannot be done.
    #[error("operation {number}{}: {reason}", .name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default())]
    Operation {
        /// Which one, from 1.
        number: usize,
        /// What it is called, if that could be read.
        name: Option<String>,
        /// What is wrong with it.
        reason: OperationError,
    },
}

/// What is wrong with one operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// It is no map.
    #[error("an operation is a map, not {}", .0.with_article())]
    NoOperation(Kind),
    /// It is called something else.
    #[error("\"op\" is add, remove, replace, move, copy or test")]
    Unknown,
    /// Something that it needs is not there, or of another kind.
    #[error("{0}")]
    Member(String),
    /// A path is no JSON Pointer.
    #[error(transparent)]
    Path(#[from] PathError),
    /// There is nothing at a path, or it cannot be changed so.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A value was to be moved into itself.
    #[error("{from} cannot be moved to {to}, a place inside it")]
    IntoItself {
        /// The value.
        from: Path,
        /// Where it was to go.
        to: Path,
    },
    /// A test found another value.
    #[error("{path} is {found}, not {expected}")]
    Test {
        /// Where.
        path: Path,
        /// What is there; cut to a readable length.
        found: String,
        /// What was expected; cut likewise.
        expected: String,
    },
}

/// Characters of a value that an error quotes.
const QUOTED_CHARS: usize = 60;

/// The edits that a JSON Patch (RFC 6902) makes of `document`, to be made in this order.
///
/// `add` into an array is a splice, `move` a removal and an insertion. `test` compares numbers by
/// value, and maps whatever the order of their keys; it makes no edit.
///
/// # Errors
/// Something of it cannot be done, or a test fails: then nothing is to be done.
pub fn json_patch(document: &Value, patch: &Value) -> Result<Vec<(Path, Method)>, PatchError> {
    if !patch.is_array() {
        return Err(PatchError::NoPatch(patch.kind()));
    }
    let mut patcher = Patcher { document: document.clone(), edits: Vec::new() };
    for (at, operation) in patch.elements().enumerate() {
        let name = operation.key(&"op".into()).and_then(Value::as_text);
        let name = name.map(|name| super::inert(&name.plain()).chars().take(QUOTED_CHARS).collect());
        patcher.operation(operation).map_err(|reason| PatchError::Operation {
            number: at + 1,
            name,
            reason,
        })?;
    }
    Ok(patcher.edits)
}

/// The edits that a JSON Merge Patch (RFC 7396) makes of `document`: `null` removes a key. What
/// is there already is not written.
pub fn merge_patch(document: &Value, patch: &Value) -> Vec<(Path, Method)> {
    let mut edits = Vec::new();
    merge_at(&Path::ROOT, Some(document), patch, &mut edits);
    edits
}

fn merge_at(here: &Path, target: Option<&Value>, patch: &Value, edits: &mut Vec<(Path, Method)>) {
    let Some(map) = target.filter(|target| target.is_object() && patch.is_object()) else {
        let value = without_nulls(patch);
        if target != Some(&value) {
            edits.push((here.clone(), Method::Set(value)));
        }
        return;
    };
    for (key, value) in patch.entries() {
        let (here, target) = (here.child(Step::Key(key.clone())), map.key(key));
        if value.kind() != Kind::Null {
            deep(|| merge_at(&here, target, value, edits));
        } else if target.is_some() {
            edits.push((here, Method::Delete));
        }
    }
}

/// A patch where there is nothing to patch. Arrays are taken as they are.
fn without_nulls(patch: &Value) -> Value {
    if !patch.is_object() {
        return patch.clone();
    }
    let entries = patch.entries().filter(|(_, value)| value.kind() != Kind::Null);
    Value::object(entries.map(|(key, value)| (key.clone(), deep(|| without_nulls(value)))))
}

/// The document as far as it is patched, and the edits that made it so.
struct Patcher {
    document: Value,
    edits: Vec<(Path, Method)>,
}

impl Patcher {
    fn operation(&mut self, operation: &Value) -> Result<(), OperationError> {
        if !operation.is_object() {
            return Err(OperationError::NoOperation(operation.kind()));
        }
        let name = string(operation, "op")?.plain();
        let path = self.path(operation, "path")?;
        match &*name {
            "add" => self.add(path, member(operation, "value")?.clone()),
            "remove" => self.remove(path),
            "replace" => {
                self.there(&path)?;
                self.edit(path, Method::Set(member(operation, "value")?.clone()))
            }
            "move" => self.relocate(self.path(operation, "from")?, path, operation),
            "copy" => {
                let value = self.there(&self.path(operation, "from")?)?.clone();
                self.add(path, value)
            }
            "test" => self.test(path, member(operation, "value")?),
            _ => Err(OperationError::Unknown),
        }
    }

    fn edit(&mut self, path: Path, method: Method) -> Result<(), OperationError> {
        self.document.apply(&path, &method)?;
        self.edits.push((path, method));
        Ok(())
    }

    /// Reads a path as it is meant in the document by now.
    fn path(&self, operation: &Value, name: &str) -> Result<Path, OperationError> {
        let text = string(operation, name)?;
        let pointer = text.plain();
        if text.has_lone_surrogate() || !(pointer.is_empty() || pointer.starts_with('/')) {
            let reason = format!("{name:?} is a JSON Pointer, such as /users/0; \"\" is the root");
            return Err(OperationError::Member(reason));
        }
        Ok(Path::read(&pointer, &self.document)?)
    }

    fn there(&self, path: &Path) -> Result<&Value, OperationError> {
        self.document.at(path).ok_or_else(|| ApplyError::Absent(path.clone()).into())
    }

    fn add(&mut self, path: Path, value: Value) -> Result<(), OperationError> {
        let Some((parent, last)) = path.split() else { return self.edit(path, Method::Set(value)) };
        // Unlike a set, an addition makes no missing parents.
        match (self.there(&parent)?, last) {
            (array, Step::Index(at)) if array.is_array() => {
                if *at > array.len() {
                    return Err(ApplyError::Absent(path).into());
                }
                let start = i64::try_from(*at).unwrap_or(i64::MAX);
                self.edit(parent, Method::Splice { start, count: 0, items: vec![value] })
            }
            _ => self.edit(path, Method::Set(value)),
        }
    }

    fn remove(&mut self, path: Path) -> Result<(), OperationError> {
        self.there(&path)?;
        self.edit(path, Method::Delete)
    }

    fn relocate(&mut self, from: Path, to: Path, operation: &Value) -> Result<(), OperationError> {
        let value = self.there(&from)?.clone();
        if from == to {
            return Ok(());
        }
        if from.contains(&to) {
            return Err(OperationError::IntoItself { from, to });
        }
        self.remove(from)?;
        // Where it goes is meant as things are once it has been removed.
        let to = self.path(operation, "path")?;
        self.add(to, value)
    }

    fn test(&self, path: Path, expected: &Value) -> Result<(), OperationError> {
        let found = self.there(&path)?;
        if are_equal(found, expected) {
            return Ok(());
        }
        let (found, expected) = (quoted(found), quoted(expected));
        Err(OperationError::Test { path, found, expected })
    }
}

fn member<'a>(operation: &'a Value, name: &str) -> Result<&'a Value, OperationError> {
    operation.key(&name.into()).ok_or_else(|| OperationError::Member(format!("{name:?} is missing")))
}

fn string<'a>(operation: &'a Value, name: &str) -> Result<&'a Text, OperationError> {
    let value = member(operation, name)?;
    value.as_text().ok_or_else(|| {
        OperationError::Member(format!("{name:?} is a string, not {}", value.kind().with_article()))
    })
}

fn quoted(value: &Value) -> String {
    let text = value.to_string();
    let mut quoted = super::inert(&text).into_owned();
    if let Some((at, _)) = quoted.char_indices().nth(QUOTED_CHARS) {
        quoted.truncate(at);
        quoted.push('…');
    }
    quoted
}
