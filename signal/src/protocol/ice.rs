//! STUN and TURN servers: what the server hands out, and how people write them.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The STUN and TURN servers that the peers are to use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ice {
    /// The servers, in no order.
    pub servers: Vec<IceServer>,
    /// Seconds after which the credentials are void; nothing when they stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_s: Option<u64>,
}

/// A STUN or TURN server, as browsers write an `RTCIceServer`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:host:port` or `turn:host:port`.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// For TURN.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub credential: String,
}

impl fmt::Debug for IceServer {
    /// Without the credential: it is nobody's business in a log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// Why a text names no STUN or TURN server that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IceServerError {
    /// No `stun:` or `turn:` at its beginning.
    #[error("it begins with stun: or turn:, as in stun:stun.example.org:3478")]
    Scheme,
    /// `stuns:` or `turns:`.
    #[error("TLS is not supported; use stun: or turn:, which go over UDP")]
    Tls,
    /// `//` after the scheme.
    #[error("there is no // in such an address; it is stun:host:port or turn:user:password@host:port")]
    Slashes,
    /// Something other than `?transport=udp` at its end.
    #[error("TURN goes over UDP here; leave {0:?} away")]
    Transport(String),
    /// No host, or none that can be.
    #[error("{0:?} is no host name or address; an IPv6 address stands in brackets")]
    Host(String),
    /// A port that is none.
    #[error("{0:?} is no port; it is a number from 1 to 65535")]
    Port(String),
    /// Half a credential, or one that is written wrongly.
    #[error("user and password are written as turn:user:password@host:port, with %3A for : and %40 for @")]
    Credential,
    /// STUN asks for no credential.
    #[error("a STUN server takes no user and password")]
    Needless,
    /// A TURN server without one.
    #[error("a TURN server needs a user and a password: turn:user:password@host:port")]
    NoCredential,
}

impl IceServer {
    /// Whether it relays, and thus needs a credential.
    pub fn is_turn(&self) -> bool {
        self.urls.iter().any(|url| url.starts_with("turn:"))
    }

    /// Checks the addresses and that there are credentials where they are needed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), IceServerError> {
        self.urls.iter().try_for_each(|url| check_url(url))?;
        if self.is_turn() && (self.username.is_empty() || self.credential.is_empty()) {
            return Err(IceServerError::NoCredential);
        }
        Ok(())
    }
}

/// Reads `stun:host:port`, `turn:host:port` or `turn:user:password@host:port`. That a TURN server
/// needs a credential is for [`IceServer::check`] to say: it may come from elsewhere.
impl FromStr for IceServer {
    type Err = IceServerError;

    fn from_str(text: &str) -> Result<Self, IceServerError> {
        let (scheme, rest) = text.split_once(':').ok_or(IceServerError::Scheme)?;
        let (mut username, mut credential, mut host) = (String::new(), String::new(), rest);
        if let Some((user, after)) = rest.rsplit_once('@') {
            if scheme == "stun" {
                return Err(IceServerError::Needless);
            }
            let (name, password) = user.split_once(':').ok_or(IceServerError::Credential)?;
            (username, credential, host) = (unescape(name)?, unescape(password)?, after);
            if username.is_empty() || credential.is_empty() {
                return Err(IceServerError::Credential);
            }
        }
        let url = format!("{scheme}:{host}");
        check_url(&url)?;
        Ok(Self { urls: vec![url], username, credential })
    }
}

fn check_url(url: &str) -> Result<(), IceServerError> {
    let (scheme, rest) = url.split_once(':').ok_or(IceServerError::Scheme)?;
    match scheme {
        "stun" | "turn" => {}
        "stuns" | "turns" => return Err(IceServerError::Tls),
        _ => return Err(IceServerError::Scheme),
    }
    if rest.starts_with("//") {
        return Err(IceServerError::Slashes);
    }
    let (host, query) = rest.split_once('?').map_or((rest, None), |(host, query)| (host, Some(query)));
    if let Some(query) = query.filter(|&query| scheme == "stun" || query != "transport=udp") {
        return Err(IceServerError::Transport(format!("?{query}")));
    }
    check_host(host)
}

fn check_host(text: &str) -> Result<(), IceServerError> {
    let bad = || IceServerError::Host(text.to_owned());
    let (host, port) = match text.strip_prefix('[').map(|inside| inside.split_once(']')) {
        Some(Some((address, after))) => {
            address.parse::<Ipv6Addr>().map_err(|_not_one| bad())?;
            (address, after.strip_prefix(':').or(Some(after).filter(|after| !after.is_empty())))
        }
        Some(None) => return Err(bad()),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || ".-_:".contains(letter);
    if host.is_empty() || !host.chars().all(is_name) {
        return Err(bad());
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        Some(Ok(0) | Err(_)) => Err(IceServerError::Port(port.unwrap_or_default().to_owned())),
    }
}

/// `%3A` and the like.
fn unescape(text: &str) -> Result<String, IceServerError> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or(IceServerError::Credential)?;
        bytes.push(u8::from_str_radix(code, 16).map_err(|_no_number| IceServerError::Credential)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_no_text| IceServerError::Credential)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    #[test]
    fn good_addresses() {
        for text in [
            "stun:stun.example.org:3478",
            "stun:stun.example.org",
            "stun:[2001:db8::1]:3478",
            "stun:[2001:db8::1]",
            "turn:ana:secret@192.0.2.1:3478",
            "turn:ana:secret@turn.example.org?transport=udp",
        ] {
            assert!(text.parse::<IceServer>().unwrap().check().is_ok(), "{text}");
        }
        let escaped: IceServer = "turn:1700000000%3Aana:a%40b:c@host".parse().unwrap();
        assert_eq!((escaped.username.as_str(), escaped.credential.as_str()), ("1700000000:ana", "a@b:c"));
        assert_eq!(escaped.urls, ["turn:host"]);
    }

    #[test]
    fn bad_addresses_say_what_is_wrong() {
        use IceServerError as Error;
        for (text, error) in [
            ("stun.example.org", Error::Scheme),
            ("http:stun.example.org", Error::Scheme),
            ("stuns:stun.example.org", Error::Tls),
            ("turns:turn.example.org", Error::Tls),
            ("stun://stun.example.org", Error::Slashes),
            ("stun:", Error::Host(String::new())),
            ("stun:2001:db8::1", Error::Port("db8::1".to_owned())),
            ("stun:[::g]:1", Error::Host("[::g]:1".to_owned())),
            ("stun:a b", Error::Host("a b".to_owned())),
            ("stun:host:port", Error::Port("port".to_owned())),
            ("stun:host:0", Error::Port("0".to_owned())),
            ("stun:u:p@host", Error::Needless),
            ("turn:u@host", Error::Credential),
            ("turn:u:@host", Error::Credential),
            ("turn:u:%4@host", Error::Credential),
            ("turn:u:p@host?transport=tcp", Error::Transport("?transport=tcp".to_owned())),
        ] {
            assert_eq!(text.parse::<IceServer>().unwrap_err(), error, "{text}");
        }
        assert_eq!("turn:host".parse::<IceServer>().unwrap().check(), Err(Error::NoCredential));
    }

    #[test]
    fn a_credential_is_not_logged() {
        let server: IceServer = "turn:ana:secret@host".parse().unwrap();
        assert!(!format!("{server:?}").contains("secret"));
    }
}
