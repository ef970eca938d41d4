//! Which keys of the editor block it on a long document: for every key of the table, and for what is
//! typed at its prompts, how long it takes until the editor answers to something else, and how long its
//! thread is at work (`/proc/…/schedstat`).
//!
//! `cargo build --release && cargo run --release --example every_key target/release/ultrawave [MEGABYTES [WHAT]]`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a script: it ends where something is not as expected"
)]

mod measure;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use measure::{COLUMNS, Terminal, at_home, peak_mb};
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

/// How long the editor must have rested to be done with a key.
const REST: Duration = Duration::from_millis(100);

/// When, after a key, the editor is asked for a frame of another width.
const ASKED: [Duration; 3] =
    [Duration::from_millis(3), Duration::from_millis(90), Duration::from_millis(300)];

/// What blocks for longer is marked.
const BAR: Duration = Duration::from_millis(50);

/// Keys in a row, each list with what it is about. The document is an array of records, whose second
/// element is a map with all of the first ones again.
const WAYS: &[(&str, &[&str])] = &[
    (
        "going about",
        &[
            "j", "k", "G", "k", "gg", "J", "K", "\x04", "\x15", "\x1b[6~", "\x1b[5~", "400000G", "[", "]",
            "gg",
        ],
    ),
    (
        "levels",
        &["z2", "j", "G", "gg", "200000G", "k", "zR", "G", "gg", "700000G", "j", "z9", "G", "zM", "gg", "z1"],
    ),
    ("open and close", &["gg", "j", "l", "l", " ", " ", "h", "+", "-", "G", "l", "j", "h", "gg", "h", "l"]),
    ("after zR", &["zR", "700000G", "h", "l", " ", " ", "-", "+", "J", "K", "[", "]", "gg", "zM"]),
    ("looks", &["zR", "m", "G", "gg", "700000G", "j", "\x04", "m", "zw", "G", "gg", "j", "zw", "zM"]),
    (
        "finding",
        &[
            "/",
            "x",
            "9",
            "\x1b",
            "/record number 400000\r",
            "n",
            "N",
            "/zzz nowhere\r",
            "\x1b",
            "gg",
            "j",
            "l",
            "*",
            "n",
            "\x1b",
            "@",
            "4",
            "0",
            "name",
            "\x1b",
        ],
    ),
    ("filters", &["gg", "|length\r", "\x1b", "q\x1b"]),
    (
        "edits",
        &[
            "400000G", "l", "j", "i", "7\r", "u", "\x12", "u", "o", "1\r", "u", "O", "1\r", "u", "a", "\x1b",
            "c", "1\r", "u", "t", "\x1b", "v", "j", "v", "dd", "u", "zM",
        ],
    ),
    (
        "elements",
        &[
            "400000G",
            "gd",
            "u",
            "\x12",
            "u",
            "yy",
            "p",
            "u",
            "P",
            "u",
            "gp",
            "u",
            "\x1b[1;3A",
            "u",
            "\x1b[1;3B",
            "u",
            "dd",
            "u",
            "200000dd",
            "u",
            "\x12",
            "u",
        ],
    ),
    (
        "a long child",
        &[
            "gg", "jj", "yy", "p", "u", "gd", "u", "dd", "u", "\x12", "u", "r", "\x1b", "c", "\x1b", "t",
            "\x1b", "a", "\x1b", "v", "dd", "u",
        ],
    ),
    (
        "the root",
        &[
            "gg", "yy", "yk", "yp", "yj", "ys", "yi", "c", "\x1b", "c", "1\r", "u", "\x12", "u", "dd", "u",
            "gp",
        ],
    ),
    (
        "the room",
        &[
            "?", "\x1b", "\x10", "\x1b", "gw", "\x1b", "gx", "\x1b", "f", "\x1b", "gl", "\x1b", "gs", "\x1b",
            "gm", "gm",
        ],
    ),
    ("the past", &["gg", "jl", "i", "1\r", "gt", "k", "G", "gg", "\x1b"]),
    (
        "the file",
        &[
            "D",
            "\x1b",
            "\x13",
            "gg",
            "c",
            "\x1b",
            ":w\r",
            "G",
            "dd",
            ":w\r",
            "gg",
            "jdd",
            "D",
            "\x1b",
            ":w\r",
            ":schema schema.json\r",
            "gs",
            "\x1b",
            ":go [300000]\r",
            ":reload\r",
        ],
    ),
    ("edits while it is all open", &["zR", "700000G", "i", "7\r", "u", "dd", "u", "gg", "jdd", "u", "zM"]),
];

fn records(megabytes: usize) -> String {
    let record = |text: &mut String, at: usize| {
        let _ = write!(
            text,
            r#"{{"id":{at},"name":"record number {at}","tags":["a","b","c"],"nested":{{"x":{at}.5,"y":null}},"text":"{}"}}"#,
            "x".repeat(90)
        );
    };
    let mut text = String::from("[\n\"first thing\",\n[");
    while text.len() < megabytes << 18 {
        let at = text.len();
        record(&mut text, at);
        text.push_str(",\n");
    }
    text.push_str("1],\n");
    let mut at = 0;
    while text.len() < megabytes << 20 {
        record(&mut text, at);
        text.push_str(",\n");
        at += 1;
    }
    text.push_str("2]\n");
    text
}

/// What the editor's own thread has worked.
fn worked(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/task/{process}/schedstat")).unwrap();
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

/// Waits until the editor rests; how long it has worked.
fn rested(process: u32) -> Duration {
    let (mut last, mut since) = (worked(process), Instant::now());
    while since.elapsed() < REST {
        std::thread::sleep(Duration::from_millis(5));
        let now = worked(process);
        // The clock of the screen ticks on.
        if now > last + Duration::from_millis(1) {
            (last, since) = (now, Instant::now());
        }
    }
    worked(process)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().unwrap_or_else(|| "target/release/ultrawave".to_owned());
    let program = std::fs::canonicalize(program).unwrap();
    let megabytes = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(100);
    let wanted = arguments.next().unwrap_or_default();
    let folder = tempfile::tempdir().unwrap();
    let text = records(megabytes);
    println!("{megabytes} MB, {} lines", text.lines().count());
    std::fs::write(folder.path().join("schema.json"), r#"{"type": "array"}"#).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::bind("127.0.0.1:0", Options::default())).unwrap();
    let signal = format!("ws://{}", server.local_addr());
    runtime.spawn(server.run(std::future::pending()));
    let (mut worst, mut count) = (Duration::ZERO, 0);
    for (about, keys) in WAYS.iter().filter(|(about, _)| about.contains(&wanted)) {
        std::fs::write(folder.path().join("large.json"), &text).unwrap();
        let mut command = at_home(&program, folder.path());
        let room = format!("keys-{}", about.replace(' ', "-"));
        command.args(["create", &room, "large.json", "--signal", &signal]);
        let mut editor = Terminal::run(command);
        editor.wait_for("first thing");
        let mut before = rested(editor.id());
        println!("{about}:");
        for keys in *keys {
            let pressed = Instant::now();
            editor.press(keys);
            let mut blocked = Duration::ZERO;
            for (at, columns) in ASKED.into_iter().zip([COLUMNS - 1, COLUMNS, COLUMNS - 2]) {
                std::thread::sleep(at.saturating_sub(pressed.elapsed()));
                let asked = editor.resize(columns);
                blocked = blocked.max(editor.wait_for_more(asked) - asked);
            }
            let after = rested(editor.id());
            let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
            let (shown, worked) = (keys.escape_debug().to_string(), after.saturating_sub(before));
            // On a busy machine an answer comes late though nothing is in its way.
            let blocked = blocked.min(worked);
            let mark = if blocked > BAR { "  <<<" } else { "" };
            let (blocks, works) = (milliseconds(blocked), milliseconds(worked));
            println!("  {shown:28} blocks {blocks:6.1} ms, works {works:6.1} ms{mark}");
            (before, worst, count) = (after, worst.max(blocked), count + 1);
        }
        println!("  at most {} MB", peak_mb(editor.id()));
    }
    println!("{count} keys, the worst blocks {:.1} ms", worst.as_secs_f64() * 1_000.0);
}
