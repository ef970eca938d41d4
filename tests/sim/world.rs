//! A room full of real sessions, the network between them, and the order in which all happens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt::Write as _;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use ultrawave::limits;
use ultrawave::session::{Channel, Event, Input, Message, Output, Session, Time};
use ultrawave::sync::{Author, Change, ChangeId, Replica, VectorClock};

use crate::disk::{self, Disk};
use crate::network::{Faults, Network};
use crate::random::Random;

/// Something that will happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Happening {
    Arrives { from: Author, to: Author, channel: u8, epoch: u64, text: String },
    Joined { who: Author, peer: Author },
    Connected { who: Author, peer: Author },
    Disconnected { who: Author, peer: Author },
    Resumed { who: Author, peer: Author, epoch: u64 },
    Left { who: Author, peer: Author },
    Connect(Author, Author),
    Stored { who: Author, life: u64, number: u64 },
    Act(Author),
    Fault,
    Join,
    Gone(Author),
    Back(Author),
    Nonsense,
}

/// What a member's clock shows, and how fast it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalClock {
    since: Time,
    ahead: Duration,
    per_mille: u32,
}

impl LocalClock {
    pub(crate) fn random(random: &mut Random) -> Self {
        let ahead = ms(random.between(0, 100_000));
        Self { since: Time::ZERO, ahead, per_mille: random.pick(&[1_000, 1_000, 950, 1_080]) }
    }

    /// The same of a process that begins now: a session counts from its own beginning.
    pub(crate) fn anew(self, now: Time) -> Self {
        Self { since: now, ahead: Duration::ZERO, ..self }
    }

    fn shows(self, now: Time) -> Time {
        self.ahead + now.saturating_sub(self.since) * self.per_mille / 1_000
    }

    /// When it shows so much.
    fn when(self, shown: Time) -> Time {
        let since = shown.saturating_sub(self.ahead);
        // Rounded up, so that it does show as much by then.
        self.since + since * 1_000 / self.per_mille + Duration::from_nanos(2)
    }
}

/// One member.
pub(crate) struct Member {
    pub(crate) session: Session,
    pub(crate) clock: LocalClock,
    /// What nobody but this member ever takes away again: each thing that it wrote once for all.
    pub(crate) marks: BTreeSet<String>,
    /// How often it was woken lately, and since when that is counted.
    pub(crate) woken: usize,
    /// A version that was on the screen a while ago.
    pub(crate) seen: VectorClock,
    pub(crate) ready: bool,
    pub(crate) leaving: bool,
    /// Who answered its goodbye.
    pub(crate) answered: BTreeSet<Author>,
    /// How many changes it had made when it left.
    pub(crate) made: u64,
    /// What it keeps, in a run in which it does.
    pub(crate) disk: Option<Disk>,
}

/// What happened in a run, for whoever wants to know that the run was worth it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) edits: usize,
    pub(crate) undone: usize,
    pub(crate) joined: usize,
    pub(crate) left: usize,
    pub(crate) crashed: usize,
    pub(crate) back: usize,
    /// Members that came back with what they had signed and kept.
    pub(crate) restored: usize,
    /// Members that started again from the others' document.
    pub(crate) replaced: usize,
    pub(crate) nonsense: usize,
    pub(crate) cuts: usize,
    pub(crate) requests: usize,
    pub(crate) documents: usize,
    /// Members that no longer remember all changes.
    pub(crate) forgot: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.edits += other.edits;
        self.undone += other.undone;
        self.joined += other.joined;
        self.left += other.left;
        self.crashed += other.crashed;
        self.back += other.back;
        self.restored += other.restored;
        self.replaced += other.replaced;
        self.nonsense += other.nonsense;
        self.cuts += other.cuts;
        self.requests += other.requests;
        self.documents += other.documents;
        self.forgot += other.forgot;
    }
}

pub(crate) struct World {
    pub(crate) seed: u64,
    /// Chance for what happens at the moment.
    pub(crate) random: Random,
    /// The number of the next step, and those that are left out.
    step: u64,
    left_out: BTreeSet<u64>,
    /// Whether it goes on for so long that silent members are dropped.
    pub(crate) is_long: bool,
    /// Whether somebody there says what nobody honest says.
    pub(crate) is_hostile: bool,
    /// Whether all is signed and kept.
    pub(crate) is_kept: bool,
    pub(crate) now: Time,
    pub(crate) network: Network,
    pub(crate) members: BTreeMap<Author, Member>,
    pub(crate) departed: Vec<(Author, Member)>,
    pub(crate) authors: u32,
    pub(crate) history: usize,
    pub(crate) happenings: BinaryHeap<Reverse<(Time, u64, Happening)>>,
    pub(crate) order: u64,
    pub(crate) ends_at: Time,
    pub(crate) changes: BTreeMap<ChangeId, Arc<Change>>,
    /// What was said lately, for somebody to say it again.
    pub(crate) heard: Vec<String>,
    /// Marks of those who have gone, each with those who had it then.
    pub(crate) inherited: BTreeMap<String, BTreeSet<Author>>,
    /// The last moment at which somebody said something other than that it is alive.
    pub(crate) busy_at: Time,
    pub(crate) tally: Tally,
    /// What happened, for a person to read.
    pub(crate) trace: Option<String>,
}

/// Who says what nobody honest says.
pub(crate) const STRANGER: Author = Author(666);

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How long everything is quiet and whole in the end.
const QUIET: Duration = ms(65_000);

/// How long after that nobody is to be woken by anything but pings.
pub(crate) const CALM: Duration = ms(10_000);

impl World {
    pub(crate) fn new(seed: u64, left_out: BTreeSet<u64>, traced: bool) -> Self {
        let mut random = Random::new(seed);
        let network = Network::new(Faults::random(&mut random), seed);
        let most = random.pick(&[2, 3, 3, 4, 6]);
        let is_long = random.chance(20);
        let is_hostile = random.chance(20);
        let history = if is_long {
            random.pick(&[8, 16, 64])
        } else {
            random.pick(&[limits::HISTORY_CHANGES, limits::HISTORY_CHANGES, 64, 16])
        };
        let ends_at =
            ms(if is_long { random.between(50_000, 150_000) } else { random.between(1_000, 8_000) });
        let mut world = Self {
            seed,
            random,
            step: 0,
            left_out,
            is_long,
            is_hostile,
            is_kept: disk::is_kept(seed),
            now: Time::ZERO,
            network,
            members: BTreeMap::new(),
            departed: Vec::new(),
            authors: 0,
            history,
            happenings: BinaryHeap::new(),
            order: 0,
            ends_at,
            changes: BTreeMap::new(),
            heard: Vec::new(),
            inherited: BTreeMap::new(),
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
        if is_hostile {
            world.after(300, 2_000, Happening::Nonsense);
        }
        world
    }

    /// How many steps there were.
    pub(crate) fn steps(&self) -> u64 {
        self.step
    }

    /// A step that somebody takes, with chance of its own. Whether it is taken.
    pub(crate) fn step(&mut self) -> bool {
        self.step += 1;
        self.random = Random::of(self.seed, self.step);
        !self.left_out.contains(&self.step)
    }

    /// Lets everything happen, and then checks what must be true.
    pub(crate) fn run(&mut self) {
        self.run_until(self.ends_at);
        self.heal();
        self.run_until(self.ends_at + QUIET);
        for member in self.members.values_mut() {
            member.woken = 0;
        }
        self.run_until(self.ends_at + QUIET + CALM);
        let forgets = |member: &&Member| {
            let remembers = |replica: &Replica| replica.reaches_back_to(&VectorClock::new());
            !member.session.replica().is_some_and(remembers)
        };
        self.tally.forgot = self.members.values().filter(forgets).count();
        self.check();
    }

    /// What happened, if it was recorded.
    pub(crate) fn take_trace(&mut self) -> Option<String> {
        self.trace.take()
    }

    pub(crate) fn note(&mut self, line: impl FnOnce(&Self) -> String) {
        let Some(mut trace) = self.trace.take() else { return };
        let line = line(self);
        writeln!(trace, "{:6} {line}", self.now.as_millis()).unwrap();
        self.trace = Some(trace);
    }

    pub(crate) fn at(&mut self, at: Time, happening: Happening) {
        self.order += 1;
        self.happenings.push(Reverse((at, self.order, happening)));
    }

    pub(crate) fn after(&mut self, from_ms: u64, to_ms: u64, happening: Happening) {
        let at = self.now + ms(self.random.between(from_ms, to_ms));
        self.at(at, happening);
    }

    pub(crate) fn run_until(&mut self, end: Time) {
        loop {
            let due = |(&who, member): (&Author, &Member)| {
                Some((member.clock.when(member.session.next_timeout()?), who))
            };
            let timeout = self.members.iter().filter_map(due).min();
            let happening = self.happenings.peek().map(|Reverse((at, _, _))| *at);
            if let Some((at, who)) =
                timeout.filter(|&(at, _)| happening.is_none_or(|happening| at < happening))
            {
                if at > end {
                    return;
                }
                self.now = self.now.max(at);
                self.feed(who, Input::Timeout);
                let now = self.now;
                if let Some(member) = self.members.get_mut(&who) {
                    member.woken += 1;
                    let next = member.session.next_timeout();
                    assert!(
                        next.is_none_or(|next| next > member.clock.shows(now)),
                        "{who} waits for what is past"
                    );
                }
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

    pub(crate) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrives { from, to, channel, epoch, text } => {
                if self.network.carries(from, to, epoch) {
                    // Signs of life in the calm at the end say nothing.
                    if channel != 2 || self.now < self.ends_at {
                        let name = ["ops", "sync", "presence"][usize::from(channel)];
                        self.note(|_| format!("{to} <- {from} {name} {text}"));
                    }
                    let message = Message::decode(&text).unwrap();
                    if self.is_hostile && self.heard.len() < 200 {
                        self.heard.push(text);
                    }
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
                    self.meet(who, peer);
                }
            }
            Happening::Resumed { who, peer, epoch } => {
                if self.network.carries(peer, who, epoch) {
                    self.meet(who, peer);
                }
            }
            Happening::Joined { who, peer } => self.feed(who, Input::Joined(peer)),
            Happening::Disconnected { who, peer } => {
                // What has been replaced by a new connection is not told of any more.
                if !self.network.is_connected(who, peer) {
                    self.feed(who, Input::Disconnected(peer));
                }
            }
            Happening::Left { who, peer } => {
                if !self.network.is_connected(who, peer) {
                    self.feed(who, Input::Left(peer));
                }
            }
            Happening::Connect(left, right) => self.connect(left, right),
            Happening::Stored { who, life, number } => self.stored(who, life, number),
            Happening::Act(who) => self.act(who),
            Happening::Fault => self.fault(),
            Happening::Join => self.join(),
            Happening::Gone(who) => self.gone(who),
            Happening::Back(who) => self.come_back(who),
            Happening::Nonsense => self.talk_nonsense(),
        }
    }

    /// Feeds a session and does what it wants done.
    pub(crate) fn feed(&mut self, who: Author, input: Input) {
        if !matches!(input, Input::Message(..) | Input::Timeout) {
            self.note(|_| format!("{who} {input:?}"));
        }
        let now = self.local(who);
        if let Some(member) = self.members.get_mut(&who) {
            member.session.handle(now, input);
            self.drain(who);
        }
    }

    /// What a member's clock shows.
    pub(crate) fn local(&self, who: Author) -> Time {
        self.members.get(&who).map_or(self.now, |member| member.clock.shows(self.now))
    }

    pub(crate) fn drain(&mut self, who: Author) {
        loop {
            let Some(member) = self.members.get_mut(&who) else { return };
            match member.session.poll() {
                Some(Output::Event(event)) => self.told(who, &event),
                Some(Output::Store(number, record)) => self.store(who, number, record),
                Some(Output::Expel(STRANGER)) if self.is_kept => {}
                Some(Output::Expel(peer)) => panic!("{who} expels {peer}"),
                None => break,
            }
        }
        // Now and then whoever sends is busy, and what is to be said gathers.
        let is_leaving = self.members.get(&who).is_none_or(|member| member.leaving);
        if self.is_kept && !is_leaving && self.now < self.ends_at && self.random.chance(20) {
            return;
        }
        while let Some((to, channel, message)) =
            self.members.get_mut(&who).and_then(|member| member.session.poll_message())
        {
            self.send(who, to, channel, &message);
        }
    }

    pub(crate) fn send(&mut self, from: Author, to: Author, channel: Channel, message: &Message) {
        match message {
            Message::Clock { .. }
            | Message::Digest { .. }
            | Message::Presence(_)
            | Message::Links(_)
            | Message::Goodbye => {}
            Message::RequestSync(_) => {
                self.tally.requests += 1;
                self.busy_at = self.now;
            }
            Message::Document { .. } => {
                self.tally.documents += 1;
                self.busy_at = self.now;
            }
            // Only members who were told two stories have something to show.
            Message::Heads(_) => panic!("{from} shows {to} where the chains end"),
            Message::Hello { .. }
            | Message::Certificate(_)
            | Message::RequestDocument
            | Message::RequestDocumentOf(_)
            | Message::Text { .. }
            | Message::RequestText { .. }
            | Message::TextPart { .. }
            | Message::DocumentOf { .. }
            | Message::RequestChanges(_)
            | Message::Change(_)
            | Message::Changes(_)
            | Message::Signed(..)
            | Message::Pass { .. }
            | Message::Prove { .. }
            | Message::Renewed { .. }
            | Message::Removed(_)
            | Message::Dropped(_) => self.busy_at = self.now,
        }
        let text = message.encode();
        let number = match channel {
            Channel::Ops => 0,
            Channel::Sync => 1,
            Channel::Presence => 2,
        };
        for arrival in self.network.send(self.now, from, to, channel) {
            let epoch = arrival.epoch;
            self.at(arrival.at, Happening::Arrives { from, to, channel: number, epoch, text: text.clone() });
        }
    }

    pub(crate) fn told(&mut self, who: Author, event: &Event) {
        match event {
            Event::Ready => {
                self.note(|_| format!("{who} is ready"));
                let member = self.members.get_mut(&who).unwrap();
                member.ready = true;
                member.seen = member.session.snapshot().unwrap().clock;
            }
            Event::Changed(changes) => {
                for change in changes {
                    let known = self.changes.entry(change.id()).or_insert_with(|| change.clone());
                    assert_eq!(known, change, "two changes of one name");
                }
            }
            Event::People | Event::Progress => {}
            Event::Replaced(old) => {
                self.note(|_| format!("{who} starts again; it had {}", old.value));
                self.tally.replaced += 1;
            }
            Event::Refused(from, _) | Event::Garbage(from, _) if *from == STRANGER => {}
            Event::Distrusted(fraud) if fraud.by == STRANGER => {}
            Event::Refused(..)
            | Event::CallbackFailed(_)
            | Event::Renewed
            | Event::Removed
            | Event::Garbage(..)
            | Event::Distrusted(_)
            | Event::Incompatible(..)
            | Event::Stranded(_) => panic!("{who} was told {event:?}"),
        }
    }
}
