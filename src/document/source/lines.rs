//! JSON Lines: a value a line, shared as the array of them.
//!
//! The array's text is the lines' with brackets around and a comma before each line but the
//! first, so nothing else has to know of lines, and taking these away again gives the file back.
//!
//! ```text
//! {"a":1}↵             [{"a":1}↵
//! 2↵           ↔       ,2↵
//! oops↵                ,"oops"↵ ]      with "oops" remembered as a line that is no JSON
//! ```

use std::borrow::Cow;
use std::collections::BTreeSet;

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
                        text.push_str(&Text::new(value).to_string());
                        let column = error.column + before.chars().count();
                        faults.push(BadLine { number: at + 1, column, reason: error.reason });
                        bad.insert(value.to_owned());
                    }
                }
            }
            text.push_str(after);
        }
        text.push(']');
        (Self::of_lines(text, bad), faults)
    }

    /// The text of an array whose elements are written one a line, and the lines of its file that
    /// are no JSON.
    pub fn of_lines(text: impl Into<String>, bad: BTreeSet<String>) -> Self {
        Self::from_inner(Inner::new(text.into(), Grain::default(), Some(bad)))
    }

    /// The lines of the file that are no JSON, without the white space around them; nothing if
    /// this is no file of lines.
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
                let line = Text::from_raw(raw);
                if !line.has_lone_surrogate() && bad.contains(&*line.plain()) {
                    file.push_str(&line.plain());
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
