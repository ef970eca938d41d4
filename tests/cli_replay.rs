//! `ultrawave replay`, the real binary.

#![cfg(feature = "app")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod support;

use std::collections::BTreeMap;

use predicates::prelude::*;
use predicates::str::contains;
use support::Home;
use ultrawave::document::{Kind, Value, parse};

const A1: &str = r#"["change",[{"id":1,"ticks":{"1":1}},"set",["x"],1]]"#;
const A2: &str = r#"["change",[{"id":1,"ticks":{"1":2}},"set",["x"],2]]"#;
const B1: &str = r#"["change",[{"id":2,"ticks":{"1":2,"2":1}},"set",["y"],true]]"#;

fn replay(document: &str, changes: impl AsRef<[u8]>, flags: &[&str]) -> assert_cmd::assert::Assert {
    let home = Home::new();
    home.write("document.json", document);
    home.write("changes.ndjson", changes);
    home.ultrawave().args(["replay", "document.json", "changes.ndjson"]).args(flags).assert()
}

fn text<'a>(value: &'a Value, key: &str) -> std::borrow::Cow<'a, str> {
    value.key(&key.into()).and_then(Value::as_text).unwrap().plain()
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    value.key(&key.into()).unwrap().elements().collect()
}

/// The change lines of a scenario: authors a, b, c are 1, 2, 3, and a change has seen what it
/// comes `after`, with all that those had seen.
fn change_lines(scenario: &Value) -> Vec<String> {
    let mut clocks: BTreeMap<String, BTreeMap<u8, usize>> = BTreeMap::new();
    let mut latest: BTreeMap<u8, BTreeMap<u8, usize>> = BTreeMap::new();
    let mut lines = Vec::new();
    for change in list(scenario, "ops") {
        let author = text(change, "author").as_bytes()[0] - b'a' + 1;
        let mut clock = latest.get(&author).cloned().unwrap_or_default();
        for id in list(change, "after") {
            for (&seen, &tick) in &clocks[&*id.as_text().unwrap().plain()] {
                let held = clock.entry(seen).or_insert(0);
                *held = tick.max(*held);
            }
        }
        *clock.entry(author).or_insert(0) += 1;
        let ticks: Vec<String> = clock.iter().map(|(seen, tick)| format!("\"{seen}\":{tick}")).collect();
        let arguments: Vec<String> = list(change, "args").iter().map(|value| format!(",{value}")).collect();
        lines.push(format!(
            r#"["change",[{{"id":{author},"ticks":{{{}}}}},"{}",{}{}]]"#,
            ticks.join(","),
            text(change, "method"),
            change.key(&"path".into()).unwrap(),
            arguments.concat(),
        ));
        clocks.insert(text(change, "id").into_owned(), clock.clone());
        latest.insert(author, clock);
    }
    lines
}

/// With every map's keys sorted: the cases say what a map holds, the order of its keys is the
/// rules' business.
fn sorted(value: &Value) -> Value {
    if value.kind() == Kind::Array {
        return Value::array(value.elements().map(sorted));
    }
    if value.kind() != Kind::Object {
        return value.clone();
    }
    let mut entries: Vec<_> = value.entries().map(|(key, value)| (key.clone(), sorted(value))).collect();
    entries.sort_by_key(|(key, _)| key.plain().into_owned());
    Value::object(entries)
}

#[test]
fn every_scenario_ends_as_expected_and_alike_in_any_order_of_lines() {
    let scenarios = parse(include_str!("scenarios.json")).unwrap();
    for scenario in scenarios.elements() {
        let name = text(scenario, "name");
        let initial = scenario.key(&"initial".into()).unwrap().to_string();
        let lines = change_lines(scenario);
        let backwards: Vec<String> = lines.iter().rev().cloned().collect();
        let twice = [lines.as_slice(), backwards.as_slice()].concat();
        let outputs = [lines, backwards, twice].map(|order| {
            let run = replay(&initial, order.join("\n"), &["--compact"]).success().stderr("");
            String::from_utf8(run.get_output().stdout.clone()).unwrap()
        });
        assert_eq!(
            sorted(&parse(&outputs[0]).unwrap()),
            sorted(scenario.key(&"expect".into()).unwrap()),
            "{name}"
        );
        assert!(outputs.iter().all(|output| *output == outputs[0]), "{name}: {outputs:?}");
    }
    assert!(!scenarios.is_empty());
}

#[test]
fn what_is_not_edited_keeps_its_bytes() {
    let document = "{\n\t\"big\": 9007199254740993, \"e\": 1e400,\r\n\t\"x\": [ -0 , 1.0 ]\n}\n";
    replay(document, "", &[]).success().stdout(document);
    let line = r#"["change",[{"id":1,"ticks":{"1":1}},"set",["e"],1.50]]"#;
    replay(document, line, &[]).success().stdout(document.replace("1e400", "1.50"));
}

#[test]
fn the_output_ends_in_a_newline() {
    replay("[1, 2]", "", &[]).success().stdout("[1, 2]\n");
    replay("[1, 2]", "", &["--compact"]).success().stdout("[1,2]\n");
}

#[test]
fn blank_lines_carriage_returns_and_a_byte_order_mark_do_no_harm() {
    let lines = format!("\u{feff}\r\n{B1}\r\n\r\n  {A2}  \n{A1}\n\n");
    replay("{}", lines, &["--compact"]).success().stdout("{\"x\":2,\"y\":true}\n").stderr("");
}

#[test]
fn a_change_whose_past_is_missing_is_left_out_and_named() {
    replay("{}", format!("{A1}\n{B1}"), &["--compact"])
        .code(1)
        .stdout("{\"x\":1}\n")
        .stderr(contains("changes.ndjson: line 2: 2:1 is left out").and(contains("missing: 1:2")));
}

#[test]
fn bad_lines_are_named_and_the_rest_is_folded() {
    let lines = [
        A1.as_bytes(),
        b"not json",
        br#"["change",[{"id":1,"ticks":{"1":2}},"launch",["x"]]]"#,
        b"[\"change\",[{\"id\":1,\"ticks\":{\"1\":2}},\"set\",[\"\xff\"],1]]",
        br#"["hello",{}]"#,
        A2.as_bytes(),
    ];
    let named = |line: &str| contains(format!("changes.ndjson: line {line}: "));
    replay("{}", lines.join(&b"\n"[..]), &["--compact"])
        .code(1)
        .stdout("{\"x\":2}\n")
        .stderr(named("2").and(named("3")).and(named("4")).and(named("5")))
        .stderr(named("1").not().and(named("6").not()));
}

#[test]
fn of_two_changes_under_one_name_the_first_is_kept() {
    let other = A1.replace(",1]]", ",7]]");
    replay("{}", format!("{A1}\n{other}\n{A1}"), &["--compact"])
        .code(1)
        .stdout("{\"x\":1}\n")
        .stderr(contains("line 2").and(contains("1:1")).and(contains("line 3").not()));
}

#[test]
fn a_document_that_is_not_json_is_shown_with_a_caret() {
    replay("{\n  \"a\": 1,\n  \"b\": tru\n}\n", A1, &[])
        .code(4)
        .stdout("")
        .stderr(contains("document.json:3:").and(contains("\"b\": tru\n")).and(contains("^")));
    replay("", A1, &[]).code(4).stdout("").stderr(contains("document.json"));
}

#[test]
fn a_document_that_is_not_text_is_refused() {
    let home = Home::new();
    home.write("document.json", b"{\"a\": \"\xff\"}");
    home.write("changes.ndjson", "");
    let run = home.ultrawave().args(["replay", "document.json", "changes.ndjson"]).assert();
    run.code(4).stdout("").stderr(contains("UTF-8"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let home = Home::new();
    home.write("document.json", "{}");
    home.ultrawave().args(["replay", "document.json", "gone"]).assert().code(1).stderr(contains("gone"));
    home.ultrawave().args(["replay", "gone", "document.json"]).assert().code(1).stderr(contains("gone"));
    home.ultrawave().args(["replay", ".", "document.json"]).assert().code(1).stderr(contains("folder"));
}

#[test]
fn either_may_come_from_standard_input_but_not_both() {
    let home = Home::new();
    home.write("document.json", "{\"x\":0}\n");
    home.write("changes.ndjson", A1);
    let run = home.ultrawave().args(["replay", "-", "changes.ndjson"]).write_stdin("{\"x\":0}\n").assert();
    run.success().stdout("{\"x\":1}\n");
    let run = home.ultrawave().args(["replay", "document.json", "-"]).write_stdin(A1).assert();
    run.success().stdout("{\"x\":1}\n");
    home.ultrawave().args(["replay", "-", "-"]).write_stdin("{}").assert().code(2).stdout("");
}
