//! Coming back: to the same server after a broken connection, or to one that has forgotten.

use super::peers::{Line, PeerId};
use super::rooms::{Refusal, Room, full, joined};
use super::{Connection, Delivery, Lobby};
use crate::limits;
use crate::protocol::{
    Author, Code, Failed, Failure, Member, Reclaim, ReclaimFailed, Reclaimed, Response, Resume,
};

impl Lobby {
    /// The connection becomes that of a peer known from before. Works too while the old
    /// connection still seems to live: a peer often notices a break before the server does.
    pub(super) fn reclaim(
        &mut self, connection: Connection, fresh: &PeerId, request: Reclaim,
    ) -> Vec<Delivery> {
        let id = PeerId(request.id);
        if let Err((code, reason)) = self.may_reclaim(fresh, &id, &request.secret) {
            let failed = ReclaimFailed { id: id.0, code, reason };
            return vec![Delivery::Send(connection, Response::ReclaimFailed(failed))];
        }
        let mut deliveries = Vec::new();
        if let (Some(fresh), Some(mut peer)) = (self.peers.remove(fresh), self.peers.remove(&id)) {
            if let Line::Live(old) = peer.line {
                let reason = "this peer has connected again and goes on there".into();
                deliveries.push(Delivery::Close(old, Failure { code: Code::Replaced, reason }));
            }
            peer.line = fresh.line;
            peer.network = fresh.network;
            self.peers.insert(id.clone(), peer);
        }
        let memberships: Vec<(&str, Author, &Room)> = self.memberships(&id).collect();
        let rooms = memberships.iter().map(|&(name, author, room)| joined(name, room, author)).collect();
        deliveries
            .push(Delivery::Send(connection, Response::Reclaimed(Reclaimed { id: id.0.clone(), rooms })));
        for (name, author, room) in memberships {
            let present = Response::Present(Member { room: name.to_owned(), author });
            self.send_to_others(room, author, &present, &mut deliveries);
        }
        deliveries
    }

    fn may_reclaim(&self, fresh: &PeerId, id: &PeerId, secret: &str) -> Result<(), Refusal> {
        if self.peers.get(fresh).is_some_and(|peer| !peer.rooms.is_empty()) {
            return Err((
                Code::TooLate,
                "this connection is in a room already; reclaim before joining".into(),
            ));
        }
        let known = self.peers.get(id).filter(|_| id != fresh);
        if !known.is_some_and(|peer| same_secret(&peer.secret, secret)) {
            return Err((
                Code::Unknown,
                "no such peer is known here any more; resume its rooms, or join anew".into(),
            ));
        }
        Ok(())
    }

    fn memberships(&self, id: &PeerId) -> impl Iterator<Item = (&str, Author, &Room)> {
        let rooms = self.peers.get(id).into_iter().flat_map(|peer| &peer.rooms);
        rooms.filter_map(|(name, &author)| Some((name.as_str(), author, self.rooms.get(name)?)))
    }

    /// The peer enters a room under the number it had, and opens the room if it is not there.
    pub(super) fn resume(&mut self, connection: Connection, peer: &PeerId, request: Resume) -> Vec<Delivery> {
        if let Err((code, reason)) = self.may_resume(peer, &request) {
            let failed = Failed { room: request.room, code, reason };
            return vec![Delivery::Send(connection, Response::ResumeFailed(failed))];
        }
        let Resume { room: name, incarnation, author, last_author, opens_after, max_members } = request;
        if !self.rooms.contains_key(&name) {
            let given_out = opens_after.map_or(last_author, |after| after.max(last_author));
            self.open_room(name.clone(), incarnation, max_members, given_out);
        }
        self.take_number(&name, author);
        self.add_member(&name, author, peer);
        let mut deliveries = Vec::new();
        if let Some(room) = self.rooms.get_mut(&name) {
            room.last_author = room.last_author.max(last_author);
        }
        if let Some(room) = self.rooms.get(&name) {
            deliveries.push(Delivery::Send(connection, Response::Resumed(joined(&name, room, author))));
            let present = Response::Present(Member { room: name, author });
            self.send_to_others(room, author, &present, &mut deliveries);
        }
        deliveries
    }

    fn may_resume(&self, peer: &PeerId, request: &Resume) -> Result<(), Refusal> {
        self.may_enter(peer, &request.room)?;
        check_numbers(request)?;
        let Some(room) = self.rooms.get(&request.room) else { return self.may_open(request.max_members) };
        if !same_secret(&room.incarnation, &request.incarnation) {
            return Err((
                Code::OtherRoom,
                "another room has this name now; save the document and create a room of another name".into(),
            ));
        }
        let holder = room.members.get(&request.author);
        match holder.and_then(|id| self.peers.get(id)).map(|peer| peer.line) {
            Some(Line::Live(_)) => {
                Err((Code::Held, format!("somebody else is member {} now; join anew", request.author)))
            }
            None if room.is_full() => Err(full(room)),
            Some(Line::Away(_)) | None => Ok(()),
        }
    }

    /// Takes a number from a peer with a broken connection; nobody is told, as the member stays.
    fn take_number(&mut self, name: &str, author: Author) {
        let Some(holder) = self.rooms.get_mut(name).and_then(|room| room.members.remove(&author)) else {
            return;
        };
        let Some(rooms) = self.peers.rooms_mut(&holder) else { return };
        rooms.remove(name);
        if rooms.is_empty() {
            self.peers.remove(&holder);
        }
    }
}

fn check_numbers(request: &Resume) -> Result<(), Refusal> {
    let numbers = 1..=limits::AUTHOR;
    let named = [Some(request.author), Some(request.last_author), request.opens_after];
    if named.iter().flatten().any(|author| !numbers.contains(&author.0)) {
        return Err((
            Code::Malformed,
            format!("author, last_author and opens_after must be from 1 to {}", limits::AUTHOR),
        ));
    }
    let incarnation = &request.incarnation;
    let is_one = (1..=limits::INCARNATION_BYTES).contains(&incarnation.len())
        && incarnation.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_one {
        return Err((
            Code::Malformed,
            "incarnation must be the text that came with created or joined".into(),
        ));
    }
    Ok(())
}

/// Compares without telling by its time how much was right.
fn same_secret(known: &str, given: &str) -> bool {
    known.len() == given.len()
        && known.bytes().zip(given.bytes()).fold(0, |difference, (one, other)| difference | (one ^ other))
            == 0
}
