//! What comes from outside: changes, people, answers to effects.

use std::sync::Arc;
use std::time::Duration;

use super::{disputes, drafting, filtering, motion, outside, pages, reading, schema, viewing};
use crate::document::{Method, Path, Value};
use crate::session::Person;
use crate::sync::{Author, Change, Snapshot, Undone};
use crate::tui::delta::{Delta, Followed, Place};
use crate::tui::draft::{Draft, Purpose};
use crate::tui::files::FileState;
use crate::tui::message::{Doer, Effect, FileNews, Level, Msg, SaveRemedy, SaveWanted, Saved};
use crate::tui::mode::{Mode, Question};
use crate::tui::model::{Flash, HISTORY_SHOWN, HistoryEntry, Model};
use crate::tui::rows::{child_at, position};
use crate::tui::text::{clip_start, count, inert};

/// How long a change by somebody else is marked.
const FLASH: Duration = Duration::from_millis(1_200);

/// Rows marked for one batch of changes.
const FLASHES: usize = 200;

/// Columns of a path inside a sentence.
const PATH_COLUMNS: usize = 30;

/// Takes in how effects ended and what is known of the others.
#[expect(clippy::wildcard_enum_match_arm, reason = "what the person does is taken in elsewhere")]
pub(super) fn take(model: &mut Model, message: Msg) -> Vec<Effect> {
    match message {
        Msg::People(people) => take_people(model, people),
        Msg::Status(status) => model.status = status,
        Msg::Transfers(transfers) => model.transfers = transfers,
        Msg::Edited => drafting::edited(model),
        Msg::EditRefused { reason, is_stale } => {
            drafting::refused(model, inert(&reason).into_owned(), is_stale);
        }
        Msg::Undone { redo, undone } => take_undone(model, redo, undone),
        Msg::Saved(saved) => return take_saved(model, saved),
        Msg::SaveFailed { reason, remedy, wanted } => {
            not_saved(model, inert(&reason).into_owned(), remedy, wanted);
        }
        Msg::External(text) => return outside::returned(model, text),
        Msg::Schema(read) => schema::take(model, read),
        Msg::Checked { clock, violations } => schema::checked(model, clock, violations),
        Msg::Jq { filter, answer } => filtering::done(model, filter, answer),
        Msg::Version { subject, value } => viewing::version(model, subject, value),
        Msg::Compared { edits, is_equal } => pages::compare(model, edits, is_equal),
        Msg::Reloaded(news) => return reload(model, *news),
        Msg::Rewritten(news) => return merge_file(model, *news),
        Msg::Conflicts { conflicts, lost, are_shown } => disputes::take(model, conflicts, lost, are_shown),
        _ => {}
    }
    Vec::new()
}

pub(super) fn changed(model: &mut Model, snapshot: Snapshot, changes: &[Arc<Change>]) {
    let old = std::mem::replace(&mut model.snapshot, snapshot);
    let new = model.snapshot.value.clone();
    let delta = Delta::between(&old.value, &new);
    let on_screen = model.rows.find(&old.value, &model.cursor).unwrap_or(0).saturating_sub(model.top);
    model.rows = std::mem::take(&mut model.rows).carried(&delta, &old.value, &new);
    follow_all(model, &delta, &old.value, &new);
    follow_draft(model, &delta, &old.value, changes);
    reading::follow(model, &delta);
    mark(model, &delta, changes);
    remember(model, &old.value, changes);
    disputes::arrived(model, changes);
    if let Some(file) = &mut model.file {
        file.compare(&model.snapshot);
    }
    model.touched = touched(model, &delta, changes);
    drafting::arrive(model);
    let row = model.rows.find(&new, &model.cursor).unwrap_or(0);
    model.top = row.saturating_sub(on_screen);
}

/// Keeps every remembered place on what it was on.
fn follow_all(model: &mut Model, delta: &Delta, old: &Value, new: &Value) {
    let follow = |path: &Path| match delta.follow(new, path) {
        Followed::At(path) => Some(path),
        Followed::Gone(_) => None,
    };
    model.cursor = match delta.follow(new, &model.cursor) {
        Followed::At(path) => path,
        Followed::Gone(around) => {
            let_go(model);
            neighbour(old, new, &model.cursor, &around)
        }
    };
    for jumps in [&mut model.jumps.back, &mut model.jumps.forward] {
        *jumps = jumps.iter().filter_map(follow).collect();
    }
    model.marked = model.marked.iter().filter_map(follow).collect();
    for place in model.places.values_mut() {
        place.here = place.here.as_ref().map(|path| match delta.follow(new, path) {
            Followed::At(path) | Followed::Gone(path) => path,
        });
    }
    model.flashes.retain_mut(|flash| match follow(&flash.path) {
        Some(path) => {
            flash.path = path;
            true
        }
        None => false,
    });
}

/// What was begun on the row under the cursor is not done to another one.
fn let_go(model: &mut Model) {
    model.pending.clear();
    model.count = None;
    if matches!(model.mode, Mode::Ask(Question::ChangeType)) {
        model.mode = Mode::Browse;
        model.say(Level::Warning, "what was here was deleted");
    }
}

/// What is now where something gone was: the next child, else the last, else the parent.
fn neighbour(old: &Value, new: &Value, gone: &Path, around: &Path) -> Path {
    let old_around: Path = gone.steps().iter().take(around.steps().len()).cloned().collect();
    let at = gone.steps().get(around.steps().len()).zip(old.at(&old_around));
    let at = at.and_then(|(step, parent)| position(parent, step)).unwrap_or(0);
    let parent = new.at(around);
    let last = parent.map_or(0, Value::len).saturating_sub(1);
    match parent.and_then(|parent| child_at(parent, at.min(last))) {
        Some((step, _)) => around.child(step),
        None => around.clone(),
    }
}

/// Keeps drafts on their places, and notes who has written or deleted there.
fn follow_draft(model: &mut Model, delta: &Delta, old: &Value, changes: &[Arc<Change>]) {
    let me = model.me;
    let typed = if let Mode::Edit(draft) = &mut model.mode { Some(draft) } else { None };
    let drafts = [typed, model.external.as_mut()];
    for draft in drafts.into_iter().flatten() {
        follow_one(draft, delta, (old, &model.snapshot.value), changes, me);
    }
}

fn follow_one(
    draft: &mut Draft, delta: &Delta, (old, new): (&Value, &Value), changes: &[Arc<Change>], me: Author,
) {
    let Some(here) = draft.here.clone() else {
        draft.around = match delta.follow(new, &draft.around) {
            Followed::At(path) | Followed::Gone(path) => path,
        };
        return;
    };
    let by = |path: &Path| author_of(changes, path, me).or_else(|| author_of(changes, &here, me));
    match delta.follow(new, &here) {
        Followed::Gone(around) => {
            draft.touched_by = by(&around);
            draft.here = None;
            draft.around = around;
        }
        Followed::At(path) => {
            if old.at(&here) != new.at(&path) && draft.purpose == Purpose::Value {
                draft.touched_by = by(&path).or(draft.touched_by);
                draft.was_replaced |= changes.iter().any(|change| {
                    let is_whole = !matches!(change.method, Method::Splice { .. });
                    let is_here = change.path.contains(&here) || change.path.contains(&path);
                    change.author.member() != me && is_whole && is_here
                });
            }
            draft.here = Some(path);
        }
    }
}

/// The one of the others who last wrote at a place, above it or inside it; else whoever of them
/// wrote last, as a path was meant where its author was.
fn author_of(changes: &[Arc<Change>], path: &Path, me: Author) -> Option<Author> {
    let touches = |change: &&Arc<Change>| change.path.contains(path) || path.contains(&change.path);
    match changes.iter().rev().find(touches) {
        Some(change) => (change.author.member() != me).then_some(change.author.member()),
        None if changes.iter().any(|change| change.author.member() == me) => None,
        None => changes.last().map(|change| change.author.member()),
    }
}

/// Marks the rows that somebody else has changed.
fn mark(model: &mut Model, delta: &Delta, changes: &[Arc<Change>]) {
    let me = model.me;
    if changes.iter().all(|change| change.author.member() == me) {
        return;
    }
    for place in delta.places(FLASHES) {
        let (path, what) = match place {
            Place::Written(path) => (path, "set"),
            Place::Thinned(path) => (path, "del"),
        };
        let Some(author) = author_of(changes, &path, me) else { continue };
        model.flashes.retain(|flash| flash.path != path);
        model.flashes.push(Flash { path, author, what, until: model.now + FLASH });
    }
    let surplus = model.flashes.len().saturating_sub(FLASHES);
    model.flashes.drain(..surplus);
}

/// The first row that own changes wrote to.
fn touched(model: &Model, delta: &Delta, changes: &[Arc<Change>]) -> Option<Path> {
    if changes.iter().any(|change| change.author.member() != model.me) {
        return None;
    }
    let written = delta.places(FLASHES).into_iter().filter_map(|place| match place {
        Place::Written(path) => Some(path),
        Place::Thinned(_) => None,
    });
    written.min_by_key(|path| model.rows.find(model.root(), path).unwrap_or(usize::MAX))
}

fn remember(model: &mut Model, old: &Value, changes: &[Arc<Change>]) {
    let (now, me) = (model.now, model.me);
    let shown = changes.len().saturating_sub(HISTORY_SHOWN);
    let new = model.snapshot.value.clone();
    model.history.extend(changes.iter().skip(shown).map(|change| {
        let values = (old.at(&change.path).cloned(), new.at(&change.path).cloned());
        HistoryEntry { values: Some(values), ..HistoryEntry::of(change, Some(now), me) }
    }));
    forget(model);
}

fn forget(model: &mut Model) {
    let surplus = model.history.len().saturating_sub(HISTORY_SHOWN);
    model.history.drain(..surplus);
}

fn take_people(model: &mut Model, people: Vec<Person>) {
    let is_in = |people: &[Person], person: &Person| people.iter().any(|other| other.author == person.author);
    let joined =
        people.iter().filter(|person| !is_in(&model.people, person)).map(|person| (person, "joined"));
    let left = model.people.iter().filter(|person| !is_in(&people, person)).map(|person| (person, "left"));
    let told: Vec<_> = joined.chain(left).map(|(person, what)| (person.author, what)).collect();
    model.history.extend(told.into_iter().map(|(author, what)| HistoryEntry {
        at: Some(model.now),
        doer: Doer::Other(author),
        what,
        path: None,
        id: None,
        values: None,
    }));
    forget(model);
    model.take_people(people);
}

fn take_undone(model: &mut Model, redo: bool, undone: Option<Undone>) {
    let (done, nothing) = if redo { ("redone", "nothing to redo") } else { ("undone", "nothing to undo") };
    let Some(undone) = undone else { return model.say(Level::Plain, nothing) };
    if let Some(path) = model.touched.take().filter(|_| !undone.changes.is_empty()) {
        motion::go(model, path);
    }
    let mut told = format!("{} {done}", count(undone.changes.len(), "edit"));
    if let Some((path, author)) = undone.left_alone.first() {
        let name = model.name_of(model.doer(*author));
        let path = path.to_jq();
        let path = inert(&path);
        let path = clip_start(&path, PATH_COLUMNS);
        let more = undone.left_alone.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        told = format!("{told}; left alone: {path}{more}, which {name} has written since");
        model.say(Level::Warning, told);
    } else {
        model.say(Level::Plain, told);
    }
}

fn take_saved(model: &mut Model, saved: Saved) -> Vec<Effect> {
    let name = inert(&saved.path.display().to_string()).into_owned();
    let is_ours = model.file.as_ref().is_none_or(|file| file.path == saved.path);
    if is_ours {
        let file = FileState::new(saved.path, Some(saved.value), saved.clock, &model.snapshot);
        model.file = Some(file);
    }
    if saved.wanted.then_quit && !model.would_lose() {
        return vec![Effect::Quit];
    }
    model.say(Level::Plain, format!("{} {name}", if is_ours { "saved" } else { "wrote a copy to" }));
    Vec::new()
}

fn not_saved(model: &mut Model, reason: String, remedy: SaveRemedy, wanted: SaveWanted) {
    let can_reload = match remedy {
        SaveRemedy::None => return model.say(Level::Error, format!("not saved: {reason}")),
        SaveRemedy::Overwrite => false,
        SaveRemedy::OverwriteOrReload => true,
    };
    if matches!(model.mode, Mode::Browse) {
        model.mode = Mode::Ask(Question::NotSaved { reason, can_reload, wanted });
    } else {
        model.say(Level::Error, format!("not saved: {reason}; :w! overwrites"));
    }
}

/// Takes what somebody has done to the file into the room, as one edit that can be undone. What
/// they started from is what the file was last known to hold.
fn merge_file(model: &mut Model, news: FileNews) -> Vec<Effect> {
    let FileNews { value, base, edits, conflicts } = news;
    let Some(file) = &mut model.file else { return Vec::new() };
    file.value = Some(value);
    file.compare(&model.snapshot);
    let told = match edits.len() {
        0 => "another program wrote the file; what it says is here already".to_owned(),
        edits => {
            format!("took {} that another program made to the file; u takes them back", count(edits, "edit"))
        }
    };
    match conflicts.first() {
        None => model.say(Level::Plain, told),
        Some(path) => {
            let more = conflicts.len() - 1;
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let path = path.to_jq();
            let path = inert(&path);
            let path = clip_start(&path, PATH_COLUMNS);
            model.say(Level::Warning, format!("{told}; both changed {path}{more}, where the room's stays"));
        }
    }
    if edits.is_empty() { Vec::new() } else { drafting::commit_on(model, &base, edits) }
}

/// Takes what is on disk into the room, as one edit that can be undone.
fn reload(model: &mut Model, news: FileNews) -> Vec<Effect> {
    let FileNews { value, base, edits, .. } = news;
    if let Some(file) = &mut model.file {
        file.value = Some(value);
        file.clock = base.clock.clone();
        file.compare(&model.snapshot);
    }
    if edits.is_empty() {
        model.say(Level::Plain, "the file says what the room says");
        return Vec::new();
    }
    model.say(Level::Plain, format!("took {} from the file; u takes them back", count(edits.len(), "edit")));
    drafting::commit_on(model, &base, edits)
}
