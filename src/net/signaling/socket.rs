//! One websocket to a signaling server.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use ultrawave_signal::protocol::{DecodeError, Request, Response, Start, VERSION};

use super::stream::{self, Stream};
use crate::limits;

/// How long the server may take to accept, to shake hands, and to say `start`, each.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Silence after which this side asks whether the server is still there.
const PING_AFTER: Duration = Duration::from_secs(10);

/// How long the answer may take before the connection counts as broken.
const PONG_WITHIN: Duration = Duration::from_millis(2_500);

/// Why there is no connection to a signaling server.
#[derive(Debug, thiserror::Error)]
pub(in crate::net) enum ConnectError {
    /// Nothing listens there, or nothing can be reached.
    #[error("{0}")]
    Unreachable(#[from] io::Error),
    /// What is there is something else.
    #[error("{0}")]
    NotAServer(String),
}

impl ConnectError {
    /// Whether the machine is there and says that nothing listens.
    pub(in crate::net) fn is_refused(&self) -> bool {
        matches!(self, Self::Unreachable(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

/// A connection on which the server has said `start`.
#[derive(Debug)]
pub(in crate::net) struct Socket {
    stream: WebSocketStream<Stream>,
    heard: Instant,
    /// When it was asked whether it is still there, if it has not answered yet.
    asked: Option<Instant>,
}

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::net) struct Broken(String);

impl Broken {
    pub(super) fn because(reason: String) -> Self {
        Self(reason)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

impl Socket {
    /// Connects, and waits for `start`.
    pub(in crate::net) async fn connect(url: &url::Url) -> Result<(Self, Start), ConnectError> {
        let stream = within("it does not accept the connection", stream::connect(url))
            .await
            .map_err(|late| io::Error::new(io::ErrorKind::TimedOut, late))??;
        let mut config = WebSocketConfig::default();
        config.max_message_size = Some(limits::SIGNAL_BYTES);
        config.max_frame_size = Some(limits::SIGNAL_BYTES);
        let handshake = tokio_tungstenite::client_async_with_config(url.as_str(), stream, Some(config));
        let (stream, _) = within("it does not answer a websocket handshake", handshake)
            .await
            .map_err(ConnectError::NotAServer)?
            .map_err(|error| ConnectError::NotAServer(error.to_string()))?;
        let mut socket = Self { stream, heard: Instant::now(), asked: None };
        let start = within("it does not say start", socket.next()).await.map_err(ConnectError::NotAServer)?;
        match start {
            Ok(Ok(Response::Start(start))) if start.version == VERSION => Ok((socket, start)),
            Ok(Ok(Response::Start(start))) => Err(ConnectError::NotAServer(format!(
                "it speaks version {} of the signaling protocol, and this is version {VERSION}",
                start.version
            ))),
            Ok(Ok(Response::Error(failure))) => Err(io::Error::other(failure.reason).into()),
            Ok(Ok(other)) => Err(ConnectError::NotAServer(format!("its first words are {}", other.encode()))),
            Ok(Err(error)) => Err(ConnectError::NotAServer(error.to_string())),
            Err(error) => Err(io::Error::other(error).into()),
        }
    }

    /// Says something.
    pub(in crate::net) async fn send(&mut self, request: &Request) -> Result<(), Broken> {
        let sent = timeout(ANSWER_WITHIN, self.stream.send(Message::text(request.encode())));
        match sent.await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Broken("it takes nothing in".to_owned())),
        }
    }

    /// Asks whether the server is still there: if nothing comes in time, `next` says so.
    pub(in crate::net) async fn probe(&mut self) -> Result<(), Broken> {
        self.asked.get_or_insert_with(Instant::now);
        Ok(self.stream.send(Message::Ping(Bytes::new())).await?)
    }

    /// The next thing the server says; what is no message of the protocol is told as such.
    pub(in crate::net) async fn next(&mut self) -> Result<Result<Response, DecodeError>, Broken> {
        loop {
            let deadline = self.asked.map_or(self.heard + PING_AFTER, |asked| asked + PONG_WITHIN);
            match tokio::time::timeout_at(deadline, self.stream.next()).await {
                Ok(Some(message)) => {
                    let message = message?;
                    self.heard = Instant::now();
                    self.asked = None;
                    match message {
                        Message::Text(text) => return Ok(Response::decode(&text)),
                        Message::Close(frame) => {
                            return Err(Broken(match frame {
                                Some(frame) => format!("it has closed the connection: {}", frame.reason),
                                None => "it has closed the connection".to_owned(),
                            }));
                        }
                        Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                    }
                }
                Ok(None) => return Err(Broken("it has closed the connection".to_owned())),
                Err(_) if self.asked.is_some() => return Err(Broken("it has fallen silent".to_owned())),
                Err(_) => self.probe().await?,
            }
        }
    }

    /// Says goodbye to the server.
    pub(in crate::net) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.stream.close(None)).await;
    }
}

async fn within<T>(late: &str, future: impl Future<Output = T>) -> Result<T, String> {
    match timeout(ANSWER_WITHIN, future).await {
        Ok(answer) => Ok(answer),
        Err(_) => Err(format!("{late} within {} s", ANSWER_WITHIN.as_secs())),
    }
}
