#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use ultrawave_signal::protocol::Body;

use super::super::channel::Codec;
use super::super::sealed::KeyPair;
use super::super::transport::IceOptions;
use super::proving::Proving;
use super::trying::{FORGET_AFTER, GIVE_UP_AFTER, LONGEST_DELAY};
use super::*;
use crate::trust::envelope::{NONCE, seal};
use crate::trust::proof::{End, make, transcript};
use crate::trust::{Access, AuthorKey, Certificate, Secret};

/// The mesh of author 3; its connections begin and come to nothing.
fn mesh() -> (Mesh, mpsc::Receiver<(ConnectionId, ConnectionEvent)>) {
    let codec = Codec { encode: |_| Vec::new(), decode: |_| Err(String::new()) };
    let options =
        ConnectionOptions { ice: IceOptions::default(), codec, wrap_socket: std::convert::identity };
    let (events_to, events) = events();
    let mut mesh = Mesh::new(Author(3), "r".to_owned(), credentials(3), options, events_to);
    // So that the first connection has the number 1.
    mesh.count = 0;
    (mesh, events)
}

/// The others may still take the connection of the process before for open, and would take an
/// offer with its number for a restart of that.
#[tokio::test]
async fn a_member_that_comes_back_does_not_use_the_numbers_that_it_used() {
    let options = mesh().0.options;
    let begun = |_| {
        let (events, _) = events();
        Mesh::new(Author(3), "r".to_owned(), credentials(3), options.clone(), events).count
    };
    let begun: BTreeSet<u64> = (0..4).map(begun).collect();
    assert_eq!(begun.len(), 4);
}

/// What an author of the room proves itself with.
fn credentials(author: u8) -> Credentials {
    let (access, key) = (Access::open("r"), AuthorKey::new(&Secret::new([author; 32])));
    let certificate = Certificate::issue(&access, Author(author.into()), &key);
    Credentials { access, key, certificate }
}

/// What the other end of a connection proves itself with.
fn proof(mesh: &Mesh, author: u8, key: &Credentials) -> Message {
    prove(&mesh.members.get(&Author(author.into())).unwrap().wire().unwrap().proving, author, key)
}

fn prove(proving: &Proving, author: u8, key: &Credentials) -> Message {
    let end = |author: u8, half: &Half| End {
        author: Author(author.into()),
        fingerprint: half.fingerprints.clone(),
        nonce: half.key,
    };
    let (mine, theirs) = (end(author, &proving.theirs), end(3, &proving.mine));
    let signature = key.key.sign(&transcript(&mine, &theirs));
    Message::Prove {
        code: make(&key.access, &mine, &theirs),
        writer: key.certificate.as_ref().map(|certificate| (certificate.bytes().to_vec(), signature)),
    }
}

fn link(mesh: &Mesh, author: u32) -> Option<&'static str> {
    mesh.members.get(&Author(author)).map(|member| match member.link {
        Link::Waiting(_) => "waiting",
        Link::Connecting(_) => "connecting",
        Link::Open(_) => "open",
        Link::Interrupted(..) => "interrupted",
    })
}

/// Opens the connection to an author as if the other side had done its part.
fn open(mesh: &mut Mesh, now: Instant, author: u32) -> ConnectionId {
    let id = mesh.members.get(&Author(author)).unwrap().wire().unwrap().id;
    mesh.connection(now, id, ConnectionEvent::Open);
    let member = u8::try_from(author).unwrap();
    let proof = proof(mesh, member, &credentials(member));
    mesh.connection(now, id, ConnectionEvent::Message(proof));
    id
}

/// Opens the way through the server to an author as if the other side had done its part.
fn open_detour(mesh: &mut Mesh, now: Instant, author: u8) {
    let detour = |mesh: &Mesh| {
        let detour = mesh.members.get(&Author(author.into())).unwrap().detour.as_ref().unwrap();
        (detour.id, detour.proving.clone())
    };
    mesh.connection(now, detour(mesh).0, ConnectionEvent::Open);
    let (id, proving) = detour(mesh);
    let proof = prove(&proving, author, &credentials(author));
    mesh.connection(now, id, ConnectionEvent::Message(proof));
}

/// Seals as a member does: with another nonce each time.
fn seal_fresh(about: &str, text: &str) -> String {
    let mut nonce = [0; NONCE];
    rand::rng().fill(&mut nonce);
    seal(&Access::open("r"), nonce, about, text)
}

/// A description with a key that can be agreed on, sealed.
fn with_key(kind: &str, from: u32) -> Relayed {
    let key = data_encoding::BASE64.encode(&KeyPair::new().public());
    let text = serde_json::json!({"connection": 1, "sdp": "v=0", "key": key}).to_string();
    let sealed = seal_fresh(&format!("{kind} {from} 3"), &text);
    let body = Body::new(&serde_json::json!({ "sealed": sealed })).unwrap();
    Relayed { room: "r".to_owned(), from: protocol::Author(from), body }
}

fn offer(from: u32) -> Relayed {
    sealed_offer(from, 1, "v=0")
}

fn sealed_offer(from: u32, label: u64, sdp: &str) -> Relayed {
    let key = data_encoding::BASE64.encode(&[9; 32]);
    let text = serde_json::json!({"connection": label, "sdp": sdp, "key": key}).to_string();
    let sealed = seal_fresh(&format!("offer {from} 3"), &text);
    let body = Body::new(&serde_json::json!({ "sealed": sealed })).unwrap();
    Relayed { room: "r".to_owned(), from: protocol::Author(from), body }
}

/// What the session is to be fed, but for who joined and with which key.
fn inputs(mesh: &mut Mesh) -> Vec<String> {
    let inputs = mesh.take_inputs();
    let told = inputs.iter().filter(|input| !matches!(input, Input::Joined(_) | Input::Certified(..)));
    told.map(|input| format!("{input:?}")).collect()
}

#[tokio::test]
async fn the_lower_offers_and_the_higher_asks_after_a_while() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.listed(now, &[Author(1), Author(5)]);
    mesh.timeout(now, |_| false);
    assert_eq!((link(&mesh, 1), link(&mesh, 5)), (Some("waiting"), Some("connecting")));
    assert!(mesh.take_requests().is_empty());
    let later = mesh.next_timeout().unwrap();
    assert_eq!(later, now + OFFER_WITHIN);
    mesh.timeout(later, |_| false);
    assert!(matches!(mesh.take_requests().as_slice(), [Request::RequestOffer(asked)] if asked.to.0 == 1));
    assert!(mesh.next_timeout().unwrap() > later);
}

#[tokio::test]
async fn only_offers_of_lower_authors_are_answered() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.relayed(now, protocol::Signal::Offer, &offer(5));
    assert_eq!(link(&mesh, 5), None);
    mesh.relayed(now, protocol::Signal::Offer, &offer(2));
    assert_eq!(link(&mesh, 2), Some("connecting"));
    open(&mut mesh, now, 2);
    assert_eq!(inputs(&mut mesh), ["Connected(Author(2))"]);
    mesh.relayed(now, protocol::Signal::Offer, &sealed_offer(2, 2, "v=0"));
    assert_eq!(link(&mesh, 2), Some("connecting"));
    assert_eq!(inputs(&mut mesh), ["Disconnected(Author(2))"]);
    let garbage = Relayed { body: Body::new(&1).unwrap(), ..offer(2) };
    mesh.relayed(now, protocol::Signal::Offer, &garbage);
    assert!(inputs(&mut mesh).first().unwrap().starts_with("Garbage(Author(2)"));
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_ever_more_slowly() {
    let (mut mesh, _events) = mesh();
    let mut now = Instant::now();
    mesh.present(now, Author(5));
    let mut last = Duration::ZERO;
    for _ in 0..4 {
        mesh.timeout(now, |_| false);
        let id = mesh.members.get(&Author(5)).unwrap().wire().unwrap().id;
        mesh.connection(now, id, ConnectionEvent::Closed("a test".to_owned()));
        let delay = mesh.next_timeout().unwrap() - now;
        assert!(delay > last && delay <= LONGEST_DELAY, "{delay:?}");
        last = delay;
        now += delay;
    }
    // What an earlier connection says is not listened to.
    mesh.timeout(now, |_| false);
    let stale = ConnectionId { author: Author(5), number: 1 };
    mesh.connection(now, stale, ConnectionEvent::Open);
    assert_eq!(link(&mesh, 5), Some("connecting"));
}

/// The connection that is being made to author 5.
fn begun(mesh: &Mesh) -> ConnectionId {
    mesh.members.get(&Author(5)).unwrap().wire().unwrap().id
}

#[tokio::test]
async fn an_offer_that_nobody_answers_is_made_again() {
    let (mut mesh, _events) = mesh();
    let mut now = Instant::now();
    mesh.present(now, Author(5));
    for _ in 0..20 {
        mesh.timeout(now, |_| false);
        let first = begun(&mesh);
        now = mesh.next_timeout().unwrap();
        mesh.timeout(now, |_| false);
        assert_eq!(link(&mesh, 5), Some("waiting"));
        let again = mesh.next_timeout().unwrap();
        assert!(again - now <= LONGEST_DELAY.mul_f64(1.25), "{:?}", again - now);
        now = again;
        mesh.timeout(now, |_| false);
        assert_ne!(begun(&mesh), first);
    }
}

#[tokio::test]
async fn who_comes_back_or_asks_is_offered_anew_what_it_may_have_missed() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.present(now, Author(5));
    mesh.timeout(now, |_| false);
    let first = begun(&mesh);
    // What asks for it may have crossed it.
    mesh.offer_requested(now, Author(5));
    mesh.present(now + OFFER_AGAIN_AFTER / 2, Author(5));
    assert_eq!(begun(&mesh), first);
    let later = now + OFFER_AGAIN_AFTER;
    mesh.present(later, Author(5));
    let second = begun(&mesh);
    assert_ne!(second, first);
    mesh.offer_requested(later + OFFER_AGAIN_AFTER, Author(5));
    assert_ne!(begun(&mesh), second);
    assert_eq!(link(&mesh, 5), Some("connecting"));
}

#[tokio::test]
async fn silence_is_told_and_heals() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.present(now, Author(5));
    mesh.timeout(now, |_| false);
    let id = open(&mut mesh, now, 5);
    for event in [
        ConnectionEvent::Interrupted,
        ConnectionEvent::Interrupted,
        ConnectionEvent::Resumed,
        ConnectionEvent::Resumed,
        ConnectionEvent::Interrupted,
        ConnectionEvent::Closed("a test".to_owned()),
    ] {
        mesh.connection(now, id, event);
    }
    let (there, gone) = ("Connected(Author(5))", "Disconnected(Author(5))");
    assert_eq!(inputs(&mut mesh), [there, gone, there, gone]);
    assert_eq!(link(&mesh, 5), Some("waiting"));
}

#[tokio::test]
async fn who_has_left_is_forgotten_when_it_cannot_be_talked_to() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    for author in [1, 5, 6] {
        mesh.present(now, Author(author));
    }
    mesh.timeout(now, |_| false);
    let id = open(&mut mesh, now, 5);
    mesh.take_inputs();
    for author in [1, 5, 7] {
        mesh.left(now, Author(author));
    }
    assert_eq!(inputs(&mut mesh), ["Left(Author(1))"]);
    assert_eq!(link(&mesh, 5), Some("open"));
    mesh.connection(now, id, ConnectionEvent::Closed("a test".to_owned()));
    assert_eq!(inputs(&mut mesh), ["Left(Author(5))"]);
    // One who says goodbye is not waited for.
    let id = open(&mut mesh, now, 6);
    mesh.connection(now, id, ConnectionEvent::Message(Message::Goodbye));
    mesh.connection(now, id, ConnectionEvent::Interrupted);
    assert_eq!(link(&mesh, 6), None);
}

#[tokio::test]
async fn without_the_server_nothing_is_tried_and_after_it_the_missing_get_their_time() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.listed(now, &[Author(5)]);
    mesh.server_down();
    assert_eq!(mesh.next_timeout(), None);
    mesh.timeout(now, |_| false);
    assert_eq!(link(&mesh, 5), Some("waiting"));
    // The server is there again and does not name 5, who may come back to it yet.
    mesh.listed(now, &[]);
    mesh.timeout(now, |_| false);
    assert_eq!(link(&mesh, 5), Some("waiting"));
    mesh.timeout(now + FORGET_AFTER, |_| false);
    assert_eq!(link(&mesh, 5), None);
    assert_eq!(inputs(&mut mesh), ["Left(Author(5))"]);
}

#[tokio::test]
async fn a_server_that_names_too_many_is_not_believed() {
    let (mut mesh, _events) = mesh();
    let authors: Vec<Author> = (10..10_000).map(Author).collect();
    mesh.listed(Instant::now(), &authors);
    assert_eq!(mesh.members.len(), limits::KNOWN_MEMBERS);
}

#[tokio::test]
async fn nobody_is_heard_before_they_have_proven_to_be_members() {
    let hello = Message::RequestDocument;
    let outsider = Credentials { access: Access::open("another room"), ..credentials(5) };
    let impostor = Credentials { key: AuthorKey::new(&Secret::new([9; 32])), ..credentials(5) };
    for who in [&outsider, &impostor] {
        let (mut mesh, _events) = mesh();
        let now = Instant::now();
        mesh.present(now, Author(5));
        mesh.timeout(now, |_| false);
        let id = mesh.members.get(&Author(5)).unwrap().wire().unwrap().id;
        mesh.connection(now, id, ConnectionEvent::Open);
        mesh.connection(now, id, ConnectionEvent::Message(hello.clone()));
        assert!(inputs(&mut mesh).is_empty());
        let proof = proof(&mesh, 5, who);
        mesh.connection(now, id, ConnectionEvent::Message(proof));
        let told = inputs(&mut mesh);
        assert!(told.iter().all(|input| input.starts_with("Garbage(")) && told.len() == 1, "{told:?}");
        assert_eq!(link(&mesh, 5), Some("waiting"));
    }
}

#[tokio::test]
async fn a_proof_for_other_fingerprints_is_none() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.relayed(now, protocol::Signal::Offer, &sealed_offer(2, 1, "v=0\r\na=fingerprint:sha-256 AA:BB\r\n"));
    let good = proof(&mesh, 2, &credentials(2));
    let wire = mesh.members.get_mut(&Author(2)).unwrap().wire_mut().unwrap();
    assert_eq!(wire.proving.theirs.fingerprints, b"sha-256 AA:BB");
    wire.proving.theirs.fingerprints = b"sha-256 EE:EE".to_vec();
    let id = wire.id;
    mesh.connection(now, id, ConnectionEvent::Open);
    mesh.connection(now, id, ConnectionEvent::Message(good));
    assert!(inputs(&mut mesh).first().unwrap().starts_with("Garbage("));
}

#[tokio::test]
async fn who_does_not_prove_itself_in_time_is_given_up() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.present(now, Author(5));
    mesh.timeout(now, |_| false);
    let id = mesh.members.get(&Author(5)).unwrap().wire().unwrap().id;
    mesh.connection(now, id, ConnectionEvent::Open);
    let due = mesh.next_timeout().unwrap();
    assert_eq!(due, now + Duration::from_secs(10));
    mesh.timeout(due, |_| false);
    assert_eq!(link(&mesh, 5), Some("waiting"));
}

#[tokio::test]
async fn what_the_server_made_up_or_moved_does_not_open() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    let unsealed = Body::new(&serde_json::json!({"connection": 1, "sdp": "v=0"})).unwrap();
    for forged in [
        Relayed { body: unsealed, ..offer(2) },
        // Said by another, and to another.
        Relayed { from: protocol::Author(1), ..offer(2) },
        Relayed { body: Body::new(&serde_json::json!({"sealed": "AAAA"})).unwrap(), ..offer(2) },
    ] {
        mesh.relayed(now, protocol::Signal::Offer, &forged);
        assert!(inputs(&mut mesh).first().unwrap().starts_with("Garbage("));
        assert_eq!((link(&mesh, 1), link(&mesh, 2)), (None, None));
    }
}

#[tokio::test]
async fn what_the_server_says_again_is_not_heard_again() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    let old = offer(2);
    mesh.relayed(now, protocol::Signal::Offer, &old);
    mesh.relayed(now, protocol::Signal::Offer, &sealed_offer(2, 2, "v=0"));
    let id = open(&mut mesh, now, 2);
    mesh.take_inputs();
    // An earlier offer, and the one of the connection there is.
    for _ in 0..3 {
        mesh.relayed(now, protocol::Signal::Offer, &old);
        assert!(inputs(&mut mesh).is_empty());
        assert_eq!(mesh.members.get(&Author(2)).unwrap().wire().unwrap().id, id);
        assert_eq!(link(&mesh, 2), Some("open"));
    }
}

#[tokio::test]
async fn the_envelopes_that_are_remembered_have_a_bound() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    for _ in 0..limits::ENVELOPES_REMEMBERED + 10 {
        mesh.relayed(now, protocol::Signal::Offer, &offer(5));
    }
    assert_eq!(mesh.heard.len(), limits::ENVELOPES_REMEMBERED);
}

#[tokio::test]
async fn a_detour_is_taken_when_nothing_else_works_and_nobody_is_between() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.present(now, Author(5));
    mesh.timeout(now, |_| false);
    assert_eq!(mesh.next_detour(), None, "there are no keys yet");
    mesh.relayed(now, protocol::Signal::Answer, &with_key("answer", 5));
    let at = mesh.next_detour().unwrap();
    assert_eq!(at, now + DETOUR_AFTER);
    mesh.timeout(at, |author| author == Author(5));
    assert_eq!(mesh.next_detour(), Some(at + LOOK_AGAIN), "somebody is between");
    mesh.timeout(at + LOOK_AGAIN, |_| false);
    mesh.take_inputs();
    open_detour(&mut mesh, now, 5);
    assert_eq!(inputs(&mut mesh), ["Detoured(Author(5))"]);
    // A direct way takes its place.
    open(&mut mesh, now, 5);
    assert_eq!(inputs(&mut mesh), ["Connected(Author(5))"]);
    assert!(mesh.members.get(&Author(5)).unwrap().detour.is_none());
}

#[tokio::test]
async fn a_detour_ends_with_the_server() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.relayed(now, protocol::Signal::Offer, &with_key("offer", 2));
    mesh.timeout(now + DETOUR_AFTER, |_| false);
    open_detour(&mut mesh, now, 2);
    mesh.server_down();
    assert_eq!(inputs(&mut mesh), ["Detoured(Author(2))", "Disconnected(Author(2))"]);
}

#[tokio::test]
async fn a_silent_connection_is_mended_and_then_given_up() {
    let (mut mesh, _events) = mesh();
    let now = Instant::now();
    mesh.present(now, Author(5));
    mesh.timeout(now, |_| false);
    let id = open(&mut mesh, now, 5);
    mesh.connection(now, id, ConnectionEvent::Interrupted);
    assert!(mesh.take_server_doubted() && !mesh.take_server_doubted());
    assert_eq!(mesh.next_timeout(), Some(now + RESTART_AFTER));
    mesh.timeout(now + RESTART_AFTER, |_| false);
    assert_eq!(link(&mesh, 5), Some("interrupted"));
    assert_eq!(mesh.next_timeout(), Some(now + GIVE_UP_AFTER));
    // It has come back to the server: an offer may find it now.
    mesh.present(now + 2 * RESTART_AFTER, Author(5));
    assert_eq!(mesh.next_timeout(), Some(now + 2 * RESTART_AFTER));
    mesh.timeout(now + GIVE_UP_AFTER, |_| false);
    assert_eq!(link(&mesh, 5), Some("waiting"));
}
