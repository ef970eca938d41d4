//! What two members tell each other through the signaling server, which does not look into it
//! (normative: `docs/protocol.md`):
//! `{"connection":1,"sdp":"…"}` in an offer and an answer, `{"connection":1,"candidate":{…}}` in a
//! candidate. The number is the offerer's for the connection; what carries another is of an
//! earlier connection, and ignored.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use ultrawave_signal::protocol::{self, Body};

use super::connection::Signal;

#[derive(Serialize, Deserialize)]
struct Description {
    connection: u64,
    sdp: String,
}

#[derive(Serialize, Deserialize)]
struct Candidate {
    connection: u64,
    /// As browsers write an `RTCIceCandidate`.
    candidate: Box<RawValue>,
}

/// Packs a signal for the server.
pub(super) fn write(connection: u64, signal: Signal) -> (protocol::Signal, Body) {
    let (kind, body) = match signal {
        Signal::Offer(sdp) => (protocol::Signal::Offer, Body::new(&Description { connection, sdp })),
        Signal::Answer(sdp) => (protocol::Signal::Answer, Body::new(&Description { connection, sdp })),
        Signal::Candidate(text) => {
            let candidate = RawValue::from_string(text)
                .and_then(|candidate| Body::new(&Candidate { connection, candidate }));
            (protocol::Signal::Candidate, candidate)
        }
    };
    (kind, body.expect("numbers and strings can always be written, and the WebRTC stack writes JSON"))
}

/// Unpacks what the server passed on: the connection's number and the signal, or what is wrong.
pub(super) fn read(kind: protocol::Signal, body: &Body) -> Result<(u64, Signal), String> {
    let bad = |error: serde_json::Error| format!("a bad {}: {error}", kind.as_str());
    match kind {
        protocol::Signal::Offer => {
            body.read().map(|Description { connection, sdp }| (connection, Signal::Offer(sdp))).map_err(bad)
        }
        protocol::Signal::Answer => {
            body.read().map(|Description { connection, sdp }| (connection, Signal::Answer(sdp))).map_err(bad)
        }
        protocol::Signal::Frame => Err("a frame".to_owned()),
        protocol::Signal::Candidate => body
            .read()
            .map(|Candidate { connection, candidate }| {
                (connection, Signal::Candidate(candidate.get().to_owned()))
            })
            .map_err(bad),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        for signal in [
            Signal::Offer("v=0".to_owned()),
            Signal::Answer("v=0\r\n".to_owned()),
            Signal::Candidate(r#"{"candidate":"candidate:1"}"#.to_owned()),
        ] {
            let (kind, body) = write(7, signal.clone());
            assert_eq!(read(kind, &body).unwrap(), (7, signal));
        }
    }

    #[test]
    fn something_else_is_refused_with_a_reason() {
        let body = Body::new(&[1, 2]).unwrap();
        assert!(read(protocol::Signal::Offer, &body).unwrap_err().starts_with("a bad offer: "));
    }
}
