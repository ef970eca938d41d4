//! The connections to the other members: who offers, when to try again, whom to forget.
//!
//! Of two members the lower author offers and the higher answers, so offers never cross: who is
//! there already is always lower than a newcomer. The higher may ask for an offer. The driver
//! feeds the mesh and then takes [`inputs`](Mesh::take_inputs) for the session and
//! [`requests`](Mesh::take_requests) for the signaling server.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use ultrawave_signal::protocol::{self, Relay, Relayed, Request, RequestOffer};

use super::connection::{Connection, ConnectionEvent, ConnectionId, ConnectionOptions, Events, Role, Signal};
use super::relay;
use crate::limits;
use crate::session::{Channel, Input, Message};
use crate::sync::Author;

/// How long a newcomer waits for an offer before it asks for one.
const OFFER_WITHIN: Duration = Duration::from_secs(5);

/// What to wait before a broken connection is made anew, first; it doubles with each failure.
const FIRST_DELAY: Duration = Duration::from_millis(300);

/// The longest wait between two tries.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// How long a member that the server does not name may take to come back to it.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// Another member.
struct Member {
    link: Link,
    /// Tries in a row that came to nothing.
    failures: u32,
    /// Since when the server has not named it; nothing while it does.
    unlisted: Option<Instant>,
    /// Whether it has said goodbye.
    gone: bool,
}

enum Link {
    /// To be connected to, then.
    Waiting(Instant),
    Connecting(Wire),
    Open(Wire),
    /// Open, but silent.
    Interrupted(Wire),
}

/// A connection, and the name that both sides know it by.
struct Wire {
    id: ConnectionId,
    /// The offerer's number for it.
    label: u64,
    connection: Connection,
}

/// The connections to the other members.
pub(super) struct Mesh {
    me: Author,
    room: String,
    options: ConnectionOptions,
    events: Events,
    members: BTreeMap<Author, Member>,
    /// Connections begun.
    count: u64,
    is_server_up: bool,
    /// Those who did wrong: nothing is had to do with them any more.
    expelled: BTreeSet<Author>,
    inputs: Vec<Input>,
    requests: Vec<Request>,
}

impl Mesh {
    pub(super) fn new(me: Author, room: String, options: ConnectionOptions, events: Events) -> Self {
        Self {
            me,
            room,
            options,
            events,
            members: BTreeMap::new(),
            count: 0,
            is_server_up: true,
            expelled: BTreeSet::new(),
            inputs: Vec::new(),
            requests: Vec::new(),
        }
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

    /// The server is not there; the connections go on.
    pub(super) fn server_down(&mut self) {
        self.is_server_up = false;
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
        let member = self.members.entry(author).or_insert(Member {
            link: Link::Waiting(try_at),
            failures: 0,
            unlisted: None,
            gone: false,
        });
        member.unlisted = None;
        if let Link::Waiting(at) = &mut member.link {
            *at = (*at).min(try_at);
        }
    }

    /// A newcomer, or a member whose connection is broken on its side, wants an offer.
    pub(super) fn offer_requested(&mut self, now: Instant, author: Author) {
        self.present(now, author);
        let Some(member) = self.members.get(&author) else { return };
        if self.me < author && matches!(member.link, Link::Open(_) | Link::Interrupted(_)) {
            self.offer(author);
        }
    }

    /// A member has left, says the server: a hint while it can be talked to.
    pub(super) fn left(&mut self, now: Instant, author: Author) {
        let Some(member) = self.members.get_mut(&author) else { return };
        member.unlisted.get_or_insert(now);
        if !matches!(member.link, Link::Open(_)) {
            self.forget(author);
        }
    }

    /// A member did wrong: its connection is closed, and no other is made.
    pub(super) fn expel(&mut self, author: Author) {
        self.expelled.insert(author);
        self.forget(author);
    }

    /// When to call [`timeout`](Self::timeout).
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let waiting = self.members.values().filter_map(|member| match member.link {
            Link::Waiting(at) if self.is_server_up => Some(at),
            Link::Waiting(_) | Link::Connecting(_) | Link::Open(_) | Link::Interrupted(_) => None,
        });
        waiting.min()
    }

    /// Makes the connections that are due.
    pub(super) fn timeout(&mut self, now: Instant) {
        if !self.is_server_up {
            return;
        }
        let is_due = |member: &Member| matches!(member.link, Link::Waiting(at) if at <= now);
        let due: Vec<Author> =
            self.members.iter().filter(|(_, member)| is_due(member)).map(|(&author, _)| author).collect();
        for author in due {
            let unlisted = self.members.get(&author).and_then(|member| member.unlisted);
            if unlisted.is_some_and(|since| since + FORGET_AFTER <= now) {
                self.forget(author);
            } else if unlisted.is_some() {
                self.wait(now, author);
            } else if self.me < author {
                self.offer(author);
            } else {
                self.requests.push(Request::RequestOffer(RequestOffer {
                    room: self.room.clone(),
                    to: protocol::Author(author.0),
                }));
                self.wait(now, author);
            }
        }
    }

    /// Begins a connection in place of whatever is there.
    fn offer(&mut self, author: Author) {
        let label = self.count + 1;
        self.begin(author, label, Role::Offerer);
    }

    fn begin(&mut self, author: Author, label: u64, role: Role) {
        self.count += 1;
        let id = ConnectionId { author, number: self.count };
        let Some(member) = self.members.get_mut(&author) else { return };
        let connection = Connection::start(id, role, self.options.clone(), self.events.clone());
        let before = std::mem::replace(&mut member.link, Link::Connecting(Wire { id, label, connection }));
        if matches!(before, Link::Open(_)) {
            self.inputs.push(Input::Disconnected(author));
        }
    }

    /// Sets the next try, later with every failure.
    fn wait(&mut self, now: Instant, author: Author) {
        let Some(member) = self.members.get_mut(&author) else { return };
        let delay = FIRST_DELAY * 2_u32.saturating_pow(member.failures.min(16));
        let patience = if self.me < author { Duration::ZERO } else { OFFER_WITHIN };
        member.failures += 1;
        member.link = Link::Waiting(now + delay.min(LONGEST_DELAY) + patience);
    }

    fn forget(&mut self, author: Author) {
        if self.members.remove(&author).is_some() {
            self.inputs.push(Input::Left(author));
        }
    }

    /// Another member said something through the server.
    pub(super) fn relayed(&mut self, now: Instant, signal: protocol::Signal, relayed: &Relayed) {
        let author = Author(relayed.from.0);
        let (label, signal) = match relay::read(signal, &relayed.body) {
            Ok(read) => read,
            Err(reason) => {
                self.inputs.push(Input::Garbage(author, reason));
                return;
            }
        };
        if let Signal::Offer(offer) = signal {
            if author < self.me {
                self.present(now, author);
                self.begin(author, label, Role::Answerer(offer));
            }
            return;
        }
        let wire = self.members.get(&author).and_then(Member::wire);
        // What belongs to an earlier connection is late, not wrong.
        if let Some(wire) = wire.filter(|wire| wire.label == label)
            && !wire.connection.signal(signal)
        {
            tracing::debug!(%author, "too many candidates at once");
        }
    }

    /// Something happened on a connection.
    pub(super) fn connection(&mut self, now: Instant, id: ConnectionId, event: ConnectionEvent) {
        let author = id.author;
        let Some(member) = self.members.get_mut(&author) else { return };
        let Some(label) = member.wire().filter(|wire| wire.id == id).map(|wire| wire.label) else { return };
        match event {
            ConnectionEvent::Signal(signal) => {
                let (signal, body) = relay::write(label, signal);
                let relay = Relay { room: self.room.clone(), to: protocol::Author(author.0), body };
                self.requests.push(Request::Relay(signal, relay));
            }
            ConnectionEvent::Open | ConnectionEvent::Resumed => {
                tracing::debug!(me = %self.me, %author, "a connection is open");
                member.failures = 0;
                if member.set_open() {
                    self.inputs.push(Input::Connected(author));
                }
            }
            ConnectionEvent::Interrupted if member.gone => self.forget(author),
            ConnectionEvent::Interrupted => {
                if member.set_interrupted() {
                    self.inputs.push(Input::Disconnected(author));
                }
            }
            ConnectionEvent::Message(message) => {
                member.gone |= message == Message::Goodbye;
                self.inputs.push(Input::Message(author, message));
            }
            ConnectionEvent::Garbage(reason) => self.inputs.push(Input::Garbage(author, reason)),
            ConnectionEvent::Closed(reason) => self.closed(now, author, &reason),
        }
    }

    fn closed(&mut self, now: Instant, author: Author, reason: &str) {
        tracing::info!(me = %self.me, %author, reason, "a connection is over");
        let Some(member) = self.members.get(&author) else { return };
        if member.gone || (member.unlisted.is_some() && self.is_server_up) {
            self.forget(author);
            return;
        }
        if matches!(member.link, Link::Open(_)) {
            self.inputs.push(Input::Disconnected(author));
        }
        self.wait(now, author);
    }

    /// Sends to a member; to one that cannot be talked to, nothing.
    pub(super) fn send(&mut self, now: Instant, to: Author, channel: Channel, message: Message) {
        let Some(Link::Open(wire)) = self.members.get(&to).map(|member| &member.link) else { return };
        if wire.connection.send(channel, message).is_err() {
            self.closed(now, to, "it takes nothing in");
        }
    }

    /// Waits until what was sent is acknowledged, then closes every connection.
    pub(super) async fn close(&mut self, flush_within: Duration, close_within: Duration) {
        let members = std::mem::take(&mut self.members);
        let mut closing = tokio::task::JoinSet::new();
        for member in members.into_values() {
            let (wire, is_open) = match member.link {
                Link::Open(wire) => (wire, true),
                Link::Connecting(wire) | Link::Interrupted(wire) => (wire, false),
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

impl Member {
    fn wire(&self) -> Option<&Wire> {
        match &self.link {
            Link::Connecting(wire) | Link::Open(wire) | Link::Interrupted(wire) => Some(wire),
            Link::Waiting(_) => None,
        }
    }

    /// Whether it was not open before.
    fn set_open(&mut self) -> bool {
        let link = std::mem::replace(&mut self.link, Link::Waiting(Instant::now()));
        let (link, was_closed) = match link {
            Link::Connecting(wire) | Link::Interrupted(wire) => (Link::Open(wire), true),
            same @ (Link::Open(_) | Link::Waiting(_)) => (same, false),
        };
        self.link = link;
        was_closed
    }

    /// Whether it was open before.
    fn set_interrupted(&mut self) -> bool {
        let link = std::mem::replace(&mut self.link, Link::Waiting(Instant::now()));
        let (link, was_open) = match link {
            Link::Open(wire) => (Link::Interrupted(wire), true),
            same @ (Link::Connecting(_) | Link::Interrupted(_) | Link::Waiting(_)) => (same, false),
        };
        self.link = link;
        was_open
    }
}

/// The queue through which all connections are heard.
pub(super) fn events() -> (Events, mpsc::Receiver<(ConnectionId, ConnectionEvent)>) {
    mpsc::channel(limits::INCOMING_MESSAGES)
}
