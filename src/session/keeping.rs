//! What is to be on disk, and what may not be said before it is there.
//!
//! A session that is kept asks for everything that becomes part of the document to be stored. What
//! it says after an own change, and that could tell of it, waits until that change is on disk: a
//! session that comes back after a crash then has every change that anybody can have heard of from
//! it, and never makes a second one of the same name. What it acknowledges waits likewise: whoever
//! relies on its having a change can rely on its disk. Own edits and what others see of this
//! person's cursor do not wait.

use std::collections::VecDeque;
use std::sync::Arc;

use super::outbox::Said;
use super::{Author, Channel, Event, Message, Output, Session};
use crate::limits;
use crate::sync::{Change, Checkpoint, VectorClock};
use crate::trust::{Evidence, Ledger};

/// Something to be stored.
#[derive(Clone, Debug)]
pub enum Record {
    /// In place of all that was stored before: where the history starts, the changes after it, and
    /// what proves them where they are signed.
    Whole(Checkpoint, Vec<Arc<Change>>, Vec<Evidence>),
    /// After what was stored before: changes that became part of the document, in that order, and
    /// what proves them.
    Changes(Vec<Arc<Change>>, Vec<Evidence>),
}

/// How far the disk is.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// The number of the last record.
    last: u64,
    /// The number of the last record with own changes in it.
    own: u64,
    /// The record up to which all is on disk.
    stored: u64,
    /// The latest record that something on the reliable channel has waited for: what comes after it
    /// there does not overtake it.
    ordered: u64,
    /// A whole record that is to come, with its number: what it is to hold is not complete yet.
    whole: Option<u64>,
    /// Whether the disk fails, and what is said waits for it no longer.
    failing: bool,
    /// What was known to be with others, of those who are not here any more.
    elsewhere: VectorClock,
    /// Who else this session was before.
    before: Vec<Author>,
    /// What waits to be said, with the record that it waits for.
    held: VecDeque<(u64, Said)>,
}

impl Keeping {
    /// The record that a message has to wait for, if it has to.
    pub(super) fn holds(&mut self, channel: Channel, message: &Message) -> Option<u64> {
        // Others rely on what somebody has seen.
        let says_seen =
            matches!(message, Message::Clock { .. } | Message::Hello { .. } | Message::RequestChanges(_));
        let mut record = if matches!(message, Message::Presence(_)) {
            0
        } else if says_seen {
            self.last
        } else {
            self.own
        };
        if channel == Channel::Sync {
            record = record.max(self.ordered);
            self.ordered = record;
        }
        (record > self.stored && !self.failing).then_some(record)
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Drops what waits to be said to a peer.
    pub(super) fn unsay(&mut self, to: Author) {
        self.held.retain(|(_, said)| said.to != to);
    }

    /// What need not wait any more.
    fn release(&mut self) -> impl Iterator<Item = Said> {
        let upto = if self.failing { u64::MAX } else { self.stored };
        let count = self.held.iter().take_while(|&&(record, _)| record <= upto).count();
        self.held.drain(..count).map(|(_, said)| said)
    }
}

impl Session {
    /// Has everything stored from now on, and says nothing of own changes before they are. What
    /// is here already counts as stored if `is_stored`.
    #[must_use]
    pub fn kept(mut self, is_stored: bool) -> Self {
        let mut keeping = Keeping::default();
        if self.replica.is_some() && !is_stored {
            keeping.whole = Some(keeping.next());
        }
        self.keeping = Some(keeping);
        self.store_whole();
        self
    }

    /// The whole, to be stored in place of all records so far, and the number of the last of them.
    /// Nothing if nothing is kept or there is no document yet.
    pub fn whole(&self) -> Option<(u64, Record)> {
        let (keeping, replica) = (self.keeping.as_ref()?, self.replica.as_ref()?);
        let changes: Vec<_> = replica.history().cloned().collect();
        let start = replica.checkpoint();
        let mut evidence = Vec::new();
        if let Some(ledger) = &self.ledger {
            evidence = ledger.evidence_at(&start.clock);
            evidence.extend(ledger.evidence(&changes));
        }
        Some((keeping.last, Record::Whole(start, changes, evidence)))
    }

    /// Whether nothing waits for the disk, and nothing was said that is not on it.
    pub fn is_stored(&self) -> bool {
        self.keeping.as_ref().is_none_or(|keeping| keeping.own <= keeping.stored && keeping.held.is_empty())
    }

    /// The record with which all that is here is on disk, if it is to be and is not yet.
    pub fn unstored(&self) -> Option<u64> {
        let keeping = self.keeping.as_ref()?;
        Some(keeping.last).filter(|_| !self.has_stored(keeping.last))
    }

    /// Whether a record is on disk, or the disk fails and nothing waits for it.
    pub fn has_stored(&self, record: u64) -> bool {
        self.keeping.as_ref().is_none_or(|keeping| keeping.stored >= record || keeping.failing)
    }

    /// Whether nothing that is to be said waits for the disk.
    pub fn is_said(&self) -> bool {
        self.keeping.as_ref().is_none_or(|keeping| keeping.held.is_empty())
    }

    /// What was known when this session was last at work: what others had, and who it had been.
    pub fn known_before(&mut self, elsewhere: &VectorClock, mine: &[Author]) {
        if let Some(keeping) = &mut self.keeping {
            keeping.elsewhere.join(elsewhere);
            keeping.before.extend(mine.iter().filter(|&&author| author != self.author));
        }
    }

    /// What others are known to have.
    pub fn elsewhere(&self) -> VectorClock {
        let known = self.keeping.as_ref().map(|keeping| keeping.elsewhere.clone());
        self.peers.values().fold(known.unwrap_or_default(), |mut clock, peer| {
            clock.join(&peer.clock);
            clock
        })
    }

    /// How many changes of this session nobody else is known to have.
    pub fn unsent(&self) -> usize {
        let (seen, elsewhere) = (self.seen(), self.elsewhere());
        let before = self.keeping.iter().flat_map(|keeping| &keeping.before);
        let unsent = before.chain([&self.author]).map(|&author| {
            let lacking = seen.get(author).saturating_sub(elsewhere.get(author));
            usize::try_from(lacking).unwrap_or(usize::MAX)
        });
        unsent.sum()
    }

    /// What a peer had is not to be forgotten with it.
    pub(super) fn remember_clock(&mut self, peer: Author) {
        if let (Some(keeping), Some(peer)) = (&mut self.keeping, self.peers.get(&peer)) {
            keeping.elsewhere.join(&peer.clock);
        }
    }

    /// Own changes are part of the document: what is said from now on may tell of them.
    pub(super) fn keep_own(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            // The record they come with, or the whole that is to come.
            keeping.own = keeping.whole.unwrap_or(keeping.last + 1);
        }
    }

    /// Has the whole stored, if what was told of the version that it starts from was put right.
    pub(super) fn keep_corrected(&mut self) {
        let is_corrected = self.ledger.as_mut().is_some_and(Ledger::take_corrected);
        if let Some(keeping) = self.keeping.as_mut().filter(|_| is_corrected) {
            keeping.whole = Some(keeping.next());
        }
    }

    /// Has what an event tells of stored.
    pub(super) fn keep(&mut self, event: &Event) {
        let Some(keeping) = &mut self.keeping else { return };
        if matches!(event, Event::Ready | Event::Replaced(_) | Event::Renewed) {
            keeping.whole = Some(keeping.next());
        } else if let (Event::Changed(changes), None) = (event, keeping.whole) {
            let evidence = self.ledger.as_ref().map(|ledger| ledger.evidence(changes)).unwrap_or_default();
            let record = Output::Store(keeping.next(), Record::Changes(changes.clone(), evidence));
            self.outputs.push_back(record);
        }
    }

    /// Has the whole stored if that is due.
    pub(super) fn store_whole(&mut self) {
        let Some(number) = self.keeping.as_mut().and_then(|keeping| keeping.whole.take()) else { return };
        if let Some((_, whole)) = self.whole() {
            self.outputs.push_back(Output::Store(number, whole));
        }
    }

    /// Everything up to a record is on disk.
    pub(super) fn stored(&mut self, record: u64) {
        if let Some(keeping) = &mut self.keeping {
            keeping.stored = keeping.stored.max(record);
            // While the disk failed more was said than it holds; until it has caught up, a crash
            // would bring back less than the others know.
            keeping.failing &= keeping.own > keeping.stored;
            keeping.release().for_each(|said| self.outbox.push(said));
        }
    }

    /// The disk fails: what is said waits for it no longer.
    pub(super) fn not_stored(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.failing = true;
            keeping.release().for_each(|said| self.outbox.push(said));
        }
    }

    /// Says something, now or when the record that it waits for is stored.
    pub(super) fn say(&mut self, said: Said) {
        let record = self.keeping.as_mut().and_then(|keeping| keeping.holds(said.channel, &said.message));
        match (record, &mut self.keeping) {
            (Some(record), Some(keeping)) => {
                // What may be lost is, when the disk is far behind.
                if said.channel == Channel::Sync || keeping.held.len() < limits::OUTGOING_MESSAGES {
                    keeping.held.push_back((record, said));
                }
            }
            _ => self.outbox.push(said),
        }
    }
}
