//! The server over real sockets: peers that behave, peers that do not, and those beside them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod support;

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use support::{PATIENCE, Running, create, reclaim, relay, resume};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::{client_async, tungstenite};
use ultrawave_signal::limits::Options;
use ultrawave_signal::protocol::{
    Author, Code, Leave, Member, Request, RequestOffer, Response, Signal, VERSION,
};
use ultrawave_signal::server::Server;

fn member(room: &str, author: u32) -> Member {
    Member { room: room.to_owned(), author: Author(author) }
}

/// A TCP connection to the server that has said nothing, and reads with patience.
struct Raw(TcpStream);

impl Raw {
    async fn connect(server: &Running) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    /// One whose websocket handshake is done.
    async fn upgraded(server: &Running) -> Self {
        let mut raw = Self::connect(server).await;
        raw.say(
            b"GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, raw.0.read_u8()).await.unwrap().unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        raw
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// A masked text frame, as clients send them; the mask is zero.
    async fn say_frame(&mut self, text: &str) {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        self.say(&[0x81, 0x80 | length, 0, 0, 0, 0]).await;
        self.say(text.as_bytes()).await;
    }

    /// Everything until the server ends the connection.
    async fn hear_all(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("the connection stays open");
        // An end is an end, be it a reset.
        drop(read);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[tokio::test]
async fn two_peers_are_introduced() {
    let server = Running::start(Options::default()).await;
    let (mut first, created) = server.create("r").await;
    assert_eq!(first.start.version, VERSION);
    assert_eq!(created.author, Author(1));
    let (mut second, joined) = server.join("r").await;
    assert_eq!((joined.author, joined.members.as_slice()), (Author(2), [Author(1)].as_slice()));
    assert_eq!(first.hear().await, Response::RequestOffer(member("r", 2)));

    first.say(&relay(Signal::Offer, "r", Author(2), &"sdp")).await;
    let Response::Relayed(Signal::Offer, offer) = second.hear().await else { panic!("no offer") };
    assert_eq!((offer.from, offer.body.get()), (Author(1), "\"sdp\""));
    second.say(&relay(Signal::Answer, "r", Author(1), &"sdp")).await;
    second.say(&relay(Signal::Candidate, "r", Author(1), &["candidate"])).await;
    assert!(matches!(first.hear().await, Response::Relayed(Signal::Answer, _)));
    assert!(matches!(first.hear().await, Response::Relayed(Signal::Candidate, _)));

    second.say(&Request::RequestOffer(RequestOffer { room: "r".to_owned(), to: Author(1) })).await;
    assert_eq!(first.hear().await, Response::RequestOffer(member("r", 2)));
    second.say(&Request::Leave(Leave { room: "r".to_owned() })).await;
    assert_eq!(first.hear().await, Response::Left(member("r", 2)));
    server.stop().await;
}

#[tokio::test]
async fn ids_and_secrets_differ_and_cannot_be_guessed() {
    let server = Running::start(Options::default()).await;
    let mut texts = Vec::new();
    for _ in 0..3 {
        let peer = server.connect().await;
        texts.extend([peer.start.id, peer.start.secret]);
    }
    assert!(texts.iter().all(|text| text.len() == 32), "128 bits: {texts:?}");
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 6);
}

#[tokio::test]
async fn garbage_is_answered_and_much_of_it_ends_the_connection() {
    let server = Running::start(Options::default()).await;
    let (mut peer, _) = server.create("r").await;
    let garbage = ["", "hello", "{}", "[]", "[\"join\"]", "[\"dance\",{}]", "\u{0}"];
    for text in garbage {
        peer.say_text(text).await;
        let code = peer.hear_error().await;
        assert_eq!(code, if text.contains("dance") { Code::UnknownType } else { Code::Malformed });
    }
    peer.say(&create("other")).await;
    assert!(matches!(peer.hear().await, Response::Created(_)), "it is still a peer");
    peer.say_text("once more").await;
    assert_eq!(peer.hear_end().await, (Code::Malformed, CloseCode::Policy));
    server.assert_serves("next").await;
}

#[tokio::test]
async fn binary_frames_are_garbage() {
    let server = Running::start(Options { max_malformed: 2, ..Options::default() }).await;
    let mut peer = server.connect().await;
    for _ in 0..2 {
        peer.socket.send(Message::binary(create("r").encode())).await.unwrap();
    }
    assert_eq!(peer.hear_error().await, Code::Malformed);
    assert_eq!(peer.hear_end().await, (Code::Malformed, CloseCode::Policy));
    server.assert_serves("r").await;
}

#[tokio::test]
async fn what_is_no_websocket_frame_ends_the_connection_alone() {
    let server = Running::start(Options::default()).await;
    for junk in [[0xff; 32].as_slice(), b"GET / HTTP/1.1\r\n\r\n", b"\x81\x03abc"] {
        let mut raw = Raw::upgraded(&server).await;
        raw.say(junk).await;
        raw.hear_all().await;
    }
    server.assert_serves("r").await;
}

#[tokio::test]
async fn text_that_is_not_utf_8_ends_the_connection_alone() {
    let server = Running::start(Options::default()).await;
    let mut raw = Raw::upgraded(&server).await;
    raw.say(&[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]).await;
    raw.hear_all().await;
    server.assert_serves("r").await;
}

#[tokio::test]
async fn a_message_may_be_as_large_as_the_bound_and_no_larger() {
    let options = Options { max_frame_bytes: 1_000, ..Options::default() };
    let server = Running::start(options).await;
    let (mut first, _) = server.create("r").await;
    let (mut second, _) = server.join("r").await;
    first.hear().await;
    let around = relay(Signal::Offer, "r", Author(2), &"").encode().len();
    first.say(&relay(Signal::Offer, "r", Author(2), &"x".repeat(1_000 - around))).await;
    assert!(matches!(second.hear().await, Response::Relayed(Signal::Offer, _)));
    first.say(&relay(Signal::Offer, "r", Author(2), &"x".repeat(1_001 - around))).await;
    assert_eq!(first.hear_end().await, (Code::TooLarge, CloseCode::Size));
    server.assert_serves("next").await;
}

#[tokio::test]
async fn a_message_in_fragments_is_bounded_as_a_whole() {
    let options = Options { max_frame_bytes: 1_000, ..Options::default() };
    let server = Running::start(options).await;
    let mut peer = server.connect().await;
    let mut kind = Data::Text;
    for _ in 0..3 {
        let fragment = Frame::message(vec![b'x'; 400], OpCode::Data(kind), false);
        peer.socket.send(Message::Frame(fragment)).await.unwrap();
        kind = Data::Continue;
    }
    assert_eq!(peer.hear_end().await, (Code::TooLarge, CloseCode::Size));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_ended() {
    let options = Options { first_message_within: Duration::from_millis(200), ..Options::default() };
    let server = Running::start(options).await;
    let mut silent = Raw::connect(&server).await;
    assert_eq!(silent.hear_all().await, "");
    let mut half = Raw::connect(&server).await;
    half.say(b"GET / HTTP/1.1\r\nHost: ").await;
    assert_eq!(half.hear_all().await, "");
    let mut peer = server.connect().await;
    peer.say_text("not a message").await;
    assert_eq!(peer.hear_error().await, Code::Malformed);
    assert_eq!(peer.hear_end().await, (Code::TooSlow, CloseCode::Policy));
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays_and_one_that_does_not_is_taken_for_broken() {
    let options = Options {
        ping_after: Duration::from_millis(100),
        silent_after: Duration::from_millis(600),
        grace: Duration::from_millis(200),
        ..Options::default()
    };
    let server = Running::start(options).await;
    let (mut alive, _) = server.create("r").await;
    let mut dead = Raw::upgraded(&server).await;
    dead.say_frame(r#"["join",{"room":"r"}]"#).await;
    // Reading answers the pings. The half of a frame that comes late does not count as life.
    assert_eq!(alive.hear().await, Response::RequestOffer(member("r", 2)));
    dead.say(&[0x81, 0x85, 0, 0]).await;
    let began = Instant::now();
    assert_eq!(alive.hear().await, Response::Left(member("r", 2)));
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    assert!(dead.hear_all().await.contains("too-slow"));
    alive.say(&create("still here")).await;
    assert!(matches!(alive.hear().await, Response::Created(_)));
}

#[tokio::test]
async fn a_flood_is_read_slowly_and_loses_nothing() {
    let options = Options { messages_per_second: 100, message_burst: 20, ..Options::default() };
    let server = Running::start(options).await;
    let (mut first, _) = server.create("r").await;
    let (mut second, _) = server.join("r").await;
    first.hear().await;
    let began = Instant::now();
    for number in 0..80 {
        first.say(&relay(Signal::Candidate, "r", Author(2), &number)).await;
    }
    server.assert_serves("other").await;
    assert!(began.elapsed() < Duration::from_millis(500), "others wait for the flood");
    for number in 0..80 {
        let Response::Relayed(_, candidate) = second.hear().await else { panic!("no candidate") };
        assert_eq!(candidate.body.read::<u32>().unwrap(), number);
    }
    assert!(began.elapsed() >= Duration::from_millis(550), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_receiver_that_does_not_read_is_dropped_and_the_sender_is_told() {
    let options = Options {
        max_queue_bytes: 512 << 10,
        messages_per_second: 100_000,
        message_burst: 100_000,
        grace: Duration::from_millis(300),
        ..Options::default()
    };
    let server = Running::start(options).await;
    let (mut sender, _) = server.create("r").await;
    let (_does_not_read, _) = server.join("r").await;
    assert_eq!(sender.hear().await, Response::RequestOffer(member("r", 2)));
    let large = relay(Signal::Offer, "r", Author(2), &"x".repeat(200 << 10));
    let told = async {
        loop {
            sender.say(&large).await;
            if let Ok(response) = timeout(Duration::from_millis(1), sender.hear()).await {
                break response;
            }
        }
    };
    let Response::Error(failure) = timeout(PATIENCE, told).await.expect("it is never dropped") else {
        panic!("not an error")
    };
    assert_eq!(failure.code, Code::Away);
    loop {
        match sender.hear().await {
            Response::Error(failure) => assert_eq!(failure.code, Code::Away),
            other => break assert_eq!(other, Response::Left(member("r", 2))),
        }
    }
}

#[tokio::test]
async fn a_broken_connection_is_reclaimed() {
    let server = Running::start(Options::default()).await;
    let (mut first, _) = server.create("r").await;
    let (second, joined) = server.join("r").await;
    first.hear().await;
    let start = second.start.clone();
    drop(second);
    let mut again = server.connect().await;
    again.say(&reclaim(&start)).await;
    let Response::Reclaimed(reclaimed) = again.hear().await else { panic!("not reclaimed") };
    assert_eq!((reclaimed.id, reclaimed.rooms), (start.id, vec![joined]));
    assert_eq!(first.hear().await, Response::Present(member("r", 2)));
    again.say(&relay(Signal::Offer, "r", Author(1), &"again")).await;
    let Response::Relayed(_, offer) = first.hear().await else { panic!("no offer") };
    assert_eq!(offer.from, Author(2));
}

#[tokio::test]
async fn a_connection_that_was_replaced_is_told_so() {
    let server = Running::start(Options::default()).await;
    let (mut old, _) = server.create("r").await;
    let mut new = server.connect().await;
    new.say(&reclaim(&old.start)).await;
    assert!(matches!(new.hear().await, Response::Reclaimed(_)));
    assert_eq!(old.hear_end().await, (Code::Replaced, CloseCode::Normal));
    let (_, joined) = server.join("r").await;
    assert_eq!(joined.members, [Author(1)]);
    assert_eq!(new.hear().await, Response::RequestOffer(member("r", 2)));
}

#[tokio::test]
async fn grace_times_end_by_themselves_and_the_room_with_the_last() {
    let server = Running::start(Options { grace: Duration::from_millis(200), ..Options::default() }).await;
    let (mut first, _) = server.create("r").await;
    drop(server.join("r").await);
    assert_eq!(first.hear().await, Response::RequestOffer(member("r", 2)));
    assert_eq!(first.hear().await, Response::Left(member("r", 2)));
    drop(first);
    let mut other = server.connect().await;
    let created = async {
        loop {
            other.say(&create("r")).await;
            if let Response::Created(created) = other.hear().await {
                break created;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert_eq!(timeout(PATIENCE, created).await.expect("the room stays").author, Author(1));
}

#[tokio::test]
async fn the_members_go_on_after_the_server_was_started_anew() {
    let server = Running::start(Options::default()).await;
    let (mut first, _) = server.create("r").await;
    let (mut second, joined) = server.join("r").await;
    first.hear().await;
    let address = server.address;
    server.stop().await;
    assert_eq!(second.hear_end().await, (Code::Stopping, CloseCode::Away));
    assert_eq!(first.hear_end().await, (Code::Stopping, CloseCode::Away));

    let again = TcpListener::bind(address).await.expect("the port is free again");
    drop(again);
    let server = Running::start(Options::default()).await;
    let mut back = server.connect().await;
    back.say(&reclaim(&second.start)).await;
    assert!(matches!(back.hear().await, Response::ReclaimFailed(failed) if failed.code == Code::Unknown));
    back.say(&resume(&joined, Author(2))).await;
    let Response::Resumed(resumed) = back.hear().await else { panic!("not resumed") };
    assert_eq!((resumed.author, resumed.members), (Author(2), Vec::new()));
    assert_eq!(server.join("r").await.1.author, Author(3));
}

#[tokio::test]
async fn a_server_that_is_cut_off_cuts_its_connections() {
    let server = Running::start(Options::default()).await;
    let address = server.address;
    let mut raw = Raw::upgraded(&server).await;
    server.abort().await;
    raw.hear_all().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_that_do_not_end_do_not_hold_up_the_stop() {
    let server = Running::start(Options { stop_within: Duration::from_millis(200), ..Options::default() }).await;
    let mut waiting = Raw::connect(&server).await;
    let _deaf = Raw::upgraded(&server).await;
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    waiting.hear_all().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_why_and_place_is_made_by_an_end() {
    let server = Running::start(Options { max_connections_per_address: 1, ..Options::default() }).await;
    let peer = server.connect().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let refused = client_async(format!("ws://{}/", server.address), stream).await.unwrap_err();
    let tungstenite::Error::Http(response) = refused else { panic!("{refused}") };
    assert_eq!(response.status(), 503);
    drop(peer);
    let freed = async {
        loop {
            let stream = TcpStream::connect(server.address).await.unwrap();
            if client_async(format!("ws://{}/", server.address), stream).await.is_ok() {
                break;
            }
        }
    };
    timeout(PATIENCE, freed).await.expect("no place is made");
}

#[tokio::test]
async fn a_browser_is_told_what_this_is() {
    let server = Running::start(Options::default()).await;
    for request in ["GET / HTTP/1.1\r\nHost: here\r\n\r\n", "POST / HTTP/1.1\r\nHost: here\r\n\r\n"] {
        let mut raw = Raw::connect(&server).await;
        raw.say(request.as_bytes()).await;
        let answer = raw.hear_all().await;
        assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
        assert!(answer.contains("ultrawave signaling server"), "{answer}");
    }
}

#[tokio::test]
async fn a_web_page_connects_only_when_its_origin_is_allowed() {
    let origin = "https://app.example";
    for (allowed, expected) in [(vec![], Some(403)), (vec![origin.to_owned()], None)] {
        let server = Running::start(Options { allowed_origins: allowed, ..Options::default() }).await;
        let mut request = format!("ws://{}/", server.address).into_client_request().unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let stream = TcpStream::connect(server.address).await.unwrap();
        let status = match client_async(request, stream).await {
            Ok(_) => None,
            Err(tungstenite::Error::Http(response)) => Some(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(status, expected);
    }
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let server = Running::start(Options::default()).await;
    let error = Server::bind(server.address, Options::default()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
