//! Other programs, many rows at once, earlier versions.

use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::tui::{Effect, Mode, Moment, Msg, Schema, Subject};

use crate::desk::{Desk, check};

/// What the person's own editor is given.
fn handed_over(desk: &mut Desk) -> String {
    desk.press("E");
    let Some(Effect::External { text }) = desk.wanted.pop_front() else { panic!("nothing is handed over") };
    text
}

#[test]
fn a_value_goes_to_the_person_s_editor_and_comes_back_as_small_edits() {
    let mut desk = Desk::new(r#"{"a": §{"b": "Lagos", "c": [1, 2]}, "z": 0}"#);
    let text = handed_over(&mut desk);
    assert_eq!(parse(&text).unwrap(), parse(r#"{"b": "Lagos", "c": [1, 2]}"#).unwrap());
    // Ana writes meanwhile, and both stay.
    desk.ana_edits(Path::ROOT.key("a").key("c").index(0), Method::Set(Value::from(9_i64)));
    desk.take(Msg::External(Ok(text.replace("Lagos", "Lagos!"))));
    assert_eq!(desk.marked(), r#"{"a": §{"b": "Lagos!", "c": [9, 2]}, "z": 0}"#);
    desk.press("u");
    assert_eq!(desk.marked(), r#"{"a": {"b": §"Lagos", "c": [9, 2]}, "z": 0}"#);
}

#[test]
fn what_comes_back_from_the_editor_for_a_place_that_is_gone_is_kept_and_put_back() {
    let mut desk = Desk::new(r#"{"a": §{"b": 1}, "z": 0}"#).with_ana(None, false);
    handed_over(&mut desk);
    desk.ana_edits(Path::ROOT.key("a"), Method::Delete);
    desk.take(Msg::External(Ok("{\n  \"b\": 2\n}\n".to_owned())));
    let screen = desk.screen(80, 24);
    assert!(
        screen.contains("Ana deleted this. Enter: put it back") && screen.contains("\"b\": 2"),
        "{screen}"
    );
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"z": 0, "a": §{"b": 2}}"#);
}

#[test]
fn what_comes_back_from_the_editor_answers_what_somebody_set_meanwhile() {
    let mut desk = Desk::new(r#"{"a": §{"b": 1}}"#).with_ana(None, false);
    handed_over(&mut desk);
    desk.ana_edits(Path::ROOT.key("a"), Method::Set(Value::from(7_i64)));
    desk.take(Msg::External(Ok("{\"b\": 2}".to_owned())));
    assert!(desk.screen(80, 24).contains("Ana has set this to 7. Enter: yours instead"));
    desk.press("<Esc>");
    assert_eq!(desk.marked(), r#"{"a": §7}"#);
}

#[test]
fn what_is_no_json_is_kept_to_be_edited_again() {
    let mut desk = Desk::new(r#"{"a": §[1]}"#);
    handed_over(&mut desk);
    desk.take(Msg::External(Ok("[1,\n 2".to_owned())));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("line 2") && screen.contains("e edit it again"), "{screen}");
    desk.press("<Esc>e");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::External { text: "[1,\n 2".to_owned() }));
    desk.take(Msg::External(Ok("[1, 2]".to_owned())));
    assert_eq!(desk.marked(), r#"{"a": §[1, 2]}"#);
    handed_over(&mut desk);
    desk.take(Msg::External(Ok(String::new())));
    desk.press("d");
    assert!(desk.is_browsing());
    assert_eq!(desk.marked(), r#"{"a": §[1, 2]}"#);
}

#[test]
fn marked_rows_are_cut_and_copied_together() {
    check("[1, §2, 3, 4]", "vjvdd", "[1, §3]");
    check("[1, §2, 3, 4]", "vjvddp", "[1, 3, §2, 4]");
    check(r#"{"a": §1, "b": 2, "c": []}"#, "vvddgp", r#"{"c": [§1, 2]}"#);
    check(r#"{"a": §1, "b": {"c": 2}}"#, "xxkv<Esc>dd", r#"{"a": 1, "b": §{}}"#);
    check("[§1, 2]", "vkvdd", "[§1]");
    let mut desk = Desk::new("[§1, 2]");
    desk.press("vv<Ctrl-c>");
    let copied = Effect::Copy { what: "2 values".to_owned(), text: "[1,2]".to_owned() };
    assert_eq!(desk.wanted.pop_front(), Some(copied));
}

#[test]
fn marks_stay_on_their_rows_when_others_come_above() {
    let mut desk = Desk::new("[1, §2, 3]");
    desk.press("v");
    desk.ana_edits(Path::ROOT, Method::Splice { start: 0, count: 0, items: vec![Value::NULL] });
    desk.press("dd");
    assert_eq!(desk.replica.value().to_string(), parse("[null, 1, 3]").unwrap().to_string());
}

#[test]
fn a_copy_is_put_beside_and_counts_take_several() {
    check("[§1, 2]", "gd", "[1, §1, 2]");
    check(r#"{"a": §1}"#, "gd", r#"{"a": 1, "a_2": §1}"#);
    check(r#"{"a": §1, "b": 2, "c": 3}"#, "2dd", r#"{"c": §3}"#);
    check("[§1, 2, 3]", "2yyGp", "[1, 2, 3, §1, 2]");
}

#[test]
fn json_pasted_into_the_terminal_goes_to_the_row() {
    let mut desk = Desk::new("[§1, 2]");
    desk.take(Msg::Paste(r#"{"x": 1.0}"#.to_owned()));
    assert_eq!(desk.marked(), r#"[1, §{"x": 1.0}, 2]"#);
    desk.take(Msg::Paste("hello\r\nyou".to_owned()));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("what was pasted is not JSON: line 1"), "{screen}");
    desk.press("s");
    assert_eq!(desk.marked(), r#"[1, {"x": 1.0}, §"hello\nyou", 2]"#);
    desk.take(Msg::Paste("hello".to_owned()));
    desk.press("<Esc>");
    assert_eq!(desk.marked(), r#"[1, {"x": 1.0}, §"hello\nyou", 2]"#);
}

#[test]
fn the_desktop_s_clipboard_is_read_when_asked_for() {
    let mut desk = Desk::new("[§1]");
    desk.press("gP");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::Paste));
    desk.take(Msg::Clipboard(Ok("{}".to_owned())));
    assert_eq!(desk.marked(), "[1, §{}]");
    desk.take(Msg::Clipboard(Err("there is no desktop here".to_owned())));
    assert!(desk.notice().contains("no desktop"), "{}", desk.notice());
}

/// What the filter that was asked for last would give; whether it was still being typed.
fn filtered(desk: &mut Desk, answer: Result<&str, &str>) -> (String, bool) {
    let Some(Effect::Jq { filter, is_typed, .. }) = desk.wanted.pop_back() else { panic!("no filter") };
    desk.wanted.clear();
    let answer =
        answer.map(|outputs| (outputs.lines().map(|output| parse(output).unwrap()).collect(), false));
    desk.take(Msg::Jq { filter: filter.clone(), answer: answer.map_err(str::to_owned) });
    (filter, is_typed)
}

#[test]
fn a_jq_filter_s_outputs_are_looked_at_beside_the_document() {
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.press("|.a, 2<Enter>");
    assert_eq!(filtered(&mut desk, Ok("1\n2")), (".a, 2".to_owned(), false));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("| .a, 2   2 outputs"), "{screen}");
    desk.press("jk<Space><Esc>");
    assert!(desk.is_browsing());
    desk.press("|.[<Enter>");
    filtered(&mut desk, Err("not complete"));
    assert!(matches!(desk.model.mode, Mode::Jq(_)), "to be mended");
    desk.press("<Esc>");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::StopJq));
    desk.take(Msg::Jq { filter: ".".to_owned(), answer: Ok((Vec::new(), false)) });
    assert!(desk.is_browsing(), "what comes too late is not shown");
}

#[test]
fn a_jq_filter_runs_while_it_is_typed() {
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.press("|.a");
    assert_eq!(filtered(&mut desk, Ok("\"one\"")), (".a".to_owned(), true));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("\"one\"") && screen.contains("|.a"), "{screen}");
    desk.press("|");
    filtered(&mut desk, Err("not complete"));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("\"one\"") && screen.contains("not complete"), "what it gave stays: {screen}");
    desk.press("<Left><Left>");
    assert!(desk.wanted.is_empty(), "nothing else is typed");
    desk.press("x");
    desk.take(Msg::Jq { filter: ".a|".to_owned(), answer: Ok((vec![Value::NULL], false)) });
    assert!(desk.screen(80, 24).contains("\"one\""), "of what is typed no more");
    desk.press("<Esc>|.a");
    filtered(&mut desk, Ok("1"));
    desk.press("<Enter>");
    assert_eq!(filtered(&mut desk, Ok("2")), (".a".to_owned(), false), "what is there now");
    assert!(matches!(desk.model.mode, Mode::View(_)));
    assert!(desk.screen(80, 24).contains('2'));
}

#[test]
fn earlier_versions_are_looked_at_while_the_live_one_goes_on() {
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.press("i2<Enter>gt");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::Version(Moment::BeforeLast)));
    let subject = |count| Subject::Version { count, of: 2, told: "after you set .a".to_owned() };
    desk.take(Msg::Version { subject: subject(1), value: parse(r#"{"a": 1}"#).unwrap() });
    desk.ana_edits(Path::ROOT.key("b"), Method::Set(Value::NULL));
    assert!(desk.screen(80, 24).contains("version 1 of 2   after you set .a"));
    desk.press("[");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::Version(Moment::Count(0))));
    desk.press("m");
    desk.take(Msg::Version { subject: subject(2), value: parse(r#"{"a": 5}"#).unwrap() });
    desk.press("D");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("from version 1 to 2") && screen.contains('5'), "{screen}");
    desk.press("<Esc>");
    assert_eq!(desk.marked(), r#"{"a": §12, "b": null}"#);
}

#[test]
fn the_history_shows_before_and_after_and_leads_there() {
    let mut desk = Desk::new(r#"{"a": §"old", "b": 2}"#);
    desk.ana_edits(Path::ROOT.key("b"), Method::Set(Value::from(3_i64)));
    desk.press("gl");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("2  →  3"), "{screen}");
    desk.press("t");
    assert!(matches!(desk.wanted.pop_front(), Some(Effect::Version(Moment::Before(_)))));
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"a": "old", "b": §3}"#);
}

#[test]
fn what_breaks_the_schema_is_marked_with_who_wrote_it() {
    let schema = r#"{"properties": {"port": {"type": "integer"}, "mode": {"enum": ["on", "off"]}}}"#;
    let mut desk = Desk::new(r#"§{"port": 1}"#).with_ana(None, false);
    desk.take(Msg::Schema(Ok(Schema::read(schema).unwrap())));
    check_schema(&mut desk);
    desk.ana_edits(Path::ROOT.key("port"), Method::Set(Value::string("x")));
    check_schema(&mut desk);
    let screen = desk.screen(120, 24);
    assert!(screen.contains("1 against the schema") && screen.contains("(Ana)"), "{screen}");
    desk.press("gs<Enter>");
    assert_eq!(desk.marked(), r#"{"port": §"x"}"#);
    desk.press("omo<Tab><Enter><Tab><Tab><Enter>");
    assert_eq!(desk.marked(), r#"{"port": "x", "mode": §"off"}"#);
}

/// Holds the document against the schema as the editor wishes.
fn check_schema(desk: &mut Desk) {
    let Some(Effect::Check(wanted)) = desk.wanted.pop_front() else { panic!("nothing to check") };
    let violations = wanted.schema.violations(&wanted.snapshot.value);
    desk.take(Msg::Checked { clock: wanted.snapshot.clock, violations: violations.unwrap() });
}
