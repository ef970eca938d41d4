//! A tree to look at beside the live one: what a jq filter gave, or an earlier version.

use super::lines::{Lines, Look};
use super::rows::Rows;
use crate::document::Value;

/// A tree to look at.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// What it is.
    pub subject: Subject,
    /// The tree.
    pub value: Value,
    /// Which containers are open.
    pub rows: Rows,
    /// The row under the cursor.
    pub row: usize,
    /// The first row on the screen.
    pub top: usize,
}

/// What a tree to look at is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What a filter gave.
    Jq {
        /// The filter.
        filter: String,
        /// How many outputs there were; they are shown as an array when not one.
        outputs: usize,
        /// Whether there were more.
        is_cut: bool,
    },
    /// The document after so many of the remembered changes.
    Version {
        /// So many.
        count: usize,
        /// How many are remembered.
        of: usize,
        /// What the last of them did, in words.
        told: String,
    },
}

impl Viewer {
    /// A tree as it is first shown.
    pub fn new(subject: Subject, value: Value) -> Self {
        Self { subject, rows: Rows::new(&value), value, row: 0, top: 0 }
    }

    /// Another tree in its place, the cursor and open containers where they were as far as they
    /// are there.
    pub(super) fn show(&mut self, subject: Subject, value: Value) {
        let delta = super::delta::Delta::between(&self.value, &value);
        self.rows = self.rows.clone().carried(&delta, &self.value, &value);
        self.row = self.row.min(self.rows.count() - 1);
        (self.subject, self.value) = (subject, value);
    }

    /// The tree on lines of so many columns.
    pub(super) fn lines(&self, look: Look, columns: usize) -> Lines<'_> {
        Lines { rows: &self.rows, root: &self.value, look, columns }
    }

    /// Keeps the cursor on the screen of so many rows and columns.
    pub(super) fn settle(&mut self, look: Look, (height, columns): (usize, usize)) {
        self.row = self.row.min(self.rows.count() - 1);
        self.top = self.lines(look, columns).top(self.top, self.row, height, 0);
    }
}
