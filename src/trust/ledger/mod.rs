//! Who signed which changes.
//!
//! The changes of an author form a chain: each one's hash covers it and the hash before it,
//! so a signature under one of them holds for all up to it. A run of changes travels with the hash
//! before it and a signature under its last one, and can be checked on its own, in whatever order
//! runs arrive; as soon as the run before it is here, their hashes have to fit. An author who
//! signed two changes of one tick, or left one out, is found out that way. The idea is that of
//! tamper-evident logs (Crosby & Wallach, 2009); one signature a batch keeps it cheap.

mod chain;
mod evidence;
mod hashing;
mod heads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use self::evidence::{Evidence, EvidenceKind};
pub use self::heads::Head;

use self::chain::{Chain, Link};
use super::{Access, AuthorKey, Certificate};
use crate::sync::{Author, Change, ChangeId, Tick, VectorClock};

/// The hash of a chain of changes: its last one and all before it.
pub type Hash = [u8; 32];

/// What proves a run of one author's changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Whose changes.
    pub author: Author,
    /// The first of them.
    pub first: Tick,
    /// The last of them.
    pub last: Tick,
    /// The hash before the first.
    pub before: Hash,
    /// The author's signature under the hash of the last.
    pub signature: [u8; 64],
    /// That the author may write, where the receiver may not know it.
    pub certificate: Option<Vec<u8>>,
}

impl Seal {
    /// One for two runs of which the second follows the first: the later signature holds for both.
    pub fn joined(&self, next: &Self) -> Option<Self> {
        let is_same_key = next.certificate.is_none() || next.certificate == self.certificate;
        let follows = self.author == next.author && self.last.checked_add(1) == Some(next.first);
        (follows && is_same_key).then(|| Self { last: next.last, signature: next.signature, ..self.clone() })
    }
}

/// Why changes are not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// They came without a signature.
    #[error("change {0} is not signed")]
    Unsigned(ChangeId),
    /// Nobody said that the author may write.
    #[error("author {0} may not write here")]
    MayNotWrite(Author),
    /// Another key is known to be the author's.
    #[error("two keys are said to be those of author {0}")]
    TwoKeys(Author),
    /// The signature is not the author's, or not under this text.
    #[error("change {0} does not carry its author's signature")]
    Forged(ChangeId),
    /// They do not continue what the same author has signed before.
    #[error("author {} signed two different histories, which part at its change {}", .0.author, .0.tick)]
    Equivocation(ChangeId),
}

/// That somebody is broken or hostile, and who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraud {
    /// Who did it: the sender of what is forged, the author of what is contradictory.
    pub by: Author,
    /// What.
    pub what: Distrust,
}

/// What a replica knows of signatures: the chain of each author, as far back as its history.
#[derive(Clone, Debug)]
pub struct Ledger {
    access: Access,
    me: Author,
    key: AuthorKey,
    certificates: BTreeMap<Author, Certificate>,
    /// Those of them that are signed with keys of before.
    stale: BTreeSet<Author>,
    /// The keys that other members have shown themselves, each for all its names.
    shown: BTreeMap<Author, Certificate>,
    chains: BTreeMap<Author, Chain>,
    /// Whether a hash that was told of was not the one that its author has signed.
    is_corrected: bool,
}

impl Ledger {
    /// For an author with its key, which has made nothing yet.
    pub fn new(access: Access, me: Author, key: AuthorKey) -> Self {
        let certificate = Certificate::issue(&access, me, &key);
        let certificates = certificate.into_iter().map(|certificate| (me, certificate)).collect();
        let (stale, shown) = (BTreeSet::new(), BTreeMap::new());
        Self { access, me, key, certificates, stale, shown, chains: BTreeMap::new(), is_corrected: false }
    }

    /// The same member, writing under another name from here on and starting from nothing.
    #[must_use]
    pub fn renamed(mut self, me: Author) -> Self {
        self.chains.clear();
        self.rename(me);
        self
    }

    /// Writes under another name from here on.
    ///
    /// What is here under the name until now is somebody else's, or is going to be brought by others
    /// with what proves it.
    pub fn rename(&mut self, me: Author) {
        self.certificates.remove(&self.me);
        self.me = me;
        let certificate = Certificate::issue(&self.access, me, &self.key);
        self.certificates.extend(certificate.map(|certificate| (me, certificate)));
    }

    /// What this member may do.
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// The own certificate; none if this member may not write.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificates.get(&self.me)
    }

    /// One for the own key under another name; none if this member may not write.
    pub fn certificate_of(&self, name: Author) -> Option<Certificate> {
        let own = self.certificate().filter(|own| own.author == name).cloned();
        own.or_else(|| Certificate::issue(&self.access, name, &self.key))
    }

    /// Whether an author is known to be allowed to write.
    pub fn may_write(&self, author: Author) -> bool {
        self.certificates.contains_key(&author)
    }

    /// Learns that an author may write. The first key counts.
    ///
    /// # Errors
    /// No writer of the room has said so, or another key is known.
    pub fn learn(&mut self, author: Author, bytes: &[u8]) -> Result<(), Distrust> {
        // Signed with keys of before, it still says what is known.
        let is_known = self.certificates.get(&author).is_some_and(|known| known.is_of_key_in(bytes));
        if is_known && self.is_certified(author) {
            return Ok(());
        }
        let stated = match Certificate::read(&self.access, author, bytes) {
            Some(stated) => stated,
            None if is_known => return Ok(()),
            None => return Err(Distrust::MayNotWrite(author)),
        };
        let is_other = |known: &Certificate| !known.is_of_key_in(bytes);
        let is_other_name = author != author.member();
        let own = self.shown.get(&author.member()).filter(|_| is_other_name);
        if own.into_iter().chain(self.certificates.get(&author)).any(is_other) {
            return Err(Distrust::TwoKeys(author));
        }
        self.believe(stated);
        Ok(())
    }

    /// Learns the key of a member that has shown on a connection of its own that it holds it. That
    /// counts more than what others said of it, as long as nothing of it is here.
    ///
    /// # Errors
    /// No writer of the room has certified it, or another key is known.
    pub fn show(&mut self, member: Author, bytes: &[u8]) -> Result<(), Distrust> {
        let is_other = |known: &Certificate| !known.is_of_key_in(bytes);
        if self.is_hearsay(member)
            && self.certificates.get(&member).is_some_and(is_other)
            && self.chains.get(&member).is_none_or(Chain::is_empty)
            && Certificate::read(&self.access, member, bytes).is_some()
        {
            self.certificates.remove(&member);
            self.stale.remove(&member);
        }
        let learnt = self.learn(member, bytes);
        if !matches!(learnt, Err(Distrust::MayNotWrite(_)))
            && let Some(shown) = Certificate::believed(member, bytes)
        {
            self.shown.entry(member).or_insert(shown);
        }
        learnt
    }

    /// Whether an author's key is known from others alone: its member has shown none, or another.
    pub fn is_hearsay(&self, author: Author) -> bool {
        let shown = self.shown.get(&author.member()).map(Certificate::bytes);
        let is_shown = |known: &Certificate| shown.is_some_and(|shown| known.is_of_key_in(&shown));
        author != self.me && self.certificates.get(&author).is_some_and(|known| !is_shown(known))
    }

    /// Goes on with renewed secrets, and what certifies the authors by them. Authors that nothing
    /// certifies are believed here, but not passed on until something does.
    pub fn renew(&mut self, access: Access, certificates: &[(Author, Vec<u8>)]) {
        self.access = access;
        for (author, bytes) in certificates {
            let known = self.certificates.get(author);
            if let Some(stated) = Certificate::read(&self.access, *author, bytes)
                && known.is_none_or(|known| known.agrees_with(&stated))
            {
                self.certificates.insert(*author, stated);
            }
        }
        let known = std::mem::take(&mut self.certificates);
        for certificate in known.into_values() {
            self.believe(certificate);
        }
    }

    /// Takes what certified an author once for true, and certifies it anew where that is possible.
    fn believe(&mut self, known: Certificate) {
        let author = known.author;
        let renewed = if known.is_sound(&self.access) { None } else { known.renewed(&self.access) };
        let certificate = renewed.unwrap_or(known);
        if certificate.is_sound(&self.access) {
            self.stale.remove(&author);
        } else {
            self.stale.insert(author);
        }
        self.certificates.insert(author, certificate);
    }

    /// What certifies each author that is known to be allowed to write.
    pub fn certificates(&self) -> Vec<(Author, Vec<u8>)> {
        let sound = self.certificates.values().filter(|known| self.is_certified(known.author));
        sound.map(|known| (known.author, known.bytes().to_vec())).collect()
    }

    /// Whether others can be shown that an author may write.
    fn is_certified(&self, author: Author) -> bool {
        self.certificates.contains_key(&author) && !self.stale.contains(&author)
    }

    /// Enters own changes, each the next of its author.
    pub fn enter_own(&mut self, changes: &[Arc<Change>]) {
        let start = start_of(&self.access, self.me);
        let chain = self.chains.entry(self.me).or_insert_with(|| Chain::new(0, start));
        chain.append(changes.iter().map(Arc::as_ref));
    }

    /// Checks what a peer sent. Which of the changes are proven, and who did wrong.
    ///
    /// Every change has to be in a run that a seal covers. What fails is left out by runs. Two
    /// changes of one name in one message are refused with all of it: no honest member passes them
    /// on, and a seal holds for one of them only.
    pub fn check(
        &mut self, from: Author, mut changes: Vec<Arc<Change>>, seals: &[Seal],
    ) -> (Vec<Arc<Change>>, Vec<Fraud>) {
        let (proven, mut frauds) = self.check_runs(from, &changes, seals);
        if let Some(unsound) = changes.iter().find(|change| !is_within(&proven, change)) {
            if frauds.is_empty() {
                frauds.push(Fraud { by: from, what: Distrust::Unsigned(unsound.id()) });
            }
            changes.retain(|change| is_within(&proven, change));
        }
        (changes, frauds)
    }

    /// Whether everything that a peer sent is proven. If not, what to make of it is for
    /// [`check`](Self::check) to say, of smaller parts.
    pub fn proves(&mut self, from: Author, changes: &[Arc<Change>], seals: &[Seal]) -> bool {
        let (proven, frauds) = self.check_runs(from, changes, seals);
        frauds.is_empty() && changes.iter().all(|change| is_within(&proven, change))
    }

    /// The runs that are proven, and who did wrong.
    fn check_runs(&mut self, from: Author, changes: &[Arc<Change>], seals: &[Seal]) -> (Runs, Vec<Fraud>) {
        // In order mostly, which sorting them takes advantage of.
        let mut held: Vec<Named<'_>> = changes.iter().map(|change| (change.id(), change)).collect();
        held.sort_by_key(|&(id, _)| id);
        let mut neighbours = held.iter().zip(held.iter().skip(1));
        if let Some(&(id, _)) =
            neighbours.find(|(one, next)| one.0 == next.0 && one.1 != next.1).map(|(one, _)| one)
        {
            return (Runs::new(), vec![Fraud { by: from, what: Distrust::Forged(id) }]);
        }
        held.dedup_by_key(|&mut (id, _)| id);
        let mut frauds = Vec::new();
        let mut proven = Runs::new();
        for seal in seals {
            // What is sealed and not here is no business of this message.
            if !is_begun(&held, seal.author) {
                continue;
            }
            match self.check_run(seal, &held) {
                Ok(()) => proven.entry(seal.author).or_default().push((seal.first, seal.last)),
                Err(what) => frauds.push(Fraud { by: blamed(from, what), what }),
            }
        }
        (proven, frauds)
    }

    fn check_run(&mut self, seal: &Seal, held: &[Named<'_>]) -> Result<(), Distrust> {
        let id = ChangeId { author: seal.author, tick: seal.last };
        if let Some(certificate) = &seal.certificate {
            self.learn(seal.author, certificate)?;
        }
        let certificate = self.certificates.get(&seal.author).ok_or(Distrust::MayNotWrite(seal.author))?;
        let length = seal.last.checked_sub(seal.first).ok_or(Distrust::Forged(id))?;
        let run = run_of(held, seal, length).ok_or(Distrust::Unsigned(id))?;
        let link = Link::new(seal, run);
        let start = start_of(&self.access, seal.author);
        let chain = self.chains.entry(seal.author).or_insert_with(|| Chain::new(0, start));
        // What is known brings nothing new, its signature neither: unchecked, it is not to be kept.
        if chain.holds(&link) {
            return Ok(());
        }
        let signed = signed_text(&self.access, id, link.head());
        if !certificate.verifies(&signed, &seal.signature) {
            return Err(Distrust::Forged(id));
        }
        self.is_corrected |= chain.correct(&link);
        chain.enter(link).map_err(|tick| Distrust::Equivocation(ChangeId { author: seal.author, tick }))
    }

    /// The last tick that a run has to reach so that somebody else can check it, for one that
    /// should reach `last`: where its author signed.
    pub fn complete(&self, author: Author, last: Tick) -> Tick {
        if author == self.me {
            return last;
        }
        self.chains.get(&author).and_then(|chain| chain.signed_at_or_after(last)).unwrap_or(last)
    }

    /// What proves changes to somebody else, and those that it proves: all, but for those after
    /// their author's last signature. Own ones are signed here; the own certificate goes along
    /// unless it has been shown to the receiver.
    pub fn seal(&mut self, changes: &[Arc<Change>], is_shown: bool) -> (Vec<Arc<Change>>, Vec<Seal>) {
        let mut seals = Vec::new();
        for (author, first, last) in runs_of(changes) {
            if !self.is_certified(author) {
                continue;
            }
            if author == self.me {
                self.sign(last);
            }
            // A member's own has been shown, but not that for another name of its.
            let is_known = is_shown && author == self.me && author == author.member();
            let certificate = self.certificates.get(&author).filter(|_| !is_known);
            let certificate = certificate.map(|certificate| certificate.bytes().to_vec());
            let Some(chain) = self.chains.get(&author) else { continue };
            seals.extend(chain.prove(author, first, last).map(|seal| Seal { certificate, ..seal }));
        }
        let mut covered: Runs = BTreeMap::new();
        for seal in &seals {
            covered.entry(seal.author).or_default().push((seal.first, seal.last));
        }
        let proven = changes.iter().filter(|change| is_within(&covered, change)).cloned().collect();
        (proven, seals)
    }

    /// Signs the own changes up to a tick.
    fn sign(&mut self, last: Tick) {
        let Some(chain) = self.chains.get_mut(&self.me) else { return };
        let id = ChangeId { author: self.me, tick: last };
        if let Some(head) = chain.unsigned(last) {
            chain.signed(last, self.key.sign(&signed_text(&self.access, id, &head)));
        }
    }

    /// For somebody who starts from a version: each author's hash there.
    pub fn hashes_at(&self, clock: &VectorClock) -> Vec<(Author, Hash)> {
        let hash = |(author, tick)| Some((author, self.chains.get(&author)?.hash_at(tick)?));
        clock.iter().filter_map(hash).collect()
    }

    /// Starts from a version that somebody else vouches for: each author's hash there. What is
    /// known already stays, and what its author has signed counts more, whenever it comes.
    pub fn start_from(&mut self, clock: &VectorClock, hashes: &[(Author, Hash)]) {
        let told: BTreeMap<Author, Hash> = hashes.iter().copied().collect();
        for (author, tick) in clock.iter() {
            let known = self.chains.get(&author).is_some_and(|chain| chain.hash_at(tick).is_some());
            // One that was left out is as good as one that was made up; own changes go on from none.
            let is_mine = author.member() == self.me.member();
            let hash = told.get(&author).copied().or_else(|| (!is_mine).then_some([0; 32]));
            let Some(hash) = hash.filter(|_| tick > 0 && !known) else { continue };
            let chain = self.chains.entry(author).or_insert_with(|| Chain::new(tick, hash));
            // What contradicts it is left out, as if it had come later.
            let _ = chain.restart(tick, hash);
        }
    }

    /// Whether what is kept beside the version that the history starts from has changed since this
    /// was last asked.
    pub fn take_corrected(&mut self) -> bool {
        std::mem::take(&mut self.is_corrected)
    }

    /// Up to which tick two ledgers were told the same of an author; nothing if nothing contradicts.
    pub fn parted_from(&self, other: &Self, author: Author) -> Option<Tick> {
        let (here, there) = (self.chains.get(&author)?, other.chains.get(&author)?);
        let differs = |tick: Tick| {
            let hashes = here.hash_at(tick).zip(there.hash_at(tick));
            hashes.is_some_and(|(here, there)| here != there)
        };
        let last = here.last().min(there.last());
        differs(last).then(|| (0..last).rev().find(|&tick| !differs(tick)).unwrap_or(0))
    }

    /// Forgets what is before a version.
    pub fn forget(&mut self, clock: &VectorClock) {
        for (author, tick) in clock.iter() {
            if let Some(chain) = self.chains.get_mut(&author) {
                chain.forget(tick);
            }
        }
    }
}

/// A change and its name.
type Named<'a> = (ChangeId, &'a Arc<Change>);

/// Runs of ticks of some authors, first and last.
type Runs = BTreeMap<Author, Vec<(Tick, Tick)>>;

/// Whether some of the changes, which are sorted by name, are an author's.
fn is_begun(held: &[Named<'_>], author: Author) -> bool {
    let at = held.partition_point(|(id, _)| id.author < author);
    held.get(at).is_some_and(|(id, _)| id.author == author)
}

/// The changes that a seal is about, if all are among those held, which are sorted by name.
fn run_of<'a, 'b>(held: &'a [Named<'b>], seal: &Seal, length: u64) -> Option<&'a [Named<'b>]> {
    let named = |tick| ChangeId { author: seal.author, tick };
    let first = held.partition_point(|&(id, _)| id < named(seal.first));
    let last = first.checked_add(usize::try_from(length).ok()?)?;
    let is_whole = |run: &&[Named<'_>]| {
        let ends = run.first().zip(run.last());
        seal.first > 0
            && ends.is_some_and(|(one, other)| (one.0, other.0) == (named(seal.first), named(seal.last)))
    };
    held.get(first..=last).filter(is_whole)
}

/// The hash before an author's first change.
fn start_of(access: &Access, author: Author) -> Hash {
    let mut text = b"ultrawave 1 first change".to_vec();
    text.extend(access.identity());
    text.extend(author.0.to_be_bytes());
    *blake3::hash(&text).as_bytes()
}

/// Who did wrong: honest members check what they pass on, and whoever signs two histories has
/// shown it by the signatures.
fn blamed(from: Author, what: Distrust) -> Author {
    match what {
        Distrust::Equivocation(id) => id.author,
        Distrust::Unsigned(_) | Distrust::MayNotWrite(_) | Distrust::TwoKeys(_) | Distrust::Forged(_) => from,
    }
}

/// What an author signs.
fn signed_text(access: &Access, id: ChangeId, head: &Hash) -> Vec<u8> {
    let mut text = b"ultrawave 1 changes".to_vec();
    text.extend(access.identity());
    text.extend(id.author.0.to_be_bytes());
    text.extend(id.tick.to_be_bytes());
    text.extend(head);
    text
}

/// Whether a change is in one of its author's runs.
fn is_within(runs: &Runs, change: &Change) -> bool {
    let runs = runs.get(&change.author);
    runs.is_some_and(|runs| runs.iter().any(|&(first, last)| (first..=last).contains(&change.tick())))
}

/// The runs of ticks without a gap: author, first, last.
fn runs_of(changes: &[Arc<Change>]) -> Vec<(Author, Tick, Tick)> {
    let mut ids: Vec<(Author, Tick)> = changes.iter().map(|change| (change.author, change.tick())).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut runs: Vec<(Author, Tick, Tick)> = Vec::new();
    for (author, tick) in ids {
        match runs.last_mut() {
            Some((of, _, last)) if *of == author && *last + 1 == tick => *last = tick,
            _ => runs.push((author, tick, tick)),
        }
    }
    runs
}
