use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::limits::DEPTH;
use ultrawave::tui::Effect;

use crate::desk::{Desk, check};

#[test]
fn a_value_is_edited_in_place_and_keeps_its_type() {
    check(r#"{"a": §"Lagos"}"#, "i!<Enter>", r#"{"a": §"Lagos!"}"#);
    check(r#"{"a": §"12"}"#, "<Enter>3<Enter>", r#"{"a": §"123"}"#);
    check(r#"{"a": §12}"#, "i3<Enter>", r#"{"a": §123}"#);
    check(r#"{"a": §12}"#, "i<Ctrl-u>1.50<Enter>", r#"{"a": §1.50}"#);
    check(r#"{"a": §true}"#, "<F2><Ctrl-u>null<Enter>", r#"{"a": §null}"#);
    check(r#"{"a": §"x"}"#, "i<Ctrl-u><Enter>", r#"{"a": §""}"#);
    check(r#"{"a": §"q"}"#, "i\"\\<Ctrl-j><Enter>", r#"{"a": §"q\"\\\n"}"#);
    check("§1", "i2<Enter>", "§12");
}

#[test]
fn esc_discards_and_nothing_changed_is_no_edit() {
    check(r#"{"a": §"x"}"#, "iyyy<Esc>", r#"{"a": §"x"}"#);
    check(r#"{"a": §"x"}"#, "iyyy<Ctrl-c>", r#"{"a": §"x"}"#);
    let mut desk = Desk::new(r#"{"a": §"x"}"#);
    desk.press("i<Enter>");
    assert_eq!(desk.replica.clock().sum(), 0);
}

#[test]
fn what_is_no_json_is_said_and_the_draft_stays() {
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.press("ix<Enter>");
    assert!(desk.draft_error().starts_with("not JSON, column "), "{}", desk.draft_error());
    desk.press("<Backspace>0<Enter>");
    assert_eq!(desk.marked(), r#"{"a": §10}"#);
}

#[test]
fn text_and_json_are_switched_while_typing() {
    check(r#"{"a": §1}"#, "i<Ctrl-t><Enter>", r#"{"a": §"1"}"#);
    check(r#"{"a": §"1"}"#, "i<Ctrl-t><Ctrl-u>2<Enter>", r#"{"a": §2}"#);
}

#[test]
fn a_string_goes_out_as_the_smallest_splice() {
    let mut desk = Desk::new(r#"{"a": §"Lagos"}"#);
    desk.press("i<Left><Left>x<Enter>");
    let change = desk.replica.history().next().unwrap();
    let items = vec![Value::string("x")];
    assert_eq!(change.method, Method::Splice { start: 3, count: 0, items });
    assert_eq!(change.path, Path::ROOT.key("a"));
}

#[test]
fn a_subtree_is_replaced_as_json() {
    check(r#"{"a": §{"b": 1}}"#, "c<Ctrl-u>[1]<Enter>", r#"{"a": §[1]}"#);
    check(r#"{"a": §{}}"#, "i<Left>\"x\": 1<Enter>", r#"{"a": §{"x": 1}}"#);
    check(r#"{"a": §"x"}"#, "c<Home>[<End>]<Enter>", r#"{"a": §["x"]}"#);
}

#[test]
fn elements_are_added_after_before_and_inside() {
    check("[§1, 2]", "o5<Enter>", "[1, §5, 2]");
    check("[1, §2]", "O5<Enter>", "[1, §5, 2]");
    check("§[1, 2]", "a5<Enter>", "[1, 2, §5]");
    check("§[]", "o5<Enter>", "[§5]");
    check(r#"[§"x"]"#, "oyes<Enter>", r#"["x", §"yes"]"#);
    check("[§1, 2]", "o5<Esc>", "[§1, 2]");
}

#[test]
fn a_key_is_added_by_key_and_then_value() {
    check(r#"{"a": §1, "b": 2}"#, "ox y<Enter>3<Enter>", r#"{"a": 1, "b": 2, "x y": §3}"#);
    check("§{}", "ak<Enter>\"v\"<Enter>", r#"{"k": §"v"}"#);
    check(r#"{"a": §{}}"#, "ak<Enter>{}<Enter>", r#"{"a": {"k": §{}}}"#);
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.press("oa<Enter>");
    assert_eq!(desk.draft_error(), "there is a key \"a\" already");
    desk.press("<Esc>a");
    assert_eq!(desk.notice(), "a number holds nothing; o adds after it");
}

#[test]
fn a_key_is_renamed_and_that_is_undone_as_one() {
    check(r#"{"a": §1, "b": 2}"#, "rx<Enter>", r#"{"b": 2, "ax": §1}"#);
    check(r#"{"a": §1, "b": 2}"#, "rx<Enter>u", r#"{"b": 2, "a": §1}"#);
    check(r#"{"a": §1}"#, "r<Enter>", r#"{"a": §1}"#);
    let mut desk = Desk::new(r#"{"a": §1, "ab": 2}"#);
    desk.press("rb<Enter>");
    assert_eq!(desk.draft_error(), "there is a key \"ab\" already");
    let mut desk = Desk::new("[§1]");
    desk.press("r");
    assert_eq!(desk.notice(), "only keys of a map can be renamed");
}

#[test]
fn the_type_is_changed_and_a_boolean_flipped() {
    check("[§true]", "t", "[§false]");
    check("[§\"12\"]", "tn", "[§12]");
    check("[§12]", "ts", "[§\"12\"]");
    check("[§\"true\"]", "tb", "[§true]");
    check("[§12]", "tz", "[§null]");
    check("[§12]", "ta", "[§[12]]");
    check("[§{\"x\": 1}]", "ts", r#"[§"{\"x\":1}"]"#);
    let mut desk = Desk::new("[§\"x\"]");
    desk.press("tn");
    assert_eq!((desk.marked().as_str(), desk.notice()), ("[§\"x\"]", "x is no number; c replaces the value"));
}

#[test]
fn what_is_cut_can_be_pasted() {
    check("[1, §2, 3]", "dd", "[1, §3]");
    check("[1, 2, §3]", "dd", "[1, §2]");
    check("[§1]", "dd", "§[]");
    check("[1, §2, 3, 4]", "2dd", "[1, §4]");
    check("[1, §2, 3]", "ddp", "[1, 3, §2]");
    check("[1, 2, §3]", "ddkP", "[§3, 1, 2]");
    check(r#"{"a": §1, "b": {}}"#, "ddgp", r#"{"b": {"a": §1}}"#);
    check(r#"{"a": §1}"#, "yyp", r#"{"a": 1, "a_2": §1}"#);
    check(r#"{"a": §1, "l": [2]}"#, "yyjjp", r#"{"a": 1, "l": [2, §1]}"#);
    let mut desk = Desk::new("§[1]");
    desk.press("dd");
    assert_eq!(desk.notice(), "the root cannot be cut; c replaces it");
}

#[test]
fn an_element_moves_among_its_neighbours() {
    check("[1, §2, 3]", "<Alt-Up>", "[§2, 1, 3]");
    check("[1, §2, 3]", "<Alt-Down>", "[1, 3, §2]");
    check("[§1, 2]", "<Alt-Up>", "[§1, 2]");
    // Undo goes to the first row that it wrote.
    check("[1, §2, 3]", "<Alt-Up>u", "[§1, 2, 3]");
}

#[test]
fn own_edits_are_undone_and_redone() {
    check(r#"{"a": §"x"}"#, "iy<Enter>u", r#"{"a": §"x"}"#);
    check(r#"{"a": §"x"}"#, "iy<Enter>u<Ctrl-r>", r#"{"a": §"xy"}"#);
    check("[1, §2]", "ddggu", "[1, §2]");
    let mut desk = Desk::new("§{}");
    desk.press("u");
    assert_eq!(desk.notice(), "nothing to undo");
    desk.press("<Ctrl-r>");
    assert_eq!(desk.notice(), "nothing to redo");
}

#[test]
fn an_edit_carries_the_version_that_was_seen_when_it_began() {
    let mut desk = Desk::new(r#"["a", §"b"]"#);
    desk.press("i!");
    desk.ana_edits(Path::ROOT, Method::Splice { start: 0, count: 0, items: vec![Value::NULL] });
    assert_eq!(desk.marked(), r#"[null, "a", §"b"]"#);
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"[null, "a", §"b!"]"#);
    let own = desk.replica.history().find(|change| change.author == crate::desk::ME).unwrap();
    assert_eq!(own.context().sum(), 0);
    assert_eq!(own.path, Path::ROOT.index(1));
}

#[test]
fn a_refused_edit_goes_back_to_being_typed() {
    let mut desk = Desk::new("[§1]");
    let deep = format!("{}{}", "[".repeat(DEPTH + 1), "]".repeat(DEPTH + 1));
    desk.press("i<Ctrl-u>");
    desk.take(ultrawave::tui::Msg::Paste(deep));
    desk.press("<Enter>");
    assert!(!desk.draft_error().is_empty());
    assert_eq!(desk.marked(), "[§1]");
}

#[test]
fn copies_are_handed_to_the_terminal_with_what_they_are() {
    let copied = |keys: &str| {
        let mut desk = Desk::new(r#"{"a b": [1, §"x\ny"]}"#);
        desk.press(keys);
        match desk.wanted.pop_front() {
            Some(Effect::Copy { text, .. }) => text,
            other => panic!("{keys}: {other:?}"),
        }
    };
    assert_eq!(copied("yy"), r#""x\ny""#);
    assert_eq!(copied("yk"), "1");
    assert_eq!(copied("kkyk"), "a b");
    assert_eq!(copied("yp"), r#"."a b"[1]"#);
    assert_eq!(copied("yj"), "/a b/1");
    assert_eq!(copied("ys"), "x\ny");
    assert_eq!(parse(&copied("kkyy")).unwrap().len(), 2);
}

#[test]
fn a_text_of_several_lines_is_typed_in_a_box_and_sent_as_a_splice() {
    let mut desk = Desk::new(r#"{"a": §"one\ntwo", "b": 1}"#);
    desk.press("i<Up>!");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("one!") && screen.contains("text at .a"), "{screen}");
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"a": §"one!\ntwo", "b": 1}"#);
    let last = desk.replica.history().last().unwrap().method.clone();
    assert!(matches!(last, Method::Splice { start: 3, count: 0, .. }), "{last:?}");
}
