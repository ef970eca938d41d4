//! Live changes: own ones out, others' in, and who has acknowledged what.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::peer::Peer;
use super::resend::size;
use super::timers::{self, Timer};
use super::{Channel, Event, Message, Session, Time};
use crate::limits;
use crate::sync::{Author, Change, ChangeId, Refusal, Tick, VectorClock};

/// Changes made at once that still go out one by one.
const SINGLE: usize = 8;

/// The version that every own edit will have seen. It follows what has been seen at a distance:
/// an edit may be made on a screen that is behind, but not on one that the others may have
/// forgotten.
#[derive(Debug)]
pub(super) struct Floor {
    pub(super) clock: VectorClock,
    /// The next floor.
    mark: VectorClock,
}

impl Floor {
    pub(super) fn new(clock: VectorClock) -> Self {
        Self { mark: clock.clone(), clock }
    }

    /// Follows, `distance` changes behind or more.
    pub(super) fn follow(&mut self, seen: &VectorClock, distance: u64) {
        if seen.sum().saturating_sub(self.mark.sum()) >= distance {
            self.clock = std::mem::replace(&mut self.mark, seen.clone());
        }
    }
}

impl Session {
    /// Tells everyone of own changes, which are part of the document already.
    pub(super) fn publish(&mut self, now: Time, changes: &[Arc<Change>]) {
        if changes.is_empty() {
            return;
        }
        self.keep_own();
        self.event(Event::Changed(changes.to_vec()));
        if let Some(ledger) = &mut self.ledger {
            ledger.enter_own(changes);
        }
        for change in changes {
            self.recent.push(now, change.clone());
        }
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            if changes.len() > SINGLE {
                self.send_changes(peer, changes);
            } else {
                for change in changes {
                    self.send_live(now, peer, change);
                }
            }
            self.published_to(peer);
        }
    }

    /// Sends changes on the reliable channel, cut into messages.
    pub(super) fn send_changes(&mut self, to: Author, changes: &[Arc<Change>]) {
        let mut batch = Vec::new();
        let mut bytes = 0;
        for change in changes {
            batch.push(change.clone());
            bytes += size(change);
            if batch.len() == limits::BATCH_CHANGES || bytes >= limits::BATCH_BYTES {
                self.send(to, Channel::Sync, Message::Changes(std::mem::take(&mut batch)));
                bytes = 0;
            }
        }
        if !batch.is_empty() {
            self.send(to, Channel::Sync, Message::Changes(batch));
        }
    }

    /// Takes in changes that a peer sent, its own or others', and tells of them.
    pub(super) fn receive(&mut self, now: Time, from: Author, changes: Vec<Arc<Change>>) {
        let applied = self.take_in(now, from, changes);
        if !applied.is_empty() {
            self.event(Event::Changed(applied));
        }
    }

    /// Takes in changes that a peer sent. Those that are now part of the document.
    pub(super) fn take_in(&mut self, now: Time, from: Author, changes: Vec<Arc<Change>>) -> Vec<Arc<Change>> {
        self.timers.start(Timer::Acknowledge(from), now + timers::ACKNOWLEDGE);
        let Some(replica) = &mut self.replica else {
            self.joining.keep(from, changes);
            return Vec::new();
        };
        let dropped = &self.dropped;
        let counting = changes.iter().filter(|change| dropped.counts(change));
        let received = replica.receive(counting.map(|change| Change::clone(change)));
        self.note_clocks(now, from, &changes, &received.refused);
        for author in received.applied.iter().map(|change| change.author).collect::<BTreeSet<_>>() {
            if let Some(peer) = self.peers.get_mut(&author.member()) {
                peer.alive_at = now;
            }
            if self.peers.get(&author).is_some_and(Peer::is_sharing) {
                self.timers.start(Timer::Acknowledge(author), now + timers::ACKNOWLEDGE);
            }
        }
        self.refuse(from, received.refused);
        received.applied
    }

    /// What changes tell of their sender and of what exists: nothing, if they were refused.
    fn note_clocks(&mut self, now: Time, from: Author, changes: &[Arc<Change>], refused: &[Refusal]) {
        let refused: BTreeSet<ChangeId> = refused.iter().map(named).collect();
        let own = self.own_tick();
        let is_sound = |change: &&Arc<Change>| {
            change.clock.get(self.author) <= own && !refused.contains(&change.id()) && self.counts(change)
        };
        let sound: Vec<&Arc<Change>> = changes.iter().filter(is_sound).collect();
        let writer = self.writer_of(from);
        for change in sound {
            if change.author.member() != from || change.author == writer {
                self.learn(now, from, &change.clock);
            } else if let Some(replica) = &self.replica {
                // Whoever starts again lacks what it had seen when it made this, which may come late.
                self.repair.known(&self.dropped.clip(&change.clock), replica.clock());
            }
            self.repair.came(change.author, change.tick());
        }
    }

    /// Notes what a peer says it has seen. Whether that can be.
    pub(super) fn learn(&mut self, now: Time, from: Author, clock: &VectorClock) -> bool {
        let (own, claimed) = (self.own_tick(), clock.get(self.author));
        if self.replica.is_some() && claimed > own {
            self.refuse(from, vec![Refusal::NotMine(ChangeId { author: self.author, tick: claimed })]);
            return false;
        }
        let Some(peer) = self.peers.get_mut(&from) else { return false };
        let before = peer.clock.get(self.author);
        let new = clock.iter().filter(|&(author, _)| peer.clock.get(author) == 0).count();
        if peer.clock.iter().len() + new > limits::CLOCK_AUTHORS {
            let what = "all its clocks together name more authors than there can be";
            self.event(Event::Garbage(from, what.to_owned()));
            return false;
        }
        peer.clock.join(clock);
        peer.has_document = true;
        if claimed > before
            && let Some(made_at) = self.recent.made_at(claimed)
        {
            peer.acknowledged(now, made_at);
            self.await_acknowledgement(from);
        }
        if let Some(replica) = &self.replica {
            self.repair.known(&self.dropped.clip(clock), replica.clock());
        }
        true
    }

    pub(super) fn refuse(&mut self, from: Author, refusals: Vec<Refusal>) {
        for refusal in refusals.into_iter().take(limits::REFUSALS_TOLD) {
            self.event(Event::Refused(from, refusal));
        }
    }

    /// Tells a peer what has been seen.
    pub(super) fn acknowledge(&mut self, to: Author, floor: Option<VectorClock>) {
        if let Some(replica) = &self.replica {
            let seen = replica.clock().clone();
            self.timers.stop(Timer::Acknowledge(to));
            self.send(to, Channel::Presence, Message::Clock { seen, floor, writer: self.renamed() });
        }
    }

    /// How many own changes some live member has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        let own = self.own_tick();
        let sharing = self.peers.values().filter(|peer| peer.is_sharing());
        let lacking = sharing.map(|peer| own.saturating_sub(peer.clock.get(self.author))).max();
        lacking.and_then(|ticks| usize::try_from(ticks).ok()).unwrap_or(0)
    }

    /// Whether at least one other member that can be talked to now, and is not there for a moment
    /// only, has acknowledged every own change.
    pub fn is_kept_elsewhere(&self) -> bool {
        let own = self.own_tick();
        let keeps = |peer: &Peer| peer.is_sharing() && !peer.passing;
        self.peers.values().any(|peer| keeps(peer) && peer.clock.get(self.author) >= own)
    }

    pub(super) fn own_tick(&self) -> Tick {
        self.replica.as_ref().map_or(0, |replica| replica.clock().get(self.author))
    }

    /// Says what everything that the members still may do will have seen, so that older changes
    /// may be forgotten. To have acknowledged a change is not enough: what is edited next may have
    /// been on a screen before it came.
    pub(super) fn forget_acknowledged(&mut self, now: Time) {
        let Some(replica) = &self.replica else { return };
        for (&author, peer) in &mut self.peers {
            let (floor, made) = &peer.floor;
            // Until all it had made is here, one of its changes that has seen less may be on its way.
            if replica.clock().get(peer.writer.unwrap_or(author)) >= *made {
                peer.counted.clone_from(floor);
            }
        }
        let is_over = replica.history().len() > self.options.history;
        if !is_over || now < self.returning_until || !self.is_settled() {
            return;
        }
        let staying = self.peers.iter().filter(|&(&member, _)| !self.is_dropped(member));
        let floors: Vec<VectorClock> = staying.map(|(_, peer)| peer.counted.clone()).collect();
        if let Some(replica) = &mut self.replica {
            replica.acknowledged(&floors);
            if let Some(ledger) = &mut self.ledger {
                ledger.forget(replica.start());
            }
        }
    }
}

/// The change that a refusal names.
fn named(refusal: &Refusal) -> ChangeId {
    match refusal {
        Refusal::Equivocation(id)
        | Refusal::NotMine(id)
        | Refusal::Clock(id)
        | Refusal::Forgotten(id)
        | Refusal::Flood(id) => *id,
    }
}
