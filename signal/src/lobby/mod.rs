//! The rooms and their members, as a pure machine: it is told what happened and answers with what
//! to do. Time is passed in, and random texts come from a source given to [`Lobby::new`].
//!
//! ```text
//! connection 7 --Request--> Lobby::handle --+--> Delivery::Send(7, joined)
//!                                           +--> Delivery::Send(3, request offer)
//! ```
//!
//! A *peer* is who the server knows under an id. It has one connection, or, while that is broken,
//! a grace time in which another connection may reclaim it. A *member* is a peer in a room, where
//! it has an author number.

mod peers;
mod reclaim;
mod rendezvous;
mod rooms;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test panics on what it did not expect"
)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::limits::Options;
use crate::protocol::{Author, Code, Failure, Ice, Request, Response, Start, VERSION};
use peers::{Line, Peer, PeerId, Peers};
use rendezvous::Desk;
use rooms::Room;

/// A moment: time since the server began.
pub type Time = Duration;

/// A connection to the server, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(pub u64);

/// What the lobby wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Send this to that connection.
    Send(Connection, Response),
    /// Close that connection. The lobby has forgotten it already.
    Close(Connection, Failure),
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The server has all the connections it may have.
    #[error("the server has all the {0} connections it may have; try again later")]
    Connections(usize),
    /// The address has all the connections it may have.
    #[error("your address has all the {0} connections it may have here; close one, or try again later")]
    ConnectionsOfAddress(usize),
}

/// The rooms and their members.
pub struct Lobby {
    options: Options,
    /// Makes texts that nobody can guess: ids, secrets, incarnations.
    random_text: Box<dyn FnMut() -> String + Send>,
    /// Makes what a peer is told of STUN and TURN servers.
    ice: Box<dyn FnMut() -> Option<Ice> + Send>,
    /// How long members from before the start may still take to come back.
    settling: Box<dyn FnMut() -> Option<Duration> + Send>,
    peers: Peers,
    rooms: BTreeMap<String, Room>,
    /// Where people meet who know a passphrase.
    desks: BTreeMap<String, Desk>,
    /// The names under which each of them attends: connections come and go too often to look at all
    /// desks for it.
    attended: BTreeMap<Connection, Vec<String>>,
}

impl fmt::Debug for Lobby {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (peers, rooms) = (self.peer_count(), self.room_count());
        formatter.debug_struct("Lobby").field("peers", &peers).field("rooms", &rooms).finish_non_exhaustive()
    }
}

impl Lobby {
    /// No rooms and no peers. `random_text` makes texts that nobody can guess.
    pub fn new(options: Options, random_text: impl FnMut() -> String + Send + 'static) -> Self {
        Self {
            options,
            random_text: Box::new(random_text),
            ice: Box::new(|| None),
            settling: Box::new(|| None),
            peers: Peers::default(),
            rooms: BTreeMap::new(),
            desks: BTreeMap::new(),
            attended: BTreeMap::new(),
        }
    }

    /// With STUN and TURN servers to hand out, as `ice` says at the time.
    #[must_use]
    pub fn with_ice(self, ice: impl FnMut() -> Option<Ice> + Send + 'static) -> Self {
        Self { ice: Box::new(ice), ..self }
    }

    /// With members of rooms from before the start to come, for as long as `settling` says.
    #[must_use]
    pub fn with_settling(self, settling: impl FnMut() -> Option<Duration> + Send + 'static) -> Self {
        Self { settling: Box::new(settling), ..self }
    }

    /// A connection has come. Of those in their grace time the oldest make place for it.
    ///
    /// # Errors
    /// When there is no place for it; the lobby knows nothing of it then.
    pub fn connect(&mut self, connection: Connection, address: IpAddr) -> Result<Vec<Delivery>, Refused> {
        let network = network(address);
        let mut deliveries = Vec::new();
        let of_address = self.options.max_connections_per_address;
        if self.peers.count_of(network) >= of_address {
            let oldest =
                self.peers.oldest_away(Some(network)).ok_or(Refused::ConnectionsOfAddress(of_address))?;
            self.forget(&oldest, &mut deliveries);
        }
        let in_total = self.options.max_connections;
        if self.peers.count() >= in_total {
            let oldest = self.peers.oldest_away(None).ok_or(Refused::Connections(in_total))?;
            self.forget(&oldest, &mut deliveries);
        }
        let (id, secret) = ((self.random_text)(), (self.random_text)());
        let settles_in_ms = (self.settling)().and_then(|left| u64::try_from(left.as_millis()).ok());
        let start = Start { version: VERSION, id, secret, ice: (self.ice)(), settles_in_ms };
        let peer = Peer::new(start.secret.clone(), network, connection);
        self.peers.insert(PeerId(start.id.clone()), peer);
        deliveries.push(Delivery::Send(connection, Response::Start(start)));
        Ok(deliveries)
    }

    /// A connection is broken, or closed by the other side. Its memberships wait for it.
    pub fn disconnect(&mut self, now: Time, connection: Connection) {
        self.forget_desks(connection);
        if let Some(id) = self.peers.of(connection) {
            self.peers.set_away(&id, now + self.options.grace);
        }
    }

    /// When to call [`timeout`](Self::timeout).
    pub fn next_timeout(&self) -> Option<Time> {
        self.peers.next_away().map(|(until, _)| until)
    }

    /// Forgets those whose grace time is over.
    pub fn timeout(&mut self, now: Time) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        while let Some((until, id)) = self.peers.next_away()
            && until <= now
        {
            self.forget(&id, &mut deliveries);
        }
        deliveries
    }

    /// A connection has said something.
    pub fn handle(&mut self, connection: Connection, request: Request) -> Vec<Delivery> {
        let Some(peer) = self.peers.of(connection) else { return Vec::new() };
        match request {
            Request::Reclaim(request) => self.reclaim(connection, &peer, request),
            Request::Create(request) => self.create(connection, &peer, request),
            Request::Join(request) => self.join(connection, &peer, request),
            Request::Resume(request) => self.resume(connection, &peer, request),
            Request::RequestIce(_) => {
                vec![Delivery::Send(connection, Response::Ice((self.ice)().unwrap_or_default()))]
            }
            Request::RequestOffer(request) => self.request_offer(connection, &peer, &request),
            Request::Relay(signal, request) => self.relay(connection, &peer, signal, request),
            Request::Leave(request) => self.leave(connection, &peer, &request),
            Request::Attend(request) => self.attend(connection, request),
            Request::Knock(request) => self.knock(connection, request),
            Request::AnswerKnock(request) => self.answer_knock(connection, request),
        }
    }

    /// How many rooms there are.
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// How many peers there are, those in their grace time included.
    pub fn peer_count(&self) -> usize {
        self.peers.count()
    }

    /// Takes a peer out of every room and forgets it.
    fn forget(&mut self, id: &PeerId, deliveries: &mut Vec<Delivery>) {
        for (name, author) in self.peers.remove(id).map(|peer| peer.rooms).unwrap_or_default() {
            self.remove_member(&name, author, deliveries);
        }
    }

    /// Sends something to every member of a room with a connection, except one.
    fn send_to_others(
        &self, room: &Room, except: Author, response: &Response, deliveries: &mut Vec<Delivery>,
    ) {
        for (&author, id) in &room.members {
            if author != except
                && let Some(Line::Live(connection)) = self.peers.get(id).map(|peer| peer.line)
            {
                deliveries.push(Delivery::Send(connection, response.clone()));
            }
        }
    }
}

/// What counts as one address: whoever has an IPv6 address commonly has a whole /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// An answer about a message that cannot be followed.
fn error(connection: Connection, code: Code, reason: String) -> Vec<Delivery> {
    vec![Delivery::Send(connection, Response::Error(Failure { code, reason }))]
}
