//! A value in the hands of the person's own editor, and back.

use super::drafting;
use crate::document::{Method, Path, Style, Value, diff, parse};
use crate::tui::draft::Draft;
use crate::tui::line::Line;
use crate::tui::message::{Effect, Level};
use crate::tui::mode::{Mode, Question};
use crate::tui::model::Model;
use crate::tui::text::{count, inert};

/// Hands the value under the cursor over, as text in the document's own style.
pub(super) fn hand_over(model: &mut Model) -> Result<Vec<Effect>, String> {
    let value = model.value_here().ok_or("there is nothing here")?;
    let style =
        Style { byte_order_mark: false, final_newline: true, ..Style::detect(&model.snapshot.source) };
    let text = value.pretty(&style);
    model.external = Some(Draft::of_external(&model.snapshot, &model.cursor));
    Ok(vec![Effect::External { text }])
}

/// The editor has ended.
pub(super) fn returned(model: &mut Model, text: Result<String, String>) -> Vec<Effect> {
    let Some(mut draft) = model.external.take() else { return Vec::new() };
    let text = match text {
        Ok(text) => text,
        Err(reason) => {
            model.say(Level::Error, format!("nothing was changed: {}", inert(&reason)));
            return Vec::new();
        }
    };
    match parse(&text) {
        Err(error) => {
            let reason = format!("line {}, column {}: {}", error.line, error.column, inert(&error.reason));
            model.external = Some(draft);
            model.mode = Mode::Ask(Question::BadText { text, reason });
            Vec::new()
        }
        Ok(value) if draft.base.value.at(&draft.path) == Some(&value) => {
            model.say(Level::Plain, "nothing was changed");
            Vec::new()
        }
        // Somebody has deleted it or set it anew: the person decides, as with any other draft.
        Ok(_) if draft.here.is_none() || draft.was_replaced => {
            draft.line = Line::new(text.trim_end());
            model.mode = Mode::Edit(draft);
            Vec::new()
        }
        Ok(value) => take_in(model, &draft, &value),
    }
}

/// Makes the smallest edits that lead to what the person wrote, on what they were shown.
fn take_in(model: &mut Model, external: &Draft, value: &Value) -> Vec<Effect> {
    let Some(old) = external.base.value.at(&external.path) else { return Vec::new() };
    let edits: Vec<(Path, Method)> = diff(old, value)
        .into_iter()
        .map(|(path, method)| {
            (path.steps().iter().fold(external.path.clone(), |path, step| path.child(step.clone())), method)
        })
        .collect();
    if edits.is_empty() {
        model.say(
            Level::Plain,
            "only the order of keys was changed, and maps keep the one in which they came",
        );
        return Vec::new();
    }
    model.say(Level::Plain, format!("{} from your editor; u takes them back", count(edits.len(), "edit")));
    drafting::commit_on(model, &external.base, edits)
}
