//! Grace times, reclaiming and resuming.

use super::*;

/// A room whose second member's connection is broken.
fn with_a_broken_second() -> (World, Connection, Start) {
    let mut world = World::new();
    let (first, _) = world.create("r");
    let (second, start) = world.connect();
    world.say(second, join("r"));
    world.disconnect(second);
    (world, first, start)
}

fn reclaimed(start: &Start, rooms: Vec<Joined>) -> Response {
    Response::Reclaimed(crate::protocol::Reclaimed { id: start.id.clone(), rooms })
}

fn joined(author: u32, members: &[u32], last_author: u32, incarnation: &str) -> Joined {
    let (room, incarnation) = ("r".to_owned(), incarnation.to_owned());
    Joined {
        room,
        author: Author(author),
        members: authors(members),
        incarnation,
        last_author: Some(Author(last_author)),
    }
}

fn incarnation(world: &World) -> String {
    world.lobby.rooms.get("r").unwrap().incarnation.clone()
}

#[test]
fn a_broken_connection_is_told_only_after_the_grace_time() {
    let (mut world, first, _) = with_a_broken_second();
    assert_eq!(world.lobby.next_timeout(), Some(GRACE));
    assert_eq!(world.after(Time::from_millis(29_999)), []);
    assert_eq!(world.after(Time::from_millis(1)), [Delivery::Send(first, Response::Left(member("r", 2)))]);
    assert_eq!(world.lobby.next_timeout(), None);
    assert_eq!(world.join("r").1.author, Author(3));
}

#[test]
fn a_room_lives_through_the_grace_time_of_its_last_member() {
    let mut world = World::new();
    let (first, _) = world.create("r");
    world.disconnect(first);
    let (second, joined) = world.join("r");
    assert_eq!((joined.author, joined.members), (Author(2), authors(&[1])));
    world.say(second, leave("r"));
    assert_eq!(world.lobby.room_count(), 1);
    assert_eq!(world.after(GRACE), []);
    assert_eq!((world.lobby.room_count(), world.lobby.peer_count()), (0, 1));
}

#[test]
fn whoever_was_in_no_room_is_forgotten_at_once() {
    let mut world = World::new();
    let (connection, start) = world.connect();
    world.disconnect(connection);
    assert_eq!((world.lobby.peer_count(), world.lobby.next_timeout()), (0, None));
    let (again, _) = world.connect();
    assert_eq!(code(&world.ask(again, reclaim(&start))), Code::Unknown);
}

#[test]
fn the_secret_makes_a_new_connection_the_old_peer() {
    let (mut world, first, start) = with_a_broken_second();
    let (again, _) = world.connect();
    let joined = joined(2, &[1], 2, &incarnation(&world));
    assert_eq!(
        world.say(again, reclaim(&start)),
        [
            Delivery::Send(again, reclaimed(&start, vec![joined])),
            Delivery::Send(first, Response::Present(member("r", 2))),
        ]
    );
    assert_eq!(world.lobby.next_timeout(), None);
    assert_eq!(world.after(GRACE * 2), []);
    assert_eq!(
        world.say(first, relay(Signal::Offer, "r", 2)),
        [Delivery::Send(again, relayed(Signal::Offer, "r", 1))]
    );
}

#[test]
fn the_id_can_be_reclaimed_again_and_again() {
    let (mut world, _, start) = with_a_broken_second();
    for _ in 0..3 {
        let (again, _) = world.connect();
        assert_eq!(world.say(again, reclaim(&start)).len(), 2);
        world.disconnect(again);
    }
    assert_eq!(world.lobby.peer_count(), 2);
}

#[test]
fn a_connection_that_only_seems_to_live_is_replaced() {
    let mut world = World::new();
    let (old, start) = world.connect();
    world.say(old, create("r"));
    let (new, _) = world.connect();
    let deliveries = world.say(new, reclaim(&start));
    let [Delivery::Close(closed, failure), Delivery::Send(to, Response::Reclaimed(reclaimed))] =
        deliveries.as_slice()
    else {
        panic!("{deliveries:?}")
    };
    assert_eq!((*closed, failure.code.clone(), *to), (old, Code::Replaced, new));
    assert_eq!(reclaimed.rooms.len(), 1);
    // What the old connection still says, or its end, concerns nobody.
    assert_eq!(world.say(old, leave("r")), []);
    world.disconnect(old);
    assert_eq!(world.lobby.next_timeout(), None);
    assert_eq!(world.lobby.room_count(), 1);
}

#[test]
fn a_wrong_secret_a_wrong_id_and_a_late_reclaim_are_refused() {
    let (mut world, _, start) = with_a_broken_second();
    let (again, fresh) = world.connect();
    for secret in ["", "text", &format!("{}0", start.secret)] {
        let wrong = Start { secret: secret.to_owned(), ..start.clone() };
        assert_eq!(code(&world.ask(again, reclaim(&wrong))), Code::Unknown);
    }
    let wrong = Start { id: "nobody".to_owned(), ..start.clone() };
    assert_eq!(code(&world.ask(again, reclaim(&wrong))), Code::Unknown);
    assert_eq!(code(&world.ask(again, reclaim(&fresh))), Code::Unknown);
    world.ask(again, create("other"));
    assert_eq!(code(&world.ask(again, reclaim(&start))), Code::TooLate);
}

#[test]
fn nobody_can_be_reclaimed_after_the_grace_time() {
    let (mut world, _, start) = with_a_broken_second();
    world.after(GRACE);
    let (again, _) = world.connect();
    assert_eq!(code(&world.ask(again, reclaim(&start))), Code::Unknown);
}

#[test]
fn what_is_for_somebody_away_is_answered_and_not_kept() {
    let (mut world, first, _) = with_a_broken_second();
    assert_eq!(code(&world.ask(first, relay(Signal::Candidate, "r", 2))), Code::Away);
    assert_eq!(code(&world.ask(first, request_offer("r", 2))), Code::Away);
}

#[test]
fn a_newcomer_during_the_grace_time_is_named_when_the_member_is_back() {
    let (mut world, _, start) = with_a_broken_second();
    let (third, newcomer) = world.join("r");
    assert_eq!(newcomer.members, authors(&[1, 2]));
    let (again, _) = world.connect();
    let deliveries = world.say(again, reclaim(&start));
    let joined = joined(2, &[1, 3], 3, &incarnation(&world));
    assert_eq!(deliveries.first(), Some(&Delivery::Send(again, reclaimed(&start, vec![joined]))));
    assert!(deliveries.contains(&Delivery::Send(third, Response::Present(member("r", 2)))));
}

#[test]
fn a_forgotten_room_is_resumed_by_its_members_in_any_order() {
    let mut world = World::new();
    let (third, _) = world.connect();
    assert_eq!(world.ask(third, resume("r", "i", 3, 4)), Response::Resumed(joined(3, &[], 4, "i")));
    let (first, _) = world.connect();
    assert_eq!(
        world.say(first, resume("r", "i", 1, 3)),
        [
            Delivery::Send(first, Response::Resumed(joined(1, &[3], 4, "i"))),
            Delivery::Send(third, Response::Present(member("r", 1))),
        ]
    );
    assert_eq!(world.join("r").1, joined(5, &[1, 3], 5, "i"));
    let (sixth, _) = world.connect();
    world.say(sixth, resume("r", "i", 6, 2));
    assert_eq!(world.join("r").1.author, Author(7));
    let (second, _) = world.connect();
    world.say(second, resume("r", "i", 2, 20));
    assert_eq!(world.join("r").1.author, Author(21));
}

#[test]
fn a_number_with_a_live_connection_is_not_given_up() {
    let mut world = World::new();
    let (_, created) = world.create("r");
    let (other, _) = world.connect();
    assert_eq!(code(&world.ask(other, resume("r", &created.incarnation, 1, 1))), Code::Held);
}

#[test]
fn a_number_with_a_broken_connection_is_given_up() {
    let (mut world, first, start) = with_a_broken_second();
    let incarnation = incarnation(&world);
    let (again, _) = world.connect();
    assert_eq!(
        world.say(again, resume("r", &incarnation, 2, 2)),
        [
            Delivery::Send(again, Response::Resumed(joined(2, &[1], 2, &incarnation))),
            Delivery::Send(first, Response::Present(member("r", 2))),
        ]
    );
    assert_eq!(world.after(GRACE), [], "nobody is told that the former holder left");
    let (late, _) = world.connect();
    assert_eq!(code(&world.ask(late, reclaim(&start))), Code::Unknown);
}

#[test]
fn the_former_holder_keeps_its_other_rooms() {
    let mut world = World::new();
    let (old, start) = world.connect();
    world.ask(old, create("r"));
    world.ask(old, create("other"));
    let incarnation = incarnation(&world);
    world.disconnect(old);
    let (new, _) = world.connect();
    world.ask(new, resume("r", &incarnation, 1, 1));
    let (again, _) = world.connect();
    let Response::Reclaimed(reclaimed) = world.ask(again, reclaim(&start)) else { panic!("not reclaimed") };
    assert_eq!(reclaimed.rooms.iter().map(|room| room.room.as_str()).collect::<Vec<_>>(), ["other"]);
}

#[test]
fn a_later_room_of_the_same_name_is_not_entered() {
    let mut world = World::new();
    let (first, _) = world.create("r");
    let (old, _) = world.connect();
    for incarnation in ["i", "text", "text30"] {
        assert_eq!(code(&world.ask(old, resume("r", incarnation, 2, 2))), Code::OtherRoom);
    }
    world.say(first, leave("r"));
    assert!(matches!(world.ask(old, resume("r", "i", 2, 2)), Response::Resumed(_)));
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let mut world = World::new();
    let (connection, _) = world.connect();
    let most = crate::limits::AUTHOR;
    for (author, last) in [(0, 1), (1, 0), (most + 1, 1), (1, most + 1), (u32::MAX, u32::MAX)] {
        assert_eq!(code(&world.ask(connection, resume("r", "i", author, last))), Code::Malformed);
    }
    for incarnation in ["", "a b", "é", &"i".repeat(65)] {
        assert_eq!(code(&world.ask(connection, resume("r", incarnation, 1, 1))), Code::Malformed);
    }
    assert_eq!(world.lobby.room_count(), 0);
}

#[test]
fn a_room_that_has_used_up_its_numbers_takes_no_newcomer_but_its_members_back() {
    let mut world = World::new();
    let (last, _) = world.connect();
    world.ask(last, resume("r", "i", 1, crate::limits::AUTHOR));
    let (newcomer, _) = world.connect();
    assert_eq!(code(&world.ask(newcomer, join("r"))), Code::Limit);
    assert!(matches!(
        world.say(newcomer, resume("r", "i", 2, 2)).first(),
        Some(Delivery::Send(_, Response::Resumed(_)))
    ));
}
