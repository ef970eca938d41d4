use std::sync::Arc;

use super::*;
use crate::session::{Link, VERSION};
use crate::sync::{Change, ChangeId, Refusal};

fn change(author: Author, ticks: &[(u32, u64)], key: &str) -> Arc<Change> {
    let clock = ticks.iter().map(|&(author, tick)| (Author(author), tick)).collect();
    Arc::new(Change { author, clock, path: Path::ROOT.key(key), method: Method::Delete })
}

/// A session with a document and one peer that has said hello.
fn host() -> Session {
    let mut session = creator("{}");
    feed(&mut session, ms(0), Input::Connected(TWO));
    say(&mut session, ms(0), TWO, hello(VectorClock::new(), true));
    session
}

fn refusals(wanted: &Wanted) -> Vec<&Refusal> {
    let refusal = |event| if let &Event::Refused(TWO, ref refusal) = event { Some(refusal) } else { None };
    wanted.events.iter().filter_map(refusal).collect()
}

#[test]
fn another_version_is_not_talked_to() {
    let mut session = creator("{}");
    feed(&mut session, ms(0), Input::Connected(TWO));
    let foreign = hello_of(VERSION + 1, VectorClock::new(), true);
    let wanted = say(&mut session, ms(1), TWO, foreign);
    assert!(wanted.sent.is_empty(), "{wanted:?}");
    let tells = |event: &Event| matches!(event, Event::Incompatible(TWO, version) if *version == VERSION + 1);
    assert!(wanted.events.iter().any(tells), "{wanted:?}");
    set(&mut session, ms(2), "a", "1");
    assert!(drain(&mut session).sent.is_empty());
    assert!(say(&mut session, ms(3), TWO, Message::RequestDocument).sent.is_empty());
}

#[test]
fn changes_that_cannot_be_are_refused_by_name_and_the_room_goes_on() {
    let mut session = host();
    set(&mut session, ms(0), "a", "1");
    let own = ChangeId { author: ONE, tick: 2 };
    let wanted = say(&mut session, ms(1), TWO, Message::Change(change(ONE, &[(1, 2)], "a")));
    assert_eq!(refusals(&wanted), [&Refusal::NotMine(own)]);
    let wanted = say(&mut session, ms(1), TWO, Message::Change(change(TWO, &[(1, 2), (2, 1)], "a")));
    assert_eq!(refusals(&wanted), [&Refusal::NotMine(own)]);
    let seen = VectorClock::from_iter([(ONE, 2)]);
    for message in [
        Message::Clock { seen: seen.clone(), floor: None, writer: None },
        Message::RequestChanges(seen.clone()),
        hello(seen, true),
    ] {
        assert_eq!(refusals(&say(&mut session, ms(1), TWO, message)), [&Refusal::NotMine(own)]);
    }
    say(&mut session, ms(2), TWO, Message::Change(change(TWO, &[(2, 1)], "x")));
    let wanted = say(&mut session, ms(2), TWO, Message::Change(change(TWO, &[(2, 1)], "y")));
    assert_eq!(refusals(&wanted), [&Refusal::Equivocation(ChangeId { author: TWO, tick: 1 })]);
    let wanted = say(&mut session, ms(3), TWO, Message::Change(change(TWO, &[(1, 1), (2, 2)], "a")));
    assert!(refusals(&wanted).is_empty());
    assert_eq!(text(&session), "{}");
}

#[test]
fn a_refused_change_acknowledges_nothing() {
    let mut session = host();
    set(&mut session, ms(0), "a", "1");
    say(&mut session, ms(1), TWO, Message::Change(change(ONE, &[(1, 1)], "other")));
    assert_eq!(session.unacknowledged(), 1);
}

#[test]
fn a_flood_of_refusals_is_told_briefly() {
    let mut session = host();
    let bad = (0..1_000).map(|number| change(ONE, &[(1, 5 + number)], "a")).collect();
    let told = refusals(&say(&mut session, ms(1), TWO, Message::Changes(bad))).len();
    assert_eq!(told, limits::REFUSALS_TOLD);
}

#[test]
fn what_a_liar_claims_goes_with_it() {
    let mut session = host();
    feed(&mut session, ms(0), Input::Connected(THREE));
    say(&mut session, ms(0), THREE, hello(VectorClock::new(), true));
    let seen = VectorClock::from_iter([(Author(77), 1 << 40)]);
    say(&mut session, ms(1), TWO, Message::Clock { seen, floor: None, writer: None });
    let asks = |wanted: &Wanted| wanted.sent.iter().any(|sent| matches!(sent.2, Message::RequestSync(_)));
    assert!(asks(&feed(&mut session, ms(200), Input::Timeout)));
    feed(&mut session, ms(300), Input::Disconnected(TWO));
    for at in 1..60 {
        assert!(!asks(&feed(&mut session, ms(at * 1_000), Input::Timeout)));
    }
}

#[test]
fn a_document_is_not_sent_as_often_as_somebody_asks() {
    let mut session = host();
    let mut sent = 0;
    for at in 0..4_000 {
        let wanted = say(&mut session, ms(at), TWO, Message::RequestDocument);
        sent += wanted.sent.iter().filter(|sent| matches!(sent.2, Message::Document { .. })).count();
    }
    assert_eq!(sent, 2);
}

#[test]
fn a_document_that_nobody_needs_alters_nothing() {
    let mut session = host();
    set(&mut session, ms(0), "a", "1");
    for clock in [VectorClock::new(), VectorClock::from_iter([(TWO, 9)]), VectorClock::from_iter([(ONE, 9)])]
    {
        let checkpoint = Checkpoint { source: "[]".into(), value: parse("[]").unwrap(), clock };
        say(&mut session, ms(1), TWO, Message::Document { checkpoint, changes: vec![] });
        assert_eq!(text(&session), r#"{"a":1}"#);
    }
}

#[test]
fn a_newcomer_takes_a_document_from_those_who_have_one() {
    let mut session = joiner(THREE);
    let document = |text| {
        let checkpoint = Checkpoint::read(text).unwrap();
        Message::Document { checkpoint, changes: Vec::new() }
    };
    for peer in [ONE, TWO] {
        feed(&mut session, ms(0), Input::Connected(peer));
        say(&mut session, ms(0), peer, hello(VectorClock::new(), peer == ONE));
    }
    say(&mut session, ms(1), TWO, document("[]"));
    assert!(session.snapshot().is_none());
    say(&mut session, ms(2), ONE, document("{}"));
    assert_eq!(text(&session), "{}");
}

#[test]
fn strangers_are_not_heard() {
    let mut session = creator("{}");
    for message in [hello(VectorClock::new(), true), Message::RequestDocument, Message::Goodbye] {
        let wanted = say(&mut session, ms(0), THREE, message);
        assert!(wanted.sent.is_empty() && wanted.events.is_empty(), "{wanted:?}");
    }
    assert_eq!(session.people(), []);
}

/// Any input, in any state: nothing panics, `poll` ends, and no timer is due again at once.
#[test]
fn any_sequence_of_inputs_is_survived() {
    let mut number = 1_u64;
    let mut below = move |end: u64| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) % end
    };
    for round in 0..300 {
        let mut session = if round % 2 == 0 { creator("{}") } else { joiner(THREE) };
        let mut now = Time::ZERO;
        for _ in 0..100 {
            let peer = Author(u32::try_from(below(5)).unwrap());
            let ticks: Vec<(u32, u64)> =
                (0..below(4)).map(|_| (u32::try_from(below(5)).unwrap(), below(4))).collect();
            let clock: VectorClock = ticks.iter().map(|&(author, tick)| (Author(author), tick)).collect();
            let changes: Vec<Arc<Change>> = (0..below(3)).map(|_| change(peer, &ticks, "a")).collect();
            let checkpoint =
                Checkpoint { source: "{}".into(), value: parse("{}").unwrap(), clock: clock.clone() };
            let message = match below(11) {
                0 => hello(clock, below(2) == 0),
                1 => Message::RequestDocument,
                2 => Message::Document { checkpoint, changes },
                3 => Message::RequestChanges(clock),
                4 | 5 => Message::Changes(changes),
                6 => Message::RequestSync(
                    ticks.iter().map(|&(author, tick)| (Author(author), tick, tick + 2)).collect(),
                ),
                7 | 8 => Message::Clock { seen: clock.clone(), floor: Some(clock), writer: None },
                9 => Message::Presence(crate::session::Presence::default()),
                _ => Message::Goodbye,
            };
            now += ms(below(400));
            let input = match below(10) {
                0 | 1 => Input::Connected(peer),
                2 => Input::Disconnected(peer),
                3 => Input::Left(peer),
                4 => Input::Joined(peer),
                5 => Input::Timeout,
                _ => Input::Message(peer, message),
            };
            feed(&mut session, now, input);
            match below(40) {
                0 => drop(session.undo(now)),
                1 => drop(session.redo(now)),
                2 if round % 5 == 0 => session.leave(now),
                _ => drop(session.edit(
                    now,
                    None,
                    below(3),
                    Path::ROOT.key("a"),
                    Method::Set(parse("1").unwrap()),
                )),
            }
            drain(&mut session);
            feed(&mut session, now, Input::Timeout);
            assert!(session.next_timeout().is_none_or(|next| next > now));
            assert!(
                session
                    .people()
                    .iter()
                    .all(|person| person.link != Link::Connecting || person.author != session.author())
            );
        }
    }
}
