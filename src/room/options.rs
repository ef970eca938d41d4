//! How to be in a room.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use ultrawave_signal::protocol::{IceServer, IceServerError};

use crate::limits;
use crate::session::Transfer;
use crate::trust::Access;

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
    /// What of a locked room's secrets this member holds; nothing for an open room, which whoever
    /// knows its name may enter.
    pub access: Option<Access>,
    /// How this person wants to be called.
    pub name: String,
    /// Recent changes kept for late arrivals.
    pub history: usize,
    /// Members the room may have, this one included.
    pub max_members: usize,
    /// Bytes of the longest document that a room is opened with.
    pub max_document: usize,
    /// STUN and TURN servers, beside those that the signaling server hands out.
    pub ice_servers: Vec<IceServer>,
    /// Whether the other members are never shown this machine's addresses: everything goes through
    /// a TURN server, or sealed through the signaling server.
    pub relay_only: bool,
    /// How long to try to get in. As long as more of the document comes, it is tried on.
    pub connect_timeout: Duration,
    /// Where to keep the room on this machine, so that the session outlives the process; nothing
    /// is kept otherwise.
    pub keep: Option<Keep>,
    /// Whether this member is there for a moment only: then the others do not take an edit for kept
    /// because this one has it.
    pub passing: bool,
    /// Who is told, while joining, how much of a long document is here.
    pub on_transfer: Option<OnTransfer>,
}

/// Somebody who is told how much of a long document is here.
#[derive(Clone)]
pub struct OnTransfer(pub Arc<dyn Fn(Transfer) + Send + Sync>);

impl fmt::Debug for OnTransfer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnTransfer")
    }
}

/// Where to keep a room on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The folder in which rooms are kept.
    pub folder: PathBuf,
    /// The file that the document comes from and goes to, if any; whoever opens the room again
    /// with [`Room::create`](crate::room::Room::create) has to name the same one.
    pub file: Option<PathBuf>,
}

impl Default for RoomOptions {
    /// The default signaling server, embedded if need be; no STUN or TURN server, which is enough
    /// for one machine and one local network.
    fn default() -> Self {
        Self {
            signal: DEFAULT_SIGNAL.to_owned(),
            embed_signal: true,
            access: None,
            name: "somebody".to_owned(),
            history: limits::HISTORY_CHANGES,
            max_members: limits::MEMBERS,
            max_document: limits::OPENED_BYTES,
            ice_servers: Vec::new(),
            relay_only: false,
            connect_timeout: Duration::from_secs(20),
            on_transfer: None,
            keep: None,
            passing: false,
        }
    }
}
