//! What a command says: data on standard output, messages on standard error.

use std::io::Write as _;

use super::failure::Failure;
use crate::document::{self, Value, inert};

/// Writes data to standard output at once.
pub(super) fn print(data: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::output(&error))
}

/// Writes a message to standard error. Nobody can be told if that fails.
pub(super) fn say(message: &str) {
    let lines: Vec<_> = message.lines().map(inert).collect();
    let _ = writeln!(std::io::stderr().lock(), "ultrawave: {}", lines.join("\n"));
}

/// A document or a value in it, in the document's own style or on one line; ends in a newline.
pub(super) fn text_of(source: impl Into<document::Source>, value: &Value, compact: bool) -> String {
    let mut text = if compact { value.to_string() } else { document::save(source, value) };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
