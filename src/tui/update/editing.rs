//! Actions that change the document.

use super::{drafting, motion};
use crate::document::{Kind, Method, Path, Step, Text, Value};
use crate::tui::action::Edit;
use crate::tui::draft::{Draft, insertion};
use crate::tui::message::{Effect, Level};
use crate::tui::mode::{Mode, Question};
use crate::tui::model::Model;
use crate::tui::rows::{child_at, order, position};
use crate::tui::text::{count, inert};

pub(super) fn run(model: &mut Model, what: Edit, times: usize) -> Vec<Effect> {
    let done = match what {
        Edit::Value => return edit(model),
        Edit::Replace => begin(model, |model| Draft::of_value(&model.snapshot, &model.cursor, true)),
        Edit::AddAfter => add_beside(model, 1),
        Edit::AddBefore => add_beside(model, 0),
        Edit::AddInside => add_inside(model),
        Edit::Rename => begin(model, |model| {
            Draft::of_key(&model.snapshot, &model.cursor)
                .ok_or_else(|| "only keys of a map can be renamed".to_owned())
        }),
        Edit::ChangeType => change_type(model),
        Edit::External => super::outside::hand_over(model),
        Edit::Mark => mark(model),
        Edit::Duplicate => duplicate(model),
        Edit::Cut => cut(model, times),
        Edit::PasteAfter => paste(model, Some(1)),
        Edit::PasteBefore => paste(model, Some(0)),
        Edit::PasteInside => paste(model, None),
        Edit::PasteOutside => Ok(vec![Effect::Paste]),
        Edit::MoveUp => move_by(model, -1),
        Edit::MoveDown => move_by(model, 1),
        Edit::Undo => Ok(vec![Effect::Undo]),
        Edit::Redo => Ok(vec![Effect::Redo]),
    };
    done.unwrap_or_else(|reason| {
        model.say(Level::Error, reason);
        Vec::new()
    })
}

type Done = Result<Vec<Effect>, String>;

/// Edits a scalar where it stands; opens or closes a container.
pub(super) fn edit(model: &mut Model) -> Vec<Effect> {
    match model.value_here() {
        Some(value) if !value.is_empty() => motion::toggle(model),
        Some(_) => match Draft::of_value(&model.snapshot, &model.cursor, false) {
            Ok(draft) => model.mode = Mode::Edit(draft),
            Err(reason) => model.say(Level::Error, reason),
        },
        None => {}
    }
    Vec::new()
}

fn begin(model: &mut Model, draft: impl FnOnce(&Model) -> Result<Draft, String>) -> Done {
    model.mode = Mode::Edit(draft(model)?);
    Ok(Vec::new())
}

/// The container around the cursor, and the position after (1) or at (0) the cursor in it.
fn beside(model: &Model, after: usize) -> Option<(Path, usize)> {
    let (parent, step) = model.cursor.split()?;
    match step {
        Step::Index(at) => Some((parent, at + after)),
        Step::Key(_) => Some((parent, 0)),
    }
}

fn add_beside(model: &mut Model, after: usize) -> Done {
    let Some((container, at)) = beside(model, after) else { return add_inside(model) };
    begin(model, |model| {
        Draft::of_new(&model.snapshot, &container, at).ok_or_else(|| "nothing can be added here".to_owned())
    })
}

fn add_inside(model: &mut Model) -> Done {
    let value = model.value_here().ok_or("there is nothing here")?;
    if !value.is_container() {
        return Err(format!("a {} holds nothing; o adds after it", value.kind()));
    }
    let at = value.len();
    motion::set_open(model, true);
    let container = model.cursor.clone();
    begin(model, |model| {
        Draft::of_new(&model.snapshot, &container, at).ok_or_else(|| "nothing can be added here".to_owned())
    })
}

fn change_type(model: &mut Model) -> Done {
    let value = model.value_here().ok_or("there is nothing here")?;
    if let Some(flag) = value.as_bool() {
        let edit = (model.cursor.clone(), Method::Set(Value::bool(!flag)));
        return Ok(drafting::commit(model, vec![edit]));
    }
    model.mode = Mode::Ask(Question::ChangeType);
    Ok(Vec::new())
}

/// The rows that an action on many takes: the marked ones that are not inside another, in the
/// order of the document; without any the one under the cursor, and as many siblings after it as
/// the count says.
pub(super) fn taken(model: &Model, times: usize) -> Vec<Path> {
    let root = &model.snapshot.value;
    if model.marked.is_empty() {
        let Some((parent, step)) = model.cursor.split() else { return vec![model.cursor.clone()] };
        let Some(around) = root.at(&parent) else { return Vec::new() };
        let at = position(around, step).unwrap_or(0);
        let end = at.saturating_add(times).min(around.len());
        return (at..end).filter_map(|at| child_at(around, at)).map(|(step, _)| parent.child(step)).collect();
    }
    let is_inside = |path: &Path| model.marked.iter().any(|other| other != path && other.contains(path));
    let mut taken: Vec<Path> = model.marked.iter().filter(|path| !is_inside(path)).cloned().collect();
    taken.sort_by_cached_key(|path| order(root, path));
    taken
}

/// What the rows say, with the keys they are at.
pub(super) fn entries(model: &Model, paths: &[Path]) -> Vec<(Option<Text>, Value)> {
    let entry = |path: &Path| {
        let key = match path.steps().last() {
            Some(Step::Key(key)) => Some(key.clone()),
            Some(Step::Index(_)) | None => None,
        };
        Some((key, model.snapshot.value.at(path)?.clone()))
    };
    paths.iter().filter_map(entry).collect()
}

fn cut(model: &mut Model, times: usize) -> Done {
    let paths = taken(model, times);
    if paths.iter().any(Path::is_root) {
        return Err("the root cannot be cut; c replaces it".to_owned());
    }
    model.register = entries(model, &paths);
    let run = paths.first().and_then(Path::split).map(|(parent, step)| (parent, step.clone()));
    let edits = match run {
        // A run of an array goes as one splice.
        Some((parent, Step::Index(at))) if model.marked.is_empty() && paths.len() > 1 => {
            let start = i64::try_from(at).unwrap_or(i64::MAX);
            let count = i64::try_from(paths.len()).unwrap_or(i64::MAX);
            vec![(parent, Method::Splice { start, count, items: Vec::new() })]
        }
        // From the last to the first, so that positions stay what they are.
        _ => paths.into_iter().rev().map(|path| (path, Method::Delete)).collect(),
    };
    if edits.len() > 1 {
        model.say(Level::Plain, format!("{} cut", count(edits.len(), "row")));
    }
    model.marked.clear();
    Ok(drafting::commit(model, edits))
}

fn mark(model: &mut Model) -> Done {
    let here = model.cursor.clone();
    if here.is_root() {
        return Err("the root cannot be marked".to_owned());
    }
    match model.marked.iter().position(|path| *path == here) {
        Some(at) => _ = model.marked.remove(at),
        None => model.marked.push(here),
    }
    motion::step(model, 1);
    model.say(Level::Plain, format!("{} marked; dd cuts, yy copies them, Esc lets go", model.marked.len()));
    Ok(Vec::new())
}

fn duplicate(model: &mut Model) -> Done {
    let (container, at) = beside(model, 1).ok_or("the root cannot be doubled")?;
    let entries = entries(model, std::slice::from_ref(&model.cursor));
    insert(model, &container, at, entries)
}

/// Pastes beside the cursor, or inside the container under it.
fn paste(model: &mut Model, beside_by: Option<usize>) -> Done {
    if model.register.is_empty() {
        return Err(
            "nothing was cut or copied here; dd cuts, yy copies, gP takes the desktop's clipboard".to_owned()
        );
    }
    let place = beside_by.and_then(|after| beside(model, after));
    let (container, at) = place.unwrap_or_else(|| (model.cursor.clone(), usize::MAX));
    insert(model, &container, at, model.register.clone())
}

/// What the desktop's clipboard holds is here.
pub(super) fn clipboard(model: &mut Model, text: Result<String, String>) -> Vec<Effect> {
    match text {
        Ok(text) => paste_text(model, text),
        Err(reason) => {
            let told = format!("nothing pasted: {}; the terminal's own paste works too", inert(&reason));
            model.say(Level::Error, told);
            Vec::new()
        }
    }
}

/// Takes a text that was pasted into the terminal as JSON, after the cursor. What is no JSON may
/// have been meant as a string.
pub(super) fn paste_text(model: &mut Model, text: String) -> Vec<Effect> {
    match crate::document::parse(&text) {
        Ok(value) => paste_value(model, value, "JSON"),
        Err(error) => {
            let reason = format!("line {}, column {}: {}", error.line, error.column, inert(&error.reason));
            model.mode = Mode::Ask(Question::PasteText { text, reason });
            Vec::new()
        }
    }
}

/// Puts a value that comes from outside after the cursor.
pub(super) fn paste_value(model: &mut Model, value: Value, as_what: &str) -> Vec<Effect> {
    model.register = vec![(None, value)];
    let done = paste(model, Some(1));
    match done {
        Ok(effects) => {
            let named = match model.go_when_there.as_ref().and_then(|path| path.steps().last()) {
                Some(Step::Key(key)) => format!(" at the key {key}; r renames it"),
                Some(Step::Index(_)) | None => String::new(),
            };
            model.say(Level::Plain, format!("pasted as {as_what}{named}; u takes it back"));
            effects
        }
        Err(reason) => {
            model.say(Level::Error, reason);
            Vec::new()
        }
    }
}

/// Puts entries into a container: into an array at a position, into a map at its end.
fn insert(model: &mut Model, container: &Path, at: usize, entries: Vec<(Option<Text>, Value)>) -> Done {
    let target = model.snapshot.value.at(container).ok_or("there is nothing here")?;
    let (step, edits) = match target.kind() {
        Kind::Array => {
            let at = at.min(target.len());
            let items = entries.into_iter().map(|(_, value)| value).collect();
            let start = i64::try_from(at).unwrap_or(i64::MAX);
            (Step::Index(at), vec![(container.clone(), Method::Splice { start, count: 0, items })])
        }
        Kind::Object => {
            let mut map = target.clone();
            let mut edits = Vec::new();
            let mut first = None;
            for (key, value) in entries {
                let key = free_key(&map, key);
                map.insert_key(key.clone(), Value::NULL);
                first.get_or_insert_with(|| key.clone());
                edits.push((container.child(Step::Key(key)), Method::Set(value)));
            }
            (Step::Key(first.ok_or("there is nothing to paste")?), edits)
        }
        kind @ (Kind::Null | Kind::Bool | Kind::Number | Kind::String) => {
            return Err(format!("a {kind} holds nothing to paste into"));
        }
    };
    model.go_when_there = Some(container.child(step));
    Ok(drafting::commit(model, edits))
}

/// The key itself if the map has it not, else one like it.
fn free_key(map: &Value, key: Option<Text>) -> Text {
    let key = key.unwrap_or_else(|| Text::new("new"));
    if map.key(&key).is_none() {
        return key;
    }
    let plain = key.plain();
    let mut tries = (2_usize..).map(|number| Text::new(&format!("{plain}_{number}")));
    tries.find(|candidate| map.key(candidate).is_none()).unwrap_or(key)
}

fn move_by(model: &mut Model, by: isize) -> Done {
    let (parent, step) = model.cursor.split().ok_or("the root cannot be moved")?;
    let Step::Index(at) = *step else {
        return Err("a map keeps its keys in the order in which they came".to_owned());
    };
    let array = model.snapshot.value.at(&parent).ok_or("there is nothing here")?;
    let value = array.index(at).ok_or("there is nothing here")?.clone();
    let Some(to) = at.checked_add_signed(by).filter(|to| *to < array.len()) else { return Ok(Vec::new()) };
    let edits = vec![(model.cursor.clone(), Method::Delete), (parent.clone(), insertion(to, value))];
    model.go_when_there = Some(parent.index(to));
    Ok(drafting::commit(model, edits))
}

/// A value turned into another kind, if what it says has a meaning there.
pub(super) fn converted(value: &Value, kind: Kind) -> Result<Value, String> {
    let said = match value.as_text() {
        Some(text) => text.plain().into_owned(),
        None => value.to_string(),
    };
    let is_hollow = value.is_container() && value.is_empty();
    match kind {
        Kind::Null => Ok(Value::NULL),
        Kind::String => Ok(Value::string(&said)),
        Kind::Array if is_hollow => Ok(Value::array([])),
        Kind::Array => Ok(Value::array([value.clone()])),
        Kind::Object if is_hollow => Ok(Value::object([])),
        Kind::Object => Ok(Value::object([(Text::new("value"), value.clone())])),
        Kind::Number | Kind::Bool => match crate::document::parse(said.trim()) {
            Ok(read) if read.kind() == kind => Ok(read),
            _ => Err(format!("{} is no {kind}; c replaces the value", inert(&said))),
        },
    }
}
