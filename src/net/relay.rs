//! What two members tell each other through the signaling server, which does not look into it
//! (normative: `docs/protocol.md`):
//! `{"connection":1,"sdp":"…","key":"…"}` in an offer and an answer,
//! `{"connection":1,"candidate":{…}}` in a candidate, `{"connection":1,"sealed":"…"}` in a frame.
//! The number is the offerer's for the connection; what carries another is of an earlier
//! connection, and ignored.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use ultrawave_signal::protocol::{self, Body};

use super::connection::Signal;
use super::sealed::KEY_BYTES;

/// What one member says to another about a connection of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The offerer's number for the connection.
    pub(super) connection: u64,
    pub(super) signal: Signal,
    /// With the first offer and the first answer: the public key for sealed frames.
    pub(super) key: Option<[u8; KEY_BYTES]>,
}

#[derive(Serialize, Deserialize)]
struct Description {
    connection: u64,
    sdp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Candidate {
    connection: u64,
    /// As browsers write an `RTCIceCandidate`.
    candidate: Box<RawValue>,
}

#[derive(Serialize, Deserialize)]
struct Frame {
    connection: u64,
    sealed: String,
}

/// Packs what is said for the server.
pub(super) fn write(said: Said) -> (protocol::Signal, Body) {
    let Said { connection, signal, key } = said;
    let key = key.map(|key| BASE64.encode(&key));
    let (kind, body) = match signal {
        Signal::Offer(sdp) => (protocol::Signal::Offer, Body::new(&Description { connection, sdp, key })),
        Signal::Answer(sdp) => (protocol::Signal::Answer, Body::new(&Description { connection, sdp, key })),
        Signal::Candidate(text) => {
            let candidate = RawValue::from_string(text)
                .and_then(|candidate| Body::new(&Candidate { connection, candidate }));
            (protocol::Signal::Candidate, candidate)
        }
        Signal::Frame(sealed) => {
            let sealed = BASE64.encode(&sealed);
            (protocol::Signal::Frame, Body::new(&Frame { connection, sealed }))
        }
    };
    (kind, body.expect("numbers and strings can always be written, and the WebRTC stack writes JSON"))
}

/// Unpacks what the server passed on, or says what is wrong with it.
pub(super) fn read(kind: protocol::Signal, body: &Body) -> Result<Said, String> {
    let read = || -> Result<Said, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        match kind {
            protocol::Signal::Offer | protocol::Signal::Answer => {
                let Description { connection, sdp, key } = body.read().map_err(wrong)?;
                let is_offer = kind == protocol::Signal::Offer;
                let signal = if is_offer { Signal::Offer(sdp) } else { Signal::Answer(sdp) };
                let key = key.map(|text| read_key(&text)).transpose()?;
                Ok(Said { connection, signal, key })
            }
            protocol::Signal::Candidate => {
                let Candidate { connection, candidate } = body.read().map_err(wrong)?;
                Ok(Said { connection, signal: Signal::Candidate(candidate.get().to_owned()), key: None })
            }
            protocol::Signal::Frame => {
                let Frame { connection, sealed } = body.read().map_err(wrong)?;
                let sealed = BASE64.decode(sealed.as_bytes()).map_err(|error| error.to_string())?;
                Ok(Said { connection, signal: Signal::Frame(sealed), key: None })
            }
        }
    };
    read().map_err(|reason| format!("a bad {}: {reason}", kind.as_str()))
}

fn read_key(text: &str) -> Result<[u8; KEY_BYTES], String> {
    let bytes = BASE64.decode(text.as_bytes()).map_err(|error| error.to_string())?;
    let length = bytes.len();
    bytes.try_into().map_err(|_wrong_length| format!("a key of {length} bytes"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        for (signal, key) in [
            (Signal::Offer("v=0".to_owned()), Some([7; KEY_BYTES])),
            (Signal::Offer("v=0".to_owned()), None),
            (Signal::Answer("v=0\r\n".to_owned()), Some([0; KEY_BYTES])),
            (Signal::Candidate(r#"{"candidate":"candidate:1"}"#.to_owned()), None),
            (Signal::Frame(vec![0, 255]), None),
        ] {
            let said = Said { connection: 7, signal, key };
            let (kind, body) = write(said.clone());
            assert_eq!(read(kind, &body).unwrap(), said);
        }
    }

    #[test]
    fn something_else_is_refused_with_a_reason() {
        for (kind, text) in [
            (protocol::Signal::Offer, "[1,2]"),
            (protocol::Signal::Answer, r#"{"connection":1,"sdp":"v=0","key":"AAAA"}"#),
            (protocol::Signal::Answer, r#"{"connection":1,"sdp":"v=0","key":"?"}"#),
            (protocol::Signal::Frame, r#"{"connection":1,"sealed":"?"}"#),
            (protocol::Signal::Frame, r#"{"sealed":""}"#),
        ] {
            let body: Body = serde_json::from_str(text).unwrap();
            let reason = read(kind, &body).unwrap_err();
            assert!(reason.starts_with(&format!("a bad {}: ", kind.as_str())), "{reason}");
        }
    }
}
