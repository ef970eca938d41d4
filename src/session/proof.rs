//! Signatures: what goes out is signed, what comes in is checked, and who did wrong is expelled.

use std::sync::Arc;

use super::{Event, Message, Output, Proof, Session, Time, Way};
use crate::sync::{Author, Change, ChangeId, Checkpoint};
use crate::trust::{Access, Certificate, Distrust, Fraud, Ledger};

/// No change in particular.
pub(super) const NOTHING: ChangeId = ChangeId { author: Author(0), tick: 0 };

impl Session {
    /// Whether edits may be made here.
    pub fn may_write(&self) -> bool {
        !self.renewals.is_removed()
            && self.ledger.as_ref().is_none_or(|ledger| ledger.certificate().is_some())
    }

    /// What of the room's secrets this member holds, if it holds any.
    pub fn access(&self) -> Option<&Access> {
        self.ledger.as_ref().map(Ledger::access)
    }

    /// What shows others that this member may write, whatever name it writes under; nothing if it
    /// may not.
    pub fn certificate(&self) -> Option<Certificate> {
        self.ledger.as_ref()?.certificate_of(self.member)
    }

    /// Whether a member may edit.
    pub fn is_writer(&self, author: Author) -> bool {
        self.ledger.as_ref().is_none_or(|ledger| ledger.may_write(author))
    }

    /// A peer has shown that it may write, and its key.
    pub(super) fn certified(&mut self, now: Time, from: Author, certificate: &[u8]) {
        let Some(ledger) = &mut self.ledger else { return self.renewals.shows(from) };
        match ledger.show(from, certificate) {
            Ok(()) => {
                self.renewals.shows(from);
                self.renew_repairs();
            }
            // Somebody was faster to write under its number than it was to come.
            Err(Distrust::TwoKeys(_)) if ledger.is_hearsay(from) => {
                self.renewals.shows(from);
                self.drop_spoilt_name(from);
            }
            Err(what) => self.expel(now, from, what),
        }
    }

    /// A peer that is reached by way of another says that it may write: its role is shown by that.
    /// Whoever passed it on could not have made it up, but may have put another in its place.
    pub(super) fn certificate_passed(&mut self, now: Time, from: Author, certificate: &[u8]) {
        if self.is_awaited(now, from) {
            return;
        }
        if let Some(Err(what)) = self.ledger.as_mut().map(|ledger| ledger.learn(from, certificate)) {
            self.event(Event::Distrusted(Fraud { by: from, what }));
        }
        self.people_changed = true;
    }

    /// The message with what proves its changes; nothing if they cannot be proven, which is so
    /// only for changes that somebody else has to bring.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other message carries changes")]
    pub(super) fn sign(&mut self, to: Author, message: Message) -> Option<Message> {
        let Some(ledger) = &mut self.ledger else { return Some(message) };
        // Who is reached by way of another has not been shown this member's certificate.
        let is_shown = self.peers.get(&to).is_none_or(|peer| !matches!(peer.way, Way::Via(_)));
        let seal = |ledger: &mut Ledger, changes: &[Arc<Change>]| ledger.seal(changes, is_shown);
        let (message, proof) = match message {
            Message::Change(change) => {
                let (mut proven, seals) = seal(ledger, &[change]);
                (Message::Change(proven.pop()?), Proof { seals, hashes: Vec::new() })
            }
            Message::Changes(changes) if !changes.is_empty() => {
                let (proven, seals) = seal(ledger, &changes);
                if proven.is_empty() {
                    return None;
                }
                (Message::Changes(proven), Proof { seals, hashes: Vec::new() })
            }
            Message::Document { checkpoint, changes } => {
                let (changes, seals) = seal(ledger, &changes);
                let hashes = ledger.hashes_at(&checkpoint.clock);
                (Message::Document { checkpoint, changes }, Proof { seals, hashes })
            }
            other => return Some(other),
        };
        Some(Message::Signed(Box::new(message), proof))
    }

    /// Takes in a document whose changes are signed, as far as they prove to be.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other message carries changes")]
    pub(super) fn signed(&mut self, now: Time, from: Author, message: Message, proof: &Proof) {
        match message {
            Message::Document { checkpoint, changes } => {
                if self.may_give_document(from) {
                    self.signed_document(now, from, checkpoint, changes, proof);
                }
            }
            _other => {
                self.event(Event::Garbage(from, "a signature under something else than changes".to_owned()));
            }
        }
    }

    /// Takes in signed changes, as far as they prove to be.
    pub(super) fn receive_signed(
        &mut self, now: Time, from: Author, changes: Vec<Arc<Change>>, proof: &Proof,
    ) {
        if self.expelled.contains(&from) {
            return;
        }
        let changes = self.without_awaited(now, from, changes);
        let Some(ledger) = &mut self.ledger else { return self.receive(now, from, changes) };
        let (sound, frauds) = ledger.check(from, changes, &proof.seals);
        self.keep_corrected();
        self.blame(now, frauds);
        if !sound.is_empty() {
            self.receive(now, from, sound);
        }
    }

    /// The version that a document starts from is believed to whoever sends it; what was changed
    /// since has to prove itself.
    fn signed_document(
        &mut self, now: Time, from: Author, checkpoint: Checkpoint, changes: Vec<Arc<Change>>, proof: &Proof,
    ) {
        let changes = if self.replica.is_some() {
            self.without_awaited(now, from, changes)
        } else {
            // A newcomer is shown all or nothing.
            self.leave_spoilt_name(&checkpoint, &changes);
            changes
        };
        let Some(mut ledger) = self.ledger.clone() else {
            return self.document(now, from, checkpoint, changes);
        };
        let clock = checkpoint.clock.clone();
        if !self.seen().covers(&clock) || self.replica.is_none() {
            ledger.start_from(&clock, &proof.hashes);
        }
        let (sound, frauds) = ledger.check(from, changes, &proof.seals);
        self.blame(now, frauds);
        // Before the document is taken in, which may lead to answers that are to be signed.
        let before = self.ledger.replace(ledger);
        self.document(now, from, checkpoint, sound);
        if !self.seen().covers(&clock) {
            self.ledger = before;
        }
        self.keep_corrected();
    }

    /// Changes came without a signature.
    pub(super) fn unsigned(&mut self, now: Time, from: Author, changes: Vec<Arc<Change>>) {
        match (&self.ledger, changes.first()) {
            (Some(_), Some(change)) => self.expel(now, from, Distrust::Unsigned(change.id())),
            _ => self.receive(now, from, changes),
        }
    }

    pub(super) fn blame(&mut self, now: Time, frauds: Vec<Fraud>) {
        for Fraud { by, what } in frauds {
            let is_hearsay =
                |author: Author| self.ledger.as_ref().is_some_and(|ledger| ledger.is_hearsay(author));
            match what {
                // Whoever passes on what it heard first may be the one who was deceived.
                Distrust::TwoKeys(author) if author.member() != by => {
                    self.event(Event::Distrusted(Fraud { by, what }));
                }
                // Somebody was faster to write under a name of its.
                Distrust::TwoKeys(author) if is_hearsay(author) && self.passed_by.is_none() => {
                    self.drop_spoilt_name(author);
                }
                // Who has signed both need not be the member whose number it is.
                Distrust::Equivocation(id) if is_hearsay(id.author) => {
                    self.event(Event::Distrusted(Fraud { by, what }));
                }
                Distrust::TwoKeys(_)
                | Distrust::Unsigned(_)
                | Distrust::MayNotWrite(_)
                | Distrust::Forged(_)
                | Distrust::Equivocation(_) => self.expel(now, by, what),
            }
        }
    }

    /// Does not listen to somebody any more. Nothing they say can be relied on.
    pub(super) fn expel(&mut self, now: Time, who: Author, what: Distrust) {
        let who = who.member();
        if self.passed_by.is_some() {
            // Whoever passed it on may have altered it: what is forged is not taken in, and whose
            // doing it is cannot be known.
            self.event(Event::Distrusted(Fraud { by: who, what }));
            return;
        }
        if self.expelled.insert(who) {
            self.event(Event::Distrusted(Fraud { by: who, what }));
            self.departed(now, who);
            self.outputs.push_back(Output::Expel(who));
        }
    }
}
