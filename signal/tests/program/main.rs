//! The program itself, as people and other programs start it.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod bounds;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use tokio_tungstenite::tungstenite;
use ultrawave_signal::protocol::Response;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ultrawave-signal"));
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The program, listening. Ended when dropped.
struct Listening {
    child: Child,
    line: String,
    address: SocketAddr,
}

impl Listening {
    fn start(arguments: &[&str]) -> Self {
        Self::spawn(program().args(arguments))
    }

    fn start_with(arguments: &[&str], log: &str) -> Self {
        Self::spawn(program().args(arguments).env("RUST_LOG", log))
    }

    fn spawn(program: &mut Command) -> Self {
        let mut child = program.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ws://").expect(&line).parse().unwrap();
        Self { child, line, address }
    }

    /// Sends a signal, and waits for the end: its code, and what was said after the first line.
    fn end(mut self, signal: &str) -> (Option<i32>, String, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        (code, stdout, stderr)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

#[test]
fn it_says_where_it_listens_and_serves_there() {
    let program = Listening::start(&["--port", "0"]);
    assert!(program.address.ip().is_loopback());
    assert_ne!(program.address.port(), 0);
    let stream = TcpStream::connect(program.address).unwrap();
    let (mut socket, _) = tungstenite::client(format!("ws://{}", program.address), stream).unwrap();
    let start = socket.read().unwrap().into_text().unwrap();
    assert!(matches!(Response::decode(&start), Ok(Response::Start(_))), "{start}");
}

#[cfg(unix)]
#[test]
fn signals_stop_it_cleanly_with_and_without_connections() {
    for signal in ["-TERM", "-INT"] {
        let program = Listening::start(&["--port", "0"]);
        assert_eq!(program.end(signal), (Some(0), String::new(), String::new()));
    }
    let program = Listening::start(&["--port", "0"]);
    let stream = TcpStream::connect(program.address).unwrap();
    let (mut socket, _) = tungstenite::client(format!("ws://{}", program.address), stream).unwrap();
    socket.read().unwrap();
    assert_eq!(program.end("-TERM").0, Some(0));
    assert!(socket.read().unwrap().into_text().unwrap().contains("\"stopping\""));
}

#[test]
fn addresses_of_both_families_can_be_chosen() {
    assert!(Listening::start(&["--port", "0", "--bind", "localhost"]).line.contains("//127.0.0.1:"));
    if TcpListener::bind("[::1]:0").is_ok() {
        assert!(Listening::start(&["--port", "0", "--bind", "[::1]"]).line.contains("//[::1]:"));
    }
}

#[test]
fn a_port_in_use_is_named_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (code, stdout, stderr) = run(&["--port", &address.port().to_string()]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains(&address.to_string()) && stderr.contains("--port"), "{stderr}");
}

#[test]
fn an_address_of_another_machine_is_named_with_the_remedy() {
    let (code, _, stderr) = run(&["--port", "0", "--bind", "192.0.2.1"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("192.0.2.1") && stderr.contains("--bind"), "{stderr}");
}

#[test]
fn wrong_usage_ends_with_2() {
    let wrong: [&[&str]; 6] = [
        &["--port", "65536"],
        &["--port"],
        &["--bind", "somewhere"],
        &["--max-members", "0"],
        &["--prot", "1"],
        &["extra"],
    ];
    for arguments in wrong {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr.contains("--help"), "{stderr}");
    }
}

#[test]
fn the_long_help_begins_with_examples_and_the_short_one_is_short() {
    let (code, long, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    assert!(long.starts_with("Examples:\n  ultrawave-signal "), "{long}");
    let (code, short, _) = run(&["-h"]);
    assert_eq!(code, Some(0));
    assert!(short.lines().count() < 20 && short.contains("--port"), "{short}");
    for flag in ["--bind", "--allow-origin", "--tls-cert", "--tls-key"].into_iter().chain(bounds::FLAGS) {
        assert!(long.contains(&format!("{flag} <")), "{flag}");
    }
}

#[cfg(unix)]
#[test]
fn the_log_goes_to_stderr_when_asked_for() {
    let program = Listening::start_with(&["--port", "0"], "ultrawave_signal=info");
    let (code, stdout, stderr) = program.end("-TERM");
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert!(stderr.contains("listening") && stderr.contains("stopping"), "{stderr}");
}

#[test]
fn turn_servers_are_handed_out_with_credentials_made_from_a_secret() {
    let ice = ["--ice-server", "stun:a.example:3478", "--ice-server", "turn:b.example:3478"];
    let program = Listening::start(&[&["--port", "0", "--turn-secret", "north"][..], &ice].concat());
    let stream = TcpStream::connect(program.address).unwrap();
    let (mut socket, _) = tungstenite::client(format!("ws://{}", program.address), stream).unwrap();
    let mut next = || Response::decode(&socket.read().unwrap().into_text().unwrap()).unwrap();
    let Response::Start(start) = next() else { panic!("no start") };
    let ice = start.ice.unwrap();
    assert_eq!(ice.valid_s, Some(43_200));
    let [stun, turn] = ice.servers.as_slice() else { panic!("{ice:?}") };
    assert!(stun.username.is_empty() && stun.credential.is_empty());
    assert!(turn.username.contains(':') && turn.credential.len() == 28, "{turn:?}");
}

#[test]
fn what_is_wrong_with_ice_servers_is_said_at_once() {
    for (arguments, words) in [
        (&["--ice-server", "turns:b.example"][..], "--ice-server"),
        (&["--ice-server", "turn:b.example"], "--turn-secret-file"),
        (&["--turn-secret", "north"], "--ice-server"),
        (&["--turn-secret-file", "/nowhere/at/all"], "/nowhere/at/all"),
    ] {
        let (code, _, stderr) = run(arguments);
        assert!(code == Some(2) && stderr.contains(words), "{arguments:?}: {code:?} {stderr}");
    }
}
