//! Members that are reached by way of others, and who is the host.

use super::signed::{access, connect, frauds, key, signing};
use super::*;
use crate::session::{Link, Presence, Way};
use crate::trust::{Ledger, Role};

const FOUR: Author = Author(4);

/// Three members; the second is connected to the two others, who are not connected to each other.
fn chain() -> Net {
    let mut net = Net::new([creator("{}"), joiner(TWO), joiner(THREE)]);
    net.connect(ONE, TWO);
    net.connect(TWO, THREE);
    for (at, newcomer) in [(ONE, THREE), (THREE, ONE)] {
        net.at(at).handle(ms(0), Input::Joined(newcomer));
    }
    net.pass(ms(1_900));
    net
}

fn way(net: &mut Net, of: Author, to: Author) -> Option<(Link, Way)> {
    let people = net.at(of).people();
    people.into_iter().find(|person| person.author == to).map(|person| (person.link, person.way))
}

/// A short silence may be noticed on one side alone.
#[test]
fn a_break_that_only_one_side_has_noticed_is_mended() {
    let mut net = Net::connected([creator("{}"), joiner(TWO), joiner(THREE)]);
    net.disconnect(ONE, THREE);
    let now = net.now;
    net.at(ONE).handle(now, Input::Disconnected(TWO));
    net.pass(ms(100));
    let now = net.now;
    net.at(ONE).handle(now, Input::Connected(TWO));
    net.said.clear();
    net.pass(ms(1_000));
    let hellos = net.was_said(ONE, TWO, |message| matches!(message, Message::Hello { .. }));
    let answers = net.was_said(TWO, ONE, |message| matches!(message, Message::Hello { .. }));
    assert_eq!((hellos, answers), (1, 1));
    // Its own edits arrive, and those of others that only the other side has.
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    set(net.at(THREE), now, "b", "2");
    net.pass(ms(3_000));
    for who in [ONE, TWO, THREE] {
        let now = net.now;
        let document = net.at(who).snapshot().unwrap().value;
        assert_eq!(document.len(), 2, "{who} at {now:?}: {document}");
        assert_eq!(net.at(who).unacknowledged(), 0, "{who}");
    }
}

#[test]
fn who_finds_no_way_is_reached_by_way_of_another() {
    let mut net = chain();
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Connecting, Way::Direct)));
    net.pass(ms(200));
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Live, Way::Via(TWO))));
    assert_eq!(way(&mut net, THREE, ONE), Some((Link::Live, Way::Via(TWO))));
    assert!(net.at(ONE).is_reached_via_another(THREE));
    assert_eq!(way(&mut net, TWO, ONE), Some((Link::Live, Way::Direct)));
    // An edit is there at once, and its maker knows that it is.
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.pass(ms(50));
    assert_eq!(text(net.at(THREE)), r#"{"a":1}"#);
    assert_eq!(net.at(ONE).unacknowledged(), 0);
    // So is where somebody is.
    let here =
        Presence { name: "Ana".to_owned(), path: Some(Path::ROOT.key("a")), editing: true, color: None };
    net.at(ONE).set_presence(now + ms(60), here.clone());
    net.pass(ms(100));
    let people = net.at(THREE).people();
    assert_eq!(people.iter().find(|person| person.author == ONE).unwrap().presence, here);
    // Nobody falls silent.
    net.pass(ms(20_000));
    assert_eq!(way(&mut net, THREE, ONE), Some((Link::Live, Way::Via(TWO))));
}

#[test]
fn a_direct_way_is_taken_when_there_is_one() {
    let mut net = chain();
    net.pass(ms(200));
    net.connect(ONE, THREE);
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Live, Way::Direct)));
    assert_eq!(way(&mut net, THREE, ONE), Some((Link::Live, Way::Direct)));
    // One that breaks is gone around soon.
    net.disconnect(ONE, THREE);
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Lost, Way::Direct)));
    net.pass(ms(600));
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Live, Way::Via(TWO))));
}

#[test]
fn without_the_one_between_they_are_lost_and_another_may_take_its_place() {
    let mut net = chain();
    net.pass(ms(200));
    net.disconnect(TWO, THREE);
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Lost, Way::Direct)));
    assert_eq!(way(&mut net, THREE, ONE), Some((Link::Lost, Way::Direct)));
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    net.sessions.insert(FOUR, joiner(FOUR));
    for other in [ONE, TWO, THREE] {
        net.connect(other, FOUR);
    }
    net.pass(ms(1_000));
    assert_eq!(way(&mut net, ONE, THREE), Some((Link::Live, Way::Via(FOUR))));
    assert_eq!(way(&mut net, TWO, THREE), Some((Link::Live, Way::Via(FOUR))));
    assert_eq!(text(net.at(THREE)), r#"{"a":1}"#);
}

#[test]
fn a_newcomer_gets_the_document_by_way_of_another() {
    let mut net = Net::new([creator("{}"), joiner(TWO), joiner(THREE)]);
    net.connect(ONE, TWO);
    // The one between has nothing to give.
    net.pass_with(ms(100), |_, _, message| !matches!(message, Message::Document { .. }));
    net.connect(TWO, THREE);
    net.at(THREE).handle(ms(100), Input::Joined(ONE));
    net.pass_with(ms(4_000), |from, to, message| {
        !matches!((from, to, message), (_, TWO, Message::Document { .. }))
    });
    assert_eq!(text(net.at(THREE)), "{}");
}

#[test]
fn only_one_step_and_only_for_oneself() {
    let mut net = chain();
    net.pass(ms(200));
    let goodbye = |from, to| Message::Pass { from, to, message: Box::new(Message::Goodbye) };
    let passed = |wanted: &Wanted| wanted.sent.iter().any(|sent| matches!(sent.2, Message::Pass { .. }));
    let now = net.now;
    // In somebody else's name, to oneself, to nobody.
    for (from, to) in [(THREE, THREE), (THREE, ONE), (FOUR, THREE), (ONE, FOUR)] {
        assert!(!passed(&say(net.at(TWO), now, ONE, goodbye(from, to))), "{from} to {to}");
    }
    assert!(passed(&say(net.at(TWO), now, ONE, goodbye(ONE, THREE))));
    // One's own name, or the sender's own words in a wrapping.
    for from in [ONE, TWO] {
        say(net.at(ONE), now, TWO, goodbye(from, ONE));
        assert_eq!(way(&mut net, ONE, TWO), Some((Link::Live, Way::Direct)), "{from}");
    }
    // What was passed on is its author's, not the sender's.
    say(net.at(THREE), now, TWO, goodbye(ONE, THREE));
    assert_eq!(way(&mut net, THREE, ONE), None);
    assert_eq!(way(&mut net, THREE, TWO), Some((Link::Live, Way::Direct)));
}

#[test]
fn the_host_is_the_lowest_who_is_there() {
    let mut net = chain();
    net.pass(ms(200));
    for author in [ONE, TWO, THREE] {
        assert_eq!(net.at(author).host(), ONE);
    }
    net.disconnect(ONE, TWO);
    net.pass(ms(10));
    assert_eq!([ONE, TWO, THREE].map(|author| net.at(author).host()), [ONE, TWO, TWO]);
    net.connect(ONE, TWO);
    net.pass(ms(1_000));
    assert_eq!([ONE, TWO, THREE].map(|author| net.at(author).host()), [ONE, ONE, ONE]);
}

#[test]
fn two_hosts_in_a_partition_do_no_harm() {
    const FOUR: Author = Author(4);
    let everyone = [ONE, TWO, THREE, FOUR];
    let mut net = Net::connected(vec![creator("{}"), joiner(TWO), joiner(THREE), joiner(FOUR)]);
    let across = [(ONE, THREE), (ONE, FOUR), (TWO, THREE), (TWO, FOUR)];
    for (left, right) in across {
        net.disconnect(left, right);
    }
    assert_eq!(everyone.map(|author| net.at(author).host()), [ONE, ONE, THREE, THREE]);
    for round in ["1", "2"] {
        for author in everyone {
            let now = net.now;
            set(net.at(author), now, "all", round);
            set(net.at(author), now, &format!("by {author}"), round);
            net.pass(ms(1_000));
        }
    }
    assert_ne!(text(net.at(ONE)), text(net.at(THREE)));
    // Each part admits somebody, as far as its host can.
    net.sessions.insert(Author(5), joiner(Author(5)));
    net.connect(THREE, Author(5));
    net.pass(ms(1_000));
    assert_eq!(text(net.at(Author(5))), text(net.at(THREE)));
    for (left, right) in across {
        net.connect(left, right);
    }
    net.connect(ONE, Author(5));
    net.pass(ms(5_000));
    for author in everyone.into_iter().chain([Author(5)]) {
        assert_eq!(net.at(author).host(), ONE);
        assert_eq!(text(net.at(author)), text(net.at(ONE)));
        assert_eq!(net.at(author).unacknowledged(), 0);
    }
    assert!(everyone.iter().all(|author| text(net.at(ONE)).contains(&format!("\"by {author}\":2"))));
}

#[test]
fn the_role_of_who_is_reached_by_way_of_another_is_what_its_certificate_says() {
    for (role, may_write, is_renamed) in
        [(Role::Writer, true, false), (Role::Writer, true, true), (Role::Reader, false, false)]
    {
        // It may write under another name than its number.
        let name = THREE.next_name().filter(|_| is_renamed).unwrap_or(THREE);
        let ledger = Ledger::new(access().lowered_to(role), name, key(THREE));
        let mut net = Net::new([signing(creator("{}"), Role::Owner), signing(joiner(TWO), Role::Writer)]);
        net.sessions.insert(THREE, joiner(name).with_ledger(ledger));
        let writers = if may_write { &[ONE, TWO, THREE][..] } else { &[ONE, TWO] };
        connect(&mut net, ONE, TWO, writers);
        connect(&mut net, TWO, THREE, writers);
        for (at, newcomer) in [(ONE, THREE), (THREE, ONE)] {
            net.at(at).handle(ms(0), Input::Joined(newcomer));
        }
        net.pass(ms(2_500));
        assert_eq!(way(&mut net, ONE, THREE), Some((Link::Live, Way::Via(TWO))));
        let shown = |net: &mut Net, at: Author, of: Author| {
            net.at(at).people().iter().any(|person| person.author == of && person.may_write)
        };
        assert_eq!(shown(&mut net, ONE, THREE), may_write, "before it has edited anything");
        assert!(shown(&mut net, THREE, ONE));
        let now = net.now;
        assert_eq!(
            net.at(THREE)
                .edit(now, None, 0, Path::ROOT.key("a"), Method::Set(parse("null").unwrap()))
                .is_ok(),
            may_write
        );
        net.pass(ms(1_000));
        assert_eq!(text(net.at(ONE)), text(net.at(THREE)));
        assert_eq!(text(net.at(ONE)).contains("null"), may_write);
        assert_eq!(frauds(&net), vec![]);
    }
}
