//! Reads a change that is written the way this program writes it, straight from the text.
//!
//! Most changes come so. Whatever is spelled otherwise (white space, escapes, members in another
//! order) or passes a limit is left to the reader in [`wire`](super::wire), which knows every
//! form and says what is wrong.

use std::sync::Arc;

use super::{Author, Change, Tick, VectorClock};
use crate::document::{Method, Path, Step, Text, Value};
use crate::limits;

/// Steps of a path, and levels of an argument, beyond which the other reader takes over.
const DEEP: usize = 32;

/// The change that a message says, if it is nothing but one, written the usual way.
pub(crate) fn usual_change(message: &str) -> Option<Change> {
    let mut reader = Reader { text: message, at: 0 };
    reader.expect(r#"["change","#)?;
    let change = reader.change()?;
    reader.expect("]")?;
    reader.rest().is_empty().then_some(change)
}

/// The changes that a message says, if it is nothing but some, each written the usual way.
pub(crate) fn usual_changes(message: &str) -> Option<Vec<Arc<Change>>> {
    let mut reader = Reader { text: message, at: 0 };
    reader.expect(r#"["changes",["#)?;
    let mut changes = vec![Arc::new(reader.change()?)];
    while changes.len() < limits::MESSAGE_CHANGES && reader.comma() {
        changes.push(Arc::new(reader.change()?));
    }
    reader.expect("]]")?;
    reader.rest().is_empty().then_some(changes)
}

struct Reader<'a> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    fn expect(&mut self, wanted: &str) -> Option<()> {
        self.rest().starts_with(wanted.as_bytes()).then(|| self.at += wanted.len())
    }

    /// Moves past a comma; false at anything else.
    fn comma(&mut self) -> bool {
        self.expect(",").is_some()
    }

    /// A positive integer.
    fn positive(&mut self) -> Option<u64> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if self.peek()? == b'0' || !(1..=15).contains(&digits) {
            return None;
        }
        let number = self.rest().iter().take(digits).fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'));
        self.at += digits;
        Some(number)
    }

    fn author(&mut self) -> Option<Author> {
        u32::try_from(self.positive()?).ok().map(Author)
    }

    /// What is between two quotes, if nothing in it is escaped.
    fn unescaped(&mut self) -> Option<&'a str> {
        self.expect("\"")?;
        let rest = self.rest();
        let length = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length;
        self.expect("\"")?;
        Some(text)
    }

    fn change(&mut self) -> Option<Change> {
        self.expect(r#"[{"id":"#)?;
        let author = self.author()?;
        self.expect(r#","ticks":"#)?;
        let clock = self.clock(author)?;
        self.expect("},")?;
        let name = self.unescaped()?;
        self.expect(",")?;
        let path = self.path()?;
        let method = match name {
            "delete" => Method::Delete,
            "splice" => {
                self.expect(",")?;
                let start = self.integer()?;
                self.expect(",")?;
                let count = self.integer()?;
                let mut items = Vec::new();
                while self.comma() {
                    items.push(self.value(0)?);
                }
                Method::Splice { start, count, items }
            }
            "set" | "merge" => {
                self.expect(",")?;
                let value = self.value(0)?;
                if name == "set" { Method::Set(value) } else { Method::Merge(value) }
            }
            _ => return None,
        };
        self.expect("]")?;
        method.check(&path).ok()?;
        Some(Change { author, clock, path, method })
    }

    fn clock(&mut self, own: Author) -> Option<VectorClock> {
        self.expect("{")?;
        let (mut own_tick, mut last, mut others) = (0, 0, Vec::new());
        loop {
            self.expect("\"")?;
            let author = self.author()?;
            self.expect("\":")?;
            let tick: Tick = self.positive().filter(|&tick| tick <= limits::TICKS)?;
            // Ascending: then there are no two of one author.
            if author.0 <= last || others.len() == limits::CLOCK_AUTHORS - 1 {
                return None;
            }
            last = author.0;
            if author == own {
                own_tick = tick;
            } else {
                others.push((author, tick));
            }
            if !self.comma() {
                break;
            }
        }
        self.expect("}")?;
        (own_tick > 0).then(|| VectorClock::assemble((own, own_tick), others))
    }

    fn path(&mut self) -> Option<Path> {
        self.expect("[")?;
        if self.expect("]").is_some() {
            return Some(Path::ROOT);
        }
        let mut steps = Vec::with_capacity(8);
        loop {
            steps.push(match self.peek()? {
                b'"' => Step::Key(Text::unescaped(self.unescaped()?)),
                b'0' => {
                    self.at += 1;
                    Step::Index(0)
                }
                _ => {
                    Step::Index(u32::try_from(self.positive()?).ok().and_then(|at| usize::try_from(at).ok())?)
                }
            });
            if steps.len() > DEEP {
                return None;
            }
            if !self.comma() {
                break;
            }
        }
        self.expect("]")?;
        Some(Path::from(steps))
    }

    fn integer(&mut self) -> Option<i64> {
        let is_negative = self.expect("-").is_some();
        if self.expect("0").is_some() {
            return (!is_negative).then_some(0);
        }
        let magnitude = i64::try_from(self.positive()?).ok()?;
        Some(if is_negative { -magnitude } else { magnitude })
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEP {
            return None;
        }
        match self.peek()? {
            b'"' => Some(Value::from_text(Text::unescaped(self.unescaped()?))),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.expect("true").map(|()| Value::bool(true)),
            b'f' => self.expect("false").map(|()| Value::bool(false)),
            b'n' => self.expect("null").map(|()| Value::NULL),
            b'[' => self.array(depth),
            b'{' => self.object(depth),
            _ => None,
        }
    }

    /// An integer, as it is spelled.
    fn number(&mut self) -> Option<Value> {
        let start = self.at;
        self.integer()?;
        let is_over = matches!(self.peek(), Some(b',' | b']' | b'}'));
        self.text.get(start..self.at).filter(|_| is_over).map(Value::from_number)
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.expect("[")?;
        if self.expect("]").is_some() {
            return Some(Value::array([]));
        }
        let mut elements = vec![self.value(depth + 1)?];
        while self.comma() {
            elements.push(self.value(depth + 1)?);
        }
        self.expect("]")?;
        Some(Value::array(elements))
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        self.expect("{")?;
        let mut object = Value::object([]);
        if self.expect("}").is_some() {
            return Some(object);
        }
        loop {
            let key = Text::unescaped(self.unescaped()?);
            self.expect(":")?;
            let value = self.value(depth + 1)?;
            if object.insert_key(key, value).is_some() {
                return None;
            }
            if !self.comma() {
                break;
            }
        }
        self.expect("}")?;
        Some(object)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::sync::{decode_change, encode_change};

    #[test]
    fn it_reads_what_the_other_reader_reads() {
        for payload in [
            r#"{"id":1,"ticks":{"1":1}},"set",[],null"#,
            r#"{"id":2,"ticks":{"1":7,"2":12,"30":1}},"set",["a",0,"é",17],"x y""#,
            r#"{"id":2,"ticks":{"2":17592186044416}},"delete",["a"]"#,
            r#"{"id":2,"ticks":{"2":1}},"merge",[],{"a":{"b":[1,-2,[]],"c":true},"d":{}}"#,
            r#"{"id":2,"ticks":{"2":1}},"splice",["l"],-1,0,"x",12345678901234,false"#,
            r#"{"id":2,"ticks":{"2":1}},"splice",["l"],0,3"#,
        ] {
            let text = format!("[\"change\",[{payload}]]");
            let change = usual_change(&text).unwrap();
            // White space is not usual.
            assert_eq!(change, decode_change(&format!("{text} ")).unwrap(), "{text}");
            assert_eq!(encode_change(&change), text);
            let several = usual_changes(&format!("[\"changes\",[[{payload}],[{payload}]]]")).unwrap();
            assert!(several.len() == 2 && several.iter().all(|other| **other == change));
        }
    }

    #[test]
    fn what_is_unusual_is_left_to_the_other_reader() {
        for payload in [
            r#"{"id":0,"ticks":{"1":1}},"set",[],null"#,
            r#"{"id":1,"ticks":{"2":1}},"set",[],null"#,
            r#"{"id":1,"ticks":{"2":1,"1":1}},"set",[],null"#,
            r#"{"id":1,"ticks":{"1":1,"1":2}},"set",[],null"#,
            r#"{"id":1,"ticks":{"1":17592186044417}},"set",[],null"#,
            r#"{"id":1,"ticks":{"01":1}},"set",[],null"#,
            r#"{"id":1,"ticks":{"1":1}},"set",[],1.0"#,
            r#"{"id":1,"ticks":{"1":1}},"set",[],01"#,
            r#"{"id":1,"ticks":{"1":1}},"set",[],"a\n""#,
            r#"{"id":1,"ticks":{"1":1}},"set",[-1],2"#,
            r#"{"id":1,"ticks":{"1":1}},"set",[]"#,
            r#"{"id":1,"ticks":{"1":1}},"set",[],1,2"#,
            r#"{"id":1,"ticks":{"1":1}},"delete",[],1"#,
            r#"{"id":1,"ticks":{"1":1}},"merge",[],{"a":1,"a":2}"#,
            r#"{"id":1,"ticks":{"1":1}},"splice",[],1"#,
            r#"{"id":1,"ticks":{"1":1}},"drop",[]"#,
        ] {
            assert!(usual_change(&format!("[\"change\",[{payload}]]")).is_none(), "{payload}");
        }
        assert!(usual_change(r#"["change",[{"id":1,"ticks":{"1":1}},"delete",["a"]],0]"#).is_none());
    }
}
