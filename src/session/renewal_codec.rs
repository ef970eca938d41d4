//! Renewed secrets, to and from JSON text.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::codec::Payload;
use super::message::{Message, MessageError};
use super::proof_codec::{CERTIFICATE, bytes};
use crate::document::Value;
use crate::limits;
use crate::sync::Author;
use crate::trust::{Renewal, Ticket};

pub(super) fn write(renewal: &Renewal, certificates: &[(Author, Vec<u8>)], out: &mut String) {
    // A ticket says what somebody holds of a room's secrets; its name is known.
    let keys = Ticket { access: renewal.access.clone(), name: String::new(), signal: None };
    let _ = write!(out, r#"["renewed",{{"keys":"{keys}","removed":["#);
    for (at, author) in renewal.removed.iter().enumerate() {
        let _ = write!(out, "{}{author}", if at > 0 { "," } else { "" });
    }
    let _ = write!(out, r#"],"signature":"{}","certificates":["#, BASE64.encode(&renewal.signature));
    for (at, (author, certificate)) in certificates.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(out, r#"{comma}[{author},"{}"]"#, BASE64.encode(certificate));
    }
    out.push_str("]}]");
}

pub(super) fn read(renewed: &Payload<'_>) -> Result<Message, MessageError> {
    let wrong = || renewed.wrong("new keys, who is removed, a signature and certificates were expected");
    let keys: Ticket = renewed.string("keys")?.parse().map_err(|_not_keys| wrong())?;
    let author = |author: &Value| author.as_number()?.parse().ok().filter(|&author| author > 0).map(Author);
    let removed = Payload::new("renewed", renewed.member("removed")?);
    let removed = removed.elements(limits::CLOCK_AUTHORS)?.map(author).collect::<Option<_>>();
    let certificate =
        |entry: &Value| Some((author(entry.index(0)?)?, bytes::<CERTIFICATE>(entry.index(1)?)?.to_vec()));
    let certificates = Payload::new("renewed", renewed.member("certificates")?);
    let certificates = certificates.elements(limits::CLOCK_AUTHORS)?.map(certificate).collect::<Option<_>>();
    let signature = bytes(renewed.member("signature")?);
    let (Some(removed), Some(certificates), Some(signature)) = (removed, certificates, signature) else {
        return Err(wrong());
    };
    let renewal = Renewal { access: keys.access, removed, signature };
    Ok(Message::Renewed { renewal: Box::new(renewal), certificates })
}

pub(super) fn write_removed(signature: &[u8; 64], out: &mut String) {
    let _ = write!(out, r#"["removed","{}"]"#, BASE64.encode(signature));
}

pub(super) fn read_removed(signature: &Value) -> Result<Message, MessageError> {
    let wrong = || Payload::new("removed", signature).wrong("a signature of 64 bytes in base 64");
    bytes(signature).map(Message::Removed).ok_or_else(wrong)
}
