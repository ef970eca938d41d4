//! A locked room whose owner removes members and renews its secrets.

use super::signed::{FOUR, access, certificate, connect, frauds, key, signing, three};
use super::*;
use crate::trust::{Certificate, Ledger, Renewal, Role, Secret};

const FIVE: Author = Author(5);

fn fresh() -> Secret {
    Secret::new([9; 32])
}

/// Author 1 owns the room, 2 and 4 write, 3 reads.
fn four() -> Net {
    let mut net = three();
    net.sessions.insert(FOUR, signing(joiner(FOUR), Role::Writer));
    for other in [ONE, TWO, THREE] {
        connect(&mut net, other, FOUR, &[ONE, TWO, FOUR]);
    }
    net.pass(ms(500));
    net
}

fn revoke(net: &mut Net, who: &[Author]) {
    let now = net.now;
    assert!(net.at(ONE).revoke(now, who, fresh()));
    net.pass(ms(500));
}

fn edit(net: &mut Net, who: Author, key: &str) {
    let now = net.now;
    set(net.at(who), now, key, "1");
    net.pass(ms(500));
}

#[test]
fn who_is_removed_sees_and_writes_nothing_new() {
    let mut net = four();
    edit(&mut net, TWO, "before");
    revoke(&mut net, &[TWO]);
    assert!(net.events.iter().any(|(who, event)| *who == TWO && matches!(event, Event::Removed)));
    let now = net.now;
    let refused = net.at(TWO).edit(now, None, 0, Path::ROOT.key("late"), Method::Delete);
    assert!(refused.is_err());
    // Also where its program does not care.
    net.sessions.insert(TWO, patched(&net.sessions[&TWO]));
    edit(&mut net, TWO, "forced");
    net.said.clear();
    for writer in [ONE, FOUR] {
        edit(&mut net, writer, &format!("by {writer}"));
    }
    for who in [ONE, THREE, FOUR] {
        assert_eq!(text(net.at(who)), r#"{"before":1,"by 1":1,"by 4":1}"#, "at {who}");
        assert!(net.at(who).people().iter().all(|person| person.author != TWO), "at {who}");
    }
    assert!(!net.said.iter().any(|(_, to, _)| *to == TWO), "nothing is said to it");
    assert_eq!(frauds(&net), vec![]);
}

/// The session with what it knows, which edits whatever it has been told.
fn patched(session: &Session) -> Session {
    let snapshot = session.snapshot().unwrap();
    let checkpoint = Checkpoint { source: snapshot.source, value: snapshot.value, clock: snapshot.clock };
    let replica = crate::sync::Replica::new(TWO, checkpoint, 100);
    let others = [ONE, THREE, FOUR];
    let mut patched = signing(Session::resume(replica, &others, options(100)), Role::Writer);
    for other in others {
        patched.handle(Time::ZERO, Input::Connected(other));
    }
    patched
}

#[test]
fn everyone_who_stays_has_the_new_secrets_as_far_as_they_may() {
    let mut net = four();
    revoke(&mut net, &[TWO]);
    let (room, epoch) = (net.at(ONE).access().unwrap().room_id(), 1);
    for (who, role) in [(ONE, Role::Owner), (THREE, Role::Reader), (FOUR, Role::Writer)] {
        let access = net.at(who).access().unwrap();
        assert_eq!((access.role(), access.room_id(), access.epoch()), (role, room.clone(), epoch), "{who}");
    }
    assert_eq!(net.at(TWO).access().unwrap().room_id(), access().room_id());
    assert_eq!(net.at(ONE).uninformed(), (2, vec![]));
    assert!(net.at(FOUR).may_write() && !net.at(THREE).may_write());
    let for_writing = |message: &Message| matches!(message, Message::Renewed { renewal, .. } if renewal.access.role() > Role::Reader);
    assert!(net.was_said(ONE, FOUR, for_writing) > 0);
    assert_eq!(net.was_said(ONE, THREE, for_writing) + net.was_said(FOUR, THREE, for_writing), 0);
    assert_eq!(net.was_said(ONE, TWO, |message| matches!(message, Message::Renewed { .. })), 0);
}

#[test]
fn a_newcomer_with_a_new_ticket_believes_what_was_written_before() {
    let mut net = four();
    edit(&mut net, TWO, "a");
    edit(&mut net, FOUR, "b");
    revoke(&mut net, &[TWO]);
    edit(&mut net, FOUR, "c");
    let new = net.at(ONE).access().unwrap().lowered_to(Role::Writer);
    // From a reader, who cannot certify anybody, as from a writer.
    for (newcomer, host) in [(FIVE, FOUR), (Author(6), THREE)] {
        let ledger = Ledger::new(new.clone(), newcomer, key(newcomer));
        let shown = Certificate::issue(&new, newcomer, &key(newcomer)).unwrap().bytes().to_vec();
        net.sessions.insert(newcomer, joiner(newcomer).with_ledger(ledger));
        let now = net.now;
        if let Some(own) = net.at(host).certificate() {
            net.at(newcomer).handle(now, Input::Certified(host, own.bytes().to_vec()));
        }
        net.at(host).handle(now, Input::Certified(newcomer, shown));
        net.connect(host, newcomer);
        net.pass(ms(500));
        assert!(text(net.at(newcomer)).starts_with(r#"{"a":1,"b":1,"c":1"#), "at {newcomer}");
        edit(&mut net, newcomer, &format!("by {newcomer}"));
        assert!(text(net.at(host)).contains(&format!("by {newcomer}")));
    }
    assert_eq!(frauds(&net), vec![]);
}

#[test]
fn nobody_but_the_owner_renews_anything() {
    let mut net = four();
    let now = net.now;
    for who in [TWO, THREE] {
        assert!(!net.at(who).revoke(now, &[ONE], fresh()));
    }
    let mallory = crate::trust::Access::locked(Secret::new([1; 32]), Secret::new([7; 32]));
    let forged = Renewal::issue(&mallory, fresh(), vec![ONE]).unwrap();
    let sound = Renewal::issue(&access(), fresh(), vec![]).unwrap();
    let altered = Renewal { removed: vec![ONE], ..sound };
    for renewal in [forged, altered] {
        let renewal = Box::new(renewal);
        let told = say(net.at(FOUR), now, TWO, Message::Renewed { renewal, certificates: vec![] });
        assert!(matches!(told.events[..], [Event::Garbage(TWO, _)]), "{told:?}");
    }
    let told = say(net.at(FOUR), now, TWO, Message::Removed([3; 64]));
    assert!(matches!(told.events[..], [Event::Garbage(TWO, _)]), "{told:?}");
    assert!(net.at(FOUR).may_write());
    assert_eq!(net.at(FOUR).access().unwrap().epoch(), 0);
}

#[test]
fn of_two_who_revoke_at_once_both_get_their_way() {
    // Author 4 is the owner too, on another machine.
    let mut net = four();
    net.sessions.remove(&FOUR);
    net.sessions.insert(FIVE, signing(joiner(FIVE), Role::Owner));
    for other in [ONE, TWO, THREE] {
        connect(&mut net, other, FIVE, &[ONE, TWO, FIVE]);
    }
    net.pass(ms(500));
    let now = net.now;
    assert!(net.at(ONE).revoke(now, &[TWO], Secret::new([8; 32])));
    assert!(net.at(FIVE).revoke(now, &[THREE], Secret::new([9; 32])));
    net.pass(ms(500));
    let overruled: Vec<(Author, Vec<Author>)> =
        [ONE, FIVE].into_iter().map(|who| (who, net.at(who).overruled())).collect();
    let again: Vec<_> = overruled.into_iter().filter(|(_, members)| !members.is_empty()).collect();
    let [(who, members)] = &again[..] else { panic!("{again:?}") };
    let now = net.now;
    assert!(net.at(*who).revoke(now, members, Secret::new([10; 32])));
    net.pass(ms(500));
    let access = net.at(ONE).access().cloned().unwrap();
    assert_eq!(net.at(FIVE).access(), Some(&access));
    assert_eq!(access.epoch(), 2);
    for removed in [TWO, THREE] {
        assert!(net.at(removed).access().unwrap().epoch() < 2, "{removed}");
    }
    assert!(net.at(ONE).overruled().is_empty() && net.at(FIVE).overruled().is_empty());
}

#[test]
fn renewals_are_read_as_they_are_written() {
    let renewal = Renewal::issue(&access(), fresh(), vec![TWO, FOUR]).unwrap();
    for role in [Role::Reader, Role::Writer, Role::Owner] {
        let message = Message::Renewed {
            renewal: Box::new(renewal.lowered_to(role)),
            certificates: vec![(ONE, certificate(ONE)), (TWO, certificate(TWO))],
        };
        assert_eq!(Message::decode(&message.encode()), Ok(message.clone()));
        assert!(!format!("{message:?}").contains(&message.encode()[20..60]), "it is not for logs");
    }
    let removed = Message::Removed([7; 64]);
    assert_eq!(Message::decode(&removed.encode()), Ok(removed));
    for wrong in [
        r#"["renewed",null]"#,
        r#"["renewed",{"keys":"uw1","removed":[],"signature":"","certificates":[]}]"#,
        r#"["removed","AAAA"]"#,
        r#"["removed",7]"#,
    ] {
        assert!(Message::decode(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn who_passes_on_what_other_keys_certify_is_not_blamed_for_that() {
    // One of the two that pass changes on has the new keys, the other not yet.
    for (informed, late) in [(ONE, FOUR), (FOUR, ONE)] {
        let mut net = four();
        // Somebody whom only the fourth knows.
        net.sessions.insert(FIVE, signing(joiner(FIVE), Role::Writer));
        connect(&mut net, FOUR, FIVE, &[FOUR, FIVE]);
        net.pass_with(ms(300), |from, to, _| [from, to] == [FIVE, FOUR] || [from, to] == [FOUR, FIVE]);
        let now = net.now;
        set(net.at(FIVE), now, "five", "1");
        net.deliver(|from, _, _| from == FIVE);
        let renewal = Renewal::issue(&access(), fresh(), vec![]).unwrap();
        let renewal = Box::new(renewal.lowered_to(Role::Writer));
        let renewed = Message::Renewed { renewal, certificates: vec![] };
        let now = net.now;
        net.at(informed).handle(now, Input::Message(THREE, renewed));
        net.pass_with(ms(3_000), |_, to, message| to != late || !matches!(message, Message::Renewed { .. }));
        assert!(net.expelled.is_empty(), "{informed} {:?}", net.expelled);
        // When both have them, everything comes.
        let access = net.at(informed).access().cloned().unwrap();
        let last = Renewal { removed: vec![], ..Renewal::issue(&self::access(), fresh(), vec![]).unwrap() };
        assert_eq!(last.access.lowered_to(Role::Reader), access.lowered_to(Role::Reader));
        let renewal = Box::new(last.lowered_to(Role::Writer));
        let now = net.now;
        net.at(late)
            .handle(now, Input::Message(informed, Message::Renewed { renewal, certificates: vec![] }));
        net.pass(ms(20_000));
        assert_eq!(text(net.at(ONE)), r#"{"five":1}"#);
    }
}

#[test]
fn who_comes_while_the_keys_are_renewed_is_given_them_too() {
    let mut net = four();
    net.sessions.insert(FIVE, signing(joiner(FIVE), Role::Writer));
    let now = net.now;
    for (at, other) in [(ONE, FIVE), (FIVE, ONE)] {
        net.at(at).handle(now, Input::Certified(other, certificate(other)));
        net.at(at).handle(now, Input::Connected(other));
    }
    // It has proven itself, and has not said hello yet.
    assert!(net.at(ONE).revoke(now, &[], fresh()));
    net.pass(ms(1_000));
    assert_eq!(net.at(FIVE).access().unwrap().epoch(), 1);
    assert_eq!(net.at(FIVE).access().unwrap().role(), Role::Writer);
    assert_eq!(net.at(ONE).uninformed().1, vec![]);
    edit(&mut net, FIVE, "five");
    assert_eq!(text(net.at(ONE)), r#"{"five":1}"#);
}

#[test]
fn a_writer_who_is_given_new_keys_for_reading_shows_and_edits_as_a_reader() {
    let mut net = four();
    let renewal = Renewal::issue(&access(), fresh(), vec![]).unwrap();
    let for_role =
        |role| Message::Renewed { renewal: Box::new(renewal.lowered_to(role)), certificates: vec![] };
    let now = net.now;
    say(net.at(FOUR), now, THREE, for_role(Role::Reader));
    // What it could show is of no use with the new keys, and what it would write nobody could be shown.
    assert!(net.at(FOUR).certificate().is_none() && !net.at(FOUR).may_write());
    assert!(net.at(FOUR).edit(now, None, 0, Path::ROOT.key("late"), Method::Delete).is_err());
    say(net.at(FOUR), now, TWO, for_role(Role::Writer));
    assert!(net.at(FOUR).certificate().is_some() && net.at(FOUR).may_write());
}
