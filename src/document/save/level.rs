//! Where the children of a container stand in its text.

use std::ops::Range;

use crate::document::source::Child;
use crate::document::{Source, Text, Value};

/// Children that show how a container is laid out.
const HABITS: usize = 64;

/// A value in a text, with the key before it if it has one.
pub(super) struct Piece {
    /// The first byte of the key, or of the value if it has none.
    pub(super) entry: usize,
    /// The first byte of the value.
    pub(super) start: usize,
    /// The byte after the value.
    pub(super) end: usize,
    /// An empty one in an array.
    pub(super) key: Text,
    pub(super) value: Value,
}

/// Some of the children of a container, in the order of the text.
pub(super) struct Level<'a> {
    text: &'a str,
    /// The bytes of the container.
    start: usize,
    end: usize,
    pieces: Vec<Piece>,
}

impl<'a> Level<'a> {
    /// All children in a range, also those with the same key, of a container.
    pub(super) fn read(source: &'a Source, container: &Piece, range: Range<usize>) -> Self {
        let children = source.children(container.start, range.start).take(range.len());
        // What has been made of the container's children already is not made again; unless the text
        // may have more of them than the value.
        let value = &container.value;
        let known = |at| match value.is_array() || value.plain_text().is_some() {
            true => value.entry(at).map(|(_, child)| child).or_else(|| value.index(at)).cloned(),
            false => None,
        };
        let piece = |(at, Child { entry, start, end, key, value }): (usize, Child)| Piece {
            entry,
            start,
            end,
            key,
            value: known(at).unwrap_or(value),
        };
        let pieces = (range.start..).zip(children).map(piece).collect();
        Self { text: source.text(), start: container.start, end: container.end, pieces }
    }

    /// The children that show how a container is laid out.
    pub(super) fn habits(source: &'a Source, container: &Piece) -> Self {
        Self::read(source, container, 0..HABITS)
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub(super) fn piece(&self, at: usize) -> Option<&Piece> {
        self.pieces.get(at)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// What stands before the `at`-th piece: for the first all from the bracket on, for the others
    /// the white space before the comma and that after it.
    pub(super) fn gap(&self, at: usize) -> (&'a str, &'a str) {
        let Some(piece) = self.piece(at) else { return ("", "") };
        match at.checked_sub(1).and_then(|before| self.piece(before)) {
            None => ("", self.slice(self.start + 1, piece.entry)),
            Some(before) => self.slice(before.end, piece.entry).split_once(',').unwrap_or_default(),
        }
    }

    /// What stands between the last piece and the closing bracket.
    pub(super) fn tail(&self) -> &'a str {
        let last = self.pieces.last().map_or(self.start + 1, |piece| piece.end);
        self.slice(last, self.end.saturating_sub(1))
    }

    /// The white space before the closing bracket.
    pub(super) fn last_space(&self) -> &'a str {
        let inside = self.slice(self.start + 1, self.end.saturating_sub(1));
        let length = inside.bytes().rev().take_while(u8::is_ascii_whitespace).count();
        inside.get(inside.len() - length..).unwrap_or_default()
    }

    /// What stands between the key and the value of a piece.
    pub(super) fn colon(&self, piece: &Piece) -> &'a str {
        self.slice(piece.entry + piece.key.raw().len() + 2, piece.start)
    }

    /// Whether a piece stands on one line.
    pub(super) fn is_line(&self, piece: &Piece) -> bool {
        !self.slice(piece.start, piece.end).contains('\n')
    }
}
