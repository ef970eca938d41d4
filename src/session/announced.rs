//! Whose changes are heard by way of others: those of members that this one has heard of.
//!
//! Any writer can certify a key of its own making for a number that nobody has yet, and make up
//! changes under it; who then gets the number would be taken for the forger. So what others bring
//! of an author whose key is not known is left until the signaling server has said that the number
//! was given out, for some seconds. Repair asks for it again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Session, Time};
use crate::sync::{Author, Change, Checkpoint, VectorClock};

/// How long what is said of an author is left. Not for ever: a server that was started anew, or that
/// lies, does not tell of every number, and no change may be kept from anybody for that. A newcomer
/// whose number was spoilt meanwhile takes another name.
const HEARSAY_AFTER: Duration = Duration::from_secs(8);

/// Numbers that are waited for at once; what is said of others is heard.
const AWAITED: usize = 64;

/// Which numbers were given out, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Announced {
    /// The last one. Nothing: the signaling server is not there, or does not say.
    last: Option<Author>,
    /// Those of which others spoke before it did, and since when.
    early: BTreeMap<Author, Time>,
}

impl Session {
    /// The signaling server tells of everybody who comes from now on; this is the last number that
    /// it gave out. Nothing: it is not there, or does not say.
    pub(super) fn announced(&mut self, last: Option<Author>) {
        self.announced.last = last;
        self.announced.early.retain(|&member, _| last.is_some_and(|last| last < member));
        self.renew_repairs();
    }

    /// A number is known to be given out.
    pub(super) fn is_given_out(&mut self, member: Author) {
        if self.announced.last.is_some_and(|last| last < member) {
            self.announced(Some(member));
        }
    }

    /// Whether what others say of an author is too early.
    pub(super) fn is_awaited(&mut self, now: Time, author: Author) -> bool {
        let (Some(last), Some(ledger)) = (self.announced.last, &self.ledger) else { return false };
        let member = author.member();
        if member <= last || member == self.member || ledger.may_write(author) {
            return false;
        }
        let early = &mut self.announced.early;
        if early.len() >= AWAITED && !early.contains_key(&member) {
            return false;
        }
        now < *early.entry(member).or_insert(now) + HEARSAY_AFTER
    }

    /// The changes of those of whom it is not too early to hear.
    pub(super) fn without_awaited(
        &mut self, now: Time, from: Author, mut changes: Vec<Arc<Change>>,
    ) -> Vec<Arc<Change>> {
        changes.retain(|change| change.author.member() == from || !self.is_awaited(now, change.author));
        changes
    }

    /// A newcomer has made nothing: if the document tells of changes under its name, somebody else
    /// has made them up, and it takes another name.
    pub(super) fn leave_spoilt_name(&mut self, checkpoint: &Checkpoint, changes: &[Arc<Change>]) {
        let named: VectorClock = changes.iter().map(|change| (change.author, change.tick())).collect();
        if checkpoint.clock.get(self.author) == 0 && named.get(self.author) == 0 {
            return;
        }
        if let Some(author) = self.next_name(&[&checkpoint.clock, &named]) {
            self.author = author;
            if let Some(ledger) = &mut self.ledger {
                ledger.rename(author);
            }
            self.send_hello_to_all();
        }
    }

    /// A member has shown its key, and something under its number is here that is signed with another:
    /// it does not count from here on, and the member goes on under another name.
    pub(super) fn drop_spoilt_name(&mut self, name: Author) {
        if !self.dropped.names(name) {
            let before = self.dropped.clone();
            self.dropped.first.set(name, self.seen().get(name) + 1);
            self.count_anew(&before);
        }
    }
}
