use std::time::Duration;

use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::room::Status;
use ultrawave::session::{Link, Person, Presence, Transfer, Way};
use ultrawave::sync::{Author, VectorClock};
use ultrawave::tui::{Effect, Mode, Msg};

use crate::desk::{ANA, Desk};

fn insert(at: i64, json: &str) -> Method {
    Method::Splice { start: at, count: 0, items: vec![parse(json).unwrap()] }
}

fn set(json: &str) -> Method {
    Method::Set(parse(json).unwrap())
}

const RECORDS: &str = r#"[{"id": 1}, {"id": 2}, §{"id": 3}]"#;

#[test]
fn the_cursor_and_the_folds_stay_on_their_element() {
    let mut desk = Desk::new(RECORDS);
    desk.press("<Space>");
    let rows = desk.model.rows.count();
    desk.ana_edits(Path::ROOT, insert(0, r#"{"id": 0}"#));
    assert_eq!(desk.marked(), r#"[{"id": 0}, {"id": 1}, {"id": 2}, §{"id": 3}]"#);
    assert_eq!(
        desk.model.rows.count(),
        rows + 2,
        "the new element is open as all levels are, that one stays closed"
    );
    desk.ana_edits(Path::ROOT.index(1), Method::Delete);
    assert_eq!(desk.marked(), r#"[{"id": 0}, {"id": 2}, §{"id": 3}]"#);
    assert_eq!(desk.model.rows.count(), rows);
}

#[test]
fn the_cursor_s_row_stays_where_it_is_on_the_screen() {
    let mut desk = Desk::on(&Value::array((0..200).map(|at| Value::string(&at.to_string()))));
    desk.screen(80, 24);
    desk.press("100G");
    let on_screen = |desk: &Desk| {
        desk.model.rows.find(&desk.model.snapshot.value, &desk.model.cursor).unwrap() - desk.model.top
    };
    let before = on_screen(&desk);
    for _ in 0..30 {
        desk.ana_edits(Path::ROOT, insert(0, "null"));
    }
    assert_eq!(on_screen(&desk), before);
    assert_eq!(desk.model.cursor, Path::ROOT.index(128));
}

#[test]
fn the_cursor_goes_to_a_neighbour_when_its_element_is_gone() {
    let mut desk = Desk::new(r#"{"a": [1, §2, 3]}"#);
    desk.ana_edits(Path::ROOT.key("a").index(1), Method::Delete);
    assert_eq!(desk.marked(), r#"{"a": [1, §3]}"#);
    desk.ana_edits(Path::ROOT.key("a").index(1), Method::Delete);
    assert_eq!(desk.marked(), r#"{"a": [§1]}"#);
    desk.ana_edits(Path::ROOT.key("a"), Method::Delete);
    assert_eq!(desk.marked(), "§{}");
}

#[test]
fn what_was_begun_on_a_row_that_is_gone_is_not_done_to_another() {
    for keys in ["d", "t", "3", "y"] {
        let mut desk = Desk::new("[1, §2, 3, 4]");
        desk.press(keys);
        desk.ana_edits(Path::ROOT.index(1), Method::Delete);
        desk.press(if keys == "t" { "s" } else { "d" });
        assert_eq!(desk.marked(), "[1, §3, 4]", "{keys}");
    }
}

#[test]
fn a_change_by_somebody_else_is_marked_with_the_name_for_a_second() {
    let mut desk = Desk::new(r#"{"a": §1, "b": {"c": 2}}"#).with_ana(None, false);
    desk.ana_edits(Path::ROOT.key("b").key("c"), set("3"));
    assert!(desk.screen(80, 24).contains("◆ Ana set num"), "{}", desk.screen(80, 24));
    desk.press("jh");
    let closed = desk.screen(80, 24);
    let row = closed.lines().find(|line| line.contains("▸ b")).unwrap();
    assert!(row.contains("◆ Ana set"), "a closed container shows it for what is inside: {closed}");
    desk.wait(1_300);
    assert!(!desk.screen(80, 24).contains('◆'));
    desk.press("gg:set .a 5<Enter>");
    assert!(!desk.screen(80, 24).contains('◆'), "one's own changes are not marked");
}

#[test]
fn deleting_marks_what_is_around() {
    let mut desk = Desk::new(r#"{"a": §1, "b": [1, 2]}"#).with_ana(None, false);
    desk.ana_edits(Path::ROOT.key("b").index(0), Method::Delete);
    let screen = desk.screen(80, 24);
    let row = screen.lines().find(|line| line.contains("▾ b")).unwrap();
    assert!(row.contains("◆ Ana del [1]"), "{screen}");
}

#[test]
fn the_others_are_where_they_said_also_when_rows_come_above() {
    let mut desk = Desk::new(RECORDS).with_ana(Some(Path::ROOT.index(1).key("id")), true);
    desk.ana_edits(Path::ROOT, insert(0, "null"));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("Ana▌  id  2"), "{screen}");
    assert!(screen.contains(".[2].id"), "{screen}");
    // The same old place heard once more is no news.
    let again = desk.model.people.clone();
    desk.take(Msg::People(again));
    assert!(desk.screen(80, 24).contains(".[2].id"));
}

#[test]
fn a_draft_survives_what_happens_around_it() {
    let mut desk = Desk::new(r#"[{"s": §"ab"}]"#).with_ana(None, false);
    desk.press("i<Left>x");
    desk.ana_edits(Path::ROOT, insert(0, "0"));
    desk.ana_edits(
        Path::ROOT.index(1).key("s"),
        Method::Splice { start: 2, count: 0, items: vec![Value::string("!")] },
    );
    assert!(desk.screen(80, 24).contains("Ana is changing this text too"));
    desk.press("y<Enter>");
    assert_eq!(desk.marked(), r#"[0, {"s": §"axyb!"}]"#);
}

#[test]
fn a_draft_whose_value_was_set_by_somebody_else_says_so_and_decides() {
    let mut desk = Desk::new(r#"{"s": §"old"}"#).with_ana(None, false);
    desk.press("i!");
    desk.ana_edits(Path::ROOT.key("s"), set("\"theirs\""));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("Ana has set this to \"theirs\""), "{screen}");
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"s": §"old!"}"#);
    assert_eq!(desk.replica.conflicts(), []);
    let mut desk = Desk::new(r#"{"s": §"old"}"#);
    desk.press("i!");
    desk.ana_edits(Path::ROOT.key("s"), set("\"theirs\""));
    desk.press("<Esc>");
    assert_eq!(desk.marked(), r#"{"s": §"theirs"}"#);
}

#[test]
fn a_draft_whose_node_was_deleted_is_kept_and_put_back_or_discarded() {
    let orphan = |document: &str, deleted: Path| {
        let mut desk = Desk::new(document).with_ana(None, false);
        desk.press("i!");
        desk.ana_edits(deleted, Method::Delete);
        let screen = desk.screen(100, 24);
        assert!(screen.contains("Ana deleted this. Enter: put it back"), "{screen}");
        desk.press("?");
        desk
    };
    let mut desk = orphan(r#"{"a": {"s": §"old"}, "b": 1}"#, Path::ROOT.key("a"));
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"b": 1, "a": {"s": §"old!?"}}"#);
    let mut desk = orphan(r#"{"a": {"s": §"old"}, "b": 1}"#, Path::ROOT.key("a"));
    desk.press("<Esc>");
    assert_eq!(desk.marked(), r#"{"b": §1}"#);
    let mut desk = orphan(r#"[1, §"old", 3]"#, Path::ROOT.index(1));
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"[1, §"old!?", 3]"#);
    let mut desk = orphan(r#"[[§"old"], 3]"#, Path::ROOT.index(0));
    desk.press("<Enter>");
    assert_eq!(desk.draft_error(), "the array it was in is gone");
    assert!(matches!(desk.model.mode, Mode::Edit(_)));
}

#[test]
fn undo_says_what_it_left_alone() {
    let mut desk = Desk::new(r#"{"a": §1}"#).with_ana(None, false);
    desk.press("i2<Enter>");
    desk.ana_edits(Path::ROOT.key("a"), set("9"));
    desk.press("u");
    assert_eq!(desk.marked(), r#"{"a": §9}"#);
    assert_eq!(desk.notice(), "0 edits undone; left alone: .a, which Ana has written since");
}

#[test]
fn conflicts_are_listed_and_one_value_is_chosen() {
    let mut desk = Desk::new(r#"{"a": §1}"#).with_ana(None, false);
    desk.press("i2<Enter>");
    desk.ana_edits_unseen(Path::ROOT.key("a"), set("3"));
    assert_eq!(desk.marked(), r#"{"a": §12}"#);
    // Somebody wrote where this person did, neither knowing of the other: that is told unasked.
    assert_eq!(desk.wanted.pop_front(), Some(Effect::Conflicts { are_shown: false }));
    tell_disputes(&mut desk, false);
    assert!(desk.notice().contains("gx shows both"), "{}", desk.notice());
    assert!(desk.screen(100, 24).contains("1 conflict: gx"));
    desk.press("gx");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::Conflicts { are_shown: true }));
    tell_disputes(&mut desk, true);
    let screen = desk.screen(80, 24);
    assert!(screen.contains("▶ conflict   .a") && screen.contains("▶ you, shown now"), "{screen}");
    let values = screen.lines().find(|line| line.contains("12")).unwrap();
    assert!(values.contains('3'), "side by side: {screen}");
    desk.press("<Right><Enter>");
    assert_eq!(desk.marked(), r#"{"a": §3}"#);
    assert_eq!(desk.replica.conflicts(), []);
    tell_disputes(&mut desk, false);
    assert!(!desk.screen(100, 24).contains("conflict"));
}

/// Answers the question for conflicts and lost edits.
fn tell_disputes(desk: &mut Desk, are_shown: bool) {
    let (conflicts, lost) = (desk.replica.conflicts(), desk.replica.lost_edits());
    desk.take(Msg::Conflicts { conflicts, lost, are_shown });
    desk.wanted.clear();
}

#[test]
fn a_lost_edit_is_told_and_made_again_or_let_go() {
    let lose = || {
        let mut desk = Desk::new(r#"{"a": {"b": §1}}"#).with_ana(None, false);
        desk.press("i2<Enter>");
        desk.ana_edits_unseen(Path::ROOT.key("a"), set("{}"));
        desk.wanted.clear();
        tell_disputes(&mut desk, false);
        assert!(desk.notice().contains("an edit of yours was lost"), "{}", desk.notice());
        desk.press("gx");
        tell_disputes(&mut desk, true);
        let screen = desk.screen(90, 24);
        assert!(screen.contains("▶ lost edit  .a.b") && screen.contains("nothing is there"), "{screen}");
        desk
    };
    let mut desk = lose();
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"a": {"b": §12}}"#);
    let mut desk = lose();
    desk.press("d");
    assert!(desk.is_browsing());
    tell_disputes(&mut desk, true);
    assert_eq!(desk.notice(), "no conflicts and no lost edits");
}

#[test]
fn no_conflicts_are_no_page() {
    let mut desk = Desk::new("[§1]");
    tell_disputes(&mut desk, true);
    assert!(desk.is_browsing());
    assert_eq!(desk.notice(), "no conflicts and no lost edits");
}

fn person(author: u32, name: &str) -> Person {
    let presence = Presence { name: name.to_owned(), ..Presence::default() };
    Person {
        author: Author(author),
        link: Link::Live,
        way: Way::Direct,
        may_write: true,
        passing: false,
        presence,
        clock: VectorClock::new(),
        acknowledges_within: Duration::ZERO,
        resends: 0,
    }
}

#[test]
fn coming_and_going_is_told_and_names_are_told_apart() {
    let mut desk = Desk::new("[§1]");
    desk.take(Msg::People(vec![person(2, "Ana"), person(3, "Ana")]));
    let screen = desk.screen(100, 24);
    assert!(
        screen.contains("[Ana·2]") && screen.contains("[Ana·3]") && screen.contains("Ana·3 joined"),
        "{screen}"
    );
    desk.take(Msg::People(vec![person(2, "Ana")]));
    assert!(desk.screen(100, 24).contains("Ana·3 left"));
}

#[test]
fn what_others_send_is_never_obeyed() {
    let bad = "\u{1b}[2J\u{9b}31m\u{202e}x";
    let escaped = parse("\"\\u001b]52;c;AAAA\\u0007\u{9b}K\u{202e}\"").unwrap();
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.see_ana(bad, Some(Path::ROOT.key(bad)), true);
    desk.ana_edits(Path::ROOT, Method::Merge(Value::object([(bad.into(), escaped)])));
    for keys in
        ["", "jji", "<Esc>c", "<Esc>r", "<Esc>gl", "<Esc>gw", "<Esc>/\u{7}", "<Esc>:go .zz<Enter>", "<Esc>yp"]
    {
        desk.press(keys);
        for (columns, rows) in [(80, 24), (40, 10), (130, 40)] {
            let screen = desk.screen(columns, rows);
            let live = |letter: char| {
                (letter.is_control() && letter != '\n') || ('\u{202a}'..='\u{202e}').contains(&letter)
            };
            assert!(!screen.chars().any(live), "{keys}: {screen:?}");
        }
    }
    desk.press("<Esc>");
    assert!(desk.screen(120, 24).contains("\\u001b[2J\\u009b31m\\u202ex"), "{}", desk.screen(120, 24));
}

#[test]
fn somebody_is_followed_until_esc_and_a_look_around_is_let_be() {
    let mut desk = Desk::new(r#"§{"a": 1, "b": {"c": 2}}"#).with_ana(Some(Path::ROOT.key("a")), false);
    desk.press("zMf");
    assert_eq!(
        (desk.marked().as_str(), desk.notice()),
        (r#"{"a": §1, "b": {"c": 2}}"#, "following Ana until you edit, search or press Esc")
    );
    desk.see_ana("Ana", Some(Path::ROOT.key("b").key("c")), false);
    assert_eq!(desk.marked(), r#"{"a": 1, "b": {"c": §2}}"#, "what is closed around the place is opened");
    assert!(desk.screen(100, 24).contains("[Ana·followed]"));
    desk.press("k");
    desk.wait(100);
    assert_eq!(desk.marked(), r#"{"a": 1, "b": §{"c": 2}}"#, "while Ana stays, so may the cursor");
    desk.see_ana("Ana", Some(Path::ROOT.key("a")), false);
    assert_eq!(desk.marked(), r#"{"a": §1, "b": {"c": 2}}"#);
    desk.press("<Esc>j");
    desk.see_ana("Ana", None, false);
    desk.see_ana("Ana", Some(Path::ROOT.key("a")), false);
    assert_eq!(desk.marked(), r#"{"a": 1, "b": §{"c": 2}}"#);
    desk.press("ff");
    assert_eq!(desk.notice(), "following nobody");
    desk.press("f");
    desk.take(Msg::People(Vec::new()));
    assert_eq!((desk.notice(), desk.model.following), ("Ana is gone", None));
}

#[test]
fn an_edit_on_a_forgotten_version_can_be_made_on_the_one_on_the_screen() {
    let mut desk = Desk::new(r#"{"s": §"a"}"#);
    desk.press("ib");
    let Mode::Edit(draft) = &mut desk.model.mode else { panic!("nothing is being typed") };
    draft.base.clock.set(ANA, 99);
    desk.press("<Enter>");
    assert!(desk.draft_error().contains("no longer remembered"), "{}", desk.draft_error());
    desk.press("<Enter>");
    assert_eq!(desk.marked(), r#"{"s": §"ab"}"#);
}

#[test]
fn who_may_only_look_is_shown_as_such() {
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.take(Msg::People(vec![Person { may_write: false, ..person(2, "Bo") }]));
    assert!(desk.screen(100, 20).contains("[Bo·view]"), "{}", desk.screen(100, 20));
    assert!(desk.screen(100, 20).contains("read-only"));
    desk.take(Msg::People(vec![person(2, "Bo")]));
    assert!(!desk.screen(100, 20).contains("read-only"));
    desk.take(Msg::Status(Status { read_only: true, ..desk.model.status.clone() }));
    assert!(desk.screen(100, 20).contains("⇄ read-only, "), "{}", desk.screen(100, 20));
}

#[test]
fn a_long_document_on_its_way_is_told_in_the_title() {
    let mut desk = Desk::new(r#"{"a": §1}"#);
    desk.take(Msg::People(vec![person(2, "Bo")]));
    let transfer = |is_incoming, done| Transfer { with: Author(2), is_incoming, done, total: 100 << 20 };
    desk.take(Msg::Transfers(vec![transfer(false, 43 << 20)]));
    assert!(desk.screen(110, 20).contains("↑ 43 of 100 MB to Bo"), "{}", desk.screen(110, 20));
    desk.take(Msg::Transfers(vec![transfer(true, 7 << 20)]));
    assert!(desk.screen(110, 20).contains("↓ 7 of 100 MB from Bo"), "{}", desk.screen(110, 20));
    desk.take(Msg::Transfers(Vec::new()));
    assert!(!desk.screen(110, 20).contains("MB"));
}
