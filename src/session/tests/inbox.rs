//! Signed changes that wait to be checked together.

use std::sync::Arc;

use super::signed::{FOUR, access, certificate, change, key, signing};
use super::*;
use crate::session::{Presence, Proof};
use crate::sync::{Change, ChangeId};
use crate::trust::{Distrust, Fraud, Ledger, Role, Seal, Secret};

/// Checks that wait for nothing after a pause.
const AT_ONCE: usize = 8;

/// A session that listens to TWO, a writer.
fn listening() -> Session {
    let mut session = signing(creator("{}"), Role::Owner);
    feed(&mut session, Time::ZERO, Input::Certified(TWO, certificate(TWO)));
    feed(&mut session, Time::ZERO, Input::Connected(TWO));
    say(&mut session, Time::ZERO, TWO, hello(VectorClock::new(), true));
    session
}

/// What TWO writes: its changes one by one, each with a signature of its own.
fn said(changes: &[Arc<Change>]) -> Vec<Message> {
    let mut ledger = Ledger::new(access(), TWO, key(TWO));
    let mut one = |change: &Arc<Change>| {
        ledger.enter_own(std::slice::from_ref(change));
        let (changes, seals) = ledger.seal(std::slice::from_ref(change), true);
        signed(changes, seals)
    };
    changes.iter().map(&mut one).collect()
}

fn signed(changes: Vec<Arc<Change>>, seals: Vec<Seal>) -> Message {
    Message::Signed(Box::new(Message::Changes(changes)), Proof { seals, hashes: Vec::new() })
}

fn story(last: u64) -> Vec<Arc<Change>> {
    (1..=last).map(|tick| change(TWO, tick, &format!("k{tick}"))).collect()
}

fn ticks(session: &Session) -> u64 {
    session.replica().unwrap().clock().get(TWO)
}

/// How many times a session told of changes.
fn told(wanted: &[Wanted]) -> usize {
    let events = wanted.iter().flat_map(|wanted| &wanted.events);
    events.filter(|event| matches!(event, Event::Changed(_))).count()
}

fn frauds(wanted: &Wanted) -> Vec<Fraud> {
    let fraud = |event: &Event| if let Event::Distrusted(fraud) = event { Some(*fraud) } else { None };
    wanted.events.iter().filter_map(fraud).collect()
}

#[test]
fn what_follows_a_pause_is_taken_in_at_once_and_what_comes_without_end_together() {
    let mut session = listening();
    let mut wanted = Vec::new();
    for message in said(&story(100)) {
        wanted.push(say(&mut session, ms(1), TWO, message));
    }
    assert_eq!((ticks(&session), told(&wanted)), (AT_ONCE as u64, AT_ONCE));
    let due = session.next_timeout().unwrap();
    assert!(due <= ms(1) + ms(8), "{due:?}");
    let wanted = [feed(&mut session, due, Input::Timeout)];
    assert_eq!((ticks(&session), told(&wanted)), (100, 1));
    // One every millisecond: one check every eight.
    let mut wanted = Vec::new();
    for (at, message) in said(&story(900)).into_iter().skip(100).enumerate() {
        let now = due + ms(1) * u32::try_from(at).unwrap();
        wanted.push(feed(&mut session, now, Input::Timeout));
        wanted.push(say(&mut session, now, TWO, message));
    }
    wanted.push(feed(&mut session, due + ms(900), Input::Timeout));
    assert_eq!(ticks(&session), 900);
    assert!((100..110).contains(&told(&wanted)), "{}", told(&wanted));
}

#[test]
fn what_is_unsound_among_what_waits_is_found_and_the_rest_taken_in() {
    let mut session = listening();
    let mut messages = said(&story(20));
    let Message::Signed(forged, _) = &mut messages[14] else { panic!() };
    **forged = Message::Changes(vec![change(TWO, 15, "forged")]);
    for message in messages {
        assert_eq!(say(&mut session, ms(1), TWO, message).expelled, []);
    }
    let wanted = feed(&mut session, ms(50), Input::Timeout);
    assert_eq!(wanted.expelled, [TWO]);
    assert_eq!(ticks(&session), 14);
    let what = Distrust::Forged(ChangeId { author: TWO, tick: 15 });
    assert_eq!(frauds(&wanted), [Fraud { by: TWO, what }]);
}

#[test]
fn nothing_unsigned_slips_in_among_what_waits() {
    let mut session = listening();
    let mut messages = said(&story(20));
    let Message::Signed(signed, _) = &mut messages[14] else { panic!() };
    **signed = Message::Changes(vec![change(TWO, 15, "k15"), change(FOUR, 1, "slipped in")]);
    for message in messages {
        say(&mut session, ms(1), TWO, message);
    }
    let wanted = feed(&mut session, ms(50), Input::Timeout);
    let what = Distrust::Unsigned(ChangeId { author: FOUR, tick: 1 });
    assert_eq!((frauds(&wanted), wanted.expelled), (vec![Fraud { by: TWO, what }], vec![TWO]));
    assert!(text(&session).contains("k14") && !text(&session).contains("slipped in"));
}

#[test]
fn who_is_found_out_by_what_waits_is_not_heard_with_what_it_says_next() {
    let mut session = listening();
    let mut messages = said(&story(20));
    let Message::Signed(forged, _) = &mut messages[19] else { panic!() };
    **forged = Message::Changes(vec![change(TWO, 20, "forged")]);
    for message in messages {
        say(&mut session, ms(1), TWO, message);
    }
    let wanted = say(&mut session, ms(2), TWO, Message::RequestDocument);
    assert_eq!((wanted.expelled, wanted.sent.len(), ticks(&session)), (vec![TWO], 0, 19));
}

#[test]
fn two_changes_of_one_number_in_two_messages_show_their_author() {
    let mut session = listening();
    let mut messages = said(&story(12));
    let mut other = story(12);
    other[11] = change(TWO, 12, "another");
    messages.extend(said(&other).pop());
    for message in messages {
        say(&mut session, ms(1), TWO, message);
    }
    let wanted = feed(&mut session, ms(50), Input::Timeout);
    let what = Distrust::Equivocation(ChangeId { author: TWO, tick: 12 });
    assert_eq!(frauds(&wanted), [Fraud { by: TWO, what }]);
    assert_eq!(ticks(&session), 12);
    assert!(text(&session).contains("k12") && !text(&session).contains("another"));
}

#[test]
fn nothing_that_waits_is_lost_or_overtaken() {
    // By what it says next, by its end, by the own one, and by new keys.
    type Act = fn(&mut Session);
    let acts: [(&str, Act); 5] = [
        ("presence", |session| {
            say(session, ms(2), TWO, Message::Presence(Presence::default()));
        }),
        ("its goodbye", |session| drop(say(session, ms(2), TWO, Message::Goodbye))),
        ("a broken connection", |session| drop(feed(session, ms(2), Input::Disconnected(TWO)))),
        ("leaving", |session| session.leave(ms(2))),
        ("new keys", |session| {
            assert!(session.revoke(ms(2), &[TWO], Secret::new([9; 32])));
        }),
    ];
    for (what, act) in acts {
        let mut session = listening();
        for message in said(&story(30)) {
            say(&mut session, ms(1), TWO, message);
        }
        assert!(ticks(&session) < 30);
        act(&mut session);
        assert_eq!(ticks(&session), 30, "{what}");
    }
}

#[test]
fn as_much_waits_as_may_and_no_more() {
    let mut session = listening();
    let all = u64::try_from(limits::UNCHECKED_CHANGES).unwrap();
    let messages = said(&story(all));
    let seals = |count| {
        let Message::Signed(_, proof) = &messages[0] else { panic!() };
        signed(Vec::new(), vec![proof.seals[0].clone(); count])
    };
    for message in messages.clone() {
        say(&mut session, ms(1), TWO, message);
    }
    assert!(ticks(&session) > all / 2, "they are counted");
    // So are seals of nothing.
    let before = feed(&mut session, ms(500), Input::Timeout);
    assert_eq!((ticks(&session), before.expelled.len()), (all, 0));
    for _ in 0..AT_ONCE {
        say(&mut session, ms(501), TWO, seals(1));
    }
    say(&mut session, ms(501), TWO, seals(1));
    assert!(session.peers[&TWO].inbox.is_waiting());
    say(&mut session, ms(501), TWO, seals(limits::UNCHECKED_CHANGES));
    assert!(!session.peers[&TWO].inbox.is_waiting());
}
