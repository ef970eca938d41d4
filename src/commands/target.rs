//! A file to which a room's document is to be written.

use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use super::{announce, input, output};
use crate::file::{FileBinding, FileError};
use crate::room::Room;
use crate::sync::Checkpoint;

/// A file named on the command line, as it was found.
pub(super) struct Target(FileBinding);

impl Target {
    /// Looks at a file that may be there or not, and whether it has a JSON text on each line,
    /// whatever its name says.
    ///
    /// # Errors
    /// It is there and cannot be read, or is not JSON.
    pub(super) fn find(path: &FilePath, lines: bool) -> Result<Self, Failure> {
        let absent = FileBinding::absent(path);
        let absent = if lines { absent.in_lines() } else { absent };
        match absent.reload() {
            Ok(file) => {
                if let Some(oddity) = file.oddity() {
                    output::say(oddity);
                }
                Ok(Self(file))
            }
            Err(FileError::Missing(_)) => Ok(Self(absent)),
            Err(error) => Err(error.into()),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &FilePath {
        self.0.path()
    }

    /// What it is known to hold.
    pub(super) fn file(&self) -> &FileBinding {
        &self.0
    }

    /// Whether there is such a file.
    pub(super) fn is_there(&self) -> bool {
        self.0.value().is_some()
    }

    /// Its document, or an empty one.
    pub(super) fn document(&self) -> Checkpoint {
        let empty = || if self.0.is_lines() { input::no_lines() } else { input::empty_document() };
        input::start_of(&self.0).unwrap_or_else(empty)
    }

    /// Whether the file is as this room has read or written it when it was last at work here.
    pub(super) fn is_as_left(&self, room: &Room) -> bool {
        self.0.text().is_some_and(|text| room.is_noted(text))
    }

    /// Whether writing the room's document would replace another: one that this room has not
    /// written or read itself, when it was last at work here.
    pub(super) fn differs_from(&self, room: &Room) -> bool {
        !self.is_as_left(room) && self.0.value().is_some_and(|value| *value != room.snapshot().value)
    }

    /// Ties the file to the room.
    ///
    /// # Errors
    /// The room was there already, the file holds another document, and `force` is not set.
    pub(super) fn bind(self, room: &Room, is_new: bool, force: bool) -> Result<FileBinding, Failure> {
        if !is_new && !force && self.differs_from(room) {
            let (path, name) = (self.path().display(), room.name());
            let mut message =
                format!("{path} differs from the document in {name}; --force replaces it by the room's");
            if room.is_resumed() {
                let name = announce::quoted(name);
                message =
                    format!("{message}, `ultrawave forget {name}` before lets a room start from the file");
            }
            return Err(Failure::new(Exit::FileChanged, message));
        }
        if is_new && !self.is_there() {
            let start = if self.0.is_lines() { "no lines" } else { "{}" };
            output::say(&format!("{} is not there yet; starting from {start}", self.path().display()));
        }
        if let Some(text) = self.0.text() {
            room.note_file(text);
        }
        Ok(self.0)
    }
}
