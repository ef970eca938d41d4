//! The bounds.

use std::net::Ipv6Addr;

use super::*;

const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

#[test]
fn a_full_room_takes_nobody_until_somebody_leaves() {
    let mut world = World::new();
    let (first, _) = world.connect();
    world.ask(first, Request::Create(Create { room: "r".to_owned(), max_members: Some(2) }));
    let (second, _) = world.join("r");
    let (third, _) = world.connect();
    assert_eq!(code(&world.ask(third, join("r"))), Code::Full);
    world.disconnect(second);
    assert_eq!(code(&world.ask(third, join("r"))), Code::Full, "a place is kept for its grace time");
    world.after(GRACE);
    assert_eq!(world.say(third, join("r")).len(), 2);
}

#[test]
fn a_room_asks_for_fewer_members_than_the_server_allows_but_not_for_more() {
    let mut world = World::with(Options { max_members: 1, ..Options::default() });
    for wanted in [None, Some(1), Some(100)] {
        let (creator, _) = world.connect();
        world.ask(creator, Request::Create(Create { room: "r".to_owned(), max_members: wanted }));
        let (other, _) = world.connect();
        assert_eq!(code(&world.ask(other, join("r"))), Code::Full);
        world.say(creator, leave("r"));
    }
    let (creator, _) = world.connect();
    let none = Request::Create(Create { room: "r".to_owned(), max_members: Some(0) });
    assert_eq!(code(&world.ask(creator, none)), Code::Malformed);
}

#[test]
fn a_full_room_takes_back_only_those_whose_place_is_kept() {
    let mut world = World::with(Options { max_members: 2, ..Options::default() });
    let (_, created) = world.create("r");
    let (second, _) = world.join("r");
    world.disconnect(second);
    let (third, _) = world.connect();
    assert_eq!(code(&world.ask(third, resume("r", &created.incarnation, 3, 3))), Code::Full);
    assert_eq!(world.say(third, resume("r", &created.incarnation, 2, 3)).len(), 2);
}

#[test]
fn a_connection_is_in_so_many_rooms_and_no_more() {
    let mut world = World::with(Options { max_rooms_per_connection: 2, ..Options::default() });
    world.create("theirs");
    let (connection, _) = world.connect();
    world.ask(connection, create("one"));
    world.ask(connection, create("two"));
    assert_eq!(code(&world.ask(connection, create("three"))), Code::Limit);
    assert_eq!(code(&world.ask(connection, join("theirs"))), Code::Limit);
    assert_eq!(code(&world.ask(connection, resume("four", "i", 1, 1))), Code::Limit);
    world.say(connection, leave("one"));
    assert_eq!(world.say(connection, join("theirs")).len(), 2);
}

#[test]
fn there_are_so_many_rooms_and_no_more() {
    let mut world = World::with(Options { max_rooms: 1, ..Options::default() });
    let (first, _) = world.create("one");
    let (other, _) = world.connect();
    assert_eq!(code(&world.ask(other, create("two"))), Code::Limit);
    assert_eq!(code(&world.ask(other, resume("two", "i", 1, 1))), Code::Limit);
    assert_eq!(world.say(other, join("one")).len(), 2);
    world.say(other, leave("one"));
    world.say(first, leave("one"));
    assert!(matches!(world.ask(other, create("two")), Response::Created(_)));
}

#[test]
fn one_address_has_so_many_connections_and_the_others_are_not_concerned() {
    let mut world = World::with(Options { max_connections_per_address: 2, ..Options::default() });
    let (first, _) = world.connect();
    world.connect();
    assert_eq!(world.try_connect(HERE).1, Err(Refused::ConnectionsOfAddress(2)));
    assert!(world.try_connect(ELSEWHERE).1.is_ok());
    world.disconnect(first);
    assert!(world.try_connect(HERE).1.is_ok());
    world.lobby.check();
}

#[test]
fn an_ipv6_network_is_one_address() {
    let mut world = World::with(Options { max_connections_per_address: 1, ..Options::default() });
    let at = |network: u16, host: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, host));
    assert!(world.try_connect(at(1, 1)).1.is_ok());
    assert!(world.try_connect(at(1, 2)).1.is_err());
    assert!(world.try_connect(at(2, 1)).1.is_ok());
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    assert!(world.try_connect(mapped).1.is_ok());
    assert!(world.try_connect(HERE).1.is_err(), "an IPv4 address is the same however it is written");
}

#[test]
fn the_oldest_in_its_grace_time_makes_place() {
    let mut world = World::with(Options { max_connections: 3, ..Options::default() });
    let (staying, _) = world.create("r");
    let (older, _) = world.join("r");
    let (newer, _) = world.join("r");
    world.disconnect(older);
    world.now += Time::from_secs(1);
    world.disconnect(newer);
    let (_, result) = world.try_connect(ELSEWHERE);
    assert_eq!(result.unwrap().first(), Some(&Delivery::Send(staying, Response::Left(member("r", 2)))));
    assert!(world.try_connect(ELSEWHERE).1.is_ok());
    assert_eq!(world.try_connect(ELSEWHERE).1, Err(Refused::Connections(3)));
    world.lobby.check();
}

#[test]
fn an_address_that_has_them_all_makes_place_only_for_itself() {
    let options = Options { max_connections: 3, max_connections_per_address: 2, ..Options::default() };
    let mut world = World::with(options);
    let (away, _) = world.create("r");
    world.connect();
    world.disconnect(away);
    assert!(world.try_connect(ELSEWHERE).1.is_ok());
    assert_eq!(world.lobby.room_count(), 1, "there was place for it");
    let (_, result) = world.try_connect(HERE);
    assert!(result.is_ok());
    assert_eq!(world.lobby.room_count(), 0);
}
