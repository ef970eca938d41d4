//! A member that makes up what it says to pass on.

use super::announced::{NEXT, made_up};
use super::attacks::{MAL, honest_go_on, room};
use super::*;
use crate::session::{Link, Presence, VERSION, Way};

fn pass(from: Author, message: Message) -> Message {
    Message::Pass { from, to: ONE, message: Box::new(message) }
}

#[test]
fn nobody_speaks_for_a_member_that_can_be_heard_itself() {
    let other_version = hello_of(VERSION + 1, VectorClock::new(), true);
    let first = VectorClock::from_iter([(ONE, 1)]);
    let seen = VectorClock::from_iter([(Author(77), 1 << 40)]);
    for message in [
        Message::Goodbye,
        other_version,
        hello(VectorClock::new(), false),
        Message::Dropped(Dropped { first, settled: VectorClock::new() }),
        Message::Presence(Presence { name: "Mal".to_owned(), ..Presence::default() }),
        Message::Clock { seen, floor: None, writer: None },
        Message::Links(vec![MAL]),
    ] {
        let mut net = room();
        let now = net.now;
        say(net.at(ONE), now, MAL, Message::Links(vec![ONE, TWO]));
        let before = net.at(ONE).people();
        let wanted = say(net.at(ONE), now, MAL, pass(TWO, message.clone()));
        assert!(wanted.sent.is_empty() && wanted.events.is_empty(), "{message:?}: {wanted:?}");
        let clocks = |people: Vec<crate::session::Person>| -> Vec<_> {
            people
                .into_iter()
                .map(|person| (person.author, person.link, person.presence, person.clock))
                .collect()
        };
        assert_eq!(clocks(net.at(ONE).people()), clocks(before), "{message:?}");
        honest_go_on(&mut net, "");
    }
}

#[test]
fn members_that_are_made_up_are_few() {
    let mut net = room();
    let now = net.now;
    let phantom = |number: usize| Author(u32::try_from(1_000 + number).unwrap());
    // It has to say that it is connected to them, at least.
    say(net.at(ONE), now, MAL, pass(phantom(0), hello(VectorClock::new(), true)));
    assert_eq!(net.at(ONE).people().len(), 2);
    for batch in 0..4 {
        let some: Vec<Author> = (batch * 100..batch * 100 + 100).map(phantom).collect();
        say(net.at(ONE), now, MAL, Message::Links(some.clone()));
        for from in some {
            say(net.at(ONE), now, MAL, pass(from, hello(VectorClock::new(), true)));
        }
    }
    assert_eq!(net.at(ONE).people().len(), limits::KNOWN_MEMBERS);
    // Who comes by itself has a place all the same.
    feed(net.at(ONE), now, Input::Connected(NEXT));
    assert!(net.at(ONE).people().iter().any(|person| person.author == NEXT));
    honest_go_on(&mut net, "");
}

#[test]
fn what_is_passed_on_does_not_give_a_number_out() {
    let mut net = room();
    let now = net.now;
    feed(net.at(ONE), now, Input::Announced(Some(MAL)));
    say(net.at(ONE), now, MAL, Message::Links(vec![NEXT]));
    for _ in 0..2 {
        say(net.at(ONE), now, MAL, pass(NEXT, hello(VectorClock::new(), true)));
        say(net.at(ONE), now, MAL, made_up());
        assert!(!net.at(ONE).is_writer(NEXT));
        assert!(net.at(ONE).people().iter().all(|person| person.author != NEXT));
    }
    // Somebody of whom the server does not tell is met all the same, after a while.
    let now = now + ms(8_000);
    say(net.at(ONE), now, MAL, pass(NEXT, hello(VectorClock::new(), true)));
    let met = |person: &crate::session::Person| person.author == NEXT && person.link == Link::Live;
    assert!(net.at(ONE).people().iter().any(|person| met(person) && person.way == Way::Via(MAL)));
}
