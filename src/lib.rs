//! Edit one JSON document together, live: peer to peer, with no account, no cloud and no lost
//! edits.
//!
//! A [`Room`](room::Room) is the people around one document. Whoever is in it edits at once, also
//! while others do and while connections break; the edits travel directly between the members over
//! WebRTC and come to the same document everywhere. A signaling server introduces the members to
//! each other and never sees the document; on one machine it runs inside the first member.
//!
#![cfg_attr(feature = "net", doc = "```")]
#![cfg_attr(not(feature = "net"), doc = "```ignore")]
//! use ultrawave::document::Value;
//! use ultrawave::room::{Room, RoomOptions};
//! use ultrawave::sync::Checkpoint;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = ultrawave_signal::server::Server::bind("127.0.0.1:0", Default::default()).await?;
//! # let signal = format!("ws://{}", server.local_addr());
//! # tokio::spawn(server.run(std::future::pending()));
//! // The default options start a signaling server in this process when there is none.
//! let options = RoomOptions { signal, ..RoomOptions::default() };
//! let document = Checkpoint::read(r#"{"users": ["Ana"]}"#)?;
//! let ana = Room::create("orders", document, options.clone()).await?;
//! ana.on_change(|snapshot, _| writeln!(std::io::stderr(), "now {}", snapshot.value));
//!
//! // Commonly in another process, on another machine.
//! let bo = Room::join("orders", options).await?;
//! bo.root().key("users").push([Value::string("Bo")])?;
//! assert!(bo.kept_elsewhere(std::time::Duration::from_secs(5)).await);
//!
//! assert_eq!(ana.root().key("users").get().unwrap().to_string(), r#"["Ana","Bo"]"#);
//! # use std::io::Write;
//! # bo.leave().await;
//! # ana.leave().await;
//! # Ok(())
//! # }
//! ```
//!
//! - [`document`]: the JSON tree, paths, methods; reading and writing files without touching what
//!   was not edited
//! - [`sync`]: changes, their order, and the document they make
//! - [`session`]: what the members say to each other, as a machine without a clock or a socket
//! - [`bridge`]: a file and a room, both edited at once
//! - [`room`] and [`cursor`] (feature `net`): the rooms, over WebRTC; [`store`]: what is kept of them
//!   on this machine
//!
//! Without default features only the first four are built; they also compile for `wasm32`.

pub mod bridge;
pub mod document;
pub mod limits;
pub mod session;
pub mod sync;
pub mod trust;

#[cfg(feature = "app")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "app")]
#[doc(hidden)]
pub mod commands;
#[cfg(feature = "app")]
#[doc(hidden)]
pub mod config;
#[cfg(feature = "net")]
pub mod cursor;
#[cfg(feature = "app")]
#[doc(hidden)]
pub mod file;
#[cfg(feature = "net")]
mod net;
#[cfg(feature = "net")]
pub mod room;
#[cfg(feature = "net")]
pub mod store;
#[cfg(feature = "app")]
#[doc(hidden)]
pub mod tui;
