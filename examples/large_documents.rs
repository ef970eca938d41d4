//! How large documents are opened, searched, compared and saved, beside what others need for it.
//!
//! `cargo build --release && cargo run --release --example large_documents -- \
//!     target/release/ultrawave "$(which jless)"`
//!
//! The first program is this one's editor, the second (if any) a viewer to compare with. Files are
//! made in a temporary folder. Times are wall seconds, medians of three; memory is the peak of the
//! resident set.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a script: it ends where something is not as expected"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use ultrawave::document::{Method, Path as Place, Source, Value, diff, save};
use vt100::Parser;

const TRIES: usize = 3;
const ROWS: u16 = 40;
const COLUMNS: u16 = 120;
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let whole = |program: String| std::fs::canonicalize(program).unwrap().to_string_lossy().into_owned();
    let programs: Vec<String> = std::env::args().skip(1).map(whole).collect();
    let folder = tempfile::tempdir().unwrap();
    in_process();
    let files = [
        ("10 MB of records", records(10)),
        ("100 MB of records", records(100)),
        ("a million numbers", numbers(1_000_000)),
        ("10,000 levels", levels(9_990)),
    ];
    println!("\n| first frame | program | s | peak MB | peak / file |\n|---|---|---|---|---|");
    for (name, text) in &files {
        let file = folder.path().join("document.json");
        std::fs::write(&file, text).unwrap();
        for program in &programs {
            let mut runs: Vec<(Duration, u64)> = (0..TRIES).map(|_| first_frame(program, &file)).collect();
            runs.sort();
            let (taken, peak) = runs[TRIES / 2];
            let ratio = peak as f64 * 1024.0 / text.len() as f64;
            let base = Path::new(program).file_name().unwrap().to_string_lossy().into_owned();
            println!("| {name} | {base} | {:.3} | {} | {ratio:.1} |", taken.as_secs_f64(), peak / 1024);
        }
    }
    println!(
        "\n| keys on 100 MB | program | end of file, s | search to the last element, s | peak MB |\n|---|---|---|---|---|"
    );
    let file = folder.path().join("document.json");
    std::fs::write(&file, &files[1].1).unwrap();
    for program in &programs {
        keys(program, &file);
    }
}

/// What the document itself does, beside `serde_json` reading the same text.
fn in_process() {
    println!("| MB | serde_json::Value, s | read | read, ratio | read and walk | edit a leaf | save it |");
    println!("|---|---|---|---|---|---|---|");
    for megabytes in [1, 10, 100] {
        let text = records(megabytes);
        let plain = median(|| drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()));
        let read = median(|| drop(Source::from(text.as_str()).read().unwrap()));
        let walk = median(|| assert!(count(&Source::from(text.as_str()).read().unwrap().value) > 1_000));
        let source = Source::from(text.as_str());
        let value = source.read().unwrap().value;
        let path = Place::ROOT.index(value.len() / 2).key("name");
        let edited = |value: &Value| {
            let mut value = value.clone();
            value.apply(&path, &Method::Set(Value::string("edited"))).unwrap();
            value
        };
        let edit = median(|| drop(edited(&value)));
        let after = edited(&value);
        let saving = median(|| assert!(save(&source, &after).len() > 1_000));
        println!(
            "| {megabytes} | {:.4} | {:.4} | {:.2} | {:.4} | {:.6} | {:.4} |",
            plain,
            read,
            read / plain,
            walk,
            edit,
            saving
        );
    }
    let (old, new) = (records(10), records(10));
    let mut lines: Vec<String> = new.lines().map(str::to_owned).collect();
    let step = lines.len() / 1_000;
    for line in lines.iter_mut().skip(2).step_by(step).take(1_000) {
        *line = line.replace("Broad Street", "Marina Road");
    }
    let new = lines.join("\n");
    let (old, new) = (Source::from(old), Source::from(new));
    let mut changes = 0;
    let taken = median(|| {
        changes = diff(&old.read().unwrap().value, &new.read().unwrap().value).len();
    });
    println!("\ndiff of two 10 MB documents that differ in 1,000 places: {taken:.3} s, {changes} changes");
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut taken: Vec<Duration> = (0..TRIES)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    taken.sort();
    taken[TRIES / 2].as_secs_f64()
}

fn count(value: &Value) -> usize {
    let elements: usize = value.elements().map(count).sum();
    1 + elements + value.entries().map(|(_, value)| count(value)).sum::<usize>()
}

/// Records, pretty enough to be real: some 170 bytes on a line each.
fn records(megabytes: usize) -> String {
    let mut text = String::from("[\n\"first thing\",\n");
    let mut number = 0;
    while text.len() < megabytes << 20 {
        number += 1;
        let _ = writeln!(
            text,
            "{{\"id\": {number}, \"name\": \"customer {number}\", \"tags\": [\"a\", \"b\", {number}], \"address\": {{\"city\": \"Lagos\", \"street\": \"Broad Street {number}\"}}, \"total\": {}.50}},",
            number * 7 % 1000
        );
    }
    text.push_str("{\"id\": 0, \"name\": \"the very last one\"}\n]\n");
    text
}

fn numbers(count: usize) -> String {
    let mut text = String::from("[\"first thing\"");
    for number in 0..count {
        let _ = write!(text, ",{number}");
    }
    text.push_str("]\n");
    text
}

fn levels(count: usize) -> String {
    format!("{{\"begin\": \"first thing\", \"deep\": {}1{}}}\n", "[".repeat(count), "]".repeat(count))
}

struct Screen {
    shown: Arc<Mutex<Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Screen {
    fn run(program: &str, file: &Path) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        if program.ends_with("ultrawave") || program.contains("ultrawave-") {
            command.args([
                "create",
                &format!("large-{}-{:?}", std::process::id(), Instant::now())
                    .replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
            ]);
        }
        command.arg(file);
        let folder = file.parent().unwrap();
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
            command.env(name, folder);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let shown =
            Arc::new(Mutex::new(Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let sink = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                sink.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self { shown, keys: pair.master.take_writer().unwrap(), child, _master: pair.master }
    }

    /// Waits until a text is on the screen, and says how long it took.
    fn wait_for(&self, text: &str, since: Instant) -> Duration {
        while since.elapsed() < PATIENCE {
            if self.text().contains(text) {
                return since.elapsed();
            }
            sleep(Duration::from_millis(1));
        }
        panic!("{text:?} has not come:\n{}", self.text());
    }

    fn text(&self) -> String {
        self.shown.lock().unwrap().screen().contents()
    }

    fn press(&mut self, keys: &str) -> Instant {
        sleep(Duration::from_millis(700));
        let start = Instant::now();
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        start
    }

    /// Presses more keys, without a pause.
    fn type_on(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// The peak of the resident set in kB.
    fn peak(&self) -> u64 {
        let id = self.child.process_id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first_frame(program: &str, file: &Path) -> (Duration, u64) {
    let start = Instant::now();
    let screen = Screen::run(program, file);
    let taken = screen.wait_for("first thing", start);
    sleep(Duration::from_millis(300));
    (taken, screen.peak())
}

fn keys(program: &str, file: &Path) {
    let start = Instant::now();
    let mut screen = Screen::run(program, file);
    screen.wait_for("first thing", start);
    let pressed = screen.press("G");
    let end = screen.wait_for("the very last one", pressed);
    let pressed = screen.press("gg");
    screen.wait_for("first thing", pressed);
    // Typed so that the prompt does not show what is looked for. What is found is on the screen
    // before Enter, or after it.
    let pressed = screen.press("/the very last on[e]");
    screen.type_on("\r");
    let found = screen.wait_for("the very last one", pressed);
    let base = Path::new(program).file_name().unwrap().to_string_lossy().into_owned();
    println!(
        "| | {base} | {:.3} | {:.3} | {} |",
        end.as_secs_f64(),
        found.as_secs_f64(),
        screen.peak() / 1024
    );
}
