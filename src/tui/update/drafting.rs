//! Typing a value or a key.

use super::{is_cancel, motion, schema};
use crate::document::{Method, Path};
use crate::sync::Snapshot;
use crate::tui::draft::{Draft, Purpose};
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level};
use crate::tui::mode::Mode;
use crate::tui::model::Model;

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let Mode::Edit(mut draft) = std::mem::replace(&mut model.mode, Mode::Browse) else { return Vec::new() };
    model.notice = None;
    if is_cancel(key) {
        return Vec::new();
    }
    if Some(key) == Key::named("Enter") {
        return finish(model, draft);
    }
    (draft.error, draft.told) = (None, None);
    if schema::complete(model.schema.as_ref(), &mut draft, key) {
        model.mode = Mode::Edit(draft);
        return Vec::new();
    }
    draft.completing = None;
    if Some(key) == Key::named("Ctrl-t") {
        draft.error = draft.switch_form().err();
    } else {
        draft.line.press(key);
    }
    model.mode = Mode::Edit(draft);
    Vec::new()
}

fn finish(model: &mut Model, mut draft: Draft) -> Vec<Effect> {
    match attempt(model, &draft) {
        Ok(effects) => effects,
        Err(reason) => {
            draft.error = Some(reason);
            model.mode = Mode::Edit(draft);
            Vec::new()
        }
    }
}

fn attempt(model: &mut Model, draft: &Draft) -> Result<Vec<Effect>, String> {
    if draft.purpose == Purpose::NewKey && draft.here.is_some() {
        model.mode = Mode::Edit(draft.key_done()?);
        return Ok(Vec::new());
    }
    let (outcome, base, from) = match &draft.here {
        // The person was told that somebody else wrote here, and goes on: this is an answer to
        // that, not an edit beside it.
        Some(here) if draft.was_replaced => {
            (draft.on(&model.snapshot, here).finish()?, &model.snapshot, here)
        }
        Some(here) => (draft.finish()?, &draft.base, here),
        None => (Some(draft.put_back(&model.snapshot.value)?), &model.snapshot, &draft.around),
    };
    let Some(outcome) = outcome else { return Ok(Vec::new()) };
    let clock = base.clock.clone();
    let from =
        if draft.purpose == Purpose::Rename { from.parent().unwrap_or_default() } else { from.clone() };
    let target = outcome.then.into_iter().fold(from, |path, step| path.child(step));
    model.go_when_there = Some(target);
    model.committing = Some(Mode::Edit(draft.clone()));
    let group = model.new_group();
    Ok(vec![Effect::Edit { base: clock, group, edits: outcome.edits }])
}

/// Makes edits on what is on the screen now.
pub(super) fn commit(model: &mut Model, edits: Vec<(Path, Method)>) -> Vec<Effect> {
    let group = model.new_group();
    vec![Effect::Edit { base: model.snapshot.clock.clone(), group, edits }]
}

/// Makes edits on what was on the screen when they were begun.
pub(super) fn commit_on(model: &mut Model, base: &Snapshot, edits: Vec<(Path, Method)>) -> Vec<Effect> {
    let group = model.new_group();
    vec![Effect::Edit { base: base.clock.clone(), group, edits }]
}

/// The edit was made.
pub(super) fn edited(model: &mut Model) {
    model.committing = None;
    model.go_when_there = None;
}

/// The edit was refused: back to typing it, with the reason. What was begun on a version that is
/// forgotten goes on from the one on the screen.
pub(super) fn refused(model: &mut Model, reason: String, is_stale: bool) {
    model.go_when_there = None;
    match model.committing.take() {
        Some(Mode::Edit(mut draft)) if matches!(model.mode, Mode::Browse) => {
            if let Some(here) = draft.here.clone().filter(|_| is_stale) {
                draft = draft.on(&model.snapshot, &here);
            }
            draft.error = Some(reason);
            model.mode = Mode::Edit(draft);
        }
        Some(Mode::Command(line, base)) if matches!(model.mode, Mode::Browse) => {
            model.say(Level::Error, reason);
            model.mode = Mode::Command(line, if is_stale { model.snapshot.clone() } else { base });
        }
        _ => model.say(Level::Error, reason),
    }
}

/// Goes where the last edit led, once it is there.
pub(super) fn arrive(model: &mut Model) {
    if let Some(path) = model.go_when_there.clone()
        && model.snapshot.value.at(&path).is_some()
    {
        motion::go(model, path);
        model.go_when_there = None;
    }
}
