#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use ultrawave_signal::protocol::Body;

use super::super::channel::Codec;
use super::super::transport::IceOptions;
use super::*;

/// The mesh of author 3; its connections begin and come to nothing.
fn mesh() -> (Mesh, mpsc::Receiver<(ConnectionId, ConnectionEvent)>) {
    let codec = Codec { encode: |_| Vec::new(), decode: |_| Err(String::new()) };
    let options =
        ConnectionOptions { ice: IceOptions::default(), codec, wrap_socket: std::convert::identity };
    let (events_to, events) = events();
    (Mesh::new(Author(3), "r".to_owned(), options, events_to), events)
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
    id
}

fn offer(from: u32) -> Relayed {
    let body = Body::new(&serde_json::json!({"connection": 1, "sdp": "v=0"})).unwrap();
    Relayed { room: "r".to_owned(), from: protocol::Author(from), body }
}

fn inputs(mesh: &mut Mesh) -> Vec<String> {
    mesh.take_inputs().iter().map(|input| format!("{input:?}")).collect()
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
    mesh.relayed(now, protocol::Signal::Offer, &offer(2));
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
