//! Meeting by a passphrase: what is passed on, and to whom.

use super::*;
use crate::protocol::{AnswerKnock, Attend, Knock};

fn body(text: &str) -> Body {
    Body::new(&text).unwrap()
}

fn attend(room: &str) -> Request {
    Request::Attend(Attend { room: room.to_owned() })
}

fn knock(room: &str, text: &str) -> Request {
    Request::Knock(Knock { room: room.to_owned(), body: body(text) })
}

fn answer(room: &str, guest: Connection, text: &str) -> Request {
    Request::AnswerKnock(AnswerKnock { room: room.to_owned(), guest: guest.0, body: body(text) })
}

#[test]
fn who_knocks_and_who_attends_talk_and_nobody_else() {
    let mut world = World::new();
    let ((host, _), (guest, _), (other, _)) = (world.connect(), world.connect(), world.connect());
    assert_eq!(world.ask(host, attend("r")), Response::Attending(Attend { room: "r".to_owned() }));
    let knocked = AnswerKnock { room: "r".to_owned(), guest: guest.0, body: body("hello") };
    assert_eq!(world.say(guest, knock("r", "hello")), [Delivery::Send(host, Response::Knocked(knocked))]);
    let answered = Response::KnockAnswered(Knock { room: "r".to_owned(), body: body("yes") });
    assert_eq!(world.say(host, answer("r", guest, "yes")), [Delivery::Send(guest, answered)]);
    // One who has not knocked cannot be reached, and only the one who attends answers.
    assert_eq!(code(&world.ask(host, answer("r", other, "psst"))), Code::NoMember);
    assert_eq!(code(&world.ask(guest, answer("r", guest, "me"))), Code::NoMember);
    assert_eq!(code(&world.ask(host, knock("r", "to myself"))), Code::NoRoom);
}

#[test]
fn a_name_under_which_nobody_attends_is_as_one_of_a_room() {
    let mut world = World::new();
    let (member, _) = world.create("a room");
    let (guest, _) = world.connect();
    let refused = |world: &mut World, name: &str| {
        let Response::KnockFailed(failed) = world.ask(guest, knock(name, "hello")) else {
            panic!("no refusal")
        };
        (failed.code, failed.reason)
    };
    assert_eq!(refused(&mut world, "a room"), refused(&mut world, "no room"));
    assert_eq!(code(&world.ask(member, attend(""))), Code::BadName);
}

#[test]
fn one_attends_under_a_name_until_it_goes() {
    let mut world = World::with(Options { max_rooms_per_connection: 2, ..Options::default() });
    let ((host, _), (other, _)) = (world.connect(), world.connect());
    world.ask(host, attend("one"));
    assert_eq!(code(&world.ask(other, attend("one"))), Code::Exists);
    world.ask(host, attend("two"));
    assert_eq!(code(&world.ask(host, attend("three"))), Code::Limit);
    world.say(other, knock("one", "hello"));
    world.disconnect(host);
    assert_eq!(code(&world.ask(other, knock("one", "hello"))), Code::NoRoom);
    assert!(matches!(world.ask(other, attend("one")), Response::Attending(_)));
}

#[test]
fn so_many_guests_are_remembered_and_no_more() {
    let mut world = World::new();
    let (host, _) = world.connect();
    world.ask(host, attend("r"));
    let guests: Vec<Connection> = (0..=crate::limits::GUESTS).map(|_| world.connect().0).collect();
    for &guest in &guests {
        world.say(guest, knock("r", "hello"));
    }
    let (first, second) = (*guests.first().unwrap(), *guests.get(1).unwrap());
    assert_eq!(code(&world.ask(host, answer("r", first, "yes"))), Code::NoMember);
    assert!(
        matches!(world.say(host, answer("r", second, "yes"))[..], [Delivery::Send(to, _)] if to == second)
    );
    world.disconnect(second);
    assert_eq!(code(&world.ask(host, answer("r", second, "yes"))), Code::NoMember);
}
