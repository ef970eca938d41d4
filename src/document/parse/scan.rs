//! The grammar of JSON (RFC 8259): text in, events out, one at a time and without recursion.

use super::ParseError;
use super::fault::{self, Place};
use crate::limits;

/// One piece of a JSON text, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::document) enum Event<'a> {
    /// `[`
    BeginArray,
    /// `{`
    BeginObject,
    /// A key, without its quotes; the colon has been read.
    Key(&'a str),
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(&'a str),
    /// A string, without its quotes.
    String(&'a str),
    /// `]` or `}`
    End,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    CommaOrEnd,
}

/// Reads events from a JSON text.
pub(in crate::document) struct Scanner<'a> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
    /// The first byte of the last event.
    start: usize,
    expect: Expect,
    /// The containers around the next byte: where they begin.
    open: Vec<usize>,
    /// Whether the innermost of them is a map.
    in_object: bool,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// Reads `text`, which may nest `depth` levels deep. A byte order mark is let through.
    pub(in crate::document) fn new(text: &'a str, depth: usize) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, at, start: at, expect: Expect::Value, open: Vec::new(), in_object: false, depth }
    }

    /// Reads on in a text that has been read before: from the child that begins at byte `at` of
    /// the container that begins at byte `container`.
    pub(in crate::document) fn inside(text: &'a str, container: usize, at: usize) -> Self {
        let in_object = text.as_bytes().get(container) == Some(&b'{');
        let expect = if in_object { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
        Self { text, at, start: at, expect, open: vec![container], in_object, depth: usize::MAX }
    }

    /// Skips the container whose beginning was the last event, and which ends before byte `end`.
    pub(in crate::document) fn skip_to(&mut self, end: usize) {
        self.at = end;
        self.leave();
    }

    /// The first byte of the last event.
    pub(in crate::document) fn start(&self) -> usize {
        self.start
    }

    /// The byte after the last event; after a key, the byte after its colon.
    pub(in crate::document) fn end(&self) -> usize {
        self.at
    }

    /// The next event; nothing when the text is read to its end.
    pub(in crate::document) fn next(&mut self) -> Result<Option<Event<'a>>, ParseError> {
        self.skip_space();
        let event = match (self.expect, self.peek()) {
            (Expect::CommaOrEnd, Some(b',')) if !self.open.is_empty() => {
                let comma = self.at;
                self.at += 1;
                self.skip_space();
                if self.in_object { self.key(Some(comma)) } else { self.value(Some(comma)) }
            }
            (Expect::CommaOrEnd, None) if self.open.is_empty() => return Ok(None),
            (Expect::CommaOrEnd | Expect::KeyOrEnd, Some(b'}')) if self.in_object => Ok(self.close()),
            (Expect::CommaOrEnd | Expect::ValueOrEnd, Some(b']')) if self.in_array() => Ok(self.close()),
            (Expect::CommaOrEnd, _) => Err(fault::after_value(&self.place())),
            (Expect::KeyOrEnd, _) => self.key(None),
            (Expect::Value | Expect::ValueOrEnd, _) => self.value(None),
        };
        event.map(Some)
    }

    fn value(&mut self, comma: Option<usize>) -> Result<Event<'a>, ParseError> {
        self.start = self.at;
        let (event, length) = match self.peek() {
            Some(b'{') => return self.begin(Event::BeginObject, Expect::KeyOrEnd),
            Some(b'[') => return self.begin(Event::BeginArray, Expect::ValueOrEnd),
            Some(b'"') => (Event::String(self.string()?), 0),
            Some(b'-' | b'0'..=b'9') => (Event::Number(self.number()?), 0),
            Some(b'n') if self.rest().starts_with("null") => (Event::Null, 4),
            Some(b't') if self.rest().starts_with("true") => (Event::Bool(true), 4),
            Some(b'f') if self.rest().starts_with("false") => (Event::Bool(false), 5),
            _ => return Err(fault::no_value(&self.place(), comma)),
        };
        self.at += length;
        self.expect = Expect::CommaOrEnd;
        Ok(event)
    }

    fn begin(&mut self, event: Event<'a>, expect: Expect) -> Result<Event<'a>, ParseError> {
        if self.open.len() == self.depth {
            return Err(fault::too_deep(&self.place(), self.depth));
        }
        self.open.push(self.at);
        self.in_object = event == Event::BeginObject;
        self.at += 1;
        self.expect = expect;
        Ok(event)
    }

    fn close(&mut self) -> Event<'a> {
        self.start = self.at;
        self.at += 1;
        self.leave();
        Event::End
    }

    /// The innermost container is behind.
    fn leave(&mut self) {
        self.open.pop();
        self.in_object = self.open.last().and_then(|&at| self.text.as_bytes().get(at)) == Some(&b'{');
        self.expect = Expect::CommaOrEnd;
    }

    fn key(&mut self, comma: Option<usize>) -> Result<Event<'a>, ParseError> {
        self.start = self.at;
        if self.peek() != Some(b'"') {
            return Err(fault::no_key(&self.place(), comma));
        }
        let key = self.string()?;
        if key.len() > limits::KEY_BYTES {
            self.at = self.start;
            return Err(fault::long_key(&self.place(), key.len()));
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(fault::no_colon(&self.place()));
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Event::Key(key))
    }

    /// Reads a string whose opening quote is next; returns what is between the quotes.
    fn string(&mut self) -> Result<&'a str, ParseError> {
        let open = self.at;
        self.at += 1;
        loop {
            let Some(run) = plain_run(self.text.as_bytes().get(self.at..).unwrap_or_default()) else {
                return Err(fault::open_string(&self.place(), open));
            };
            self.at += run;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape(open)?,
                _ => return Err(fault::control_character(&self.place(), open)),
            }
        }
        let raw = self.text.get(open + 1..self.at).unwrap_or_default();
        self.at += 1;
        Ok(raw)
    }

    /// Reads an escape whose backslash is next. Half a surrogate pair is let through: it is
    /// valid JSON.
    fn escape(&mut self, open: usize) -> Result<(), ParseError> {
        let bytes = self.text.as_bytes();
        match bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = bytes.iter().skip(self.at + 2).take(4);
                let digits = digits.take_while(|digit| digit.is_ascii_hexdigit()).count();
                if digits < 4 {
                    return Err(fault::short_escape(&self.place(), digits));
                }
                self.at += 6;
            }
            Some(_) => return Err(fault::unknown_escape(&self.place())),
            None => return Err(fault::open_string(&self.place(), open)),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, ParseError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(fault::leading_zero(&self.place()));
            }
        } else {
            self.digits("in the number")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after the decimal point")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in the exponent")?;
        }
        Ok(self.text.get(self.start..self.at).unwrap_or_default())
    }

    fn digits(&mut self, whereabouts: &str) -> Result<(), ParseError> {
        let first = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == first {
            return Err(fault::no_digit(&self.place(), whereabouts));
        }
        Ok(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn in_array(&self) -> bool {
        !self.in_object && !self.open.is_empty()
    }

    fn place(&self) -> Place<'a> {
        Place { text: self.text, at: self.at, inside: self.open.last().copied() }
    }
}

/// How many bytes there are before the first that a string cannot hold as it is: a quote, a
/// backslash or a control character; nothing if there is none. Eight bytes at a time (the exact
/// test for a byte in a word is in Warren's "Hacker's Delight", 6-1).
fn plain_run(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word & HIGHS;
    let equals = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest mark is always right; a borrow can only set marks above it.
        let marks = below(word, 0x20) | equals(word, b'"') | equals(word, b'\\');
        if marks != 0 {
            return Some(at * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    rest.iter().position(stop).map(|run| words.len() * 8 + run)
}
