//! What stands on each line of the tree. Mostly that is a row; a long string may take several, and
//! in line mode closing brackets stand between the rows. They belong to rows, so that the cursor,
//! folds and marks know of rows alone.

use super::rows::{Row, Rows};
use super::text::{Wrapped, inert, thousands, width};
use crate::document::{Kind, Step, Value};

/// Lines that one string takes at most; [`Reader`](super::Reader) shows all of a longer one.
const LONGEST_WRAP: usize = 12;

/// Columns beside a value that its row needs for other things: marks, what it is.
const BESIDE: usize = 12;

/// Columns before a text on lines of its own, besides its indentation.
const MARGIN: usize = 6;

/// Fewer columns than this are too few to wrap a text to.
const NARROWEST: usize = 16;

/// How a tree is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With the quotes, brackets and commas of the text, as in jless's line mode.
    pub has_punctuation: bool,
    /// Long strings on several lines, their line breaks obeyed.
    pub wraps: bool,
}

/// What is on one line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The row it belongs to.
    pub row: Row,
    /// Which part of the row it is.
    pub part: Part,
    /// Whether something follows it in its container.
    pub has_comma: bool,
}

/// A part of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Its name and value. Second: whether the value stands on the lines below.
    Row(bool),
    /// A piece of its string.
    Text(String),
    /// How much of its string is not shown.
    Cut(String),
    /// The end of a container around it, so many steps from the root.
    End(usize, Kind),
}

/// A tree, to be laid out on lines of so many columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a> {
    /// Which containers are open.
    pub rows: &'a Rows,
    /// The document.
    pub root: &'a Value,
    /// How it is shown.
    pub look: Look,
    /// Columns there are.
    pub columns: usize,
}

/// Columns before a row's name.
pub(super) fn indent(depth: usize, columns: usize) -> usize {
    depth.saturating_mul(2).min(columns / 2)
}

impl Lines<'_> {
    /// The lines from the first one of the row `top` on, at most `height`.
    pub(super) fn window(&self, top: usize, height: usize) -> Vec<Line> {
        let mut lines = Vec::with_capacity(height);
        let mut rows = self.rows.window(self.root, top, height + 1).into_iter().peekable();
        while let Some(row) = rows.next() {
            self.push(&mut lines, &row, rows.peek(), height);
            if lines.len() >= height {
                break;
            }
        }
        lines.truncate(height);
        lines
    }

    fn push(&self, lines: &mut Vec<Line>, row: &Row, next: Option<&Row>, height: usize) {
        let depth = |row: &Row| row.path.steps().len();
        let is_open = row.is_open == Some(true);
        let is_followed = self.look.has_punctuation && next.is_some_and(|next| depth(next) == depth(row));
        let texts = self.texts(row, height);
        let part = Part::Row(!texts.is_empty());
        lines.push(Line { row: row.clone(), part, has_comma: false });
        lines.extend(texts.into_iter().map(|part| Line { row: row.clone(), part, has_comma: false }));
        if let Some(last) = lines.last_mut() {
            last.has_comma = !is_open && is_followed;
        }
        if !self.look.has_punctuation || is_open {
            return;
        }
        let outermost = next.map_or(0, depth);
        for depth in (outermost..depth(row)).rev() {
            let around = around(row, depth);
            let end = Part::End(depth, around);
            lines.push(Line { row: row.clone(), part: end, has_comma: next.is_some() && depth == outermost });
        }
    }

    /// The lines of a string below its row; none when it fits on the row or is not to be wrapped.
    fn texts(&self, row: &Row, height: usize) -> Vec<Part> {
        let Some(text) = row.value.as_text().filter(|_| self.look.wraps) else { return Vec::new() };
        let before = indent(row.path.steps().len(), self.columns);
        let columns = self.columns.saturating_sub(before + BESIDE).max(NARROWEST);
        let name = row.path.steps().last().map_or(1, |step| match step {
            Step::Key(key) => width(&inert(start(key.raw(), columns))),
            Step::Index(at) => at.to_string().len() + 2,
        });
        let raw = start(text.raw(), columns);
        let has_break = raw.contains("\\n");
        if !has_break && raw.len() == text.raw().len() && name + width(&inert(raw)) <= columns {
            return Vec::new();
        }
        let most = LONGEST_WRAP.min(height.saturating_sub(1) / 2).max(1);
        let whole = text.plain();
        let shown = start(&whole, columns.saturating_mul(most));
        let mut wrapped = Wrapped::new(shown, columns + BESIDE - MARGIN);
        let pieces: Vec<_> = wrapped.by_ref().take(most).collect();
        let is_all = shown.len() == whole.len() && wrapped.next().is_none();
        let piece = |range| Part::Text(inert(shown.get(range).unwrap_or_default()).into_owned());
        let mut parts: Vec<Part> = pieces.into_iter().map(piece).collect();
        if !is_all {
            let size = thousands(text.raw().len());
            parts.push(Part::Cut(format!("… {size} bytes in all: R")));
        }
        parts
    }

    /// The row that a line of the screen belongs to.
    pub(super) fn row_at(&self, top: usize, line: usize) -> Option<usize> {
        self.window(top, line + 1).get(line).map(|line| line.row.at)
    }

    /// The first row to be shown so that a row and some lines around it are on a screen of so many
    /// lines, as near to `top` as may be.
    pub(super) fn top(&self, top: usize, row: usize, height: usize, margin: usize) -> usize {
        let height = height.max(1);
        let margin = margin.min((height - 1) / 2);
        let highest = row.saturating_sub(margin);
        let from = row.saturating_sub(height);
        let heights = self.heights(from, row - from + margin + 1, height);
        let (before, after) = heights.split_at_checked(row - from).unwrap_or((&heights, &[]));
        // All of the row, and as many lines below it as the margin says unless it is near the end.
        let own = after.first().map_or(0, |lines| lines - 1);
        let below = own + after.iter().skip(1).sum::<usize>().min(margin);
        let lowest = row - fitting(before, (height - 1).saturating_sub(below));
        // No line is left empty while there are rows to fill it.
        let last = self.rows.count() - 1;
        let from = last.saturating_sub(height);
        let fullest = last + 1 - fitting(&self.heights(from, last - from + 1, height), height).max(1);
        top.clamp(lowest, highest.max(lowest)).min(fullest)
    }

    /// Lines that rows take, from a row on. Rows that take one line each are not looked at.
    fn heights(&self, from: usize, count: usize, height: usize) -> Vec<usize> {
        if self.look == Look::default() {
            return vec![1; count.min(self.rows.count().saturating_sub(from))];
        }
        let rows = self.rows.window(self.root, from, count + 1);
        let lines_of = |(at, row): (usize, &Row)| {
            let mut lines = Vec::new();
            self.push(&mut lines, row, rows.get(at + 1), height);
            lines.len()
        };
        rows.iter().enumerate().take(count).map(lines_of).collect()
    }
}

/// What kind of container is around a row, so many steps from the root.
fn around(row: &Row, depth: usize) -> Kind {
    match row.path.steps().get(depth) {
        Some(Step::Index(_)) => Kind::Array,
        Some(Step::Key(_)) | None => Kind::Object,
    }
}

/// How many rows fit on so many lines, counted from the last one back.
fn fitting(heights: &[usize], mut room: usize) -> usize {
    let fits = |lines: &&usize| {
        let left = room.checked_sub(**lines);
        room = left.unwrap_or(0);
        left.is_some()
    };
    heights.iter().rev().take_while(fits).count()
}

/// As much of the start of a text as could show in so many columns, many zero-width characters
/// included; a text of megabytes is not looked through for a line.
pub(super) fn start(text: &str, columns: usize) -> &str {
    let end = text.char_indices().nth(columns.saturating_mul(4) + 16).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}
