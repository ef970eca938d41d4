//! What proves changes, to and from JSON text: `{"seals":[SEAL,…],"hashes":{"AUTHOR":HASH,…}}`.

use std::fmt::Write as _;

use data_encoding::BASE64;

use super::codec::Payload;
use super::message::{Message, MessageError, Proof};
use crate::document::{Kind, Text, Value};
use crate::limits;
use crate::sync::{Author, Tick, VectorClock, read_clock, write_clock};
use crate::trust::{Hash, Head, Seal};

/// Bytes of a certificate: a key and a signature.
pub(super) const CERTIFICATE: usize = 96;

pub(super) fn write(proof: &Proof, out: &mut String) {
    out.push_str(r#",{"seals":["#);
    for (at, seal) in proof.seals.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let (before, signature) = (BASE64.encode(&seal.before), BASE64.encode(&seal.signature));
        let (author, first, last) = (seal.author, seal.first, seal.last);
        let _ = write!(out, r#"{comma}[{author},{first},{last},"{before}","{signature}""#);
        if let Some(certificate) = &seal.certificate {
            let _ = write!(out, r#","{}""#, BASE64.encode(certificate));
        }
        out.push(']');
    }
    out.push(']');
    if !proof.hashes.is_empty() {
        out.push_str(r#","hashes":{"#);
        for (at, (author, hash)) in proof.hashes.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(out, r#"{comma}"{author}":"{}""#, BASE64.encode(hash));
        }
        out.push('}');
    }
    out.push('}');
}

pub(super) fn read(proof: &Payload<'_>) -> Result<Proof, MessageError> {
    let wrong = || proof.wrong("a seal is [author, first tick, last tick, hash, signature, certificate?]");
    let seals = Payload::new("proof", proof.member("seals")?);
    let seals = seals.elements(limits::MESSAGE_CHANGES)?.map(seal);
    let seals = seals.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    let hashes = match proof.member("hashes") {
        Ok(hashes) => {
            read_hashes(hashes).ok_or_else(|| proof.wrong("the hashes are by author, in base 64"))?
        }
        Err(_none) => Vec::new(),
    };
    Ok(Proof { seals, hashes })
}

pub(super) fn write_prove(code: &[u8; 32], writer: Option<&(Vec<u8>, [u8; 64])>, out: &mut String) {
    let _ = write!(out, r#"["prove",{{"code":"{}""#, BASE64.encode(code));
    if let Some((certificate, signature)) = writer {
        let (certificate, signature) = (BASE64.encode(certificate), BASE64.encode(signature));
        let _ = write!(out, r#","certificate":"{certificate}","signature":"{signature}""#);
    }
    out.push_str("}]");
}

pub(super) fn read_prove(prove: &Payload<'_>) -> Result<Message, MessageError> {
    let wrong = || prove.wrong("the code, certificate and signature are base 64 of 32, 96 and 64 bytes");
    let code = bytes(prove.member("code")?).ok_or_else(wrong)?;
    let writer = match (prove.member("certificate"), prove.member("signature")) {
        (Ok(certificate), Ok(signature)) => {
            let certificate = bytes::<CERTIFICATE>(certificate).ok_or_else(wrong)?;
            Some((certificate.to_vec(), bytes(signature).ok_or_else(wrong)?))
        }
        _ => None,
    };
    Ok(Message::Prove { code, writer })
}

pub(super) fn write_digest(clock: &VectorClock, digest: &Hash, out: &mut String) {
    out.push_str(r#"["digest","#);
    write_clock(clock, out);
    let _ = write!(out, r#","{}"]"#, BASE64.encode(digest));
}

pub(super) fn read_digest(clock: &Value, message: &Value) -> Result<Message, MessageError> {
    let wrong = || Payload::new("digest", clock).wrong("a clock and a hash of 32 bytes in base 64");
    let digest = message.index(2).and_then(bytes).ok_or_else(wrong)?;
    Ok(Message::Digest { clock: read_clock(clock)?, digest })
}

pub(super) fn write_certificate(certificate: &[u8], out: &mut String) {
    let _ = write!(out, r#"["certificate","{}"]"#, BASE64.encode(certificate));
}

pub(super) fn read_certificate(certificate: &Value) -> Result<Message, MessageError> {
    let wrong = || Payload::new("certificate", certificate).wrong("a certificate of 96 bytes in base 64");
    let read = bytes::<CERTIFICATE>(certificate).ok_or_else(wrong)?;
    Ok(Message::Certificate(read.to_vec()))
}

pub(super) fn write_heads(heads: &[Head], out: &mut String) {
    out.push_str(r#"["heads",["#);
    for (at, head) in heads.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let (hash, signature) = (BASE64.encode(&head.hash), BASE64.encode(&head.signature));
        let certificate = BASE64.encode(&head.certificate);
        let _ =
            write!(out, r#"{comma}[{},{},"{hash}","{signature}","{certificate}"]"#, head.author, head.tick);
    }
    out.push_str("]]");
}

pub(super) fn read_heads(heads: &Payload<'_>) -> Result<Message, MessageError> {
    let read = heads.elements(limits::HEADS)?.map(head).collect::<Option<Vec<_>>>();
    let read = read.ok_or_else(|| heads.wrong("a head is [author, tick, hash, signature, certificate]"))?;
    if !read.is_sorted_by(|one, next| one.author > next.author) {
        return Err(heads.wrong("one head of each author was expected, the highest first"));
    }
    Ok(Message::Heads(read))
}

fn head(head: &Value) -> Option<Head> {
    let number = |at| head.index(at)?.as_number()?.parse::<Tick>().ok();
    let author = u32::try_from(number(0)?).ok().filter(|&author| author > 0).map(Author)?;
    let tick = number(1).filter(|&tick| tick > 0 && tick <= limits::TICKS)?;
    let (hash, signature) = (bytes(head.index(2)?)?, bytes(head.index(3)?)?);
    let certificate = bytes::<CERTIFICATE>(head.index(4)?)?.to_vec();
    Some(Head { author, tick, hash, signature, certificate })
}

fn seal(seal: &Value) -> Option<Seal> {
    let number = |at| seal.index(at)?.as_number()?.parse::<Tick>().ok();
    let author = u32::try_from(number(0)?).ok().filter(|&author| author > 0)?;
    let (first, last) = (number(1)?, number(2)?);
    if last > limits::TICKS {
        return None;
    }
    let certificate = match seal.index(5) {
        Some(certificate) => Some(bytes::<CERTIFICATE>(certificate)?.to_vec()),
        None => None,
    };
    let (before, signature) = (bytes(seal.index(3)?)?, bytes(seal.index(4)?)?);
    Some(Seal { author: Author(author), first, last, before, signature, certificate })
}

fn read_hashes(hashes: &Value) -> Option<Vec<(Author, Hash)>> {
    if hashes.kind() != Kind::Object || hashes.len() > limits::CLOCK_AUTHORS {
        return None;
    }
    let hash = |(author, hash): (&Text, &Value)| {
        let author = author.plain().parse().ok().filter(|&author| author > 0)?;
        Some((Author(author), bytes(hash)?))
    };
    hashes.entries().map(hash).collect()
}

pub(super) fn bytes<const LENGTH: usize>(text: &Value) -> Option<[u8; LENGTH]> {
    let text = text.as_text()?.plain();
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}
