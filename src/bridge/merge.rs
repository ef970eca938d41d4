//! Two branches of a document, merged.

use crate::document::{Kind, Method, Path, Value, diff};
use crate::sync::{Author, Change, Checkpoint, Conflict, Replica, VectorClock};

/// What two branches make together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The document; where the branches conflict it shows what ours has.
    pub value: Value,
    /// The places that both have changed, each to something else, and those where one has edited
    /// inside what the other removed.
    pub conflicts: Vec<Path>,
}

/// Merges two branches of `base`, as if two people had made the edits at the same time: what one
/// has changed and the other has not is as the one has it, by path and not by line.
///
/// Strings are wholes here: two branches that edit one string conflict. An edit that both have
/// made is made once. A value that one branch writes and the other deletes stays.
pub fn merge(base: &Value, ours: &Value, theirs: &Value) -> Merged {
    let our_edits = whole(base, diff(base, ours));
    let mut their_edits = whole(base, diff(base, theirs));
    // All edits of a diff name places as they were in the base, so the same words say the same.
    their_edits.retain(|edit| !our_edits.contains(edit));
    let start = Checkpoint { source: "".into(), value: base.clone(), clock: VectorClock::new() };
    // Makes no edits of its own; its author is one that no change can have.
    let mut replica = Replica::new(Author(0), start, usize::MAX);
    replica.receive(changes(Author(1), our_edits).chain(changes(Author(2), their_edits)));
    let mut conflicts: Vec<Path> =
        replica.conflicts().into_iter().filter(differs).map(|conflict| conflict.path).collect();
    for lost in replica.lost_edits() {
        let path = &lost.change.path;
        if !conflicts.contains(path) {
            conflicts.push(path.clone());
        }
    }
    Merged { value: replica.value().clone(), conflicts }
}

fn differs(conflict: &Conflict) -> bool {
    let mut values = conflict.values.iter().map(|(_, value)| value);
    let first = values.next();
    values.any(|value| first.is_some_and(|first| !diff(first, value).is_empty()))
}

/// Edits of strings as writes of whole strings; new maps as merges, so that those that both
/// branches have added become one.
fn whole(base: &Value, edits: Vec<(Path, Method)>) -> Vec<(Path, Method)> {
    let mut value = base.clone();
    let mut whole = Vec::with_capacity(edits.len());
    for (path, method) in edits {
        let kind = value.at(&path).map(Value::kind);
        // A diff leads where it says.
        let _ = value.apply(&path, &method);
        let method = match method {
            Method::Splice { .. } if kind == Some(Kind::String) => {
                value.at(&path).cloned().map_or(method, Method::Set)
            }
            Method::Set(map) if kind.is_none() && map.is_object() => Method::Merge(map),
            other @ (Method::Set(_) | Method::Delete | Method::Merge(_) | Method::Splice { .. }) => other,
        };
        whole.push((path, method));
    }
    whole
}

fn changes(author: Author, edits: Vec<(Path, Method)>) -> impl Iterator<Item = Change> {
    (1..).zip(edits).map(move |(tick, (path, method))| {
        let mut clock = VectorClock::new();
        clock.set(author, tick);
        Change { author, clock, path, method }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::parse;

    #[test]
    fn branches_are_merged_by_path() {
        // Base, ours, theirs, merged, conflicts.
        let cases: &[(&str, &str, &str, &str, &[&str])] = &[
            (r#"{"a":1,"b":2}"#, r#"{"a":9,"b":2}"#, r#"{"a":1,"b":8,"c":3}"#, r#"{"a":9,"b":8,"c":3}"#, &[]),
            (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":2}"#, &["/a"]),
            (r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":2}"#, r#"{"a":2}"#, &[]),
            (r#"{"s":"one two"}"#, r#"{"s":"1 two"}"#, r#"{"s":"one 2"}"#, r#"{"s":"1 two"}"#, &["/s"]),
            // Elements that came on both sides, one of them the same one.
            (
                r#"[{"id":1,"n":1}]"#,
                r#"[{"id":0},{"id":1,"n":1}]"#,
                r#"[{"id":0},{"id":1,"n":2},{"id":3}]"#,
                r#"[{"id":0},{"id":1,"n":2},{"id":3}]"#,
                &[],
            ),
            // New maps on both sides become one.
            (
                "{}",
                r#"{"m":{"x":1,"z":{"p":1}}}"#,
                r#"{"m":{"y":2,"z":{"q":2}}}"#,
                r#"{"m":{"x":1,"z":{"p":1,"q":2},"y":2}}"#,
                &[],
            ),
            ("{}", r#"{"m":{"x":1}}"#, r#"{"m":{"x":2}}"#, r#"{"m":{"x":1}}"#, &["/m/x"]),
            // Edited here, removed there.
            (r#"{"m":{"x":1}}"#, r#"{"m":{"x":2}}"#, "{}", "{}", &["/m/x"]),
            (r#"{"x":1}"#, r#"{"x":2}"#, "{}", r#"{"x":2}"#, &[]),
            ("[1,2,3]", "[1,3]", "[1,2,3,4]", "[1,3,4]", &[]),
        ];
        for (base, ours, theirs, expected, conflicts) in cases {
            let [base, ours, theirs] = [base, ours, theirs].map(|text| parse(text).unwrap());
            let merged = merge(&base, &ours, &theirs);
            assert_eq!(merged.value.to_string(), *expected, "{base}: {ours} and {theirs}");
            let paths: Vec<String> = merged.conflicts.iter().map(ToString::to_string).collect();
            assert_eq!(paths, *conflicts, "{base}: {ours} and {theirs}");
        }
    }
}
