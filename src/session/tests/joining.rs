use super::*;

fn is_request(message: &Message) -> bool {
    *message == Message::RequestDocument
}

#[test]
fn a_newcomer_gets_the_document_and_then_every_change() {
    let mut net = Net::connected([creator(r#"{"a":1.0}"#), joiner(TWO)]);
    assert_eq!(text(net.at(TWO)), r#"{"a":1.0}"#);
    assert!(net.events.iter().any(|(who, event)| *who == TWO && matches!(event, Event::Ready)));
    let now = net.now;
    set(net.at(ONE), now, "b", "2");
    set(net.at(TWO), now, "c", "3");
    net.deliver(|_, _, _| true);
    assert_eq!(text(net.at(ONE)), text(net.at(TWO)));
    assert_eq!(net.at(ONE).snapshot().unwrap().clock.sum(), 2);
}

#[test]
fn the_next_is_asked_when_the_first_does_not_answer() {
    let mut newcomer = joiner(THREE);
    for peer in [ONE, TWO] {
        feed(&mut newcomer, ms(0), Input::Connected(peer));
    }
    assert_eq!(
        say(&mut newcomer, ms(1), TWO, hello(VectorClock::new(), false))
            .sent
            .iter()
            .filter(|sent| is_request(&sent.2))
            .count(),
        0
    );
    let asked = say(&mut newcomer, ms(2), ONE, hello(VectorClock::new(), true)).sent;
    assert_eq!(asked.iter().filter(|sent| is_request(&sent.2)).map(|sent| sent.0).collect::<Vec<_>>(), [ONE]);
    // The other has it now: it is told of a clock, and asked when the first has had its time.
    say(&mut newcomer, ms(3), TWO, Message::Clock { seen: VectorClock::new(), floor: None, writer: None });
    let asked = feed(&mut newcomer, ms(5_002), Input::Timeout).sent;
    assert!(asked.iter().any(|sent| sent.0 == TWO && is_request(&sent.2)), "{asked:?}");
    // Round again, with more patience.
    assert!(!feed(&mut newcomer, ms(10_001), Input::Timeout).sent.iter().any(|sent| is_request(&sent.2)));
    let asked = feed(&mut newcomer, ms(10_002), Input::Timeout).sent;
    assert!(asked.iter().any(|sent| sent.0 == ONE && is_request(&sent.2)), "{asked:?}");
}

#[test]
fn the_next_is_asked_at_once_when_the_first_is_gone() {
    let mut newcomer = joiner(THREE);
    for peer in [ONE, TWO] {
        feed(&mut newcomer, ms(0), Input::Connected(peer));
        say(&mut newcomer, ms(1), peer, hello(VectorClock::new(), true));
    }
    let asked = feed(&mut newcomer, ms(2), Input::Disconnected(ONE)).sent;
    assert!(asked.iter().any(|sent| sent.0 == TWO && is_request(&sent.2)), "{asked:?}");
}

#[test]
fn a_late_answer_is_as_good() {
    let mut newcomer = joiner(THREE);
    for peer in [ONE, TWO] {
        feed(&mut newcomer, ms(0), Input::Connected(peer));
        say(&mut newcomer, ms(1), peer, hello(VectorClock::new(), true));
    }
    feed(&mut newcomer, ms(6_000), Input::Timeout);
    let checkpoint = creator("[7]").replica().unwrap().checkpoint();
    let wanted = say(&mut newcomer, ms(6_001), ONE, Message::Document { checkpoint, changes: vec![] });
    assert!(matches!(wanted.events[..], [Event::Ready, ..]), "{wanted:?}");
    // The other one is asked for what it has seen, and nobody for the document any more.
    assert!(wanted.sent.iter().any(|sent| sent.0 == TWO && matches!(sent.2, Message::RequestChanges(_))));
    assert!(!feed(&mut newcomer, ms(60_000), Input::Timeout).sent.iter().any(|sent| is_request(&sent.2)));
}

#[test]
fn what_comes_before_the_document_is_kept() {
    let mut host = creator("{}");
    let document = Message::Document { checkpoint: host.replica().unwrap().checkpoint(), changes: vec![] };
    set(&mut host, ms(0), "a", "1");
    let change = host.replica().unwrap().history().next().unwrap().clone();
    let mut newcomer = joiner(TWO);
    feed(&mut newcomer, ms(0), Input::Connected(ONE));
    say(&mut newcomer, ms(0), ONE, hello(VectorClock::new(), true));
    assert!(say(&mut newcomer, ms(1), ONE, Message::Change(change)).events.is_empty());
    say(&mut newcomer, ms(2), ONE, document);
    assert_eq!(text(&newcomer), r#"{"a":1}"#);
}

#[test]
fn one_who_gets_the_document_passes_it_on_to_those_who_can_reach_nobody_else() {
    let mut net = Net::new([creator("[1]"), joiner(TWO), joiner(THREE)]);
    net.connect(TWO, THREE);
    assert!(net.at(THREE).snapshot().is_none());
    net.connect(ONE, TWO);
    assert_eq!(text(net.at(THREE)), "[1]");
}

#[test]
fn two_who_meet_again_exchange_what_each_lacks() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    net.disconnect(ONE, TWO);
    for _ in 0..3 {
        let now = net.now;
        set(net.at(ONE), now, "a", "1");
        set(net.at(TWO), now, "b", "2");
    }
    net.pass(ms(10_000));
    assert_ne!(text(net.at(ONE)), text(net.at(TWO)));
    net.said.clear();
    net.connect(ONE, TWO);
    assert_eq!(text(net.at(ONE)), text(net.at(TWO)));
    assert_eq!(
        net.was_said(ONE, TWO, |message| matches!(message, Message::Changes(changes) if changes.len() == 3)),
        1
    );
    assert_eq!(net.was_said(ONE, TWO, |message| matches!(message, Message::Document { .. })), 0);
}

/// A room that remembers little and has forgotten what one who was away has not seen.
fn forgetful() -> Net {
    let mut net = Net::connected([creator_with("{}", 8), joiner(TWO)]);
    net.disconnect(ONE, TWO);
    let now = net.now;
    net.at(ONE).handle(now, Input::Left(TWO));
    for number in 0..40 {
        net.pass(ms(2_000));
        let now = net.now;
        set(net.at(ONE), now, "a", &number.to_string());
    }
    net.pass(ms(2_000));
    assert!(!net.at(ONE).replica().unwrap().reaches_back_to(&VectorClock::new()));
    net.events.clear();
    net
}

#[test]
fn one_who_was_away_for_too_long_gets_the_document_anew() {
    let mut net = forgetful();
    net.connect(ONE, TWO);
    assert_eq!(text(net.at(TWO)), r#"{"a":39}"#);
    let old = |(who, event): &(Author, Event)| {
        if let (TWO, Event::Replaced(old)) = (*who, event) { Some(old.value.to_string()) } else { None }
    };
    let replaced = net.events.iter().find_map(old);
    assert_eq!(replaced.as_deref(), Some("{}"));
    // It goes on from there.
    let now = net.now;
    set(net.at(TWO), now, "b", "1");
    net.pass(ms(100));
    assert_eq!(text(net.at(ONE)), r#"{"a":39,"b":1}"#);
    assert_eq!(net.at(TWO).unacknowledged(), 0);
}

#[test]
fn own_edits_that_cannot_be_taken_in_are_written_again() {
    let mut net = forgetful();
    let now = net.now;
    set(net.at(TWO), now, "mine", "1");
    net.connect(ONE, TWO);
    for who in [ONE, TWO] {
        assert_eq!(text(net.at(who)), r#"{"a":39,"mine":1}"#);
    }
    let amiss = |event: &Event| matches!(event, Event::Refused(..) | Event::Stranded(_));
    assert!(!net.events.iter().any(|(_, event)| amiss(event)), "{:?}", net.events);
}

#[test]
fn a_document_that_goes_on_from_here_is_taken_in_as_changes() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    set(net.at(TWO), now, "b", "1");
    net.pass(ms(100));
    let document = Message::Document {
        checkpoint: net.at(ONE).replica().unwrap().checkpoint(),
        changes: net.at(ONE).replica().unwrap().history().cloned().collect(),
    };
    net.at(TWO).handle(now, Input::Message(ONE, document));
    net.events.clear();
    net.deliver(|_, _, _| true);
    let amiss = |event: &Event| matches!(event, Event::Replaced(_) | Event::Stranded(_) | Event::Refused(..));
    assert!(!net.events.iter().any(|(_, event)| amiss(event)));
    net.at(TWO).undo(now).unwrap();
    assert_eq!(text(net.at(TWO)), "{}");
}
