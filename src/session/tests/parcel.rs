use std::collections::BTreeSet;

use super::*;
use crate::document::Source;

/// A document whose text goes in some twelve parts, with letters of several bytes on their edges.
fn long() -> String {
    let items: Vec<String> =
        (0..60_000).map(|at| format!("{{\"id\": {at}, \"name\": \"Zoë{at} 漢字\"}}")).collect();
    format!("{{\n  \"items\": [{}]\n}}\n", items.join(",\n    "))
}

fn parts(net: &Net, from: Author, to: Author) -> Vec<usize> {
    let said = net.said.iter().filter(|(said_by, heard_by, _)| (*said_by, *heard_by) == (from, to));
    said.filter_map(
        |(_, _, message)| if let Message::TextPart { part, .. } = message { Some(*part) } else { None },
    )
    .collect()
}

fn is_part(message: &Message) -> bool {
    matches!(message, Message::TextPart { .. })
}

#[test]
fn a_long_text_goes_in_parts_and_what_is_edited_meanwhile_comes_with_the_document() {
    let source = long();
    let mut net = Net::new([creator(&source), joiner(TWO)]);
    let now = net.now;
    net.at(ONE).handle(now, Input::Connected(TWO));
    net.at(TWO).handle(now, Input::Connected(ONE));
    let mut held = 0;
    net.deliver(|_, _, message| {
        held += usize::from(is_part(message));
        held < 5
    });
    // The rest of what was under way is lost, and half of the text is here.
    let transfer = net.at(TWO).transfers()[0];
    assert!(transfer.is_incoming && transfer.with == ONE && transfer.total == source.len(), "{transfer:?}");
    assert!(transfer.done >= 3 * limits::TEXT_PART_BYTES && transfer.done < source.len(), "{transfer:?}");
    assert!(!net.at(ONE).transfers()[0].is_incoming);
    let now = net.now;
    set(net.at(ONE), now, "new", "1");
    net.pass(ms(10_000));
    assert_eq!(net.at(TWO).snapshot(), net.at(ONE).snapshot());
    assert_eq!(*net.at(TWO).snapshot().unwrap().source, *source);
    assert!(net.at(TWO).transfers().is_empty() && net.at(ONE).transfers().is_empty());
    assert_eq!(net.was_said(ONE, TWO, |message| matches!(message, Message::Document { .. })), 0);
}

#[test]
fn the_rest_is_asked_of_another_when_the_connection_breaks() {
    let source = long();
    let mut net = Net::connected([creator(&source), joiner(TWO)]);
    let all: BTreeSet<usize> = parts(&net, ONE, TWO).into_iter().collect();
    net.sessions.insert(THREE, joiner(THREE));
    let now = net.now;
    net.at(ONE).handle(now, Input::Connected(THREE));
    net.at(THREE).handle(now, Input::Connected(ONE));
    let mut held = 0;
    net.deliver(|_, to, message| {
        held += usize::from(to == THREE && is_part(message));
        held < 6
    });
    net.disconnect(ONE, THREE);
    net.connect(TWO, THREE);
    net.pass(ms(10_000));
    assert_eq!(net.at(THREE).snapshot(), net.at(TWO).snapshot());
    let (first, rest) = (parts(&net, ONE, THREE), parts(&net, TWO, THREE));
    assert!(!rest.contains(&0) && rest.len() < all.len(), "{first:?} {rest:?}");
    assert_eq!(first.into_iter().chain(rest).collect::<BTreeSet<_>>(), all);
}

#[test]
fn a_member_that_has_the_text_is_not_sent_it_again() {
    let source = long();
    let mut net = Net::connected([creator_with(&source, 8), joiner(TWO)]);
    let before = parts(&net, ONE, TWO).len();
    // It asks as one would who has been away for too long.
    net.pass(ms(3_000));
    net.said.clear();
    let now = net.now;
    net.at(ONE).handle(now, Input::Message(TWO, Message::RequestDocument));
    net.pass(ms(3_000));
    assert!(before > 10 && parts(&net, ONE, TWO).is_empty());
    assert_eq!(net.was_said(ONE, TWO, |message| matches!(message, Message::DocumentOf { .. })), 1);
    assert_eq!(net.at(TWO).snapshot(), net.at(ONE).snapshot());
}

#[test]
fn a_version_whose_past_is_forgotten_goes_in_parts_too() {
    let mut net = Net::new([creator_with(&long(), 8)]);
    let set_in = |net: &mut Net, from: usize| {
        for at in from..from + 40 {
            let now = net.now;
            set(net.at(ONE), now, &format!("key {at}"), "\"\\u0041\"");
            net.pass(ms(100));
        }
    };
    set_in(&mut net, 0);
    let start = net.at(ONE).replica().unwrap().checkpoint().clock;
    assert_ne!(start, VectorClock::new(), "some of the past is forgotten");
    net.sessions.insert(THREE, joiner(THREE));
    let now = net.now;
    net.at(ONE).handle(now, Input::Connected(THREE));
    net.at(THREE).handle(now, Input::Connected(ONE));
    let mut held = 0;
    let whole = net.at(ONE).snapshot().unwrap().source.len().div_ceil(limits::TEXT_PART_BYTES);
    net.deliver(|_, to, message| {
        held += usize::from(to == THREE && is_part(message));
        held < whole + 5
    });
    // Half of the version is there, and the room goes on.
    assert!(net.at(THREE).transfers()[0].is_incoming);
    set_in(&mut net, 40);
    net.pass(ms(30_000));
    assert_eq!(net.at(THREE).snapshot(), net.at(ONE).snapshot());
    let spelled = |session: &Session| session.snapshot().unwrap().value.to_string();
    assert!(spelled(net.at(THREE)) == spelled(net.at(ONE)), "to the letter");
    let documents =
        |message: &Message| matches!(message, Message::DocumentOf { .. } | Message::Document { .. });
    assert!(net.was_said(ONE, THREE, documents) >= 1);
    assert!(net.at(ONE).transfers().is_empty());
}

#[test]
fn a_text_that_is_not_what_was_promised_is_thrown_away() {
    let mut newcomer = joiner(TWO);
    feed(&mut newcomer, ms(0), Input::Connected(ONE));
    say(&mut newcomer, ms(0), ONE, hello(VectorClock::new(), true));
    let offered = say(&mut newcomer, ms(1), ONE, Message::Text { hash: [1; 32], bytes: 4 });
    assert!(offered.sent.iter().all(|sent| matches!(sent.2, Message::RequestText { .. })));
    assert_eq!(offered.sent.len(), limits::TEXT_PARTS_AHEAD);
    let part = |part, text| Message::TextPart { hash: [1; 32], part, text: super::super::Piece::whole(text) };
    for ignored in [
        part(1, "[1"),
        part(0, "[1,2]"),
        Message::TextPart { hash: [2; 32], part: 0, text: super::super::Piece::whole("[") },
    ] {
        assert!(say(&mut newcomer, ms(2), ONE, ignored).sent.is_empty());
    }
    let came = say(&mut newcomer, ms(3), ONE, part(0, "[11]"));
    assert!(matches!(came.events[..], [.., Event::Garbage(ONE, _)]), "{came:?}");
    let document = Message::DocumentOf {
        hash: [1; 32],
        lines: None,
        value: None,
        version: None,
        clock: VectorClock::new(),
        changes: vec![],
    };
    say(&mut newcomer, ms(4), ONE, document);
    assert!(newcomer.snapshot().is_none());
    // It is asked for again.
    let again = feed(&mut newcomer, ms(10_000), Input::Timeout);
    assert!(again.sent.iter().any(|sent| sent.2 == Message::RequestDocument), "{again:?}");
    let refused = say(
        &mut newcomer,
        ms(10_001),
        ONE,
        Message::Text { hash: [1; 32], bytes: limits::DOCUMENT_BYTES + 1 },
    );
    assert!(!refused.sent.iter().any(|sent| matches!(sent.2, Message::RequestText { .. })), "{refused:?}");
    assert!(refused.events.iter().any(|event| matches!(event, Event::Garbage(ONE, _))), "{refused:?}");
}

#[test]
fn a_text_that_is_at_hand_does_not_come_from_others_and_lines_are_told_with_the_document() {
    let file: Vec<String> = (0..60_000).map(|at| format!("{{\"id\": {at}, \"name\": \"Zoë\"}}\n")).collect();
    let file = file.concat();
    let (text, bad) = Source::lines(&format!("{file}oops\n"));
    assert!(bad.len() == 1 && text.len() > limits::WHOLE_TEXT_BYTES);
    let start =
        Checkpoint { value: text.read().unwrap().value, source: text.clone(), clock: VectorClock::new() };
    let creator = Session::create(ONE, start, options(100));
    // The same text, but of an array and no file.
    let knows = joiner(THREE).knowing(text.text().into());
    let mut net = Net::connected([creator, joiner(TWO), knows]);
    net.pass(ms(10_000));
    assert!(!parts(&net, ONE, TWO).is_empty());
    assert!(parts(&net, ONE, THREE).is_empty() && parts(&net, TWO, THREE).is_empty());
    for newcomer in [TWO, THREE] {
        let snapshot = net.at(newcomer).snapshot().unwrap();
        assert_eq!(snapshot.source, text);
        assert_eq!(snapshot.value, net.at(ONE).snapshot().unwrap().value);
    }
}

#[test]
fn nobody_spoils_a_text_that_another_gives() {
    let text = "[11]";
    let hash = *blake3::hash(text.as_bytes()).as_bytes();
    let mut newcomer = joiner(TWO);
    for peer in [ONE, THREE] {
        feed(&mut newcomer, ms(0), Input::Connected(peer));
        say(&mut newcomer, ms(0), peer, hello(VectorClock::new(), true));
    }
    let part = |text| Message::TextPart { hash, part: 0, text: super::super::Piece::whole(text) };
    say(&mut newcomer, ms(1), ONE, Message::Text { hash, bytes: 4 });
    for spoilt in [part("[9"), Message::Text { hash, bytes: 4 }, part("[99]"), part("x")] {
        let wanted = say(&mut newcomer, ms(2), THREE, spoilt);
        assert!(wanted.sent.is_empty() && wanted.events.is_empty(), "{wanted:?}");
    }
    let wanted = say(&mut newcomer, ms(3), ONE, part(text));
    assert!(wanted.sent.iter().any(|sent| sent.2 == Message::RequestDocumentOf(hash)), "{wanted:?}");
    // Who stops giving leaves the rest to others.
    let mut newcomer = joiner(TWO);
    for peer in [ONE, THREE] {
        feed(&mut newcomer, ms(0), Input::Connected(peer));
        say(&mut newcomer, ms(0), peer, hello(VectorClock::new(), true));
    }
    say(&mut newcomer, ms(1), ONE, Message::Text { hash, bytes: 4 });
    say(&mut newcomer, ms(5_001), THREE, Message::Text { hash, bytes: 4 });
    let wanted = say(&mut newcomer, ms(5_002), THREE, part(text));
    assert!(wanted.sent.iter().any(|sent| sent.2 == Message::RequestDocumentOf(hash)), "{wanted:?}");
}
