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
mod driver;
mod frame;
mod ice;
mod mesh;
mod relay;
mod runtime;
mod shared;
mod signaling;
#[cfg(test)]
mod tests;
mod transport;
mod watcher;
#[cfg(test)]
mod weather;

use std::sync::Arc;

use crate::room::{DEFAULT_SIGNAL, RoomError, RoomOptions};
use crate::session::{Session, SessionOptions};
use crate::sync::{Author, Checkpoint};

use runtime::WrapSocket;

pub(crate) use shared::{Shared, Stage};
pub(crate) use signaling::Entry;
pub(crate) use watcher::{Callback, Feed, call_back};
#[cfg(test)]
pub(crate) use weather::rain;

/// A place in a room, with its driver running.
pub(crate) struct Membership {
    pub(crate) author: Author,
    /// The members that were there before.
    pub(crate) members: usize,
    /// Whether the room was opened by this.
    pub(crate) is_creator: bool,
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
    let signaling = signaling::SignalingOptions {
        url: signal_url(&options.signal)?,
        room: room.to_owned(),
        max_members: options.max_members,
        may_embed: surroundings.may_embed,
    };
    let connections = connection::ConnectionOptions {
        ice_servers: ice::servers(&options.ice_servers)?,
        codec: CODEC,
        wrap_socket: surroundings.wrap_socket,
    };
    let entered = signaling::enter(&signaling, entry).await?;
    let membership = entered.membership();
    let (author, members, is_creator) = (membership.author, membership.members.len(), entered.is_creator);
    let session_options = SessionOptions { name: options.name.clone(), history: options.history };
    let session = if is_creator {
        Session::create(author, document, session_options)
    } else {
        Session::join(author, &membership.members, session_options)
    };
    let embedded = entered.is_embedded().then(|| options.signal.clone());
    let shared = Arc::new(Shared::new(session, embedded));
    tokio::spawn(
        driver::Driver::new(shared.clone(), options.signal.clone(), signaling, entered, connections).run(),
    );
    Ok(Membership { author, members, is_creator, shared })
}

const CODEC: channel::Codec = channel::Codec {
    encode: |message| message.encode(),
    decode: |text| crate::session::Message::decode(text).map_err(|error| error.to_string()),
};

fn signal_url(text: &str) -> Result<url::Url, RoomError> {
    let bad = |reason: String| RoomError::NoServer { url: text.to_owned(), reason };
    let url = url::Url::parse(text)
        .map_err(|error| bad(format!("this is no address ({error}); it is ws://host:port")))?;
    match url.scheme() {
        "ws" if url.has_host() => Ok(url),
        "wss" => Err(bad("TLS is not supported; use ws://host:port".to_owned())),
        _ => Err(bad("this is no address of a signaling server; it is ws://host:port".to_owned())),
    }
}
