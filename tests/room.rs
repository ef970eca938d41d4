//! Rooms over real WebRTC on loopback, each test with a signaling server of its own.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ultrawave::document::Value;
use ultrawave::room::{Room, RoomError, RoomOptions};
use ultrawave::session::Event;
use ultrawave::sync::Checkpoint;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

/// A running signaling server.
struct Signal {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Signal {
    async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let server = Server::bind(address, Options::default()).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Self { address, stop, running }
    }

    async fn stop(self) -> SocketAddr {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
        self.address
    }

    fn options(&self, name: &str) -> RoomOptions {
        RoomOptions { signal: format!("ws://{}", self.address), name: name.to_owned(), ..RoomOptions::default() }
    }
}

fn document(text: &str) -> Checkpoint {
    Checkpoint::read(text).unwrap()
}

fn number(value: usize) -> Value {
    document(&value.to_string()).value
}

/// Waits until a room shows a text.
async fn shows(room: &Room, text: &str) {
    let mut changed = room.changed();
    let shown = changed.wait_for(|snapshot| snapshot.value.to_string() == text);
    let in_time = tokio::time::timeout(Duration::from_secs(20), shown).await.is_ok();
    assert!(in_time, "{} shows {} instead of {text}", room.author(), room.snapshot().value);
}

/// Waits until a condition holds; how long that took.
async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(40), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_see_each_others_edits() {
    let signal = Signal::start().await;
    let ana = Room::create("orders", document(r#"{"a": 1}"#), signal.options("Ana")).await.unwrap();
    let bo = Room::join("orders", signal.options("Bo")).await.unwrap();
    assert_eq!((ana.author().0, bo.author().0), (1, 2));
    assert_eq!(bo.snapshot().value.to_string(), r#"{"a":1}"#);
    bo.root().at("b").set(number(2)).unwrap();
    shows(&ana, r#"{"a":1,"b":2}"#).await;
    ana.root().at("a").delete().unwrap();
    shows(&bo, r#"{"b":2}"#).await;
    assert!(bo.kept_elsewhere(Duration::from_secs(5)).await || ana.kept_elsewhere(Duration::from_secs(5)).await);
    assert_eq!(ana.people().first().unwrap().presence.name, "Bo");
    bo.leave().await;
    assert!(matches!(bo.root().set(number(0)), Err(RoomError::Left)));
    until("Bo's leaving", || ana.people().is_empty()).await;
    ana.leave().await;
}
