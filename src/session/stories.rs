//! Whether everybody is told the same. With each ping goes a hash of where the authors' chains end
//! in what the sender has seen. Where two differ, both show the signed ends, and whoever told them
//! two stories has shown it by its own signatures.

use std::time::Duration;

use super::{Channel, Message, Session, Time};
use crate::sync::{Author, VectorClock};
use crate::trust::{Hash, Head};

/// The least time between two showings of the ends to one peer: they are long, and who is found out
/// once is told of once.
const SHOWN_AGAIN: Duration = Duration::from_secs(30);

/// The least time between two of one peer that are looked at: to check them takes long.
const LOOKED_AT_AGAIN: Duration = Duration::from_secs(15);
const _: () = assert!(LOOKED_AT_AGAIN.as_secs() < SHOWN_AGAIN.as_secs());

impl Session {
    /// With a ping: what was seen here, as a hash.
    pub(super) fn send_digest(&mut self, to: Author) {
        let (Some(ledger), Some(replica)) = (&self.ledger, &self.replica) else { return };
        let clock = replica.clock().clone();
        if let Some(digest) = ledger.digest_at(&clock, &self.expelled) {
            self.send(to, Channel::Presence, Message::Digest { clock, digest });
        }
    }

    /// A peer says what it has seen, as a hash.
    pub(super) fn digest(&mut self, now: Time, from: Author, clock: &VectorClock, digest: &Hash) {
        let Some(ledger) = self.ledger.as_ref().filter(|_| self.seen().covers(clock)) else { return };
        let own = ledger.digest_at(clock, &self.expelled);
        if own.is_some_and(|own| own != *digest) {
            self.show_heads(now, from);
        }
    }

    /// A peer shows where the chains end that it knows.
    pub(super) fn heads(&mut self, now: Time, from: Author, heads: &[Head]) {
        let (Some(ledger), Some(peer)) = (&mut self.ledger, self.peers.get_mut(&from)) else { return };
        if peer.heard_heads_at.is_some_and(|at| now.saturating_sub(at) < LOOKED_AT_AGAIN) {
            return;
        }
        peer.heard_heads_at = Some(now);
        let frauds = ledger.compare(from, heads);
        self.keep_corrected();
        // What shows it here shows it there; and whoever knows less of a story may see nothing in this.
        self.show_heads(now, from);
        self.blame(now, frauds);
    }

    fn show_heads(&mut self, now: Time, to: Author) {
        let (Some(ledger), Some(peer)) = (&mut self.ledger, self.peers.get_mut(&to)) else { return };
        if peer.shown_heads_at.is_none_or(|at| now.saturating_sub(at) >= SHOWN_AGAIN) {
            peer.shown_heads_at = Some(now);
            let heads = ledger.heads();
            self.send(to, Channel::Sync, Message::Heads(heads));
        }
    }
}
