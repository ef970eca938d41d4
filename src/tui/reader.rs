//! The whole of a string as text, wrapped: a page to read. Where its lines begin is found a bounded
//! piece at a time, so that a text of megabytes opens at once.

use std::sync::Arc;

use super::text::{Wrapped, inert};
use crate::document::Path;

/// Bytes wrapped in one piece of work: some milliseconds.
const PIECE: usize = 32 << 10;

/// A text to be read.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Where it stands; nothing once that is gone.
    pub place: Option<Path>,
    text: Arc<str>,
    columns: usize,
    /// The bytes of its lines, as far as they are known.
    lines: Vec<(usize, usize)>,
    /// Where the next line begins; nothing once all are known.
    next: Option<usize>,
    /// The first line on the screen.
    pub top: usize,
    /// Whether the last line is to be shown as soon as it is known.
    to_end: bool,
}

impl Reader {
    /// A text, from its start.
    pub fn new(place: Path, text: &str) -> Self {
        Self {
            place: Some(place),
            text: text.into(),
            columns: 0,
            lines: Vec::new(),
            next: Some(0),
            top: 0,
            to_end: false,
        }
    }

    /// What is read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Another text at the same place.
    pub(super) fn take(&mut self, text: &str) {
        self.text = text.into();
        (self.lines, self.next) = (Vec::new(), Some(0));
    }

    /// Lines known so far, and whether these are all.
    pub fn count(&self) -> (usize, bool) {
        (self.lines.len(), self.next.is_none())
    }

    /// Whether lines remain to be found.
    pub fn is_at_work(&self) -> bool {
        self.next.is_some() && self.columns > 0
    }

    /// So many lines down, or up when negative.
    pub fn scroll(&mut self, by: isize) {
        self.to_end = false;
        self.top = self.top.saturating_add_signed(by);
    }

    /// To the last line, also when it is still to be found.
    pub(super) fn end(&mut self) {
        self.to_end = true;
    }

    /// Finds lines until a piece of work is done.
    pub(super) fn work(&mut self) {
        let Some(next) = self.next.filter(|_| self.columns > 0) else { return };
        let mut wrapped = Wrapped::from(&self.text, self.columns, next);
        while let Some(line) = wrapped.next() {
            let end = line.end;
            self.lines.push((line.start, line.end));
            self.next = wrapped.next_start();
            if self.next.is_none() || end >= next + PIECE {
                break;
            }
        }
    }

    /// Lays the text out on so many lines of so many columns, and keeps to what there is.
    pub(super) fn settle(&mut self, (height, columns): (usize, usize)) {
        if columns != self.columns {
            let read = self.lines.get(self.top).map_or(0, |(start, _)| *start);
            (self.columns, self.lines, self.next) = (columns, Vec::new(), Some(0));
            while self.is_at_work() && self.lines.last().is_none_or(|(_, end)| *end < read) {
                self.work();
            }
            self.top = self.lines.partition_point(|(start, _)| *start <= read).saturating_sub(1);
        }
        while self.is_at_work() && self.lines.len() < self.top.saturating_add(height) && !self.to_end {
            self.work();
        }
        let last = self.lines.len().saturating_sub(height.max(1));
        self.top = if self.to_end { last } else { self.top.min(last) };
    }

    /// The lines on a screen of so many, inert.
    pub fn window(&self, height: usize) -> impl Iterator<Item = String> {
        self.lines
            .iter()
            .skip(self.top)
            .take(height)
            .map(|(start, end)| inert(self.text.get(*start..*end).unwrap_or_default()).into_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_million_characters_is_wrapped_in_pieces_and_read_to_its_end() {
        let mut reader = Reader::new(Path::ROOT, &"word ".repeat(200_000));
        reader.settle((20, 50));
        assert!(reader.is_at_work(), "the first screen waits for no more than it shows");
        assert_eq!(reader.window(20).count(), 20);
        reader.end();
        let mut pieces = 0;
        while reader.is_at_work() {
            reader.work();
            pieces += 1;
        }
        reader.settle((20, 50));
        assert!(pieces > 20, "{pieces}");
        assert_eq!(reader.count(), (20_000, true));
        assert_eq!(reader.top, 20_000 - 20);
        reader.settle((20, 25));
        let first = reader.window(1).next().unwrap();
        assert_eq!(first, "word word word word word ");
    }
}
