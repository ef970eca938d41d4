//! Pages to read, the list of conflicts, and what is copied out.

use std::sync::Arc;

use super::{is_cancel, motion};
use crate::document::{Step, Text, Value, diff};
use crate::tui::action::Copied;
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level, Moment};
use crate::tui::mode::{Mode, PageKind};
use crate::tui::model::Model;
use crate::tui::text::written_within;

/// Where a key scrolls to from a line, if it does.
fn scrolled(from: usize, key: Key, page: usize) -> Option<usize> {
    Some(match key.to_string().as_str() {
        "Down" => from + 1,
        "Up" => from.saturating_sub(1),
        "PgDn" => from + page,
        "PgUp" => from.saturating_sub(page),
        "Home" => 0,
        _ => return None,
    })
}

pub(super) fn press_page(model: &mut Model, key: Key) -> Vec<Effect> {
    if let Mode::Page(PageKind::History, chosen) = model.mode
        && let Some(effects) = press_history(model, chosen, key)
    {
        return effects;
    }
    if let Mode::Page(PageKind::Violations, chosen) = model.mode
        && Some(key) == Key::named("Enter")
    {
        super::schema::go_to(model, chosen);
        return Vec::new();
    }
    let page = super::page_height(model);
    let Mode::Page(_, top) = &mut model.mode else { return Vec::new() };
    let key_name = match key.to_string().as_str() {
        "j" => "Down",
        "k" => "Up",
        _ => "",
    };
    if let Some(scrolled) = scrolled(*top, Key::named(key_name).unwrap_or(key), page) {
        *top = scrolled;
    } else if is_cancel(key) || matches!(key.to_string().as_str(), "q" | "Enter") {
        model.mode = Mode::Browse;
    }
    Vec::new()
}

/// What a key does with the chosen change; nothing when it has no meaning of its own there.
fn press_history(model: &mut Model, chosen: usize, key: Key) -> Option<Vec<Effect>> {
    let last = model.history.len().saturating_sub(1);
    if let Mode::Page(_, chosen) = &mut model.mode {
        *chosen = (*chosen).min(last);
    }
    let entry = model.history.iter().rev().nth(chosen.min(last))?;
    let (path, id) = (entry.path.clone(), entry.id);
    match key.to_string().as_str() {
        "Enter" => {
            let path = path?;
            model.mode = Mode::Browse;
            // What is gone leads to what was around it.
            let mut there = Some(path);
            while let Some(path) = there {
                if model.snapshot.value.at(&path).is_some() {
                    motion::jump(model, path);
                    break;
                }
                there = path.parent();
            }
            Some(Vec::new())
        }
        "t" => Some(vec![Effect::Version(Moment::Before(id?))]),
        "u" => {
            model.mode = Mode::Browse;
            Some(vec![Effect::Undo])
        }
        _ => None,
    }
}

/// Copies something of what is under the cursor.
pub(super) fn copy(model: &mut Model, what: Copied, times: usize) -> Vec<Effect> {
    let Some(value) = model.value_here().cloned() else { return Vec::new() };
    let last = model.cursor.steps().last().cloned();
    let (what, text) = match what {
        Copied::Key => match &last {
            Some(Step::Key(key)) => ("the key", key.plain().into_owned()),
            Some(Step::Index(at)) => ("the position", at.to_string()),
            None => ("the key of the root, which is empty", String::new()),
        },
        Copied::JqPath => ("the jq path", model.cursor.to_jq()),
        Copied::Pointer => ("the JSON Pointer", model.cursor.to_pointer()),
        Copied::Text => {
            let Some(text) = value.as_text() else {
                model.say(
                    Level::Error,
                    format!("this is a {}, not a string; yy copies it as JSON", value.kind()),
                );
                return Vec::new();
            };
            ("the string", text.plain().into_owned())
        }
        Copied::Invitation => ("the command that others join with", model.options.join_command.clone()),
        Copied::Value => {
            let paths = super::editing::taken(model, times);
            let entries = super::editing::entries(model, &paths);
            model.marked.clear();
            return copy_values(model, entries);
        }
    };
    vec![Effect::Copy { what: what.to_owned(), text }]
}

/// Copies values, for pasting here and elsewhere: several as an array.
pub(super) fn copy_values(model: &mut Model, entries: Vec<(Option<Text>, Value)>) -> Vec<Effect> {
    let (what, value) = match entries.as_slice() {
        [(_, only)] => ("the value".to_owned(), only.clone()),
        many => {
            let all = Value::array(many.iter().map(|(_, value)| value.clone()));
            (format!("{} values", many.len()), all)
        }
    };
    model.register = entries;
    vec![match written_within(&value, AT_ONCE) {
        Some(text) => Effect::Copy { what, text },
        None => Effect::CopyLong { what, value },
    }]
}

/// Bytes of a value that is made a text at once.
const AT_ONCE: usize = 1 << 20;

/// Shows how the document differs from what the file says.
pub(super) fn compare(model: &mut Model, on_disk: &Value) {
    let edits = diff(on_disk, &model.snapshot.value);
    if edits.is_empty() {
        let is_equal = *on_disk == model.snapshot.value;
        let told =
            if is_equal { "the file says what the document says" } else { "only the order of keys differs" };
        model.say(Level::Plain, told);
    } else {
        let told = "from the file on disk to the document".to_owned();
        model.mode = Mode::Page(PageKind::Compared(told, Arc::new(edits)), 0);
    }
}
