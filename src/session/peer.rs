//! What a session knows of one other member.

use std::time::Duration;

use super::message::Presence;
use super::{Link, Time, timers};
use crate::sync::{Tick, VectorClock};

/// One other member of the room.
#[derive(Debug)]
pub(super) struct Peer {
    /// Whether it is there.
    pub(super) link: Link,
    /// Whether it has said hello on this connection, in our version of the protocol.
    pub(super) greeted: bool,
    /// Whether it holds the document.
    pub(super) has_document: bool,
    /// What it has acknowledged.
    pub(super) clock: VectorClock,
    /// What all its later edits will have seen, it said, and how many it had made by then.
    pub(super) floor: (VectorClock, Tick),
    /// The latest floor that counts: everything it had made by then was here.
    pub(super) counted: VectorClock,
    /// Where it is.
    pub(super) presence: Presence,
    /// When it last said something.
    pub(super) heard_at: Time,
    /// How long it has to acknowledge an own change.
    pub(super) resend_after: Duration,
    /// When it was last sent a document on this connection, and of which version.
    pub(super) sent_document: Option<(Time, VectorClock)>,
}

impl Peer {
    /// A member that is not connected to yet.
    pub(super) fn new() -> Self {
        Self {
            link: Link::Connecting,
            greeted: false,
            has_document: false,
            clock: VectorClock::new(),
            floor: (VectorClock::new(), 0),
            counted: VectorClock::new(),
            presence: Presence::default(),
            heard_at: Time::ZERO,
            resend_after: timers::RESEND,
            sent_document: None,
        }
    }

    /// Whether the channels to it are open.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.link, Link::Live | Link::Away)
    }

    /// Whether it can be talked to: connected, and known to speak this version.
    pub(super) fn is_talking(&self) -> bool {
        self.is_connected() && self.greeted
    }

    /// What it has seen, or will have when what was sent on the reliable channel arrives; nothing
    /// if it has no document.
    pub(super) fn surely_seen(&self) -> Option<&VectorClock> {
        let sent = self.sent_document.as_ref().map(|(_, clock)| clock);
        if self.has_document { Some(&self.clock) } else { sent }
    }

    /// Whether it can be talked to about the document.
    pub(super) fn is_sharing(&self) -> bool {
        self.is_talking() && self.has_document
    }
}
