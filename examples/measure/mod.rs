//! What the measuring programs share: a program in a terminal of its own, and what memory it took.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each of them needs a part")]
#![allow(clippy::unwrap_used, reason = "a script: it ends where something is not as expected")]

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

/// The size of the screen.
pub const ROWS: u16 = 40;
pub const COLUMNS: u16 = 120;

/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(300);

/// What ends a frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// The most memory a process has had, MB.
pub fn peak_mb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// A command that finds nobody's files but those in a folder.
pub fn at_home(program: &Path, folder: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.cwd(folder);
    command.env("TERM", "xterm-256color");
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
        command.env(name, folder);
    }
    command
}

/// What has come from a program.
pub struct Seen {
    parser: Parser,
    /// Bytes, and frames.
    pub bytes: usize,
    pub frames: usize,
    /// When the last of it came.
    pub at: Instant,
}

/// A program in a terminal; it ends with this.
pub struct Terminal {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    pub fn run(command: CommandBuilder) -> Self {
        let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
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
        Self { seen, keys: pair.master.take_writer().unwrap(), child, master: pair.master }
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Gives the screen another width, which the program answers with a frame.
    pub fn resize(&self, columns: u16) -> Instant {
        let size = PtySize { rows: ROWS, cols: columns, pixel_width: 0, pixel_height: 0 };
        let now = Instant::now();
        self.master.resize(size).unwrap();
        now
    }

    /// Waits until something comes after a moment: when it did.
    pub fn wait_for_more(&self, since: Instant) -> Instant {
        let is_older = |seen: &mut Seen| seen.at <= since;
        let (seen, timed_out) = self.seen.1.wait_timeout_while(self.seen(), WITHIN, is_older).unwrap();
        assert!(!timed_out.timed_out(), "nothing comes:\n{}", seen.parser.screen().contents());
        seen.at
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().unwrap()
    }

    pub fn text(&self) -> String {
        self.seen().parser.screen().contents()
    }

    /// Waits until a text is on the screen: when it came.
    pub fn wait_for(&self, text: &str) -> Instant {
        let is_absent = |seen: &mut Seen| !seen.parser.screen().contents().contains(text);
        let (seen, timed_out) = self.seen.1.wait_timeout_while(self.seen(), WITHIN, is_absent).unwrap();
        assert!(!timed_out.timed_out(), "{text:?} does not come:\n{}", seen.parser.screen().contents());
        seen.at
    }

    pub fn wait_for_end(&mut self) {
        let _ = self.child.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
