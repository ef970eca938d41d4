//! Members who may only look: what they see, and what becomes of what they try to edit.

use predicates::str::contains;

use super::support::process::Process;
use super::*;

pub(super) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it does not come: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A locked room in Ana's editor, and a ticket for looking.
fn locked(server: &SignalServer) -> (Person, String) {
    let home = Home::new();
    home.write("document.json", DOCUMENT);
    let arguments = ["create", "demo", "document.json", "--locked", "--signal", server.url()];
    let ana = Person::open("Ana", home, &arguments);
    let run = ana.home.ultrawave().args(["invite", "demo", "--read"]).assert().success();
    let ticket = String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned();
    (ana, ticket)
}

#[test]
fn an_editor_with_a_reading_ticket_shows_edits_and_makes_none() {
    let server = SignalServer::start();
    let (mut ana, ticket) = locked(&server);
    let mut bo = Person::open("Bo", Home::new(), &["join", &ticket]);
    bo.sees("read-only");
    bo.sees("[Ana]");
    ana.sees("[Bo·view]");
    // The root, then service, then port: a key that edits, a command, and a paste.
    bo.editor.press("ggjj");
    bo.editor.press("dd");
    bo.sees("ask for one that may write");
    bo.command("set /service \"basket\"");
    bo.sees("ask for one that may write");
    // What was typed is there to be typed again, until it is let go of.
    bo.editor.press("\u{1b}");
    ana.command("set /port 9000");
    bo.sees("9000");
    all_agree(&mut [&mut ana, &mut bo]);
    assert!(!bo.editor.text().contains("basket") && bo.editor.text().contains("checkout"));
    // Undo has nothing to take back, and nothing is taken back.
    bo.editor.press("u");
    ana.command("set /port 9001");
    all_see(&mut [&mut ana, &mut bo], "9001");
    bo.quits();
    ana.sees_no("[Bo·view]");
    ana.quits();
}

#[test]
fn a_file_that_a_reader_serves_follows_the_room_and_keeps_what_is_written_into_it() {
    let server = SignalServer::start();
    let (mut ana, ticket) = locked(&server);
    let home = Home::new();
    let mut copy = Process::run(&home, &["serve", &ticket, "copy.json"]);
    copy.wait_for_message("serving demo");
    let on_disk = || std::fs::read_to_string(home.file("copy.json")).unwrap_or_default();
    until("the file is written", || on_disk() == DOCUMENT);
    ana.command("set /port 9000");
    until("the file follows", || on_disk() == DOCUMENT.replace("8443", "9000"));
    home.ultrawave().args(["status", "demo"]).assert().success().stdout(contains("here as reader"));
    // What is written into it stays there, and only there.
    let edited = DOCUMENT.replace("8443", "1");
    home.write("copy.json", &edited);
    copy.wait_for_message("what was written into it stays there");
    ana.command("set /service \"basket\"");
    ana.sees("basket");
    assert_eq!(on_disk(), edited);
    ana.home
        .ultrawave()
        .args(["get", "demo", "/port", "--signal", server.url()])
        .assert()
        .success()
        .stdout("9000\n");
    // Moved away, it is written anew; what was moved is still there.
    std::fs::rename(home.file("copy.json"), home.file("mine.json")).unwrap();
    until("the file is written anew", || on_disk().contains("basket"));
    copy.wait_for_message("in step again");
    assert_eq!(std::fs::read_to_string(home.file("mine.json")).unwrap(), edited);
    copy.signal("TERM");
    assert_eq!(copy.exit_code(), Some(143));
    ana.quits();
}
