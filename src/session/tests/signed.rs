//! Members that sign what they write, and check what the others do.

use std::sync::Arc;

use super::*;
use crate::sync::{Change, EditError};
use crate::trust::{Access, AuthorKey, Certificate, Distrust, Evidence, Fraud, Ledger, Role, Secret};

pub(super) const FOUR: Author = Author(4);

pub(super) fn access() -> Access {
    Access::locked(Secret::new([1; 32]), Secret::new([2; 32]))
}

pub(super) fn key(author: Author) -> AuthorKey {
    AuthorKey::new(&Secret::new([u8::try_from(author.0).unwrap(); 32]))
}

pub(super) fn signing(session: Session, role: Role) -> Session {
    let author = session.author();
    session.with_ledger(Ledger::new(access().lowered_to(role), author, key(author)))
}

pub(super) fn certificate(author: Author) -> Vec<u8> {
    Certificate::issue(&access(), author, &key(author)).unwrap().bytes().to_vec()
}

/// Connects two, who show each other that they may write.
pub(super) fn connect(net: &mut Net, left: Author, right: Author, writers: &[Author]) {
    let now = net.now;
    for (at, other) in [(left, right), (right, left)] {
        if writers.contains(&other) {
            net.at(at).handle(now, Input::Certified(other, certificate(other)));
        }
    }
    net.connect(left, right);
}

pub(super) fn three() -> Net {
    let mut net = Net::new([
        signing(creator("{}"), Role::Owner),
        signing(joiner(TWO), Role::Writer),
        signing(joiner(THREE), Role::Reader),
    ]);
    for (left, right) in [(ONE, TWO), (TWO, THREE), (ONE, THREE)] {
        connect(&mut net, left, right, &[ONE, TWO]);
    }
    net.pass(ms(100));
    net
}

pub(super) fn frauds(net: &Net) -> Vec<(Author, Fraud)> {
    let fraud = |(at, event): &(Author, Event)| {
        if let Event::Distrusted(fraud) = event { Some((*at, *fraud)) } else { None }
    };
    net.events.iter().filter_map(fraud).collect()
}

pub(super) fn change(author: Author, tick: u64, key: &str) -> Arc<Change> {
    Arc::new(Change {
        author,
        clock: VectorClock::from_iter([(author, tick)]),
        path: Path::ROOT.key(key),
        method: Method::Set(parse("1").unwrap()),
    })
}

#[test]
fn what_is_made_before_the_network_takes_it_shares_a_signature() {
    let mut net = three();
    let now = net.now;
    for key in ["a", "b", "c"] {
        set(net.at(ONE), now, key, "1");
    }
    let changes = |(to, channel, message): (Author, Channel, Message)| {
        let Message::Signed(message, proof) = message else { return None };
        let Message::Changes(changes) = *message else { panic!("{message:?}") };
        assert_eq!((channel, changes.len(), proof.seals.len()), (Channel::Ops, 3, 1));
        Some((to, proof.seals[0].signature))
    };
    let said: Vec<_> = drain(net.at(ONE)).sent.into_iter().filter_map(changes).collect();
    let [(TWO, signature), (THREE, same)] = said[..] else { panic!("{said:?}") };
    assert_eq!(signature, same);
    // What is not live is not held up by it, nor put together with it.
    set(net.at(ONE), now, "d", "1");
    set(net.at(ONE), now, "e", &format!("{:?}", "long".repeat(limits::OPS_BYTES)));
    set(net.at(ONE), now, "f", "1");
    let said = drain(net.at(ONE)).sent;
    let single = |(to, _, message): &&(Author, Channel, Message)| {
        *to == TWO
            && matches!(message, Message::Signed(message, _) if matches!(**message, Message::Change(_)))
    };
    assert_eq!(said.iter().filter(single).count(), 3);
}

#[test]
fn writers_write_and_a_reader_reads() {
    let mut net = three();
    let now = net.now;
    set(net.at(ONE), now, "a", "1");
    set(net.at(TWO), now, "b", "2");
    net.pass(ms(500));
    for who in [ONE, TWO, THREE] {
        assert_eq!(text(net.at(who)), r#"{"a":1,"b":2}"#, "at {who}");
    }
    let refused = net.at(THREE).edit(now, None, 0, Path::ROOT.key("c"), Method::Delete);
    assert_eq!(refused.unwrap_err(), EditError::ReadOnly);
    assert!(!net.at(THREE).may_write());
    assert!(!net.at(ONE).is_writer(THREE));
    assert!(net.at(THREE).is_writer(TWO));
    assert_eq!(frauds(&net), vec![]);
}

#[test]
fn a_newcomer_checks_what_others_pass_on_of_those_who_have_left() {
    let mut net = three();
    for (tick, key) in ["a", "b", "c"].into_iter().enumerate() {
        let now = net.now;
        set(net.at(TWO), now, key, &tick.to_string());
        net.pass(ms(10));
    }
    net.pass(ms(500));
    let now = net.now;
    net.at(TWO).leave(now);
    net.pass(ms(100));
    net.sessions.remove(&TWO);
    net.sessions.insert(FOUR, signing(joiner(FOUR), Role::Writer));
    connect(&mut net, THREE, FOUR, &[FOUR]);
    net.pass(ms(500));
    assert_eq!(text(net.at(FOUR)), r#"{"a":0,"b":1,"c":2}"#);
    assert!(net.at(FOUR).is_writer(TWO));
    // And passes it on in its turn.
    net.sessions.insert(Author(5), signing(joiner(Author(5)), Role::Reader));
    connect(&mut net, FOUR, Author(5), &[FOUR]);
    net.pass(ms(500));
    assert_eq!(text(net.at(Author(5))), r#"{"a":0,"b":1,"c":2}"#);
    assert_eq!(frauds(&net), vec![]);
}

#[test]
fn what_was_lost_is_repaired_with_its_signature() {
    let mut net = three();
    for tick in 0..40 {
        let now = net.now;
        set(net.at(ONE), now, "a", &tick.to_string());
        set(net.at(TWO), now, "b", &tick.to_string());
        let mut count = 0;
        net.pass_with(ms(30), |_, _, message| {
            count += 1;
            !matches!(message, Message::Signed(..)) || count % 3 != 0
        });
    }
    net.pass(ms(8_000));
    for who in [ONE, TWO, THREE] {
        assert_eq!(text(net.at(who)), r#"{"a":39,"b":39}"#, "at {who}");
    }
    assert_eq!(frauds(&net), vec![]);
}

#[test]
fn a_reader_that_writes_all_the_same_is_expelled_and_nothing_altered() {
    let mut net = three();
    let now = net.now;
    // It has its own key, and lets itself in by a certificate of its own making.
    let own_room = Access::locked(Secret::new([7; 32]), Secret::new([8; 32]));
    let mut forger = Ledger::new(own_room, THREE, key(THREE));
    let changes = vec![change(THREE, 1, "mine")];
    forger.enter_own(&changes);
    let (changes, seals) = forger.seal(&changes, true);
    let message = Message::Changes(changes);
    let proof = crate::session::Proof { seals, hashes: Vec::new() };
    let wanted = say(net.at(ONE), now, THREE, Message::Signed(Box::new(message), proof));
    assert_eq!(wanted.expelled, [THREE]);
    assert_eq!(text(net.at(ONE)), "{}");
    // It is not listened to any more, connected or not.
    assert_eq!(feed(net.at(ONE), now, Input::Connected(THREE)).expelled, [THREE]);
    assert!(net.at(ONE).people().iter().all(|person| person.author != THREE));
}

#[test]
fn an_unsigned_change_expels_its_sender() {
    for message in [
        Message::Change(change(TWO, 1, "a")),
        Message::Changes(vec![change(TWO, 1, "a")]),
        Message::Document { checkpoint: Checkpoint::read("[]").unwrap(), changes: vec![] },
    ] {
        let mut net = three();
        let now = net.now;
        let wanted = say(net.at(ONE), now, TWO, message);
        assert_eq!(wanted.expelled, [TWO]);
        assert_eq!(text(net.at(ONE)), "{}");
    }
}

#[test]
fn somebody_else_s_changes_cannot_be_made_up_or_altered_on_the_way() {
    let mut net = three();
    let now = net.now;
    set(net.at(TWO), now, "a", "1");
    let sent = drain(net.at(TWO)).sent;
    let Some((.., Message::Signed(message, proof))) = sent.into_iter().find(|(to, ..)| *to == THREE) else {
        panic!("a signed change")
    };
    let Message::Change(true_change) = *message else { panic!("a change") };
    let mut altered = Change::clone(&true_change);
    altered.method = Method::Delete;
    let message = Message::Signed(Box::new(Message::Change(Arc::new(altered))), proof);
    assert_eq!(say(net.at(ONE), now, THREE, message).expelled, [THREE]);
    assert!(net.at(ONE).people().iter().any(|person| person.author == TWO), "the author did nothing wrong");
    assert_eq!(text(net.at(ONE)), "{}");
}

#[test]
fn who_tells_two_peers_two_stories_is_found_out_when_they_compare() {
    let mut net = three();
    let now = net.now;
    let story = |word: &str| {
        let mut ledger = Ledger::new(access(), TWO, key(TWO));
        let changes = vec![change(TWO, 1, word)];
        ledger.enter_own(&changes);
        let (changes, seals) = ledger.seal(&changes, true);
        let proof = crate::session::Proof { seals, hashes: Vec::new() };
        Message::Signed(Box::new(Message::Changes(changes)), proof)
    };
    say(net.at(ONE), now, TWO, story("one"));
    let wanted = say(net.at(ONE), now, THREE, story("other"));
    assert_eq!(wanted.expelled, [TWO], "not the one who passed it on");
    let told = wanted
        .events
        .iter()
        .any(|event| matches!(event, Event::Distrusted(Fraud { by: TWO, what: Distrust::Equivocation(_) })));
    assert!(told);
    assert_eq!(text(net.at(ONE)), r#"{"one":1}"#, "the first is kept");
}

#[test]
fn a_second_key_for_a_known_author_is_refused() {
    let mut net = three();
    let now = net.now;
    let other = Certificate::issue(&access(), TWO, &key(FOUR)).unwrap().bytes().to_vec();
    let wanted = feed(net.at(ONE), now, Input::Certified(TWO, other));
    assert_eq!(wanted.expelled, [TWO]);
}

#[test]
fn one_signature_holds_for_a_batch() {
    let mut net = three();
    let now = net.now;
    for tick in 0..100 {
        set(net.at(ONE), now, "a", &tick.to_string());
    }
    let seals = |message: &Message| {
        if let Message::Signed(_, proof) = message { proof.seals.clone() } else { Vec::new() }
    };
    let sent = drain(net.at(ONE)).sent;
    let each: Vec<_> =
        sent.iter().filter(|(to, ..)| *to == TWO).flat_map(|(.., message)| seals(message)).collect();
    let joined = each.into_iter().reduce(|one, next| one.joined(&next).unwrap()).unwrap();
    assert_eq!((joined.first, joined.last), (1, 100));
    let changes: Vec<_> = net.at(ONE).replica().unwrap().history().cloned().collect();
    let proof = crate::session::Proof { seals: vec![joined], hashes: Vec::new() };
    let wanted = say(net.at(TWO), now, ONE, Message::Signed(Box::new(Message::Changes(changes)), proof));
    assert!(wanted.expelled.is_empty());
    assert_eq!(text(net.at(TWO)), r#"{"a":99}"#);
}

#[test]
fn proofs_are_read_as_they_are_written() {
    let mut net = three();
    let now = net.now;
    set(net.at(TWO), now, "a", "1");
    net.pass(ms(500));
    net.sessions.insert(FOUR, signing(joiner(FOUR), Role::Reader));
    connect(&mut net, ONE, FOUR, &[ONE]);
    net.pass(ms(500));
    let signed: Vec<&Message> = net
        .said
        .iter()
        .map(|(.., message)| message)
        .filter(|message| matches!(message, Message::Signed(..)))
        .collect();
    assert!(signed.len() > 3);
    for message in signed {
        let text = message.encode();
        assert_eq!(Message::decode(&text).as_ref(), Ok(message), "{text}");
    }
    for bad in [
        r#"["changes",[],{}]"#,
        r#"["changes",[],{"seals":[[1,2,3]]}]"#,
        r#"["changes",[],{"seals":[[0,1,1,"",""]]}]"#,
        r#"["changes",[],{"seals":[],"hashes":{"x":"AA=="}}]"#,
    ] {
        assert!(Message::decode(bad).is_err(), "{bad}");
    }
}

/// What was stored beside the changes.
pub(super) fn evidence(records: &[(u64, Record)]) -> Vec<Evidence> {
    let mut all = Vec::new();
    for (_, record) in records {
        match record {
            Record::Whole(_, _, evidence) => all.clone_from(evidence),
            Record::Changes(_, evidence) => all.extend(evidence.iter().cloned()),
        }
    }
    all
}

#[test]
fn who_comes_back_proves_what_it_and_others_made() {
    // As who it was, or as somebody new with the same key; from the records as they came, or from
    // a whole that has forgotten some of them.
    for (again, forgets) in [(ONE, false), (THREE, false), (ONE, true), (THREE, true)] {
        let history = if forgets { 16 } else { 1_000 };
        let first = signing(creator_with("{}", history), Role::Owner).kept(false);
        let second = signing(Session::join(TWO, &[], options(history)), Role::Writer);
        let mut net = Net::new([first, second]);
        connect(&mut net, ONE, TWO, &[ONE, TWO]);
        net.pass(ms(100));
        for number in 0..40 {
            let now = net.now;
            set(net.at(ONE), now, &format!("one {number}"), "1");
            set(net.at(TWO), now, &format!("two {number}"), "2");
            net.pass(ms(200));
        }
        net.pass(ms(5_000));
        net.disconnect(ONE, TWO);
        let now = net.now;
        set(net.at(ONE), now, "not sent", "true");
        net.deliver(|_, _, _| true);
        let mut records = std::mem::take(&mut net.records);
        if forgets {
            records.push(net.at(ONE).whole().unwrap());
            assert!(net.at(ONE).replica().unwrap().history().len() < 60);
        }
        let expected = text(net.at(ONE));
        // Both are gone, and only one comes back.
        let evidence = evidence(&records);
        let replica = keeping::restore(again, &records);
        let mut ledger = Ledger::new(access(), again, key(ONE));
        let changes: Vec<_> = replica.history().cloned().collect();
        ledger.restore(&replica.checkpoint().clock, &changes, &evidence, &[ONE]);
        let back = Session::resume(replica, &[], options(1_000)).with_ledger(ledger).kept(true);
        let mut net = Net::new([back, signing(joiner(FOUR), Role::Writer)]);
        let shown = Certificate::issue(&access(), again, &key(ONE)).unwrap().bytes().to_vec();
        net.at(FOUR).handle(ms(0), Input::Certified(again, shown));
        net.at(again).handle(ms(0), Input::Certified(FOUR, certificate(FOUR)));
        net.connect(again, FOUR);
        net.pass(ms(200));
        let now = net.now;
        set(net.at(again), now, "more", "1");
        set(net.at(FOUR), now, "four", "4");
        net.pass(ms(1_000));
        assert_eq!(frauds(&net), [], "as {again}, forgets {forgets}");
        assert!(text(net.at(FOUR)).starts_with(expected.strip_suffix('}').unwrap()), "as {again}");
        assert_eq!(net.at(FOUR).snapshot().unwrap().value, net.at(again).snapshot().unwrap().value);
    }
}
