//! Peers that misbehave, and those beside them, who must not notice.

use super::*;

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
    let (mut valid, _) = server.create("r").await;
    let mut silent = Raw::connect(&server).await;
    assert_eq!(silent.hear_all().await, "");
    let mut half = Raw::connect(&server).await;
    half.say(b"GET / HTTP/1.1\r\nHost: ").await;
    assert_eq!(half.hear_all().await, "");
    let mut peer = server.connect().await;
    peer.say_text("not a message").await;
    assert_eq!(peer.hear_error().await, Code::Malformed);
    assert_eq!(peer.hear_end().await, (Code::TooSlow, CloseCode::Policy));
    valid.say(&create("one valid message is enough")).await;
    assert!(matches!(valid.hear().await, Response::Created(_)));
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
async fn who_pings_and_does_not_take_the_answers_is_dropped() {
    let options = Options {
        messages_per_second: 1_000_000,
        message_burst: 1_000_000,
        send_within: Duration::from_millis(300),
        ..Options::default()
    };
    let server = Running::start(options).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut deaf = Raw(socket.connect(server.address).await.unwrap());
    deaf.upgrade().await;
    deaf.say_frame(r#"["create",{"room":"deaf"}]"#).await;
    let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    let pings = ping.repeat(1_000);
    // More answers than the system keeps for it: beyond that they would be the server's to keep.
    let flood = async {
        for _ in 0..200 {
            if deaf.0.write_all(&pings).await.is_err() {
                return;
            }
        }
        panic!("it is never dropped");
    };
    timeout(PATIENCE, flood).await.expect("it is neither heard nor dropped");
    server.assert_serves("next").await;
}

#[tokio::test]
async fn a_flood_is_read_slowly_and_loses_nothing() {
    let options = Options { messages_per_second: 100, message_burst: 20, ..Options::default() };
    let server = Running::start(options).await;
    let (mut first, _) = server.create("r").await;
    let (mut second, _) = server.join("r").await;
    first.hear().await;
    let began = Instant::now();
    for number in 0..200 {
        first.say(&relay(Signal::Candidate, "r", Author(2), &number)).await;
    }
    server.assert_serves("other").await;
    assert!(began.elapsed() < Duration::from_millis(1_500), "others wait for the flood");
    for number in 0..200 {
        let Response::Relayed(_, candidate) = second.hear().await else { panic!("no candidate") };
        assert_eq!(candidate.body.read::<u32>().unwrap(), number);
    }
    assert!(began.elapsed() >= Duration::from_millis(550), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_receiver_that_does_not_read_is_dropped_and_the_sender_is_told() {
    let options = Options {
        max_queue_bytes: 512 << 10,
        max_frame_bytes: 256 << 10,
        max_memory_bytes: 1 << 30,
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
