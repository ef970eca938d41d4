//! What the command does with files and without a network: `diff`, `patch`, `merge-driver`.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod support;

use std::fs;
use std::process::Command;

use predicates::prelude::*;
use predicates::str::contains;
use support::{BINARY, Home};

const OLD: &str = "{\n\t\"port\": 80,\n\t\"users\": [\n\t\t{\"id\": 1, \"n\": \"Ana\"},\n\t\t{\"id\": 2, \"n\": \"Bo\"}\n\t]\n}";
const NEW: &str = "{\"users\": [{\"id\": 2, \"n\": \"Bob\"}, {\"id\": 3}], \"port\": 80, \"new\": null}";

#[test]
fn a_diff_patches_the_old_document_and_keeps_its_layout() {
    let home = Home::new();
    home.write("old.json", OLD);
    home.write("new.json", NEW);
    let run = home.ultrawave().args(["diff", "old.json", "new.json"]).assert().success().stderr("");
    let changes = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let expected = [
        r#"["change",[{"id":1,"ticks":{"1":1}},"splice",["users",1,"n"],2,0,"b"]]"#,
        r#"["change",[{"id":1,"ticks":{"1":2}},"splice",["users"],2,0,{"id":3}]]"#,
        r#"["change",[{"id":1,"ticks":{"1":3}},"splice",["users"],0,1]]"#,
        r#"["change",[{"id":1,"ticks":{"1":4}},"set",["new"],null]]"#,
    ];
    assert_eq!(changes.lines().collect::<Vec<_>>(), expected);
    let patched = "{\n\t\"port\": 80,\n\t\"users\": [\n\t\t{\"id\": 2, \"n\": \"Bob\"},\n\t\t{\"id\": 3}\n\t],\n\t\"new\": null\n}\n";
    for verb in ["patch", "replay"] {
        home.ultrawave()
            .args([verb, "old.json", "-"])
            .write_stdin(changes.clone())
            .assert()
            .success()
            .stdout(patched);
    }
    home.ultrawave().args(["diff", "old.json", "old.json"]).assert().success().stdout("");
    home.ultrawave().args(["diff", "-", "-"]).assert().code(2);
    home.write("bad.json", "{,}");
    home.ultrawave().args(["diff", "old.json", "bad.json"]).assert().code(4).stderr(contains("bad.json:1:2"));
}

#[test]
fn git_merges_json_by_path_and_names_what_it_cannot() {
    let home = Home::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]).args(arguments);
        command.current_dir(home.path()).envs(home.environment()).env("GIT_CONFIG_NOSYSTEM", "1");
        command.output().unwrap()
    };
    let done = |arguments: &[&str]| {
        let output = git(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    let write = |text: &str| home.write("config.json", text);
    done(&["init", "-q", "-b", "main"]);
    done(&["config", "merge.ultrawave.driver", &format!("{BINARY} merge-driver %O %A %B %P")]);
    home.write(".gitattributes", "*.json merge=ultrawave\n");
    write("{\n  \"a\": 1, \"b\": 2,\n  \"list\": [1, 2]\n}\n");
    done(&["add", "."]);
    done(&["commit", "-qm", "base"]);
    done(&["checkout", "-qb", "theirs"]);
    write("{\n  \"a\": 1, \"b\": 3,\n  \"list\": [1, 2, 3]\n}\n");
    done(&["commit", "-qam", "theirs"]);
    done(&["checkout", "-q", "main"]);
    write("{\n  \"a\": 9, \"b\": 2,\n  \"list\": [0, 1, 2]\n}\n");
    done(&["commit", "-qam", "ours"]);
    done(&["merge", "-q", "theirs", "-m", "merged"]);
    let merged = "{\n  \"a\": 9, \"b\": 3,\n  \"list\": [0, 1, 2, 3]\n}\n";
    assert_eq!(fs::read_to_string(home.file("config.json")).unwrap(), merged);

    done(&["checkout", "-qb", "again", "main~2"]);
    write("{\n  \"a\": 5, \"b\": 2,\n  \"list\": [1, 2]\n}\n");
    done(&["commit", "-qam", "again"]);
    let output = git(&["merge", "main", "-m", "conflict"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("config.json: both branches") && said.contains("\n  /a"), "{said}");
    let half = "{\n  \"a\": 5, \"b\": 3,\n  \"list\": [0, 1, 2, 3]\n}\n";
    assert_eq!(fs::read_to_string(home.file("config.json")).unwrap(), half);
}

#[test]
fn a_merge_without_a_base_or_without_json_is_not_guessed() {
    let home = Home::new();
    home.write("base.json", "");
    home.write("ours.json", "{\"a\": {\"x\": 1}}\n");
    home.write("theirs.json", "{\"a\": {\"y\": 2}}\n");
    let merge = || home.ultrawave().args(["merge-driver", "base.json", "ours.json", "theirs.json"]).assert();
    merge().success().stdout("");
    assert_eq!(fs::read_to_string(home.file("ours.json")).unwrap(), "{\"a\": {\"x\": 1,\"y\": 2}}\n");
    home.write("theirs.json", "<<<<<<<\n");
    merge().code(4).stderr(contains("theirs.json:1:1").and(contains("not JSON")));
    assert_eq!(fs::read_to_string(home.file("ours.json")).unwrap(), "{\"a\": {\"x\": 1,\"y\": 2}}\n");
}
