//! What a connection measures of itself.

use std::fmt;
use std::time::Duration;

/// The way that what two members say takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Between their machines, or through a TURN server: the kinds of the two addresses in use, and
    /// the other side's.
    Pair {
        /// This side's: `host`, `srflx`, `prflx` or `relay`.
        local: String,
        /// The other side's.
        remote: String,
        /// The other side's address as this side sees it: `host:port`.
        address: String,
    },
    /// Sealed, through the signaling server.
    Server,
}

impl Route {
    /// Whether a TURN server is on the way.
    pub fn is_relayed(&self) -> bool {
        matches!(self, Self::Pair { local, remote, .. } if local == "relay" || remote == "relay")
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { local, remote, address } => write!(formatter, "{local} to {remote} {address}"),
            Self::Server => formatter.write_str("through the server"),
        }
    }
}

/// What is known of a connection now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The way it takes.
    pub route: Route,
    /// How long the way there and back took last.
    pub round_trip: Option<Duration>,
    /// Bytes that came on this connection, overhead included.
    pub bytes_in: u64,
    /// Bytes that went out.
    pub bytes_out: u64,
}
