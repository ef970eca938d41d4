//! The two text forms of a path.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use ultrawave::document::{Path, Step, Value, parse};
use ultrawave::limits;

const DOCUMENT: &str =
    "{\"users\":[{\"name\":\"Ann\"},{\"tags\":[[1,2,3]]}],\"0\":{\"1\":true},\"a/b\":1,\"m~n\":2}";

/// The steps as on the wire, or what the error says.
fn read(text: &str) -> String {
    match Path::read(text, &parse(DOCUMENT).unwrap()) {
        Ok(path) => format!("{:?}", path.steps()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_pointer_follows_the_document() {
    let cases = [
        ("", "[]"),
        ("/", "[\"\"]"),
        ("/users", "[\"users\"]"),
        ("/users/0/name", "[\"users\", 0, \"name\"]"),
        ("/users/1/tags/0/2", "[\"users\", 1, \"tags\", 0, 2]"),
        ("/users/-", "[\"users\", 2]"),
        ("/users/7/0", "[\"users\", 7, \"0\"]"),
        ("/users/name", "[\"users\", \"name\"]"),
        ("/users/", "[\"users\", \"\"]"),
        ("/0/1", "[\"0\", \"1\"]"),
        ("/0/-", "[\"0\", \"-\"]"),
        ("/nowhere/0", "[\"nowhere\", \"0\"]"),
        ("/a~1b", "[\"a/b\"]"),
        ("/m~0n", "[\"m~n\"]"),
        ("/~01", "[\"~1\"]"),
        ("/a\"\\b\n", "[\"a\\\"\\\\b\\n\"]"),
        ("/users/01", "bad path \"/users/01\", character 8: a position is written without leading zeros"),
        (
            "/users/99999999999999999999",
            "bad path \"/users/99999999999999999999\", character 8: the position is too large",
        ),
        (
            "/é/a~b",
            "bad path \"/é/a~b\", character 5: in a JSON Pointer `~` is written `~0`, and `/` in a key `~1`",
        ),
        (
            "/a~",
            "bad path \"/a~\", character 3: in a JSON Pointer `~` is written `~0`, and `/` in a key `~1`",
        ),
        (
            "users/0",
            "bad path \"users/0\", character 1: a path starts with `/` (JSON Pointer: /users/0) or `.` (jq: .users[0])",
        ),
        (
            "[0]",
            "bad path \"[0]\", character 1: a path starts with `/` (JSON Pointer: /users/0) or `.` (jq: .users[0])",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_jq_path_says_itself_what_is_a_key() {
    let odd = "a key with other characters than letters, digits and `_` is written .\"odd key\"";
    let bracket = "expected `]` here: brackets take one position, [0], or one key, [\"name\"]";
    let cases = [
        (".", "[]".to_owned()),
        (".users", "[\"users\"]".to_owned()),
        (".users[0].name", "[\"users\", 0, \"name\"]".to_owned()),
        (".users.[1].tags[0][2]", "[\"users\", 1, \"tags\", 0, 2]".to_owned()),
        (".[0]", "[0]".to_owned()),
        (".users[-1]", "[\"users\", 1]".to_owned()),
        (".users[-2]", "[\"users\", 0]".to_owned()),
        (".users[-0]", "[\"users\", 0]".to_owned()),
        (".users[9]", "[\"users\", 9]".to_owned()),
        (".\"odd key\"", "[\"odd key\"]".to_owned()),
        (".a[\"odd key\"].b", "[\"a\", \"odd key\", \"b\"]".to_owned()),
        (".[\"a/b\"]", "[\"a/b\"]".to_owned()),
        (".\"\"", "[\"\"]".to_owned()),
        (".\"0\"[\"1\"]", "[\"0\", \"1\"]".to_owned()),
        (".\"\\u00e9\\n]\"", "[\"\\u00e9\\n]\"]".to_owned()),
        (".größe_2", "[\"größe_2\"]".to_owned()),
        (".a.", "character 4: the path ends after a dot; a key is missing".to_owned()),
        (".a..b", "character 4: a key is missing between two dots".to_owned()),
        ("..", "character 2: a key is missing between two dots".to_owned()),
        (".a-b", format!("character 3: found `-` where `.key` or `[position]` is expected; {odd}")),
        (".a b", format!("character 3: found ` ` where `.key` or `[position]` is expected; {odd}")),
        (".-a", format!("character 2: found `-` where a key begins; {odd}")),
        (
            ".a.0",
            "character 4: a position is written [0], and a key that begins with a digit .\"0\"".to_owned(),
        ),
        (".a[0", format!("character 5: {bracket}")),
        (".a[0:2]", format!("character 5: {bracket}")),
        (".a[\"b]", "character 4: expected a closing `\"`, found the end of the text: the string that begins here is never closed".to_owned()),
        (".a[]", "character 4: brackets take one position, [0], or one key, [\"name\"]".to_owned()),
        (".a[x]", "character 4: brackets take one position, [0], or one key, [\"name\"]".to_owned()),
        (".a[1-1]", "character 4: brackets take one position, [0], or one key, [\"name\"]".to_owned()),
        (".a[01]", "character 4: a position is written without leading zeros".to_owned()),
        (
            ".users[-3]",
            "character 8: the array there has 2 elements, so -3 is before its first".to_owned(),
        ),
        (
            ".nowhere[-1]",
            "character 10: a negative position counts from the end of an array, and there is no array there".to_owned(),
        ),
        (".\"é\\x\"", "character 4: expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found `\\x`: write a backslash itself as `\\\\`".to_owned()),
        (".a]", format!("character 3: found `]` where `.key` or `[position]` is expected; {odd}")),
    ];
    for (text, expected) in cases {
        let expected = if expected.starts_with("character") {
            format!("bad path {text:?}, {expected}")
        } else {
            expected
        };
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_path_may_not_be_longer_than_the_limit() {
    let longest = "/a".repeat(limits::PATH_STEPS);
    assert_eq!(Path::read(&longest, &Value::NULL).unwrap().steps().len(), limits::PATH_STEPS);
    let error = Path::read(&format!("{longest}/a"), &Value::NULL).unwrap_err();
    assert_eq!(error.reason, format!("a path has at most {} steps", limits::PATH_STEPS));
}

#[test]
fn both_forms_read_back() {
    let document = parse(DOCUMENT).unwrap();
    let paths: [&[Step]; 6] = [
        &[],
        &["users".into(), 1.into(), "tags".into(), 0.into(), 2.into()],
        &["0".into(), "1".into()],
        &["a/b".into()],
        &["m~n".into(), "".into(), "größe-2".into(), "\"\\\n".into()],
        &["9lives".into(), "_x".into()],
    ];
    for steps in paths {
        let path: Path = steps.iter().cloned().collect();
        assert_eq!(Path::read(&path.to_pointer(), &document).as_ref(), Ok(&path));
        assert_eq!(Path::read(&path.to_jq(), &document).as_ref(), Ok(&path));
    }
}

#[test]
fn jq_paths_are_written_as_jq_writes_them() {
    let path: Path = [0.into(), "a".into(), 1.into(), "b c".into(), "d".into()].into_iter().collect();
    assert_eq!(path.to_jq(), ".[0].a[1].\"b c\".d");
    assert_eq!(Path::ROOT.to_jq(), ".");
}

#[test]
fn a_path_in_a_message_moves_no_terminal() {
    let path = Path::ROOT.key("a\u{1b}[2J\u{202e}b").index(3);
    assert_eq!(path.to_string(), "/a\\u001b[2J\\u202eb/3");
    assert_eq!(path.to_pointer(), "/a\u{1b}[2J\u{202e}b/3");
}
