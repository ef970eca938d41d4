//! What a file and a room have in common, so that both can be edited at once.
//!
//! A file has no clock: who rewrites it has edited what it showed. The bridge remembers that (the
//! **shadow**: what was last written to the file or read from it) with the clock of the version
//! it was. When the file holds something else, the difference to the shadow is what somebody did,
//! and they did it on that version: edits concurrent with whatever the room has seen since, which
//! merge with it by the ordinary rules.
//!
//! ```text
//! room    v1 ──── v2 (Bo sets b) ──────── v3 = v2 + a ──── written to the file
//!           \                            /
//! file       v1 ── somebody sets a ── read: diff(v1, file), made on v1
//! ```
//!
//! What it cannot know: an editor that still shows an older version of the file, and is told to
//! overwrite the newer one, takes back what it did not show.

mod merge;
#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test panics on what it did not expect"
)]
mod soak;

pub use merge::{Merged, merge};

use crate::document::{Method, Path, Value, diff};
use crate::sync::{Change, Snapshot, VectorClock};

/// What a file shows, as far as the room knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    shadow: Value,
    /// The version of the room's document that the shadow is, if it is one.
    clock: Option<VectorClock>,
}

/// What somebody did to a file, as edits of the room's document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdits {
    /// The version they are to be made on, one after the other; nothing: the one that was given.
    pub base: Option<VectorClock>,
    /// The edits.
    pub edits: Vec<(Path, Method)>,
    /// Places that the room has changed to something else meanwhile, and where that stays, since
    /// the edits are not made on a version of the room's document.
    pub conflicts: Vec<Path>,
}

impl Bridge {
    /// A file that shows `shadow`, which is the document at `clock`.
    pub fn new(shadow: Value, clock: VectorClock) -> Self {
        Self { shadow, clock: Some(clock) }
    }

    /// A file that shows something that no edit can be made on: a version that the room may have
    /// forgotten, or none of its own.
    pub fn adrift(shadow: Value) -> Self {
        Self { shadow, clock: None }
    }

    /// What the file is known to show.
    pub fn shadow(&self) -> &Value {
        &self.shadow
    }

    /// The edits by which the file came to show `found`; each one that is made is to be
    /// [told](Self::made), and the end of them too ([`taken_in`](Self::taken_in)).
    ///
    /// They are concurrent with what the room has seen since it was as the file showed it. If the
    /// file did not show a version of the room's document, what the room has done since is found
    /// by comparison as well, and the two are merged as two branches are ([`merge`]).
    pub fn edits(&self, found: &Value, now: &Value) -> FileEdits {
        if let Some(clock) = &self.clock {
            let edits = diff(&self.shadow, found);
            return FileEdits { base: Some(clock.clone()), edits, conflicts: Vec::new() };
        }
        let Merged { value, conflicts } = merge(&self.shadow, now, found);
        FileEdits { base: None, edits: diff(now, &value), conflicts }
    }

    /// An edit of the file is part of the room now. Told of one by one, so that what comes after
    /// a refusal is not made twice.
    pub fn made(&mut self, change: &Change) {
        if let Some(clock) = &mut self.clock {
            // It has just been made on this very value.
            let _ = self.shadow.apply(&change.path, &change.method);
            clock.join(&change.clock);
        }
    }

    /// All that made the file show `found` is part of the room now.
    pub fn taken_in(&mut self, found: &Value) {
        self.shadow = found.clone();
    }

    /// The author of the file's edits has made others, which an edit of what the file shows would
    /// count as having seen.
    pub fn cast_off(&mut self) {
        self.clock = None;
    }

    /// The file shows this version now, having been written or being the same.
    pub fn shows(&mut self, snapshot: &Snapshot) {
        *self = Self::new(snapshot.value.clone(), snapshot.clock.clone());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::sync::{Author, Checkpoint, Replica};

    /// A file, the room's member that keeps it, and another member.
    struct Story {
        bridge: Bridge,
        keeper: Replica,
        other: Replica,
    }

    impl Story {
        fn new(text: &str) -> Self {
            let start = Checkpoint::read(text).unwrap();
            let [keeper, other] = [1, 2].map(|author| Replica::new(Author(author), start.clone(), 100));
            Self { bridge: Bridge::new(start.value, start.clock), keeper, other }
        }

        fn remote(&mut self, path: Path, method: Method) {
            let change = self.other.edit(path, method).unwrap();
            self.keeper.receive([Change::clone(&change)]);
        }

        fn file_is(&mut self, text: &str) -> Vec<Path> {
            let found = crate::document::parse(text).unwrap();
            let FileEdits { base, edits, conflicts } = self.bridge.edits(&found, self.keeper.value());
            let base = base.unwrap_or_else(|| self.keeper.clock().clone());
            for (path, method) in edits {
                let change = self.keeper.edit_at(&base, path, method).unwrap();
                self.bridge.made(&change);
                self.other.receive([Change::clone(&change)]);
            }
            self.bridge.taken_in(&found);
            conflicts
        }

        fn room(&self) -> String {
            assert_eq!(self.keeper.value(), self.other.value());
            self.keeper.value().to_string()
        }
    }

    #[test]
    fn edits_of_the_file_meet_those_of_the_room_where_both_meant_them() {
        let mut story = Story::new(r#"{"port":80,"users":[{"id":1,"n":"Ana"},{"id":2,"n":"Bo"}]}"#);
        story.remote(Path::ROOT.key("users"), Method::Splice { start: 0, count: 1, items: Vec::new() });
        story.remote(Path::ROOT.key("tls"), Method::Set(Value::bool(true)));
        story.file_is(r#"{"port":81,"users":[{"id":1,"n":"Ana"},{"id":2,"n":"Bob"}]}"#);
        assert_eq!(story.room(), r#"{"port":81,"users":[{"id":2,"n":"Bob"}],"tls":true}"#);
        story.bridge.shows(&story.keeper.snapshot());
        story.file_is(r#"{"users":[{"id":2,"n":"Bob"}],"tls":true}"#);
        assert_eq!(story.room(), r#"{"users":[{"id":2,"n":"Bob"}],"tls":true}"#);
    }

    #[test]
    fn a_file_that_shows_no_version_of_the_room_is_merged_as_a_branch() {
        let mut story = Story::new(r#"{"port":80,"list":[1,2,3]}"#);
        story.remote(Path::ROOT.key("list"), Method::Splice { start: 0, count: 0, items: vec![Value::NULL] });
        story.remote(Path::ROOT.key("port"), Method::Set(Value::bool(true)));
        story.bridge.cast_off();
        let conflicts = story.file_is(r#"{"port":81,"list":[1,3]}"#);
        assert_eq!(story.room(), r#"{"port":true,"list":[null,1,3]}"#);
        assert_eq!(conflicts, [Path::ROOT.key("port")]);
        // Nobody has written what came of it, and it is edited again.
        assert_eq!(story.file_is(r#"{"port":81,"list":[1,3,4]}"#), []);
        assert_eq!(story.room(), r#"{"port":true,"list":[null,1,3,4]}"#);
    }

    #[test]
    fn a_second_edit_of_a_file_that_was_not_written_since_goes_on_from_the_first() {
        let mut story = Story::new("[1,2,3]");
        story.remote(Path::ROOT, Method::Splice { start: 0, count: 0, items: vec![Value::from(0_u64)] });
        story.file_is("[1,2,3,4]");
        story.remote(Path::ROOT.index(0), Method::Delete);
        story.file_is("[1,3,4]");
        assert_eq!(story.room(), "[1,3,4]");
    }
}
