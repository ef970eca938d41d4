//! What a contender has to be able to do.

use serde_json::Value as Json;

use crate::work::{Base, Edit};

/// One replica of a shared document in some engine.
///
/// To add an engine, implement this in a file of its own and name it in
/// [`ENGINES`](crate::contenders::ENGINES).
pub(crate) trait Contender {
    /// A new document, made by nobody who takes part.
    fn found(base: &Base) -> Self
    where
        Self: Sized;

    /// The replica of an author, from what [`save`](Self::save) gave. Authors count from 1;
    /// `members` take part.
    fn load(saved: &[u8], base: &Base, author: u32, members: u32) -> Self
    where
        Self: Sized;

    /// All that a newcomer needs.
    fn save(&mut self) -> Vec<u8>;

    /// Makes an edit: one change, by itself.
    fn edit(&mut self, edit: &Edit);

    /// Makes an edit, and gives the message that brings it to others.
    fn edit_and_encode(&mut self, edit: &Edit) -> Vec<u8>;

    /// All that was edited here since it was loaded, in as few messages as the engine likes.
    fn own_changes(&mut self) -> Vec<Vec<u8>>;

    /// Takes in messages that arrived together.
    fn receive(&mut self, messages: &[Vec<u8>]);

    /// How long a list is.
    fn length(&mut self, list: usize) -> usize;

    /// Looks at every node of the document, and counts them.
    fn read(&mut self) -> usize;

    /// The document.
    fn value(&mut self) -> Json;
}

/// An engine under its name.
pub(crate) struct Engine {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// What it can do.
    pub(crate) kind: Kind,
    /// [`Contender::found`]
    pub(crate) found: fn(&Base) -> Box<dyn Contender>,
    /// [`Contender::load`]
    pub(crate) load: fn(&[u8], &Base, u32, u32) -> Box<dyn Contender>,
}

/// What an engine can do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything.
    Documents,
    /// Only the workloads of typing.
    Text,
    /// Only what one author does, or others in order: it merges nothing.
    Floor,
}

impl Engine {
    /// An engine that is this contender.
    pub(crate) const fn of<C: Contender + 'static>(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            found: |base| Box::new(C::found(base)),
            load: |saved, base, author, members| Box::new(C::load(saved, base, author, members)),
        }
    }
}
