#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test panics on what it did not expect"
)]

use super::super::sealed::{Between, KeyPair};
use super::*;
use crate::session::Presence;
use crate::sync::Author;

/// Messages that say a text and nothing else.
const CODEC: Codec = Codec {
    encode: |message| said(message).as_bytes().to_vec(),
    decode: |bytes| Ok(saying(std::str::from_utf8(&bytes).unwrap())),
};

fn saying(text: &str) -> Message {
    Message::Presence(Presence { name: text.to_owned(), ..Presence::default() })
}

fn said(message: &Message) -> &str {
    let Message::Presence(presence) = message else { panic!("{message:?}") };
    &presence.name
}

struct End {
    detour: Detour,
    events: mpsc::Receiver<(ConnectionId, ConnectionEvent)>,
}

/// Two ends, and a server between them that has yet to pass anything on.
fn ends() -> (End, End) {
    let between = Between { room: "r", room_secret: b"", label: 1, offerer: Author(1), answerer: Author(2) };
    let (offerer, answerer) = (KeyPair::new(), KeyPair::new());
    let (offerers, answerers) = (offerer.public(), answerer.public());
    let end = |author: u32, keys: Keys| {
        let (events_to, events) = mpsc::channel(64);
        let id = ConnectionId { author: Author(author), number: 1 };
        End { detour: Detour::start(id, keys, CODEC, events_to), events }
    };
    let keys = offerer.agree(answerers, between, true).unwrap();
    let others = answerer.agree(offerers, between, false).unwrap();
    (end(2, keys), end(1, others))
}

/// Passes packets on, those that `is_lost` does not want, until something else happens at either
/// end: what, and whether it was at the second one.
async fn next(left: &mut End, right: &mut End, mut is_lost: impl FnMut() -> bool) -> (bool, ConnectionEvent) {
    loop {
        let (at_right, event) = tokio::select! {
            Some((_, event)) = left.events.recv() => (false, event),
            Some((_, event)) = right.events.recv() => (true, event),
        };
        match event {
            ConnectionEvent::Signal(Signal::Frame(sealed)) => {
                let other = if at_right { &left.detour } else { &right.detour };
                assert!(is_lost() || other.packet(sealed), "no place for a packet");
            }
            ConnectionEvent::Measured(_) => {}
            event => return (at_right, event),
        }
    }
}

async fn open() -> (End, End) {
    let (mut left, mut right) = ends();
    for _ in 0..2 {
        assert!(matches!(next(&mut left, &mut right, || false).await.1, ConnectionEvent::Open));
    }
    (left, right)
}

async fn text(left: &mut End, right: &mut End) -> (bool, String) {
    match next(left, right, || false).await {
        (at_right, ConnectionEvent::Message(message)) => (at_right, said(&message).to_owned()),
        (_, event) => panic!("{event:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn messages_of_any_size_travel_both_ways() {
    let (mut left, mut right) = open().await;
    let long = "0123456789".repeat(100_000);
    for channel in [Channel::Ops, Channel::Sync, Channel::Presence] {
        for said in ["a", &long] {
            left.detour.send(channel, saying(said)).unwrap();
            assert_eq!(text(&mut left, &mut right).await, (true, said.to_owned()));
            right.detour.send(channel, saying(said)).unwrap();
            assert_eq!(text(&mut left, &mut right).await, (false, said.to_owned()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_live_overtakes_what_is_long() {
    let (mut left, mut right) = open().await;
    left.detour.send(Channel::Sync, saying(&"x".repeat(10 << 20))).unwrap();
    // It is on its way; a window of it may be ahead.
    tokio::task::yield_now().await;
    left.detour.send(Channel::Ops, saying("live")).unwrap();
    assert_eq!(text(&mut left, &mut right).await.1, "live");
    assert_eq!(text(&mut left, &mut right).await.1.len(), 10 << 20);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_window_is_on_its_way() {
    let (mut left, mut right) = open().await;
    left.detour.send(Channel::Sync, saying(&"x".repeat(1 << 20))).unwrap();
    // The other end takes nothing in.
    let mut bytes = 0;
    while let Ok(Some((_, event))) = tokio::time::timeout(Duration::from_secs(1), left.events.recv()).await {
        if let ConnectionEvent::Signal(Signal::Frame(sealed)) = event {
            bytes += sealed.len() as u64;
        }
    }
    assert!(bytes >= WINDOW && bytes < WINDOW + 2 * limits::FRAME_BYTES as u64, "{bytes}");
    right.events.close();
}

#[tokio::test(start_paused = true)]
async fn a_packet_that_goes_missing_ends_it() {
    let (mut left, mut right) = open().await;
    left.detour.send(Channel::Sync, saying("lost")).unwrap();
    left.detour.send(Channel::Sync, saying("after it")).unwrap();
    let mut lost = 0;
    let lose_one = || {
        lost += 1;
        lost == 1
    };
    let (at_right, event) = next(&mut left, &mut right, lose_one).await;
    assert!(at_right && matches!(event, ConnectionEvent::Closed(reason) if reason.contains("missing")));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_it() {
    let (mut left, mut right) = open().await;
    let began = Instant::now();
    let event = next(&mut left, &mut right, || true).await.1;
    // Of what goes missing the end is another one; both come within the time.
    assert!(matches!(event, ConnectionEvent::Closed(_)) && began.elapsed() <= BROKEN_AFTER);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_until_all_is_taken_in() {
    let (mut left, mut right) = open().await;
    left.detour.send(Channel::Sync, saying(&"x".repeat(1 << 20))).unwrap();
    let flushed = left.detour.flush();
    let mut flushed = std::pin::pin!(flushed);
    let mut came = false;
    loop {
        tokio::select! {
            () = &mut flushed => break,
            event = next(&mut left, &mut right, || false) => {
                came |= matches!(event.1, ConnectionEvent::Message(_));
            }
        }
    }
    assert!(came);
}
