//! The connections to the other members: who offers, when to try again, whom to forget.
//!
//! Of two members the lower author offers and the higher answers, so offers never cross: who is
//! there already is always lower than a newcomer. The higher may ask for an offer. The driver
//! feeds the mesh and then takes [`inputs`](Mesh::take_inputs) for the session and
//! [`requests`](Mesh::take_requests) for the signaling server.

mod detours;
mod member;
mod proving;
#[cfg(test)]
mod tests;
mod trying;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use ultrawave_signal::protocol::{self, Relay, Relayed, Request};
use webrtc::peer_connection::RTCIceServer;

use self::member::{Link, Member, Wire};
pub(super) use self::proving::Credentials;
use self::proving::{Half, Heard, Proving};
use self::trying::{OFFER_AGAIN_AFTER, OFFER_WITHIN, RESTART_AFTER};
use super::connection::{Connection, ConnectionEvent, ConnectionId, ConnectionOptions, Events, Role, Signal};
use super::relay::Said;
use super::sealed::KEY_BYTES;
use super::statistics::Measured;
use crate::limits;
use crate::session::{Channel, Input, Message};
use crate::sync::Author;
use crate::trust::{Access, Certificate};

/// How long somebody who is removed may take to take in what is said last.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// From how many numbers that of the first connection is chosen, by chance.
const FIRST_NUMBERS: u64 = 1 << 32;

/// How long to look for a direct way before the one through the server is taken.
const DETOUR_AFTER: Duration = Duration::from_secs(4);

/// How long to wait before that is considered anew.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The connections to the other members.
pub(super) struct Mesh {
    me: Author,
    room: String,
    credentials: Credentials,
    options: ConnectionOptions,
    events: Events,
    members: BTreeMap<Author, Member>,
    /// The number of the connection begun last.
    count: u64,
    is_server_up: bool,
    /// Those who did wrong: nothing is had to do with them any more.
    expelled: BTreeSet<Author>,
    heard: Heard,
    inputs: Vec<Input>,
    requests: Vec<Request>,
    /// What the connections measured lately.
    measured: Vec<(Author, Measured)>,
    /// Whether the server is to be asked for a sign of life.
    is_server_doubted: bool,
}

impl Mesh {
    pub(super) fn new(
        me: Author, room: String, credentials: Credentials, options: ConnectionOptions, events: Events,
    ) -> Self {
        Self {
            me,
            room,
            credentials,
            options,
            events,
            members: BTreeMap::new(),
            // A process that comes back at once is told by it from the one before, whose connection
            // its peers may still take for open.
            count: rand::rng().random_range(0..FIRST_NUMBERS),
            is_server_up: true,
            expelled: BTreeSet::new(),
            heard: Heard::default(),
            inputs: Vec::new(),
            requests: Vec::new(),
            measured: Vec::new(),
            is_server_doubted: false,
        }
    }

    /// The STUN and TURN servers that connections begun from now on are to use.
    pub(super) fn set_ice_servers(&mut self, servers: Vec<RTCIceServer>) {
        self.options.ice.servers = servers;
    }

    /// Whose connections these are.
    pub(super) fn me(&self) -> Author {
        self.me
    }

    /// What the session is to be fed.
    pub(super) fn take_inputs(&mut self) -> Vec<Input> {
        std::mem::take(&mut self.inputs)
    }

    /// What is to be said to the signaling server.
    pub(super) fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// What the connections measured since this was last asked.
    pub(super) fn take_measured(&mut self) -> Vec<(Author, Measured)> {
        std::mem::take(&mut self.measured)
    }

    /// Whether a connection broke, so that this machine may have lost the server too.
    pub(super) fn take_server_doubted(&mut self) -> bool {
        std::mem::take(&mut self.is_server_doubted)
    }

    /// The server is there and names the other members.
    pub(super) fn listed(&mut self, now: Instant, authors: &[Author]) {
        self.is_server_up = true;
        for (author, member) in &mut self.members {
            if !authors.contains(author) {
                member.unlisted.get_or_insert(now);
            }
        }
        for &author in authors {
            self.present(now, author);
        }
    }

    /// The server is not there; the connections go on, but for those through it.
    pub(super) fn server_down(&mut self) {
        self.is_server_up = false;
        let detoured = self.members.iter().filter(|(_, member)| member.detour.is_some());
        for author in detoured.map(|(&author, _)| author).collect::<Vec<_>>() {
            self.detour_closed(author, "the server is away");
        }
    }

    /// A member is there, says the server.
    pub(super) fn present(&mut self, now: Instant, author: Author) {
        let is_known = self.members.contains_key(&author);
        if author == self.me
            || self.expelled.contains(&author)
            || (!is_known && self.members.len() >= limits::KNOWN_MEMBERS)
        {
            return;
        }
        let try_at = if self.me < author { now } else { now + OFFER_WITHIN };
        if !is_known {
            self.inputs.push(Input::Joined(author));
        }
        let member = self.members.entry(author).or_insert_with(|| Member::new(try_at));
        member.unlisted = None;
        match &mut member.link {
            Link::Waiting(at) => *at = (*at).min(try_at),
            // An offer may have gone to where it was before.
            Link::Interrupted(wire, _) => wire.restart_at = Some(now),
            // So may this one, or the answer, or some of the addresses.
            Link::Connecting(wire) => {
                if self.me < author && wire.begun_at + OFFER_AGAIN_AFTER <= now {
                    self.offer(now, author);
                }
            }
            Link::Open(_) => {}
        }
    }

    /// This member has come back to the server: the others do not know yet that it needs an offer.
    pub(super) fn came_back(&mut self, now: Instant) {
        for member in self.members.values_mut() {
            if let Link::Waiting(at) = &mut member.link {
                *at = now;
            }
        }
    }

    /// A newcomer, or a member whose connection is broken on its side, wants an offer.
    pub(super) fn offer_requested(&mut self, now: Instant, author: Author) {
        self.present(now, author);
        let Some(member) = self.members.get(&author) else { return };
        if self.me < author && matches!(member.link, Link::Open(_) | Link::Interrupted(..)) {
            self.offer(now, author);
        }
    }

    /// A member has left, says the server: a hint while it can be talked to.
    pub(super) fn left(&mut self, now: Instant, author: Author) {
        let Some(member) = self.members.get_mut(&author) else { return };
        member.unlisted.get_or_insert(now);
        if !member.is_direct() {
            self.forget(author);
        }
    }

    /// A member did wrong: its connection is closed, and no other is made.
    /// What was said to it last still goes there.
    pub(super) fn expel(&mut self, author: Author) {
        self.expelled.insert(author);
        let Some(member) = self.members.remove(&author) else { return };
        if let Link::Open(wire) = member.link {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(LAST_WORDS, wire.connection.flush()).await;
                wire.connection.close().await;
            });
        }
        self.inputs.push(Input::Left(author));
    }

    /// Goes on with renewed secrets, under the name that the server knows the room by from now on.
    /// The connections that are there stay.
    pub(super) fn renew(&mut self, room: String, access: Access, certificate: Option<Certificate>) {
        self.room = room;
        self.credentials.access = access;
        self.credentials.certificate = certificate;
    }

    /// Begins a connection in place of whatever is there.
    fn offer(&mut self, now: Instant, author: Author) {
        let label = self.count + 1;
        self.begin(now, author, label, Role::Offerer, None);
    }

    fn begin(&mut self, now: Instant, author: Author, label: u64, role: Role, key: Option<[u8; KEY_BYTES]>) {
        self.count += 1;
        let id = ConnectionId { author, number: self.count };
        let sealing = self.seal(author, label, key);
        let detour_at = self.detour_at(now);
        let theirs = match (&role, key) {
            (Role::Answerer(offer), Some(key)) => Half::new(offer, key),
            _ => Half::default(),
        };
        let mine = Half { key: sealing.public, ..Half::default() };
        let Some(member) = self.members.get_mut(&author) else { return };
        let connection = Connection::start(id, role, self.options.clone(), self.events.clone());
        let wire = Wire {
            id,
            label,
            connection,
            seal: sealing.seal,
            proving: Proving { mine, theirs, ..Proving::default() },
            public: Some(sealing.public),
            begun_at: now,
            detour_at,
            restart_at: None,
        };
        let was_open = member.is_direct();
        member.link = Link::Connecting(wire);
        if was_open && !member.is_open() {
            self.inputs.push(Input::Disconnected(author));
        }
    }

    fn forget(&mut self, author: Author) {
        if self.members.remove(&author).is_some() {
            self.inputs.push(Input::Left(author));
        }
    }

    /// Another member said something through the server.
    pub(super) fn relayed(&mut self, now: Instant, signal: protocol::Signal, relayed: &Relayed) {
        let author = Author(relayed.from.0);
        let Said { connection: label, signal, key } = match self.unseal(signal, author, &relayed.body) {
            Ok(Some(said)) => said,
            Ok(None) => {
                tracing::debug!(me = %self.me, %author, "the server says something again");
                return;
            }
            Err(reason) => {
                self.inputs.push(Input::Garbage(author, reason));
                return;
            }
        };
        let wire = self.members.get(&author).and_then(Member::wire).filter(|wire| wire.label == label);
        let signal = match signal {
            Signal::Frame(sealed) => return self.packet(author, label, sealed),
            Signal::Offer(offer) if wire.is_none() => {
                if author < self.me {
                    self.present(now, author);
                    self.begin(now, author, label, Role::Answerer(offer), key);
                }
                return;
            }
            signal @ (Signal::Offer(_) | Signal::Answer(_) | Signal::Candidate(_)) => signal,
        };
        let answer = match (&signal, key) {
            (Signal::Answer(sdp), Some(key)) => Some((Half::new(sdp, key), key)),
            _ => None,
        };
        // What belongs to an earlier connection is late, not wrong.
        let Some(wire) = wire else { return };
        if !wire.connection.signal(signal) {
            tracing::debug!(%author, "too many candidates at once");
        }
        if let Some((theirs, key)) = answer {
            self.answered(author, theirs, key);
        }
    }

    /// Something happened on a connection.
    pub(super) fn connection(&mut self, now: Instant, id: ConnectionId, event: ConnectionEvent) {
        let author = id.author;
        let Some(member) = self.members.get_mut(&author) else { return };
        let is_detour = member.detour.as_ref().is_some_and(|detour| detour.id == id);
        let label = match (&member.detour, member.wire()) {
            (Some(detour), _) if is_detour => detour.label,
            (_, Some(wire)) if wire.id == id => wire.label,
            _ => return,
        };
        match event {
            ConnectionEvent::Signal(signal) => self.relay(author, label, signal),
            ConnectionEvent::Open if is_detour => self.prove(now, author, true),
            ConnectionEvent::Closed(reason) if is_detour => self.detour_closed(author, &reason),
            ConnectionEvent::Open | ConnectionEvent::Resumed => {
                member.failures = 0;
                if member.set_open() {
                    match member.wire() {
                        Some(wire) if wire.proving.is_done => self.open_proven(author),
                        _ => self.prove(now, author, false),
                    }
                }
            }
            ConnectionEvent::Interrupted if member.gone => self.forget(author),
            ConnectionEvent::Interrupted => self.interrupted(now, author),
            ConnectionEvent::Message(message) if !member.is_proven(is_detour) => {
                self.proven(now, author, is_detour, message);
            }
            ConnectionEvent::Message(message) => {
                member.gone |= message == Message::Goodbye;
                self.inputs.push(Input::Message(author, message));
            }
            ConnectionEvent::Garbage(reason) => self.inputs.push(Input::Garbage(author, reason)),
            ConnectionEvent::Measured(measured) => {
                let route = &measured.route;
                if member.route.as_ref() != Some(route) {
                    tracing::info!(me = %self.me, %author, %route, "a connection is open");
                    member.route = Some(route.clone());
                }
                self.measured.push((author, measured));
            }
            ConnectionEvent::Closed(reason) => self.closed(now, author, &reason),
        }
    }

    /// Says something to a member through the server.
    fn relay(&mut self, author: Author, label: u64, signal: Signal) {
        let wire = self.members.get_mut(&author).and_then(Member::wire_mut);
        // The first description alone brings the key: the keys outlive a restart.
        let mut key = None;
        if let (Some(wire), Signal::Offer(sdp) | Signal::Answer(sdp)) = (wire, &signal) {
            key = wire.public.take();
            if let Some(key) = key {
                wire.proving.mine = Half::new(sdp, key);
            }
        }
        let (signal, body) = self.seal_signal(author, Said { connection: label, signal, key });
        let relay = Relay { room: self.room.clone(), to: protocol::Author(author.0), body };
        self.requests.push(Request::Relay(signal, relay));
    }

    fn interrupted(&mut self, now: Instant, author: Author) {
        let Some(member) = self.members.get_mut(&author) else { return };
        if !member.set_interrupted(now) {
            return;
        }
        tracing::info!(me = %self.me, %author, "a connection has fallen silent");
        self.is_server_doubted = true;
        let (is_detoured, detour_at) = (member.is_detoured(), now + DETOUR_AFTER);
        if let Some(wire) = member.wire_mut() {
            wire.restart_at = Some(now + RESTART_AFTER);
            wire.detour_at = detour_at;
        }
        if !is_detoured {
            self.inputs.push(Input::Disconnected(author));
        }
    }

    fn closed(&mut self, now: Instant, author: Author, reason: &str) {
        tracing::info!(me = %self.me, %author, reason, "a connection is over");
        let Some(member) = self.members.get(&author) else { return };
        if member.gone || (member.unlisted.is_some() && self.is_server_up) {
            self.forget(author);
            return;
        }
        if member.is_direct() && !member.is_detoured() {
            self.inputs.push(Input::Disconnected(author));
        }
        self.wait(now, author);
    }

    /// Sends to a member; to one that cannot be talked to, nothing.
    pub(super) fn send(&mut self, now: Instant, to: Author, channel: Channel, message: Message) {
        let Some(member) = self.members.get(&to) else { return };
        let (is_direct, sent) = match (&member.link, &member.detour) {
            (Link::Open(wire), _) if wire.proving.is_done => (true, wire.connection.send(channel, message)),
            (_, Some(detour)) if detour.is_open => (false, detour.detour.send(channel, message)),
            _ => return,
        };
        let stalled = "it takes nothing in";
        match sent {
            Ok(()) => {}
            Err(_) if is_direct => self.closed(now, to, stalled),
            Err(_) => self.detour_closed(to, stalled),
        }
    }

    /// Waits until what was sent is acknowledged, then closes every connection.
    pub(super) async fn close(&mut self, flush_within: Duration, close_within: Duration) {
        let members = std::mem::take(&mut self.members);
        let mut closing = tokio::task::JoinSet::new();
        for member in members.into_values() {
            let (wire, is_open) = match member.link {
                Link::Open(wire) => (wire, true),
                Link::Connecting(wire) | Link::Interrupted(wire, _) => (wire, false),
                Link::Waiting(_) => continue,
            };
            closing.spawn(async move {
                if is_open {
                    let _ = tokio::time::timeout(flush_within, wire.connection.flush()).await;
                }
                let _ = tokio::time::timeout(close_within, wire.connection.close()).await;
            });
        }
        while closing.join_next().await.is_some() {}
    }
}

/// The queue through which all connections are heard.
pub(super) fn events() -> (Events, mpsc::Receiver<(ConnectionId, ConnectionEvent)>) {
    mpsc::channel(limits::INCOMING_MESSAGES)
}
