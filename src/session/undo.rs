//! What can be taken back, and what was: own changes in groups.

use std::collections::VecDeque;

use super::{Time, timers};
use crate::document::{Method, Path, Value};
use crate::limits;
use crate::sync::ChangeId;

/// Own changes that are taken back together.
#[derive(Debug)]
struct Group {
    /// The number the edits came with; 0 is none.
    number: u64,
    /// The string that is being typed into.
    typing: Option<Path>,
    /// When the last edit joined.
    last: Time,
    changes: Vec<ChangeId>,
}

/// The lists behind undo and redo.
#[derive(Debug, Default)]
pub(super) struct UndoList {
    done: VecDeque<Group>,
    undone: Vec<Vec<ChangeId>>,
}

impl UndoList {
    /// Notes an edit. It joins the last group if it came with the same number, or goes on typing
    /// in the same string soon after. There is nothing to redo any more.
    pub(super) fn record(&mut self, now: Time, number: u64, typing: Option<Path>, change: ChangeId) {
        self.undone.clear();
        let last = self.done.back_mut().filter(|group| {
            let same_command = number != 0 && group.number == number;
            let still_typing = typing.is_some()
                && group.typing == typing
                && now.saturating_sub(group.last) <= timers::TYPING;
            same_command || still_typing
        });
        if let Some(group) = last {
            group.changes.push(change);
            group.last = now;
        } else {
            self.push(Group { number, typing, last: now, changes: vec![change] });
        }
    }

    /// Takes out the last group.
    pub(super) fn undo(&mut self) -> Option<Vec<ChangeId>> {
        let group = self.done.pop_back();
        // What comes next is no part of the group before the one taken back.
        self.close();
        group.map(|group| group.changes)
    }

    /// Takes out the changes of the last undo.
    pub(super) fn redo(&mut self) -> Option<Vec<ChangeId>> {
        self.undone.pop()
    }

    /// Notes what an undo did.
    pub(super) fn undid(&mut self, changes: Vec<ChangeId>) {
        if !changes.is_empty() {
            self.undone.push(changes);
        }
    }

    /// Notes what a redo did.
    pub(super) fn redid(&mut self, changes: Vec<ChangeId>) {
        if !changes.is_empty() {
            self.push(Group { number: 0, typing: None, last: Time::ZERO, changes });
        }
    }

    fn push(&mut self, group: Group) {
        if self.done.len() == limits::UNDO_GROUPS {
            self.done.pop_front();
        }
        self.done.push_back(group);
    }

    fn close(&mut self) {
        if let Some(group) = self.done.back_mut() {
            group.number = 0;
            group.typing = None;
        }
    }
}

/// The string that an edit types into, if that is what it does.
pub(super) fn typing(value: &Value, path: &Path, method: &Method) -> Option<Path> {
    let is_splice = matches!(method, Method::Splice { .. });
    let into_string = value.at(path).is_some_and(|target| target.as_text().is_some());
    (is_splice && into_string).then(|| path.clone())
}
