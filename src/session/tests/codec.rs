//! The wire text of every message, both ways, and what is refused.

use std::sync::Arc;

use crate::document::{Method, Path, Step, Value, parse};
use crate::limits;
use crate::session::{Dropped, Message, MessageError, Piece, Presence};
use crate::sync::{Author, Change, Checkpoint, VectorClock};

fn clock(ticks: &[(u32, u64)]) -> VectorClock {
    ticks.iter().map(|&(author, tick)| (Author(author), tick)).collect()
}

/// The examples of the specification: each line is a message, in the form that is written here.
#[cfg(feature = "net")]
#[test]
fn what_asks_for_all_that_is_remembered_counts_for_more() {
    let request = Message::RequestChanges(VectorClock::new());
    let passed = Message::Pass { from: Author(2), to: Author(1), message: Box::new(request.clone()) };
    assert_eq!([request.weight(), passed.weight()], [limits::REQUEST_COUNTS_FOR; 2]);
    assert_eq!(Message::RequestDocument.weight(), 1);
}

#[test]
fn the_specification_speaks_this_protocol() {
    let mut seen = 0;
    let mut inside = false;
    for line in include_str!("../../../docs/protocol.md").lines() {
        if line.starts_with("```") {
            inside = line == "```json peer";
        } else if inside {
            let message = Message::decode(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(message.encode(), line);
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} examples");
}

#[test]
fn every_message_says_what_it_said() {
    let change = Arc::new(Change {
        author: Author(2),
        clock: clock(&[(1, 4), (2, 1)]),
        path: [Step::from("a\"b"), Step::from(3)].into_iter().collect(),
        method: Method::Set(parse(r#"{"n":9007199254740993,"s":"\ud800"}"#).unwrap()),
    });
    let checkpoint = |source: &str, value: &str| Checkpoint {
        source: source.into(),
        value: parse(value).unwrap(),
        clock: clock(&[(1, 3)]),
    };
    let path = Some(Path::ROOT.key("\n").index(0));
    for message in [
        Message::Hello {
            version: 7,
            name: "\"\u{1f600}".to_owned(),
            clock: clock(&[(3, 1)]),
            has_document: false,
            writer: Some(Author(7 + (1 << 20))),
            dropped: Dropped { first: clock(&[(2, 1)]), settled: clock(&[]) },
            passing: true,
            answer: true,
        },
        Message::Dropped(Dropped { first: clock(&[(2, 1), (4, 9)]), settled: clock(&[(4, 9)]) }),
        Message::RequestDocument,
        Message::RequestDocumentOf([7; 32]),
        Message::Text { hash: [8; 32], bytes: 5_000_000 },
        Message::RequestText { hash: [8; 32], part: 19 },
        Message::TextPart { hash: [8; 32], part: 19, text: Piece::whole("{\n  \"é\": \"\\ud800\"") },
        Message::DocumentOf {
            hash: [8; 32],
            lines: None,
            value: None,
            version: None,
            clock: VectorClock::new(),
            changes: vec![],
        },
        Message::DocumentOf {
            hash: [8; 32],
            lines: Some([r#"\u006eo \"JSON"#.to_owned()].into()),
            value: Some(Value::NULL),
            version: Some([9; 32]),
            clock: clock(&[(1, 3)]),
            changes: vec![],
        },
        Message::Document {
            checkpoint: checkpoint("\u{feff}[1.0]\r\n", "[1.0]"),
            changes: vec![change.clone()],
        },
        Message::Document { checkpoint: checkpoint("[]", "null"), changes: vec![] },
        Message::RequestChanges(clock(&[])),
        Message::Change(change.clone()),
        Message::Changes(vec![change.clone(), change]),
        Message::RequestSync(vec![(Author(1), 1, limits::TICKS)]),
        Message::Clock { seen: clock(&[(u32::MAX, limits::TICKS)]), floor: None, writer: None },
        Message::Clock { seen: clock(&[(1, 2)]), floor: Some(clock(&[])), writer: None },
        Message::Clock {
            seen: clock(&[(1, 2)]),
            floor: Some(clock(&[(1, 1)])),
            writer: Some(Author(1_048_578)),
        },
        Message::Clock { seen: clock(&[(1, 2)]), floor: None, writer: Some(Author(1_048_578)) },
        Message::Presence(Presence {
            name: String::new(),
            path,
            editing: true,
            color: Some("cyan".to_owned()),
        }),
        Message::Presence(Presence::default()),
        Message::Goodbye,
    ] {
        let text = message.encode();
        assert_eq!(Message::decode(&text).unwrap(), message, "{text}");
        assert_eq!(Message::decode(&text).unwrap().encode(), text);
    }
}

#[test]
fn a_document_goes_without_its_value_only_when_the_source_says_it_to_the_letter() {
    let document = |source: &str, value: &str| {
        let checkpoint =
            Checkpoint { source: source.into(), value: parse(value).unwrap(), clock: clock(&[]) };
        Message::Document { checkpoint, changes: vec![] }.encode()
    };
    assert!(!document("{ \"a\": \"\\u0041\" }", r#"{"a":"\u0041"}"#).contains("value"));
    // These are equal as values, but not as texts.
    assert!(document("{\"a\": \"\\u0041\"}", r#"{"a":"A"}"#).contains(r#""value":{"a":"A"}"#));
    assert!(document("{\"\\u0061\": 1}", r#"{"a":1}"#).contains(r#""value":{"a":1}"#));
    assert!(document("[1.0]", "[1]").contains(r#""value":[1]"#));
    assert!(document("not JSON", "[]").contains(r#""value":[]"#));
}

#[test]
fn what_is_deep_in_a_document_is_deep_in_a_message() {
    let deep = "[".repeat(limits::DEPTH) + &"]".repeat(limits::DEPTH);
    let value = parse(&deep).unwrap();
    for source in [deep.as_str(), "null"] {
        let checkpoint = Checkpoint { source: source.into(), value: value.clone(), clock: clock(&[]) };
        let message = Message::Document { checkpoint, changes: vec![] };
        assert_eq!(Message::decode(&message.encode()).unwrap(), message);
    }
}

#[test]
fn further_elements_and_members_are_let_through() {
    assert_eq!(Message::decode(r#"["goodbye",{"why":"tired"},1,[2]]"#).unwrap(), Message::Goodbye);
    let text = r#"["presence",{"mood":[],"name":"a","path":null,"editing":false}]"#;
    assert!(matches!(Message::decode(text).unwrap(), Message::Presence(presence) if presence.name == "a"));
}

#[test]
fn what_is_no_message_is_refused_with_a_reason() {
    let long_name = "x".repeat(limits::NAME_CHARS + 1);
    let runs = vec!["[1,1,1]"; limits::SYNC_RUNS + 1].join(",");
    for (text, reason) in [
        ("", "[type, payload]"),
        ("goodbye", "[type, payload]"),
        ("{}", "[type, payload]"),
        (r#"["goodbye"]"#, "a type and a payload"),
        ("[1,null]", "a type and a payload"),
        (r#"["gossip",null]"#, "unknown message type \"gossip\""),
        (r#"["hello",{"name":"","clock":{},"document":true}]"#, "\"version\""),
        (r#"["hello",{"version":-1,"name":"","clock":{},"document":true}]"#, "version is a number"),
        (r#"["hello",{"version":1,"name":"\ud800","clock":{},"document":true}]"#, "\"name\" is a string"),
        (r#"["hello",{"version":1,"name":"","clock":{"0":1},"document":true}]"#, "author"),
        (r#"["hello",{"version":1,"name":"","clock":{},"document":1}]"#, "\"document\" is true or false"),
        (
            r#"["hello",{"version":1,"name":"","clock":{},"document":true,"passing":1}]"#,
            "\"passing\" is true or false",
        ),
        (
            r#"["hello",{"version":1,"name":"","clock":{},"document":true,"answer":null}]"#,
            "\"answer\" is true or false",
        ),
        (r#"["clock",{"01":1}]"#, "author"),
        (r#"["clock",{"1":0}]"#, "tick"),
        (r#"["clock",{"1":1.0}]"#, "tick"),
        (r#"["clock",{"1":17592186044417}]"#, "tick"),
        (r#"["clock",{},[]]"#, "expected a map"),
        (r#"["request sync",{}]"#, "array"),
        (r#"["request sync",[[1,2]]]"#, "a run is"),
        (r#"["request sync",[[0,1,1]]]"#, "a run is"),
        (r#"["request sync",[[1,0,1]]]"#, "a run is"),
        (r#"["request sync",[[1,3,2]]]"#, "a run is"),
        (r#"["request sync",[[1,1,17592186044417]]]"#, "a run is"),
        (r#"["changes",[["set"]]]"#, "bad change"),
        (r#"["changes",{}]"#, "array"),
        (r#"["change",[{"id":1,"ticks":{}},"set",[],1]]"#, "bad change"),
        (r#"["document",{"source":"{","clock":{},"changes":[]}]"#, "bad document: line 1"),
        (r#"["document",{"source":1,"value":1,"clock":{},"changes":[]}]"#, "\"source\" is a string"),
        (r#"["document",{"source":"1","clock":{}}]"#, "\"changes\""),
        (r#"["presence",{"name":"","path":{},"editing":false}]"#, "path"),
        (r#"["presence",{"name":"","path":[1.5],"editing":false}]"#, "path"),
        (&format!(r#"["presence",{{"name":"{long_name}","path":null,"editing":false}}]"#), "at most 64"),
        (&format!(r#"["request sync",[{runs}]]"#), "at most 1024"),
    ] {
        let error = Message::decode(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
        assert!(error.len() < 400, "{error}");
    }
}

#[test]
fn a_message_is_measured_before_it_is_read() {
    let padding = " ".repeat(limits::PRESENCE_BYTES);
    let presence = format!(r#"["presence",{{"name":"","path":null,"editing":false}}{padding}]"#);
    assert!(matches!(Message::decode(&presence), Err(MessageError::TooLarge { .. })));
    let padding = " ".repeat(limits::MESSAGE_BYTES);
    let clock = format!(r#"["clock",{{}}{padding}]"#);
    assert!(matches!(Message::decode(&clock), Err(MessageError::TooLarge { .. })));
    // A change may be as long as a document: undoing a deletion brings one back.
    let change = format!(r#"["change",[{{"id":1,"ticks":{{"1":1}}}},"delete",["a"]]{padding}]"#);
    assert!(matches!(Message::decode(&change), Ok(Message::Change(_))));
}
