//! The small file beside a store that says who has it, and whether it may be believed.
//!
//! Its lock is held by the process that has the store, and goes with it. Its text says on which
//! machine, and since which start of that machine, everything was stored before it was said. After
//! a process was killed that still holds; after a failure of power the last of it may be gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::StoreError;

/// Of a mark's text, what is looked at.
const LONGEST: u64 = 256;

/// Tries to lock a mark: somebody may have it for a moment, only to see whether it is taken.
const LOOKS: u32 = 5;

/// How long to wait between two of them.
const A_LOOK: Duration = Duration::from_millis(5);

/// A store's mark, locked.
pub(super) struct Mark {
    path: PathBuf,
    file: File,
    was_complete: bool,
}

impl Mark {
    /// Takes the mark of a store, unless another process has it.
    pub(super) fn take(store: &Path) -> Result<Option<Self>, StoreError> {
        let path = path_of(store);
        let wrong = |error| StoreError::File(path.clone(), error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(wrong)?;
        if !locked(&file).map_err(wrong)? {
            return Ok(None);
        }
        let mut text = String::new();
        (&file).take(LONGEST).read_to_string(&mut text).map_err(wrong)?;
        Ok(Some(Self { was_complete: is_complete(&text), path, file }))
    }

    /// Whether somebody has a store.
    pub(super) fn is_taken(store: &Path) -> bool {
        let file = File::open(path_of(store));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Whether everything that was said is in the store, as it was found.
    pub(super) fn is_complete(&self) -> bool {
        self.was_complete
    }

    /// Everything that is said from now on is stored before.
    pub(super) fn set_open(&mut self) -> Result<(), StoreError> {
        self.write(&format!("open {} {}\n", machine(), start_of_machine()))
    }

    /// Everything that was said is stored, for good.
    pub(super) fn set_closed(&mut self) -> Result<(), StoreError> {
        self.write(&format!("left {} -\n", machine()))
    }

    /// Nothing is certain. Takes no room on the disk.
    pub(super) fn clear(&mut self) -> Result<(), StoreError> {
        self.file.set_len(0).map_err(|error| StoreError::File(self.path.clone(), error))
    }

    /// Emptied first, so that a text cut short is none.
    fn write(&mut self, text: &str) -> Result<(), StoreError> {
        self.clear()?;
        let written = self.file.rewind().and_then(|()| self.file.write_all(text.as_bytes()));
        written
            .and_then(|()| self.file.sync_all())
            .map_err(|error| StoreError::File(self.path.clone(), error))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // Closing alone would leave it locked while a child of this process, begun at this moment, has
        // not become another program yet.
        let _ = self.file.unlock();
    }
}

/// Locks a file; false if somebody has it.
fn locked(file: &File) -> io::Result<bool> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => std::thread::sleep(A_LOOK),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

pub(super) fn path_of(store: &Path) -> PathBuf {
    store.with_extension("mark")
}

fn is_complete(text: &str) -> bool {
    let words: Vec<&str> = text.strip_suffix('\n').unwrap_or_default().split(' ').collect();
    match words[..] {
        ["open", of, since] => of == machine() && since == start_of_machine() && since != UNKNOWN,
        // A copy of it on another machine is not the only one.
        ["left", of, "-"] => of == machine(),
        _ => false,
    }
}

/// What stands for a machine, or a start of it, that does not say which it is.
const UNKNOWN: &str = "unknown";

fn machine() -> String {
    first_word("/etc/machine-id")
}

/// Differs after every start of the machine.
fn start_of_machine() -> String {
    first_word("/proc/sys/kernel/random/boot_id")
}

fn first_word(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().next().unwrap_or(UNKNOWN).to_owned()
}
