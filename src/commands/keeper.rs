//! A file that is kept in step with a room, both ways.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use super::failure::{Exit, Failure};
use super::replaced::Replaced;
use super::shadow::Shadow;
use super::{announce, output};
use crate::bridge::{Bridge, FileEdits};
use crate::document::{Path, Source, Value, diff, save};
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

/// Replaced files that are looked back at: as many as are written in the time they are.
const LOOKED_BACK_AT: usize = 16;

/// Places named of those where the room's value stays.
const NAMED: usize = 10;

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
    /// Files that were replaced a moment ago, the oldest first: who had opened one before may
    /// write to it still.
    replaced: Vec<Replaced>,
    /// Where it is kept what the file shows.
    shadow: Option<Shadow>,
    /// Edits of the file so far: what one of them changes is undone together.
    rewrites: u64,
    /// What keeps them from being in step, as it was told.
    trouble: Option<Failure>,
}

impl Keeper {
    /// Ties a file to a room: with a bridge when the file is known to show a version of it, else
    /// the room's document is to be written to it first.
    pub(super) fn new(file: FileBinding, bridge: Option<Bridge>, shadow: Option<Shadow>) -> Self {
        Self {
            file,
            bridge,
            layout: None,
            looked: None,
            gone_since: None,
            replaced: Vec::new(),
            shadow,
            rewrites: 0,
            trouble: None,
        }
    }

    /// Keeps the layout that the file has.
    pub(super) fn with_layout_of_file(mut self, room: &Room) -> Self {
        if let (Some(text), Some(value)) = (self.file.source(), self.file.value()) {
            self.layout = (save(&room.snapshot().source, value) != text.file()).then(|| text.clone());
        }
        self
    }

    /// The file.
    pub(super) fn file(&self) -> &FileBinding {
        &self.file
    }

    /// Brings what others have done to the file into the room, and the room into the file.
    /// Whether the two are in step now.
    pub(super) fn step(&mut self, room: &Room) -> bool {
        for _ in 0..TRIES {
            let read = self.look_back(room).and_then(|()| self.read(room));
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
        let found = match self.file.reload() {
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
        self.rewrites += 1;
        let made = make(room, bridge, value, self.rewrites)?;
        self.layout = (save(&room.snapshot().source, value) != text.file()).then(|| text.clone());
        self.file = found;
        self.tell_of(&made, "was edited");
        Ok(())
    }

    /// Takes in what was written to files after, or just before, they were replaced.
    fn look_back(&mut self, room: &Room) -> Result<(), Trouble> {
        let mut replaced = std::mem::take(&mut self.replaced);
        let mut result = Ok(());
        for file in &mut replaced {
            result = result.and_then(|()| self.look_at(room, file));
        }
        replaced.retain(|file| !file.is_over());
        // What came of it is written, which may replace one more.
        replaced.append(&mut self.replaced);
        self.replaced = replaced;
        result
    }

    fn look_at(&mut self, room: &Room, replaced: &mut Replaced) -> Result<(), Trouble> {
        let Some(found) = replaced.written() else { return Ok(()) };
        self.rewrites += 1;
        let made = make(room, &mut replaced.bridge, &found, self.rewrites)?;
        if let Some(bridge) = &mut self.bridge {
            bridge.cast_off();
        }
        self.tell_of(&made, "was edited while it was being replaced");
        Ok(())
    }

    fn tell_of(&self, made: &Made, what: &str) {
        let name = self.name();
        if made.edits > 0 {
            let changes = if made.edits == 1 { "change" } else { "changes" };
            output::say(&format!("{name} {what}: {} {changes} taken in", made.edits));
        }
        if !made.conflicts.is_empty() {
            let named: Vec<String> = made.conflicts.iter().take(NAMED).map(ToString::to_string).collect();
            let more = made.conflicts.len() - named.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            output::say(&format!(
                "{name} {what} in places that the room has changed too, where what the room says stays: {}{more}",
                named.join(", ")
            ));
        }
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
            let known = self.file.source().map(|source| {
                let is_lines = source.bad_lines().is_some();
                (source.file().into_owned(), is_lines)
            });
            if let (Some(file), Some(known), Some(bridge)) =
                (self.file.replace(source, &snapshot.value, false)?, known, &self.bridge)
            {
                let bridge = Bridge::adrift(bridge.shadow().clone());
                self.replaced.push(Replaced::new(file, &known.0, known.1, bridge));
                let over = self.replaced.len().saturating_sub(LOOKED_BACK_AT);
                self.replaced.drain(..over);
            }
            self.looked = std::fs::metadata(self.file.path()).ok();
            self.gone_since = None;
        }
        self.in_step(&snapshot, room);
        // What was replaced may have been written to since it was last looked at.
        self.look_back(room)?;
        let is_shown = room.snapshot().clock == snapshot.clock;
        Ok(is_shown)
    }

    fn in_step(&mut self, snapshot: &Snapshot, room: &Room) {
        if let Some(text) = self.file.text() {
            room.note_file(text);
        }
        match &mut self.bridge {
            Some(bridge) => bridge.shows(snapshot),
            None => self.bridge = Some(Bridge::new(snapshot.value.clone(), snapshot.clock.clone())),
        }
        if let (Some(shadow), Some(text)) = (&mut self.shadow, self.file.source()) {
            shadow.keep(&text.file(), &snapshot.clock);
        }
    }

    /// Says once what the trouble is.
    fn tell(&mut self, trouble: Trouble, room: &Room) {
        let is_bridged = self.bridge.is_some();
        let trouble = match trouble {
            Trouble::Room(failure) if failure.exit == Exit::NotPermitted => failure.with_advice(&format!(
                "what was written into it stays there, and goes nowhere else: {} is neither read nor written \
                 until it is moved away, which has it written anew, or is as it was",
                self.name(),
            )),
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

/// What came of a file that was edited.
struct Made {
    edits: usize,
    /// Places where what the room says stays.
    conflicts: Vec<Path>,
}

/// Makes what was done to a file a part of the room.
fn make(room: &Room, bridge: &mut Bridge, found: &Value, group: u64) -> Result<Made, Failure> {
    let now = room.snapshot();
    let FileEdits { base, edits, conflicts } = bridge.edits(found, &now.value);
    let base = base.unwrap_or(now.clock);
    let made = Made { edits: edits.len(), conflicts };
    for (path, method) in edits {
        let change = room.edit(Some(&base), group, path, method)?;
        bridge.made(&change);
    }
    bridge.taken_in(found);
    Ok(made)
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
