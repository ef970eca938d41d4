//! The document held against its schema.

use super::motion;
use crate::document::Path;
use crate::sync::VectorClock;
use crate::tui::draft::{Draft, Form, Purpose};
use crate::tui::keymap::Key;
use crate::tui::line::Line;
use crate::tui::message::{CheckWanted, Doer, Effect, Level};
use crate::tui::mode::{Mode, PageKind};
use crate::tui::model::Model;
use crate::tui::schema::{Schema, Violation};
use crate::tui::text::{count, inert, thousands};

/// A longer document is held against its schema in a process of its own, bytes.
const CHECKED_HERE: usize = 4 << 20;

/// Between two checks passes this many times as long as the last one took.
const PAUSE: u32 = 4;

/// Takes a schema in.
pub(super) fn take(model: &mut Model, schema: Result<Schema, String>) {
    match schema {
        Ok(schema) => {
            model.schema = Some(schema);
            (model.checking, model.checked) = (None, None);
            (model.violations, model.check_after) = (Vec::new(), model.now);
            model.say(Level::Plain, "the document is held against the schema; gs shows what breaks it");
        }
        Err(reason) => model.say(Level::Error, format!("no schema: {}", inert(&reason))),
    }
}

/// The wish to hold what is on the screen against the schema, when that was not done yet. One at
/// a time: what comes meanwhile is looked at together.
pub(super) fn wanted(model: &mut Model) -> Option<Effect> {
    let schema = model.schema.clone()?;
    let clock = &model.snapshot.clock;
    let is_early = model.checked.is_some() && model.now < model.check_after;
    if model.checking.is_some() || model.checked.as_ref() == Some(clock) || is_early {
        return None;
    }
    model.checking = Some((clock.clone(), model.now));
    let is_beside = model.snapshot.source.len() > CHECKED_HERE;
    Some(Effect::Check(CheckWanted { schema, snapshot: model.snapshot.clone(), is_beside }))
}

/// What breaks the schema is known.
pub(super) fn checked(model: &mut Model, clock: VectorClock, violations: Vec<Violation>) {
    let Some((_, began)) = model.checking.take_if(|(checking, _)| *checking == clock) else { return };
    let took = model.now.saturating_sub(began);
    model.check_after = model.now + took * PAUSE;
    model.checked = Some(clock);
    let before = std::mem::take(&mut model.violations);
    let news = violations.into_iter().map(|violation| {
        let known = before.iter().find(|(other, _)| *other == violation);
        let by = known.map_or_else(|| last_writer(model, &violation.path), |(_, by)| *by);
        (violation, by)
    });
    model.violations = news.collect();
    let mine = model
        .violations
        .iter()
        .find(|(violation, by)| *by == Some(Doer::Me) && !before.iter().any(|(other, _)| other == violation));
    if let Some((violation, _)) = mine {
        let told = format!("the schema says: {}", violation.told);
        model.say(Level::Warning, told);
    }
}

/// How things stand with the schema, in words, and whether that is well; nothing without one.
pub(in crate::tui) fn told(model: &Model) -> Option<(bool, String)> {
    model.schema.as_ref()?;
    let is_current = model.checked.as_ref() == Some(&model.snapshot.clock);
    // What is on the screen may be newer than what was checked.
    let still = if is_current { "" } else { " …" };
    Some(match model.violations.len() {
        0 => (true, format!("{} schema", if is_current { "✓" } else { "…" })),
        number => (false, format!("✗ {} against the schema{still}", thousands(number))),
    })
}

/// Who last wrote at a place, around it or inside it, as far as that was seen here.
fn last_writer(model: &Model, path: &Path) -> Option<Doer> {
    let wrote = |other: &Path| other.contains(path) || path.contains(other);
    let entry = model.history.iter().rev().find(|entry| entry.path.as_ref().is_some_and(wrote))?;
    Some(entry.doer)
}

/// Opens the list of what breaks the schema.
pub(super) fn show(model: &mut Model) {
    match (&model.schema, model.violations.len()) {
        (None, _) => model.say(Level::Warning, "there is no schema; :schema FILE reads one"),
        (Some(_), 0) => model.say(Level::Plain, "the schema allows all of it"),
        (Some(_), _) => model.mode = Mode::Page(PageKind::Violations, 0),
    }
}

/// Goes to a place that breaks the schema.
pub(super) fn go_to(model: &mut Model, chosen: usize) {
    let chosen = chosen.min(model.violations.len().saturating_sub(1));
    let Some((violation, _)) = model.violations.get(chosen) else { return };
    let (path, told) = (violation.path.clone(), violation.told.clone());
    model.mode = Mode::Browse;
    if model.snapshot.value.at(&path).is_some() {
        motion::jump(model, path);
    }
    model.say(Level::Warning, told);
}

/// Completes what is typed by what the schema lists, with every Tab by the next. Whether it was
/// that key.
pub(super) fn complete(schema: Option<&Schema>, draft: &mut Draft, key: Key) -> bool {
    if Some(key) != Key::named("Tab") {
        return false;
    }
    let Some(schema) = schema else {
        draft.error = Some("Tab completes by a schema, and there is none; :schema FILE reads one".to_owned());
        return true;
    };
    let listed = candidates(schema, draft);
    let typed = draft.completing.clone().unwrap_or_else(|| draft.line.text().to_owned());
    let fitting: Vec<&String> = listed.iter().filter(|candidate| candidate.starts_with(&typed)).collect();
    let at = fitting.iter().position(|candidate| *candidate == draft.line.text());
    let next = at.map_or(0, |at| (at + 1) % fitting.len().max(1));
    match fitting.get(next) {
        Some(candidate) => {
            draft.line = Line::new((*candidate).clone());
            draft.completing = Some(typed);
            if fitting.len() > 1 {
                draft.told =
                    Some(format!("{} of {}; Tab: the next", next + 1, count(fitting.len(), "possibility")));
            }
        }
        None => draft.error = Some("the schema lists nothing that begins like this".to_owned()),
    }
    true
}

fn candidates(schema: &Schema, draft: &Draft) -> Vec<String> {
    let plain = |values: Vec<String>| -> Vec<String> {
        if draft.form != Form::Text {
            return values;
        }
        let said = |value: String| {
            crate::document::parse(&value).ok()?.as_text().map(|text| text.plain().into_owned())
        };
        values.into_iter().filter_map(said).collect()
    };
    match &draft.purpose {
        Purpose::NewKey => {
            let taken = draft.base.value.at(&draft.path);
            let is_free = |key: &String| taken.is_none_or(|map| map.key(&key.as_str().into()).is_none());
            schema.keys(&draft.path).into_iter().filter(is_free).collect()
        }
        Purpose::Rename => draft.path.parent().map_or_else(Vec::new, |map| schema.keys(&map)),
        Purpose::Value => plain(schema.values(&draft.path)),
        Purpose::NewEntry(key) => {
            plain(schema.values(&draft.path.child(crate::document::Step::Key(key.clone()))))
        }
        Purpose::NewElement(at) => plain(schema.values(&draft.path.index(*at))),
    }
}
