//! Credentials for TURN servers that share a secret with this one: a user name that says until
//! when it is good, and a password that only the two could make (the "TURN REST API",
//! draft-uberti-behave-turn-rest; coturn's `use-auth-secret`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use crate::limits::Options;
use crate::protocol::Ice;

/// What a peer is told now; nothing when there is nothing to tell.
pub(super) fn ice(options: &Options) -> Option<Ice> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    ice_at(options, now, &format!("{:08x}", rand::random::<u32>()))
}

fn ice_at(options: &Options, now: Duration, peer: &str) -> Option<Ice> {
    let mut servers = options.ice_servers.clone();
    if servers.is_empty() {
        return None;
    }
    let mut valid_s = None;
    if let Some(secret) = &options.turn_secret {
        let username = format!("{}:{peer}", (now + options.turn_valid).as_secs());
        let credential = credential(&secret.0, &username);
        for server in servers.iter_mut().filter(|server| server.is_turn() && server.username.is_empty()) {
            server.username.clone_from(&username);
            server.credential.clone_from(&credential);
            valid_s = Some(options.turn_valid.as_secs());
        }
    }
    Some(Ice { servers, valid_s })
}

fn credential(secret: &str, username: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
    mac.update(username.as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;
    use crate::limits::TurnSecret;

    /// As `printf 1700003600:ana | openssl dgst -sha1 -hmac north -binary | base64` says.
    const EXPECTED: &str = "+5Wu0RaejH8eFX2gvpvBno8V880=";

    #[test]
    fn only_a_turn_server_without_a_credential_gets_one() {
        let texts = ["stun:a", "turn:b", "turn:u:p@c"];
        let options = Options {
            ice_servers: texts.iter().map(|text| text.parse().unwrap()).collect(),
            turn_secret: Some(TurnSecret("north".to_owned())),
            turn_valid: Duration::from_secs(3_600),
            ..Options::default()
        };
        let ice = ice_at(&options, Duration::from_secs(1_700_000_000), "ana").unwrap();
        let told: Vec<_> =
            ice.servers.iter().map(|server| (server.username.as_str(), server.credential.as_str())).collect();
        assert_eq!(told, [("", ""), ("1700003600:ana", EXPECTED), ("u", "p")]);
        assert_eq!(ice.valid_s, Some(3_600));
    }

    #[test]
    fn without_servers_there_is_nothing_to_tell() {
        assert_eq!(ice(&Options::default()), None);
    }
}
