//! JSON text of a string, exactly as it was written.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::rope::Rope;
use super::short::{SHORT_BYTES, Short};

/// A JSON string: its text between the quotes, escapes and all, as somebody wrote it.
///
/// Two texts are equal when they spell the same code points (`A` and `\u0041` are equal), so a
/// text can be a map key; what is written out is the original spelling. A lone surrogate, which
/// JSON can escape and Rust strings cannot hold, survives.
#[derive(Clone)]
pub struct Text(Form);

/// How a text is held. Each has one form: what is short and without an escape is `Short`.
#[derive(Clone)]
enum Form {
    Short(Short),
    Long {
        raw: Arc<str>,
        /// Whether there is an escape in it: two texts without can be compared by their bytes.
        escaped: bool,
    },
    /// Once it is long and has been spliced.
    Pieces(Arc<Rope>),
}

/// Bytes of a spelling above which a splice makes pieces of it.
const PIECES_FROM: usize = 256;
/// Scalar values below which it is made whole again.
const WHOLE_BELOW: usize = 64;

impl Text {
    /// The text that spells `plain`, with the escapes JSON demands and no others.
    pub fn new(plain: &str) -> Self {
        if let &[byte] = plain.as_bytes()
            && !needs_escape(byte)
        {
            return Self::letter(byte);
        }
        match Self::escape(plain) {
            Cow::Borrowed(plain) => Self::unescaped(plain),
            Cow::Owned(raw) => Self::from_raw(&raw),
        }
    }

    /// The spelling of what is said, with the escapes JSON demands and no others.
    pub(super) fn escape(plain: &str) -> Cow<'_, str> {
        if !plain.bytes().any(needs_escape) {
            return Cow::Borrowed(plain);
        }
        let mut raw = String::with_capacity(plain.len() + 8);
        for character in plain.chars() {
            match character {
                '"' => raw.push_str("\\\""),
                '\\' => raw.push_str("\\\\"),
                '\n' => raw.push_str("\\n"),
                '\r' => raw.push_str("\\r"),
                '\t' => raw.push_str("\\t"),
                '\u{8}' => raw.push_str("\\b"),
                '\u{c}' => raw.push_str("\\f"),
                low if low < ' ' => {
                    use fmt::Write as _;
                    let _ = write!(raw, "\\u{:04x}", u32::from(low));
                }
                other => raw.push(other),
            }
        }
        Cow::Owned(raw)
    }

    /// The text whose spelling, without the quotes, is `raw`. The caller has checked that it is
    /// a valid JSON string.
    pub(crate) fn from_raw(raw: &str) -> Self {
        if let &[byte] = raw.as_bytes() {
            return Self::letter(byte);
        }
        if raw.as_bytes().contains(&b'\\') {
            return Self(Form::Long { raw: raw.into(), escaped: true });
        }
        Self::unescaped(raw)
    }

    /// The text whose spelling is `raw`, in which nothing is escaped.
    pub(crate) fn unescaped(raw: &str) -> Self {
        let long = || Form::Long { raw: raw.into(), escaped: false };
        Self(Short::new(raw).map_or_else(long, Form::Short))
    }

    /// The text of one byte that needs no escape.
    #[inline]
    pub(crate) fn letter(byte: u8) -> Self {
        Self(Form::Short(Short::letter(byte)))
    }

    /// The one ASCII letter that it is, spelled as it is: what is mostly typed.
    #[inline]
    fn as_letter(&self) -> Option<u8> {
        let Form::Short(raw) = &self.0 else { return None };
        if let &[letter] = raw.as_bytes() { Some(letter) } else { None }
    }

    /// Whether there is an escape in the spelling.
    pub(crate) fn is_escaped(&self) -> bool {
        match &self.0 {
            Form::Short(_) => false,
            Form::Long { escaped, .. } => *escaped,
            // There may be one.
            Form::Pieces(_) => true,
        }
    }

    /// The same text without escapes: only for one that can be spelled so.
    pub(crate) fn without_escapes(&self) -> Self {
        if self.is_escaped() { Self::unescaped(&self.plain()) } else { self.clone() }
    }

    /// The spelling, without the quotes.
    pub fn raw(&self) -> &str {
        match &self.0 {
            Form::Short(raw) => raw.as_str(),
            Form::Long { raw, .. } => raw,
            Form::Pieces(rope) => rope.raw(),
        }
    }

    /// The bytes of the spelling.
    #[inline]
    pub(crate) fn raw_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Short(raw) => raw.as_bytes(),
            Form::Long { raw, .. } => raw.as_bytes(),
            Form::Pieces(rope) => rope.raw().as_bytes(),
        }
    }

    /// What the text says. A lone surrogate reads as U+FFFD.
    pub fn plain(&self) -> Cow<'_, str> {
        if !self.is_escaped() {
            return Cow::Borrowed(self.raw());
        }
        let mut plain = String::with_capacity(self.raw().len());
        for (run, escaped) in Runs(self.raw()) {
            plain.push_str(run);
            plain.extend(escaped.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)));
        }
        Cow::Owned(plain)
    }

    /// Whether the text holds half of a surrogate pair: valid JSON, but no sequence of Unicode
    /// scalar values, so it has no positions to splice at.
    pub fn has_lone_surrogate(&self) -> bool {
        // Pieces hold none.
        !matches!(self.0, Form::Pieces(_))
            && self.is_escaped()
            && Runs(self.raw())
                .any(|(_, escaped)| escaped.is_some_and(|unit| (0xD800..0xE000).contains(&unit)))
    }

    /// The text cut into the spellings of its code points, in order: a letter, an escape, or the
    /// two escapes of a surrogate pair.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &str> {
        let mut units = self.code_points();
        std::iter::from_fn(move || {
            let before = units.rest.as_str();
            units.next()?;
            before.get(..before.len() - units.rest.as_str().len())
        })
    }

    /// How many Unicode scalar values it says; an escaped surrogate pair is one.
    pub fn scalar_count(&self) -> usize {
        match &self.0 {
            Form::Pieces(rope) => rope.scalars(),
            Form::Long { escaped: true, .. } => self.units().count(),
            // A letter begins with the one byte that is none of its continuation.
            Form::Short(_) | Form::Long { .. } => {
                self.raw_bytes().iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
            }
        }
    }

    /// Replaces `count` scalar values from `start` on by `items`, joined, and gives what was there.
    /// What is not touched keeps its spelling. Both are clamped to the length. None of the texts
    /// may hold half a surrogate pair: the joined halves would become one.
    #[expect(clippy::return_self_not_must_use, reason = "few want what was there")]
    pub fn splice<'a>(
        &mut self, start: usize, count: usize, items: impl IntoIterator<Item = &'a Self>,
    ) -> Self {
        if let Form::Long { raw, .. } = &self.0
            && raw.len() > PIECES_FROM
        {
            self.0 = Form::Pieces(Arc::new(Rope::new(raw)));
        }
        let Form::Pieces(rope) = &mut self.0 else { return self.splice_whole(start, count, items) };
        let rope = Arc::make_mut(rope);
        let start = start.min(rope.scalars());
        let count = count.min(rope.scalars() - start);
        let removed = rope.remove(start, count);
        let mut at = start;
        for item in items {
            at += match item.as_letter() {
                Some(letter) => rope.insert_letter(at, letter),
                None => rope.insert(at, item.raw()),
            };
        }
        if rope.scalars() < WHOLE_BELOW {
            *self = Self::from_raw(rope.raw());
        }
        removed
    }

    fn splice_whole<'a>(
        &mut self, start: usize, count: usize, items: impl IntoIterator<Item = &'a Self>,
    ) -> Self {
        let whole = self.raw();
        let mut units = self.code_points();
        let mut skip = |count: usize| {
            for _ in 0..count {
                if units.next().is_none() {
                    break;
                }
            }
            whole.len() - units.rest.as_str().len()
        };
        let start = skip(start);
        let end = skip(count);
        let removed = Self::from_raw(whole.get(start..end).unwrap_or_default());
        let mut raw = String::with_capacity(whole.len() + SHORT_BYTES);
        raw.push_str(whole.get(..start).unwrap_or_default());
        raw.extend(items.into_iter().map(Self::raw));
        raw.push_str(whole.get(end..).unwrap_or_default());
        *self = Self::from_raw(&raw);
        removed
    }

    /// The code points, lone surrogates included.
    pub(super) fn units(&self) -> impl Iterator<Item = u32> {
        self.code_points()
    }

    fn code_points(&self) -> Units<'_> {
        Units::new(self.raw())
    }
}

/// Whether JSON demands that a byte of a string be escaped.
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Walks a raw text by code point; an escaped surrogate pair is one.
pub(super) struct Units<'a> {
    rest: std::str::Chars<'a>,
}

impl<'a> Units<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        Self { rest: raw.chars() }
    }

    /// What is not walked yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest.as_str()
    }

    fn hex(&mut self) -> u32 {
        (0..4).fold(0, |sum, _| sum * 16 + self.rest.next().and_then(|digit| digit.to_digit(16)).unwrap_or(0))
    }
}

impl Iterator for Units<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let first = self.rest.next()?;
        if first != '\\' {
            return Some(u32::from(first));
        }
        Some(match self.rest.next()? {
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'b' => 0x08,
            'f' => 0x0C,
            'u' => {
                let high = self.hex();
                if (0xD800..0xDC00).contains(&high) && self.rest.as_str().starts_with("\\u") {
                    let mut ahead = Units { rest: self.rest.clone() };
                    ahead.rest.next();
                    ahead.rest.next();
                    let low = ahead.hex();
                    if (0xDC00..0xE000).contains(&low) {
                        self.rest = ahead.rest;
                        return Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00));
                    }
                }
                high
            }
            other => u32::from(other),
        })
    }
}

/// Cuts a spelling at its escapes: what stands before each of them, and the code point that it is.
struct Runs<'a>(&'a str);

impl<'a> Iterator for Runs<'a> {
    type Item = (&'a str, Option<u32>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        // Escapes are often near each other: faster than a search that is made for long texts.
        let run = self.0.bytes().position(|byte| byte == b'\\').unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at_checked(run)?;
        let mut units = Units::new(rest);
        let escaped = units.next();
        self.0 = units.rest();
        Some((run, escaped))
    }
}

impl Text {
    /// Hashes the spelling: quicker than [`Hash`], and not the same for all equal texts.
    #[inline]
    pub(crate) fn hash_spelling(&self, state: &mut impl Hasher) {
        match &self.0 {
            Form::Short(raw) => raw.words().into_iter().for_each(|word| state.write_u64(word)),
            Form::Long { .. } | Form::Pieces(_) => self.raw_bytes().hash(state),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Form::Short(Short::default()))
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Short(left), Form::Short(right)) => left == right,
            _ => self.is_equal(other),
        }
    }
}

impl Text {
    /// Whether two texts are equal of which one at least is not short.
    fn is_equal(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Long { raw: left, escaped: false }, Form::Long { raw: right, escaped: false }) => {
                left == right
            }
            (Form::Short(_), Form::Long { escaped: false, .. })
            | (Form::Long { escaped: false, .. }, Form::Short(_)) => false,
            (Form::Pieces(left), Form::Pieces(right)) if Arc::ptr_eq(left, right) => true,
            _ => self.raw_bytes() == other.raw_bytes() || self.units().eq(other.units()),
        }
    }
}

impl Eq for Text {}

/// By code point, as equality is.
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is_escaped() || other.is_escaped() {
            self.units().cmp(other.units())
        } else {
            self.raw_bytes().cmp(other.raw_bytes())
        }
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if self.is_escaped() {
            self.plain().as_bytes().hash(state);
        } else {
            self.raw_bytes().hash(state);
        }
    }
}

impl From<&str> for Text {
    fn from(plain: &str) -> Self {
        Self::new(plain)
    }
}

/// The text in quotes, as in a JSON file.
impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.raw())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
