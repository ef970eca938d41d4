//! The server over real sockets: peers that behave, peers that do not, and those beside them.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test panics on what it did not expect"
)]

mod abuse;
mod doors;
mod introductions;
mod lifecycle;
mod support;

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use support::{PATIENCE, Running, create, reclaim, relay, resume};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
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

/// The request that makes a websocket of a connection.
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A TCP connection to the server that has said nothing, and reads with patience.
struct Raw(TcpStream);

impl Raw {
    async fn connect(server: &Running) -> Self {
        Self(TcpStream::connect(server.address).await.unwrap())
    }

    /// One whose websocket handshake is done.
    async fn upgraded(server: &Running) -> Self {
        let mut raw = Self::connect(server).await;
        raw.upgrade().await;
        raw
    }

    async fn upgrade(&mut self) {
        self.say(UPGRADE).await;
        assert!(self.hear_head().await.starts_with("HTTP/1.1 101"));
    }

    /// The head of what it is answered; nothing if it is just ended.
    async fn hear_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n")
            && let Ok(byte) = timeout(PATIENCE, self.0.read_u8()).await.unwrap()
        {
            head.push(byte);
        }
        String::from_utf8(head).unwrap()
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
        let read =
            timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("the connection stays open");
        // An end is an end, be it a reset.
        drop(read);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
