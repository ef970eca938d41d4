//! The log: on standard error, fit to be looked at in a terminal.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use ultrawave_signal::protocol::is_invisible;

/// What quotes whole messages in its log, with the secrets in them.
const INDISCREET: [&str; 2] = ["tungstenite=info", "tokio_tungstenite=info"];

/// Logs warnings, or what `RUST_LOG` asks for.
pub(crate) fn start() {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = EnvFilter::builder().parse(if wanted.is_empty() { "warn" } else { &wanted });
    let (filter, error) = match filter {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("warn"), Some(error)),
    };
    let discreet = INDISCREET.iter().filter_map(|directive| directive.parse().ok());
    tracing_subscriber::fmt()
        .with_env_filter(discreet.fold(filter, EnvFilter::add_directive))
        .with_ansi(false)
        .with_writer(|| Inert(io::stderr()))
        .init();
    if let Some(error) = error {
        tracing::warn!(%error, "RUST_LOG is not understood; logging warnings only");
    }
}

/// Writes what happened in one line, whatever is quoted in it: it may be what a stranger said.
struct Inert<W>(W);

impl<W: Write> Write for Inert<W> {
    /// One event comes in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut shown = String::with_capacity(text.len());
        for character in text.trim_end_matches('\n').chars() {
            if is_invisible(character) {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        writeln!(self.0, "{shown}")?;
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
    fn what_strangers_said_is_no_command_and_no_line() {
        let mut written = Vec::new();
        let event = "WARN said \u{1b}]0;mine\u{7}\nWARN made up \u{9b}2J \u{202e} é 👩‍👩‍👧\n";
        Inert(&mut written).write_all(event.as_bytes()).unwrap();
        let written = String::from_utf8(written).unwrap();
        let shown = "WARN said \\u{1b}]0;mine\\u{7}\\nWARN made up \\u{9b}2J \\u{202e} é 👩‍👩‍👧\n";
        assert_eq!(written, shown);
    }
}
