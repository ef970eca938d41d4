//! Messages to and from JSON text.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use super::membership::Dropped;
use super::message::{Message, MessageError, Presence};
use crate::document::{Kind, Run, Source, Text, Value, deep};
use crate::limits;
use crate::sync::{
    Author, Change, ChangeError, Checkpoint, Tick, VectorClock, decode_message, encode_change, read_change,
    read_change_message, read_changes, read_changes_message, read_clock, read_path, write_changes,
    write_clock, write_path,
};

/// Bytes of a message that can hold a whole document: its text is quoted within the message, which
/// may double it.
const LONGEST: usize = 2 * limits::DOCUMENT_BYTES;

/// Bytes that a message of every kind may have.
const SHORTEST: usize = limits::PRESENCE_BYTES;
const _: () = assert!(SHORTEST <= limits::MESSAGE_BYTES && SHORTEST <= LONGEST);

/// Bytes of a long text that are quoted at once.
const QUOTED_BYTES: usize = 64 << 10;

impl Message {
    /// The text that says this: `[type, payload]` on one line.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Hello { version, name, clock, has_document, writer, dropped, passing, answer } => {
                let _ = write!(text, r#"["hello",{{"version":{version},"name":{},"clock":"#, Text::new(name));
                write_clock(clock, &mut text);
                let _ = write!(text, r#","document":{has_document}"#);
                if let Some(writer) = writer {
                    let _ = write!(text, r#","writer":{writer}"#);
                }
                for (name, clock) in [("dropped", &dropped.first), ("settled", &dropped.settled)] {
                    if clock.iter().len() > 0 {
                        let _ = write!(text, r#","{name}":"#);
                        write_clock(clock, &mut text);
                    }
                }
                for (name, is_so) in [("passing", *passing), ("answer", *answer)] {
                    if is_so {
                        let _ = write!(text, r#","{name}":true"#);
                    }
                }
                text.push_str("}]");
            }
            Self::RequestDocument => text.push_str(r#"["request document",null]"#),
            Self::Document { checkpoint, changes } => write_document(checkpoint, changes, &mut text),
            Self::RequestDocumentOf(_)
            | Self::Text { .. }
            | Self::RequestText { .. }
            | Self::TextPart { .. }
            | Self::DocumentOf { .. } => super::parcel_codec::write(self, &mut text),
            Self::RequestChanges(clock) => {
                text.push_str(r#"["request changes","#);
                write_clock(clock, &mut text);
                text.push(']');
            }
            Self::Change(change) => return encode_change(change),
            Self::Changes(changes) => {
                text.push_str(r#"["changes","#);
                write_changes(changes, &mut text);
                text.push(']');
            }
            Self::RequestSync(runs) => {
                text.push_str(r#"["request sync",["#);
                for (at, (author, first, last)) in runs.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    let _ = write!(text, "{comma}[{author},{first},{last}]");
                }
                text.push_str("]]");
            }
            Self::Clock { seen, floor, writer } => {
                text.push_str(r#"["clock","#);
                write_clock(seen, &mut text);
                if let Some(floor) = floor {
                    text.push(',');
                    write_clock(floor, &mut text);
                } else if writer.is_some() {
                    text.push_str(",null");
                }
                if let Some(writer) = writer {
                    let _ = write!(text, ",{writer}");
                }
                text.push(']');
            }
            Self::Dropped(dropped) => {
                text.push_str(r#"["dropped","#);
                write_clock(&dropped.first, &mut text);
                text.push(',');
                write_clock(&dropped.settled, &mut text);
                text.push(']');
            }
            Self::Presence(presence) => write_presence(presence, &mut text),
            Self::Digest { clock, digest } => super::proof_codec::write_digest(clock, digest, &mut text),
            Self::Certificate(certificate) => super::proof_codec::write_certificate(certificate, &mut text),
            Self::Heads(heads) => super::proof_codec::write_heads(heads, &mut text),
            Self::Links(authors) => {
                text.push_str(r#"["links",["#);
                for (at, author) in authors.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    let _ = write!(text, "{comma}{author}");
                }
                text.push_str("]]");
            }
            Self::Pass { from, to, message } => {
                let _ = write!(text, r#"["pass",{{"from":{from},"to":{to}}},{}]"#, message.encode());
            }
            Self::Goodbye => text.push_str(r#"["goodbye",null]"#),
            Self::Prove { code, writer } => super::proof_codec::write_prove(code, writer.as_ref(), &mut text),
            Self::Renewed { renewal, certificates } => {
                super::renewal_codec::write(renewal, certificates, &mut text);
            }
            Self::Removed(signature) => super::renewal_codec::write_removed(signature, &mut text),
            Self::Signed(message, proof) => {
                text = message.encode();
                text.pop();
                super::proof_codec::write(proof, &mut text);
                text.push(']');
            }
        }
        text
    }

    /// Reads what a peer said.
    ///
    /// # Errors
    /// What is wrong with it. Elements after the payload and members of a payload that are not
    /// known here are let through: they are how the protocol grows.
    pub fn decode(text: &str) -> Result<Self, MessageError> {
        // Few are so long that it matters what they are.
        let limit = if text.len() <= SHORTEST { SHORTEST } else { longest(text) };
        if text.len() > limit {
            return Err(MessageError::TooLarge { bytes: text.len(), limit });
        }
        let direct = match read_change_message(text) {
            Some((change, "]")) => return Ok(Self::Change(Arc::new(change))),
            Some((change, rest)) => Some((Self::Change(Arc::new(change)), rest)),
            None => read_changes_message(text).map(|(changes, rest)| (Self::Changes(changes), rest)),
        };
        if let Some(read) = direct.and_then(|(read, rest)| read.with_proof(rest)) {
            return Ok(read);
        }
        let message =
            decode_message(text, limit).map_err(|ChangeError(reason)| MessageError::Shape(reason))?;
        let (kind, payload) = kind_and_payload(&message)?;
        if kind == "pass" {
            return read_pass(text.len(), &Payload::new("pass", payload), &message);
        }
        Self::read_signed(&kind, payload, &message)
    }

    /// These changes with what stands behind them in their message; nothing if that is something else
    /// than their proof, or is wrong.
    fn with_proof(self, rest: &str) -> Option<Self> {
        if rest == "]" {
            return Some(self);
        }
        let proof = rest.strip_prefix(',')?.strip_suffix(']')?;
        let proof = decode_message(proof, limits::MESSAGE_BYTES).ok()?;
        let proof = super::proof_codec::read(&Payload::new("proof", &proof)).ok()?;
        Some(Self::Signed(Box::new(self), proof))
    }

    /// Reads a message of a kind, other than one that is passed on, with what proves its changes.
    fn read_signed(kind: &str, payload: &Value, message: &Value) -> Result<Self, MessageError> {
        let read = Self::read(kind, payload, message)?;
        match (message.index(2), &read) {
            (
                Some(proof),
                Self::Change(_) | Self::Changes(_) | Self::Document { .. } | Self::DocumentOf { .. },
            ) => Ok(Self::Signed(Box::new(read), super::proof_codec::read(&Payload::new("proof", proof))?)),
            _ => Ok(read),
        }
    }

    fn read(kind: &str, payload: &Value, message: &Value) -> Result<Self, MessageError> {
        match kind {
            "hello" => read_hello(&Payload::new("hello", payload)),
            "prove" => super::proof_codec::read_prove(&Payload::new("prove", payload)),
            "request document" if payload.kind() == Kind::Null => Ok(Self::RequestDocument),
            "request document" | "text" | "request text" | "text part" | "document of" => {
                super::parcel_codec::read(kind, payload)
            }
            "document" => read_document(&Payload::new("document", payload)),
            "request changes" => Ok(Self::RequestChanges(read_clock(payload)?)),
            "change" => Ok(Self::Change(Arc::new(read_change(payload)?))),
            "changes" => Payload::new("changes", payload).changes(limits::MESSAGE_CHANGES).map(Self::Changes),
            "request sync" => read_runs(&Payload::new("request sync", payload)),
            "clock" => {
                let floor = message.index(2).filter(|floor| floor.kind() != Kind::Null);
                let floor = floor.map(read_clock).transpose()?;
                let of = Payload::new("clock", payload);
                let writer = message.index(3).map(|writer| of.author(writer)).transpose()?;
                Ok(Self::Clock { seen: read_clock(payload)?, floor, writer })
            }
            "dropped" => {
                let settled =
                    message.index(2).ok_or_else(|| Payload::new("dropped", payload).wrong("two clocks"))?;
                Ok(Self::Dropped(Dropped { first: read_clock(payload)?, settled: read_clock(settled)? }))
            }
            "presence" => read_presence(&Payload::new("presence", payload)),
            "links" => {
                let links = Payload::new("links", payload);
                let authors = links.elements(limits::LINKS)?.map(author).collect::<Option<Vec<_>>>();
                authors.map(Self::Links).ok_or_else(|| links.wrong("an array of authors was expected"))
            }
            "digest" => super::proof_codec::read_digest(payload, message),
            "certificate" => super::proof_codec::read_certificate(payload),
            "heads" => super::proof_codec::read_heads(&Payload::new("heads", payload)),
            "renewed" => super::renewal_codec::read(&Payload::new("renewed", payload)),
            "removed" => super::renewal_codec::read_removed(payload),
            "goodbye" => Ok(Self::Goodbye),
            unknown => Err(MessageError::Unknown(unknown.chars().take(limits::NAME_CHARS).collect())),
        }
    }
}

/// How long a text may be, by what it begins with: only documents and changes may be long, and
/// that is to be known before anything is built from it.
fn longest(text: &str) -> usize {
    let kind = text.trim_start().strip_prefix('[').map(str::trim_start).unwrap_or_default();
    let kind = kind.strip_prefix('"').unwrap_or_default();
    longest_of(kind.split('"').next().unwrap_or_default())
}

/// How long a message of a kind may be.
fn longest_of(kind: &str) -> usize {
    match kind {
        // What is passed on has the bound of its own kind, once that is known.
        "document" | "document of" | "change" | "changes" | "pass" => LONGEST,
        "presence" => limits::PRESENCE_BYTES,
        _ => limits::MESSAGE_BYTES,
    }
}

fn kind_and_payload(message: &Value) -> Result<(String, &Value), MessageError> {
    let kind = message.index(0).and_then(Value::as_text).map(|kind| kind.plain().into_owned());
    kind.zip(message.index(1))
        .ok_or_else(|| MessageError::Shape("a type and a payload were expected".to_owned()))
}

fn author(value: &Value) -> Option<Author> {
    let author = value.as_number().and_then(|number| number.parse().ok());
    author.filter(|&author| author > 0).map(Author)
}

fn read_pass(bytes: usize, pass: &Payload<'_>, message: &Value) -> Result<Message, MessageError> {
    let named = |name| author(pass.member(name)?).ok_or_else(|| pass.wrong(format!("{name:?} is an author")));
    let (from, to) = (named("from")?, named("to")?);
    let inner = message.index(2).ok_or_else(|| pass.wrong("it brings no message"))?;
    let (kind, payload) = kind_and_payload(inner)?;
    let limit = longest_of(&kind);
    if bytes > limit {
        return Err(MessageError::TooLarge { bytes, limit });
    }
    // One within another is of no kind that is known there.
    let message = Box::new(Message::read_signed(&kind, payload, inner)?);
    Ok(Message::Pass { from, to, message })
}

/// Writes a long text as a JSON string, piece by piece: it is in memory once more, and no oftener.
fn write_quoted(mut long: &str, text: &mut String) {
    text.reserve(long.len() + long.len() / 4);
    text.push('"');
    while !long.is_empty() {
        let end = (QUOTED_BYTES..long.len()).find(|&at| long.is_char_boundary(at)).unwrap_or(long.len());
        let (piece, rest) = long.split_at(end);
        text.push_str(Text::new(piece).raw());
        long = rest;
    }
    text.push('"');
}

/// How the lines of a file are spelled that are no JSON.
pub(super) fn write_lines(bad: &BTreeSet<String>, text: &mut String) {
    let lines = Value::array(bad.iter().map(|line| Value::from_text(Text::from_raw(line))));
    let _ = write!(text, r#","lines":{lines}"#);
}

/// The value goes along only when the source does not say it already, to the letter.
fn write_document(checkpoint: &Checkpoint, changes: &[Arc<Change>], text: &mut String) {
    text.push_str(r#"["document",{"source":"#);
    write_quoted(&checkpoint.source, text);
    if let Some(bad) = checkpoint.source.bad_lines() {
        write_lines(bad, text);
    }
    text.push_str(r#","clock":"#);
    write_clock(&checkpoint.clock, text);
    let says = |value: &Value| reads_the_same(value, &checkpoint.value);
    if !checkpoint.source.read().is_ok_and(|parsed| says(&parsed.value)) {
        let _ = write!(text, r#","value":{}"#, checkpoint.value);
    }
    text.push_str(r#","changes":"#);
    write_changes(changes, text);
    text.push_str("}]");
}

/// Whether two values have the same text: equal values may spell a string differently.
fn reads_the_same(left: &Value, right: &Value) -> bool {
    if left.is_same(right) {
        return true;
    }
    let is_same_child = |at: usize| match (left.entry(at), right.entry(at)) {
        (Some((left_key, left)), Some((right_key, right))) => {
            left_key.raw() == right_key.raw() && deep(|| reads_the_same(left, right))
        }
        _ => left
            .index(at)
            .zip(right.index(at))
            .is_some_and(|(left, right)| deep(|| reads_the_same(left, right))),
    };
    left.kind() == right.kind()
        && left.len() == right.len()
        && left.as_bool() == right.as_bool()
        && left.as_number() == right.as_number()
        && left.as_text().map(Text::raw) == right.as_text().map(Text::raw)
        && Run::gaps(&left.shared_runs(right), left.len(), right.len())
            .all(|(mut children, others)| children == others && children.all(is_same_child))
}

fn write_presence(presence: &Presence, text: &mut String) {
    let _ = write!(text, r#"["presence",{{"name":{},"path":"#, Text::new(&presence.name));
    match &presence.path {
        Some(path) => write_path(path, text),
        None => text.push_str("null"),
    }
    let _ = write!(text, r#","editing":{}"#, presence.editing);
    if let Some(color) = &presence.color {
        let _ = write!(text, r#","color":{}"#, Text::new(color));
    }
    text.push_str("}]");
}

fn read_hello(hello: &Payload<'_>) -> Result<Message, MessageError> {
    let version = hello.member("version")?.as_number().and_then(|number| number.parse().ok());
    Ok(Message::Hello {
        version: version.ok_or_else(|| hello.wrong("the version is a number"))?,
        name: hello.name()?,
        clock: read_clock(hello.member("clock")?)?,
        has_document: hello.flag("document")?,
        writer: hello.member("writer").ok().map(|writer| hello.author(writer)).transpose()?,
        dropped: Dropped { first: hello.clock("dropped")?, settled: hello.clock("settled")? },
        passing: hello.is_so("passing")?,
        answer: hello.is_so("answer")?,
    })
}

/// How the lines of a file are spelled that are no JSON; nothing if it is no file of lines.
pub(super) fn read_lines(document: &Payload<'_>) -> Result<Option<BTreeSet<String>>, MessageError> {
    let Ok(lines) = document.member("lines") else { return Ok(None) };
    let spelling = |line: &Value| line.as_text().map(|text| text.raw().to_owned());
    let bad = lines.elements().map(spelling).collect::<Option<_>>();
    bad.map(Some).ok_or_else(|| document.wrong("\"lines\" is an array of strings"))
}

fn read_document(document: &Payload<'_>) -> Result<Message, MessageError> {
    let source = document.string("source")?;
    if source.len() > limits::DOCUMENT_BYTES {
        return Err(MessageError::TooLarge { bytes: source.len(), limit: limits::DOCUMENT_BYTES });
    }
    let source = Source::from(source).with_bad_lines(read_lines(document)?);
    let value = match document.member("value") {
        Ok(value) => value.clone(),
        Err(_) => source.read()?.value,
    };
    let clock = read_clock(document.member("clock")?)?;
    let changes =
        Payload::new(document.kind, document.member("changes")?).changes(limits::DOCUMENT_CHANGES)?;
    Ok(Message::Document { checkpoint: Checkpoint { source, value, clock }, changes })
}

fn read_runs(runs: &Payload<'_>) -> Result<Message, MessageError> {
    let run = |run: &Value| {
        let number =
            |at| run.index(at).and_then(Value::as_number).and_then(|number| number.parse::<Tick>().ok());
        let author = number(0).and_then(|author| u32::try_from(author).ok()).filter(|&author| author > 0);
        let (first, last) = (number(1).filter(|&first| first > 0)?, number(2)?);
        (first <= last && last <= limits::TICKS).then_some((Author(author?), first, last))
    };
    let read = runs.elements(limits::SYNC_RUNS)?.map(run).collect::<Option<Vec<_>>>();
    read.map(Message::RequestSync).ok_or_else(|| runs.wrong("a run is [author, first tick, last tick]"))
}

fn read_presence(presence: &Payload<'_>) -> Result<Message, MessageError> {
    let path = match presence.member("path")? {
        nowhere if nowhere.kind() == Kind::Null => None,
        path => Some(read_path(path)?),
    };
    let color = match presence.member("color") {
        Ok(_) => Some(presence.string("color")?),
        Err(_) => None,
    };
    if color.as_ref().is_some_and(|color| color.chars().count() > limits::NAME_CHARS) {
        return Err(presence.wrong(format!("a colour has at most {} characters", limits::NAME_CHARS)));
    }
    let (name, editing) = (presence.name()?, presence.flag("editing")?);
    Ok(Message::Presence(Presence { name, path, editing, color }))
}

/// What a message of some kind carries.
pub(super) struct Payload<'a> {
    kind: &'static str,
    value: &'a Value,
}

impl<'a> Payload<'a> {
    pub(super) fn new(kind: &'static str, value: &'a Value) -> Self {
        Self { kind, value }
    }

    pub(super) fn wrong(&self, reason: impl Into<String>) -> MessageError {
        MessageError::Payload { kind: self.kind, reason: reason.into() }
    }

    pub(super) fn member(&self, name: &str) -> Result<&'a Value, MessageError> {
        self.value.key(&Text::new(name)).ok_or_else(|| self.wrong(format!("it has no {name:?}")))
    }

    /// A clock that may be left out when it says nothing.
    fn clock(&self, name: &str) -> Result<VectorClock, MessageError> {
        Ok(self.member(name).ok().map(read_clock).transpose()?.unwrap_or_default())
    }

    /// A flag that may be left out when it is false.
    fn is_so(&self, name: &str) -> Result<bool, MessageError> {
        Ok(self.member(name).is_ok() && self.flag(name)?)
    }

    fn author(&self, value: &Value) -> Result<Author, MessageError> {
        let number =
            value.as_number().and_then(|number| number.parse().ok()).filter(|&number: &u32| number > 0);
        number.map(Author).ok_or_else(|| self.wrong("an author is a positive number"))
    }

    fn flag(&self, name: &str) -> Result<bool, MessageError> {
        self.member(name)?.as_bool().ok_or_else(|| self.wrong(format!("{name:?} is true or false")))
    }

    pub(super) fn string(&self, name: &str) -> Result<String, MessageError> {
        let text = self.member(name)?.as_text().filter(|text| !text.has_lone_surrogate());
        text.map(|text| text.plain().into_owned()).ok_or_else(|| self.wrong(format!("{name:?} is a string")))
    }

    fn name(&self) -> Result<String, MessageError> {
        let name = self.string("name")?;
        if name.chars().count() > limits::NAME_CHARS {
            return Err(self.wrong(format!("a name has at most {} characters", limits::NAME_CHARS)));
        }
        Ok(name)
    }

    pub(super) fn elements(&self, limit: usize) -> Result<impl Iterator<Item = &'a Value>, MessageError> {
        if self.value.kind() != Kind::Array || self.value.len() > limit {
            return Err(self.wrong(format!("an array of at most {limit} elements was expected")));
        }
        Ok(self.value.elements())
    }

    pub(super) fn changes(&self, limit: usize) -> Result<Vec<Arc<Change>>, MessageError> {
        Ok(read_changes(self.value, limit)?)
    }
}
