//! The lobby, told what happens and asked what it wants done.

mod coming_back;
mod limits;
mod random;
mod rendezvous;
mod rooms;

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::protocol::{
    Body, Create, Created, Failed, Join, Joined, Leave, Member, Reclaim, Relay, Relayed, RequestOffer,
    Resume, Signal,
};

pub(super) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(super) const GRACE: Time = Time::from_secs(30);

/// A lobby, its clock, and the connections made so far.
pub(super) struct World {
    pub(super) lobby: Lobby,
    pub(super) now: Time,
    last_connection: u64,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(super) fn with(options: Options) -> Self {
        let mut count = 0;
        let random_text = move || {
            count += 1;
            format!("text{count}")
        };
        Self { lobby: Lobby::new(options, random_text), now: Time::ZERO, last_connection: 0 }
    }

    /// A connection and its start.
    pub(super) fn connect(&mut self) -> (Connection, Start) {
        let (connection, result) = self.try_connect(HERE);
        let deliveries = result.unwrap();
        let Some(Delivery::Send(to, Response::Start(start))) = deliveries.last() else {
            panic!("{deliveries:?}")
        };
        assert_eq!(*to, connection);
        (connection, start.clone())
    }

    pub(super) fn try_connect(&mut self, from: IpAddr) -> (Connection, Result<Vec<Delivery>, Refused>) {
        self.last_connection += 1;
        let connection = Connection(self.last_connection);
        (connection, self.lobby.connect(connection, from))
    }

    pub(super) fn disconnect(&mut self, connection: Connection) {
        self.lobby.disconnect(self.now, connection);
    }

    pub(super) fn after(&mut self, time: Time) -> Vec<Delivery> {
        self.now += time;
        self.lobby.timeout(self.now)
    }

    pub(super) fn say(&mut self, connection: Connection, request: Request) -> Vec<Delivery> {
        let deliveries = self.lobby.handle(connection, request);
        self.lobby.check();
        deliveries
    }

    /// The answer to a request that concerns nobody else.
    pub(super) fn ask(&mut self, connection: Connection, request: Request) -> Response {
        match self.say(connection, request).as_slice() {
            [Delivery::Send(to, response)] if *to == connection => response.clone(),
            other => panic!("not one answer: {other:?}"),
        }
    }

    /// A new connection that opens a room.
    pub(super) fn create(&mut self, room: &str) -> (Connection, Created) {
        let connection = self.connect().0;
        match self.ask(connection, create(room)) {
            Response::Created(created) => (connection, created),
            other => panic!("{other:?}"),
        }
    }

    /// A new connection that enters a room.
    pub(super) fn join(&mut self, room: &str) -> (Connection, Joined) {
        let connection = self.connect().0;
        match self.say(connection, join(room)).first() {
            Some(Delivery::Send(_, Response::Joined(joined))) => (connection, joined.clone()),
            other => panic!("{other:?}"),
        }
    }
}

impl Lobby {
    /// The maps agree with each other, and nothing is left behind.
    pub(super) fn check(&self) {
        self.peers.check();
        for (name, room) in &self.rooms {
            assert!(!room.members.is_empty(), "the empty room {name} lives");
            for (&author, id) in &room.members {
                assert!(author <= room.last_author);
                assert_eq!(self.peers.get(id).unwrap().rooms.get(name), Some(&author));
            }
        }
        let memberships: usize = self.rooms.values().map(|room| room.members.len()).sum();
        assert_eq!(self.peers.membership_count(), memberships);
    }
}

pub(super) fn create(room: &str) -> Request {
    Request::Create(Create { room: room.to_owned(), max_members: None })
}

pub(super) fn join(room: &str) -> Request {
    Request::Join(Join { room: room.to_owned() })
}

pub(super) fn leave(room: &str) -> Request {
    Request::Leave(Leave { room: room.to_owned() })
}

pub(super) fn request_offer(room: &str, to: u32) -> Request {
    Request::RequestOffer(RequestOffer { room: room.to_owned(), to: Author(to) })
}

pub(super) fn relay(signal: Signal, room: &str, to: u32) -> Request {
    Request::Relay(signal, Relay { room: room.to_owned(), to: Author(to), body: body() })
}

pub(super) fn relayed(signal: Signal, room: &str, from: u32) -> Response {
    Response::Relayed(signal, Relayed { room: room.to_owned(), from: Author(from), body: body() })
}

pub(super) fn reclaim(start: &Start) -> Request {
    Request::Reclaim(Reclaim { id: start.id.clone(), secret: start.secret.clone() })
}

pub(super) fn resume(room: &str, incarnation: &str, author: u32, last_author: u32) -> Request {
    Request::Resume(Resume {
        opens_after: None,
        room: room.to_owned(),
        incarnation: incarnation.to_owned(),
        author: Author(author),
        last_author: Author(last_author),
        max_members: None,
    })
}

pub(super) fn member(room: &str, author: u32) -> Member {
    Member { room: room.to_owned(), author: Author(author) }
}

pub(super) fn authors(numbers: &[u32]) -> Vec<Author> {
    numbers.iter().map(|&number| Author(number)).collect()
}

/// The code of a refusal of any kind.
pub(super) fn code(response: &Response) -> Code {
    match response {
        Response::CreateFailed(Failed { code, .. })
        | Response::JoinFailed(Failed { code, .. })
        | Response::ResumeFailed(Failed { code, .. })
        | Response::AttendFailed(Failed { code, .. })
        | Response::KnockFailed(Failed { code, .. })
        | Response::Error(Failure { code, .. }) => code.clone(),
        Response::ReclaimFailed(failed) => failed.code.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

fn body() -> Body {
    Body::new(&"opaque").unwrap()
}
