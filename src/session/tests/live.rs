use super::*;
use crate::document::Value;

fn is_change(message: &Message) -> bool {
    matches!(message, Message::Change(_))
}

fn is_sync(message: &Message) -> bool {
    matches!(message, Message::RequestSync(_))
}

fn sends(session: &mut Session) -> Vec<(Channel, Message)> {
    drain(session).sent.into_iter().map(|(_, channel, message)| (channel, message)).collect()
}

#[test]
fn a_change_goes_to_everyone_at_once_and_is_acknowledged_soon() {
    let mut net = Net::connected([creator("{}"), joiner(TWO), joiner(THREE)]);
    let now = net.now;
    set(net.at(TWO), now, "a", "1");
    assert_eq!(net.at(TWO).unacknowledged(), 1);
    assert!(!net.at(TWO).is_kept_elsewhere());
    net.said.clear();
    net.deliver(|_, _, _| true);
    assert_eq!(net.said.len(), 2, "{:?}", net.said);
    net.pass(ms(20));
    assert_eq!(net.at(TWO).unacknowledged(), 0);
    assert!(net.at(TWO).is_kept_elsewhere());
    assert!(net.events.iter().any(|(who, event)| *who == TWO && matches!(event, Event::Progress)));
    // Nobody passes it on, or has anything else to say.
    assert_eq!(net.said.len(), 4, "{:?}", net.said);
}

#[test]
fn what_only_those_have_who_leave_soon_is_not_kept() {
    let mut net = Net::connected([creator("{}"), joiner(TWO).passing(), joiner(THREE)]);
    let people = net.at(THREE).people();
    assert_eq!(people.iter().map(|person| person.passing).collect::<Vec<_>>(), [false, true]);
    net.disconnect(ONE, THREE);
    let now = net.now;
    set(net.at(THREE), now, "a", "1");
    // By way of the one that passes, too.
    net.pass_with(ms(1_000), |_, to, _| to != ONE);
    assert_eq!(net.at(TWO).replica().unwrap().clock().get(THREE), 1);
    assert!(!net.at(THREE).is_kept_elsewhere());
    net.connect(ONE, THREE);
    net.pass(ms(1_000));
    assert!(net.at(THREE).is_kept_elsewhere());
}

#[test]
fn a_long_change_takes_the_reliable_channel() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    for (length, expected) in [(limits::OPS_BYTES / 2, Channel::Ops), (limits::OPS_BYTES, Channel::Sync)] {
        let long = Value::string(&"x".repeat(length)).to_string();
        set(net.at(ONE), now, "a", &long);
        let sent = sends(net.at(ONE));
        assert_eq!(sent.iter().map(|(channel, _)| *channel).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_lost_change_is_sent_again_without_being_asked_for() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.said.clear();
    net.pass_with(ms(119), |_, _, _| false);
    net.pass(ms(1));
    assert_eq!(text(net.at(TWO)), r#"{"a":1}"#);
    assert_eq!(net.was_said(TWO, ONE, is_sync), 0);
}

#[test]
fn sending_again_comes_to_an_end() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.said.clear();
    net.pass_with(ms(60_000), |_, _, _| false);
    let again = net.was_said(ONE, TWO, |message| matches!(message, Message::Changes(_)));
    assert!((2..12).contains(&again), "{again}");
    // The next ping brings it all the same.
    net.pass(ms(2_300));
    assert_eq!(text(net.at(TWO)), r#"{"a":1}"#);
    assert_eq!(net.at(ONE).unacknowledged(), 0);
}

#[test]
fn a_gap_is_asked_for_after_two_round_trips() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.deliver(|_, _, message| !is_change(message));
    // The next one shows that something is missing.
    set(net.at(ONE), now, "b", "2");
    net.said.clear();
    let mut lost = |from: Author, _: Author, message: &Message| from != ONE || is_change(message);
    net.pass_with(ms(149), &mut lost);
    assert_eq!(net.was_said(TWO, ONE, is_sync), 0);
    assert_eq!(text(net.at(TWO)), "{}");
    net.pass(ms(1));
    assert_eq!(net.was_said(TWO, ONE, |message| *message == Message::RequestSync(vec![(ONE, 1, 1)])), 1);
    assert_eq!(text(net.at(TWO)), r#"{"a":1,"b":2}"#);
}

#[test]
fn a_gap_that_closes_by_itself_is_not_asked_for() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    let [first, second] = ["a", "b"].map(|key| {
        set(net.at(ONE), now, key, "1");
        sends(net.at(ONE)).remove(0).1
    });
    net.at(TWO).handle(now, Input::Message(ONE, second));
    net.said.clear();
    net.pass_with(ms(140), |from, _, _| from != ONE);
    let now = net.now;
    net.at(TWO).handle(now, Input::Message(ONE, first));
    net.pass_with(ms(1_000), |from, _, _| from != ONE);
    assert_eq!(net.was_said(TWO, ONE, is_sync), 0);
}

#[test]
fn others_are_asked_when_the_author_is_gone_or_does_not_answer() {
    for gone in [true, false] {
        let mut net = Net::connected([creator("{}"), joiner(TWO), joiner(THREE)]);
        let now = net.now;
        set(net.at(ONE), now, "a", "1");
        net.deliver(|_, to, _| to == TWO);
        if gone {
            net.disconnect(ONE, THREE);
        }
        net.said.clear();
        net.pass_with(ms(4_000), |from, _, _| from != ONE);
        assert_eq!(text(net.at(THREE)), r#"{"a":1}"#);
        assert_eq!(net.was_said(THREE, ONE, is_sync), usize::from(!gone));
        assert_eq!(net.was_said(THREE, TWO, is_sync), 1);
    }
}

#[test]
fn what_nobody_has_is_given_up() {
    let mut net = Net::connected([creator("{}"), joiner(TWO), joiner(THREE)]);
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.deliver(|_, _, _| false);
    set(net.at(ONE), now, "b", "2");
    net.deliver(|_, _, message| is_change(message));
    for peer in [TWO, THREE] {
        net.at(peer).handle(now, Input::Disconnected(ONE));
        net.at(peer).handle(now, Input::Left(ONE));
    }
    net.sessions.remove(&ONE);
    net.pass(ms(60_000));
    net.said.clear();
    net.pass(ms(60_000));
    assert_eq!(net.was_said(TWO, THREE, is_sync) + net.was_said(THREE, TWO, is_sync), 0);
    assert_eq!(net.at(TWO).replica().unwrap().pending(), 1);
}

#[test]
fn a_steady_stream_in_flight_is_never_asked_for() {
    let mut net = Net::connected([creator("{}"), joiner(TWO), joiner(THREE)]);
    net.said.clear();
    // What the first makes reaches the third a hundred milliseconds later than the second, who
    // goes on from it at once.
    let mut late: Vec<(Time, Message)> = Vec::new();
    for number in 0..50 {
        let now = net.now;
        set(net.at(ONE), now, "a", &number.to_string());
        let changes = sends(net.at(ONE));
        net.at(TWO).handle(now, Input::Message(ONE, changes[0].1.clone()));
        late.push((now + ms(100), changes[0].1.clone()));
        set(net.at(TWO), now, "b", &number.to_string());
        net.pass_with(ms(20), |from, to, _| (from, to) != (ONE, THREE));
        let now = net.now;
        for (_, message) in late.extract_if(.., |(at, _)| *at <= now) {
            net.at(THREE).handle(now, Input::Message(ONE, message));
        }
    }
    assert_eq!(net.was_said(THREE, ONE, is_sync) + net.was_said(THREE, TWO, is_sync), 0);
    net.pass(ms(3_000));
    assert_eq!(text(net.at(THREE)), r#"{"a":49,"b":49}"#);
}

#[test]
fn an_edit_may_be_made_on_a_screen_that_is_behind_but_not_by_a_history() {
    let mut net = Net::connected([creator_with("{}", 8), joiner(TWO)]);
    let base = net.at(ONE).snapshot().unwrap().clock;
    let edit = |net: &mut Net| {
        let (now, path) = (net.now, Path::ROOT.key("b"));
        net.at(ONE).edit(now, Some(&base), 0, path, Method::Delete).map(|change| change.clock.clone())
    };
    for number in 0..3 {
        let now = net.now;
        set(net.at(TWO), now, "a", &number.to_string());
        net.pass(ms(2_000));
    }
    assert_eq!(edit(&mut net).unwrap(), VectorClock::from_iter([(ONE, 1)]));
    for number in 0..12 {
        let now = net.now;
        set(net.at(TWO), now, "a", &number.to_string());
        net.pass(ms(2_000));
    }
    assert_eq!(edit(&mut net), Err(crate::sync::EditError::Base));
}

/// The first has made more than it remembers while the second, who is given a version to go on
/// from, had an old one on its screen.
fn many_changes_past_a_screen(net: &mut Net) -> VectorClock {
    let base = net.at(TWO).snapshot().unwrap().clock;
    for number in 0..20 {
        let now = net.now;
        set(net.at(ONE), now, "a", &number.to_string());
        net.pass(ms(1));
    }
    base
}

fn delete_at(net: &mut Net, base: &VectorClock) {
    let now = net.now;
    net.at(TWO).edit(now, Some(base), 0, Path::ROOT.key("a"), Method::Delete).unwrap();
}

#[test]
fn what_is_on_a_screen_is_remembered_though_its_owner_has_seen_more() {
    let mut net = Net::connected([creator_with("{}", 8), Session::join(TWO, &[], options(8))]);
    let base = many_changes_past_a_screen(&mut net);
    net.pass(ms(2_100));
    assert_eq!(net.at(ONE).unacknowledged(), 0);
    delete_at(&mut net, &base);
    net.pass(ms(100));
    assert_eq!(net.at(ONE).snapshot().unwrap().clock.get(TWO), 1);
    assert!(!net.events.iter().any(|(_, event)| matches!(event, Event::Refused(..))));
}

#[test]
fn a_change_on_its_way_is_waited_for_before_its_past_is_forgotten() {
    let mut net = Net::connected([creator_with("{}", 8), Session::join(TWO, &[], options(8))]);
    let base = many_changes_past_a_screen(&mut net);
    net.pass(ms(2_100));
    delete_at(&mut net, &base);
    // Its clocks come through, with one floor after another, but the change does not.
    for number in 0..20 {
        let now = net.now;
        set(net.at(ONE), now, "b", &number.to_string());
        net.pass_with(ms(1_000), |from, _, message| from == ONE || matches!(message, Message::Clock { .. }));
    }
    net.pass(ms(10_000));
    assert_eq!(net.at(ONE).snapshot().unwrap().clock.get(TWO), 1);
    assert_eq!(text(net.at(ONE)), text(net.at(TWO)));
    // In time it is forgotten.
    for number in 0..30 {
        let now = net.now;
        set(net.at(ONE), now, "b", &number.to_string());
        net.pass(ms(1_000));
    }
    assert!(!net.at(ONE).replica().unwrap().reaches_back_to(&base));
}

#[test]
fn a_lost_acknowledgement_is_given_again() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.pass_with(ms(100), |from, _, _| from == ONE);
    assert_eq!(net.at(ONE).unacknowledged(), 1);
    net.pass(ms(50));
    assert_eq!(net.at(ONE).unacknowledged(), 0);
}

#[test]
fn what_is_sent_again_is_little() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    for number in 0..60 {
        set(net.at(ONE), now, "a", &number.to_string());
        net.deliver(|_, _, _| false);
    }
    net.said.clear();
    net.pass_with(ms(1_900), |_, _, _| false);
    let longest = net.said.iter().filter_map(|(_, _, message)| match message {
        Message::Changes(changes) => Some(changes.len()),
        Message::Hello { .. }
        | Message::RequestDocument
        | Message::RequestDocumentOf(_)
        | Message::Text { .. }
        | Message::RequestText { .. }
        | Message::TextPart { .. }
        | Message::DocumentOf { .. }
        | Message::Document { .. }
        | Message::RequestChanges(_)
        | Message::Change(_)
        | Message::RequestSync(_)
        | Message::Clock { .. }
        | Message::Presence(_)
        | Message::Links(_)
        | Message::Pass { .. }
        | Message::Dropped(_)
        | Message::Digest { .. }
        | Message::Heads(_)
        | Message::Certificate(_)
        | Message::Goodbye
        | Message::Prove { .. }
        | Message::Renewed { .. }
        | Message::Removed(_)
        | Message::Signed(..) => None,
    });
    assert_eq!(longest.max(), Some(16));
}
