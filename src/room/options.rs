//! How to be in a room.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::limits;
use crate::session::Transfer;

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
    /// Bytes of the longest document that a room is opened with.
    pub max_document: usize,
    /// STUN and TURN servers.
    pub ice_servers: Vec<IceServer>,
    /// How long to try to get in. As long as more of the document comes, it is tried on.
    pub connect_timeout: Duration,
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

impl Default for RoomOptions {
    /// The default signaling server, embedded if need be; no STUN or TURN server, which is enough
    /// for one machine and one local network.
    fn default() -> Self {
        Self {
            signal: DEFAULT_SIGNAL.to_owned(),
            embed_signal: true,
            name: "somebody".to_owned(),
            history: limits::HISTORY_CHANGES,
            max_members: limits::MEMBERS,
            max_document: limits::OPENED_BYTES,
            ice_servers: Vec::new(),
            connect_timeout: Duration::from_secs(20),
            on_transfer: None,
        }
    }
}
