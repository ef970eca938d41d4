//! Conflicts and lost edits: the list of them, and the values of the chosen one side by side.

use ratatui::layout::Rect;

use super::{Pen, Pieces, pages, tree};
use crate::document::{Method, Path, Value};
use crate::tui::lines::{Lines, Look, Part, indent};
use crate::tui::message::Doer;
use crate::tui::mode::{ConflictList, Dispute};
use crate::tui::model::Model;
use crate::tui::rows::Rows;
use crate::tui::text::{clip_start, fit, inert};
use crate::tui::theme::Role;

/// Fewer columns than this are too few for a value beside others.
const NARROWEST: u16 = 16;

/// Lines of the list above the values.
const LISTED: u16 = 8;

pub(super) fn draw(model: &Model, list: &ConflictList, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    let line = |(at, dispute): (usize, Dispute<'_>)| {
        let mut line = Pieces::new(columns);
        let is_chosen = at == list.chosen;
        line.push(Role::Title, if is_chosen { " ▶ " } else { "   " });
        let told = match dispute {
            Dispute::Conflict(_) => "conflict",
            Dispute::Lost(_) => "lost edit",
        };
        let path = dispute.path().to_jq();
        line.push(if is_chosen { Role::Chosen } else { Role::Plain }, &fit(told, 9)).blanks(2);
        line.push(Role::Key, &clip_start(&inert(&path), columns.saturating_sub(16)));
        line
    };
    let lines: Vec<Pieces> = list.disputes().enumerate().map(line).collect();
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(LISTED);
    let is_split = area.height >= wanted + 5;
    let above = if is_split { Rect { height: wanted, ..area } } else { area };
    pages::draw_lines("conflicts and lost edits", &lines, pages::top_for(list.chosen, above), above, pen);
    let below = Rect { y: area.y + above.height, height: area.height - above.height, ..area };
    if let Some(dispute) = list.disputes().nth(list.chosen).filter(|_| is_split) {
        draw_sides(model, list, dispute, below, pen);
    }
}

/// What there is to choose from, in panes beside each other.
fn draw_sides(model: &Model, list: &ConflictList, dispute: Dispute<'_>, area: Rect, pen: &mut Pen<'_, '_>) {
    let sides = sides(model, dispute);
    let most = usize::from(area.width / NARROWEST).max(1);
    let first = (list.side + 1).saturating_sub(most);
    let shown = sides.len().min(most);
    let width = area.width / u16::try_from(shown).unwrap_or(1).max(1);
    for (place, (at, side)) in (0..).zip(sides.iter().enumerate().skip(first).take(shown)) {
        let is_last = usize::from(place) + 1 == shown;
        let x = area.x + place * width;
        let pane = Rect { x, width: if is_last { area.x + area.width - x } else { width }, ..area };
        let is_chosen = side.is_choice && at == list.side;
        pen.border(pane, &format!("{}{}", if is_chosen { "▶ " } else { "" }, side.title));
        let inner = super::inside(pane);
        if let Some(value) = &side.value {
            draw_value(value, inner, pen);
        } else {
            let mut line = Pieces::within(inner);
            line.push(Role::Dim, "nothing is there");
            pen.line(Rect { height: 1.min(inner.height), ..inner }, &line);
        }
    }
}

/// A pane.
struct Side {
    title: String,
    value: Option<Value>,
    /// Whether it can be chosen.
    is_choice: bool,
}

fn sides(model: &Model, dispute: Dispute<'_>) -> Vec<Side> {
    match dispute {
        Dispute::Conflict(conflict) => {
            let side = |(at, (id, value)): (usize, &(_, Value))| {
                let id: &crate::sync::ChangeId = id;
                let name = model.name_of(model.doer(id.author));
                let title = if at == 0 { format!("{name}, shown now") } else { name };
                Side { title, value: Some(value.clone()), is_choice: true }
            };
            conflict.values.iter().enumerate().map(side).collect()
        }
        Dispute::Lost(lost) => {
            let mine = match &lost.change.method {
                Method::Set(value) | Method::Merge(value) => Some(value.clone()),
                Method::Splice { items, .. } => Some(Value::array(items.iter().cloned())),
                Method::Delete => None,
            };
            let title = format!("{}: {} again", model.name_of(Doer::Me), lost.change.method.name());
            let now = model.root().at(&lost.change.path).cloned();
            vec![
                Side { title, value: mine, is_choice: true },
                Side { title: "what is there now".to_owned(), value: now, is_choice: false },
            ]
        }
    }
}

/// A value with what is in it, as far as there is room.
fn draw_value(value: &Value, area: Rect, pen: &mut Pen<'_, '_>) {
    let rows = Rows::new(value);
    let columns = usize::from(area.width);
    let look = Look { has_punctuation: true, wraps: true };
    let lines = Lines { rows: &rows, root: value, look, columns }.window(0, usize::from(area.height));
    for (at, line) in (0..area.height).zip(lines) {
        let place = Rect { y: area.y + at, height: 1, ..area };
        if matches!(line.part, Part::Row(_)) {
            let mut pieces = Pieces::new(columns);
            pieces.blanks(indent(depth(&line.row.path), columns)).blanks(2);
            tree::push_node(&mut pieces, &line, look, Role::Key, columns / 2);
            pen.line(place, &pieces);
        } else {
            pen.line(place, &tree::rest(&line, 0, area.width));
        }
    }
}

fn depth(path: &Path) -> usize {
    path.steps().len()
}
