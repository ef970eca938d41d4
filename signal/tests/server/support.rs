//! A server on a free port, and peers that talk to it over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};
use ultrawave_signal::limits::Options;
use ultrawave_signal::protocol::{
    Author, Body, Code, Create, Created, Join, Joined, Reclaim, Relay, Request, Response, Resume, Signal,
    Start,
};
use ultrawave_signal::server::Server;

/// Longer than anything takes that works, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A server that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn start(options: Options) -> Self {
        let server = Server::bind("127.0.0.1:0", options).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Self { address, stop, task }
    }

    /// Stops it, and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.task).await.expect("the server does not stop").unwrap();
    }

    /// Cuts it off in the middle of whatever it does.
    pub(crate) async fn abort(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    pub(crate) async fn connect(&self) -> Peer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{}/", self.address), stream).await.unwrap();
        let mut peer = Peer {
            socket,
            start: Start {
                version: 0,
                id: String::new(),
                secret: String::new(),
                ice: None,
                settles_in_ms: None,
            },
        };
        match peer.hear().await {
            Response::Start(start) => peer.start = start,
            other => panic!("not a start: {other:?}"),
        }
        peer
    }

    /// A peer that has opened a room.
    pub(crate) async fn create(&self, room: &str) -> (Peer, Created) {
        let mut peer = self.connect().await;
        peer.say(&create(room)).await;
        match peer.hear().await {
            Response::Created(created) => (peer, created),
            other => panic!("not created: {other:?}"),
        }
    }

    /// A peer that has joined a room.
    pub(crate) async fn join(&self, room: &str) -> (Peer, Joined) {
        let mut peer = self.connect().await;
        peer.say(&Request::Join(Join { room: room.to_owned() })).await;
        match peer.hear().await {
            Response::Joined(joined) => (peer, joined),
            other => panic!("not joined: {other:?}"),
        }
    }

    /// Asserts that somebody else is served as if nothing were going on.
    pub(crate) async fn assert_serves(&self, room: &str) {
        let (_, created) = timeout(PATIENCE, self.create(room)).await.expect("others are not served");
        assert_eq!(created.author, Author(1));
    }
}

/// One end of a connection to the server.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) start: Start,
}

impl Peer {
    pub(crate) async fn say(&mut self, request: &Request) {
        self.say_text(&request.encode()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message of the server.
    pub(crate) async fn hear(&mut self) -> Response {
        match self.next().await {
            Some(Message::Text(text)) => Response::decode(&text).unwrap(),
            other => panic!("not a message: {other:?}"),
        }
    }

    /// The code of the next message, which is an error.
    pub(crate) async fn hear_error(&mut self) -> Code {
        match self.hear().await {
            Response::Error(failure) => failure.code,
            other => panic!("not an error: {other:?}"),
        }
    }

    /// Waits for an error that ends the connection.
    pub(crate) async fn hear_end(&mut self) -> (Code, CloseCode) {
        let code = self.hear_error().await;
        let Some(Message::Close(Some(frame))) = self.next().await else { panic!("not closed") };
        assert_eq!(frame.reason.as_str(), code.as_str());
        assert!(self.next().await.is_none(), "something comes after the end");
        (code, frame.code)
    }

    /// What comes next, apart from pings; nothing at the end.
    async fn next(&mut self) -> Option<Message> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Ping(_))) => {}
                    other => break other.transpose().unwrap_or_default(),
                }
            }
        };
        timeout(PATIENCE, next).await.expect("the server is silent")
    }
}

pub(crate) fn create(room: &str) -> Request {
    Request::Create(Create { room: room.to_owned(), max_members: None })
}

pub(crate) fn relay<T: serde::Serialize>(signal: Signal, room: &str, to: Author, body: &T) -> Request {
    Request::Relay(signal, Relay { room: room.to_owned(), to, body: Body::new(body).unwrap() })
}

pub(crate) fn reclaim(start: &Start) -> Request {
    Request::Reclaim(Reclaim { id: start.id.clone(), secret: start.secret.clone() })
}

pub(crate) fn resume(joined: &Joined, last_author: Author) -> Request {
    Request::Resume(Resume {
        opens_after: None,
        room: joined.room.clone(),
        incarnation: joined.incarnation.clone(),
        author: joined.author,
        last_author,
        max_members: None,
    })
}
