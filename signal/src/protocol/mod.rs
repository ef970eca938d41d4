//! The messages between a peer and the signaling server: `[type, payload]` as JSON text, one in
//! each websocket text frame. Plain data for both ends; normative: `docs/protocol.md`.

mod body;
mod code;
mod codec;
mod ice;
mod name;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

pub use body::Body;
pub use code::Code;
pub use codec::DecodeError;
pub use ice::{Ice, IceServer, IceServerError};
pub use name::{NameError, check_room_name, is_invisible};

/// The version of this protocol, told in [`Start`].
pub const VERSION: u32 = 1;

/// A member's number in a room: positive, going up by one, never used again while the room lives.
/// None above [`limits::AUTHOR`] can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Author(pub u32);

/// A number that no member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{number} is no member's number; they go from 1 to {most}", number = .0, most = limits::AUTHOR)]
pub struct AuthorError(u32);

impl TryFrom<u32> for Author {
    type Error = AuthorError;

    fn try_from(number: u32) -> Result<Self, AuthorError> {
        if (1..=limits::AUTHOR).contains(&number) { Ok(Self(number)) } else { Err(AuthorError(number)) }
    }
}

impl fmt::Display for Author {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// What a peer says to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// To be the peer again that a broken connection was.
    Reclaim(Reclaim),
    /// To open a room.
    Create(Create),
    /// To enter a room.
    Join(Join),
    /// To enter a room again that the server has forgotten.
    Resume(Resume),
    /// To be told the STUN and TURN servers anew.
    RequestIce(RequestIce),
    /// To be sent an offer by another member.
    RequestOffer(RequestOffer),
    /// To pass something on to another member.
    Relay(Signal, Relay),
    /// To leave a room.
    Leave(Leave),
    /// To be the one whom those meet who know a passphrase.
    Attend(Attend),
    /// To say something to the one who attends.
    Knock(Knock),
    /// To answer somebody who knocked.
    AnswerKnock(AnswerKnock),
}

/// What the server says to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// First on every connection.
    Start(Start),
    /// The answer to [`Request::RequestIce`].
    Ice(Ice),
    /// The answer to [`Request::Reclaim`].
    Reclaimed(Reclaimed),
    /// The refusal of [`Request::Reclaim`].
    ReclaimFailed(ReclaimFailed),
    /// The answer to [`Request::Create`].
    Created(Created),
    /// The refusal of [`Request::Create`].
    CreateFailed(Failed),
    /// The answer to [`Request::Join`].
    Joined(Joined),
    /// The refusal of [`Request::Join`].
    JoinFailed(Failed),
    /// The answer to [`Request::Resume`].
    Resumed(Joined),
    /// The refusal of [`Request::Resume`].
    ResumeFailed(Failed),
    /// Somebody has joined, or asks for it: make them an offer.
    RequestOffer(Member),
    /// Passed on from another member.
    Relayed(Signal, Relayed),
    /// A member is there again, after a broken connection or a restart of the server.
    Present(Member),
    /// A member has left, or did not come back in time.
    Left(Member),
    /// The answer to [`Request::Attend`].
    Attending(Attend),
    /// The refusal of [`Request::Attend`].
    AttendFailed(Failed),
    /// Somebody says something to this peer, who attends.
    Knocked(AnswerKnock),
    /// What the one who attends answers.
    KnockAnswered(Knock),
    /// The refusal of [`Request::Knock`].
    KnockFailed(Failed),
    /// Something was wrong with a message of this peer, or of its connection.
    Error(Failure),
}

/// What is passed on between two members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Of whoever opens the connection.
    Offer,
    /// To an offer.
    Answer,
    /// A way to reach the sender.
    Candidate,
    /// A sealed part of what two members say who cannot reach each other.
    Frame,
}

/// Who a peer is to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The version of the protocol that the server speaks.
    pub version: u32,
    /// The peer's name for the server.
    pub id: String,
    /// What proves it after a broken connection. Keep it to yourself.
    pub secret: String,
    /// The STUN and TURN servers that the server hands out, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice: Option<Ice>,
    /// Milliseconds in which the members of rooms from before the server was started may still come
    /// back, so that a room may be there that is not there yet; nothing when they have had their time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles_in_ms: Option<u64>,
}

/// The question for STUN and TURN servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestIce {}

/// A former [`Start`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaim {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// The memberships found again. The id and the secret hold on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclaimed {
    /// The id reclaimed.
    pub id: String,
    /// Each room the peer is a member of.
    pub rooms: Vec<Joined>,
}

/// There is nothing to reclaim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReclaimFailed {
    /// The id asked for.
    pub id: String,
    /// Why not.
    pub code: Code,
    /// Why not, in a sentence.
    pub reason: String,
}

/// A room to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// Its name.
    pub room: String,
    /// Members it may have, at most; the server's own bound if that is smaller or none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_members: Option<u32>,
}

/// A room opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Its name.
    pub room: String,
    /// The creator's number: 1.
    pub author: Author,
    /// What tells this room from a later one of the same name; to be kept for [`Resume`].
    pub incarnation: String,
}

/// A room to be entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Its name.
    pub room: String,
}

/// A room entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// Its name.
    pub room: String,
    /// The peer's number in it.
    pub author: Author,
    /// The other members, lowest first; those with a broken connection included.
    pub members: Vec<Author>,
    /// What tells this room from a later one of the same name; to be kept for [`Resume`].
    pub incarnation: String,
    /// The highest number that was given out in it: whoever comes from now on gets a higher one, and
    /// the members are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_author: Option<Author>,
}

/// A room to be entered again as who one was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Its name.
    pub room: String,
    /// What [`Created`] or [`Joined`] said.
    pub incarnation: String,
    /// The number the peer had.
    pub author: Author,
    /// The highest number the peer knows of; newcomers get higher ones.
    pub last_author: Author,
    /// What counts as `last_author` if the room has to be opened again: whoever was not there for a
    /// while cannot know which numbers were given out meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_after: Option<Author>,
    /// As in [`Create`], for a room that has to be opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_members: Option<u32>,
}

/// A member to be asked for an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestOffer {
    /// The room both are in.
    pub room: String,
    /// Whom to ask.
    pub to: Author,
}

/// Something to be passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// The room both are in.
    pub room: String,
    /// Who is to get it.
    pub to: Author,
    /// What; the server does not look into it.
    pub body: Body,
}

/// Something passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// The room both are in.
    pub room: String,
    /// Who sent it; the server vouches for this.
    pub from: Author,
    /// What, as it was sent.
    pub body: Body,
}

/// A room to be left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// Its name.
    pub room: String,
}

/// The name under which somebody can be met who knows a passphrase: a room's, as people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attend {
    /// The name.
    pub room: String,
}

/// Something said to the one who attends, or by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// The name.
    pub room: String,
    /// What; the server does not look into it.
    pub body: Body,
}

/// Something said by somebody who knocked, or to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerKnock {
    /// The name.
    pub room: String,
    /// Who knocked: a number that the server gave them.
    pub guest: u64,
    /// What; the server does not look into it.
    pub body: Body,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The room.
    pub room: String,
    /// The member's number in it.
    pub author: Author,
}

/// A room that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The room's name as it was asked for.
    pub room: String,
    /// Why not.
    pub code: Code,
    /// Why not, in a sentence.
    pub reason: String,
}

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What.
    pub code: Code,
    /// What, in a sentence.
    pub reason: String,
}
