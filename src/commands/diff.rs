//! `ultrawave diff`: the changes that turn one document into another, without a network.

use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use super::{input, output};
use crate::document;
use crate::sync::{Author, Change, VectorClock, encode_change};

/// Who made the changes, as far as anybody did.
const AUTHOR: Author = Author(1);

/// Prints the changes, one a line.
pub(super) fn diff(old: &FilePath, new: &FilePath) -> Result<Exit, Failure> {
    if input::is_stdin(old) && input::is_stdin(new) {
        return Err(Failure::new(Exit::Usage, "only one of OLD and NEW can be -"));
    }
    let (old, new) = (input::read_value(old)?, input::read_value(new)?);
    let mut clock = VectorClock::new();
    let mut lines = String::new();
    for (path, method) in document::diff(&old, &new) {
        clock.set(AUTHOR, clock.get(AUTHOR) + 1);
        let change = Change { author: AUTHOR, clock: clock.clone(), path, method };
        lines.push_str(&encode_change(&change));
        lines.push('\n');
    }
    output::print(&lines)?;
    Ok(Exit::Done)
}
