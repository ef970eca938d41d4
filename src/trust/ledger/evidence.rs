//! What has to be kept beside stored changes, so that a ledger can be made again from both.

use std::sync::Arc;

use super::chain::Chain;
use super::{Certificate, Ledger, runs_of, signed_text, start_of};
use crate::sync::{Author, Change, ChangeId, Tick, VectorClock};

/// Something that proves changes of an author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Whose changes.
    pub author: Author,
    /// Where in the author's changes it stands; 0 for a certificate.
    pub tick: Tick,
    /// What it is.
    pub kind: EvidenceKind,
    /// The bytes of it.
    pub bytes: Vec<u8>,
}

/// What proves changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceKind {
    /// That the author may write, and its key.
    Certificate,
    /// The hash where the history starts.
    Hash,
    /// A signature under the hash at a tick.
    Signature,
}

impl Ledger {
    /// What proves these changes to others, beside themselves. Own ones are signed again when that
    /// is needed.
    pub fn evidence(&self, changes: &[Arc<Change>]) -> Vec<Evidence> {
        let mut found = Vec::new();
        for (author, first, last) in runs_of(changes) {
            if author == self.me {
                continue;
            }
            let certificate = self.certificates.get(&author).map(|certificate| certificate.bytes().to_vec());
            let kind = EvidenceKind::Certificate;
            found.extend(certificate.map(|bytes| Evidence { author, tick: 0, kind, bytes }));
            let Some(chain) = self.chains.get(&author) else { continue };
            let kind = EvidenceKind::Signature;
            let signatures = chain.signatures(first, self.complete(author, last));
            found.extend(signatures.map(|(tick, bytes)| Evidence {
                author,
                tick,
                kind,
                bytes: bytes.to_vec(),
            }));
        }
        found
    }

    /// The hashes at the version where a history starts.
    pub fn evidence_at(&self, start: &VectorClock) -> Vec<Evidence> {
        let kind = EvidenceKind::Hash;
        let hashes = self.hashes_at(start).into_iter();
        hashes
            .map(|(author, hash)| Evidence { author, tick: start.get(author), kind, bytes: hash.to_vec() })
            .collect()
    }

    /// Knows again what was stored: the changes after a version, in the order of each author's
    /// ticks, and what was beside them. `mine` are the names under which the key was used.
    pub fn restore(
        &mut self, start: &VectorClock, changes: &[Arc<Change>], evidence: &[Evidence], mine: &[Author],
    ) {
        let is = |kind| evidence.iter().filter(move |evidence: &&Evidence| evidence.kind == kind);
        let hashes = is(EvidenceKind::Hash).filter(|hash| hash.tick == start.get(hash.author));
        let hashes: Vec<_> =
            hashes.filter_map(|hash| Some((hash.author, hash.bytes.as_slice().try_into().ok()?))).collect();
        self.start_from(start, &hashes);
        for change in changes {
            let first = start_of(&self.access, change.author);
            let chain = self.chains.entry(change.author).or_insert_with(|| Chain::new(0, first));
            if change.tick() == chain.last() + 1 {
                chain.append([change.as_ref()]);
            }
        }
        for certificate in is(EvidenceKind::Certificate) {
            // What certified an author under keys of before is still known; what is no certificate is not.
            if self.learn(certificate.author, &certificate.bytes).is_err()
                && let Some(known) = Certificate::believed(certificate.author, &certificate.bytes)
            {
                self.believe(known);
            }
        }
        for signature in is(EvidenceKind::Signature) {
            let chain = self.chains.get_mut(&signature.author);
            let bytes = signature.bytes.as_slice().try_into().ok();
            if let (Some(chain), Some(bytes)) = (chain.filter(|chain| signature.tick <= chain.last()), bytes)
            {
                chain.signed(signature.tick, bytes);
            }
        }
        self.forget_unsound_signatures();
        self.sign_as_before(mine);
    }

    /// Whoever passes on a signature that is none is taken for a forger: if an author's last does not
    /// hold, because the disk or an earlier version has made something else of the changes, none of its
    /// is believed, and others have to prove what it wrote.
    fn forget_unsound_signatures(&mut self) {
        for (&author, chain) in &mut self.chains {
            let Some((tick, signature)) = chain.last_signature() else { continue };
            let signed =
                chain.hash_at(tick).map(|head| signed_text(&self.access, ChangeId { author, tick }, &head));
            let certificate = self.certificates.get(&author);
            let is_sound = certificate
                .zip(signed)
                .is_some_and(|(certificate, signed)| certificate.verifies(&signed, signature));
            if !is_sound {
                chain.forget_signatures();
            }
        }
    }

    /// Signs what the same key made under other names.
    pub fn sign_as_before(&mut self, mine: &[Author]) {
        let me = self.me;
        for &author in mine.iter().filter(|&&author| author != me) {
            let Some(last) = self.chains.get(&author).map(Chain::last) else { continue };
            let issued = Certificate::issue(&self.access, author, &self.key);
            if !self.certificates.contains_key(&author) {
                self.certificates.extend(issued.map(|certificate| (author, certificate)));
            }
            self.me = author;
            self.sign(last);
        }
        self.me = me;
    }
}
