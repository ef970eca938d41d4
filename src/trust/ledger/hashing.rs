//! The hash of a change that follows another.
//!
//! It covers the change as short bytes, not as its text: most changes then fit one block of BLAKE3,
//! and to write them takes less time than to hash them. The hash before goes in as the key, where it
//! takes the place of BLAKE3's start value, as within one long text the blocks follow each other.

use std::io::Write as _;

use super::Hash;
use crate::document::{Method, Step, Value};
use crate::sync::Change;

/// Hashes changes one after the other, in the same buffer.
#[derive(Default)]
pub(super) struct Hashing(Vec<u8>);

impl Hashing {
    /// The hash of a change that follows a hash.
    pub(super) fn following(&mut self, before: &Hash, change: &Change) -> Hash {
        self.0.clear();
        write(change, &mut self.0);
        *blake3::keyed_hash(before, &self.0).as_bytes()
    }
}

/// What the hash of a change covers; no two changes have the same bytes.
fn write(change: &Change, out: &mut Vec<u8>) {
    number(change.author.0.into(), out);
    count(change.clock.iter().len(), out);
    for (author, tick) in change.clock.iter() {
        number(author.0.into(), out);
        number(tick, out);
    }
    count(change.path.steps().len(), out);
    for step in change.path.steps() {
        match step {
            Step::Key(key) => {
                out.push(0);
                count(key.raw().len(), out);
                out.extend_from_slice(key.raw().as_bytes());
            }
            Step::Index(index) => {
                out.push(1);
                count(*index, out);
            }
        }
    }
    match &change.method {
        Method::Set(argument) => {
            out.push(0);
            text(argument, out);
        }
        Method::Delete => out.push(1),
        Method::Merge(argument) => {
            out.push(2);
            text(argument, out);
        }
        Method::Splice { start, count, items } => {
            out.push(3);
            out.extend_from_slice(&start.to_be_bytes());
            out.extend_from_slice(&count.to_be_bytes());
            for item in items {
                text(item, out);
            }
        }
    }
}

/// The text of an argument, as it is on the wire, with a byte after it that no text holds.
fn text(argument: &Value, out: &mut Vec<u8>) {
    if let Some(text) = argument.as_text() {
        out.push(b'"');
        out.extend_from_slice(text.raw().as_bytes());
        out.push(b'"');
    } else if let Some(number) = argument.as_number() {
        out.extend_from_slice(number.as_bytes());
    } else {
        // Into memory nothing fails to be written.
        let _ = write!(out, "{argument}");
    }
    out.push(0xff);
}

fn count(count: usize, out: &mut Vec<u8>) {
    number(u64::try_from(count).unwrap_or(u64::MAX), out);
}

/// A number in groups of seven bits, the lowest first, all but the last with the highest bit set
/// (LEB128).
fn number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        let [low, ..] = number.to_le_bytes();
        out.push(low | 0x80);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
    out.push(low);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use std::collections::BTreeMap;

    use super::*;
    use crate::sync::decode_change;

    fn bytes_of(payload: &str) -> Vec<u8> {
        let change = decode_change(&format!("[\"change\",{payload}]")).unwrap();
        let mut bytes = Vec::new();
        write(&change, &mut bytes);
        bytes
    }

    #[test]
    fn the_bytes_are_those_of_the_protocol_s_text() {
        let payload = r#"[{"id":2,"ticks":{"1":300,"2":4}},"splice",["a\u00e9",7],-1,0,"x",[1.50]]"#;
        let mut expected = vec![2, 2, 1, 0xac, 0x02, 2, 4, 2, 0, 7];
        expected.extend(br"a\u00e9");
        expected.extend([1, 7, 3]);
        expected.extend([0xff; 8]);
        expected.extend([0; 8]);
        expected.extend(b"\"x\"\xff[1.50]\xff");
        assert_eq!(bytes_of(payload), expected);
    }

    #[test]
    fn what_differs_has_other_bytes() {
        let payloads = [
            r#"[{"id":1,"ticks":{"1":1}},"set",[],1]"#,
            r#"[{"id":1,"ticks":{"1":2}},"set",[],1]"#,
            r#"[{"id":1,"ticks":{"1":1,"2":1}},"set",[],1]"#,
            r#"[{"id":2,"ticks":{"1":1,"2":1}},"set",[],1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",[],1.0]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",[],"1"]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",[],[1]]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",[],{"a":1,"b":2}]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",[],{"b":2,"a":1}]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",["1"],1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",[1],1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",["ab"],1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",["a","b"],1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"set",["a\u0062"],1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"merge",[],{"a":1,"b":2}]"#,
            r#"[{"id":1,"ticks":{"1":1}},"delete",["a"]]"#,
            r#"[{"id":1,"ticks":{"1":1}},"splice",["a"],1,0]"#,
            r#"[{"id":1,"ticks":{"1":1}},"splice",["a"],0,1]"#,
            r#"[{"id":1,"ticks":{"1":1}},"splice",["a"],0,1,"x"]"#,
            r#"[{"id":1,"ticks":{"1":1}},"splice",["a"],0,1,"x","y"]"#,
            r#"[{"id":1,"ticks":{"1":1}},"splice",["a"],0,1,"xy"]"#,
        ];
        let all: BTreeMap<Vec<u8>, &str> =
            payloads.iter().map(|&payload| (bytes_of(payload), payload)).collect();
        assert_eq!(all.len(), payloads.len(), "{:?}", all.values());
    }
}
