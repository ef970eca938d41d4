//! Whole pages: what the keys do, who is here, what was done, conflicts.

use ratatui::layout::Rect;

use super::{Pen, Pieces, preview, side};
use crate::document::{Method, Path, Value};
use crate::tui::action::{ACTIONS, COMMANDS, Section};
use crate::tui::keymap::shown_keys;
use crate::tui::line::Line;
use crate::tui::model::{ConflictList, Model, PageKind};
use crate::tui::text::{clip_start, fit, inert, width};
use crate::tui::theme::Role;
use crate::tui::update::is_wanted;

/// Columns of the keys in the help.
const KEY_COLUMNS: usize = 20;

const SECTIONS: [Section; 6] =
    [Section::Move, Section::Fold, Section::Find, Section::Edit, Section::Copy, Section::Room];

fn draw_lines(title: &str, lines: &[Pieces], top: usize, area: Rect, pen: &mut Pen<'_, '_>) {
    let inner = if area.height >= 5 && area.width >= 10 {
        pen.border(area, title);
        super::inside(area)
    } else {
        area
    };
    let top = top.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (row, line) in (0..inner.height).zip(lines.iter().skip(top)) {
        pen.line(Rect { y: inner.y + row, height: 1, ..inner }, line);
    }
}

pub(super) fn draw_help(filter: &Line, top: usize, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    let mut lines = Vec::new();
    let mut section = |title: &str, entries: Vec<(String, &str)>| {
        let wanted = entries.into_iter().filter(|(keys, help)| is_wanted(filter, &format!("{keys} {help}")));
        let wanted: Vec<_> = wanted.map(|(keys, help)| help_line(&keys, help, columns)).collect();
        if !wanted.is_empty() {
            lines.extend((!lines.is_empty()).then(|| Pieces::new(columns)));
            lines.push(heading(title, columns));
            lines.extend(wanted);
        }
    };
    for of in SECTIONS {
        let entries = ACTIONS.iter().filter(|entry| entry.action.section() == of);
        section(of.title(), entries.map(|entry| (keys_of(entry.keys), entry.help)).collect());
    }
    let commands = COMMANDS.iter().map(|entry| (entry.usage.to_owned(), entry.help));
    section("Commands", commands.collect());
    draw_lines("keys", &lines, top, area, pen);
}

/// The keys of an entry, a run of digits as its ends.
fn keys_of(keys: &[&str]) -> String {
    match keys {
        [first, .., last] if keys.len() > 4 => format!("{}–{}", shown_keys(first), shown_keys(last)),
        keys => keys.iter().map(|keys| shown_keys(keys)).collect::<Vec<_>>().join("  "),
    }
}

fn heading(title: &str, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    line.blanks(1).push(Role::Title, title);
    line
}

fn help_line(keys: &str, help: &str, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    let keys = if width(keys) < KEY_COLUMNS { fit(keys, KEY_COLUMNS) } else { format!("{keys}  ") };
    line.blanks(3).push(Role::Hint, &keys).push(Role::Plain, help);
    line
}

pub(super) fn draw_page(model: &Model, kind: &PageKind, top: usize, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    match kind {
        PageKind::People => {
            let mut lines = vec![heading("Others join with", columns)];
            let mut command = Pieces::new(columns);
            command.blanks(3).push(Role::Hint, &model.options.join_command);
            lines.extend([command, Pieces::new(columns), heading("Here now", columns)]);
            lines.extend(side::people(model, columns));
            draw_lines("people", &lines, top, area, pen);
        }
        PageKind::History => {
            let entries = model.history.iter().rev();
            let mut lines: Vec<_> = entries.map(|entry| side::history_line(model, entry, columns)).collect();
            if lines.is_empty() {
                lines.push(heading("nothing yet", columns));
            }
            draw_lines("history, latest first", &lines, top, area, pen);
        }
        PageKind::Compared(edits) => {
            let lines: Vec<_> = edits.iter().map(|(path, method)| edit_line(path, method, columns)).collect();
            draw_lines("from the file on disk to the document", &lines, top, area, pen);
        }
    }
}

/// An edit: what, where, and what comes in.
fn edit_line(path: &Path, method: &Method, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    let jq = path.to_jq();
    line.blanks(1)
        .push(Role::Title, &fit(method.name(), 8))
        .push(Role::Key, &clip_start(&inert(&jq), columns / 2));
    line.blanks(2);
    let room = line.room;
    match method {
        Method::Delete => {}
        Method::Set(value) | Method::Merge(value) => _ = line.extend(preview::preview(value, room)),
        Method::Splice { start, count, items } => {
            line.push(Role::Plain, &format!("at {start}: -{count} +{}  ", items.len()));
            let room = line.room;
            line.extend(preview::preview(&Value::array(items.iter().cloned()), room));
        }
    }
    line
}

pub(super) fn draw_conflicts(model: &Model, list: &ConflictList, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    let mut lines = Vec::new();
    let mut chosen_line = 0;
    let mut number = 0;
    let mut choice = |lines: &mut Vec<Pieces>, told: &str, method: &Method| {
        let is_chosen = number == list.chosen;
        chosen_line = if is_chosen { lines.len() } else { chosen_line };
        number += 1;
        let mut line = Pieces::new(columns);
        line.push(Role::Title, if is_chosen { " ▶ " } else { "   " });
        line.push(if is_chosen { Role::Chosen } else { Role::Plain }, told).blanks(2);
        let room = line.room;
        if let Method::Set(value) | Method::Merge(value) = method {
            line.extend(preview::preview(value, room));
        }
        lines.push(line);
    };
    for conflict in &list.conflicts {
        let path = conflict.path.to_jq();
        let told = format!("written at the same time: {}", clip_start(&inert(&path), columns / 2));
        lines.push(heading(&told, columns));
        for (at, (id, value)) in conflict.values.iter().enumerate() {
            let shown = if at == 0 { " (shown)" } else { "" };
            let told = format!("{}{shown}", model.name_of(model.doer(id.author)));
            choice(&mut lines, &told, &Method::Set(value.clone()));
        }
    }
    if !list.lost.is_empty() {
        lines.push(heading("your edits in what somebody else removed at the same time", columns));
    }
    for lost in &list.lost {
        let path = lost.change.path.to_jq();
        let told = format!("{} {}", lost.change.method.name(), clip_start(&inert(&path), columns / 2));
        choice(&mut lines, &told, &lost.change.method);
    }
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    draw_lines("conflicts and lost edits", &lines, (chosen_line + 1).saturating_sub(height), area, pen);
}
