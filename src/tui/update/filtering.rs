//! Typing a jq filter, with what it gives beside the document at once.

use super::is_cancel;
use crate::document::Value;
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level};
use crate::tui::mode::Mode;
use crate::tui::model::Model;
use crate::tui::text::inert;
use crate::tui::viewer::{Subject, Viewer};

/// Bytes of a document that is not run through the filter with every pause of the typing: writing
/// it out takes longer than such a pause.
const FILTERED_ON_ENTER: usize = 4 << 20;

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let Mode::Jq(typed) = &mut model.mode else { return Vec::new() };
    if is_cancel(key) || (typed.line.text().is_empty() && Some(key) == Key::named("Backspace")) {
        model.notice = None;
        model.mode = Mode::Browse;
        return vec![Effect::StopJq];
    }
    if Some(key) == Key::named("Enter") {
        return choose(model);
    }
    let before = typed.line.text().to_owned();
    typed.line.press(key);
    if typed.line.text() == before { Vec::new() } else { retyped(model) }
}

pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let Mode::Jq(typed) = &mut model.mode else { return Vec::new() };
    typed.line.insert(text);
    retyped(model)
}

/// Runs what is typed now, in place of what was.
fn retyped(model: &mut Model) -> Vec<Effect> {
    model.notice = None;
    let is_long = model.snapshot.source.len() > FILTERED_ON_ENTER;
    let Mode::Jq(typed) = &mut model.mode else { return Vec::new() };
    typed.is_chosen = false;
    if typed.line.text().trim().is_empty() || is_long {
        typed.seen = None;
        return vec![Effect::StopJq];
    }
    let filter = typed.filter().to_owned();
    vec![Effect::Jq { filter, value: model.snapshot.value.clone(), is_typed: true }]
}

/// Goes about in what the filter gives now: others may have edited since it was typed.
fn choose(model: &mut Model) -> Vec<Effect> {
    let Mode::Jq(typed) = &mut model.mode else { return Vec::new() };
    let filter = typed.filter().to_owned();
    typed.is_chosen = true;
    model.say(Level::Plain, "the filter runs …   Esc stops it");
    vec![Effect::Jq { filter, value: model.snapshot.value.clone(), is_typed: false }]
}

/// The filter's outputs are here.
pub(super) fn done(model: &mut Model, filter: String, answer: Result<(Vec<Value>, bool), String>) {
    let Mode::Jq(typed) = &mut model.mode else { return };
    if typed.filter() != filter {
        return;
    }
    match answer {
        Err(reason) => {
            // Half a filter is nothing to be alarmed about.
            let level = if typed.is_chosen { Level::Error } else { Level::Plain };
            model.say(level, inert(&reason).into_owned());
        }
        Ok((mut outputs, is_cut)) => {
            let subject = Subject::Jq { filter, outputs: outputs.len(), is_cut };
            let value = match outputs.pop() {
                Some(only) if outputs.is_empty() => only,
                last => Value::array(outputs.into_iter().chain(last)),
            };
            let viewer = Viewer::new(subject, value);
            model.notice = None;
            if typed.is_chosen {
                model.mode = Mode::View(Box::new(viewer));
            } else {
                typed.seen = Some(viewer);
            }
        }
    }
}
