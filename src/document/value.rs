//! The JSON tree.

use std::sync::Arc;

use super::list::{self, List};
use super::object::{EntryIter, Object, Taken};
use super::short::Digits;
use super::{Kind, Path, Step, Text, parse};

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
    Number(Digits),
    String(Text),
    Array(List<Value>),
    Object(Arc<Object>),
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
        Self(Node::Number(Digits::new(text)))
    }

    /// The number written `text`; nothing if that is no JSON number.
    pub fn number(text: &str) -> Option<Self> {
        let value = parse(text).ok()?;
        (value.as_number() == Some(text)).then_some(value)
    }

    /// An array of these elements.
    pub fn array(elements: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Array(elements.into_iter().collect()))
    }

    /// A map of these entries, in this order. Of entries with one key the last value counts, in
    /// the place of the first.
    pub fn object(entries: impl IntoIterator<Item = (Text, Self)>) -> Self {
        let mut object = Object::default();
        for (key, value) in entries {
            object.insert(key, value);
        }
        Self::from_object(object)
    }

    pub(super) fn from_object(object: Object) -> Self {
        Self(Node::Object(Arc::new(object)))
    }

    /// Levels of nesting: 0 for a scalar, 1 for an empty array or map.
    pub fn depth(&self) -> usize {
        let inner = match &self.0 {
            Node::Array(elements) => elements.iter().map(Self::depth).max(),
            Node::Object(object) => object.iter().map(|(_, value)| value.depth()).max(),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => return 0,
        };
        1 + inner.unwrap_or(0)
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
            Node::Object(object) => object.len(),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => 0,
        }
    }

    /// Whether it holds no elements or keys; true for a scalar.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is an array.
    pub fn is_array(&self) -> bool {
        matches!(self.0, Node::Array(_))
    }

    /// Whether this is a map.
    pub fn is_object(&self) -> bool {
        matches!(self.0, Node::Object(_))
    }

    /// The text of `null`, a boolean or a number.
    pub(super) fn scalar_text(&self) -> Option<&str> {
        match &self.0 {
            Node::Null => Some("null"),
            Node::Bool(true) => Some("true"),
            Node::Bool(false) => Some("false"),
            Node::Number(text) => Some(text.as_str()),
            Node::String(_) | Node::Array(_) | Node::Object(_) => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        let Node::Bool(value) = self.0 else { return None };
        Some(value)
    }

    /// The number's text.
    pub fn as_number(&self) -> Option<&str> {
        let Node::Number(text) = &self.0 else { return None };
        Some(text.as_str())
    }

    /// The string's text.
    pub fn as_text(&self) -> Option<&Text> {
        let Node::String(text) = &self.0 else { return None };
        Some(text)
    }

    fn as_object(&self) -> Option<&Object> {
        let Node::Object(object) = &self.0 else { return None };
        Some(object)
    }

    fn as_list(&self) -> Option<&List<Self>> {
        let Node::Array(elements) = &self.0 else { return None };
        Some(elements)
    }

    /// The child at a key.
    pub fn key(&self, key: &Text) -> Option<&Self> {
        let object = self.as_object()?;
        object.entry(object.position(key)?).map(|(_, value)| value)
    }

    /// The position of a key among the map's keys.
    pub fn key_position(&self, key: &Text) -> Option<usize> {
        self.as_object()?.position(key)
    }

    /// The element at a position.
    pub fn index(&self, index: usize) -> Option<&Self> {
        self.as_list()?.get(index)
    }

    /// The `at`-th entry of a map: 0 is the first.
    pub fn entry(&self, at: usize) -> Option<(&Text, &Self)> {
        self.as_object()?.entry(at).map(|(key, value)| (key, value))
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
        self.as_list().map_or_else(list::Iter::empty, List::iter)
    }

    /// The entries of a map in order; nothing for anything else.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Text, &Self)> + DoubleEndedIterator {
        self.as_object().map_or_else(EntryIter::empty, Object::iter).map(|(key, value)| (key, value))
    }

    /// The child that a step leads to, to be changed in place.
    pub fn get_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match step {
            Step::Key(key) => self.key_mut(key),
            Step::Index(index) => self.index_mut(*index),
        }
    }

    /// The element at a position, to be changed in place.
    pub fn index_mut(&mut self, index: usize) -> Option<&mut Self> {
        let Node::Array(elements) = &mut self.0 else { return None };
        elements.get_mut(index)
    }

    /// The child at a key, to be changed in place.
    pub fn key_mut(&mut self, key: &Text) -> Option<&mut Self> {
        let Node::Object(object) = &mut self.0 else { return None };
        let at = object.position(key)?;
        Arc::make_mut(object).value_mut(at)
    }

    /// The value at a path below this one, to be changed in place.
    pub fn at_mut(&mut self, path: &Path) -> Option<&mut Self> {
        path.steps().iter().try_fold(self, |value, step| value.get_mut(step))
    }

    /// Writes a key: in its place if the map has it, else at the end. Returns what was there.
    /// Does nothing to a value that is no map.
    pub fn insert_key(&mut self, key: Text, value: Self) -> Option<Self> {
        let Node::Object(object) = &mut self.0 else { return None };
        Arc::make_mut(object).insert(key, value)
    }

    /// Removes a key. Returns what was there.
    pub fn remove_key(&mut self, key: &Text) -> Option<Self> {
        let Node::Object(object) = &mut self.0 else { return None };
        object.position(key)?;
        Arc::make_mut(object).take(key).map(|taken| taken.entry.1)
    }

    /// Takes the entry of a key out of a map.
    pub(super) fn take_entry(&mut self, key: &Text) -> Option<Taken> {
        let Node::Object(object) = &mut self.0 else { return None };
        object.position(key)?;
        Arc::make_mut(object).take(key)
    }

    /// Puts an entry back into the map that it was taken out of.
    pub(super) fn give_entry(&mut self, taken: Taken) {
        if let Node::Object(object) = &mut self.0 {
            Arc::make_mut(object).give(taken);
        }
    }

    /// The value of the `at`-th entry of a map, to be changed in place.
    pub(super) fn entry_mut(&mut self, at: usize) -> Option<&mut Self> {
        let Node::Object(object) = &mut self.0 else { return None };
        Arc::make_mut(object).value_mut(at)
    }

    /// The string's text, to be changed in place.
    pub(crate) fn text_mut(&mut self) -> Option<&mut Text> {
        let Node::String(text) = &mut self.0 else { return None };
        Some(text)
    }

    /// Replaces `count` elements from `start` on by others; both are clamped to the length. Does
    /// nothing to a value that is no array.
    pub fn splice_elements(&mut self, start: usize, count: usize, items: impl IntoIterator<Item = Self>) {
        if let Node::Array(elements) = &mut self.0 {
            elements.splice(start, count, items);
        }
    }

    /// Whether both are the very same node in memory, so that nothing below them can differ.
    /// False says nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Node::Array(left), Node::Array(right)) => left.is_same(right),
            (Node::Object(left), Node::Object(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self(Node::Number(Digits::integer(value.unsigned_abs(), value < 0)))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self(Node::Number(Digits::integer(value, false)))
    }
}

impl From<&str> for Value {
    fn from(plain: &str) -> Self {
        Self::string(plain)
    }
}

/// Documents hold many of them: three words each, short texts included.
const _: () = assert!(size_of::<Value>() == 24 || cfg!(not(target_pointer_width = "64")));
