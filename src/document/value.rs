//! The JSON tree.

use std::sync::Arc;

use super::list::{self, List, Run};
use super::object::{EntryIter, Object, Taken};
use super::short::Digits;
use super::source::Unread;
use super::{Kind, Path, Step, Text, deep, parse};

/// An immutable JSON value that shares structure with its copies: a clone is a reference count,
/// and an edit copies only what lies on the way to it, and only while somebody else holds it.
///
/// Numbers and strings keep the text they were written with. Two values are equal when they have
/// the same shape, the same key order, the same number texts and strings that spell the same.
///
/// What comes from a large text is made as far as somebody looks, see [`Source`](super::Source).
#[derive(Clone)]
pub struct Value(Node);

#[derive(Clone)]
enum Node {
    Null,
    Bool(bool),
    Number(Digits),
    String(Text),
    Array(List<Value>),
    Object(Arc<Object>),
    Unread(Arc<Unread>),
}

/// What is in a container.
#[derive(Clone)]
pub(super) enum Inside {
    Array(List<Value>),
    Object(Arc<Object>),
}

/// What tells a container from every other that is there at the same time: where it is in memory,
/// or which text it stands in and where.
pub(super) type Identity = (usize, u32);

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

    /// A container that is not read yet.
    pub(super) fn unread(unread: Unread) -> Self {
        Self(Node::Unread(Arc::new(unread)))
    }

    /// Levels of nesting: 0 for a scalar, 1 for an empty array or map.
    pub fn depth(&self) -> usize {
        if !self.is_container() {
            return 0;
        }
        if let (Node::Unread(unread), Some(text)) = (&self.0, self.plain_text()) {
            return unread.levels().unwrap_or_else(|| parse::depth(text));
        }
        let inner = deep(|| self.children().map(|(_, value)| value.depth()).max());
        inner.unwrap_or(0) + 1
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
            Node::Unread(ref unread) => {
                if unread.is_object() {
                    Kind::Object
                } else {
                    Kind::Array
                }
            }
        }
    }

    /// Whether this is an array or a map.
    pub fn is_container(&self) -> bool {
        matches!(self.0, Node::Array(_) | Node::Object(_) | Node::Unread(_))
    }

    /// How many elements or keys it holds; 0 for a scalar.
    pub fn len(&self) -> usize {
        match &self.0 {
            Node::Array(elements) => elements.len(),
            Node::Object(object) => object.len(),
            Node::Unread(unread) => unread.len(),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => 0,
        }
    }

    /// Whether it holds no elements or keys; true for a scalar.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is an array.
    pub fn is_array(&self) -> bool {
        self.kind() == Kind::Array
    }

    /// Whether this is a map.
    pub fn is_object(&self) -> bool {
        self.kind() == Kind::Object
    }

    /// The text of `null`, a boolean or a number.
    pub(super) fn scalar_text(&self) -> Option<&str> {
        match &self.0 {
            Node::Null => Some("null"),
            Node::Bool(true) => Some("true"),
            Node::Bool(false) => Some("false"),
            Node::Number(text) => Some(text.as_str()),
            Node::String(_) | Node::Array(_) | Node::Object(_) | Node::Unread(_) => None,
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
        match &self.0 {
            Node::Object(object) => Some(object),
            Node::Unread(unread) if unread.is_object() => match unread.inside() {
                Inside::Object(object) => Some(object),
                Inside::Array(_) => None,
            },
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::String(_)
            | Node::Array(_)
            | Node::Unread(_) => None,
        }
    }

    fn as_list(&self) -> Option<&List<Self>> {
        match &self.0 {
            Node::Array(elements) => Some(elements),
            Node::Unread(unread) if !unread.is_object() => match unread.inside() {
                Inside::Array(elements) => Some(elements),
                Inside::Object(_) => None,
            },
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::String(_)
            | Node::Object(_)
            | Node::Unread(_) => None,
        }
    }

    fn as_object_mut(&mut self) -> Option<&mut Arc<Object>> {
        self.take_inside();
        let Node::Object(object) = &mut self.0 else { return None };
        Some(object)
    }

    fn as_list_mut(&mut self) -> Option<&mut List<Self>> {
        self.take_inside();
        let Node::Array(elements) = &mut self.0 else { return None };
        Some(elements)
    }

    /// Makes what is in a container its own: it is about to differ from its text.
    fn take_inside(&mut self) {
        if let Node::Unread(unread) = &mut self.0 {
            self.0 = match Unread::take(unread) {
                Inside::Array(elements) => Node::Array(elements),
                Inside::Object(object) => Node::Object(object),
            };
        }
    }

    /// The text of a container that nobody has looked into: what it says, with its own spelling
    /// and white space. Nothing for what has been made already.
    pub fn unread_text(&self) -> Option<&str> {
        let Node::Unread(unread) = &self.0 else { return None };
        unread.known().is_none().then(|| unread.text())
    }

    /// The children from a position on that nobody has looked at yet: how many follow each other
    /// so, and their text with what stands between them. They are made when one of them is.
    pub fn unread_run(&self, at: usize) -> Option<(usize, &str)> {
        self.as_list().map_or_else(|| self.as_object()?.unread(at), |list| list.unread(at))
    }

    /// The text of a container as it stands in its source, if writing it says what the value says.
    pub(super) fn plain_text(&self) -> Option<&str> {
        let Node::Unread(unread) = &self.0 else { return None };
        unread.plain_text()
    }

    /// How many children two containers have in common at the start and, after these, at the end,
    /// because they are the same in memory or in a text. There may be more that are equal.
    pub fn shared_ends(&self, other: &Self) -> (usize, usize) {
        match (self.as_list(), other.as_list()) {
            (Some(left), Some(right)) => left.shared_ends(right),
            _ => self
                .as_object()
                .zip(other.as_object())
                .map_or((0, 0), |(left, right)| left.shared_ends(right)),
        }
    }

    /// The children that two containers have in common because they are the same in memory or in a
    /// text, as runs of positions that rise in both. There may be more that are equal.
    pub fn shared_runs(&self, new: &Self) -> Vec<Run> {
        match (self.as_list(), new.as_list()) {
            (Some(old), Some(new)) => old.shared_runs(new),
            _ => {
                self.as_object().zip(new.as_object()).map_or_else(Vec::new, |(old, new)| old.shared_runs(new))
            }
        }
    }

    /// How many values are inside, down to so many levels, of which the children are the first.
    pub fn inner_count(&self, levels: usize) -> usize {
        let counted = match &self.0 {
            Node::Unread(unread) if levels > 1 => unread.inner_count(levels),
            Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::String(_)
            | Node::Array(_)
            | Node::Object(_)
            | Node::Unread(_) => None,
        };
        counted.unwrap_or_else(|| self.inner_before(self.len(), levels))
    }

    /// How many values the first `at` children are and have inside, down to so many levels.
    pub fn inner_before(&self, at: usize, levels: usize) -> usize {
        match levels {
            0 => 0,
            1 => at.min(self.len()),
            _ if at == 0 || self.is_empty() => 0,
            _ => deep(|| match self.as_list() {
                Some(list) => list.inner_before(at, levels),
                None => self.as_object().map_or(0, |object| object.inner_before(at, levels)),
            }),
        }
    }

    /// The position of the child that the `nth` of the values inside is or is inside of, and the how
    /// manieth after the child. There is such a value.
    pub fn inner_at(&self, nth: usize, levels: usize) -> Option<(usize, usize)> {
        match levels {
            0 => None,
            1 => (nth < self.len()).then_some((nth, 0)),
            _ => match self.as_list() {
                Some(list) => list.inner_at(nth, levels),
                None => self.as_object()?.inner_at(nth, levels),
            },
        }
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
        self.index(index)?;
        self.as_list_mut()?.get_mut(index)
    }

    /// The child at a key, to be changed in place.
    pub fn key_mut(&mut self, key: &Text) -> Option<&mut Self> {
        let at = self.key_position(key)?;
        Arc::make_mut(self.as_object_mut()?).value_mut(at)
    }

    /// The same, given where the key was among the others when it was last looked for.
    pub(crate) fn key_mut_near(&mut self, key: &Text, near: &mut u32) -> Option<&mut Self> {
        let object = self.as_object()?;
        let mut at = *near as usize;
        if object.entry(at).is_none_or(|(held, _)| held != key) {
            at = object.position(key)?;
            *near = u32::try_from(at).unwrap_or(0);
        }
        Arc::make_mut(self.as_object_mut()?).value_mut(at)
    }

    /// The value at a path below this one, to be changed in place.
    pub fn at_mut(&mut self, path: &Path) -> Option<&mut Self> {
        path.steps().iter().try_fold(self, |value, step| value.get_mut(step))
    }

    /// Writes a key: in its place if the map has it, else at the end. Returns what was there.
    /// Does nothing to a value that is no map.
    pub fn insert_key(&mut self, key: Text, value: Self) -> Option<Self> {
        Arc::make_mut(self.as_object_mut()?).insert(key, value)
    }

    /// Removes a key. Returns what was there.
    pub fn remove_key(&mut self, key: &Text) -> Option<Self> {
        self.take_entry(key).map(|taken| taken.entry.1)
    }

    /// Takes the entry of a key out of a map.
    pub(super) fn take_entry(&mut self, key: &Text) -> Option<Taken> {
        self.key_position(key)?;
        Arc::make_mut(self.as_object_mut()?).take(key)
    }

    /// Puts an entry back into the map that it was taken out of.
    pub(super) fn give_entry(&mut self, taken: Taken) {
        if let Some(object) = self.as_object_mut() {
            Arc::make_mut(object).give(taken);
        }
    }

    /// The value of the `at`-th entry of a map, to be changed in place.
    pub(super) fn entry_mut(&mut self, at: usize) -> Option<&mut Self> {
        Arc::make_mut(self.as_object_mut()?).value_mut(at)
    }

    /// The string's text, to be changed in place.
    pub(crate) fn text_mut(&mut self) -> Option<&mut Text> {
        let Node::String(text) = &mut self.0 else { return None };
        Some(text)
    }

    /// Replaces `count` elements from `start` on by others; both are clamped to the length. Does
    /// nothing to a value that is no array.
    pub fn splice_elements(&mut self, start: usize, count: usize, items: impl IntoIterator<Item = Self>) {
        if let Some(elements) = self.as_list_mut() {
            elements.splice(start, count, items);
        }
    }

    /// What tells this container from others; nothing for a scalar.
    pub(super) fn identity(&self) -> Option<Identity> {
        match &self.0 {
            Node::Array(elements) => Some((elements.address(), u32::MAX)),
            Node::Object(object) => Some((Arc::as_ptr(object).addr(), u32::MAX)),
            Node::Unread(unread) => Some(unread.identity()),
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => None,
        }
    }

    /// Whether both are the very same, in memory or in a text, so that nothing below them can
    /// differ. False says nothing.
    pub fn is_same(&self, other: &Self) -> bool {
        let (left, right) = match (&self.0, &other.0) {
            (Node::Array(left), Node::Array(right)) => return left.is_same(right),
            (Node::Object(left), Node::Object(right)) => return Arc::ptr_eq(left, right),
            (Node::Unread(left), Node::Unread(right)) => {
                return Arc::ptr_eq(left, right) || left.is_same(right);
            }
            (Node::Unread(unread), other) | (other, Node::Unread(unread)) => (unread.known(), other),
            _ => return false,
        };
        match (left, right) {
            (Some(Inside::Array(left)), Node::Array(right)) => left.is_same(right),
            (Some(Inside::Object(left)), Node::Object(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Node::Null, Node::Null) => true,
            (Node::Bool(left), Node::Bool(right)) => left == right,
            (Node::Number(left), Node::Number(right)) => left == right,
            (Node::String(left), Node::String(right)) => left == right,
            _ if !self.is_container() || self.kind() != other.kind() || self.len() != other.len() => false,
            _ if self.is_same(other) => true,
            (Node::Unread(left), Node::Unread(right)) if left.text() == right.text() => true,
            _ => deep(|| self.as_list() == other.as_list() && self.as_object() == other.as_object()),
        }
    }
}

impl Eq for Value {}

/// As deep as a document may be, so not by the compiler's own recursion.
impl Drop for Value {
    fn drop(&mut self) {
        if self.is_container() {
            deep(|| drop(std::mem::replace(&mut self.0, Node::Null)));
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
