//! Whether everybody is told the same, compared with every ping.

use super::attacks::{MAL, room, signed as said_by};
use super::signed::{access, change, frauds, three};
use super::*;
use crate::trust::{Certificate, Distrust, Head};

/// Two pings.
const SOON: Duration = ms(4_100);

fn shown(net: &Net) -> usize {
    net.said.iter().filter(|(.., message)| matches!(message, Message::Heads(_))).count()
}

#[test]
fn who_tells_two_stories_is_found_out_within_two_pings() {
    let mut net = room();
    let now = net.now;
    say(net.at(ONE), now, MAL, said_by(access(), MAL, &[change(MAL, 1, "one")]));
    say(net.at(TWO), now, MAL, said_by(access(), MAL, &[change(MAL, 1, "other")]));
    net.pass(SOON);
    let mut found: Vec<Author> = frauds(&net)
        .into_iter()
        .map(|(at, fraud)| {
            assert!(fraud.by == MAL && matches!(fraud.what, Distrust::Equivocation(_)), "{fraud:?}");
            at
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [ONE, TWO], "both know, and nobody else is blamed");
    for at in [ONE, TWO] {
        let now = net.now;
        assert!(net.at(at).people().iter().all(|person| person.author != MAL));
        let later = say(net.at(at), now, MAL, said_by(access(), MAL, &[change(MAL, 1, "later")]));
        assert!(later.sent.is_empty() && later.events.is_empty(), "it is not listened to any more");
        // The room goes on.
        set(net.at(at), now, &format!("by {at}"), "1");
    }
    let before = shown(&net);
    net.pass(ms(20_000));
    for at in [ONE, TWO] {
        let text = text(net.at(at));
        assert!(text.contains(r#""by 1":1"#) && text.contains(r#""by 2":1"#), "{text}");
    }
    assert_eq!(shown(&net), before, "once is enough");
}

#[test]
fn a_shorter_story_is_compared_with_the_longer() {
    let mut net = room();
    let now = net.now;
    let long = [change(MAL, 1, "one"), change(MAL, 2, "two")];
    say(net.at(ONE), now, MAL, said_by(access(), MAL, &long));
    say(net.at(TWO), now, MAL, said_by(access(), MAL, &[change(MAL, 1, "other")]));
    net.pass(SOON);
    let found = frauds(&net);
    assert!(!found.is_empty() && found.iter().all(|(_, fraud)| fraud.by == MAL), "{found:?}");
    assert!(net.at(ONE).people().iter().all(|person| person.author != MAL));
}

#[test]
fn members_who_are_told_the_same_show_each_other_nothing() {
    let mut net = three();
    for round in 0..20 {
        let now = net.now;
        set(net.at(ONE), now, "a", &round.to_string());
        set(net.at(TWO), now, "b", &round.to_string());
        net.pass(ms(700));
    }
    let digests = net.said.iter().filter(|(.., message)| matches!(message, Message::Digest { .. })).count();
    assert!(digests > 20, "they compare: {digests}");
    assert_eq!((shown(&net), frauds(&net)), (0, vec![]));
}

#[test]
fn who_shows_an_end_that_its_author_did_not_sign_is_cut_off() {
    let mut net = room();
    let now = net.now;
    set(net.at(TWO), now, "true", "1");
    net.pass(ms(500));
    let certificate = signed::certificate(TWO);
    let head = |certificate| Head { author: TWO, tick: 1, hash: [7; 32], signature: [8; 64], certificate };
    let wanted = say(net.at(ONE), now, MAL, Message::Heads(vec![head(certificate)]));
    assert_eq!(wanted.expelled, [MAL]);
    // What names somebody else's key proves nothing of the author, and blames nobody.
    let other = Certificate::issue(&access(), TWO, &signed::key(MAL)).unwrap();
    let wanted = say(net.at(TWO), now, MAL, Message::Heads(vec![head(other.bytes().to_vec())]));
    assert!(wanted.expelled.is_empty() && wanted.sent.len() == 1, "{wanted:?}");
    let now = now + ms(30_000);
    let wanted = say(net.at(TWO), now, MAL, Message::Digest { clock: VectorClock::new(), digest: [9; 32] });
    assert_eq!(wanted.sent.len(), 1, "a digest that does not fit is answered with the ends");
    let wanted = say(net.at(TWO), now, MAL, Message::Digest { clock: VectorClock::new(), digest: [9; 32] });
    assert!(wanted.sent.is_empty(), "but not again and again");
}

#[test]
fn ends_are_not_looked_at_as_often_as_somebody_shows_them() {
    let mut net = room();
    let now = net.now;
    set(net.at(TWO), now, "true", "1");
    net.pass(ms(500));
    let other = Certificate::issue(&access(), TWO, &signed::key(MAL)).unwrap().bytes().to_vec();
    let head = Head { author: TWO, tick: 1, hash: [7; 32], signature: [8; 64], certificate: other };
    let mut told = 0;
    for at in 0..600 {
        let wanted = say(net.at(ONE), now + ms(at * 50), MAL, Message::Heads(vec![head.clone()]));
        told += wanted.events.iter().filter(|event| matches!(event, Event::Distrusted(_))).count();
    }
    assert_eq!(told, 2, "in half a minute");
}

#[test]
fn digests_and_ends_are_read_as_they_are_written() {
    let certificate = signed::certificate(TWO);
    let head = Head { author: TWO, tick: 3, hash: [7; 32], signature: [8; 64], certificate };
    let clock = VectorClock::from_iter([(ONE, 4), (TWO, 3)]);
    for message in [
        Message::Digest { clock, digest: [9; 32] },
        Message::Certificate(head.certificate.clone()),
        Message::Heads(vec![head.clone(), Head { author: ONE, ..head }]),
    ] {
        let text = message.encode();
        assert_eq!(Message::decode(&text).as_ref(), Ok(&message), "{text}");
    }
    for bad in [
        r#"["digest",{"1":1}]"#,
        r#"["digest",{"1":1},"AA=="]"#,
        r#"["heads",[[2,0,"","",""]]]"#,
        r#"["heads",1]"#,
    ] {
        assert!(Message::decode(bad).is_err(), "{bad}");
    }
    let head = Head {
        author: TWO,
        tick: 3,
        hash: [7; 32],
        signature: [8; 64],
        certificate: signed::certificate(TWO),
    };
    let twice = Message::Heads(vec![head.clone(), head]).encode();
    assert!(Message::decode(&twice).is_err(), "each author once");
}
