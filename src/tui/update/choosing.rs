//! Choosing from a list while typing: what to do, or where to go.

use super::{browse, is_cancel, motion};
use crate::document::Path;
use crate::tui::finder::{Finder, Item, Menu, Wanted};
use crate::tui::keymap::Key;
use crate::tui::line::Line;
use crate::tui::message::{Effect, Level};
use crate::tui::mode::Mode;
use crate::tui::model::Model;
use crate::tui::search::{Search, Seek, Sought};
use crate::tui::text::inert;

/// Where a key moves the choice among so many lines.
pub(super) fn moved(chosen: usize, len: usize, key: Key, page: usize) -> Option<usize> {
    let last = len.saturating_sub(1);
    Some(match key.to_string().as_str() {
        "Down" | "Ctrl-n" | "Tab" => (chosen + 1).min(last),
        "Up" | "Ctrl-p" | "Shift-Tab" => chosen.saturating_sub(1),
        "PgDn" => (chosen + page).min(last),
        "PgUp" => chosen.saturating_sub(page),
        _ => return None,
    })
}

pub(super) fn press_menu(model: &mut Model, key: Key) -> Vec<Effect> {
    let Mode::Menu(mut menu) = std::mem::replace(&mut model.mode, Mode::Browse) else { return Vec::new() };
    model.notice = None;
    let is_untyped = menu.line.text().is_empty();
    if is_cancel(key) || (is_untyped && matches!(key.to_string().as_str(), "q" | "?" | "F1" | "Backspace")) {
        return Vec::new();
    }
    let items = menu.items(&model.keymap);
    if Some(key) == Key::named("Enter") {
        return items.get(menu.chosen).copied().map_or_else(Vec::new, |item| run(model, item));
    }
    if let Some(chosen) = moved(menu.chosen, items.len(), key, super::page_height(model)) {
        menu.chosen = chosen;
    } else if menu.line.press(key) {
        menu.chosen = 0;
    }
    model.mode = Mode::Menu(menu);
    Vec::new()
}

/// Opens the list of what can be done.
pub(super) fn open_menu(model: &mut Model, is_palette: bool) {
    model.mode = Mode::Menu(Menu { is_palette, ..Menu::default() });
}

fn run(model: &mut Model, item: Item) -> Vec<Effect> {
    match item {
        Item::Action(entry) => {
            let keys = model.keymap.keys(entry.action).first();
            let last = keys.and_then(|keys| keys.split(' ').next_back()).and_then(Key::named);
            let key = last.unwrap_or(Key::plain(crossterm::event::KeyCode::Null));
            browse::run(model, entry.action, None, key, true)
        }
        Item::Command(entry) => {
            model.mode = Mode::Command(Line::new(format!("{} ", entry.name)), model.snapshot.clone());
            Vec::new()
        }
    }
}

/// Opens the list of places.
pub(super) fn open_finder(model: &mut Model, finder: Finder) {
    model.mode = Mode::Find(Box::new(finder));
}

pub(super) fn press_finder(model: &mut Model, key: Key) -> Vec<Effect> {
    let from = model.cursor.clone();
    let page = super::page_height(model);
    let Mode::Find(finder) = &mut model.mode else { return Vec::new() };
    if is_cancel(key) || (finder.line.text().is_empty() && Some(key) == Key::named("Backspace")) {
        model.mode = Mode::Browse;
    } else if Some(key) == Key::named("Enter") {
        arrive(model);
    } else if let Some(chosen) = moved(finder.choice(next_of(finder, &from)), finder.found.len(), key, page) {
        finder.chosen = Some(chosen);
    } else if finder.line.press(key) {
        finder.restart();
        finder.step();
    }
    Vec::new()
}

/// A text pasted into the list's line.
pub(super) fn type_in(finder: &mut Finder, text: &str) {
    finder.line.insert(text);
    finder.restart();
    finder.step();
}

/// Of the matches in the order of the document, the first behind the cursor; of places, the
/// likest.
pub(in crate::tui) fn next_of(finder: &Finder, cursor: &Path) -> usize {
    if matches!(finder.wanted, Wanted::Places) {
        return 0;
    }
    let order = |path: &Path| crate::tui::rows::order(&finder.root, path);
    let here = order(cursor);
    let next = finder.found.partition_point(|(_, path)| order(path) <= here);
    if next < finder.found.len() { next } else { 0 }
}

/// Goes to the chosen place. A search is remembered for the next and previous match, and goes on
/// when it has found nothing so far.
fn arrive(model: &mut Model) {
    let Mode::Find(finder) = std::mem::replace(&mut model.mode, Mode::Browse) else { return };
    if let Wanted::Matches(search) = &finder.wanted {
        match search {
            Err(error) => {
                model.say(Level::Error, format!("not looked for: {}", inert(error)));
                return;
            }
            Ok(search) if !finder.line.text().is_empty() => {
                (model.search, model.has_matches) = (Some(search.clone()), true);
            }
            Ok(_) => return next_match(model, false),
        }
    }
    let chosen = finder.choice(next_of(&finder, &model.cursor));
    let Some((_, path)) = finder.found.get(chosen) else {
        if let Wanted::Matches(_) = finder.wanted {
            next_match(model, false);
        } else if !finder.line.text().is_empty() {
            model.say(Level::Warning, format!("no path is like {:?}", inert(finder.line.text())));
        }
        return;
    };
    if model.snapshot.value.at(path).is_none() {
        return model.say(Level::Warning, format!("{} has gone meanwhile", inert(&path.to_jq())));
    }
    motion::jump(model, path.clone());
    if let Some(search) = model.search.as_ref().filter(|_| matches!(finder.wanted, Wanted::Matches(_))) {
        let what = inert(&search.describe()).into_owned();
        let more = if finder.is_at_work() { " so far" } else { "" };
        let (at, total) = (chosen + 1, finder.total);
        model.say(Level::Plain, format!("{what}: {at} of {total}{more}"));
    }
}

/// To the next or the previous match.
pub(super) fn next_match(model: &mut Model, backwards: bool) {
    model.has_matches = true;
    let Some(search) = &model.search else {
        model.say(Level::Warning, "nothing is looked for yet; / finds");
        return;
    };
    model.seek = Some(Box::new(search.seek(&model.snapshot.value, &model.cursor, backwards)));
    seek(model);
}

/// Looks a piece further for what is looked for.
pub(super) fn work(model: &mut Model) {
    if let Mode::Find(finder) = &mut model.mode {
        finder.step();
    }
    seek(model);
}

fn seek(model: &mut Model) {
    let Some(mut seek) = model.seek.take() else { return };
    let what = inert(&seek.search.describe()).into_owned();
    match seek.step() {
        Sought::Further => {
            model.say(Level::Plain, format!("looking for {what} …   any key stops"));
            model.seek = Some(seek);
        }
        Sought::Nowhere => model.say(Level::Warning, format!("{what} is nowhere")),
        Sought::At(path, wrapped) => found(model, &seek, path, wrapped, &what),
    }
}

fn found(model: &mut Model, seek: &Seek, path: Path, wrapped: bool, what: &str) {
    if model.snapshot.value.at(&path).is_none() {
        return model.say(Level::Warning, format!("{what} was at {}, which is gone", inert(&path.to_jq())));
    }
    motion::jump(model, path);
    let around = match (wrapped, seek.backwards) {
        (false, _) => "",
        (true, false) => ", from the start again",
        (true, true) => ", from the end again",
    };
    model.say(Level::Plain, format!("{what}{around}"));
}

/// Looks for a key, as a whole.
pub(super) fn search_key(model: &mut Model, key: &str) {
    model.search = Search::key(key);
    next_match(model, false);
}
