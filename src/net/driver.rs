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
use ultrawave_signal::protocol::Response;

use super::connection::{ConnectionEvent, ConnectionId, ConnectionOptions};
use super::mesh::{self, Mesh};
use super::shared::{Shared, Stage};
use super::signaling::{Entered, Signaling, SignalingEvent, SignalingOptions};
use crate::limits;
use crate::room::ServerStatus;
use crate::session::{Input, Session};
use crate::sync::Author;

/// How long the goodbyes may take to be acknowledged.
const FLUSH_WITHIN: Duration = Duration::from_millis(800);

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
    connections: mpsc::Receiver<(ConnectionId, ConnectionEvent)>,
    responses: mpsc::Receiver<SignalingEvent>,
}

impl Driver {
    /// Starts the connections to the members that the server named. To be [`run`](Self::run).
    pub(super) fn new(
        shared: Arc<Shared>, url: String, signaling: SignalingOptions, entered: Entered,
        options: ConnectionOptions,
    ) -> Self {
        let (events, connections) = mesh::events();
        let membership = entered.membership().clone();
        let mut mesh = Mesh::new(membership.author, signaling.room.clone(), options, events);
        mesh.listed(Instant::now(), &membership.members);
        let (responses_to, responses) = mpsc::channel(limits::INCOMING_SIGNALS);
        let signaling = Signaling::start(signaling, entered, responses_to);
        for &author in &membership.members {
            signaling.note_author(author);
        }
        Self { shared, mesh, signaling, url, connections, responses }
    }

    /// Runs until the room is left.
    pub(crate) async fn run(mut self) {
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
        self.leave().await;
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
        self.mesh.timeout(Instant::now());
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
        for request in self.mesh.take_requests() {
            self.signaling.send(request);
        }
    }

    fn signaling(&mut self, event: SignalingEvent) {
        let now = Instant::now();
        match event {
            SignalingEvent::Up { members, is_embedded } => {
                self.shared.set_embedded(is_embedded.then(|| self.url.clone()));
                self.shared.set_server(ServerStatus::Connected);
                self.mesh.listed(now, &members);
            }
            SignalingEvent::Down(retry_in) => {
                self.shared.set_server(ServerStatus::Retrying(retry_in));
                self.mesh.server_down();
            }
            SignalingEvent::Response(response) => self.response(now, response),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else the server says is as unexpected")]
    fn response(&mut self, now: Instant, response: Response) {
        match response {
            Response::RequestOffer(member) => self.mesh.offer_requested(now, Author(member.author.0)),
            Response::Present(member) => self.mesh.present(now, Author(member.author.0)),
            Response::Left(member) => self.mesh.left(now, Author(member.author.0)),
            Response::Relayed(signal, relayed) => self.mesh.relayed(now, signal, &relayed),
            other => tracing::debug!(text = other.encode(), "from the signaling server"),
        }
    }

    /// Says goodbye, waits for the acknowledgements, and closes.
    async fn leave(mut self) {
        self.shared.act(Session::leave);
        self.pass_on();
        self.mesh.close(FLUSH_WITHIN, CLOSE_WITHIN).await;
        self.signaling.leave().await;
        self.shared.advance(Stage::Left);
    }
}
