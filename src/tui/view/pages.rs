//! Whole pages: what the keys do, who is here, what was done, conflicts.

use ratatui::layout::Rect;

use super::{Pen, Pieces, preview, side};
use crate::document::{Method, Path, Value};
use crate::tui::finder::{Finder, Menu, Wanted};
use crate::tui::message::Doer;
use crate::tui::mode::PageKind;
use crate::tui::model::Model;
use crate::tui::schema::Violation;
use crate::tui::text::{clip_start, fit, inert, thousands, width};
use crate::tui::theme::Role;
use crate::tui::update::next_of;

/// Columns of the keys in the help.
const KEY_COLUMNS: usize = 20;

/// Columns before the command that others join with.
const INDENT: usize = 3;

pub(super) fn draw_lines(title: &str, lines: &[Pieces], top: usize, area: Rect, pen: &mut Pen<'_, '_>) {
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

pub(super) fn draw_menu(model: &Model, menu: &Menu, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    let (mut lines, mut chosen_line, mut section) = (Vec::new(), 0, "");
    for (at, item) in menu.items(&model.keymap).into_iter().enumerate() {
        if !menu.is_palette && item.section() != section {
            section = item.section();
            lines.extend((!lines.is_empty()).then(|| Pieces::new(columns)));
            lines.push(heading(section, columns));
        }
        let is_chosen = at == menu.chosen;
        chosen_line = if is_chosen { lines.len() } else { chosen_line };
        lines.push(help_line(&item.keys(&model.keymap), item.help(), is_chosen, columns));
    }
    let title = if menu.is_palette { "what to do" } else { "keys" };
    draw_lines(title, &lines, top_for(chosen_line, area), area, pen);
}

/// The first line shown so that a chosen one is on the page.
pub(super) fn top_for(chosen: usize, area: Rect) -> usize {
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    (chosen + 1).saturating_sub(height)
}

pub(super) fn draw_finder(model: &Model, finder: &Finder, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    let chosen = finder.choice(next_of(finder, &model.cursor));
    let height = usize::from(area.height.saturating_sub(2)).max(1);
    let top = top_for(chosen, area);
    let shown = finder.found.iter().enumerate().skip(top).take(height);
    let lines: Vec<Pieces> = shown
        .map(|(at, (_, path))| {
            let mut line = Pieces::new(columns);
            line.push(Role::Title, if at == chosen { "▶ " } else { "  " });
            let jq = path.to_jq();
            let role = if at == chosen { Role::Chosen } else { Role::Key };
            line.push(role, &clip_start(&inert(&jq), columns / 2)).blanks(2);
            let room = line.room;
            if let Some(value) = finder.root.at(path) {
                line.extend(preview::preview(value, room, false));
            }
            line
        })
        .collect();
    draw_lines(&found(finder), &lines, 0, area, pen);
}

/// How many places there are, in words.
fn found(finder: &Finder) -> String {
    if let Wanted::Matches(Err(error)) = &finder.wanted {
        return inert(error).into_owned();
    }
    let noun = match &finder.wanted {
        Wanted::Matches(_) => "found",
        Wanted::Places => "places",
    };
    let more = if finder.is_at_work() { " so far …" } else { "" };
    format!("{} {noun}{more}", thousands(finder.total))
}

fn heading(title: &str, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    line.blanks(1).push(Role::Title, title);
    line
}

fn help_line(keys: &str, help: &str, is_chosen: bool, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    let keys = if width(keys) < KEY_COLUMNS { fit(keys, KEY_COLUMNS) } else { format!("{keys}  ") };
    line.push(Role::Title, if is_chosen { " ▶ " } else { "   " });
    line.push(Role::Hint, &keys).push(if is_chosen { Role::Chosen } else { Role::Plain }, help);
    line
}

/// A command under its heading, and an empty line. A ticket is longer than a line: in pieces, none of
/// it is hidden.
fn command(title: &str, command: &str, columns: usize) -> Vec<Pieces> {
    let letters: Vec<char> = command.chars().collect();
    let parts = letters.chunks(columns.saturating_sub(INDENT).max(1)).map(|part| {
        let mut line = Pieces::new(columns);
        line.blanks(INDENT).push(Role::Hint, &part.iter().collect::<String>());
        line
    });
    std::iter::once(heading(title, columns)).chain(parts).chain([Pieces::new(columns)]).collect()
}

pub(super) fn draw_page(model: &Model, kind: &PageKind, top: usize, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width.saturating_sub(2));
    match kind {
        PageKind::People => {
            let mut lines = command("Others join with", &model.options.join_command, columns);
            if let Some(look) = &model.options.look_command {
                lines.extend(command("Others look with", look, columns));
            }
            lines.push(heading("Here now", columns));
            lines.extend(side::people(model, columns));
            draw_lines("people", &lines, top, area, pen);
        }
        PageKind::History => {
            let entries = model.history.iter().rev();
            let chosen = top.min(model.history.len().saturating_sub(1));
            let mut lines = Vec::new();
            let mut chosen_line = 0;
            for (at, entry) in entries.enumerate() {
                let mut line = Pieces::new(columns);
                line.push(Role::Title, if at == chosen { "▶" } else { " " });
                line.extend(side::history_line(model, entry, columns.saturating_sub(1)));
                lines.push(line);
                if at == chosen {
                    lines.extend(entry.values.as_ref().map(|values| before_and_after(values, columns)));
                    chosen_line = lines.len() - 1;
                }
            }
            if lines.is_empty() {
                lines.push(heading("nothing yet", columns));
            }
            draw_lines("history, latest first", &lines, top_for(chosen_line, area), area, pen);
        }
        PageKind::Violations => {
            let chosen = top.min(model.violations.len().saturating_sub(1));
            let line_of = |(at, (violation, by)): (usize, &(Violation, Option<Doer>))| {
                let mut line = Pieces::new(columns);
                line.push(Role::Title, if at == chosen { "▶ " } else { "  " });
                let jq = violation.path.to_jq();
                line.push(Role::Key, &clip_start(&inert(&jq), columns / 3)).blanks(2);
                line.push(Role::Plain, &violation.told);
                let by = by.map_or_else(String::new, |by| format!("   {}", model.name_of(by)));
                line.push(Role::Dim, &by);
                line
            };
            let lines: Vec<_> = model.violations.iter().enumerate().map(line_of).collect();
            draw_lines("against the schema", &lines, top_for(chosen, area), area, pen);
        }
        PageKind::Compared(told, edits) => {
            let lines: Vec<_> = edits.iter().map(|(path, method)| edit_line(path, method, columns)).collect();
            draw_lines(told, &lines, top, area, pen);
        }
    }
}

/// What was somewhere before a change, and after it.
fn before_and_after((before, after): &(Option<Value>, Option<Value>), columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    line.blanks(7);
    for (at, value) in [before, after].into_iter().enumerate() {
        line.push(Role::Dim, if at == 0 { "" } else { "  →  " });
        let room = if at == 0 { line.room / 2 } else { line.room };
        match value {
            Some(value) => _ = line.extend(preview::preview(value, room, false)),
            None => _ = line.push(Role::Dim, "nothing"),
        }
    }
    line
}

/// An edit: what, where, and what comes in.
pub(super) fn edit_line(path: &Path, method: &Method, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    let jq = path.to_jq();
    line.blanks(1)
        .push(Role::Title, &fit(method.name(), 8))
        .push(Role::Key, &clip_start(&inert(&jq), columns / 2));
    line.blanks(2);
    let room = line.room;
    match method {
        Method::Delete => {}
        Method::Set(value) | Method::Merge(value) => _ = line.extend(preview::preview(value, room, false)),
        Method::Splice { start, count, items } => {
            line.push(Role::Plain, &format!("at {start}: -{count} +{}  ", items.len()));
            let room = line.room;
            line.extend(preview::preview(&Value::array(items.iter().cloned()), room, false));
        }
    }
    line
}
