//! The JSON tree.

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Path, Step, Text};

/// An immutable JSON value that shares structure with its copies: a clone is a reference count,
/// and an edit copies only what lies on the way to it, and only while somebody else holds it.
///
/// Numbers and strings keep the text they were written with. Two values are equal when they have
/// the same shape, the same key order, the same number texts and strings that spell the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(Node);

#[derive(Clone, PartialEq, Eq)]
enum Node {
    Null,
    Bool(bool),
    Number(Arc<str>),
    String(Text),
    Array(Arc<Vec<Value>>),
    Object(Arc<Object>),
}

/// What sort of JSON a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, of whatever length.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// A map from strings to values, in order.
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "map",
        })
    }
}

/// Above this many keys an object keeps an index; below it, a scan is faster and smaller.
const INDEX_FROM: usize = 16;

#[derive(Clone, Default)]
struct Object {
    entries: Vec<(Text, Value)>,
    /// Key to position in `entries`; empty while the object is small.
    index: FxHashMap<Text, usize>,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl Eq for Object {}

impl Object {
    fn position(&self, key: &Text) -> Option<usize> {
        if self.entries.len() <= INDEX_FROM {
            self.entries.iter().position(|(candidate, _)| candidate == key)
        } else {
            self.index.get(key).copied()
        }
    }

    fn insert(&mut self, key: Text, value: Value) -> Option<Value> {
        if let Some(position) = self.position(&key) {
            let (_, held) = self.entries.get_mut(position)?;
            return Some(std::mem::replace(held, value));
        }
        self.entries.push((key.clone(), value));
        if self.entries.len() == INDEX_FROM + 1 {
            self.reindex();
        } else if self.entries.len() > INDEX_FROM {
            self.index.insert(key, self.entries.len() - 1);
        }
        None
    }

    fn remove(&mut self, key: &Text) -> Option<Value> {
        let position = self.position(key)?;
        let (_, value) = self.entries.remove(position);
        self.reindex();
        Some(value)
    }

    fn reindex(&mut self) {
        self.index.clear();
        if self.entries.len() > INDEX_FROM {
            let keys = self.entries.iter().enumerate();
            self.index.extend(keys.map(|(position, (key, _))| (key.clone(), position)));
        }
    }
}

impl Value {
    /// `null`
    pub const NULL: Self = Self(Node::Null);

    /// `true` or `false`
    pub const fn bool(value: bool) -> Self {
        Self(Node::Bool(value))
    }

    /// The string that says `plain`.
    pub fn string(plain: &str) -> Self {
        Self(Node::String(Text::new(plain)))
    }

    /// The string with this text.
    pub fn from_text(text: Text) -> Self {
        Self(Node::String(text))
    }

    /// The number written `text`, which the caller has checked to be one.
    pub(crate) fn from_number(text: &str) -> Self {
        Self(Node::Number(text.into()))
    }

    /// An array of these elements.
    pub fn array(elements: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Array(Arc::new(elements.into_iter().collect())))
    }

    /// A map of these entries, in this order. Of entries with one key the last value counts, in
    /// the place of the first.
    pub fn object(entries: impl IntoIterator<Item = (Text, Self)>) -> Self {
        let mut object = Object::default();
        for (key, value) in entries {
            object.insert(key, value);
        }
        Self(Node::Object(Arc::new(object)))
    }

    /// What sort of JSON this is.
    pub fn kind(&self) -> Kind {
        match self.0 {
            Node::Null => Kind::Null,
            Node::Bool(_) => Kind::Bool,
            Node::Number(_) => Kind::Number,
            Node::String(_) => Kind::String,
            Node::Array(_) => Kind::Array,
            Node::Object(_) => Kind::Object,
        }
    }

    /// Whether this is an array or a map.
    pub fn is_container(&self) -> bool {
        matches!(self.0, Node::Array(_) | Node::Object(_))
    }

    /// How many elements or keys it holds; 0 for a scalar.
    pub fn len(&self) -> usize {
        match &self.0 {
            Node::Array(elements) => elements.len(),
            Node::Object(object) => object.entries.len(),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => 0,
        }
    }

    /// Whether it holds no elements or keys; true for a scalar.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.0 {
            Node::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number's text.
    pub fn as_number(&self) -> Option<&str> {
        match &self.0 {
            Node::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The string's text.
    pub fn as_text(&self) -> Option<&Text> {
        match &self.0 {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// The child at a key.
    pub fn key(&self, key: &Text) -> Option<&Self> {
        match &self.0 {
            Node::Object(object) => {
                object.position(key).and_then(|at| object.entries.get(at)).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The position of a key among the map's keys.
    pub fn key_position(&self, key: &Text) -> Option<usize> {
        match &self.0 {
            Node::Object(object) => object.position(key),
            _ => None,
        }
    }

    /// The element at a position.
    pub fn index(&self, index: usize) -> Option<&Self> {
        match &self.0 {
            Node::Array(elements) => elements.get(index),
            _ => None,
        }
    }

    /// The `at`-th entry of a map: 0 is the first.
    pub fn entry(&self, at: usize) -> Option<(&Text, &Self)> {
        match &self.0 {
            Node::Object(object) => object.entries.get(at).map(|(key, value)| (key, value)),
            _ => None,
        }
    }

    /// The child that a step leads to.
    pub fn get(&self, step: &Step) -> Option<&Self> {
        match step {
            Step::Key(key) => self.key(key),
            Step::Index(index) => self.index(*index),
        }
    }

    /// The value at a path below this one.
    pub fn at(&self, path: &Path) -> Option<&Self> {
        path.steps().iter().try_fold(self, |value, step| value.get(step))
    }

    /// The elements of an array; nothing for anything else.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &Self> + DoubleEndedIterator {
        match &self.0 {
            Node::Array(elements) => elements.iter(),
            _ => [].iter(),
        }
    }

    /// The entries of a map in order; nothing for anything else.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Text, &Self)> + DoubleEndedIterator {
        let entries: &[(Text, Self)] = match &self.0 {
            Node::Object(object) => &object.entries,
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key, value))
    }

    /// The child that a step leads to, to be changed in place.
    pub fn get_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (&mut self.0, step) {
            (Node::Object(object), Step::Key(key)) => {
                let at = object.position(key)?;
                Arc::make_mut(object).entries.get_mut(at).map(|(_, value)| value)
            }
            (Node::Array(elements), Step::Index(index)) if *index < elements.len() => {
                Arc::make_mut(elements).get_mut(*index)
            }
            _ => None,
        }
    }

    /// Writes a key: in its place if the map has it, else at the end. Returns what was there.
    /// Does nothing to a value that is no map.
    pub fn insert_key(&mut self, key: Text, value: Self) -> Option<Self> {
        match &mut self.0 {
            Node::Object(object) => Arc::make_mut(object).insert(key, value),
            _ => None,
        }
    }

    /// Removes a key. Returns what was there.
    pub fn remove_key(&mut self, key: &Text) -> Option<Self> {
        match &mut self.0 {
            Node::Object(object) if object.position(key).is_some() => Arc::make_mut(object).remove(key),
            _ => None,
        }
    }

    /// Replaces `count` elements from `start` on by others; both are clamped to the length. Does
    /// nothing to a value that is no array.
    pub fn splice_elements(&mut self, start: usize, count: usize, items: impl IntoIterator<Item = Self>) {
        if let Node::Array(elements) = &mut self.0 {
            let elements = Arc::make_mut(elements);
            let start = start.min(elements.len());
            let end = start.saturating_add(count).min(elements.len());
            elements.splice(start..end, items);
        }
    }

    /// Whether both are the very same node in memory, so that nothing below them can differ.
    /// False says nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Node::Array(left), Node::Array(right)) => Arc::ptr_eq(left, right),
            (Node::Object(left), Node::Object(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

/// Compact JSON: no white space, texts as they were written.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::Null => formatter.write_str("null"),
            Node::Bool(value) => write!(formatter, "{value}"),
            Node::Number(text) => formatter.write_str(text),
            Node::String(text) => write!(formatter, "{text}"),
            Node::Array(elements) => {
                formatter.write_str("[")?;
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        formatter.write_str(",")?;
                    }
                    fmt::Display::fmt(element, formatter)?;
                }
                formatter.write_str("]")
            }
            Node::Object(object) => {
                formatter.write_str("{")?;
                for (at, (key, value)) in object.entries.iter().enumerate() {
                    if at > 0 {
                        formatter.write_str(",")?;
                    }
                    write!(formatter, "{key}:{value}")?;
                }
                formatter.write_str("}")
            }
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
