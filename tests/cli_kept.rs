//! What is kept on this machine: sessions that outlive their process, work without a server, and
//! disks that fail. Real processes, real WebRTC on loopback.

#![cfg(all(feature = "app", unix))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod support;

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use predicates::str::contains;
use support::process::Process;
use support::server::SignalServer;
use support::{BINARY, Home, UNSET};
use tokio::sync::oneshot;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

fn start(home: &Home, url: &str, arguments: &[&str]) -> Process {
    let mut process = Process::run(home, &[arguments, &["--signal", url]].concat());
    process.wait_for_message("serving");
    process
}

fn run(home: &Home, url: &str, arguments: &[&str]) -> assert_cmd::assert::Assert {
    home.ultrawave().args(arguments).args(["--signal", url]).assert()
}

fn get(home: &Home, url: &str, path: &str) -> String {
    let run = run(home, url, &["get", "demo", path, "--compact"]).success();
    String::from_utf8(run.get_output().stdout.clone()).unwrap().trim_end().to_owned()
}

fn kill(mut process: Process) {
    process.signal("KILL");
    assert_eq!(process.exit_code(), None);
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(20));
    }
    panic!("never: {what}");
}

/// What `status` says of the one session that is kept.
fn status(home: &Home) -> String {
    let run = home.ultrawave().args(["status", "demo", "--json"]).assert().success();
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

#[test]
fn killed_again_and_again_nothing_that_was_acknowledged_is_lost() {
    let (home, server) = (Home::new(), SignalServer::start());
    let writer = Home::new();
    home.write("a.json", "{\"list\": []}\n");
    let mut holder = start(&home, server.url(), &["serve", "demo", "a.json"]);
    let mut expected = Vec::new();
    for number in 0..8 {
        let key = format!("/key {number}");
        run(&writer, server.url(), &["set", "demo", &key, &number.to_string()]).success();
        expected.push(format!("\"key {number}\":{number}"));
        // At once, at first; later while it writes.
        sleep(Duration::from_millis(number * 17));
        kill(holder);
        holder = start(&home, server.url(), &["serve", "demo", "a.json"]);
    }
    assert_eq!(get(&writer, server.url(), ""), format!("{{\"list\":[],{}}}", expected.join(",")));
    let kept = status(&home);
    assert!(kept.contains("\"author\":1,\"running\":true"), "it is who it was: {kept}");
    let on_disk = || std::fs::read_to_string(home.file("a.json")).unwrap();
    until("the file is in step", || on_disk().contains("\"key 7\": 7"));
}

#[test]
fn edits_made_without_a_server_are_kept_and_sent_when_it_is_there() {
    let home = Home::new();
    let other = Home::new();
    home.write("a.json", "{\"n\": 0}\n");
    let first = Signal::start(0);
    let url = first.url.clone();
    let port = first.port;
    let holder = start(&home, &url, &["serve", "demo", "a.json"]);
    let guest = start(&other, &url, &["serve", "demo", "b.json"]);
    kill(holder);
    kill(guest);
    drop(first);
    // Nobody is there: neither the server nor the other.
    let mut holder = start(&home, &url, &["serve", "demo", "a.json"]);
    holder.wait_for_message("offline");
    holder.wait_for_message("serving");
    home.write("a.json", "{\"n\": 0, \"offline\": true}\n");
    until("the edit is kept", || status(&home).contains("\"unsent\":1"));
    kill(holder);
    let mut guest = start(&other, &url, &["serve", "demo", "b.json"]);
    guest.wait_for_message("offline");
    guest.wait_for_message("serving");
    until("its file is there", || other.file("b.json").exists());
    other.write("b.json", "{\"n\": 1}\n");
    let kept = || {
        let run = other.ultrawave().args(["status", "--json"]).assert().success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap()
    };
    until("the other's edit is kept", || kept().contains("\"unsent\":1"));
    let holder = start(&home, &url, &["serve", "demo", "a.json"]);
    let _server = Signal::start(port);
    let read = |home: &Home, name: &str| std::fs::read_to_string(home.file(name)).unwrap();
    until("both have both", || {
        let (a, b) = (read(&home, "a.json"), read(&other, "b.json"));
        [a, b].iter().all(|text| text.contains("\"n\": 1") && text.contains("\"offline\": true"))
    });
    until("nothing is unsent", || status(&home).contains("\"unsent\":0") && kept().contains("\"unsent\":0"));
    drop(holder);
}

#[test]
fn a_room_of_which_everyone_has_gone_is_itself_again() {
    let (home, server) = (Home::new(), SignalServer::start());
    let guest = Home::new();
    home.write("a.json", "{\"n\": 0}\n");
    let mut holder = start(&home, server.url(), &["serve", "demo", "a.json"]);
    let mut other = start(&guest, server.url(), &["serve", "demo"]);
    run(&guest, server.url(), &["set", "demo", "/n", "1"]).success();
    for process in [&mut holder, &mut other] {
        process.signal("TERM");
        assert_eq!(process.exit_code(), Some(143));
    }
    // The guest alone brings it back, with its history.
    let _other = start(&guest, server.url(), &["serve", "demo"]);
    assert_eq!(get(&home, server.url(), ""), "{\"n\":1}");
    run(&home, server.url(), &["log", "demo", "--json"]).success().stdout(contains("\"set\",[\"n\"],1"));
    let mut holder = start(&home, server.url(), &["serve", "demo", "a.json"]);
    holder.wait_for_message("as author 1");
}

#[test]
fn another_room_of_the_same_name_is_not_mixed_with_the_one_that_is_kept() {
    let (home, server) = (Home::new(), SignalServer::start());
    let stranger = Home::new();
    let mut holder = start(&home, server.url(), &["serve", "demo"]);
    holder.signal("TERM");
    holder.exit_code();
    let _other = start(&stranger, server.url(), &["serve", "demo"]);
    run(&home, server.url(), &["serve", "demo"]).code(1).stderr(contains("another room is called demo now"));
    home.ultrawave().args(["forget", "demo"]).assert().success();
    start(&home, server.url(), &["serve", "demo"]);
}

#[test]
fn what_is_kept_is_listed_and_cleared_away_with_consent() {
    let (home, server) = (Home::new(), SignalServer::start());
    home.ultrawave().arg("status").assert().success().stdout("").stderr(contains("nothing is kept"));
    home.write("a.json", "{}\n");
    let mut holder = start(&home, server.url(), &["serve", "demo", "a.json"]);
    home.write("a.json", "{\"edited\": 1}\n");
    until("the edit is kept", || status(&home).contains("\"unsent\":1"));
    home.ultrawave().args(["forget", "demo"]).assert().code(1).stderr(contains("another process"));
    holder.signal("TERM");
    holder.exit_code();
    let listed = home.ultrawave().arg("status").assert().success();
    listed.stdout(contains("1 edit that nobody else has")).stdout(contains("a.json"));
    home.ultrawave().args(["forget", "demo"]).assert().code(1).stderr(contains("--force"));
    home.ultrawave().args(["forget", "demo", "--force"]).assert().success();
    home.ultrawave().args(["forget", "demo"]).assert().code(1).stderr(contains("nothing is kept of demo"));
    assert_eq!(std::fs::read_to_string(home.file("a.json")).unwrap(), "{\"edited\": 1}\n");
}

#[test]
fn a_session_at_work_tells_how_it_stands_with_the_others() {
    let (home, server) = (Home::new(), SignalServer::start());
    let guest = Home::new();
    let mut holder = start(&home, server.url(), &["serve", "demo", "--name", "Ana"]);
    let _guest = start(&guest, server.url(), &["serve", "demo", "--name", "Bo"]);
    let measured =
        ["\"candidates\":", "\"round_trip_ms\":", "\"bytes_in\":", "\"bytes_out\":", "\"resends\":"];
    until("it says so", || {
        let said = status(&home);
        said.contains(
            "\"signaling\":\"connected\",\"peers\":[{\"author\":2,\"name\":\"Bo\",\"state\":\"live\"",
        ) && measured.iter().all(|member| said.contains(member))
    });
    home.ultrawave().arg("status").assert().success().stdout(contains("  with Bo (live, "));
    holder.signal("TERM");
    holder.exit_code();
    assert!(status(&home).contains("\"signaling\":null,\"peers\":null"));
}

#[test]
fn a_full_disk_is_said_and_survived() {
    let (home, server) = (Home::new(), SignalServer::start());
    let writer = Home::new();
    // No file may become longer than 128 kB; a write beyond that fails, as on a full disk.
    let script = "trap '' XFSZ; ulimit -S -f 256; exec \"$0\" serve demo --signal \"$1\"";
    let mut holder = Limited::run(&home, script, server.url());
    until("it serves", || run_quietly(&writer, server.url(), &["get", "demo"]));
    let long = format!("\"{}\"", "x".repeat(120_000));
    run(&writer, server.url(), &["set", "demo", "/long", &long]).success();
    until("it is said", || holder.said().contains("not kept on this disk"));
    run(&writer, server.url(), &["set", "demo", "/more", "1"]).success();
    assert_eq!(get(&writer, server.url(), "/more"), "1");
    let raised = Command::new("prlimit")
        .args(["--pid", &holder.child.id().to_string(), "--fsize=unlimited"])
        .status()
        .is_ok_and(|status| status.success());
    if raised {
        until("it has caught up", || holder.said().contains("kept on this disk again"));
    }
    let _ = holder.child.kill();
    let _ = holder.child.wait();
    let again = start(&home, server.url(), &["serve", "demo"]);
    if raised {
        assert_eq!(get(&writer, server.url(), "/more"), "1");
    }
    drop(again);
}

#[test]
fn without_a_place_to_keep_it_a_room_works_and_says_so() {
    let (home, server) = (Home::new(), SignalServer::start());
    // Where the folder of rooms should be, there is a file.
    home.write("ultrawave/rooms", "");
    let mut holder = Process::run(&home, &["serve", "demo", "--signal", server.url()]);
    holder.wait_for_message("not kept on this disk");
    holder.wait_for_message("serving");
    run(&home, server.url(), &["set", "demo", "/n", "1"]).success();
    assert_eq!(get(&home, server.url(), "/n"), "1");
}

/// A signaling server that can come back at the same address.
struct Signal {
    url: String,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Signal {
    fn start(port: u16) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind(("127.0.0.1", port), Options::default()).await.unwrap();
                tell.send(server.local_addr().port()).unwrap();
                server.run(async { stopped.await.unwrap_or_default() }).await;
            });
        });
        let port = told.recv().unwrap();
        Self { url: format!("ws://127.0.0.1:{port}"), port, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The binary, started by a shell that limits it.
struct Limited {
    child: Child,
    messages: std::path::PathBuf,
}

impl Limited {
    fn run(home: &Home, script: &str, url: &str) -> Self {
        // Through cat, so that the limit does not hold for what it says.
        let messages = home.file("messages");
        let mut command = Command::new("sh");
        command.args(["-c", script, BINARY, url]).envs(home.environment()).current_dir(home.path());
        for variable in UNSET {
            command.env_remove(variable);
        }
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let copy = messages.clone();
        std::thread::spawn(move || {
            let mut file = std::fs::File::create(copy).unwrap();
            let _ = std::io::copy(&mut stderr, &mut file);
        });
        Self { child, messages }
    }

    fn said(&mut self) -> String {
        std::fs::read_to_string(&self.messages).unwrap_or_default()
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run_quietly(home: &Home, url: &str, arguments: &[&str]) -> bool {
    let mut command = home.ultrawave();
    command.args(arguments).args(["--signal", url]).output().is_ok_and(|output| output.status.success())
}
