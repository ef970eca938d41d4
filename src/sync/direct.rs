//! Changes read straight from the text of a message, when it is written as this program writes
//! them: no white space, the members in this order. Nothing is built but the change.
//!
//! Any other text is left to [`wire`](super::wire), which reads all that is allowed and says what
//! is wrong; what both can read, both read alike.

use std::sync::Arc;

use smallvec::SmallVec;

use super::typing::{TYPE, Typist};
use super::{Author, Change, Tick, VectorClock};
use crate::document::{Method, Path, Step, Text, Value};
use crate::limits;

/// Arguments that nest deeper are left to the other reader.
const DEPTH: usize = 8;

/// Bytes that a change among many mostly has at least.
const USUAL_BYTES: usize = 64;

/// Digits of the largest tick.
const TICK_DIGITS: usize = 14;

/// Reads `["change",CHANGE`; second: what stands behind it, which is `]` or a comma and more.
pub(crate) fn read_change_message(text: &str) -> Option<(Change, &str)> {
    let mut reader = Reader::new(text);
    reader.expect(br#"["change","#)?;
    let change = reader.change()?;
    Some((change, reader.rest()?))
}

/// Reads `["changes",[CHANGE,…]`; second: what stands behind it.
pub(crate) fn read_changes_message(text: &str) -> Option<(Vec<Arc<Change>>, &str)> {
    let mut reader = Reader::new(text);
    reader.expect(br#"["changes",["#)?;
    let mut changes = Vec::with_capacity(text.len() / USUAL_BYTES);
    loop {
        reader.changes(&mut changes)?;
        if reader.expect(b",").is_none() {
            reader.expect(b"]")?;
            let rest = reader.rest()?;
            return (changes.len() <= limits::MESSAGE_CHANGES).then_some((changes, rest));
        }
    }
}

/// The beginning of a change.
struct Head<'a> {
    author: Author,
    clock: VectorClock,
    name: &'a str,
    path: Path,
}

/// What is still to be read.
struct Reader<'a> {
    text: &'a str,
    /// The bytes at the end of the text that have not been read.
    rest: &'a [u8],
    /// The path read last, and its text behind its bracket: changes in one message mostly share it.
    path: (&'a [u8], Path),
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes(), path: (b"]", Path::ROOT) }
    }

    /// Reads what has to stand here.
    #[inline]
    fn expect<const BYTES: usize>(&mut self, bytes: &[u8; BYTES]) -> Option<()> {
        let (first, rest) = self.rest.split_first_chunk()?;
        (first == bytes).then(|| self.rest = rest)
    }

    /// The text that has not been read.
    fn rest(&self) -> Option<&'a str> {
        self.text.get(self.text.len() - self.rest.len()..)
    }

    /// The text up to the first byte that is not of it.
    #[inline]
    fn take_while(&mut self, is_in: impl Fn(u8) -> bool) -> Option<&'a str> {
        let start = self.text.len() - self.rest.len();
        let length = self.rest.iter().position(|&byte| !is_in(byte))?;
        self.rest = self.rest.get(length..)?;
        self.text.get(start..start + length)
    }

    /// Reads an element of a `changes` message: a change, or the keystrokes of a run.
    fn changes(&mut self, changes: &mut Vec<Arc<Change>>) -> Option<()> {
        let head = self.head()?;
        if head.name == TYPE {
            return self.typing(head, changes);
        }
        changes.push(Arc::new(self.change_of(head)?));
        Some(())
    }

    fn change(&mut self) -> Option<Change> {
        let head = self.head()?;
        self.change_of(head)
    }

    /// Reads as far as the path.
    fn head(&mut self) -> Option<Head<'a>> {
        self.expect(br#"[{"id":"#)?;
        let author = self.author()?;
        self.expect(br#","ticks":{"#)?;
        let clock = self.clock(author)?;
        self.expect(br#"},""#)?;
        let name = self.take_while(|byte| byte.is_ascii_lowercase())?;
        self.expect(br#"",["#)?;
        Some(Head { author, clock, name, path: self.path()? })
    }

    /// Reads the parts of a run of keystrokes.
    fn typing(&mut self, head: Head<'a>, changes: &mut Vec<Arc<Change>>) -> Option<()> {
        let Head { author, clock, path, .. } = head;
        Method::Splice { start: 0, count: 0, items: Vec::new() }.check(&path).ok()?;
        let mut typist = Typist::new(author, clock, path, changes);
        while self.expect(b",").is_some() {
            if self.expect(b"\"").is_some() {
                typist.insert(&self.text()?)
            } else if self.expect(b"-").is_some() {
                typist.take(self.positive()?)
            } else {
                typist.go(self.natural()?)
            }
            .ok()?;
        }
        self.expect(b"]")
    }

    fn change_of(&mut self, head: Head<'a>) -> Option<Change> {
        let Head { author, clock, name, path } = head;
        let method = match name {
            "set" => {
                self.expect(b",")?;
                Method::Set(self.value(DEPTH)?)
            }
            "delete" => Method::Delete,
            "merge" => {
                self.expect(b",")?;
                Method::Merge(self.value(DEPTH)?)
            }
            "splice" => self.splice()?,
            _ => return None,
        };
        self.expect(b"]")?;
        method.check(&path).ok()?;
        Some(Change { author, clock, path, method })
    }

    #[inline]
    fn author(&mut self) -> Option<Author> {
        u32::try_from(self.positive()?).ok().map(Author)
    }

    /// The rest of a clock, behind its brace, when its authors are in order.
    fn clock(&mut self, own: Author) -> Option<VectorClock> {
        let mut own_tick = 0;
        let mut others: SmallVec<[(Author, Tick); 16]> = SmallVec::new();
        let mut last = Author(0);
        loop {
            self.expect(b"\"")?;
            let author = self.author().filter(|&author| author > last)?;
            last = author;
            self.expect(b"\":")?;
            let tick: Tick = self.positive()?;
            if author == own {
                own_tick = tick;
            } else {
                others.push((author, tick));
            }
            if self.expect(b",").is_none() {
                self.expect(b"}")?;
                let is_bounded = others.len() < limits::CLOCK_AUTHORS;
                return (own_tick > 0 && is_bounded).then(|| VectorClock::held(own, own_tick, &others));
            }
        }
    }

    /// The rest of a path, behind its bracket.
    fn path(&mut self) -> Option<Path> {
        if let Some(rest) = self.rest.strip_prefix(self.path.0) {
            self.rest = rest;
            return Some(self.path.1.clone());
        }
        if self.expect(b"]").is_some() {
            return Some(Path::ROOT);
        }
        let text = self.rest;
        let mut steps: SmallVec<[Step; 8]> = SmallVec::new();
        loop {
            steps.push(match self.expect(b"\"") {
                Some(()) => Step::Key(self.text()?),
                None => Step::Index(usize::try_from(u32::try_from(self.natural()?).ok()?).ok()?),
            });
            if self.expect(b",").is_none() {
                self.expect(b"]")?;
                if steps.len() > limits::PATH_STEPS {
                    return None;
                }
                self.path = (text.get(..text.len() - self.rest.len())?, Path::from(&*steps));
                return Some(self.path.1.clone());
            }
        }
    }

    fn splice(&mut self) -> Option<Method> {
        self.expect(b",")?;
        let start = self.integer()?;
        self.expect(b",")?;
        let count = self.integer()?;
        let mut items = Vec::new();
        while self.expect(b",").is_some() {
            // Mostly there is one.
            items.reserve_exact(usize::from(items.is_empty()));
            items.push(self.value(DEPTH)?);
        }
        Some(Method::Splice { start, count, items })
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.rest.first()? {
            b'"' => {
                self.expect(b"\"")?;
                Some(Value::from_text(self.text()?))
            }
            b't' => self.expect(b"true").map(|()| Value::bool(true)),
            b'f' => self.expect(b"false").map(|()| Value::bool(false)),
            b'n' => self.expect(b"null").map(|()| Value::NULL),
            b'[' => self.array(depth.checked_sub(1)?),
            b'{' => self.object(depth.checked_sub(1)?),
            _ => {
                let number = self.take_while(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte))?;
                is_plain_number(number).then(|| Value::from_number(number))
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        self.expect(b"[")?;
        if self.expect(b"]").is_some() {
            return Some(Value::array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            if self.expect(b",").is_none() {
                self.expect(b"]")?;
                return Some(Value::array(elements));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut entries = Vec::new();
        self.expect(b"{")?;
        if self.expect(b"}").is_some() {
            return Some(Value::object(entries));
        }
        loop {
            self.expect(b"\"")?;
            // One that is too long is told as such by the slow way.
            let key = self.text().filter(|key| key.raw().len() <= limits::KEY_BYTES)?;
            self.expect(b":")?;
            entries.push((key, self.value(depth)?));
            if self.expect(b",").is_none() {
                self.expect(b"}")?;
                return Some(Value::object(entries));
            }
        }
    }

    /// The rest of a string, behind its first quote.
    #[inline]
    fn text(&mut self) -> Option<Text> {
        let start = self.text.len() - self.rest.len();
        let raw = self.take_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')?;
        if self.expect(b"\"").is_some() {
            return Some(Text::unescaped(raw));
        }
        while self.expect(b"\"").is_none() {
            self.escape()?;
            self.take_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')?;
        }
        let end = self.text.len() - self.rest.len() - 1;
        Some(Text::from_raw(self.text.get(start..end)?))
    }

    /// An escape, which is kept as it is spelled.
    fn escape(&mut self) -> Option<()> {
        let (&[backslash, kind], rest) = self.rest.split_first_chunk()?;
        let digits = match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
            b'u' => 4,
            _ => return None,
        };
        let (code, rest) = rest.split_at_checked(digits)?;
        let is_escape = backslash == b'\\' && code.iter().all(u8::is_ascii_hexdigit);
        is_escape.then(|| self.rest = rest)
    }

    /// A natural number in its one spelling, no larger than a tick can be.
    #[inline]
    fn natural(&mut self) -> Option<u64> {
        let (mut number, mut length) = (0, 0);
        let digits = self.rest;
        for digit in digits.iter().take(TICK_DIGITS).map(|digit| digit.wrapping_sub(b'0')) {
            if digit > 9 {
                break;
            }
            number = number * 10 + u64::from(digit);
            length += 1;
        }
        self.rest = digits.get(length..)?;
        let is_canonical = length == 1 || (length > 1 && digits.first() != Some(&b'0'));
        (is_canonical && number <= limits::TICKS).then_some(number)
    }

    #[inline]
    fn positive(&mut self) -> Option<u64> {
        self.natural().filter(|&number| number > 0)
    }

    fn integer(&mut self) -> Option<i64> {
        let is_negative = self.expect(b"-").is_some();
        let number = i64::try_from(self.natural()?).ok()?;
        Some(if is_negative { -number } else { number })
    }
}

/// Whether a text is a JSON number.
fn is_plain_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (text, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(text, all)| (text, Some(all)));
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, all)| (whole, Some(all)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::sync::{decode_change, encode_change};

    #[test]
    fn what_is_read_directly_is_what_the_other_reader_reads() {
        let clock = r#"{"id":3,"ticks":{"1":2,"3":4,"10":17592186044416}}"#;
        for rest in [
            r#""set",["a",0,"ü"],1"#,
            r#""set",[],{"a":[1,-0,1.50,2e5,-1E-7,{}],"b":null,"a":"x","":[]}"#,
            r#""set",["a"],"long enough not to be held in place, and 🌊""#,
            r#""delete",["a",12,"0"]"#,
            r#""merge",["a"],{"x":true,"y":false}"#,
            r#""splice",["a"],-3,2,"x",[],{"y":[null]}"#,
            r#""splice",["a"],0,0"#,
            r#""splice",["\u0061\n","\\"],0,0,"\"","a\/\b\f\n\r\t\ud83d\ude00\uD800z""#,
            r#""merge",[],5"#,
        ] {
            let text = format!(r#"["change",[{clock},{rest}]]"#);
            let (change, rest) = read_change_message(&text).unwrap();
            assert_eq!(rest, "]");
            assert_eq!(change, decode_change(&text).unwrap());
            // As it is written, it is read directly again.
            let written = encode_change(&change);
            assert_eq!(read_change_message(&written), Some((change, "]")));
        }
    }

    #[test]
    fn what_is_wrong_or_written_otherwise_is_left_to_the_other_reader() {
        let good = r#"["change",[{"id":1,"ticks":{"1":2}},"set",["a"],1]]"#;
        assert!(read_change_message(good).is_some());
        for (part, other) in [
            ("[\"a\"]", "[ \"a\"]"),
            ("\"a\"", "\"\\u006\""),
            ("\"a\"", "\"\\x\""),
            ("\"a\"", "\"\\"),
            ("\"a\"", "\"\u{1}\""),
            ("\"a\"", "-1"),
            ("\"a\"", "01"),
            ("\"a\"", "1.0"),
            ("\"a\"", "null"),
            ("],1", "],01"),
            ("],1", "],1."),
            ("],1", "],.5"),
            ("],1", "],-"),
            ("],1", "],1e"),
            ("],1", "],1,2"),
            ("],1", "]"),
            ("],1", "],[[[[[[[[[1]]]]]]]]]"),
            ("\"id\":1", "\"id\":0"),
            ("\"id\":1", "\"id\":2"),
            ("\"id\":1", "\"id\":4294967297"),
            ("{\"1\":2}", "{}"),
            ("{\"1\":2}", "{\"1\":0}"),
            ("{\"1\":2}", "{\"01\":2}"),
            ("{\"1\":2}", "{\"1\":17592186044417}"),
            ("set", "splice"),
            ("set", "unknown"),
            ("1]]", "1],0]"),
            ("1]]", "1]"),
        ] {
            let text = good.replacen(part, other, 1);
            let is_read = read_change_message(&text).is_some_and(|(_, rest)| rest == "]");
            assert!(text != good && !is_read, "{text}");
        }
    }
}
