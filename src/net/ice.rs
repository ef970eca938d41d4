//! STUN and TURN servers, as the WebRTC stack wants them.

use ultrawave_signal::protocol::Ice;
use webrtc::peer_connection::RTCIceServer;

use crate::limits;
use crate::room::{IceServer, RoomError};

/// Checks the servers' addresses, so that a mistyped one is told at once and not found out by the
/// WebRTC stack when the first peer comes.
pub(super) fn servers(servers: &[IceServer]) -> Result<Vec<RTCIceServer>, RoomError> {
    let checked = servers
        .iter()
        .map(|server| checked(server).map_err(|reason| RoomError::IceServer(server.urls.join(" "), reason)));
    checked.collect()
}

/// Those of the servers handed out by the signaling server that can be used.
pub(super) fn handed_out(ice: &Ice) -> Vec<RTCIceServer> {
    let usable = |server: &IceServer| {
        checked(server)
            .inspect_err(|reason| tracing::warn!(?server, reason, "the signaling server names an ICE server"))
            .ok()
    };
    ice.servers.iter().take(limits::ICE_SERVERS).filter_map(usable).collect()
}

fn checked(server: &IceServer) -> Result<RTCIceServer, String> {
    server.check().map_err(|error| error.to_string())?;
    let IceServer { urls, username, credential } = server.clone();
    let checked = RTCIceServer { urls, username, credential };
    checked.urls().map_err(|error| error.to_string())?;
    Ok(checked)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    /// What is taken by the check is taken by the stack.
    #[test]
    fn good_servers_are_taken() {
        for text in ["stun:a.example:3478", "stun:[2001:db8::1]:3478", "turn:u:p@192.0.2.1?transport=udp"] {
            assert!(servers(&[text.parse().unwrap()]).is_ok(), "{text}");
        }
        let bare = "turn:a.example".parse().unwrap();
        assert!(matches!(servers(&[bare]), Err(RoomError::IceServer(url, _)) if url == "turn:a.example"));
    }

    #[test]
    fn of_those_handed_out_the_bad_are_left_out() {
        let bad =
            IceServer { urls: vec!["http:x".to_owned()], username: String::new(), credential: String::new() };
        let ice = Ice { servers: vec![bad, "stun:a.example".parse().unwrap()], valid_s: None };
        assert_eq!(handed_out(&ice).len(), 1);
        let many = Ice { servers: vec!["stun:a".parse().unwrap(); 1_000], valid_s: None };
        assert_eq!(handed_out(&many).len(), limits::ICE_SERVERS);
    }
}
