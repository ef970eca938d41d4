use ultrawave::document::{Path, Value};
use ultrawave::session::Link;
use ultrawave::tui::{Effect, Level, Mode, Msg, SaveRemedy, SaveWanted};

use crate::desk::{Desk, check};

#[test]
fn commands_edit_by_path() {
    check(r#"§{"a": {}}"#, ":set .a.b [1]<Enter>", r#"{"a": {"b": §[1]}}"#);
    check(r#"§{"a": {}}"#, ":set /a/b 1<Enter>", r#"{"a": {"b": §1}}"#);
    check(r#"{"a": §1, "b": 2}"#, ":del<Enter>", r#"{"b": §2}"#);
    check(r#"{"a": §1, "b": 2}"#, ":del /b<Enter>", r#"{"a": §1}"#);
    check(r#"§{"a": 1}"#, ":merge . {\"b\": {\"c\": 2}}<Enter>", r#"§{"a": 1, "b": {"c": 2}}"#);
    check("§[1, 2, 3]", ":splice . 1 1 8 9<Enter>", "§[1, 8, 9, 3]");
    check(r#"{"a": §"Lagos"}"#, ":splice .a 0 1 \"l\"<Enter>", r#"{"a": §"lagos"}"#);
    check(r#"§{"a": [1]}"#, ":go .a[0]<Enter>", r#"{"a": [§1]}"#);
    check("[1, §2]", ":del<Enter>:undo<Enter>", "[1, §2]");
    check("[1, §2]", ":del<Enter>:undo<Enter>:redo<Enter>", "[§1]");
}

#[test]
fn a_wrong_command_stays_to_be_mended() {
    let mut desk = Desk::new(r#"§{"a": 1}"#);
    desk.press(":set .a<Enter>");
    assert_eq!(desk.notice(), "this goes :set PATH JSON");
    desk.press(" 2<Enter>");
    assert_eq!(desk.marked(), r#"{"a": §2}"#);
    desk.press(":set .a.b 3<Enter>");
    assert!(desk.notice().contains("number"), "{}", desk.notice());
    assert!(matches!(desk.model.mode, Mode::Command(..)));
    desk.press("<Esc>");
    assert!(desk.is_browsing());
}

#[test]
fn quitting_asks_only_when_something_would_be_lost() {
    let mut desk = Desk::new("[§1]").with_file("orders.json");
    desk.press("q");
    assert_eq!(desk.wanted, [Effect::Quit]);

    let mut desk = Desk::new("[§1]").with_file("orders.json");
    desk.press("i2<Enter>q");
    assert_eq!(desk.wanted, []);
    assert!(desk.screen(80, 24).contains("1 edit not saved"));
    desk.press("<Esc>");
    assert!(desk.is_browsing());
    desk.press("<Ctrl-q>d");
    assert_eq!(desk.wanted, [Effect::Quit]);

    let mut desk = Desk::new("[§1]").with_file("orders.json");
    desk.press("i2<Enter>qs");
    assert_eq!(desk.wanted, [Effect::Save(SaveWanted { then_quit: true, ..SaveWanted::default() })]);
    desk.save_done();
    assert_eq!(desk.wanted, [Effect::Quit]);

    let mut desk = Desk::new("[§1]");
    desk.press("i2<Enter>q");
    assert_eq!(desk.wanted, [], "nobody else keeps it");
    let mut desk = Desk::new("[§1]").with_ana(None, false);
    desk.press("i2<Enter>q");
    assert_eq!(desk.wanted, [Effect::Quit], "Ana keeps it");
    let mut desk = Desk::new("[§1]").with_file("orders.json");
    desk.press("i2<Enter>:q!<Enter>");
    assert_eq!(desk.wanted, [Effect::Quit]);
}

#[test]
fn esc_never_quits_and_ctrl_c_says_how() {
    let mut desk = Desk::new("[§1]");
    desk.press("<Esc><Esc>g<Esc>3<Esc>");
    assert_eq!((desk.wanted.len(), desk.notice()), (0, ""));
    desk.press("3<Ctrl-c>");
    assert_eq!(desk.notice(), "");
    desk.press("<Ctrl-c>");
    assert_eq!((desk.wanted.len(), desk.notice()), (0, "to quit, press q"));
}

#[test]
fn it_says_saved_only_when_it_is() {
    let mut desk = Desk::new("[§1]").with_file("orders.json");
    let title = |desk: &mut Desk| desk.screen(80, 24).lines().next().unwrap().to_owned();
    assert!(title(&mut desk).contains("orders.json ✓ saved"));
    desk.press("i2<Enter>i3<Enter>");
    assert!(title(&mut desk).contains("orders.json ● 2 unsaved"));
    desk.press("<Ctrl-s>");
    assert!(title(&mut desk).contains("● 2 unsaved"), "not yet");
    desk.press("i4<Enter>");
    let Some(Effect::Save(wanted)) = desk.wanted.pop_front() else { panic!("no save") };
    let reason = "the disk is full".to_owned();
    desk.take(Msg::SaveFailed { reason, remedy: SaveRemedy::None, wanted });
    assert_eq!(desk.notice(), "not saved: the disk is full");
    desk.press(":w<Enter>");
    desk.save_done();
    assert!(title(&mut desk).contains("✓ saved"));
    assert_eq!(desk.notice(), "saved orders.json");
    desk.press("u");
    assert!(title(&mut desk).contains("unsaved"));
}

#[test]
fn undoing_back_to_what_the_file_holds_is_saved() {
    let mut desk = Desk::new("[§1]").with_file("orders.json");
    desk.press("i2<Enter>u");
    assert_eq!(desk.model.unsaved(), Some(0));
}

#[test]
fn a_copy_elsewhere_leaves_the_room_s_file_unsaved() {
    let mut desk = Desk::new("[§1]").with_file("orders.json");
    desk.press("i2<Enter>:w other.json<Enter>");
    desk.save_done();
    assert_eq!(desk.notice(), "wrote a copy to other.json");
    assert_eq!(desk.model.unsaved(), Some(1));
    let mut desk = Desk::new("[§1]");
    desk.press(":w mine.json<Enter>");
    desk.save_done();
    assert_eq!((desk.notice(), desk.model.unsaved()), ("saved mine.json", Some(0)));
}

#[test]
fn a_file_changed_on_disk_is_overwritten_or_taken_in_only_when_asked() {
    let failed = |desk: &mut Desk| {
        desk.press("<Ctrl-s>");
        let Some(Effect::Save(wanted)) = desk.wanted.pop_front() else { panic!("no save") };
        let reason = "orders.json: changed on disk since it was read".to_owned();
        desk.take(Msg::SaveFailed { reason, remedy: SaveRemedy::OverwriteOrReload, wanted });
    };
    let mut desk = Desk::new("[§1]").with_file("orders.json");
    failed(&mut desk);
    desk.press("x<Esc>");
    assert!(desk.is_browsing() && desk.wanted.is_empty());
    failed(&mut desk);
    desk.press("O");
    assert_eq!(desk.wanted, [Effect::Save(SaveWanted { overwrite: true, ..SaveWanted::default() })]);
    desk.wanted.clear();
    failed(&mut desk);
    desk.press("R");
    assert_eq!(desk.wanted, [Effect::Reload]);
    let value = ultrawave::document::parse("[0, 1]").unwrap();
    desk.take(Msg::reloaded(value, &desk.model.snapshot));
    assert_eq!((desk.marked().as_str(), desk.model.unsaved()), ("[0, §1]", Some(0)));
    desk.press("u");
    assert_eq!(desk.model.snapshot.value.to_string(), "[1]");
}

#[test]
fn what_another_program_did_to_the_file_is_merged() {
    let rewritten = |desk: &Desk, text| {
        let (value, file) = (ultrawave::document::parse(text).unwrap(), desk.model.file.as_ref().unwrap());
        Msg::rewritten(value, file.value.as_ref(), &desk.model.snapshot)
    };
    let mut desk = Desk::new(r#"{"a": §1, "b": 2}"#).with_file("orders.json");
    desk.press("i<Ctrl-u>5<Enter>");
    // The file was rewritten as it was: one value is another, one is gone.
    let news = rewritten(&desk, r#"{"a": 1, "c": 3}"#);
    desk.take(news);
    assert_eq!(desk.model.snapshot.value.to_string(), r#"{"a":5,"c":3}"#);
    assert_eq!(desk.notice(), "took 2 edits that another program made to the file; u takes them back");
    // While it is looked at somebody goes on editing.
    let news = rewritten(&desk, r#"{"a": 2, "c": 3}"#);
    desk.press("i<Ctrl-u>6<Enter>");
    desk.take(news);
    assert_eq!(desk.model.snapshot.value.to_string(), r#"{"a":6,"c":3}"#);
    assert!(desk.notice().contains("both changed .a, where the room's stays"), "{}", desk.notice());
    desk.press("<Ctrl-s>");
    let Some(Effect::Save(wanted)) = desk.wanted.pop_back() else { panic!("no save") };
    let reason = "orders.json: changed on disk since it was read".to_owned();
    desk.take(Msg::SaveFailed { reason, remedy: SaveRemedy::OverwriteOrReload, wanted });
    desk.wanted.clear();
    desk.press("M");
    assert_eq!(desk.wanted, [Effect::MergeFile]);
}

#[test]
fn the_document_is_compared_with_the_file_on_disk() {
    let mut desk = Desk::new(r#"{"a": §1, "b": "xy", "c": [1, 2]}"#).with_file("orders.json");
    desk.press("D");
    assert_eq!(desk.wanted.pop_front(), Some(Effect::Compare));
    let on_disk = |desk: &mut Desk, text: &str| {
        let said = ultrawave::document::parse(text).unwrap();
        let message = Msg::compared(&said, &desk.model.snapshot.value);
        desk.take(message);
    };
    on_disk(&mut desk, r#"{"a": 1, "b": "xy", "c": [1, 2]}"#);
    assert_eq!((desk.notice(), desk.is_browsing()), ("the file says what the document says", true));
    on_disk(&mut desk, r#"{"b": "xy", "a": 1, "c": [1, 2]}"#);
    assert_eq!(desk.notice(), "only the order of keys differs");
    on_disk(&mut desk, r#"{"a": 0, "b": "x", "c": [2], "d": null}"#);
    let screen = desk.screen(80, 24);
    for line in
        ["set     .a  1", "splice  .b  at 1: -0 +1  [\"y\"]", "splice  .c  at 0: -0 +1  [1]", "delete  .d"]
    {
        assert!(screen.contains(line), "{line}:\n{screen}");
    }
    desk.press("<Esc>");
    assert!(desk.is_browsing());
}

#[test]
fn help_shows_every_action_and_narrows_down() {
    let mut desk = Desk::new("[§1]");
    desk.press("?");
    let screen = desk.screen(100, 120);
    for entry in ultrawave::tui::ACTIONS {
        assert!(screen.contains(entry.help), "{} is not in the help", entry.name);
    }
    for entry in ultrawave::tui::COMMANDS {
        assert!(screen.contains(entry.usage), "{} is not in the help", entry.name);
    }
    desk.press("undo");
    let screen = desk.screen(100, 40);
    assert!(screen.contains("undo your last edit") && !screen.contains("half a screenful"));
    desk.press("<Esc>");
    assert!(desk.is_browsing());
}

#[test]
fn the_invitation_is_one_command() {
    let mut desk = Desk::new("[§1]").with_ana(None, true);
    desk.press("gw");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("ultrawave join amber-fox-41") && screen.contains("Ana"), "{screen}");
    assert!(!screen.contains("look with"), "{screen}");
    desk.press("q");
    assert!(desk.is_browsing() && desk.wanted.is_empty());
}

#[test]
fn a_ticket_for_looking_is_shown_where_it_is_wished_and_made_anew_with_the_keys() {
    let mut desk = Desk::new("[§1]");
    let (old, new) =
        (format!("ultrawave join uw1old{}", "o".repeat(150)), "ultrawave join uw1new".to_owned());
    desk.model.options.look_command = Some(old);
    desk.press("gw");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("Others look with") && screen.contains("join uw1old"), "{screen}");
    assert_eq!(screen.matches('o').count(), desk.screen(200, 24).matches('o').count(), "all of it is shown");
    desk.take(Msg::Renewed("ultrawave join uw1write".to_owned(), Some(new)));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("join uw1new") && screen.contains("join uw1write"), "{screen}");
    assert!(!screen.contains("uw1old"), "{screen}");
}

#[test]
fn unbound_keys_say_so_and_do_nothing() {
    let mut desk = Desk::new("[§1]");
    desk.press("Q");
    assert_eq!(desk.notice(), "Q does nothing; ? shows what the keys do");
    desk.press("gz");
    assert_eq!(desk.notice(), "gz does nothing; ? shows what the keys do");
    assert!(matches!(desk.model.notice, Some((Level::Warning, _))));
    desk.press("j");
    assert_eq!(desk.notice(), "");
}

#[test]
fn ctrl_z_stops_from_anywhere() {
    for keys in ["<Ctrl-z>", "i<Ctrl-z>", ":<Ctrl-z>", "?<Ctrl-z>"] {
        let mut desk = Desk::new("[§1]");
        desk.press(keys);
        assert_eq!(desk.wanted, [Effect::Suspend], "{keys}");
    }
}

#[test]
fn a_lost_connection_is_said_in_words() {
    let mut desk = Desk::new("[§1]").with_ana(None, false);
    let mut person = desk.model.people[0].clone();
    person.link = Link::Lost;
    desk.take(Msg::People(vec![person]));
    let mut status = desk.model.status.clone();
    (status.live, status.lost, status.unacknowledged) = (0, 1, 2);
    desk.take(Msg::Status(status));
    let screen = desk.screen(80, 24);
    assert!(screen.contains("offline – 2 edits kept") && screen.contains("[Ana·lost]"), "{screen}");
}

#[test]
fn the_help_and_the_palette_do_what_is_chosen() {
    check("[§1]", "?undo your last<Enter>", "[§1]");
    check(r#"{"a": §1, "b": 2}"#, "?cut what<Enter>", r#"{"b": §2}"#);
    check(r#"{"a": §1, "b": 2}"#, "?or under the cursor<Enter><Enter>", r#"{"b": §2}"#);
    check(r#"{"a": §1, "b": 2}"#, "?<Down><Up><Enter>", r#"{"a": 1, "b": §2}"#);
}

#[test]
fn a_place_is_gone_to_by_a_part_of_its_path() {
    check(
        r#"§{"users": [{"name": 1}, {"name": 2}]}"#,
        "@us1na<Enter>",
        r#"{"users": [{"name": 1}, {"name": §2}]}"#,
    );
    check(r#"§{"a": 1, "ab": 2}"#, "<Ctrl-g>a<Down><Enter>", r#"{"a": 1, "ab": §2}"#);
    let mut desk = Desk::new(r#"§{"a": 1}"#);
    desk.press("@zz<Enter>");
    assert_eq!(desk.notice(), "no path is like \"zz\"");
}

#[test]
fn a_search_takes_a_regex_and_the_choice_is_gone_to() {
    check(r#"§{"a": "x1", "b": "x2", "c": "y"}"#, "/^x.$<Enter>", r#"{"a": §"x1", "b": "x2", "c": "y"}"#);
    check(
        r#"§{"a": "x1", "b": "x2", "c": "y"}"#,
        "/^x.$<Down><Enter>",
        r#"{"a": "x1", "b": §"x2", "c": "y"}"#,
    );
    check(r#"{"a": "x1", "b": §"x2"}"#, "/x<Enter>n", r#"{"a": "x1", "b": §"x2"}"#);
    let mut desk = Desk::new(r#"§{"a": 1}"#);
    desk.press("/(<Enter>");
    assert!(desk.notice().contains("unclosed group"), "{}", desk.notice());
}

#[test]
fn a_long_search_goes_on_while_nothing_happens_and_a_key_stops_it() {
    let many = Value::array((0..100_000_i64).map(Value::from));
    let mut desk = Desk::on(&many);
    desk.press("/x99999<Enter>");
    assert!(desk.model.is_at_work(), "{}", desk.notice());
    desk.press("j");
    assert!(!desk.model.is_at_work());
    desk.press("/^99999<Enter>");
    while desk.model.is_at_work() {
        desk.take(Msg::Work);
    }
    assert_eq!(desk.model.cursor, Path::ROOT.index(99_999));
}
