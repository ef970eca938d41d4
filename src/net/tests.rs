//! Two ends of a connection in one process: the real WebRTC stack, over loopback.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test panics on what it did not expect"
)]
#![allow(clippy::print_stdout, reason = "the measurements are read by people")]

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::channel::Codec;
use super::connection::{Connection, ConnectionEvent, ConnectionId, ConnectionOptions, Role, Signal};
use super::transport::IceOptions;
use crate::session::{Channel, Message, Presence};
use crate::sync::Author;

/// Messages that say a text and nothing else; a text of `?` is garbage.
const CODEC: Codec = Codec {
    encode: |message| said(message).as_bytes().to_vec(),
    decode: |bytes| match std::str::from_utf8(&bytes).unwrap() {
        "?" => Err("a question mark".to_owned()),
        text => Ok(saying(text)),
    },
};

fn saying(text: &str) -> Message {
    Message::Presence(Presence { name: text.to_owned(), ..Presence::default() })
}

fn said(message: &Message) -> &str {
    let Message::Presence(presence) = message else { panic!("{message:?}") };
    &presence.name
}

/// One end, with what happens there.
struct End {
    connection: Connection,
    events: mpsc::Receiver<(ConnectionId, ConnectionEvent)>,
}

impl End {
    fn start(author: u32, role: Role) -> Self {
        let (events_to, events) = mpsc::channel(64);
        let id = ConnectionId { author: Author(author), number: 1 };
        let options = ConnectionOptions {
            ice: IceOptions::default(),
            codec: CODEC,
            wrap_socket: std::convert::identity,
        };
        Self { connection: Connection::start(id, role, options, events_to), events }
    }

    async fn event(&mut self) -> ConnectionEvent {
        tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await.unwrap().unwrap().1
    }

    /// The next event that is no candidate.
    async fn next(&mut self) -> ConnectionEvent {
        loop {
            match self.event().await {
                ConnectionEvent::Signal(Signal::Candidate(_))
                | ConnectionEvent::Resumed
                | ConnectionEvent::Measured(_) => {}
                event => return event,
            }
        }
    }

    async fn text(&mut self) -> String {
        match self.next().await {
            ConnectionEvent::Message(message) => said(&message).to_owned(),
            event => panic!("{event:?}"),
        }
    }
}

/// Two ends, connected, and how long that took.
async fn pair() -> (End, End, Duration) {
    let mut left = End::start(2, Role::Offerer);
    let mut early = Vec::new();
    let offer = loop {
        match left.event().await {
            ConnectionEvent::Signal(Signal::Offer(offer)) => break offer,
            ConnectionEvent::Signal(candidate) => early.push(candidate),
            event => panic!("{event:?}"),
        }
    };
    let started = Instant::now();
    let mut right = End::start(1, Role::Answerer(offer));
    for candidate in early {
        assert!(right.connection.signal(candidate));
    }
    let (mut left_open, mut right_open) = (false, false);
    while !(left_open && right_open) {
        tokio::select! {
            event = left.event() => match event {
                ConnectionEvent::Signal(signal) => assert!(right.connection.signal(signal)),
                ConnectionEvent::Open => left_open = true,
                ConnectionEvent::Measured(_) => {}
                event => panic!("{event:?}"),
            },
            event = right.event() => match event {
                ConnectionEvent::Signal(signal) => assert!(left.connection.signal(signal)),
                ConnectionEvent::Open => right_open = true,
                ConnectionEvent::Measured(_) => {}
                event => panic!("{event:?}"),
            },
        }
    }
    (left, right, started.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_any_size_travel_both_ways_on_every_channel() {
    let (mut left, mut right, _) = pair().await;
    let long = "0123456789".repeat(100_000);
    for channel in [Channel::Ops, Channel::Sync, Channel::Presence] {
        for text in ["a", &long] {
            left.connection.send(channel, saying(text)).unwrap();
            assert!(right.text().await == text);
            right.connection.send(channel, saying(text)).unwrap();
            assert!(left.text().await == text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_at_once_is_not_lost() {
    for _ in 0..30 {
        let (mut left, mut right, _) = pair().await;
        left.connection.send(Channel::Sync, saying("from left")).unwrap();
        right.connection.send(Channel::Sync, saying("from right")).unwrap();
        assert_eq!(left.text().await, "from right");
        assert_eq!(right.text().await, "from left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_told_and_the_connection_goes_on() {
    let (left, mut right, _) = pair().await;
    left.connection.send(Channel::Sync, saying("?")).unwrap();
    left.connection.send(Channel::Sync, saying("!")).unwrap();
    assert!(matches!(right.next().await, ConnectionEvent::Garbage(reason) if reason == "a question mark"));
    assert_eq!(right.text().await, "!");
    assert!(right.connection.signal(Signal::Candidate("no JSON".to_owned())));
    assert!(matches!(right.next().await, ConnectionEvent::Garbage(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_waits_for_the_peer() {
    let (left, mut right, _) = pair().await;
    let long = "x".repeat(3_000_000);
    left.connection.send(Channel::Sync, saying(&long)).unwrap();
    left.connection.flush().await;
    drop(left);
    assert_eq!(right.text().await.len(), long.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_end_is_noticed() {
    let (left, mut right, _) = pair().await;
    let dropped = Instant::now();
    drop(left.connection);
    assert!(matches!(right.next().await, ConnectionEvent::Closed(_) | ConnectionEvent::Interrupted));
    assert!(dropped.elapsed() < Duration::from_secs(5), "{:?}", dropped.elapsed());
}

/// `cargo test --lib measure_connections -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_connections() {
    let mut opened = Vec::new();
    for _ in 0..40 {
        let (_left, _right, took) = pair().await;
        opened.push(took);
    }
    opened.sort();
    println!("offer to open: median {:?}, longest {:?}", opened[20], opened[39]);

    let (mut left, mut right, _) = pair().await;
    let mut trips = Vec::new();
    for _ in 0..1_000 {
        let started = Instant::now();
        left.connection.send(Channel::Ops, saying(&"x".repeat(100))).unwrap();
        right.text().await;
        right.connection.send(Channel::Ops, saying("y")).unwrap();
        left.text().await;
        trips.push(started.elapsed());
    }
    trips.sort();
    println!("round trip p50 {:?} p99 {:?} max {:?}", trips[500], trips[990], trips[999]);

    let megabyte = "x".repeat(1 << 20);
    let started = Instant::now();
    for _ in 0..100 {
        left.connection.send(Channel::Sync, saying(&megabyte)).unwrap();
    }
    for _ in 0..100 {
        assert_eq!(right.text().await.len(), megabyte.len());
    }
    println!("bulk: {:.1} MB/s", 100.0 / started.elapsed().as_secs_f64());

    let started = Instant::now();
    for _ in 0..2_000 {
        left.connection.send(Channel::Ops, saying(&"x".repeat(100))).unwrap();
    }
    let mut came = 0;
    while let Ok(text) = tokio::time::timeout(Duration::from_secs(2), right.text()).await {
        assert_eq!(text.len(), 100);
        came += 1;
        if came == 2_000 {
            println!("2000 small ones: {:?}", started.elapsed());
            break;
        }
    }
    println!("of 2000 small ones on ops {came} came");
}
