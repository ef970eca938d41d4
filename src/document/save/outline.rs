//! Where in a text each value stands.

use crate::document::{Event, ParseError, Scanner, Text, Value};
use crate::limits;

/// A value in a text, with the key before it if it has one.
pub(super) struct Piece {
    /// The first byte of the key, or of the value if it has none.
    pub(super) entry: usize,
    /// The first byte of the value.
    pub(super) start: usize,
    /// The byte after the value.
    pub(super) end: usize,
    pub(super) key: Option<Text>,
    pub(super) value: Value,
    /// The children of an array or a map in the order of the text, by number. Of a map, all
    /// entries: also those with the same key.
    pub(super) children: Vec<usize>,
}

/// All values of a text.
pub(super) struct Outline<'a> {
    pub(super) text: &'a str,
    pieces: Vec<Piece>,
}

impl<'a> Outline<'a> {
    /// Reads a JSON text.
    pub(super) fn read(text: &'a str) -> Result<Self, ParseError> {
        let mut scanner = Scanner::new(text, limits::DEPTH);
        let mut outline = Self { text, pieces: Vec::new() };
        let mut open = Vec::new();
        let mut key = None;
        while let Some(event) = scanner.next()? {
            let value = match event {
                Event::Key(raw) => {
                    key = Some((scanner.start(), Text::from_raw(raw)));
                    continue;
                }
                Event::End => {
                    outline.close(open.pop(), scanner.end());
                    continue;
                }
                Event::BeginArray => Value::array([]),
                Event::BeginObject => Value::object([]),
                Event::Null => Value::NULL,
                Event::Bool(value) => Value::bool(value),
                Event::Number(text) => Value::from_number(text),
                Event::String(raw) => Value::from_text(Text::from_raw(raw)),
            };
            let is_container = value.is_container();
            let number = outline.add(open.last().copied(), key.take(), value, &scanner);
            if is_container {
                open.push(number);
            }
        }
        Ok(outline)
    }

    fn add(
        &mut self, parent: Option<usize>, key: Option<(usize, Text)>, value: Value, scanner: &Scanner<'_>,
    ) -> usize {
        let number = self.pieces.len();
        let start = scanner.start();
        let (entry, key) = key.map_or((start, None), |(entry, key)| (entry, Some(key)));
        self.pieces.push(Piece { entry, start, end: scanner.end(), key, value, children: Vec::new() });
        if let Some(parent) = parent.and_then(|parent| self.pieces.get_mut(parent)) {
            parent.children.push(number);
        }
        number
    }

    /// The container ends before byte `end`: all its children are there.
    fn close(&mut self, number: Option<usize>, end: usize) {
        let Some(piece) = number.and_then(|number| self.pieces.get(number)) else { return };
        let children = piece.children.iter().filter_map(|&child| self.pieces.get(child));
        let value = if piece.value.is_array() {
            Value::array(children.map(|child| child.value.clone()))
        } else {
            Value::object(children.filter_map(|child| Some((child.key.clone()?, child.value.clone()))))
        };
        if let Some(piece) = number.and_then(|number| self.pieces.get_mut(number)) {
            piece.value = value;
            piece.end = end;
        }
    }

    /// The document.
    pub(super) fn root(&self) -> Option<&Piece> {
        self.pieces.first()
    }

    /// The `at`-th child of a piece.
    pub(super) fn child(&self, piece: &Piece, at: usize) -> Option<&Piece> {
        piece.children.get(at).and_then(|&number| self.pieces.get(number))
    }

    /// The children of a piece in the order of the text.
    pub(super) fn children<'b>(&'b self, piece: &'b Piece) -> impl Iterator<Item = &'b Piece> {
        piece.children.iter().filter_map(|&number| self.pieces.get(number))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// What stands before the `at`-th child: for the first the white space after the bracket, for
    /// the others the white space before the comma and that after it.
    pub(super) fn gap(&self, piece: &Piece, at: usize) -> (&'a str, &'a str) {
        let Some(child) = self.child(piece, at) else { return ("", "") };
        match at.checked_sub(1).and_then(|before| self.child(piece, before)) {
            None => ("", self.slice(piece.start + 1, child.entry)),
            Some(before) => self.slice(before.end, child.entry).split_once(',').unwrap_or_default(),
        }
    }

    /// The white space before the closing bracket.
    pub(super) fn tail(&self, piece: &Piece) -> &'a str {
        let last = self.children(piece).last().map_or(piece.start + 1, |child| child.end);
        self.slice(last, piece.end.saturating_sub(1))
    }

    /// Whether a piece stands on one line.
    pub(super) fn is_line(&self, piece: &Piece) -> bool {
        !self.slice(piece.start, piece.end).contains('\n')
    }
}
