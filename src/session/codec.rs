//! Messages to and from JSON text.
//!
//! The shape is read by `serde_json`; documents, changes and paths are cut out as text and read by
//! [`parse`], which keeps the text of numbers, the order of keys and halves of surrogate pairs.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::message::{Message, MessageError, Presence};
use crate::document::{Path, Step, Text, Value, parse};
use crate::limits;
use crate::sync::{Author, Change, Checkpoint, Tick, VectorClock, decode_change, encode_change};

/// Bytes of a message that can hold a whole document: its text is quoted within the message, which
/// may double it.
const LONGEST: usize = 2 * limits::DOCUMENT_BYTES;

impl Message {
    /// The text that says this.
    pub fn encode(&self) -> String {
        match self {
            Self::Hello { version, name, clock, has_document } => format!(
                r#"["hello",{{"version":{version},"name":{},"clock":{},"document":{has_document}}}]"#,
                Text::new(name),
                ClockText(clock),
            ),
            Self::RequestDocument => r#"["request document",null]"#.to_owned(),
            Self::Document { checkpoint, changes } => encode_document(checkpoint, changes),
            Self::RequestChanges(clock) => format!(r#"["request changes",{}]"#, ClockText(clock)),
            Self::Change(change) => encode_change(change),
            Self::Changes(changes) => format!(r#"["changes",{}]"#, encode_changes(changes)),
            Self::RequestSync(runs) => {
                let runs: Vec<String> =
                    runs.iter().map(|(author, first, last)| format!("[{author},{first},{last}]")).collect();
                format!(r#"["request sync",[{}]]"#, runs.join(","))
            }
            Self::Clock(clock) => format!(r#"["clock",{}]"#, ClockText(clock)),
            Self::Presence(presence) => encode_presence(presence),
            Self::Goodbye => r#"["goodbye",null]"#.to_owned(),
        }
    }

    /// Reads what a peer said.
    ///
    /// # Errors
    /// What is wrong with it. Elements after the payload and unknown members of a payload are let
    /// through: they are how the protocol grows.
    pub fn decode(text: &str) -> Result<Self, MessageError> {
        within(text, LONGEST)?;
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| MessageError::Shape(error.to_string()))?;
        let payload = envelope.payload.get();
        if !matches!(&*envelope.kind, "document" | "change" | "changes") {
            within(text, limits::MESSAGE_BYTES)?;
        }
        Ok(match &*envelope.kind {
            "hello" => decode_hello(payload)?,
            "request document" => Self::RequestDocument,
            "document" => decode_document(payload)?,
            "request changes" => Self::RequestChanges(read::<WireClock>("request changes", payload)?.0),
            "change" => Self::Change(Arc::new(decode_change(text)?)),
            "changes" => Self::Changes(decode_changes(&read::<RawList<'_, { limits::MESSAGE_CHANGES }>>(
                "changes", payload,
            )?)?),
            "request sync" => decode_request_sync(payload)?,
            "clock" => Self::Clock(read::<WireClock>("clock", payload)?.0),
            "presence" => decode_presence(text, payload)?,
            "goodbye" => Self::Goodbye,
            unknown => return Err(MessageError::Unknown(unknown.chars().take(limits::NAME_CHARS).collect())),
        })
    }
}

/// Refuses a text that is too long.
fn within(text: &str, limit: usize) -> Result<(), MessageError> {
    if text.len() > limit { Err(MessageError::TooLarge { bytes: text.len(), limit }) } else { Ok(()) }
}

/// Reads the payload of a message of this kind.
fn read<'a, T: Deserialize<'a>>(kind: &'static str, payload: &'a str) -> Result<T, MessageError> {
    serde_json::from_str(payload).map_err(|error| MessageError::Payload { kind, reason: error.to_string() })
}

fn payload_error(kind: &'static str, reason: impl Into<String>) -> MessageError {
    MessageError::Payload { kind, reason: reason.into() }
}

fn encode_changes(changes: &[Arc<Change>]) -> String {
    let mut text = String::from("[");
    for (at, change) in changes.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&encode_change(change));
    }
    text.push(']');
    text
}

/// The value goes along only when the source does not say it already, to the letter.
fn encode_document(checkpoint: &Checkpoint, changes: &[Arc<Change>]) -> String {
    let mut text = format!(
        r#"["document",{{"source":{},"clock":{}"#,
        Text::new(&checkpoint.source),
        ClockText(&checkpoint.clock)
    );
    if !parse(&checkpoint.source).is_ok_and(|value| reads_the_same(&value, &checkpoint.value)) {
        // Writing into a string cannot fail.
        let _ = write!(text, r#","value":{}"#, checkpoint.value);
    }
    text.push_str(r#","changes":"#);
    text.push_str(&encode_changes(changes));
    text.push_str("}]");
    text
}

/// Whether two values have the same text: equal values may spell a string differently.
fn reads_the_same(left: &Value, right: &Value) -> bool {
    if left.is_same(right) {
        return true;
    }
    left.kind() == right.kind()
        && left.len() == right.len()
        && left.as_bool() == right.as_bool()
        && left.as_number() == right.as_number()
        && left.as_text().map(Text::raw) == right.as_text().map(Text::raw)
        && left.elements().zip(right.elements()).all(|(left, right)| reads_the_same(left, right))
        && left.entries().zip(right.entries()).all(|((left_key, left), (right_key, right))| {
            left_key.raw() == right_key.raw() && reads_the_same(left, right)
        })
}

fn encode_presence(presence: &Presence) -> String {
    let path = presence.path.as_ref().map_or_else(
        || "null".to_owned(),
        |path| {
            let steps: Vec<String> = path
                .steps()
                .iter()
                .map(|step| match step {
                    Step::Key(key) => key.to_string(),
                    Step::Index(index) => index.to_string(),
                })
                .collect();
            format!("[{}]", steps.join(","))
        },
    );
    format!(
        r#"["presence",{{"name":{},"path":{path},"editing":{}}}]"#,
        Text::new(&presence.name),
        presence.editing
    )
}

fn decode_hello(payload: &str) -> Result<Message, MessageError> {
    #[derive(Deserialize)]
    struct Hello {
        version: u32,
        name: String,
        clock: WireClock,
        document: bool,
    }
    let hello: Hello = read("hello", payload)?;
    check_name("hello", &hello.name)?;
    Ok(Message::Hello {
        version: hello.version,
        name: hello.name,
        clock: hello.clock.0,
        has_document: hello.document,
    })
}

fn decode_document(payload: &str) -> Result<Message, MessageError> {
    #[derive(Deserialize)]
    struct Document<'a> {
        #[serde(borrow)]
        source: Cow<'a, str>,
        clock: WireClock,
        // Not an option of serde's, which takes `null`, a document like any other, for nothing.
        #[serde(borrow, default, deserialize_with = "present")]
        value: Option<&'a RawValue>,
        #[serde(borrow)]
        changes: RawList<'a, { limits::DOCUMENT_CHANGES }>,
    }
    let document: Document<'_> = read("document", payload)?;
    within(&document.source, limits::DOCUMENT_BYTES)?;
    let value = match document.value {
        Some(raw) => {
            within(raw.get(), limits::DOCUMENT_BYTES)?;
            parse(raw.get())?
        }
        None => parse(&document.source)?,
    };
    let changes = decode_changes(&document.changes)?;
    let checkpoint = Checkpoint { source: document.source.into(), value, clock: document.clock.0 };
    Ok(Message::Document { checkpoint, changes })
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn decode_changes<const MAX: usize>(list: &RawList<'_, MAX>) -> Result<Vec<Arc<Change>>, MessageError> {
    list.0.iter().map(|raw| Ok(Arc::new(decode_change(raw.get())?))).collect()
}

fn decode_request_sync(payload: &str) -> Result<Message, MessageError> {
    let runs: Bounded<(u32, Tick, Tick), { limits::SYNC_RUNS }> = read("request sync", payload)?;
    let sound = |&(author, first, last): &(u32, Tick, Tick)| {
        author > 0 && first > 0 && first <= last && last <= limits::TICKS
    };
    if !runs.0.iter().all(sound) {
        return Err(payload_error("request sync", "a run is [author, first tick, last tick], from 1 on"));
    }
    Ok(Message::RequestSync(
        runs.0.into_iter().map(|(author, first, last)| (Author(author), first, last)).collect(),
    ))
}

fn decode_presence(text: &str, payload: &str) -> Result<Message, MessageError> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        name: String,
        #[serde(borrow)]
        path: Option<&'a RawValue>,
        editing: bool,
    }
    within(text, limits::PRESENCE_BYTES)?;
    let presence: Wire<'_> = read("presence", payload)?;
    check_name("presence", &presence.name)?;
    let path = presence.path.map(|raw| decode_path(raw.get())).transpose()?;
    Ok(Message::Presence(Presence { name: presence.name, path, editing: presence.editing }))
}

fn decode_path(text: &str) -> Result<Path, MessageError> {
    let value = parse(text).map_err(|error| payload_error("presence", error.to_string()))?;
    if value.len() > limits::PATH_STEPS {
        return Err(payload_error("presence", format!("a path has at most {} steps", limits::PATH_STEPS)));
    }
    let step = |element: &Value| {
        if let Some(key) = element.as_text() {
            return Ok(Step::Key(key.clone()));
        }
        let position = element.as_number().and_then(|number| number.parse().ok());
        position.map(Step::Index).ok_or_else(|| payload_error("presence", "a step is a string or a position"))
    };
    if value.kind() != crate::document::Kind::Array {
        return Err(payload_error("presence", "a path is an array of steps"));
    }
    value.elements().map(step).collect()
}

fn check_name(kind: &'static str, name: &str) -> Result<(), MessageError> {
    if name.chars().count() > limits::NAME_CHARS {
        return Err(payload_error(kind, format!("a name has at most {} characters", limits::NAME_CHARS)));
    }
    Ok(())
}

/// `[type, payload, …]`
struct Envelope<'a> {
    kind: Cow<'a, str>,
    payload: &'a RawValue,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Envelope<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an array of a type and a payload")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let kind: String = elements.next_element()?.ok_or_else(|| A::Error::custom("no type"))?;
                let payload = elements.next_element()?.ok_or_else(|| A::Error::custom("no payload"))?;
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Envelope { kind: kind.into(), payload })
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

/// At most `MAX` elements; reading stops at the first too many.
struct Bounded<T, const MAX: usize>(Vec<T>);

type RawList<'a, const MAX: usize> = Bounded<&'a RawValue, MAX>;

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MAX: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Elements<T, MAX> {
            type Value = Bounded<T, MAX>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "an array of at most {MAX} elements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut taken = Vec::new();
                while let Some(element) = elements.next_element()? {
                    if taken.len() == MAX {
                        return Err(A::Error::custom(format!("more than {MAX} elements")));
                    }
                    taken.push(element);
                }
                Ok(Bounded(taken))
            }
        }
        deserializer.deserialize_seq(Elements(std::marker::PhantomData))
    }
}

/// `{"AUTHOR":TICK,…}`
struct WireClock(VectorClock);

impl<'de> Deserialize<'de> for WireClock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ticks;
        impl<'de> Visitor<'de> for Ticks {
            type Value = WireClock;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a clock: a map from authors to ticks")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut ticks: A) -> Result<Self::Value, A::Error> {
                let mut clock = VectorClock::new();
                while let Some((key, tick)) = ticks.next_entry::<String, Tick>()? {
                    let author =
                        author(&key).ok_or_else(|| A::Error::custom("a clock's keys are authors"))?;
                    if tick == 0 || tick > limits::TICKS {
                        return Err(A::Error::custom(format!("a tick is from 1 to {}", limits::TICKS)));
                    }
                    if clock.get(author) != 0 {
                        return Err(A::Error::custom("a clock names an author once"));
                    }
                    clock.set(author, tick);
                    if clock.iter().len() > limits::CLOCK_AUTHORS {
                        return Err(A::Error::custom(format!("more than {} authors", limits::CLOCK_AUTHORS)));
                    }
                }
                Ok(WireClock(clock))
            }
        }
        deserializer.deserialize_map(Ticks)
    }
}

/// Reads an author: digits without a sign or a leading zero.
fn author(text: &str) -> Option<Author> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical).map(Author)
}

/// Writes a clock as the wire has it.
struct ClockText<'a>(&'a VectorClock);

impl fmt::Display for ClockText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{")?;
        for (at, (author, tick)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(formatter, r#"{comma}"{author}":{tick}"#)?;
        }
        formatter.write_str("}")
    }
}
