//! The panes at the side: who is here, and what was done lately.

use std::time::Duration;

use ratatui::layout::Rect;

use super::{Layout, Pen, Pieces, tree};
use crate::document::Path;
use crate::session::{Link, Person, Presence, Way};
use crate::sync::Author;
use crate::tui::message::Doer;
use crate::tui::mode::Mode;
use crate::tui::model::{HistoryEntry, Model};
use crate::tui::text::{clip_start, fit, inert};
use crate::tui::theme::Role;

pub(super) fn draw(model: &Model, layout: &Layout, pen: &mut Pen<'_, '_>) {
    if let Some(area) = layout.people {
        pen.border(area, "people");
        draw_lines(&people(model, inner_width(area)), super::inside(area), pen);
    }
    if let Some(area) = layout.history {
        pen.border(area, "history");
        let entries = model.history.iter().rev().take(usize::from(area.height));
        let lines: Vec<_> = entries.map(|entry| history_line(model, entry, inner_width(area))).collect();
        draw_lines(&lines, super::inside(area), pen);
    }
}

fn inner_width(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2))
}

fn draw_lines(lines: &[Pieces], area: Rect, pen: &mut Pen<'_, '_>) {
    for (row, line) in (0..area.height).zip(lines) {
        pen.line(Rect { y: area.y + row, height: 1, ..area }, line);
    }
}

/// A line for each person, this one first.
pub(super) fn people(model: &Model, columns: usize) -> Vec<Pieces> {
    let me = Presence {
        name: String::new(),
        path: Some(model.cursor.clone()),
        editing: matches!(model.mode, Mode::Edit(_)),
        color: None,
    };
    let note = note(model, model.me, Way::Direct, !model.status.read_only);
    let mut lines =
        vec![person_line(("●", Role::Title), "you", tree::doing(&me), &note, me.path.as_ref(), columns)];
    for person in &model.people {
        let name = model.name_of(Doer::Other(person.author));
        let here = model.places.get(&person.author).and_then(|place| place.here.as_ref());
        lines.push(person_line(
            (mark(person), Role::Person(model.hue_of(person.author))),
            &name,
            state(person),
            &self::note(model, person.author, person.way, person.may_write),
            here,
            columns,
        ));
    }
    lines
}

fn mark(person: &Person) -> &'static str {
    match person.link {
        Link::Live => "●",
        Link::Away => "◐",
        Link::Connecting => "○",
        Link::Lost => "✕",
    }
}

fn state(person: &Person) -> &'static str {
    match person.link {
        Link::Live => tree::doing(&person.presence),
        Link::Away => "away",
        Link::Connecting => "connecting",
        Link::Lost => "lost",
    }
}

/// Whether somebody is the host, whether they may only look, and how what is said to them gets there if not directly.
fn note(model: &Model, author: Author, way: Way, may_write: bool) -> String {
    let mut note = String::new();
    if !model.people.is_empty() && model.host() == author {
        note.push_str("host ");
    }
    if !may_write {
        note.push_str("read-only ");
    }
    match way {
        Way::Direct => {}
        Way::Via(third) => {
            note.push_str("via ");
            note.push_str(&model.name_of(Doer::Other(third)));
            note.push(' ');
        }
        Way::Server => note.push_str("via the server "),
    }
    note
}

fn person_line(
    (mark, role): (&str, Role), name: &str, state: &str, note: &str, path: Option<&Path>, columns: usize,
) -> Pieces {
    let name_columns = (columns / 3).clamp(3, 16);
    let mut line = Pieces::new(columns);
    line.blanks(1).push(role, mark).blanks(1).push(role, &fit(name, name_columns)).blanks(1);
    line.push(Role::Plain, &fit(state, 7)).blanks(1);
    line.push(Role::Plain, note);
    let room = line.room;
    line.push(Role::Dim, &short_path(path, room));
    line
}

fn short_path(path: Option<&Path>, columns: usize) -> String {
    let Some(path) = path else { return String::new() };
    let jq = path.to_jq();
    clip_start(&inert(&jq), columns).into_owned()
}

/// A line for a change: how long ago, who, what, where.
pub(super) fn history_line(model: &Model, entry: &HistoryEntry, columns: usize) -> Pieces {
    let mut line = Pieces::new(columns);
    let role = match entry.doer {
        Doer::Me => Role::Title,
        Doer::Other(author) => Role::Person(model.hue_of(author)),
    };
    let age = entry.at.map_or_else(|| "·".to_owned(), |at| age(model.now.saturating_sub(at)));
    let what = if entry.what == "delete" { "del" } else { entry.what };
    line.blanks(1).push(Role::Dim, &fit(&age, 4)).blanks(1);
    line.push(role, &super::clip(&inert(&model.name_of(entry.doer)), 12)).blanks(1);
    line.push(Role::Plain, what).blanks(1);
    let room = line.room;
    line.push(Role::Dim, &short_path(entry.path.as_ref(), room));
    line
}

/// `now`, `12s`, `3m`, `2h`.
fn age(passed: Duration) -> String {
    match passed.as_secs() {
        0..5 => "now".to_owned(),
        seconds @ 5..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3_600),
    }
}
