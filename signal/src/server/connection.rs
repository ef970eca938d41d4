//! One connection: reads requests, sends what waits, asks the silent whether they live.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error as SocketError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::handshake;
use super::hub::Connected;
use super::pace::Pace;
use super::stream::{Stream, Upgrade};
use crate::limits::{FRAME_BYTES, Options};
use crate::protocol::{Code, Failure, Request, Response, Signal};

/// How long a connection gets to take its last message and to close from its side.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);

/// What the websocket calls an end that is no breach of the rules.
const CLOSE_CODES: [(Code, CloseCode); 3] = [
    (Code::TooLarge, CloseCode::Size),
    (Code::Stopping, CloseCode::Away),
    (Code::Replaced, CloseCode::Normal),
];

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The other side is gone.
    Gone,
    /// This side ends it, and says why.
    Closed(Failure),
}

/// Serves a connection until it ends.
pub(super) async fn serve(mut connected: Connected, upgrade: Upgrade, stream: TcpStream) {
    let id = connected.connection.0;
    // Messages are small and people wait for them. Without it they only come later.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(connection = id, %error, "the connection keeps its delay");
    }
    let options = connected.hub.options().clone();
    let upgrading = timeout(options.first_message_within, upgrade.apply(stream));
    let mut stream = tokio::select! {
        upgraded = upgrading => match upgraded {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(connection = id, %error, "no TLS handshake"),
            Err(_) => return tracing::debug!(connection = id, "no TLS handshake in time"),
        },
        _ = connected.outbox.closed() => return,
    };
    let accepting = timeout(options.first_message_within, handshake::accept(&mut stream, &options));
    let accepted = tokio::select! {
        accepted = accepting => accepted,
        _ = connected.outbox.closed() => return,
    };
    match accepted {
        Ok(Ok(socket)) => {
            let end = Link::new(&mut connected, &options, socket).run().await;
            tracing::debug!(connection = id, ?end, "connection ended");
        }
        Ok(Err(error)) => {
            tracing::debug!(connection = id, %error, "no websocket handshake");
            drop(timeout(FAREWELL_WITHIN, handshake::explain(&mut stream, &error)).await);
        }
        Err(_) => tracing::debug!(connection = id, "no websocket handshake in time"),
    }
}

/// A websocket and what is known of whoever is at its other end.
struct Link<'a> {
    connected: &'a mut Connected,
    options: &'a Options,
    socket: WebSocketStream<&'a mut Stream>,
    /// Of messages, frames apart.
    pace: Pace,
    /// Of the bytes of frames.
    relaying: Pace,
    began: Instant,
    /// When something last came.
    heard: Instant,
    /// When the server last asked whether it lives.
    asked: Instant,
    /// Whether a valid message has come.
    is_peer: bool,
    malformed: u32,
}

impl<'a> Link<'a> {
    fn new(
        connected: &'a mut Connected, options: &'a Options, socket: WebSocketStream<&'a mut Stream>,
    ) -> Self {
        let now = Instant::now();
        let pace = Pace::new(now, options.messages_per_second, options.message_burst);
        let relaying = Pace::new(now, options.relayed_bytes_per_second, options.relayed_burst_bytes);
        Self {
            connected,
            options,
            socket,
            pace,
            relaying,
            began: now,
            heard: now,
            asked: now,
            is_peer: false,
            malformed: 0,
        }
    }

    async fn run(mut self) -> End {
        let end = loop {
            if let Err(end) = self.step().await {
                break end;
            }
        };
        if let End::Closed(failure) = &end {
            drop(timeout(FAREWELL_WITHIN, self.farewell(failure)).await);
        }
        end
    }

    /// Waits for one thing to happen, and does what it asks for.
    async fn step(&mut self) -> Result<(), End> {
        let ready_at = self.pace.ready_at().max(self.relaying.ready_at());
        let deadline = self.deadline();
        let socket = &mut self.socket;
        let frame = async {
            sleep_until(ready_at).await;
            socket.next().await
        };
        tokio::select! {
            queued = self.connected.outbox.next() => {
                let queued = queued.map_err(closed)?;
                self.send(Message::text(queued)).await
            }
            frame = frame => match frame {
                Some(Ok(frame)) => self.receive(frame).await,
                Some(Err(error)) => Err(fault(&error, self.options)),
                None => Err(End::Gone),
            },
            () = sleep_until(deadline) => self.overdue().await,
        }
    }

    async fn receive(&mut self, frame: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let bytes = frame.len().saturating_add(FRAME_BYTES);
        let decoded = match frame {
            Message::Text(text) => Some(Request::decode(&text)),
            Message::Binary(_) => None,
            // The socket answers, and would keep the answers to all that is read before they are taken.
            Message::Ping(_) => {
                self.pace.take(self.heard, 1);
                return self.hand_over(None).await;
            }
            // After a close the stream ends.
            Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                self.pace.take(self.heard, 1);
                return Ok(());
            }
        };
        let is_frame = matches!(decoded, Some(Ok(Request::Relay(Signal::Frame, _))));
        if is_frame && self.options.relayed_bytes_per_second > 0 {
            self.relaying.take(self.heard, u32::try_from(bytes).unwrap_or(u32::MAX));
        } else {
            self.pace.take(self.heard, 1);
        }
        let reason = match decoded {
            Some(Ok(request)) => {
                self.is_peer = true;
                self.connected.hub.handle(self.connected.connection, request);
                return Ok(());
            }
            Some(Err(error)) => Failure { code: error.code(), reason: error.to_string() },
            None => Failure {
                code: Code::Malformed,
                reason: "messages are JSON in text frames, not binary".into(),
            },
        };
        self.malformed += 1;
        if self.malformed >= self.options.max_malformed {
            return Err(End::Closed(reason));
        }
        self.send(Message::text(Response::Error(reason).encode())).await
    }

    /// Sends one message.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.hand_over(Some(message)).await
    }

    /// Hands over what the socket has to send, and a message if there is one. A connection that does
    /// not take it in time is dropped.
    async fn hand_over(&mut self, message: Option<Message>) -> Result<(), End> {
        let socket = &mut self.socket;
        let handing_over = async {
            match message {
                Some(message) => socket.send(message).await,
                None => socket.flush().await,
            }
        };
        tokio::select! {
            failure = self.connected.outbox.closed() => Err(closed(failure)),
            handed_over = timeout(self.options.send_within, handing_over) => match handed_over {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(End::Gone),
            },
        }
    }

    /// When silence becomes a reason to do something.
    fn deadline(&self) -> Instant {
        let silent = self.heard + self.options.silent_after;
        let ask = self.heard.max(self.asked) + self.options.ping_after;
        let first = self.began + self.options.first_message_within;
        if self.is_peer { silent.min(ask) } else { silent.min(ask).min(first) }
    }

    async fn overdue(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if !self.is_peer && now >= self.began + self.options.first_message_within {
            let reason = format!("no valid message came within {:?}", self.options.first_message_within);
            return Err(End::Closed(Failure { code: Code::TooSlow, reason }));
        }
        if now >= self.heard + self.options.silent_after {
            let reason =
                format!("nothing came for {:?}, not even answers to pings", self.options.silent_after);
            return Err(End::Closed(Failure { code: Code::TooSlow, reason }));
        }
        self.asked = now;
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Says why, and closes. The caller bounds the time.
    async fn farewell(&mut self, failure: &Failure) {
        let close_code = CLOSE_CODES.iter().find(|(code, _)| *code == failure.code);
        let code = close_code.map_or(CloseCode::Policy, |&(_, close_code)| close_code);
        let text = Response::Error(failure.clone()).encode();
        let close = CloseFrame { code, reason: failure.code.as_str().into() };
        if self.socket.send(Message::text(text)).await.is_ok()
            && self.socket.send(Message::Close(Some(close))).await.is_ok()
        {
            handshake::linger(self.socket.get_mut()).await;
        }
    }
}

/// The hub has ended the connection.
fn closed(failure: Option<Failure>) -> End {
    failure.map_or(End::Gone, End::Closed)
}

/// What a fault of the socket means.
fn fault(error: &SocketError, options: &Options) -> End {
    if matches!(error, SocketError::Capacity(_)) {
        let reason = format!("a message may have {} bytes at most", options.max_frame_bytes);
        return End::Closed(Failure { code: Code::TooLarge, reason });
    }
    End::Gone
}
