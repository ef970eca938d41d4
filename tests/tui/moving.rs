use ultrawave::document::{Path, Value};

use crate::desk::{Desk, check};

const DOCUMENT: &str = r#"{"a": 1, "b": {"c": [2, 3], "d": 4}, "e": 5}"#;

/// Where the cursor is after keys from the root, and how many rows there are.
fn from_root(keys: &str) -> (String, usize) {
    let mut desk = Desk::new(&format!("§{DOCUMENT}"));
    desk.press(keys);
    (desk.model.cursor.to_jq(), desk.model.rows.count())
}

#[test]
fn up_and_down_go_by_row_and_take_counts() {
    check(r#"§{"a": 1, "b": [2]}"#, "jj", r#"{"a": 1, "b": §[2]}"#);
    check(r#"§{"a": 1, "b": [2]}"#, "3j", r#"{"a": 1, "b": [§2]}"#);
    check(r#"{"a": 1, "b": [§2]}"#, "2k", r#"{"a": §1, "b": [2]}"#);
    check(r#"{"a": §1, "b": [2]}"#, "99<Down>", r#"{"a": 1, "b": [§2]}"#);
    check(r#"{"a": §1, "b": [2]}"#, "99k", r#"§{"a": 1, "b": [2]}"#);
}

#[test]
fn first_and_last_take_a_row_number() {
    assert_eq!(from_root("G").0, ".e");
    assert_eq!(from_root("<End>").0, ".e");
    assert_eq!(from_root("Ggg").0, ".");
    assert_eq!(from_root("G<Home>").0, ".");
    assert_eq!(from_root("4G").0, ".b.c");
    assert_eq!(from_root("G2gg").0, ".a");
}

#[test]
fn siblings_are_reached_past_what_is_open_between() {
    assert_eq!(from_root("jJJ").0, ".e");
    assert_eq!(from_root("j2J").0, ".e");
    assert_eq!(from_root("GK").0, ".b");
    assert_eq!(from_root("jK").0, ".a");
    assert_eq!(from_root("J").0, ".");
}

#[test]
fn left_closes_or_goes_to_the_parent_and_right_opens_or_goes_in() {
    assert_eq!(from_root("4Gjh").0, ".b.c");
    assert_eq!(from_root("4Gjhh"), (".b.c".to_owned(), 6));
    assert_eq!(from_root("4Gjhhh").0, ".b");
    assert_eq!(from_root("4Gjhhl"), (".b.c".to_owned(), 8));
    assert_eq!(from_root("4Gl").0, ".b.c[0]");
    assert_eq!(from_root("4Gll").0, ".b.c[0]");
    assert_eq!(from_root("4G5l").0, ".b.c[0]");
    assert_eq!(from_root("5G3h"), (".b".to_owned(), 6));
}

#[test]
fn folds_open_and_close_singly_and_by_level() {
    assert_eq!(from_root("zM"), (".".to_owned(), 4));
    assert_eq!(from_root("Gkkk<Space>").1, 6);
    assert_eq!(from_root("3G<Space>"), (".b".to_owned(), 4));
    assert_eq!(from_root("3G<Space><Space>"), (".b".to_owned(), 8));
    assert_eq!(from_root("z1").1, 4);
    assert_eq!(from_root("z2").1, 6);
    assert_eq!(from_root("z3").1, 8);
    assert_eq!(from_root("zMzR").1, 8);
    assert_eq!(from_root("5G-"), (".b.c".to_owned(), 6));
    assert_eq!(from_root("5G-+"), (".b.c".to_owned(), 8));
}

#[test]
fn a_closed_container_remembers_what_was_open_in_it() {
    assert_eq!(from_root("3G<Space>j").0, ".e");
    assert_eq!(from_root("3G<Space><Space>jj").0, ".b.c[0]");
}

#[test]
fn closing_what_is_around_the_cursor_takes_it_along() {
    assert_eq!(from_root("5GzM"), (".b".to_owned(), 4));
}

#[test]
fn pages_go_by_the_height_of_the_tree() {
    let mut desk = Desk::on(&Value::array((0..100).map(|_| Value::NULL)));
    desk.screen(80, 24);
    desk.press("<PgDn>");
    let page: usize = desk.model.cursor.to_string().trim_start_matches('/').parse().unwrap();
    assert!((10..20).contains(&page), "{page}");
    desk.press("<PgUp>");
    assert_eq!(desk.model.cursor, Path::ROOT);
    desk.press("<Ctrl-d><Ctrl-u>");
    assert_eq!(desk.model.cursor, Path::ROOT);
}

#[test]
fn long_ways_can_be_gone_back() {
    assert_eq!(from_root("G[").0, ".");
    assert_eq!(from_root("G[]").0, ".e");
    assert_eq!(from_root("jG/c<Enter>[[").0, ".a");
    assert_eq!(from_root("[").0, ".");
}

#[test]
fn a_search_opens_what_is_around_the_match() {
    let (cursor, rows) = from_root("zM/3<Enter>");
    assert_eq!((cursor.as_str(), rows), (".b.c[1]", 8));
    assert_eq!(from_root("/d<Enter>").0, ".b.d");
    assert_eq!(from_root("jjj*").0, ".b.c");
    let mut desk = Desk::new(r#"§{"x": {"id": 1}, "y": {"id": 2}}"#);
    desk.press("jj*");
    assert_eq!(desk.model.cursor.to_jq(), ".y.id");
    desk.press("n");
    assert_eq!(
        (desk.model.cursor.to_jq().as_str(), desk.notice()),
        (".x.id", "the key \"id\", from the start again")
    );
    desk.press("N");
    assert_eq!(desk.model.cursor.to_jq(), ".y.id");
    desk.press("/zebra<Enter>");
    assert_eq!((desk.model.cursor.to_jq().as_str(), desk.notice()), (".y.id", "\"zebra\" is nowhere"));
}

#[test]
fn a_million_elements_cost_what_is_seen() {
    let element = Value::array([Value::NULL]);
    let quickest = |elements: usize, keys: &str| {
        let mut desk = Desk::on(&Value::array((0..elements).map(|_| element.clone())));
        let took = |_| {
            let started = std::time::Instant::now();
            desk.press(keys);
            desk.screen(80, 24);
            started.elapsed()
        };
        (0..8).map(took).min().unwrap()
    };
    // What looks at every element takes a thousand times as long on a thousand times as many.
    let keys = "G<Space>gg<PgDn>l";
    let (few, many) = (quickest(1_000, keys), quickest(1_000_000, keys));
    assert!(many < few * 50, "{few:?} on few, {many:?} on many");
}
