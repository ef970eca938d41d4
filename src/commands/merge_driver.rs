//! `ultrawave merge-driver`: git's merges of JSON files, by path.

use std::fmt::Write as _;
use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use crate::bridge::merge;
use crate::document::Value;
use crate::file::{FileBinding, has_lines, read_text};

/// Conflicts named one by one; of others only the number is told.
const NAMED: usize = 50;

/// Merges THEIRS into OURS, and writes OURS in its own layout. `name` is what the file is called
/// in messages.
pub(super) fn merge_driver(
    base: &FilePath, ours: &FilePath, theirs: &FilePath, name: Option<&str>,
) -> Result<Exit, Failure> {
    // Git hands over copies with names of their own.
    let is_lines = has_lines(name.map_or(ours, FilePath::new));
    let mut ours = FileBinding::load_as(ours, is_lines)?;
    let (Some(our_text), Some(our_value)) = (ours.source().cloned(), ours.value().cloned()) else {
        return Ok(Exit::Done);
    };
    // Of a file that both branches have added there is no base, and git gives an empty one.
    let is_new = read_text(base)?.trim().is_empty();
    let read = |path: &FilePath| {
        let read = FileBinding::load_as(path, is_lines)?;
        Ok::<_, Failure>(read.value().cloned().unwrap_or(Value::NULL))
    };
    let base = if is_new { empty_like(&our_value) } else { read(base)? };
    let merged = merge(&base, &our_value, &read(theirs)?);
    ours.save(&our_text, &merged.value, false)?;
    if merged.conflicts.is_empty() {
        return Ok(Exit::Done);
    }
    let name = name.map_or_else(|| ours.path().display().to_string(), str::to_owned);
    let mut message = format!(
        "{name}: both branches have changed these places; the file has what ours says there, and the rest merged:"
    );
    for path in merged.conflicts.iter().take(NAMED) {
        let _ = write!(message, "\n  {path}");
    }
    if merged.conflicts.len() > NAMED {
        let _ = write!(message, "\n  and {} more", merged.conflicts.len() - NAMED);
    }
    Err(Failure::new(Exit::Failed, message))
}

fn empty_like(value: &Value) -> Value {
    if value.is_array() { Value::array([]) } else { Value::object([]) }
}
