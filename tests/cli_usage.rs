//! The command line where no room is needed: help, completions, the manual, and what is refused
//! before anything is asked of a network.

#![cfg(feature = "app")]
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod support;

use predicates::prelude::*;
use predicates::str::{contains, is_empty, starts_with};
use support::Home;

const VERBS: [&str; 20] = [
    "create",
    "join",
    "open",
    "serve",
    "get",
    "set",
    "delete",
    "merge",
    "splice",
    "apply",
    "update",
    "edit",
    "watch",
    "log",
    "peers",
    "replay",
    "diff",
    "merge-driver",
    "completions",
    "man",
];

/// An address where nothing listens.
const NOBODY: &str = "ws://127.0.0.1:9";

fn output(arguments: &[&str]) -> String {
    let run = Home::new().ultrawave().args(arguments).assert().success().stderr(is_empty());
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

#[test]
fn alone_it_says_what_it_is_and_what_to_try() {
    let text = output(&[]);
    assert!(text.starts_with("ultrawave: edit one JSON document together"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("  ultrawave ")).count(), 3, "{text}");
}

#[test]
fn the_long_help_starts_with_examples_and_the_short_one_has_none() {
    for verb in VERBS {
        let (long, short) = (output(&[verb, "--help"]), output(&[verb, "-h"]));
        let (examples, usage) = (long.find("Examples:\n  "), long.find("Usage:"));
        assert!(examples.is_some() && examples < usage, "{long}");
        assert!(long.lines().nth(3).is_some_and(|line| line.contains(verb)), "{long}");
        assert!(!short.contains("Examples:") && short.contains("Usage:"), "{short}");
    }
    let long = output(&["--help"]);
    assert!(VERBS.iter().all(|verb| long.contains(&format!("\n  {verb} "))), "{long}");
    assert!(long.contains("Exit codes:"), "{long}");
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(output(&["--version"]), format!("ultrawave {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_every_verb() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = output(&["completions", shell]);
        for verb in VERBS {
            assert!(script.contains(verb), "{shell} does not complete {verb}");
        }
    }
}

#[test]
fn the_manual_page_has_every_verb_and_section() {
    let page = output(&["man"]);
    assert!(page.contains(".TH ultrawave 1"), "{page}");
    for verb in VERBS {
        assert!(page.contains(&format!(".SS \"ultrawave {verb} ")), "no section on {verb}");
    }
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "PATHS", "ENVIRONMENT", "FILES"]
    {
        assert!(page.contains(&format!(".SH {section}\n")), "no section {section}");
    }
    assert!(page.contains(".SH \"EXIT STATUS\"\n"));
    assert!(page.contains("\\fBu, Ctrl\\-_\\fR\nundo your last edit\n"), "{page}");
}

#[test]
fn a_wrong_word_is_answered_with_the_nearest_right_one() {
    let home = Home::new();
    home.ultrawave().arg("crate").assert().code(2).stdout("").stderr(contains("'create'"));
    home.ultrawave().args(["get", "r", "--compct"]).assert().code(2).stderr(contains("'--compact'"));
    home.ultrawave().args(["get"]).assert().code(2).stderr(contains("<ROOM>"));
    home.ultrawave().args(["get", ""]).assert().code(2).stderr(contains("ROOM"));
}

#[test]
fn an_argument_that_is_not_json_is_shown_with_a_caret_and_a_hint() {
    let home = Home::new();
    let set =
        |value: &str| home.ultrawave().args(["set", "r", "/x", value, "--signal", NOBODY]).assert().code(4);
    set("hello").stdout("").stderr(contains("did you mean '\"hello\"'?"));
    set("it's").stderr(contains(r#"did you mean '"it'\''s"'?"#));
    set("{\"a\": }").stderr(contains("argument:1:7").and(contains("^")).and(contains("did you mean").not()));
    set("--force").stderr(contains("--help"));
    home.ultrawave()
        .args(["merge", "r", "/x", "-"])
        .write_stdin("{\n1}")
        .assert()
        .code(4)
        .stderr(contains("2:1"));
    let splice = home.ultrawave().args(["splice", "r", "/x", "0", "0", "1", "two"]).assert();
    splice.code(4).stderr(contains("\"two\""));
}

#[test]
fn negative_numbers_are_arguments() {
    let home = Home::new();
    for value in ["-1", "-1.5e-3", "-0"] {
        home.ultrawave().args(["set", "r", "/x", value, "--signal", NOBODY]).assert().code(3);
    }
    home.ultrawave().args(["splice", "r", "/x", "-1", "1", "-5", "--signal", NOBODY]).assert().code(3);
}

#[test]
fn only_one_argument_is_read_from_standard_input() {
    let run =
        Home::new().ultrawave().args(["splice", "r", "/x", "0", "0", "-", "-"]).write_stdin("1").assert();
    run.code(2).stderr(contains("standard input"));
}

#[test]
fn what_is_quoted_of_the_arguments_is_not_obeyed() {
    for arguments in
        [&["get", "a\u{1b}]0;b\u{7}"][..], &["get", "a", "/b", "--\u{9b}2J"], &["\u{1b}[2J\u{202e}"]]
    {
        let run = Home::new().ultrawave().args(arguments).assert().code(2);
        let live = contains("\u{1b}").or(contains("\u{9b}")).or(contains("\u{202e}")).or(contains("\u{7}"));
        run.stderr(live.not());
    }
}

#[test]
fn a_bad_path_is_a_usage_fault() {
    let home = Home::new();
    for path in ["users", ".users[", ".users[0"] {
        home.ultrawave().args(["get", "r", path]).assert().code(2).stdout("").stderr(contains(path));
    }
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_remedy() {
    let home = Home::new();
    for arguments in [&["get", "r"][..], &["watch", "r"], &["peers", "r"], &["delete", "r", "/x"]] {
        let run = home.ultrawave().args(arguments).args(["--signal", NOBODY]).assert();
        run.code(3).stdout("").stderr(contains(NOBODY).and(contains("ultrawave-signal")));
    }
}

#[test]
fn the_environment_comes_before_the_file_and_the_flag_before_both() {
    let home = Home::new();
    home.write("ultrawave/config.toml", "signal = 'ws://127.0.0.1:7'\n");
    home.ultrawave().args(["get", "r"]).assert().code(3).stderr(contains("127.0.0.1:7"));
    let get = |arguments: &[&str]| {
        home.ultrawave().env("ULTRAWAVE_SIGNAL", "ws://127.0.0.1:8").args(arguments).assert().code(3)
    };
    get(&["get", "r"]).stderr(contains("127.0.0.1:8"));
    get(&["get", "r", "--signal", NOBODY]).stderr(contains(NOBODY));
    get(&["--signal", NOBODY, "get", "r"]).stderr(contains(NOBODY));
}

#[test]
fn a_configuration_that_is_wrong_is_named_with_its_line() {
    let home = Home::new();
    home.write("ultrawave/config.toml", "name = 'A'\nsginal = 'ws://x'\n");
    let run = home.ultrawave().args(["get", "r"]).assert();
    run.code(2).stdout("").stderr(contains("config.toml").and(contains("line 2")).and(contains("sginal")));
}

#[test]
fn without_a_terminal_the_editor_names_the_verbs() {
    let home = Home::new();
    home.write("document.json", "{}");
    let create = home.ultrawave().args(["create", "r", "document.json"]).assert();
    create.code(2).stdout("").stderr(contains("terminal").and(contains("ultrawave serve r document.json")));
    home.ultrawave().args(["join", "r"]).assert().code(2).stderr(contains("ultrawave get r"));
    home.ultrawave().args(["open", "r"]).assert().code(2).stderr(contains("ultrawave serve r"));
}

#[test]
fn a_document_is_read_before_anything_else_is_tried() {
    let home = Home::new();
    home.write("bad.json", "{\"a\" 1}");
    for verb in ["create", "open", "serve"] {
        let run = home.ultrawave().args([verb, "r", "bad.json", "--signal", NOBODY]).assert();
        run.code(4).stdout("").stderr(contains("bad.json:1:6").and(contains("^")));
        let run = home.ultrawave().args([verb, "r", ".", "--signal", NOBODY]).assert();
        run.code(1).stderr(contains("folder"));
    }
    let run = home.ultrawave().args(["create", "r", "gone.json"]).assert();
    run.code(1).stderr(starts_with("ultrawave: ").and(contains("gone.json")));
}

#[test]
fn what_makes_no_sense_is_a_usage_fault() {
    let home = Home::new();
    let long = "x".repeat(65);
    let cases: [(&[&str], &str); 5] = [
        (&["serve", "r", "-"], "FILE"),
        (&["join", "r", "--save", "-"], "--save"),
        (&["join", "r", "--force"], "--save"),
        (&["get", "r", "--name", &long], "--name"),
        (&["get", " r"], "blank"),
    ];
    for (arguments, named) in cases {
        home.ultrawave().args(arguments).assert().code(2).stdout("").stderr(contains(named));
    }
}

#[test]
fn a_log_is_written_where_asked() {
    let home = Home::new();
    let run = home.ultrawave().args(["get", "r", "--signal", NOBODY, "--log-file", "log.txt"]).assert();
    run.code(3);
    assert!(home.file("log.txt").exists());
    let run = home.ultrawave().args(["get", "r", "--log-file", "gone/log.txt"]).assert();
    run.code(1).stderr(contains("gone/log.txt"));
}
