//! Why a room cannot be had.

use crate::sync::EditError;

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
    #[error(
        "what answers at {url} is not an ultrawave signaling server: {reason}; name another address with --signal"
    )]
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
    #[error(
        "there is no open room {0} here; open one with `ultrawave create {0}`, or join a locked one by its ticket"
    )]
    NoRoom(String),
    /// A locked room in which nobody is, or of which these are not the keys: nobody can tell.
    #[error(
        "nobody is in the locked room {0} now, or its keys are other ones than those given; ask a member for a new ticket"
    )]
    Closed(String),
    /// The room has all the members it may have.
    #[error("the room {0} is full; try again when somebody has left")]
    Full(String),
    /// No member of the room could be reached in time.
    #[error(
        "the room {room} has {members} members, but none of them could be reached within {seconds} s; if they are still there, something keeps UDP away from them, and a TURN server may help"
    )]
    Unreachable {
        /// The room.
        room: String,
        /// How many the server named.
        members: usize,
        /// How long was tried.
        seconds: u64,
    },
    /// The document is longer than the options allow.
    #[error(
        "the document has {} MB ({bytes} bytes), and a room is opened with at most {} MB ({limit} bytes): everyone who joins gets all of it; --max-document allows more",
        bytes >> 20,
        limit >> 20
    )]
    TooLarge {
        /// Bytes of its text.
        bytes: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// `create`, but the room is kept on this machine with another file.
    #[error(
        "the room {room} is kept on this machine from before, {}; `ultrawave open {room}` goes on with it, `ultrawave forget {room}` clears it away",
        .file.as_ref().map_or_else(|| "without a file".to_owned(), |file| format!("with the file {}", file.display()))
    )]
    Kept {
        /// The room.
        room: String,
        /// The file it was opened with.
        file: Option<std::path::PathBuf>,
    },
    /// The room that is there has the name of the one that is kept here, and is another.
    #[error(
        "another room is called {0} now; the one kept on this machine from before is left as it is: create it under another name with `ultrawave create NAME FILE`, or clear it away with `ultrawave forget {0}` and join again"
    )]
    OtherRoom(String),
    /// Nobody gives out tickets for a passphrase under this name.
    #[error(
        "nobody is met by a passphrase under the name {0}: look at its spelling, or ask whether the room is open with --passphrase"
    )]
    NobodyAttends(String),
    /// There is no ticket for this passphrase.
    #[error(transparent)]
    Unwelcome(#[from] crate::trust::passphrase::Unwelcome),
    /// The server refused.
    #[error("the signaling server refused: {0}")]
    Refused(String),
    /// A STUN or TURN server address is wrong.
    #[error("the ICE server {0} cannot be used: {1}; name another with --ice-server")]
    IceServer(String, String),
    /// The edit was refused.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Only the owner can change a room's keys.
    #[error("only who has opened the room {0}, as a locked one, can change its keys; an open room has none")]
    NotOwner(String),
    /// The room has been left.
    #[error("the room has been left")]
    Left,
}
