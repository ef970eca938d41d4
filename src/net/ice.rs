//! STUN and TURN servers.

use webrtc::peer_connection::RTCIceServer;

use crate::room::{IceServer, RoomError};

/// Checks the servers' addresses, so that a mistyped one is told at once and not found out by the
/// WebRTC stack when the first peer comes.
pub(super) fn servers(servers: &[IceServer]) -> Result<Vec<RTCIceServer>, RoomError> {
    servers.iter().map(server).collect()
}

fn server(server: &IceServer) -> Result<RTCIceServer, RoomError> {
    let bad = |reason: &str| RoomError::IceServer(server.url.clone(), reason.to_owned());
    let (scheme, rest) =
        server.url.split_once(':').ok_or_else(|| bad("it must be stun:host:port or turn:host:port"))?;
    match scheme {
        "stun" | "turn" => {}
        "stuns" | "turns" => return Err(bad("TLS is not supported; use stun: or turn:, which go over UDP")),
        _ => return Err(bad("it must begin with stun: or turn:")),
    }
    if rest.starts_with("//") {
        return Err(bad("there is no // in such an address; it is stun:host:port or turn:host:port"));
    }
    if rest.contains("transport=tcp") {
        return Err(bad("TCP is not supported; use UDP"));
    }
    if scheme == "turn" && (server.username.is_empty() || server.credential.is_empty()) {
        return Err(bad("a TURN server needs a user name and a credential"));
    }
    let checked = RTCIceServer {
        urls: vec![server.url.clone()],
        username: server.username.clone(),
        credential: server.credential.clone(),
    };
    checked.urls().map_err(|error| bad(&error.to_string()))?;
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(url: &str, username: &str) -> IceServer {
        IceServer { url: url.to_owned(), username: username.to_owned(), credential: username.to_owned() }
    }

    #[test]
    fn good_addresses() {
        for (url, username) in [
            ("stun:stun.example.org:3478", ""),
            ("stun:stun.example.org", ""),
            ("stun:[::1]:3478", ""),
            ("turn:192.0.2.1:3478", "ana"),
            ("turn:turn.example.org?transport=udp", "ana"),
        ] {
            assert!(server(&given(url, username)).is_ok(), "{url}");
        }
    }

    #[test]
    fn bad_addresses_name_themselves_and_the_remedy() {
        for (url, username, remedy) in [
            ("stun.example.org", "", "stun:host:port"),
            ("http:stun.example.org", "", "begin with stun:"),
            ("stuns:stun.example.org", "", "use stun:"),
            ("stun://stun.example.org", "", "no //"),
            ("stun:", "", ""),
            ("stun:host:port", "", ""),
            ("turn:turn.example.org", "", "user name"),
            ("turn:turn.example.org?transport=tcp", "ana", "use UDP"),
        ] {
            let error = server(&given(url, username)).map(|_| ()).map_err(|error| error.to_string());
            assert!(
                matches!(&error, Err(text) if text.contains(url) && text.contains(remedy)),
                "{url}: {error:?}"
            );
        }
    }
}
