//! `ultrawave merge-driver`: git's merges of JSON files, by path.

use std::fmt::Write as _;
use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use super::input;
use crate::bridge::merge;
use crate::document::Value;
use crate::file::{FileBinding, read_text};

/// Conflicts named one by one; of others only the number is told.
const NAMED: usize = 50;

/// Merges THEIRS into OURS, and writes OURS in its own layout. `name` is what the file is called
/// in messages.
pub(super) fn merge_driver(
    base: &FilePath, ours: &FilePath, theirs: &FilePath, name: Option<&str>,
) -> Result<Exit, Failure> {
    let mut ours = FileBinding::load(ours)?;
    let (Some(our_text), Some(our_value)) = (ours.source().cloned(), ours.value().cloned()) else {
        return Ok(Exit::Done);
    };
    // Of a file that both branches have added there is no base, and git gives an empty one.
    let is_new = read_text(base)?.trim().is_empty();
    let base = if is_new { empty_like(&our_value) } else { input::read_value(base)? };
    let merged = merge(&base, &our_value, &input::read_value(theirs)?);
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
