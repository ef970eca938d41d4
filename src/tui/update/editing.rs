//! Actions that change the document.

use super::{drafting, motion};
use crate::document::{Kind, Method, Path, Step, Text, Value};
use crate::tui::action::Edit;
use crate::tui::draft::{Draft, insertion};
use crate::tui::message::{Effect, Level};
use crate::tui::model::{Mode, Model, Question};
use crate::tui::text::inert;

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
        Edit::Cut => cut(model, times),
        Edit::PasteAfter => paste(model, Some(1)),
        Edit::PasteBefore => paste(model, Some(0)),
        Edit::PasteInside => paste(model, None),
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

fn cut(model: &mut Model, times: usize) -> Done {
    let value = model.value_here().ok_or("there is nothing here")?.clone();
    let (parent, step) = model.cursor.split().ok_or("the root cannot be cut; c replaces it")?;
    let (key, method, path) = match step {
        Step::Key(key) => (Some(key.clone()), Method::Delete, model.cursor.clone()),
        Step::Index(_) if times == 1 => (None, Method::Delete, model.cursor.clone()),
        Step::Index(at) => {
            let start = i64::try_from(*at).unwrap_or(i64::MAX);
            let count = i64::try_from(times).unwrap_or(i64::MAX);
            (None, Method::Splice { start, count, items: Vec::new() }, parent)
        }
    };
    model.register = Some((key, value));
    Ok(drafting::commit(model, vec![(path, method)]))
}

/// Pastes beside the cursor, or inside the container under it.
fn paste(model: &mut Model, beside_by: Option<usize>) -> Done {
    let (key, value) = model.register.clone().ok_or("nothing was cut or copied; dd cuts, yy copies")?;
    let place = beside_by.and_then(|after| beside(model, after));
    let (container, at) = place.unwrap_or_else(|| (model.cursor.clone(), usize::MAX));
    let target = model.snapshot.value.at(&container).ok_or("there is nothing here")?;
    let (step, edit) = match target.kind() {
        Kind::Array => {
            let at = at.min(target.len());
            (Step::Index(at), (container.clone(), insertion(at, value)))
        }
        Kind::Object => {
            let step = Step::Key(free_key(target, key));
            (step.clone(), (container.child(step), Method::Set(value)))
        }
        kind @ (Kind::Null | Kind::Bool | Kind::Number | Kind::String) => {
            return Err(format!("a {kind} holds nothing to paste into"));
        }
    };
    model.go_when_there = Some(container.child(step));
    Ok(drafting::commit(model, vec![edit]))
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
