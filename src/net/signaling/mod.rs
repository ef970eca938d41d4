//! The websocket to the signaling server: getting into a room, staying in it.
//!
//! A task of its own keeps the connection. When it breaks, the task connects again, at first at
//! once and then ever more slowly, and becomes who it was: by `reclaim` while the server remembers
//! it, by `resume` when the server has been started anew. Where that is allowed and nobody else
//! does it, the task starts a server itself. The peers' connections go on meanwhile.

mod embedded;
mod entry;
mod socket;
mod stay;
mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::{Notify, mpsc, watch};
use ultrawave_signal::protocol::{Ice, Joined, Request, Response, Start};

pub(crate) use entry::Entry;
pub(super) use entry::{Entered, enter};
pub(super) use socket::{Broken, ConnectError, Socket};

use crate::limits;
use crate::sync::Author;

/// Which room, where.
#[derive(Clone, Debug)]
pub(super) struct SignalingOptions {
    /// Where the server is.
    pub(super) url: url::Url,
    /// The name by which the server knows the room.
    pub(super) room: String,
    /// The name by which people know it; another one if it is locked.
    pub(super) called: String,
    /// Members the room may have.
    pub(super) max_members: usize,
    /// Whether a server may be started here when none is there.
    pub(super) may_embed: bool,
}

/// What somebody who comes back has to show.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    /// The room's.
    pub(super) incarnation: String,
    /// Who it was, if it may go on as that.
    pub(super) author: Option<Author>,
    /// The highest number it knows of.
    pub(super) highest: Author,
    /// What the server said when it was there.
    pub(super) start: Start,
}

impl Pass {
    fn leap(&self) -> Author {
        leap(self.highest)
    }
}

/// A number beyond those that may have been given out while nobody here knew, and not likely to be
/// that of somebody else who takes one the same way.
fn leap(highest: Author) -> Author {
    let number = highest.0.saturating_add(rand::rng().random_range(LEAP));
    Author(number.min(ultrawave_signal::limits::AUTHOR))
}

/// How far a number is from those known of, when nobody can say which were given out meanwhile:
/// more than a room gives out in a while, and far less than there are.
const LEAP: std::ops::Range<u32> = 64..2_048;

/// A place in a room, as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) author: Author,
    /// The others.
    pub(super) members: Vec<Author>,
    pub(super) incarnation: String,
    /// The last number that was given out, if the server says.
    pub(super) last_author: Option<Author>,
}

impl From<Joined> for Membership {
    fn from(joined: Joined) -> Self {
        let members = joined.members.into_iter().map(|author| Author(author.0)).collect();
        let last_author = joined.last_author.map(|author| Author(author.0));
        Self { author: Author(joined.author.0), members, incarnation: joined.incarnation, last_author }
    }
}

impl Entered {
    pub(super) fn membership(&self) -> &Membership {
        &self.membership
    }

    /// What the server said when it was reached.
    pub(super) fn start(&self) -> &Start {
        &self.start
    }

    /// Whether the server is still to be reached.
    pub(super) fn is_outside(&self) -> bool {
        self.socket.is_none()
    }

    /// The STUN and TURN servers that the server named.
    pub(super) fn ice(&self) -> Option<&Ice> {
        self.start.ice.as_ref()
    }

    /// Whether the server runs in this process.
    pub(super) fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

/// What happens with the server.
#[derive(Debug)]
pub(super) enum SignalingEvent {
    /// The server is there again; these are the others in the room, and
    /// the last number given out in it. Whether the server runs in
    /// this process now.
    Up { members: Vec<Author>, last_author: Option<Author>, is_embedded: bool },
    /// It is not; the next try comes after this long.
    Down(Duration),
    /// It is there, and does not let this member in again, for this reason.
    Refused(String),
    /// It said something.
    Response(Response),
}

/// The connection to the server, as the driver holds it. Dropping it leaves the room.
#[derive(Debug)]
pub(super) struct Signaling {
    requests: mpsc::Sender<Request>,
    last_author: Arc<AtomicU32>,
    doubted: Arc<Notify>,
    room: watch::Sender<String>,
    task: tokio::task::JoinHandle<()>,
}

impl Signaling {
    /// Stays in the room that was entered.
    pub(super) fn start(
        options: SignalingOptions, entered: Entered, events: mpsc::Sender<SignalingEvent>,
    ) -> Self {
        let (requests, to_send) = mpsc::channel(limits::OUTGOING_SIGNALS);
        let last_author = Arc::new(AtomicU32::new(entered.membership.author.0));
        let doubted = Arc::new(Notify::new());
        let room = watch::Sender::new(options.room.clone());
        let driver = stay::Driven {
            requests: to_send,
            events,
            last_author: last_author.clone(),
            doubted: doubted.clone(),
            room: room.subscribe(),
        };
        let task = tokio::spawn(stay::stay(options, entered, driver));
        Self { requests, last_author, doubted, room, task }
    }

    /// Says something to the server. What is said while it is not there, or cannot keep up, is
    /// lost; whoever needs an answer asks again.
    pub(super) fn send(&self, request: Request) {
        if self.requests.try_send(request).is_err() {
            tracing::debug!("the signaling server cannot keep up");
        }
    }

    /// Asks the server for a sign of life: this machine may have lost its way to it.
    pub(super) fn probe(&self) {
        self.doubted.notify_one();
    }

    /// Leaves the room, and goes on in one of another name, as the same member of it.
    pub(super) fn go_on_in(&self, room: String) {
        self.room.send_replace(room);
    }

    /// Notes a member, so that a server started anew gives its number to nobody else.
    pub(super) fn note_author(&self, author: Author) {
        self.last_author.fetch_max(author.0, Ordering::Relaxed);
    }

    /// Leaves the room, and stops the server if it runs here.
    pub(super) async fn leave(self) {
        drop(self.requests);
        let _ = self.task.await;
    }
}
