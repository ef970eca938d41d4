//! The edits that lead from one document to another.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use proptest::prelude::*;
use proptest::sample::select;
use ultrawave::document::{Method, Path, Value, diff, parse};

#[path = "support/values.rs"]
mod values;
use values::{applied, sorted};

fn value(text: &str) -> Value {
    parse(text).unwrap()
}

fn written(changes: &[(Path, Method)]) -> Vec<String> {
    let line = |(path, method): &(Path, Method)| match method {
        Method::Set(value) => format!("set {path} {value}"),
        Method::Merge(value) => format!("merge {path} {value}"),
        Method::Delete => format!("delete {path}"),
        Method::Splice { start, count, items } => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("splice {path} {start} {count} {}", items.join(" ")).trim_end().to_owned()
        }
    };
    changes.iter().map(line).collect()
}

#[test]
fn the_changes_are_those_a_person_would_name() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("1", "1", &[]),
        ("1", "1.0", &[r#"set "" 1.0"#]),
        (r#"{"a": 1, "b": 2}"#, r#"{"b": 2, "a": 1}"#, &[]),
        (r#""A""#, r#""\u0041""#, &[]),
        (
            r#"{"a": 1, "b": {"c": 2}}"#,
            r#"{"b": {"c": 3, "d": []}, "e": {}}"#,
            &["delete /a", "set /b/c 3", "set /b/d []", "set /e {}"],
        ),
        // Strings: one splice, in scalar values, if anything is kept.
        (r#"["Lagos, Nigeria"]"#, r#"["Lagos (Nigeria"]"#, &[r#"splice /0 5 2 " (""#]),
        (r#"["👩x"]"#, r#"["👩y"]"#, &[r#"splice /0 1 1 "y""#]),
        (r#"["a\u0062c"]"#, r#"["ab\u0063d"]"#, &[r#"splice /0 3 0 "d""#]),
        (r#"["debug"]"#, r#"["info"]"#, &[r#"set /0 "info""#]),
        (r#"["\ud800a"]"#, r#"["\ud800b"]"#, &[r#"set /0 "\ud800b""#]),
        // Elements are told apart by id, key or name, wherever they stand.
        (
            r#"[{"id": 1, "n": 0}, {"id": 2, "n": 0}]"#,
            r#"[{"id": 0, "n": 0}, {"id": 1, "n": 0}, {"id": 2, "n": 5}]"#,
            &["set /1/n 5", r#"splice "" 0 0 {"id":0,"n":0}"#],
        ),
        (
            r#"[{"name": "a", "x": 1}, {"name": "b", "x": 1}]"#,
            r#"[{"name": "b", "x": 2}]"#,
            &["set /1/x 2", r#"splice "" 0 1"#],
        ),
        // Another one in the same place is not the old one, edited; a new name for the same is.
        (
            r#"[{"id": "a", "x": 1, "y": 2}]"#,
            r#"[{"id": "b", "x": 8, "y": 9}]"#,
            &[r#"splice "" 0 1 {"id":"b","x":8,"y":9}"#],
        ),
        (r#"[{"name": "a", "x": 1, "y": 2}]"#, r#"[{"name": "b", "x": 1, "y": 2}]"#, &[r#"set /0/name "b""#]),
        // A copy that kept its id does not confuse the others.
        (
            r#"[{"id": 1, "n": 1}, {"id": 2, "n": 1}]"#,
            r#"[{"id": 1, "n": 1}, {"id": 1, "n": 2}, {"id": 2, "n": 3}]"#,
            &["set /1/n 3", r#"splice "" 1 0 {"id":1,"n":2}"#],
        ),
        // A moved element is removed and inserted.
        (
            r#"[{"id": 1}, {"id": 2}, {"id": 3}]"#,
            r#"[{"id": 3}, {"id": 1}, {"id": 2}]"#,
            &[r#"splice "" 2 1"#, r#"splice "" 0 0 {"id":3}"#],
        ),
        // Scalars: shifted, or written in place.
        ("[1, 2, 3, 4, 5]", "[2, 3, 4, 5, 6]", &[r#"splice "" 5 0 6"#, r#"splice "" 0 1"#]),
        ("[true, false]", "[false, true]", &["set /0 false", "set /1 true"]),
        ("[10, 20]", "[20, 35]", &["set /0 20", "set /1 35"]),
        // A string that stands elsewhere was not written there anew, nor a number in a long list.
        (
            r#"["alpha", "kept", "gone", "last"]"#,
            r#"["alps", "kept", "last", "new"]"#,
            &[r#"splice /0 3 2 "s""#, r#"splice "" 4 0 "new""#, r#"splice "" 2 1"#],
        ),
        ("[1, 20, 30, 4, 5]", "[1, 30, 40, 4, 5]", &[r#"splice "" 3 0 40"#, r#"splice "" 1 1"#]),
        ("[0, 1, 2]", "[0, 9, 8, 2]", &[r#"splice "" 1 1 9 8"#]),
        ("[1, 1, 1]", "[1, 1]", &[r#"splice "" 2 1"#]),
        ("[]", "[[]]", &[r#"splice "" 0 0 []"#]),
        ("[{}, {}]", r#"[{}, {"a": 1}]"#, &["set /1/a 1"]),
        ("[[1, 2], [3, 4]]", "[[0, 0], [1, 2, 9], [3, 4]]", &["splice /0 2 0 9", r#"splice "" 0 0 [0,0]"#]),
        (r#"{"a": []}"#, r#"{"a": {}}"#, &["set /a {}"]),
        ("[]", "null", &[r#"set "" null"#]),
    ];
    for (old, new, expected) in cases {
        assert_eq!(written(&diff(&value(old), &value(new))), *expected, "{old} to {new}");
        assert_eq!(sorted(&applied(&value(old), &diff(&value(old), &value(new)))), sorted(&value(new)));
    }
}

const SCALARS: &[&str] =
    &["null", "true", "1", "2", "2.0", "\"\"", "\"ab\"", "\"abc\"", "\"a\\u0062\"", "\"\\ud800\"", "\"😀\""];

fn json() -> impl Strategy<Value = Value> {
    let scalar = select(SCALARS).prop_map(value);
    scalar.prop_recursive(4, 48, 8, |inner| {
        let keys = select(&["id", "key", "name", "a", "b", "c"][..]);
        let entry = (keys, inner.clone()).prop_map(|(key, value)| (key.into(), value));
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::array),
            prop::collection::vec(entry, 0..6).prop_map(Value::object),
        ]
    })
}

/// Records with names and numbers, some of them double.
fn records() -> impl Strategy<Value = Value> {
    let record = (0..12_u64, select(&["id", "key", "name", "x"][..]), json());
    let record =
        record.prop_map(|(id, key, value)| Value::object([(key.into(), id.into()), ("v".into(), value)]));
    prop::collection::vec(record, 0..10).prop_map(Value::array)
}

proptest! {
    #[test]
    fn the_changes_lead_from_any_document_to_any_other(
        old in prop_oneof![json(), records()], new in prop_oneof![json(), records()],
    ) {
        let reached = applied(&old, &diff(&old, &new));
        prop_assert_eq!(sorted(&reached), sorted(&new));
        prop_assert_eq!(diff(&reached, &new), []);
        prop_assert_eq!(diff(&new, &new), []);
    }
}

fn record(number: usize) -> String {
    format!(
        r#"{{"id":{number},"name":"customer {number}","tags":["a","b",{number}],"address":{{"city":"Lagos","street":"Broad Street {number}"}}}}"#
    )
}

#[test]
fn a_hundred_differences_in_a_long_list_give_a_hundred_changes() {
    const RECORDS: usize = 9_000;
    const DIFFERENCES: usize = 100;
    let text = |record: &dyn Fn(usize) -> String| {
        format!("[{}]", (0..RECORDS).map(record).collect::<Vec<_>>().join(",\n"))
    };
    for with_id in [true, false] {
        let plain = |number| {
            if with_id {
                record(number)
            } else {
                record(number).replacen("\"id\"", "\"n\"", 1).replacen("\"name\"", "\"called\"", 1)
            }
        };
        let old = text(&plain);
        let new = text(&|number| match number % (RECORDS / DIFFERENCES) {
            7 if number % 4 == 0 => plain(number).replace("Lagos", "Abuja"),
            7 if number % 4 == 1 => plain(number).replace("\"a\",", ""),
            7 if number % 4 == 2 => plain(number).replace("\"tags\"", "\"labels\""),
            7 => format!("{},{}", plain(number), plain(number + RECORDS)),
            _ => plain(number),
        });
        let (old, new) = (value(&old), value(&new));
        let changes = diff(&old, &new);
        assert!((DIFFERENCES..=DIFFERENCES * 13 / 10).contains(&changes.len()), "{}", changes.len());
        assert_eq!(diff(&applied(&old, &changes), &new), []);
    }
}
