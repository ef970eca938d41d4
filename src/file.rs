//! The file that holds a document on this machine: read with every fault named, written whole or
//! not at all.

mod replace;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::document::{BadLine, ParseError, Parsed, Source, Value, save};
use crate::limits;

/// A file and what it is known to hold.
#[derive(Clone, Debug)]
pub struct FileBinding {
    path: PathBuf,
    /// What was last read or written; nothing while there is no file.
    known: Option<(Source, Value)>,
    /// What is odd about the text that was read.
    oddity: Option<String>,
    /// Whether it has a JSON text on each line, as its name says, or whoever named it.
    is_lines: bool,
}

/// Why a file cannot be read or was not written. What was there is still there.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("{}: there is no such file", .0.display())]
    Missing(PathBuf),
    /// It is a folder.
    #[error("{}: this is a folder, not a file", .0.display())]
    Directory(PathBuf),
    /// It is there but cannot be read.
    #[error("{}: cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, io::Error),
    /// It is longer than a document may be.
    #[error("{}: longer than {} MB, the most a document may be", .0.display(), limits::DOCUMENT_BYTES >> 20)]
    TooLong(PathBuf),
    /// It is not text.
    #[error("{}: not UTF-8 from byte {} (line {}) on; JSON is UTF-8 text", .path.display(), .offset, .line)]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Bytes before the first that is not UTF-8.
        offset: usize,
        /// The line it is on, from 1.
        line: usize,
    },
    /// It is not JSON.
    #[error("{}:{}:{}: not JSON: {}\n{}", .path.display(), .error.line, .error.column, .error.reason, .excerpt)]
    NotJson {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        error: ParseError,
        /// The line with a caret under the fault.
        excerpt: String,
    },
    /// Something else has written it since it was read or written here.
    #[error("{}: changed on disk since it was read", .0.display())]
    ChangedOnDisk(PathBuf),
    /// There is another file of this name.
    #[error("{}: there is a file of this name already", .0.display())]
    Exists(PathBuf),
    /// It could not be written; what was there is still there.
    #[error("{}: cannot be written: {}", .0.display(), .1)]
    Unwritable(PathBuf, io::Error),
}

impl FileError {
    /// The exit code of a program that ends for this reason.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotUtf8 { .. } | Self::NotJson { .. } => 4,
            Self::ChangedOnDisk(_) | Self::Exists(_) => 6,
            Self::Missing(_)
            | Self::Directory(_)
            | Self::Unreadable(..)
            | Self::TooLong(_)
            | Self::Unwritable(..) => 1,
        }
    }
}

impl FileBinding {
    /// Reads a document from a file.
    ///
    /// # Errors
    /// It is missing, a folder, unreadable, too long, not UTF-8 or not JSON.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let is_lines = has_lines(&path);
        Self::load_as(path, is_lines)
    }

    /// Reads a document from a file of one JSON text, or of one a line.
    ///
    /// # Errors
    /// As [`load`](Self::load); a line that is no JSON is none.
    pub fn load_as(path: impl Into<PathBuf>, is_lines: bool) -> Result<Self, FileError> {
        let path = path.into();
        let text = read_text(&path)?;
        let (source, bad) = if is_lines { Source::lines(&text) } else { (text.into(), Vec::new()) };
        let parsed = source.read().map_err(|error| FileError::NotJson {
            path: path.clone(),
            excerpt: error.excerpt(&source),
            error,
        })?;
        let oddity = oddity(&path.display().to_string(), &parsed, &bad);
        Ok(Self { path, known: Some((source, parsed.value)), oddity, is_lines })
    }

    /// Reads the file anew, in the format that it had.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn reload(&self) -> Result<Self, FileError> {
        // One whose name says nothing was written as the room's document is.
        let was_lines = self.source().is_some_and(|source| source.bad_lines().is_some());
        let read = Self::load_as(&self.path, self.is_lines || was_lines)?;
        Ok(Self { is_lines: self.is_lines, ..read })
    }

    /// A file that is not there yet.
    pub fn absent(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let is_lines = has_lines(&path);
        Self { path, known: None, oddity: None, is_lines }
    }

    /// The same file, with a JSON text on each line whatever its name says.
    #[must_use]
    pub fn in_lines(self) -> Self {
        Self { is_lines: true, ..self }
    }

    /// Whether the file has a JSON text on each line, as its name says, or whoever named it.
    pub fn is_lines(&self) -> bool {
        self.is_lines
    }

    /// The same file, when it last showed this text, whatever it holds now.
    ///
    /// # Errors
    /// The text is not JSON.
    pub fn when_it_showed(&self, text: String) -> Result<Self, ParseError> {
        let source = if self.is_lines { Source::lines(&text).0 } else { text.into() };
        let value = source.read()?.value;
        Ok(Self { path: self.path.clone(), known: Some((source, value)), oddity: None, ..*self })
    }

    /// The file's name, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the person should know about the text that was read, if anything: keys that hide
    /// others.
    pub fn oddity(&self) -> Option<&str> {
        self.oddity.as_deref()
    }

    /// The text last read or written, as JSON has it; nothing while there is no file.
    pub fn source(&self) -> Option<&Source> {
        self.known.as_ref().map(|(source, _)| source)
    }

    /// The text last read or written; nothing while there is no file.
    pub fn text(&self) -> Option<&str> {
        self.source().map(Source::text)
    }

    /// The value last read or written; nothing while there is no file.
    pub fn value(&self) -> Option<&Value> {
        self.known.as_ref().map(|(_, value)| value)
    }

    /// Whether the file holds something else now than was last read or written here. A file that
    /// is gone holds nothing that could be lost, so it has not changed.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn has_changed_on_disk(&self) -> Result<bool, FileError> {
        let known = self.source().map(Source::file);
        match holds(&self.path, known.as_ref().map(|text| text.as_bytes())) {
            Ok(is_known) => Ok(!is_known),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unreadable(&self.path, error)),
        }
    }

    /// Writes a value in the style of `source`, the text the document was first read from: to a
    /// new file beside it, forced to the disk, that then takes its place, so that there is never
    /// half a file. Mode, owner and symbolic links are kept. Nothing is written when the file
    /// holds these bytes already.
    ///
    /// # Errors
    /// The file has changed on disk meanwhile and `overwrite` was not wished, or it cannot be
    /// written; what was there is still there.
    pub fn save(
        &mut self, source: impl Into<Source>, value: &Value, overwrite: bool,
    ) -> Result<(), FileError> {
        self.replace(source, value, overwrite).map(|_| ())
    }

    /// As [`save`](Self::save). Returns the file that was replaced, as it was at the moment when
    /// it was: a program may have written to it after the last look, or may be about to.
    ///
    /// # Errors
    /// As with [`save`](Self::save).
    pub fn replace(
        &mut self, source: impl Into<Source>, value: &Value, overwrite: bool,
    ) -> Result<Option<File>, FileError> {
        let source = self.format(source.into());
        let text = save(&source, value);
        if self.path.is_dir() {
            return Err(FileError::Directory(self.path.clone()));
        }
        if !overwrite && self.has_changed_on_disk()? {
            return Err(self.changed());
        }
        let is_there = holds(&self.path, Some(text.as_bytes())).unwrap_or(false);
        let replaced = if is_there {
            None
        } else {
            replace::replace(&target(&self.path), text.as_bytes()).map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    return self.changed();
                }
                FileError::Unwritable(self.path.clone(), error)
            })?
        };
        let written = if source.bad_lines().is_some() { Source::lines(&text).0 } else { text.into() };
        self.known = Some((written, value.clone()));
        Ok(replaced)
    }

    fn changed(&self) -> FileError {
        let path = self.path.clone();
        if self.known.is_none() { FileError::Exists(path) } else { FileError::ChangedOnDisk(path) }
    }

    /// The text whose layout is kept in this file: a name that says that there is a value a line,
    /// or one in all, is believed; else the file is as the text.
    fn format(&self, source: Source) -> Source {
        let is_lines = source.bad_lines().is_some();
        if self.is_lines && !is_lines {
            Source::lines("").0
        } else if is_lines
            && !self.is_lines
            && self.path.extension().is_some_and(|name| name.eq_ignore_ascii_case("json"))
        {
            "[\n]\n".into()
        } else {
            source
        }
    }
}

/// Bytes of a file that are compared at a time.
const PIECE: usize = 64 << 10;

/// Whether a file's name says that there is a JSON text on each of its lines.
pub fn has_lines(path: &Path) -> bool {
    let is = |wanted: &str| path.extension().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
    is("jsonl") || is("ndjson")
}

/// What a person should know about a text that was read: keys that hide others, lines that are no
/// JSON.
pub fn oddity(name: &str, parsed: &Parsed, bad: &[BadLine]) -> Option<String> {
    let keys = parsed.first_duplicate.as_ref().map(|first| {
        let count = parsed.duplicate_keys;
        let keys = if count == 1 { "a key is".to_owned() } else { format!("{count} keys are") };
        format!("{name}: {keys} there more than once, such as {first}; the last one counts")
    });
    let lines = bad.first().map(|BadLine { number, column, reason }| {
        let (count, rest) = (bad.len(), "shown as a string and kept as it is");
        let others =
            if count == 1 { String::new() } else { format!("; {} more lines are not either", count - 1) };
        format!("{name}:{number}:{column}: not JSON: {reason}; the line is {rest}{others}")
    });
    let all: Vec<String> = lines.into_iter().chain(keys).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// Reads a file as text, a byte order mark included.
///
/// # Errors
/// It is missing, a folder, unreadable, too long or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    if path.is_dir() {
        return Err(FileError::Directory(path.to_owned()));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let most = u64::try_from(limits::DOCUMENT_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    if bytes.len() > limits::DOCUMENT_BYTES {
        return Err(FileError::TooLong(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        FileError::NotUtf8 { path: path.to_owned(), offset, line }
    })
}

/// Whether a file is there and holds these bytes, if any: seen piece by piece, so that a long one
/// takes no memory.
fn holds(path: &Path, expected: Option<&[u8]>) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let Some(mut expected) = expected else { return Ok(false) };
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece)?;
        let (Some(read), Some((wanted, rest))) = (piece.get(..count), expected.split_at_checked(count))
        else {
            return Ok(false);
        };
        if read != wanted || count == 0 {
            return Ok(count == 0 && rest.is_empty());
        }
        expected = rest;
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the standard library has dozens of kinds and adds more")]
fn unreadable(path: &Path, error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound => FileError::Missing(path.to_owned()),
        io::ErrorKind::IsADirectory => FileError::Directory(path.to_owned()),
        _ => FileError::Unreadable(path.to_owned(), error),
    }
}

/// The file that a name leads to, through symbolic links, also where the last one leads nowhere
/// yet.
fn target(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match fs::read_link(path) {
        Ok(link) => folder(path).join(link),
        Err(_) => path.to_owned(),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
