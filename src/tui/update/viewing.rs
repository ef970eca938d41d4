//! Looking at trees beside the live one: what a filter gave, and earlier versions.

use std::sync::Arc;

use super::is_cancel;
use crate::document::{Path, Value, diff};
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level, Moment};
use crate::tui::mode::{Mode, PageKind};
use crate::tui::model::Model;
use crate::tui::text::{count, inert};
use crate::tui::view::viewer_size;
use crate::tui::viewer::{Subject, Viewer};

/// A version is here.
pub(super) fn version(model: &mut Model, subject: Subject, value: Value) {
    model.notice = None;
    match &mut model.mode {
        Mode::View(viewer) if matches!(viewer.subject, Subject::Version { .. }) => {
            viewer.show(subject, value);
        }
        Mode::Browse | Mode::Page(..) => {
            let mut viewer = Viewer::new(subject, model.snapshot.value.clone());
            viewer.rows = model.rows.clone();
            viewer.row = model.rows.find(&model.snapshot.value, &model.cursor).unwrap_or(0);
            viewer.top = model.top;
            let subject = viewer.subject.clone();
            viewer.show(subject, value);
            model.mode = Mode::View(Box::new(viewer));
        }
        // The person has gone on to something else.
        Mode::Edit(_)
        | Mode::Find(_)
        | Mode::Command(..)
        | Mode::Jq(_)
        | Mode::View(_)
        | Mode::Read(_)
        | Mode::Ask(_)
        | Mode::Menu(_)
        | Mode::Conflicts(_) => {}
    }
}

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let page = super::page_height(model);
    let Mode::View(viewer) = &mut model.mode else { return Vec::new() };
    model.notice = None;
    let name = key.to_string();
    let last = viewer.rows.count() - 1;
    match name.as_str() {
        "j" | "Down" => viewer.row += 1,
        "k" | "Up" => viewer.row = viewer.row.saturating_sub(1),
        "PgDn" | "Ctrl-d" => viewer.row += page,
        "PgUp" | "Ctrl-u" => viewer.row = viewer.row.saturating_sub(page),
        "g" | "Home" => viewer.row = 0,
        "G" | "End" => viewer.row = last,
        "Space" | "Enter" => fold(viewer, None),
        "l" | "Right" | "+" => fold(viewer, Some(true)),
        "h" | "Left" | "-" => fold(viewer, Some(false)),
        "[" | "]" | "D" | "m" => return travel(model, &name),
        "y" => return copy(model),
        "q" => model.mode = Mode::Browse,
        _ if is_cancel(key) => model.mode = Mode::Browse,
        _ => {}
    }
    if let Mode::View(viewer) = &mut model.mode {
        viewer.settle(model.look, viewer_size(model.size));
    }
    Vec::new()
}

fn here(viewer: &Viewer) -> Path {
    viewer.rows.at(&viewer.value, viewer.row).unwrap_or_default()
}

/// Opens, closes, or does the other of the two.
fn fold(viewer: &mut Viewer, open: Option<bool>) {
    let path = here(viewer);
    let is_open = viewer.rows.is_open(&viewer.value, &path);
    let open = open.unwrap_or(!is_open);
    let is_hollow = viewer.value.at(&path).is_none_or(Value::is_empty);
    if !open && (!is_open || is_hollow) {
        let parent = path.parent().unwrap_or_default();
        viewer.row = viewer.rows.find(&viewer.value, &parent).unwrap_or(0);
    } else {
        viewer.rows.set_open(&viewer.value, &path, open);
    }
}

/// To an earlier or later version, or what lies between this one and another.
fn travel(model: &mut Model, key: &str) -> Vec<Effect> {
    let Mode::View(viewer) = &model.mode else { return Vec::new() };
    let Subject::Version { count: at, of, .. } = viewer.subject else { return Vec::new() };
    match key {
        "[" if at > 0 => vec![Effect::Version(Moment::Count(at - 1))],
        "]" if at < of => vec![Effect::Version(Moment::Count(at + 1))],
        "m" => {
            model.moment = Some((at, viewer.value.clone()));
            model.say(
                Level::Plain,
                format!("version {at} is remembered; D in another shows what lies between"),
            );
            Vec::new()
        }
        "D" => {
            let (told, from, to) = match &model.moment {
                Some((other, value)) if *other != at => {
                    let (value, this) = (value.clone(), viewer.value.clone());
                    if *other < at {
                        (format!("from version {other} to {at}"), value, this)
                    } else {
                        (format!("from version {at} to {other}"), this, value)
                    }
                }
                _ => {
                    (format!("from version {at} to now"), viewer.value.clone(), model.snapshot.value.clone())
                }
            };
            let edits = diff(&from, &to);
            if edits.is_empty() {
                model.say(Level::Plain, format!("{told}: no difference"));
            } else {
                model.mode = Mode::Page(PageKind::Compared(told, Arc::new(edits)), 0);
            }
            Vec::new()
        }
        _ => {
            let told = if key == "[" {
                "this is as far back as is remembered"
            } else {
                "this is the newest version"
            };
            model.say(Level::Plain, told);
            Vec::new()
        }
    }
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let Mode::View(viewer) = &model.mode else { return Vec::new() };
    let Some(value) = viewer.value.at(&here(viewer)).cloned() else { return Vec::new() };
    super::pages::copy_values(model, vec![(None, value)])
}

/// What a tree to look at is, in words.
pub(in crate::tui) fn title(subject: &Subject) -> String {
    match subject {
        Subject::Jq { filter, outputs, is_cut } => {
            let more = if *is_cut { ", and more" } else { "" };
            format!("| {}   {}{more}", inert(filter), count(*outputs, "output"))
        }
        Subject::Version { count, of, told } => format!("version {count} of {of}   {}", inert(told)),
    }
}
