//! Reading the whole of a string.

use std::borrow::Cow;

use super::is_cancel;
use crate::document::{Text, Value};
use crate::tui::delta::{Delta, Followed};
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level};
use crate::tui::mode::Mode;
use crate::tui::model::Model;
use crate::tui::reader::Reader;
use crate::tui::view::viewer_size;

/// Opens what is under the cursor to be read.
pub(super) fn open(model: &mut Model) {
    let Some(value) = model.value_here() else { return };
    if value.is_container() {
        return model.say(Level::Warning, "a container is read in the tree: m shows it with its brackets");
    }
    let reader = Reader::new(model.cursor.clone(), &said(value));
    model.mode = Mode::Read(Box::new(reader));
}

/// What a scalar says.
fn said(value: &Value) -> Cow<'_, str> {
    value.as_text().map_or_else(|| Cow::Owned(value.to_string()), Text::plain)
}

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let (height, _) = viewer_size(model.size);
    let page = isize::try_from(height.max(2) - 1).unwrap_or(isize::MAX);
    let Mode::Read(reader) = &mut model.mode else { return Vec::new() };
    match key.to_string().as_str() {
        "j" | "Down" | "Enter" => reader.scroll(1),
        "k" | "Up" => reader.scroll(-1),
        "PgDn" | "Space" => reader.scroll(page),
        "PgUp" => reader.scroll(-page),
        "Ctrl-d" => reader.scroll(page / 2),
        "Ctrl-u" => reader.scroll(-page / 2),
        "g" | "Home" => reader.scroll(isize::MIN),
        "G" | "End" => reader.end(),
        "y" => {
            let text = reader.text().to_owned();
            return vec![Effect::Copy { what: "the text".to_owned(), text }];
        }
        "q" => model.mode = Mode::Browse,
        _ if is_cancel(key) => model.mode = Mode::Browse,
        _ => {}
    }
    Vec::new()
}

/// Wraps a piece more.
pub(super) fn work(model: &mut Model) {
    if let Mode::Read(reader) = &mut model.mode {
        reader.work();
    }
}

/// Keeps what is read on the screen.
pub(super) fn settle(model: &mut Model) {
    let size = viewer_size(model.size);
    if let Mode::Read(reader) = &mut model.mode {
        reader.settle(size);
    }
}

/// Keeps what is read in step with the document.
pub(super) fn follow(model: &mut Model, delta: &Delta) {
    let Mode::Read(reader) = &mut model.mode else { return };
    let Some(place) = reader.place.clone() else { return };
    let new = &model.snapshot.value;
    let there = match delta.follow(new, &place) {
        Followed::At(path) => Some(path),
        Followed::Gone(_) => None,
    };
    let value = there.as_ref().and_then(|path| new.at(path)).filter(|value| !value.is_container());
    let told = match value.map(said) {
        None => "this was deleted or replaced; what you read is how it was",
        Some(text) if text == reader.text() => "",
        Some(text) => {
            reader.take(&text);
            "this has just been changed"
        }
    };
    reader.place = there.filter(|_| value.is_some());
    if !told.is_empty() {
        model.say(Level::Warning, told);
    }
}
