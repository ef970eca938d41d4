//! Figures of the real editor for `docs/editor.md`: how long a key takes to its frame, and how many
//! bytes a frame is, on a large document while another peer makes a hundred changes a second.
//!
//! `cargo build --release && cargo run --release --example keystrokes target/release/ultrawave [MEGABYTES]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a script: it ends where something is not as expected"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write};
use std::path::Path as FilePath;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use ultrawave::document::{Method, Path, Value};
use ultrawave::room::{Room, RoomOptions};
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;
use vt100::Parser;

const ROWS: u16 = 40;
const COLUMNS: u16 = 120;

/// Keys pressed, and the time between them.
const KEYS: usize = 200;
const PAUSE: Duration = Duration::from_millis(100);

/// Time between two changes of the other peer.
const CHANGE_EVERY: Duration = Duration::from_millis(10);

/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(300);

/// What ends a frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// What has come from the editor.
struct Seen {
    parser: Parser,
    bytes: usize,
    frames: usize,
    at: Instant,
}

/// The editor in a pseudo-terminal.
struct Editor {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Editor {
    fn run(program: &FilePath, folder: &FilePath, signal: &str) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(["create", "keystrokes", "large.json", "--name", "Ana", "--signal", signal]);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env(name, folder);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let parser = Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0);
        let seen = Seen { parser, bytes: 0, frames: 0, at: Instant::now() };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 1 << 16];
            while let Ok(count @ 1..) = output.read(&mut chunk) {
                let at = Instant::now();
                let mut seen = shared.0.lock().unwrap();
                let news = chunk.get(..count).unwrap_or_default();
                seen.parser.process(news);
                seen.bytes += count;
                seen.frames += news.windows(FRAME_END.len()).filter(|part| *part == FRAME_END).count();
                seen.at = at;
                shared.1.notify_all();
            }
        });
        Self { seen, keys: pair.master.take_writer().unwrap(), child, _master: pair.master }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until a text is on the screen: when it came.
    fn wait_for(&self, text: &str) -> Instant {
        let seen = self.seen.0.lock().unwrap();
        let is_absent = |seen: &mut Seen| !seen.parser.screen().contents().contains(text);
        let (seen, timed_out) = self.seen.1.wait_timeout_while(seen, WITHIN, is_absent).unwrap();
        assert!(!timed_out.timed_out(), "{text:?} does not come:\n{}", seen.parser.screen().contents());
        seen.at
    }

    /// The most memory it has had, MB.
    fn memory(&self) -> usize {
        let status = self.child.process_id().map(|id| format!("/proc/{id}/status"));
        let status = status.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse().ok()).unwrap_or(0) / 1024
    }
}

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

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> =
        digits.as_bytes().rchunks(3).map(|part| std::str::from_utf8(part).unwrap()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
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
    let mut editor = Editor::run(&program, folder.path(), &signal);
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
        let seen = editor.seen.0.lock().unwrap();
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
        let seen = editor.seen.0.lock().unwrap();
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
    println!("  memory of the editor   {} MB at most", editor.memory());
    editor.press(":q!\r");
    let _ = editor.child.wait();
}
