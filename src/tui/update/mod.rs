//! What happens when something happens: the model after a message, and what is to be done
//! outside. Pure: effects are returned, never performed.

mod ask;
mod browse;
mod choosing;
mod command;
mod disputes;
mod drafting;
mod editing;
mod filtering;
mod motion;
mod outside;
mod pages;
mod reading;
mod remote;
mod schema;
mod viewing;

use std::time::Duration;

pub(super) use choosing::next_of;
pub use disputes::Disputes;
pub(super) use disputes::told as disputes_told;
pub(super) use schema::told as schema_told;
pub(super) use viewing::title as viewer_title;

use super::keymap::Key;
use super::message::{Doer, Effect, Level, Mouse, Msg};
use super::mode::Mode;
use super::model::Model;
use super::view::layout;
use crate::session::Presence;

/// Two presses of the mouse on one row within this time are a double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Rows kept in sight above and below the cursor.
const MARGIN: usize = 3;

/// Takes a message in.
#[expect(clippy::wildcard_enum_match_arm, reason = "what the person does is here; all else is an answer")]
pub fn update(model: &mut Model, message: Msg) -> Vec<Effect> {
    let mut effects = match message {
        Msg::Key(key) => press(model, key),
        Msg::Paste(text) => paste(model, &text),
        Msg::Clipboard(text) if matches!(model.mode, Mode::Browse) => editing::clipboard(model, text),
        Msg::Mouse(mouse) => point(model, mouse),
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            Vec::new()
        }
        Msg::Time(now) => {
            model.now = now;
            model.flashes.retain(|flash| flash.until > now);
            Vec::new()
        }
        Msg::Work => {
            choosing::work(model);
            reading::work(model);
            Vec::new()
        }
        Msg::Renewed(join_command, look_command) => {
            (model.options.join_command, model.options.look_command) = (join_command, look_command);
            let told =
                "the keys of this room were changed: newcomers need a new ticket (yi copies the command)";
            model.say(Level::Plain, told);
            Vec::new()
        }
        Msg::Notice(level, text) => {
            model.say(level, text);
            Vec::new()
        }
        Msg::Changed { snapshot, changes } => {
            remote::changed(model, snapshot, &changes);
            Vec::new()
        }
        answer => remote::take(model, answer),
    };
    follow(model);
    settle(model);
    reading::settle(model);
    effects.extend(presence(model));
    effects.extend(schema::wanted(model));
    effects.extend(disputes::wanted(model));
    effects
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    if Some(key) == Key::named("Ctrl-z") {
        return vec![Effect::Suspend];
    }
    model.seek = None;
    match &model.mode {
        Mode::Browse => browse::press(model, key),
        Mode::Edit(_) => drafting::press(model, key),
        Mode::Find(_) => choosing::press_finder(model, key),
        Mode::Command(..) => command::press(model, key),
        Mode::Ask(question) => ask::press(model, question.clone(), key),
        Mode::Menu(_) => choosing::press_menu(model, key),
        Mode::Jq(_) => filtering::press(model, key),
        Mode::View(_) => viewing::press(model, key),
        Mode::Read(_) => reading::press(model, key),
        Mode::Page(..) => pages::press_page(model, key),
        Mode::Conflicts(_) => disputes::press(model, key),
    }
}

/// Lines of a page on the screen.
fn page_height(model: &Model) -> usize {
    usize::from(model.size.1.saturating_sub(6)).max(1)
}

/// Whether a key lets go of whatever is begun.
fn is_cancel(key: Key) -> bool {
    Some(key) == Key::named("Esc") || Some(key) == Key::named("Ctrl-c")
}

fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    // Terminals send line breaks of what is pasted as the key that types them.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    match &mut model.mode {
        Mode::Edit(draft) => draft.line.insert(&text),
        Mode::Find(finder) => choosing::type_in(finder, &text),
        Mode::Command(line, _) => line.insert(&text),
        Mode::Jq(_) => return filtering::paste(model, &text),
        Mode::Menu(menu) => menu.line.insert(&text),
        Mode::Browse => return editing::paste_text(model, text),
        Mode::Ask(_) | Mode::Page(..) | Mode::Conflicts(_) | Mode::View(_) | Mode::Read(_) => {}
    }
    Vec::new()
}

fn point(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    if let (Mode::Read(reader), Mouse::Scroll(by)) = (&mut model.mode, mouse) {
        reader.scroll(by);
    }
    if !matches!(model.mode, Mode::Browse) {
        return Vec::new();
    }
    match mouse {
        Mouse::Scroll(by) => motion::step(model, by),
        Mouse::Press(column, row) => {
            let tree = layout(model.size).tree;
            if !tree.contains((column, row).into()) {
                return Vec::new();
            }
            let line = usize::from(row - tree.y);
            if let Some(at) = model.lines(tree.width).row_at(model.top, line) {
                motion::to_row(model, at);
                let again = model
                    .pressed
                    .is_some_and(|(pressed, when)| pressed == at && model.now < when + DOUBLE_CLICK);
                model.pressed = Some((at, model.now));
                if again {
                    return editing::edit(model);
                }
            }
        }
    }
    Vec::new()
}

/// Goes where the one goes who is followed.
fn follow(model: &mut Model) {
    let Some(author) = model.following.filter(|_| matches!(model.mode, Mode::Browse)) else { return };
    let Some(place) = model.places.get(&author) else {
        let name = model.name_of(Doer::Other(author));
        model.following = None;
        return model.say(Level::Plain, format!("{name} is gone"));
    };
    // A look around is not undone at once: the cursor goes along when theirs moves on.
    let is_new = place.here != model.followed_to;
    if let Some(path) = place.here.clone().filter(|path| is_new && model.root().at(path).is_some()) {
        model.followed_to = Some(path.clone());
        motion::go(model, path);
    }
}

/// Keeps the cursor on a row that there is, and that row on the screen.
fn settle(model: &mut Model) {
    model.cursor = model.rows.shown(&model.snapshot.value, &model.cursor);
    let row = model.rows.find(&model.snapshot.value, &model.cursor).unwrap_or(0);
    let tree = layout(model.size).tree;
    model.top = model.lines(tree.width).top(model.top, row, usize::from(tree.height), MARGIN);
}

/// Tells the others where this person is, when that has changed.
fn presence(model: &mut Model) -> Option<Effect> {
    let now = Presence {
        name: model.options.name.clone(),
        path: Some(model.cursor.clone()),
        editing: matches!(model.mode, Mode::Edit(_)),
        color: model.options.color.map(|hue| hue.name().to_owned()),
    };
    if model.told.as_ref() == Some(&now) {
        return None;
    }
    model.told = Some(now.clone());
    Some(Effect::Presence(now))
}
