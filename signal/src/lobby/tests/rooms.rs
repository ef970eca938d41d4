//! Creating, joining, leaving, and passing things on.

use super::*;

#[test]
fn the_creator_is_the_first_and_newcomers_count_up() {
    let mut world = World::new();
    let (_, created) = world.create("r");
    assert_eq!(created.author, Author(1));
    for number in 2..=4 {
        let (_, joined) = world.join("r");
        assert_eq!(joined.author, Author(number));
        assert_eq!(joined.members, authors(&(1..number).collect::<Vec<_>>()));
        assert_eq!(joined.incarnation, created.incarnation);
    }
}

#[test]
fn every_existing_member_is_asked_to_make_the_newcomer_an_offer() {
    let mut world = World::new();
    let (first, _) = world.create("r");
    let (second, _) = world.join("r");
    let (third, _) = world.connect();
    let deliveries = world.say(third, join("r"));
    let offer = Response::RequestOffer(member("r", 3));
    assert_eq!(
        deliveries.get(1..).unwrap(),
        [Delivery::Send(first, offer.clone()), Delivery::Send(second, offer)]
    );
}

#[test]
fn a_number_is_never_used_again_while_the_room_lives() {
    let mut world = World::new();
    let (first, created) = world.create("r");
    let (second, _) = world.join("r");
    assert_eq!(world.say(second, leave("r")), [Delivery::Send(first, Response::Left(member("r", 2)))]);
    assert_eq!(world.join("r").1.author, Author(3));
    world.say(first, leave("r"));
    let (_, joined) = world.join("r");
    assert_eq!((joined.author, joined.incarnation), (Author(4), created.incarnation));
    assert_eq!(joined.members, authors(&[3]));
}

#[test]
fn a_room_dies_with_its_last_member_and_a_later_one_is_another() {
    let mut world = World::new();
    let (first, created) = world.create("r");
    assert_eq!(world.say(first, leave("r")), []);
    assert_eq!(world.lobby.room_count(), 0);
    let (other, _) = world.connect();
    assert_eq!(code(&world.ask(other, join("r"))), Code::NoRoom);
    let (_, again) = world.create("r");
    assert_eq!(again.author, Author(1));
    assert_ne!(again.incarnation, created.incarnation);
}

#[test]
fn a_name_in_use_and_a_name_not_in_use_are_refused() {
    let mut world = World::new();
    world.create("r");
    let (other, _) = world.connect();
    assert_eq!(code(&world.ask(other, create("r"))), Code::Exists);
    assert_eq!(code(&world.ask(other, join("R"))), Code::NoRoom);
}

#[test]
fn a_bad_name_is_refused_before_anything_else() {
    let mut world = World::new();
    let (connection, _) = world.connect();
    for name in ["", " r", "r\n", &"r".repeat(129)] {
        assert_eq!(code(&world.ask(connection, create(name))), Code::BadName);
        assert_eq!(code(&world.ask(connection, join(name))), Code::BadName);
        assert_eq!(code(&world.ask(connection, resume(name, "i", 1, 1))), Code::BadName);
    }
}

#[test]
fn a_peer_is_in_a_room_once() {
    let mut world = World::new();
    let (connection, created) = world.create("r");
    assert_eq!(code(&world.ask(connection, join("r"))), Code::AlreadyMember);
    assert_eq!(code(&world.ask(connection, create("r"))), Code::AlreadyMember);
    assert_eq!(code(&world.ask(connection, resume("r", &created.incarnation, 2, 2))), Code::AlreadyMember);
}

#[test]
fn signals_reach_the_one_they_are_for_and_tell_who_sent_them() {
    let mut world = World::new();
    let (first, _) = world.create("r");
    let (second, _) = world.join("r");
    world.join("r");
    for signal in [Signal::Offer, Signal::Answer, Signal::Candidate] {
        assert_eq!(
            world.say(first, relay(signal, "r", 2)),
            [Delivery::Send(second, relayed(signal, "r", 1))]
        );
        assert_eq!(
            world.say(second, relay(signal, "r", 1)),
            [Delivery::Send(first, relayed(signal, "r", 2))]
        );
    }
    assert_eq!(
        world.say(second, request_offer("r", 1)),
        [Delivery::Send(first, Response::RequestOffer(member("r", 2)))]
    );
}

#[test]
fn nothing_is_passed_on_between_rooms() {
    let mut world = World::new();
    let (one, _) = world.create("one");
    world.create("two");
    let (both, _) = world.connect();
    world.say(both, join("one"));
    world.say(both, join("two"));
    assert_eq!(code(&world.ask(one, relay(Signal::Offer, "two", 1))), Code::NotMember);
    assert_eq!(code(&world.ask(one, request_offer("two", 2))), Code::NotMember);
    assert_eq!(code(&world.ask(one, leave("two"))), Code::NotMember);
    assert_eq!(code(&world.ask(one, relay(Signal::Offer, "none", 1))), Code::NotMember);
    assert_eq!(
        world.say(both, relay(Signal::Offer, "one", 1)),
        [Delivery::Send(one, relayed(Signal::Offer, "one", 2))]
    );
}

#[test]
fn nothing_is_passed_on_to_nobody_or_to_oneself() {
    let mut world = World::new();
    let (first, _) = world.create("r");
    for nobody in [0, 1, 2, u32::MAX] {
        assert_eq!(code(&world.ask(first, relay(Signal::Answer, "r", nobody))), Code::NoMember);
        assert_eq!(code(&world.ask(first, request_offer("r", nobody))), Code::NoMember);
    }
}

#[test]
fn one_who_has_left_neither_sends_nor_receives() {
    let mut world = World::new();
    let (first, _) = world.create("r");
    let (second, _) = world.join("r");
    world.say(second, leave("r"));
    assert_eq!(code(&world.ask(second, relay(Signal::Offer, "r", 1))), Code::NotMember);
    assert_eq!(code(&world.ask(first, relay(Signal::Offer, "r", 2))), Code::NoMember);
}

#[test]
fn what_an_unknown_connection_says_is_dropped() {
    let mut world = World::new();
    assert_eq!(world.say(Connection(99), create("r")), []);
    assert_eq!(world.lobby.room_count(), 0);
}
