//! The hashes of one author's changes, and where they are signed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::hashing::Hashing;
use super::{Hash, Seal};
use crate::limits;
use crate::sync::{Author, Change, ChangeId, Tick};

/// A run of changes, hashed.
#[derive(Clone, Debug)]
pub(super) struct Link {
    first: Tick,
    before: Hash,
    /// The hash of each.
    hashes: Vec<Hash>,
    /// Under the last.
    signature: [u8; 64],
}

impl Link {
    /// Hashes a run of changes that is as long as its seal says.
    pub(super) fn new(seal: &Seal, run: &[(ChangeId, &Arc<Change>)]) -> Self {
        let mut hashing = Hashing::default();
        let mut hash = seal.before;
        let mut hashes = Vec::with_capacity(run.len());
        for (_, change) in run {
            hash = hashing.following(&hash, change);
            hashes.push(hash);
        }
        Self { first: seal.first, before: seal.before, hashes, signature: seal.signature }
    }

    /// The hash of its last change.
    pub(super) fn head(&self) -> &Hash {
        self.hashes.last().unwrap_or(&self.before)
    }

    fn last(&self) -> Tick {
        self.first + (self.hashes.len() as Tick).saturating_sub(1)
    }

    /// The hash at a tick in the run, or the one before it.
    fn hash_at(&self, tick: Tick) -> Option<&Hash> {
        if tick + 1 == self.first {
            return Some(&self.before);
        }
        let at = usize::try_from(tick.checked_sub(self.first)?).ok()?;
        self.hashes.get(at)
    }
}

/// One author's chain, from where the history starts.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// The tick of the first hash held.
    base: Tick,
    hashes: VecDeque<Hash>,
    /// Whether the first hash is what somebody has told, and nothing that its author signed.
    is_hearsay: bool,
    signatures: BTreeMap<Tick, [u8; 64]>,
    /// Runs that were checked and whose past is not here, by their first tick.
    loose: BTreeMap<Tick, Link>,
    loose_changes: usize,
}

impl Chain {
    /// A chain that goes on after a tick with this hash.
    pub(super) fn new(base: Tick, hash: Hash) -> Self {
        Self {
            base,
            hashes: VecDeque::from([hash]),
            is_hearsay: base > 0,
            signatures: BTreeMap::new(),
            loose: BTreeMap::new(),
            loose_changes: 0,
        }
    }

    /// Starts again after a tick with this hash; runs that wait for their past go on waiting.
    ///
    /// # Errors
    /// The tick at which one of them parts from that.
    pub(super) fn restart(&mut self, base: Tick, hash: Hash) -> Result<(), Tick> {
        let loose = std::mem::take(&mut self.loose);
        *self = Self::new(base, hash);
        loose.into_values().try_for_each(|link| {
            self.correct(&link);
            self.enter(link)
        })
    }

    /// A run whose signature was checked counts more than what somebody has told of the first hash.
    /// Whether that was another.
    pub(super) fn correct(&mut self, link: &Link) -> bool {
        link.hash_at(self.base).is_some_and(|hash| self.is_signed_to_be(self.base, hash))
    }

    /// The author has signed a chain with this hash. Whether only another was told of.
    pub(super) fn is_signed_to_be(&mut self, tick: Tick, hash: &Hash) -> bool {
        let told = self.hashes.front_mut().filter(|_| self.is_hearsay && tick == self.base);
        let Some(told) = told else { return false };
        self.is_hearsay = false;
        std::mem::replace(told, *hash) != *hash
    }

    /// Whether nothing of the author is here.
    pub(super) fn is_empty(&self) -> bool {
        self.last() == 0 && self.loose.is_empty()
    }

    /// The last tick that is known.
    pub(super) fn last(&self) -> Tick {
        self.base + (self.hashes.len() as Tick).saturating_sub(1)
    }

    pub(super) fn hash_at(&self, tick: Tick) -> Option<Hash> {
        let at = usize::try_from(tick.checked_sub(self.base)?).ok()?;
        self.hashes.get(at).copied()
    }

    /// Goes on with the author's next changes.
    pub(super) fn append<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) {
        let mut hashing = Hashing::default();
        for change in changes {
            if let Some(head) = self.hashes.back() {
                let hash = hashing.following(head, change);
                self.hashes.push_back(hash);
                // It was checked before it was taken in.
                self.is_hearsay = false;
            }
        }
    }

    /// Whether all of a run is known, so that its signature need not be checked.
    pub(super) fn holds(&self, link: &Link) -> bool {
        self.hash_at(link.last()) == Some(*link.head())
    }

    /// Enters a run whose signature was checked.
    ///
    /// # Errors
    /// The tick at which it parts from what the author has signed before.
    pub(super) fn enter(&mut self, link: Link) -> Result<(), Tick> {
        self.compare(&link)?;
        if link.first > self.last() + 1 {
            self.keep(link);
            return Ok(());
        }
        self.extend(&link);
        while let Some(entry) = self.loose.first_entry()
            && *entry.key() <= self.base + self.hashes.len() as Tick
        {
            let link = entry.remove();
            self.loose_changes = self.loose_changes.saturating_sub(link.hashes.len());
            self.compare(&link)?;
            self.extend(&link);
        }
        Ok(())
    }

    /// Where a run says something else than what is known.
    fn compare(&self, link: &Link) -> Result<(), Tick> {
        for tick in (link.first.saturating_sub(1)).max(self.base)..=link.last().min(self.last()) {
            if link.hash_at(tick) != self.hash_at(tick).as_ref() {
                return Err(tick.max(link.first));
            }
        }
        Ok(())
    }

    /// Goes on with what of a run is new.
    fn extend(&mut self, link: &Link) {
        let known = (self.last() + 1).checked_sub(link.first).and_then(|known| usize::try_from(known).ok());
        let new = known.and_then(|known| link.hashes.get(known..));
        self.hashes.extend(new.unwrap_or_default());
        if link.last() >= self.base {
            self.signatures.insert(link.last(), link.signature);
        }
    }

    /// Keeps a run for when its past is here. Beyond the bound of changes that wait it is let go,
    /// as they are.
    fn keep(&mut self, link: Link) {
        let more = link.hashes.len();
        if self.loose_changes + more <= limits::PENDING_CHANGES {
            self.loose_changes += more;
            if let Some(replaced) = self.loose.insert(link.first, link) {
                self.loose_changes = self.loose_changes.saturating_sub(replaced.hashes.len());
            }
        }
    }

    /// The signatures in a run.
    pub(super) fn signatures(&self, first: Tick, last: Tick) -> impl Iterator<Item = (Tick, &[u8; 64])> {
        self.signatures.range(first..=last.max(first)).map(|(&tick, signature)| (tick, signature))
    }

    /// The last signature, and where.
    pub(super) fn last_signature(&self) -> Option<(Tick, &[u8; 64])> {
        self.signatures.last_key_value().map(|(&tick, signature)| (tick, signature))
    }

    /// The first signature at a tick or after it.
    pub(super) fn signed_at_or_after(&self, tick: Tick) -> Option<Tick> {
        self.signatures.range(tick..).next().map(|(&signed, _)| signed)
    }

    /// The hash at a tick, if it is known to be the author's, and is not signed.
    pub(super) fn unsigned(&self, tick: Tick) -> Option<Hash> {
        let is_told = self.is_hearsay && tick == self.base;
        self.hash_at(tick).filter(|_| !is_told && !self.signatures.contains_key(&tick))
    }

    pub(super) fn signed(&mut self, tick: Tick, signature: [u8; 64]) {
        self.signatures.insert(tick, signature);
    }

    pub(super) fn forget_signatures(&mut self) {
        self.signatures.clear();
    }

    /// What proves a run, as far as it is signed.
    pub(super) fn prove(&self, author: Author, first: Tick, last: Tick) -> Option<Seal> {
        let (&last, &signature) = self.signatures.range(first..=last).next_back()?;
        let before = self.hash_at(first.checked_sub(1)?)?;
        Some(Seal { author, first, last, before, signature, certificate: None })
    }

    /// Forgets what is before a tick.
    pub(super) fn forget(&mut self, tick: Tick) {
        while self.base < tick && self.hashes.len() > 1 {
            self.hashes.pop_front();
            self.base += 1;
        }
        self.signatures = self.signatures.split_off(&self.base);
    }
}
