//! One websocket to a signaling server.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use ultrawave_signal::limits::REASON_CHARS;
use ultrawave_signal::protocol::{DecodeError, Request, Response, Start, VERSION};

use super::stream::{self, Stream};
use crate::document::inert;
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
            .map_err(|error| refusal(&error))?;
        let mut socket = Self { stream, heard: Instant::now(), asked: None };
        let start = within("it does not say start", socket.next()).await.map_err(ConnectError::NotAServer)?;
        match start {
            Ok(Ok(Response::Start(start))) if start.version == VERSION => Ok((socket, start)),
            Ok(Ok(Response::Start(start))) => Err(ConnectError::NotAServer(format!(
                "it speaks version {} of the signaling protocol, and this is version {VERSION}",
                start.version
            ))),
            Ok(Ok(Response::Error(failure))) => Err(io::Error::other(failure.reason).into()),
            Ok(Ok(other)) => {
                Err(ConnectError::NotAServer(format!("its first words are {}", quoted(&other.encode()))))
            }
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
                        Message::Text(text) => return Ok(Response::decode(&text).map(tame)),
                        Message::Close(frame) => {
                            return Err(Broken(match frame {
                                Some(frame) => {
                                    format!("it has closed the connection: {}", quoted(&frame.reason))
                                }
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

/// What a server, or somebody in its place, has said, for a message: one line, and no long one.
pub(super) fn quoted(said: &str) -> String {
    let whole = inert(said);
    let mut shown: String = whole.chars().take(REASON_CHARS).collect();
    if shown.len() < whole.len() {
        shown.push('…');
    }
    shown
}

/// The same of the reasons that come with what it refuses.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest gives no reasons")]
fn tame(mut response: Response) -> Response {
    let reason = match &mut response {
        Response::CreateFailed(failed)
        | Response::JoinFailed(failed)
        | Response::ResumeFailed(failed)
        | Response::AttendFailed(failed)
        | Response::KnockFailed(failed) => &mut failed.reason,
        Response::ReclaimFailed(failed) => &mut failed.reason,
        Response::Error(failure) => &mut failure.reason,
        _ => return response,
    };
    *reason = quoted(reason);
    response
}

/// Why there was no websocket handshake. A server that has no place says so in words.
fn refusal(error: &Error) -> ConnectError {
    if let Error::Http(response) = error
        && response.status() == StatusCode::SERVICE_UNAVAILABLE
    {
        let said = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        return io::Error::other(format!("it turns this connection away: {}", quoted(said.trim()))).into();
    }
    ConnectError::NotAServer(quoted(&error.to_string()))
}

async fn within<T>(late: &str, future: impl Future<Output = T>) -> Result<T, String> {
    match timeout(ANSWER_WITHIN, future).await {
        Ok(answer) => Ok(answer),
        Err(_) => Err(format!("{late} within {} s", ANSWER_WITHIN.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use tokio::net::TcpListener;
    use ultrawave_signal::limits::Options;
    use ultrawave_signal::protocol::{Code, Failed, Failure};
    use ultrawave_signal::server::Server;

    use super::*;

    #[tokio::test]
    async fn a_server_without_a_place_is_one_and_says_why() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::new(listener, Options { max_connections: 0, ..Options::default() }).unwrap();
        let url = url::Url::parse(&format!("ws://{}", server.local_addr())).unwrap();
        let running = tokio::spawn(server.run(std::future::pending()));
        let error = Socket::connect(&url).await.unwrap_err();
        assert!(matches!(&error, ConnectError::Unreachable(_)) && !error.is_refused(), "{error:?}");
        assert!(error.to_string().contains("all the 0 connections it may have"), "{error}");
        running.abort();
    }

    #[test]
    fn what_a_server_says_is_one_line_that_no_terminal_obeys() {
        let said =
            format!("no\nultrawave: all is saved\u{1b}]0;x\u{7}\u{9b}2J\u{202e}{}", "x".repeat(10_000));
        let (code, reason) = (Code::Limit, said.clone());
        let error = tame(Response::Error(Failure { code: code.clone(), reason }));
        let Response::Error(Failure { reason, .. }) = error else { panic!("{error:?}") };
        let shown = "no\\nultrawave: all is saved\\u001b]0;x\\u0007\\u009b2J\\u202ex";
        assert!(reason.starts_with(shown) && reason.ends_with("x…"), "{reason}");
        assert_eq!(reason.chars().count(), REASON_CHARS + 1);
        let failed = Failed { room: "r".to_owned(), code, reason: said };
        let failed = tame(Response::JoinFailed(failed));
        assert!(matches!(failed, Response::JoinFailed(failed) if failed.reason == reason));
        assert_eq!(quoted("the room is full"), "the room is full");
    }
}
