//! The room: the people around one document. The facade of the library.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::cursor::Cursor;
use crate::document::{Method, Path};
use crate::session::{Event, Person, Presence};
use crate::sync::{Author, Change, Checkpoint, Conflict, EditError, LostEdit, Snapshot, Undone, VectorClock};

/// The signaling server asked when no other is named.
pub const DEFAULT_SIGNAL: &str = "ws://127.0.0.1:4747";

/// How to be in a room.
#[derive(Clone, Debug)]
pub struct RoomOptions {
    /// The signaling server: `ws://host:port`.
    pub signal: String,
    /// Whether to start the signaling server inside this process when `signal` is the default
    /// address and nothing listens there.
    pub embed_signal: bool,
    /// How this person wants to be called.
    pub name: String,
    /// Recent changes kept for late arrivals.
    pub history: usize,
    /// Members the room may have, this one included.
    pub max_members: usize,
    /// STUN and TURN servers.
    pub ice_servers: Vec<IceServer>,
    /// How long to try to get in.
    pub connect_timeout: Duration,
}

/// A STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:host:port` or `turn:host:port`.
    pub url: String,
    /// For TURN.
    pub username: String,
    /// For TURN.
    pub credential: String,
}

/// Why a room cannot be had, or an edit not be made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RoomError {
    /// No signaling server answers there.
    #[error(
        "no signaling server answers at {url}: {reason}; start one with `ultrawave-signal`, or name another with --signal"
    )]
    NoServer {
        /// The address tried.
        url: String,
        /// What happened.
        reason: String,
    },
    /// Something answers there that is no signaling server.
    #[error("what answers at {url} is not an ultrawave signaling server: {reason}")]
    NotAServer {
        /// The address tried.
        url: String,
        /// What it said.
        reason: String,
    },
    /// `create`, but the room is there.
    #[error("the room {0} exists already; join it with `ultrawave join {0}`, or choose another name")]
    Exists(String),
    /// `join`, but the room is not there.
    #[error("there is no room {0} here; open it with `ultrawave create {0}`")]
    NoRoom(String),
    /// The room has all the members it may have.
    #[error("the room {0} is full")]
    Full(String),
    /// No member of the room could be reached in time.
    #[error("the room {room} has {members} members, but none of them could be reached within {seconds} s")]
    Unreachable {
        /// The room.
        room: String,
        /// How many the server named.
        members: usize,
        /// How long was tried.
        seconds: u64,
    },
    /// The server refused.
    #[error("the signaling server refused: {0}")]
    Refused(String),
    /// A STUN or TURN server address is wrong.
    #[error("bad ICE server {0}: {1}")]
    IceServer(String, String),
    /// The edit was refused.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The room has been left.
    #[error("the room has been left")]
    Left,
}

/// How things stand with the others and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Whether the signaling server is there, so that newcomers can come in.
    pub server: ServerStatus,
    /// Own changes that some live member has not acknowledged yet.
    pub unacknowledged: usize,
    /// Members that can be talked to now.
    pub live: usize,
    /// Members that were there and cannot be talked to now.
    pub lost: usize,
    /// Whether at least one other member has acknowledged every own change.
    pub kept_elsewhere: bool,
}

/// How things stand with the signaling server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// It is there.
    Connected,
    /// It is not; the next try comes after this long.
    Retrying(Duration),
}

/// A room, as one of its members. Clones are the same member; the room is left by
/// [`leave`](Self::leave) or when the last clone is dropped.
#[derive(Clone)]
pub struct Room {
    inner: Arc<()>,
}

impl Room {
    /// Opens a room around a document. Needs a tokio runtime.
    pub async fn create(room: &str, document: Checkpoint, options: RoomOptions) -> Result<Self, RoomError> {
        let _ = (room, document, options);
        Err(RoomError::Left)
    }

    /// Joins a room; returns when the document is here.
    pub async fn join(room: &str, options: RoomOptions) -> Result<Self, RoomError> {
        let _ = (room, options);
        Err(RoomError::Left)
    }

    /// Joins a room, or opens it when it is not there; of two who do so at once one opens and
    /// the other joins. Second: whether it was opened here.
    pub async fn open(
        room: &str, document: Checkpoint, options: RoomOptions,
    ) -> Result<(Self, bool), RoomError> {
        let _ = (room, document, options);
        Err(RoomError::Left)
    }

    /// The room's name.
    pub fn name(&self) -> &str {
        ""
    }

    /// Who this member is.
    pub fn author(&self) -> Author {
        Author(1)
    }

    /// The address of the signaling server when it runs inside this process.
    pub fn embedded_signal(&self) -> Option<String> {
        None
    }

    /// The document now.
    pub fn snapshot(&self) -> Snapshot {
        self.changed().borrow().clone()
    }

    /// A cursor on the root.
    pub fn root(&self) -> Cursor {
        self.cursor(Path::ROOT)
    }

    /// A cursor on a place.
    pub fn cursor(&self, path: Path) -> Cursor {
        Cursor::new(self.clone(), path)
    }

    /// Makes an edit on what was seen at `base` (nothing: on what is there now). Edits with one
    /// `group` number are undone together; 0 makes a group of its own.
    pub fn edit(
        &self, base: Option<&VectorClock>, group: u64, path: Path, method: Method,
    ) -> Result<Arc<Change>, RoomError> {
        let _ = (base, group, path, method);
        Err(RoomError::Left)
    }

    /// Takes back the last group of own edits.
    pub fn undo(&self) -> Option<Undone> {
        None
    }

    /// Takes back the last undo.
    pub fn redo(&self) -> Option<Undone> {
        None
    }

    /// The document, and a notice whenever it has changed.
    pub fn changed(&self) -> watch::Receiver<Snapshot> {
        unreachable!()
    }

    /// Everything that happens, one by one. A receiver that lags is told so.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        unreachable!()
    }

    /// Calls back on every change with the snapshot and the changes that led to it, until the
    /// room is left. An error from the callback is reported to `events` as
    /// [`Event::CallbackFailed`], never swallowed.
    pub fn on_change<F, E>(&self, callback: F)
    where
        F: FnMut(&Snapshot, &[Arc<Change>]) -> Result<(), E> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let _ = callback;
    }

    /// The others.
    pub fn people(&self) -> Vec<Person> {
        Vec::new()
    }

    /// How things stand.
    pub fn status(&self) -> Status {
        Status { server: ServerStatus::Connected, unacknowledged: 0, live: 0, lost: 0, kept_elsewhere: false }
    }

    /// Says where this person is.
    pub fn set_presence(&self, presence: Presence) {
        let _ = presence;
    }

    /// The remembered changes, in the total order.
    pub fn history(&self) -> Vec<Arc<Change>> {
        Vec::new()
    }

    /// The slots that hold several concurrent values.
    pub fn conflicts(&self) -> Vec<Conflict> {
        Vec::new()
    }

    /// The remembered edits that fell into something removed at the same time.
    pub fn lost_edits(&self) -> Vec<LostEdit> {
        Vec::new()
    }

    /// Where the value that was at `path` in version `base` is now.
    pub fn locate(&self, base: &VectorClock, path: &Path) -> Option<Path> {
        let _ = base;
        Some(path.clone())
    }

    /// Waits until another live member has acknowledged every own change, or there is nobody
    /// else, or the time is up. Whether somebody has.
    pub async fn kept_elsewhere(&self, within: Duration) -> bool {
        let _ = within;
        false
    }

    /// Says goodbye, waits for the answers a moment, and closes every connection.
    pub async fn leave(&self) {}
}
