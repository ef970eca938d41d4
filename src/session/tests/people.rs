use super::*;
use crate::session::{Link, Presence};

fn presence(name: &str) -> Presence {
    Presence { name: name.to_owned(), path: Some(Path::ROOT.key("a")), editing: true, color: None }
}

fn link(session: &Session, author: Author) -> Option<Link> {
    session.people().into_iter().find(|person| person.author == author).map(|person| person.link)
}

fn presences(wanted: &Wanted) -> usize {
    wanted.sent.iter().filter(|sent| matches!(sent.2, Message::Presence(_))).count()
}

#[test]
fn people_come_fall_silent_are_lost_and_leave() {
    let mut session = Session::join(THREE, &[ONE, THREE], options(8));
    assert_eq!(link(&session, ONE), Some(Link::Connecting));
    assert_eq!(link(&session, THREE), None, "oneself is nobody else");
    feed(&mut session, ms(0), Input::Joined(TWO));
    assert_eq!(link(&session, TWO), Some(Link::Connecting));
    let wanted = feed(&mut session, ms(0), Input::Connected(ONE));
    assert!(matches!(wanted.events[..], [Event::People]));
    assert_eq!(link(&session, ONE), Some(Link::Live));
    feed(&mut session, ms(5_999), Input::Timeout);
    assert_eq!(link(&session, ONE), Some(Link::Live));
    let wanted = feed(&mut session, ms(6_000), Input::Timeout);
    assert!(wanted.events.iter().any(|event| matches!(event, Event::People)));
    assert_eq!(link(&session, ONE), Some(Link::Away));
    say(&mut session, ms(7_000), ONE, hello(VectorClock::new(), false));
    assert_eq!(link(&session, ONE), Some(Link::Live));
    feed(&mut session, ms(12_999), Input::Timeout);
    assert_eq!(link(&session, ONE), Some(Link::Live));
    feed(&mut session, ms(13_000), Input::Timeout);
    assert_eq!(link(&session, ONE), Some(Link::Away));
    feed(&mut session, ms(14_000), Input::Disconnected(ONE));
    assert_eq!(link(&session, ONE), Some(Link::Lost));
    feed(&mut session, ms(15_000), Input::Left(ONE));
    assert_eq!(link(&session, ONE), None);
}

#[test]
fn who_has_left_is_waited_for_no_longer() {
    let mut session = creator("{}");
    feed(&mut session, ms(0), Input::Connected(TWO));
    say(&mut session, ms(0), TWO, hello(VectorClock::new(), true));
    set(&mut session, ms(1), "a", "1");
    assert_eq!(session.unacknowledged(), 1);
    feed(&mut session, ms(1), Input::Left(TWO));
    assert_eq!(link(&session, TWO), None);
    assert_eq!(session.unacknowledged(), 0);
    assert_eq!(session.next_timeout(), Some(ms(2_000)), "only the ping is left");
}

#[test]
fn presence_is_sent_on_change_but_not_faster_than_that() {
    let mut session = creator("{}");
    feed(&mut session, ms(0), Input::Connected(TWO));
    assert_eq!(presences(&say(&mut session, ms(0), TWO, hello(VectorClock::new(), true))), 1);
    session.set_presence(ms(10), presence("a"));
    assert_eq!(presences(&drain(&mut session)), 1);
    for at in 11..59 {
        session.set_presence(ms(at), presence(&at.to_string()));
        assert_eq!(presences(&drain(&mut session)), 0);
    }
    let wanted = feed(&mut session, ms(60), Input::Timeout);
    assert!(
        matches!(&wanted.sent[..], [(TWO, Channel::Presence, Message::Presence(last))] if last.name == "58")
    );
    session.set_presence(ms(61), presence("58"));
    assert_eq!(presences(&feed(&mut session, ms(500), Input::Timeout)), 0, "nothing has changed");
    // It is said again with the next two pings, since it may have been lost.
    for (at, expected) in [(2_000, 1), (4_000, 1), (6_000, 0)] {
        say(&mut session, ms(at), TWO, hello(VectorClock::new(), true));
        assert_eq!(presences(&feed(&mut session, ms(at), Input::Timeout)), expected);
    }
}

#[test]
fn a_name_is_cut_to_what_others_take() {
    let mut session = creator("{}");
    feed(&mut session, ms(0), Input::Connected(TWO));
    say(&mut session, ms(0), TWO, hello(VectorClock::new(), true));
    session.set_presence(ms(10), presence(&"é".repeat(1_000)));
    for (_, _, message) in drain(&mut session).sent {
        Message::decode(&message.encode()).unwrap();
    }
}

#[test]
fn a_goodbye_comes_after_everything_else_and_is_answered() {
    let mut net = Net::connected([creator("{}"), joiner(TWO), joiner(THREE)]);
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.deliver(|_, _, message| !matches!(message, Message::Change(_)));
    net.said.clear();
    net.at(ONE).leave(now);
    net.deliver(|_, _, _| true);
    for peer in [TWO, THREE] {
        assert_eq!(text(net.at(peer)), r#"{"a":1}"#);
        assert_eq!(link(net.at(peer), ONE), None);
        assert_eq!(net.was_said(peer, ONE, |message| *message == Message::Goodbye), 1);
    }
    assert_eq!(net.at(ONE).people(), []);
    assert_eq!(net.at(ONE).next_timeout(), None);
    let path = Path::ROOT.key("a");
    assert_eq!(net.at(ONE).edit(now, None, 0, path, Method::Delete), Err(crate::sync::EditError::NoDocument));
    // Those who stay go on.
    set(net.at(TWO), now, "b", "2");
    net.pass(ms(100));
    assert_eq!(text(net.at(THREE)), r#"{"a":1,"b":2}"#);
    assert_eq!(net.at(TWO).unacknowledged(), 0);
}

#[test]
fn a_newcomer_without_the_document_gets_it_before_the_goodbye() {
    let mut session = creator("[1]");
    feed(&mut session, ms(0), Input::Connected(TWO));
    say(&mut session, ms(0), TWO, hello(VectorClock::new(), false));
    session.leave(ms(1));
    let sent = drain(&mut session).sent;
    let kinds: Vec<&Message> = sent.iter().map(|(_, _, message)| message).collect();
    assert!(matches!(kinds[..], [Message::Document { .. }, Message::Goodbye]), "{kinds:?}");
}
