//! What `get` and `set` through a running peer take as whole processes, beside `redis-cli` doing the
//! same; and what it takes to join a room with a long document while it is edited.
//!
//! `cargo build --release && cargo run --example processes -- target/release/ultrawave verbs`, or
//! `… joins 100` for a document of 100 MB, `… joins 100 20` to stop the giving process for 20 s in
//! the middle of it, long enough to be given up and found again. The signaling server is expected
//! beside the program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a script: it ends where something is not as expected"
)]

mod measure;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use measure::peak_mb;

/// How often each verb is run.
const TIMES: usize = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).map(|text| text.parse::<u64>().unwrap());
    let program = Path::new(&arguments[0]).canonicalize().unwrap();
    match arguments[1].as_str() {
        "verbs" => verbs(&program),
        _ => joins(&program, number(2).unwrap_or(100), number(3).map(Duration::from_secs)),
    }
}

/// A process that ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A room, a server of its own, and somebody's home.
struct Home {
    folder: tempfile::TempDir,
    program: PathBuf,
    url: String,
}

impl Home {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--signal", &self.url]).current_dir(self.folder.path());
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
            command.env(name, self.folder.path());
        }
        command
    }

    /// Serves the room; the lines that it says.
    fn serve(&self, file: &[&str]) -> (Running, Receiver<String>) {
        let mut command = self.command(&[&["serve", "demo"], file].concat());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (lines, said) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        (Running(child), said)
    }
}

fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A signaling server, and so many homes around it.
fn homes<const COUNT: usize>(program: &Path) -> (Running, [Home; COUNT]) {
    let port = port().to_string();
    let mut server = Command::new(program.with_file_name("ultrawave-signal"));
    let server = server.args(["--port", &port]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(Duration::from_millis(500));
    let home = |_| Home {
        folder: tempfile::tempdir().unwrap(),
        program: program.to_owned(),
        url: format!("ws://127.0.0.1:{port}"),
    };
    (Running(server), std::array::from_fn(home))
}

fn wait_for(said: &Receiver<String>, text: &str) {
    while !said.recv_timeout(Duration::from_secs(150)).unwrap().contains(text) {}
}

fn time(mut command: Command) -> Duration {
    let start = Instant::now();
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    start.elapsed()
}

fn verbs(program: &Path) {
    let (_server, [home]) = homes(program);
    std::fs::write(home.folder.path().join("d.json"), "{\"port\": 80}\n").unwrap();
    let (_peer, said) = home.serve(&["d.json"]);
    wait_for(&said, "serving");
    time(home.command(&["set", "demo", "/port", "1"]));
    let port = port().to_string();
    let mut redis = Command::new("redis-server");
    redis.args(["--port", &port, "--save", "", "--appendonly", "no"]).stdout(Stdio::null());
    let redis = redis.spawn().ok().map(Running);
    sleep(Duration::from_secs(1));
    let beside = |arguments: &[&str]| {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &port]).args(arguments);
        command
    };
    let mut taken: [Vec<Duration>; 4] = Default::default();
    for _ in 0..TIMES {
        taken[0].push(time(home.command(&["get", "demo", "/port"])));
        taken[2].push(time(home.command(&["set", "demo", "/port", "2"])));
        if redis.is_some() {
            taken[1].push(time(beside(&["get", "port"])));
            taken[3].push(time(beside(&["set", "port", "2"])));
        }
    }
    for (name, taken) in ["get", "redis-cli get", "set", "redis-cli set"].iter().zip(&mut taken) {
        taken.sort_unstable();
        println!("{name}: median {:.1?}", taken.get(TIMES / 2));
    }
}

fn joins(program: &Path, megabytes: u64, pause: Option<Duration>) {
    let (_server, [giver, joiner]) = homes(program);
    std::fs::write(giver.folder.path().join("d.json"), records(megabytes)).unwrap();
    let (giving, said) = giver.serve(&["d.json"]);
    wait_for(&said, "serving");
    // What is kept on the disk is written by then, and the member that makes the edits is there.
    assert!(giver.command(&["set", "demo", "/0/name", "\"first\""]).status().unwrap().success());
    sleep(Duration::from_secs(2));
    println!("{megabytes} MB: the giver's peak before is {} MB", peak_mb(giving.0.id()));
    let (is_over, edits) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let path = format!("/{}/name", edits.load(Ordering::Relaxed) % 1_000);
                let mut set = giver.command(&["set", "demo", &path, "\"edited\""]);
                edits.fetch_add(usize::from(set.status().unwrap().success()), Ordering::Relaxed);
            }
        });
        let start = Instant::now();
        let (process, its_words) = joiner.serve(&[]);
        if let Some(pause) = pause {
            wait_for(&said, "of the document are with");
            wait_for(&said, "of the document are with");
            signal(&giving, "STOP");
            sleep(pause);
            signal(&giving, "CONT");
        }
        wait_for(&its_words, "serving");
        println!(
            "joined after {:.1?}; peaks: giver {} MB, joiner {} MB; {} edits meanwhile",
            start.elapsed(),
            peak_mb(giving.0.id()),
            peak_mb(process.0.id()),
            edits.load(Ordering::Relaxed)
        );
        is_over.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(2));
        let [here, there] =
            [&giver, &joiner].map(|home| home.command(&["get", "demo"]).output().unwrap().stdout);
        assert!(here == there && !here.is_empty(), "both hold the same");
    });
}

fn signal(process: &Running, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.0.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

fn records(megabytes: u64) -> String {
    let mut text = String::from("[\n");
    let mut number = 0;
    while (text.len() as u64) < megabytes << 20 {
        number += 1;
        let _ = writeln!(
            text,
            "{{\"id\": {number}, \"name\": \"customer {number}\", \"tags\": [\"a\", {number}], \"total\": {}.50}},",
            number * 7 % 1_000
        );
    }
    text.push_str("{\"id\": 0}\n]\n");
    text
}
