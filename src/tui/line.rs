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
            (KeyCode::Up, false, false) => self.at = self.vertical(false),
            (KeyCode::Down, false, false) => self.at = self.vertical(true),
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

    /// The same column of the line above or below, as far as there is one.
    fn vertical(&self, down: bool) -> usize {
        let before = self.before();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(start..).unwrap_or_default().graphemes(true).count();
        let (from, to) = if down {
            let Some(end) = self.after().find('\n').map(|end| self.at + end) else { return self.text.len() };
            let rest = self.text.get(end + 1..).unwrap_or_default();
            (end + 1, end + 1 + rest.find('\n').unwrap_or(rest.len()))
        } else {
            let Some(end) = start.checked_sub(1) else { return 0 };
            let above = self.text.get(..end).unwrap_or_default();
            (above.rfind('\n').map_or(0, |at| at + 1), end)
        };
        let line = self.text.get(from..to).unwrap_or_default();
        from + line.grapheme_indices(true).nth(column).map_or(line.len(), |(at, _)| at)
    }

    /// The text wrapped to so many columns, inert: its lines, and the line and column of the
    /// cursor.
    pub fn wrapped(&self, columns: usize) -> (Vec<String>, (usize, usize)) {
        let columns = columns.max(2);
        let (mut lines, mut used, mut cursor) = (vec![String::new()], 0, None);
        for (at, grapheme) in self.text.grapheme_indices(true) {
            if at == self.at {
                cursor = Some((lines.len() - 1, used));
            }
            if grapheme == "\n" {
                lines.push(String::new());
                used = 0;
                continue;
            }
            let shown = inert(grapheme);
            if used + width(&shown) > columns {
                lines.push(String::new());
                used = 0;
                if at == self.at {
                    cursor = Some((lines.len() - 1, 0));
                }
            }
            used += width(&shown);
            if let Some(line) = lines.last_mut() {
                line.push_str(&shown);
            }
        }
        let end = (lines.len() - 1, used);
        (lines, cursor.unwrap_or(end))
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

    #[test]
    fn lines_above_and_below_are_reached_and_long_ones_are_wrapped() {
        let mut line = Line::new("one\nlonger\nx");
        press(&mut line, &["Up"]);
        line.insert("|");
        press(&mut line, &["Up", "Up", "Up"]);
        line.insert("|");
        press(&mut line, &["Down", "Down", "Down"]);
        line.insert("|");
        assert_eq!(line.text(), "|one\nl|onger\nx|");
        let line = Line::new("abcdef\n日本\u{1b}");
        let (lines, cursor) = line.wrapped(4);
        assert_eq!(lines, ["abcd", "ef", "日本", "\\u001b"]);
        assert_eq!(cursor, (3, 6));
    }
}
