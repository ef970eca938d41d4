//! A member that gives a document which is not the others'.

use super::announced::NEXT;
use super::attacks::{MAL, honest_go_on, room};
use super::signed::{access, certificate, connect, evidence, frauds, key, signing};
use super::*;
use crate::session::Proof;
use crate::trust::{Ledger, Role};

/// A document at a version, and what is said of its authors' chains there.
fn document(text: &str, clock: &[(Author, u64)], hashes: &[(Author, [u8; 32])]) -> Message {
    let checkpoint = Checkpoint { clock: clock.iter().copied().collect(), ..Checkpoint::read(text).unwrap() };
    let document = Message::Document { checkpoint, changes: Vec::new() };
    Message::Signed(Box::new(document), Proof { seals: Vec::new(), hashes: hashes.to_vec() })
}

#[test]
fn who_is_given_a_wrong_hash_blames_nobody_and_can_pass_on_what_it_gets() {
    for hashes in [&[(TWO, [7; 32])][..], &[]] {
        let mut net = room();
        let now = net.now;
        set(net.at(TWO), now, "two", "1");
        net.pass(ms(500));
        let now = net.now;
        net.sessions.insert(NEXT, signing(joiner(NEXT), Role::Writer).kept(false));
        feed(net.at(NEXT), now, Input::Certified(MAL, certificate(MAL)));
        feed(net.at(NEXT), now, Input::Connected(MAL));
        say(net.at(NEXT), now, MAL, hello(VectorClock::from_iter([(TWO, 1)]), true));
        net.at(NEXT).handle(now, Input::Message(MAL, document(r#"{"kept":1,"two":1}"#, &[(TWO, 1)], hashes)));
        for other in [ONE, TWO] {
            connect(&mut net, other, NEXT, &[other, NEXT]);
        }
        net.pass(ms(3_000));
        let now = net.now;
        set(net.at(TWO), now, "more", "1");
        net.pass(ms(3_000));
        assert_eq!(text(net.at(NEXT)), r#"{"kept":1,"two":1,"more":1}"#);
        assert_eq!(frauds(&net), vec![]);
        // Also after it was stored, by which it is known again.
        let (records, end) = (std::mem::take(&mut net.records), net.now);
        let replica = keeping::restore(NEXT, &records);
        let changes: Vec<_> = replica.history().cloned().collect();
        let mut ledger = Ledger::new(access(), NEXT, key(NEXT));
        ledger.restore(&replica.checkpoint().clock, &changes, &evidence(&records), &[NEXT]);
        let (passed, seals) = ledger.seal(&changes, true);
        let proof = Proof { seals, hashes: Vec::new() };
        let wanted = say(net.at(ONE), end, NEXT, Message::Signed(Box::new(Message::Changes(passed)), proof));
        assert!(wanted.expelled.is_empty() && changes.len() == 1, "{:?}", wanted.events);
        everyone_goes_on(&mut net);
    }
}

/// Everyone goes on, the newcomer too.
fn everyone_goes_on(net: &mut Net) {
    for at in [ONE, TWO, NEXT] {
        let now = net.now;
        set(net.at(at), now, &format!("by {at}"), "1");
        net.pass(ms(3_000));
    }
    for at in [ONE, TWO, NEXT] {
        assert!(text(net.at(at)).ends_with(r#""by 1":1,"by 2":1,"by 5":1}"#), "at {at}");
    }
    assert_eq!(frauds(net), vec![]);
}

fn is_refused(event: &Event) -> bool {
    matches!(event, Event::Garbage(MAL, what) if what.contains("document"))
}

#[test]
fn a_readers_document_takes_nobodys_place() {
    let mut net = Net::new([signing(creator(r#"{"kept":1}"#), Role::Owner)]);
    let now = net.now;
    feed(net.at(ONE), now, Input::Connected(MAL));
    say(net.at(ONE), now, MAL, hello(VectorClock::new(), true));
    // There is nobody else to ask.
    let wanted = say(net.at(ONE), now, MAL, document("[]", &[(Author(77), 1)], &[(Author(77), [7; 32])]));
    assert!(wanted.events.iter().any(is_refused), "{:?}", wanted.events);
    assert_eq!(text(net.at(ONE)), r#"{"kept":1}"#);
}

#[test]
fn no_document_takes_the_place_of_what_others_have_too() {
    let mut net = room();
    let now = net.now;
    set(net.at(TWO), now, "before", "1");
    net.pass(ms(500));
    for at in [ONE, TWO] {
        let now = net.now;
        // Of a version that a writer, as it is, may well have come to.
        let claimed = document("[]", &[(TWO, 1), (MAL, 1)], &[(MAL, [7; 32])]);
        let wanted = say(net.at(at), now, MAL, claimed);
        assert!(wanted.events.iter().any(is_refused), "{:?}", wanted.events);
    }
    honest_go_on(&mut net, r#","before":1"#);
}
