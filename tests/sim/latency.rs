//! How long an edit takes to the other screen when messages get lost.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use ultrawave::document::{Method, Path, parse};
use ultrawave::session::{Channel, Event, Input, Message, Output, Session, SessionOptions, Time};
use ultrawave::sync::{Author, Checkpoint, VectorClock};

use crate::network::{Faults, Network};
use crate::random::Random;
use crate::world::ms;

const WRITER: Author = Author(1);
const READER: Author = Author(2);

/// What arrives when, in which order of sending, from whom, at whom.
type Letter = (Time, u64, Author, Author, String);

/// Two people, one of whom types.
struct Pair {
    random: Random,
    network: Network,
    sessions: BTreeMap<Author, Session>,
    on_the_way: BinaryHeap<Reverse<Letter>>,
    order: u64,
    now: Time,
    /// When each tick of the writer came to the reader.
    came: BTreeMap<u64, Time>,
    messages: usize,
    sent_again: usize,
}

impl Pair {
    fn new(faults: Faults) -> Self {
        let options = SessionOptions { name: String::new(), history: 10_000 };
        let checkpoint =
            Checkpoint { source: "{}".into(), value: parse("{}").unwrap(), clock: VectorClock::new() };
        let writer = Session::create(WRITER, checkpoint, options.clone());
        let reader = Session::join(READER, &[WRITER], options);
        let mut network = Network::new(faults, 7);
        network.connect((WRITER, Time::ZERO), (READER, Time::ZERO));
        let mut pair = Self {
            random: Random::new(7),
            network,
            sessions: [(WRITER, writer), (READER, reader)].into(),
            on_the_way: BinaryHeap::new(),
            order: 0,
            now: Time::ZERO,
            came: BTreeMap::new(),
            messages: 0,
            sent_again: 0,
        };
        pair.feed(Time::ZERO, WRITER, Input::Connected(READER));
        pair.feed(Time::ZERO, READER, Input::Connected(WRITER));
        pair
    }

    fn feed(&mut self, now: Time, who: Author, input: Input) {
        self.sessions.get_mut(&who).unwrap().handle(now, input);
        self.drain(now, who);
    }

    fn drain(&mut self, now: Time, who: Author) {
        while let Some(output) = self.sessions.get_mut(&who).unwrap().poll() {
            match output {
                Output::Event(Event::Changed(changes)) if who == READER => {
                    self.came.extend(changes.iter().map(|change| (change.tick(), now)));
                }
                Output::Event(_) | Output::Expel(_) | Output::Store(..) => {}
            }
        }
        while let Some((to, channel, message)) = self.sessions.get_mut(&who).unwrap().poll_message() {
            self.send(now, who, to, channel, &message);
        }
    }

    fn send(&mut self, now: Time, from: Author, to: Author, channel: Channel, message: &Message) {
        self.messages += 1;
        self.sent_again += usize::from(channel == Channel::Ops && matches!(message, Message::Changes(_)));
        for arrival in self.network.send(now, from, to, channel) {
            self.order += 1;
            self.on_the_way.push(Reverse((arrival.at, self.order, from, to, message.encode())));
        }
    }

    fn run_until(&mut self, end: Time) {
        loop {
            let timeouts =
                self.sessions.iter().filter_map(|(&who, session)| Some((session.next_timeout()?, who)));
            let (timeout, who) = timeouts.min().unwrap();
            let arrival = self.on_the_way.peek().map(|Reverse((at, ..))| *at);
            if timeout.min(arrival.unwrap_or(timeout)) > end {
                return;
            }
            if arrival.is_none_or(|arrival| timeout < arrival) {
                self.feed(timeout, who, Input::Timeout);
            } else if let Some(Reverse((at, _, from, to, text))) = self.on_the_way.pop() {
                self.feed(at, to, Input::Message(from, Message::decode(&text).unwrap()));
            }
        }
    }

    /// The writer types `edits` times; gives how long each took, shortest first.
    fn type_for(&mut self, edits: u64, pause_ms: (u64, u64)) -> Vec<Duration> {
        let mut now = self.now + Duration::from_secs(1);
        let mut made = Vec::new();
        for _ in 0..edits {
            self.run_until(now);
            let session = self.sessions.get_mut(&WRITER).unwrap();
            let change =
                session.edit(now, None, 0, Path::ROOT.key("a"), Method::Set(parse("1").unwrap())).unwrap();
            made.push((change.tick(), now));
            self.drain(now, WRITER);
            now += Duration::from_millis(self.random.between(pause_ms.0, pause_ms.1));
        }
        self.now = now + Duration::from_secs(10);
        self.run_until(self.now);
        let mut took: Vec<Duration> =
            made.iter().map(|(tick, at)| self.came.get(tick).unwrap().checked_sub(*at).unwrap()).collect();
        took.sort();
        took
    }
}

fn lossy() -> Pair {
    losing(5)
}

fn losing(loss: u64) -> Pair {
    Pair::new(Faults { loss, duplicates: 0, delay_ms: (45, 55) })
}

#[test]
fn an_edit_is_on_the_other_screen_soon_though_one_message_in_twenty_is_lost() {
    // Typing, and clicking now and then.
    for pause_ms in [(80, 300), (1_000, 4_000)] {
        let took = lossy().type_for(1_000, pause_ms);
        println!("pause {pause_ms:?} ms: p50 {:?}, p99 {:?}, max {:?}", took[500], took[990], took[999]);
        assert!(took[500] <= ms(55), "p50 {:?}", took[500]);
        assert!(took[990] < ms(300), "p99 {:?}", took[990]);
    }
}

#[test]
fn an_edit_is_on_the_other_screen_soon_though_one_message_in_five_is_lost() {
    for pause_ms in [(80, 300), (1_000, 4_000)] {
        let took = losing(20).type_for(1_000, pause_ms);
        println!("pause {pause_ms:?} ms: p50 {:?}, p99 {:?}, max {:?}", took[500], took[990], took[999]);
        assert!(took[500] <= ms(55), "p50 {:?}", took[500]);
        assert!(took[990] < ms(300), "p99 {:?}", took[990]);
    }
}

#[test]
fn a_stream_of_edits_is_not_held_up_by_every_loss() {
    let mut pair = lossy();
    let took = pair.type_for(3_000, (1, 5));
    println!(
        "stream: p50 {:?}, p95 {:?}, max {:?}, {} messages",
        took[1_500], took[2_850], took[2_999], pair.messages
    );
    assert!(took[1_500] <= ms(55), "p50 {:?}", took[1_500]);
    assert!(took[2_850] <= ms(100), "p95 {:?}", took[2_850]);
    assert!(pair.messages < 4_000, "{} messages", pair.messages);
}

#[test]
fn nothing_is_sent_twice_on_a_path_that_loses_nothing() {
    for delay_ms in [(1, 1), (20, 30), (150, 170)] {
        let mut pair = Pair::new(Faults { loss: 0, duplicates: 0, delay_ms });
        pair.type_for(300, (30, 200));
        let before = pair.sent_again;
        pair.type_for(300, (30, 200));
        assert_eq!(pair.sent_again, before, "delay {delay_ms:?}");
    }
}
