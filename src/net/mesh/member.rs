//! What the mesh knows of one other member.

use tokio::time::Instant;

use super::super::connection::{Connection, ConnectionId};
use super::super::detour::Detour;
use super::super::sealed::{KEY_BYTES, KeyPair, Keys};
use super::super::statistics::Route;
use super::proving::Proving;
use super::trying::ANSWER_WITHIN;

/// Another member.
pub(super) struct Member {
    pub(super) link: Link,
    /// The way through the signaling server, where there is no other.
    pub(super) detour: Option<OpenDetour>,
    /// The way that what is said to it took last.
    pub(super) route: Option<Route>,
    /// Tries in a row that came to nothing.
    pub(super) failures: u32,
    /// Since when the server has not named it; nothing while it does.
    pub(super) unlisted: Option<Instant>,
    /// Whether it has said goodbye.
    pub(super) gone: bool,
}

pub(super) enum Link {
    /// To be connected to, then.
    Waiting(Instant),
    Connecting(Wire),
    Open(Wire),
    /// Open, but silent since then.
    Interrupted(Wire, Instant),
}

/// A connection, and the name that both sides know it by.
pub(super) struct Wire {
    pub(super) id: ConnectionId,
    /// The offerer's number for it.
    pub(super) label: u64,
    pub(super) connection: Connection,
    pub(super) seal: Seal,
    pub(super) proving: Proving,
    /// This side's public key, until it has been told.
    pub(super) public: Option<[u8; KEY_BYTES]>,
    /// When it was begun.
    pub(super) begun_at: Instant,
    /// When a detour is to be taken if nothing else works by then.
    pub(super) detour_at: Instant,
    /// When another way is to be looked for, of one that is interrupted.
    pub(super) restart_at: Option<Instant>,
}

/// How far the agreement on the keys of a detour is.
pub(super) enum Seal {
    /// This side's half.
    Offered(KeyPair),
    Agreed(Keys),
    /// Used by a detour, or not to be had.
    None,
}

/// A detour, and the connection by whose name it goes.
pub(super) struct OpenDetour {
    pub(super) id: ConnectionId,
    pub(super) label: u64,
    pub(super) detour: Detour,
    /// Whether the other side has answered, and proven that it is a member.
    pub(super) is_open: bool,
    pub(super) proving: Proving,
}

impl Member {
    /// One that is to be connected to, then.
    pub(super) fn new(try_at: Instant) -> Self {
        Self {
            link: Link::Waiting(try_at),
            detour: None,
            route: None,
            failures: 0,
            unlisted: None,
            gone: false,
        }
    }

    /// When an offer is given up that has not been answered.
    pub(super) fn answer_by(&self) -> Option<Instant> {
        let Link::Connecting(wire) = &self.link else { return None };
        let patience = ANSWER_WITHIN * (1 + self.failures.min(2));
        matches!(wire.seal, Seal::Offered(_)).then_some(wire.begun_at + patience)
    }

    pub(super) fn wire(&self) -> Option<&Wire> {
        match &self.link {
            Link::Connecting(wire) | Link::Open(wire) | Link::Interrupted(wire, _) => Some(wire),
            Link::Waiting(_) => None,
        }
    }

    pub(super) fn wire_mut(&mut self) -> Option<&mut Wire> {
        match &mut self.link {
            Link::Connecting(wire) | Link::Open(wire) | Link::Interrupted(wire, _) => Some(wire),
            Link::Waiting(_) => None,
        }
    }

    /// Whether there is a direct connection whose other end is a member.
    pub(super) fn is_direct(&self) -> bool {
        matches!(&self.link, Link::Open(wire) if wire.proving.is_done)
    }

    /// Whether the other end of a connection has proven that it is a member.
    pub(super) fn is_proven(&self, is_detour: bool) -> bool {
        if is_detour {
            self.detour.as_ref().is_some_and(|detour| detour.proving.is_done)
        } else {
            self.wire().is_some_and(|wire| wire.proving.is_done)
        }
    }

    /// Whether there is a detour that works.
    pub(super) fn is_detoured(&self) -> bool {
        self.detour.as_ref().is_some_and(|detour| detour.is_open)
    }

    /// Whether it can be talked to.
    pub(super) fn is_open(&self) -> bool {
        self.is_direct() || self.is_detoured()
    }

    /// Whether it was not open before.
    pub(super) fn set_open(&mut self) -> bool {
        let link = std::mem::replace(&mut self.link, Link::Waiting(Instant::now()));
        let (link, was_closed) = match link {
            Link::Connecting(wire) | Link::Interrupted(wire, _) => (Link::Open(wire), true),
            same @ (Link::Open(_) | Link::Waiting(_)) => (same, false),
        };
        self.link = link;
        was_closed
    }

    /// Whether it was open before.
    pub(super) fn set_interrupted(&mut self, now: Instant) -> bool {
        let link = std::mem::replace(&mut self.link, Link::Waiting(now));
        let (link, was_open) = match link {
            Link::Open(wire) => (Link::Interrupted(wire, now), true),
            same @ (Link::Connecting(_) | Link::Interrupted(..) | Link::Waiting(_)) => (same, false),
        };
        self.link = link;
        was_open
    }
}
