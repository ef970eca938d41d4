//! Whether two were told the same: where each author's chain ends, compared.

use std::collections::BTreeSet;

use super::{Access, Certificate, Distrust, Fraud, Hash, Ledger, signed_text};
use crate::limits;
use crate::sync::{Author, ChangeId, Tick, VectorClock};

/// Where an author's chain ends, signed: who has another hash there was told another story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whose chain.
    pub author: Author,
    /// Its last change that is signed.
    pub tick: Tick,
    /// The hash there.
    pub hash: Hash,
    /// The author's signature under it.
    pub signature: [u8; 64],
    /// With which key.
    pub certificate: Vec<u8>,
}

impl Ledger {
    /// What two who have seen the same have in common if everybody told both the same. Nothing if
    /// some of it is not known here. What these members wrote is left out of account.
    pub fn digest_at(&self, clock: &VectorClock, without: &BTreeSet<Author>) -> Option<Hash> {
        let mut hasher = blake3::Hasher::new();
        for (author, tick) in clock.iter().filter(|(author, _)| !without.contains(&author.member())) {
            hasher.update(&author.0.to_be_bytes());
            hasher.update(&tick.to_be_bytes());
            hasher.update(&self.chains.get(&author)?.hash_at(tick)?);
        }
        Some(*hasher.finalize().as_bytes())
    }

    /// Where the chains end, those of who came last first.
    pub fn heads(&mut self) -> Vec<Head> {
        if let Some(last) = self.chains.get(&self.me).map(super::Chain::last).filter(|&last| last > 0) {
            self.sign(last);
        }
        let head = |(&author, chain): (&Author, &super::Chain)| {
            let (tick, &signature) = chain.last_signature()?;
            let certificate = self.certificates.get(&author)?.bytes().to_vec();
            Some(Head { author, tick, hash: chain.hash_at(tick)?, signature, certificate })
        };
        self.chains.iter().rev().filter_map(head).take(limits::HEADS).collect()
    }

    /// Who told somebody else another story than is known here, by what they have signed.
    pub fn compare(&mut self, from: Author, heads: &[Head]) -> Vec<Fraud> {
        let mut frauds = Vec::new();
        for head in heads {
            let known = self.chains.get(&head.author).and_then(|chain| chain.hash_at(head.tick));
            if known.is_none_or(|known| known == head.hash) {
                continue;
            }
            let Some(certificate) = self.certificates.get(&head.author) else { continue };
            let id = ChangeId { author: head.author, tick: head.tick };
            if !certificate.is_of_key_in(&head.certificate) {
                // It signed nothing with the other key.
                if is_stated(&self.access, head) {
                    frauds.push(Fraud { by: from, what: Distrust::TwoKeys(head.author) });
                }
            } else if certificate.verifies(&signed_text(&self.access, id, &head.hash), &head.signature) {
                let chain = self.chains.get_mut(&head.author);
                if chain.is_some_and(|chain| chain.is_signed_to_be(head.tick, &head.hash)) {
                    self.is_corrected = true;
                } else {
                    frauds.push(Fraud { by: head.author.member(), what: Distrust::Equivocation(id) });
                }
            } else {
                // No honest member says that; what else it says is not worth the time to check.
                frauds.push(Fraud { by: from, what: Distrust::Forged(id) });
                break;
            }
        }
        frauds
    }
}

/// Whether somebody who may write in this room has certified that key.
fn is_stated(access: &Access, head: &Head) -> bool {
    Certificate::read(access, head.author, &head.certificate).is_some()
}
