//! A member that is let in, and then does what it likes: the honest ones stay equal, take nothing of
//! it in, and say who it was; where it is proven they have nothing to do with it any more.

use std::sync::Arc;

use super::signed::{access, certificate, change, frauds, key, signing};
use super::*;
use crate::session::Proof;
use crate::sync::{Change, Refusal};
use crate::trust::{Access, Distrust, Fraud, Ledger, Role, Secret};

/// The hostile one. It may write.
pub(super) const MAL: Author = Author(4);

/// Two honest members with a document, and the hostile one connected to both.
pub(super) fn room() -> Net {
    let mut net =
        Net::new([signing(creator(r#"{"kept":1}"#), Role::Owner), signing(joiner(TWO), Role::Writer)]);
    for (at, other) in [(ONE, TWO), (TWO, ONE)] {
        net.at(at).handle(Time::ZERO, Input::Certified(other, certificate(other)));
    }
    net.connect(ONE, TWO);
    net.pass(ms(100));
    for at in [ONE, TWO] {
        let now = net.now;
        feed(net.at(at), now, Input::Certified(MAL, certificate(MAL)));
        feed(net.at(at), now, Input::Connected(MAL));
        say(net.at(at), now, MAL, hello(VectorClock::new(), true));
    }
    net
}

/// Changes as somebody signs them.
pub(super) fn signed(access: Access, author: Author, changes: &[Arc<Change>]) -> Message {
    let mut ledger = Ledger::new(access, author, key(author));
    ledger.enter_own(changes);
    let (changes, seals) = ledger.seal(changes, true);
    Message::Signed(Box::new(Message::Changes(changes)), Proof { seals, hashes: Vec::new() })
}

/// A change that says to have seen this beside itself.
fn having_seen(tick: u64, seen: &[(Author, u64)]) -> Arc<Change> {
    let mut made = Change::clone(&change(MAL, tick, "mal"));
    made.clock.join(&seen.iter().copied().collect());
    Arc::new(made)
}

/// The honest ones edit on, and show the same: what they wrote, and `also`.
pub(super) fn honest_go_on(net: &mut Net, also: &str) {
    for (at, key) in [(ONE, "one"), (TWO, "two")] {
        let now = net.now;
        set(net.at(at), now, key, "1");
        net.pass(ms(500));
    }
    net.pass(ms(6_000));
    for at in [ONE, TWO] {
        assert_eq!(text(net.at(at)), format!(r#"{{"kept":1{also},"one":1,"two":1}}"#), "at {at}");
    }
    let blamed = frauds(net).into_iter().find(|(_, fraud)| fraud.by != MAL);
    assert_eq!(blamed, None, "an honest one is blamed");
}

/// Both are told the same, and both are done with who said it, for this reason.
fn assert_cut_off(message: &Message, also: &str, reason: impl Fn(Distrust) -> bool) {
    let mut net = room();
    for at in [ONE, TWO] {
        let now = net.now;
        let wanted = say(net.at(at), now, MAL, message.clone());
        assert_eq!(wanted.expelled, [MAL]);
        let told =
            |event: &Event| matches!(event, Event::Distrusted(Fraud { by: MAL, what }) if reason(*what));
        assert!(wanted.events.iter().any(told), "{:?}", wanted.events);
        // What it says later is not heard, and what it claimed before is forgotten.
        let later = say(net.at(at), now, MAL, signed(access(), MAL, &[change(MAL, 1, "later")]));
        assert!(later.sent.is_empty() && later.events.is_empty(), "{later:?}");
        assert!(net.at(at).people().iter().all(|person| person.author != MAL));
    }
    honest_go_on(&mut net, also);
}

#[test]
fn who_makes_up_a_change_of_somebody_else_is_cut_off() {
    // Signed with its own key, in the other's name.
    let mut ledger = Ledger::new(access(), TWO, key(MAL));
    let forged = [change(TWO, 1, "forged")];
    ledger.enter_own(&forged);
    let (changes, mut seals) = ledger.seal(&forged, false);
    for seal in &mut seals {
        seal.certificate = None;
    }
    let proof = Proof { seals, hashes: Vec::new() };
    let message = Message::Signed(Box::new(Message::Changes(changes)), proof);
    assert_cut_off(&message, "", |what| matches!(what, Distrust::Forged(id) if id.author == TWO));
    // The same with a certificate for the other's number that it made as a writer may.
    let (changes, seals) = ledger.seal(&forged, false);
    let proof = Proof { seals, hashes: Vec::new() };
    let message = Message::Signed(Box::new(Message::Changes(changes)), proof);
    let mut net = room();
    let now = net.now;
    let wanted = say(net.at(ONE), now, MAL, message);
    assert!(wanted.expelled.is_empty(), "who passes on what it heard first may have been deceived");
    assert!(matches!(
        wanted.events[..],
        [Event::Distrusted(Fraud { by: MAL, what: Distrust::TwoKeys(TWO) }), ..]
    ));
    honest_go_on(&mut net, "");
}

#[test]
fn a_made_up_change_does_not_slip_in_beside_the_true_one_of_its_name() {
    for is_first in [true, false] {
        let mut net = room();
        let now = net.now;
        let forged = change(TWO, 1, "forged");
        let Message::Signed(message, proof) = signed(access(), TWO, &[change(TWO, 1, "true")]) else {
            panic!()
        };
        let Message::Changes(mut changes) = *message else { panic!() };
        changes.insert(usize::from(!is_first), forged);
        let message = Message::Signed(Box::new(Message::Changes(changes)), proof);
        let wanted = say(net.at(ONE), now, MAL, message);
        assert_eq!(wanted.expelled, [MAL]);
        assert_eq!(text(net.at(ONE)), r#"{"kept":1}"#, "whichever comes first");
    }
}

#[test]
fn who_claims_somebody_else_s_ticks_is_cut_off() {
    for author in [ONE, TWO] {
        let message = Message::Changes(vec![change(author, 1, "claimed")]);
        assert_cut_off(&message, "", |what| matches!(what, Distrust::Unsigned(id) if id.author == author));
    }
}

#[test]
fn who_tells_two_stories_is_cut_off_and_the_first_is_kept() {
    let mut net = room();
    for at in [ONE, TWO] {
        let now = net.now;
        say(net.at(at), now, MAL, signed(access(), MAL, &[change(MAL, 1, "first")]));
    }
    for at in [ONE, TWO] {
        let now = net.now;
        let wanted = say(net.at(at), now, MAL, signed(access(), MAL, &[change(MAL, 1, "second")]));
        assert_eq!(wanted.expelled, [MAL]);
    }
    let stories = frauds(&net);
    assert!(stories.iter().all(|(_, fraud)| matches!(fraud.what, Distrust::Equivocation(_))), "{stories:?}");
    honest_go_on(&mut net, r#","first":1"#);
}

#[test]
fn changes_of_another_room_are_those_of_a_stranger() {
    let old = Access::locked(Secret::new([71; 32]), Secret::new([72; 32]));
    let changes = [change(MAL, 1, "old"), change(MAL, 2, "older")];
    let message = signed(old.clone(), MAL, &changes);
    assert_cut_off(&message, "", |what| matches!(what, Distrust::Forged(_)));
    // With the certificate that was good there.
    let mut ledger = Ledger::new(old, Author(9), key(MAL));
    let changes = [change(Author(9), 1, "old")];
    ledger.enter_own(&changes);
    let (changes, seals) = ledger.seal(&changes, false);
    let proof = Proof { seals, hashes: Vec::new() };
    let message = Message::Signed(Box::new(Message::Changes(changes)), proof);
    assert_cut_off(&message, "", |what| what == Distrust::MayNotWrite(Author(9)));
}

#[test]
fn a_whole_document_of_another_room_takes_nobody_s_place() {
    let mut net = room();
    for at in [ONE, TWO] {
        let now = net.now;
        let checkpoint = Checkpoint {
            source: "[]".into(),
            value: parse("[]").unwrap(),
            clock: VectorClock::from_iter([(ONE, 1), (TWO, 3)]),
        };
        let document = Message::Document { checkpoint, changes: Vec::new() };
        let hashes = vec![(ONE, [7; 32]), (TWO, [8; 32])];
        say(net.at(at), now, MAL, Message::Signed(Box::new(document), Proof { seals: Vec::new(), hashes }));
    }
    honest_go_on(&mut net, "");
}

#[test]
fn clocks_that_cannot_be_are_refused_by_name() {
    let mut net = room();
    let now = net.now;
    let poisoned = [
        Message::Clock { seen: VectorClock::from_iter([(ONE, 999)]), floor: None, writer: None },
        Message::RequestChanges(VectorClock::from_iter([(ONE, 999)])),
        signed(access(), MAL, &[having_seen(1, &[(ONE, 999)])]),
    ];
    for message in poisoned {
        let wanted = say(net.at(ONE), now, MAL, message);
        let told =
            |event: &Event| matches!(event, Event::Refused(MAL, Refusal::NotMine(id)) if id.author == ONE);
        assert!(wanted.events.iter().any(told), "{:?}", wanted.events);
    }
    // Of somebody who never was: asked for a while, then given up.
    for at in [ONE, TWO] {
        let seen = VectorClock::from_iter([(Author(77), 1 << 40)]);
        say(net.at(at), now, MAL, Message::Clock { seen: seen.clone(), floor: Some(seen), writer: None });
    }
    honest_go_on(&mut net, "");
}

#[test]
fn a_clock_that_goes_back_is_refused() {
    let mut net = room();
    let now = net.now;
    set(net.at(ONE), now, "seen", "1");
    net.pass(ms(300));
    for at in [ONE, TWO] {
        let now = net.now;
        let mut ledger = Ledger::new(access(), MAL, key(MAL));
        let changes = [having_seen(1, &[(ONE, 1)]), change(MAL, 2, "back")];
        ledger.enter_own(&changes);
        let (changes, seals) = ledger.seal(&changes, true);
        let proof = Proof { seals, hashes: Vec::new() };
        let message = Message::Signed(Box::new(Message::Changes(changes)), proof);
        let wanted = say(net.at(at), now, MAL, message);
        let told = |event: &Event| matches!(event, Event::Refused(MAL, Refusal::Clock(id)) if id.tick == 2);
        assert!(wanted.events.iter().any(told), "{:?}", wanted.events);
    }
    honest_go_on(&mut net, r#","seen":1,"mal":1"#);
}

#[test]
fn a_flood_of_changes_without_a_past_takes_nobody_else_s_place() {
    let mut net = room();
    // Each has seen one of its own that it never tells of.
    let last = u64::try_from(limits::PENDING_OF_ONE).unwrap() + 2_000;
    let flood: Vec<Arc<Change>> = (1..=last).map(|tick| change(MAL, tick, "flood")).collect();
    let mut ledger = Ledger::new(access(), MAL, key(MAL));
    ledger.enter_own(&flood);
    for at in [ONE, TWO] {
        let now = net.now;
        let mut refused = 0;
        let said = flood[1..].chunks(limits::BATCH_CHANGES).map(|batch| {
            let (changes, seals) = ledger.seal(batch, true);
            let proof = Proof { seals, hashes: Vec::new() };
            Input::Message(MAL, Message::Signed(Box::new(Message::Changes(changes)), proof))
        });
        for input in said.chain([Input::Timeout]) {
            let at_once = if matches!(input, Input::Timeout) { ms(20) } else { ms(0) };
            let wanted = feed(net.at(at), now + at_once, input);
            let told = wanted.events.iter();
            let told = told.filter(|event| matches!(event, Event::Refused(MAL, Refusal::Flood(_)))).count();
            assert!(told <= limits::REFUSALS_TOLD);
            refused += told;
        }
        assert!(refused > 0, "it was all kept");
        assert_eq!(net.at(at).replica().unwrap().pending(), limits::PENDING_OF_ONE);
    }
    // What an honest one did out of order still waits, and finds its place.
    let now = net.now;
    set(net.at(TWO), now, "kept", "2");
    set(net.at(TWO), now, "kept", "1");
    let mut sent = drain(net.at(TWO)).sent;
    sent.reverse();
    for (to, _, message) in sent {
        if to == ONE {
            say(net.at(ONE), now, TWO, message);
        }
    }
    honest_go_on(&mut net, "");
}

#[test]
fn what_is_too_deep_or_too_long_is_refused_before_anything_is_made_of_it() {
    let clock = r#"{"id":4,"ticks":{"4":1}}"#;
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let key = "k".repeat(limits::KEY_BYTES + 1);
    let steps = vec!["0"; limits::PATH_STEPS + 1].join(",");
    let ticks: Vec<String> =
        (1..=limits::CLOCK_AUTHORS + 1).map(|author| format!("\"{author}\":1")).collect();
    let huge = "x".repeat(limits::MESSAGE_BYTES);
    for (text, words) in [
        (format!(r#"["change",[{clock},"set",["x"],{open}1{close}]]"#), "deep"),
        (format!(r#"["change",[{clock},"set",["x"],{{"{key}":1}}]]"#), "key"),
        (format!(r#"["change",[{clock},"set",["{key}"],1]]"#), "key"),
        (format!(r#"["change",[{clock},"delete",[{steps}]]]"#), "steps"),
        (format!(r#"["clock",{{{}}}]"#, ticks.join(",")), "authors"),
        (format!(r#"["presence",{{"name":"{huge}","path":null,"editing":false}}]"#), "bytes"),
        (format!(r#"["links",["{huge}"]]"#), "bytes"),
    ] {
        let start: String = text.chars().take(40).collect();
        let reason = Message::decode(&text).unwrap_err().to_string();
        assert!(reason.contains(words) && reason.len() < 500, "{start}: {reason}");
        let mut net = room();
        for at in [ONE, TWO] {
            let now = net.now;
            let wanted = feed(net.at(at), now, Input::Garbage(MAL, reason.clone()));
            assert!(matches!(wanted.events[..], [Event::Garbage(MAL, _)]), "{:?}", wanted.events);
        }
        honest_go_on(&mut net, "");
    }
}
