//! Messages and their texts, held against each other and against the examples of the document.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use ultrawave_signal::protocol::*;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// The lines of the document's code blocks of one kind.
fn examples(kind: &str) -> Vec<&'static str> {
    let mut lines = DOCUMENT.lines();
    let mut found = Vec::new();
    while lines.any(|line| line == format!("```json {kind}")) {
        found.extend(lines.by_ref().take_while(|line| !line.starts_with("```")));
    }
    found
}

fn room() -> String {
    "amber-fox-41".to_owned()
}

fn incarnation() -> String {
    "2d90c7e15b684a3f".to_owned()
}

fn body(text: &str) -> Body {
    serde_json::from_str(text).unwrap()
}

fn relay(signal: Signal, to: u32, text: &str) -> Request {
    Request::Relay(signal, Relay { room: room(), to: Author(to), body: body(text) })
}

fn relayed(signal: Signal, from: u32, text: &str) -> Response {
    Response::Relayed(signal, Relayed { room: room(), from: Author(from), body: body(text) })
}

fn member(author: u32) -> Member {
    Member { room: room(), author: Author(author) }
}

fn joined(members: &[u32], last_author: u32) -> Joined {
    let members = members.iter().map(|&author| Author(author)).collect();
    Joined {
        room: room(),
        author: Author(3),
        members,
        incarnation: incarnation(),
        last_author: Some(Author(last_author)),
    }
}

fn failed(code: Code, reason: &str) -> Failed {
    Failed { room: room(), code, reason: reason.to_owned() }
}

fn resume(max_members: Option<u32>, opens_after: Option<Author>) -> Request {
    let (author, last_author) = (Author(3), Author(4));
    Request::Resume(Resume {
        room: room(),
        incarnation: incarnation(),
        author,
        last_author,
        opens_after,
        max_members,
    })
}

const OFFER: &str = r#"{"type":"offer","sdp":"v=0…"}"#;
const ANSWER: &str = r#"{"type":"answer","sdp":"v=0…"}"#;
const CANDIDATE: &str = r#"{"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 50000 typ host"}"#;
const FRAME: &str = r#"{"connection":7,"sealed":"q83vEjRWeJA="}"#;
const MESSAGE: &str = r#"{"message":"U8pl7hD5X0VB…"}"#;
const CONFIRMATION: &str = r#"{"confirmation":"q83vEjRWeJA…"}"#;
const TICKET: &str = r#"{"ticket":"Gk3wYQ7m2Z…"}"#;
const ID: &str = "8f1d6a0c2b7e4f53";
const SECRET: &str = "c41b9e7d5a3f4e02";

fn start(ice: Option<Ice>) -> Start {
    Start { version: VERSION, id: ID.to_owned(), secret: SECRET.to_owned(), ice, settles_in_ms: None }
}

fn ice() -> Ice {
    let stun = "stun:stun.example.org:3478".parse().unwrap();
    let turn = IceServer {
        urls: vec!["turn:turn.example.org:3478".to_owned()],
        username: "1700003600:5f1c".to_owned(),
        credential: "kYd+8Fz0Vw==".to_owned(),
    };
    Ice { servers: vec![stun, turn], valid_s: Some(43_200) }
}

fn requests() -> Vec<Request> {
    vec![
        Request::RequestIce(RequestIce {}),
        Request::Create(Create { room: room(), max_members: None }),
        Request::Create(Create { room: room(), max_members: Some(8) }),
        Request::Join(Join { room: room() }),
        relay(Signal::Offer, 3, OFFER),
        relay(Signal::Answer, 1, ANSWER),
        relay(Signal::Candidate, 3, CANDIDATE),
        relay(Signal::Frame, 3, FRAME),
        Request::RequestOffer(RequestOffer { room: room(), to: Author(1) }),
        Request::Leave(Leave { room: room() }),
        Request::Reclaim(Reclaim { id: ID.to_owned(), secret: SECRET.to_owned() }),
        resume(None, None),
        resume(Some(8), None),
        resume(None, Some(Author(1280))),
        Request::Attend(Attend { room: room() }),
        Request::Knock(Knock { room: room(), body: body(MESSAGE) }),
        Request::AnswerKnock(AnswerKnock { room: room(), guest: 17, body: body(MESSAGE) }),
        Request::Knock(Knock { room: room(), body: body(CONFIRMATION) }),
        Request::AnswerKnock(AnswerKnock { room: room(), guest: 17, body: body(TICKET) }),
        Request::AnswerKnock(AnswerKnock { room: room(), guest: 17, body: body(r#"{"wrong":2}"#) }),
        Request::AnswerKnock(AnswerKnock { room: room(), guest: 17, body: body(r#""spent""#) }),
    ]
}

fn responses() -> Vec<Response> {
    let created = Created { room: room(), author: Author(1), incarnation: incarnation() };
    let unknown = "no such peer is known here any more; resume its rooms, or join anew".to_owned();
    let malformed = Request::decode(r#"["join",{}]"#).unwrap_err();
    vec![
        Response::Start(start(None)),
        Response::Start(Start { settles_in_ms: Some(7_400), ..start(None) }),
        Response::Start(start(Some(ice()))),
        Response::Ice(ice()),
        Response::Created(created),
        Response::CreateFailed(failed(
            Code::Exists,
            "a room of this name exists already; join it, or choose another name",
        )),
        Response::Joined(joined(&[1, 2], 3)),
        Response::JoinFailed(failed(
            Code::NoRoom,
            "there is no room of this name; create it, or look at its spelling",
        )),
        Response::RequestOffer(member(3)),
        relayed(Signal::Offer, 1, OFFER),
        relayed(Signal::Answer, 3, ANSWER),
        relayed(Signal::Candidate, 1, CANDIDATE),
        relayed(Signal::Frame, 1, FRAME),
        Response::Left(member(3)),
        Response::Reclaimed(Reclaimed { id: ID.to_owned(), rooms: vec![joined(&[1, 2, 4], 4)] }),
        Response::ReclaimFailed(ReclaimFailed { id: ID.to_owned(), code: Code::Unknown, reason: unknown }),
        Response::Present(member(3)),
        Response::Resumed(joined(&[1, 2], 5)),
        Response::ResumeFailed(failed(
            Code::OtherRoom,
            "another room has this name now; save the document and create a room of another name",
        )),
        Response::Attending(Attend { room: room() }),
        Response::AttendFailed(failed(
            Code::Exists,
            "somebody is met by a passphrase under this name already; choose another name",
        )),
        Response::Knocked(AnswerKnock { room: room(), guest: 17, body: body(MESSAGE) }),
        Response::KnockAnswered(Knock { room: room(), body: body(MESSAGE) }),
        Response::KnockFailed(failed(
            Code::NoRoom,
            "nobody is met by a passphrase under this name; look at its spelling",
        )),
        Response::Error(Failure { code: malformed.code(), reason: malformed.to_string() }),
    ]
}

#[test]
fn the_documents_requests_are_what_peers_send() {
    let texts: Vec<String> = requests().iter().map(Request::encode).collect();
    assert_eq!(texts, examples("request"));
}

#[test]
fn the_documents_requests_are_read() {
    let read: Vec<Request> =
        examples("request").into_iter().map(|text| Request::decode(text).unwrap()).collect();
    assert_eq!(read, requests());
}

#[test]
fn the_documents_responses_are_what_the_server_sends() {
    let texts: Vec<String> = responses().iter().map(Response::encode).collect();
    assert_eq!(texts, examples("response"));
}

#[test]
fn the_documents_responses_are_read() {
    let read: Vec<Response> =
        examples("response").into_iter().map(|text| Response::decode(text).unwrap()).collect();
    assert_eq!(read, responses());
}

#[test]
fn the_document_names_every_code() {
    for code in Code::known() {
        assert!(DOCUMENT.contains(&format!("\n| `{code}` |")), "{code} is missing in docs/protocol.md");
        assert_eq!(Code::from(code.as_str().to_owned()), code);
    }
}

#[test]
fn an_unknown_code_is_kept() {
    let text = r#"["error",{"code":"made-up-later","reason":"…"}]"#;
    let Response::Error(failure) = Response::decode(text).unwrap() else { panic!("not an error") };
    assert_eq!(failure.code, Code::Other("made-up-later".to_owned()));
    assert_eq!(Response::Error(failure).encode(), text);
}

#[test]
fn a_body_is_kept_as_it_was_written() {
    let written = r#"{ "b": 1.0, "a": [1e400, "é"], "b": null }"#;
    let text = format!(r#"["offer",{{"room":"r","to":2,"body":{written}}}]"#);
    let Request::Relay(_, relay) = Request::decode(&text).unwrap() else { panic!("not relayed") };
    assert_eq!(relay.body.get(), written);
    let relayed = Relayed { room: relay.room, from: Author(1), body: relay.body };
    assert!(Response::Relayed(Signal::Offer, relayed).encode().contains(written));
}

#[test]
fn a_body_is_read_into_a_type() {
    assert_eq!(body("[1,2]").read::<Vec<u8>>().unwrap(), [1, 2]);
    assert!(body("[1,2]").read::<String>().is_err());
}

#[test]
fn what_later_versions_add_is_ignored() {
    let text = r#"["join",{"room":"r","colour":"red"},{"signature":[1]},2]"#;
    assert_eq!(Request::decode(text).unwrap(), Request::Join(Join { room: "r".to_owned() }));
}

#[test]
fn escapes_in_a_type_are_read() {
    let text = r#"["\u006aoin",{"room":"r"}]"#;
    assert_eq!(Request::decode(text).unwrap(), Request::Join(Join { room: "r".to_owned() }));
}

#[test]
fn what_is_no_message_is_named() {
    let cases = [
        ("", "EOF"),
        ("[", "EOF"),
        ("null", "expected [type, payload]"),
        ("{}", "expected [type, payload]"),
        ("[]", "the type is missing"),
        (r#"["join"]"#, "the payload is missing"),
        (r#"["join",{"room":"r"}"#, "EOF"),
        (r#"["join",{"room":"r"}] "#, ""),
        (r#"["join",{"room":"r"}]]"#, "trailing characters"),
        ("[1,{}]", "expected a string"),
        (r#"["join",{}]"#, "missing field `room`"),
        (r#"["join",[]]"#, "in the payload of \"join\""),
        (r#"["join",{"room":7}]"#, "expected a string"),
        (r#"["join",{"room":"a","room":"b"}]"#, "duplicate field `room`"),
        (r#"["create",{"room":"r","max_members":-1}]"#, "expected u32"),
        (r#"["offer",{"room":"r","to":1}]"#, "missing field `body`"),
        (r#"["offer",{"room":"r","to":4294967296,"body":1}]"#, "expected u32"),
    ];
    for (text, expected) in cases {
        match Request::decode(text) {
            Err(error) => {
                assert_eq!(error.code(), Code::Malformed, "{text}");
                assert!(error.to_string().contains(expected), "{text}: {error}");
            }
            Ok(_) => assert!(expected.is_empty(), "{text} was read"),
        }
    }
}

#[test]
fn an_unknown_type_is_told_apart_from_garbage() {
    let error = Request::decode(r#"["dance",{}]"#).unwrap_err();
    assert_eq!(error.code(), Code::UnknownType);
    assert_eq!(error.to_string(), "the message type \"dance\" is not known");
    assert_eq!(Response::decode(r#"["dance",{}]"#).unwrap_err(), error);
}

#[test]
fn a_reason_does_not_quote_a_whole_frame() {
    let long = "x".repeat(100_000);
    for text in [format!(r#"["{long}",{{}}]"#), format!(r#"["join","{long}"]"#), format!(r#""{long}""#)] {
        let reason = Request::decode(&text).unwrap_err().to_string();
        assert!(reason.len() < 500, "{} bytes", reason.len());
    }
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = "[".repeat(200_000);
    assert!(Request::decode(&deep).is_err());
    assert!(Request::decode(&format!(r#"["join",{deep}"#)).is_err());
    assert!(Request::decode(&format!(r#"["offer",{{"room":"r","to":1,"body":{deep}"#)).is_err());
}

#[test]
fn names_of_rooms_are_checked() {
    let longest = "é".repeat(128);
    for good in ["a", "amber-fox-41", "two words", "Zürich", "部屋", "👩‍💻", longest.as_str()] {
        assert_eq!(check_room_name(good), Ok(()), "{good}");
    }
    assert_eq!(check_room_name(""), Err(NameError::Empty));
    assert_eq!(check_room_name(&"é".repeat(129)), Err(NameError::Long(129)));
    for blank in [" a", "a ", "\u{3000}a", " "] {
        assert_eq!(check_room_name(blank), Err(NameError::Blank), "{blank:?}");
    }
    for invisible in ['\n', '\0', '\u{7f}', '\u{85}', '\u{202e}', '\u{200b}', '\u{feff}', '\u{e0041}'] {
        assert_eq!(check_room_name(&format!("a{invisible}b")), Err(NameError::Invisible(invisible)));
    }
    assert!(NameError::Invisible('\u{7}').to_string().ends_with("U+0007"));
}
