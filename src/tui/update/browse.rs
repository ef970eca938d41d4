//! Keys while going about: counts, sequences, and the actions they come to.

use super::{command, editing, motion, pages};
use crate::tui::action::Action;
use crate::tui::keymap::{Key, Resolved, shown_keys};
use crate::tui::line::Line;
use crate::tui::message::{Effect, Level, SaveWanted};
use crate::tui::model::{Mode, Model, PageKind, Question};
use crate::tui::view::layout;

/// The highest count that can be typed.
const HIGHEST_COUNT: usize = 1_000_000_000;

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    if model.pending.is_empty()
        && let Some(digit) = key.digit().filter(|digit| *digit > 0 || model.count.is_some())
    {
        let count = model.count.unwrap_or(0).saturating_mul(10) + digit;
        model.count = Some(count.min(HIGHEST_COUNT));
        return Vec::new();
    }
    model.pending.push(key);
    match model.keymap.resolve(&model.pending) {
        Resolved::Prefix => Vec::new(),
        Resolved::Action(action) => {
            let was_begun = model.pending.len() > 1 || model.count.is_some();
            model.pending.clear();
            let count = model.count.take();
            run(model, action, count, key, was_begun)
        }
        Resolved::Unbound => {
            let keys: Vec<String> = model.pending.drain(..).map(|key| key.to_string()).collect();
            model.count = None;
            if keys.len() == 1 || !super::is_cancel(key) {
                let keys = shown_keys(&keys.join(" "));
                model.say(Level::Warning, format!("{keys} does nothing; ? shows what the keys do"));
            }
            Vec::new()
        }
    }
}

/// Does an action. `key` is the last one pressed.
fn run(model: &mut Model, action: Action, count: Option<usize>, key: Key, was_begun: bool) -> Vec<Effect> {
    let times = isize::try_from(count.unwrap_or(1)).unwrap_or(isize::MAX);
    let page = isize::try_from(layout(model.size).tree.height.max(2)).unwrap_or(isize::MAX);
    let all = model.rows.count() - 1;
    match action {
        Action::Down => motion::step(model, times),
        Action::Up => motion::step(model, -times),
        Action::Left => (0..times).for_each(|_| motion::left(model)),
        Action::Right => (0..times).for_each(|_| motion::right(model)),
        Action::NextSibling => motion::sibling(model, times),
        Action::PreviousSibling => motion::sibling(model, -times),
        Action::First => to_line(model, count.unwrap_or(1)),
        Action::Last => to_line(model, count.unwrap_or(all + 1)),
        Action::PageDown => motion::step(model, times.saturating_mul(page - 1)),
        Action::PageUp => motion::step(model, -times.saturating_mul(page - 1)),
        Action::HalfPageDown => motion::step(model, times.saturating_mul(page / 2)),
        Action::HalfPageUp => motion::step(model, -times.saturating_mul(page / 2)),
        Action::Back => motion::back(model, false),
        Action::Forward => motion::back(model, true),
        Action::Toggle => motion::toggle(model),
        Action::Open => motion::set_open(model, true),
        Action::Close => motion::close(model),
        Action::CloseAll => open_levels(model, 1),
        Action::OpenAll => open_levels(model, usize::MAX),
        Action::OpenLevels => open_levels(model, key.digit().unwrap_or(1)),
        Action::Search => model.mode = Mode::Search(Line::default()),
        Action::Next => command::next_match(model, false),
        Action::Previous => command::next_match(model, true),
        Action::SearchKey => command::search_key(model),
        Action::Command => model.mode = Mode::Command(Line::default(), model.snapshot.clone()),
        Action::People => model.mode = Mode::Page(PageKind::People, 0),
        Action::History => model.mode = Mode::Page(PageKind::History, 0),
        Action::Help => model.mode = Mode::Help(Line::default(), 0),
        Action::Cancel => cancel(model, key, was_begun),
        Action::Quit => return quit(model),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Save => return vec![Effect::Save(SaveWanted::default())],
        Action::Conflicts => return vec![Effect::Conflicts],
        Action::Undo => return vec![Effect::Undo],
        Action::Redo => return vec![Effect::Redo],
        Action::CopyValue
        | Action::CopyKey
        | Action::CopyJqPath
        | Action::CopyPointer
        | Action::CopyString => return pages::copy(model, action),
        edit => return editing::run(model, edit, count.unwrap_or(1)),
    }
    Vec::new()
}

fn to_line(model: &mut Model, line: usize) {
    let row = line.saturating_sub(1).min(model.rows.count() - 1);
    if let Some(path) = model.rows.at(&model.snapshot.value, row) {
        motion::jump(model, path);
    }
}

fn open_levels(model: &mut Model, levels: usize) {
    if !model.rows.open_levels(&model.snapshot.value, levels) {
        model.say(Level::Warning, "too many containers to open them all; the first ones are open");
    }
}

fn cancel(model: &mut Model, key: Key, was_begun: bool) {
    if !was_begun && Some(key) == Key::named("Ctrl-c") {
        model.say(Level::Plain, "to quit, press q");
    }
}

/// Leaves, or asks first when something would be lost.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    if !model.would_lose() {
        return vec![Effect::Quit];
    }
    model.mode = Mode::Ask(Question::Quit);
    Vec::new()
}
