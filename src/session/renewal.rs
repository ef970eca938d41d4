//! The room's secrets are renewed: everyone who stays is given the new ones, and those who are
//! removed are not heard any more.
//!
//! The owner hands them out, and whoever gets them hands them on: to writers what lets them write,
//! to readers what lets them read, on connections of their own only, since who passes something on
//! can read it.

use std::collections::BTreeSet;

use super::{Channel, Event, Link, Message, Output, Session, Time, Way};
use crate::sync::Author;
use crate::trust::renewal::{is_removal, removal};
use crate::trust::{Renewal, Role, Secret};

/// What a session knows of renewals.
#[derive(Default)]
pub(super) struct Renewals {
    /// The last one that was taken in, with all that this member holds of it.
    last: Option<Renewal>,
    /// Those who are known to have it.
    informed: BTreeSet<Author>,
    /// Everyone who was removed.
    removed: BTreeSet<Author>,
    /// Whether this member was.
    is_removed: bool,
    /// Those who have shown that they may write, before their connection is open.
    showing: BTreeSet<Author>,
    /// Those who have shown it on the connection there is.
    shown: BTreeSet<Author>,
}

impl Renewals {
    /// A member that is being connected has shown that it may write.
    pub(super) fn shows(&mut self, member: Author) {
        self.showing.insert(member);
    }

    /// A connection to a member is open.
    pub(super) fn connected(&mut self, member: Author) {
        if self.showing.remove(&member) {
            self.shown.insert(member);
        } else {
            self.shown.remove(&member);
        }
    }

    /// Whether this member was removed.
    pub(super) fn is_removed(&self) -> bool {
        self.is_removed
    }
}

impl Session {
    /// Removes members, and renews the room's secrets with one that nobody else knows. Whether that
    /// could be done: only an owner can.
    pub fn revoke(&mut self, now: Time, members: &[Author], write: Secret) -> bool {
        let Some(access) = self.access().cloned().filter(|_| !self.left) else { return false };
        let removed = members.iter().map(|member| member.member()).filter(|&member| member != self.member);
        let removed: BTreeSet<Author> = removed.collect();
        let all = self.renewals.removed.union(&removed).copied().collect();
        let Some(renewal) = Renewal::issue(&access, write, all) else { return false };
        for &member in &removed {
            if let Some(signature) = removal(&access, member) {
                self.send(member, Channel::Sync, Message::Removed(signature));
            }
        }
        self.renew(now, renewal, &[], None);
        self.settle(now);
        true
    }

    /// Those who should be removed by now and are not: somebody else renewed the secrets at the same
    /// time. Nobody unless this member is the owner.
    pub fn overruled(&self) -> Vec<Author> {
        let is_owner = self.access().is_some_and(|access| access.role() == Role::Owner);
        let last = self.renewals.last.as_ref().filter(|_| is_owner);
        let kept_in = |last: &Renewal| {
            let removed = self.renewals.removed.iter().copied();
            removed.filter(|member| !last.removed.contains(member)).collect()
        };
        last.map(kept_in).unwrap_or_default()
    }

    /// The others who can be talked to, and of those the ones that are not known to have the newest
    /// secrets.
    pub fn uninformed(&self) -> (usize, Vec<Author>) {
        let there = self.peers.iter().filter(|(_, peer)| matches!(peer.link, Link::Live | Link::Away));
        let there: Vec<Author> = there.map(|(&author, _)| author).collect();
        let lacking = there.iter().copied().filter(|author| !self.renewals.informed.contains(author));
        (there.len(), lacking.collect())
    }

    /// Somebody hands on renewed secrets.
    pub(super) fn renewed(
        &mut self, now: Time, from: Author, renewal: Renewal, certificates: &[(Author, Vec<u8>)],
    ) {
        let Some(known) = self.access().cloned() else { return };
        if !renewal.is_sound(&known) {
            self.event(Event::Garbage(from, "new keys that the room's owner has not made".to_owned()));
            return;
        }
        if renewal.access.is_better_than(&known) {
            self.renew(now, renewal, certificates, Some(from));
        } else if renewal.access.write_key() == known.write_key() {
            self.renewals.informed.insert(from);
            self.event(Event::Progress);
        }
    }

    fn renew(
        &mut self, now: Time, renewal: Renewal, certificates: &[(Author, Vec<u8>)], from: Option<Author>,
    ) {
        self.check_all_waiting(now);
        let is_heard =
            |(author, _): &&(Author, Vec<u8>)| Some(*author) == from || !self.is_awaited(now, *author);
        let certificates: Vec<_> = certificates.iter().filter(is_heard).cloned().collect();
        let Some(ledger) = &mut self.ledger else { return };
        let access = ledger.access().clone().or_better(renewal.access.clone());
        ledger.renew(access.clone(), &certificates);
        self.renewals.informed = from.into_iter().collect();
        self.renewals.removed.extend(renewal.removed.iter().copied().filter(|&gone| gone != self.member));
        self.renewals.last = Some(Renewal { access, ..renewal });
        for member in self.renewals.removed.clone() {
            if self.expelled.insert(member) {
                self.departed(now, member);
                self.outputs.push_back(Output::Expel(member));
            }
        }
        // Whoever handed it on is told too: that is how it knows.
        let peers: Vec<Author> = self.talking().collect();
        for peer in peers {
            self.hand_on(peer);
        }
        self.people_changed = true;
        self.event(Event::Renewed);
    }

    /// Gives a member the newest secrets, as far as it may have them.
    fn hand_on(&mut self, to: Author) {
        let is_direct = self.peers.get(&to).is_some_and(|peer| !matches!(peer.way, Way::Via(_)));
        let (Some(renewal), Some(ledger), true) = (&self.renewals.last, &self.ledger, is_direct) else {
            return;
        };
        let role = if self.renewals.shown.contains(&to) { Role::Writer } else { Role::Reader };
        let message = Message::Renewed {
            renewal: Box::new(renewal.lowered_to(role)),
            certificates: ledger.certificates(),
        };
        self.send(to, Channel::Sync, message);
    }

    /// The owner says that this member is removed.
    pub(super) fn told_of_removal(&mut self, from: Author, signature: &[u8; 64]) {
        if self.access().is_some_and(|access| is_removal(access, self.member, signature)) {
            self.renewals.is_removed = true;
            self.people_changed = true;
            self.event(Event::Removed);
        } else {
            self.event(Event::Garbage(from, "a removal that the room's owner has not signed".to_owned()));
        }
    }
}
