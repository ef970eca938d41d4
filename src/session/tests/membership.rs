use super::*;
use crate::sync::Change;

pub(super) fn forgot(net: &mut Net, who: Author) -> bool {
    !net.at(who).replica().unwrap().reaches_back_to(&VectorClock::new())
}

/// Three people in a room that remembers little, of whom the last has lost the others.
pub(super) fn room() -> Net {
    let sessions = [ONE, TWO, THREE].map(|author| {
        if author == ONE { creator_with("{}", 8) } else { Session::join(author, &[], options(8)) }
    });
    let mut net = Net::connected(sessions);
    net.disconnect(ONE, THREE);
    net.disconnect(TWO, THREE);
    net
}

pub(super) fn edit_all(net: &mut Net, who: &[Author], times: u64) {
    for number in 0..times {
        for &author in who {
            let now = net.now;
            set(net.at(author), now, &format!("by {author}"), &number.to_string());
        }
        net.pass(ms(2_000));
    }
}

fn replaced(net: &Net, who: Author) -> Vec<String> {
    let old = |(told, event): &(Author, Event)| {
        if let Event::Replaced(old) = event { (*told == who).then(|| old.value.to_string()) } else { None }
    };
    net.events.iter().filter_map(old).collect()
}

#[test]
fn a_silent_member_holds_the_history_until_it_is_dropped() {
    let mut net = room();
    edit_all(&mut net, &[ONE, TWO], 12);
    assert!(!forgot(&mut net, ONE) && !forgot(&mut net, TWO), "24 s");
    edit_all(&mut net, &[ONE, TWO], 8);
    assert!(forgot(&mut net, ONE) && forgot(&mut net, TWO), "40 s");
    assert_eq!(net.at(ONE).dropped().first, VectorClock::from_iter([(THREE, 1)]));
    let dropped = net.at(ONE).dropped().clone();
    assert_eq!(net.at(TWO).dropped(), &dropped);
}

#[test]
fn one_who_is_dropped_carries_over_what_nobody_has_seen() {
    let mut net = room();
    let now = net.now;
    set(net.at(THREE), now, "alone", "[1]");
    edit_all(&mut net, &[ONE, TWO], 20);
    net.connect(TWO, THREE);
    net.connect(ONE, THREE);
    net.pass(ms(5_000));
    let expected = r#"{"by 1":19,"by 2":19,"alone":[1]}"#;
    for who in [ONE, TWO, THREE] {
        assert_eq!(text(net.at(who)), expected);
        assert_eq!(net.at(who).unacknowledged(), 0);
    }
    assert_eq!(replaced(&net, THREE), [r#"{"alone":[1]}"#]);
    assert_ne!(net.at(THREE).author(), THREE);
    assert_eq!(net.at(THREE).author().member(), THREE);
    // It is a member like any other again: its edits count, and it holds the history up.
    let now = net.now;
    set(net.at(THREE), now, "again", "1");
    net.pass(ms(100));
    assert_eq!(text(net.at(ONE)), text(net.at(THREE)));
    net.disconnect(ONE, THREE);
    net.disconnect(TWO, THREE);
    net.events.clear();
    edit_all(&mut net, &[ONE, TWO], 20);
    net.connect(ONE, THREE);
    net.connect(TWO, THREE);
    net.pass(ms(5_000));
    assert_eq!(text(net.at(ONE)), text(net.at(THREE)));
    assert_eq!(replaced(&net, THREE).len(), 1);
}

#[test]
fn who_has_more_of_a_dropped_member_says_so_before_anything_is_forgotten() {
    let sessions =
        [creator_with("{}", 8), Session::join(TWO, &[], options(8)), Session::join(THREE, &[], options(8))];
    let mut net = Net::connected(sessions);
    net.disconnect(ONE, THREE);
    // The second alone gets the third's edit, and cannot pass it on.
    let is_passed_on = |from: Author, to: Author, message: &Message| {
        let is_change = matches!(message, Message::Changes(_) | Message::Change(_));
        !(matches!(message, Message::Pass { .. }) || ((from, to) == (TWO, ONE) && is_change))
    };
    let now = net.now;
    set(net.at(THREE), now, "late", "1");
    net.pass_with(ms(100), is_passed_on);
    for number in 0..20 {
        let now = net.now;
        set(net.at(ONE), now, "a", &number.to_string());
        net.pass_with(ms(2_000), is_passed_on);
    }
    for who in [ONE, TWO] {
        assert_eq!(net.at(who).dropped().first, VectorClock::from_iter([(THREE, 2)]));
        assert!(!forgot(&mut net, who), "{who} has forgotten alone");
    }
    edit_all(&mut net, &[ONE, TWO], 10);
    assert!(forgot(&mut net, ONE) && forgot(&mut net, TWO));
    net.connect(ONE, THREE);
    net.pass(ms(5_000));
    for who in [ONE, TWO, THREE] {
        assert_eq!(text(net.at(who)), r#"{"a":19,"late":1,"by 1":9,"by 2":9}"#);
    }
}

#[test]
fn nobody_forgets_before_the_others_say_the_same() {
    let mut net = room();
    let is_passed_on = |_: Author, _: Author, message: &Message| !matches!(message, Message::Dropped(_));
    for number in 0..20 {
        for author in [ONE, TWO] {
            let now = net.now;
            set(net.at(author), now, &format!("by {author}"), &number.to_string());
        }
        net.pass_with(ms(2_000), is_passed_on);
    }
    assert_eq!(net.at(ONE).dropped().first, VectorClock::from_iter([(THREE, 1)]));
    assert_eq!(net.at(TWO).dropped().first, VectorClock::new());
    assert!(!forgot(&mut net, ONE) && !forgot(&mut net, TWO));
    net.disconnect(ONE, TWO);
    net.connect(ONE, TWO);
    edit_all(&mut net, &[ONE, TWO], 3);
    assert!(forgot(&mut net, ONE) && forgot(&mut net, TWO));
}

#[test]
fn of_two_parts_that_have_dropped_each_other_one_gives_way() {
    const FOUR: Author = Author(4);
    let sessions = [ONE, TWO, THREE, FOUR].map(|author| {
        if author == ONE { creator_with("[]", 8) } else { Session::join(author, &[], options(8)) }
    });
    let mut net = Net::connected(sessions);
    for left in [ONE, THREE] {
        for right in [TWO, FOUR] {
            net.disconnect(left, right);
        }
    }
    let push = |net: &mut Net, who: Author, item: &str| {
        let items = vec![parse(item).unwrap()];
        let now = net.now;
        net.at(who).edit(now, None, 0, Path::ROOT, Method::Splice { start: 99, count: 0, items }).unwrap();
    };
    for number in 0..20 {
        for who in [ONE, TWO, THREE, FOUR] {
            push(&mut net, who, &format!("{who}{number:02}"));
        }
        net.pass(ms(2_000));
    }
    assert!([ONE, TWO, THREE, FOUR].into_iter().all(|who| forgot(&mut net, who)));
    for left in [ONE, THREE] {
        for right in [TWO, FOUR] {
            net.connect(left, right);
        }
    }
    net.pass(ms(10_000));
    let document = text(net.at(ONE));
    for who in [TWO, THREE, FOUR] {
        assert_eq!(text(net.at(who)), document);
    }
    for who in [ONE, TWO, THREE, FOUR] {
        for number in 0..20 {
            let times = document.matches(&format!("{who}{number:02}")).count();
            assert_eq!(times, 1, "{who} wrote {number}: {document}");
        }
    }
    assert!(replaced(&net, ONE).is_empty() && replaced(&net, THREE).is_empty());
}

#[test]
fn who_has_left_may_come_back_until_it_is_dropped() {
    let mut net = Net::connected([creator_with("{}", 8), Session::join(TWO, &[], options(8))]);
    let now = net.now;
    set(net.at(TWO), now, "mine", "1");
    net.pass(ms(100));
    net.disconnect(ONE, TWO);
    let now = net.now;
    net.at(ONE).handle(now, Input::Left(TWO));
    set(net.at(TWO), now, "mine", "2");
    // Its edit is made on what is not forgotten yet.
    edit_all(&mut net, &[ONE], 6);
    net.connect(ONE, TWO);
    assert_eq!(text(net.at(ONE)), r#"{"mine":2,"by 1":5}"#);
    net.disconnect(ONE, TWO);
    net.at(ONE).handle(now, Input::Left(TWO));
    edit_all(&mut net, &[ONE], 12);
    assert!(forgot(&mut net, ONE));
    net.connect(ONE, TWO);
    net.pass(ms(5_000));
    assert_eq!(text(net.at(TWO)), r#"{"mine":2,"by 1":11}"#);
    assert_eq!(net.at(TWO).author().member(), TWO);
}

#[test]
fn who_can_be_heard_by_way_of_another_is_not_dropped() {
    let sessions =
        [creator_with("{}", 8), Session::join(TWO, &[], options(8)), Session::join(THREE, &[], options(8))];
    let mut net = Net::connected(sessions);
    net.disconnect(ONE, THREE);
    edit_all(&mut net, &[ONE, TWO, THREE], 40);
    for who in [ONE, TWO, THREE] {
        assert!(net.at(who).dropped().first.iter().len() == 0);
        assert_eq!(net.at(who).author(), who);
    }
}

/// A machine that is shut for an hour, with an edit that nobody has got: nothing is heard there, and
/// no timer goes off. The others remember so many changes.
fn an_hour_asleep(history: usize) -> Net {
    let sessions = [ONE, TWO, THREE].map(|author| {
        let is_creator = author == ONE;
        if is_creator { creator_with("{}", history) } else { Session::join(author, &[], options(history)) }
    });
    let mut net = Net::connected(sessions);
    let mut asleep = net.sessions.remove(&THREE).unwrap();
    set(&mut asleep, net.now, "unsent", "1");
    drain(&mut asleep);
    let fell_asleep = net.now;
    net.pass(ms(3_000));
    for who in [ONE, TWO] {
        let now = net.now;
        net.at(who).handle(now, Input::Disconnected(THREE));
    }
    edit_all(&mut net, &[ONE, TWO], 1_800);
    assert!(net.now >= fell_asleep + Duration::from_secs(3_600));
    // It wakes, believes itself connected, makes an edit on what it shows, and finds out.
    let now = net.now;
    set(&mut asleep, now, "woken", "2");
    asleep.handle(now, Input::Timeout);
    net.sessions.insert(THREE, asleep);
    net.deliver(|from, _, _| from != THREE);
    net.connect(ONE, THREE);
    net.connect(TWO, THREE);
    net.pass(ms(5_000));
    let expected = parse(r#"{"by 1":1799,"by 2":1799,"unsent":1,"woken":2}"#).unwrap();
    for who in [ONE, TWO, THREE] {
        let shown = net.at(who).snapshot().unwrap().value;
        assert_eq!(shown.len(), expected.len(), "{who}: {shown}");
        for key in ["by 1", "by 2", "unsent", "woken"] {
            assert_eq!(shown.key(&key.into()), expected.key(&key.into()), "{who}: {shown}");
        }
        assert_eq!(text(net.at(who)), text(net.at(ONE)));
        assert_eq!(net.at(who).unacknowledged(), 0);
    }
    net
}

#[test]
fn who_sleeps_for_an_hour_loses_nothing() {
    let mut net = an_hour_asleep(limits::HISTORY_CHANGES);
    assert_eq!(net.at(THREE).author(), THREE, "its past is remembered");
    let mut net = an_hour_asleep(8);
    assert_ne!(net.at(THREE).author(), THREE, "it comes back under another name");
}

#[test]
fn what_comes_late_of_a_former_name_tells_nothing_of_who_started_again() {
    const AGAIN: Author = Author(2 + (1 << 20));
    let mut session = creator("{}");
    feed(&mut session, ms(1), Input::Connected(TWO));
    say(&mut session, ms(2), TWO, hello(VectorClock::new(), true));
    let Message::Hello { version, name, clock, passing, answer, .. } = hello(VectorClock::new(), false)
    else {
        unreachable!()
    };
    let first = VectorClock::from_iter([(TWO, 2)]);
    let (has_document, dropped) = (false, Dropped { first, settled: VectorClock::new() });
    let writer = Some(AGAIN);
    let started = Message::Hello { version, name, clock, has_document, writer, dropped, passing, answer };
    say(&mut session, ms(3), TWO, started);
    // The channel of clocks, and that of changes, may have been slower.
    let seen = VectorClock::from_iter([(TWO, 1), (THREE, 7)]);
    let clock = |writer| Message::Clock { seen: seen.clone(), floor: Some(seen.clone()), writer };
    say(&mut session, ms(4), TWO, clock(None));
    let change = Change {
        author: TWO,
        clock: VectorClock::from_iter([(TWO, 1)]),
        path: Path::ROOT.key("late"),
        method: Method::Set(parse("1").unwrap()),
    };
    say(&mut session, ms(5), TWO, Message::Change(change.into()));
    assert_eq!(text(&session), r#"{"late":1}"#, "it counts");
    assert_eq!(session.people()[0].clock, VectorClock::new());
    let asked = |wanted: &Wanted| {
        wanted.sent.iter().any(|(_, _, message)| matches!(message, Message::RequestSync(_)))
    };
    assert!(!asked(&feed(&mut session, ms(1_000), Input::Timeout)));
    say(&mut session, ms(1_001), TWO, clock(Some(AGAIN)));
    assert_eq!(session.people()[0].clock, seen);
    assert!(asked(&feed(&mut session, ms(2_000), Input::Timeout)));
}

#[test]
fn who_gives_way_and_gets_the_document_from_its_own_side_writes_nothing_twice() {
    const FOUR: Author = Author(4);
    let push = |net: &mut Net, who: Author, number: u64| {
        let items = vec![parse(&format!("{who}{number:02}")).unwrap()];
        let now = net.now;
        net.at(who).edit(now, None, 0, Path::ROOT, Method::Splice { start: 99, count: 0, items }).unwrap();
        net.pass(ms(2_000));
    };
    let mut net = Net::connected([creator_with("[]", 8), Session::join(THREE, &[], options(8))]);
    net.disconnect(ONE, THREE);
    for number in 0..20 {
        push(&mut net, THREE, number);
    }
    net.sessions.insert(FOUR, Session::join(FOUR, &[], options(8)));
    net.connect(THREE, FOUR);
    for number in 20..30 {
        push(&mut net, THREE, number);
        push(&mut net, FOUR, number);
    }
    let mut alone = 0;
    while !net.at(ONE).dropped().names(THREE) {
        push(&mut net, ONE, alone);
        alone += 1;
    }
    // The lower one is heard for long enough to say that it has dropped the other.
    let now = net.now;
    net.at(ONE).handle(now, Input::Connected(THREE));
    net.at(THREE).handle(now, Input::Connected(ONE));
    net.deliver(|from, to, message| {
        let is_hello = matches!(message, Message::Hello { .. } | Message::Dropped(_));
        (from == ONE && is_hello) || (from != ONE && to != ONE)
    });
    net.disconnect(ONE, THREE);
    net.pass(ms(10_000));
    assert_ne!(net.at(THREE).author(), THREE);
    let document = text(net.at(THREE));
    assert_eq!(document, text(net.at(FOUR)));
    let times = |document: &str, who: Author, number| document.matches(&format!("{who}{number:02}")).count();
    assert!((0..30).all(|number| times(&document, THREE, number) == 1), "{document}");
    assert!((20..30).all(|number| times(&document, FOUR, number) == 1), "{document}");
    for who in [THREE, FOUR] {
        net.connect(ONE, who);
    }
    net.pass(ms(10_000));
    let document = text(net.at(ONE));
    assert_eq!(document, text(net.at(THREE)));
    assert_eq!(document, text(net.at(FOUR)));
    assert!((0..alone).all(|number| times(&document, ONE, number) == 1), "{document}");
    assert!((0..30).all(|number| times(&document, THREE, number) == 1), "{document}");
}

#[test]
fn who_starts_again_carries_over_what_it_alone_has_of_one_who_left() {
    const FOUR: Author = Author(4);
    let others = [THREE, FOUR].map(|author| Session::join(author, &[], options(1_000)));
    let mut net = Net::connected([creator_with("{}", 8)].into_iter().chain(others));
    net.disconnect(ONE, THREE);
    net.disconnect(ONE, FOUR);
    edit_all(&mut net, &[THREE, FOUR], 2);
    net.disconnect(THREE, FOUR);
    net.sessions.remove(&FOUR);
    let now = net.now;
    net.at(THREE).handle(now, Input::Left(FOUR));
    edit_all(&mut net, &[ONE], 30);
    net.connect(ONE, THREE);
    net.pass(ms(5_000));
    assert_ne!(net.at(THREE).author(), THREE);
    for who in [ONE, THREE] {
        let shown = net.at(who).snapshot().unwrap().value;
        for key in ["by 3", "by 4"] {
            assert_eq!(shown.key(&key.into()), Some(&parse("1").unwrap()), "{who}: {shown}");
        }
    }
    // What the one who left said long ago still does not bring it back.
    let late = Box::new(hello(VectorClock::new(), false));
    let now = net.now;
    say(net.at(THREE), now, ONE, Message::Pass { from: FOUR, to: THREE, message: late });
    assert_eq!(net.at(THREE).people().len(), 1);
}
