//! The signaling server of ultrawave: it introduces the peers of a room to each other, so that
//! they can connect directly. It sees who is in which room and relays offers, answers and
//! candidates; it never sees a document.
//!
//! - [`protocol`]: the messages, for both ends. Plain data; normative text in `docs/protocol.md`.
//! - [`lobby`]: the rooms and their members, as a pure machine: no clock, no socket, no randomness.
//! - [`limits`]: every bound, with its unit and reason.
//! - [`server`] (feature `server`): the lobby on tokio and websockets, for the `ultrawave-signal`
//!   program or inside another one:
//!
//! ```
//! # #[cfg(feature = "server")]
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! use ultrawave_signal::{limits::Options, server::Server};
//!
//! let server = Server::bind("127.0.0.1:0", Options::default()).await?;
//! println!("listening on ws://{}", server.local_addr());
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
//! stop.send(()).ok();
//! running.await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod limits;
pub mod lobby;
pub mod protocol;
#[cfg(feature = "server")]
pub mod server;
