use super::*;

fn splice(session: &mut Session, at: u64, path: &Path, letter: &str) {
    let method =
        Method::Splice { start: i64::MAX, count: 0, items: vec![crate::document::Value::string(letter)] };
    session.edit(ms(at), None, 0, path.clone(), method).unwrap();
}

fn edit(session: &mut Session, group: u64, key: &str, value: &str) {
    session.edit(ms(0), None, group, Path::ROOT.key(key), Method::Set(parse(value).unwrap())).unwrap();
}

#[test]
fn one_edit_is_taken_back_and_made_again() {
    let mut session = creator(r#"{"a":1}"#);
    assert!(session.undo(ms(0)).is_none());
    assert!(session.redo(ms(0)).is_none());
    edit(&mut session, 0, "a", "2");
    edit(&mut session, 0, "a", "3");
    session.undo(ms(0)).unwrap();
    assert_eq!(text(&session), r#"{"a":2}"#);
    session.undo(ms(0)).unwrap();
    assert_eq!(text(&session), r#"{"a":1}"#);
    assert!(session.undo(ms(0)).is_none());
    session.redo(ms(0)).unwrap();
    session.redo(ms(0)).unwrap();
    assert_eq!(text(&session), r#"{"a":3}"#);
    assert!(session.redo(ms(0)).is_none());
    session.undo(ms(0)).unwrap();
    assert_eq!(text(&session), r#"{"a":2}"#);
}

#[test]
fn a_new_edit_leaves_nothing_to_be_made_again() {
    let mut session = creator(r#"{"a":1}"#);
    edit(&mut session, 0, "a", "2");
    session.undo(ms(0)).unwrap();
    edit(&mut session, 0, "b", "1");
    assert!(session.redo(ms(0)).is_none());
    session.undo(ms(0)).unwrap();
    assert_eq!(text(&session), r#"{"a":1}"#);
}

#[test]
fn edits_of_one_command_are_taken_back_together() {
    let mut session = creator("{}");
    for (group, key) in [(0, "a"), (7, "b"), (7, "c"), (8, "d"), (0, "e"), (0, "f")] {
        edit(&mut session, group, key, "1");
    }
    for left in ["abcde", "abcd", "abc", "a", ""] {
        session.undo(ms(0)).unwrap();
        let keys: String =
            session.snapshot().unwrap().value.entries().map(|(key, _)| key.raw().to_owned()).collect();
        assert_eq!(keys, left);
    }
}

#[test]
fn a_group_that_was_taken_back_to_is_closed() {
    let mut session = creator("{}");
    edit(&mut session, 7, "a", "1");
    edit(&mut session, 8, "b", "1");
    session.undo(ms(0)).unwrap();
    edit(&mut session, 7, "c", "1");
    session.undo(ms(0)).unwrap();
    assert_eq!(text(&session), r#"{"a":1}"#);
}

#[test]
fn typing_within_a_second_is_taken_back_together() {
    let mut session = creator(r#"{"s":"","t":"","l":[]}"#);
    let (s, t, list) = (Path::ROOT.key("s"), Path::ROOT.key("t"), Path::ROOT.key("l"));
    for (at, letter) in [(0, "o"), (900, "n"), (1_900, "e"), (2_901, " "), (3_000, "t")] {
        splice(&mut session, at, &s, letter);
    }
    splice(&mut session, 3_100, &t, "x");
    for (at, item) in [(3_200, "a"), (3_300, "b")] {
        splice(&mut session, at, &list, item);
    }
    for expected in [
        r#"{"s":"one t","t":"x","l":["a"]}"#,
        r#"{"s":"one t","t":"x","l":[]}"#,
        r#"{"s":"one t","t":"","l":[]}"#,
        r#"{"s":"one","t":"","l":[]}"#,
        r#"{"s":"","t":"","l":[]}"#,
    ] {
        session.undo(ms(4_000)).unwrap();
        assert_eq!(text(&session), expected);
    }
    session.redo(ms(4_000)).unwrap();
    assert_eq!(text(&session), r#"{"s":"one","t":"","l":[]}"#);
}

#[test]
fn what_others_have_overwritten_is_left_alone_and_told() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    for key in ["a", "b"] {
        net.at(ONE).edit(now, None, 5, Path::ROOT.key(key), Method::Set(parse("1").unwrap())).unwrap();
    }
    net.pass(ms(100));
    set(net.at(TWO), now, "a", "2");
    net.pass(ms(100));
    let now = net.now;
    let undone = net.at(ONE).undo(now).unwrap();
    assert_eq!(undone.left_alone, [(Path::ROOT.key("a"), TWO)]);
    net.pass(ms(100));
    assert_eq!(text(net.at(TWO)), r#"{"a":2}"#);
    assert_eq!(net.at(ONE).unacknowledged(), 0);
}

#[test]
fn a_large_group_is_taken_back_for_everyone() {
    let mut net = Net::connected([creator("{}"), joiner(TWO)]);
    let now = net.now;
    for number in 0..200 {
        let path = Path::ROOT.key(&number.to_string());
        net.at(ONE).edit(now, None, 5, path, Method::Set(parse("1").unwrap())).unwrap();
    }
    net.pass(ms(1_000));
    let now = net.now;
    assert_eq!(net.at(ONE).undo(now).unwrap().changes.len(), 200);
    net.pass(ms(1_000));
    assert_eq!(text(net.at(TWO)), "{}");
    let now = net.now;
    net.at(ONE).redo(now).unwrap();
    net.pass(ms(1_000));
    assert_eq!(text(net.at(TWO)), text(net.at(ONE)));
    assert_eq!(net.at(TWO).snapshot().unwrap().value.len(), 200);
}

#[test]
fn keys_deleted_together_come_back_in_the_order_they_had() {
    let source = r#"{"a":1,"b":2,"c":3,"d":4,"e":5}"#;
    for keys in [["b", "c", "e"], ["e", "c", "b"], ["c", "e", "b"]] {
        let mut session = creator(source);
        for key in keys {
            session.edit(ms(0), None, 7, Path::ROOT.key(key), Method::Delete).unwrap();
        }
        for _ in 0..2 {
            session.undo(ms(0)).unwrap();
            assert_eq!(text(&session), r#"{"a":1,"d":4,"b":2,"c":3,"e":5}"#, "{keys:?}");
            session.redo(ms(0)).unwrap();
            assert_eq!(text(&session), r#"{"a":1,"d":4}"#, "{keys:?}");
        }
    }
}
