//! A document held against a JSON Schema in a process of its own, for the editor.

use std::io::{BufRead as _, Read as _, Write as _};

use super::failure::{Exit, Failure};
use super::jq::bound_memory;
use crate::tui::Schema;

/// The stack that a check may take, bytes; it takes as much as the document is deep. Where that is
/// not enough this process ends, and the editor says so.
const STACK: usize = 1 << 30;

/// Reads a schema on one line and a document after it from standard input; everything that the
/// schema does not allow is a line: a JSON Pointer and what is wrong there.
pub(super) fn violations() -> Result<Exit, Failure> {
    bound_memory();
    let failed = |error: &std::io::Error| Failure::io("cannot read the document", error);
    let (mut schema, mut json) = (String::new(), String::new());
    let mut input = std::io::stdin().lock();
    input.read_line(&mut schema).map_err(|error| failed(&error))?;
    input.read_to_string(&mut json).map_err(|error| failed(&error))?;
    let wrong = |reason| Failure::new(Exit::Failed, reason);
    let check = || Schema::read(&schema).and_then(|schema| schema.violations_in(&json));
    let found = stacker::grow(STACK, check).map_err(wrong)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for violation in found {
        let line = serde_json::to_string(&violation).unwrap_or_default();
        writeln!(out, "{line}").map_err(|error| Failure::io("cannot write", &error))?;
    }
    out.flush().map_err(|error| Failure::io("cannot write", &error))?;
    Ok(Exit::Done)
}
