//! Saving and reading the room's file beside the editor, which goes on meanwhile.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;

use super::message::{Level, Msg, SaveRemedy, SaveWanted, Saved};
use crate::document::{Value, diff};
use crate::file::{FileBinding, FileError};
use crate::room::Room;
use crate::sync::{Snapshot, VectorClock};

/// How often to look whether another program has rewritten the file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file that was written so shortly ago may be half of what it is to be.
const SETTLED_AFTER: Duration = Duration::from_millis(100);

/// The room's file, and whether it is being written or read.
pub(super) struct Files {
    room: Room,
    state: State,
    answers: mpsc::Sender<Answer>,
    /// A wish to save that came while the file was at work.
    waiting: Option<SaveWanted>,
    /// What the file looked like from outside when it was last looked at, and when that was.
    looked: (Option<Outside>, Instant),
}

/// What differs when a file was written or replaced.
type Outside = (u64, Option<SystemTime>, u64);

enum State {
    None,
    Idle(FileBinding),
    /// At work; the binding comes back with the answer.
    Busy,
}

/// What a file says that was read anew, as what it was known to say with what has changed: where
/// nothing has, the document holds the very same, and the two are compared in no time.
fn said_by(file: &FileBinding, known: &FileBinding) -> Option<Value> {
    let said = file.value()?;
    let Some(before) = known.value() else { return Some(said.clone()) };
    if file.text() == known.text() {
        return Some(before.clone());
    }
    let (edits, mut value) = (diff(before, said), before.clone());
    // No edit says in which order keys stand.
    let is_said = !edits.is_empty() && edits.iter().all(|(path, method)| value.apply(path, method).is_ok());
    Some(if is_said { value } else { said.clone() })
}

/// The end of some work on a file.
pub(super) struct Answer {
    /// The room's file from now on.
    binding: Option<FileBinding>,
    message: Option<Msg>,
}

/// The file that belongs to the room here.
#[derive(Clone, Debug)]
pub struct FileState {
    /// Which.
    pub path: PathBuf,
    /// What it holds, as far as is known; nothing while it is not there.
    pub value: Option<Value>,
    /// The version of the document that was when it was last in step.
    pub clock: VectorClock,
    /// Whether it holds what the document says now.
    pub is_in_step: bool,
}

impl FileState {
    /// A file that holds `value`, beside a document; `clock` is the version that is.
    pub fn new(path: PathBuf, value: Option<Value>, clock: VectorClock, now: &Snapshot) -> Self {
        let mut state = Self { path, value, clock, is_in_step: false };
        state.compare(now);
        state
    }

    /// Looks whether the file still holds what the document says.
    pub(super) fn compare(&mut self, now: &Snapshot) {
        self.is_in_step = self.value.as_ref() == Some(&now.value);
    }

    /// A file, as far as it is in step with a document.
    pub fn of(file: &FileBinding, snapshot: &Snapshot) -> Self {
        let mut state =
            Self::new(file.path().to_owned(), file.value().cloned(), VectorClock::new(), snapshot);
        if state.is_in_step {
            state.clock = snapshot.clock.clone();
        }
        state
    }
}

impl Files {
    pub(super) fn new(room: Room, file: Option<FileBinding>, answers: mpsc::Sender<Answer>) -> Self {
        Self {
            room,
            state: file.map_or(State::None, State::Idle),
            answers,
            waiting: None,
            looked: (None, Instant::now()),
        }
    }

    /// Begins to write a document; while the file is at work, as soon as that is done. What is
    /// wrong when it cannot begin.
    pub(super) fn save(&mut self, snapshot: Snapshot, wanted: SaveWanted) -> Option<Msg> {
        let own = match std::mem::replace(&mut self.state, State::Busy) {
            State::Busy => {
                self.waiting = Some(wanted);
                return None;
            }
            State::Idle(binding) => Some(binding),
            State::None => None,
        };
        let is_own = |name: &Path| own.as_ref().is_some_and(|own| own.path() == name);
        let other = wanted.name.clone().filter(|name| !is_own(name)).map(FileBinding::absent);
        let Some(mut target) = other.clone().or_else(|| own.clone()) else {
            self.state = State::None;
            return Some(Msg::Notice(Level::Error, "there is no file yet; :w NAME saves to one".to_owned()));
        };
        let (room, answers) = (self.room.clone(), self.answers.clone());
        tokio::task::spawn_blocking(move || {
            let written = target.save(&snapshot.source, &snapshot.value, wanted.overwrite);
            let message = match written {
                Ok(()) => Msg::Saved(Saved {
                    path: target.path().to_owned(),
                    value: snapshot.value,
                    clock: snapshot.clock,
                    wanted,
                }),
                Err(error) => refused(&error, wanted),
            };
            let is_saved = matches!(message, Msg::Saved(_));
            // A first name given to a document without a file becomes its file.
            let binding = match (own, other) {
                (Some(_), None) => Some(target),
                (Some(own), Some(_)) => Some(own),
                (None, _) => is_saved.then_some(target),
            };
            if let Some(text) = binding.as_ref().and_then(FileBinding::text) {
                room.note_file(text);
            }
            let _ = answers.blocking_send(Answer { binding, message: Some(message) });
        });
        None
    }

    /// Begins to read the file anew, and to make a message of it beside. What is wrong when it cannot
    /// begin.
    pub(super) fn read(&mut self, then: impl FnOnce(Value) -> Msg + Send + 'static) -> Option<Msg> {
        let own = match std::mem::replace(&mut self.state, State::Busy) {
            State::Busy => return Some(Msg::Notice(Level::Warning, "still at work on the file".to_owned())),
            State::Idle(binding) => binding,
            State::None => {
                self.state = State::None;
                return Some(Msg::Notice(
                    Level::Error,
                    "there is no file here; :w NAME makes one".to_owned(),
                ));
            }
        };
        let answers = self.answers.clone();
        tokio::task::spawn_blocking(move || {
            let read = own.reload();
            let answer = match read.map(|file| (said_by(&file, &own), file)) {
                Ok((Some(value), file)) => {
                    let message = then(value);
                    // What was only looked at is not what the file is known to hold: a save still
                    // finds that it changed.
                    let is_taken_in = matches!(message, Msg::Reloaded(_) | Msg::Rewritten(_));
                    Answer { binding: Some(if is_taken_in { file } else { own }), message: Some(message) }
                }
                Ok((None, _)) => Answer { binding: Some(own), message: Some(not_read("it is empty")) },
                Err(error) => Answer { binding: Some(own), message: Some(not_read(&first_line(&error))) },
            };
            let _ = answers.blocking_send(answer);
        });
        None
    }

    /// Begins to read the file if another program has rewritten it since it was last looked at.
    pub(super) fn look(&mut self) {
        let (seen, at) = self.looked;
        let State::Idle(own) = &self.state else { return };
        if at.elapsed() < LOOK_EVERY {
            return;
        }
        let now = outside(own.path());
        // Who writes it right now is not disturbed.
        let is_settled = now
            .and_then(|(_, written, _)| written)
            .and_then(|written| written.elapsed().ok())
            .is_none_or(|age| age >= SETTLED_AFTER);
        self.looked = (if is_settled { now } else { seen }, Instant::now());
        if now.is_none() || now == seen || !is_settled {
            return;
        }
        let State::Idle(own) = std::mem::replace(&mut self.state, State::Busy) else { return };
        let (room, answers) = (self.room.clone(), self.answers.clone());
        tokio::task::spawn_blocking(move || {
            let is_news = own.has_changed_on_disk().map(|has| has && own.text().is_some());
            let read = is_news.and_then(|is_news| is_news.then(|| own.reload()).transpose());
            let answer = match read.map(|file| file.and_then(|file| Some((said_by(&file, &own)?, file)))) {
                Ok(Some((value, file))) => {
                    let message = Msg::rewritten(value, own.value(), &room.snapshot());
                    Answer { binding: Some(file), message: Some(message) }
                }
                Ok(None) => Answer { binding: Some(own), message: None },
                Err(error) => {
                    let told = format!(
                        "another program wrote the file, which is left alone: {}",
                        first_line(&error)
                    );
                    Answer { binding: Some(own), message: Some(Msg::Notice(Level::Warning, told)) }
                }
            };
            let _ = answers.blocking_send(answer);
        });
    }

    /// Takes the end of some work: what the model is told of it, and the wish to save that waited
    /// for it. After a refusal the person is asked first.
    pub(super) fn take(&mut self, answer: Answer) -> (Option<Msg>, Option<SaveWanted>) {
        self.state = answer.binding.map_or(State::None, State::Idle);
        let is_refused = matches!(answer.message, Some(Msg::SaveFailed { .. }));
        (answer.message, self.waiting.take().filter(|_| !is_refused))
    }
}

fn outside(path: &Path) -> Option<Outside> {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok(), about.ino()))
}

fn not_read(reason: &str) -> Msg {
    Msg::Notice(Level::Error, format!("not read: {reason}"))
}

fn refused(error: &FileError, wanted: SaveWanted) -> Msg {
    let remedy = match error {
        FileError::ChangedOnDisk(_) => SaveRemedy::OverwriteOrReload,
        FileError::Exists(_) => SaveRemedy::Overwrite,
        FileError::Missing(_)
        | FileError::Directory(_)
        | FileError::Unreadable(..)
        | FileError::TooLong(_)
        | FileError::NotUtf8 { .. }
        | FileError::NotJson { .. }
        | FileError::Unwritable(..) => SaveRemedy::None,
    };
    let reason = match remedy {
        SaveRemedy::OverwriteOrReload => "the file changed on disk since it was read".to_owned(),
        SaveRemedy::Overwrite => "there is a file of this name already".to_owned(),
        SaveRemedy::None => first_line(error),
    };
    Msg::SaveFailed { reason, remedy, wanted }
}

/// An error without its excerpt, which needs more than a line.
fn first_line(error: &FileError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
