//! The whole product: real processes, real WebRTC on loopback, editors in pseudo-terminals.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

#[path = "end_to_end/citizen.rs"]
mod citizen;
#[path = "end_to_end/passphrase.rs"]
mod passphrase;
#[path = "end_to_end/programs.rs"]
mod programs;
#[path = "end_to_end/reading.rs"]
mod reading;
mod support;

use std::time::{Duration, Instant};

use support::server::SignalServer;
use support::terminal::Terminal;
use support::{BINARY, Home};

const DOCUMENT: &str = "{\n  \"service\": \"checkout\",\n  \"port\": 8443,\n  \"limit\": 1.50,\n  \"users\": [\n    \"Ana\",\n    \"Chidi\"\n  ]\n}\n";

const ENTER: &str = "\r";
const BACKSPACE: &str = "\x7f";

/// A person's own home, and the editor they have open.
struct Person {
    home: Home,
    editor: Terminal,
}

impl Person {
    /// Opens the room around `document.json`.
    fn create(name: &str, server: &SignalServer) -> Self {
        let home = Home::new();
        home.write("document.json", DOCUMENT);
        Self::open(name, home, &["create", "demo", "document.json", "--signal", server.url()])
    }

    fn join(name: &str, server: &SignalServer) -> Self {
        Self::open(name, Home::new(), &["join", "demo", "--signal", server.url()])
    }

    /// Runs the editor until it shows the document.
    fn open(name: &str, home: Home, arguments: &[&str]) -> Self {
        let mut editor = Terminal::run(name, &home, arguments);
        editor.wait_for("service");
        Self { home, editor }
    }

    /// Types a command on the `:` line.
    fn command(&mut self, command: &str) {
        self.editor.press(":");
        self.editor.press(command);
        self.editor.press(ENTER);
    }

    fn sees(&mut self, text: &str) {
        self.editor.wait_for(text);
    }

    fn sees_no(&mut self, text: &str) {
        self.editor.wait_until(&format!("stop showing {text:?}"), |screen| !screen.text().contains(text));
    }

    fn quits(&mut self) {
        self.command("q!");
        assert_eq!(self.editor.exit_code(), 0);
        self.editor.assert_restored();
    }

    fn on_disk(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.file(name)).unwrap_or_default()
    }

    /// Waits until a file is as wanted.
    fn has_saved(&mut self, name: &str, expected: &str) {
        let path = self.home.file(name);
        let is_saved = || std::fs::read_to_string(&path).is_ok_and(|text| text == expected);
        self.editor.wait_until(&format!("save {expected}"), |_| is_saved());
    }
}

fn all_see(people: &mut [&mut Person], text: &str) {
    for person in people {
        person.sees(text);
    }
}

/// Waits until all show the same document.
fn all_agree(people: &mut [&mut Person]) {
    let (first, others) = people.split_first_mut().unwrap();
    let first = &mut first.editor;
    first.wait_until("show what the others show", |screen| {
        let rows = screen.rows();
        // While a change flashes, its row says who made it.
        let is_still = rows.len() > 4 && !screen.text().contains('◆');
        is_still && others.iter().all(|other| other.editor.rows() == rows)
    });
}

/// Runs a verb on the room, as somebody else.
fn verb(server: &SignalServer, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Home::new().ultrawave().args(arguments).args(["--signal", server.url()]).assert()
}

#[test]
fn two_people_edit_one_file() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    let mut bo = Person::join("Bo", &server);
    ana.sees("[Bo]");
    bo.sees("[Ana]");
    // The root, then service, then port.
    ana.editor.press("ggjj");
    ana.editor.press(ENTER);
    ana.editor.press(&BACKSPACE.repeat(4));
    ana.editor.press("9000");
    ana.editor.press(ENTER);
    bo.command("set /service \"basket\"");
    bo.command("splice /users 1 0 \"Dalia\"");
    all_see(&mut [&mut ana, &mut bo], "9000");
    all_see(&mut [&mut ana, &mut bo], "basket");
    all_see(&mut [&mut ana, &mut bo], "\"Dalia\"");
    all_agree(&mut [&mut ana, &mut bo]);
    ana.sees("unsaved");
    ana.command("w");
    let edited = DOCUMENT.replace("8443", "9000").replace("checkout", "basket");
    ana.has_saved("document.json", &edited.replace("\"Chidi\"", "\"Dalia\",\n    \"Chidi\""));
    bo.editor.press("u");
    all_agree(&mut [&mut ana, &mut bo]);
    ana.sees_no("\"Dalia\"");
    ana.sees("9000");
    ana.command("w");
    ana.has_saved("document.json", &edited);
    bo.quits();
    ana.sees_no("[Bo]");
    ana.quits();
    assert_eq!(ana.on_disk("document.json"), edited);
}

#[test]
fn a_verb_changes_what_the_editors_show() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    let mut bo = Person::join("Bo", &server);
    verb(&server, &["set", "demo", "/port", "9001"]).success();
    all_see(&mut [&mut ana, &mut bo], "9001");
    verb(&server, &["merge", "demo", "", "{\"limit\": 2.50}"]).success();
    all_see(&mut [&mut ana, &mut bo], "2.50");
    bo.command("set .port 9002");
    all_see(&mut [&mut ana, &mut bo], "9002");
    verb(&server, &["get", "demo", "/port"]).success().stdout("9002\n");
    verb(&server, &["delete", "demo", ".users[0]"]).success();
    all_agree(&mut [&mut ana, &mut bo]);
    verb(&server, &["get", "demo", "/users", "--compact"]).success().stdout("[\"Chidi\"]\n");
}

#[test]
fn three_people_go_on_when_one_of_them_is_killed() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    let mut bo = Person::join("Bo", &server);
    let mut chidi = Person::join("Chidi", &server);
    all_see(&mut [&mut bo, &mut chidi], "you + 2");
    chidi.command("set /port 9003");
    all_see(&mut [&mut ana, &mut bo, &mut chidi], "9003");
    all_agree(&mut [&mut ana, &mut bo, &mut chidi]);
    chidi.editor.signal("KILL");
    ana.command("set /limit 3.50");
    bo.command("set /service \"till\"");
    all_see(&mut [&mut ana, &mut bo], "3.50");
    all_see(&mut [&mut ana, &mut bo], "\"till\"");
    all_agree(&mut [&mut ana, &mut bo]);
    ana.command("w");
    let edited = DOCUMENT.replace("8443", "9003").replace("1.50", "3.50").replace("checkout", "till");
    ana.has_saved("document.json", &edited);
}

#[test]
fn the_creator_leaves_and_the_others_admit_a_fourth() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    let mut bo = Person::join("Bo", &server);
    let mut chidi = Person::join("Chidi", &server);
    all_see(&mut [&mut bo, &mut chidi], "you + 2");
    ana.command("set /port 9004");
    all_see(&mut [&mut bo, &mut chidi], "9004");
    ana.quits();
    all_see(&mut [&mut bo, &mut chidi], "you + 1");
    let mut dalia = Person::join("Dalia", &server);
    dalia.sees("9004");
    dalia.command("set /limit 4.50");
    bo.command("set /service \"shop\"");
    all_see(&mut [&mut bo, &mut chidi, &mut dalia], "4.50");
    all_see(&mut [&mut bo, &mut chidi, &mut dalia], "\"shop\"");
    all_agree(&mut [&mut bo, &mut chidi, &mut dalia]);
}

#[test]
fn keys_are_answered_at_once() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    // Six keys that each waited for the next look at the clock would take six seconds, however
    // often they are pressed; on a busy machine any of them may.
    let mut is_quick = || {
        ana.editor.press("gg");
        ana.sees("line 1/");
        let began = Instant::now();
        for line in 2..=7 {
            ana.editor.press("j");
            ana.sees(&format!("line {line}/"));
        }
        began.elapsed() < Duration::from_secs(4)
    };
    assert!((0..20).any(|_| is_quick()), "keys wait for the clock");
    ana.editor.press("?");
    ana.sees("next row");
}

#[test]
fn a_stopped_editor_gives_the_terminal_back_and_takes_it_again() {
    let server = SignalServer::start();
    let home = Home::new();
    home.write("document.json", DOCUMENT);
    let mut shell = Terminal::start("bash", &home, "bash", &["--norc", "--noprofile", "-i"]);
    shell.press(&format!("{BINARY} create demo document.json --signal {}{ENTER}", server.url()));
    shell.wait_for("checkout");
    shell.press("\x1a");
    shell.wait_for("Stopped");
    shell.press(&format!("fg{ENTER}"));
    shell.wait_until("show the editor again", |screen| screen.rows().len() > 4);
    shell.press("j");
    shell.wait_for("line 2/");
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let server = SignalServer::start();
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut ana = Person::create("Ana", &server);
        ana.editor.signal(signal);
        assert_eq!(ana.editor.exit_code(), code, "{signal}");
        ana.editor.assert_restored();
        assert_eq!(ana.on_disk("document.json"), DOCUMENT);
    }
}

#[test]
fn a_file_changed_on_disk_is_not_overwritten_unasked() {
    let server = SignalServer::start();
    let mut ana = Person::create("Ana", &server);
    ana.command("set /port 9005");
    ana.sees("9005");
    ana.home.write("document.json", "{\"mine\": 1}\n");
    ana.command("w");
    ana.sees("changed on disk");
    assert_eq!(ana.on_disk("document.json"), "{\"mine\": 1}\n");
}

#[test]
fn joining_writes_a_file_only_where_it_may() {
    let server = SignalServer::start();
    let _ana = Person::create("Ana", &server);
    let url = server.url();
    let mut bo = Person::open("Bo", Home::new(), &["join", "demo", "--save", "copy.json", "--signal", url]);
    bo.has_saved("copy.json", DOCUMENT);
    bo.command("set /port 9006");
    bo.sees("9006");
    bo.command("w");
    bo.has_saved("copy.json", &DOCUMENT.replace("8443", "9006"));
    bo.quits();

    let home = Home::new();
    home.write("copy.json", "{\"mine\": 1}\n");
    let mut chidi = Terminal::run("Chidi", &home, &["join", "demo", "--save", "copy.json", "--signal", url]);
    chidi.wait_for("[y/N]");
    chidi.press("n\r");
    assert_eq!(chidi.exit_code(), 6);
    chidi.assert_restored();
    assert_eq!(std::fs::read_to_string(home.file("copy.json")).unwrap(), "{\"mine\": 1}\n");

    let forced = ["join", "demo", "--save", "copy.json", "--force", "--signal", url];
    let mut dalia = Person::open("Dalia", home, &forced);
    dalia.has_saved("copy.json", &DOCUMENT.replace("8443", "9006"));
}

#[test]
fn a_document_may_come_from_standard_input() {
    let server = SignalServer::start();
    let home = Home::new();
    home.write("document.json", DOCUMENT);
    let script = "cat document.json | \"$0\" create demo - --signal \"$1\"";
    let mut editor = Terminal::start("Ana", &home, "sh", &["-c", script, BINARY, server.url()]);
    editor.wait_for("checkout");
    editor.press("ggjj\r");
    editor.press(&BACKSPACE.repeat(4));
    editor.press("9007\r");
    editor.wait_for("9007");
    verb(&server, &["get", "demo", "/port"]).success().stdout("9007\n");
}

#[test]
fn a_room_that_is_there_is_not_opened_again_and_one_that_is_not_is_not_joined() {
    let server = SignalServer::start();
    let home = Home::new();
    let mut bo = Terminal::run("Bo", &home, &["join", "demo", "--signal", server.url()]);
    bo.wait_for_end("ultrawave create demo", 3);
    let _ana = Person::create("Ana", &server);
    let mut bo = Terminal::run("Bo", &home, &["create", "demo", "--signal", server.url()]);
    bo.wait_for_end("ultrawave join demo", 1);
    let mut bo = Person::open("Bo", home, &["open", "demo", "--signal", server.url()]);
    bo.sees("[Ana]");
}
