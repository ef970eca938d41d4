#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use std::sync::Arc;

use super::proof::End;
use super::*;
use crate::document::{Method, Path, Value};
use crate::sync::{Author, Change, Tick, VectorClock};

fn secret(byte: u8) -> Secret {
    Secret::new([byte; 32])
}

fn locked() -> Access {
    Access::locked(secret(1), secret(2))
}

fn key(author: u8) -> AuthorKey {
    AuthorKey::new(&secret(100 + author))
}

fn ledger(access: &Access, author: u8) -> Ledger {
    Ledger::new(access.clone(), Author(author.into()), key(author))
}

/// A writer of changes, and what they look like.
fn change(author: u32, tick: Tick, value: &str) -> Arc<Change> {
    let clock = VectorClock::from_iter([(Author(author), tick)]);
    Arc::new(Change {
        author: Author(author),
        clock,
        path: Path::ROOT.key("word"),
        method: Method::Set(Value::string(value)),
    })
}

fn changes(author: u32, ticks: std::ops::RangeInclusive<Tick>) -> Vec<Arc<Change>> {
    ticks.map(|tick| change(author, tick, "same")).collect()
}

/// Someone who has made changes 1 to `last`, and what proves some of them.
fn writer(access: &Access, author: u8, last: Tick) -> Ledger {
    let mut writer = ledger(access, author);
    writer.enter_own(&changes(author.into(), 1..=last));
    writer
}

fn introduce(to: &mut Ledger, who: &Ledger) {
    let certificate = who.certificate().unwrap();
    to.learn(certificate.author, &certificate.bytes()).unwrap();
}

#[test]
fn a_ticket_gives_what_it_was_made_for_and_no_more() {
    for role in [Role::Reader, Role::Writer, Role::Owner] {
        let access = locked().lowered_to(role);
        for signal in [None, Some("wss://signal.example:4747/".to_owned())] {
            let ticket = Ticket { access: access.clone(), name: "orders".to_owned(), signal };
            let text = ticket.to_string();
            assert!(Ticket::is_meant_by(&text), "{text}");
            let read: Ticket = text.parse().unwrap();
            assert_eq!(read, ticket);
            assert_eq!(read.access.role(), role);
            assert_eq!(read.access.room_id(), locked().room_id());
        }
    }
}

#[test]
fn no_part_of_a_ticket_is_taken_for_a_name() {
    for role in [Role::Reader, Role::Writer, Role::Owner] {
        let text =
            Ticket { access: locked().lowered_to(role), name: "x".to_owned(), signal: None }.to_string();
        for lost in 0..20 {
            assert!(Ticket::is_meant_by(&text[lost..]), "without its first {lost} letters");
            assert!(Ticket::is_meant_by(&text[..text.len() - lost]), "without its last {lost} letters");
        }
        for around in ["`ultrawave join {}`", " {}", "\u{201c}{}\u{201d}", "<{}>", "x{}"] {
            assert!(Ticket::is_meant_by(&around.replace("{}", &text)), "{around}");
        }
    }
    let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    for name in
        ["amber-fox-41", "uw1", "uw1-planning", hash, "the room in which we plan all of the summer of 1999"]
    {
        assert!(!Ticket::is_meant_by(name), "{name}");
    }
}

#[test]
fn a_damaged_ticket_is_refused_whatever_letter_is_wrong() {
    let access = locked().lowered_to(Role::Writer);
    let text = Ticket { access, name: "orders".to_owned(), signal: None }.to_string();
    for at in 0..text.len() {
        let mut damaged = text.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        let damaged = String::from_utf8(damaged).unwrap();
        assert!(damaged.parse::<Ticket>().is_err(), "letter {at}");
        assert!(text[..at].parse::<Ticket>().is_err(), "cut at {at}");
    }
    assert_eq!("amber-fox-41".parse::<Ticket>(), Err(TicketError::NoTicket));
}

#[test]
fn a_reader_cannot_let_anybody_write() {
    let reader = locked().lowered_to(Role::Reader);
    assert!(Certificate::issue(&reader, Author(3), &key(3)).is_none());
    let own_room = Access::locked(secret(7), secret(8));
    let forged = Certificate::issue(&own_room, Author(3), &key(3)).unwrap();
    assert!(Certificate::read(&locked(), Author(3), &forged.bytes()).is_none());
    assert_eq!(reader.lowered_to(Role::Owner).role(), Role::Reader);
    assert!(reader.renewed(secret(9)).is_none());
}

#[test]
fn a_certificate_is_for_one_author() {
    let access = locked();
    let stated = Certificate::issue(&access, Author(3), &key(3)).unwrap();
    assert!(Certificate::read(&access, Author(3), &stated.bytes()).is_some());
    assert!(Certificate::read(&access, Author(4), &stated.bytes()).is_none());
}

#[test]
fn an_envelope_is_opened_by_members_for_what_it_was_sealed_for() {
    let (access, outsider) = (locked(), Access::locked(secret(7), secret(2)));
    let sealed = envelope::seal(&access, [5; envelope::NONCE], "offer 1 2", "v=0");
    assert!(!sealed.contains("v=0"));
    let reader = access.lowered_to(Role::Reader);
    assert_eq!(envelope::open(&reader, "offer 1 2", &sealed).as_deref(), Some("v=0"));
    assert_eq!(envelope::open(&reader, "offer 3 2", &sealed), None);
    assert_eq!(envelope::open(&outsider, "offer 1 2", &sealed), None);
    assert_eq!(envelope::open(&reader, "offer 1 2", "no base 64"), None);
    assert_eq!(envelope::open(&reader, "offer 1 2", ""), None);
}

#[test]
fn a_proof_holds_for_two_fingerprints_and_in_one_direction() {
    let end = |author, byte| End { author: Author(author), fingerprint: vec![byte; 32], nonce: [byte; 32] };
    let (ana, bo, eve) = (end(1, 1), end(2, 2), end(2, 9));
    let access = locked();
    let code = proof::make(&access, &ana, &bo);
    assert!(proof::is_sound(&access, &bo, &ana, &code));
    assert!(!proof::is_sound(&access, &ana, &bo, &code), "thrown back");
    assert!(!proof::is_sound(&access, &eve, &ana, &code), "another fingerprint");
    assert!(!proof::is_sound(&Access::open("orders"), &bo, &ana, &code), "another room");
}

#[test]
fn what_an_author_signed_is_taken_in_whatever_order_it_arrives() {
    let access = locked();
    let mut ana = writer(&access, 1, 6);
    let mut bo = ledger(&access, 2);
    introduce(&mut bo, &ana);
    for run in [5..=6, 1..=2, 3..=4, 1..=6, 2..=5] {
        let (sent, seals) = ana.seal(&changes(1, run), true);
        let (sound, frauds) = bo.check(Author(1), sent.clone(), &seals);
        assert_eq!((sound, frauds), (sent, vec![]));
    }
}

#[test]
fn changes_passed_on_prove_themselves() {
    let access = locked();
    let mut ana = writer(&access, 1, 4);
    let (mut bo, mut cleo) = (ledger(&access, 2), ledger(&access, 3));
    introduce(&mut bo, &ana);
    let (sent, seals) = ana.seal(&changes(1, 1..=4), true);
    bo.check(Author(1), sent.clone(), &seals);
    // Cleo never met Ana. A run that ends where Ana signed nothing has to be made longer.
    assert_eq!(bo.complete(Author(1), 2), 4);
    let (passed, seals) = bo.seal(&changes(1, 2..=4), true);
    assert_eq!(cleo.check(Author(2), passed.clone(), &seals), (passed.clone(), vec![]));
    let (cut, seals) = bo.seal(&changes(1, 1..=3), true);
    assert_eq!((cut, seals), (vec![], vec![]));
}

#[test]
fn what_is_altered_forged_or_unsigned_is_refused_and_the_sender_blamed() {
    let access = locked();
    let mut ana = writer(&access, 1, 3);
    let mut bo = ledger(&access, 2);
    let (sent, seals) = ana.seal(&changes(1, 1..=3), true);
    let stranger = bo.check(Author(1), sent.clone(), &seals);
    assert_eq!(stranger.1, vec![Fraud { by: Author(1), what: Distrust::MayNotWrite(Author(1)) }]);
    introduce(&mut bo, &ana);
    let mut altered = sent.clone();
    altered[1] = change(1, 2, "another");
    let id = |tick| crate::sync::ChangeId { author: Author(1), tick };
    let forged = vec![Fraud { by: Author(9), what: Distrust::Forged(id(3)) }];
    assert_eq!(bo.check(Author(9), altered.clone(), &seals), (vec![], forged));
    let unsigned = vec![Fraud { by: Author(9), what: Distrust::Unsigned(id(1)) }];
    assert_eq!(bo.check(Author(9), sent.clone(), &[]), (vec![], unsigned));
    // Bo may write, but not as Ana.
    let mut mallory = Ledger::new(access, Author(1), key(2));
    mallory.enter_own(&sent);
    let (sent, seals) = mallory.seal(&sent, true);
    assert!(bo.check(Author(1), sent.clone(), &seals).0.is_empty());
}

#[test]
fn a_spoilt_signature_under_what_is_known_does_not_take_the_place_of_the_good_one() {
    let access = locked();
    let mut ana = writer(&access, 1, 3);
    let (mut bo, mut cleo) = (ledger(&access, 2), ledger(&access, 3));
    introduce(&mut bo, &ana);
    let (sent, seals) = ana.seal(&changes(1, 1..=3), true);
    bo.check(Author(1), sent.clone(), &seals);
    // Whoever brings them again brings nothing new, whatever is under them.
    for last in [2, 3] {
        let spoilt = Seal { last, signature: [7; 64], ..seals[0].clone() };
        assert_eq!(bo.check(Author(9), changes(1, 1..=last), &[spoilt]).1, vec![]);
    }
    // Bo passes on what Ana signed, and is not taken for a forger.
    let (passed, seals) = bo.seal(&changes(1, 1..=3), true);
    assert_eq!(cleo.check(Author(2), passed.clone(), &seals), (sent, vec![]));
    assert!(bo.heads().iter().all(|head| head.signature != [7; 64]));
}

#[test]
fn what_was_stored_proves_something_only_if_it_still_fits_together() {
    let access = locked();
    let mut ana = writer(&access, 1, 3);
    let mut bo = ledger(&access, 2);
    introduce(&mut bo, &ana);
    let (sent, seals) = ana.seal(&changes(1, 1..=3), true);
    bo.check(Author(1), sent.clone(), &seals);
    let evidence = bo.evidence(&sent);
    let mut altered = sent.clone();
    altered[1] = change(1, 2, "another");
    for (stored, is_sound) in [(sent, true), (altered, false)] {
        let mut again = ledger(&access, 2);
        again.restore(&VectorClock::new(), &stored, &evidence, &[]);
        let (passed, seals) = again.seal(&stored, true);
        assert_eq!((passed.len(), seals.len()), if is_sound { (3, 1) } else { (0, 0) });
    }
}

#[test]
fn two_histories_of_one_author_are_found_out_even_when_the_proof_comes_late() {
    let access = locked();
    let mut bo = ledger(&access, 2);
    let mut one = writer(&access, 1, 3);
    introduce(&mut bo, &one);
    let mut other = ledger(&access, 1);
    let mut story = changes(1, 1..=3);
    story[1] = change(1, 2, "another");
    other.enter_own(&story);
    // The third change looks the same in both; what is before it does not.
    let (third, seals) = other.seal(&changes(1, 3..=3), true);
    assert_eq!(bo.check(Author(1), third.clone(), &seals).1, vec![]);
    let (first, seals) = one.seal(&changes(1, 1..=2), true);
    let what = Distrust::Equivocation(crate::sync::ChangeId { author: Author(1), tick: 3 });
    assert_eq!(bo.check(Author(4), first.clone(), &seals).1, vec![Fraud { by: Author(1), what }]);
}

#[test]
fn a_newcomer_starts_where_somebody_else_s_history_starts() {
    let access = locked();
    let mut ana = writer(&access, 1, 5);
    let mut bo = ledger(&access, 2);
    introduce(&mut bo, &ana);
    let (sent, seals) = ana.seal(&changes(1, 1..=5), true);
    bo.check(Author(1), sent.clone(), &seals);
    let clock = VectorClock::from_iter([(Author(1), 3)]);
    bo.forget(&clock);
    let mut cleo = ledger(&access, 3);
    cleo.start_from(&clock, &bo.hashes_at(&clock));
    let (passed, seals) = bo.seal(&changes(1, 4..=5), true);
    assert_eq!(cleo.check(Author(2), passed.clone(), &seals), (passed.clone(), vec![]));
    assert!(bo.seal(&changes(1, 3..=5), true).1.is_empty(), "the hash before 3 is forgotten");
}

/// Ana has written 1 to 5, of which Bo has forgotten the first 3; Cleo starts from there, by a
/// hash that somebody has made up or left out.
fn misled(hashes: &[(Author, Hash)]) -> (Ledger, Ledger, VectorClock) {
    let access = locked();
    let mut ana = writer(&access, 1, 5);
    let mut bo = ledger(&access, 2);
    introduce(&mut bo, &ana);
    let (mut sent, mut seals) = (Vec::new(), Vec::new());
    for run in [1..=3, 4..=5] {
        let (some, seal) = ana.seal(&changes(1, run), true);
        sent.extend(some);
        seals.extend(seal);
    }
    bo.check(Author(1), sent, &seals);
    let clock = VectorClock::from_iter([(Author(1), 3)]);
    bo.forget(&clock);
    let mut cleo = ledger(&access, 3);
    introduce(&mut cleo, &ana);
    cleo.start_from(&clock, hashes);
    (bo, cleo, clock)
}

#[test]
fn what_an_author_signed_counts_more_than_the_hash_that_somebody_gave_for_it() {
    for hashes in [vec![(Author(1), [7; 32])], Vec::new()] {
        let (mut bo, mut cleo, clock) = misled(&hashes);
        let (passed, seals) = bo.seal(&changes(1, 4..=5), true);
        assert_eq!(cleo.check(Author(2), passed.clone(), &seals), (passed, vec![]));
        assert!(cleo.take_corrected() && !cleo.take_corrected());
        assert_eq!(cleo.hashes_at(&clock), bo.hashes_at(&clock));
        // And it can be passed on.
        assert_eq!(cleo.seal(&changes(1, 4..=5), true), bo.seal(&changes(1, 4..=5), true));
        // From here on it is no belief any more.
        let mut other = ledger(&locked(), 1);
        let mut story = changes(1, 1..=5);
        story[3] = change(1, 4, "another");
        other.enter_own(&story);
        let (fork, seals) = other.seal(&story[3..], true);
        assert!(matches!(cleo.check(Author(2), fork, &seals).1[..], [Fraud { by: Author(1), .. }]));
    }
}

#[test]
fn what_waits_for_its_past_is_not_given_up_for_a_hash_that_somebody_made_up() {
    let (mut bo, _, clock) = misled(&[]);
    let mut cleo = ledger(&locked(), 3);
    let (passed, seals) = bo.seal(&changes(1, 4..=5), true);
    cleo.check(Author(2), passed, &seals);
    cleo.start_from(&clock, &[(Author(1), [7; 32])]);
    assert_eq!(cleo.hashes_at(&clock), bo.hashes_at(&clock));
    assert_eq!(cleo.seal(&changes(1, 4..=5), true), bo.seal(&changes(1, 4..=5), true));
}

#[test]
fn a_hash_that_somebody_made_up_is_held_against_nobody() {
    let access = locked();
    let mut ana = writer(&access, 1, 3);
    let clock = VectorClock::from_iter([(Author(1), 3)]);
    let mut cleo = ledger(&access, 3);
    introduce(&mut cleo, &ana);
    cleo.start_from(&clock, &[(Author(1), [7; 32])]);
    assert_eq!(cleo.compare(Author(1), &ana.heads()), vec![]);
    assert_eq!(cleo.hashes_at(&clock), ana.hashes_at(&clock));
}

#[test]
fn nobody_signs_what_somebody_else_says_it_wrote() {
    let clock = VectorClock::from_iter([(Author(3), 7)]);
    let mut cleo = Ledger::new(locked(), Author(4), key(3));
    let hash = Evidence { author: Author(3), tick: 7, kind: EvidenceKind::Hash, bytes: vec![7; 32] };
    cleo.restore(&clock, &[], &[hash], &[Author(3)]);
    assert_eq!(cleo.heads(), vec![]);
    cleo.sign_as_before(&[Author(3)]);
    assert_eq!(cleo.heads(), vec![]);
}

#[test]
fn nonsense_in_a_seal_is_refused() {
    let access = locked();
    let mut ana = writer(&access, 1, 3);
    let mut bo = ledger(&access, 2);
    introduce(&mut bo, &ana);
    let (sent, seals) = ana.seal(&changes(1, 1..=3), true);
    for (first, last) in [(0, 3), (1, 2), (2, 1), (1, Tick::MAX), (Tick::MAX, Tick::MAX), (4, 9)] {
        let seal = Seal { first, last, ..seals[0].clone() };
        let (sound, frauds) = bo.check(Author(1), sent.clone(), &[seal]);
        assert!(sound.is_empty() && !frauds.is_empty(), "{first}..={last}");
    }
}
