//! The database of one session.

mod texts;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction};

use self::texts::Of;
use super::{About, StoreError};
use crate::document::{Source, Value};
use crate::limits;
use crate::session::{Message, Record};
use crate::sync::{Author, Change, Checkpoint, VectorClock};
use crate::trust::{Evidence, EvidenceKind};

/// The version of the tables, in `user_version`. In the first a long text stood in the `start`.
const VERSION: i64 = 2;

/// How long a writer waits for one who reads.
const BUSY: Duration = Duration::from_secs(2);

/// With WAL and `synchronous=NORMAL` a commit is in the hands of the operating system and outlives
/// this process; it is forced to the disk at checkpoints.
const OPTIONS: &str =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=4194304;";

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS start (document TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS texts
        (number INTEGER PRIMARY KEY, of INTEGER NOT NULL, text TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS evidence
        (author INTEGER, tick INTEGER, kind INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (author, tick, kind))
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS changes (number INTEGER PRIMARY KEY, change TEXT NOT NULL);
";

/// The database of one session.
pub(super) struct Records {
    path: PathBuf,
    database: Connection,
    /// Changes, and bytes, that were there when the whole was last stored.
    whole: (usize, usize),
    /// Changes, and bytes, stored since.
    added: (usize, usize),
    /// The long text that is stored, if this process has stored it.
    text: Option<Source>,
}

impl Records {
    /// A new one, for this user alone.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        created.map_err(|error| StoreError::File(path.to_owned(), error))?;
        let records = Self::connect(path)?;
        let made = records.database.execute_batch(TABLES);
        made.and_then(|()| records.database.pragma_update(None, "user_version", VERSION))
            .map_err(|error| StoreError::Database(path.to_owned(), error))?;
        Ok(records)
    }

    /// One that is there, and what it says of the session.
    pub(super) fn open(path: &Path) -> Result<(Self, About), StoreError> {
        let records = Self::connect(path)?;
        let about = records.about()?;
        // One that was being made when the process ended.
        let made = records.database.execute_batch(TABLES);
        made.and_then(|()| records.database.pragma_update(None, "user_version", VERSION))
            .map_err(|error| records.wrong(error))?;
        Ok((records, about))
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        let wrong = |error| StoreError::Database(path.to_owned(), error);
        let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(wrong)?;
        database.busy_timeout(BUSY).map_err(wrong)?;
        database.execute_batch(OPTIONS).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), database, whole: (0, 0), added: (0, 0), text: None })
    }

    /// One that another process may be writing to, to look into it.
    pub(super) fn look(path: &Path) -> Result<Self, StoreError> {
        let wrong = |error| StoreError::Database(path.to_owned(), error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let database = Connection::open_with_flags(path, flags).map_err(wrong)?;
        database.busy_timeout(BUSY).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), database, whole: (0, 0), added: (0, 0), text: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn wrong(&self, error: rusqlite::Error) -> StoreError {
        StoreError::Database(self.path.clone(), error)
    }

    fn damaged(&self, what: &impl ToString) -> StoreError {
        StoreError::Damaged(self.path.clone(), what.to_string())
    }

    fn version(&self) -> Result<i64, StoreError> {
        let version = self.database.pragma_query_value(None, "user_version", |row| row.get(0));
        version.map_err(|error| self.wrong(error))
    }

    /// What is known of the session.
    pub(super) fn about(&self) -> Result<About, StoreError> {
        let mut about = About::new("", "");
        match self.version()? {
            0 => return Ok(about),
            1..=VERSION => {}
            _ => return Err(StoreError::Later(self.path.clone())),
        }
        let mut rows =
            self.database.prepare("SELECT name, value FROM about").map_err(|error| self.wrong(error))?;
        let rows = rows.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)));
        for row in rows.map_err(|error| self.wrong(error))? {
            let (name, value) = row.map_err(|error| self.wrong(error))?;
            if !about.take_in(&name, value) {
                return Err(self.damaged(&format!("{name:?} is not what it was")));
            }
        }
        Ok(about)
    }

    /// The start and the changes; nothing if there is no start yet.
    pub(super) fn read(&self) -> Result<Option<(Checkpoint, Vec<Change>)>, StoreError> {
        let start = self.database.query_row("SELECT document FROM start", (), |row| row.get::<_, String>(0));
        let start = match start {
            Ok(text) => Message::decode(&text).map_err(|error| self.damaged(&error))?,
            Err(rusqlite::Error::QueryReturnedNoRows) => return Ok(None),
            Err(error) => return Err(self.wrong(error)),
        };
        let Message::Document { checkpoint, .. } = start else {
            return Err(self.damaged(&"its start is no document"));
        };
        let checkpoint = self.with_texts(checkpoint)?;
        let mut changes = Vec::new();
        self.each_change(|change| changes.push(change))?;
        Ok(Some((checkpoint, changes)))
    }

    /// A checkpoint with its long texts, if they are stored beside it.
    fn with_texts(&self, start: Checkpoint) -> Result<Checkpoint, StoreError> {
        let read = |of| texts::read(&self.database, of).map_err(|error| self.wrong(error));
        let Some(source) = read(Of::Source)? else { return Ok(start) };
        let value = |source: &Source| source.read().map(|parsed| parsed.value);
        let source = Source::from(source).with_bad_lines(start.source.bad_lines().cloned());
        let said = match read(Of::Value)? {
            Some(text) => value(&text.into()),
            None => value(&source),
        };
        Ok(Checkpoint { value: said.map_err(|error| self.damaged(&error))?, source, clock: start.clock })
    }

    /// What proves the stored changes.
    pub(super) fn evidence(&self) -> Result<Vec<Evidence>, StoreError> {
        let wrong = |error| self.wrong(error);
        let mut rows =
            self.database.prepare("SELECT author, tick, kind, bytes FROM evidence").map_err(wrong)?;
        let rows = rows.query_map((), |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get(3)?))
        });
        let mut found = Vec::new();
        for row in rows.map_err(wrong)? {
            let (author, tick, kind, bytes) = row.map_err(wrong)?;
            // A kind of a later version proves nothing here.
            if let (Ok(tick), Some(kind)) = (u64::try_from(tick), kind_of(kind)) {
                found.push(Evidence { author: Author(author), tick, kind, bytes });
            }
        }
        Ok(found)
    }

    /// Looks at each stored change, in order.
    pub(super) fn each_change(&self, mut look: impl FnMut(Change)) -> Result<(), StoreError> {
        let wrong = |error| self.wrong(error);
        let mut rows = self.database.prepare("SELECT change FROM changes ORDER BY number").map_err(wrong)?;
        for text in rows.query_map((), |row| row.get::<_, String>(0)).map_err(wrong)? {
            let message = Message::decode(&text.map_err(wrong)?).map_err(|error| self.damaged(&error))?;
            let Message::Change(change) = message else { return Err(self.damaged(&"a change is none")) };
            look(Arc::unwrap_or_clone(change));
        }
        Ok(())
    }

    /// Stores what is known of the session.
    pub(super) fn note(&mut self, about: &About) -> Result<(), StoreError> {
        let noted = self.database.transaction().and_then(|transaction| {
            for (name, value) in about.rows() {
                transaction.execute("INSERT OR REPLACE INTO about VALUES (?1, ?2)", (name, value))?;
            }
            transaction.commit()
        });
        noted.map_err(|error| StoreError::Database(self.path.clone(), error))
    }

    /// Stores records, all or none.
    pub(super) fn write(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let (mut whole, mut added, mut text) = (self.whole, self.added, self.text.take());
        let written = self.database.transaction().and_then(|transaction| {
            for record in records {
                match record {
                    Record::Whole(checkpoint, changes, evidence) => {
                        let bytes = begin(&transaction, checkpoint, &mut text)?;
                        prove(&transaction, evidence)?;
                        let (count, more) = add(&transaction, changes)?;
                        (whole, added) = ((count, bytes + more), (0, 0));
                    }
                    Record::Changes(changes, evidence) => {
                        prove(&transaction, evidence)?;
                        let (count, bytes) = add(&transaction, changes)?;
                        added = (added.0 + count, added.1 + bytes);
                    }
                }
            }
            transaction.commit()
        });
        written.map_err(|error| StoreError::Database(self.path.clone(), error))?;
        (self.whole, self.added, self.text) = (whole, added, text);
        Ok(())
    }

    /// Whether more has been added than the whole takes, and more than is worth the work.
    pub(super) fn is_grown(&self) -> bool {
        self.added.0 > self.whole.0.max(limits::HISTORY_CHANGES)
            || self.added.1 > self.whole.1.max(limits::STORED_BYTES)
    }

    /// Forces what was committed to the disk.
    pub(super) fn settle(&self) -> Result<(), StoreError> {
        let settled = self.database.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()));
        settled.map_err(|error| self.wrong(error))
    }
}

/// Starts anew from a checkpoint, where this text is stored already. How many bytes it takes.
fn begin(
    transaction: &Transaction<'_>, checkpoint: &Checkpoint, stored: &mut Option<Source>,
) -> rusqlite::Result<usize> {
    transaction.execute("DELETE FROM start", ())?;
    transaction.execute("DELETE FROM changes", ())?;
    transaction.execute("DELETE FROM evidence", ())?;
    let Checkpoint { source, clock, .. } = checkpoint;
    let is_stored = stored.as_ref().is_some_and(|stored| stored.is_same(source));
    let is_long = source.len() > limits::WHOLE_TEXT_BYTES;
    let mut bytes = 0;
    if !is_stored {
        texts::forget(transaction, Of::Source)?;
        if is_long {
            texts::store(transaction, Of::Source, source.text())?;
        }
    }
    texts::forget(transaction, Of::Value)?;
    let mut start = checkpoint.clone();
    if is_long {
        bytes += source.len();
        if *clock != VectorClock::new() {
            bytes += texts::store(transaction, Of::Value, &checkpoint.value)?;
        }
        start.source = Source::from("").with_bad_lines(source.bad_lines().cloned());
        start.value = Value::NULL;
    }
    let text = Message::Document { checkpoint: start, changes: Vec::new() }.encode();
    transaction.execute("INSERT INTO start VALUES (?1)", [&text])?;
    *stored = is_long.then(|| source.clone());
    Ok(bytes + text.len())
}

/// Adds what proves changes.
fn prove(transaction: &Transaction<'_>, evidence: &[Evidence]) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO evidence VALUES (?1, ?2, ?3, ?4)")?;
    for Evidence { author, tick, kind, bytes } in evidence {
        let tick = i64::try_from(*tick).unwrap_or(i64::MAX);
        insert.execute((author.0, tick, number_of(*kind), bytes))?;
    }
    Ok(())
}

/// How a kind of evidence is stored.
fn number_of(kind: EvidenceKind) -> i64 {
    match kind {
        EvidenceKind::Certificate => 0,
        EvidenceKind::Hash => 1,
        EvidenceKind::Signature => 2,
    }
}

/// The kind that is stored as a number.
fn kind_of(number: i64) -> Option<EvidenceKind> {
    let kinds = [EvidenceKind::Certificate, EvidenceKind::Hash, EvidenceKind::Signature];
    kinds.into_iter().find(|&kind| number_of(kind) == number)
}

/// Adds changes. How many, and how many bytes they take.
fn add(transaction: &Transaction<'_>, changes: &[Arc<Change>]) -> rusqlite::Result<(usize, usize)> {
    let mut insert = transaction.prepare_cached("INSERT INTO changes (change) VALUES (?1)")?;
    let mut bytes = 0;
    for change in changes {
        let text = Message::Change(change.clone()).encode();
        bytes += text.len();
        insert.execute([&text])?;
    }
    Ok((changes.len(), bytes))
}
