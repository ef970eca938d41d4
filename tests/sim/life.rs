//! What happens to the members of a room: they come, edit, lose each other, and go.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::session::{Input, Message, Presence, Session, SessionOptions, Time, VERSION};
use ultrawave::sync::{Author, Change, Checkpoint, Replica, VectorClock};

use crate::disk;
use crate::edits::{MARKS, SOURCE, random_edit};
use crate::network::Faults;
use crate::random::Random;
use crate::world::{Happening, LocalClock, Member, STRANGER, World, ms};

impl World {
    pub(crate) fn join(&mut self) {
        if self.authors > 0 && !self.members.values().any(|member| member.ready && !member.leaving) {
            return;
        }
        self.authors += 1;
        let who = Author(self.authors);
        let others: Vec<Author> = self.members.keys().copied().collect();
        let mut chance = Random::of(self.seed, u64::from(self.authors) << 32);
        self.note(|_| format!("{who} joins {others:?}"));
        let options = SessionOptions { name: format!("peer {who}"), history: self.history };
        let first = self.authors == 1;
        let session = if first {
            let checkpoint = Checkpoint {
                source: SOURCE.into(),
                value: parse(SOURCE).unwrap(),
                clock: VectorClock::new(),
            };
            Session::create(who, checkpoint, options)
        } else {
            self.tally.joined += 1;
            Session::join(who, &others, options)
        };
        let (session, disk) = if self.is_kept {
            let (session, disk) = disk::begin(session);
            (session, Some(disk))
        } else {
            (session, None)
        };
        let member = Member {
            session,
            clock: LocalClock::random(&mut chance),
            marks: BTreeSet::new(),
            woken: 0,
            seen: VectorClock::new(),
            ready: first,
            leaving: false,
            answered: BTreeSet::new(),
            made: 0,
            disk,
        };
        self.members.insert(who, member);
        self.enter(who, &others);
    }

    /// A member, new or back again, finds the others.
    fn enter(&mut self, who: Author, others: &[Author]) {
        for &other in others {
            self.after(0, 10, Happening::Joined { who: other, peer: who });
            self.after(10, 600, Happening::Connect(who, other));
        }
        self.after(10, 300, Happening::Act(who));
    }

    pub(crate) fn connect(&mut self, left: Author, right: Author) {
        let both_here = self.members.contains_key(&left) && self.members.contains_key(&right);
        if !both_here || self.network.is_connected(left, right) {
            return;
        }
        let (left_at, right_at) =
            (self.now + ms(self.random.between(0, 50)), self.now + ms(self.random.between(0, 50)));
        self.network.connect((left, left_at), (right, right_at));
        self.at(left_at, Happening::Connected { who: left, peer: right });
        self.at(right_at, Happening::Connected { who: right, peer: left });
    }

    /// A member does what a person does.
    pub(crate) fn act(&mut self, who: Author) {
        if self.now >= self.ends_at || !self.members.contains_key(&who) {
            return;
        }
        let taken = self.step();
        if self.is_long {
            self.after(100, 4_000, Happening::Act(who));
        } else {
            self.after(5, 400, Happening::Act(who));
        }
        if !taken {
            return;
        }
        let burst = if self.random.chance(10) { self.random.between(2, 30) } else { 1 };
        for _ in 0..burst {
            match self.random.below(12) {
                0 => self.undo(who, false),
                1 => self.undo(who, true),
                2 => {
                    let path = Some(Path::ROOT.key("list"));
                    let presence = Presence { path, editing: self.random.chance(50), ..Presence::default() };
                    let now = self.local(who);
                    self.members.get_mut(&who).unwrap().session.set_presence(now, presence);
                }
                3 => self.mark(who),
                _ => self.edit(who),
            }
            self.drain(who);
        }
        if self.random.chance(1) {
            self.leave(who);
        }
    }

    /// Writes something that is never taken away again.
    fn mark(&mut self, who: Author) {
        let now = self.local(who);
        let member = self.members.get_mut(&who).unwrap();
        let mark = format!("mark {who}-{}", self.changes.len());
        let items = vec![Value::string(&mark)];
        let method = Method::Splice { start: i64::MAX, count: 0, items };
        if member.session.edit(now, None, 0, Path::ROOT.key(MARKS), method).is_ok() {
            member.marks.insert(mark);
        }
    }

    pub(crate) fn edit(&mut self, who: Author) {
        let now = self.local(who);
        let member = self.members.get_mut(&who).unwrap();
        let Some(snapshot) = member.session.snapshot() else { return };
        let (path, method) = random_edit(&mut self.random, &snapshot.value);
        let base = self.random.chance(20).then(|| member.seen.clone());
        if self.random.chance(10) {
            member.seen = snapshot.clock;
        }
        let group = self.random.pick(&[0, 0, 7, 8]);
        if let Ok(change) = member.session.edit(now, base.as_ref(), group, path, method) {
            self.tally.edits += 1;
            self.note(|_| format!("{who} edits: {change:?}"));
        }
    }

    pub(crate) fn undo(&mut self, who: Author, again: bool) {
        let now = self.local(who);
        let session = &mut self.members.get_mut(&who).unwrap().session;
        let undone = if again { session.redo(now) } else { session.undo(now) };
        if let Some(undone) = undone {
            self.tally.undone += 1;
            self.note(|_| format!("{who} {} {:?}", if again { "redoes" } else { "undoes" }, undone.changes));
            // What it takes back may be a mark.
            let member = self.members.get_mut(&who).unwrap();
            let shown = marks_in(&member.session);
            member.marks.retain(|mark| shown.contains(mark));
        }
    }

    /// Something breaks.
    pub(crate) fn fault(&mut self) {
        if self.now >= self.ends_at {
            return;
        }
        let taken = self.step();
        if self.is_long {
            self.after(500, 15_000, Happening::Fault);
        } else {
            self.after(50, 1_500, Happening::Fault);
        }
        let here: Vec<Author> = self.members.keys().copied().collect();
        if taken && here.len() > 1 {
            let longest = if self.is_long { 80_000 } else { 9_000 };
            let (left, right) = (self.random.pick(&here), self.random.pick(&here));
            match self.random.below(12) {
                0..=2 if left != right => self.cut(left, right),
                3..=5 if left != right => {
                    let until = self.now + ms(self.random.between(100, longest));
                    self.note(|_| format!("nothing gets through between {left} and {right}"));
                    self.network.block(left, right, until);
                }
                6 | 9 => self.partition(&here, longest),
                7 => self.crash(left),
                8 => self.leave(left),
                10 if left != right => self.doubt(left, right),
                _ => self.network.faults = Faults::random(&mut self.random),
            }
        }
    }

    /// Breaks a connection, of which each side learns in its own time.
    pub(crate) fn cut(&mut self, left: Author, right: Author) {
        if !self.network.is_settled(self.now, left, right) {
            return;
        }
        self.tally.cuts += 1;
        self.note(|_| format!("{left} and {right} are cut"));
        self.network.disconnect(left, right);
        self.after(0, 3_000, Happening::Disconnected { who: left, peer: right });
        self.after(0, 3_000, Happening::Disconnected { who: right, peer: left });
        self.after(3_001, 6_000, Happening::Connect(left, right));
    }

    /// One of two takes their connection for broken, and then for whole again; the other notices
    /// nothing.
    fn doubt(&mut self, who: Author, peer: Author) {
        let Some(epoch) = self.network.epoch(peer, who) else { return };
        if self.network.is_settled(self.now, who, peer) {
            self.note(|_| format!("{who} does not hear {peer} for a while"));
            self.feed(who, Input::Disconnected(peer));
            self.after(100, 4_000, Happening::Resumed { who, peer, epoch });
        }
    }

    /// The channels to a peer are open, on one side.
    pub(crate) fn meet(&mut self, who: Author, peer: Author) {
        if self.is_kept {
            self.feed(who, Input::Certified(peer, disk::certificate(peer)));
        }
        self.feed(who, Input::Connected(peer));
    }

    pub(crate) fn partition(&mut self, here: &[Author], longest: u64) {
        let until = self.now + ms(self.random.between(500, longest));
        let side: BTreeSet<Author> = here.iter().copied().filter(|_| self.random.chance(50)).collect();
        self.note(|_| format!("{side:?} are alone"));
        for &left in &side {
            for &right in here.iter().filter(|right| !side.contains(right)) {
                self.network.block(left, right, until);
            }
        }
    }

    /// Whether the room survives without somebody.
    pub(crate) fn can_go(&self, who: Author) -> bool {
        let stays = |(&author, member): (&Author, &Member)| author != who && member.ready && !member.leaving;
        self.members.get(&who).is_some_and(|member| !member.leaving) && self.members.iter().any(stays)
    }

    pub(crate) fn leave(&mut self, who: Author) {
        if !self.can_go(who) {
            return;
        }
        self.tally.left += 1;
        self.note(|_| format!("{who} leaves"));
        let now = self.local(who);
        let member = self.members.get_mut(&who).unwrap();
        member.leaving = true;
        member.session.leave(now);
        self.drain(who);
        self.after(0, 1_500, Happening::Gone(who));
    }

    pub(crate) fn crash(&mut self, who: Author) {
        if self.can_go(who) {
            self.tally.crashed += 1;
            self.note(|_| format!("{who} crashes"));
            self.gone(who);
            if self.random.chance(60) {
                let longest = if self.is_long { 60_000 } else { 4_000 };
                self.after(50, longest, Happening::Back(who));
            }
        }
    }

    /// Who crashed comes back with what was on its disk: all that it made, and of what it heard all
    /// but the latest.
    pub(crate) fn come_back(&mut self, who: Author) {
        let at = self.departed.iter().position(|(gone, _)| *gone == who);
        if self.now >= self.ends_at || !self.step() {
            return;
        }
        let (_, mut member) = self.departed.remove(at.unwrap());
        let others: Vec<Author> = self.members.keys().copied().collect();
        let options = SessionOptions { name: format!("peer {who}"), history: self.history };
        let make = |replica| Session::resume(replica, &others, options);
        let restored = match member.disk.as_mut() {
            Some(disk) => self.restored(disk, make),
            None => self.remembered(&member.session, make),
        };
        let Some(session) = restored else { return };
        self.note(|_| format!("{who} is back with {:?}", session.replica().unwrap().clock()));
        member.session = session;
        member.clock = member.clock.anew(self.now);
        member.seen = member.session.snapshot().unwrap().clock;
        member.made = 0;
        self.tally.back += 1;
        self.members.insert(who, member);
        self.enter(who, &others);
    }

    /// The session of before, without some of the latest that it had heard.
    fn remembered(&mut self, session: &Session, make: impl FnOnce(Replica) -> Session) -> Option<Session> {
        let replica = session.replica()?;
        let stored = what_is_stored(replica, self.random.below(6));
        let replica = Replica::restore(replica.checkpoint(), stored, self.history).unwrap();
        Some(make(replica.of(session.author())).with_dropped(session.dropped().clone()))
    }

    /// Somebody says what nobody honest says, at least not now and not to everyone.
    pub(crate) fn talk_nonsense(&mut self) {
        if self.now >= self.ends_at {
            return;
        }
        let taken = self.step();
        self.after(20, 900, Happening::Nonsense);
        let here: Vec<Author> = self.members.keys().copied().collect();
        if !taken || here.is_empty() {
            return;
        }
        self.tally.nonsense += 1;
        let to = self.random.pick(&here);
        if !self.members[&to].session.people().iter().any(|person| person.author == STRANGER) {
            self.feed(to, Input::Connected(STRANGER));
            let hello =
                format!(r#"["hello",{{"version":{VERSION},"name":"x","clock":{{}},"document":false}}]"#);
            self.feed(to, Input::Message(STRANGER, Message::decode(&hello).unwrap()));
            return;
        }
        let ticks =
            |random: &mut Random| format!(r#"{{"{}":{}}}"#, random.between(1, 4), random.between(1, 999));
        let tick = self.random.between(1, 50);
        let forged = match self.random.below(8) {
            0 => format!(r#"["clock",{}]"#, ticks(&mut self.random)),
            1 => format!(r#"["request changes",{}]"#, ticks(&mut self.random)),
            2 => format!(r#"["request sync",[[{},1,{tick}]]]"#, self.random.between(1, 4)),
            // Whoever waits for a document takes it from anybody.
            3 if !self.members[&to].ready => return,
            3 => r#"["document",{"source":"[]","clock":{},"changes":[]}]"#.to_owned(),
            4 => format!(r#"["change",[{{"id":2,"ticks":{{"2":{}}}}},"set",["a"],"forged"]]"#, tick + 1_000),
            5 => format!(r#"["change",[{{"id":666,"ticks":{{"666":{}}}}},"delete",["a"]]]"#, tick + 1),
            6 => {
                self.feed(to, Input::Garbage(STRANGER, "]".to_owned()));
                return;
            }
            _ if self.heard.is_empty() => return,
            // What others said, once more and as if it were its own.
            _ => {
                let heard = self.random.below(self.heard.len());
                self.heard[heard].clone()
            }
        };
        let message = Message::decode(&forged).unwrap();
        // Who is believed when it says that somebody is gone, or is somebody else, is a member.
        if !matches!(message, Message::Hello { .. } | Message::Dropped(_) | Message::Goodbye) {
            self.note(|_| format!("{to} <- stranger {forged}"));
            self.feed(to, Input::Message(STRANGER, message));
        }
    }

    /// A member is there no longer; the others learn of it in different ways.
    pub(crate) fn gone(&mut self, who: Author) {
        let Some(mut member) = self.members.remove(&who) else { return };
        member.made = own_tick(&member.session);
        for mark in std::mem::take(&mut member.marks) {
            let has = |other: &&Author| marks_in(&self.members[other].session).contains(&mark);
            let having: BTreeSet<Author> = self.members.keys().filter(has).copied().collect();
            self.inherited.insert(mark, having);
        }
        // What it had of others' is lost with it.
        for having in self.inherited.values_mut() {
            having.remove(&who);
        }
        self.departed.push((who, member));
        let others: Vec<Author> = self.members.keys().copied().collect();
        for other in others {
            self.network.disconnect(who, other);
            self.after(0, 3_000, Happening::Disconnected { who: other, peer: who });
            self.after(0, 5_000, Happening::Left { who: other, peer: who });
        }
    }

    /// All faults end.
    pub(crate) fn heal(&mut self) {
        self.note(|_| "everything is whole again".to_owned());
        self.network.faults = Faults::none();
        // What was held up arrives now, in its order.
        let soon = self.now + ms(1_000);
        self.network.unblock(soon);
        let hurry = |Reverse((at, order, happening)): Reverse<(Time, u64, Happening)>| {
            let is_held = matches!(happening, Happening::Arrives { .. });
            Reverse((if is_held { at.min(soon) } else { at }, order, happening))
        };
        self.happenings = std::mem::take(&mut self.happenings).into_iter().map(hurry).collect();
        let here: Vec<Author> = self.members.keys().copied().collect();
        for &who in &here {
            self.feed(who, Input::Disconnected(STRANGER));
            self.feed(who, Input::Left(STRANGER));
        }
        for &left in &here {
            for &right in here.iter().filter(|&&right| right > left) {
                self.after(3_500, 4_000, Happening::Connect(left, right));
            }
        }
    }
}

/// The changes on a disk that has not caught up with the latest of others'.
fn what_is_stored(replica: &Replica, lost: usize) -> Vec<Arc<Change>> {
    let mut stored: Vec<Arc<Change>> = replica.history().cloned().collect();
    for _ in 0..lost {
        let is_needed = |change: &Change| {
            change.author.member() == replica.author().member()
                || stored.iter().any(|other| other.id() != change.id() && other.clock.saw(change.id()))
        };
        let Some(at) = stored.iter().rposition(|change| !is_needed(change)) else { break };
        stored.remove(at);
    }
    stored
}

/// The marks that somebody sees.
pub(crate) fn marks_in(session: &Session) -> Vec<String> {
    let snapshot = session.snapshot();
    let list = snapshot.as_ref().and_then(|snapshot| snapshot.value.at(&Path::ROOT.key(MARKS)));
    let marks = list.iter().flat_map(|list| list.elements());
    marks.filter_map(|mark| Some(mark.as_text()?.plain().into_owned())).collect()
}

fn own_tick(session: &Session) -> u64 {
    session.replica().map_or(0, |replica| replica.clock().get(session.author()))
}
