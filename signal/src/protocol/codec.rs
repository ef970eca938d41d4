//! `[type, payload]` to and from the messages.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{Code, Request, Response, Signal};
use crate::limits::REASON_CHARS;

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not JSON, not `[type, payload]`, or the payload does not fit the type.
    #[error("{0}; a message is [type, payload] as JSON text")]
    Malformed(String),
    /// The type is unknown here; a later version may know it.
    #[error("the message type {0} is not known")]
    UnknownType(String),
}

impl DecodeError {
    /// What to answer.
    pub fn code(&self) -> Code {
        match self {
            Self::Malformed(_) => Code::Malformed,
            Self::UnknownType(_) => Code::UnknownType,
        }
    }
}

impl Request {
    /// The message as JSON text.
    pub fn encode(&self) -> String {
        match self {
            Self::Reclaim(payload) => text("reclaim", payload),
            Self::Create(payload) => text("create", payload),
            Self::Join(payload) => text("join", payload),
            Self::Resume(payload) => text("resume", payload),
            Self::RequestIce(payload) => text("request ice", payload),
            Self::RequestOffer(payload) => text("request offer", payload),
            Self::Relay(signal, payload) => text(signal.as_str(), payload),
            Self::Leave(payload) => text("leave", payload),
            Self::Attend(payload) => text("attend", payload),
            Self::Knock(payload) => text("knock", payload),
            Self::AnswerKnock(payload) => text("answer knock", payload),
        }
    }

    /// Reads a message from JSON text.
    ///
    /// # Errors
    /// When the text is none.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let frame = Frame::read(text)?;
        match &*frame.kind {
            "reclaim" => frame.payload().map(Self::Reclaim),
            "create" => frame.payload().map(Self::Create),
            "join" => frame.payload().map(Self::Join),
            "resume" => frame.payload().map(Self::Resume),
            "request ice" => frame.payload().map(Self::RequestIce),
            "request offer" => frame.payload().map(Self::RequestOffer),
            "leave" => frame.payload().map(Self::Leave),
            "attend" => frame.payload().map(Self::Attend),
            "knock" => frame.payload().map(Self::Knock),
            "answer knock" => frame.payload().map(Self::AnswerKnock),
            other => {
                let signal = Signal::of(other)?;
                frame.payload().map(|payload| Self::Relay(signal, payload))
            }
        }
    }
}

impl Response {
    /// The message as JSON text.
    pub fn encode(&self) -> String {
        match self {
            Self::Start(payload) => text("start", payload),
            Self::Ice(payload) => text("ice", payload),
            Self::Reclaimed(payload) => text("reclaimed", payload),
            Self::ReclaimFailed(payload) => text("reclaim failed", payload),
            Self::Created(payload) => text("created", payload),
            Self::CreateFailed(payload) => text("create failed", payload),
            Self::Joined(payload) => text("joined", payload),
            Self::JoinFailed(payload) => text("join failed", payload),
            Self::Resumed(payload) => text("resumed", payload),
            Self::ResumeFailed(payload) => text("resume failed", payload),
            Self::RequestOffer(payload) => text("request offer", payload),
            Self::Relayed(signal, payload) => text(signal.as_str(), payload),
            Self::Present(payload) => text("present", payload),
            Self::Left(payload) => text("left", payload),
            Self::Attending(payload) => text("attending", payload),
            Self::AttendFailed(payload) => text("attend failed", payload),
            Self::Knocked(payload) => text("knock", payload),
            Self::KnockAnswered(payload) => text("knock answered", payload),
            Self::KnockFailed(payload) => text("knock failed", payload),
            Self::Error(payload) => text("error", payload),
        }
    }

    /// Reads a message from JSON text.
    ///
    /// # Errors
    /// When the text is none. A peer ignores messages of an unknown type.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let frame = Frame::read(text)?;
        match &*frame.kind {
            "start" => frame.payload().map(Self::Start),
            "ice" => frame.payload().map(Self::Ice),
            "reclaimed" => frame.payload().map(Self::Reclaimed),
            "reclaim failed" => frame.payload().map(Self::ReclaimFailed),
            "created" => frame.payload().map(Self::Created),
            "create failed" => frame.payload().map(Self::CreateFailed),
            "joined" => frame.payload().map(Self::Joined),
            "join failed" => frame.payload().map(Self::JoinFailed),
            "resumed" => frame.payload().map(Self::Resumed),
            "resume failed" => frame.payload().map(Self::ResumeFailed),
            "request offer" => frame.payload().map(Self::RequestOffer),
            "present" => frame.payload().map(Self::Present),
            "left" => frame.payload().map(Self::Left),
            "attending" => frame.payload().map(Self::Attending),
            "attend failed" => frame.payload().map(Self::AttendFailed),
            "knock" => frame.payload().map(Self::Knocked),
            "knock answered" => frame.payload().map(Self::KnockAnswered),
            "knock failed" => frame.payload().map(Self::KnockFailed),
            "error" => frame.payload().map(Self::Error),
            other => {
                let signal = Signal::of(other)?;
                frame.payload().map(|payload| Self::Relayed(signal, payload))
            }
        }
    }
}

impl Signal {
    /// The signal as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Answer => "answer",
            Self::Candidate => "candidate",
            Self::Frame => "frame",
        }
    }

    fn of(kind: &str) -> Result<Self, DecodeError> {
        match kind {
            "offer" => Ok(Self::Offer),
            "answer" => Ok(Self::Answer),
            "candidate" => Ok(Self::Candidate),
            "frame" => Ok(Self::Frame),
            other => Err(DecodeError::UnknownType(shorten(&format!("{other:?}")))),
        }
    }
}

fn text<T: Serialize>(kind: &str, payload: &T) -> String {
    serde_json::to_string(&(kind, payload)).expect("text, numbers, lists and structs can always be written")
}

/// Cuts a sentence that quotes too much of what somebody sent.
fn shorten(reason: &str) -> String {
    match reason.char_indices().nth(REASON_CHARS) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
        None => reason.to_owned(),
    }
}

/// A message of any type. Elements after the payload are for later versions, and ignored.
struct Frame<'a> {
    kind: Cow<'a, str>,
    payload: &'a RawValue,
}

impl<'a> Frame<'a> {
    fn read(text: &'a str) -> Result<Self, DecodeError> {
        serde_json::from_str(text).map_err(|error| DecodeError::Malformed(shorten(&error.to_string())))
    }

    fn payload<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        serde_json::from_str(self.payload.get()).map_err(|error| {
            DecodeError::Malformed(shorten(&format!("in the payload of {:?}: {error}", self.kind)))
        })
    }
}

impl<'de> Deserialize<'de> for Frame<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FrameVisitor)
    }
}

struct FrameVisitor;

impl<'de> Visitor<'de> for FrameVisitor {
    type Value = Frame<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[type, payload]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let kind: Kind<'de> =
            elements.next_element()?.ok_or_else(|| A::Error::custom("the type is missing"))?;
        let payload = elements.next_element()?.ok_or_else(|| A::Error::custom("the payload is missing"))?;
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Frame { kind: kind.0, payload })
    }
}

/// Borrows the type's name where it can: serde does so for a field, but not for a bare `Cow`.
#[derive(Deserialize)]
#[serde(transparent)]
struct Kind<'a>(#[serde(borrow)] Cow<'a, str>);
