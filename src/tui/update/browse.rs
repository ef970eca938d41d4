//! Keys while going about: counts, sequences, and the actions they come to.

use super::{choosing, command, editing, motion, pages, reading};
use crate::tui::action::{Action, Copied, Fold, Move, Room};
use crate::tui::keymap::{Key, Resolved, shown_keys};
use crate::tui::line::Line;
use crate::tui::message::{Doer, Effect, Level, Moment, SaveWanted};
use crate::tui::mode::{Mode, PageKind, Question};
use crate::tui::model::Model;
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
    if model.pending.is_empty() {
        model.pending_since = model.now;
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
pub(super) fn run(
    model: &mut Model, action: Action, count: Option<usize>, key: Key, was_begun: bool,
) -> Vec<Effect> {
    if matches!(action, Action::Edit(_) | Action::Find(_) | Action::Room(Room::Cancel)) {
        model.following = None;
    }
    match action {
        Action::Move(way) => walk(model, way, count),
        Action::Fold(fold) => refold(model, fold, key),
        Action::Find(find) => command::find(model, find),
        Action::Edit(edit) => return editing::run(model, edit, count.unwrap_or(1)),
        Action::Copy(what) => return pages::copy(model, what, count.unwrap_or(1)),
        Action::Room(Room::Cancel) => return cancel(model, key, was_begun),
        Action::Room(room) => return attend(model, room),
    }
    Vec::new()
}

fn walk(model: &mut Model, way: Move, count: Option<usize>) {
    let times = isize::try_from(count.unwrap_or(1)).unwrap_or(isize::MAX);
    let page = isize::try_from(layout(model.size).tree.height.max(2)).unwrap_or(isize::MAX);
    let last = model.rows.count();
    match way {
        Move::Down => motion::step(model, times),
        Move::Up => motion::step(model, -times),
        Move::Left => motion::left(model, times),
        Move::Right => motion::right(model, times),
        Move::NextSibling => motion::sibling(model, times),
        Move::PreviousSibling => motion::sibling(model, -times),
        Move::First => to_line(model, count.unwrap_or(1)),
        Move::Last => to_line(model, count.unwrap_or(last)),
        Move::PageDown => motion::step(model, times.saturating_mul(page - 1)),
        Move::PageUp => motion::step(model, -times.saturating_mul(page - 1)),
        Move::HalfPageDown => motion::step(model, times.saturating_mul(page / 2)),
        Move::HalfPageUp => motion::step(model, -times.saturating_mul(page / 2)),
        Move::Back => motion::back(model, false),
        Move::Forward => motion::back(model, true),
    }
}

fn refold(model: &mut Model, fold: Fold, key: Key) {
    match fold {
        Fold::Toggle => motion::toggle(model),
        Fold::Open => motion::set_open(model, true),
        Fold::Close => motion::close(model),
        Fold::CloseAll => open_levels(model, 1),
        Fold::OpenAll => open_levels(model, usize::MAX),
        Fold::Levels => open_levels(model, key.digit().unwrap_or(1)),
        Fold::Punctuation => {
            model.look.has_punctuation = !model.look.has_punctuation;
            let told = if model.look.has_punctuation { "line mode; m goes back" } else { "data mode" };
            model.say(Level::Plain, told);
        }
        Fold::Wrap => {
            model.look.wraps = !model.look.wraps;
            let told = if model.look.wraps { "long strings are wrapped" } else { "long strings are cut" };
            model.say(Level::Plain, told);
        }
        Fold::Read => reading::open(model),
    }
}

fn attend(model: &mut Model, room: Room) -> Vec<Effect> {
    match room {
        Room::Save => return vec![Effect::Save(SaveWanted::default())],
        Room::Conflicts => return vec![Effect::Conflicts { are_shown: true }],
        Room::Compare => return vec![Effect::Compare],
        Room::Follow => follow_next(model),
        Room::Past => return vec![Effect::Version(Moment::BeforeLast)],
        Room::Mouse => {
            model.has_mouse = !model.has_mouse;
            let told =
                if model.has_mouse { "the mouse is for the tree" } else { "the mouse is the terminal's" };
            model.say(Level::Plain, told);
            return vec![Effect::Mouse(model.has_mouse)];
        }
        Room::Suspend => return vec![Effect::Suspend],
        Room::Quit => return quit(model),
        Room::Command => model.mode = Mode::Command(Line::default(), model.snapshot.clone()),
        Room::People => model.mode = Mode::Page(PageKind::People, 0),
        Room::History => model.mode = Mode::Page(PageKind::History, 0),
        Room::Violations => super::schema::show(model),
        Room::Help => choosing::open_menu(model, false),
        Room::Palette => choosing::open_menu(model, true),
        Room::Cancel => {}
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
    model.rows.open_levels(&model.snapshot.value, levels);
}

/// Follows the next of those whose place is known, after the last of them nobody.
fn follow_next(model: &mut Model) {
    let after = model.following;
    let mut others = model.places.iter().filter(|(_, place)| place.here.is_some()).map(|(author, _)| *author);
    let next = others.find(|author| after.is_none_or(|after| *author > after));
    (model.following, model.followed_to) = (next, None);
    match (next, after) {
        (Some(author), _) => {
            let name = model.name_of(Doer::Other(author));
            model.say(Level::Plain, format!("following {name} until you edit, search or press Esc"));
        }
        (None, Some(_)) => model.say(Level::Plain, "following nobody"),
        (None, None) => model.say(Level::Plain, "nobody else's place is known"),
    }
}

/// Lets go of what is begun, of what is marked and of the matches shown. With rows marked, Ctrl-C
/// means what it means elsewhere.
fn cancel(model: &mut Model, key: Key, was_begun: bool) -> Vec<Effect> {
    let is_copy = Some(key) == Key::named("Ctrl-c");
    if was_begun {
        return Vec::new();
    }
    if !model.marked.is_empty() {
        if is_copy {
            return pages::copy(model, Copied::Value, 1);
        }
        model.marked.clear();
    } else if is_copy {
        model.say(Level::Plain, "to quit, press q");
    } else {
        model.has_matches = false;
    }
    Vec::new()
}

/// Leaves, or asks first when something would be lost.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    if !model.would_lose() {
        return vec![Effect::Quit];
    }
    model.mode = Mode::Ask(Question::Quit);
    Vec::new()
}
