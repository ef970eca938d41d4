//! The peer group: one driver task that carries a session over WebRTC and a signaling server.

mod channel;
mod connection;
mod frame;
mod runtime;
mod transport;

#[cfg(test)]
mod tests;
