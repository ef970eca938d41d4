//! The lines at the bottom: what there is to tell or is being typed, and what the keys do.

use ratatui::layout::Rect;

use super::{Layout, Pen, Pieces, tree};
use crate::tui::action::{ACTIONS, Action, Edit, Entry, Find, Room, entry_of};
use crate::tui::finder::Wanted;
use crate::tui::keymap::{Key, shown_keys};
use crate::tui::line::Line;
use crate::tui::message::Level;
use crate::tui::mode::{Dispute, Mode, PageKind, Question};
use crate::tui::model::Model;
use crate::tui::text::{fit, width};
use crate::tui::theme::Role;
use crate::tui::viewer::Subject;

/// Hints by how much they are missed when there is no room.
const DEAREST: &[Action] = &[
    Action::Edit(Edit::Value),
    Action::Edit(Edit::Undo),
    Action::Room(Room::Help),
    Action::Room(Room::Quit),
    Action::Find(Find::Text),
    Action::Edit(Edit::AddAfter),
];

/// Columns of the keys in the box of what may follow.
const BOX_KEYS: usize = 6;

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
        Mode::Find(finder) => {
            let prompt = if matches!(finder.wanted, Wanted::Places) { "@" } else { "/" };
            return draw_typed(prompt, &finder.line, area, pen);
        }
        Mode::Command(line, _) if model.notice.is_none() => return draw_typed(":", line, area, pen),
        Mode::Jq(typed) if model.notice.is_none() => return draw_typed("|", &typed.line, area, pen),
        Mode::Jq(typed) => {
            let (level, told) = model.notice.clone().unwrap_or((Level::Plain, String::new()));
            return draw_typed_and_told("|", &typed.line, role_of(level), &told, area, pen);
        }
        Mode::Menu(menu) => return draw_typed(" find: ", &menu.line, area, pen),
        Mode::Edit(draft) if tree::is_below(model, draft) && !tree::is_area(model, draft) => {
            let (role, told) = tree::about(model, draft);
            if role == Role::Plain {
                draw_typed(" ", &draft.line, area, pen);
            } else {
                draw_typed_and_told(" ", &draft.line, role, &told, area, pen);
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
            return draw_typed_and_told(":", line, Role::Error, told, area, pen);
        }
        Mode::Browse | Mode::Page(..) | Mode::Conflicts(_) | Mode::View(_) | Mode::Read(_) => {
            if let Some((level, told)) = &model.notice {
                pieces.blanks(1).push(role_of(*level), told);
            }
        }
    }
    pen.line(area, &pieces);
}

fn role_of(level: Level) -> Role {
    match level {
        Level::Plain => Role::Plain,
        Level::Warning => Role::Warning,
        Level::Error => Role::Error,
    }
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
fn draw_typed_and_told(prompt: &str, line: &Line, role: Role, told: &str, area: Rect, pen: &mut Pen<'_, '_>) {
    let columns = usize::from(area.width);
    let (text, cursor) = line.shown(columns / 3);
    let mut pieces = Pieces::new(columns);
    pieces.push(Role::Title, prompt).push(Role::Typed, &text).blanks(2).push(role, told);
    pen.line(area, &pieces);
    pen.cursor(area, width(prompt) + cursor);
}

/// What is asked; how it can be answered stands among the hints.
fn ask(model: &Model, question: &Question) -> String {
    match question {
        Question::Quit => match model.unsaved() {
            Some(unsaved) => format!("{} not saved", crate::tui::text::count(unsaved, "edit")),
            None => "nobody else is here to keep the document, and no file has it".to_owned(),
        },
        Question::NotSaved { reason, .. } => format!("not saved: {reason}"),
        Question::PasteText { reason, .. } => format!("what was pasted is not JSON: {reason}"),
        Question::BadText { reason, .. } => format!("what you wrote is not JSON: {reason}"),
        Question::ChangeType => "change to what?".to_owned(),
    }
}

fn answers(model: &Model, question: &Question) -> Vec<(String, &'static str)> {
    match question {
        Question::Quit if model.file.is_some() => {
            listed(&[("s", "save and quit"), ("d", "quit without saving"), ("Esc", "stay")])
        }
        Question::Quit => listed(&[("d", "discard it and quit"), ("Esc", "stay"), (":w NAME", "saves")]),
        Question::NotSaved { can_reload, .. } => {
            let mut answers = Vec::new();
            if *can_reload {
                answers.extend(listed(&[("M", "merge it"), ("R", "take it as it is")]));
            }
            answers.extend(listed(&[("O", "overwrite it")]));
            answers.extend(listed(&[("Esc", "leave both as they are")]));
            answers
        }
        Question::PasteText { .. } => listed(&[("s", "paste it as a string"), ("Esc", "leave it")]),
        Question::BadText { .. } => listed(&[("e", "edit it again"), ("d", "discard it")]),
        Question::ChangeType => listed(&[
            ("s", "string"),
            ("n", "number"),
            ("b", "boolean"),
            ("z", "null"),
            ("a", "array"),
            ("m", "map"),
            ("Esc", "keep"),
        ]),
    }
}

fn hints(model: &Model, columns: usize) -> Pieces {
    let mut right = Pieces::new(columns);
    if !matches!(model.mode, Mode::Ask(_)) {
        right.push(Role::Dim, &begun(model)).push(Role::Dim, &tree::place(model, columns < NARROW)).blanks(1);
    }
    let right_columns = columns - right.room;
    let words: Vec<(String, &str)> = match &model.mode {
        Mode::Browse if !model.pending.is_empty() => following(model),
        Mode::Browse => table(model, columns.saturating_sub(right_columns + 1)),
        Mode::Edit(_) => listed(&[
            ("Enter", "keep"),
            ("Esc", "discard"),
            ("Ctrl-T", "text or JSON"),
            ("Ctrl-J", "new line"),
        ]),
        Mode::Find(_) => listed(&[("↑ ↓", "choose"), ("Enter", "go there"), ("Esc", "leave")]),
        Mode::Command(..) => listed(&[("Enter", "do it"), ("Esc", "leave")]),
        Mode::Ask(question) => answers(model, question),
        Mode::Menu(_) => {
            listed(&[("type", "to narrow down"), ("↑ ↓", "choose"), ("Enter", "do it"), ("Esc", "back")])
        }
        Mode::Jq(_) => listed(&[("Enter", "look at what it gives"), ("Esc", "leave")]),
        Mode::View(viewer) => match viewer.subject {
            Subject::Jq { .. } => listed(&[("Space", "open, close"), ("y", "copy"), ("Esc", "back")]),
            Subject::Version { .. } => listed(&[
                ("[ ]", "earlier, later"),
                ("D", "what changed since"),
                ("m", "remember for D"),
                ("y", "copy"),
                ("Esc", "back to now"),
            ]),
        },
        Mode::Read(_) => listed(&[("j k", "scroll"), ("g G", "start, end"), ("y", "copy"), ("Esc", "back")]),
        Mode::Page(PageKind::Violations, _) => {
            listed(&[("↑ ↓", "choose"), ("Enter", "go there"), ("Esc", "back")])
        }
        Mode::Page(PageKind::History, _) => listed(&[
            ("↑ ↓", "choose"),
            ("Enter", "go there"),
            ("t", "the version before it"),
            ("u", "undo your last"),
            ("Esc", "back"),
        ]),
        Mode::Page(..) => listed(&[("↑ ↓", "scroll"), ("Esc", "back")]),
        Mode::Conflicts(list) => match list.disputes().nth(list.chosen) {
            Some(Dispute::Lost(_)) => listed(&[
                ("↑ ↓", "choose"),
                ("Enter", "make your edit again"),
                ("d", "let it go"),
                ("Esc", "back"),
            ]),
            Some(Dispute::Conflict(_)) | None => listed(&[
                ("← →", "choose a value"),
                ("Enter", "keep it"),
                ("↑ ↓", "another"),
                ("Esc", "back"),
            ]),
        },
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

/// A box with what may follow the keys pressed a moment ago.
pub(super) fn draw_box(model: &Model, body: Rect, pen: &mut Pen<'_, '_>) {
    if model.box_due().is_none_or(|due| model.now < due) {
        return;
    }
    let begun = model.pending.len();
    let lines: Vec<(String, &str)> = ACTIONS
        .iter()
        .filter_map(|entry| {
            let keys = rest_of(model, entry)?;
            Some((keys, entry.help))
        })
        .collect();
    let widest = lines.iter().map(|(_, help)| width(help)).max().unwrap_or(0);
    let columns = u16::try_from(widest + BOX_KEYS + 4).unwrap_or(u16::MAX).min(body.width);
    let rows = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(body.height);
    if rows < 3 || begun == 0 {
        return;
    }
    let area = Rect {
        x: body.x + body.width - columns,
        y: body.y + body.height - rows,
        width: columns,
        height: rows,
    };
    pen.clear(area);
    let keys: String = model.pending.iter().map(ToString::to_string).collect();
    pen.border(area, &keys);
    let inner = super::inside(area);
    for (row, (keys, help)) in (0..inner.height).zip(&lines) {
        let mut pieces = Pieces::within(inner);
        pieces.blanks(1).push(Role::Hint, &fit(keys, BOX_KEYS)).push(Role::Plain, help);
        pen.line(Rect { y: inner.y + row, height: 1, ..inner }, &pieces);
    }
}

/// What may follow the keys pressed so far.
fn following(model: &Model) -> Vec<(String, &'static str)> {
    ACTIONS.iter().filter_map(|entry| Some((rest_of(model, entry)?, entry.name))).collect()
}

/// The keys of an action that remain to be pressed, when it may still come.
fn rest_of(model: &Model, entry: &Entry) -> Option<String> {
    let begun = model.pending.len();
    let sequence = model.keymap.keys(entry.action).iter().find(|keys| {
        let keys: Vec<_> = keys.split(' ').filter_map(Key::named).collect();
        keys.len() > begun && keys.starts_with(&model.pending)
    })?;
    let rest: Vec<&str> = sequence.split(' ').skip(begun).collect();
    Some(shown_keys(&rest.join(" ")))
}

/// The hints of the table that fit, the dearest first to stay.
fn table(model: &Model, columns: usize) -> Vec<(String, &'static str)> {
    let keys = |entry: &Entry| model.keymap.keys(entry.action).first().map(|keys| shown_keys(keys));
    let dearest = DEAREST.iter().filter_map(|action| entry_of(*action));
    let others = ACTIONS.iter().filter(|entry| !entry.hint.is_empty() && !DEAREST.contains(&entry.action));
    let mut room = columns;
    let mut shown: Vec<Action> = Vec::new();
    for entry in dearest.chain(others) {
        let Some(keys) = keys(entry) else { continue };
        let Some(left) = room.checked_sub(width(&keys) + width(entry.hint) + 3) else { break };
        room = left;
        shown.push(entry.action);
    }
    let stays = ACTIONS.iter().filter(|entry| shown.contains(&entry.action));
    stays.filter_map(|entry| Some((keys(entry)?, entry.hint))).collect()
}
