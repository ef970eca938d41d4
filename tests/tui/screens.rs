use std::time::Duration;

use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::session::{Link, Person, Presence, Way};
use ultrawave::sync::{Author, VectorClock};
use ultrawave::tui::Msg;

use crate::desk::Desk;

const ORDERS: &str = r#"{
  "customers": [
    {"id": 17, "name": "Ann Lee", "vip": false},
    {"id": 18, "name": "Bob", "fax": null},
    {"id": 9007199254740993, "name": "Chidi Okafor", "address": {"street": "12 Marina Rd", "city": "Lagos", "geo": [6.45, 3.39]}, "tags": []}
  ],
  "日本語": "👩‍👧 emoji and 広い letters",
  "total": 1e400
}"#;

fn orders() -> Desk {
    Desk::json(ORDERS).with_file("/home/me/orders.json")
}

fn meet(desk: &mut Desk) {
    let person = |author, name: &str, link, path: Path, editing| {
        let presence = Presence { name: name.to_owned(), path: Some(path), editing, color: None };
        Person {
            author: Author(author),
            link,
            way: Way::Direct,
            may_write: true,
            passing: false,
            presence,
            clock: VectorClock::new(),
            acknowledges_within: Duration::ZERO,
            resends: 0,
        }
    };
    let customer = Path::ROOT.key("customers");
    desk.take(Msg::People(vec![
        person(2, "Ana", Link::Live, customer.index(2).key("name"), true),
        person(3, "Bo", Link::Away, customer.index(0), false),
    ]));
    let mut status = desk.model.status.clone();
    (status.live, status.kept_elsewhere) = (2, true);
    desk.take(Msg::Status(status));
}

#[test]
fn opened_alone() {
    insta::assert_snapshot!(orders().screen(80, 24));
}

#[test]
fn with_others() {
    let mut desk = orders();
    meet(&mut desk);
    desk.press("zR/city<Enter>ii<Enter>");
    desk.take(Msg::Time(Duration::from_secs(90)));
    desk.ana_edits(Path::ROOT.key("customers").index(1).key("fax"), Method::Delete);
    desk.press("<Esc>");
    insta::assert_snapshot!(desk.screen(100, 26));
}

#[test]
fn editing_in_place() {
    let mut desk = orders();
    meet(&mut desk);
    desk.press("zR/city<Enter>i on the sea");
    let (_, cursor) = desk.drawn(80, 24);
    let screen = desk.screen(80, 24);
    let line = screen.lines().nth(usize::from(cursor.y)).unwrap();
    let before: String = line.chars().take(usize::from(cursor.x)).collect();
    assert!(before.ends_with("Lagos on the sea"), "{before}");
    insta::assert_snapshot!(screen);
}

#[test]
fn adding_a_key() {
    let mut desk = orders();
    desk.press("zR/city<Enter>ozip<Enter>\"1000");
    insta::assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_draft_with_a_fault() {
    let mut desk = orders();
    desk.press("/total<Enter>ix<Enter>");
    insta::assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn a_command_with_a_fault() {
    let mut desk = orders();
    desk.press(":set .total {\"a\": }<Enter>");
    insta::assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn with_nothing_in_it() {
    insta::assert_snapshot!(Desk::json("{}").screen(70, 14));
}

#[test]
fn line_mode() {
    let mut desk = orders();
    meet(&mut desk);
    desk.press("zR/geo<Enter>zcm");
    insta::assert_snapshot!(desk.screen(80, 36));
}

#[test]
fn long_strings_wrapped() {
    let text = "A long string is read as text: its lines are broken behind blanks, and where it breaks \
                them itself.\n\nSo are its paragraphs. 日本語 too.";
    let json = format!(
        r#"{{"short": "x", "text": {}, "more": [{}]}}"#,
        Value::string(text),
        Value::string(&"word ".repeat(500))
    );
    let mut desk = Desk::json(&json);
    desk.press("zRzwjj");
    insta::assert_snapshot!(desk.screen(70, 26));
    desk.press("R<PgDn>");
    assert!(desk.screen(70, 10).contains(".text   line 1/"), "it fits");
    desk.press("<Esc>G");
    let screen = desk.screen(70, 20);
    assert!(screen.contains("▶") && screen.contains("2,500 bytes in all: R"), "{screen}");
    desk.press("RG");
    let screen = desk.screen(70, 20);
    assert!(screen.contains(".more[0]   line ") && !screen.contains("so far"), "{screen}");
}

#[test]
fn conflicts_side_by_side() {
    let mut desk = orders();
    meet(&mut desk);
    desk.press("/city<Enter>h");
    desk.catch_ana_up();
    desk.press("c<Ctrl-u>{\"street\": \"1 Main St\", \"city\": \"Lagos\"}<Enter>");
    let address = Path::ROOT.key("customers").index(2).key("address");
    desk.ana_edits_unseen(address, Method::Set(parse(r#"{"po_box": 17, "city": "Abuja"}"#).unwrap()));
    let (conflicts, lost) = (desk.replica.conflicts(), desk.replica.lost_edits());
    desk.take(Msg::Conflicts { conflicts, lost, are_shown: true });
    insta::assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn help() {
    let mut desk = orders();
    desk.press("?");
    insta::assert_snapshot!(desk.screen(80, 24));
}

#[test]
fn keys_that_may_follow() {
    let mut desk = orders();
    desk.press("y");
    insta::assert_snapshot!(desk.screen(100, 14));
    desk.wait(299);
    let before = desk.screen(100, 14);
    desk.wait(2);
    let after = desk.screen(100, 14);
    assert!(!before.contains("copy the jq path") && after.contains("copy the jq path"), "{after}");
}

#[test]
fn all_matches_are_listed_while_typing() {
    let mut desk = orders();
    desk.press("/a[n-z]");
    insta::assert_snapshot!(desk.screen(80, 16));
}

#[test]
fn what_matches_the_search_is_marked_until_esc() {
    let mut desk = orders();
    desk.press("zR/an<Enter>");
    let marked = |desk: &mut Desk| {
        let (buffer, _) = desk.drawn(80, 24);
        let is_marked =
            |cell: &&ratatui::buffer::Cell| cell.modifier.contains(ratatui::style::Modifier::REVERSED);
        buffer.content().iter().filter(is_marked).map(|cell| cell.symbol().to_owned()).collect::<String>()
    };
    let shown = marked(&mut desk);
    assert!(shown.contains("An"), "{shown}");
    desk.press("<Esc>j");
    assert_eq!(marked(&mut desk), "vip", "the cursor alone");
}

#[test]
fn the_palette() {
    let mut desk = orders();
    desk.press("<Ctrl-p>copypath");
    insta::assert_snapshot!(desk.screen(80, 16));
}

#[test]
fn small() {
    let mut desk = orders();
    meet(&mut desk);
    desk.press("zR/city<Enter>");
    insta::assert_snapshot!(desk.screen(40, 10));
}

#[test]
fn offline_with_a_question() {
    let mut desk = orders();
    meet(&mut desk);
    desk.press("/total<Enter>i<Ctrl-u>2<Enter>");
    let mut status = desk.model.status.clone();
    status.server = ultrawave::room::ServerStatus::Retrying(Duration::from_secs(4));
    (status.live, status.lost, status.unacknowledged) = (0, 2, 1);
    desk.take(Msg::Status(status));
    desk.press("q");
    insta::assert_snapshot!(desk.screen(80, 16));
}

#[test]
fn no_size_is_too_small_and_no_screen_draws_past_its_edge() {
    let mut desk = orders();
    meet(&mut desk);
    for keys in [
        "zR",
        "/city<Enter>",
        "i",
        "<Esc>c",
        "<Esc>o",
        "<Esc>?",
        "<Esc>gw",
        "<Esc>gl",
        "<Esc>:set",
        "<Esc>/x",
        "<Esc>t",
        "<Esc>y",
        "<Esc>m",
        "zwG",
        "R",
    ] {
        desk.press(keys);
        for columns in [1, 2, 3, 5, 10, 20, 39, 49, 50, 69, 70, 71, 200] {
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 50] {
                desk.drawn(columns, rows);
            }
        }
    }
}

#[test]
fn the_cursor_s_row_is_on_every_screen() {
    for look in ["", "m", "zw", "mzw"] {
        let mut desk = orders();
        desk.press("zR");
        desk.press(look);
        the_cursor_s_row_is_on_the_screen(&mut desk);
    }
}

fn the_cursor_s_row_is_on_the_screen(desk: &mut Desk) {
    for row in 1..=desk.model.rows.count() {
        desk.press(&format!("{row}G"));
        for rows in [4, 6, 9, 12, 24] {
            let screen = desk.screen(60, rows);
            assert!(screen.contains('▶'), "row {row} of {rows}:\n{screen}");
        }
    }
}

#[test]
fn ten_thousand_columns_of_text_and_a_thousand_levels_are_drawn() {
    let deep = format!("{}\"{}\"{}", "[".repeat(900), "x".repeat(10_000), "]".repeat(900));
    let mut desk = Desk::json(&deep);
    desk.press("zRG");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("\"xxxxx"), "{screen}");
}

#[test]
fn colours_are_left_out_where_none_are_wanted() {
    let colours = |no_color: bool| {
        let mut desk = orders();
        meet(&mut desk);
        desk.model.options.no_color = no_color;
        desk.ana_edits(Path::ROOT.key("total"), Method::Set(parse("1").unwrap()));
        let (buffer, _) = desk.drawn(80, 24);
        let default = ratatui::style::Color::Reset;
        buffer.content().iter().filter(|cell| cell.fg != default || cell.bg != default).count()
    };
    assert!(colours(false) > 0);
    assert_eq!(colours(true), 0);
}
