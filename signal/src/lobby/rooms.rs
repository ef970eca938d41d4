//! Creating, joining and leaving rooms, and passing things on between their members.

use std::collections::BTreeMap;

use super::peers::{Line, PeerId};
use super::{Connection, Delivery, Lobby, error};
use crate::limits;
use crate::protocol::{
    Author, Code, Create, Created, Failed, Join, Joined, Leave, Member, Relay, Relayed, RequestOffer,
    Response, Signal, check_room_name,
};

/// The members of a room. It lives while it has any.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) incarnation: String,
    pub(super) max_members: u32,
    /// The highest number given out or known of.
    pub(super) last_author: Author,
    pub(super) members: BTreeMap<Author, PeerId>,
}

impl Room {
    pub(super) fn is_full(&self) -> bool {
        u32::try_from(self.members.len()).map_or(true, |count| count >= self.max_members)
    }

    pub(super) fn others(&self, than: Author) -> Vec<Author> {
        self.members.keys().copied().filter(|&author| author != than).collect()
    }
}

/// Why a room cannot be had.
pub(super) type Refusal = (Code, String);

impl Lobby {
    pub(super) fn create(&mut self, connection: Connection, peer: &PeerId, request: Create) -> Vec<Delivery> {
        if let Err((code, reason)) = self.may_create(peer, &request) {
            let failed = Failed { room: request.room, code, reason };
            return vec![Delivery::Send(connection, Response::CreateFailed(failed))];
        }
        let author = Author(1);
        let incarnation = (self.random_text)();
        let created = Created { room: request.room.clone(), author, incarnation: incarnation.clone() };
        self.open_room(request.room.clone(), incarnation, request.max_members, author);
        self.add_member(&request.room, author, peer);
        vec![Delivery::Send(connection, Response::Created(created))]
    }

    fn may_create(&self, peer: &PeerId, request: &Create) -> Result<(), Refusal> {
        self.may_enter(peer, &request.room)?;
        if self.rooms.contains_key(&request.room) {
            return Err((
                Code::Exists,
                "a room of this name exists already; join it, or choose another name".into(),
            ));
        }
        self.may_open(request.max_members)
    }

    pub(super) fn join(&mut self, connection: Connection, peer: &PeerId, request: Join) -> Vec<Delivery> {
        let author = match self.may_join(peer, &request.room) {
            Ok(author) => author,
            Err((code, reason)) => {
                let failed = Failed { room: request.room, code, reason };
                return vec![Delivery::Send(connection, Response::JoinFailed(failed))];
            }
        };
        self.add_member(&request.room, author, peer);
        let mut deliveries = Vec::new();
        if let Some(room) = self.rooms.get(&request.room) {
            let joined = joined(&request.room, room, author);
            deliveries.push(Delivery::Send(connection, Response::Joined(joined)));
            let newcomer = Response::RequestOffer(Member { room: request.room, author });
            self.send_to_others(room, author, &newcomer, &mut deliveries);
        }
        deliveries
    }

    /// The number that the newcomer gets.
    fn may_join(&self, peer: &PeerId, name: &str) -> Result<Author, Refusal> {
        self.may_enter(peer, name)?;
        let room = self.rooms.get(name).ok_or_else(|| {
            (Code::NoRoom, "there is no room of this name; create it, or look at its spelling".into())
        })?;
        if room.is_full() {
            return Err(full(room));
        }
        if room.last_author.0 >= limits::AUTHOR {
            return Err((Code::Limit, "the room has used up its author numbers; create another one".into()));
        }
        Ok(Author(room.last_author.0 + 1))
    }

    /// Whether the name is one, and the peer may be in one more room.
    pub(super) fn may_enter(&self, peer: &PeerId, name: &str) -> Result<(), Refusal> {
        check_room_name(name).map_err(|error| (Code::BadName, error.to_string()))?;
        let Some(peer) = self.peers.get(peer) else { return Ok(()) };
        if peer.rooms.contains_key(name) {
            return Err((Code::AlreadyMember, "this connection is in the room already".into()));
        }
        let most = self.options.max_rooms_per_connection;
        if peer.rooms.len() >= most {
            return Err((
                Code::Limit,
                format!("one connection may be in {most} rooms at most; leave one first"),
            ));
        }
        Ok(())
    }

    /// Whether there may be one more room.
    pub(super) fn may_open(&self, max_members: Option<u32>) -> Result<(), Refusal> {
        if max_members == Some(0) {
            return Err((Code::Malformed, "max_members must be at least 1".into()));
        }
        let most = self.options.max_rooms;
        if self.rooms.len() >= most {
            return Err((
                Code::Limit,
                format!("the server has all the {most} rooms it may have; try again later"),
            ));
        }
        Ok(())
    }

    /// A room without members; the first must be added at once.
    pub(super) fn open_room(
        &mut self, name: String, incarnation: String, max_members: Option<u32>, last_author: Author,
    ) {
        let most = self.options.max_members;
        let max_members = max_members.map_or(most, |wanted| wanted.min(most));
        self.rooms.insert(name, Room { incarnation, max_members, last_author, members: BTreeMap::new() });
    }

    pub(super) fn add_member(&mut self, name: &str, author: Author, peer: &PeerId) {
        if let (Some(room), Some(rooms)) = (self.rooms.get_mut(name), self.peers.rooms_mut(peer)) {
            room.members.insert(author, peer.clone());
            room.last_author = room.last_author.max(author);
            rooms.insert(name.to_owned(), author);
        }
    }

    pub(super) fn leave(&mut self, connection: Connection, peer: &PeerId, request: &Leave) -> Vec<Delivery> {
        match self.peers.rooms_mut(peer).and_then(|rooms| rooms.remove(&request.room)) {
            Some(author) => {
                let mut deliveries = Vec::new();
                self.remove_member(&request.room, author, &mut deliveries);
                deliveries
            }
            None => not_member(connection),
        }
    }

    /// Takes a member out of its room, tells the others, and closes the room after the last.
    pub(super) fn remove_member(&mut self, name: &str, author: Author, deliveries: &mut Vec<Delivery>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        room.members.remove(&author);
        if room.members.is_empty() {
            self.rooms.remove(name);
        } else if let Some(room) = self.rooms.get(name) {
            let left = Response::Left(Member { room: name.to_owned(), author });
            self.send_to_others(room, author, &left, deliveries);
        }
    }

    pub(super) fn request_offer(
        &mut self, connection: Connection, peer: &PeerId, request: &RequestOffer,
    ) -> Vec<Delivery> {
        self.pass_on(connection, peer, &request.room, request.to, |from| {
            Response::RequestOffer(Member { room: request.room.clone(), author: from })
        })
    }

    pub(super) fn relay(
        &mut self, connection: Connection, peer: &PeerId, signal: Signal, request: Relay,
    ) -> Vec<Delivery> {
        if signal == Signal::Frame && self.options.relayed_bytes_per_second == 0 {
            let reason = "this server relays no frames; use a TURN server".into();
            return error(connection, Code::NoRelay, reason);
        }
        let Relay { room, to, body } = request;
        self.pass_on(connection, peer, &room, to, |from| {
            Response::Relayed(signal, Relayed { room: room.clone(), from, body })
        })
    }

    /// Sends something from one member of a room to another.
    fn pass_on(
        &self, connection: Connection, peer: &PeerId, room: &str, to: Author,
        response: impl FnOnce(Author) -> Response,
    ) -> Vec<Delivery> {
        let Some(&from) = self.peers.get(peer).and_then(|peer| peer.rooms.get(room)) else {
            return not_member(connection);
        };
        let target = self.rooms.get(room).and_then(|room| room.members.get(&to)).filter(|_| to != from);
        match target.and_then(|id| self.peers.get(id)).map(|peer| peer.line) {
            Some(Line::Live(target)) => vec![Delivery::Send(target, response(from))],
            Some(Line::Away(_)) => error(
                connection,
                Code::Away,
                format!("member {to} of the room {room} has a broken connection; wait until it is present"),
            ),
            None => error(connection, Code::NoMember, format!("the room {room} has no other member {to}")),
        }
    }
}

pub(super) fn joined(name: &str, room: &Room, author: Author) -> Joined {
    Joined {
        room: name.to_owned(),
        author,
        members: room.others(author),
        incarnation: room.incarnation.clone(),
        last_author: Some(room.last_author),
    }
}

pub(super) fn full(room: &Room) -> Refusal {
    (Code::Full, format!("the room has all the {} members it may have", room.max_members))
}

fn not_member(connection: Connection) -> Vec<Delivery> {
    error(connection, Code::NotMember, "this connection is not in that room; create or join it first".into())
}
