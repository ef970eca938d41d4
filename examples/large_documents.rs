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

mod measure;

use std::fmt::Write as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use measure::{Terminal, at_home, peak_mb};
use ultrawave::document::{Method, Path as Place, Source, Value, diff, save};

const TRIES: usize = 3;

/// How long after its first frame a program is looked at: what the editor keeps on the disk is
/// written by then.
const REST: Duration = Duration::from_millis(2_500);

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
            let ratio = (peak << 20) as f64 / text.len() as f64;
            let base = Path::new(program).file_name().unwrap().to_string_lossy().into_owned();
            println!("| {name} | {base} | {:.3} | {peak} | {ratio:.1} |", taken.as_secs_f64());
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

/// A program that shows a file: this one's editor, in a room of its own, or a viewer.
fn show(program: &str, file: &Path) -> Terminal {
    let folder = file.parent().unwrap();
    let mut command = at_home(Path::new(program), folder);
    if program.ends_with("ultrawave") || program.contains("ultrawave-") {
        let room = format!("large-{}-{:?}", std::process::id(), Instant::now());
        command.args(["create", &room.replace(|c: char| !c.is_ascii_alphanumeric(), "-")]);
    }
    command.arg(file);
    Terminal::run(command)
}

/// Presses keys after a moment of rest.
fn press(terminal: &mut Terminal, keys: &str) -> Instant {
    sleep(Duration::from_millis(700));
    let start = Instant::now();
    terminal.press(keys);
    start
}

fn first_frame(program: &str, file: &Path) -> (Duration, u64) {
    let start = Instant::now();
    let screen = show(program, file);
    let taken = screen.wait_for("first thing") - start;
    sleep(REST);
    (taken, peak_mb(screen.id()))
}

fn keys(program: &str, file: &Path) {
    let mut screen = show(program, file);
    screen.wait_for("first thing");
    let pressed = press(&mut screen, "G");
    let end = screen.wait_for("the very last one") - pressed;
    press(&mut screen, "gg");
    screen.wait_for("first thing");
    // Typed so that the prompt does not show what is looked for. What is found is on the screen
    // before Enter, or after it.
    let pressed = press(&mut screen, "/the very last on[e]");
    screen.press("\r");
    let found = screen.wait_for("the very last one") - pressed;
    let base = Path::new(program).file_name().unwrap().to_string_lossy().into_owned();
    println!(
        "| | {base} | {:.3} | {:.3} | {} |",
        end.as_secs_f64(),
        found.as_secs_f64(),
        peak_mb(screen.id())
    );
}
