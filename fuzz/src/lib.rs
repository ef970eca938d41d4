//! What is fuzzed: every reader of what a file, a peer or the signaling server says. Each function
//! takes any bytes, and panics when something is not as it must be.

mod framing;
mod packed;
mod random;
mod room;
mod seeds;
mod signed;
mod trust;

use ultrawave::document::{Path, Source, diff, json_patch, merge_patch, parse, parse_reporting};
use ultrawave::limits;
use ultrawave::session::{self, Message};
use ultrawave::sync::{decode_change, encode_change};
use ultrawave_signal::protocol::{Request, Response};

pub use framing::frame;
pub use packed::packed;
pub use random::Random;
pub use room::{receive, session as told};
pub use seeds::seeds;
pub use signed::checked;
pub use trust::{certificate, envelope, passphrase, ticket};

/// A target: its name and the function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("change", change),
    ("message", message),
    ("session", told),
    ("receive", receive),
    ("signed", checked),
    ("document", document),
    ("path", path),
    ("save", save),
    ("diff", diff_and_apply),
    ("frame", frame),
    ("signal", signal),
    ("lines", lines),
    ("patch", patch),
    ("packed", packed),
    ("ticket", ticket),
    ("envelope", envelope),
    ("certificate", certificate),
    ("passphrase", passphrase),
];

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// Two texts, parted by a zero byte.
fn two(data: &[u8]) -> Option<(&str, &str)> {
    text(data)?.split_once('\0')
}

/// A change reads back as it was written.
pub fn change(data: &[u8]) {
    let Some(Ok(change)) = text(data).map(decode_change) else { return };
    let written = encode_change(&change);
    let again = decode_change(&written).expect("what was written can be read");
    assert_eq!(again, change);
    assert_eq!(encode_change(&again), written);
}

/// A message reads back as it was written.
pub fn message(data: &[u8]) {
    let Some(Ok(message)) = text(data).map(Message::decode) else { return };
    let written = message.encode();
    let again = Message::decode(&written).expect("what was written can be read");
    assert_eq!(again, message);
    assert_eq!(again.encode(), written);
}

/// A document is what it says: its plain text reads back the same, and a fault is named by a place
/// that exists.
pub fn document(data: &[u8]) {
    let Some(text) = text(data) else { return };
    match parse_reporting(text) {
        Ok(parsed) => {
            let written = parsed.value.to_string();
            let again = parse(&written).expect("what was written can be read");
            assert_eq!(again, parsed.value);
            assert_eq!(again.to_string(), written);
        }
        Err(error) => {
            let _ = (error.to_string(), error.render("fuzz", text));
        }
    }
}

/// A path that was read leads to the same place in both of its forms.
pub fn path(data: &[u8]) {
    let Some((document, path)) = two(data) else { return };
    let Ok(root) = parse(document) else { return };
    let Ok(read) = Path::read(path, &root) else { return };
    let jq = Path::read(&read.to_jq(), &root).expect("a path that was written can be read");
    assert_eq!(jq, read);
    if root.at(&read).is_some() {
        assert_eq!(Path::read(&read.to_pointer(), &root).as_ref(), Ok(&read));
    }
}

/// What is saved holds the value, and nothing changes that need not.
pub fn save(data: &[u8]) {
    let Some((source, other)) = two(data) else { return };
    let (Ok(before), Ok(after)) = (parse(source), parse(other)) else { return };
    assert_eq!(ultrawave::document::save(source, &before), source);
    let saved = ultrawave::document::save(source, &after);
    // In another spelling, where the source has one that means the same.
    assert_eq!(parse(&saved).expect("what was saved can be read"), after);
    assert_eq!(ultrawave::document::save(&saved, &after), saved);
}

/// The edits between two documents lead from one to the other.
pub fn diff_and_apply(data: &[u8]) {
    let Some((old, new)) = two(data) else { return };
    let (Ok(old), Ok(new)) = (parse(old), parse(new)) else { return };
    let mut value = old.clone();
    for (path, method) in diff(&old, &new) {
        value.apply(&path, &method).expect("an edit of a diff leads where it says");
    }
    assert!(diff(&value, &new).is_empty(), "{value} is not {new}");
}

/// A file of lines is kept to the letter, whatever its lines say.
pub fn lines(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (source, _) = Source::lines(text);
    assert_eq!(source.file(), text);
    let read = source.read().expect("every line is an element");
    assert!(read.value.is_array());
}

/// The edits of a patch can be made.
pub fn patch(data: &[u8]) {
    let Some((document, patch)) = two(data) else { return };
    let (Ok(document), Ok(patch)) = (parse(document), parse(patch)) else { return };
    for edits in [json_patch(&document, &patch).unwrap_or_default(), merge_patch(&document, &patch)] {
        let mut value = document.clone();
        for (path, method) in edits {
            value.apply(&path, &method).expect("an edit of a patch leads where it says");
        }
    }
}

/// What the signaling protocol says reads back as it was written.
pub fn signal(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(request) = Request::decode(text) {
        assert_eq!(Request::decode(&request.encode()).as_ref().ok(), Some(&request));
    }
    if let Ok(response) = Response::decode(text) {
        assert_eq!(Response::decode(&response.encode()).as_ref().ok(), Some(&response));
    }
}
