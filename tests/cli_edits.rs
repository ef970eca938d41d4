//! The verbs that edit under a condition, by patch, or in an editor: real processes.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod support;

use std::fs;
use std::thread;

use predicates::prelude::*;
use predicates::str::contains;
use support::Home;
use support::process::Process;
use support::server::SignalServer;

const DOCUMENT: &str = "{\n  \"n\": 0,\n  \"users\": [\n    {\"id\": 1},\n    {\"id\": 2}\n  ]\n}\n";

struct Fixture {
    home: Home,
    server: SignalServer,
    _holder: Process,
}

impl Fixture {
    fn new() -> Self {
        let (home, server) = (Home::new(), SignalServer::start());
        home.write("document.json", DOCUMENT);
        let mut holder = Process::run(&home, &["serve", "demo", "document.json", "--signal", server.url()]);
        holder.wait_for_message("serving");
        Self { home, server, _holder: holder }
    }

    fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = self.home.ultrawave();
        command.args(["--signal", self.server.url()]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        self.command(arguments).assert()
    }

    fn document(&self) -> String {
        let run = self.run(&["get", "demo", "--compact"]).success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned()
    }
}

#[test]
fn a_condition_that_does_not_hold_leaves_all_as_it_was() {
    let room = Fixture::new();
    room.run(&["set", "demo", "/n", "1", "--if", "0"]).success();
    room.run(&["set", "demo", "/n", "2", "--if", "0"]).code(1).stderr(contains("/n in demo is 1"));
    room.run(&["set", "demo", "/new", "2", "--if", "0"]).code(5);
    room.run(&["merge", "demo", "/users/0", "{\"x\": 1}", "--if", "{\"id\": 9}"]).code(1);
    room.run(&["merge", "demo", "/users/0", "{\"x\": 1}", "--if", "{\"id\": 1}"]).success();
    room.run(&["splice", "demo", "/users", "0", "1", "--if", "[]"]).code(1);
    room.run(&["splice", "demo", "/users", "0", "1", "--if", "[{\"x\": 1, \"id\": 1}, {\"id\": 2}]"])
        .success();
    room.run(&["delete", "demo", "/n", "--if", "0"]).code(1);
    room.run(&["delete", "demo", "/n", "--if", "1"]).success();
    room.run(&["set", "demo", "/n", "-", "--if", "-"]).code(2);
    assert_eq!(room.document(), r#"{"users":[{"id":2}]}"#);
}

#[test]
fn of_many_who_take_one_thing_one_gets_it() {
    let room = Fixture::new();
    let codes: Vec<i32> = thread::scope(|scope| {
        let room = &room;
        let takers = (0..4).map(|taker| {
            scope.spawn(move || {
                let run = room.run(&["set", "demo", "/n", &format!("\"taker {taker}\""), "--if", "0"]);
                run.get_output().status.code().unwrap()
            })
        });
        takers.collect::<Vec<_>>().into_iter().map(|taker| taker.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|&&code| code == 0).count(), 1, "{codes:?}");
    let winner = codes.iter().position(|&code| code == 0).unwrap();
    assert!(room.document().contains(&format!("\"n\":\"taker {winner}\"")), "{codes:?} {}", room.document());
}

#[test]
fn an_update_goes_through_a_command_until_it_counts() {
    let room = Fixture::new();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..2 {
                    room.run(&["update", "demo", "/n", "--", "sh", "-c", "read n; echo $((n + 1))"])
                        .success();
                }
            });
        }
    });
    assert!(room.document().starts_with(r#"{"n":6,"#), "{}", room.document());
    room.run(&["update", "demo", "/n", "--", "cat"]).success();
    room.run(&["update", "demo", "/n", "--", "false"]).code(1).stderr(contains("false ended with"));
    room.run(&["update", "demo", "/n", "--", "echo", "{,}"])
        .code(4)
        .stderr(contains("the output of echo:1:2"));
    room.run(&["update", "demo", "/n", "--", "./no-such-command"]).code(1).stderr(contains("cannot run"));
    assert!(room.document().starts_with(r#"{"n":6,"#), "{}", room.document());
}

#[test]
fn a_patch_is_applied_as_a_whole_or_not_at_all() {
    let room = Fixture::new();
    let good = r#"[{"op": "test", "path": "/n", "value": 0.0}, {"op": "add", "path": "/users/-", "value": {"id": 3}}, {"op": "move", "from": "/n", "path": "/m"}]"#;
    room.home.write("patch.json", good);
    room.run(&["apply", "demo", "patch.json"]).success();
    assert_eq!(room.document(), r#"{"users":[{"id":1},{"id":2},{"id":3}],"m":0}"#);
    let bad = r#"[{"op": "remove", "path": "/m"}, {"op": "test", "path": "/users/0/id", "value": 7}]"#;
    let run = room.command(&["apply", "demo", "-"]).write_stdin(bad).assert().code(1);
    run.stderr(contains("nothing is done: operation 2 (test): /users/0/id is 1, not 7"));
    room.command(&["apply", "demo", "-"]).write_stdin(r#"{"m": null, "k": {"x": 1}}"#).assert().success();
    assert_eq!(room.document(), r#"{"users":[{"id":1},{"id":2},{"id":3}],"k":{"x":1}}"#);
    room.command(&["apply", "demo", "-"]).write_stdin("5").assert().code(2).stderr(contains("--merge"));
    room.command(&["apply", "demo", "-", "--merge"]).write_stdin("[5]").assert().success();
    assert_eq!(room.document(), "[5]");
}

#[test]
fn an_editor_changes_what_was_changed_in_it_and_drafts_are_kept() {
    let room = Fixture::new();
    let edit = |editor: &str, path: &str| {
        let mut command = room.command(&["edit", "demo", path]);
        command.env("TMPDIR", room.home.path()).env_remove("VISUAL").env("EDITOR", editor).assert()
    };
    edit("sed -i 's/2/\"two\"/'", "/users").success();
    assert_eq!(room.document(), r#"{"n":0,"users":[{"id":1},{"id":"two"}]}"#);
    edit("true", "").success().stderr(contains("nothing was changed"));
    // Somebody else changes another part while the editor is open.
    let other = format!("{} --signal {} set demo /other true", support::BINARY, room.server.url());
    edit(&format!("sh -c '{other}; sed -i s/0/7/ \"$0\"'"), "").success();
    assert_eq!(room.document(), r#"{"n":7,"users":[{"id":1},{"id":"two"}],"other":true}"#);
    let drafts = || {
        fs::read_dir(room.home.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("ultrawave-"))
            .count()
    };
    assert_eq!(drafts(), 0);
    let run = edit("sh -c 'echo \"[1,]\" > \"$0\"'", "/users").code(4);
    run.stderr(contains(":1:3").and(contains("the draft is kept: ")));
    assert_eq!(drafts(), 1);
    edit("false", "/n").code(1).stderr(contains("false ended with"));
    edit("true", "/nowhere").code(5);
    assert_eq!(room.document(), r#"{"n":7,"users":[{"id":1},{"id":"two"}],"other":true}"#);
}
