//! What a command says: data on standard output, messages on standard error.

use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::fs::FileTypeExt as _;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

use super::failure::Failure;
use crate::document::{self, Value, inert};

/// Writes data to standard output at once.
pub(super) fn print(data: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(data.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::output(&error))
}

/// Writes a message to standard error. Nobody can be told if that fails.
pub(super) fn say(message: &str) {
    complain(&format!("ultrawave: {message}"));
}

/// Writes lines to standard error as they are, but for what a terminal would obey.
pub(super) fn complain(message: &str) {
    let lines: Vec<_> = message.lines().map(inert).collect();
    let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
}

/// Waits until whoever reads standard output has closed the pipe; for ever if it is no pipe.
pub(super) async fn closed() {
    let pipe = std::io::stdout().as_fd().try_clone_to_owned().ok().map(std::fs::File::from);
    let is_pipe = |file: &std::fs::File| file.metadata().is_ok_and(|about| about.file_type().is_fifo());
    let sender = pipe.filter(is_pipe).and_then(|pipe| Sender::from_file_unchecked(pipe).ok());
    match sender {
        Some(sender) if sender.ready(Interest::ERROR).await.is_ok() => {}
        _ => std::future::pending().await,
    }
}

/// A document or a value in it, in the document's own style or on one line; ends in a newline.
pub(super) fn text_of(source: impl Into<document::Source>, value: &Value, compact: bool) -> String {
    let mut text = if compact { value.to_string() } else { document::save(source, value) };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
