//! The wire text of a change.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use ultrawave::limits;
use ultrawave::sync::{Author, VectorClock, decode_change, decode_message, encode_change, read_change};

/// Texts that come out as they went in.
const GOLDEN: &[&str] = &[
    r#"["change",[{"id":1,"ticks":{"1":1}},"set",[],null]]"#,
    r#"["change",[{"id":2,"ticks":{"1":7,"2":1,"4294967295":3}},"set",["users",0,"0","é","\u00e9",""],[1.0,-0,1e400]]]"#,
    r#"["change",[{"id":1,"ticks":{"1":17592186044416}},"delete",["a"]]]"#,
    r#"["change",[{"id":1,"ticks":{"1":1}},"merge",[],{"a":{"b":"\ud800"}}]]"#,
    r#"["change",[{"id":1,"ticks":{"1":1}},"merge",[],[1]]]"#,
    r#"["change",[{"id":1,"ticks":{"1":1}},"splice",["l"],-1,0]]"#,
    r#"["change",[{"id":1,"ticks":{"1":1}},"splice",["l"],0,2,"a\/b",{"x":[]},9007199254740993]]"#,
    r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],-9223372036854775808,9223372036854775807]]"#,
];

#[test]
fn a_change_comes_out_as_it_went_in() {
    for text in GOLDEN {
        assert_eq!(encode_change(&decode_change(text).unwrap()), *text);
    }
}

#[test]
fn a_change_says_who_when_and_what_they_had_seen() {
    let change = decode_change(GOLDEN[1]).unwrap();
    assert_eq!((change.author, change.tick(), change.stamp().sum), (Author(2), 1, 11));
    assert_eq!(
        change.context(),
        [(Author(1), 7), (Author(u32::MAX), 3)].into_iter().collect::<VectorClock>()
    );
    assert_eq!(change.path.to_pointer(), "/users/0/0/é/é/");
}

/// Texts that mean the same as another.
#[test]
fn room_is_left_for_what_is_to_come() {
    let cases = [
        (
            r#" [ "chang\u0065" , [ { "x" : 0 , "ticks" : { "\u0031" : 1 } , "id" : 1 } , "delete" , [ "a" ] ] , "signature" ] "#,
            r#"["change",[{"id":1,"ticks":{"1":1}},"delete",["a"]]]"#,
        ),
        (
            r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],99999999999999999999,-99999999999999999999]]"#,
            r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],9223372036854775807,-9223372036854775808]]"#,
        ),
        (
            r#"["change",[{"id":1,"ticks":{"1":1}},"delete",[99999999999999999999]]]"#,
            r#"["change",[{"id":1,"ticks":{"1":1}},"delete",[4294967295]]]"#,
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(encode_change(&decode_change(text).unwrap()), expected);
    }
}

#[test]
fn what_is_no_change_is_refused_by_name() {
    let change = "expected a message [\"change\",[CLOCK,METHOD,PATH,...ARGS]]";
    let payload = "the change: expected an array [CLOCK,METHOD,PATH,...ARGS]";
    let author = "an author: an integer from 1 to 4294967295";
    let cases = [
        ("", "not JSON: line 1, column 1: expected a JSON value, found nothing: the text is empty".to_owned()),
        ("{}", format!("{change}, found a map of 0")),
        ("null", format!("{change}, found null")),
        (r#"["hello",[]]"#, format!("{change}, found an array of 2")),
        (r#"["change"]"#, "the change message has no payload".to_owned()),
        (r#"["change",{}]"#, format!("{payload}, found a map of 0")),
        (r#"["change",[{},"set"]]"#, format!("{payload}, found an array of 2")),
        (r#"["change",[1,"set",[],1]]"#, "the clock: expected a map {\"id\":AUTHOR,\"ticks\":{…}}, found 1".to_owned()),
        (r#"["change",[{"ticks":{"1":1}},"set",[],1]]"#, "the clock has no \"id\"".to_owned()),
        (r#"["change",[{"id":1},"set",[],1]]"#, "the clock has no \"ticks\"".to_owned()),
        (r#"["change",[{"id":0,"ticks":{"0":1}},"set",[],1]]"#, format!("the clock's \"id\": expected {author}, found 0")),
        (r#"["change",[{"id":4294967296,"ticks":{"1":1}},"set",[],1]]"#, format!("the clock's \"id\": expected {author}, found 4294967296")),
        (r#"["change",[{"id":"1","ticks":{"1":1}},"set",[],1]]"#, format!("the clock's \"id\": expected {author}, found \"1\"")),
        (r#"["change",[{"id":1.0,"ticks":{"1":1}},"set",[],1]]"#, format!("the clock's \"id\": expected {author}, found 1.0")),
        (r#"["change",[{"id":-1,"ticks":{"1":1}},"set",[],1]]"#, format!("the clock's \"id\": expected {author}, found -1")),
        (r#"["change",[{"id":1,"ticks":[1]},"set",[],1]]"#, "the clock's \"ticks\": expected a map {\"AUTHOR\":TICK,…}, found an array of 1".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"01":1}},"set",[],1]]"#, format!("a key of the clock's \"ticks\": expected {author}, found \"01\"")),
        (r#"["change",[{"id":1,"ticks":{"+1":1}},"set",[],1]]"#, format!("a key of the clock's \"ticks\": expected {author}, found \"+1\"")),
        (r#"["change",[{"id":1,"ticks":{"1":0}},"set",[],1]]"#, "the clock's tick of author 1: expected an integer from 1 to 17592186044416, found 0".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1e3}},"set",[],1]]"#, "the clock's tick of author 1: expected an integer from 1 to 17592186044416, found 1e3".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":17592186044417}},"set",[],1]]"#, "the clock's tick of author 1: expected an integer from 1 to 17592186044416, found 17592186044417".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"2":1}},"set",[],1]]"#, "the clock has no tick of its own author 1".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},7,[],1]]"#, "the method: expected a string, found 7".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"push",[],1]]"#, "the method: expected set, delete, merge or splice, found \"push\"".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set",[]]]"#, "set takes 1 argument, found 0".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set",[],1,2]]"#, "set takes 1 argument, found 2".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"merge",[]]]"#, "merge takes 1 argument, found 0".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"delete",["a"],1]]"#, "delete takes no argument, found 1".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],1]]"#, "splice takes 2 arguments or more, found 1".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],1.0,1]]"#, "the start of the splice: expected an integer, found 1.0".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],1,1e0]]"#, "the count of the splice: expected an integer, found 1e0".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"splice",[],1,null]]"#, "the count of the splice: expected an integer, found null".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set","a",1]]"#, "the path: expected an array of strings and integers, found \"a\"".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set",["a",-1],1]]"#, "step 2 of the path: expected a string or a non-negative integer, found -1".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set",[1.5],1]]"#, "step 1 of the path: expected a string or a non-negative integer, found 1.5".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set",[1e0],1]]"#, "step 1 of the path: expected a string or a non-negative integer, found 1e0".to_owned()),
        (r#"["change",[{"id":1,"ticks":{"1":1}},"set",["a",true],1]]"#, "step 2 of the path: expected a string or a non-negative integer, found true".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(decode_change(text).unwrap_err().to_string(), expected, "{text}");
    }
}

fn set_at(path: &str, value: &str) -> String {
    format!("[\"change\",[{{\"id\":1,\"ticks\":{{\"1\":1}}}},\"set\",{path},{value}]]")
}

#[test]
fn limits_are_named() {
    let steps = |count: usize| format!("[{}]", vec!["\"a\""; count].join(","));
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(decode_change(&set_at(&steps(limits::PATH_STEPS), "1")).is_ok());
    assert!(decode_change(&set_at("[]", &nested(limits::DEPTH))).is_ok());
    assert!(decode_change(&set_at(&steps(5_000), &nested(5_000))).is_ok());

    let error = decode_change(&set_at(&steps(limits::PATH_STEPS + 1), "1")).unwrap_err();
    assert_eq!(error.to_string(), "a path of 10001 steps; the limit is 10000");
    let error = decode_change(&set_at("[\"a\"]", &nested(limits::DEPTH))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the change at /a: the value would nest 10001 levels deep in the document; the limit is 10000"
    );
    let error = decode_change(&set_at("[]", &nested(100_000))).unwrap_err();
    assert!(error.to_string().contains("nested deeper than the limit"), "{error}");
    let error = decode_message("[1,2]", 4).unwrap_err();
    assert_eq!(error.to_string(), "a message of 5 bytes; the limit is 4");

    let ticks: Vec<String> =
        (1..=limits::CLOCK_AUTHORS + 1).map(|author| format!("\"{author}\":1")).collect();
    let text = format!("[\"change\",[{{\"id\":1,\"ticks\":{{{}}}}},\"delete\",[\"a\"]]]", ticks.join(","));
    assert_eq!(decode_change(&text).unwrap_err().to_string(), "a clock of 65537 authors; the limit is 65536");
}

#[test]
fn a_splice_into_the_deepest_place_is_within_the_limits() {
    let path = format!("[{}]", vec!["0"; limits::PATH_STEPS].join(","));
    let splice = |item: &str| format!("[{{\"id\":1,\"ticks\":{{\"1\":1}}}},\"splice\",{path},0,1,{item}]");
    assert!(read_change(&decode_message(&splice("\"a\""), 1 << 20).unwrap()).is_ok());
    assert!(read_change(&decode_message(&splice("[]"), 1 << 20).unwrap()).is_err());
}
