//! `ultrawave apply`: patches as others write them.

use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use super::member::Member;
use super::{edit, input};
use crate::document::{Value, json_patch, merge_patch};

/// A patch and how it is meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Patch {
    /// JSON Patch, RFC 6902.
    Operations(Value),
    /// JSON Merge Patch, RFC 7396.
    Merge(Value),
}

impl Patch {
    /// Reads a patch from a file, or from standard input for `-`. An array is a JSON Patch and a
    /// map a merge patch, unless `merge` says that all are.
    pub(super) fn read(file: &FilePath, merge: bool) -> Result<Self, Failure> {
        let patch = input::read_value(file)?;
        if merge || patch.is_object() {
            return Ok(Self::Merge(patch));
        }
        if patch.is_array() {
            return Ok(Self::Operations(patch));
        }
        let message = format!(
            "a patch is an array (JSON Patch) or a map (merge patch), not {}; --merge replaces the document by it",
            patch.kind().with_article()
        );
        Err(Failure::new(Exit::Usage, message))
    }
}

/// Applies a patch, all of it or nothing, and waits until somebody else has it.
pub(super) async fn apply(member: &Member, patch: &Patch) -> Result<(), Failure> {
    let (snapshot, only) = member.look().await;
    let edits = match patch {
        Patch::Operations(patch) => json_patch(&snapshot.value, patch)
            .map_err(|error| Failure::new(Exit::Failed, format!("nothing is done: {error}")))?,
        Patch::Merge(patch) => merge_patch(&snapshot.value, patch),
    };
    // Whatever could be refused of them is refused before the first is made.
    for (path, method) in &edits {
        method.check(path).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    }
    if edits.is_empty() {
        return Ok(());
    }
    edit::edit_all(member.room(), &snapshot.clock, edits)?;
    drop(only);
    member.kept().await
}
