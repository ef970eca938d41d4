//! Why something was refused.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why something was refused, for programs; a sentence for people goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Code {
    /// `create`: the room exists already.
    Exists,
    /// `join`: there is no such room.
    NoRoom,
    /// The room has all the members it may have.
    Full,
    /// The room's name is not acceptable.
    BadName,
    /// A bound of the server is reached.
    Limit,
    /// This peer is in the room already.
    AlreadyMember,
    /// This peer is not in the room.
    NotMember,
    /// The one to be reached is not in the room.
    NoMember,
    /// The one to be reached has a broken connection at the moment.
    Away,
    /// `reclaim`: no such peer is known, or the secret is another.
    Unknown,
    /// `reclaim`: this connection is in a room as somebody else already.
    TooLate,
    /// `resume`: somebody else has that author number now.
    Held,
    /// `resume`: another room has that name now.
    OtherRoom,
    /// The message is not one of this protocol, or says something impossible.
    Malformed,
    /// The message is of a type that the server does not know.
    UnknownType,
    /// The server relays no frames.
    NoRelay,
    /// The message is too large.
    TooLarge,
    /// Nothing came for too long.
    TooSlow,
    /// The peer has connected again and goes on there.
    Replaced,
    /// The server stops.
    Stopping,
    /// One that this version does not know.
    Other(String),
}

/// The codes with a name on the wire.
const NAMES: [(Code, &str); 20] = [
    (Code::Exists, "exists"),
    (Code::NoRoom, "no-room"),
    (Code::Full, "full"),
    (Code::BadName, "bad-name"),
    (Code::Limit, "limit"),
    (Code::AlreadyMember, "already-member"),
    (Code::NotMember, "not-member"),
    (Code::NoMember, "no-member"),
    (Code::Away, "away"),
    (Code::Unknown, "unknown"),
    (Code::TooLate, "too-late"),
    (Code::Held, "held"),
    (Code::OtherRoom, "other-room"),
    (Code::Malformed, "malformed"),
    (Code::UnknownType, "unknown-type"),
    (Code::NoRelay, "no-relay"),
    (Code::TooLarge, "too-large"),
    (Code::TooSlow, "too-slow"),
    (Code::Replaced, "replaced"),
    (Code::Stopping, "stopping"),
];

impl Code {
    /// Every code with a name of its own.
    pub fn known() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(code, _)| code)
    }

    /// The code as it stands on the wire.
    pub fn as_str(&self) -> &str {
        if let Self::Other(name) = self {
            return name;
        }
        NAMES.iter().find(|(code, _)| code == self).map_or("other", |(_, name)| name)
    }
}

impl From<String> for Code {
    fn from(name: String) -> Self {
        match NAMES.into_iter().find(|(_, known)| *known == name) {
            Some((code, _)) => code,
            None => Self::Other(name),
        }
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
