//! The runs in which members sign what they write, check what the others do, and keep it all on a disk
//! that is behind: with the ledger and the records of a real room.

use std::collections::VecDeque;
use std::sync::Arc;

use ultrawave::session::{Dropped, Input, Record, Session};
use ultrawave::sync::{Author, Change, Checkpoint, Replica};
use ultrawave::trust::{Access, AuthorKey, Certificate, Evidence, Ledger, Secret};

use crate::world::{Happening, World};

/// In how many runs of a hundred.
const SHARE: u64 = 30;

/// How often in a hundred times the whole is stored anew.
const WHOLE: u64 = 5;

/// What one member keeps.
pub(crate) struct Disk {
    /// How often it has come back: what is on its way to the disk ends with the process.
    life: u64,
    unwritten: VecDeque<(u64, Record)>,
    start: Option<Checkpoint>,
    changes: Vec<Arc<Change>>,
    evidence: Vec<Evidence>,
    /// Under which name the session wrote, and under which ones before.
    author: Author,
    mine: Vec<Author>,
    dropped: Dropped,
}

impl Disk {
    fn new(author: Author) -> Self {
        Self {
            life: 0,
            unwritten: VecDeque::new(),
            start: None,
            changes: Vec::new(),
            evidence: Vec::new(),
            author,
            mine: vec![author],
            dropped: Dropped::default(),
        }
    }

    /// Notes who the session is, which comes before anything that follows from it.
    fn note(&mut self, session: &Session) {
        self.author = session.author();
        self.dropped = session.dropped().clone();
        if !self.mine.contains(&self.author) {
            self.mine.push(self.author);
        }
    }

    fn write(&mut self, record: Record) {
        match record {
            Record::Whole(start, changes, evidence) => {
                (self.start, self.changes, self.evidence) = (Some(start), changes, evidence);
            }
            Record::Changes(changes, evidence) => {
                self.changes.extend(changes);
                self.evidence.extend(evidence);
            }
        }
    }
}

/// Whether the members of a run sign and keep.
pub(crate) fn is_kept(seed: u64) -> bool {
    crate::random::Random::of(seed, 1 << 40).chance(SHARE)
}

fn access() -> Access {
    Access::locked(Secret::new([1; 32]), Secret::new([2; 32]))
}

fn key(who: Author) -> AuthorKey {
    AuthorKey::new(&Secret::new([u8::try_from(who.0).unwrap(); 32]))
}

/// What a member shows before anything else.
pub(crate) fn certificate(who: Author) -> Vec<u8> {
    Certificate::issue(&access(), who, &key(who)).unwrap().bytes().to_vec()
}

/// A newcomer that signs and keeps.
pub(crate) fn begin(session: Session) -> (Session, Disk) {
    let who = session.author();
    let ledger = Ledger::new(access(), who, key(who));
    (session.with_ledger(ledger).kept(false), Disk::new(who))
}

impl World {
    /// A session wants something stored: it will be, in a while.
    pub(crate) fn store(&mut self, who: Author, number: u64, record: Record) {
        let Some(disk) = self.members.get_mut(&who).and_then(|member| member.disk.as_mut()) else { return };
        disk.unwritten.push_back((number, record));
        let life = disk.life;
        self.after(0, 60, Happening::Stored { who, life, number });
    }

    /// Everything up to a record gets to a disk.
    pub(crate) fn stored(&mut self, who: Author, life: u64, number: u64) {
        let Some(member) = self.members.get_mut(&who) else { return };
        let Some(disk) = member.disk.as_mut().filter(|disk| disk.life == life) else { return };
        disk.note(&member.session);
        while disk.unwritten.front().is_some_and(|(written, _)| *written <= number) {
            let (_, record) = disk.unwritten.pop_front().unwrap();
            disk.write(record);
        }
        let mut last = number;
        if self.random.chance(WHOLE)
            && let Some((whole, record)) = member.session.whole()
        {
            disk.unwritten.clear();
            disk.write(record);
            last = whole;
        }
        self.feed(who, Input::Stored(last));
    }

    /// The session that a disk has, if it has one: what was not there yet nobody may have heard of.
    pub(crate) fn restored(
        &mut self, disk: &mut Disk, make: impl FnOnce(Replica) -> Session,
    ) -> Option<Session> {
        disk.life += 1;
        disk.unwritten.clear();
        let start = disk.start.clone()?;
        let mut ledger = Ledger::new(access(), disk.author, key(disk.author.member()));
        ledger.restore(&start.clock, &disk.changes, &disk.evidence, &disk.mine);
        let replica = Replica::restore(start, disk.changes.iter().cloned(), self.history).unwrap();
        for &name in &disk.mine {
            let kept = replica.clock().get(name);
            for (who, other) in &self.members {
                let heard = other.session.replica().map_or(0, |replica| replica.clock().get(name));
                assert!(heard <= kept, "{who} has change {heard} of {name}, who had stored {kept}");
            }
            self.changes.retain(|id, _| id.author != name || id.tick <= kept);
        }
        self.tally.restored += 1;
        Some(make(replica.of(disk.author)).with_ledger(ledger).kept(true).with_dropped(disk.dropped.clone()))
    }
}
