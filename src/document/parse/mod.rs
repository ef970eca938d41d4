//! Reading JSON text.

mod fault;
mod scan;

use rustc_hash::FxHashMap;
use unicode_width::UnicodeWidthStr;

pub(super) use scan::{Event, Scanner};

use super::object::Object;
use super::short::SHORT_BYTES;
use super::{Path, Source, Step, Text, Value, inert};
use crate::limits;

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ParseError {
    /// What is wrong, and what was expected.
    pub reason: String,
    /// Bytes from the start of the text.
    pub offset: usize,
    /// From 1.
    pub line: usize,
    /// Characters from 1.
    pub column: usize,
}

/// Characters of the faulty line that are shown on each side of the fault.
const CONTEXT_CHARS: usize = 50;

impl ParseError {
    fn new(text: &str, offset: usize, reason: String) -> Self {
        let (line, column) = fault::line_and_column(text, offset);
        Self { reason, offset, line, column }
    }

    /// The error with a picture of the faulty line of `text`, which comes from `source_name`: a
    /// file's name, or `argument 3`.
    pub fn render(&self, source_name: &str, text: &str) -> String {
        format!("{source_name}:{}:{}: {}\n{}", self.line, self.column, self.reason, self.excerpt(text))
    }

    /// The faulty line of `text` with its number and a caret below the fault. Of a long line, what
    /// stands around the fault.
    pub fn excerpt(&self, text: &str) -> String {
        let (before, after) = text.split_at_checked(self.offset).unwrap_or((text, ""));
        let before = before.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}');
        let after = after.split(['\n', '\r']).next().unwrap_or_default();
        let cut = before.char_indices().rev().nth(CONTEXT_CHARS - 1).map_or(0, |(at, _)| at);
        let end = after.char_indices().nth(CONTEXT_CHARS).map_or(after.len(), |(at, _)| at);
        let shown = |part: Option<&str>| inert(&part.unwrap_or_default().replace('\t', " ")).into_owned();
        let left = format!("{}{}", if cut > 0 { "…" } else { "" }, shown(before.get(cut..)));
        let right = format!("{}{}", shown(after.get(..end)), if end < after.len() { "…" } else { "" });
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let caret = " ".repeat(UnicodeWidthStr::width(left.as_str()));
        format!("{margin} |\n{number} | {left}{right}\n{margin} | {caret}^")
    }
}

/// A JSON text that has been read, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What the text says. Of entries with one key the last value counts, in the first's place.
    pub value: Value,
    /// How many entries are hidden behind a later one with the same key.
    pub duplicate_keys: usize,
    /// The place of one such entry.
    pub first_duplicate: Option<Path>,
}

/// Reads a JSON text (RFC 8259; a byte order mark before it is let through). Of entries with one
/// key the last value counts, in the first's place.
///
/// # Errors
/// The first fault, with its place; nesting beyond [`limits::DEPTH`] is one.
pub fn parse(text: &str) -> Result<Value, ParseError> {
    parse_reporting(text).map(|parsed| parsed.value)
}

/// Reads a JSON text as [`parse`] does, and counts the keys that hide another.
///
/// # Errors
/// As [`parse`].
pub fn parse_reporting(text: &str) -> Result<Parsed, ParseError> {
    if text.len() < UNREAD_FROM { parse_to_depth(text, limits::DEPTH) } else { Source::from(text).read() }
}

/// Reads a JSON text that may nest `depth` levels: for messages, which hold documents and
/// arguments some levels down.
pub(crate) fn parse_to_depth(text: &str, depth: usize) -> Result<Parsed, ParseError> {
    let mut scanner = Scanner::new(text, depth);
    let mut builder = Builder::default();
    while let Some(event) = scanner.next()? {
        builder.take(event);
    }
    Ok(Parsed {
        value: builder.done.unwrap_or(Value::NULL),
        duplicate_keys: builder.duplicate_keys,
        first_duplicate: builder.first_duplicate,
    })
}

/// Bytes of the shortest text that is worth a copy of it, so that it need not be read at once.
const UNREAD_FROM: usize = 64 << 10;

/// Distinct keys remembered while reading, so that the records of a long list share theirs.
const SHARED_KEYS: usize = 4_096;

/// A container that is not closed yet.
enum Open {
    Array(Vec<Value>),
    /// The key is that of the entry whose value comes next.
    Object(Object, Text),
}

/// Builds a value from events.
#[derive(Default)]
pub(super) struct Builder<'a> {
    open: Vec<Open>,
    keys: FxHashMap<&'a str, Text>,
    done: Option<Value>,
    duplicate_keys: usize,
    first_duplicate: Option<Path>,
}

impl<'a> Builder<'a> {
    /// The value that has just been finished; it begins anew.
    pub(super) fn done(&mut self) -> Option<Value> {
        self.done.take()
    }

    pub(super) fn take(&mut self, event: Event<'a>) {
        let value = match event {
            Event::BeginArray => return self.open.push(Open::Array(Vec::new())),
            Event::BeginObject => return self.open.push(Open::Object(Object::default(), Text::default())),
            Event::Key(raw) => return self.name(raw),
            Event::Null => Value::NULL,
            Event::Bool(value) => Value::bool(value),
            Event::Number(text) => Value::from_number(text),
            Event::String(raw) => Value::from_text(Text::from_raw(raw)),
            Event::End => match self.open.pop() {
                Some(Open::Array(elements)) => Value::array(elements),
                Some(Open::Object(mut object, _)) => {
                    object.trim();
                    Value::from_object(object)
                }
                None => return,
            },
        };
        self.put(value);
    }

    fn name(&mut self, raw: &'a str) {
        let key = self.shared_key(raw);
        if let Some(Open::Object(_, next)) = self.open.last_mut() {
            *next = key;
        }
    }

    pub(super) fn shared_key(&mut self, raw: &'a str) -> Text {
        // A short one is held in place.
        if raw.len() <= SHORT_BYTES {
            return Text::from_raw(raw);
        }
        if let Some(key) = self.keys.get(raw) {
            return key.clone();
        }
        let key = Text::from_raw(raw);
        if self.keys.len() < SHARED_KEYS {
            self.keys.insert(raw, key.clone());
        }
        key
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open::Array(elements)) => elements.push(value),
            Some(Open::Object(object, key)) => {
                if object.insert(key.clone(), value).is_some() {
                    self.duplicate_keys += 1;
                    if self.first_duplicate.is_none() {
                        self.first_duplicate = Some(self.path());
                    }
                }
            }
        }
    }

    /// Where the last entry was put.
    fn path(&self) -> Path {
        let step = |open: &Open| match open {
            Open::Array(elements) => Step::Index(elements.len()),
            Open::Object(_, key) => Step::Key(key.clone()),
        };
        self.open.iter().map(step).collect()
    }
}

/// Levels of nesting of a JSON text that has been checked.
pub(super) fn depth(text: &str) -> usize {
    let mut scanner = Scanner::new(text, limits::DEPTH);
    let (mut depth, mut deepest) = (0_usize, 0);
    while let Ok(Some(event)) = scanner.next() {
        match event {
            Event::BeginArray | Event::BeginObject => depth += 1,
            Event::End => depth -= 1,
            Event::Key(_) | Event::Null | Event::Bool(_) | Event::Number(_) | Event::String(_) => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
