//! Going about the tree.

use crate::document::{Path, Value};
use crate::tui::model::Model;
use crate::tui::rows::{child_at, position};

/// Places remembered to come back to.
const JUMPS: usize = 100;

/// To a row, or as near as there is one.
pub(super) fn to_row(model: &mut Model, row: usize) {
    let row = row.min(model.rows.count() - 1);
    if let Some(path) = model.rows.at(&model.snapshot.value, row) {
        model.cursor = path;
    }
}

/// So many rows down, or up when negative.
pub(super) fn step(model: &mut Model, by: isize) {
    let row = model.rows.find(&model.snapshot.value, &model.cursor).unwrap_or(0);
    to_row(model, row.saturating_add_signed(by));
}

/// A long way: opens what is around the place and remembers where it began.
pub(super) fn jump(model: &mut Model, path: Path) {
    if path != model.cursor {
        model.jumps.back.push(model.cursor.clone());
        let surplus = model.jumps.back.len().saturating_sub(JUMPS);
        model.jumps.back.drain(..surplus);
        model.jumps.forward.clear();
    }
    go(model, path);
}

/// Opens what is around a place and goes there.
pub(super) fn go(model: &mut Model, path: Path) {
    model.rows.reveal(&model.snapshot.value, &path);
    model.cursor = path;
}

/// To where the last long way began, or forward again.
pub(super) fn back(model: &mut Model, forward: bool) {
    let jumps = &mut model.jumps;
    let (from, to) =
        if forward { (&mut jumps.forward, &mut jumps.back) } else { (&mut jumps.back, &mut jumps.forward) };
    while let Some(path) = from.pop() {
        if model.snapshot.value.at(&path).is_some() && path != model.cursor {
            to.push(model.cursor.clone());
            go(model, path);
            return;
        }
    }
}

/// So often: closes an open container, else goes to the parent.
pub(super) fn left(model: &mut Model, times: isize) {
    let before = |model: &Model| (model.cursor.clone(), model.rows.count());
    for _ in 0..times {
        let was = before(model);
        left_once(model);
        if before(model) == was {
            break;
        }
    }
}

fn left_once(model: &mut Model) {
    if model.rows.is_open(&model.snapshot.value, &model.cursor) && !model.cursor.is_root() {
        model.rows.set_open(&model.snapshot.value, &model.cursor, false);
    } else if let Some(parent) = model.cursor.parent() {
        model.cursor = parent;
    }
}

/// So often: opens a closed container, else goes to the first child.
pub(super) fn right(model: &mut Model, times: isize) {
    for _ in 0..times {
        if model.value_here().is_none_or(Value::is_empty) {
            break;
        }
        right_once(model);
    }
}

fn right_once(model: &mut Model) {
    let Some(value) = model.value_here().filter(|value| !value.is_empty()) else { return };
    if model.rows.is_open(&model.snapshot.value, &model.cursor) {
        if let Some((step, _)) = child_at(value, 0) {
            model.cursor = model.cursor.child(step);
        }
    } else {
        set_open(model, true);
    }
}

/// Opens or closes what is under the cursor.
pub(super) fn set_open(model: &mut Model, open: bool) {
    model.rows.set_open(&model.snapshot.value, &model.cursor, open);
}

/// Opens what is closed, closes what is open, and of a scalar what is around it.
pub(super) fn toggle(model: &mut Model) {
    if model.value_here().is_some_and(Value::is_container) {
        let is_open = model.rows.is_open(&model.snapshot.value, &model.cursor);
        set_open(model, !is_open);
    } else {
        close(model);
    }
}

/// Closes what is under the cursor, else what is around it, and goes there.
pub(super) fn close(model: &mut Model) {
    if !model.rows.is_open(&model.snapshot.value, &model.cursor)
        && let Some(parent) = model.cursor.parent()
    {
        model.cursor = parent;
    }
    set_open(model, false);
}

/// To a later or earlier child of the same parent.
pub(super) fn sibling(model: &mut Model, by: isize) {
    let Some((parent, step)) = model.cursor.split() else { return };
    let Some(around) = model.snapshot.value.at(&parent) else { return };
    let Some(at) = position(around, step) else { return };
    let at = at.saturating_add_signed(by).min(around.len().saturating_sub(1));
    if let Some((step, _)) = child_at(around, at) {
        model.cursor = parent.child(step);
    }
}
