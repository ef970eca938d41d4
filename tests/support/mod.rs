//! What the tests of the command share.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

pub mod process;
pub mod server;
pub mod terminal;

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A home of its own: nothing of the user's configuration, environment or files is seen.
pub struct Home {
    folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file in here.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file in here.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The variables that make this the home.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"]
            .map(|name| (name, self.path().to_owned()))
            .to_vec()
    }

    /// The real binary, to be run in here.
    pub fn ultrawave(&self) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::new(BINARY);
        command.envs(self.environment()).current_dir(self.path()).env("USER", "Tester");
        for name in UNSET {
            command.env_remove(name);
        }
        command.timeout(std::time::Duration::from_secs(60));
        command
    }
}

/// The real binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_ultrawave");

/// What a test must not inherit.
pub const UNSET: [&str; 7] = [
    "ULTRAWAVE_SIGNAL",
    "ULTRAWAVE_TICKET",
    "ULTRAWAVE_PASSPHRASE",
    "ULTRAWAVE_ICE_SERVERS",
    "ULTRAWAVE_RELAY_ONLY",
    "RUST_LOG",
    "NO_COLOR",
];

/// Sends a signal to one process.
pub fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &process.to_string()]).status().unwrap();
    assert!(sent.success());
}
