//! Text for the screen, cut by what is seen.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::document::Value;

pub use crate::document::inert;

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The start of an inert text in at most `columns`, with `…` where something is left out.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    let mut used = 0;
    let mut end_before_mark = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > columns {
            let mark = if columns == 0 { "" } else { "…" };
            return Cow::Owned(format!("{}{mark}", text.get(..end_before_mark).unwrap_or_default()));
        }
        if used < columns {
            end_before_mark = at + grapheme.len();
        }
    }
    Cow::Borrowed(text)
}

/// The end of an inert text in at most `columns`, with `…` where something is left out.
pub(super) fn clip_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let mut start = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > columns {
            break;
        }
        start = at;
    }
    let mark = if columns == 0 { "" } else { "…" };
    Cow::Owned(format!("{mark}{}", text.get(start..).unwrap_or_default()))
}

/// The text filled with blanks to `columns`, or cut to them.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let cut = clip(text, columns);
    let blanks = columns.saturating_sub(width(&cut));
    format!("{cut}{:blanks$}", "")
}

/// A text wrapped to so many columns: the bytes of its lines, one after the other, without the
/// line breaks between them. A line breaks behind a blank where it has one.
#[derive(Clone, Debug)]
pub(super) struct Wrapped<'a> {
    text: &'a str,
    columns: usize,
    /// Where the next line begins; nothing after the last.
    next: Option<usize>,
}

impl<'a> Wrapped<'a> {
    /// From the start of a text.
    pub(super) fn new(text: &'a str, columns: usize) -> Self {
        Self::from(text, columns, 0)
    }

    /// From where a line begins.
    pub(super) fn from(text: &'a str, columns: usize, next: usize) -> Self {
        Self { text, columns: columns.max(2), next: Some(next) }
    }

    /// A line as it is shown: inert, without the blank that may hang over the edge.
    pub(super) fn shown(text: &str, line: Range<usize>) -> String {
        inert(text.get(line).unwrap_or_default().trim_end_matches(' ')).into_owned()
    }

    /// Where the next line begins; nothing after the last.
    pub(super) fn next_start(&self) -> Option<usize> {
        self.next
    }
}

impl Iterator for Wrapped<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.next?;
        let rest = self.text.get(start..)?;
        let (mut used, mut after_blank) = (0, None);
        for (at, grapheme) in rest.grapheme_indices(true) {
            if matches!(grapheme, "\n" | "\r\n") {
                self.next = Some(start + at + grapheme.len());
                return Some(start..start + at);
            }
            used += width(&inert(grapheme));
            if used > self.columns && at > 0 {
                // A blank that does not fit hangs over the edge.
                let end = if grapheme == " " { at + 1 } else { after_blank.unwrap_or(at) };
                self.next = Some(start + end);
                return Some(start..start + end);
            }
            if grapheme == " " {
                after_blank = Some(at + 1);
            }
        }
        self.next = None;
        Some(start..self.text.len())
    }
}

/// `1 edit`, `2 edits`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// A value as text, if that is no longer than so many bytes: no more of it is made.
pub(super) fn written_within(value: &Value, most: usize) -> Option<String> {
    let mut text = Bounded { text: String::new(), most };
    write!(text, "{value}").is_ok().then_some(text.text)
}

struct Bounded {
    text: String,
    most: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > self.most {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// A number as people read it: `2,202`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_inert_text_is_obeyed() {
        assert_eq!(inert("a\u{1b}[2Jb"), "a\\u001b[2Jb");
        assert_eq!(inert("\u{9b}31m\u{7f}\r\n"), "\\u009b31m\\u007f\\r\\n");
        assert_eq!(inert("\u{202e}gpj\u{e0041}"), "\\u202egpj\\u{e0041}");
        assert_eq!(inert("👩\u{200d}👩\u{200d}👧 é"), "👩\u{200d}👩\u{200d}👧 é");
    }

    #[test]
    fn cutting_goes_by_columns_and_whole_graphemes() {
        assert_eq!(clip("日本語", 6), "日本語");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(clip_start(".a.日本", 4), "…本");
        assert_eq!(clip_start("abc", 3), "abc");
        assert_eq!(fit("日本", 5), "日本 ");
    }

    #[test]
    fn wrapped_lines_break_behind_blanks_and_at_line_breaks() {
        let lines = |text: &str, columns| -> Vec<String> {
            Wrapped::new(text, columns).map(|range| text[range].to_owned()).collect()
        };
        assert_eq!(lines("the quick brown fox", 10), ["the quick ", "brown fox"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("a\n\nb\r\n", 9), ["a", "", "b", ""]);
        assert_eq!(lines("日本語", 5), ["日本", "語"]);
        assert_eq!(lines("", 5), [""]);
    }

    #[test]
    fn numbers_read_in_groups_of_three() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(count(1, "edit"), "1 edit");
        assert_eq!(count(2_000, "edit"), "2,000 edits");
    }
}
