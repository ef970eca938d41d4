//! A signaling server that does what it likes with what goes through it. It can refuse service; it
//! can read, alter and join nothing.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use ultrawave::trust::{Access, Role, Secret};
use ultrawave_signal::protocol::{Author, Body, Relayed, Response, Signal as Kind};

use super::*;

/// What it does with what the honest server says to its `n`th connection: what is passed on instead.
type Meddle = Box<dyn FnMut(usize, &str) -> Vec<String> + Send>;

/// A server between the peers and an honest server.
struct Hostile {
    /// Everything that went through, both ways.
    seen: Arc<Mutex<Vec<String>>>,
    /// What goes to each connection, in the order in which they came.
    to_peers: Arc<Mutex<Vec<mpsc::UnboundedSender<String>>>>,
    address: SocketAddr,
    honest: Signal,
}

impl Hostile {
    async fn start(meddle: Meddle) -> Self {
        let honest = Signal::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hostile = Self {
            seen: Arc::default(),
            to_peers: Arc::default(),
            address: listener.local_addr().unwrap(),
            honest,
        };
        let (seen, to_peers) = (hostile.seen.clone(), hostile.to_peers.clone());
        let (upstream, meddle) = (hostile.honest.address, Arc::new(Mutex::new(meddle)));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (to_peer, said) = mpsc::unbounded_channel();
                let number = {
                    let mut to_peers = to_peers.lock().unwrap();
                    to_peers.push(to_peer);
                    to_peers.len() - 1
                };
                tokio::spawn(between(stream, upstream, number, said, meddle.clone(), seen.clone()));
            }
        });
        hostile
    }

    fn options(&self, name: &str, access: &Access) -> RoomOptions {
        RoomOptions {
            signal: format!("ws://{}", self.address),
            name: name.to_owned(),
            access: Some(access.clone()),
            ..RoomOptions::default()
        }
    }

    /// Says something to the connection with this number.
    fn say(&self, number: usize, text: &str) {
        self.to_peers.lock().unwrap().get(number).unwrap().send(text.to_owned()).unwrap();
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Carries one connection.
async fn between(
    stream: tokio::net::TcpStream, upstream: SocketAddr, number: usize,
    mut said: mpsc::UnboundedReceiver<String>, meddle: Arc<Mutex<Meddle>>, seen: Arc<Mutex<Vec<String>>>,
) {
    let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
    let server = tokio::net::TcpStream::connect(upstream).await.unwrap();
    let (mut server, _) = tokio_tungstenite::client_async(format!("ws://{upstream}/"), server).await.unwrap();
    loop {
        let to_peer = tokio::select! {
            Some(text) = said.recv() => vec![text],
            from_peer = peer.next() => match from_peer {
                Some(Ok(Message::Text(text))) => {
                    seen.lock().unwrap().push(text.to_string());
                    if server.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            from_server = server.next() => match from_server {
                Some(Ok(Message::Text(text))) => {
                    seen.lock().unwrap().push(text.to_string());
                    (*meddle.lock().unwrap())(number, &text)
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
        };
        for text in to_peer {
            if peer.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    }
}

fn locked() -> Access {
    Access::locked(Secret::new(rand::random()), Secret::new(rand::random()))
}

/// What is passed on between two members, if that is what a text says.
fn relayed(text: &str) -> Option<(Kind, Relayed)> {
    match Response::decode(text) {
        Ok(Response::Relayed(kind, relayed)) => Some((kind, relayed)),
        _ => None,
    }
}

/// The same with something else in it.
fn with_body(kind: Kind, relayed: &Relayed, body: &serde_json::Value) -> String {
    let body = Body::new(body).unwrap();
    Response::Relayed(kind, Relayed { body, ..relayed.clone() }).encode()
}

/// What a server would like the peer to believe instead: descriptions of its own making, what was
/// sealed with a letter changed, or for something else, or by somebody else.
fn forgeries(kind: Kind, relayed: &Relayed) -> Vec<String> {
    let sealed: serde_json::Value = relayed.body.read().unwrap();
    let sealed = sealed.get("sealed").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let fingerprint = "AA:".repeat(31) + "AA";
    let own =
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 {fingerprint}\r\n");
    let mut altered = sealed.clone().into_bytes();
    let middle = altered.len() / 2;
    if let Some(letter) = altered.get_mut(middle) {
        *letter = if *letter == b'A' { b'B' } else { b'A' };
    }
    let other = if kind == Kind::Offer { Kind::Answer } else { Kind::Offer };
    let (whose, to) = (relayed.from, Author(if relayed.from == Author(1) { 2 } else { 1 }));
    vec![
        with_body(kind, relayed, &serde_json::json!({"connection": 1, "sdp": own})),
        with_body(kind, relayed, &serde_json::json!({"sealed": String::from_utf8(altered).unwrap()})),
        with_body(other, relayed, &serde_json::json!({"sealed": sealed})),
        with_body(
            kind,
            &Relayed { from: Author(whose.0 + 2), ..relayed.clone() },
            &serde_json::json!({"sealed": sealed}),
        ),
        with_body(kind, &Relayed { from: to, ..relayed.clone() }, &serde_json::json!({"sealed": sealed})),
    ]
}

/// Every word of theirs that the server must not have read.
fn assert_nothing_read(server: &Hostile, words: &[&str]) {
    let seen = server.seen();
    assert!(seen.len() > 10, "nothing went through it");
    for word in words {
        let read = seen.iter().find(|text| text.contains(word));
        assert_eq!(read, None, "the server has read {word}");
    }
}

/// Both edit, and see what the other did.
async fn assert_together(ana: &Room, bo: &Room) {
    ana.root().at("ana").set(document("\"swordfish\"").value).unwrap();
    bo.root().at("bo").set(number(2)).unwrap();
    let text = r#"{"ana":"swordfish","bo":2}"#;
    for room in [ana, bo] {
        let mut changed = room.changed();
        let same = changed.wait_for(|snapshot| {
            snapshot.value.key(&"ana".into()).is_some() && snapshot.value.key(&"bo".into()).is_some()
        });
        tokio::time::timeout(Duration::from_secs(20), same).await.expect(text).unwrap();
    }
    assert_eq!(ana.snapshot().value, bo.snapshot().value);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_forges_alters_moves_and_says_again_changes_nothing() {
    let server = Hostile::start(Box::new(|_, text| {
        let Some((kind, said)) = relayed(text) else { return vec![text.to_owned()] };
        let mut told = forgeries(kind, &said);
        // The true one among them, and again.
        told.insert(2, text.to_owned());
        told.push(text.to_owned());
        told
    }))
    .await;
    let access = locked();
    let ana = Room::create("orders", document("{}"), server.options("Ana", &access)).await.unwrap();
    let mut events = ana.events();
    let writer = access.lowered_to(Role::Writer);
    let bo = Room::join("orders", server.options("Bo", &writer)).await.unwrap();
    assert_together(&ana, &bo).await;
    let mut garbage = 0;
    while let Ok(event) = events.try_recv() {
        garbage += usize::from(matches!(event, Event::Garbage(..)));
    }
    assert!(garbage > 0, "nobody was told");
    assert_nothing_read(&server, &["swordfish", "orders", "Ana", "fingerprint", "candidate:"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_again_later_does_not_touch_a_connection() {
    let kept: Arc<Mutex<Vec<(usize, String)>>> = Arc::default();
    let keep = kept.clone();
    let server = Hostile::start(Box::new(move |number, text| {
        if relayed(text).is_some() {
            keep.lock().unwrap().push((number, text.to_owned()));
        }
        vec![text.to_owned()]
    }))
    .await;
    let access = locked();
    let ana = Room::create("orders", document("{}"), server.options("Ana", &access)).await.unwrap();
    let bo = Room::join("orders", server.options("Bo", &access)).await.unwrap();
    until("the mesh", || ana.status().live == 1 && bo.status().live == 1).await;
    let old = kept.lock().unwrap().clone();
    assert!(old.len() >= 2);
    for _ in 0..3 {
        for (number, text) in &old {
            server.say(*number, text);
        }
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(ana.status().live == 1 && bo.status().live == 1, "the connection was given up");
        }
    }
    assert_together(&ana, &bo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_drops_and_turns_round_is_made_up_for() {
    let mut held: Vec<Vec<String>> = Vec::new();
    let mut dropped = false;
    let server = Hostile::start(Box::new(move |number, text| {
        held.resize_with(held.len().max(number + 1), Vec::new);
        match relayed(text) {
            // The first offer is lost, and candidates come by twos, the later one first.
            Some((Kind::Offer, _)) if !dropped => {
                dropped = true;
                Vec::new()
            }
            Some((Kind::Candidate, _)) => {
                let waiting = held.get_mut(number).unwrap();
                waiting.push(text.to_owned());
                if waiting.len() < 2 { Vec::new() } else { waiting.drain(..).rev().collect() }
            }
            _ => vec![text.to_owned()],
        }
    }))
    .await;
    let access = locked();
    let ana = Room::create("orders", document("{}"), server.options("Ana", &access)).await.unwrap();
    let bo =
        tokio::time::timeout(Duration::from_secs(60), Room::join("orders", server.options("Bo", &access)));
    let bo = bo.await.expect("they never meet").unwrap();
    assert_together(&ana, &bo).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_it_lets_in_without_the_key_stays_outside() {
    // It sends a stranger, and the members of another room, into this one.
    let (access, others) = (locked(), locked());
    let server = Hostile::start(Box::new(|_, text| vec![text.to_owned()])).await;
    let stranger = renaming(server.address, others.room_id(), access.room_id()).await;
    let ana = Room::create("orders", document(r#"{"secret":"swordfish"}"#), server.options("Ana", &access))
        .await
        .unwrap();
    let bo = Room::join("orders", server.options("Bo", &access)).await.unwrap();
    let mut options = server.options("Eve", &others);
    options.signal = format!("ws://{stranger}");
    let eve = tokio::time::timeout(Duration::from_secs(8), Room::join("orders", options)).await;
    assert!(!matches!(eve, Ok(Ok(_))), "a stranger is in the room");
    // The server does name it as a member, and nobody has to do with it.
    for room in [&ana, &bo] {
        assert_eq!(room.status().live, 1);
    }
    bo.root().at("more").set(number(1)).unwrap();
    shows(&ana, r#"{"secret":"swordfish","more":1}"#).await;
    assert_nothing_read(&server, &["swordfish", "orders"]);
}

/// What a stranger talks through: to it this room has another name.
async fn renaming(upstream: SocketAddr, theirs: String, ours: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
        let server = tokio::net::TcpStream::connect(upstream).await.unwrap();
        let (mut server, _) =
            tokio_tungstenite::client_async(format!("ws://{upstream}/"), server).await.unwrap();
        loop {
            let done = tokio::select! {
                said = peer.next() => match said {
                    Some(Ok(Message::Text(text))) => server.send(Message::text(text.replace(&theirs, &ours))).await,
                    Some(Ok(_)) => Ok(()),
                    Some(Err(_)) | None => return,
                },
                said = server.next() => match said {
                    Some(Ok(Message::Text(text))) => peer.send(Message::text(text.replace(&ours, &theirs))).await,
                    Some(Ok(_)) => Ok(()),
                    Some(Err(_)) | None => return,
                },
            };
            if done.is_err() {
                return;
            }
        }
    });
    address
}
