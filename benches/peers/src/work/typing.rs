//! Somebody typing a text, keystroke by keystroke.

use serde_json::Value as Json;

use super::{Edit, Random};

/// Keystrokes of somebody writing a paper: runs of typing and of backspaces, with the cursor
/// jumping back and forth, mostly not far; the mix is that of the automerge-paper trace.
pub(crate) fn typing(seed: u64, count: usize) -> Vec<Edit> {
    const LETTERS: &[u8] = b"eeeetttaaooiinnsshhrrdlucmfwypvbgk      ,.\n";
    let mut random = Random::new(seed);
    let (mut length, mut cursor) = (0, 0);
    let mut edits = Vec::with_capacity(count);
    while edits.len() < count {
        if length > 0 && random.happens(30) {
            let far = if random.happens(10) { length } else { length.min(400) };
            let from = usize::saturating_sub(cursor, far / 2).min(length - far);
            cursor = from + random.below(far + 1);
        }
        if cursor > 0 && random.happens(40) {
            for _ in 0..(1 + random.below(14)).min(cursor) {
                cursor -= 1;
                length -= 1;
                edits.push(Edit::Type { start: cursor, remove: 1, text: String::new() });
            }
        } else {
            for _ in 0..=random.below(28) {
                let letter = char::from(*random.pick(LETTERS));
                edits.push(Edit::Type { start: cursor, remove: 0, text: letter.into() });
                cursor += 1;
                length += 1;
            }
        }
    }
    edits.truncate(count);
    edits
}

/// The keystrokes of a trace in the format of `github.com/josephg/editing-traces`, unpacked,
/// which starts from the empty text.
pub(crate) fn load_trace(text: &str) -> Vec<Edit> {
    let trace: Json = serde_json::from_str(text).expect("a trace is JSON");
    let mut edits = Vec::new();
    for transaction in trace["txns"].as_array().expect("a trace has txns") {
        for patch in transaction["patches"].as_array().expect("a transaction has patches") {
            let number = |at: usize| patch[at].as_u64().and_then(|number| usize::try_from(number).ok());
            edits.push(Edit::Type {
                start: number(0).expect("a patch has a place"),
                remove: number(1).expect("a patch says how many characters it removes"),
                text: patch[2].as_str().expect("a patch says what it inserts").to_owned(),
            });
        }
    }
    edits
}
