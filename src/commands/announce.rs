//! What is said about a room that was opened or joined.

use super::output;
use crate::room::{DEFAULT_SIGNAL, Room};

/// Says where a signaling server was started, and how others join.
pub(super) fn opened(room: &Room, signal: &str) {
    if let Some(address) = room.embedded_signal() {
        output::say(&format!("signaling server started here on {address}"));
    }
    output::say(&format!("others join with: {}", join_command(room.name(), signal)));
}

/// The command by which others join, for a shell.
pub(super) fn join_command(room: &str, signal: &str) -> String {
    let command = format!("ultrawave join {}", quoted(room));
    if signal == DEFAULT_SIGNAL { command } else { format!("{command} --signal {}", quoted(signal)) }
}

/// A word so that a shell takes it as one.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./:@%+,=".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_join_command_can_be_pasted_into_a_shell() {
        assert_eq!(join_command("demo", DEFAULT_SIGNAL), "ultrawave join demo");
        assert_eq!(join_command("it's $5", "ws://h:1"), r"ultrawave join 'it'\''s $5' --signal ws://h:1");
    }
}
