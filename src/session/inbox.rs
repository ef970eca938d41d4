//! Signed changes that came and wait to be checked.
//!
//! A signature under an author's last change holds for all before it. So whoever sends much is
//! checked less often than it sends, and what came meanwhile is checked, and taken in, as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::resend::size;
use super::timers::{self, Timer};
use super::{Message, Proof, Session, Time};
use crate::limits;
use crate::sync::{Author, Change};
use crate::trust::Seal;

/// What one peer sent and is not checked yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Waiting,
    /// How many changes and seals that are, and how many bytes.
    count: usize,
    bytes: usize,
    /// When all checks until now would be over if there was one every [`timers::CHECK`]. (The
    /// generic cell rate algorithm: what follows a pause need not wait.)
    spent_until: Time,
}

/// Signed changes of one sender, in the order in which they came.
#[derive(Debug, Default)]
struct Waiting {
    changes: Vec<Arc<Change>>,
    /// How many came in each message, and what proves them.
    messages: Vec<(usize, Proof)>,
}

impl Inbox {
    fn push(&mut self, mut changes: Vec<Arc<Change>>, proof: Proof) {
        self.bytes += changes.iter().map(|change| size(change)).sum::<usize>();
        self.count += changes.len() + proof.seals.len();
        self.waiting.messages.push((changes.len(), proof));
        self.waiting.changes.append(&mut changes);
    }

    /// Whether something waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.messages.is_empty()
    }

    /// When what waits is to be checked.
    fn due(&self) -> Time {
        let is_full = self.count >= limits::UNCHECKED_CHANGES || self.bytes >= limits::UNCHECKED_BYTES;
        if is_full { Time::ZERO } else { self.spent_until.saturating_sub(timers::CHECKS_AHEAD) }
    }

    fn take(&mut self, now: Time) -> Waiting {
        (self.count, self.bytes) = (0, 0);
        self.spent_until = self.spent_until.max(now) + timers::CHECK;
        std::mem::take(&mut self.waiting)
    }
}

impl Session {
    /// Lets signed changes wait until it is their turn to be checked. Any other message is given
    /// back, when what its sender said before has been taken in.
    pub(super) fn let_wait(&mut self, now: Time, from: Author, message: Message) -> Option<Message> {
        let (changes, proof) = match message.into_signed_changes() {
            // What a third passes on is not put together with what the sender says itself.
            Ok(signed) if self.passed_by.is_none() && self.ledger.is_some() => signed,
            Ok((changes, proof)) => {
                self.check_waiting(now, from);
                self.receive_signed(now, from, changes, &proof);
                return None;
            }
            Err(other) => {
                self.check_waiting(now, from);
                // It may have shown by then who it is.
                return (!self.expelled.contains(&from)).then_some(other);
            }
        };
        let peer = self.peers.get_mut(&from)?;
        peer.inbox.push(changes, proof);
        let due = peer.inbox.due();
        if due <= now {
            self.check_waiting(now, from);
        } else {
            self.timers.start(Timer::Check(from), due);
        }
        None
    }

    /// Takes in what a peer sent and is not checked yet, as far as it proves to be signed.
    pub(super) fn check_waiting(&mut self, now: Time, from: Author) {
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| peer.inbox.is_waiting()) else { return };
        let waiting = peer.inbox.take(now);
        self.timers.stop(Timer::Check(from));
        if self.is_dropped(from) {
            return;
        }
        // It came from the peer itself, whatever is being taken in.
        let passed_by = self.passed_by.take();
        self.receive_waiting(now, from, waiting);
        self.passed_by = passed_by;
    }

    /// Takes in everything that waits.
    pub(super) fn check_all_waiting(&mut self, now: Time) {
        let waiting = self.peers.iter().filter(|(_, peer)| peer.inbox.is_waiting());
        for from in waiting.map(|(&author, _)| author).collect::<Vec<_>>() {
            self.check_waiting(now, from);
        }
    }

    /// Takes in what one sent: as one, if all of it is sound, and else message by message, so that
    /// what is sound is taken in and who did wrong is found.
    fn receive_waiting(&mut self, now: Time, from: Author, Waiting { changes, messages }: Waiting) {
        if messages.len() > 1 && self.is_all_sound(now, from, &changes, &messages) {
            self.keep_corrected();
            return self.receive(now, from, changes);
        }
        let mut changes = changes.into_iter();
        for (count, proof) in messages {
            self.receive_signed(now, from, changes.by_ref().take(count).collect(), &proof);
        }
    }

    fn is_all_sound(
        &mut self, now: Time, from: Author, changes: &[Arc<Change>], messages: &[(usize, Proof)],
    ) -> bool {
        let mut authors = changes.iter().map(|change| change.author);
        if authors.any(|author| author.member() != from && self.is_awaited(now, author)) {
            return false;
        }
        let seals = joined(messages.iter().flat_map(|(_, proof)| &proof.seals));
        self.ledger.as_mut().is_some_and(|ledger| ledger.proves(from, changes, &seals))
    }
}

/// As few seals as prove the same: one for the runs of an author that follow each other.
fn joined<'a>(seals: impl Iterator<Item = &'a Seal>) -> Vec<Seal> {
    let mut of_author: BTreeMap<Author, Proof> = BTreeMap::new();
    for seal in seals {
        of_author.entry(seal.author).or_default().add(seal.clone());
    }
    of_author.into_values().flat_map(|proof| proof.seals).collect()
}
