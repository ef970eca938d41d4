//! JSON Lines: a value a line, shared as the array of them.
//!
//! The array's text is the lines' with brackets around and a comma before each line but the
//! first, so nothing else has to know of lines, and taking these away again gives the file back.
//!
//! ```text
//! {"a":1}↵             [{"a":1}↵
//! 2↵           ↔       ,2↵
//! oops↵                ,"oop\u0073"↵ ]
//! ```
//!
//! A line that is no JSON is a string in a spelling of its own, which no other element of the file
//! has, and which is remembered: so it is not taken for a string that says the same.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Grain, Inner, Source};
use crate::document::{Event, Scanner, Text, parse_to_depth};
use crate::limits;

/// A line that is no JSON, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub number: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

const MARK: char = '\u{feff}';

impl Source {
    /// The text of a file of JSON Lines, and which of its lines are no JSON. Such a line is an
    /// element too: a string that says what the line says.
    pub fn lines(file: &str) -> (Self, Vec<BadLine>) {
        let body = file.strip_prefix(MARK).unwrap_or(file);
        let mut text = String::with_capacity(file.len() + file.len() / 32 + 2);
        text.push_str(file.get(..file.len() - body.len()).unwrap_or_default());
        text.push('[');
        let taken = escaped_strings(body);
        let (mut bad, mut faults) = (BTreeSet::new(), Vec::new());
        let mut is_first = true;
        for (at, line) in body.split_inclusive('\n').enumerate() {
            let (before, value, after) = trimmed(line);
            text.push_str(before);
            if !value.is_empty() {
                if !is_first {
                    text.push(',');
                }
                is_first = false;
                match check(value) {
                    Ok(()) => text.push_str(value),
                    Err(error) => {
                        let spelling = spelling(value, &taken);
                        text.extend(["\"", &spelling, "\""]);
                        let column = error.column + before.chars().count();
                        faults.push(BadLine { number: at + 1, column, reason: error.reason });
                        bad.insert(spelling);
                    }
                }
            }
            text.push_str(after);
        }
        text.push(']');
        (Self::of_lines(text, bad), faults)
    }

    /// The text of an array whose elements are written one a line, and how those strings among them
    /// are spelled that stand for a line that is no JSON.
    pub fn of_lines(text: impl Into<String>, bad: BTreeSet<String>) -> Self {
        Self::from_inner(Inner::new(text.into(), Grain::default(), Some(bad)))
    }

    /// How the elements are spelled that stand for a line of the file that is no JSON, without quotes;
    /// nothing if this is no file of lines.
    pub fn bad_lines(&self) -> Option<&BTreeSet<String>> {
        self.0.bad_lines.as_ref()
    }

    /// The file that this is the text of.
    pub fn file(&self) -> Cow<'_, str> {
        self.file_of(self.text())
    }

    /// The file that another text in the format of this one makes.
    pub(in crate::document) fn file_of<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.bad_lines() {
            Some(bad) => unbracketed(text, bad).map_or(Cow::Borrowed(text), Cow::Owned),
            None => Cow::Borrowed(text),
        }
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// A line as the white space before, what it says, and the white space after.
fn trimmed(line: &str) -> (&str, &str, &str) {
    let start = line.len() - line.trim_start_matches(is_space).len();
    let end = line.trim_end_matches(is_space).len().max(start);
    let part = |from, to| line.get(from..to).unwrap_or_default();
    (part(0, start), part(start, end), part(end, line.len()))
}

/// The strings among some lines that have an escape by number in them, as they are spelled.
fn escaped_strings(lines: &str) -> BTreeSet<&str> {
    let is_escaped = |line: &&str| line.contains("\\u");
    let spelled = |line| trimmed(line).1.strip_prefix('"')?.strip_suffix('"');
    lines.split('\n').filter(is_escaped).filter_map(spelled).collect()
}

/// How the string is spelled that stands for a line that is no JSON: with its last letter escaped,
/// which nobody has to, and blanks at the end if that is taken.
fn spelling(line: &str, taken: &BTreeSet<&str>) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    let last = line.chars().next_back().map_or(0, |last| line.len() - last.len_utf8());
    let (before, rest) = line.split_at(line.rfind(is_plain).unwrap_or(last));
    let mut letters = rest.chars();
    let mut spelling = Text::new(before).raw().to_owned();
    for unit in letters.next().unwrap_or(' ').encode_utf16(&mut [0; 2]) {
        let _ = write!(spelling, "\\u{unit:04x}");
    }
    spelling.push_str(Text::new(letters.as_str()).raw());
    while taken.contains(spelling.as_str()) {
        spelling.push(' ');
    }
    spelling
}

/// The line that a string stands for.
fn line_of(spelling: &str) -> String {
    Text::from_raw(spelling).plain().trim_end_matches(' ').to_owned()
}

fn check(line: &str) -> Result<(), crate::document::ParseError> {
    let mut scanner = Scanner::new(line, limits::DEPTH - 1);
    while scanner.next()?.is_some() {}
    if line.starts_with(MARK) { parse_to_depth("\u{feff}\u{feff}", 1).map(drop) } else { Ok(()) }
}

/// The elements of an array without what makes them one; nothing if the text is no array.
fn unbracketed(text: &str, bad: &BTreeSet<String>) -> Option<String> {
    let mut scanner = Scanner::new(text, limits::DEPTH);
    if scanner.next().ok()?? != Event::BeginArray {
        return None;
    }
    let mut file = String::with_capacity(text.len());
    let open = scanner.end() - 1;
    file.push_str(text.get(..open)?);
    // Behind the last element, and how deep inside it is.
    let (mut behind, mut depth) = (open + 1, 0_usize);
    while let Some(event) = scanner.next().ok()? {
        if depth == 0 {
            let gap = text.get(behind..scanner.start())?;
            file.extend(gap.split(','));
            behind = scanner.start();
        }
        match event {
            Event::BeginArray | Event::BeginObject => depth += 1,
            Event::End if depth == 0 => {
                file.push_str(text.get(scanner.end()..)?);
                return Some(file);
            }
            Event::End => depth -= 1,
            Event::String(raw) if depth == 0 && !bad.is_empty() => {
                if bad.contains(raw) {
                    file.push_str(&line_of(raw));
                    behind = scanner.end();
                }
            }
            Event::Key(_) | Event::Null | Event::Bool(_) | Event::Number(_) | Event::String(_) => {}
        }
        if depth == 0 && behind < scanner.end() {
            file.push_str(text.get(behind..scanner.end())?);
            behind = scanner.end();
        }
    }
    None
}
