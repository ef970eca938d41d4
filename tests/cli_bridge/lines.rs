//! JSON Lines: kept in step, whatever the file is called, and merged by git.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use predicates::str::contains;

use super::serve;
use super::support::server::SignalServer;
use super::support::terminal::Terminal;
use super::support::{BINARY, Home};

const LOG: &str = "{\"id\": 1}\r\nnot json\r\n\r\n{\"id\": 2.50}";

fn until(home: &Home, file: &str, text: &str) {
    let on_disk = || fs::read_to_string(home.file(file)).unwrap_or_default();
    for _ in 0..600 {
        if on_disk() == text {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("{file} is not {text:?}, but {:?}", on_disk());
}

#[test]
fn lines_are_kept_in_step_whatever_the_file_is_called_and_a_bad_one_is_shown() {
    let (home, elsewhere, server) = (Home::new(), Home::new(), SignalServer::start());
    home.write("events.log", LOG);
    let mut holder = serve(&home, &server, &["demo", "events.log", "--lines"]);
    holder.wait_for_message("events.log:2:1: not JSON");
    // Who joins gets the same bytes.
    let mut copy = serve(&elsewhere, &server, &["demo", "copy.ndjson"]);
    until(&elsewhere, "copy.ndjson", LOG);
    let run = |arguments: &[&str]| {
        elsewhere.ultrawave().args(arguments).args(["--signal", server.url()]).assert().success()
    };
    run(&["get", "demo", "/1"]).stdout(contains(r#""not jso\u006e""#));
    run(&["set", "demo", "/0/id", "7"]);
    let edited = LOG.replace("1}", "7}");
    until(&home, "events.log", &edited);
    until(&elsewhere, "copy.ndjson", &edited);
    // Another program adds a line, and one that is half written.
    let longer = format!("{edited}\r\n[3]\r\n{{\"id\":");
    home.write("events.log", &longer);
    // The last letter of such a line is spelled so that it is told from a string that says the same.
    let shown = concat!(r#"[{"id":7},"not jso\u006e",{"id":2.50},[3],"{\"i\u0064\":"]"#, "\n");
    for _ in 0..100 {
        if run(&["get", "demo", "--compact"]).get_output().stdout == shown.as_bytes() {
            break;
        }
    }
    run(&["get", "demo", "--compact"]).stdout(shown);
    until(&home, "events.log", &longer);
    // It goes on from there.
    holder.signal("TERM");
    assert_eq!(holder.exit_code(), Some(143));
    run(&["delete", "demo", "/3"]);
    let mut again = serve(&home, &server, &["demo", "events.log", "--lines"]);
    until(&home, "events.log", &longer.replace("[3]\r\n", ""));
    for member in [&mut again, &mut copy] {
        member.signal("TERM");
        assert_eq!(member.exit_code(), Some(143));
    }
}

#[test]
fn lines_come_through_a_pipe_and_a_joiner_saves_them() {
    let (home, elsewhere, server) = (Home::new(), Home::new(), SignalServer::start());
    home.write("events.log", LOG);
    let create = format!("{BINARY} create demo - --lines --signal {} < events.log", server.url());
    let mut creator = Terminal::start("Ana", &home, "sh", &["-c", &create]);
    creator.wait_for("2.50");
    let join = ["join", "demo", "--save", "copy.ndjson", "--signal", server.url()];
    let mut joiner = Terminal::run("Bo", &elsewhere, &join);
    joiner.wait_for("2.50");
    until(&elsewhere, "copy.ndjson", LOG);
    for editor in [&mut joiner, &mut creator] {
        editor.press(":q!\r");
        assert_eq!(editor.exit_code(), 0);
    }
}

#[test]
fn git_merges_lines_by_the_file_s_own_name() {
    let home = Home::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=T", "-c", "user.email=t@example.org"]).args(arguments);
        command.current_dir(home.path()).envs(home.environment()).env("GIT_CONFIG_NOSYSTEM", "1");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["config", "merge.ultrawave.driver", &format!("{BINARY} merge-driver %O %A %B %P")]);
    home.write(".gitattributes", "*.ndjson merge=ultrawave\n");
    for (branch, text) in [
        ("main", "{\"id\":1,\"n\":0}\n{\"id\":2}\n"),
        ("theirs", "{\"id\":1,\"n\":0,\"m\":1}\n{\"id\":2}\n{\"id\":3}\n"),
        ("ours", "{\"id\": 1,\"n\":5}\n"),
    ] {
        if branch != "main" {
            git(&["checkout", "-q", "-b", branch, "main"]);
        }
        home.write("events.ndjson", text);
        git(&["add", "."]);
        git(&["commit", "-qm", branch]);
    }
    git(&["merge", "-q", "theirs", "-m", "merged"]);
    let merged = fs::read_to_string(home.file("events.ndjson")).unwrap();
    assert_eq!(merged, "{\"id\": 1,\"n\":5,\"m\": 1}\n{\"id\": 3}\n");
}

#[test]
fn a_document_over_the_limit_is_refused_with_the_number_and_the_option() {
    let (home, server) = (Home::new(), SignalServer::start());
    home.write("long.json", format!("[\"{}\"]\n", "x".repeat(3 << 20)));
    let serve = |limit: &str| {
        let mut command = home.ultrawave();
        command.args(["serve", "demo", "long.json", "--max-document", limit, "--signal", server.url()]);
        command.assert()
    };
    let told =
        "the document has 3 MB (3145733 bytes), and a room is opened with at most 2 MB (2097152 bytes)";
    serve("2M").code(1).stderr(contains(told)).stderr(contains("--max-document allows more"));
    serve("2 pounds").code(2).stderr(contains("--max-document"));
    // It is refused before anything is opened, in the editor too.
    let create = format!("{BINARY} create demo long.json --max-document 2M --signal {}", server.url());
    let mut editor = Terminal::start("Ana", &home, "sh", &["-c", &format!("{create}; read wait")]);
    editor.wait_for("--max-document");
    editor.press("\r");
    home.ultrawave().args(["get", "demo", "--signal", server.url()]).assert().code(3);
}
