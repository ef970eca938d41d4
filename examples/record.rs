//! Draws the picture in the README from a real run: two editors in pseudo-terminals, their
//! screens as an animated SVG on standard output.
//!
//! `cargo build && cargo run --example record target/debug/ultrawave > docs/editor.svg`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a script: it ends where something is not as expected"
)]

use std::fmt::Write as _;
use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Cell, Color, Parser};

const ROWS: u16 = 20;
const COLUMNS: u16 = 84;
/// Size of a cell in the picture.
const CELL: (f32, f32) = (7.8, 17.0);
/// Seconds each frame is shown.
const SHOWN: f32 = 1.8;

const ORDERS: &str = r#"{
  "customers": [
    {"id": 17, "name": "Ann Lee", "vip": false},
    {"id": 9007199254740993, "name": "Chidi Okafor", "address": {"street": "12 Marina Rd", "city": "Lagos"}}
  ],
  "currency": "NGN",
  "total": 1e400
}
"#;

struct Editor {
    screen: Arc<Mutex<Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Editor {
    fn run(program: &Path, folder: &Path, arguments: &[&str]) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, folder);
        }
        for name in ["NO_COLOR", "TMUX", "STY", "ULTRAWAVE_SIGNAL"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let screen =
            Arc::new(Mutex::new(Parser::new(ROWS.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0)));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self { screen, keys: pair.master.take_writer().unwrap(), child, _master: pair.master }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn wait_for(&self, text: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.screen.lock().unwrap().screen().contents().contains(text) {
            assert!(Instant::now() < until, "{text:?} does not come:\n{}", self.text());
            sleep(Duration::from_millis(20));
        }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn drawn(&self) -> String {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let mut svg = String::new();
        let mut borders = String::new();
        for row in 0..ROWS {
            let mut column = 0;
            while column < COLUMNS {
                let cell = screen.cell(row, column).unwrap();
                let start = column;
                let (mut text, look) = (String::new(), look(cell));
                while column < COLUMNS {
                    let next = screen.cell(row, column).unwrap();
                    if self::look(next) != look {
                        break;
                    }
                    let arms = next.contents().chars().next().and_then(arms);
                    if let Some(arms) = arms {
                        border(&mut borders, (column, row), arms);
                        text.push(' ');
                    } else if !next.is_wide_continuation() {
                        text.push_str(if next.has_contents() { next.contents() } else { " " });
                    }
                    column += 1;
                }
                run(&mut svg, (start, row), column - start, &text, &look);
            }
        }
        let _ = write!(svg, r##"<path d="{borders}" stroke="#6b7380" fill="none"/>"##);
        let (row, column) = screen.cursor_position();
        if !screen.hide_cursor() {
            let (x, y) = (f32::from(column) * CELL.0, f32::from(row) * CELL.1);
            let _ =
                write!(svg, r##"<rect x="{x:.1}" y="{y:.1}" width="2" height="{}" fill="#eee"/>"##, CELL.1);
        }
        svg
    }
}

#[derive(PartialEq)]
struct Look {
    front: &'static str,
    back: Option<&'static str>,
    is_bold: bool,
    is_underlined: bool,
    is_dim: bool,
}

fn look(cell: &Cell) -> Look {
    let front = color(cell.fgcolor()).unwrap_or("#d8dee9");
    let back = color(cell.bgcolor());
    let (front, back) = if cell.inverse() { (back.unwrap_or("#1b2028"), Some(front)) } else { (front, back) };
    Look { front, back, is_bold: cell.bold(), is_underlined: cell.underline(), is_dim: cell.dim() }
}

fn color(color: Color) -> Option<&'static str> {
    const COLORS: [&str; 16] = [
        "#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9", "#6b7380",
        "#ff7b86", "#b5e890", "#ffd68a", "#82c4ff", "#e29bf5", "#7fdbe6", "#ffffff",
    ];
    match color {
        Color::Idx(at) => COLORS.get(usize::from(at)).copied(),
        Color::Default | Color::Rgb(..) => None,
    }
}

/// To which sides the line of a box goes: left, right, up, down.
fn arms(character: char) -> Option<[bool; 4]> {
    let sides = match character {
        '─' => "lr",
        '│' => "ud",
        '┌' => "rd",
        '┐' => "ld",
        '└' => "ru",
        '┘' => "lu",
        '├' => "rud",
        '┤' => "lud",
        '┬' => "lrd",
        '┴' => "lru",
        '┼' => "lrud",
        _ => return None,
    };
    Some(['l', 'r', 'u', 'd'].map(|side| sides.contains(side)))
}

/// The line of a box in a cell, drawn: letters of most fonts would leave gaps between the rows.
fn border(path: &mut String, (column, row): (u16, u16), [left, right, up, down]: [bool; 4]) {
    let (x, y) = ((f32::from(column) + 0.5) * CELL.0, (f32::from(row) + 0.5) * CELL.1);
    let (across, along) = (CELL.0 / 2.0, CELL.1 / 2.0);
    for (is_there, dx, dy) in
        [(left, -across, 0.0), (right, across, 0.0), (up, 0.0, -along), (down, 0.0, along)]
    {
        if is_there {
            let _ = write!(path, "M{x:.1} {y:.1}l{dx:.1} {dy:.1}");
        }
    }
}

/// A run of cells that look the same.
fn run(svg: &mut String, (column, row): (u16, u16), columns: u16, text: &str, look: &Look) {
    let (x, y, width) = (f32::from(column) * CELL.0, f32::from(row) * CELL.1, f32::from(columns) * CELL.0);
    if let Some(back) = look.back {
        let _ = write!(
            svg,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{}" fill="{back}"/>"#,
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let bold = if look.is_bold { r#" font-weight="bold""# } else { "" };
    let line = if look.is_underlined { r#" text-decoration="underline""# } else { "" };
    let dim = if look.is_dim { r#" opacity="0.6""# } else { "" };
    let _ = write!(
        svg,
        r#"<text x="{x:.1}" y="{:.1}" textLength="{width:.1}" fill="{}"{bold}{line}{dim} xml:space="preserve">{text}</text>"#,
        y + CELL.1 * 0.76,
        look.front
    );
}

fn main() {
    let program = std::env::args().nth(1).unwrap_or_else(|| "target/debug/ultrawave".to_owned());
    let program = std::fs::canonicalize(program).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("orders.json"), ORDERS).unwrap();
    let mut ana =
        Editor::run(&program, folder.path(), &["create", "amber-fox", "orders.json", "--name", "Ana"]);
    ana.wait_for("customers");
    let mut frames = Vec::new();
    let mut bo = Editor::run(&program, folder.path(), &["join", "amber-fox", "--name", "Bo"]);
    bo.wait_for("customers");
    ana.wait_for("[Bo]");
    let frame = |frames: &mut Vec<String>, ana: &Editor, bo: &Editor| {
        sleep(Duration::from_millis(250));
        frames.push(both(&ana.drawn(), &bo.drawn()));
    };
    frame(&mut frames, &ana, &bo);
    bo.press("/city");
    bo.wait_for("1 found");
    frame(&mut frames, &ana, &bo);
    bo.press("\r");
    bo.wait_for("1 of 1");
    frame(&mut frames, &ana, &bo);
    bo.press("i Island");
    bo.wait_for("Lagos Island");
    frame(&mut frames, &ana, &bo);
    bo.press("\r");
    ana.wait_for("Lagos Island");
    frames.push(both(&ana.drawn(), &bo.drawn()));
    ana.press("/vip\r");
    ana.wait_for("1 of 1");
    ana.press("t");
    bo.wait_for("true");
    frames.push(both(&ana.drawn(), &bo.drawn()));
    ana.press("gl");
    ana.wait_for("latest first");
    frame(&mut frames, &ana, &bo);
    ana.press("\x1b");
    bo.press("u");
    bo.wait_for("undone");
    frame(&mut frames, &ana, &bo);
    for editor in [&mut bo, &mut ana] {
        editor.press(":q!\r");
        let _ = editor.child.wait();
    }
    println!("{}", animated(&frames));
}

/// Both screens, one above the other.
fn both(ana: &str, bo: &str) -> String {
    let (width, height) = (f32::from(COLUMNS) * CELL.0, f32::from(ROWS) * CELL.1);
    let mut svg = String::new();
    for (at, (name, screen)) in [("Ana", ana), ("Bo", bo)].into_iter().enumerate() {
        let top = if at == 0 { 0.0 } else { height + 44.0 };
        let _ = write!(
            svg,
            r##"<g transform="translate(12,{})"><text y="14" fill="#6b7380">{name}'s terminal</text><g transform="translate(0,22)"><rect x="-6" y="-4" width="{}" height="{}" rx="6" fill="#1b2028"/>{screen}</g></g>"##,
            top + 6.0,
            width + 12.0,
            height + 8.0
        );
    }
    svg
}

fn animated(frames: &[String]) -> String {
    let (width, height) = (f32::from(COLUMNS) * CELL.0 + 24.0, (f32::from(ROWS) * CELL.1 + 44.0) * 2.0);
    let count = u16::try_from(frames.len()).unwrap();
    let share = 100.0 / f32::from(count);
    let all = SHOWN * f32::from(count);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13"><title>Two people edit one JSON document in two terminals</title><style>.f{{visibility:hidden;animation:f {all}s step-end infinite}}.f:last-child{{visibility:visible}}@keyframes f{{0%{{visibility:visible}}{share:.3}%,100%{{visibility:hidden}}}}</style><rect width="100%" height="100%" rx="8" fill="#11151b"/>"##
    );
    for (at, frame) in (0_u16..).zip(frames) {
        let _ = write!(
            svg,
            r#"<g class="f" style="animation-delay:{:.2}s">{frame}</g>"#,
            f32::from(at) * SHOWN - all
        );
    }
    svg.push_str("</svg>");
    svg
}
