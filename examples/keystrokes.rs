//! Figures of the real editor for `docs/editor.md`: how long a key takes to its frame, and how many
//! bytes a frame is, on a large document while another peer makes a hundred changes a second.
//!
//! `cargo build --release && cargo run --release --example keystrokes target/release/ultrawave [MEGABYTES]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a script: it ends where something is not as expected"
)]

mod measure;

use std::fmt::Write as _;
use std::path::Path as FilePath;
use std::time::{Duration, Instant};

use measure::{COLUMNS, ROWS, Terminal, at_home, peak_mb};
use ultrawave::document::{Method, Path, Value};
use ultrawave::room::{Room, RoomOptions};
use ultrawave::tui::thousands;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

/// Keys pressed, and the time between them.
const KEYS: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);

/// Time between two changes of the other peer.
const CHANGE_EVERY: Duration = Duration::from_millis(10);

/// How long the other peer may take to come in.
const WITHIN: Duration = Duration::from_secs(300);

/// Records of some 200 bytes. How many.
fn write_document(path: &FilePath, megabytes: usize) -> usize {
    let mut text = String::from("[");
    let mut records = 0;
    while text.len() < megabytes << 20 {
        let comma = if records > 0 { ",\n" } else { "" };
        let filler = "x".repeat(90);
        write!(
            text,
            r#"{comma}{{"id":{records},"name":"record number {records}","tags":["a","b","c"],"nested":{{"x":{records}.5,"y":null}},"text":"{filler}"}}"#
        )
        .unwrap();
        records += 1;
    }
    text.push_str("]\n");
    std::fs::write(path, text).unwrap();
    records
}

/// How times are spread, and the keys of the worst.
fn spread(times: &mut [(Duration, &str)]) -> String {
    times.sort_unstable();
    let at =
        |part: usize| times.get((times.len() - 1) * part / 100).map(|(took, _)| *took).unwrap_or_default();
    let worst: Vec<String> =
        times.iter().rev().take(5).map(|(took, keys)| format!("{keys} {took:.0?}")).collect();
    format!("median {:.1?}, 95 of 100 within {:.1?}, worst {}", at(50), at(95), worst.join(", "))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap_or_else(|| "target/release/ultrawave".to_owned());
    let program = std::fs::canonicalize(program).unwrap();
    let megabytes = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100);
    let folder = tempfile::tempdir().unwrap();
    let records = write_document(&folder.path().join("large.json"), megabytes);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::bind("127.0.0.1:0", Options::default())).unwrap();
    let signal = format!("ws://{}", server.local_addr());
    runtime.spawn(server.run(std::future::pending()));
    let started = Instant::now();
    let mut command = at_home(&program, folder.path());
    command.args(["create", "keystrokes", "large.json", "--name", "Ana", "--signal", &signal]);
    let mut editor = Terminal::run(command);
    let opened = editor.wait_for("line 1/") - started;
    let options =
        RoomOptions { signal, name: "Bo".to_owned(), connect_timeout: WITHIN, ..RoomOptions::default() };
    let started = Instant::now();
    let other = runtime.block_on(Room::join("keystrokes", options)).unwrap();
    let joined = started.elapsed();
    editor.wait_for("[Bo]");
    runtime.spawn(async move {
        let mut pause = tokio::time::interval(CHANGE_EVERY);
        for round in 0_usize.. {
            pause.tick().await;
            let path = Path::ROOT.index((round * 7_919) % records).key("id");
            let value = Value::from(i64::try_from(round).unwrap_or(0));
            other.edit(None, 0, path, Method::Set(value)).unwrap();
        }
    });
    let rows = thousands(records + 1);
    let mut times = Vec::with_capacity(KEYS);
    let before = {
        let seen = editor.seen();
        (seen.bytes, seen.frames)
    };
    let mut line = 1;
    for key in 0..KEYS {
        let (keys, expected) = match key % 5 {
            0 => ("G", records + 1),
            1 => ("k", line - 1),
            2 => ("gg", 1),
            _ => ("j", line + 1),
        };
        line = expected;
        let pressed = Instant::now();
        editor.press(keys);
        times.push((editor.wait_for(&format!("line {}/{rows}", thousands(line))) - pressed, keys));
        std::thread::sleep(PAUSE);
    }
    let after = {
        let seen = editor.seen();
        (seen.bytes, seen.frames)
    };
    let frames = (after.1 - before.1).max(1);
    println!("{megabytes} MB, {records} records, {COLUMNS} x {ROWS}, 100 changes a second by another peer");
    println!("  start to first frame   {opened:.1?}");
    println!("  the other's joining    {joined:.1?}");
    println!("  keystroke to frame     {}", spread(&mut times));
    println!(
        "  frames                 {frames}, {} bytes each on the average",
        (after.0 - before.0) / frames
    );
    println!("  memory of the editor   {} MB at most", peak_mb(editor.id()));
    editor.press(":q!\r");
    editor.wait_for_end();
}
