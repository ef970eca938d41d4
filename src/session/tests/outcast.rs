//! A reader that says that others are dropped.

use super::attacks::{MAL, room};
use super::signed::{connect, frauds, signing};
use super::*;
use crate::trust::Role;

fn dropped(first: &[(Author, u64)], settled: &[(Author, u64)]) -> Message {
    Message::Dropped(Dropped {
        first: first.iter().copied().collect(),
        settled: settled.iter().copied().collect(),
    })
}

/// The room with a hostile member that may only read.
fn room_with_a_reader() -> Net {
    let mut net = room();
    for at in [ONE, TWO] {
        let now = net.now;
        feed(net.at(at), now, Input::Left(MAL));
        feed(net.at(at), now, Input::Connected(READER));
        say(net.at(at), now, READER, hello(VectorClock::new(), true));
    }
    net
}

/// It has shown no certificate.
const READER: Author = Author(6);

#[test]
fn a_reader_drops_nobody_who_is_there() {
    for settled in [&[][..], &[(ONE, 1), (TWO, 1)]] {
        let mut net = room_with_a_reader();
        for at in [ONE, TWO] {
            let now = net.now;
            let told = dropped(&[(ONE, 1), (TWO, 1)], settled);
            let wanted = say(net.at(at), now, READER, told);
            assert!(!wanted.sent.iter().any(|sent| matches!(sent.2, Message::RequestDocument)));
            assert!(net.at(at).dropped().first.iter().next().is_none(), "{:?}", net.at(at).dropped());
        }
        for at in [ONE, TWO] {
            let now = net.now;
            set(net.at(at), now, &format!("by {at}"), "1");
            net.pass(ms(3_000));
            assert_eq!(net.at(at).author(), at);
        }
        assert_eq!(text(net.at(ONE)), r#"{"kept":1,"by 1":1,"by 2":1}"#);
        assert_eq!(text(net.at(TWO)), text(net.at(ONE)));
        assert_eq!(frauds(&net), vec![]);
    }
}

/// Clocks that each name many authors that never were.
fn clocks() -> impl Iterator<Item = VectorClock> {
    (0..4).map(|batch| (0..30_000).map(|at| (Author(7 + batch * 30_000 + at), 1)).collect())
}

#[test]
fn who_is_said_to_be_dropped_without_end_is_not() {
    let mut net = room();
    let now = net.now;
    for first in clocks() {
        say(net.at(ONE), now, MAL, Message::Dropped(Dropped { first, settled: VectorClock::new() }));
    }
    let told = net.at(ONE).dropped().clone();
    assert_eq!(told.first.iter().len(), limits::CLOCK_AUTHORS);
    let told = Message::Dropped(told);
    assert_eq!(Message::decode(&told.encode()).as_ref(), Ok(&told), "others can read it");
}

#[test]
fn what_somebody_says_it_has_seen_is_bounded() {
    let mut net = room();
    let now = net.now;
    for seen in clocks() {
        say(net.at(ONE), now, MAL, Message::Clock { seen, floor: None, writer: None });
    }
    let people = net.at(ONE).people();
    let claimed = people.iter().find(|person| person.author == MAL).unwrap();
    assert_eq!(claimed.clock.iter().len(), 60_000);
}

#[test]
fn a_reader_with_the_lowest_number_leaves_it_to_the_writers() {
    // The reader cannot hear the third member, which the writer can.
    let history = 16;
    let mut net = Net::new([
        signing(Session::join(ONE, &[], options(history)), Role::Reader),
        signing(Session::create(TWO, Checkpoint::read("{}").unwrap(), options(history)), Role::Owner),
        signing(Session::join(THREE, &[], options(history)), Role::Writer),
    ]);
    connect(&mut net, TWO, THREE, &[TWO, THREE]);
    connect(&mut net, ONE, TWO, &[TWO]);
    net.at(ONE).handle(Time::ZERO, Input::Joined(THREE));
    let edit = |net: &mut Net, time| {
        let now = net.now;
        set(net.at(TWO), now, "a", &now.as_millis().to_string());
        net.pass_with(time, |_, _, message| !matches!(message, Message::Pass { .. }));
    };
    for _ in 0..60 {
        edit(&mut net, ms(1_000));
    }
    assert!(net.at(ONE).dropped().first.iter().next().is_none(), "{:?}", net.at(ONE).dropped());
    // When it has gone, the writer drops it, and all forget.
    net.disconnect(TWO, THREE);
    net.sessions.remove(&THREE);
    for _ in 0..60 {
        edit(&mut net, ms(1_000));
    }
    for at in [ONE, TWO] {
        assert!(net.at(at).dropped().first.get(THREE) > 0, "at {at}");
        assert!(net.at(at).replica().unwrap().history().len() <= history + 2, "at {at}");
    }
}
