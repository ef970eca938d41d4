//! A file that was replaced, and may be written to by whoever had opened it before.

use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::time::{Duration, Instant, SystemTime};

use crate::bridge::Bridge;
use crate::document::{Source, Value};
use crate::limits;

/// How long it is looked back at: who writes into a file in place has opened it a moment before.
const LOOKED_BACK_FOR: Duration = Duration::from_secs(5);

/// Within this time of being written a file's times do not tell whether it was written again.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);

/// A file that has no name any more.
pub(super) struct Replaced {
    file: File,
    /// Of the bytes last read.
    hash: u64,
    looked: Option<Metadata>,
    since: Instant,
    /// Whether it has a JSON text on each line.
    is_lines: bool,
    /// What is known of it to the room.
    pub(super) bridge: Bridge,
}

impl Replaced {
    /// A file that showed `text` when it was last looked at.
    pub(super) fn new(file: File, text: &str, is_lines: bool, bridge: Bridge) -> Self {
        Self { file, hash: hash(text.as_bytes()), looked: None, since: Instant::now(), is_lines, bridge }
    }

    /// What somebody has written to it since it was last looked at. What is no JSON is not told:
    /// there may be more to come.
    pub(super) fn written(&mut self) -> Option<Value> {
        let about = self.file.metadata().ok()?;
        let is_same = |looked: &Metadata| times(looked) == times(&about);
        let is_old = about.modified().is_ok_and(|at| is_older(at, CLOCK_GRAIN));
        if is_old && self.looked.as_ref().is_some_and(is_same) {
            return None;
        }
        let bytes = self.read(&about)?;
        self.looked = Some(about);
        let hash = hash(&bytes);
        if hash == self.hash {
            return None;
        }
        let text = std::str::from_utf8(&bytes).ok()?;
        let source = if self.is_lines { Source::lines(text).0 } else { text.into() };
        let value = source.read().ok()?.value;
        self.hash = hash;
        Some(value)
    }

    fn read(&self, about: &Metadata) -> Option<Vec<u8>> {
        let length = usize::try_from(about.len()).ok().filter(|length| *length <= limits::DOCUMENT_BYTES)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, 0).ok()?;
        Some(bytes)
    }

    /// Whether it need not be looked at any more.
    pub(super) fn is_over(&self) -> bool {
        self.since.elapsed() > LOOKED_BACK_FOR
    }
}

fn times(about: &Metadata) -> (u64, Option<SystemTime>, i64, i64) {
    (about.len(), about.modified().ok(), about.ctime(), about.ctime_nsec())
}

fn is_older(at: SystemTime, age: Duration) -> bool {
    at.elapsed().map_or(true, |elapsed| elapsed > age)
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
