//! The real binary without a terminal, for as long as a test needs it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{BINARY, Home, UNSET};

/// How long anything may take: much more than it does.
const WITHIN: Duration = Duration::from_secs(120);

/// A running `ultrawave` and what it has said. The process ends with it.
pub struct Process {
    child: Child,
    stdout: Arc<Mutex<Vec<String>>>,
    stderr: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// Runs `ultrawave` with these arguments.
    pub fn run(home: &Home, arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(arguments).envs(home.environment()).current_dir(home.path());
        for variable in UNSET {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The lines of standard output so far.
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lock().unwrap().clone()
    }

    /// The lines of standard error so far.
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until a line of standard error contains a text.
    pub fn wait_for_message(&mut self, text: &str) {
        let stderr = Arc::clone(&self.stderr);
        self.wait_until(text, || stderr.lock().unwrap().iter().any(|line| line.contains(text)));
    }

    /// Waits until there are so many lines of standard output.
    pub fn wait_for_lines(&mut self, count: usize) {
        let stdout = Arc::clone(&self.stdout);
        self.wait_until(&format!("{count} lines"), || stdout.lock().unwrap().len() >= count);
    }

    fn wait_until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + WITHIN;
        while !is_so() {
            assert!(Instant::now() < deadline, "no {what}; {:?} {:?}", self.stdout, self.stderr);
            sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, signal: &str) {
        super::signal(self.child.id(), signal);
    }

    /// Waits for the process to end. Its exit code; nothing if a signal killed it.
    pub fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it did not end; {:?}", self.stderr);
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            collected.lock().unwrap().push(line);
        }
    });
    lines
}
