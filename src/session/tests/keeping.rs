//! What is stored, and what waits for it.

use std::sync::Arc;

use super::*;
use crate::sync::{Change, Replica};

/// A kept session of author 1 that is connected to author 2, and has said all it had to say.
fn kept() -> Session {
    let mut session = creator("{}").kept(true);
    feed(&mut session, ms(0), Input::Connected(TWO));
    say(&mut session, ms(0), TWO, hello(VectorClock::new(), true));
    session
}

fn is_change(message: &Message) -> bool {
    matches!(message, Message::Change(_) | Message::Changes(_))
}

#[test]
fn an_own_change_is_stored_before_it_is_said() {
    let mut session = kept();
    set(&mut session, ms(10), "a", "1");
    let wanted = drain(&mut session);
    assert!(wanted.sent.is_empty(), "{:?}", wanted.sent);
    assert!(
        matches!(&wanted.events[0], Event::Changed(changes) if changes.len() == 1),
        "the screen waits not"
    );
    let [(number, Record::Changes(changes, _))] = &wanted.records[..] else { panic!("{:?}", wanted.records) };
    assert_eq!(changes.len(), 1);
    let said = feed(&mut session, ms(20), Input::Stored(*number)).sent;
    assert!(said.iter().any(|(to, _, message)| *to == TWO && is_change(message)), "{said:?}");
}

#[test]
fn nothing_tells_of_a_change_before_it_is_stored() {
    let mut session = kept();
    set(&mut session, ms(10), "a", "1");
    let number = drain(&mut session).records[0].0;
    // A newcomer, a request, and the time of a ping: each would be answered with a clock.
    let mut said = feed(&mut session, ms(11), Input::Connected(THREE)).sent;
    said.extend(say(&mut session, ms(12), THREE, hello(VectorClock::new(), false)).sent);
    said.extend(say(&mut session, ms(13), THREE, Message::RequestDocument).sent);
    said.extend(feed(&mut session, ms(2_500), Input::Timeout).sent);
    session.leave(ms(2_600));
    said.extend(drain(&mut session).sent);
    assert!(said.iter().all(|(_, _, message)| matches!(message, Message::Presence(_))), "{said:?}");
    let said = feed(&mut session, ms(2_700), Input::Stored(number)).sent;
    assert!(
        matches!(said.last(), Some((_, _, Message::Goodbye))),
        "in the order it was to be said: {said:?}"
    );
    assert!(said.iter().any(|(to, _, message)| *to == THREE && matches!(message, Message::Document { .. })));
}

#[test]
fn later_changes_do_not_hold_up_earlier_ones() {
    let mut session = kept();
    set(&mut session, ms(10), "a", "1");
    let first = drain(&mut session).records[0].0;
    set(&mut session, ms(11), "b", "2");
    let second = drain(&mut session).records[0].0;
    let said = feed(&mut session, ms(12), Input::Stored(first)).sent;
    let ticks: Vec<u64> = said.iter().filter_map(|(_, _, message)| tick(message)).collect();
    assert_eq!(ticks, [1]);
    let said = feed(&mut session, ms(13), Input::Stored(second)).sent;
    let ticks: Vec<u64> = said.iter().filter_map(|(_, _, message)| tick(message)).collect();
    assert_eq!(ticks, [2]);
}

fn tick(message: &Message) -> Option<u64> {
    if let Message::Change(change) = message { Some(change.tick()) } else { None }
}

#[test]
fn a_failing_disk_holds_nothing_up_until_it_has_caught_up() {
    let mut session = kept();
    set(&mut session, ms(10), "a", "1");
    let first = drain(&mut session).records[0].0;
    let said = feed(&mut session, ms(11), Input::NotStored).sent;
    assert!(said.iter().any(|(_, _, message)| is_change(message)));
    set(&mut session, ms(12), "b", "2");
    let wanted = drain(&mut session);
    assert!(wanted.sent.iter().any(|(_, _, message)| is_change(message)));
    assert!(!session.is_stored());
    // The first is stored after all; the second has been said and is not.
    feed(&mut session, ms(13), Input::Stored(first));
    set(&mut session, ms(14), "c", "3");
    let wanted = drain(&mut session);
    assert!(wanted.sent.iter().any(|(_, _, message)| is_change(message)), "it is still failing");
    let (last, whole) = session.whole().unwrap();
    assert!(matches!(whole, Record::Whole(_, changes, _) if changes.len() == 3));
    feed(&mut session, ms(15), Input::Stored(last));
    assert!(session.is_stored());
    set(&mut session, ms(16), "d", "4");
    assert!(drain(&mut session).sent.is_empty(), "it waits again");
}

#[test]
fn what_others_make_is_acknowledged_when_it_is_stored_and_holds_up_nothing_else() {
    let mut session = kept();
    let mut other = creator("{}");
    feed(&mut other, ms(0), Input::Connected(THREE));
    let mut replica = Replica::new(TWO, other.replica().unwrap().checkpoint(), 10);
    let change = replica.edit(Path::ROOT.key("x"), Method::Set(parse("1").unwrap())).unwrap();
    let wanted = say(&mut session, ms(10), TWO, Message::Change(change));
    assert!(matches!(&wanted.records[..], [(_, Record::Changes(changes, _))] if changes[0].author == TWO));
    let number = wanted.records[0].0;
    let is_clock = |(_, _, message): &(Author, Channel, Message)| matches!(message, Message::Clock { .. });
    let said = feed(&mut session, ms(100), Input::Timeout).sent;
    assert!(!said.iter().any(is_clock), "{said:?}");
    let said = say(&mut session, ms(101), TWO, Message::RequestChanges(VectorClock::new())).sent;
    assert!(said.iter().any(|(_, _, message)| is_change(message)), "{said:?}");
    let said = feed(&mut session, ms(102), Input::Stored(number)).sent;
    assert!(said.iter().any(is_clock), "{said:?}");
}

#[test]
fn nobody_is_told_in_a_hello_either_of_what_is_not_stored() {
    let mut session = kept();
    let mut replica = Replica::new(TWO, session.replica().unwrap().checkpoint(), 10);
    let change = replica.edit(Path::ROOT.key("x"), Method::Set(parse("1").unwrap())).unwrap();
    let number = say(&mut session, ms(10), TWO, Message::Change(change)).records[0].0;
    let said = feed(&mut session, ms(11), Input::Connected(THREE)).sent;
    assert!(said.is_empty(), "{said:?}");
    // What follows on the same channel does not overtake it.
    let said = say(&mut session, ms(12), THREE, hello(VectorClock::new(), true)).sent;
    assert!(said.iter().all(|(_, channel, _)| *channel != Channel::Sync), "{said:?}");
    assert_eq!(session.unstored(), Some(number));
    let said = feed(&mut session, ms(13), Input::Stored(number)).sent;
    let first = said.iter().find(|(to, ..)| *to == THREE).unwrap();
    assert!(matches!(first, (_, Channel::Sync, Message::Hello { clock, .. }) if clock.get(TWO) == 1));
    assert!(said.iter().any(|(to, _, message)| *to == THREE && is_change(message)), "{said:?}");
    assert_eq!(session.unstored(), None);
}

#[test]
fn a_new_room_and_a_document_that_came_are_stored_whole() {
    let mut session = creator("{\"a\":1}").kept(false);
    assert!(matches!(&drain(&mut session).records[..], [(1, Record::Whole(..))]));
    let mut net = Net::connected([creator("{\"a\":1}"), joiner(TWO).kept(false)]);
    let (_, Record::Whole(checkpoint, ..)) = net.at(TWO).whole().unwrap() else { panic!() };
    assert_eq!(checkpoint.value.to_string(), "{\"a\":1}");
    let records: Vec<&Record> = net.records.iter().map(|(_, record)| record).collect();
    assert!(matches!(records[..], [Record::Whole(..)]), "{records:?}");
}

/// What the records say, put together.
pub(super) fn restore(author: Author, records: &[(u64, Record)]) -> Replica {
    let mut all: (Option<Checkpoint>, Vec<Arc<Change>>) = (None, Vec::new());
    for (_, record) in records {
        match record {
            Record::Whole(checkpoint, changes, _) => all = (Some(checkpoint.clone()), changes.clone()),
            Record::Changes(changes, _) => all.1.extend(changes.iter().cloned()),
        }
    }
    Replica::restore(all.0.unwrap(), all.1, 100).unwrap().of(author)
}

#[test]
fn who_comes_back_has_all_and_goes_on_counting() {
    let mut session = creator("{}").kept(false);
    for (at, key) in (0..).zip(["a", "b", "c"]) {
        set(&mut session, ms(at), key, "1");
    }
    session.undo(ms(10)).unwrap();
    let records = drain(&mut session).records;
    let replica = restore(ONE, &records);
    assert_eq!(replica.snapshot(), session.snapshot().unwrap());
    assert!(replica.history().eq(session.replica().unwrap().history()));
    let mut again = Session::resume(replica, &[], options(100)).kept(true);
    set(&mut again, ms(0), "d", "2");
    assert_eq!(again.seen().get(ONE), 5);
    assert_eq!(text(&again), r#"{"a":1,"b":1,"d":2}"#);
}

#[test]
fn what_was_not_sent_before_the_crash_is_sent_after_it() {
    for author in [ONE, THREE] {
        let mut net = Net::connected([creator("{}").kept(false), joiner(TWO)]);
        net.disconnect(ONE, TWO);
        let now = net.now;
        set(net.at(ONE), now, "late", "true");
        net.deliver(|_, _, _| true);
        let records = std::mem::take(&mut net.records);
        // It crashed, and comes back as who it was, or as somebody new.
        net.sessions.remove(&ONE);
        net.at(TWO).handle(now, Input::Left(ONE));
        let again = Session::resume(restore(author, &records), &[TWO], options(100));
        net.sessions.insert(author, again);
        net.connect(author, TWO);
        net.pass(ms(500));
        set(net.at(author), now, "more", "1");
        net.pass(ms(500));
        assert_eq!(text(net.at(TWO)), r#"{"late":true,"more":1}"#);
        assert_eq!(net.at(TWO).snapshot(), net.at(author).snapshot());
        let ticks: Vec<(Author, u64)> = net.at(TWO).seen().iter().collect();
        let expected: &[(Author, u64)] = if author == ONE { &[(ONE, 2)] } else { &[(ONE, 1), (THREE, 1)] };
        assert_eq!(ticks, expected);
    }
}
