//! Whose changes are heard by way of others: those of members that this one has heard of.
//!
//! Any writer can certify a key of its own making for a number that nobody has yet, and make up
//! changes under it; who then gets the number would be taken for the forger. So what others bring
//! of an author whose key is not known is left until the signaling server has said that the number
//! was given out. Repair asks for it again.

use std::sync::Arc;

use super::Session;
use crate::sync::{Author, Change, Checkpoint, VectorClock};

impl Session {
    /// The signaling server tells of everybody who comes from now on; this is the last number that
    /// it gave out. Nothing: it is not there, or does not say.
    pub(super) fn announced(&mut self, last: Option<Author>) {
        self.announced = last;
        self.renew_repairs();
    }

    /// A number is known to be given out.
    pub(super) fn is_given_out(&mut self, member: Author) {
        if self.announced.is_some_and(|last| last < member) {
            self.announced = Some(member);
            self.renew_repairs();
        }
    }

    /// Whether what others say of an author is too early.
    pub(super) fn is_awaited(&self, author: Author) -> bool {
        let (Some(last), Some(ledger)) = (self.announced, &self.ledger) else { return false };
        let member = author.member();
        member > last && member != self.member && !ledger.may_write(author)
    }

    /// The changes of those of whom it is not too early to hear.
    pub(super) fn without_awaited(&self, from: Author, mut changes: Vec<Arc<Change>>) -> Vec<Arc<Change>> {
        changes.retain(|change| change.author.member() == from || !self.is_awaited(change.author));
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
            let to: Vec<Author> = self.talking().collect();
            for peer in to {
                self.send_hello(peer);
            }
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
