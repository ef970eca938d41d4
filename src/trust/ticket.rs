//! A ticket: what of a room's secrets somebody is given, as text.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::VerifyingKey;

use super::secret::BYTES;
use super::{Access, Role, Secret};

/// What every ticket begins with: the kind of text it is, and its version.
const PREFIX: &str = "uw1";

/// Bytes of the code that finds slips of the pen.
const CHECK: usize = 4;

/// Bytes of a room's name or a server's address.
const TEXT: usize = 255;

/// From how many letters on a word that begins like a ticket is one, or a part of one: no such part
/// is to be taken for a room's name, which the signaling server gets to see.
const LEAST: usize = 24;

/// From how many letters on a word is taken for a part of a ticket that has lost its beginning. Of the
/// secret in a part that is shorter than that at least 112 bits are missing.
const LEAST_REST: usize = 80;

/// A ticket to a locked room.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// What its holder may do.
    pub access: Access,
    /// What people call the room.
    pub name: String,
    /// The signaling server, if it is not the default one.
    pub signal: Option<String>,
}

/// Why a text is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// It does not begin like one.
    #[error("a ticket begins with {PREFIX:?}")]
    NoTicket,
    /// It has been altered or cut.
    #[error("the ticket is damaged: letters are missing or wrong; copy it again, whole")]
    Damaged,
    /// Its code is right, and what it says is not.
    #[error("the ticket is of a kind that this version does not know; get the newest version")]
    Unknown,
}

impl Ticket {
    /// Whether a text means to be a ticket, or has one in it, be it damaged.
    pub fn is_meant_by(text: &str) -> bool {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        text.split(|letter| !is_letter(letter)).any(|word| {
            word.len() >= LEAST_REST
                || word.match_indices(PREFIX).any(|(at, _)| word.len().saturating_sub(at) >= LEAST)
        })
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = &self.access;
        let kind = match access.role() {
            Role::Owner => b'o',
            Role::Writer => b'w',
            Role::Reader => b'r',
        };
        let mut bytes = vec![kind];
        bytes.extend(access.epoch().to_be_bytes());
        // An open room needs no ticket; one for it would let its holder in all the same.
        let owner_key = access.owner_key().map_or([0; BYTES], VerifyingKey::to_bytes);
        match (access.owner_secret(), access.write_secret()) {
            (Some(owner), Some(write)) => {
                bytes.extend(write.bytes());
                bytes.extend(owner.bytes());
            }
            (None, Some(write)) => {
                bytes.extend(write.bytes());
                bytes.extend(owner_key);
            }
            (_, None) => {
                bytes.extend(access.room_secret().bytes());
                bytes.extend(owner_key);
                bytes.extend(access.write_key().to_bytes());
            }
        }
        push_text(&mut bytes, &self.name);
        push_text(&mut bytes, self.signal.as_deref().unwrap_or_default());
        let check = blake3::hash(&bytes);
        bytes.extend(check.as_bytes().iter().take(CHECK));
        write!(formatter, "{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let body = text.trim().strip_prefix(PREFIX).ok_or(TicketError::NoTicket)?;
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_malformed| TicketError::Damaged)?;
        let (said, check) = bytes.split_last_chunk::<CHECK>().ok_or(TicketError::Damaged)?;
        if !blake3::hash(said).as_bytes().starts_with(check) {
            return Err(TicketError::Damaged);
        }
        read(said).ok_or(TicketError::Unknown)
    }
}

fn read(said: &[u8]) -> Option<Ticket> {
    let (&kind, mut rest) = said.split_first()?;
    let (epoch, later) = rest.split_first_chunk()?;
    let epoch = u16::from_be_bytes(*epoch);
    rest = later;
    let access = match kind {
        b'o' => Access::owner(Secret::new(take(&mut rest)?), Secret::new(take(&mut rest)?), epoch),
        b'w' => Access::writer(Secret::new(take(&mut rest)?), Some(take_key(&mut rest)?), epoch),
        b'r' => {
            let room = Secret::new(take(&mut rest)?);
            let owner_key = take_key(&mut rest)?;
            Access::reader(room, take_key(&mut rest)?, owner_key, epoch)
        }
        _ => return None,
    };
    let name = take_text(&mut rest)?;
    let signal = Some(take_text(&mut rest)?).filter(|signal| !signal.is_empty());
    rest.is_empty().then_some(Ticket { access, name, signal })
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    bytes.push(u8::try_from(kept.len()).unwrap_or(u8::MAX));
    bytes.extend(kept.as_bytes());
}

fn take(rest: &mut &[u8]) -> Option<[u8; BYTES]> {
    let (first, later) = rest.split_first_chunk::<BYTES>()?;
    *rest = later;
    Some(*first)
}

fn take_key(rest: &mut &[u8]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(&take(rest)?).ok()
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let (&length, later) = rest.split_first()?;
    let (text, later) = later.split_at_checked(usize::from(length))?;
    *rest = later;
    String::from_utf8(text.to_vec()).ok()
}
