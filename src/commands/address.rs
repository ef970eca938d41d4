//! Which room is meant: by its name, by its ticket, or by a ticket that is not on the command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::process::CommandExt as _;
use std::path::Path as FilePath;
use std::process::Command;

use ultrawave_signal::protocol::check_room_name;

use super::failure::{Exit, Failure};
use super::{input, local, output};
use crate::cli::{Doors, TICKET_ELSEWHERE};
use crate::config::Config;
use crate::room::{DEFAULT_SIGNAL, Room, RoomOptions};
use crate::store::{self, About};
use crate::trust::{Access, Role, Ticket, TicketError};

/// The variable that a ticket may be in.
const VARIABLE: &str = "ULTRAWAVE_TICKET";

/// Bytes of a text in which a ticket is looked for.
const LONGEST: u64 = 4 << 10;

/// Which room is meant.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// What people call it.
    pub(super) name: String,
    /// The ticket that was given for it, if any was.
    pub(super) ticket: Option<Ticket>,
}

impl Address {
    /// Reads what was given for a room, and the ticket that may be elsewhere.
    ///
    /// # Errors
    /// There is no ticket where there should be one, or it is damaged, or it is to another room.
    pub(super) fn read(argument: &str, file: Option<&FilePath>) -> Result<Self, Failure> {
        let of = |ticket: Ticket| Self { name: ticket.name.clone(), ticket: Some(ticket) };
        if Ticket::is_meant_by(argument) {
            return match file {
                None => find(argument, "the argument").map(of),
                Some(_) => Err(Failure::new(Exit::Usage, "two tickets: one as ROOM, one by --ticket-file")),
            };
        }
        if argument == TICKET_ELSEWHERE {
            return match (file, from_environment()?) {
                (Some(file), _) => from_file(file).map(of),
                (None, Some(ticket)) => Ok(of(ticket)),
                (None, None) => from_stdin().map(of),
            };
        }
        let ticket = match file {
            Some(file) => {
                let ticket = from_file(file)?;
                if ticket.name != argument {
                    let message = format!(
                        "the ticket in {} is to {}, not to {argument}; with - for ROOM it counts as it is",
                        input::display_name(file),
                        ticket.name
                    );
                    return Err(Failure::new(Exit::Usage, message));
                }
                Some(ticket)
            }
            None => from_environment()?.filter(|ticket| ticket.name == argument),
        };
        Ok(Self { name: argument.to_owned(), ticket })
    }

    /// Begins the program anew with the ticket in its environment, which other users cannot see, if
    /// it is an argument, which they can. Goes on where that cannot be done.
    pub(super) fn hide_argument(&self, argument: &str) {
        let Some(ticket) = self.ticket.as_ref().filter(|_| Ticket::is_meant_by(argument)) else { return };
        let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        if let Some(shown) = arguments.iter_mut().find(|given| *given == argument)
            && let Ok(program) = std::env::current_exe()
        {
            *shown = TICKET_ELSEWHERE.into();
            let name = std::env::args_os().next().unwrap_or_default();
            let mut anew = Command::new(program);
            let error = anew.arg0(name).args(arguments).env(VARIABLE, ticket.to_string()).exec();
            tracing::debug!(%error, "the ticket stays in the list of processes");
        }
    }

    /// Whether a session that is kept on this machine is one of this room.
    pub(super) fn is_of(&self, about: &About) -> bool {
        let id = |access: &Access| access.lasting_id();
        match &self.ticket {
            Some(ticket) => about.access.as_ref().map(id) == Some(id(&ticket.access)),
            None => about.room == self.name,
        }
    }

    /// The secrets of the room that is meant, and where it is, as options: by the ticket, or by what
    /// is kept on this machine under the name. `doors` is what was said about a room that may be
    /// opened; `is_given` whether a flag names the server.
    ///
    /// # Errors
    /// Several rooms of this name are kept.
    pub(super) fn find(
        &self, doors: Option<&Doors>, is_given: bool, options: &mut RoomOptions,
    ) -> Result<(), Failure> {
        let is_open = doors.is_some_and(|doors| doors.open);
        if let Some(ticket) = &self.ticket {
            if is_open {
                return Err(Failure::new(Exit::Usage, "a ticket is to a locked room, which --open is not"));
            }
            options.access = Some(ticket.access.clone());
            return Ok(());
        }
        let must_be_locked = doors.is_some_and(|doors| doors.locked || doors.passphrase);
        if is_open || (!must_be_locked && local::is_served(&options.signal, &self.name)) {
            return Ok(());
        }
        // Whether more is kept or not: what is there says which room the name means, and the server
        // is not to be asked for a locked one by its name.
        let mut kept =
            Config::state_folder().map_or_else(Vec::new, |folder| store::of_room(&folder, &self.name));
        kept.retain(|(about, _)| about.access.is_some() || !must_be_locked);
        // Where no flag names a server, a room that is kept somewhere else is better than none.
        let is_there = |about: &About| about.server == options.signal;
        if is_given || kept.iter().any(|(about, _)| is_there(about)) {
            kept.retain(|(about, _)| is_there(about));
        }
        if let Some(about) = self.choose(kept, &options.signal)? {
            (options.access, options.signal) = (about.access, about.server);
        } else if doors.is_some() && (must_be_locked || !is_loopback(&options.signal)) {
            options.access = Some(Room::new_access());
        }
        Ok(())
    }

    /// The locked room that a name means on this machine; nothing if it means an open one.
    fn choose(&self, mut kept: Vec<(About, bool)>, signal: &str) -> Result<Option<About>, Failure> {
        if kept.iter().any(|(_, is_running)| *is_running) {
            kept.retain(|(_, is_running)| *is_running);
        }
        let has_open = kept.iter().any(|(about, _)| about.access.is_none());
        let mut locked: BTreeMap<String, About> = BTreeMap::new();
        for (mut about, _) in kept {
            let Some(access) = about.access.take() else { continue };
            let id = access.lasting_id();
            let known = locked.remove(&id).and_then(|about| about.access);
            about.access = Some(known.map_or(access.clone(), |known| known.or_better(access)));
            locked.insert(id, about);
        }
        if locked.len() > 1 {
            let message = format!(
                "{} locked rooms called {} are kept on this machine; say by a ticket which is meant",
                locked.len(),
                self.name
            );
            return Err(Failure::new(Exit::Usage, message));
        }
        Ok(locked.into_values().next().filter(|_| !(has_open && is_loopback(signal))))
    }
}

/// A ticket to a room for somebody of a role, who is told of the server where it is not the default.
pub(super) fn ticket(name: &str, signal: &str, access: &Access, role: Role) -> Ticket {
    let signal = Some(signal).filter(|&signal| signal != DEFAULT_SIGNAL).map(str::to_owned);
    Ticket { access: access.lowered_to(role), name: name.to_owned(), signal }
}

/// Whether a signaling server is this machine's own: nobody else can reach it, so a name will do.
fn is_loopback(signal: &str) -> bool {
    let Ok(url) = url::Url::parse(signal) else { return false };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn parse(text: &str, whence: &str) -> Result<Ticket, Failure> {
    let bad = |error: String| Failure::new(Exit::Usage, format!("{whence} is no good ticket: {error}"));
    let ticket: Ticket = text.parse().map_err(|error: TicketError| bad(error.to_string()))?;
    check_room_name(&ticket.name).map_err(|error| bad(error.to_string()))?;
    Ok(ticket)
}

/// The ticket in a text, which may be the whole command that others join with.
fn find(text: &str, whence: &str) -> Result<Ticket, Failure> {
    match text.split_whitespace().find(|word| Ticket::is_meant_by(word)) {
        Some(word) if text.trim() == word => parse(word, whence),
        Some(word) => parse(word, &format!("what is in {whence}")),
        None => {
            Err(Failure::new(Exit::Usage, format!("there is no ticket in {whence}; it begins with \"uw1\"")))
        }
    }
}

fn from_environment() -> Result<Option<Ticket>, Failure> {
    let text = std::env::var(VARIABLE).ok().filter(|text| !text.trim().is_empty());
    text.map(|text| find(&text, VARIABLE)).transpose()
}

fn from_file(path: &FilePath) -> Result<Ticket, Failure> {
    if input::is_stdin(path) {
        return from_stdin();
    }
    let name = input::display_name(path);
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.map_err(|error| Failure::io(&format!("cannot read {name}"), &error))?;
    find(&text, &name)
}

/// The first line only: what comes after it may be a document or a value.
fn from_stdin() -> Result<Ticket, Failure> {
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        output::say("paste the ticket, then press Enter");
    }
    let mut line = Vec::new();
    let read = (&mut stdin).take(LONGEST).read_until(b'\n', &mut line);
    read.map_err(|error| Failure::io("cannot read standard input", &error))?;
    find(&String::from_utf8_lossy(&line), "the first line of standard input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_s_own_server_is_its_own() {
        for own in [
            "ws://127.0.0.1:4747",
            "ws://localhost",
            "ws://[::1]:4747",
            "wss://127.8.9.1/x",
            "ws://[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["ws://10.0.0.1:4747", "wss://localhost.example.com", "ws://[fe80::1]", "nonsense", ""] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn a_ticket_is_found_in_the_command_that_others_join_with() {
        let (name, signal) = ("demo".to_owned(), Some("wss://s".to_owned()));
        let ticket = Ticket { access: Room::new_access().lowered_to(Role::Writer), name, signal };
        assert_eq!(find(&format!("\n  ultrawave join {ticket}\n"), "a file"), Ok(ticket.clone()));
        assert_eq!(Address::read(&ticket.to_string(), None).map(|address| address.ticket), Ok(Some(ticket)));
        let cut = find("uw1AAAAAAAAAAAAAAAAAAAAAAAAAAA", "a file").map_err(|failure| failure.message);
        assert!(cut.is_err_and(|message| message.contains("damaged") && !message.contains("AAAA")));
    }

    #[test]
    fn a_ticket_to_a_room_whose_name_would_not_be_one_is_refused() {
        for name in ["", "a\u{1b}]0;b\u{7}", "two\nlines", "\u{202e}emit"] {
            let access = Room::new_access().lowered_to(Role::Writer);
            let ticket = Ticket { access, name: name.to_owned(), signal: None };
            let read = Address::read(&ticket.to_string(), None).map_err(|failure| failure.message);
            assert!(read.is_err_and(|message| message.contains("a room's name may not")), "{name:?}");
        }
    }
}
