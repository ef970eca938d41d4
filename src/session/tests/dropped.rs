//! What counts of somebody who has been dropped.

use std::sync::Arc;

use super::membership::{edit_all, forgot, room};
use super::*;
use crate::sync::Change;

#[test]
fn nobody_forgets_before_having_all_that_counts_of_a_dropped_member() {
    let mut net = room();
    let now = net.now;
    set(net.at(THREE), now, "late", "1");
    edit_all(&mut net, &[ONE, TWO], 14);
    // Shortly before it is dropped the second alone gets its edit, which has seen none of the others,
    // and cannot tell of it.
    let is_passed_on = |_: Author, to: Author, message: &Message| {
        let is_edit =
            matches!(message, Message::Changes(of) if of.iter().any(|change| change.author == THREE));
        !(matches!(message, Message::Pass { .. } | Message::Links(_)) || (to == ONE && is_edit))
    };
    let now = net.now;
    for link in [Input::Connected, Input::Disconnected] {
        net.at(TWO).handle(now, link(THREE));
        net.at(THREE).handle(now, link(TWO));
        net.deliver(is_passed_on);
    }
    for number in 0..6 {
        let now = net.now;
        set(net.at(ONE), now, "by 1", &number.to_string());
        net.pass_with(ms(2_000), is_passed_on);
    }
    for who in [ONE, TWO] {
        assert_eq!(net.at(who).dropped().first, VectorClock::from_iter([(THREE, 2)]));
        assert!(!forgot(&mut net, who), "{who} has forgotten what the edit was made on");
    }
    assert_eq!(text(net.at(ONE)), r#"{"by 1":5,"by 2":13}"#);
    edit_all(&mut net, &[ONE, TWO], 10);
    for who in [ONE, TWO] {
        assert!(forgot(&mut net, who));
        assert_eq!(text(net.at(who)), r#"{"by 1":9,"by 2":9,"late":1}"#);
    }
}

#[test]
fn changes_of_one_who_is_dropped_do_not_count_whoever_passes_them_on() {
    let mut net = room();
    edit_all(&mut net, &[ONE, TWO], 20);
    let before = text(net.at(ONE));
    // It has seen what nobody has forgotten, and so could be applied.
    let mut clock = net.at(ONE).seen();
    clock.set(THREE, 1);
    let method = Method::Set(parse("1").unwrap());
    let change = Change { author: THREE, clock, path: Path::ROOT.key("late"), method };
    let now = net.now;
    let wanted = say(net.at(ONE), now, TWO, Message::Changes(vec![Arc::new(change)]));
    assert!(!wanted.events.iter().any(|event| matches!(event, Event::Changed(_))), "{wanted:?}");
    assert_eq!(text(net.at(ONE)), before);
    assert_eq!(net.at(ONE).seen().get(THREE), 0);
}
