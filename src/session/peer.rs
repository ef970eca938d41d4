//! What a session knows of one other member.

use std::time::Duration;

use super::inbox::Inbox;
use super::message::Presence;
use super::{Dropped, Link, Time, Way, timers};
use crate::sync::{Author, Tick, VectorClock};

/// One other member of the room.
#[derive(Debug)]
pub(super) struct Peer {
    /// Whether it is there.
    pub(super) link: Link,
    /// How what is said to it gets there, while it is connected.
    pub(super) way: Way,
    /// Those it says it is connected to directly.
    pub(super) links: Vec<Author>,
    /// Whether it has said hello on this connection, in our version of the protocol.
    pub(super) greeted: bool,
    /// Whether it is there for a moment only, and keeps nothing.
    pub(super) passing: bool,
    /// The name it writes under, if that is not its number.
    pub(super) writer: Option<Author>,
    /// Whom it takes for dropped: see `membership`.
    pub(super) dropped: VectorClock,
    /// Whom this one takes for dropped, as it was last told on these channels.
    pub(super) told: Dropped,
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
    /// What it sent and is not checked yet.
    pub(super) inbox: Inbox,
    /// When the way to it began, and it was said hello to; nothing if it goes another way, and has not
    /// heard that.
    pub(super) met_at: Option<Time>,
    /// When it last said something.
    pub(super) heard_at: Time,
    /// When something of it last came, if only by way of others.
    pub(super) alive_at: Time,
    /// How long its acknowledgements take, lately.
    round_trip: Duration,
    /// How long it has to acknowledge an own change.
    pub(super) resend_after: Duration,
    /// Until when messages to it are expected to be lost.
    pub(super) lossy_until: Time,
    /// How many own changes it was sent again, ever.
    pub(super) resends: u64,
    /// When it was last sent own changes again.
    pub(super) resent_at: Time,
    /// When it was last shown where the authors' chains end.
    pub(super) shown_heads_at: Option<Time>,
    /// When it last showed that itself.
    pub(super) heard_heads_at: Option<Time>,
    /// When it was last sent a document on this connection, and of which version.
    pub(super) sent_document: Option<(Time, VectorClock)>,
}

impl Peer {
    /// A member that is not connected to yet.
    pub(super) fn new() -> Self {
        Self {
            link: Link::Connecting,
            way: Way::Direct,
            links: Vec::new(),
            greeted: false,
            passing: false,
            writer: None,
            dropped: VectorClock::new(),
            told: Dropped::default(),
            has_document: false,
            clock: VectorClock::new(),
            floor: (VectorClock::new(), 0),
            counted: VectorClock::new(),
            presence: Presence::default(),
            inbox: Inbox::default(),
            met_at: None,
            heard_at: Time::ZERO,
            alive_at: Time::ZERO,
            round_trip: timers::ROUND_TRIP,
            resend_after: timers::ROUND_TRIP * 3 / 2,
            lossy_until: Time::ZERO,
            resends: 0,
            resent_at: Time::ZERO,
            shown_heads_at: None,
            heard_heads_at: None,
            sent_document: None,
        }
    }

    /// It acknowledged an own change.
    pub(super) fn acknowledged(&mut self, now: Time, made_at: Time) {
        let took = now.saturating_sub(made_at).min(timers::RESEND_MOST);
        // What was sent again meanwhile may have been lost the first time: it says little, but
        // not nothing, or a path that is slower than was thought would never be known to be.
        let share = if self.resent_at > made_at { 32 } else { 8 };
        self.round_trip = (self.round_trip * (share - 1) + took) / share;
        self.be_patient_anew();
    }

    /// Forgets all that depended on what was here.
    pub(super) fn know_nothing(&mut self) {
        self.clock = VectorClock::new();
        self.forget_floors();
        self.sent_document = None;
    }

    /// Forgets from where its edits go on.
    pub(super) fn forget_floors(&mut self) {
        self.floor = (VectorClock::new(), 0);
        self.counted = VectorClock::new();
    }

    /// Forgets that it has been waited for.
    pub(super) fn be_patient_anew(&mut self) {
        self.resend_after = (self.round_trip * 3 / 2).max(timers::RESEND_LEAST);
    }

    /// How long its acknowledgements take, lately: a round trip and the wait for more to acknowledge.
    pub(super) fn acknowledges_within(&self) -> Duration {
        self.round_trip
    }

    /// Whether the channels to it are open.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.link, Link::Live | Link::Away)
    }

    /// Whether it can be talked to, and has a connection of its own, so that it can pass on what
    /// is said to others.
    pub(super) fn is_direct(&self) -> bool {
        self.is_talking() && self.way == Way::Direct
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
