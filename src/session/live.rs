//! Live changes: own ones out, others' in, and who has acknowledged what.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::peer::Peer;
use super::timers::{self, Timer};
use super::{Channel, Event, Message, Session, Time};
use crate::document::Method;
use crate::limits;
use crate::sync::{Author, Change, ChangeId, Refusal, Tick, VectorClock};

/// Own changes kept at hand to be sent again.
const RECENT: usize = 64;

/// Changes in one such message.
const RESENT: usize = 16;

/// Changes made at once that still go out one by one.
const SINGLE: usize = 8;

/// Own changes made lately, with the time, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Time, Arc<Change>)>);

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

impl Recent {
    fn push(&mut self, now: Time, change: Arc<Change>) {
        if self.0.len() == RECENT {
            self.0.pop_front();
        }
        self.0.push_back((now, change));
    }

    /// Those after a tick that went out before a moment, as far as they fit one message.
    fn unacknowledged(&self, after: Tick, before: Time) -> Vec<Arc<Change>> {
        let mut bytes = 0;
        self.0
            .iter()
            .filter(|(sent_at, change)| change.tick() > after && *sent_at <= before)
            .map(|(_, change)| change)
            .take(RESENT)
            .take_while(|change| {
                bytes += size(change);
                bytes <= limits::OPS_BYTES
            })
            .cloned()
            .collect()
    }
}

impl Session {
    /// Tells everyone of own changes, which are part of the document already.
    pub(super) fn publish(&mut self, now: Time, changes: &[Arc<Change>]) {
        if changes.is_empty() {
            return;
        }
        self.event(Event::Changed(changes.to_vec()));
        for change in changes {
            self.recent.push(now, change.clone());
        }
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            if changes.len() > SINGLE {
                self.send_changes(peer, changes);
            } else {
                for change in changes {
                    let fits = size(change) <= limits::OPS_BYTES;
                    let channel = if fits { Channel::Ops } else { Channel::Sync };
                    self.send(peer, channel, Message::Change(change.clone()));
                }
            }
            self.await_acknowledgement(now, peer);
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
        let received = replica.receive(changes.iter().map(|change| Change::clone(change)));
        self.note_clocks(from, &changes, &received.refused);
        for author in received.applied.iter().map(|change| change.author).collect::<BTreeSet<_>>() {
            if self.peers.get(&author).is_some_and(Peer::is_sharing) {
                self.timers.start(Timer::Acknowledge(author), now + timers::ACKNOWLEDGE);
            }
        }
        self.refuse(from, received.refused);
        received.applied
    }

    /// What changes tell of their sender and of what exists: nothing, if they were refused.
    fn note_clocks(&mut self, from: Author, changes: &[Arc<Change>], refused: &[Refusal]) {
        let refused: BTreeSet<ChangeId> = refused.iter().map(named).collect();
        let Some(replica) = &self.replica else { return };
        let Some(peer) = self.peers.get_mut(&from) else { return };
        for change in changes.iter().filter(|change| !refused.contains(&change.id())) {
            peer.clock.join(&change.clock);
            peer.has_document = true;
            self.repair.known(&change.clock, replica.clock());
            self.repair.came(change.author, change.tick());
        }
    }

    /// Notes what a peer says it has seen. Whether that can be.
    pub(super) fn learn(&mut self, from: Author, clock: &VectorClock) -> bool {
        let here = self.replica.as_ref().map(|replica| replica.clock().clone()).unwrap_or_default();
        let claimed = clock.get(self.author);
        if self.replica.is_some() && claimed > here.get(self.author) {
            self.refuse(from, vec![Refusal::NotMine(ChangeId { author: self.author, tick: claimed })]);
            return false;
        }
        let Some(peer) = self.peers.get_mut(&from) else { return false };
        let before = peer.clock.get(self.author);
        peer.clock.join(clock);
        peer.has_document = true;
        if peer.clock.get(self.author) > before {
            peer.resend_after = timers::RESEND;
        }
        if peer.clock.get(self.author) >= here.get(self.author) {
            self.timers.stop(Timer::Resend(from));
        }
        if self.replica.is_some() {
            self.repair.known(clock, &here);
        }
        true
    }

    pub(super) fn refuse(&mut self, from: Author, refusals: Vec<Refusal>) {
        for refusal in refusals.into_iter().take(limits::REFUSALS_TOLD) {
            self.event(Event::Refused(from, refusal));
        }
    }

    fn await_acknowledgement(&mut self, now: Time, peer: Author) {
        if let Some(sharing) = self.peers.get(&peer).filter(|peer| peer.is_sharing()) {
            self.timers.start(Timer::Resend(peer), now + sharing.resend_after);
        }
    }

    /// Tells a peer what has been seen.
    pub(super) fn acknowledge(&mut self, to: Author, floor: Option<VectorClock>) {
        if let Some(replica) = &self.replica {
            let seen = replica.clock().clone();
            self.timers.stop(Timer::Acknowledge(to));
            self.send(to, Channel::Presence, Message::Clock { seen, floor });
        }
    }

    /// Sends again what a peer should have acknowledged by now. Its gaps show it the rest.
    pub(super) fn resend(&mut self, now: Time, to: Author) {
        let Some(replica) = &self.replica else { return };
        let Some(peer) = self.peers.get_mut(&to).filter(|peer| peer.is_sharing()) else { return };
        let acknowledged = peer.clock.get(self.author);
        if acknowledged >= replica.clock().get(self.author) {
            return;
        }
        let waited = peer.resend_after;
        peer.resend_after = waited.saturating_mul(2);
        if peer.resend_after <= timers::RESEND_MOST {
            self.timers.set(Timer::Resend(to), now + peer.resend_after);
        }
        let again = self.recent.unacknowledged(acknowledged, now.saturating_sub(waited / 2));
        if !again.is_empty() {
            self.send(to, Channel::Ops, Message::Changes(again));
        }
        self.acknowledge(to, None);
    }

    /// How many own changes some live member has not acknowledged.
    pub fn unacknowledged(&self) -> usize {
        let own = self.own_tick();
        let sharing = self.peers.values().filter(|peer| peer.is_sharing());
        let lacking = sharing.map(|peer| own.saturating_sub(peer.clock.get(self.author))).max();
        lacking.and_then(|ticks| usize::try_from(ticks).ok()).unwrap_or(0)
    }

    /// Whether at least one other member that can be talked to now has acknowledged every own
    /// change.
    pub fn is_kept_elsewhere(&self) -> bool {
        let own = self.own_tick();
        self.peers.values().any(|peer| peer.is_sharing() && peer.clock.get(self.author) >= own)
    }

    fn own_tick(&self) -> Tick {
        self.replica.as_ref().map_or(0, |replica| replica.clock().get(self.author))
    }

    /// Says what everything that the members still may do will have seen, so that older changes
    /// may be forgotten. To have acknowledged a change is not enough: what is edited next may have
    /// been on a screen before it came.
    pub(super) fn forget_acknowledged(&mut self) {
        let Some(replica) = &mut self.replica else { return };
        for (&author, peer) in &mut self.peers {
            let (floor, made) = &peer.floor;
            // Until all it had made is here, one of its changes that has seen less may be on its way.
            if replica.clock().get(author) >= *made {
                peer.counted.clone_from(floor);
            }
        }
        replica.acknowledged(self.peers.values().map(|peer| &peer.counted));
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

/// About how many bytes a change takes on the wire.
pub(super) fn size(change: &Change) -> usize {
    64 + 16 * change.clock.iter().len() + 16 * change.path.steps().len() + size_of_edit(&change.method)
}

/// How many bytes the arguments of an edit take.
pub(super) fn size_of_edit(method: &Method) -> usize {
    let mut bytes = Bytes(0);
    // Counting cannot fail.
    let _ = match method {
        Method::Set(value) | Method::Merge(value) => write!(bytes, "{value}"),
        Method::Splice { items, .. } => items.iter().try_for_each(|item| write!(bytes, "{item},")),
        Method::Delete => Ok(()),
    };
    bytes.0
}

/// Counts what is written to it.
struct Bytes(usize);

impl fmt::Write for Bytes {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}
