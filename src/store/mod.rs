//! What is kept of a room on this machine, so that a session outlives its process: the document,
//! its recent changes, and who this was.
//!
//! ```text
//! STATE/rooms/demo-1f3a…/1.db    what is kept of one session: an SQLite database
//!                        1.mark  who has it now (a lock), and whether it is all there
//!                        2.db    a second process in the same room is another member
//! ```
//!
//! What is stored is what goes over the wire: a `document` message as the start, then one `change`
//! message a row, in the order in which they became part of the document. Why `SQLite`, and what is
//! promised: `docs/decisions/0003-storage.md`.

mod about;
mod mark;
mod records;
mod shelf;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use about::About;
pub use shelf::{Forgotten, Kept, forget, of_room, shelf};

use self::mark::Mark;
use self::records::Records;
use crate::session::Record;
use crate::sync::{Change, Checkpoint, Replica, RestoreError};
use crate::trust::{Access, Evidence};

/// Sessions of one room on one machine, at once.
const SESSIONS: u32 = 64;

/// Why something is not kept, or cannot be had again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, #[source] io::Error),
    /// The database could not be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Database(PathBuf, #[source] rusqlite::Error),
    /// A later version of the program wrote it.
    #[error("{}: written by a later version of ultrawave, which can read it", .0.display())]
    Later(PathBuf),
    /// What is in it is not what was written.
    #[error("{}: damaged: {}", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// There are more sessions of one room than there may be.
    #[error("{SESSIONS} sessions of this room run on this machine already; end one of them")]
    Full,
}

/// One session's place on the disk; no other process has it.
pub struct Store {
    mark: Mark,
    records: Records,
    about: About,
}

/// What a store held when it was opened.
pub struct Past {
    /// The document with its history, nobody's yet.
    pub replica: Replica,
    /// What proves the changes in it.
    pub evidence: Vec<Evidence>,
    /// Whether every change that its author made is in it for certain, so that the author may go
    /// on counting. If not, only a new author may go on from it.
    pub is_complete: bool,
}

impl Store {
    /// Takes a place that nobody else has: one where this room and file were kept before, or one
    /// where the room was, or a new one.
    ///
    /// # Errors
    /// The disk does not permit it, is full, or holds what cannot be read.
    pub fn take(
        folder: &Path, (room, server): (&str, &str), access: Option<&Access>, file: Option<&Path>,
    ) -> Result<Self, StoreError> {
        let new = || About { access: access.cloned(), ..About::new(room, server) };
        let folder = shelf::folder_of(folder, room, server, access);
        shelf::make_private(&folder)?;
        let mut unlike = None;
        let mut fresh = None;
        for number in 1..=SESSIONS {
            let path = folder.join(format!("{number}.db"));
            if !path.exists() {
                if fresh.is_none() {
                    fresh = Mark::take(&path)?.map(|mark| (path, mark));
                }
                continue;
            }
            let Some(mark) = Mark::take(&path)? else { continue };
            let (records, about) = Records::open(&path)?;
            let about = if about.room.is_empty() { new() } else { about };
            let store = Self { mark, records, about };
            if store.about.file.as_deref() == file {
                return Ok(store);
            }
            unlike.get_or_insert(store);
        }
        if let Some(store) = unlike {
            return Ok(store);
        }
        let (path, mark) = fresh.ok_or(StoreError::Full)?;
        let about = About { file: file.map(Path::to_owned), ..new() };
        Ok(Self { mark, records: Records::create(&path)?, about })
    }

    /// What is known of the session.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// What is stored; nothing in a new place.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written.
    pub fn past(&self, history: usize) -> Result<Option<Past>, StoreError> {
        let Some((checkpoint, changes)) = self.records.read()? else { return Ok(None) };
        let replica = self.restore(checkpoint, changes, history)?;
        Ok(Some(Past { replica, evidence: self.records.evidence()?, is_complete: self.mark.is_complete() }))
    }

    fn restore(
        &self, checkpoint: Checkpoint, changes: Vec<Change>, history: usize,
    ) -> Result<Replica, StoreError> {
        Replica::restore(checkpoint, changes, history).map_err(|error: RestoreError| {
            StoreError::Damaged(self.records.path().to_owned(), error.to_string())
        })
    }

    /// Notes who the session is, and that what is stored from now on is all there is.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn begin(&mut self, about: About) -> Result<(), StoreError> {
        self.note(about)?;
        self.mark.set_open()
    }

    /// Notes what is known of the session.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn note(&mut self, about: About) -> Result<(), StoreError> {
        self.records.note(&about)?;
        self.about = about;
        Ok(())
    }

    /// Stores records, all or none. They outlive this process when this returns; a failure of
    /// power they outlive after [`settle`](Self::settle).
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.records.write(records)
    }

    /// Whether so much has been added since the whole was last stored that it should be again.
    pub fn is_grown(&self) -> bool {
        self.records.is_grown()
    }

    /// Brings everything stored where it outlives a failure of power.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.records.settle()
    }

    /// Something was or is about to be said that is not stored: whoever comes back may not go on
    /// as this author. Where even that cannot be written down nothing can be done about it here.
    pub fn doubt(&mut self) -> Result<(), StoreError> {
        self.mark.clear()
    }

    /// All is stored again that was ever said.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn trust(&mut self) -> Result<(), StoreError> {
        self.mark.set_open()
    }

    /// Gives the place up: nothing came of the session.
    pub fn discard(self) {
        // What is left of it is empty, and will do for the next one.
        let _ = shelf::remove(self.records.path());
    }

    /// The session has ended in good order.
    ///
    /// # Errors
    /// The disk does not take it; what was stored is still there.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.records.settle()?;
        self.mark.set_closed()
    }

    /// Puts what cannot be read out of the way, under another name, and gives that.
    ///
    /// # Errors
    /// It cannot be renamed.
    pub fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
        let aside = path.with_extension("damaged.db");
        fs::rename(path, &aside).map_err(|error| StoreError::File(path.to_owned(), error))?;
        for end in ["-wal", "-shm"] {
            let _ = fs::rename(beside(path, end), beside(&aside, end));
        }
        Ok(aside)
    }
}

/// A file that a database has beside it.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
