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

pub use merge::{Merged, merge};

use crate::document::{Method, Path, Value, diff};
use crate::sync::{Change, Snapshot, VectorClock};

/// The version of a room's document that a file shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    shadow: Value,
    clock: VectorClock,
}

impl Bridge {
    /// A file that shows `shadow`, which is the document at `clock`.
    pub fn new(shadow: Value, clock: VectorClock) -> Self {
        Self { shadow, clock }
    }

    /// What the file is known to show.
    pub fn shadow(&self) -> &Value {
        &self.shadow
    }

    /// What whoever edits the file has seen. An edit of the file is to be made on this.
    pub fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// The edits by which the file came to show `found`, to be made one after the other on
    /// [`clock`](Self::clock); each one that is made is to be [told](Self::made).
    pub fn edits(&self, found: &Value) -> Vec<(Path, Method)> {
        diff(&self.shadow, found)
    }

    /// An edit of the file is part of the room now. Told of one by one, so that what comes after
    /// a refusal is not made twice.
    pub fn made(&mut self, change: &Change) {
        // It has just been made on this very value.
        let _ = self.shadow.apply(&change.path, &change.method);
        self.clock.join(&change.clock);
    }

    /// The file shows this version now, having been written or being the same.
    pub fn shows(&mut self, snapshot: &Snapshot) {
        self.shadow = snapshot.value.clone();
        self.clock.clone_from(&snapshot.clock);
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

        fn file_is(&mut self, text: &str) {
            let found = crate::document::parse(text).unwrap();
            for (path, method) in self.bridge.edits(&found) {
                let change = self.keeper.edit_at(self.bridge.clock(), path, method).unwrap();
                self.bridge.made(&change);
                self.other.receive([Change::clone(&change)]);
            }
            assert_eq!(self.bridge.edits(&found), []);
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
    fn a_second_edit_of_a_file_that_was_not_written_since_goes_on_from_the_first() {
        let mut story = Story::new("[1,2,3]");
        story.remote(Path::ROOT, Method::Splice { start: 0, count: 0, items: vec![Value::from(0_u64)] });
        story.file_is("[1,2,3,4]");
        story.remote(Path::ROOT.index(0), Method::Delete);
        story.file_is("[1,3,4]");
        assert_eq!(story.room(), "[1,3,4]");
    }
}
