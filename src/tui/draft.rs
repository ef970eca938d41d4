//! A value or a key being typed, and the edits it comes to.

use super::line::Line;
use super::text::written_within;
use crate::document::{Kind, Method, Path, Step, Text, Value, parse};
use crate::sync::{Author, Snapshot};

/// What is longer than this is not put on one line to be edited, bytes.
const LONGEST_LINE: usize = 64 << 10;

/// Something being typed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is to become.
    pub purpose: Purpose,
    /// The document that was on screen when it was begun.
    pub base: Snapshot,
    /// In `base`: the value edited, the key renamed, or the container added to.
    pub path: Path,
    /// Where that is now; nothing once it is gone.
    pub here: Option<Path>,
    /// Once it is gone: what is left around it now.
    pub around: Path,
    /// What is typed.
    pub line: Line,
    /// How it is read.
    pub form: Form,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Who last wrote or deleted what is being edited, since it was begun.
    pub touched_by: Option<Author>,
    /// Whether that replaced the value, so that an edit inside it would be lost with it.
    pub was_replaced: bool,
    /// What was typed before a completion took its place.
    pub completing: Option<String>,
    /// What there is to tell of the completion.
    pub told: Option<String>,
}

/// What a draft is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The value at its path.
    Value,
    /// A new name for the key at its path.
    Rename,
    /// The key of a new entry in the map at its path.
    NewKey,
    /// A new entry of the map at its path.
    NewEntry(Text),
    /// A new element of the array at its path, at this position.
    NewElement(usize),
}

/// How what is typed is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As what a string says.
    Text,
    /// As JSON.
    Json,
    /// As JSON on the line at the bottom, for what does not fit into a row.
    JsonBelow,
}

/// What a finished draft comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The edits, to be undone together.
    pub edits: Vec<(Path, Method)>,
    /// The steps from the draft's container, or from its value, to where the cursor goes.
    pub then: Vec<Step>,
}

impl Draft {
    fn new(purpose: Purpose, base: &Snapshot, path: Path, form: Form, text: String) -> Self {
        Self {
            purpose,
            base: base.clone(),
            here: Some(path.clone()),
            around: Path::ROOT,
            path,
            line: Line::new(text),
            form,
            error: None,
            touched_by: None,
            was_replaced: false,
            completing: None,
            told: None,
        }
    }

    /// Edits a value: a string by what it says, anything else as JSON.
    ///
    /// # Errors
    /// Why it cannot be put on a line.
    pub fn of_value(base: &Snapshot, path: &Path, whole: bool) -> Result<Self, String> {
        let value = base.value.at(path).ok_or("there is nothing here")?;
        let written = || written_within(value, LONGEST_LINE);
        let (form, text) = match value.as_text() {
            Some(text) if !whole && !text.has_lone_surrogate() => {
                (Form::Text, Some(text.plain().into_owned()).filter(|text| text.len() <= LONGEST_LINE))
            }
            _ if whole || value.is_container() => (Form::JsonBelow, written()),
            _ => (Form::Json, written()),
        };
        let text = text.ok_or_else(|| {
            let kilobytes = value.text_bytes() >> 10;
            format!("too long to type here ({kilobytes} kB); E opens it in your own editor")
        })?;
        Ok(Self::new(Purpose::Value, base, path.clone(), form, text))
    }

    /// A value that is edited elsewhere, however long it is.
    pub fn of_external(base: &Snapshot, path: &Path) -> Self {
        Self::new(Purpose::Value, base, path.clone(), Form::JsonBelow, String::new())
    }

    /// Renames a key; nothing when the place is no map's.
    pub fn of_key(base: &Snapshot, path: &Path) -> Option<Self> {
        match path.steps().last()? {
            Step::Key(key) => {
                let text = key.plain().into_owned();
                Some(Self::new(Purpose::Rename, base, path.clone(), Form::Text, text))
            }
            Step::Index(_) => None,
        }
    }

    /// Adds to a container, in an array at a position. A new element starts as a string where
    /// its neighbour is one.
    pub fn of_new(base: &Snapshot, container: &Path, at: usize) -> Option<Self> {
        let value = base.value.at(container)?;
        let purpose = match value.kind() {
            Kind::Object => {
                return Some(Self::new(Purpose::NewKey, base, container.clone(), Form::Text, String::new()));
            }
            Kind::Array => Purpose::NewElement(at),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => return None,
        };
        let neighbour = value.index(at.saturating_sub(1)).or_else(|| value.index(at));
        let is_text = neighbour.is_some_and(|value| value.kind() == Kind::String);
        let form = if is_text { Form::Text } else { Form::Json };
        Some(Self::new(purpose, base, container.clone(), form, String::new()))
    }

    /// Goes from what a string says to JSON and back.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn switch_form(&mut self) -> Result<(), String> {
        if matches!(self.purpose, Purpose::Rename | Purpose::NewKey) {
            return Err("a key is always text".to_owned());
        }
        match self.form {
            Form::Text => {
                self.line = Line::new(Value::string(self.line.text()).to_string());
                self.form = Form::Json;
            }
            Form::Json | Form::JsonBelow => {
                let said = match parse(self.line.text()) {
                    Ok(value) => value.as_text().map(|text| text.plain().into_owned()),
                    Err(_) => None,
                };
                self.line = Line::new(said.unwrap_or_else(|| self.line.text().to_owned()));
                self.form = Form::Text;
            }
        }
        Ok(())
    }

    fn value(&self) -> Result<Value, String> {
        if self.form == Form::Text {
            return Ok(Value::string(self.line.text()));
        }
        parse(self.line.text()).map_err(|error| {
            format!("not JSON, column {}: {} (Ctrl-T: take it as text)", error.column, error.reason)
        })
    }

    /// What the draft comes to; nothing when it leaves everything as it is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn finish(&self) -> Result<Option<Outcome>, String> {
        match &self.purpose {
            Purpose::Value => {
                let value = self.value()?;
                let old = self.base.value.at(&self.path);
                let method = if self.was_replaced { Some(Method::Set(value)) } else { smallest(old, value) };
                Ok(method
                    .map(|method| Outcome { edits: vec![(self.path.clone(), method)], then: Vec::new() }))
            }
            Purpose::Rename => self.rename(),
            Purpose::NewKey => Err("a key needs a value".to_owned()),
            Purpose::NewEntry(key) => {
                let step = Step::Key(key.clone());
                let edit = (self.path.child(step.clone()), Method::Set(self.value()?));
                Ok(Some(Outcome { edits: vec![edit], then: vec![step] }))
            }
            Purpose::NewElement(at) => {
                let edit = (self.path.clone(), insertion(*at, self.value()?));
                Ok(Some(Outcome { edits: vec![edit], then: vec![Step::Index(*at)] }))
            }
        }
    }

    /// The new key is written before the old one is deleted, so that a refusal loses nothing.
    fn rename(&self) -> Result<Option<Outcome>, String> {
        let Some((map, old)) = self.path.split() else { return Ok(None) };
        let new = Step::Key(Text::new(self.line.text()));
        if new == *old {
            return Ok(None);
        }
        self.check_new_key(&map)?;
        let value = self.base.value.at(&self.path).ok_or("there is nothing here")?.clone();
        let edits = vec![(map.child(new.clone()), Method::Set(value)), (self.path.clone(), Method::Delete)];
        Ok(Some(Outcome { edits, then: vec![new] }))
    }

    fn check_new_key(&self, map: &Path) -> Result<(), String> {
        let key = Text::new(self.line.text());
        match self.base.value.at(map).and_then(|map| map.key(&key)) {
            Some(_) => Err(format!("there is a key {key} already")),
            None => Ok(()),
        }
    }

    /// Turns a typed key into an entry whose value is to be typed.
    ///
    /// # Errors
    /// The key is taken.
    pub fn key_done(&self) -> Result<Self, String> {
        self.check_new_key(&self.path)?;
        let mut entry = self.clone();
        entry.purpose = Purpose::NewEntry(Text::new(self.line.text()));
        entry.line = Line::default();
        entry.form = Form::Json;
        (entry.error, entry.completing, entry.told) = (None, None, None);
        Ok(entry)
    }

    /// The same draft begun on another version, where its place is `path`.
    #[must_use]
    pub fn on(&self, base: &Snapshot, path: &Path) -> Self {
        Self { base: base.clone(), path: path.clone(), ..self.clone() }
    }

    /// The edit that puts the draft back where somebody deleted it, on the document as it is now.
    ///
    /// # Errors
    /// What is wrong with the draft, or why there is no place for it.
    pub fn put_back(&self, now: &Value) -> Result<Outcome, String> {
        let around = &self.around;
        let value = match self.purpose {
            Purpose::Rename | Purpose::NewKey => return Err("what it belonged to is gone".to_owned()),
            Purpose::Value | Purpose::NewEntry(_) | Purpose::NewElement(_) => self.value()?,
        };
        let (parent, step) = match &self.purpose {
            Purpose::NewEntry(key) => (self.path.clone(), Step::Key(key.clone())),
            Purpose::NewElement(at) => (self.path.clone(), Step::Index(*at)),
            Purpose::Value | Purpose::Rename | Purpose::NewKey => match self.path.split() {
                Some((parent, step)) => (parent, step.clone()),
                None => {
                    return Ok(Outcome { edits: vec![(Path::ROOT, Method::Set(value))], then: Vec::new() });
                }
            },
        };
        match (&step, now.at(around)) {
            (Step::Index(at), Some(array)) if around.steps().len() == parent.steps().len() => {
                let at = (*at).min(array.len());
                Ok(Outcome {
                    edits: vec![(around.clone(), insertion(at, value))],
                    then: vec![Step::Index(at)],
                })
            }
            (Step::Key(_), Some(_)) => {
                let rest = parent.steps().iter().skip(around.steps().len()).chain([&step]);
                let then: Vec<Step> = rest.cloned().collect();
                let path = then.iter().fold(around.clone(), |path, step| path.child(step.clone()));
                Ok(Outcome { edits: vec![(path, Method::Set(value))], then })
            }
            _ => Err("the array it was in is gone".to_owned()),
        }
    }
}

/// The splice that inserts one element.
pub(super) fn insertion(at: usize, value: Value) -> Method {
    Method::Splice { start: i64::try_from(at).unwrap_or(i64::MAX), count: 0, items: vec![value] }
}

/// The smallest edit that turns one value into another: between strings a splice of what differs,
/// by Unicode scalar value, so that two people can type in one string; nothing when they are
/// equal.
pub(super) fn smallest(old: Option<&Value>, new: Value) -> Option<Method> {
    if old == Some(&new) {
        return None;
    }
    let texts = old.and_then(Value::as_text).zip(new.as_text());
    let Some((old, text)) = texts.filter(|(old, new)| !old.has_lone_surrogate() && !new.has_lone_surrogate())
    else {
        return Some(Method::Set(new));
    };
    let old: Vec<char> = old.plain().chars().collect();
    let new: Vec<char> = text.plain().chars().collect();
    let prefix = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - prefix;
    let suffix =
        old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let removed = old.len() - prefix - suffix;
    let inserted: String = new.iter().skip(prefix).take(new.len() - prefix - suffix).collect();
    Some(Method::Splice {
        start: i64::try_from(prefix).unwrap_or(i64::MAX),
        count: i64::try_from(removed).unwrap_or(i64::MAX),
        items: if inserted.is_empty() { Vec::new() } else { vec![Value::string(&inserted)] },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    fn splice(old: &str, new: &str) -> Option<Method> {
        smallest(Some(&Value::string(old)), Value::string(new))
    }

    fn expected(start: i64, count: i64, inserted: &str) -> Method {
        let items = if inserted.is_empty() { Vec::new() } else { vec![Value::string(inserted)] };
        Method::Splice { start, count, items }
    }

    #[test]
    fn a_string_is_edited_by_the_smallest_splice() {
        assert_eq!(splice("Lagos", "Lagos!"), Some(expected(5, 0, "!")));
        assert_eq!(splice("Lagos", "Los"), Some(expected(1, 2, "")));
        assert_eq!(splice("aaa", "aa"), Some(expected(2, 1, "")));
        assert_eq!(splice("👩x", "👩y"), Some(expected(1, 1, "y")));
        assert_eq!(splice("", "x"), Some(expected(0, 0, "x")));
        assert_eq!(splice("same", "same"), None);
    }

    #[test]
    fn anything_else_is_set() {
        let new = Value::string("1");
        assert_eq!(smallest(Some(&Value::bool(true)), new.clone()), Some(Method::Set(new)));
        assert_eq!(smallest(Some(&Value::string("x")), Value::NULL), Some(Method::Set(Value::NULL)));
        assert_eq!(smallest(Some(&Value::NULL), Value::NULL), None);
    }
}
