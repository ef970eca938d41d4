//! `ultrawave status` and `ultrawave forget`: what is kept of rooms on this machine.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::address::Address;
use super::failure::{Exit, Failure};
use super::local::{Caller, Guest};
use super::{announce, on_this_thread, output};
use crate::config::Config;
use crate::document::{Text, Value, inert};
use crate::room::RoomOptions;
use crate::store::{self, Forgotten, Kept, StoreError};
use crate::trust::Access;

/// Prints what is kept.
pub(super) fn status(room: Option<&Address>, json: bool) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut text = String::new();
    for kept in store::shelf(&folder()?)? {
        match kept {
            Ok(kept) if room.is_some_and(|room| !room.is_of(&kept.about)) => {}
            Ok(kept) => {
                let running = running(&kept);
                text.push_str(&if json {
                    line(&kept, running.as_ref())
                } else {
                    lines(&kept, running.as_ref())
                });
            }
            Err(error) => {
                output::say(&error.to_string());
                exit = Exit::Failed;
            }
        }
    }
    if text.is_empty() && matches!(exit, Exit::Done) {
        output::say(&match room {
            Some(room) => nothing(room),
            None => "nothing is kept on this machine".to_owned(),
        });
    }
    output::print(&text)?;
    Ok(exit)
}

/// Clears away what is kept of a room.
pub(super) fn forget(room: &Address, force: bool) -> Result<Exit, Failure> {
    let done = store::forget(&folder()?, |about| room.is_of(about), force)?;
    if done.is_empty() {
        return Err(Failure::new(Exit::Failed, nothing(room)));
    }
    let room = &room.name;
    let mut exit = Exit::Done;
    for done in done {
        let (message, end) = match done {
            Forgotten::Gone(kept) => {
                (format!("{room}, author {}: cleared away", kept.about.author), Exit::Done)
            }
            Forgotten::Running(kept) => (
                format!("{room}, author {}: at work in another process; end that first", kept.about.author),
                Exit::Failed,
            ),
            Forgotten::Unsent(kept) => (
                format!(
                    "{room}, author {}: {}; `ultrawave open {}` sends them when somebody is there, \
                     --force gives them up",
                    kept.about.author,
                    edits(kept.unsent),
                    announce::quoted(room),
                ),
                Exit::Failed,
            ),
        };
        output::say(&message);
        if !matches!(end, Exit::Done) {
            exit = end;
        }
    }
    Ok(exit)
}

fn nothing(room: &Address) -> String {
    format!("nothing is kept of {} on this machine", room.name)
}

/// How a session at work stands with the others, by its own account. Of several in one room, one
/// answers.
fn running(kept: &Kept) -> Option<Value> {
    let about = &kept.about;
    let (signal, access) = (about.server.clone(), about.access.clone());
    let options = RoomOptions { signal, access, ..RoomOptions::default() };
    let caller = Caller { options, given_name: None, is_signal_given: true };
    let asked = async {
        let Some(mut guest) = Guest::find(&about.room, &caller).await else { return Ok(None) };
        Ok(guest.status().await)
    };
    let answer = Some(kept).filter(|kept| kept.is_running).and_then(|_| on_this_thread(asked).ok()?);
    let author = about.author.member().to_string();
    answer.filter(|answer| answer.key(&"author".into()).and_then(Value::as_number) == Some(&author))
}

fn folder() -> Result<PathBuf, Failure> {
    Config::state_folder()
        .ok_or_else(|| Failure::new(Exit::Failed, "there is no home folder in which rooms could be kept"))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}

/// For a program.
fn line(kept: &Kept, running: Option<&Value>) -> String {
    let about = &kept.about;
    let word = |text: &str| Text::new(text).to_string();
    let file = about.file.as_ref().map_or_else(|| "null".to_owned(), |file| word(&file.to_string_lossy()));
    let told = |name: &str| running.and_then(|told| told.key(&name.into()).cloned()).unwrap_or(Value::NULL);
    format!(
        "{{\"room\":{},\"role\":{},\"server\":{},\"author\":{},\"running\":{},\"unsent\":{},\"changes\":{},\"bytes\":{},\
         \"last\":{},\"file\":{file},\"store\":{},\"signaling\":{},\"peers\":{}}}\n",
        word(&about.room),
        about.access.as_ref().map_or_else(|| "null".to_owned(), |access| word(access.role().name())),
        word(&about.server),
        about.author,
        kept.is_running,
        kept.unsent,
        kept.changes,
        kept.bytes,
        about.noted,
        word(&kept.path.to_string_lossy()),
        told("signaling"),
        told("peers"),
    )
}

/// For a person.
fn lines(kept: &Kept, running: Option<&Value>) -> String {
    let about = &kept.about;
    let state = if kept.is_running { "at work now" } else { "not at work" };
    let shown = |path: &Path| inert(&path.to_string_lossy()).into_owned();
    let file = about.file.as_ref().map(|file| format!("  file {}\n", shown(file))).unwrap_or_default();
    let peers = running.and_then(|told| told.key(&"peers".into()));
    let peers: Vec<String> = peers.into_iter().flat_map(Value::elements).map(peer).collect();
    let peers = if peers.is_empty() { String::new() } else { format!("  with {}\n", peers.join(", ")) };
    let locked = |access: &Access| format!("locked, here as {}; ", access.role().name());
    let lock = about.access.as_ref().map(locked).unwrap_or_default();
    format!(
        "{}  {lock}author {} at {}, {state}\n  {}\n{peers}{file}  last at work {}, {} kB in {}\n",
        about.room,
        about.author,
        about.server,
        edits(kept.unsent),
        ago(about.noted),
        kept.bytes.div_ceil(1_000),
        shown(&kept.path),
    )
}

/// Another member, in words.
fn peer(peer: &Value) -> String {
    let text =
        |name: &str| peer.key(&name.into()).and_then(Value::as_text).map(Text::plain).unwrap_or_default();
    let name = text("name");
    let name = if name.is_empty() { "somebody" } else { &name };
    let way = Some(text("way")).filter(|way| way != "direct").map(|way| format!(", {way}"));
    let round_trip = peer.key(&"round_trip_ms".into()).and_then(Value::as_number);
    let round_trip = round_trip.map(|ms| format!(", {ms} ms")).unwrap_or_default();
    let (name, state) = (inert(name), text("state"));
    format!("{name} ({state}{}{round_trip})", way.unwrap_or_default())
}

fn edits(unsent: usize) -> String {
    match unsent {
        0 => "everything is with others too".to_owned(),
        1 => "1 edit that nobody else has".to_owned(),
        count => format!("{count} edits that nobody else has"),
    }
}

/// How long ago a moment was, given in seconds since 1970.
fn ago(noted: u64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO).as_secs();
    let seconds = now.saturating_sub(noted);
    match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
