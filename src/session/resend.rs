//! Own changes that may have been lost, sent again before anybody notices that they are missing.
//!
//! Where messages have been lost lately, the last change is said twice in any case.
//!
//! The wait is half as long again as a peer's acknowledgements take usually, and is about the
//! oldest change that is not acknowledged: in a steady stream none ever is that old.

use std::collections::VecDeque;
use std::sync::Arc;

use super::timers::{self, Timer};
use super::{Channel, Message, Session, Time};
use crate::document::Method;
use crate::limits;
use crate::sync::{Author, Change, Tick};

/// Own changes kept at hand to be sent again.
const RECENT: usize = 64;

/// Changes in one such message.
const RESENT: usize = 16;

/// Own changes that the next one carries along where messages get lost.
const CARRIED: usize = 3;

/// Own changes made lately, with the time, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(Time, Arc<Change>)>);

impl Recent {
    pub(super) fn push(&mut self, now: Time, change: Arc<Change>) {
        if self.0.len() == RECENT {
            self.0.pop_front();
        }
        self.0.push_back((now, change));
    }

    /// When one of them was made.
    pub(super) fn made_at(&self, tick: Tick) -> Option<Time> {
        self.0.iter().rev().find(|(_, change)| change.tick() == tick).map(|&(made_at, _)| made_at)
    }

    /// When the oldest after a tick was made.
    fn oldest_after(&self, tick: Tick) -> Option<Time> {
        self.0.iter().find(|(_, change)| change.tick() > tick).map(|&(made_at, _)| made_at)
    }

    /// Those after a tick that were made before a moment, as far as they fit one message.
    fn after(&self, tick: Tick, before: Time) -> Vec<Arc<Change>> {
        self.some(|made_at, change| change.tick() > tick && made_at <= before)
    }

    /// A change with the few before it, those after a tick, as far as they fit one message.
    fn with_last(&self, last: Tick, after: Tick) -> Vec<Arc<Change>> {
        let first = last.saturating_sub(CARRIED as Tick).max(after + 1);
        self.some(|_, change| (first..=last).contains(&change.tick()))
    }

    fn some(&self, wanted: impl Fn(Time, &Change) -> bool) -> Vec<Arc<Change>> {
        let mut bytes = 0;
        self.0
            .iter()
            .filter(|(made_at, change)| wanted(*made_at, change))
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
    /// Sends a peer an own change. One that fits a frame takes the channel that may lose it, and
    /// carries the last few along where messages have been lost lately.
    pub(super) fn send_live(&mut self, now: Time, to: Author, change: &Arc<Change>) {
        if size(change) > limits::OPS_BYTES {
            self.send(to, Channel::Sync, Message::Change(change.clone()));
            return;
        }
        let lossy = self.peers.get(&to).filter(|peer| now < peer.lossy_until);
        if lossy.is_some() {
            self.timers.set(Timer::Echo(to), now + timers::ECHO);
        }
        let carried = lossy
            .map(|peer| self.recent.with_last(change.tick(), peer.clock.get(self.author)))
            .unwrap_or_default();
        let is_whole = carried.len() > 1 && carried.last().is_some_and(|last| last.tick() == change.tick());
        let message = if is_whole { Message::Changes(carried) } else { Message::Change(change.clone()) };
        self.send(to, Channel::Ops, message);
    }

    /// Notes that a message to a peer has been lost.
    pub(super) fn lost_on_the_way(&mut self, now: Time, to: Author) {
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.lossy_until = now + timers::LOSSY;
        }
    }

    /// A change has gone to a peer.
    pub(super) fn published_to(&mut self, to: Author) {
        if self.timers.is_set(Timer::Resend(to)) {
            return;
        }
        // Nothing was waited for, or it was given up.
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.be_patient_anew();
        }
        self.await_acknowledgement(to);
    }

    /// Waits for a peer to acknowledge the oldest change that it has not acknowledged.
    pub(super) fn await_acknowledgement(&mut self, from: Author) {
        let Some(peer) = self.peers.get(&from).filter(|peer| peer.is_sharing()) else { return };
        if let Some(made_at) = self.recent.oldest_after(peer.clock.get(self.author)) {
            let waiting_since = made_at.max(peer.resent_at);
            self.timers.set(Timer::Resend(from), waiting_since + peer.resend_after);
        } else {
            self.timers.stop(Timer::Resend(from));
            self.timers.stop(Timer::Echo(from));
        }
    }

    /// Sends again what a peer should have acknowledged by now. Its gaps show it the rest.
    pub(super) fn resend(&mut self, now: Time, to: Author) {
        let own = self.own_tick();
        let Some(peer) = self.peers.get_mut(&to).filter(|peer| peer.is_sharing()) else { return };
        let acknowledged = peer.clock.get(self.author);
        if acknowledged >= own {
            return;
        }
        let waited = peer.resend_after;
        peer.resend_after = waited.saturating_mul(2);
        peer.resent_at = now;
        if peer.resend_after <= timers::RESEND_MOST {
            self.await_acknowledgement(to);
        }
        let again = self.recent.after(acknowledged, now.saturating_sub(waited / 2));
        if !again.is_empty() {
            if let Some(peer) = self.peers.get_mut(&to) {
                peer.resends += again.len() as u64;
            }
            self.lost_on_the_way(now, to);
            self.timers.set(Timer::Echo(to), now + timers::ECHO);
            self.send(to, Channel::Ops, Message::Changes(again));
        }
        self.acknowledge(to, None);
    }

    /// Says the last own changes once more. What went out later carried those before along, so this
    /// is for whoever makes one and then none for a while.
    pub(super) fn echo(&mut self, now: Time, to: Author) {
        let Some(peer) = self.peers.get(&to).filter(|peer| peer.is_sharing() && now < peer.lossy_until)
        else {
            return;
        };
        let again = self.recent.with_last(self.own_tick(), peer.clock.get(self.author));
        if !again.is_empty() {
            self.send(to, Channel::Ops, Message::Changes(again));
        }
    }
}

/// About how many bytes a change takes on the wire.
pub(super) fn size(change: &Change) -> usize {
    64 + 16 * change.clock.iter().len() + 16 * change.path.steps().len() + size_of_edit(&change.method)
}

/// About how many bytes the arguments of an edit take.
pub(super) fn size_of_edit(method: &Method) -> usize {
    match method {
        Method::Set(value) | Method::Merge(value) => value.text_bytes(),
        Method::Splice { items, .. } => items.iter().map(|item| 1 + item.text_bytes()).sum(),
        Method::Delete => 0,
    }
}
