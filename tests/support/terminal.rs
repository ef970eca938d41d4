//! The real binary in a pseudo-terminal.

use std::io::{Read as _, Write};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{BINARY, Home, UNSET};

/// How long anything on a screen may take: much more than it does, so that only what never
/// happens fails a test.
const WITHIN: Duration = Duration::from_secs(120);

/// How often a screen is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const SIZE: PtySize = PtySize { rows: 30, cols: 120, pixel_width: 0, pixel_height: 0 };

/// A terminal in which `ultrawave` runs. The process ends with it.
pub struct Terminal {
    name: String,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    master: Box<dyn MasterPty + Send>,
    modes_before: String,
}

impl Terminal {
    /// Runs `ultrawave` with these arguments, in its own terminal.
    pub fn run(name: &str, home: &Home, arguments: &[&str]) -> Self {
        Self::start(name, home, BINARY, &[arguments, &["--name", name]].concat())
    }

    /// Runs a program in its own terminal.
    pub fn start(name: &str, home: &Home, program: &str, arguments: &[&str]) -> Self {
        Self::start_with(name, home, program, arguments, &[])
    }

    /// Runs a program in its own terminal, with these variables besides.
    pub fn start_with(
        name: &str, home: &Home, program: &str, arguments: &[&str], variables: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(home.path());
        command.env("TERM", "xterm-256color");
        for variable in UNSET {
            command.env_remove(variable);
        }
        for (variable, value) in home.environment() {
            command.env(variable, value);
        }
        for (variable, value) in variables {
            command.env(variable, value);
        }
        let modes_before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            SIZE.rows.try_into().unwrap(),
            SIZE.cols.try_into().unwrap(),
            0,
        )));
        let mut output = pair.master.try_clone_reader().unwrap();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { name: name.to_owned(), child, keys, screen, master: pair.master, modes_before }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        let size = PtySize { rows, cols: columns, ..SIZE };
        self.screen.lock().unwrap().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        self.master.resize(size).unwrap();
    }

    /// The row of the screen on which a text stands, from 1.
    pub fn row_of(&self, text: &str) -> usize {
        self.text().lines().position(|line| line.contains(text)).unwrap() + 1
    }

    /// Whether any cell of the screen has a colour.
    pub fn has_color(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let cells =
            (0..SIZE.rows).flat_map(|row| (0..SIZE.cols).filter_map(move |column| screen.cell(row, column)));
        let is_plain = |color| color == vt100::Color::Default;
        cells.into_iter().any(|cell| !is_plain(cell.fgcolor()) || !is_plain(cell.bgcolor()))
    }

    /// What is on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// The rows of the tree, without the marks of who is where: what the document is seen as.
    pub fn rows(&self) -> Vec<String> {
        let text = self.text();
        let rows = text.lines().filter_map(|line| line.strip_prefix('│')?.split('│').next());
        let bare = |row: &str| {
            let row = row.split('▌').next_back().unwrap_or_default().replace('▶', " ");
            row.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        rows.map(bare).filter(|row| !row.is_empty()).collect()
    }

    /// Waits until a text is on the screen.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(&format!("show {text:?}"), |screen| screen.text().contains(text));
    }

    /// Waits until the terminal is as wanted.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + WITHIN;
        while !is_so(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                Instant::now() < deadline && ended.is_none(),
                "{} did not {what}; {ended:?}; its screen:\n{}",
                self.name,
                self.text()
            );
            sleep(LOOK_EVERY);
        }
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, signal: &str) {
        super::signal(self.child.process_id().unwrap(), signal);
    }

    /// Waits for the process to end. Its exit code.
    pub fn exit_code(&mut self) -> u32 {
        let deadline = Instant::now() + WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "{} did not end; its screen:\n{}", self.name, self.text());
            sleep(LOOK_EVERY);
        }
    }

    /// Waits for the process to end with a message and an exit code.
    pub fn wait_for_end(&mut self, message: &str, code: u32) {
        assert_eq!(self.exit_code(), code, "{}", self.text());
        // What the process wrote last may still be on its way.
        let deadline = Instant::now() + WITHIN;
        while !self.text().contains(message) {
            assert!(Instant::now() < deadline, "{} did not say {message:?}:\n{}", self.name, self.text());
            sleep(LOOK_EVERY);
        }
    }

    /// Asserts that the terminal is as it was before the process: its own screen, its own modes.
    pub fn assert_restored(&self) {
        assert_eq!(modes(&*self.master), self.modes_before);
        let deadline = Instant::now() + WITHIN;
        while self.screen.lock().unwrap().screen().alternate_screen() && Instant::now() < deadline {
            sleep(LOOK_EVERY);
        }
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still shown");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The terminal's modes, to be compared.
fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}
