//! The lines at the bottom: what there is to tell or is being typed, and what the keys do.

use ratatui::layout::Rect;

use super::{Layout, Pen, Pieces, tree};
use crate::tui::action::{ACTIONS, Action, Edit, Entry, Find, Room, entry_of};
use crate::tui::keymap::{Resolved, shown_keys};
use crate::tui::line::Line;
use crate::tui::message::Level;
use crate::tui::model::{Mode, Model, Question};
use crate::tui::text::width;
use crate::tui::theme::Role;

/// Hints by how much they are missed when there is no room.
const DEAREST: &[Action] = &[
    Action::Edit(Edit::Value),
    Action::Edit(Edit::Undo),
    Action::Room(Room::Help),
    Action::Room(Room::Quit),
    Action::Find(Find::Text),
    Action::Edit(Edit::AddAfter),
];

/// On fewer columns than this the cursor's place is said in short.
const NARROW: usize = 60;

pub(super) fn draw(model: &Model, layout: &Layout, pen: &mut Pen<'_, '_>) {
    if let Some(area) = layout.message {
        draw_message(model, area, pen);
    }
    if let Some(area) = layout.hints {
        let pieces = hints(model, usize::from(area.width));
        pen.line(area, &pieces);
    }
}

fn draw_message(model: &Model, area: Rect, pen: &mut Pen<'_, '_>) {
    let mut pieces = Pieces::within(area);
    match &model.mode {
        Mode::Search(line) => return draw_typed("/", line, area, pen),
        Mode::Command(line, _) if model.notice.is_none() => return draw_typed(":", line, area, pen),
        Mode::Help(line, _) => return draw_typed(" find: ", line, area, pen),
        Mode::Edit(draft) if tree::is_below(model, draft) => {
            let (role, told) = tree::about(model, draft);
            if role == Role::Plain {
                draw_typed(" ", &draft.line, area, pen);
            } else {
                draw_typed_and_told(&draft.line, role, &told, area, pen);
            }
            return;
        }
        Mode::Edit(draft) => {
            let (role, told) = tree::about(model, draft);
            pieces.blanks(1).push(role, &told);
        }
        Mode::Ask(question) => {
            pieces.blanks(1).push(Role::Warning, &ask(model, question));
        }
        Mode::Command(line, _) => {
            let told = model.notice.as_ref().map_or("", |(_, told)| told);
            let line = Line::new(format!(":{}", line.text()));
            return draw_typed_and_told(&line, Role::Error, told, area, pen);
        }
        Mode::Browse | Mode::Page(..) | Mode::Conflicts(_) => {
            if let Some((level, told)) = &model.notice {
                let role = match level {
                    Level::Plain => Role::Plain,
                    Level::Warning => Role::Warning,
                    Level::Error => Role::Error,
                };
                pieces.blanks(1).push(role, told);
            }
        }
    }
    pen.line(area, &pieces);
}

fn draw_typed(prompt: &str, line: &Line, area: Rect, pen: &mut Pen<'_, '_>) {
    let mut pieces = Pieces::within(area);
    pieces.push(Role::Title, prompt);
    let (text, cursor) = line.shown(pieces.room);
    pieces.push(Role::Plain, &text);
    pen.line(area, &pieces);
    pen.cursor(area, width(prompt) + cursor);
}

/// What is typed in the left half, what is wrong with it in the right.
fn draw_typed_and_told(line: &Line, role: Role, told: &str, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width);
    let (text, cursor) = line.shown(columns / 3);
    let mut pieces = Pieces::new(columns);
    pieces.blanks(1).push(Role::Typed, &text).blanks(2).push(role, told);
    pen.line(area, &pieces);
    pen.cursor(area, 1 + cursor);
}

fn ask(model: &Model, question: &Question) -> String {
    match question {
        Question::Quit => match model.unsaved() {
            Some(unsaved) => {
                let edits = crate::tui::text::count(unsaved, "edit");
                format!("{edits} not saved.   s save and quit   d quit without saving   Esc stay")
            }
            None => "nobody else is here to keep the document, and no file has it.   \
                     d discard it and quit   Esc stay (:w NAME saves)"
                .to_owned(),
        },
        Question::NotSaved { reason, can_reload, .. } => {
            let reload = if *can_reload { "   R take it into the room" } else { "" };
            format!("not saved: {reason}.   O overwrite it{reload}   Esc leave both as they are")
        }
        Question::ChangeType => {
            "change to:   s string   n number   b boolean   z null   a array   m map   Esc keep".to_owned()
        }
    }
}

fn hints(model: &Model, columns: usize) -> Pieces {
    let mut right = Pieces::new(columns);
    right.push(Role::Dim, &begun(model)).push(Role::Dim, &tree::place(model, columns < NARROW)).blanks(1);
    let right_columns = columns - right.room;
    let words: Vec<(String, &str)> = match &model.mode {
        Mode::Browse if !model.pending.is_empty() => following(model),
        Mode::Browse => table(columns.saturating_sub(right_columns + 1)),
        Mode::Edit(_) => listed(&[
            ("Enter", "keep"),
            ("Esc", "discard"),
            ("Ctrl-T", "text or JSON"),
            ("Ctrl-J", "new line"),
        ]),
        Mode::Search(_) => listed(&[("Enter", "find"), ("Esc", "leave")]),
        Mode::Command(..) => listed(&[("Enter", "do it"), ("Esc", "leave")]),
        Mode::Ask(_) => listed(&[("Esc", "leave things as they are")]),
        Mode::Help(..) => listed(&[("type", "to narrow down"), ("↑ ↓", "scroll"), ("Esc", "back")]),
        Mode::Page(..) => listed(&[("↑ ↓", "scroll"), ("Esc", "back")]),
        Mode::Conflicts(_) => listed(&[
            ("↑ ↓", "choose"),
            ("Enter", "keep this value, or make the edit again"),
            ("Esc", "back"),
        ]),
    };
    let mut pieces = Pieces::new(columns);
    for (keys, word) in words {
        if width(&keys) + width(word) + 3 > pieces.room {
            break;
        }
        pieces.blanks(if pieces.pieces.is_empty() { 1 } else { 2 });
        pieces.push(Role::Hint, &keys).blanks(1).push(Role::Plain, word);
    }
    pieces.push_right(&right);
    pieces
}

fn listed(words: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    words.iter().map(|(keys, word)| ((*keys).to_owned(), *word)).collect()
}

/// The number and the keys typed so far.
fn begun(model: &Model) -> String {
    let count = model.count.map_or(String::new(), |count| count.to_string());
    let keys: String = model.pending.iter().map(ToString::to_string).collect();
    if count.is_empty() && keys.is_empty() { String::new() } else { format!("{count}{keys}   ") }
}

/// What may follow the keys pressed so far.
fn following(model: &Model) -> Vec<(String, &'static str)> {
    let begun = model.pending.len();
    let goes_on = |entry: &'static Entry| {
        let sequence = entry.keys.iter().find(|keys| {
            let keys: Vec<_> = keys.split(' ').filter_map(crate::tui::keymap::Key::named).collect();
            keys.len() > begun && keys.starts_with(&model.pending)
        })?;
        let rest: Vec<&str> = sequence.split(' ').skip(begun).collect();
        let bound = model.keymap.resolve(&model.pending) == Resolved::Prefix;
        bound.then(|| (shown_keys(&rest.join(" ")), entry.name))
    };
    ACTIONS.iter().filter_map(goes_on).collect()
}

/// The hints of the table that fit, the dearest first to stay.
fn table(columns: usize) -> Vec<(String, &'static str)> {
    let dearest = DEAREST.iter().filter_map(|action| entry_of(*action));
    let others = ACTIONS.iter().filter(|entry| !entry.hint.is_empty() && !DEAREST.contains(&entry.action));
    let mut room = columns;
    let mut shown: Vec<Action> = Vec::new();
    for entry in dearest.chain(others) {
        let Some(keys) = entry.keys.first() else { continue };
        let Some(left) = room.checked_sub(width(&shown_keys(keys)) + width(entry.hint) + 3) else { break };
        room = left;
        shown.push(entry.action);
    }
    let stays = ACTIONS.iter().filter(|entry| shown.contains(&entry.action));
    stays.filter_map(|entry| Some((shown_keys(entry.keys.first()?), entry.hint))).collect()
}
