//! The tree: only the rows on the screen are ever made.

use ratatui::layout::Rect;

use super::preview::{label, preview, quoted};
use super::{Layout, Pen, Pieces};
use crate::document::{Kind, Path, Step, Value};
use crate::session::Presence;
use crate::tui::action::{Action, Edit, Room};
use crate::tui::draft::{Draft, Form, Purpose};
use crate::tui::keymap::shown_keys;
use crate::tui::lines::{Line, Look, Part, indent};
use crate::tui::message::Doer;
use crate::tui::mode::Mode;
use crate::tui::model::{Flash, Model};
use crate::tui::rows::Row;
use crate::tui::text::{clip, count, fit, inert, thousands, width};
use crate::tui::theme::{Hue, Role};

/// Columns of a name beside a row.
const NAME_COLUMNS: usize = 12;

/// Rows and columns of the tree from which on a long text is typed in a box over it.
const AREA_ROWS: usize = 8;
const AREA_COLUMNS: usize = 20;

/// Fewer columns than this are too few to type a value in.
const TYPING_COLUMNS: usize = 12;

pub(super) fn draw(model: &Model, layout: &Layout, pen: &mut Pen<'_, '_>) {
    if let Some(border) = layout.tree_border {
        pen.border(border, "tree");
    }
    let area = layout.tree;
    if model.root().is_container() && model.root().is_empty() && matches!(model.mode, Mode::Browse) {
        draw_welcome(model, area, pen);
    }
    let lines = model.lines(area.width).window(model.top, usize::from(area.height));
    let marks = Marks::of(model);
    let extra = if let Mode::Edit(draft) = &model.mode { new_row(model, draft) } else { None };
    let mut places = (0..area.height).map(|line| Rect { y: area.y + line, height: 1, ..area });
    for line in lines {
        let is_anchor = matches!(line.part, Part::Row(_)) && line.row.path == model.cursor;
        let draft = extra.as_ref().filter(|_| is_anchor);
        let before = draft.filter(|new| new.is_before).and_then(|new| Some((new, places.next()?)));
        if let Some((new, place)) = before {
            draw_new(new, place, pen);
        }
        let Some(place) = places.next() else { break };
        match &line.part {
            Part::Row(_) => draw_row(model, &line, &marks, place, pen),
            Part::Text(_) | Part::Cut(_) | Part::End(..) => pen.line(place, &rest(&line, 2, place.width)),
        }
        let after = draft.filter(|new| !new.is_before).and_then(|new| Some((new, places.next()?)));
        if let Some((new, place)) = after {
            draw_new(new, place, pen);
        }
    }
}

/// What can be done about a document with nothing in it.
fn draw_welcome(model: &Model, area: Rect, pen: &mut Pen<'_, '_>) {
    const WELCOME: &[(Action, &str)] = &[
        (Action::Edit(Edit::AddInside), "add something"),
        (Action::Edit(Edit::Replace), "type or paste all of it as JSON"),
        (Action::Room(Room::People), "how others join"),
        (Action::Room(Room::Help), "all that can be done"),
    ];
    let lines = WELCOME.iter().filter_map(|(action, told)| {
        let keys = shown_keys(model.keymap.keys(*action).first()?);
        let mut line = Pieces::within(area);
        line.blanks(6).push(Role::Hint, &fit(&keys, 6)).push(Role::Plain, told);
        Some(line)
    });
    let mut heading = Pieces::within(area);
    heading.blanks(4).push(Role::Dim, "nothing is here yet");
    for (row, line) in (2..area.height).zip(std::iter::once(heading).chain(lines)) {
        pen.line(Rect { y: area.y + row, height: 1, ..area }, &line);
    }
}

/// A line that is not the first of its row, `margin` columns from the left.
pub(super) fn rest(line: &Line, margin: usize, columns: u16) -> Pieces {
    let columns = usize::from(columns);
    let mut pieces = Pieces::new(columns);
    let before = |depth| margin + indent(depth, columns) + 2;
    let depth = line.row.path.steps().len();
    match &line.part {
        Part::Row(_) => {}
        Part::Text(text) => {
            pieces.blanks(before(depth)).push(Role::Dim, "│ ").push(Role::Value(Kind::String), text);
        }
        Part::Cut(told) => {
            pieces.blanks(before(depth)).push(Role::Dim, "│ ").push(Role::Dim, told);
        }
        Part::End(depth, kind) => {
            let bracket = if *kind == Kind::Array { "]" } else { "}" };
            pieces.blanks(before(*depth)).push(Role::Dim, bracket);
        }
    }
    pieces.push(Role::Dim, if line.has_comma { "," } else { "" });
    pieces
}

/// The name and the value of a row, as far as there is room.
pub(super) fn push_node(pieces: &mut Pieces, line: &Line, look: Look, role: Role, columns: usize) {
    let Row { path, value, is_open, .. } = &line.row;
    if look.has_punctuation {
        if let Some(Step::Key(key)) = path.steps().last() {
            pieces.push(role, &quoted(key, columns)).push(Role::Dim, ": ");
        }
    } else {
        pieces.push(role, &name_of(path, columns)).blanks(2);
    }
    let is_wrapped = line.part == Part::Row(true);
    if *is_open != Some(true) && !is_wrapped {
        let room = pieces.room.saturating_sub(usize::from(line.has_comma));
        pieces.extend(preview(value, room, look.has_punctuation));
    } else if look.has_punctuation && !is_wrapped {
        pieces.push(Role::Dim, if value.is_array() { "[" } else { "{" });
    }
    pieces.push(Role::Dim, if line.has_comma { "," } else { "" });
}

/// What others have to do with the rows.
struct Marks<'a> {
    /// Where each of them is, as a row shows it.
    cursors: Vec<(Path, Hue, String)>,
    /// Rows changed a moment ago, as a row shows them.
    flashes: Vec<(Path, &'a Flash)>,
}

impl<'a> Marks<'a> {
    fn of(model: &'a Model) -> Self {
        let shown = |path: &Path| model.rows.shown(model.root(), path);
        let cursors = model.places.iter().filter_map(|(author, place)| {
            let name = model.name_of(Doer::Other(*author));
            Some((shown(place.here.as_ref()?), model.hue_of(*author), name))
        });
        let flashes = model.flashes.iter().map(|flash| (shown(&flash.path), flash));
        Self { cursors: cursors.collect(), flashes: flashes.collect() }
    }
}

pub(super) fn name_of(path: &Path, columns: usize) -> String {
    match path.steps().last() {
        None => "$".to_owned(),
        Some(Step::Key(key)) => label(key, columns),
        Some(Step::Index(at)) => format!("[{at}]"),
    }
}

/// Whether a row is open, or cannot be.
pub(super) fn fold_mark(is_open: Option<bool>) -> &'static str {
    match is_open {
        Some(true) => "▾ ",
        Some(false) => "▸ ",
        None => "  ",
    }
}

fn draw_row(model: &Model, line: &Line, marks: &Marks<'_>, area: Rect, pen: &mut Pen<'_, '_>) {
    let row = &line.row;
    let columns = usize::from(area.width);
    let right = right_end(model, row, marks, columns / 2);
    let right_columns: usize = right.pieces.iter().map(|(_, text)| width(text)).sum();
    let mut pieces = Pieces::new(columns.saturating_sub(right_columns + 1));
    let is_here = row.path == model.cursor;
    pieces.push(Role::Title, if is_here { "▶" } else { " " });
    pieces.push(Role::Title, if model.marked.contains(&row.path) { "*" } else { " " });
    push_cursors(&mut pieces, marks, &row.path, indent(row.path.steps().len(), columns));
    pieces.push(Role::Plain, fold_mark(row.is_open));
    let name_role = if is_here { Role::Chosen } else { Role::Key };
    match drafted(model, row) {
        Some(draft) if draft.purpose == Purpose::Rename => {
            push_typed(&mut pieces, draft, area, pen);
        }
        Some(draft) => {
            pieces.push(name_role, &name_of(&row.path, columns / 2)).blanks(2);
            push_typed(&mut pieces, draft, area, pen);
        }
        None => {
            push_node(&mut pieces, line, model.look, name_role, columns / 2);
            if let Some(search) = model.search.as_ref().filter(|_| model.has_matches) {
                pieces.mark_matches(search);
            }
        }
    }
    pieces.room += right_columns + 1;
    pieces.push_right(&right);
    pen.line(area, &pieces);
}

/// The draft, when it is typed in this row.
fn drafted<'a>(model: &'a Model, row: &Row) -> Option<&'a Draft> {
    let Mode::Edit(draft) = &model.mode else { return None };
    let is_of_row = matches!(draft.purpose, Purpose::Value | Purpose::Rename);
    (is_of_row && !is_below(model, draft) && draft.here.as_ref() == Some(&row.path)).then_some(draft)
}

/// Whether a draft is typed on the line at the bottom: because it is long, or its row is gone, or
/// there is no room.
pub(super) fn is_below(model: &Model, draft: &Draft) -> bool {
    let tree = super::layout(model.size).tree;
    let columns = usize::from(tree.width);
    let used = columns / 2 + 4;
    is_area(model, draft)
        || draft.form == Form::JsonBelow
        || draft.here.is_none()
        || tree.height < 3
        || columns < used + TYPING_COLUMNS
}

/// Whether a draft is typed in a box over the tree: a text of several lines, or a long one.
pub(super) fn is_area(model: &Model, draft: &Draft) -> bool {
    let tree = super::layout(model.size).tree;
    let columns = usize::from(tree.width);
    let text = draft.line.text();
    draft.form != Form::Json
        && usize::from(tree.height) >= AREA_ROWS
        && columns >= AREA_COLUMNS
        && (text.contains('\n') || text.len() > columns / 2 && width(&inert(text)) > columns / 2)
}

/// The box over the tree in which a long text is typed.
pub(super) fn draw_area(model: &Model, layout: &Layout, pen: &mut Pen<'_, '_>) {
    let Mode::Edit(draft) = &model.mode else { return };
    if !is_area(model, draft) {
        return;
    }
    let tree = layout.tree;
    let (lines, (row, column)) = draft.line.wrapped(usize::from(tree.width.saturating_sub(4)));
    let most = tree.height.saturating_sub(2).max(3);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).clamp(4, most);
    let area = Rect { y: tree.y + tree.height - height, height, ..tree };
    pen.clear(area);
    let path = draft.path.to_jq();
    let form = if draft.form == Form::Text { "text" } else { "JSON" };
    pen.border(area, &format!("{form} at {}", clip(&inert(&path), usize::from(tree.width) / 2)));
    let inner = super::inside(area);
    let top = (row + 1).saturating_sub(usize::from(inner.height));
    for (at, line) in (0..inner.height).zip(lines.iter().skip(top)) {
        let mut pieces = Pieces::within(inner);
        pieces.blanks(1).push(Role::Plain, line);
        pen.line(Rect { y: inner.y + at, height: 1, ..inner }, &pieces);
    }
    let line = Rect { y: inner.y + u16::try_from(row - top).unwrap_or(0), height: 1, ..inner };
    pen.cursor(line, column + 1);
}

fn push_typed(pieces: &mut Pieces, draft: &Draft, area: Rect, pen: &mut Pen<'_, '_>) {
    let start: usize = pieces.pieces.iter().map(|(_, text)| width(text)).sum();
    let (text, cursor) = draft.line.shown(pieces.room.max(1));
    let quote = if draft.form == Form::Text && !matches!(draft.purpose, Purpose::Rename | Purpose::NewKey) {
        "\""
    } else {
        ""
    };
    pieces.push(Role::Dim, quote).push(Role::Typed, &text).push(Role::Dim, quote);
    pen.cursor(area, start + quote.len() + cursor);
}

/// The names of those who are at a row, in its indentation where they fit.
fn push_cursors(pieces: &mut Pieces, marks: &Marks<'_>, path: &Path, indent: usize) {
    let here: Vec<_> = marks.cursors.iter().filter(|(at, ..)| at == path).collect();
    let names: Vec<_> = here.iter().map(|(_, _, name)| clip(name, NAME_COLUMNS)).collect();
    let columns: usize = names.iter().map(|name| width(name) + 1).sum();
    pieces.blanks(indent.saturating_sub(columns));
    for ((_, hue, _), name) in here.iter().zip(names) {
        pieces.push(Role::Person(*hue), &name).push(Role::Person(*hue), "▌");
    }
}

/// What stands at the right end: the type or the count, and who has just changed it.
fn right_end(model: &Model, row: &Row, marks: &Marks<'_>, columns: usize) -> Pieces {
    let mut right = Pieces::new(columns);
    if let Some((_, flash)) = marks.flashes.iter().rev().find(|(path, _)| *path == row.path) {
        let name = model.name_of(Doer::Other(flash.author));
        let told = format!("◆ {} {} ", clip(&name, NAME_COLUMNS), flash.what);
        right.push(Role::Person(model.hue_of(flash.author)), &told);
    }
    let is_of_row =
        |path: &Path| *path == row.path || (row.is_open == Some(false) && row.path.contains(path));
    if let Some((violation, by)) = model.violations.iter().find(|(violation, _)| is_of_row(&violation.path)) {
        let by = by.map_or_else(String::new, |by| format!(" ({})", clip(&model.name_of(by), NAME_COLUMNS)));
        let room = right.room.saturating_sub(10 + width(&by));
        right.push(Role::Error, &format!("✗ {}{by} ", clip(&violation.told, room)));
    }
    if !model.look.has_punctuation || row.value.is_container() {
        right.push(Role::Value(row.value.kind()), &kind(&row.value));
    }
    right
}

pub(super) fn kind(value: &Value) -> String {
    match value.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Number => "num".to_owned(),
        Kind::String => "str".to_owned(),
        Kind::Array => format!("[{}]", thousands(value.len())),
        Kind::Object => format!("{{{}}}", thousands(value.len())),
    }
}

/// A row that is not there yet, while its key or value is typed.
struct NewRow<'a> {
    draft: &'a Draft,
    /// Above the cursor's row, or below.
    is_before: bool,
    indent: usize,
    name: String,
}

fn new_row<'a>(model: &Model, draft: &'a Draft) -> Option<NewRow<'a>> {
    if is_below(model, draft) {
        return None;
    }
    let columns = usize::from(super::layout(model.size).tree.width);
    let name = match &draft.purpose {
        Purpose::Value | Purpose::Rename => return None,
        Purpose::NewKey => String::new(),
        Purpose::NewEntry(key) => label(key, columns / 2),
        Purpose::NewElement(at) => format!("[{at}]"),
    };
    let is_inside = draft.here.as_ref() == Some(&model.cursor);
    let is_before = match (&draft.purpose, draft.path == model.cursor, model.cursor.steps().last()) {
        (Purpose::NewElement(at), false, Some(Step::Index(here))) => at == here,
        _ => false,
    };
    let indent = indent(model.cursor.steps().len(), columns) + if is_inside { 2 } else { 0 };
    Some(NewRow { draft, is_before, indent, name })
}

fn draw_new(new: &NewRow<'_>, area: Rect, pen: &mut Pen<'_, '_>) {
    let mut pieces = Pieces::within(area);
    pieces.push(Role::Title, "+ ").blanks(new.indent + 2);
    if new.draft.purpose != Purpose::NewKey {
        pieces.push(Role::Key, &new.name).blanks(2);
    }
    push_typed(&mut pieces, new.draft, area, pen);
    pen.line(area, &pieces);
}

/// Where somebody is and what they do there, for the pane of people.
pub(super) fn doing(presence: &Presence) -> &'static str {
    if presence.editing { "editing" } else { "view" }
}

/// Which row of how many, and how far down that is.
pub(super) fn place(model: &Model, in_short: bool) -> String {
    let rows = model.rows.count();
    let row = model.rows.find(model.root(), &model.cursor).unwrap_or(0) + 1;
    if in_short {
        return format!("{}/{}", thousands(row), thousands(rows));
    }
    let percent = row.saturating_sub(1).saturating_mul(100) / rows.saturating_sub(1).max(1);
    format!("line {}/{}  {percent}%", thousands(row), thousands(rows))
}

/// What a draft is about, for the line at the bottom.
pub(super) fn about(model: &Model, draft: &Draft) -> (Role, String) {
    if let Some(error) = &draft.error {
        return (Role::Error, error.clone());
    }
    let by =
        draft.touched_by.map_or_else(|| "somebody".to_owned(), |author| model.name_of(model.doer(author)));
    if let Some(told) = &draft.told {
        return (Role::Plain, told.clone());
    }
    if draft.here.is_none() {
        let told = format!("{by} deleted this. Enter: put it back as you have it   Esc: discard yours");
        return (Role::Warning, told);
    }
    if draft.was_replaced {
        let now = draft.here.as_ref().and_then(|here| model.root().at(here));
        let now = now.map_or(String::new(), |value| {
            preview(value, TYPING_COLUMNS * 2, false).pieces.into_iter().map(|(_, text)| text).collect()
        });
        return (Role::Warning, format!("{by} has set this to {now}. Enter: yours instead   Esc: theirs"));
    }
    if draft.touched_by.is_some() {
        return (Role::Warning, format!("{by} is changing this text too; both are kept"));
    }
    let what = match draft.purpose {
        Purpose::Value => "editing",
        Purpose::Rename => "new name for",
        Purpose::NewKey => "new key in",
        Purpose::NewEntry(_) | Purpose::NewElement(_) => "new value in",
    };
    let path = draft.path.to_jq();
    let size = draft.line.text().chars().count();
    (Role::Plain, format!("{what} {}   {}", inert(&path), count(size, "character")))
}
