//! A line of text being typed, with a cursor in it, by grapheme.

use crossterm::event::KeyCode;
use unicode_segmentation::UnicodeSegmentation;

use super::keymap::Key;
use super::text::{inert, width};

/// A line of text being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    text: String,
    /// Bytes before the cursor.
    at: usize,
}

impl Line {
    /// A line that says `text`, the cursor behind it.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Types a text at the cursor.
    pub fn insert(&mut self, typed: &str) {
        self.text.insert_str(self.at, typed);
        self.at += typed.len();
    }

    /// Does what a key means in a line. Whether it means anything.
    pub fn press(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(typed), false, false) => self.insert(typed.encode_utf8(&mut [0; 4])),
            (KeyCode::Left, false, false) | (KeyCode::Char('b'), true, false) => self.at = self.left(),
            (KeyCode::Right, false, false) | (KeyCode::Char('f'), true, false) => self.at = self.right(),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => self.at = 0,
            (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => self.at = self.text.len(),
            (KeyCode::Left, ..) | (KeyCode::Char('b'), false, true) => self.at = self.word_left(),
            (KeyCode::Right, ..) | (KeyCode::Char('f'), false, true) => self.at = self.word_right(),
            (KeyCode::Backspace, false, false) | (KeyCode::Char('h'), true, false) => {
                self.remove_from(self.left());
            }
            (KeyCode::Backspace, ..) | (KeyCode::Char('w'), true, false) => {
                self.remove_from(self.word_left());
            }
            (KeyCode::Delete, ..) | (KeyCode::Char('d'), true, false) => self.remove_to(self.right()),
            (KeyCode::Char('u'), true, false) => self.remove_from(0),
            (KeyCode::Char('k'), true, false) => self.remove_to(self.text.len()),
            (KeyCode::Enter, false, true) | (KeyCode::Char('j'), true, false) => self.insert("\n"),
            _ => return false,
        }
        true
    }

    fn remove_from(&mut self, start: usize) {
        self.text.replace_range(start..self.at, "");
        self.at = start;
    }

    fn remove_to(&mut self, end: usize) {
        self.text.replace_range(self.at..end, "");
    }

    fn left(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.at + self.after().graphemes(true).next().map_or(0, str::len)
    }

    fn word_left(&self) -> usize {
        self.before().unicode_word_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let word = self.after().unicode_word_indices().next();
        word.map_or(self.text.len(), |(at, word)| self.at + at + word.len())
    }

    /// The part around the cursor that fits into `columns`, inert, and the cursor's column.
    pub fn shown(&self, columns: usize) -> (String, usize) {
        let before: Vec<_> = self.before().graphemes(true).map(inert).collect();
        let room = columns.saturating_sub(1);
        let mut start = before.len();
        let mut cursor = 0;
        while let Some(previous) = start.checked_sub(1).and_then(|at| before.get(at)) {
            let wider = cursor + width(previous);
            if wider > room {
                break;
            }
            cursor = wider;
            start -= 1;
        }
        let mut shown: String = before.iter().skip(start).map(AsRef::as_ref).collect();
        let mut used = cursor;
        for grapheme in self.after().graphemes(true).map(inert) {
            used += width(&grapheme);
            if used > columns {
                break;
            }
            shown.push_str(&grapheme);
        }
        (shown, cursor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    fn press(line: &mut Line, names: &[&str]) {
        for name in names {
            assert!(line.press(Key::named(name).unwrap()), "{name} means nothing");
        }
    }

    #[test]
    fn the_cursor_moves_and_removes_by_grapheme_and_by_word() {
        let mut line = Line::new("naïve 👩\u{200d}👧 e\u{301}nd");
        press(&mut line, &["Left", "Left", "Backspace"]);
        assert_eq!(line.text(), "naïve 👩\u{200d}👧 nd");
        press(&mut line, &["Left", "Backspace"]);
        assert_eq!(line.text(), "naïve  nd");
        press(&mut line, &["Ctrl-w", "x"]);
        assert_eq!(line.text(), "x nd");
        press(&mut line, &["Ctrl-k", "Home", "Delete", "y", "End", "z"]);
        assert_eq!(line.text(), "yz");
    }

    #[test]
    fn a_long_line_is_shown_around_the_cursor() {
        let mut line = Line::new("0123456789");
        assert_eq!(line.shown(5), ("6789".to_owned(), 4));
        press(&mut line, &["Home"]);
        assert_eq!(line.shown(5), ("01234".to_owned(), 0));
        assert_eq!(Line::new("a\u{1b}b").shown(20), ("a\\u001bb".to_owned(), 8));
    }
}
