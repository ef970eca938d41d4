//! Messages about long texts, to and from JSON text.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::codec::{Payload, read_lines, write_lines};
use super::message::{Message, MessageError};
use super::parcel::{Piece, TextHash};
use crate::document::{Text, Value};
use crate::limits;
use crate::sync::{read_clock, write_changes, write_clock};

/// Writes a message of [`parcel`](super::parcel).
#[expect(clippy::wildcard_enum_match_arm, reason = "no other message is given")]
pub(super) fn write(message: &Message, out: &mut String) {
    match message {
        Message::RequestDocumentOf(hash) => {
            let _ = write!(out, r#"["request document",{{"text":"{}"}}]"#, BASE64.encode(hash));
        }
        Message::Text { hash, bytes } => {
            let _ = write!(out, r#"["text",{{"hash":"{}","bytes":{bytes}}}]"#, BASE64.encode(hash));
        }
        Message::RequestText { hash, part } => {
            let _ = write!(out, r#"["request text",{{"hash":"{}","part":{part}}}]"#, BASE64.encode(hash));
        }
        Message::TextPart { hash, part, text } => {
            let (hash, text) = (BASE64.encode(hash), Text::new(text.as_str()));
            let _ = write!(out, r#"["text part",{{"hash":"{hash}","part":{part},"text":{text}}}]"#);
        }
        Message::DocumentOf { hash, lines, value, version, clock, changes } => {
            let _ = write!(out, r#"["document of",{{"text":"{}""#, BASE64.encode(hash));
            if let Some(version) = version {
                let _ = write!(out, r#","version":"{}""#, BASE64.encode(version));
            }
            if let Some(lines) = lines {
                write_lines(lines, out);
            }
            out.push_str(r#","clock":"#);
            write_clock(clock, out);
            if let Some(value) = value {
                let _ = write!(out, r#","value":{value}"#);
            }
            out.push_str(r#","changes":"#);
            write_changes(changes, out);
            out.push_str("}]");
        }
        _other => {}
    }
}

/// Reads one of them, by its type.
pub(super) fn read(kind: &str, payload: &Value) -> Result<Message, MessageError> {
    match kind {
        "text" => {
            let text = Payload::new("text", payload);
            Ok(Message::Text { hash: hash(&text, "hash")?, bytes: count(&text, "bytes")? })
        }
        "request text" => {
            let request = Payload::new("request text", payload);
            Ok(Message::RequestText { hash: hash(&request, "hash")?, part: count(&request, "part")? })
        }
        "text part" => {
            let part = Payload::new("text part", payload);
            let text = Piece::whole(&part.string("text")?);
            Ok(Message::TextPart { hash: hash(&part, "hash")?, part: count(&part, "part")?, text })
        }
        "document of" => {
            let document = Payload::new("document of", payload);
            let changes = Payload::new("document of", document.member("changes")?);
            Ok(Message::DocumentOf {
                hash: hash(&document, "text")?,
                lines: read_lines(&document)?,
                value: document.member("value").ok().cloned(),
                version: document
                    .member("version")
                    .is_ok()
                    .then(|| hash(&document, "version"))
                    .transpose()?,
                clock: read_clock(document.member("clock")?)?,
                changes: changes.changes(limits::DOCUMENT_CHANGES)?,
            })
        }
        _ => Ok(Message::RequestDocumentOf(hash(&Payload::new("request document", payload), "text")?)),
    }
}

fn hash(payload: &Payload<'_>, name: &str) -> Result<TextHash, MessageError> {
    let bytes = BASE64.decode(payload.string(name)?.as_bytes()).ok();
    let hash = bytes.and_then(|bytes| bytes.try_into().ok());
    hash.ok_or_else(|| payload.wrong(format!("{name:?} is a hash in base 64")))
}

fn count(payload: &Payload<'_>, name: &str) -> Result<usize, MessageError> {
    let number = payload.member(name)?.as_number().and_then(|number| number.parse().ok());
    number
        .filter(|&number: &usize| number <= limits::FRAMED_BYTES)
        .ok_or_else(|| payload.wrong(format!("{name:?} is a number")))
}
