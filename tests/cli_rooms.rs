//! The verbs on a live room: real processes, real WebRTC on loopback.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod local;
mod locked;
mod support;

use std::thread;

use predicates::prelude::*;
use predicates::str::contains;
use support::Home;
use support::process::Process;
use support::server::SignalServer;
use ultrawave::document::{Path, Value, parse};

const DOCUMENT: &str = "{\n  \"port\": 80,\n  \"tls\": {\"on\": false},\n  \"users\": [\"Ana\", \"Bo\"],\n  \"big\": 9007199254740993\n}\n";

/// A room that `ultrawave serve` holds open around `document.json`.
struct Fixture {
    home: Home,
    server: SignalServer,
    holder: Process,
}

impl Fixture {
    fn new(document: &str) -> Self {
        let (home, server) = (Home::new(), SignalServer::start());
        home.write("document.json", document);
        let holder = serve(&home, &server, &["demo", "document.json"]);
        Self { home, server, holder }
    }

    fn run(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        self.home.ultrawave().args(["--signal", self.server.url()]).args(arguments).assert()
    }

    /// As on a machine where no peer runs.
    fn run_elsewhere(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        let mut command = self.home.ultrawave();
        command.env("XDG_RUNTIME_DIR", self.home.file("elsewhere"));
        command.args(arguments).args(["--signal", self.server.url()]).assert()
    }

    fn start(&self, arguments: &[&str]) -> Process {
        Process::run(&self.home, &[arguments, &["--signal", self.server.url()]].concat())
    }

    fn get(&self, path: &str) -> String {
        let run = self.run(&["get", "demo", path, "--compact"]).success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned()
    }

    fn on_disk(&self) -> String {
        std::fs::read_to_string(self.home.file("document.json")).unwrap()
    }
}

fn serve(home: &Home, server: &SignalServer, arguments: &[&str]) -> Process {
    let mut process = Process::run(home, &[&["serve"], arguments, &["--signal", server.url()]].concat());
    process.wait_for_message("serving");
    process
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_so() {
            return;
        }
        thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("never: {what}");
}

#[test]
fn get_prints_the_document_and_what_is_in_it() {
    let room = Fixture::new(DOCUMENT);
    room.run(&["get", "demo"]).success().stdout(DOCUMENT);
    room.run(&["get", "demo", "."]).success().stdout(DOCUMENT);
    room.run(&["get", "demo", ".users[1]"]).success().stdout("\"Bo\"\n");
    room.run(&["get", "demo", "/tls", "--compact"]).success().stdout("{\"on\":false}\n");
    room.run(&["get", "demo", "/users"]).success().stdout("[\"Ana\", \"Bo\"]\n");
    room.run(&["get", "demo", "/users/2"]).code(5).stdout("").stderr(contains("/users/2"));
    room.run(&["get", "demo", "/port/x"]).code(5).stdout("");
}

#[test]
fn edits_reach_the_room_and_the_file() {
    let room = Fixture::new(DOCUMENT);
    room.run(&["set", "demo", "/port", "8080"]).success().stdout("").stderr("");
    room.run(&["merge", "demo", ".tls", "{\"on\":true,\"min\":1.20}"]).success().stdout("");
    room.run(&["splice", "demo", "/users", "1", "0", "\"Chidi\"", "\"Dalia\""]).success().stdout("");
    room.run_elsewhere(&["delete", "demo", "/users/0"]).success().stdout("").stderr("");
    let mut from_stdin = room.home.ultrawave();
    from_stdin.args(["set", "demo", "/new", "-", "--signal", room.server.url()]).write_stdin("[1,\n2]\n");
    from_stdin.assert().success();
    let expected = "{\"port\":8080,\"tls\":{\"on\":true,\"min\":1.20},\"users\":[\"Chidi\",\"Dalia\",\"Bo\"],\"big\":9007199254740993,\"new\":[1,2]}";
    assert_eq!(room.get("."), expected);
    until("the file is saved", || parse(&room.on_disk()).unwrap().to_string() == expected);
    assert!(room.on_disk().starts_with("{\n  \"port\": 8080,\n"), "{}", room.on_disk());
}

#[test]
fn what_cannot_be_done_says_so_and_alters_nothing() {
    let room = Fixture::new(DOCUMENT);
    room.run(&["delete", "demo", "/gone"]).code(5).stderr(contains("/gone"));
    room.run(&["delete", "demo", ""]).code(1).stderr(contains("root"));
    room.run(&["set", "demo", "/users/7", "1"]).code(5).stderr(contains("/users/7"));
    room.run(&["set", "demo", "/port/x", "1"]).code(5).stderr(contains("/port"));
    room.run(&["merge", "demo", "/tls", "3"]).code(1).stderr(contains("map"));
    room.run(&["splice", "demo", "/port", "0", "0", "1"]).code(1).stderr(contains("splice"));
    assert_eq!(room.get("."), parse(DOCUMENT).unwrap().to_string());
}

#[test]
fn a_room_that_is_not_there_is_named_with_the_remedy() {
    let (home, server) = (Home::new(), SignalServer::start());
    let run = home.ultrawave().args(["get", "nowhere", "--signal", server.url()]).assert();
    run.code(3).stdout("").stderr(contains("nowhere").and(contains("ultrawave create nowhere")));
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let room = Fixture::new("{\"list\": [], \"map\": {}}\n");
    thread::scope(|scope| {
        for writer in 0..3 {
            let room = &room;
            scope.spawn(move || {
                for turn in 0..3 {
                    let item = (writer * 10 + turn).to_string();
                    // Some ask the peer that runs, some join by themselves.
                    let run = if writer == 1 { Fixture::run_elsewhere } else { Fixture::run };
                    run(room, &["splice", "demo", "/list", "0", "0", &item]).success();
                    run(room, &["set", "demo", &format!("/map/k{item}"), &item]).success();
                }
            });
        }
    });
    let document = parse(&room.get(".")).unwrap();
    let mut items: Vec<String> =
        document.key(&"list".into()).unwrap().elements().map(ToString::to_string).collect();
    items.sort_by_key(|item| item.parse::<u32>().unwrap());
    assert_eq!(items, ["0", "1", "2", "10", "11", "12", "20", "21", "22"]);
    assert_eq!(document.key(&"map".into()).unwrap().len(), 9);
}

#[test]
fn an_edit_that_only_another_command_has_is_not_called_kept() {
    let mut room = Fixture::new(DOCUMENT);
    let elsewhere = Home::new();
    let mut watch = Process::run(&elsewhere, &["watch", "demo", "--signal", room.server.url()]);
    watch.wait_for_message("watching demo");
    room.run_elsewhere(&["set", "demo", "/port", "81"]).success();
    room.holder.signal("INT");
    assert_eq!(room.holder.exit_code(), Some(130));
    let run = room.run_elsewhere(&["set", "demo", "/port", "82"]);
    run.code(1).stdout("").stderr(contains("other commands").and(contains("ultrawave serve demo")));
    // It has it all the same, for as long as it is there.
    watch.wait_for_lines(2);
}

#[test]
fn watch_prints_one_line_for_each_change() {
    let room = Fixture::new(DOCUMENT);
    let mut all = room.start(&["watch", "demo"]);
    let mut some = room.start(&["watch", "demo", ".tls.on"]);
    all.wait_for_message("watching demo");
    some.wait_for_message("watching demo");
    room.run(&["set", "demo", "/port", "81"]).success();
    room.run(&["merge", "demo", "/tls", "{\"on\":true}"]).success();
    room.run(&["delete", "demo", "/tls"]).success();
    all.wait_for_lines(3);
    some.wait_for_lines(2);
    let member = |line: &str, name: &str| parse(line).unwrap().key(&name.into()).map(Value::to_string);
    let (lines, touching) = (all.stdout(), some.stdout());
    let methods: Vec<_> = lines.iter().map(|line| member(line, "method").unwrap()).collect();
    assert_eq!(methods, ["\"set\"", "\"merge\"", "\"delete\""], "{lines:#?}");
    assert_eq!(member(&lines[0], "path").unwrap(), "\"/port\"");
    assert_eq!(member(&lines[0], "args").unwrap(), "[81]");
    assert_eq!(member(&lines[0], "tick").unwrap(), "1");
    assert_eq!(member(&lines[0], "value"), None);
    assert_eq!(touching.len(), 2);
    assert_eq!(member(&touching[0], "value").unwrap(), "true");
    assert_eq!(member(&touching[1], "value"), None);
    all.signal("INT");
    some.signal("TERM");
    assert_eq!((all.exit_code(), some.exit_code()), (Some(130), Some(143)));
}

#[test]
fn watch_ends_quietly_when_its_reader_has_gone() {
    let room = Fixture::new(DOCUMENT);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "\"$0\" watch demo --signal \"$1\" 2>watch.err | head -n 1; echo done"]);
    shell.args([support::BINARY, room.server.url()]).current_dir(room.home.path());
    shell.envs(room.home.environment()).stdout(std::process::Stdio::piped());
    let child = shell.spawn().unwrap();
    let messages = || std::fs::read_to_string(room.home.file("watch.err")).unwrap_or_default();
    until("it watches", || messages().contains("watching"));
    room.run(&["set", "demo", "/port", "81"]).success();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with('{') && text.ends_with("}\ndone\n"), "{text}");
    assert_eq!(messages().lines().count(), 1, "{}", messages());
}

#[test]
fn the_log_can_be_replayed() {
    let room = Fixture::new(DOCUMENT);
    room.run(&["set", "demo", "/port", "81"]).success();
    room.run(&["splice", "demo", "/users", "-1", "1"]).success();
    let log = room.run(&["log", "demo", "--json"]).success();
    room.home.write("before.json", DOCUMENT);
    room.home.write("log.ndjson", &log.get_output().stdout);
    let replay = room.run(&["replay", "before.json", "log.ndjson", "--compact"]).success();
    assert_eq!(String::from_utf8_lossy(&replay.get_output().stdout).trim_end(), room.get("."));
    let shown = room.run(&["log", "demo"]).success();
    let shown = String::from_utf8_lossy(&shown.get_output().stdout).into_owned();
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("/port") && lines[1].contains("splice"), "{shown}");
}

#[test]
fn peers_are_listed_with_their_names() {
    let room = Fixture::new(DOCUMENT);
    let mut ana = room.start(&["watch", "demo", "--name", "Ana"]);
    ana.wait_for_message("watching");
    let lines = room.run(&["peers", "demo", "--json"]).success();
    let lines = String::from_utf8(lines.get_output().stdout.clone()).unwrap();
    let people: Vec<Value> = lines.lines().map(|line| parse(line).unwrap()).collect();
    let name = |person: &Value| person.at(&Path::ROOT.key("name")).unwrap().to_string();
    assert_eq!(people.len(), 2, "{lines}");
    assert!(people.iter().any(|person| name(person) == "\"Ana\""), "{lines}");
    assert!(
        people.iter().all(|person| person.key(&"state".into()).unwrap() == &Value::string("live")),
        "{lines}"
    );
    room.run(&["peers", "demo"]).success().stdout(contains("AUTHOR").and(contains("Ana")));
}

#[test]
fn serve_saves_and_leaves_when_told_to_end() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut room = Fixture::new(DOCUMENT);
        room.run(&["set", "demo", "/port", "82"]).success();
        room.holder.signal(signal);
        assert_eq!(room.holder.exit_code(), Some(code));
        assert_eq!(room.on_disk(), DOCUMENT.replace("80", "82"));
        room.run(&["get", "demo"]).code(3);
    }
}

#[test]
fn serve_joins_a_room_and_keeps_a_copy() {
    let room = Fixture::new(DOCUMENT);
    let mut copy = serve(&room.home, &room.server, &["demo", "copy.json"]);
    let on_disk = || std::fs::read_to_string(room.home.file("copy.json")).unwrap_or_default();
    until("the copy is written", || on_disk() == DOCUMENT);
    room.run(&["set", "demo", "/port", "82"]).success();
    until("the copy follows", || on_disk() == DOCUMENT.replace("80", "82"));
    copy.signal("TERM");
    assert_eq!(copy.exit_code(), Some(143));

    room.home.write("other.json", "{}\n");
    let run = room.run(&["serve", "demo", "other.json"]).code(6);
    run.stderr(contains("other.json").and(contains("--force")));
    let mut forced = serve(&room.home, &room.server, &["demo", "other.json", "--force"]);
    forced.signal("INT");
    assert_eq!(forced.exit_code(), Some(130));
    let other = std::fs::read_to_string(room.home.file("other.json")).unwrap();
    assert_eq!(other, DOCUMENT.replace("80", "82"));
}

#[test]
fn a_room_outlives_its_creator_while_somebody_serves_it() {
    let mut room = Fixture::new(DOCUMENT);
    let _second = serve(&room.home, &room.server, &["demo"]);
    room.holder.signal("TERM");
    assert_eq!(room.holder.exit_code(), Some(143));
    room.run(&["set", "demo", "/port", "84"]).success();
    assert_eq!(room.get("/port"), "84");
}
