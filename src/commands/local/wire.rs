//! What is said over the socket: `[type, payload]` as JSON, a line each.

use std::fmt::Write as _;

use super::super::apply::Patch;
use super::super::failure::Exit;
use super::super::read::arguments;
use super::super::verb::Verb;
use crate::document::{Method, Text, Value};
use crate::limits;
use crate::sync::{decode_message, read_method};

/// The version of what is said over the socket.
pub(super) const VERSION: u32 = 1;

/// What the running peer says first: who it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Greeting {
    /// The version it speaks.
    pub(super) version: u32,
    /// The signaling server of its room.
    pub(super) signal: String,
    /// Its room.
    pub(super) room: String,
    /// What tells its room from others, if it is locked.
    pub(super) id: Option<String>,
    /// Whether it may write there.
    pub(super) may_write: bool,
    /// The name its edits go by.
    pub(super) name: String,
}

/// What is asked of the running peer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    /// Do what a verb does.
    Verb(Verb),
    /// How the running peer itself stands with the others.
    Status,
    /// The value at a path, and the turn to replace it.
    Read(String),
    /// Replace the value at a path.
    Replace {
        /// Where, as it was given.
        path: String,
        /// What it is to be still.
        old: Value,
        /// What it is to become.
        new: Value,
    },
}

/// What the running peer answers. Anything but data and messages ends the answer.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Reply {
    /// Data, for standard output.
    Print(String),
    /// A message, for standard error.
    Say(String),
    /// The value that was asked for.
    Value(Value),
    /// The value to be replaced is another by now; nothing was done.
    Again,
    /// It is over.
    End(Exit, String),
    /// The peer is about to leave the room: nothing was done, another is to be asked.
    Leaving,
}

impl Greeting {
    pub(super) fn encode(&self) -> String {
        let Self { version, signal, room, id, may_write, name } = self;
        let [signal, room, name] = [signal, room, name].map(|text| Value::string(text));
        let id = id.as_ref().map_or(Value::NULL, |id| Value::string(id));
        format!(
            r#"["ultrawave",{{"version":{version},"signal":{signal},"room":{room},"id":{id},"write":{may_write},"name":{name}}}]"#
        )
    }

    pub(super) fn decode(line: &str) -> Option<Self> {
        let (kind, payload) = split(line)?;
        let text = |name| text_of(payload.key(&Text::new(name))?);
        let version = payload.key(&Text::new("version"))?.as_number()?.parse().ok()?;
        let is_greeting = kind == "ultrawave";
        let greeting = Self {
            version,
            signal: text("signal")?,
            room: text("room")?,
            id: text("id"),
            may_write: payload.key(&Text::new("write"))?.as_bool()?,
            name: text("name")?,
        };
        is_greeting.then_some(greeting)
    }
}

impl Request {
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Verb(Verb::Get { path, compact }) => {
                format!(r#"["get",{{"path":{},"compact":{compact}}}]"#, Value::string(path))
            }
            Self::Verb(Verb::Change { path, method, expected }) => {
                let mut text = format!(
                    r#"["change",{{"method":"{}","path":{},"args":{}"#,
                    method.name(),
                    Value::string(path),
                    Value::array(arguments(method)),
                );
                if let Some(expected) = expected {
                    let _ = write!(text, r#","if":{expected}"#);
                }
                text + "}]"
            }
            Self::Verb(Verb::Apply(patch)) => {
                let (patch, merge) = match patch {
                    Patch::Operations(patch) => (patch, false),
                    Patch::Merge(patch) => (patch, true),
                };
                format!(r#"["apply",{{"patch":{patch},"merge":{merge}}}]"#)
            }
            Self::Verb(Verb::Log { json }) => format!(r#"["log",{{"json":{json}}}]"#),
            Self::Verb(Verb::Peers { json }) => format!(r#"["peers",{{"json":{json}}}]"#),
            Self::Verb(Verb::Revoke { who }) => {
                let who = Value::array(who.iter().map(|who| Value::string(who)));
                format!(r#"["revoke",{{"who":{who}}}]"#)
            }
            Self::Verb(Verb::Watch { path: None, .. }) => r#"["watch",{}]"#.to_owned(),
            Self::Verb(Verb::Watch { path: Some(path), .. }) => {
                format!(r#"["watch",{{"path":{}}}]"#, Value::string(path))
            }
            Self::Status => r#"["status",{}]"#.to_owned(),
            Self::Read(path) => format!(r#"["read",{{"path":{}}}]"#, Value::string(path)),
            Self::Replace { path, old, new } => {
                format!(r#"["replace",{{"path":{},"old":{old},"new":{new}}}]"#, Value::string(path))
            }
        }
    }

    /// # Errors
    /// What is wrong with it.
    pub(super) fn decode(line: &str) -> Result<Self, String> {
        let (kind, payload) = split(line).ok_or("a request is [type, payload]")?;
        let member = |name: &str| payload.key(&Text::new(name));
        let wanted = |name: &str| member(name).ok_or_else(|| format!("a {kind} request has {name:?}"));
        let path = || text_of(wanted("path")?).ok_or_else(|| "a path is a string".to_owned());
        let flag = |name: &str| member(name).and_then(Value::as_bool).unwrap_or(false);
        let verb = match kind.as_str() {
            "get" => Verb::Get { path: path()?, compact: flag("compact") },
            "change" => {
                let arguments: Vec<Value> = wanted("args")?.elements().cloned().collect();
                let method: Method =
                    read_method(wanted("method")?, &arguments).map_err(|error| error.to_string())?;
                Verb::Change { path: path()?, method, expected: member("if").cloned() }
            }
            "apply" => {
                let what = wanted("patch")?.clone();
                Verb::Apply(if flag("merge") { Patch::Merge(what) } else { Patch::Operations(what) })
            }
            "log" => Verb::Log { json: flag("json") },
            "peers" => Verb::Peers { json: flag("json") },
            "revoke" => {
                let who = wanted("who")?.elements().map(text_of).collect::<Option<_>>();
                Verb::Revoke { who: who.ok_or("\"who\" is an array of names and numbers")? }
            }
            "watch" => Verb::Watch { path: member("path").map(|_| path()).transpose()?, is_resumed: false },
            "status" => return Ok(Self::Status),
            "read" => return Ok(Self::Read(path()?)),
            "replace" => {
                let (old, new) = (wanted("old")?.clone(), wanted("new")?.clone());
                return Ok(Self::Replace { path: path()?, old, new });
            }
            _ => return Err(format!("a request of an unknown type, {kind:?}")),
        };
        Ok(Self::Verb(verb))
    }
}

impl Reply {
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Print(data) => format!(r#"["print",{}]"#, Value::string(data)),
            Self::Say(message) => format!(r#"["say",{}]"#, Value::string(message)),
            Self::Value(value) => format!(r#"["value",{value}]"#),
            Self::Again => r#"["again",null]"#.to_owned(),
            Self::End(exit, message) => {
                let (exit, message) = (*exit as u8, Value::string(message));
                format!(r#"["end",{{"exit":{exit},"message":{message}}}]"#)
            }
            Self::Leaving => r#"["leaving",null]"#.to_owned(),
        }
    }

    pub(super) fn decode(line: &str) -> Option<Self> {
        let (kind, payload) = split(line)?;
        match kind.as_str() {
            "print" => text_of(&payload).map(Self::Print),
            "say" => text_of(&payload).map(Self::Say),
            "value" => Some(Self::Value(payload)),
            "again" => Some(Self::Again),
            "end" => {
                let exit = payload.key(&Text::new("exit"))?.as_number()?.parse().ok()?;
                Some(Self::End(Exit::of_number(exit)?, text_of(payload.key(&Text::new("message"))?)?))
            }
            "leaving" => Some(Self::Leaving),
            _ => None,
        }
    }
}

fn split(line: &str) -> Option<(String, Value)> {
    let message = decode_message(line, limits::LOCAL_LINE_BYTES).ok()?;
    Some((text_of(message.index(0)?)?, message.index(1)?.clone()))
}

fn text_of(value: &Value) -> Option<String> {
    value.as_text().map(|text| text.plain().into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test panics on what it did not expect"
    )]

    use super::*;
    use crate::document::parse;

    #[test]
    fn what_is_said_is_understood() {
        let path = || "/a \"b\"".to_owned();
        let value = |text| parse(text).unwrap();
        let requests = [
            Request::Verb(Verb::Get { path: path(), compact: true }),
            Request::Verb(Verb::Change {
                path: path(),
                method: Method::Set(value("1e400")),
                expected: Some(Value::NULL),
            }),
            Request::Verb(Verb::Change { path: path(), method: Method::Delete, expected: None }),
            Request::Verb(Verb::Change {
                path: path(),
                method: Method::Splice { start: -1, count: 2, items: vec![value(r#""\ud800""#)] },
                expected: None,
            }),
            Request::Verb(Verb::Apply(Patch::Operations(value("[]")))),
            Request::Verb(Verb::Apply(Patch::Merge(value("{}")))),
            Request::Verb(Verb::Log { json: true }),
            Request::Verb(Verb::Peers { json: false }),
            Request::Verb(Verb::Watch { path: None, is_resumed: false }),
            Request::Verb(Verb::Watch { path: Some(path()), is_resumed: false }),
            Request::Read(path()),
            Request::Replace { path: path(), old: value("-0"), new: value("{\"a\":[]}") },
        ];
        for request in requests {
            let line = request.encode();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(Request::decode(&line), Ok(request), "{line}");
        }
        let replies = [
            Reply::Print("{\n\t\"a\": 1\n}\n".to_owned()),
            Reply::Say("watching".to_owned()),
            Reply::Value(value("9007199254740993")),
            Reply::Again,
            Reply::End(Exit::NoPath, "there is nothing".to_owned()),
            Reply::Leaving,
        ];
        for reply in replies {
            let line = reply.encode();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(Reply::decode(&line), Some(reply), "{line}");
        }
        let greeting = Greeting {
            version: VERSION,
            signal: "ws://h:1".to_owned(),
            room: "demo".to_owned(),
            id: Some("a7".to_owned()),
            may_write: true,
            name: "Ana \"A\"".to_owned(),
        };
        assert_eq!(Greeting::decode(&greeting.encode()), Some(greeting));
    }

    #[test]
    fn the_examples_in_the_documents_are_understood() {
        let document = include_str!("../../../docs/local.md");
        let lines = |mark: &str| -> Vec<String> {
            document.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
        };
        let (asked, said) = (lines("> "), lines("< "));
        assert!(asked.len() >= 8 && said.len() >= 6);
        for line in asked {
            assert_eq!(Request::decode(&line).map(|request| request.encode()), Ok(line));
        }
        for line in said {
            let greeting = Greeting::decode(&line).map(|greeting| greeting.encode());
            assert_eq!(greeting.or_else(|| Reply::decode(&line).map(|reply| reply.encode())), Some(line));
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for line in
            ["", "get", "[]", "[\"get\"]", "[\"get\",{}]", "[\"fly\",{}]", "[\"change\",{\"path\":\"\"}]"]
        {
            assert!(Request::decode(line).is_err(), "{line}");
        }
        assert_eq!(Reply::decode("[\"end\",{\"exit\":99,\"message\":\"\"}]"), None);
        assert_eq!(Greeting::decode("[\"print\",\"\"]"), None);
    }

    proptest::proptest! {
        /// Lines of the document, with something else put in somewhere.
        #[test]
        fn whatever_a_line_says_it_is_read_or_refused(
            line in 0_usize..64, from in 0_usize..200, to in 0_usize..200, with in "[\\[\\]{}\",:a-z0-9\\\\ -]{0,8}",
        ) {
            let document = include_str!("../../../docs/local.md");
            let lines: Vec<&str> =
                document.lines().filter_map(|line| line.strip_prefix("> ").or(line.strip_prefix("< "))).collect();
            let mut letters: Vec<char> = lines[line % lines.len()].chars().collect();
            let from = from.min(letters.len());
            letters.splice(from..to.clamp(from, letters.len()), with.chars());
            let line: String = letters.into_iter().collect();
            if let Ok(request) = Request::decode(&line) {
                proptest::prop_assert_eq!(Request::decode(&request.encode()), Ok(request));
            }
            if let Some(reply) = Reply::decode(&line) {
                proptest::prop_assert_eq!(Reply::decode(&reply.encode()), Some(reply));
            }
            if let Some(greeting) = Greeting::decode(&line) {
                proptest::prop_assert_eq!(Greeting::decode(&greeting.encode()), Some(greeting));
            }
        }
    }
}
