//! The text form of a change: `["change",[CLOCK,METHOD,PATH,...ARGS]]`, on the wire and in
//! `ultrawave replay`.
//!
//! CLOCK is `{"id":AUTHOR,"ticks":{"AUTHOR":TICK,…}}`, METHOD `set`, `delete`, `merge` or
//! `splice`, PATH an array of strings (keys) and integers (positions). Messages that carry many
//! changes carry many payloads, `[CLOCK,METHOD,PATH,...ARGS]`, and those that are typing together
//! (`typing`).

use std::fmt::Write as _;
use std::sync::Arc;

use super::typing::{is_typing, read_typing};
use super::{Author, Change, Tick, VectorClock};
use crate::document::{Kind, Method, Path, Step, Text, Value, inert, parse_to_depth};
use crate::limits;

/// Why a text is no change: what is wrong, and where in the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChangeError(pub String);

/// Levels of arrays and maps around an argument, in the messages that hold the most of them.
const ENVELOPE_DEPTH: usize = 8;

/// Bytes that a change mostly fits in.
const USUAL_BYTES: usize = 160;

/// The wire text of a change: one line.
pub fn encode_change(change: &Change) -> String {
    let mut text = String::with_capacity(USUAL_BYTES);
    text.push_str("[\"change\",");
    write_change(change, &mut text);
    text.push(']');
    text
}

/// Reads the wire text of a change. Numbers and strings of the arguments keep their text.
/// Elements after the payload are for others, and left out of account.
///
/// # Errors
/// Names what is wrong: not JSON, a wrong type, an unknown method, a limit passed.
pub fn decode_change(text: &str) -> Result<Change, ChangeError> {
    let message = decode_message(text, limits::MESSAGE_BYTES)?;
    let word = message.index(0).and_then(Value::as_text);
    if word != Some(&Text::new("change")) {
        return Err(ChangeError(format!(
            "expected a message [\"change\",[CLOCK,METHOD,PATH,...ARGS]], found {}",
            describe(&message)
        )));
    }
    let payload =
        message.index(1).ok_or_else(|| ChangeError("the change message has no payload".to_owned()))?;
    read_change(payload)
}

/// Reads the text of any message of at most `bytes`: JSON, which may nest somewhat deeper than a
/// document, since it may hold one.
///
/// # Errors
/// Not JSON, or too long.
pub fn decode_message(text: &str, bytes: usize) -> Result<Value, ChangeError> {
    if text.len() > bytes {
        return Err(ChangeError(format!("a message of {} bytes; the limit is {bytes}", text.len())));
    }
    match parse_to_depth(text, limits::DEPTH + ENVELOPE_DEPTH) {
        Ok(parsed) => Ok(parsed.value),
        Err(error) => Err(ChangeError(format!("not JSON: {error}"))),
    }
}

/// Writes the payload of a change: `[CLOCK,METHOD,PATH,...ARGS]`.
pub fn write_change(change: &Change, out: &mut String) {
    write_head(change, change.method.name(), out);
    match &change.method {
        Method::Set(value) | Method::Merge(value) => write_argument(value, out),
        Method::Delete => {}
        Method::Splice { start, count, items } => {
            for number in [*start, *count] {
                out.push_str(if number < 0 { ",-" } else { "," });
                write_number(number.unsigned_abs(), out);
            }
            for item in items {
                write_argument(item, out);
            }
        }
    }
    out.push(']');
}

/// Writes the beginning of a payload: `[CLOCK,WORD,PATH`.
pub(super) fn write_head(change: &Change, word: &str, out: &mut String) {
    out.push_str("[{\"id\":");
    write_number(change.author.0.into(), out);
    out.push_str(",\"ticks\":");
    write_clock(&change.clock, out);
    out.push_str("},\"");
    out.push_str(word);
    out.push_str("\",");
    write_path(&change.path, out);
}

/// Writes the digits of a number.
pub(super) fn write_number(mut number: u64, out: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(number % 10).unwrap_or_default() + b'0';
        at -= 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.push_str(digits.get(at..).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default());
}

fn write_argument(value: &Value, out: &mut String) {
    out.push(',');
    if let Some(text) = value.as_text() {
        write_text(text, out);
    } else if let Some(number) = value.as_number() {
        out.push_str(number);
    } else {
        let _ = write!(out, "{value}");
    }
}

fn write_text(text: &Text, out: &mut String) {
    out.push('"');
    out.push_str(text.raw());
    out.push('"');
}

/// Reads the payload of a change.
///
/// # Errors
/// Names what is wrong: a wrong type, an unknown method, a limit passed.
pub fn read_change(payload: &Value) -> Result<Change, ChangeError> {
    if !payload.is_array() || payload.len() < 3 {
        return wrong("the change", "an array [CLOCK,METHOD,PATH,...ARGS]", payload);
    }
    let mut parts = payload.elements();
    let mut next = || parts.next().cloned().unwrap_or(Value::NULL);
    let (clock, method, path) = (next(), next(), next());
    let (author, clock) = change_clock(&clock)?;
    let path = read_path(&path)?;
    let method = read_method(&method, &parts.cloned().collect::<Vec<_>>())?;
    method.check(&path).map_err(|error| ChangeError(format!("the change at {}: {error}", brief(&path))))?;
    Ok(Change { author, clock, path, method })
}

/// Reads an array of the payloads of at most `limit` changes, typing among them.
///
/// # Errors
/// Names what is wrong: no array, too many, or a change that is none.
pub fn read_changes(payloads: &Value, limit: usize) -> Result<Vec<Arc<Change>>, ChangeError> {
    let too_many = || Err(ChangeError(format!("more than {limit} changes in one message")));
    if !payloads.is_array() {
        return wrong("the changes", "an array", payloads);
    }
    if payloads.len() > limit {
        return too_many();
    }
    let mut changes = Vec::with_capacity(payloads.len());
    for payload in payloads.elements() {
        if is_typing(payload) {
            read_typing(payload, &mut changes)?;
        } else {
            changes.push(Arc::new(read_change(payload)?));
        }
        if changes.len() > limit {
            return too_many();
        }
    }
    Ok(changes)
}

/// Reads whose change it is, and its clock.
pub(super) fn change_clock(clock: &Value) -> Result<(Author, VectorClock), ChangeError> {
    if !clock.is_object() {
        return wrong("the clock", "a map {\"id\":AUTHOR,\"ticks\":{…}}", clock);
    }
    let id = clock.key(&Text::new("id")).ok_or_else(|| ChangeError("the clock has no \"id\"".to_owned()))?;
    let ticks =
        clock.key(&Text::new("ticks")).ok_or_else(|| ChangeError("the clock has no \"ticks\"".to_owned()))?;
    let author = id.as_number().and_then(author);
    let Some(author) = author else {
        return wrong("the clock's \"id\"", AUTHOR_RANGE, id);
    };
    let ticks = read_clock(ticks)?;
    if ticks.get(author) == 0 {
        return Err(ChangeError(format!("the clock has no tick of its own author {author}")));
    }
    Ok((author, ticks))
}

pub(crate) fn read_method(method: &Value, arguments: &[Value]) -> Result<Method, ChangeError> {
    let Some(name) = method.as_text().map(Text::plain) else {
        return wrong("the method", "a string", method);
    };
    match (name.as_ref(), arguments) {
        ("set", [value]) => Ok(Method::Set(value.clone())),
        ("delete", []) => Ok(Method::Delete),
        ("merge", [value]) => Ok(Method::Merge(value.clone())),
        ("splice", [start, count, items @ ..]) => Ok(Method::Splice {
            start: integer("start", start)?,
            count: integer("count", count)?,
            items: items.to_vec(),
        }),
        ("set" | "merge", _) => Err(argument_count(&name, "1 argument", arguments)),
        ("delete", _) => Err(argument_count(&name, "no argument", arguments)),
        ("splice", _) => Err(argument_count(&name, "2 arguments or more", arguments)),
        _ => wrong("the method", "set, delete, merge or splice", method),
    }
}

fn argument_count(name: &str, takes: &str, arguments: &[Value]) -> ChangeError {
    ChangeError(format!("{name} takes {takes}, found {}", arguments.len()))
}

/// Start or count of a splice. What is beyond the range of numbers here is beyond the end of
/// every array, so it may as well be the largest.
fn integer(name: &str, value: &Value) -> Result<i64, ChangeError> {
    let text = value.as_number().filter(|text| !text.contains(['.', 'e', 'E']));
    let Some(text) = text else {
        return wrong(&format!("the {name} of the splice"), "an integer", value);
    };
    Ok(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// Writes a clock: `{"AUTHOR":TICK,…}`.
pub fn write_clock(clock: &VectorClock, out: &mut String) {
    let mut separator = '{';
    for (author, tick) in clock.iter() {
        out.push(separator);
        out.push('"');
        write_number(author.0.into(), out);
        out.push_str("\":");
        write_number(tick, out);
        separator = ',';
    }
    out.push_str(if separator == '{' { "{}" } else { "}" });
}

/// Reads a clock: `{"AUTHOR":TICK,…}`.
///
/// # Errors
/// Names what is wrong: no map, an author or a tick out of range, too many authors.
pub fn read_clock(ticks: &Value) -> Result<VectorClock, ChangeError> {
    if !ticks.is_object() {
        return wrong("the clock's \"ticks\"", "a map {\"AUTHOR\":TICK,…}", ticks);
    }
    if ticks.len() > limits::CLOCK_AUTHORS {
        return Err(ChangeError(format!(
            "a clock of {} authors; the limit is {}",
            ticks.len(),
            limits::CLOCK_AUTHORS
        )));
    }
    let entry = |(key, value): (&Text, &Value)| {
        let Some(author) = author(&key.plain()) else {
            return wrong("a key of the clock's \"ticks\"", AUTHOR_RANGE, &Value::from_text(key.clone()));
        };
        let Some(tick) = value.as_number().and_then(positive).filter(|&tick| tick <= limits::TICKS) else {
            let expected = format!("an integer from 1 to {}", limits::TICKS);
            return wrong(&format!("the clock's tick of author {author}"), &expected, value);
        };
        Ok((author, tick))
    };
    ticks.entries().map(entry).collect()
}

const AUTHOR_RANGE: &str = "an author: an integer from 1 to 4294967295";

fn author(text: &str) -> Option<Author> {
    positive(text).and_then(|number| u32::try_from(number).ok()).map(Author)
}

/// A positive integer in its one spelling.
fn positive(text: &str) -> Option<Tick> {
    let canonical = text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| canonical)
}

/// Writes a path: `["users",3,"name"]`.
pub fn write_path(path: &Path, out: &mut String) {
    out.push('[');
    for (at, step) in path.steps().iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match step {
            Step::Key(key) => write_text(key, out),
            Step::Index(index) => write_number(u64::try_from(*index).unwrap_or(u64::MAX), out),
        }
    }
    out.push(']');
}

/// Reads a path: an array of strings and non-negative integers.
///
/// # Errors
/// Names the step that is neither.
pub fn read_path(path: &Value) -> Result<Path, ChangeError> {
    if !path.is_array() {
        return wrong("the path", "an array of strings and integers", path);
    }
    if path.len() > limits::PATH_STEPS {
        return Err(ChangeError(format!(
            "a path of {} steps; the limit is {}",
            path.len(),
            limits::PATH_STEPS
        )));
    }
    let step = |(number, step): (usize, &Value)| {
        if let Some(key) = step.as_text() {
            return Ok(Step::Key(key.clone()));
        }
        if let Some(index) = step.as_number().and_then(position) {
            return Ok(Step::Index(index));
        }
        let place = format!("step {} of the path", number + 1);
        wrong(&place, "a string or a non-negative integer", step)
    };
    path.elements().enumerate().map(step).collect()
}

/// An array position. Those beyond 32 bits are beyond every array; they are made the same on
/// machines of every word size.
fn position(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| usize::try_from(text.parse().unwrap_or(u32::MAX)).unwrap_or(usize::MAX))
}

pub(super) fn wrong<T>(place: &str, expected: &str, found: &Value) -> Result<T, ChangeError> {
    Err(ChangeError(format!("{place}: expected {expected}, found {}", describe(found))))
}

/// Characters of a path shown in an error.
const SHOWN_PATH_CHARS: usize = 120;

/// A path as an error names it.
fn brief(path: &Path) -> String {
    let whole = path.to_string();
    let start: String = whole.chars().take(SHOWN_PATH_CHARS).collect();
    let more = if start.len() < whole.len() { "…" } else { "" };
    format!("{start}{more}")
}

/// Characters of a scalar shown in an error.
const SHOWN_CHARS: usize = 40;

/// A value as an error names it: briefly.
fn describe(value: &Value) -> String {
    match value.kind() {
        Kind::Array => format!("an array of {}", value.len()),
        Kind::Object => format!("a map of {}", value.len()),
        Kind::Null | Kind::Bool | Kind::Number | Kind::String => {
            let text = value.to_string();
            let start: String = text.chars().take(SHOWN_CHARS).collect();
            let more = if start.len() < text.len() { "…" } else { "" };
            format!("{}{more}", inert(&start))
        }
    }
}
