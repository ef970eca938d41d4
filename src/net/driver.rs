//! The one task that moves things: between the session, the connections and the signaling server.
//!
//! ```text
//! room handles -- act --> Shared (session) <-- inputs -- Mesh <-- events -- connections
//!                            |                            |  ^                   ^
//!                            '--- outgoing messages ------'  '-- responses --.   |
//!                                                         '- requests -> Signaling
//! ```
//!
//! It never waits for a peer: every connection has a task and a bounded queue of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use ultrawave_signal::protocol::{Ice, Response};
use webrtc::peer_connection::RTCIceServer;

use super::connection::{ConnectionEvent, ConnectionId, ConnectionOptions};
use super::ice;
use super::keeping::Writing;
use super::mesh::{self, Credentials, Mesh};
use super::shared::{Shared, Stage};
use super::signaling::{Entered, Signaling, SignalingEvent, SignalingOptions};
use crate::limits;
use crate::room::ServerStatus;
use crate::session::{Input, Session};
use crate::sync::Author;
use crate::trust::Secret;

/// How long the goodbyes may take to be acknowledged.
const FLUSH_WITHIN: Duration = Duration::from_millis(800);

/// How long the last changes may take to be stored before that.
const STORE_WITHIN: Duration = Duration::from_secs(2);

/// How long closing the connections may take after that.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// The longest sleep: a bound for the arithmetic of instants, not a deadline.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);

/// The task's own things.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    mesh: Mesh,
    signaling: Signaling,
    /// Where the signaling server is.
    url: String,
    /// STUN and TURN servers that this member was told of by whoever started it.
    own_ice_servers: Vec<RTCIceServer>,
    connections: mpsc::Receiver<(ConnectionId, ConnectionEvent)>,
    responses: mpsc::Receiver<SignalingEvent>,
}

impl Driver {
    /// Starts the connections to the members that the server named. To be [`run`](Self::run).
    pub(super) fn new(
        shared: Arc<Shared>, url: String, signaling: SignalingOptions, entered: Entered,
        credentials: Credentials, options: ConnectionOptions,
    ) -> Self {
        let (events, connections) = mesh::events();
        let is_outside = entered.is_outside();
        let membership = entered.membership().clone();
        let own_ice_servers = options.ice.servers.clone();
        let handed_out = entered.ice().cloned();
        let mut mesh = Mesh::new(membership.author, signaling.room.clone(), credentials, options, events);
        mesh.listed(Instant::now(), &membership.members);
        if entered.has_come_back {
            mesh.came_back(Instant::now());
        }
        let (responses_to, responses) = mpsc::channel(limits::INCOMING_SIGNALS);
        let signaling = Signaling::start(signaling, entered, responses_to);
        for &author in &membership.members {
            signaling.note_author(author);
        }
        let announced = membership.last_author.filter(|_| !is_outside);
        let mut driver = Self { shared, mesh, signaling, url, own_ice_servers, connections, responses };
        driver.announced(announced);
        if let Some(ice) = handed_out {
            driver.use_ice(&ice);
        }
        driver
    }

    /// Uses the STUN and TURN servers that the signaling server names, beside the own ones.
    fn use_ice(&mut self, handed_out: &Ice) {
        let own = self.own_ice_servers.iter().cloned();
        self.mesh.set_ice_servers(own.chain(ice::handed_out(handed_out)).collect());
    }

    /// Runs until the room is left.
    /// `writing` is what stores the session, if it is kept.
    pub(super) async fn run(mut self, writing: Option<Writing>) {
        while self.shared.stage() != Stage::Leaving {
            self.pass_on();
            let deadline = self.next_timeout();
            tokio::select! {
                () = self.shared.woken() => {}
                Some((id, event)) = self.connections.recv() => self.mesh.connection(Instant::now(), id, event),
                Some(event) = self.responses.recv() => self.signaling(event),
                () = tokio::time::sleep_until(deadline) => {}
            }
            self.timeouts();
        }
        self.leave(writing).await;
    }

    fn next_timeout(&self) -> Instant {
        let session = self.shared.next_timeout().map(|time| self.shared.instant(time));
        let deadlines = session.into_iter().chain(self.mesh.next_timeout());
        deadlines.min().unwrap_or_else(|| Instant::now() + LONGEST_SLEEP)
    }

    fn timeouts(&mut self) {
        if self.shared.next_timeout().is_some_and(|at| at <= self.shared.now()) {
            self.shared.act(|session, now| session.handle(now, Input::Timeout));
        }
        let shared = &self.shared;
        let is_reached = |author| shared.look(|session| session.is_reached_via_another(author));
        self.mesh.timeout(Instant::now(), is_reached);
    }

    /// Brings everything that waits to where it belongs.
    fn pass_on(&mut self) {
        for input in self.mesh.take_inputs() {
            tracing::trace!(me = %self.mesh.me(), ?input, "in");
            if let Input::Connected(author) = input {
                self.signaling.note_author(author);
            }
            self.shared.act(|session, now| session.handle(now, input));
        }
        let now = Instant::now();
        for (to, channel, message) in self.shared.take_outgoing() {
            tracing::trace!(me = %self.mesh.me(), %to, ?message, "out");
            self.mesh.send(now, to, channel, message);
        }
        for author in self.shared.take_expelled() {
            self.mesh.expel(author);
        }
        if self.shared.take_renewed() {
            self.renew();
        }
        for (author, measured) in self.mesh.take_measured() {
            self.shared.note_measured(author, measured);
        }
        if self.mesh.take_server_doubted() {
            self.signaling.probe();
        }
        self.say_to_server();
    }

    /// The room goes on with renewed secrets, and under another name at the server.
    fn renew(&mut self) {
        let of_session = |session: &Session| {
            let access = session.access()?.clone();
            let known = session.replica().map(|replica| replica.clock().clone()).unwrap_or_default();
            let there = session.people().into_iter().map(|person| person.author);
            let last = known.iter().map(|(author, _)| author.member()).chain(there).max();
            Some((access, session.certificate(), last))
        };
        let Some((access, certificate, last)) = self.shared.look(of_session) else { return };
        // Newcomers get higher numbers than everyone who was ever heard of.
        if let Some(author) = last {
            self.signaling.note_author(author);
        }
        self.signaling.go_on_in(access.room_id());
        self.mesh.renew(access.room_id(), access, certificate);
        let overruled = self.shared.look(Session::overruled);
        if !overruled.is_empty() {
            let write = Secret::new(super::random_bytes());
            self.shared.act(|session, now| session.revoke(now, &overruled, write));
        }
    }

    fn say_to_server(&mut self) {
        for request in self.mesh.take_requests() {
            self.signaling.send(request);
        }
    }

    fn signaling(&mut self, event: SignalingEvent) {
        let now = Instant::now();
        match event {
            SignalingEvent::Up { members, last_author, is_embedded } => {
                self.announced(last_author);
                self.shared.set_embedded(is_embedded.then(|| self.url.clone()));
                self.shared.set_server(ServerStatus::Connected);
                self.mesh.listed(now, &members);
                self.mesh.came_back(now);
            }
            SignalingEvent::Down(retry_in) => {
                self.announced(None);
                self.shared.set_server(ServerStatus::Retrying(retry_in));
                self.mesh.server_down();
            }
            SignalingEvent::Refused(reason) => {
                self.announced(None);
                self.shared.set_server(ServerStatus::Refusing(reason));
                self.mesh.server_down();
            }
            SignalingEvent::Response(response) => self.response(now, response),
        }
    }

    /// Whether the server tells of everybody who comes, and who came last.
    fn announced(&self, last: Option<Author>) {
        self.shared.act(|session, now| session.handle(now, Input::Announced(last)));
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
    fn response(&mut self, now: Instant, response: Response) {
        match response {
            Response::Ice(ice) => self.use_ice(&ice),
            Response::RequestOffer(member) => self.mesh.offer_requested(now, Author(member.author.0)),
            Response::Present(member) => self.mesh.present(now, Author(member.author.0)),
            Response::Left(member) => self.mesh.left(now, Author(member.author.0)),
            Response::Relayed(signal, relayed) => self.mesh.relayed(now, signal, &relayed),
            other => tracing::debug!(text = other.encode(), "from the signaling server"),
        }
    }

    /// What goes through the server goes through this task.
    async fn flush_detours(&mut self) {
        let mut flushing = std::pin::pin!(tokio::time::timeout(FLUSH_WITHIN, self.mesh.flush_detours()));
        loop {
            tokio::select! {
                _ = &mut flushing => return,
                Some((id, event)) = self.connections.recv() => self.mesh.connection(Instant::now(), id, event),
                Some(event) = self.responses.recv() => self.signaling(event),
            }
            self.say_to_server();
        }
    }

    /// Says goodbye, waits for the acknowledgements, and closes.
    async fn leave(mut self, writing: Option<Writing>) {
        self.shared.act(Session::leave);
        let stored = self.shared.stored();
        let _ = tokio::time::timeout(STORE_WITHIN, stored).await;
        self.shared.end_storing();
        self.pass_on();
        self.flush_detours().await;
        self.mesh.close(FLUSH_WITHIN, CLOSE_WITHIN).await;
        self.signaling.leave().await;
        if let Some(mut writing) = writing {
            let _ = tokio::time::timeout(STORE_WITHIN, writing.ended()).await;
        }
        self.shared.advance(Stage::Left);
    }
}
