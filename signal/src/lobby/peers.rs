//! Who the server knows, by id, by connection, and in the order in which grace times end.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{Connection, Time};
use crate::protocol::Author;

/// A peer's name for the server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PeerId(pub(super) String);

/// Whether a peer can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Over this connection.
    Live(Connection),
    /// Not now; until then it may come back.
    Away(Time),
}

/// Who the server knows under an id.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) secret: String,
    pub(super) network: IpAddr,
    pub(super) line: Line,
    /// Who it is in each of its rooms.
    pub(super) rooms: BTreeMap<String, Author>,
}

impl Peer {
    pub(super) fn new(secret: String, network: IpAddr, connection: Connection) -> Self {
        Self { secret, network, line: Line::Live(connection), rooms: BTreeMap::new() }
    }
}

/// All peers. Lines change only here, so that the three maps agree.
#[derive(Debug, Default)]
pub(super) struct Peers {
    by_id: BTreeMap<PeerId, Peer>,
    by_connection: BTreeMap<Connection, PeerId>,
    away: BTreeSet<(Time, PeerId)>,
}

impl Peers {
    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn count_of(&self, network: IpAddr) -> usize {
        self.by_id.values().filter(|peer| peer.network == network).count()
    }

    pub(super) fn of(&self, connection: Connection) -> Option<PeerId> {
        self.by_connection.get(&connection).cloned()
    }

    pub(super) fn get(&self, id: &PeerId) -> Option<&Peer> {
        self.by_id.get(id)
    }

    /// The memberships of a peer, to be changed.
    pub(super) fn rooms_mut(&mut self, id: &PeerId) -> Option<&mut BTreeMap<String, Author>> {
        self.by_id.get_mut(id).map(|peer| &mut peer.rooms)
    }

    pub(super) fn insert(&mut self, id: PeerId, peer: Peer) {
        self.note_line(&id, peer.line);
        self.by_id.insert(id, peer);
    }

    pub(super) fn remove(&mut self, id: &PeerId) -> Option<Peer> {
        let peer = self.by_id.remove(id)?;
        self.drop_line(id, peer.line);
        Some(peer)
    }

    /// The connection is broken. A peer that is in no room has nothing to come back to.
    pub(super) fn set_away(&mut self, id: &PeerId, until: Time) {
        if let Some(mut peer) = self.remove(id)
            && !peer.rooms.is_empty()
        {
            peer.line = Line::Away(until);
            self.insert(id.clone(), peer);
        }
    }

    /// Whose grace time ends first, and when.
    pub(super) fn next_away(&self) -> Option<(Time, PeerId)> {
        self.away.first().cloned()
    }

    /// Whose grace time ends first, of one network or of all.
    pub(super) fn oldest_away(&self, network: Option<IpAddr>) -> Option<PeerId> {
        let mut away = self.away.iter().map(|(_, id)| id);
        away.find(|id| network.is_none() || self.get(id).map(|peer| peer.network) == network).cloned()
    }

    fn note_line(&mut self, id: &PeerId, line: Line) {
        match line {
            Line::Live(connection) => {
                self.by_connection.insert(connection, id.clone());
            }
            Line::Away(until) => {
                self.away.insert((until, id.clone()));
            }
        }
    }

    fn drop_line(&mut self, id: &PeerId, line: Line) {
        match line {
            Line::Live(connection) => {
                self.by_connection.remove(&connection);
            }
            Line::Away(until) => {
                self.away.remove(&(until, id.clone()));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
impl Peers {
    /// The three maps agree.
    pub(super) fn check(&self) {
        assert_eq!(self.by_id.len(), self.by_connection.len() + self.away.len());
        for (connection, id) in &self.by_connection {
            assert_eq!(self.get(id).unwrap().line, Line::Live(*connection));
        }
        for (until, id) in &self.away {
            let peer = self.get(id).unwrap();
            assert_eq!(peer.line, Line::Away(*until));
            assert!(!peer.rooms.is_empty(), "{id:?} waits for nothing");
        }
    }

    pub(super) fn membership_count(&self) -> usize {
        self.by_id.values().map(|peer| peer.rooms.len()).sum()
    }
}
