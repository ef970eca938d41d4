//! Rooms named aloud: the words that are said, and the ticket for whoever says them.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::address::{Address, ticket};
use super::announce::quoted;
use super::failure::{Exit, Failure};
use super::output;
use crate::cli::Doors;
use crate::room::passphrase::{Doorkeeper, Outcome, ask_for_ticket, new_passphrase};
use crate::room::{DEFAULT_SIGNAL, Room};
use crate::trust::{Role, Ticket};

/// The variable that a passphrase may be in.
const VARIABLE: &str = "ULTRAWAVE_PASSPHRASE";

/// Bytes of a passphrase.
const LONGEST: u64 = 1 << 10;

/// Gives out tickets for a passphrase, if that is wished, and says which it is: the one of the
/// environment, or a new one. `told` is called with what is to be said of tries.
pub(super) async fn attend(
    room: &Room, signal: &str, doors: &Doors, told: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Option<Doorkeeper>, Failure> {
    let Some(access) = room.access().filter(|_| doors.passphrase) else { return Ok(None) };
    let role = if doors.no_write_ticket { Role::Reader } else { Role::Writer };
    let ticket = ticket(room.name(), signal, &access, role).to_string();
    let words = from_environment().unwrap_or_else(new_passphrase);
    let outcome = move |outcome| match outcome {
        Outcome::LetIn => told("somebody has said the passphrase and is let in"),
        Outcome::Wrong { left } => {
            told(&format!("somebody has said a wrong passphrase; {left} more and it is spent"));
        }
        Outcome::Spent => {
            told("the passphrase is spent: it was said wrongly three times; nobody comes in by it any more");
        }
    };
    let doorkeeper = Doorkeeper::begin(signal, room.name(), &words, &ticket, outcome).await?;
    let flag = if signal == DEFAULT_SIGNAL { String::new() } else { format!(" --signal {}", quoted(signal)) };
    output::say(&format!("or with: ultrawave join {} --passphrase{flag}", quoted(room.name())));
    output::say(&format!("and the passphrase: {words}"));
    Ok(Some(doorkeeper))
}

/// The room that a name and a passphrase mean.
///
/// # Errors
/// The passphrase is wrong or spent, or nobody is there to ask.
pub(super) fn redeem(address: Address, signal: &str) -> Result<Address, Failure> {
    if address.ticket.is_some() {
        return Err(Failure::new(Exit::Usage, "a ticket needs no passphrase; leave --passphrase out"));
    }
    let words = match from_environment() {
        Some(words) => words,
        None => asked()?,
    };
    let asking = async { Ok(ask_for_ticket(signal, &address.name, &words).await?) };
    let text = super::on_this_thread(asking)?;
    let ticket: Ticket = text.parse().map_err(|error| {
        Failure::new(Exit::Failed, format!("whoever answered gave something else than a ticket: {error}"))
    })?;
    Ok(Address { ticket: Some(ticket), ..address })
}

fn from_environment() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|words| !words.trim().is_empty())
}

/// What somebody types without seeing it, or the first line of standard input.
fn asked() -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::io("cannot read the passphrase", &error);
    let words = if io::stdin().is_terminal() {
        typed("type the passphrase, which is not shown, then press Enter").map_err(failed)?
    } else {
        let mut line = Vec::new();
        io::stdin().lock().take(LONGEST).read_until(b'\n', &mut line).map_err(failed)?;
        Some(String::from_utf8_lossy(&line).trim().to_owned())
    };
    words.filter(|words| !words.is_empty()).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("there is no passphrase, neither in {VARIABLE} nor on standard input"),
        )
    })
}

/// The terminal shows what is typed again when this is dropped.
struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing.
        let _ = disable_raw_mode();
    }
}

/// A line that is typed and not shown; nothing if it is given up.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other key means anything here")]
fn typed(prompt: &str) -> io::Result<Option<String>> {
    let _hidden = Hidden::begin()?;
    // Only now, so that nothing is shown of what answers it. A line does not return by itself here.
    output::say(&format!("{prompt}\r"));
    let mut line = String::new();
    loop {
        let Event::Key(key) = read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        match key.code {
            KeyCode::Enter => return Ok(Some(line)),
            // What was typed ahead.
            KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(Some(line)),
            KeyCode::Backspace => drop(line.pop()),
            KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(None),
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => line.clear(),
            KeyCode::Char(letter) if line.len() < 1 << 10 => line.push(letter),
            KeyCode::Esc => return Ok(None),
            _ => {}
        }
    }
}
