//! Rooms that take a ticket.

use std::process::{Command, Stdio};

use predicates::prelude::*;
use predicates::str::contains;

use super::support::process::Process;
use super::support::server::SignalServer;
use super::support::{BINARY, Home, UNSET};
use super::{DOCUMENT, until};

/// A locked room that `ultrawave serve` holds open, and a home that knows nothing of it.
struct Locked {
    home: Home,
    stranger: Home,
    server: SignalServer,
    holder: Process,
    ticket: String,
}

impl Locked {
    fn new(options: &[&str]) -> Self {
        let (home, server) = (Home::new(), SignalServer::start());
        home.write("document.json", DOCUMENT);
        let arguments = ["serve", "demo", "document.json", "--locked", "--signal", server.url()];
        let mut holder = Process::run(&home, &[&arguments, options].concat());
        holder.wait_for_message("serving");
        let ticket = said_after(&holder, "others join with: ultrawave join ").unwrap_or_default();
        Self { home, stranger: Home::new(), server, holder, ticket }
    }

    /// As somebody else, on another machine.
    fn elsewhere(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        self.stranger.ultrawave().args(arguments).assert()
    }

    fn here(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        self.home.ultrawave().args(arguments).args(["--signal", self.server.url()]).assert()
    }

    fn invite(&self, options: &[&str]) -> String {
        let run = self.home.ultrawave().args(["invite", "demo"]).args(options).assert().success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned()
    }
}

fn end(process: &mut Process) {
    process.signal("TERM");
    assert_eq!(process.exit_code(), Some(143));
}

/// What a process said after some words.
fn said_after(process: &Process, words: &str) -> Option<String> {
    process.stderr().iter().find_map(|line| line.split_once(words).map(|(_, rest)| rest.to_owned()))
}

#[test]
fn a_ticket_lets_in_and_names_the_server() {
    let room = Locked::new(&[]);
    assert!(room.ticket.starts_with("uw1"), "{}", room.ticket);
    room.elsewhere(&["get", &room.ticket]).success().stdout(DOCUMENT);
    room.elsewhere(&["set", &room.ticket, "/port", "81"]).success();
    // On this machine the name is enough: the room is open here, and kept.
    room.here(&["get", "demo", "/port"]).success().stdout("81\n");
    room.home.ultrawave().args(["set", "demo", "/port", "82"]).assert().success();
    room.elsewhere(&["get", &room.ticket, "/port"]).success().stdout("82\n");
    room.elsewhere(&["peers", &room.ticket]).success();
}

#[test]
fn without_the_ticket_it_is_as_if_the_room_were_not_there() {
    let room = Locked::new(&[]);
    let signal = ["--signal", room.server.url()];
    let by_name = |room: &Locked, name: &str| {
        let run = room.elsewhere(&[&["get", name], &signal[..]].concat()).code(3).stdout("");
        String::from_utf8(run.get_output().stderr.clone()).unwrap().replace(name, "ROOM")
    };
    assert_eq!(by_name(&room, "demo"), by_name(&room, "another"));
    // A room of one's own, of the same name, with other secrets.
    let other = Locked::new(&[]);
    let wrong = room.elsewhere(&[&["get", &other.ticket], &signal[..]].concat());
    wrong.code(3).stdout("").stderr(contains("nobody is in the locked room demo"));
    let mut damaged = room.ticket.clone();
    damaged.replace_range(20..21, if damaged[20..21] == *"A" { "B" } else { "A" });
    for ticket in [&damaged[..], &room.ticket[..60], &room.ticket[..30]] {
        let run = room.elsewhere(&["get", ticket]).code(2).stderr(contains("damaged"));
        run.stderr(contains(ticket).not());
    }
}

#[test]
fn a_ticket_need_not_be_an_argument() {
    let room = Locked::new(&[]);
    room.stranger.write("ticket", format!("ultrawave join {}\n", room.ticket));
    room.elsewhere(&["get", "-", "/port", "--ticket-file", "ticket"]).success().stdout("80\n");
    room.elsewhere(&["get", "demo", "/port", "--ticket-file", "ticket"]).success().stdout("80\n");
    let other = room.elsewhere(&["get", "other", "/port", "--ticket-file", "ticket"]).code(2);
    other.stderr(contains("is to demo, not to other"));
    room.elsewhere(&["get", &room.ticket, "--ticket-file", "ticket"]).code(2);
    room.elsewhere(&["get", "-", "--ticket-file", "nowhere"]).code(1).stderr(contains("nowhere"));
    for argument in ["-", "demo"] {
        let mut command = room.stranger.ultrawave();
        command.env("ULTRAWAVE_TICKET", &room.ticket).args(["get", argument, "/port"]);
        command.assert().success().stdout("80\n");
    }
    // The first line of standard input is the ticket, the rest the value.
    let mut command = room.stranger.ultrawave();
    command.args(["set", "-", "/port", "-"]).write_stdin(format!("{}\n[1,\n2]\n", room.ticket));
    command.assert().success();
    room.here(&["get", "demo", "/port", "--compact"]).success().stdout("[1,2]\n");
    let mut command = room.stranger.ultrawave();
    command.args(["get", "-"]).write_stdin("no ticket\n").assert().code(2).stderr(contains("uw1"));
}

#[test]
fn a_ticket_is_in_no_log_and_in_no_list_of_processes() {
    let room = Locked::new(&[]);
    room.stranger.write("ticket", &room.ticket);
    let mut command = Command::new(BINARY);
    command.args(["watch", "-", "--ticket-file", "ticket", "--log-file", "log"]);
    command.envs(room.stranger.environment()).current_dir(room.stranger.path());
    for name in UNSET {
        command.env_remove(name);
    }
    command.env("RUST_LOG", "trace").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut watching = command.spawn().unwrap();
    let log = || std::fs::read_to_string(room.stranger.file("log")).unwrap_or_default();
    until("it is in the room", || log().contains("a connection is open"));
    room.here(&["set", "demo", "/port", "81"]).success();
    let arguments = std::fs::read(format!("/proc/{}/cmdline", watching.id())).unwrap_or_default();
    watching.kill().unwrap();
    watching.wait().unwrap();
    // The secret itself, without what says which room and server.
    let secret = &room.ticket[10..50];
    let mut argued = Process::run(&room.stranger, &["watch", &room.ticket]);
    argued.wait_for_message("watching");
    let seen = std::fs::read(format!("/proc/{}/cmdline", argued.pid())).unwrap_or_default();
    let seen = String::from_utf8_lossy(&seen).replace('\0', " ");
    assert!(!seen.contains(secret) && seen.trim_end().ends_with("watch -"), "{seen}");
    assert!(!String::from_utf8_lossy(&arguments).contains(secret));
    assert!(!log().contains(secret), "it is in the log");
}

#[test]
fn a_reading_ticket_is_for_looking_only() {
    let mut room = Locked::new(&["--read-only-ticket"]);
    let reading = said_after(&room.holder, "others look with: ultrawave join ").unwrap();
    assert_eq!(room.invite(&["--read"]), reading);
    assert_eq!(room.invite(&[]), room.ticket);
    room.elsewhere(&["get", &reading, "/port"]).success().stdout("80\n");
    for edit in [
        &["set", &reading, "/port", "81"][..],
        &["delete", &reading, "/port"],
        &["merge", &reading, "", "{\"port\": 81}"],
        &["splice", &reading, "/users", "0", "1"],
        &["update", &reading, "/port", "--", "echo", "81"],
    ] {
        room.elsewhere(edit).code(7).stdout("").stderr(contains("only look").or(contains("read")));
        // Also where a peer of this user runs that may write.
        room.home.ultrawave().args(edit).assert().code(7);
    }
    room.elsewhere(&["invite", &reading]).code(7).stdout("");
    room.elsewhere(&["invite", &reading, "--read"]).success().stdout(format!("{reading}\n"));
    room.elsewhere(&["create", &reading]).code(2);
    let mut looking = Process::run(&room.stranger, &["watch", &reading, "--name", "Bo"]);
    looking.wait_for_message("watching");
    // The roles that are shown are those in force.
    let role_of_bo = |options: &[&str]| {
        let run = room.home.ultrawave().args(["peers", "demo"]).args(options).assert().success();
        let told = String::from_utf8(run.get_output().stdout.clone()).unwrap();
        told.lines().find(|line| line.contains("Bo")).unwrap_or_default().to_owned()
    };
    assert!(role_of_bo(&[]).ends_with("(read-only)"), "{}", role_of_bo(&[]));
    assert!(role_of_bo(&["--json"]).contains("\"read_only\":true"), "{}", role_of_bo(&["--json"]));
    room.here(&["set", "demo", "/port", "82"]).success();
    looking.wait_for_lines(1);
    room.elsewhere(&["get", &reading, "/port"]).success().stdout("82\n");
    end(&mut room.holder);
}

#[test]
fn a_room_is_locked_unless_only_this_machine_can_reach_its_server() {
    let (home, server) = (Home::new(), SignalServer::start());
    let beyond = server.url().replace("127.0.0.1", "0.0.0.0");
    let serve = |arguments: &[&str]| {
        let mut holder = Process::run(&home, &[&["serve", "demo"], arguments].concat());
        holder.wait_for_message("serving");
        holder
    };
    let joined = |holder: &Process| said_after(holder, "others join with: ultrawave join ").unwrap();
    let near = serve(&["--signal", server.url()]);
    assert_eq!(joined(&near), format!("demo --signal {}", server.url()));
    let mut far = serve(&["--signal", &beyond]);
    assert!(joined(&far).starts_with("uw1"));
    end(&mut far);
    let open = serve(&["--signal", &beyond, "--open"]);
    assert_eq!(joined(&open), format!("demo --signal {beyond}"));
    let mut shut = serve(&["--signal", &beyond, "--locked", "--no-write-ticket"]);
    assert!(said_after(&shut, "others join with: a ticket that `ultrawave invite demo`").is_some());
    assert!(!shut.stderr().iter().any(|line| line.contains("uw1")), "{:?}", shut.stderr());
    end(&mut shut);
    let looked = serve(&["--signal", &beyond, "--locked", "--no-write-ticket", "--read-only-ticket"]);
    let reading = joined(&looked);
    Home::new().ultrawave().args(["set", &reading, "/a", "1"]).assert().code(7);
}

#[test]
fn a_locked_room_goes_on_by_its_name_after_its_end() {
    let mut room = Locked::new(&[]);
    room.elsewhere(&["set", &room.ticket, "/port", "81"]).success();
    room.holder.signal("KILL");
    room.holder.exit_code();
    let kept = room.home.ultrawave().args(["status", "demo"]).assert().success();
    let kept = kept.stdout(contains("locked, here as owner").and(contains("uw1").not()));
    kept.stdout(contains(room.server.url()));
    room.home
        .ultrawave()
        .args(["status", &room.ticket, "--json"])
        .assert()
        .success()
        .stdout(contains("owner"));
    let other = Locked::new(&[]);
    room.home.ultrawave().args(["status", &other.ticket]).assert().success().stdout("");
    // Neither the file nor the ticket has to be named again.
    let signal = ["--signal", room.server.url()];
    let mut holder = Process::run(&room.home, &[&["serve", "demo", "document.json"], &signal[..]].concat());
    holder.wait_for_message("serving demo as author 1");
    assert_eq!(said_after(&holder, "others join with: ultrawave join ").unwrap(), room.ticket);
    room.elsewhere(&["get", &room.ticket, "/port"]).success().stdout("81\n");
    end(&mut holder);
    let mut holder = Process::run(&room.home, &["serve", &room.ticket, "document.json"]);
    holder.wait_for_message("serving demo as author 1");
    assert_eq!(room.invite(&[]), room.ticket);
    room.elsewhere(&["get", &room.ticket, "/port"]).success().stdout("81\n");
    end(&mut holder);
    room.home.ultrawave().args(["forget", "demo"]).assert().success();
    room.home.ultrawave().args(["invite", "demo"]).assert().code(1).stdout("");
}

#[test]
fn a_room_that_is_kept_is_meant_by_its_name_also_where_nothing_more_is_kept() {
    let room = Locked::new(&[]);
    let (mut holder, home) = (room.holder, room.home);
    end(&mut holder);
    home.write("ultrawave/config.toml", "keep = false\n");
    // By its name the server would be asked for an open room.
    let run = home.ultrawave().args(["invite", "demo"]).assert().success();
    run.stdout(format!("{}\n", room.ticket));
}

#[test]
fn no_name_of_a_file_is_obeyed() {
    let (home, server) = (Home::new(), SignalServer::start());
    let name = "a\u{1b}]0;b\u{7}\u{202e}.json";
    let mut holder = Process::run(&home, &["serve", "demo", name, "--signal", server.url()]);
    holder.wait_for_message("serving");
    let is_live = |text: &str| text.contains(['\u{1b}', '\u{7}', '\u{202e}']);
    assert!(!holder.stderr().iter().any(|line| is_live(line)), "{:?}", holder.stderr());
    let run = home.ultrawave().args(["status", "demo"]).assert().success().stdout(contains("a\\u001b]0;b"));
    assert!(!is_live(&String::from_utf8_lossy(&run.get_output().stdout)));
    end(&mut holder);
}

#[test]
fn revoke_removes_a_member_and_changes_the_keys() {
    let mut room = Locked::new(&["--name", "Owner"]);
    let (bo_home, cy_home) = (Home::new(), Home::new());
    let mut bo = Process::run(&bo_home, &["watch", &room.ticket, "--name", "Bo"]);
    bo.wait_for_message("watching");
    let reading = room.invite(&["--read"]);
    let mut cy = Process::run(&cy_home, &["watch", &reading, "--name", "Cy"]);
    cy.wait_for_message("watching");
    let mut dee = Process::run(&room.stranger, &["serve", &room.ticket, "copy.json", "--name", "Dee"]);
    dee.wait_for_message("serving");
    room.here(&["set", "demo", "/port", "81"]).success();
    bo.wait_for_lines(1);
    room.here(&["revoke", "demo", "Nobody"]).code(1).stderr(contains("nobody called Nobody"));
    room.elsewhere(&["revoke", &room.ticket, "Bo"]).code(7).stdout("");
    let run = room.here(&["revoke", "demo", "Bo"]).success().stderr(contains("is removed"));
    let run = run.stderr(contains("others have the new ones"));
    let new = String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned();
    assert!(new.starts_with("uw1") && new != room.ticket);
    assert_eq!(room.invite(&[]), new);
    // Those who stay go on; whoever was removed hears nothing more.
    room.here(&["set", "demo", "/port", "82"]).success();
    cy.wait_for_lines(2);
    let copy = || std::fs::read_to_string(room.stranger.file("copy.json")).unwrap_or_default();
    until("the copy follows", || copy().contains("82"));
    bo.wait_for_message("has removed this member");
    assert_eq!((bo.exit_code(), bo.stdout().len()), (Some(7), 1));
    // The old ticket is as good as none, the new one as the old one was.
    bo_home.ultrawave().args(["get", &room.ticket]).assert().code(3).stdout("");
    bo_home.ultrawave().args(["set", &new, "/port", "83"]).assert().success();
    room.home.ultrawave().args(["get", "demo", "/port"]).assert().success().stdout("83\n");
    // The owner and a member who stayed come back with the new keys, however they ended.
    for process in [&mut room.holder, &mut dee] {
        process.signal("KILL");
        process.exit_code();
    }
    let mut holder =
        Process::run(&room.home, &["serve", "demo", "document.json", "--signal", room.server.url()]);
    holder.wait_for_message("serving demo as author 1");
    let mut dee = Process::run(&room.stranger, &["serve", "demo", "copy.json"]);
    dee.wait_for_message("serving demo");
    bo_home.ultrawave().args(["set", &new, "/port", "84"]).assert().success();
    until("the copy follows", || copy().contains("84"));
    end(&mut dee);
    end(&mut holder);
}

#[test]
fn keys_are_changed_where_nobody_is_and_a_kept_session_goes_on_with_a_new_ticket() {
    let mut room = Locked::new(&[]);
    room.stranger.write("copy.json", DOCUMENT);
    let mut dee = Process::run(&room.stranger, &["serve", &room.ticket, "copy.json"]);
    dee.wait_for_message("serving");
    let author = said_after(&dee, "serving demo as author ").unwrap();
    end(&mut dee);
    end(&mut room.holder);
    // What is kept here is the owner's, without a process that has it.
    let run = room.home.ultrawave().args(["revoke", "demo"]).assert().success();
    let new = String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned();
    let mut holder =
        Process::run(&room.home, &["serve", "demo", "document.json", "--signal", room.server.url()]);
    holder.wait_for_message("serving");
    assert_eq!(said_after(&holder, "others join with: ultrawave join ").unwrap(), new);
    // By its old keys the other one finds nobody; with the new ticket it is who it was.
    let mut alone = Process::run(&room.stranger, &["serve", "demo", "copy.json"]);
    alone.wait_for_message("nobody else is in demo now; if its keys were changed");
    alone.wait_for_message("`ultrawave invite demo` prints there");
    alone.wait_for_message("serving");
    // What is written by somebody who found nobody is not lost.
    room.stranger.write("copy.json", DOCUMENT.replace("80", "90"));
    alone.wait_for_message("1 change taken in");
    end(&mut alone);
    room.stranger
        .ultrawave()
        .args(["status", "demo"])
        .assert()
        .success()
        .stdout(contains("1 edit that nobody"));
    let mut dee = Process::run(&room.stranger, &["serve", &new, "copy.json"]);
    dee.wait_for_message(&format!("serving demo as author {author}"));
    let on_disk = || std::fs::read_to_string(room.home.file("document.json")).unwrap_or_default();
    until("what was edited alone is here", || on_disk().contains("\"port\": 90"));
    room.here(&["set", "demo", "/port", "85"]).success();
    let copy = || std::fs::read_to_string(room.stranger.file("copy.json")).unwrap_or_default();
    until("the copy follows", || copy().contains("85"));
    end(&mut dee);
    end(&mut holder);
}
