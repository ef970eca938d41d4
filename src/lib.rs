//! Edit one JSON document together, live: peer to peer, with no account, no cloud and no lost
//! edits.

pub mod document;
pub mod limits;
pub mod session;
pub mod sync;

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
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "net")]
pub mod room;
#[cfg(feature = "app")]
#[doc(hidden)]
pub mod file;
#[cfg(feature = "app")]
#[doc(hidden)]
pub mod tui;
