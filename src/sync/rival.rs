//! Which of several concurrent changes at one place counts.

use super::tracker::{Effect, EntryId, Record, Scope, Slot, Tracker};
use super::{Change, ChangeId, Replica};
use crate::document::Method;

impl Replica {
    /// The change, if any, that a remembered one has lost its place to: concurrent with it, and
    ///
    /// - removing or replacing something around it, or
    /// - for a set: another set of the same place by a lower author;
    /// - for a delete: any write of the same place, or a delete by a lower author;
    /// - for a merge or a splice, which are edits inside a value: a removal or replacement of
    ///   that value, or an edit inside it by a lower author.
    ///
    /// It depends on the changes alone, so all who have both agree, whatever has been written
    /// there since. Costs a replay of the history from before the change.
    pub fn beaten_by(&self, id: ChangeId) -> Option<ChangeId> {
        let change = self.change(id)?.clone();
        let context = change.context();
        let since = self.remembered().critical_within(&context)?;
        let mut tracker = Tracker::recording(self.remembered().value_at(since, self.value()));
        self.remembered().since(since).for_each(|change| tracker.apply(change, None));
        let scope = tracker.scope(&change.path, &context)?;
        let is_concurrent = |record: &&Record| {
            !change.clock.saw(record.id) && self.change(record.id).is_some_and(|other| !other.clock.saw(id))
        };
        let mut rivals = tracker.records().iter().filter(is_concurrent);
        rivals.find(|rival| beats(rival, &change, &scope)).map(|rival| rival.id)
    }
}

fn beats(rival: &Record, change: &Change, scope: &Scope) -> bool {
    let gone: Vec<EntryId> = rival.effects.iter().flat_map(removed).copied().collect();
    let removes = |entries: &[EntryId]| entries.iter().any(|entry| gone.contains(entry));
    let is_lower = rival.id.author < change.author;
    if removes(&scope.containers) {
        return true;
    }
    let writes = rival.effects.iter().any(|effect| match effect {
        Effect::Wrote { slot, .. } => is_same(slot, &scope.slot),
        Effect::Removed { .. } | Effect::Inserted { .. } | Effect::Spliced { .. } => false,
    });
    let is_inside = rival.containers.iter().flatten().any(|entry| scope.values.contains(entry))
        || rival.effects.iter().any(|effect| match effect {
            Effect::Inserted { list: into, .. } | Effect::Spliced { string: into, .. } => {
                scope.values.contains(into)
            }
            Effect::Wrote { .. } | Effect::Removed { .. } => false,
        });
    match change.method {
        Method::Set(_) => writes && is_lower,
        Method::Delete => writes || (removes(&scope.values) && is_lower),
        Method::Merge(_) | Method::Splice { .. } => removes(&scope.values) || (is_inside && is_lower),
    }
}

fn removed(effect: &Effect) -> &[EntryId] {
    match effect {
        Effect::Wrote { removed, .. } => removed,
        Effect::Removed { entries, .. } => entries,
        Effect::Inserted { .. } | Effect::Spliced { .. } => &[],
    }
}

/// Whether two slots are one: of maps shown as one, the slots of a key are.
fn is_same(left: &Slot, right: &Slot) -> bool {
    match (left, right) {
        (Slot::Key(maps, key), Slot::Key(others, other)) => {
            key == other && maps.iter().any(|map| others.contains(map))
        }
        (Slot::Root | Slot::Item(..) | Slot::Key(..), _) => left == right,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::{Path, Value};
    use crate::sync::{Author, Checkpoint};

    /// Two changes made at the same time by authors 1 and 2; which of them were beaten.
    fn beaten(start: &str, one: (&str, Method), two: (&str, Method)) -> [bool; 2] {
        let start = Checkpoint::read(start).unwrap();
        let mut replicas = [1, 2].map(|author| Replica::new(Author(author), start.clone(), 100));
        let mut changes = Vec::new();
        for (replica, (path, method)) in replicas.iter_mut().zip([one, two]) {
            let path = Path::read(path, replica.value()).unwrap();
            changes.push(replica.edit(path, method).unwrap());
        }
        let all: Vec<Change> = changes.iter().map(|change| Change::clone(change)).collect();
        let mut results = Vec::new();
        for replica in &mut replicas {
            replica.receive(all.clone());
            // What comes later does not change what came first.
            for after in [false, true] {
                if after {
                    replica.edit(Path::ROOT, Method::Set(Value::NULL)).unwrap();
                }
                let beaten: Vec<bool> =
                    changes.iter().map(|change| replica.beaten_by(change.id()).is_some()).collect();
                results.push(beaten);
            }
        }
        assert!(results.windows(2).all(|pair| pair.first() == pair.last()), "{results:?}");
        let first = results.swap_remove(0);
        [*first.first().unwrap(), *first.last().unwrap()]
    }

    fn set(text: &str) -> Method {
        Method::Set(crate::document::parse(text).unwrap())
    }

    fn splice(item: &str) -> Method {
        Method::Splice { start: 0, count: 0, items: vec![Value::string(item)] }
    }

    #[test]
    fn of_two_changes_at_one_place_one_comes_first() {
        let start = r#"{"a": {"b": [1, 2]}, "s": "x", "c": 1}"#;
        let cases = [
            (("/c", set("2")), ("/c", set("3")), [false, true]),
            (("/c", set("2")), ("/s", set("3")), [false, false]),
            (("/c", Method::Delete), ("/c", set("3")), [true, false]),
            (("/c", set("2")), ("/c", Method::Delete), [false, true]),
            (("/c", Method::Delete), ("/c", Method::Delete), [false, true]),
            // What replaces something comes before what is edited inside it.
            (("/a/b/0", set("5")), ("/a", set("1")), [true, false]),
            (("/a", set("1")), ("/a/b", splice("x")), [false, true]),
            (("/a/b", Method::Delete), ("/a/b", splice("x")), [false, true]),
            (("/a/b", splice("x")), ("/a/b", Method::Delete), [true, false]),
            // Edits inside one value.
            (("/a/b", splice("x")), ("/a/b", splice("y")), [false, true]),
            (("/s", splice("x")), ("/s", splice("y")), [false, true]),
            (("/a/b/0", set("5")), ("/a/b", splice("y")), [false, true]),
            (
                ("/a", Method::Merge(Value::object([("x".into(), Value::NULL)]))),
                ("/a/b/1", set("3")),
                [false, false],
            ),
            (
                ("/a/b/1", set("3")),
                ("/a", Method::Merge(Value::object([("x".into(), Value::NULL)]))),
                [false, true],
            ),
        ];
        for (one, two, expected) in cases {
            let name = format!("{one:?} and {two:?}");
            assert_eq!(beaten(start, one, two), expected, "{name}");
        }
    }

    #[test]
    fn a_beaten_change_that_is_taken_back_leaves_the_other_alone() {
        let start = Checkpoint::read(r#"{"c": 1, "l": [1]}"#).unwrap();
        for (path, methods, expected) in [
            ("/c", [set("2"), set("3")], r#"{"c":2,"l":[1]}"#),
            ("/c", [set("2"), Method::Delete], r#"{"c":2,"l":[1]}"#),
            ("/l", [splice("x"), splice("y")], r#"{"c":1,"l":["x",1]}"#),
        ] {
            let [mut one, mut two] = [1, 2].map(|author| Replica::new(Author(author), start.clone(), 100));
            let path = Path::read(path, &start.value).unwrap();
            let [first, second] = methods;
            let first = one.edit(path.clone(), first).unwrap();
            let second = two.edit(path, second).unwrap();
            two.receive([Change::clone(&first)]);
            assert_eq!(two.beaten_by(second.id()), Some(first.id()));
            two.undo(&[second.id()]);
            assert_eq!(two.value().to_string(), expected);
        }
    }
}
