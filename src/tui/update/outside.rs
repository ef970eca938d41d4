//! A value in the hands of the person's own editor, and back.

use super::drafting;
use crate::document::{Method, Path, Style, Value, diff, parse};
use crate::tui::message::{Effect, Level};
use crate::tui::model::{External, Mode, Model, Question};
use crate::tui::text::{count, inert};

/// Hands the value under the cursor over, as text in the document's own style.
pub(super) fn hand_over(model: &mut Model) -> Result<Vec<Effect>, String> {
    let value = model.value_here().ok_or("there is nothing here")?;
    let style =
        Style { byte_order_mark: false, final_newline: true, ..Style::detect(&model.snapshot.source) };
    let text = value.pretty(&style);
    model.external = Some(External { base: model.snapshot.clone(), path: model.cursor.clone() });
    Ok(vec![Effect::External { text }])
}

/// The editor has ended.
pub(super) fn returned(model: &mut Model, text: Result<String, String>) -> Vec<Effect> {
    let Some(external) = model.external.clone() else { return Vec::new() };
    let text = match text {
        Ok(text) => text,
        Err(reason) => {
            model.external = None;
            model.say(Level::Error, format!("nothing was changed: {}", inert(&reason)));
            return Vec::new();
        }
    };
    match parse(&text) {
        Err(error) => {
            let reason = format!("line {}, column {}: {}", error.line, error.column, inert(&error.reason));
            model.mode = Mode::Ask(Question::BadText { text, reason });
            Vec::new()
        }
        Ok(value) => take_in(model, &external, &value),
    }
}

/// Makes the smallest edits that lead to what the person wrote, on what they were shown.
fn take_in(model: &mut Model, external: &External, value: &Value) -> Vec<Effect> {
    model.external = None;
    let Some(old) = external.base.value.at(&external.path) else { return Vec::new() };
    let edits: Vec<(Path, Method)> = diff(old, value)
        .into_iter()
        .map(|(path, method)| {
            (path.steps().iter().fold(external.path.clone(), |path, step| path.child(step.clone())), method)
        })
        .collect();
    if edits.is_empty() {
        model.say(Level::Plain, "nothing was changed");
        return Vec::new();
    }
    model.say(Level::Plain, format!("{} from your editor; u takes them back", count(edits.len(), "edit")));
    drafting::commit_on(model, &external.base, edits)
}
