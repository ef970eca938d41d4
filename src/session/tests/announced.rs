//! A member that certifies a key of its own for a number that nobody has yet.

use std::sync::Arc;

use super::attacks::{MAL, room};
use super::signed::{access, certificate, change, connect, frauds, key, signing};
use super::*;
use crate::session::Proof;
use crate::trust::{Distrust, Ledger, Role};

/// The number that the next newcomer gets.
pub(super) const NEXT: Author = Author(5);

/// Changes under the next number, signed with a key that the hostile one certified for it.
pub(super) fn made_up() -> Message {
    let mut ledger = Ledger::new(access(), NEXT, key(MAL));
    let changes = [change(NEXT, 1, "made up")];
    ledger.enter_own(&changes);
    let (changes, seals) = ledger.seal(&changes, false);
    Message::Signed(Box::new(Message::Changes(changes)), Proof { seals, hashes: Vec::new() })
}

/// The newcomer comes, and writes.
fn newcomer(net: &mut Net, meets: &[Author]) {
    net.sessions.insert(NEXT, signing(joiner(NEXT), Role::Writer));
    for at in [ONE, TWO] {
        let now = net.now;
        net.at(at).handle(now, Input::Joined(NEXT));
    }
    for &at in meets {
        connect(net, at, NEXT, &[at, NEXT]);
    }
    net.pass(ms(500));
    let now = net.now;
    set(net.at(NEXT), now, "newcomer", "1");
    net.pass(ms(8_000));
}

fn nobody_honest_is_blamed(net: &mut Net) {
    // That two keys are told of is no blame.
    let is_blame = |what| !matches!(what, Distrust::TwoKeys(_));
    let blamed = frauds(net).into_iter().find(|(_, fraud)| fraud.by != MAL && is_blame(fraud.what));
    assert_eq!(blamed, None);
    for at in [ONE, TWO, NEXT] {
        let now = net.now;
        set(net.at(at), now, &format!("by {at}"), "1");
        net.pass(ms(3_000));
    }
    for at in [ONE, TWO, NEXT] {
        let text = text(net.at(at));
        for by in [ONE, TWO, NEXT] {
            assert!(text.contains(&format!(r#""by {by}":1"#)), "at {at}: {text}");
        }
    }
}

#[test]
fn nothing_is_heard_of_a_number_before_it_is_given_out() {
    let mut net = room();
    let now = net.now;
    for at in [ONE, TWO] {
        feed(net.at(at), now, Input::Announced(Some(MAL)));
        let wanted = say(net.at(at), now, MAL, made_up());
        assert!(wanted.expelled.is_empty(), "it might have come by another way");
        assert!(!net.at(at).is_writer(NEXT));
    }
    net.pass(ms(3_000));
    newcomer(&mut net, &[ONE, TWO]);
    assert_eq!(net.at(NEXT).author(), NEXT, "the number is its own");
    nobody_honest_is_blamed(&mut net);
    assert_eq!(text(net.at(ONE)), text(net.at(NEXT)));
    assert!(text(net.at(ONE)).contains("newcomer"));
    assert!(!text(net.at(ONE)).contains("made up"));
}

#[test]
fn what_a_member_wrote_that_never_comes_is_heard_all_the_same() {
    let mut net = room();
    let now = net.now;
    feed(net.at(ONE), now, Input::Announced(Some(MAL)));
    // It met the second, wrote, and went.
    feed(net.at(ONE), now, Input::Joined(NEXT));
    net.sessions.insert(NEXT, signing(joiner(NEXT), Role::Writer));
    connect(&mut net, TWO, NEXT, &[TWO, NEXT]);
    net.pass(ms(100));
    let now = net.now;
    set(net.at(NEXT), now, "newcomer", "1");
    net.deliver(|_, to, _| to == TWO);
    net.sessions.remove(&NEXT);
    let now = net.now;
    set(net.at(TWO), now, "after", "1");
    net.pass(ms(10_000));
    assert_eq!(text(net.at(ONE)), r#"{"kept":1,"newcomer":1,"after":1}"#);
    assert_eq!(frauds(&net), vec![]);
}

#[test]
fn what_the_server_does_not_know_of_is_heard_after_a_while() {
    let mut net = room();
    net.sessions.insert(NEXT, signing(joiner(NEXT), Role::Writer));
    connect(&mut net, TWO, NEXT, &[TWO, NEXT]);
    net.pass(ms(100));
    let now = net.now;
    set(net.at(NEXT), now, "newcomer", "1");
    // Then the server was started anew, and told of what it knew by then.
    feed(net.at(ONE), now, Input::Announced(Some(MAL)));
    net.deliver(|_, to, _| to == TWO);
    net.sessions.remove(&NEXT);
    net.pass(ms(5_000));
    assert!(!text(net.at(ONE)).contains("newcomer"), "it may yet come");
    net.pass(ms(25_000));
    assert_eq!(text(net.at(ONE)), text(net.at(TWO)));
    assert!(text(net.at(ONE)).contains("newcomer"));
    assert_eq!(frauds(&net), vec![]);
}

#[test]
fn a_newcomer_whose_number_is_spoilt_takes_another_name() {
    // Those who are without the signaling server cannot know which numbers there are.
    let mut net = room();
    let now = net.now;
    for at in [ONE, TWO] {
        say(net.at(at), now, MAL, made_up());
        assert!(text(net.at(at)).contains("made up"));
    }
    newcomer(&mut net, &[ONE, TWO]);
    let name = net.at(NEXT).author();
    assert!(name != NEXT && name.member() == NEXT, "{name}");
    nobody_honest_is_blamed(&mut net);
    assert_eq!(text(net.at(ONE)), text(net.at(TWO)));
    assert_eq!(text(net.at(ONE)), text(net.at(NEXT)));
    assert!(text(net.at(ONE)).contains("newcomer"));
}

#[test]
fn a_newcomer_goes_on_where_only_some_were_deceived() {
    let mut net = room();
    let now = net.now;
    // Nothing passes between them before the newcomer has met the one who was not.
    say(net.at(ONE), now, MAL, made_up());
    newcomer(&mut net, &[TWO]);
    connect(&mut net, ONE, NEXT, &[ONE, NEXT]);
    net.pass(ms(8_000));
    let name = net.at(NEXT).author();
    assert!(name != NEXT && name.member() == NEXT, "{name}");
    // What was first made under the number is not the same for both: they were told two stories.
    nobody_honest_is_blamed(&mut net);
}

#[test]
fn a_document_that_tells_of_ones_own_changes_is_no_reason_to_go_on_counting_there() {
    let mut newcomer = signing(joiner(THREE), Role::Writer);
    feed(&mut newcomer, Time::ZERO, Input::Certified(ONE, certificate(ONE)));
    feed(&mut newcomer, Time::ZERO, Input::Connected(ONE));
    say(&mut newcomer, Time::ZERO, ONE, hello(VectorClock::new(), true));
    let clock = VectorClock::from_iter([(ONE, 2), (THREE, 9)]);
    let checkpoint = Checkpoint { source: "{}".into(), value: parse("{}").unwrap(), clock };
    let document = Message::Document { checkpoint, changes: Vec::<Arc<_>>::new() };
    let proof = Proof { seals: Vec::new(), hashes: vec![(ONE, [1; 32]), (THREE, [2; 32])] };
    say(&mut newcomer, Time::ZERO, ONE, Message::Signed(Box::new(document), proof));
    assert!(newcomer.author() != THREE && newcomer.author().member() == THREE);
    set(&mut newcomer, Time::ZERO, "a", "1");
    assert_eq!(newcomer.snapshot().unwrap().clock.get(newcomer.author()), 1);
}

/// Changes under a name, signed with a key that the hostile one certified for it.
fn made_up_under(name: Author, key_word: &str) -> Message {
    let mut ledger = Ledger::new(access(), name, key(MAL));
    let changes = [change(name, 1, key_word)];
    ledger.enter_own(&changes);
    let (changes, seals) = ledger.seal(&changes, false);
    Message::Signed(Box::new(Message::Changes(changes)), Proof { seals, hashes: Vec::new() })
}

#[test]
fn two_stories_under_a_number_do_not_shut_out_who_gets_it() {
    let mut net = room();
    for story in ["one", "other"] {
        for at in [ONE, TWO] {
            let now = net.now;
            let wanted = say(net.at(at), now, MAL, made_up_under(NEXT, story));
            assert_eq!(wanted.expelled, [], "nobody has shown that key");
        }
    }
    newcomer(&mut net, &[ONE, TWO]);
    for at in [ONE, TWO] {
        let text = text(net.at(at));
        assert!(
            text.contains("newcomer") && text.contains(r#""one":1"#) && !text.contains("other"),
            "{text}"
        );
    }
    let blamed = |&(_, fraud): &(Author, crate::trust::Fraud)| {
        fraud.by != MAL && fraud.by != NEXT && !matches!(fraud.what, Distrust::TwoKeys(_))
    };
    assert!(!frauds(&net).iter().any(blamed));
    for at in [ONE, TWO, NEXT] {
        let now = net.now;
        set(net.at(at), now, &format!("by {at}"), "1");
        net.pass(ms(3_000));
    }
    assert_eq!(text(net.at(ONE)), text(net.at(NEXT)));
}

#[test]
fn a_members_other_names_are_its_own_too() {
    let mut net = room();
    let name = TWO.next_name().unwrap();
    let now = net.now;
    let wanted = say(net.at(ONE), now, MAL, made_up_under(name, "made up"));
    assert!(wanted.expelled.is_empty() && !net.at(ONE).is_writer(name));
    assert_eq!(text(net.at(ONE)), r#"{"kept":1}"#);
    // Its own, under that name, are heard.
    let mut ledger = Ledger::new(access(), name, key(TWO));
    let changes = [change(name, 1, "own")];
    ledger.enter_own(&changes);
    let (changes, seals) = ledger.seal(&changes, false);
    let proof = Proof { seals, hashes: Vec::new() };
    let wanted = say(net.at(ONE), now, TWO, Message::Signed(Box::new(Message::Changes(changes)), proof));
    assert!(wanted.expelled.is_empty());
    assert_eq!(text(net.at(ONE)), r#"{"kept":1,"own":1}"#);
}

#[test]
fn a_member_one_of_whose_names_is_spoilt_takes_another() {
    let mut net = room();
    let name = NEXT.next_name().unwrap();
    for at in [ONE, TWO] {
        let now = net.now;
        // Nobody has seen the number's own key yet.
        say(net.at(at), now, MAL, made_up_under(name, "made up"));
        assert!(text(net.at(at)).contains("made up"));
    }
    let ledger = Ledger::new(access(), name, key(NEXT));
    let checkpoint = Checkpoint { clock: VectorClock::new(), ..Checkpoint::read(r#"{"kept":1}"#).unwrap() };
    let replica = crate::sync::Replica::new(name, checkpoint, limits::HISTORY_CHANGES);
    net.sessions.insert(NEXT, Session::resume(replica, &[], options(100)).with_ledger(ledger));
    let now = net.now;
    set(net.at(NEXT), now, "newcomer", "1");
    for at in [ONE, TWO] {
        connect(&mut net, at, NEXT, &[at, NEXT]);
    }
    net.pass(ms(10_000));
    let author = net.at(NEXT).author();
    assert!(author != name && author.member() == NEXT, "{author}");
    nobody_honest_is_blamed(&mut net);
    assert_eq!(text(net.at(ONE)), text(net.at(NEXT)));
    assert!(text(net.at(ONE)).contains("newcomer"));
}
