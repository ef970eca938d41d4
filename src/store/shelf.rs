//! All that is kept on this machine: to look at it, and to clear it away.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::mark::{self, Mark};
use super::records::Records;
use super::{About, StoreError, beside};
use crate::trust::Access;

/// Letters of a room's name in that of its folder.
const NAME_LETTERS: usize = 32;

/// What is kept of one session.
#[derive(Debug)]
pub struct Kept {
    /// Where.
    pub path: PathBuf,
    /// Whose, and of which room.
    pub about: About,
    /// Whether a process has it now.
    pub is_running: bool,
    /// Own changes that nobody else is known to have.
    pub unsent: usize,
    /// Changes that are stored.
    pub changes: usize,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// What became of what was to be cleared away.
#[derive(Debug)]
pub enum Forgotten {
    /// It is gone.
    Gone(Kept),
    /// A process has it.
    Running(Kept),
    /// It holds changes that nobody else is known to have.
    Unsent(Kept),
}

/// The folder of a room: its name as far as it can be one of a file, and what tells it from others.
pub(super) fn folder_of(state: &Path, room: &str, server: &str, access: Option<&Access>) -> PathBuf {
    // A locked room is the same one wherever its members meet, and another one than an open one of
    // the same name.
    let id = access.map_or_else(|| format!("{server}\n{room}"), Access::lasting_id);
    let hash = blake3::hash(id.as_bytes()).to_hex();
    state.join("rooms").join(format!("{}{}", letters_of(room), hash.get(..16).unwrap_or_default()))
}

/// How the folders of all rooms of a name begin.
fn letters_of(room: &str) -> String {
    let letters = room.chars().take(NAME_LETTERS);
    letters
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' })
        .chain(['-'])
        .collect()
}

/// Makes a folder that is for this user alone.
pub(super) fn make_private(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| StoreError::File(folder.to_owned(), error))
}

/// Everything that is kept in a folder, or why it cannot be looked at.
///
/// # Errors
/// The folder itself cannot be read.
pub fn shelf(state: &Path) -> Result<Vec<Result<Kept, StoreError>>, StoreError> {
    let mut found = Vec::new();
    for room in folders(&state.join("rooms"))? {
        found.extend(stores(&room)?.iter().map(|path| look(path)));
    }
    Ok(found)
}

/// What is in a folder, in order; nothing if there is none.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let wrong = |error| StoreError::File(folder.to_owned(), error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<PathBuf>>>().map_err(wrong)?;
    paths.sort();
    Ok(paths)
}

/// The sessions that are kept of rooms of a name, and whether a process has each now. What cannot be
/// read is left out: it says nothing of any room.
pub fn of_room(state: &Path, room: &str) -> Vec<(About, bool)> {
    let begins = letters_of(room);
    let is_named = |folder: &&PathBuf| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begins))
    };
    let rooms = folders(&state.join("rooms")).unwrap_or_default();
    let stores = rooms.iter().filter(is_named).flat_map(|folder| stores(folder).unwrap_or_default());
    let known = stores.filter_map(|path| {
        let about = Records::look(&path).and_then(|records| records.about()).ok()?;
        (about.room == room).then(|| (about, Mark::is_taken(&path)))
    });
    known.collect()
}

/// The stores in the folder of a room.
fn stores(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths = folders(folder)?;
    paths.retain(|path| {
        path.extension().is_some_and(|end| end == "db")
            && path.file_stem().is_some_and(|stem| !stem.to_string_lossy().contains('.'))
    });
    Ok(paths)
}

fn look(path: &Path) -> Result<Kept, StoreError> {
    let records = Records::look(path)?;
    let about = records.about()?;
    let (mut changes, mut unsent) = (0, 0);
    records.each_change(|change| {
        changes += 1;
        unsent += usize::from(about.is_unsent(change.id()));
    })?;
    let bytes = ["", "-wal", "-shm"].iter().filter_map(|end| fs::metadata(beside(path, end)).ok());
    let bytes = bytes.map(|metadata| metadata.len()).sum();
    Ok(Kept { path: path.to_owned(), about, is_running: Mark::is_taken(path), unsent, changes, bytes })
}

/// Clears away what is kept of the rooms that are meant; what nobody else has only if `force`.
///
/// # Errors
/// Something cannot be read, or not be removed.
pub fn forget(
    state: &Path, is_meant: impl Fn(&About) -> bool, force: bool,
) -> Result<Vec<Forgotten>, StoreError> {
    let mut done = Vec::new();
    for kept in shelf(state)? {
        let kept = kept?;
        if !is_meant(&kept.about) {
            continue;
        }
        // Taken, so that nobody comes back to it meanwhile.
        let mark = Mark::take(&kept.path)?;
        done.push(match mark {
            None => Forgotten::Running(kept),
            Some(_) if kept.unsent > 0 && !force => Forgotten::Unsent(kept),
            Some(_held) => {
                remove(&kept.path)?;
                Forgotten::Gone(kept)
            }
        });
    }
    Ok(done)
}

/// Removes a store whose mark is held.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    for end in ["-wal", "-shm", ""] {
        match fs::remove_file(beside(path, end)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::File(path.to_owned(), error)),
        }
    }
    let _ = fs::remove_file(mark::path_of(path));
    // Only the last one leaves it empty.
    let _ = path.parent().map(fs::remove_dir);
    Ok(())
}
