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
    #[error("there is no room {0} here; open it with `ultrawave create {0}`")]
    NoRoom(String),
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
