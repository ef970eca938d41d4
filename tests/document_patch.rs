//! JSON Patch and JSON Merge Patch, case by case: the examples of both RFCs, and what the public
//! suites ask beyond them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use ultrawave::document::{Value, json_patch, merge_patch, parse};

#[path = "support/values.rs"]
mod values;
use values::{applied, sorted};

fn value(text: &str) -> Value {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Document, patch, result.
const PATCHED: &[(&str, &str, &str)] = &[
    // RFC 6902, appendix A.
    (
        r#"{"foo": "bar"}"#,
        r#"[{"op": "add", "path": "/baz", "value": "qux"}]"#,
        r#"{"baz": "qux", "foo": "bar"}"#,
    ),
    (
        r#"{"foo": ["bar", "baz"]}"#,
        r#"[{"op": "add", "path": "/foo/1", "value": "qux"}]"#,
        r#"{"foo": ["bar", "qux", "baz"]}"#,
    ),
    (r#"{"baz": "qux", "foo": "bar"}"#, r#"[{"op": "remove", "path": "/baz"}]"#, r#"{"foo": "bar"}"#),
    (
        r#"{"foo": ["bar", "qux", "baz"]}"#,
        r#"[{"op": "remove", "path": "/foo/1"}]"#,
        r#"{"foo": ["bar", "baz"]}"#,
    ),
    (
        r#"{"baz": "qux", "foo": "bar"}"#,
        r#"[{"op": "replace", "path": "/baz", "value": "boo"}]"#,
        r#"{"baz": "boo", "foo": "bar"}"#,
    ),
    (
        r#"{"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}}"#,
        r#"[{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}]"#,
        r#"{"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}"#,
    ),
    (
        r#"{"foo": ["all", "grass", "cows", "eat"]}"#,
        r#"[{"op": "move", "from": "/foo/1", "path": "/foo/3"}]"#,
        r#"{"foo": ["all", "cows", "eat", "grass"]}"#,
    ),
    (
        r#"{"baz": "qux", "foo": ["a", 2, "c"]}"#,
        r#"[{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}]"#,
        r#"{"baz": "qux", "foo": ["a", 2, "c"]}"#,
    ),
    (
        r#"{"foo": "bar"}"#,
        r#"[{"op": "add", "path": "/child", "value": {"grandchild": {}}}]"#,
        r#"{"foo": "bar", "child": {"grandchild": {}}}"#,
    ),
    (
        r#"{"foo": "bar"}"#,
        r#"[{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}]"#,
        r#"{"foo": "bar", "baz": "qux"}"#,
    ),
    (r#"{"/": 9, "~1": 10}"#, r#"[{"op": "test", "path": "/~01", "value": 10}]"#, r#"{"/": 9, "~1": 10}"#),
    (
        r#"{"foo": ["bar"]}"#,
        r#"[{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}]"#,
        r#"{"foo": ["bar", ["abc", "def"]]}"#,
    ),
    // Empty lists, empty documents, roots.
    ("{}", "[]", "{}"),
    (r#"{"foo": 1}"#, "[]", r#"{"foo": 1}"#),
    (r#"{"foo": 1, "bar": 2}"#, "[]", r#"{"bar": 2, "foo": 1}"#),
    ("[[{\"foo\": 1, \"bar\": 2}]]", "[]", "[[{\"bar\": 2, \"foo\": 1}]]"),
    ("[]", r#"[{"op": "add", "path": "", "value": {}}]"#, "{}"),
    ("{}", r#"[{"op": "add", "path": "", "value": []}]"#, "[]"),
    (r#"{"foo": "bar"}"#, r#"[{"op": "add", "path": "", "value": {"baz": "qux"}}]"#, r#"{"baz": "qux"}"#),
    (r#"{"foo": "bar"}"#, r#"[{"op": "replace", "path": "", "value": {"baz": "qux"}}]"#, r#"{"baz": "qux"}"#),
    (r#""foo""#, r#"[{"op": "replace", "path": "", "value": "bar"}]"#, r#""bar""#),
    (r#"{"foo": {}}"#, r#"[{"op": "test", "path": "", "value": {"foo": {}}}]"#, r#"{"foo": {}}"#),
    // Adding.
    ("[]", r#"[{"op": "add", "path": "/0", "value": "foo"}]"#, r#"["foo"]"#),
    ("[]", r#"[{"op": "add", "path": "/-", "value": "hi"}]"#, r#"["hi"]"#),
    ("{}", r#"[{"op": "add", "path": "/foo", "value": "1"}]"#, r#"{"foo": "1"}"#),
    ("{}", r#"[{"op": "add", "path": "/foo", "value": 1}]"#, r#"{"foo": 1}"#),
    ("{}", r#"[{"op": "add", "path": "/", "value": 1}]"#, r#"{"": 1}"#),
    (r#"{"foo": {}}"#, r#"[{"op": "add", "path": "/foo/", "value": 1}]"#, r#"{"foo": {"": 1}}"#),
    (r#"{"foo": 1}"#, r#"[{"op": "add", "path": "/bar", "value": [1, 2]}]"#, r#"{"foo": 1, "bar": [1, 2]}"#),
    (
        r#"{"foo": 1, "baz": [{"qux": "hello"}]}"#,
        r#"[{"op": "add", "path": "/baz/0/foo", "value": "world"}]"#,
        r#"{"foo": 1, "baz": [{"qux": "hello", "foo": "world"}]}"#,
    ),
    (r#"{"foo": 1}"#, r#"[{"op": "add", "path": "/bar", "value": true}]"#, r#"{"foo": 1, "bar": true}"#),
    (r#"{"foo": 1}"#, r#"[{"op": "add", "path": "/bar", "value": null}]"#, r#"{"foo": 1, "bar": null}"#),
    (r#"{"foo": 1}"#, r#"[{"op": "add", "path": "/0", "value": "bar"}]"#, r#"{"foo": 1, "0": "bar"}"#),
    (r#"{"foo": null}"#, r#"[{"op": "add", "path": "/foo", "value": 1}]"#, r#"{"foo": 1}"#),
    (r#"["foo"]"#, r#"[{"op": "add", "path": "/1", "value": "bar"}]"#, r#"["foo", "bar"]"#),
    (r#"["foo", "sil"]"#, r#"[{"op": "add", "path": "/1", "value": "bar"}]"#, r#"["foo", "bar", "sil"]"#),
    (r#"["foo", "sil"]"#, r#"[{"op": "add", "path": "/0", "value": "bar"}]"#, r#"["bar", "foo", "sil"]"#),
    (r#"["foo", "sil"]"#, r#"[{"op": "add", "path": "/2", "value": "bar"}]"#, r#"["foo", "sil", "bar"]"#),
    (
        r#"["foo", "sil"]"#,
        r#"[{"op": "add", "path": "/1", "value": ["bar", "baz"]}]"#,
        r#"["foo", ["bar", "baz"], "sil"]"#,
    ),
    (
        "[1, 2, [3, [4, 5]]]",
        r#"[{"op": "add", "path": "/2/1/-", "value": {"foo": ["bar", "baz"]}}]"#,
        r#"[1, 2, [3, [4, 5, {"foo": ["bar", "baz"]}]]]"#,
    ),
    (
        "[1, 2]",
        r#"[{"op": "add", "path": "/-", "value": {"foo": ["bar", "baz"]}}]"#,
        r#"[1, 2, {"foo": ["bar", "baz"]}]"#,
    ),
    // Removing and replacing.
    (
        r#"{"foo": 1, "baz": [{"qux": "hello"}]}"#,
        r#"[{"op": "remove", "path": "/baz/0/qux"}]"#,
        r#"{"foo": 1, "baz": [{}]}"#,
    ),
    (r#"{"foo": null}"#, r#"[{"op": "remove", "path": "/foo"}]"#, "{}"),
    ("[1, 2, 3, 4]", r#"[{"op": "remove", "path": "/0"}]"#, "[2, 3, 4]"),
    ("[1, 2, 3, 4]", r#"[{"op": "remove", "path": "/1"}, {"op": "remove", "path": "/2"}]"#, "[1, 3]"),
    (
        r#"{"foo": 1, "baz": [{"qux": "hello"}]}"#,
        r#"[{"op": "replace", "path": "/foo", "value": [1, 2, 3, 4]}]"#,
        r#"{"foo": [1, 2, 3, 4], "baz": [{"qux": "hello"}]}"#,
    ),
    (
        r#"{"foo": [1, 2], "baz": [{"qux": "hello"}]}"#,
        r#"[{"op": "replace", "path": "/baz/0/qux", "value": "world"}]"#,
        r#"{"foo": [1, 2], "baz": [{"qux": "world"}]}"#,
    ),
    (r#"["foo"]"#, r#"[{"op": "replace", "path": "/0", "value": 0}]"#, "[0]"),
    (r#"[""]"#, r#"[{"op": "replace", "path": "/0", "value": null}]"#, "[null]"),
    (
        r#"["foo", "sil"]"#,
        r#"[{"op": "replace", "path": "/1", "value": ["bar", "baz"]}]"#,
        r#"["foo", ["bar", "baz"]]"#,
    ),
    (r#"{"foo": null}"#, r#"[{"op": "replace", "path": "/foo", "value": "truthy"}]"#, r#"{"foo": "truthy"}"#),
    (r#"{"foo": "bar"}"#, r#"[{"op": "replace", "path": "/foo", "value": null}]"#, r#"{"foo": null}"#),
    // Moving and copying.
    (r#"{"foo": 1}"#, r#"[{"op": "move", "from": "/foo", "path": "/foo"}]"#, r#"{"foo": 1}"#),
    (r#"{"foo": null}"#, r#"[{"op": "move", "from": "/foo", "path": "/bar"}]"#, r#"{"bar": null}"#),
    (
        r#"{"foo": 1, "baz": [{"qux": "hello"}]}"#,
        r#"[{"op": "move", "from": "/foo", "path": "/bar"}]"#,
        r#"{"baz": [{"qux": "hello"}], "bar": 1}"#,
    ),
    (
        r#"{"baz": [{"qux": "hello"}], "bar": 1}"#,
        r#"[{"op": "move", "from": "/baz/0/qux", "path": "/baz/1"}]"#,
        r#"{"baz": [{}, "hello"], "bar": 1}"#,
    ),
    (r#"{"a": {"b": 1}}"#, r#"[{"op": "move", "from": "/a/b", "path": "/a"}]"#, r#"{"a": 1}"#),
    ("[[1, 2], 3]", r#"[{"op": "move", "from": "/0/1", "path": "/0"}]"#, "[2, [1], 3]"),
    (r#"["a", "b", "c"]"#, r#"[{"op": "move", "from": "/0", "path": "/-"}]"#, r#"["b", "c", "a"]"#),
    (r#"{"foo": {"a": 1}}"#, r#"[{"op": "move", "from": "/foo/a", "path": ""}]"#, "1"),
    (
        r#"{"baz": [{"qux": "hello"}], "bar": 1}"#,
        r#"[{"op": "copy", "from": "/baz/0", "path": "/boo"}]"#,
        r#"{"baz": [{"qux": "hello"}], "bar": 1, "boo": {"qux": "hello"}}"#,
    ),
    (
        r#"{"foo": null}"#,
        r#"[{"op": "copy", "from": "/foo", "path": "/bar"}]"#,
        r#"{"foo": null, "bar": null}"#,
    ),
    (r#"{"a": 1}"#, r#"[{"op": "copy", "from": "", "path": "/b"}]"#, r#"{"a": 1, "b": {"a": 1}}"#),
    // Testing: numbers by value, maps whatever their order.
    (
        r#"{"foo": {"foo": 1, "bar": 2}}"#,
        r#"[{"op": "test", "path": "/foo", "value": {"bar": 2, "foo": 1}}]"#,
        r#"{"foo": {"foo": 1, "bar": 2}}"#,
    ),
    (
        r#"{"foo": [{"foo": 1, "bar": 2}]}"#,
        r#"[{"op": "test", "path": "/foo", "value": [{"bar": 2, "foo": 1}]}]"#,
        r#"{"foo": [{"foo": 1, "bar": 2}]}"#,
    ),
    (r#"{"foo": null}"#, r#"[{"op": "test", "path": "/foo", "value": null}]"#, r#"{"foo": null}"#),
    (
        "[1.50, 100, -0, 12E-1]",
        r#"[{"op": "test", "path": "", "value": [15e-1, 1e2, 0.0, 1.2]}]"#,
        "[1.50, 100, -0, 12E-1]",
    ),
    (
        r#"{"a": 1}"#,
        r#"[{"op": "test", "path": "/a", "value": 1}, {"op": "replace", "path": "/a", "value": 2}]"#,
        r#"{"a": 2}"#,
    ),
    (
        r#"{"": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#,
        r#"[
        {"op": "test", "path": "/", "value": 0}, {"op": "test", "path": "/a~1b", "value": 1},
        {"op": "test", "path": "/c%d", "value": 2}, {"op": "test", "path": "/e^f", "value": 3},
        {"op": "test", "path": "/g|h", "value": 4}, {"op": "test", "path": "/i\\j", "value": 5},
        {"op": "test", "path": "/k\"l", "value": 6}, {"op": "test", "path": "/ ", "value": 7},
        {"op": "test", "path": "/m~0n", "value": 8}]"#,
        r#"{"": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#,
    ),
];

#[test]
fn a_json_patch_does_what_the_rfc_says() {
    for (document, patch, expected) in PATCHED {
        let document = value(document);
        let edits = json_patch(&document, &value(patch)).unwrap_or_else(|error| panic!("{patch}: {error}"));
        assert_eq!(sorted(&applied(&document, &edits)), sorted(&value(expected)), "{patch}");
    }
}

/// Document, patch, a part of what is said about it.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        r#"{"baz": "qux"}"#,
        r#"[{"op": "test", "path": "/baz", "value": "bar"}]"#,
        r#"operation 1 (test): /baz is "qux", not "bar""#,
    ),
    (r#"{"foo": "bar"}"#, r#"[{"op": "add", "path": "/baz/bat", "value": "qux"}]"#, "nothing at /baz"),
    (
        r#"{"a": 1}"#,
        r#"[{"op": "add", "path": "/b", "value": 1}, {"op": "test", "path": "/a", "value": 2}]"#,
        "operation 2",
    ),
    (r#"{"/": 9, "~1": 10}"#, r#"[{"op": "test", "path": "/~01", "value": "10"}]"#, "/~01 is 10"),
    (r#"["foo", "sil"]"#, r#"[{"op": "add", "path": "/3", "value": "bar"}]"#, "nothing at /3"),
    (r#"{"bar": [1, 2]}"#, r#"[{"op": "add", "path": "/bar/8", "value": "5"}]"#, "nothing at /bar/8"),
    (r#"{"bar": [1, 2]}"#, r#"[{"op": "add", "path": "/bar/-1", "value": "5"}]"#, "an array"),
    (r#"["foo", "sil"]"#, r#"[{"op": "add", "path": "/bar", "value": 42}]"#, "an array"),
    (r#"["foo", "bar"]"#, r#"[{"op": "add", "path": "/01", "value": 1}]"#, "leading zeros"),
    (r#"["foo", "bar"]"#, r#"[{"op": "test", "path": "/1e0", "value": "bar"}]"#, "nothing at /1e0"),
    (r#"["foo", "bar"]"#, r#"[{"op": "add", "path": "/1e0", "value": 1}]"#, "an array"),
    (r#"{"foo": 1, "baz": [1, 2, 3, 4]}"#, r#"[{"op": "remove", "path": "/baz/1e0"}]"#, "nothing at"),
    ("[1, 2, 3, 4]", r#"[{"op": "remove", "path": "/1e0"}]"#, "nothing at"),
    ("[1, 2]", r#"[{"op": "remove", "path": "/-"}]"#, "nothing at /2"),
    ("[1]", r#"[{"op": "replace", "path": "/-", "value": 1}]"#, "nothing at /1"),
    (r#"{"foo": 1}"#, r#"[{"op": "remove", "path": "/baz"}]"#, "nothing at /baz"),
    (r#"["foo", "bar"]"#, r#"[{"op": "remove", "path": "/2"}]"#, "nothing at /2"),
    ("{}", r#"[{"op": "remove", "path": ""}]"#, "the root cannot be deleted"),
    (r#"{"foo": "bar"}"#, r#"[{"op": "replace", "path": "/baz", "value": 1}]"#, "nothing at /baz"),
    ("[0]", r#"[{"op": "replace", "path": "/1", "value": 1}]"#, "nothing at /1"),
    (r#"{"foo": "bar"}"#, r#"[{"op": "add", "path": "/foo/x", "value": 1}]"#, "a string"),
    (r#"{"a": {"b": 1}}"#, r#"[{"op": "move", "from": "/a", "path": "/a/b"}]"#, "inside it"),
    (r#"{"a": 1}"#, r#"[{"op": "move", "from": "", "path": "/a"}]"#, "inside it"),
    (r#"{"a": 1}"#, r#"[{"op": "move", "from": "/b", "path": "/a"}]"#, "nothing at /b"),
    (r#"{"a": 1}"#, r#"[{"op": "copy", "from": "/b", "path": "/a"}]"#, "nothing at /b"),
    (r#"{"foo": 1}"#, r#"[{"op": "test", "path": "/foo", "value": [1]}]"#, "/foo is 1"),
    (r#"{"a": 1}"#, r#"[{"op": "test", "path": "/a", "value": true}]"#, "/a is 1"),
    (r#"{"a": 1e400}"#, r#"[{"op": "test", "path": "/a", "value": 1e401}]"#, "/a is 1e400"),
    (r#"{"a": [1]}"#, r#"[{"op": "test", "path": "/a", "value": []}]"#, "/a is [1]"),
    (r#"{"a": {"b": 1}}"#, r#"[{"op": "test", "path": "/a", "value": {"c": 1}}]"#, "/a is"),
    ("[]", r#"[{"op": "test", "path": "/0", "value": null}]"#, "nothing at /0"),
    ("{}", r#"[{"op": "add", "value": "bar"}]"#, r#""path" is missing"#),
    ("{}", r#"[{"op": "add", "path": null, "value": "bar"}]"#, r#""path" is a string, not null"#),
    ("{}", r#"[{"op": "add", "path": "foo", "value": "bar"}]"#, "JSON Pointer"),
    ("{}", r#"[{"op": "add", "path": ".foo", "value": "bar"}]"#, "JSON Pointer"),
    ("{}", r#"[{"op": "add", "path": "/a~2", "value": "bar"}]"#, "~0"),
    ("[1]", r#"[{"op": "add", "path": "/-"}]"#, r#""value" is missing"#),
    ("[1]", r#"[{"op": "replace", "path": "/0"}]"#, r#""value" is missing"#),
    ("[null]", r#"[{"op": "test", "path": "/0"}]"#, r#""value" is missing"#),
    ("[1]", r#"[{"op": "copy", "path": "/-"}]"#, r#""from" is missing"#),
    (r#"{"foo": 1}"#, r#"[{"op": "move", "path": ""}]"#, r#""from" is missing"#),
    (r#"{"foo": 1}"#, r#"[{"op": "spam", "path": "/foo", "value": 1}]"#, r#"operation 1 (spam): "op" is"#),
    ("{}", r#"[{"path": "/a", "value": 1}]"#, r#""op" is missing"#),
    ("{}", r#"[{"op": 1, "path": "/a", "value": 1}]"#, r#""op" is a string"#),
    ("{}", "[1]", "an operation is a map"),
    ("{}", "{}", "an array of operations"),
];

#[test]
fn what_a_json_patch_cannot_do_is_refused_by_name() {
    for (document, patch, expected) in REFUSED {
        let error = json_patch(&value(document), &value(patch)).expect_err(patch).to_string();
        assert!(error.contains(expected), "{patch}: {error}");
    }
}

/// RFC 7396, appendix A: document, patch, result.
const MERGED: &[(&str, &str, &str)] = &[
    (r#"{"a": "b"}"#, r#"{"a": "c"}"#, r#"{"a": "c"}"#),
    (r#"{"a": "b"}"#, r#"{"b": "c"}"#, r#"{"a": "b", "b": "c"}"#),
    (r#"{"a": "b"}"#, r#"{"a": null}"#, "{}"),
    (r#"{"a": "b", "b": "c"}"#, r#"{"a": null}"#, r#"{"b": "c"}"#),
    (r#"{"a": ["b"]}"#, r#"{"a": "c"}"#, r#"{"a": "c"}"#),
    (r#"{"a": "c"}"#, r#"{"a": ["b"]}"#, r#"{"a": ["b"]}"#),
    (r#"{"a": {"b": "c"}}"#, r#"{"a": {"b": "d", "c": null}}"#, r#"{"a": {"b": "d"}}"#),
    (r#"{"a": [{"b": "c"}]}"#, r#"{"a": [1]}"#, r#"{"a": [1]}"#),
    (r#"["a", "b"]"#, r#"["c", "d"]"#, r#"["c", "d"]"#),
    (r#"{"a": "b"}"#, r#"["c"]"#, r#"["c"]"#),
    (r#"{"a": "foo"}"#, "null", "null"),
    (r#"{"a": "foo"}"#, r#""bar""#, r#""bar""#),
    (r#"{"e": null}"#, r#"{"a": 1}"#, r#"{"e": null, "a": 1}"#),
    ("[1, 2]", r#"{"a": "b", "c": null}"#, r#"{"a": "b"}"#),
    ("{}", r#"{"a": {"bb": {"ccc": null}}}"#, r#"{"a": {"bb": {}}}"#),
    ("{}", r#"{"a": [null, {"b": null}]}"#, r#"{"a": [null, {"b": null}]}"#),
];

#[test]
fn a_merge_patch_does_what_the_rfc_says_and_writes_nothing_twice() {
    for (document, patch, expected) in MERGED {
        let (document, patch) = (value(document), value(patch));
        let merged = applied(&document, &merge_patch(&document, &patch));
        assert_eq!(sorted(&merged), sorted(&value(expected)), "{patch}");
        assert_eq!(merge_patch(&merged, &patch), [], "{patch}");
    }
}

/// `ULTRAWAVE_PATCH_SUITE=FOLDER cargo test --test document_patch -- --ignored`: `tests.json` and
/// `spec_tests.json` of json-patch/json-patch-tests.
#[test]
#[ignore = "needs the files of json-patch/json-patch-tests in the folder ULTRAWAVE_PATCH_SUITE"]
fn the_public_patch_suite_passes() {
    let folder = std::env::var_os("ULTRAWAVE_PATCH_SUITE").expect("ULTRAWAVE_PATCH_SUITE names the folder");
    let (mut passed, mut faults) = (0, Vec::new());
    for name in ["tests.json", "spec_tests.json"] {
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join(name)).unwrap();
        for case in value(&text).elements().filter(|case| case.key(&"disabled".into()).is_none()) {
            let (Some(document), Some(patch)) = (case.key(&"doc".into()), case.key(&"patch".into())) else {
                continue;
            };
            let result = json_patch(document, patch).map(|edits| sorted(&applied(document, &edits)));
            let is_right = match (case.key(&"expected".into()), case.key(&"error".into())) {
                (Some(expected), _) => result.as_ref() == Ok(&sorted(expected)),
                (None, Some(_)) => result.is_err(),
                (None, None) => result.is_ok(),
            };
            passed += usize::from(is_right);
            if !is_right {
                faults.push(format!("{case}: {result:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{passed} passed, not these:\n{}", faults.join("\n"));
    assert!(passed > 90, "the suite is not whole: {passed}");
}
