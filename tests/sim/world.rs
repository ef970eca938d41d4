//! A room full of real sessions, what happens to them, and what must be true in the end.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ultrawave::document::parse;
use ultrawave::limits;
use ultrawave::session::{
    Channel, Event, Input, Link, Message, Output, Presence, Session, SessionOptions, Time,
};
use ultrawave::sync::{Author, Change, Checkpoint, Replica, VectorClock};

use crate::edits::{SOURCE, random_edit};
use crate::network::{Faults, Network};
use crate::random::Random;

/// Something that will happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Arrives { from: Author, to: Author, channel: u8, epoch: u64, text: String },
    Connected { who: Author, peer: Author },
    Disconnected { who: Author, peer: Author },
    Left { who: Author, peer: Author },
    Connect(Author, Author),
    Act(Author),
    Fault,
    Join,
    Gone(Author),
}

/// One member.
struct Member {
    session: Session,
    /// A version that was on the screen a while ago.
    seen: VectorClock,
    ready: bool,
    leaving: bool,
    /// Who answered its goodbye.
    answered: BTreeSet<Author>,
    /// How many changes it had made when it left.
    made: u64,
}

/// What happened in a run, for whoever wants to know that the run was worth it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) edits: usize,
    pub(crate) undone: usize,
    pub(crate) joined: usize,
    pub(crate) left: usize,
    pub(crate) crashed: usize,
    pub(crate) cuts: usize,
    pub(crate) requests: usize,
    pub(crate) documents: usize,
}

pub(crate) struct World {
    random: Random,
    now: Time,
    network: Network,
    members: BTreeMap<Author, Member>,
    departed: Vec<(Author, Member)>,
    authors: u32,
    most: usize,
    history: usize,
    happenings: BinaryHeap<Reverse<(Time, u64, Happening)>>,
    order: u64,
    ends_at: Time,
    changes: Vec<Arc<Change>>,
    /// The last moment at which somebody said something other than that it is alive.
    busy_at: Time,
    pub(crate) tally: Tally,
    /// What happened, for a person to read.
    trace: Option<String>,
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How long everything is quiet and whole in the end.
const QUIET: Duration = ms(45_000);

impl World {
    pub(crate) fn new(seed: u64, traced: bool) -> Self {
        let mut random = Random::new(seed);
        let network = Network::new(Faults::random(&mut random));
        let most = random.pick(&[2, 3, 3, 4, 6]);
        let history = random.pick(&[limits::HISTORY_CHANGES, limits::HISTORY_CHANGES, 64]);
        let ends_at = ms(random.between(1_000, 8_000));
        let mut world = Self {
            random,
            now: Time::ZERO,
            network,
            members: BTreeMap::new(),
            departed: Vec::new(),
            authors: 0,
            most,
            history,
            happenings: BinaryHeap::new(),
            order: 0,
            ends_at,
            changes: Vec::new(),
            busy_at: Time::ZERO,
            tally: Tally::default(),
            trace: traced.then(String::new),
        };
        world.note(|world| format!("{:?}, at most {most} members, history {history}", world.network.faults));
        world.join();
        for _ in 1..most {
            let at = ms(world.random.between(0, ends_at.as_millis().try_into().unwrap()));
            world.at(at, Happening::Join);
        }
        world.at(ms(200), Happening::Fault);
        world
    }

    /// Lets everything happen, and then checks what must be true.
    pub(crate) fn run(&mut self) {
        self.run_until(self.ends_at);
        self.heal();
        self.run_until(self.ends_at + QUIET);
        self.check();
    }

    /// What happened, if it was recorded.
    pub(crate) fn take_trace(&mut self) -> Option<String> {
        self.trace.take()
    }

    fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        if self.trace.is_some() {
            let line = line(self);
            let now = self.now.as_millis();
            let _ = writeln!(self.trace.as_mut().unwrap(), "{now:6} {line}");
        }
    }

    fn at(&mut self, at: Time, happening: Happening) {
        self.order += 1;
        self.happenings.push(Reverse((at, self.order, happening)));
    }

    fn after(&mut self, from_ms: u64, to_ms: u64, happening: Happening) {
        let at = self.now + ms(self.random.between(from_ms, to_ms));
        self.at(at, happening);
    }

    fn run_until(&mut self, end: Time) {
        loop {
            let timeout =
                self.members.iter().filter_map(|(&who, member)| Some((member.session.next_timeout()?, who)));
            let timeout = timeout.min();
            let happening = self.happenings.peek().map(|Reverse((at, _, _))| *at);
            if let Some((at, who)) =
                timeout.filter(|&(at, _)| happening.is_none_or(|happening| at < happening))
            {
                if at > end {
                    return;
                }
                self.now = self.now.max(at);
                self.feed(who, Input::Timeout);
                let next = self.members.get(&who).and_then(|member| member.session.next_timeout());
                assert!(next.is_none_or(|next| next > self.now), "{who} waits for what is past");
                continue;
            }
            match self.happenings.pop() {
                Some(Reverse((at, _, happening))) if at <= end => {
                    self.now = self.now.max(at);
                    self.happen(happening);
                }
                Some(later) => {
                    self.happenings.push(later);
                    return;
                }
                None => return,
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives { from, to, channel, epoch, text } => {
                if self.network.carries(from, to, epoch) {
                    self.note(|_| {
                        format!("{to} <- {from} {} {text}", ["ops", "sync", "presence"][usize::from(channel)])
                    });
                    let message = Message::decode(&text).unwrap();
                    if message == Message::Goodbye
                        && let Some(member) = self.members.get_mut(&to)
                    {
                        member.answered.insert(from);
                    }
                    self.feed(to, Input::Message(from, message));
                }
            }
            Happening::Connected { who, peer } => {
                if self.network.is_connected(who, peer) {
                    self.feed(who, Input::Connected(peer));
                }
            }
            Happening::Disconnected { who, peer } => self.feed(who, Input::Disconnected(peer)),
            Happening::Left { who, peer } => self.feed(who, Input::Left(peer)),
            Happening::Connect(left, right) => self.connect(left, right),
            Happening::Act(who) => self.act(who),
            Happening::Fault => self.fault(),
            Happening::Join => self.join(),
            Happening::Gone(who) => self.gone(who),
        }
    }

    /// Feeds a session and does what it wants done.
    fn feed(&mut self, who: Author, input: Input) {
        let Some(member) = self.members.get_mut(&who) else { return };
        let now = self.now;
        if self.trace.is_some() && !matches!(input, Input::Message(..) | Input::Timeout) {
            self.note(|_| format!("{who} {input:?}"));
            self.members.get_mut(&who).unwrap().session.handle(now, input);
        } else {
            member.session.handle(now, input);
        }
        self.drain(who);
    }

    fn drain(&mut self, who: Author) {
        loop {
            let Some(member) = self.members.get_mut(&who) else { return };
            match member.session.poll() {
                Some(Output::Send(to, channel, message)) => self.send(who, to, channel, &message),
                Some(Output::Event(event)) => self.told(who, event),
                None => return,
            }
        }
    }

    fn send(&mut self, from: Author, to: Author, channel: Channel, message: &Message) {
        match message {
            Message::Clock(_) | Message::Presence(_) | Message::Goodbye => {}
            Message::RequestSync(_) => {
                self.tally.requests += 1;
                self.busy_at = self.now;
            }
            Message::Document { .. } => {
                self.tally.documents += 1;
                self.busy_at = self.now;
            }
            Message::Hello { .. }
            | Message::RequestDocument
            | Message::RequestChanges(_)
            | Message::Change(_)
            | Message::Changes(_) => self.busy_at = self.now,
        }
        let text = message.encode();
        let number = match channel {
            Channel::Ops => 0,
            Channel::Sync => 1,
            Channel::Presence => 2,
        };
        for arrival in self.network.send(&mut self.random, self.now, from, to, channel) {
            let epoch = arrival.epoch;
            self.at(arrival.at, Happening::Arrives { from, to, channel: number, epoch, text: text.clone() });
        }
    }

    fn told(&mut self, who: Author, event: Event) {
        match event {
            Event::Ready => {
                self.note(|_| format!("{who} is ready"));
                self.members.get_mut(&who).unwrap().ready = true;
            }
            Event::Changed(_) | Event::People | Event::Progress => {}
            Event::Refused(..)
            | Event::CallbackFailed(_)
            | Event::Garbage(..)
            | Event::Incompatible(..)
            | Event::Replaced(_)
            | Event::Stranded(_) => panic!("{who} was told {event:?}"),
        }
    }

    fn join(&mut self) {
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
            self.after(10, 600, Happening::Connect(who, other));
        }
        self.after(10, 300, Happening::Act(who));
    }

    fn connect(&mut self, left: Author, right: Author) {
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
    fn act(&mut self, who: Author) {
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
                    let presence = Presence { name: String::new(), path, editing: self.random.chance(50) };
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

    fn edit(&mut self, who: Author) {
        let now = self.now;
        let member = self.members.get_mut(&who).unwrap();
        let Some(snapshot) = member.session.snapshot() else { return };
        let (path, method) = random_edit(&mut self.random, &snapshot.value);
        let base = self.random.chance(20).then(|| member.seen.clone());
        if self.random.chance(30) {
            member.seen = snapshot.clock;
        }
        let group = self.random.pick(&[0, 0, 7, 8]);
        if let Ok(change) = member.session.edit(now, base.as_ref(), group, path, method) {
            self.tally.edits += 1;
            self.note(|_| format!("{who} edits: {change:?}"));
            self.changes.push(change);
        }
    }

    fn undo(&mut self, who: Author, again: bool) {
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
    fn fault(&mut self) {
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
    fn cut(&mut self, left: Author, right: Author) {
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

    fn partition(&mut self, here: &[Author]) {
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
    fn can_go(&self, who: Author) -> bool {
        let stays = |(&author, member): (&Author, &Member)| author != who && member.ready && !member.leaving;
        self.members.get(&who).is_some_and(|member| !member.leaving) && self.members.iter().any(stays)
    }

    fn leave(&mut self, who: Author) {
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

    fn crash(&mut self, who: Author) {
        if self.can_go(who) {
            self.tally.crashed += 1;
            self.note(|_| format!("{who} crashes"));
            self.gone(who);
        }
    }

    /// A member is there no longer; the others learn of it in different ways.
    fn gone(&mut self, who: Author) {
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
    fn heal(&mut self) {
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

    fn check(&self) {
        let (_, first) = self.members.first_key_value().unwrap();
        let expected = first.session.snapshot().unwrap();
        // What somebody took along who crashed, or left without having been heard.
        let lost = self.departed.iter().any(|(who, member)| expected.clock.get(*who) < member.made);
        for (who, member) in &self.members {
            let session = &member.session;
            let snapshot = session.snapshot().unwrap_or_else(|| panic!("{who} has no document"));
            assert_eq!(snapshot.clock, expected.clock, "{who} has not seen the same");
            assert_eq!(snapshot.value.to_string(), expected.value.to_string(), "{who} shows something else");
            assert_eq!(snapshot.source, expected.source);
            assert_eq!(session.unacknowledged(), 0, "changes of {who} are not acknowledged");
            assert_eq!(session.is_kept_elsewhere(), self.members.len() > 1);
            if !lost {
                assert_eq!(session.replica().unwrap().pending(), 0, "changes wait for ever at {who}");
            }
            self.check_people(*who, session);
        }
        assert!(self.now - self.busy_at > ms(8_000), "they go on talking: {:?}", self.busy_at);
        self.check_departed(&expected.clock);
        self.check_fold(&expected.clock, &expected.value.to_string());
    }

    fn check_people(&self, who: Author, session: &Session) {
        let people = session.people();
        let seen: Vec<Author> = people.iter().map(|person| person.author).collect();
        let there: Vec<Author> = self.members.keys().copied().filter(|&other| other != who).collect();
        assert_eq!(seen, there, "{who} sees others than are there");
        for person in people {
            assert_eq!(person.link, Link::Live, "{who} does not hear {}", person.author);
            assert_eq!(person.presence.name, format!("peer {}", person.author));
            assert_eq!(person.clock, *session.replica().unwrap().clock());
        }
    }

    /// Whoever left and was answered by one who is still here has left nothing behind.
    fn check_departed(&self, clock: &VectorClock) {
        for (who, member) in &self.departed {
            if member.answered.iter().any(|answered| self.members.contains_key(answered)) {
                assert!(clock.get(*who) >= member.made, "edits of {who} were lost when it left");
            }
        }
    }

    /// The document is what follows from the changes, whoever brought them in what order.
    fn check_fold(&self, clock: &VectorClock, expected: &str) {
        let source =
            Checkpoint { source: SOURCE.into(), value: parse(SOURCE).unwrap(), clock: VectorClock::new() };
        let mut replica = Replica::new(Author(u32::MAX), source, usize::MAX);
        let seen = self.changes.iter().filter(|change| clock.saw(change.id()));
        let received = replica.receive(seen.map(|change| Change::clone(change)));
        assert_eq!(received.refused, []);
        assert_eq!(replica.clock(), clock, "somebody has seen what nobody made");
        assert_eq!(replica.value().to_string(), expected, "the document does not follow from the changes");
    }
}

fn own_tick(session: &Session) -> u64 {
    session.replica().map_or(0, |replica| replica.clock().get(session.author()))
}
