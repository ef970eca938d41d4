//! Where the socket of a room is.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use tokio::net::unix::UCred;
use tokio::net::{UnixListener, UnixStream};

use crate::trust::Access;

/// Letters of the room's name in that of its socket, for people who look.
const NAME_LETTERS: usize = 24;

/// The socket of a room, and the file that says who may have it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
    name: String,
}

/// The right to listen at a place, for as long as this is held: the system takes it back from a
/// process that has ended, however it ended.
pub(super) struct Claim {
    place: Place,
    _lock: File,
}

impl Place {
    /// Where the socket of a room may be, the best first: in the runtime folder, else in a folder
    /// of the user's own among the temporary files.
    pub(super) fn all(signal: &str, room: &str, access: Option<&Access>) -> Vec<Self> {
        let runtime = etcetera::base_strategy::Xdg::new().ok().and_then(|folders| folders.runtime_dir());
        let runtime = runtime.map(|folder| folder.join("ultrawave"));
        let temporary = std::env::temp_dir().join(format!("ultrawave-{}", geteuid().as_raw()));
        let name = name(signal, room, access);
        let folders = runtime.into_iter().chain([temporary]);
        folders.map(|folder| Self { folder, name: name.clone() }).collect()
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.name))
    }

    /// Whether a process listens there, or is about to.
    pub(super) fn is_taken(&self) -> bool {
        let lock = File::open(self.file("lock"));
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
    }

    /// Connects to whoever listens there, if that is a process of this user.
    pub(super) async fn connect(&self) -> Option<UnixStream> {
        if !is_private(&self.folder) {
            return None;
        }
        let stream = UnixStream::connect(self.file("sock")).await.ok()?;
        is_own(&stream.peer_cred().ok()?).then_some(stream)
    }

    /// Claims the place. Nothing while another process has it.
    ///
    /// # Errors
    /// There can be no socket there.
    pub(super) fn claim(&self) -> io::Result<Option<Claim>> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if !is_private(&self.folder) {
            let message = format!("{} is open to others", self.folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        let lock = File::options().create(true).write(true).truncate(false).open(self.file("lock"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Claim { place: self.clone(), _lock: lock })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Claim {
    /// Listens, in the place of a socket that a dead process has left.
    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        let socket = self.place.file("sock");
        if let Err(error) = std::fs::remove_file(&socket)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let listener = UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        Ok(listener)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Nobody listens there any more. Should it stay, the next who listens removes it.
        let _ = std::fs::remove_file(self.place.file("sock"));
    }
}

/// Whether the process at the other end is one of this user.
pub(super) fn is_own(process: &UCred) -> bool {
    process.uid() == geteuid().as_raw()
}

/// Whether a folder is there that nobody else may use: the last six bits of its mode are theirs.
fn is_private(folder: &Path) -> bool {
    std::fs::symlink_metadata(folder).is_ok_and(|about| {
        about.is_dir() && about.uid() == geteuid().as_raw() && about.mode().trailing_zeros() >= 6
    })
}

/// A name that rooms of one name on two servers do not share; a locked room is the same one wherever
/// its members meet. Should two rooms share one for all that, what is said first over the socket
/// tells them apart.
fn name(signal: &str, room: &str, access: Option<&Access>) -> String {
    let letters: String = room.chars().filter(char::is_ascii_alphanumeric).take(NAME_LETTERS).collect();
    let place = access.map_or_else(|| [signal, "\n", room].concat(), Access::lasting_id);
    format!("{letters}-{:016x}", super::super::fnv(place.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test panics on what it did not expect"
    )]

    use super::*;

    #[test]
    fn rooms_have_names_of_their_own_that_are_file_names() {
        let names = [("ws://a:1", "demo"), ("ws://a:2", "demo"), ("ws://a:1", "../de mo")];
        let names = names.map(|(signal, room)| name(signal, room, None));
        assert!(
            names.iter().all(|name| name.starts_with("demo-") && !name.contains(['/', ' '])),
            "{names:?}"
        );
        assert!(names[0] != names[1] && names[0] != names[2]);
    }

    #[test]
    fn one_process_has_a_place_and_the_next_gets_it() {
        let home = tempfile::tempdir().unwrap();
        let place = Place { folder: home.path().join("run"), name: "demo-1".to_owned() };
        let first = place.claim().unwrap().unwrap();
        assert!(place.claim().unwrap().is_none());
        drop(first);
        assert!(place.claim().unwrap().is_some());
        std::fs::set_permissions(&place.folder, Permissions::from_mode(0o755)).unwrap();
        assert!(place.claim().is_err());
    }
}
