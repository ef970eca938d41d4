//! That the other end of a connection is a member of the room, before anything else is heard.
//!
//! Both ends send `prove` first, and neither tells the session of the other until it has proven
//! itself. What is proven binds the room's secret, and the author's key, to the two descriptions:
//! to the fingerprints in them and to the public keys that each side made for this connection.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::Instant;
use ultrawave_signal::protocol::{self, Body};

use super::super::relay::{self, Said};
use super::super::sealed::KEY_BYTES;
use super::Mesh;
use super::member::Link;
use crate::limits;
use crate::session::{Channel, Input, Message};
use crate::sync::Author;
use crate::trust::envelope::{self, NONCE};
use crate::trust::proof::{self, End};
use crate::trust::{Access, AuthorKey, Certificate};

/// What the server passes on, and cannot open.
#[derive(Serialize, Deserialize)]
struct Sealed {
    sealed: String,
}

/// Characters of a sealed text that its nonce takes.
const NONCE_CHARS: usize = NONCE / 3 * 4;

/// How long the other end of an open connection may take to prove itself.
const PROVE_WITHIN: Duration = Duration::from_secs(10);

/// What this member proves itself with.
pub(in super::super) struct Credentials {
    pub(in super::super) access: Access,
    pub(in super::super) key: AuthorKey,
    /// None if it may not write.
    pub(in super::super) certificate: Option<Certificate>,
}

/// What the two ends of a connection are known by.
#[derive(Clone, Debug, Default)]
pub(super) struct Proving {
    pub(super) mine: Half,
    pub(super) theirs: Half,
    /// Until when the other end has to have proven itself; nothing until the connection is open.
    pub(super) by: Option<Instant>,
    pub(super) is_done: bool,
}

/// What one end is known by.
#[derive(Clone, Debug, Default)]
pub(super) struct Half {
    pub(super) fingerprints: Vec<u8>,
    pub(super) key: [u8; KEY_BYTES],
}

impl Half {
    pub(super) fn new(sdp: &str, key: [u8; KEY_BYTES]) -> Self {
        Self { fingerprints: fingerprints(sdp), key }
    }

    fn end(&self, author: Author) -> End {
        End { author, fingerprint: self.fingerprints.clone(), nonce: self.key }
    }
}

impl Mesh {
    /// Proves to the other end of a connection that has just opened that this is a member.
    pub(super) fn prove(&mut self, now: Instant, to: Author, is_detour: bool) {
        let Some(member) = self.members.get_mut(&to) else { return };
        let proving = if is_detour {
            member.detour.as_mut().map(|detour| &mut detour.proving)
        } else {
            member.proving()
        };
        let Some(proving) = proving else { return };
        proving.by = Some(now + PROVE_WITHIN);
        let (mine, theirs) = (proving.mine.end(self.me), proving.theirs.end(to));
        let Credentials { access, key, certificate } = &self.credentials;
        let signature = || key.sign(&proof::transcript(&mine, &theirs));
        let message = Message::Prove {
            code: proof::make(access, &mine, &theirs),
            writer: certificate.as_ref().map(|certificate| (certificate.bytes().to_vec(), signature())),
        };
        let Some(member) = self.members.get(&to) else { return };
        // A queue that is empty takes it.
        let _ = match (&member.link, &member.detour) {
            (_, Some(detour)) if is_detour => detour.detour.send(Channel::Sync, message),
            (Link::Open(wire), _) => wire.connection.send(Channel::Sync, message),
            _ => Ok(()),
        };
    }

    /// The other end of a connection says something before it has proven itself.
    pub(super) fn proven(&mut self, now: Instant, from: Author, is_detour: bool, message: Message) {
        // On the channels that keep no order, other things may be faster; they come again.
        let Message::Prove { code, writer } = message else { return };
        let Some(member) = self.members.get_mut(&from) else { return };
        let proving = if is_detour {
            member.detour.as_mut().map(|detour| &mut detour.proving)
        } else {
            member.proving()
        };
        let Some(proving) = proving else { return };
        let (mine, theirs) = (proving.mine.end(self.me), proving.theirs.end(from));
        let signed = proof::transcript(&theirs, &mine);
        let access = &self.credentials.access;
        let certificate = writer.map(|(certificate, signature)| {
            Certificate::read(access, from, &certificate)
                .filter(|certificate| certificate.verifies(&signed, &signature))
        });
        if !proof::is_sound(access, &mine, &theirs, &code) || certificate == Some(None) {
            let reason = "its other end does not hold this room's keys: somebody may be in between";
            self.inputs.push(Input::Garbage(from, reason.to_owned()));
            if is_detour {
                self.detour_closed(from, reason);
            } else {
                self.closed(now, from, reason);
            }
            return;
        }
        proving.is_done = true;
        if let Some(certificate) = certificate.flatten() {
            self.inputs.push(Input::Certified(from, certificate.bytes().to_vec()));
        }
        if is_detour { self.detour_proven(from) } else { self.open_proven(from) }
    }

    /// Packs what is said to a member through the server, sealed. Frames are sealed already.
    pub(super) fn seal_signal(&self, to: Author, said: Said) -> (protocol::Signal, Body) {
        let (kind, body) = relay::write(said);
        if kind == protocol::Signal::Frame {
            return (kind, body);
        }
        let mut nonce = [0; NONCE];
        rand::rng().fill(&mut nonce);
        let sealed = envelope::seal(&self.credentials.access, nonce, &about(kind, self.me, to), body.get());
        let body = Body::new(&Sealed { sealed }).expect("a string can always be written");
        (kind, body)
    }

    /// Unpacks what a member said through the server.
    /// Nothing if it has been heard before: the server says again what was sealed once.
    pub(super) fn unseal(
        &mut self, kind: protocol::Signal, from: Author, body: &Body,
    ) -> Result<Option<Said>, String> {
        if kind == protocol::Signal::Frame {
            return relay::read(kind, body).map(Some);
        }
        let Sealed { sealed } = body.read().map_err(|error| format!("a bad {}: {error}", kind.as_str()))?;
        let text = envelope::open(&self.credentials.access, &about(kind, from, self.me), &sealed);
        let text = text.ok_or_else(|| {
            format!("the {} does not open with this room's keys: somebody may be in between", kind.as_str())
        })?;
        if !self.heard.is_new(&sealed) {
            return Ok(None);
        }
        let body = RawValue::from_string(text).and_then(|text| Body::new(&text));
        relay::read(kind, &body.map_err(|error| format!("a bad {}: {error}", kind.as_str()))?).map(Some)
    }

    /// A direct connection is open, and its other end a member.
    pub(super) fn open_proven(&mut self, author: Author) {
        if let Some(member) = self.members.get_mut(&author) {
            member.detour = None;
            self.inputs.push(Input::Connected(author));
        }
    }

    /// When the next connection has to have been proven.
    pub(super) fn next_proof(&self) -> Option<Instant> {
        self.members.values().filter_map(|member| member.unproven().map(|(by, _)| by)).min()
    }

    /// Gives up the connections whose other ends did not prove themselves in time.
    pub(super) fn give_up_unproven(&mut self, now: Instant) {
        let late = self.members.iter().filter_map(|(&author, member)| {
            member.unproven().filter(|&(by, _)| by <= now).map(|(_, is_detour)| (author, is_detour))
        });
        for (author, is_detour) in late.collect::<Vec<_>>() {
            let reason = "its other end does not prove that it is a member";
            if is_detour { self.detour_closed(author, reason) } else { self.closed(now, author, reason) }
        }
    }
}

impl super::member::Member {
    fn proving(&mut self) -> Option<&mut Proving> {
        self.wire_mut().map(|wire| &mut wire.proving)
    }

    /// Of what is open and not proven: until when it has to be, and whether it is the detour.
    fn unproven(&self) -> Option<(Instant, bool)> {
        let by = |proving: &Proving| proving.by.filter(|_| !proving.is_done);
        let detour = self.detour.as_ref().and_then(|detour| by(&detour.proving)).map(|by| (by, true));
        let wire = self.wire().and_then(|wire| by(&wire.proving)).map(|by| (by, false));
        wire.into_iter().chain(detour).min()
    }
}

/// The envelopes that have been opened. Each has a nonce of its own, so that one that comes again is
/// known: an old offer would take the place of the connection there is, and lead nowhere.
#[derive(Debug, Default)]
pub(super) struct Heard {
    nonces: BTreeSet<String>,
    /// The same, oldest first.
    order: VecDeque<String>,
}

impl Heard {
    fn is_new(&mut self, sealed: &str) -> bool {
        let nonce = sealed.get(..NONCE_CHARS).unwrap_or(sealed).to_owned();
        if !self.nonces.insert(nonce.clone()) {
            return false;
        }
        self.order.push_back(nonce);
        if self.order.len() > limits::ENVELOPES_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.nonces.remove(&oldest);
        }
        true
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.nonces.len(), self.order.len());
        self.order.len()
    }
}

/// What an envelope is about.
fn about(kind: protocol::Signal, from: Author, to: Author) -> String {
    format!("{} {from} {to}", kind.as_str())
}

/// The fingerprints of the DTLS certificates that a description names.
fn fingerprints(sdp: &str) -> Vec<u8> {
    let mut lines: Vec<&str> =
        sdp.lines().filter_map(|line| line.trim().strip_prefix("a=fingerprint:")).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.join("\n").into_bytes()
}
