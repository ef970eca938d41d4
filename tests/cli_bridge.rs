//! A file that other programs rewrite while `ultrawave serve` keeps it in step with a room.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

#[path = "cli_bridge/lines.rs"]
mod lines;
#[path = "cli_bridge/soak.rs"]
mod soak;
mod support;

use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use support::Home;
use support::process::Process;
use support::server::SignalServer;

const DOCUMENT: &str = "{\n  \"port\": 80,\n  \"users\": [\n    {\"id\": 1, \"n\": \"Ana\"},\n    {\"id\": 2, \"n\": \"Bo\"}\n  ],\n  \"big\": 9007199254740993\n}\n";

struct Fixture {
    home: Home,
    server: SignalServer,
    holder: Process,
}

impl Fixture {
    fn new() -> Self {
        Self::around(DOCUMENT)
    }

    fn around(document: &str) -> Self {
        let (home, server) = (Home::new(), SignalServer::start());
        home.write("document.json", document);
        let holder = serve(&home, &server, &["demo", "document.json"]);
        Self { home, server, holder }
    }

    fn verb(&self, arguments: &[&str]) -> String {
        let run =
            self.home.ultrawave().args(arguments).args(["--signal", self.server.url()]).assert().success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned()
    }

    fn shell(&self, script: &str) {
        assert!(
            Command::new("sh").args(["-c", script]).current_dir(self.home.path()).status().unwrap().success()
        );
    }

    fn on_disk(&self) -> String {
        fs::read_to_string(self.home.file("document.json")).unwrap_or_default()
    }

    fn until_on_disk(&self, text: &str) {
        for _ in 0..600 {
            if self.on_disk() == text {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{text}\nis not on disk, but\n{}", self.on_disk());
    }

    fn until_in_room(&self, path: &str, text: &str) {
        let get = ["get", "demo", path, "--compact", "--signal", self.server.url()];
        for _ in 0..40 {
            // Until it is there at all, this ends with 5.
            let run = self.home.ultrawave().args(get).assert();
            if String::from_utf8_lossy(&run.get_output().stdout).trim_end() == text {
                return;
            }
        }
        panic!("{path} is not {text}, but {}", self.verb(&["get", "demo", "--compact"]));
    }

    /// Waits until the file shows something.
    fn until_disk_shows(&self, text: &str) {
        for _ in 0..400 {
            if self.on_disk().contains(text) {
                return;
            }
            sleep(Duration::from_millis(25));
        }
        panic!("the file never shows {text}, but {}", self.on_disk());
    }

    fn ends_with(&mut self, code: i32) {
        self.holder.signal("TERM");
        assert_eq!(self.holder.exit_code(), Some(code));
    }
}

fn serve(home: &Home, server: &SignalServer, arguments: &[&str]) -> Process {
    let mut serve = Process::run(home, &[&["serve", "--signal", server.url()], arguments].concat());
    serve.wait_for_message("serving");
    serve
}

#[test]
fn however_a_program_rewrites_the_file_the_room_gets_the_changes() {
    let mut room = Fixture::new();
    // As vim does: the old file is moved aside, a new one is written.
    room.shell(
        "mv document.json document.json~ && sed s/80/81/ document.json~ > document.json && rm document.json~",
    );
    room.until_in_room("/port", "81");
    // As many do: a new file takes the old one's place.
    room.shell("sed s/Bo/Bob/ document.json > new.json && mv new.json document.json");
    room.until_in_room("/users", r#"[{"id":1,"n":"Ana"},{"id":2,"n":"Bob"}]"#);
    // As editors without care do: it is emptied and written in pieces.
    let text = room.on_disk().replace("Ana", "Anna");
    let mut file = fs::File::create(room.home.file("document.json")).unwrap();
    for piece in text.as_bytes().chunks(40) {
        file.write_all(piece).unwrap();
        sleep(Duration::from_millis(15));
    }
    drop(file);
    room.until_in_room("/users/0/n", "\"Anna\"");
    // What nobody edited has kept its bytes, and only what was edited was a change.
    assert_eq!(room.on_disk(), DOCUMENT.replace("80", "81").replace("Bo", "Bob").replace("Ana", "Anna"));
    let log = room.verb(&["log", "demo", "--json"]);
    assert_eq!(log.lines().count(), 3, "{log}");
    room.verb(&["set", "demo", "/port", "82"]);
    room.until_on_disk(&DOCUMENT.replace("80", "82").replace("Bo", "Bob").replace("Ana", "Anna"));
    room.ends_with(143);
}

#[test]
fn both_sides_at_once_lose_nothing() {
    let mut room = Fixture::new();
    for round in 0..5 {
        let text = room.on_disk();
        let from_file = text.replace("\"big\"", &format!("\"file{round}\": {round},\n  \"big\""));
        let set = |room: &Fixture| room.verb(&["set", "demo", &format!("/room{round}"), "true"]);
        if round % 2 == 0 {
            room.home.write("document.json", from_file);
            set(&room);
        } else {
            set(&room);
            room.until_disk_shows(&format!("\"room{round}\""));
            // What the file shows by now is what is edited.
            let shown = room.on_disk();
            room.home.write(
                "document.json",
                shown.replace("\"big\"", &format!("\"file{round}\": {round},\n  \"big\"")),
            );
        }
        room.until_in_room(&format!("/file{round}"), &round.to_string());
        room.until_in_room(&format!("/room{round}"), "true");
        room.until_disk_shows(&format!("\"room{round}\""));
    }
    let keys = room.verb(&["get", "demo", "--compact"]);
    for round in 0..5 {
        assert!(
            keys.contains(&format!("\"file{round}\":{round}"))
                && keys.contains(&format!("\"room{round}\":true")),
            "{keys}"
        );
    }
    room.ends_with(143);
    let on_disk = ultrawave::document::parse(&room.on_disk()).unwrap();
    assert_eq!(ultrawave::document::diff(&on_disk, &ultrawave::document::parse(&keys).unwrap()), []);
}

#[test]
fn what_is_written_into_a_file_that_was_just_replaced_is_not_lost() {
    let mut room = Fixture::new();
    // A program has the file open.
    let mut file = fs::File::options().read(true).write(true).open(room.home.file("document.json")).unwrap();
    room.verb(&["set", "demo", "/new", "1"]);
    room.until_disk_shows("\"new\"");
    // It writes into what it has open, which is no longer what the name stands for.
    file.write_all(DOCUMENT.replace("Bo", "Bob").as_bytes()).unwrap();
    drop(file);
    room.holder.wait_for_message("while it was being replaced: 1 change taken in");
    room.until_in_room("/users", r#"[{"id":1,"n":"Ana"},{"id":2,"n":"Bob"}]"#);
    room.until_disk_shows("Bob");
    room.until_in_room("/new", "1");
    room.ends_with(143);
}

#[test]
fn what_is_edited_while_nobody_serves_is_merged_at_the_next_start() {
    let mut room = Fixture::new();
    room.verb(&["set", "demo", "/new", "1"]);
    room.until_disk_shows("\"new\"");
    // Another member holds the room.
    let elsewhere = Home::new();
    let serve = |home: &Home, file: &[&str]| {
        let mut holder =
            Process::run(home, &[&["serve", "demo", "--signal", room.server.url()], file].concat());
        holder.wait_for_message("serving");
        holder
    };
    let _holder = serve(&elsewhere, &[]);
    room.holder.signal("TERM");
    assert_eq!(room.holder.exit_code(), Some(143));
    // Both go on: the room at one end of the array, the file at the other and elsewhere.
    room.verb(&["splice", "demo", "/users", "0", "1"]);
    room.verb(&["set", "demo", "/port", "81"]);
    room.home.write("document.json", room.on_disk().replace("Bo", "Bob").replace("993", "994"));
    let mut again = serve(&room.home, &["document.json"]);
    again.wait_for_message("goes on from what it last showed");
    room.until_disk_shows("\"port\": 81");
    room.until_in_room(".", r#"{"port":81,"users":[{"id":2,"n":"Bob"}],"big":9007199254740994,"new":1}"#);
    let merged = "{\n  \"port\": 81,\n  \"users\": [\n    {\"id\": 2, \"n\": \"Bob\"}\n  ],\n  \"big\": 9007199254740994,\n  \"new\": 1\n}\n";
    room.until_on_disk(merged);
    // A file that was never in step with this room is not merged with it.
    room.home.write("other.json", "{}");
    let other = ["serve", "demo", "other.json", "--signal", room.server.url()];
    room.home.ultrawave().args(other).assert().code(6);
    again.signal("TERM");
    assert_eq!(again.exit_code(), Some(143));
    assert_eq!(room.on_disk(), merged);
}

#[test]
fn what_is_no_json_stops_both_directions_until_it_is_again() {
    let mut room = Fixture::new();
    let broken = DOCUMENT.replace("\"port\": 80,", "\"port\": ,");
    room.home.write("document.json", &broken);
    room.holder.wait_for_message("nothing is lost");
    room.verb(&["set", "demo", "/new", "1"]);
    sleep(Duration::from_millis(500));
    assert_eq!(room.on_disk(), broken);
    room.home.write("document.json", DOCUMENT.replace("80", "90"));
    room.holder.wait_for_message("in step again");
    room.until_in_room("/port", "90");
    room.until_in_room("/new", "1");
    room.until_on_disk(&DOCUMENT.replace("80", "90").replace("993\n", "993,\n  \"new\": 1\n"));
    room.home.write("document.json", "{");
    room.holder.wait_for_message("document.json:1:2");
    room.ends_with(4);
    assert_eq!(room.on_disk(), "{");
}

#[test]
fn a_new_layout_is_kept_and_an_order_of_keys_is_let_be() {
    let mut room = Fixture::new();
    let flat = "{\"big\": 9007199254740993, \"port\": 80, \"users\": [{\"id\": 1, \"n\": \"Ana\"}, {\"id\": 2, \"n\": \"Bo\"}]}";
    room.home.write("document.json", flat);
    sleep(Duration::from_millis(1500));
    assert_eq!(room.on_disk(), flat);
    assert_eq!(room.verb(&["log", "demo"]), "");
    room.verb(&["set", "demo", "/port", "81"]);
    room.until_on_disk("{\"port\": 81, \"users\": [{\"id\": 1, \"n\": \"Ana\"}, {\"id\": 2, \"n\": \"Bo\"}], \"big\": 9007199254740993}");
    // A file that is gone for good is written anew.
    fs::remove_file(room.home.file("document.json")).unwrap();
    sleep(Duration::from_millis(300));
    assert_eq!(room.on_disk(), "");
    room.until_on_disk("{\"port\": 81, \"users\": [{\"id\": 1, \"n\": \"Ana\"}, {\"id\": 2, \"n\": \"Bo\"}], \"big\": 9007199254740993}");
    room.ends_with(143);
}

#[test]
fn keys_that_hide_others_are_told_of_and_kept() {
    let mut room = Fixture::new();
    let text = DOCUMENT.replace("\"big\"", "\"port\": 81,\n  \"big\"");
    room.home.write("document.json", &text);
    room.holder.wait_for_message("a key is there more than once, such as /port; the last one counts");
    room.until_in_room("/port", "81");
    assert_eq!(room.on_disk(), text);
    room.ends_with(143);
}
