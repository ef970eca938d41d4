//! Putting a new file in the place of another.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

/// Puts a new file in the place of another, or of none. The one that was there at that very
/// moment, which whoever had opened it may still write to. Refuses to take the place of a file
/// that was not there before.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<Option<File>> {
    let folder = super::folder(path);
    let old = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ultrawave-").suffix(".tmp");
    let mode = new_file_mode();
    if let Some(mode) = &mode {
        builder.permissions(mode.clone());
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(old) = &old {
        keep_owner(file.path(), old);
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    let replaced = if old.is_some() {
        exchange(file, path)?
    } else {
        file.persist_noclobber(path).map_err(|error| error.error)?;
        None
    };
    // The rename itself is on the disk once the folder is; not every file system can say so.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(replaced)
}

/// Lets two files change their places, and removes the old one's name.
fn exchange(file: tempfile::NamedTempFile, path: &Path) -> io::Result<Option<File>> {
    if renameat_with(CWD, file.path(), CWD, path, RenameFlags::EXCHANGE).is_ok() {
        let replaced = File::open(file.path()).ok();
        file.into_temp_path().close()?;
        return Ok(replaced);
    }
    // Not every system and file system can do that. Then a file that takes the place of the old
    // one between these two lines is not seen.
    let replaced = File::open(path).ok();
    file.persist(path).map_err(|error| error.error)?;
    Ok(replaced)
}

/// What a new file may be used for, before the process's mask is taken off.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no modes")]
fn new_file_mode() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn new_file_mode() -> Option<fs::Permissions> {
    None
}

/// Gives a new file the owner of the old one, where this process may.
#[cfg(unix)]
fn keep_owner(path: &Path, old: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let _ = chown(path, Some(old.uid()), Some(old.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_path: &Path, _old: &fs::Metadata) {}
