//! What can be taken back, and what was: own changes in groups.

use std::collections::VecDeque;

use super::{Time, timers};
use crate::document::{Method, Path, Step, Value};
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
    changes: Vec<Made>,
}

/// A change of a group.
#[derive(Debug)]
struct Made {
    id: ChangeId,
    /// If it deleted a key: of which map, and where among its keys that was.
    deleted: Option<(Path, usize)>,
}

/// An edit that is to be taken back together with others.
#[derive(Debug, Default)]
pub(super) struct Kind {
    /// The string that it types into, if that is what it does.
    typing: Option<Path>,
    /// The map whose key it deletes, and where among the keys that is.
    deleted: Option<(Path, usize)>,
}

impl Kind {
    /// What an edit of a document is.
    pub(super) fn of(value: &Value, path: &Path, method: &Method) -> Self {
        let deleted = matches!(method, Method::Delete).then(|| {
            let (map, step) = path.split()?;
            let Step::Key(key) = step else { return None };
            let at = value.at(&map)?.key_position(key)?;
            Some((map, at))
        });
        Self { typing: typing(value, path, method), deleted: deleted.flatten() }
    }
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
    pub(super) fn record(&mut self, now: Time, number: u64, kind: Kind, id: ChangeId) {
        self.undone.clear();
        let Kind { typing, deleted } = kind;
        let change = Made { id, deleted };
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
        group.map(|group| in_order(&group.changes))
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
            let changes = changes.into_iter().map(|id| Made { id, deleted: None }).collect();
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

/// The changes so that, taken back from the last to the first, the keys deleted from one map one
/// after the other come back in the order they had: each comes back behind all that are there.
fn in_order(changes: &[Made]) -> Vec<ChangeId> {
    let are_of_one_map = |one: &Made, next: &Made| {
        one.deleted.as_ref().zip(next.deleted.as_ref()).is_some_and(|((map, _), (other, _))| map == other)
    };
    let mut ordered = Vec::with_capacity(changes.len());
    for run in changes.chunk_by(are_of_one_map) {
        let mut run: Vec<_> = positions(run).into_iter().zip(run).collect();
        run.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
        ordered.extend(run.into_iter().map(|(_, made)| made.id));
    }
    ordered
}

/// Where the deleted keys were before the first of them was deleted.
fn positions(run: &[Made]) -> Vec<usize> {
    let mut gone: Vec<usize> = Vec::new();
    let position = |made: &Made| {
        let seen = made.deleted.as_ref().map_or(0, |(_, at)| *at);
        let at = gone.iter().fold(seen, |at, earlier| if *earlier <= at { at + 1 } else { at });
        gone.insert(gone.partition_point(|earlier| *earlier < at), at);
        at
    };
    run.iter().map(position).collect()
}

/// The string that an edit types into, if that is what it does.
fn typing(value: &Value, path: &Path, method: &Method) -> Option<Path> {
    let is_splice = matches!(method, Method::Splice { .. });
    let into_string = value.at(path).is_some_and(|target| target.as_text().is_some());
    (is_splice && into_string).then(|| path.clone())
}
