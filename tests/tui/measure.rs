//! Figures for `docs/editor.md`: how long a keystroke takes to its frame, and how many bytes a
//! frame is, on a large document that somebody else changes all the time.
//!
//! `cargo test --release --test tui measure -- --ignored --nocapture`
#![allow(clippy::print_stdout, reason = "the figures are read by people")]

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::tui::{Msg, draw};

use crate::desk::Desk;

/// Counts what is written to the terminal.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Records of some 200 bytes.
fn document(megabytes: usize) -> Value {
    let mut text = String::from("[");
    while text.len() < megabytes << 20 {
        let at = text.len();
        let comma = if at > 1 { "," } else { "" };
        write!(
            text,
            "{comma}{{\"id\":{at},\"name\":\"record number {at}\",\"tags\":[\"a\",\"b\",\"c\"],\"nested\":{{\"x\":{at}.5,\"y\":null}},\"text\":\"{}\"}}",
            "x".repeat(90)
        )
        .unwrap();
    }
    text.push(']');
    parse(&text).unwrap()
}

#[test]
#[ignore = "measures"]
fn measure_a_keystroke_to_its_frame() {
    let megabytes = std::env::var("MEGABYTES").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let value = document(megabytes);
    let records = value.len();
    let started = Instant::now();
    let mut desk = Desk::on(&value).with_ana(None, false);
    let opened = started.elapsed();
    let written = Counter::default();
    let area = Rect::new(0, 0, 120, 40);
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(written.clone()), options).unwrap();
    desk.take(Msg::Resize(area.width, area.height));
    let (mut keys, mut changes, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..100_usize {
        // A hundred changes a second, at ten keystrokes a second.
        for change in 0..10 {
            let path = Path::ROOT.index((round * 7_919 + change * 104_729) % records).key("id");
            let started = Instant::now();
            desk.ana_edits(path, Method::Set(Value::from(1_i64)));
            changes.push(started.elapsed());
        }
        desk.wait(100);
        let before = written.0.load(Ordering::Relaxed);
        let key = ["j", "<Space>", "<PgDn>", "j", "k", "l", "J", "G", "gg", "h"][round % 10];
        let started = Instant::now();
        desk.press(key);
        terminal.draw(|frame| draw(&desk.model, frame)).unwrap();
        keys.push(started.elapsed());
        bytes.push(written.0.load(Ordering::Relaxed) - before);
    }
    bytes.sort_unstable();
    println!("{megabytes} MB, {records} records, {} x {}", area.width, area.height);
    println!("  opened                 {opened:?}");
    println!("  keystroke to frame     {}", spread(&mut keys));
    println!("  somebody else's change {}", spread(&mut changes));
    println!("  bytes of a frame       median {}, most {}", bytes[bytes.len() / 2], bytes[bytes.len() - 1]);
    assert!(keys[keys.len() / 2] < Duration::from_millis(50), "a key is felt");
}

/// The median and the worst of some durations.
fn spread(durations: &mut [Duration]) -> String {
    durations.sort_unstable();
    format!("median {:?}, worst {:?}", durations[durations.len() / 2], durations[durations.len() - 1])
}
