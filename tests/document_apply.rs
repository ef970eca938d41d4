//! Edits on plain JSON, as one author alone sees them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use ultrawave::document::{Method, Path, Step, Value, parse};

fn value(text: &str) -> Value {
    parse(text).unwrap()
}

/// A path written as on the wire: an array of keys and positions.
fn path(text: &str) -> Path {
    let step = |step: &Value| match (step.as_text(), step.as_number()) {
        (Some(key), _) => Step::Key(key.clone()),
        (None, Some(number)) => Step::Index(number.parse().unwrap()),
        (None, None) => panic!("{step} is no step"),
    };
    value(text).elements().map(step).collect()
}

/// The document after an edit; or what the error says, after making sure nothing was altered.
fn edited(document: &str, at: &str, method: &Method) -> String {
    let before = value(document);
    let mut after = before.clone();
    match after.apply(&path(at), method) {
        Ok(()) => after.to_string(),
        Err(error) => {
            assert_eq!(before.to_string(), after.to_string(), "an edit that fails alters nothing");
            format!("error: {error}")
        }
    }
}

fn set(text: &str) -> Method {
    Method::Set(value(text))
}

fn merge(text: &str) -> Method {
    Method::Merge(value(text))
}

fn splice(start: i64, count: i64, items: &str) -> Method {
    Method::Splice { start, count, items: value(items).elements().cloned().collect() }
}

#[test]
fn set_replaces_creates_and_appends() {
    let cases = [
        ("{\"a\":1}", "[]", "2", "2"),
        ("{\"a\":1,\"b\":2}", "[\"a\"]", "9", "{\"a\":9,\"b\":2}"),
        ("{\"a\":1}", "[\"b\"]", "9", "{\"a\":1,\"b\":9}"),
        ("{}", "[\"a\",\"0\",\"c\"]", "1", "{\"a\":{\"0\":{\"c\":1}}}"),
        ("{}", "[\"a\",0]", "1", "error: there is nothing at /a"),
        ("{}", "[\"a\",\"b\",0,\"c\"]", "1", "error: there is nothing at /a"),
        ("[1]", "[1]", "2", "[1,2]"),
        ("[1]", "[2]", "2", "error: there is nothing at /2"),
        ("[1]", "[1,\"a\"]", "2", "error: there is nothing at /1"),
        ("[1]", "[0,\"a\"]", "2", "error: /0 is a number, which has no keys"),
        ("[1]", "[\"a\"]", "2", "error: \"\" is an array, which has no keys"),
        ("{\"0\":1}", "[0]", "2", "error: \"\" is a map, which has no positions"),
        ("{\"a\":null}", "[\"a\",\"b\"]", "2", "error: /a is null, which has no keys"),
        ("{\"a\":\"xy\"}", "[\"a\",0]", "2", "error: /a is a string, which has no positions"),
        ("{\"a\\u0062\":1}", "[\"ab\"]", "1.0", "{\"a\\u0062\":1.0}"),
    ];
    for (document, at, argument, expected) in cases {
        assert_eq!(edited(document, at, &set(argument)), expected, "set {at} {argument} on {document}");
    }
}

#[test]
fn delete_removes_and_ignores_what_is_absent() {
    let cases = [
        ("{\"a\":1,\"b\":2,\"c\":3}", "[\"b\"]", "{\"a\":1,\"c\":3}"),
        ("{\"a\":1}", "[\"b\"]", "{\"a\":1}"),
        ("{\"a\":1}", "[\"b\",\"c\"]", "error: there is nothing at /b"),
        ("[1,2,3]", "[0]", "[2,3]"),
        ("[1,2,3]", "[3]", "error: there is nothing at /3"),
        ("[1]", "[0,\"a\"]", "error: /0 is a number, which has no keys"),
        ("[1]", "[]", "error: the root cannot be deleted; set it to another value instead"),
    ];
    for (document, at, expected) in cases {
        assert_eq!(edited(document, at, &Method::Delete), expected, "delete {at} on {document}");
    }
}

#[test]
fn merge_writes_leaves_and_makes_maps() {
    let cases = [
        ("{\"a\":{\"x\":1,\"y\":2}}", "[\"a\"]", "{\"y\":3,\"z\":4}", "{\"a\":{\"x\":1,\"y\":3,\"z\":4}}"),
        (
            "{\"a\":{\"x\":{\"p\":1}}}",
            "[]",
            "{\"a\":{\"x\":{\"q\":[2]}}}",
            "{\"a\":{\"x\":{\"p\":1,\"q\":[2]}}}",
        ),
        ("{\"a\":[1,2]}", "[]", "{\"a\":[3]}", "{\"a\":[3]}"),
        ("{\"a\":1}", "[]", "{\"a\":null}", "{\"a\":null}"),
        ("{\"a\":1}", "[\"a\"]", "{}", "{\"a\":{}}"),
        ("{\"a\":1}", "[\"b\",\"c\"]", "{}", "{\"a\":1,\"b\":{\"c\":{}}}"),
        ("{\"a\":{\"k\":1}}", "[]", "{\"a\":{}}", "{\"a\":{\"k\":1}}"),
        ("{\"a\":[1]}", "[]", "{\"a\":{\"b\":{}}}", "{\"a\":{\"b\":{}}}"),
        ("[5]", "[0]", "{\"a\":1}", "[{\"a\":1}]"),
        ("[5]", "[]", "{\"a\":1}", "{\"a\":1}"),
        ("[5]", "[1]", "{\"a\":1}", "error: there is nothing at /1"),
        ("{}", "[\"a\",1]", "{}", "error: there is nothing at /a"),
        ("{}", "[]", "[1]", "error: merge takes a map, not an array"),
        ("{}", "[]", "null", "error: merge takes a map, not null"),
    ];
    for (document, at, argument, expected) in cases {
        assert_eq!(edited(document, at, &merge(argument)), expected, "merge {at} {argument} on {document}");
    }
}

#[test]
fn splice_clamps_as_in_javascript() {
    let cases = [
        (0, 1, "[]", "[2,3]"),
        (1, 0, "[9,8]", "[1,9,8,2,3]"),
        (-1, 1, "[9]", "[1,2,9]"),
        (-9, 1, "[]", "[2,3]"),
        (9, 9, "[4]", "[1,2,3,4]"),
        (1, -5, "[9]", "[1,9,2,3]"),
        (i64::MIN, i64::MAX, "[]", "[]"),
        (i64::MAX, i64::MIN, "[4]", "[1,2,3,4]"),
    ];
    for (start, count, items, expected) in cases {
        assert_eq!(
            edited("[1,2,3]", "[]", &splice(start, count, items)),
            expected,
            "splice {start} {count} {items}"
        );
    }
    for (document, expected) in [
        ("{}", "error: \"\" is a map; splice works on arrays and strings"),
        ("true", "error: \"\" is a boolean; splice works on arrays and strings"),
    ] {
        assert_eq!(edited(document, "[]", &splice(0, 0, "[]")), expected);
    }
    assert_eq!(edited("{}", "[\"a\"]", &splice(0, 0, "[1]")), "error: there is nothing at /a");
}

#[test]
fn splice_counts_scalar_values_in_a_string() {
    let cases = [
        ("\"héllo\"", 1, 1, "[\"e\"]", "\"hello\""),
        ("\"a😀b\"", 1, 1, "[]", "\"ab\""),
        ("\"a\\ud83d\\ude00b\"", 1, 1, "[]", "\"ab\""),
        ("\"a\\ud83d\\ude00b\"", 2, 0, "[\"-\",\"\\u00e9\"]", "\"a\\ud83d\\ude00-\\u00e9b\""),
        ("\"\\u0041\\n\\/z\"", 3, 1, "[\"\\t\"]", "\"\\u0041\\n\\/\\t\""),
        ("\"abc\"", -1, 9, "[]", "\"ab\""),
        ("\"\\ud800\\udc00\\udbff\\udfffz\"", 1, 1, "[]", "\"\\ud800\\udc00z\""),
        ("\"\"", 5, 5, "[\"x\"]", "\"x\""),
        ("\"abc\"", 0, 1, "[1]", "error: only strings can be spliced into the string at \"\""),
        (
            "\"a\\ud83d\"",
            0,
            1,
            "[]",
            "error: the string at \"\" holds half a surrogate pair, so it has no positions; set it as a whole",
        ),
        (
            "\"a\"",
            0,
            1,
            "[\"\\udc00\"]",
            "error: half a surrogate pair cannot be spliced into the string at \"\"; set it as a whole",
        ),
    ];
    for (document, start, count, items, expected) in cases {
        assert_eq!(
            edited(document, "[]", &splice(start, count, items)),
            expected,
            "splice {document} {start} {count}"
        );
    }
}

#[test]
fn a_copy_does_not_see_the_edit() {
    let first = value("{\"a\":[1,2,{\"b\":3}],\"c\":{}}");
    let mut second = first.clone();
    second.apply(&path("[\"a\",2,\"b\"]"), &set("4")).unwrap();
    assert_eq!(first.to_string(), "{\"a\":[1,2,{\"b\":3}],\"c\":{}}");
    assert_eq!(second.to_string(), "{\"a\":[1,2,{\"b\":4}],\"c\":{}}");
}
