//! What happens to the members of a room: they come, edit, lose each other, and go.

use std::collections::BTreeSet;

use ultrawave::document::parse;
use ultrawave::session::{Presence, Session, SessionOptions};
use ultrawave::sync::{Author, Checkpoint, VectorClock};

use crate::edits::{SOURCE, random_edit};
use crate::network::Faults;
use crate::world::{Happening, Member, World, ms};

impl World {
    pub(crate) fn join(&mut self) {
        if self.authors > 0 && !self.members.values().any(|member| member.ready && !member.leaving) {
            return;
        }
        self.authors += 1;
        let who = Author(self.authors);
        let others: Vec<Author> = self.members.keys().copied().collect();
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
        let member = Member {
            session,
            seen: VectorClock::new(),
            ready: first,
            leaving: false,
            answered: BTreeSet::new(),
            made: 0,
        };
        self.members.insert(who, member);
        for other in others {
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
        let burst = if self.random.chance(10) { self.random.between(2, 30) } else { 1 };
        for _ in 0..burst {
            match self.random.below(12) {
                0 => self.undo(who, false),
                1 => self.undo(who, true),
                2 => {
                    let path = Some(ultrawave::document::Path::ROOT.key("list"));
                    let presence = Presence { path, editing: self.random.chance(50), ..Presence::default() };
                    let now = self.now;
                    self.members.get_mut(&who).unwrap().session.set_presence(now, presence);
                }
                _ => self.edit(who),
            }
            self.drain(who);
        }
        if self.random.chance(1) {
            self.leave(who);
        }
        self.after(5, 400, Happening::Act(who));
    }

    pub(crate) fn edit(&mut self, who: Author) {
        let now = self.now;
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
            self.changes.push(change);
        }
    }

    pub(crate) fn undo(&mut self, who: Author, again: bool) {
        let now = self.now;
        let session = &mut self.members.get_mut(&who).unwrap().session;
        let undone = if again { session.redo(now) } else { session.undo(now) };
        if let Some(undone) = undone {
            self.tally.undone += 1;
            self.note(|_| format!("{who} {} {:?}", if again { "redoes" } else { "undoes" }, undone.changes));
            self.changes.extend(undone.changes);
        }
    }

    /// Something breaks.
    pub(crate) fn fault(&mut self) {
        if self.now >= self.ends_at {
            return;
        }
        let here: Vec<Author> = self.members.keys().copied().collect();
        if here.len() > 1 {
            let (left, right) = (self.random.pick(&here), self.random.pick(&here));
            match self.random.below(10) {
                0..=2 if left != right => self.cut(left, right),
                3..=5 if left != right => {
                    let until = self.now + ms(self.random.between(100, 9_000));
                    self.note(|_| format!("nothing gets through between {left} and {right}"));
                    self.network.block(left, right, until);
                }
                6 => self.partition(&here),
                7 => self.crash(left),
                8 => self.leave(left),
                _ => self.network.faults = Faults::random(&mut self.random),
            }
        }
        self.after(50, 1_500, Happening::Fault);
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

    pub(crate) fn partition(&mut self, here: &[Author]) {
        let until = self.now + ms(self.random.between(500, 5_000));
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
        let now = self.now;
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
        }
    }

    /// A member is there no longer; the others learn of it in different ways.
    pub(crate) fn gone(&mut self, who: Author) {
        let Some(mut member) = self.members.remove(&who) else { return };
        member.made = own_tick(&member.session);
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
        self.network.unblock();
        let here: Vec<Author> = self.members.keys().copied().collect();
        for &left in &here {
            for &right in here.iter().filter(|&&right| right > left) {
                self.after(3_500, 4_000, Happening::Connect(left, right));
            }
        }
    }
}

fn own_tick(session: &Session) -> u64 {
    session.replica().map_or(0, |replica| replica.clock().get(session.author()))
}
