//! What peers say to each other: `[type, payload]` as JSON text. Normative: `docs/protocol.md`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::membership::Dropped;
use super::parcel::{Piece, TextHash};
use crate::document::{ParseError, Path, Value};
use crate::sync::{Author, Change, ChangeError, Checkpoint, Tick, VectorClock};
use crate::trust::{Hash, Head, Renewal, Seal};

/// The version of the peer protocol spoken here. Peers of different versions do not talk.
pub const VERSION: u32 = 3;

/// A message of the peer protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// First on every connection, both ways: who is there.
    Hello {
        /// The protocol version.
        version: u32,
        /// How the person wants to be called.
        name: String,
        /// What they have seen.
        clock: VectorClock,
        /// Whether they hold the document already.
        has_document: bool,
        /// The name they write under, if that is not their number.
        writer: Option<Author>,
        /// Whom they take for dropped.
        dropped: Dropped,
        /// Whether they are there for a moment only, and keep nothing.
        passing: bool,
        /// Whether they have had the receiver's hello: none is wanted in answer.
        answer: bool,
    },
    /// A newcomer, to the first peer it is connected to.
    RequestDocument,
    /// The same, by one who has the text of this name.
    RequestDocumentOf(TextHash),
    /// The document's text is long: this is its name, to be asked for in parts.
    Text {
        /// Its name.
        hash: TextHash,
        /// Bytes of it.
        bytes: usize,
    },
    /// Wants a part of a text.
    RequestText {
        /// The name of the text.
        hash: TextHash,
        /// Which part, from 0.
        part: usize,
    },
    /// A part of a text.
    TextPart {
        /// The name of the text.
        hash: TextHash,
        /// Which part, from 0.
        part: usize,
        /// What it says.
        text: Piece,
    },
    /// A document whose text the other one has.
    DocumentOf {
        /// The name of its text.
        hash: TextHash,
        /// How those lines are spelled that are no JSON, if the text is that of a file of lines.
        lines: Option<BTreeSet<String>>,
        /// The version where the history starts; nothing if it is what a text says.
        value: Option<Value>,
        /// The name of the text that says it, if that is another one.
        version: Option<TextHash>,
        /// Its clock.
        clock: VectorClock,
        /// The changes after it, in the total order.
        changes: Vec<Arc<Change>>,
    },
    /// The answer: where the history starts, and every change after it.
    Document {
        /// Where the history starts.
        checkpoint: Checkpoint,
        /// The changes after it, in the total order.
        changes: Vec<Arc<Change>>,
    },
    /// Wants every change that somebody with this clock has not seen.
    RequestChanges(VectorClock),
    /// One live change.
    Change(Arc<Change>),
    /// Several changes: an answer, or a burst.
    Changes(Vec<Arc<Change>>),
    /// Wants changes that were lost on the way: runs of ticks, first and last.
    RequestSync(Vec<(Author, Tick, Tick)>),
    /// What the sender has seen: an acknowledgement, and when idle a notice of a lost message.
    Clock {
        /// What it has seen.
        seen: VectorClock,
        /// With a ping: what all its later edits will have seen, so that it may be forgotten.
        floor: Option<VectorClock>,
        /// The name it writes under, if that is not its number.
        writer: Option<Author>,
    },
    /// That the sender may write, to one who is reached by way of another.
    Certificate(Vec<u8>),
    /// With a ping: a hash of where the authors' chains end in what the sender has seen.
    Digest {
        /// What it has seen.
        clock: VectorClock,
        /// The hash.
        digest: Hash,
    },
    /// Where they end, signed: to one who has another hash.
    Heads(Vec<Head>),
    /// Whom the sender takes for dropped, when that has changed.
    Dropped(Dropped),
    /// Where the sender is.
    Presence(Presence),
    /// The members that the sender is connected to directly, and can pass something on to.
    Links(Vec<Author>),
    /// From one member to another, by way of a third that both are connected to.
    Pass {
        /// Who says it.
        from: Author,
        /// To whom.
        to: Author,
        /// What; no `Pass`.
        message: Box<Message>,
    },
    /// The sender leaves.
    Goodbye,
    /// First on every connection, before the sessions hear of it: that its sender holds the room's
    /// secret, and the key of the author that it says it is. See `trust::proof`.
    Prove {
        /// The code that the room's secret makes of the connection.
        code: [u8; 32],
        /// The certificate of somebody who may write, and its key's signature of the connection.
        writer: Option<(Vec<u8>, [u8; 64])>,
    },
    /// The room's secrets are renewed.
    Renewed {
        /// As far as the receiver may have it.
        renewal: Box<Renewal>,
        /// What certifies the authors by the new keys.
        certificates: Vec<(Author, Vec<u8>)>,
    },
    /// The receiver is removed from the room; with the owner's signature.
    Removed([u8; 64]),
    /// A `change`, `changes` or `document`, with what proves who made the changes in it.
    Signed(Box<Message>, Proof),
}

/// What proves who made the changes of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The runs of changes that their authors have signed.
    pub seals: Vec<Seal>,
    /// With a document, where each author's chain of changes is in the version that it starts from.
    pub hashes: Vec<(Author, Hash)>,
}

impl Proof {
    /// Adds what proves another run; one that follows the last needs no signature of its own.
    pub fn add(&mut self, seal: Seal) {
        match self.seals.last_mut().and_then(|last| Some((last.joined(&seal)?, last))) {
            Some((joined, last)) => *last = joined,
            None => self.seals.push(seal),
        }
    }
}

impl Message {
    /// As how many messages it counts, by the work that it asks for.
    #[cfg(feature = "net")]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "any other is answered with little or once in a while"
    )]
    pub(crate) fn weight(&self) -> u32 {
        match self {
            Self::RequestChanges(_) | Self::RequestSync(_) => crate::limits::REQUEST_COUNTS_FOR,
            Self::Pass { message, .. } => message.weight(),
            _ => 1,
        }
    }

    /// The changes of a message that is nothing but signed changes; any other is given back.
    #[expect(clippy::result_large_err, reason = "it is given back as it came, not kept")]
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other message is changes")]
    pub(super) fn into_signed_changes(self) -> Result<(Vec<Arc<Change>>, Proof), Self> {
        let Self::Signed(inner, proof) = self else { return Err(self) };
        match *inner {
            Self::Change(change) => Ok((vec![change], proof)),
            Self::Changes(changes) => Ok((changes, proof)),
            other => Err(Self::Signed(Box::new(other), proof)),
        }
    }

    /// The channel on which a message that was passed on goes further.
    pub(super) fn channel(&self) -> Channel {
        match self {
            Self::Change(change) if super::resend::size(change) <= crate::limits::OPS_BYTES => Channel::Ops,
            Self::Clock { .. } | Self::Digest { .. } | Self::Presence(_) => Channel::Presence,
            Self::Pass { message, .. } | Self::Signed(message, _) => message.channel(),
            Self::Hello { .. }
            | Self::RequestDocument
            | Self::RequestDocumentOf(_)
            | Self::Text { .. }
            | Self::RequestText { .. }
            | Self::TextPart { .. }
            | Self::DocumentOf { .. }
            | Self::Document { .. }
            | Self::RequestChanges(_)
            | Self::Change(_)
            | Self::Changes(_)
            | Self::RequestSync(_)
            | Self::Links(_)
            | Self::Heads(_)
            | Self::Certificate(_)
            | Self::Dropped(_)
            | Self::Prove { .. }
            | Self::Renewed { .. }
            | Self::Removed(_)
            | Self::Goodbye => Channel::Sync,
        }
    }
}

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Longer than a message of its type may be.
    #[error("{bytes} bytes of a message that may have {limit}")]
    TooLarge {
        /// Bytes of its text.
        bytes: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// Not JSON, or not `[type, payload]`.
    #[error("no message of the form [type, payload]: {0}")]
    Shape(String),
    /// A type that this version does not have.
    #[error("unknown message type {0:?}")]
    Unknown(String),
    /// What the type says does not follow.
    #[error("bad {kind:?} message: {reason}")]
    Payload {
        /// The type of the message.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// It carries a change that is none.
    #[error("bad change: {0}")]
    Change(#[from] ChangeError),
    /// It carries a document that is not JSON.
    #[error("bad document: {0}")]
    Document(#[from] ParseError),
}

/// Where somebody is and what they are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// How they want to be called.
    pub name: String,
    /// Where their cursor is.
    pub path: Option<Path>,
    /// Whether they are editing there, or looking.
    pub editing: bool,
    /// The colour they have chosen for their name, in words of their own.
    pub color: Option<String>,
}

/// Which channel a message travels on, see `docs/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Live changes.
    Ops,
    /// Joining, documents, requests and answers.
    Sync,
    /// Cursors, clocks.
    Presence,
}
