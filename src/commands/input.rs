//! What a command is given to work on: documents, JSON arguments, paths.

use std::io::Read as _;
use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use super::output;
use crate::document::{self, ParseError, Path, Source, Value};
use crate::file::{FileBinding, oddity};
use crate::limits;
use crate::sync::{Checkpoint, VectorClock};

/// Whether a file argument means standard input.
pub(super) fn is_stdin(path: &FilePath) -> bool {
    path.as_os_str() == "-"
}

/// What a file argument is called in messages.
pub(super) fn display_name(path: &FilePath) -> String {
    if is_stdin(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// All bytes of a file, or of standard input for `-`, up to a document's limit.
pub(super) fn read_bytes(path: &FilePath) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let limit = limits::DOCUMENT_BYTES as u64 + 1;
    let read = if is_stdin(path) {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::io(&format!("cannot read {}", display_name(path)), &error))?;
    if bytes.len() > limits::DOCUMENT_BYTES {
        let (name, limit) = (display_name(path), limits::DOCUMENT_BYTES >> 20);
        return Err(Failure::new(Exit::Failed, format!("{name} is larger than {limit} MiB")));
    }
    Ok(bytes)
}

/// The JSON in a file that is no document, or in standard input for `-`.
pub(super) fn read_value(path: &FilePath) -> Result<Value, Failure> {
    read_document(path).map(|document| document.value)
}

/// The document in a file, or in standard input for `-`, as the start of a history.
pub(super) fn read_document(path: &FilePath) -> Result<Checkpoint, Failure> {
    if is_stdin(path) {
        return read_stdin(false);
    }
    Ok(start_of(&FileBinding::load(path)?).unwrap_or_else(empty_document))
}

/// The document in standard input: a JSON text, or one on each line.
pub(super) fn read_stdin(lines: bool) -> Result<Checkpoint, Failure> {
    let path = FilePath::new("-");
    let name = display_name(path);
    let text = String::from_utf8(read_bytes(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(Exit::BadJson, format!("{name} is not UTF-8 text: the fault is at byte {at}"))
    })?;
    let (source, bad) = if lines { Source::lines(&text) } else { (text.into(), Vec::new()) };
    let parsed = source.read().map_err(|error| not_json(&name, &source, &error))?;
    if let Some(oddity) = oddity(&name, &parsed, &bad) {
        output::say(&oddity);
    }
    Ok(Checkpoint { source, value: parsed.value, clock: VectorClock::new() })
}

/// What a file holds, as the start of a history.
pub(super) fn start_of(file: &FileBinding) -> Option<Checkpoint> {
    Some(Checkpoint {
        source: file.source()?.clone(),
        value: file.value()?.clone(),
        clock: VectorClock::new(),
    })
}

/// The document of a room that is opened without a file.
pub(super) fn empty_document() -> Checkpoint {
    Checkpoint { source: "{}\n".into(), value: Value::object([]), clock: VectorClock::new() }
}

/// The document of a room that is opened with a file of lines that is not there yet.
pub(super) fn no_lines() -> Checkpoint {
    let (source, value) = (Source::lines("").0, Value::array([]));
    Checkpoint { source, value, clock: VectorClock::new() }
}

/// A JSON argument, or standard input for `-`.
pub(super) fn read_argument(argument: &str) -> Result<Value, Failure> {
    if argument != "-" {
        return parse("argument", argument).map_err(|failure| with_hint(failure, argument));
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(limits::MESSAGE_BYTES as u64)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("cannot read standard input", &error))?;
    parse("standard input", &text)
}

/// JSON arguments of which at most one may be standard input.
pub(super) fn read_arguments(arguments: &[String]) -> Result<Vec<Value>, Failure> {
    if arguments.iter().filter(|argument| *argument == "-").count() > 1 {
        return Err(Failure::new(Exit::Usage, "only one argument can be -: standard input is read once"));
    }
    arguments.iter().map(|argument| read_argument(argument)).collect()
}

/// Checks how a path is written before there is a document it could be meant in.
pub(super) fn check_path(text: &str) -> Result<(), Failure> {
    Path::read(text, &Value::NULL)?;
    Ok(())
}

fn parse(name: &str, text: &str) -> Result<Value, Failure> {
    document::parse(text).map_err(|error| not_json(name, text, &error))
}

fn not_json(name: &str, text: &str, error: &ParseError) -> Failure {
    let picture = error.excerpt(text);
    let (line, column, reason) = (error.line, error.column, &error.reason);
    Failure::new(Exit::BadJson, format!("{name}:{line}:{column}: not JSON: {reason}\n{picture}"))
}

/// A word or an option that was meant as something else is the usual fault of an argument.
fn with_hint(mut failure: Failure, argument: &str) -> Failure {
    if argument.starts_with("--") {
        failure.message.push_str("\nif that is an option, it is not one of this command; see --help");
    } else if !argument.trim_start().starts_with(['{', '[', '"']) {
        let quoted = Value::string(argument).to_string().replace('\'', r"'\''");
        let hint = format!("\na string needs quotes: did you mean '{quoted}'?");
        failure.message.push_str(&hint);
    }
    failure
}
