//! The peer group: one driver task that carries a session over WebRTC and a signaling server.
//!
//! - [`driver`]: the task; [`shared`]: what it shares with the room's handles
//! - [`mesh`]: whom to connect to and when; [`connection`]: one connection, on a task of its own;
//!   [`channel`] and [`frame`]: messages over a data channel; [`transport`] and [`runtime`]: the
//!   WebRTC stack, set up and repaired
//! - [`signaling`]: the websocket to the signaling server; [`relay`]: what the peers tell each
//!   other through it

mod channel;
mod connection;
mod detour;
mod driver;
mod frame;
mod ice;
mod keeping;
mod mesh;
mod packing;
mod relay;
pub(crate) mod rendezvous;
mod runtime;
mod sealed;
mod shared;
mod signaling;
mod statistics;
#[cfg(test)]
mod tests;
mod transport;
mod watcher;
#[cfg(test)]
mod weather;

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;

use crate::room::{DEFAULT_SIGNAL, RoomError, RoomOptions, ServerStatus};
use crate::session::{Session, SessionOptions};
use crate::sync::{Author, Checkpoint, EditError};
use crate::trust::{Access, AuthorKey, Certificate, Role};

use keeping::{Keeping, Kept, Writing};
pub(crate) use runtime::WrapSocket;

pub(crate) use shared::{Shared, Stage};
pub(crate) use signaling::Entry;
pub use statistics::{Measured, Route};
pub(crate) use watcher::{Callback, Feed, call_back};
#[cfg(test)]
pub(crate) use weather::{blocked, downpour, rain};

/// A place in a room, with its driver running.
pub(crate) struct Membership {
    pub(crate) author: Author,
    /// The members that were there before.
    pub(crate) members: usize,
    /// Whether the room was opened by this.
    pub(crate) is_creator: bool,
    /// Whether the session goes on from what was kept on this machine.
    pub(crate) is_resumed: bool,
    /// What the person is to know of that.
    pub(crate) notes: Vec<String>,
    pub(crate) shared: Arc<Shared>,
}

/// What a room finds around it.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    /// Whether a signaling server is started in this process when none is there.
    pub(crate) may_embed: bool,
    /// What is put around every socket between the peers.
    pub(crate) wrap_socket: WrapSocket,
}

impl Surroundings {
    /// As the options say.
    pub(crate) fn new(options: &RoomOptions) -> Self {
        let may_embed = options.embed_signal && options.signal == DEFAULT_SIGNAL;
        Self { may_embed, wrap_socket: std::convert::identity }
    }
}

/// Enters a room and starts the driver, which runs until [`Stage::Leaving`]. A creator has the
/// document at once, a joiner when [`Stage::Here`] comes.
pub(crate) async fn enter(
    room: &str, entry: Entry, document: Checkpoint, options: &RoomOptions, surroundings: Surroundings,
) -> Result<Membership, RoomError> {
    let given = options.access.clone().unwrap_or_else(|| Access::open(room));
    let entry = permitted(entry, given.role())?;
    let mut keeping = Keeping::find(room, &given, entry, options).await?;
    let access = keeping.access(given);
    let signaling = signaling::SignalingOptions {
        url: signal_url(&options.signal)?,
        // The server knows a locked room by a name that says nothing.
        room: if access.is_locked() { access.room_id() } else { room.to_owned() },
        called: room.to_owned(),
        max_members: options.max_members,
        may_embed: surroundings.may_embed,
    };
    let connections = connection::ConnectionOptions {
        ice: transport::IceOptions {
            servers: ice::servers(&options.ice_servers)?,
            relay_only: options.relay_only,
        },
        codec: CODEC,
        wrap_socket: surroundings.wrap_socket,
    };
    let key = AuthorKey::new(&keeping.secret());
    let entered = match signaling::enter(&signaling, entry, keeping.pass().as_ref()).await {
        Ok(entered) => entered,
        Err(error) => {
            keeping.discard();
            return Err(error);
        }
    };
    let membership = entered.membership();
    let (author, members, is_creator) = (membership.author, membership.members.len(), entered.is_creator);
    let session_options = SessionOptions { name: options.name.clone(), history: options.history };
    let (session, kept) =
        keeping.begin(&entered, &options.signal, (&access, &key), |replica| match replica {
            Some(replica) => Session::resume(replica, &membership.members, session_options),
            None if is_creator => Session::create(author, document, session_options),
            None => Session::join(author, &membership.members, session_options).knowing(document.source),
        });
    let session = if options.passing { session.passing() } else { session };
    let certificate = Certificate::issue(&access, author, &key);
    let credentials = mesh::Credentials { access, key, certificate };
    let Kept { writer, is_resumed, unkept, notes } = kept;
    let embedded = entered.is_embedded().then(|| options.signal.clone());
    let shared = Arc::new(Shared::new(session, embedded));
    shared.set_unkept(unkept);
    if entered.is_outside() {
        shared.set_server(ServerStatus::Retrying(Duration::ZERO));
    }
    if let Some(writer) = &writer {
        shared.set_file_hash(writer.file_hash());
    }
    let writing = writer.map(|writer| Writing::start(writer, &shared));
    let driver = driver::Driver::new(
        shared.clone(),
        options.signal.clone(),
        signaling,
        entered,
        credentials,
        connections,
    );
    tokio::spawn(driver.run(writing));
    Ok(Membership { author, members, is_creator, is_resumed, notes, shared })
}

/// How somebody of this role may get in: whoever opens a room has to be able to say who may write.
fn permitted(entry: Entry, role: Role) -> Result<Entry, RoomError> {
    match (entry, role) {
        (Entry::Create, Role::Reader) => Err(EditError::ReadOnly.into()),
        (Entry::Open, Role::Reader) => Ok(Entry::Join),
        (entry, _) => Ok(entry),
    }
}

const CODEC: channel::Codec = channel::Codec { encode: packing::pack, decode: packing::unpack };

/// What a secret is made of that nobody else has.
pub(crate) fn random_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rng().fill(&mut bytes);
    bytes
}

fn signal_url(text: &str) -> Result<url::Url, RoomError> {
    let bad = |reason: String| RoomError::NoServer { url: text.to_owned(), reason };
    let url = url::Url::parse(text)
        .map_err(|error| bad(format!("this is no address ({error}); it is ws://host:port or wss://host")))?;
    match url.scheme() {
        "ws" | "wss" if url.has_host() => Ok(url),
        _ => Err(bad(
            "this is no address of a signaling server; it is ws://host:port or wss://host".to_owned()
        )),
    }
}
