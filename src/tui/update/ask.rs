//! Questions that one key answers.

use super::{drafting, editing, is_cancel};
use crate::document::{Kind, Method, Value};
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level, SaveWanted};
use crate::tui::mode::{Mode, Question};
use crate::tui::model::Model;

pub(super) fn press(model: &mut Model, question: Question, key: Key) -> Vec<Effect> {
    model.notice = None;
    if is_cancel(key) {
        // A text of the person's own is not let go of by a key pressed in passing.
        if matches!(question, Question::BadText { .. }) {
            return Vec::new();
        }
        model.mode = Mode::Browse;
        return Vec::new();
    }
    let Some(answer) = Some(key.to_string()).filter(|answer| answer.len() == 1) else { return Vec::new() };
    match (question, answer.as_str()) {
        (Question::Quit, "s") if model.file.is_some() => {
            model.mode = Mode::Browse;
            vec![Effect::Save(SaveWanted { then_quit: true, ..SaveWanted::default() })]
        }
        (Question::Quit, "d") => vec![Effect::Quit],
        // Capitals: a save ends by itself, and what was typed meanwhile must not answer.
        (Question::NotSaved { wanted, .. }, "O") => {
            model.mode = Mode::Browse;
            vec![Effect::Save(SaveWanted { overwrite: true, ..wanted })]
        }
        (Question::NotSaved { can_reload: true, .. }, "R") => {
            model.mode = Mode::Browse;
            vec![Effect::Reload]
        }
        (Question::PasteText { text, .. }, "s") => {
            model.mode = Mode::Browse;
            editing::paste_value(model, Value::string(&text), "a string")
        }
        (Question::BadText { text, .. }, "e") => {
            model.mode = Mode::Browse;
            vec![Effect::External { text }]
        }
        (Question::BadText { .. }, "d") => {
            model.mode = Mode::Browse;
            model.external = None;
            Vec::new()
        }
        (Question::ChangeType, answer) => kind(answer).map_or_else(Vec::new, |kind| change_type(model, kind)),
        _ => Vec::new(),
    }
}

/// The kinds a value can be turned into, by their keys.
pub(in crate::tui) const KINDS: &[(&str, Kind)] = &[
    ("s", Kind::String),
    ("n", Kind::Number),
    ("b", Kind::Bool),
    ("z", Kind::Null),
    ("a", Kind::Array),
    ("m", Kind::Object),
];

fn kind(answer: &str) -> Option<Kind> {
    KINDS.iter().find(|(key, _)| *key == answer).map(|(_, kind)| *kind)
}

fn change_type(model: &mut Model, kind: Kind) -> Vec<Effect> {
    model.mode = Mode::Browse;
    let Some(value) = model.value_here() else { return Vec::new() };
    if value.kind() == kind {
        return Vec::new();
    }
    match editing::converted(value, kind) {
        Ok(value) => drafting::commit(model, vec![(model.cursor.clone(), Method::Set(value))]),
        Err(reason) => {
            model.say(Level::Error, reason);
            Vec::new()
        }
    }
}
