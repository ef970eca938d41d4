//! Reading the text forms of a path.

use super::{Path, PathError, Step};
use crate::document::{Event, Kind, Scanner, Text, Value};
use crate::limits;

impl Path {
    /// Reads a path text as it is meant in `root`: a JSON Pointer (RFC 6901: `/users/0/name`,
    /// `""` is the root) or a jq path (`.users[0].name`, `."odd key"`, `.["odd key"]`, `.[-1]`,
    /// `.` is the root). In a pointer a step of digits is a position where the value is an array
    /// and a key elsewhere, and `-` is the position after an array's last.
    ///
    /// # Errors
    /// Where and why the text is neither. Whether the place exists is not asked.
    pub fn read(text: &str, root: &Value) -> Result<Self, PathError> {
        let mut reader = Reader { text, at: 0, here: Some(root), steps: Vec::new() };
        match text.bytes().next() {
            None => {}
            Some(b'/') => reader.pointer()?,
            Some(b'.') => reader.jq()?,
            Some(_) => {
                return Err(
                    reader.error("a path starts with `/` (JSON Pointer: /users/0) or `.` (jq: .users[0])")
                );
            }
        }
        Ok(Self::from(reader.steps))
    }
}

/// Reads a path text from left to right, following it into the document.
struct Reader<'a> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
    /// The value that the steps so far lead to.
    here: Option<&'a Value>,
    steps: Vec<Step>,
}

impl<'a> Reader<'a> {
    fn error(&self, reason: impl Into<String>) -> PathError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        PathError { text: self.text.to_owned(), at: before.chars().count() + 1, reason: reason.into() }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn go(&mut self, step: Step) -> Result<(), PathError> {
        if self.steps.len() == limits::PATH_STEPS {
            return Err(self.error(format!("a path has at most {} steps", limits::PATH_STEPS)));
        }
        self.here = self.here.and_then(|value| value.get(&step));
        self.steps.push(step);
        Ok(())
    }

    /// How many elements the array here has; nothing when there is no array here.
    fn array_length(&self) -> Option<usize> {
        self.here.filter(|value| value.kind() == Kind::Array).map(Value::len)
    }

    fn pointer(&mut self) -> Result<(), PathError> {
        while self.rest().starts_with('/') {
            self.at += 1;
            let token = self.rest().split('/').next().unwrap_or_default();
            let step = match self.array_length() {
                Some(length) if token == "-" => Step::Index(length),
                Some(_) if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) => {
                    Step::Index(self.position(token)?)
                }
                _ => Step::Key(self.pointer_key(token)?),
            };
            self.go(step)?;
            self.at += token.len();
        }
        Ok(())
    }

    fn pointer_key(&mut self, token: &str) -> Result<Text, PathError> {
        let start = self.at;
        for (tilde, _) in token.match_indices('~') {
            if !matches!(token.as_bytes().get(tilde + 1), Some(b'0' | b'1')) {
                self.at = start + tilde;
                return Err(self.error("in a JSON Pointer `~` is written `~0`, and `/` in a key `~1`"));
            }
        }
        Ok(Text::new(&token.replace("~1", "/").replace("~0", "~")))
    }

    fn position(&self, digits: &str) -> Result<usize, PathError> {
        if digits.len() > 1 && digits.starts_with('0') {
            return Err(self.error("a position is written without leading zeros"));
        }
        digits.parse().or(Err(self.error("the position is too large")))
    }

    fn jq(&mut self) -> Result<(), PathError> {
        if self.text == "." {
            return Ok(());
        }
        while !self.rest().is_empty() {
            match self.rest().strip_prefix('.') {
                Some(rest) if !rest.starts_with('[') => {
                    self.at += 1;
                    self.jq_key()?;
                }
                dotted => {
                    self.at += usize::from(dotted.is_some());
                    self.jq_bracket()?;
                }
            }
        }
        Ok(())
    }

    /// A key after a dot: a bare word or a string.
    fn jq_key(&mut self) -> Result<(), PathError> {
        let rest = self.rest();
        if rest.starts_with('"') {
            let key = self.quoted()?;
            return self.go(Step::Key(key));
        }
        let word: &str =
            rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
        if word.is_empty() {
            return Err(self.error(match rest.chars().next() {
                None => "the path ends after a dot; a key is missing".to_owned(),
                Some('.') => "a key is missing between two dots".to_owned(),
                Some(other) => format!("found `{other}` where a key begins; {ODD_KEY}"),
            }));
        }
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.error(format!(
                "a position is written [{word}], and a key that begins with a digit .\"{word}\""
            )));
        }
        self.go(Step::Key(Text::new(word)))?;
        self.at += word.len();
        Ok(())
    }

    /// A position or a string in brackets.
    fn jq_bracket(&mut self) -> Result<(), PathError> {
        let Some(inner) = self.rest().strip_prefix('[') else {
            let found = self.rest().chars().next().unwrap_or_default();
            return Err(
                self.error(format!("found `{found}` where `.key` or `[position]` is expected; {ODD_KEY}"))
            );
        };
        self.at += 1;
        if inner.starts_with('"') {
            let key = self.quoted()?;
            self.go(Step::Key(key))?;
        } else {
            let number: &str =
                inner.split(|digit: char| !digit.is_ascii_digit() && digit != '-').next().unwrap_or_default();
            let index = self.jq_position(number)?;
            self.go(Step::Index(index))?;
            self.at += number.len();
        }
        if !self.rest().starts_with(']') {
            return Err(
                self.error("expected `]` here: brackets take one position, [0], or one key, [\"name\"]")
            );
        }
        self.at += 1;
        Ok(())
    }

    fn jq_position(&self, number: &str) -> Result<usize, PathError> {
        let (from_end, digits) = match number.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, number),
        };
        if digits.is_empty() || digits.contains('-') {
            return Err(self.error("brackets take one position, [0], or one key, [\"name\"]"));
        }
        let position = self.position(digits)?;
        if !from_end || position == 0 {
            return Ok(position);
        }
        let length = self.array_length().ok_or_else(|| {
            self.error("a negative position counts from the end of an array, and there is no array there")
        })?;
        length.checked_sub(position).ok_or_else(|| {
            self.error(format!("the array there has {length} elements, so {number} is before its first"))
        })
    }

    /// A JSON string; moves past it.
    fn quoted(&mut self) -> Result<Text, PathError> {
        let mut string = Scanner::new(self.rest(), 0);
        match string.next() {
            Ok(Some(Event::String(raw))) => {
                self.at += string.end();
                Ok(Text::from_raw(raw))
            }
            Ok(_) => Err(self.error("expected a key in double quotes")),
            Err(error) => {
                self.at += error.offset;
                Err(self.error(error.reason))
            }
        }
    }
}

const ODD_KEY: &str = "a key with other characters than letters, digits and `_` is written .\"odd key\"";
