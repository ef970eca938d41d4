//! What is to be said, until the network takes it.
//!
//! It is signed when it is taken, and own changes that were made since the last time go as one
//! message: so a signature is made, and checked, once for all of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{Channel, Message, Output, Session, Way};
use crate::limits;
use crate::sync::{Author, Change};

/// A message to somebody.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) to: Author,
    pub(super) channel: Channel,
    pub(super) message: Message,
    /// Whether it goes as it is, because it is signed or needs no signature.
    pub(super) as_is: bool,
}

/// What waits for the network.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queues: BTreeMap<Author, VecDeque<Said>>,
    count: usize,
}

impl Outbox {
    /// Adds a message. While the network is far behind, what may be lost is: the protocol repairs
    /// it.
    pub(super) fn push(&mut self, said: Said) {
        if said.channel == Channel::Sync || self.count < limits::OUTGOING_MESSAGES {
            self.count += 1;
            self.queues.entry(said.to).or_default().push_back(said);
        }
    }

    /// Drops what is for a peer.
    pub(super) fn clear(&mut self, to: Author) {
        let dropped = self.queues.remove(&to).map_or(0, |queue| queue.len());
        self.count = self.count.saturating_sub(dropped);
    }

    /// The next message, with the live changes that follow it gathered into it.
    fn next(&mut self) -> Option<Said> {
        let mut entry = self.queues.first_entry()?;
        let queue = entry.get_mut();
        let before = queue.len();
        let said = queue.pop_front().map(|said| gather(said, queue));
        self.count = self.count.saturating_sub(before - queue.len());
        if queue.is_empty() {
            entry.remove();
        }
        said
    }
}

/// A message, together with the live changes at the head of a queue if it is one itself.
fn gather(first: Said, queue: &mut VecDeque<Said>) -> Said {
    let Some(change) = live(&first) else { return first };
    let mut changes = vec![change.clone()];
    while changes.len() < limits::GATHERED_CHANGES
        && let Some(change) = queue.front().and_then(live)
    {
        changes.push(change.clone());
        queue.pop_front();
    }
    if changes.len() == 1 { first } else { Said { message: Message::Changes(changes), ..first } }
}

/// The change that a message is, if it may be gathered with others.
fn live(said: &Said) -> Option<&Arc<Change>> {
    let Message::Change(change) = &said.message else { return None };
    (said.channel == Channel::Ops && !said.as_is).then_some(change)
}

impl Session {
    /// What to do here and what to tell; nothing until the next input.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What to say to whom, and on which channel. The later it is asked for, the more changes share
    /// a message and a signature.
    pub fn poll_message(&mut self) -> Option<(Author, Channel, Message)> {
        loop {
            let Said { to, channel, message, as_is } = self.outbox.next()?;
            let message = if as_is { Some(message) } else { self.sign(to, message) };
            if let Some(message) = message {
                return Some(self.routed(to, channel, message));
            }
        }
    }

    /// Drops what was to be said to a peer by channels that are no more: what is said on new ones
    /// begins with a hello.
    pub(super) fn unsay(&mut self, to: Author) {
        self.outbox.clear(to);
        if let Some(keeping) = &mut self.keeping {
            keeping.unsay(to);
        }
    }

    /// By way of whom a message goes.
    fn routed(&self, to: Author, channel: Channel, message: Message) -> (Author, Channel, Message) {
        match self.peers.get(&to).map(|peer| peer.way) {
            Some(Way::Via(via)) => {
                (via, channel, Message::Pass { from: self.member, to, message: Box::new(message) })
            }
            Some(Way::Direct | Way::Server) | None => (to, channel, message),
        }
    }
}
