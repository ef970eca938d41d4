//! The ways through the signaling server: when to take one, and when to leave it.

use tokio::time::Instant;

use super::super::connection::ConnectionId;
use super::super::detour::Detour;
use super::super::sealed::{Between, KEY_BYTES, KeyPair};
use super::member::{Link, OpenDetour, Seal};
use super::proving::Half;
use super::{DETOUR_AFTER, LOOK_AGAIN, Mesh};
use crate::session::Input;
use crate::sync::Author;

impl Mesh {
    /// This side's half of the keys for a new connection, and with it the whole, when the other
    /// side's half has come already.
    pub(super) fn seal(&mut self, author: Author, label: u64, theirs: Option<[u8; KEY_BYTES]>) -> Sealing {
        let pair = KeyPair::new();
        let public = pair.public();
        match theirs {
            Some(theirs) => Sealing { seal: self.agree(pair, author, label, theirs), public },
            None => Sealing { seal: Seal::Offered(pair), public },
        }
    }

    fn agree(&mut self, pair: KeyPair, with: Author, label: u64, theirs: [u8; KEY_BYTES]) -> Seal {
        let is_offerer = self.me < with;
        let room_secret = self.credentials.access.frames_secret();
        let between = Between {
            room: &self.room,
            room_secret: room_secret.bytes(),
            label,
            offerer: self.me.min(with),
            answerer: self.me.max(with),
        };
        match pair.agree(theirs, between, is_offerer) {
            Ok(keys) => Seal::Agreed(keys),
            Err(error) => {
                self.inputs.push(Input::Garbage(with, error.to_string()));
                Seal::None
            }
        }
    }

    /// The other side's half has come with its answer.
    pub(super) fn answered(&mut self, author: Author, half: Half, theirs: [u8; KEY_BYTES]) {
        let Some(wire) = self.members.get_mut(&author).and_then(|member| member.wire_mut()) else { return };
        let label = wire.label;
        wire.proving.theirs = half;
        let Seal::Offered(pair) = std::mem::replace(&mut wire.seal, Seal::None) else { return };
        let seal = self.agree(pair, author, label, theirs);
        if let Some(wire) = self.members.get_mut(&author).and_then(|member| member.wire_mut()) {
            wire.seal = seal;
        }
    }

    /// A sealed packet has come.
    pub(super) fn packet(&mut self, author: Author, label: u64, sealed: Vec<u8>) {
        let Some(member) = self.members.get(&author) else { return };
        let is_newer = member.wire().is_some_and(|wire| wire.label == label && !member.is_direct());
        if member.detour.as_ref().is_none_or(|detour| detour.label != label) && is_newer {
            // The other side has been looking for longer.
            self.take_detour(author);
        }
        let detour = self.members.get(&author).and_then(|member| member.detour.as_ref());
        // What belongs to an earlier detour is late, not wrong.
        if let Some(detour) = detour.filter(|detour| detour.label == label)
            && !detour.detour.packet(sealed)
        {
            tracing::debug!(%author, "too many packets at once");
        }
    }

    /// When the next detour may have to be taken.
    pub(super) fn next_detour(&self) -> Option<Instant> {
        let due = self.members.values().filter_map(|member| match &member.link {
            Link::Connecting(wire) | Link::Interrupted(wire, _) => {
                (member.detour.is_none() && matches!(wire.seal, Seal::Agreed(_))).then_some(wire.detour_at)
            }
            Link::Open(_) | Link::Waiting(_) => None,
        });
        due.min().filter(|_| self.is_server_up)
    }

    /// Takes the detours that are due. `is_reached` says who is reached through another member.
    pub(super) fn detours(&mut self, now: Instant, is_reached: impl Fn(Author) -> bool) {
        if !self.is_server_up {
            return;
        }
        let mut due = Vec::new();
        for (&author, member) in &mut self.members {
            let has_none = member.detour.is_none();
            if let Link::Connecting(wire) | Link::Interrupted(wire, _) = &mut member.link
                && has_none
                && wire.detour_at <= now
                && matches!(wire.seal, Seal::Agreed(_))
            {
                if is_reached(author) {
                    wire.detour_at = now + LOOK_AGAIN;
                } else {
                    due.push(author);
                }
            }
        }
        for author in due {
            self.take_detour(author);
        }
    }

    fn take_detour(&mut self, author: Author) {
        self.count += 1;
        let id = ConnectionId { author, number: self.count };
        let Some(member) = self.members.get_mut(&author) else { return };
        let Some(wire) = member.wire_mut() else { return };
        let (label, mut proving) = (wire.label, wire.proving.clone());
        (proving.by, proving.is_done) = (None, false);
        let Seal::Agreed(keys) = std::mem::replace(&mut wire.seal, Seal::None) else { return };
        tracing::debug!(me = %self.me, %author, "taking the way through the server");
        let was_open = member.is_detoured();
        let detour = Detour::start(id, keys, self.options.codec, self.events.clone());
        member.detour = Some(OpenDetour { id, label, detour, is_open: false, proving });
        if was_open && !member.is_open() {
            self.inputs.push(Input::Disconnected(author));
        }
    }

    /// A detour works, and the other side is a member.
    pub(super) fn detour_proven(&mut self, author: Author) {
        let Some(member) = self.members.get_mut(&author) else { return };
        let Some(detour) = &mut member.detour else { return };
        detour.is_open = true;
        if !member.is_direct() {
            self.inputs.push(Input::Detoured(author));
        }
    }

    /// A detour is over.
    pub(super) fn detour_closed(&mut self, author: Author, reason: &str) {
        tracing::info!(me = %self.me, %author, reason, "a way through the server is over");
        let Some(member) = self.members.get_mut(&author) else { return };
        let was_open = member.is_detoured();
        member.detour = None;
        if was_open && !member.is_direct() {
            self.inputs.push(Input::Disconnected(author));
        }
    }

    /// Resolves when all that went through the server has been acknowledged, or never will be.
    pub(in super::super) fn flush_detours(&self) -> impl Future<Output = ()> + Send + 'static {
        let detours = self.members.values().filter_map(|member| member.detour.as_ref());
        let flushed: Vec<_> =
            detours.filter(|detour| detour.is_open).map(|detour| detour.detour.flush()).collect();
        async move {
            for flushed in flushed {
                flushed.await;
            }
        }
    }

    /// When to take a detour of a connection begun now.
    pub(super) fn detour_at(&self, now: Instant) -> Instant {
        // One that may not use any other way need not wait for one.
        let ice = &self.options.ice;
        if ice.relay_only && ice.servers.is_empty() { now } else { now + DETOUR_AFTER }
    }
}

/// This side's half of the keys, and how far the agreement is.
pub(super) struct Sealing {
    pub(super) seal: Seal,
    pub(super) public: [u8; KEY_BYTES],
}
