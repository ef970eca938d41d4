//! What is said about a room that was opened or joined.

use super::address::ticket;
use super::output;
use crate::cli::Doors;
use crate::room::{DEFAULT_SIGNAL, Room, ServerStatus};
use crate::trust::Role;

/// Says how it began, if there is something to say.
pub(super) fn begun(room: &Room) {
    for note in room.notes() {
        output::say(note);
    }
    if room.is_resumed() && room.status().server != ServerStatus::Connected {
        output::say("offline: the signaling server is not there; edits are kept and sent later");
    } else if room.access().is_some_and(|access| access.role() < Role::Owner) && room.people().is_empty() {
        // Nobody could say so: by other keys it is another room at the server.
        output::say(&format!(
            "nobody else is in {0} now; if its keys were changed while you were away, ask somebody inside for what \
             `ultrawave invite {1}` prints there, and go on with that ticket: your edits are kept, and go along",
            room.name(),
            quoted(room.name()),
        ));
    }
}

/// Says when edits are not kept on this machine any more, and when they are again. `told` is what
/// was said last.
pub(super) fn kept(room: &Room, told: &mut Option<String>) {
    let unkept = room.status().unkept;
    if unkept != *told {
        output::say(&match &unkept {
            Some(reason) => format!(
                "not kept on this disk: {reason}; edits are sent all the same, but those nobody else has are lost if this ends"
            ),
            None => "kept on this disk again".to_owned(),
        });
        *told = unkept;
    }
}

/// Says where a signaling server was started, and how others join.
pub(super) fn opened(room: &Room, signal: &str, doors: &Doors) {
    if let Some(address) = room.embedded_signal() {
        output::say(&format!("signaling server started here on {address}"));
    }
    output::say(&format!("others join with: {}", join_command(room, signal, doors)));
    if room.access().is_some() && !doors.no_write_ticket {
        output::say("an argument stays in the shell's history: `ultrawave join -` reads the ticket unseen");
    }
    if let Some(command) = look_command(room, signal, doors) {
        output::say(&format!("others look with: {command}"));
    }
}

/// The command by which others come in to look only, if it is wished beside the one for writing.
pub(super) fn look_command(room: &Room, signal: &str, doors: &Doors) -> Option<String> {
    let access = room.access().filter(|_| doors.read_only_ticket && !doors.no_write_ticket)?;
    Some(format!("ultrawave join {}", ticket(room.name(), signal, &access, Role::Reader)))
}

/// The command by which others join, for a shell.
pub(super) fn join_command(room: &Room, signal: &str, doors: &Doors) -> String {
    let Some(access) = room.access() else { return join_open(room.name(), signal) };
    let role = match (doors.no_write_ticket, doors.read_only_ticket) {
        (false, _) => Role::Writer,
        (true, true) => Role::Reader,
        (true, false) => return format!("a ticket that `ultrawave invite {}` prints", quoted(room.name())),
    };
    format!("ultrawave join {}", ticket(room.name(), signal, &access, role))
}

/// The command by which others join an open room.
fn join_open(room: &str, signal: &str) -> String {
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
        assert_eq!(join_open("demo", DEFAULT_SIGNAL), "ultrawave join demo");
        assert_eq!(join_open("it's $5", "ws://h:1"), r"ultrawave join 'it'\''s $5' --signal ws://h:1");
    }
}
