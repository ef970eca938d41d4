//! Long texts in rows of a bounded size, so that neither writing nor reading takes a second copy.

use std::fmt::{self, Display, Write as _};

use rusqlite::{CachedStatement, Connection, Transaction};

use crate::limits;

/// What a text is of.
#[derive(Clone, Copy)]
pub(super) enum Of {
    /// The text that the document was first read from.
    Source = 0,
    /// The version where the history starts, when that is another.
    Value = 1,
}

/// Removes a text, if it is there.
pub(super) fn forget(transaction: &Transaction<'_>, of: Of) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM texts WHERE of = ?1", [of as i64]).map(drop)
}

/// Stores the text of something, piece after piece as it is written. How many bytes it takes.
pub(super) fn store(transaction: &Transaction<'_>, of: Of, what: impl Display) -> rusqlite::Result<usize> {
    let insert = transaction.prepare_cached("INSERT INTO texts (of, text) VALUES (?1, ?2)")?;
    let mut parts = Parts { insert, of, part: String::new(), bytes: 0, failure: None };
    // It fails only where storing does.
    let _ = write!(parts, "{what}");
    parts.end();
    parts.failure.map_or(Ok(parts.bytes), Err)
}

/// A text, if it is there.
pub(super) fn read(database: &Connection, of: Of) -> rusqlite::Result<Option<String>> {
    let bytes = "SELECT sum(octet_length(text)) FROM texts WHERE of = ?1";
    let Some(bytes) = database.query_row(bytes, [of as i64], |row| row.get::<_, Option<i64>>(0))? else {
        return Ok(None);
    };
    // A sum that is damaged says nothing of how much there is.
    let bytes = usize::try_from(bytes).unwrap_or(0).min(limits::DOCUMENT_BYTES);
    let mut whole = String::with_capacity(bytes);
    let mut select = database.prepare("SELECT text FROM texts WHERE of = ?1 ORDER BY number")?;
    let mut rows = select.query([of as i64])?;
    while let Some(row) = rows.next()? {
        whole.push_str(row.get_ref(0)?.as_str()?);
    }
    Ok(Some(whole))
}

/// A text that is cut into rows while it is written.
struct Parts<'a> {
    insert: CachedStatement<'a>,
    of: Of,
    part: String,
    bytes: usize,
    failure: Option<rusqlite::Error>,
}

impl Parts<'_> {
    fn end(&mut self) {
        if self.failure.is_none() && !self.part.is_empty() {
            self.bytes += self.part.len();
            self.failure = self.insert.execute((self.of as i64, &self.part)).err();
            self.part.clear();
        }
    }
}

impl fmt::Write for Parts<'_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        while !text.is_empty() {
            let room = limits::TEXT_PART_BYTES.saturating_sub(self.part.len()).min(text.len());
            let end = (room..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
            let (piece, rest) = text.split_at(end);
            self.part.push_str(piece);
            text = rest;
            if self.part.len() >= limits::TEXT_PART_BYTES {
                self.end();
            }
        }
        if self.failure.is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}
