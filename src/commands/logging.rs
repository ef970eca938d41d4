//! The log: nowhere unless asked for.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path as FilePath;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

use super::failure::Failure;
use crate::document::inert;

/// What quotes whole messages in its log, with what the signaling server tells nobody else in them.
const INDISCREET: [&str; 2] = ["tungstenite=info", "tokio_tungstenite=info"];

/// Starts the log: in `file` if one is named; else, if `RUST_LOG` asks for one and no editor is on
/// the screen, on standard error.
pub(super) fn start(file: Option<&FilePath>, is_editor: bool) -> Result<(), Failure> {
    let wanted = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    match (file, wanted) {
        (Some(path), wanted) => {
            let file = OpenOptions::new().create(true).append(true).open(path);
            let file = file
                .map_err(|error| Failure::io(&format!("cannot write the log {}", path.display()), &error))?;
            let filter = discreet(wanted.as_deref().unwrap_or("info"));
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_ansi(false)
                .with_writer(Mutex::new(Inert(file)))
                .init();
        }
        (None, Some(wanted)) if !is_editor => {
            let filter = discreet(&wanted);
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_ansi(false)
                .with_writer(|| Inert(io::stderr()))
                .init();
        }
        (None, _) => {}
    }
    Ok(())
}

/// What is wanted in the log, but for secrets.
fn discreet(wanted: &str) -> EnvFilter {
    let discreet = INDISCREET.iter().filter_map(|directive| directive.parse::<Directive>().ok());
    discreet.fold(EnvFilter::new(wanted), EnvFilter::add_directive)
}

/// Writes what happened in one line, whatever is quoted in it: it may be what others said, and a log is
/// looked at in a terminal.
struct Inert<W>(W);

impl<W: Write> Write for Inert<W> {
    /// One event comes in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        writeln!(self.0, "{}", inert(text.trim_end_matches('\n')))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    #[test]
    fn what_others_said_is_no_command_and_no_line_in_the_log() {
        let mut written = Vec::new();
        Inert(&mut written)
            .write_all("INFO said \u{1b}]0;mine\u{7}\nINFO made up \u{9b}2J \u{202e}\n".as_bytes())
            .unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, "INFO said \\u001b]0;mine\\u0007\\nINFO made up \\u009b2J \\u202e\n");
    }
}
