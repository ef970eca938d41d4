//! A file that is kept in step with a room, both ways.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use super::failure::{Exit, Failure};
use super::{announce, output};
use crate::bridge::Bridge;
use crate::document::{Source, diff, save};
use crate::file::{FileBinding, FileError};
use crate::room::Room;
use crate::sync::Snapshot;

/// A file that is not there may be about to be replaced; it is written anew when it has been gone
/// for so long.
const GONE_FOR: Duration = Duration::from_secs(1);

/// Within this time of being written a file's times do not tell whether it was written again.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);

/// A file that was written so shortly ago may be half of what it is to be.
const SETTLED_AFTER: Duration = Duration::from_millis(80);

/// How often both are brought into step again when the file is rewritten meanwhile.
const TRIES: usize = 8;

/// A file and the room it is kept in step with.
pub(super) struct Keeper {
    file: FileBinding,
    /// Nothing until the file and the room have been the same once.
    bridge: Option<Bridge>,
    /// The text whose layout is kept, when another program has laid the file out anew.
    layout: Option<Source>,
    /// What the file looked like from outside when it was last read.
    looked: Option<Metadata>,
    gone_since: Option<SystemTime>,
    /// Edits of the file so far: what one of them changes is undone together.
    rewrites: u64,
    /// What keeps them from being in step, as it was told.
    trouble: Option<Failure>,
}

impl Keeper {
    /// Ties a file to a room: with a bridge when the file is known to show a version of it, else
    /// the room's document is to be written to it first.
    pub(super) fn new(file: FileBinding, bridge: Option<Bridge>) -> Self {
        Self { file, bridge, layout: None, looked: None, gone_since: None, rewrites: 0, trouble: None }
    }

    /// The file.
    pub(super) fn file(&self) -> &FileBinding {
        &self.file
    }

    /// Brings what others have done to the file into the room, and the room into the file.
    /// Whether the two are in step now.
    pub(super) fn step(&mut self, room: &Room) -> bool {
        for _ in 0..TRIES {
            let read = self.read(room);
            let done = read.and_then(|is_read| if is_read { self.write(room) } else { Ok(false) });
            match done {
                Ok(is_in_step) => {
                    if is_in_step && self.trouble.take().is_some() {
                        output::say(&format!("{} is in step again", self.name()));
                    }
                    return is_in_step;
                }
                // Rewritten between reading and writing: once more.
                Err(Trouble::File(FileError::ChangedOnDisk(_))) if self.bridge.is_some() => {}
                Err(trouble) => {
                    self.tell(trouble, room);
                    return false;
                }
            }
        }
        false
    }

    /// Takes in what another program has written. False while that is not to be read yet, or is
    /// about to be there.
    fn read(&mut self, room: &Room) -> Result<bool, Trouble> {
        let metadata = match self.look() {
            Look::Changed(metadata) => metadata,
            Look::Same => return Ok(true),
            Look::Unsettled => return Ok(false),
        };
        let found = match FileBinding::load(self.file.path()) {
            Ok(found) => found,
            Err(FileError::Missing(_)) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if found.source() != self.file.source() {
            self.take_in(room, found)?;
        }
        self.looked = Some(metadata);
        Ok(true)
    }

    /// Looks at the file from outside.
    fn look(&mut self) -> Look {
        let Ok(metadata) = std::fs::metadata(self.file.path()) else {
            self.looked = None;
            if self.file.value().is_none() {
                return Look::Same;
            }
            let since = *self.gone_since.get_or_insert_with(SystemTime::now);
            return if is_older(since, GONE_FOR) { Look::Same } else { Look::Unsettled };
        };
        self.gone_since = None;
        let is_same = self.looked.as_ref().is_some_and(|looked| identity(looked) == identity(&metadata));
        let is_older = |age| metadata.modified().map_or(true, |at| is_older(at, age));
        match (is_same, is_older(CLOCK_GRAIN), is_older(SETTLED_AFTER)) {
            (true, true, _) => Look::Same,
            (false, _, false) => Look::Unsettled,
            _ => Look::Changed(metadata),
        }
    }

    fn take_in(&mut self, room: &Room, found: FileBinding) -> Result<(), Trouble> {
        let (Some(text), Some(value)) = (found.source(), found.value()) else { return Ok(()) };
        let Some(bridge) = &mut self.bridge else {
            return Err(FileError::ChangedOnDisk(found.path().to_owned()).into());
        };
        if let Some(oddity) = found.oddity() {
            output::say(oddity);
        }
        let edits = bridge.edits(value);
        self.rewrites += 1;
        let count = edits.len();
        for (path, method) in edits {
            let change =
                room.edit(Some(bridge.clock()), self.rewrites, path, method).map_err(Failure::from)?;
            bridge.made(&change);
        }
        self.layout = (save(&room.snapshot().source, value) != text.file()).then(|| text.clone());
        if count > 0 {
            let changes = if count == 1 { "change" } else { "changes" };
            output::say(&format!("{} was edited: {count} {changes} taken in", self.name()));
        }
        self.file = found;
        Ok(())
    }

    /// Writes the file if the room's document is another. Whether the two are in step now.
    fn write(&mut self, room: &Room) -> Result<bool, Trouble> {
        let snapshot = room.snapshot();
        let is_shown = self.file.value().is_some_and(|value| {
            // Where only keys stand in another order, whoever put them so may have it so.
            *value == snapshot.value || (self.bridge.is_some() && diff(value, &snapshot.value).is_empty())
        });
        if !is_shown || self.gone_since.is_some() {
            let source = self.layout.as_ref().unwrap_or(&snapshot.source);
            self.file.save(source, &snapshot.value, false)?;
            self.looked = std::fs::metadata(self.file.path()).ok();
            self.gone_since = None;
        }
        self.in_step(&snapshot, room);
        Ok(true)
    }

    fn in_step(&mut self, snapshot: &Snapshot, room: &Room) {
        if let Some(text) = self.file.text() {
            room.note_file(text);
        }
        match &mut self.bridge {
            Some(bridge) => bridge.shows(snapshot),
            None => self.bridge = Some(Bridge::new(snapshot.value.clone(), snapshot.clock.clone())),
        }
    }

    /// Says once what the trouble is.
    fn tell(&mut self, trouble: Trouble, room: &Room) {
        let is_bridged = self.bridge.is_some();
        let trouble = match trouble {
            Trouble::Room(failure) => failure.with_advice(&format!(
                "the file is neither read nor written until that is settled; `ultrawave get {0}` prints the \
                 room's document, move the file away to have it written anew",
                announce::quoted(room.name()),
            )),
            Trouble::File(error @ (FileError::NotJson { .. } | FileError::NotUtf8 { .. })) => {
                let failure = Failure::from(error);
                let message = format!(
                    "{}\nthe file is neither read nor written until it is JSON again; nothing is lost",
                    failure.message
                );
                Failure::new(failure.exit, message)
            }
            Trouble::File(error @ (FileError::ChangedOnDisk(_) | FileError::Exists(_))) if !is_bridged => {
                Failure::from(error).with_advice(&format!(
                    "it is not written, so nothing in it is lost; `ultrawave get {0}` prints the room's \
                     document; move the file away to have it written",
                    announce::quoted(room.name()),
                ))
            }
            Trouble::File(error) => Failure::from(error),
        };
        if self.trouble.as_ref() != Some(&trouble) {
            output::say(&trouble.message);
            self.trouble = Some(trouble);
        }
    }

    /// Whether something keeps the two from being in step that does not pass by itself.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.trouble.is_some()
    }

    /// How it ends when the file could not be brought into step.
    pub(super) fn last_words(&self) -> Failure {
        let exit = self.trouble.as_ref().map_or(Exit::Failed, |trouble| trouble.exit);
        Failure::new(exit, format!("the last changes are not in {}", self.name()))
    }

    fn name(&self) -> String {
        self.file.path().display().to_string()
    }
}

/// What keeps a file and a room from being in step.
enum Trouble {
    File(FileError),
    Room(Failure),
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Room(failure)
    }
}

/// What a file looks like from outside.
enum Look {
    /// As when it was last read; or there is none.
    Same,
    /// It may be another.
    Changed(Metadata),
    /// It is being written, or it is gone and may be about to come back.
    Unsettled,
}

/// Whether something was so long ago; what is in the future was, as far as anybody knows.
fn is_older(at: SystemTime, age: Duration) -> bool {
    at.elapsed().map_or(true, |elapsed| elapsed > age)
}

/// What differs when a file was written or replaced.
fn identity(metadata: &Metadata) -> (u64, Option<SystemTime>, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.len(), metadata.modified().ok(), metadata.ino())
}
