//! The peer group: one driver task that carries a session over WebRTC and a signaling server.
