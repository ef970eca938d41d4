//! A room and a path in it.

use crate::document::{Kind, Method, Path, Step, Text, Value};
use crate::room::{Room, RoomError};

/// A place in a room's document: reads what is there now, writes there. Every write is an edit of
/// its own, on what is there at that moment.
#[derive(Clone)]
pub struct Cursor {
    room: Room,
    path: Path,
}

impl Cursor {
    pub(crate) fn new(room: Room, path: Path) -> Self {
        Self { room, path }
    }

    /// Where this is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The cursor one step further: a key or a position.
    #[must_use]
    pub fn at(&self, step: impl Into<Step>) -> Self {
        Self::new(self.room.clone(), self.path.child(step.into()))
    }

    /// The cursor on a key of this map.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.at(key)
    }

    /// The cursor on an element of this array.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.at(index)
    }

    /// What is here now.
    pub fn get(&self) -> Option<Value> {
        self.room.snapshot().value.at(&self.path).cloned()
    }

    /// Whether anything is here now.
    pub fn has(&self) -> bool {
        self.room.snapshot().value.at(&self.path).is_some()
    }

    /// Puts a value here. Missing maps on the way are made.
    ///
    /// # Errors
    /// The place cannot be had; nothing was altered. So with every other write.
    pub fn set(&self, value: Value) -> Result<(), RoomError> {
        self.edit(Method::Set(value))
    }

    /// Removes what is here.
    pub fn delete(&self) -> Result<(), RoomError> {
        self.edit(Method::Delete)
    }

    /// Writes each leaf that `map` names, deeply; nothing else is touched.
    pub fn merge(&self, map: Value) -> Result<(), RoomError> {
        self.edit(Method::Merge(map))
    }

    /// In an array, or in a string by Unicode scalar value: removes `count` from `start` on
    /// (negative counts from the end; both are clamped) and inserts `items` there.
    pub fn splice(
        &self, start: i64, count: i64, items: impl IntoIterator<Item = Value>,
    ) -> Result<(), RoomError> {
        self.edit(Method::Splice { start, count, items: items.into_iter().collect() })
    }

    /// Adds elements at the end of an array.
    pub fn push(&self, items: impl IntoIterator<Item = Value>) -> Result<(), RoomError> {
        let snapshot = self.room.snapshot();
        let end = snapshot.value.at(&self.path).map_or(0, length);
        let method = Method::Splice { start: position(end), count: 0, items: items.into_iter().collect() };
        self.room.edit(Some(&snapshot.clock), 0, self.path.clone(), method).map(|_| ())
    }

    /// Adds elements at the front of an array.
    pub fn unshift(&self, items: impl IntoIterator<Item = Value>) -> Result<(), RoomError> {
        self.splice(0, 0, items)
    }

    /// Removes the last element of an array and returns it; nothing if there is none.
    pub fn pop(&self) -> Result<Option<Value>, RoomError> {
        self.take(|length| length.checked_sub(1))
    }

    /// Removes the first element of an array and returns it; nothing if there is none.
    pub fn shift(&self) -> Result<Option<Value>, RoomError> {
        self.take(|_| Some(0))
    }

    /// Removes the element that `which` picks. What is returned is what is removed: the edit is
    /// made on the version that was read.
    fn take(&self, which: impl FnOnce(usize) -> Option<usize>) -> Result<Option<Value>, RoomError> {
        let snapshot = self.room.snapshot();
        let here = snapshot.value.at(&self.path);
        let index = which(here.map_or(0, Value::len));
        let element = here.zip(index).and_then(|(here, index)| here.index(index)).cloned();
        if element.is_none() && here.is_some_and(|here| here.kind() == Kind::Array) {
            return Ok(None);
        }
        // What is no array is refused by the edit itself.
        let method = Method::Splice { start: position(index.unwrap_or(0)), count: 1, items: Vec::new() };
        self.room.edit(Some(&snapshot.clock), 0, self.path.clone(), method)?;
        Ok(element)
    }

    fn edit(&self, method: Method) -> Result<(), RoomError> {
        self.room.edit(None, 0, self.path.clone(), method).map(|_| ())
    }

    /// Calls back with what is here whenever that has become another value, until the room is
    /// left. Errors and panics are reported as with [`Room::on_change`].
    pub fn on_change<F, E>(&self, mut callback: F)
    where
        F: FnMut(Option<&Value>) -> Result<(), E> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let path = self.path.clone();
        self.room.watch(|now| {
            let mut last = now.value.at(&path).cloned();
            Box::new(move |snapshot, _| {
                let here = snapshot.value.at(&path);
                if is_same(here, last.as_ref()) {
                    return Ok(());
                }
                last = here.cloned();
                callback(here).map_err(|error| error.to_string())
            })
        });
    }
}

fn is_same(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.is_same(right) || left == right,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Elements, or characters.
fn length(value: &Value) -> usize {
    value.as_text().map_or_else(|| value.len(), |text: &Text| text.plain().chars().count())
}

/// Documents are far shorter than this could tell.
fn position(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}
