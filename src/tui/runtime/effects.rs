//! What the model wants done outside.

use std::path::{Component, PathBuf};
use std::time::Duration;

use super::Editor;
use crate::document::{Text, Value};
use crate::room::RoomError;
use crate::sync::EditError;
use crate::tui::clipboard::Desktop;
use crate::tui::message::{CheckWanted, Effect, Level, Moment, Msg};
use crate::tui::outside;
use crate::tui::runtime::Exit;
use crate::tui::schema::{Schema, unchecked};
use crate::tui::text::{clip, inert};
use crate::tui::viewer::Subject;

/// Columns of a copied text in the notice about it.
const COPIED_COLUMNS: usize = 60;

/// How long no key must have come for a filter that is being typed to run.
const TYPING_PAUSE: Duration = Duration::from_millis(150);

/// What a text that cannot be copied can be done with instead.
const INSTEAD: &str = "E shows it in your own editor";

impl Editor {
    /// Does what is wanted.
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Edit { base, group, edits } => {
                let edit = |(path, method)| self.room.edit(Some(&base), group, path, method).map(drop);
                let made = edits.into_iter().try_for_each(edit);
                self.pump();
                self.take(made.map_or_else(|error| refused(&error), |()| Msg::Edited));
            }
            Effect::Undo => {
                let undone = self.room.undo();
                self.pump();
                self.take(Msg::Undone { redo: false, undone });
            }
            Effect::Redo => {
                let undone = self.room.redo();
                self.pump();
                self.take(Msg::Undone { redo: true, undone });
            }
            Effect::Save(wanted) => {
                let refused = self.files.save(self.model.snapshot.clone(), wanted);
                if let Some(message) = refused {
                    self.take(message);
                }
            }
            Effect::Reload => {
                let now = self.model.snapshot.clone();
                self.read(move |value| Msg::reloaded(value, &now));
            }
            Effect::MergeFile => {
                let now = self.model.snapshot.clone();
                let known = self.model.file.as_ref().and_then(|file| file.value.clone());
                self.read(move |value| Msg::rewritten(value, known.as_ref(), &now));
            }
            Effect::Compare => {
                let now = self.model.snapshot.value.clone();
                self.read(move |value| Msg::compared(&value, &now));
            }
            Effect::Copy { what, text } => self.copy(what, text),
            Effect::CopyLong { what, value } => self.copy_long(what, value),
            Effect::Paste => self.paste(),
            Effect::Presence(presence) => self.presence = Some(presence),
            Effect::Conflicts { are_shown } => {
                let (room, later) = (self.room.clone(), self.later.clone());
                tokio::task::spawn_blocking(move || {
                    let (conflicts, lost) = (room.conflicts(), room.lost_edits());
                    later.blocking_send(Msg::Conflicts { conflicts, lost, are_shown })
                });
            }
            Effect::External { text } => self.external = Some(text),
            Effect::Jq { filter, value, is_typed } => self.run_filter(filter, value, is_typed),
            Effect::StopJq => {
                if let Some(filter) = self.filter.take() {
                    filter.abort();
                }
            }
            Effect::Schema(path) => self.read_schema(path),
            Effect::Check(wanted) => self.check(wanted),
            Effect::Version(moment) => self.version(moment),
            Effect::Mouse(taken) => {
                if let Err(error) = self.screen.mouse(taken) {
                    self.take(Msg::Notice(Level::Error, format!("the terminal failed: {error}")));
                }
            }
            Effect::Suspend => {
                if let Err(error) = self.screen.suspend() {
                    self.take(Msg::Notice(Level::Error, format!("cannot stop: {error}")));
                }
            }
            Effect::Quit => self.exit = Some(Exit::Quit),
        }
    }

    fn read(&mut self, then: impl FnOnce(Value) -> Msg + Send + 'static) {
        if let Some(message) = self.files.read(then) {
            self.take(message);
        }
    }

    /// Hands a text to the terminal's clipboard, and to the desktop's where there is one. What
    /// the terminal does with it nobody can know; the desktop answers.
    fn copy(&mut self, what: String, text: String) {
        let shown = clip(&inert(start(&text)), COPIED_COLUMNS).into_owned();
        let asked = match self.screen.copy(&text) {
            Ok(Some(through)) => Ok(format!("asked {through} to copy {what}")),
            Ok(None) => Err(format!("too long for the terminal's clipboard ({} kB)", text.len() >> 10)),
            Err(error) => Err(error.to_string()),
        };
        let is_asked = asked.is_ok();
        self.take(match asked {
            Ok(told) => Msg::Notice(Level::Plain, format!("{told}: {shown}")),
            Err(reason) => Msg::Notice(Level::Error, format!("not copied: {reason}; {INSTEAD}")),
        });
        if !Desktop::is_there() {
            return;
        }
        let (desktop, later) = (self.desktop.clone(), self.later.clone());
        tokio::task::spawn_blocking(move || {
            let message = match desktop.copy(text) {
                Ok(()) => {
                    let too = if is_asked { ", and asked the terminal" } else { "" };
                    let told = format!("copied {what} to the desktop's clipboard{too}: {shown}");
                    Msg::Notice(Level::Plain, told)
                }
                Err(reason) if is_asked => {
                    let told = format!(
                        "the desktop's clipboard did not take it ({reason}); asked the terminal to copy {what}"
                    );
                    Msg::Notice(Level::Warning, told)
                }
                Err(reason) => Msg::Notice(Level::Error, format!("not copied: {reason}; {INSTEAD}")),
            };
            let _ = later.blocking_send(message);
        });
    }

    /// Hands a value whose text is long to the desktop's clipboard, beside.
    fn copy_long(&mut self, what: String, value: Value) {
        let failed = |reason: &str| {
            let told = format!("not copied but for pasting here: {reason}; {INSTEAD}");
            Msg::Notice(Level::Warning, told)
        };
        if !Desktop::is_there() {
            return self.take(failed("too long for the terminal's clipboard"));
        }
        let (desktop, later) = (self.desktop.clone(), self.later.clone());
        tokio::task::spawn_blocking(move || {
            let message = match desktop.copy(value.to_string()) {
                Ok(()) => Msg::Notice(Level::Plain, format!("copied {what} to the desktop's clipboard")),
                Err(reason) => failed(&reason),
            };
            let _ = later.blocking_send(message);
        });
    }

    /// Holds a version against the schema, beside. One check at a time: a new one ends the last.
    fn check(&mut self, wanted: CheckWanted) {
        let later = self.later.clone();
        let running = tokio::spawn(async move {
            let CheckWanted { schema, snapshot, is_beside } = wanted;
            let value = snapshot.value;
            let (rules, checked) = (schema.clone(), value.clone());
            let here = async { tokio::task::spawn_blocking(move || rules.violations(&checked)).await };
            let found = if is_beside { None } else { here.await.ok().and_then(Result::ok) };
            let violations = match found {
                Some(found) => found,
                // Long, or deep, or it has ended the thread.
                None => outside::violations(&schema, &value)
                    .await
                    .unwrap_or_else(|reason| vec![unchecked(&reason)]),
            };
            let _ = later.send(Msg::Checked { clock: snapshot.clock, violations }).await;
        });
        if let Some(before) = self.check.replace(running.abort_handle()) {
            before.abort();
        }
    }

    /// Reads the desktop's clipboard, beside.
    fn paste(&self) {
        let (desktop, later) = (self.desktop.clone(), self.later.clone());
        tokio::task::spawn_blocking(move || later.blocking_send(Msg::Clipboard(desktop.text())));
    }

    /// Makes a version again, beside.
    fn version(&self, moment: Moment) {
        let room = self.room.clone();
        let me = self.room.author();
        let later = self.later.clone();
        let names = self.model.names.clone();
        tokio::task::spawn_blocking(move || {
            let changes = room.history();
            let of = changes.len();
            let at = match moment {
                Moment::BeforeLast => of.saturating_sub(1),
                Moment::Count(count) => count.min(of),
                Moment::Before(id) => changes.iter().position(|change| change.id() == id).unwrap_or(0),
            };
            let (count, value) = room.version(at);
            let last = count.checked_sub(1).and_then(|last| changes.get(last));
            let told = last.map_or_else(
                || "where the history begins".to_owned(),
                |change| {
                    let unknown = || format!("author {}", change.author.member());
                    let name = names.get(&change.author.member()).cloned().unwrap_or_else(unknown);
                    let name = if change.author.member() == me { "you".to_owned() } else { name };
                    format!("after {name} {} {}", change.method.name(), change.path.to_jq())
                },
            );
            let _ =
                later.blocking_send(Msg::Version { subject: Subject::Version { count, of, told }, value });
        });
    }

    /// Reads a schema, beside.
    pub(super) fn read_schema(&self, path: PathBuf) {
        let later = self.later.clone();
        tokio::task::spawn_blocking(move || later.blocking_send(Msg::Schema(Schema::load(&path))));
    }

    /// The schema that was asked for, else the one beside the room's own file that the document
    /// names. A name that leads elsewhere is not followed: others may have written it.
    pub(super) fn schema_named(&self) -> Option<PathBuf> {
        if let Some(path) = &self.model.options.schema {
            return Some(path.clone());
        }
        let folder = self.model.file.as_ref()?.path.parent()?;
        let named = self.model.snapshot.value.key(&Text::new("$schema"))?.as_text()?.plain().into_owned();
        let mut parts = std::path::Path::new(&named).components();
        let is_below =
            !named.is_empty() && parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let path = folder.join(&named);
        (is_below && path.is_file()).then_some(path)
    }

    /// Runs a jq filter, beside.
    fn run_filter(&mut self, filter: String, value: Value, is_typed: bool) {
        let later = self.later.clone();
        let running = tokio::spawn(async move {
            if is_typed {
                tokio::time::sleep(TYPING_PAUSE).await;
            }
            let answer = outside::jq(&filter, &value).await;
            let _ = later.send(Msg::Jq { filter, answer }).await;
        });
        if let Some(before) = self.filter.replace(running.abort_handle()) {
            before.abort();
        }
    }
}

fn refused(error: &RoomError) -> Msg {
    let is_stale = matches!(error, RoomError::Edit(EditError::Base));
    Msg::EditRefused { reason: error.to_string(), is_stale }
}

/// As much of a text as could show in a notice.
fn start(text: &str) -> &str {
    let end = text.char_indices().nth(4 * COPIED_COLUMNS).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}
