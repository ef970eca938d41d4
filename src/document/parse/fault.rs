//! What can be wrong with a JSON text, said so that a person can put it right.

use super::ParseError;
use crate::document::inert::is_live;
use crate::limits;

/// Where a fault was met.
pub(super) struct Place<'a> {
    /// The whole text.
    pub(super) text: &'a str,
    /// The byte that does not fit.
    pub(super) at: usize,
    /// Where the container around it begins.
    pub(super) inside: Option<usize>,
}

impl Place<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, reason: String) -> ParseError {
        ParseError::new(self.text, self.at, reason)
    }

    /// `expected` against what is there, and a word of advice.
    fn unexpected(&self, expected: &str) -> ParseError {
        let rest = self.rest();
        if let Some(first) = rest.chars().next() {
            let advice = advice(rest, first);
            return self.error(format!("expected {expected}, found {}{advice}", found(rest, first)));
        }
        self.error(match self.inside {
            Some(open) => {
                let what = if self.byte(open) == Some(b'{') { "map" } else { "array" };
                let (line, column) = line_and_column(self.text, open);
                format!(
                    "expected {expected}, found the end of the text: the {what} that begins at line {line}, \
                     column {column} is never closed"
                )
            }
            None => format!("expected {expected}, found the end of the text"),
        })
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }
}

/// The word or character that is there.
fn found(rest: &str, first: char) -> String {
    if first.is_alphanumeric() {
        let word: String = rest.chars().take_while(|letter| letter.is_alphanumeric()).take(20).collect();
        return format!("`{word}`");
    }
    match first {
        '`' => "a backtick".to_owned(),
        '\u{feff}' => "a byte order mark (U+FEFF)".to_owned(),
        other if is_live(other) || other.is_whitespace() => {
            format!("the character U+{:04X}", u32::from(other))
        }
        other => format!("`{other}`"),
    }
}

/// What people who write this usually mean.
fn advice(rest: &str, first: char) -> String {
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).take(20).collect();
    let literal = word.to_ascii_lowercase();
    let advice = match (first, literal.as_str()) {
        (_, "true" | "false" | "null") if literal != word => return format!(": write `{literal}`"),
        (_, "none" | "nil" | "undefined") => ": write `null`",
        (_, "nan" | "infinity" | "inf") | ('-', _) => ": JSON has no such number",
        ('\'' | '`', _) => ": JSON takes double quotes",
        ('“' | '”' | '„' | '‘' | '’' | '«' | '»', _) => {
            ": JSON takes straight double quotes (\")"
        }
        ('/' | '#', _) => ": JSON has no comments",
        ('+', _) => ": a number takes no plus sign",
        ('.', _) => ": a number needs a digit before its decimal point",
        _ => "",
    };
    advice.to_owned()
}

pub(super) fn no_value(place: &Place<'_>, comma: Option<usize>) -> ParseError {
    let rest = place.rest();
    if place.text.trim_start_matches('\u{feff}').trim().is_empty() {
        return place.error("expected a JSON value, found nothing: the text is empty".to_owned());
    }
    match (comma, rest.chars().next()) {
        (Some(comma), Some(']' | '}')) => last_comma(place, comma),
        (Some(comma), Some(',')) => {
            place.error(format!("expected a value between two commas{}", also(comma, place)))
        }
        (_, Some(first)) if first.is_alphabetic() && advice(rest, first).is_empty() => {
            let word = found(rest, first);
            place.error(format!("expected a value, found {word}: a string takes double quotes"))
        }
        _ => place.unexpected("a value"),
    }
}

fn also(comma: usize, place: &Place<'_>) -> String {
    let (line, _) = line_and_column(place.text, comma);
    let (here, _) = line_and_column(place.text, place.at);
    if line == here { String::new() } else { format!(" (the first is on line {line})") }
}

fn last_comma(place: &Place<'_>, comma: usize) -> ParseError {
    let bracket = place.rest().chars().next().unwrap_or(']');
    let what = if bracket == ']' { "element" } else { "entry" };
    ParseError::new(
        place.text,
        comma,
        format!("expected another {what} after this comma, found `{bracket}`: remove the comma"),
    )
}

pub(super) fn no_key(place: &Place<'_>, comma: Option<usize>) -> ParseError {
    match (comma, place.rest().chars().next()) {
        (Some(comma), Some('}')) => last_comma(place, comma),
        (_, Some(first)) if first.is_alphanumeric() || first == '_' => {
            let word = found(place.rest(), first);
            place.error(format!("expected a key in double quotes, found {word}: put quotes around it"))
        }
        (Some(_), _) => place.unexpected("a key in double quotes"),
        (None, _) => place.unexpected("a key in double quotes or `}`"),
    }
}

pub(super) fn no_colon(place: &Place<'_>) -> ParseError {
    place.unexpected("`:` after the key")
}

pub(super) fn after_value(place: &Place<'_>) -> ParseError {
    let expected = match place.inside.map(|open| place.byte(open)) {
        None => "nothing more after the document's value",
        Some(Some(b'{')) => "`,` or `}` after the value",
        Some(_) => "`,` or `]` after the value",
    };
    let error = place.unexpected(expected);
    match place.rest().chars().next() {
        Some('"' | '{' | '[' | '0'..='9') if place.inside.is_some() => {
            ParseError { reason: format!("{}: is a comma missing?", error.reason), ..error }
        }
        _ => error,
    }
}

pub(super) fn too_deep(place: &Place<'_>, depth: usize) -> ParseError {
    place.error(format!("arrays and maps are nested deeper than the limit of {depth} levels"))
}

pub(super) fn long_key(place: &Place<'_>, bytes: usize) -> ParseError {
    place.error(format!("a key of {bytes} bytes; the limit is {}", limits::KEY_BYTES))
}

pub(super) fn open_string(place: &Place<'_>, open: usize) -> ParseError {
    ParseError::new(
        place.text,
        open,
        "expected a closing `\"`, found the end of the text: the string that begins here is never closed"
            .to_owned(),
    )
}

pub(super) fn control_character(place: &Place<'_>, open: usize) -> ParseError {
    let character = place.rest().chars().next().unwrap_or_default();
    if matches!(character, '\n' | '\r') {
        let reason = "expected a closing `\"`, found the end of the line: close the string that begins here, or write a line break in it as `\\n`";
        return ParseError::new(place.text, open, reason.to_owned());
    }
    let code = u32::from(character);
    let spelling = if character == '\t' { "\\t".to_owned() } else { format!("\\u{code:04x}") };
    place.error(format!(
        "expected an escape, found the control character U+{code:04X} in a string: write it as `{spelling}`"
    ))
}

pub(super) fn short_escape(place: &Place<'_>, digits: usize) -> ParseError {
    place.error(format!("expected four hexadecimal digits after `\\u`, found {digits}"))
}

pub(super) fn unknown_escape(place: &Place<'_>) -> ParseError {
    let found: String = place.rest().chars().take(2).collect();
    place.error(format!(
        "expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found `{}`: write a backslash itself as `\\\\`",
        found.escape_debug().to_string().replacen("\\\\", "\\", 1)
    ))
}

pub(super) fn leading_zero(place: &Place<'_>) -> ParseError {
    place.error(
        "expected the end of the number after its leading 0, found another digit: remove the 0".to_owned(),
    )
}

pub(super) fn no_digit(place: &Place<'_>, whereabouts: &str) -> ParseError {
    place.unexpected(&format!("a digit {whereabouts}"))
}

/// Line and column of a byte, in characters from 1. A byte order mark is not counted.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_breaks = before.bytes().filter(|&byte| byte == b'\n').count();
    let line = before.rsplit('\n').next().unwrap_or_default();
    (line_breaks + 1, line.trim_start_matches('\u{feff}').chars().count() + 1)
}
