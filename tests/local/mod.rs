//! Verbs that a running peer does for others, over the socket on this machine.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use predicates::str::contains;

use super::support::process::Process;
use super::{DOCUMENT, Fixture, serve, until};

/// The socket of the only room there is.
fn socket(room: &Fixture) -> PathBuf {
    let folder = room.home.file("ultrawave");
    let is_socket = |path: &PathBuf| path.metadata().is_ok_and(|about| about.file_type().is_socket());
    let found = || std::fs::read_dir(&folder).ok()?.map(|entry| entry.unwrap().path()).find(is_socket);
    until("there is a socket", || found().is_some());
    found().unwrap()
}

#[test]
fn verbs_need_no_server_where_a_peer_runs() {
    let mut room = Fixture::new(DOCUMENT);
    let socket = socket(&room);
    // The member that makes the edits has joined once; from then on nobody needs the server.
    room.run(&["set", "demo", "/port", "81"]).success();
    room.server.stop();
    room.run(&["set", "demo", "/port", "82"]).success().stdout("").stderr("");
    room.run(&["set", "demo", "/port", "83", "--if", "81"])
        .code(1)
        .stderr(contains("is 82; nothing is done"));
    room.run(&["delete", "demo", "/gone"]).code(5).stderr(contains("/gone"));
    room.run(&["update", "demo", "/port", "--", "sh", "-c", "read n; echo $((n + 1))"]).success();
    assert_eq!(room.get("/port"), "83");
    // One that goes by another name joins by itself, or says why it cannot.
    room.run(&["get", "demo", "/port", "--name", "Bot"]).code(3);
    let mode = |path: &PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(&socket.parent().unwrap().to_owned())), (0o600, 0o700));
    room.holder.signal("TERM");
    assert_eq!(room.holder.exit_code(), Some(143));
    assert!(!socket.exists());
}

#[test]
fn the_next_peer_answers_when_the_first_is_gone() {
    let mut room = Fixture::new(DOCUMENT);
    let socket = socket(&room);
    let mut second = serve(&room.home, &room.server, &["demo"]);
    // Killed, so that it leaves its socket behind.
    room.holder.signal("KILL");
    assert_eq!(room.holder.exit_code(), None);
    assert!(socket.exists());
    let answers = || UnixStream::connect(&socket).is_ok();
    until("the other one answers", answers);
    room.server.stop();
    assert_eq!(room.get("/port"), "80");
    second.signal("TERM");
    assert_eq!(second.exit_code(), Some(143));
}

#[test]
fn a_watch_goes_on_when_the_peer_that_it_asked_is_gone() {
    let mut room = Fixture::new(DOCUMENT);
    socket(&room);
    let home = super::Home::new();
    let mut elsewhere = Process::run(&home, &["serve", "demo", "--signal", room.server.url()]);
    elsewhere.wait_for_message("serving");
    let mut watch = room.start(&["watch", "demo", "/port"]);
    watch.wait_for_message("watching demo as author 1");
    room.run(&["set", "demo", "/port", "81"]).success();
    watch.wait_for_lines(1);
    room.holder.signal("TERM");
    assert_eq!(room.holder.exit_code(), Some(143));
    watch.wait_for_lines(2);
    room.run(&["set", "demo", "/port", "82"]).success();
    watch.wait_for_lines(3);
    let lines = watch.stdout();
    assert_eq!(lines[1], r#"{"replaced":true,"value":81}"#);
    assert!(lines[2].ends_with(r#""args":[82],"value":82}"#), "{lines:?}");
}

/// So many processes, so many times each, add one to a counter.
fn count_up(processes: usize, times: usize) {
    let room = Fixture::new("{\"n\": 0}\n");
    thread::scope(|scope| {
        for _ in 0..processes {
            scope.spawn(|| {
                for _ in 0..times {
                    let add = ["update", "demo", "/n", "--", "sh", "-c", "read n; echo $((n + 1))"];
                    room.run(&add).success().stderr("");
                }
            });
        }
    });
    assert_eq!(room.get("/n"), (processes * times).to_string());
}

#[test]
fn many_processes_update_one_counter() {
    count_up(8, 5);
}

/// `cargo test --release --test cli_rooms fifty -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn fifty_processes_update_one_counter_two_hundred_times_each() {
    count_up(50, 200);
}

#[test]
fn what_is_no_request_is_answered_and_harms_nothing() {
    let room = Fixture::new(DOCUMENT);
    let mut stream = UnixStream::connect(socket(&room)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("[\"ultrawave\",{\"version\":1,"));
    stream.write_all(b"fly\n[\"fly\",{}]\n[\"get\",{\"path\":\"/po").unwrap();
    assert!(lines.next().unwrap().contains("a request is [type, payload]"));
    assert!(lines.next().unwrap().contains("unknown type"));
    stream.write_all(b"rt\"}]\n[\"get\",{\"path\":\"x\"}]\n").unwrap();
    assert_eq!(lines.next().unwrap(), "[\"print\",\"80\\n\"]");
    assert_eq!(lines.next().unwrap(), "[\"end\",{\"exit\":0,\"message\":\"\"}]");
    assert!(lines.next().unwrap().starts_with("[\"end\",{\"exit\":2,"));
    stream.write_all(b"\xff\xfe\n").unwrap();
    assert!(lines.next().unwrap().contains("not understood"));
    assert_eq!(lines.next(), None);
    assert_eq!(room.get("/port"), "80");
}
