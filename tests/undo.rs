//! Undo and redo of own changes, alone and beside others.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

#[path = "undo/depth.rs"]
mod depth;

use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::sync::{Author, Change, ChangeId, Checkpoint, Replica, Undone, VectorClock};

fn json(text: &str) -> Value {
    parse(text).unwrap()
}

fn replica(author: u32, text: &str) -> Replica {
    let checkpoint = Checkpoint { source: text.into(), value: json(text), clock: VectorClock::new() };
    Replica::new(Author(author), checkpoint, 10_000)
}

fn path(replica: &Replica, text: &str) -> Path {
    Path::read(text, replica.value()).unwrap()
}

fn set(replica: &mut Replica, at: &str, value: &str) -> ChangeId {
    let path = path(replica, at);
    replica.edit(path, Method::Set(json(value))).unwrap().id()
}

fn delete(replica: &mut Replica, at: &str) -> ChangeId {
    let path = path(replica, at);
    replica.edit(path, Method::Delete).unwrap().id()
}

fn merge(replica: &mut Replica, at: &str, value: &str) -> ChangeId {
    let path = path(replica, at);
    replica.edit(path, Method::Merge(json(value))).unwrap().id()
}

fn splice(replica: &mut Replica, at: &str, start: i64, count: i64, items: &str) -> ChangeId {
    let path = path(replica, at);
    let items = json(items).elements().cloned().collect();
    replica.edit(path, Method::Splice { start, count, items }).unwrap().id()
}

fn exchange(from: &Replica, to: &mut Replica) {
    let clock = to.clock().clone();
    let changes: Vec<Change> = from.changes_since(&clock).map(|change| (**change).clone()).collect();
    assert!(to.receive(changes).refused.is_empty());
}

fn ids(undone: &Undone) -> Vec<ChangeId> {
    undone.changes.iter().map(|change| change.id()).collect()
}

/// Makes an edit, undoes it, redoes it, undoes it: each time the document is the one expected.
fn there_and_back(before: &str, after: &str, edit: impl Fn(&mut Replica) -> ChangeId) {
    let mut replica = replica(1, before);
    let made = edit(&mut replica);
    assert_eq!(replica.value().to_string(), after);
    let mut group = vec![made];
    for expected in [before, after, before, after, before] {
        let undone = replica.undo(&group);
        assert!(undone.left_alone.is_empty(), "{undone:?}");
        assert_eq!(replica.value().to_string(), expected);
        group = ids(&undone);
    }
}

#[test]
fn each_method_goes_there_and_back() {
    there_and_back(r#"{"a":1}"#, r#"{"a":2}"#, |at| set(at, "/a", "2"));
    there_and_back(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, |at| set(at, "/b", "2"));
    there_and_back(r#"{"a":1}"#, r#"{"a":1,"b":{"c":{"d":2}}}"#, |at| set(at, "/b/c/d", "2"));
    there_and_back(r#"{"a":[1]}"#, "[2]", |at| set(at, "", "[2]"));
    there_and_back("[1,2]", "[1,2,3]", |at| set(at, "/2", "3"));
    there_and_back("[1,2]", "[1,[]]", |at| set(at, "/1", "[]"));
    there_and_back(r#"{"a":1,"b":{"c":2}}"#, r#"{"a":1}"#, |at| delete(at, "/b"));
    there_and_back("[1,2,3]", "[1,3]", |at| delete(at, "/1"));
    there_and_back(r#"{"a":{"x":1}}"#, r#"{"a":{"x":2,"y":{"z":3}}}"#, |at| {
        merge(at, "", r#"{"a":{"x":2,"y":{"z":3}}}"#)
    });
    there_and_back("[1,2,3,4,5]", "[1,8,9,4,5]", |at| splice(at, "", 1, 2, "[8,9]"));
    there_and_back("[1,2,3]", "[]", |at| splice(at, "", 0, 3, "[]"));
    there_and_back(r#""hello""#, r#""jelly""#, |at| splice(at, "", 0, 5, r#"["jelly"]"#));
    there_and_back(r#"["a\tb😀c"]"#, r#"["a\tX"]"#, |at| splice(at, "/0", 2, 3, r#"["X"]"#));
}

#[test]
fn a_chain_is_undone_through_what_undo_has_restored() {
    let start = r#"{"l":["p",{"x":0},"q"],"t":"abc"}"#;
    let mut replica = replica(1, start);
    let mut states = vec![replica.value().to_string()];
    let mut groups = Vec::new();
    let edits: [fn(&mut Replica) -> ChangeId; 8] = [
        |at| splice(at, "/l", 1, 0, r#"[{"y":{"k":1}}]"#),
        |at| set(at, "/l/1/y/k", "2"),
        |at| set(at, "/l/2/x", "5"),
        |at| splice(at, "/t", 1, 1, r#"["XYZ"]"#),
        |at| splice(at, "/t", 2, 3, "[]"),
        |at| splice(at, "/l", 0, 3, "[]"),
        |at| set(at, "/l", r#"{"now":"a map"}"#),
        |at| delete(at, "/l"),
    ];
    for edit in edits {
        groups.push(vec![edit(&mut replica)]);
        states.push(replica.value().to_string());
    }
    // Down to the start, up again by redo, and once more, since the restored stands for the old.
    for _ in 0..2 {
        let mut redo = Vec::new();
        for (group, state) in groups.iter().rev().zip(states.iter().rev().skip(1)) {
            let undone = replica.undo(group);
            assert!(undone.left_alone.is_empty(), "{undone:?}");
            assert_eq!(sorted(replica.value()), sorted(&json(state)));
            redo.push(ids(&undone));
        }
        groups.clear();
        for (group, state) in redo.iter().rev().zip(states.iter().skip(1)) {
            let redone = replica.undo(group);
            assert!(redone.left_alone.is_empty(), "{redone:?}");
            assert_eq!(sorted(replica.value()), sorted(&json(state)));
            groups.push(ids(&redone));
        }
    }
}

/// A document with its keys sorted: a key brought back stands at the end.
fn sorted(value: &Value) -> String {
    let mut entries: Vec<String> =
        value.entries().map(|(key, child)| format!("{key}:{}", sorted(child))).collect();
    entries.sort();
    let elements: Vec<String> = value.elements().map(sorted).collect();
    if value.is_container() { format!("{{{entries:?}{elements:?}}}") } else { value.to_string() }
}

#[test]
fn what_somebody_else_has_overwritten_is_left_alone() {
    let mut ann = replica(1, r#"{"x":0,"y":0}"#);
    let mut bob = replica(2, r#"{"x":0,"y":0}"#);
    let mine = [set(&mut ann, "/x", "1"), set(&mut ann, "/y", "1")];
    exchange(&ann, &mut bob);
    set(&mut bob, "/x", "2");
    exchange(&bob, &mut ann);
    let undone = ann.undo(&mine);
    assert_eq!(undone.left_alone, [(path(&ann, "/x"), Author(2))]);
    assert_eq!(ann.value().to_string(), r#"{"x":2,"y":0}"#);
    exchange(&ann, &mut bob);
    assert_eq!(bob.value(), ann.value());
}

#[test]
fn an_element_that_moved_is_still_the_one_undone() {
    let mut ann = replica(1, r#"["p","q"]"#);
    let mut bob = replica(2, r#"["p","q"]"#);
    let mine = set(&mut ann, "/1", r#""Q""#);
    splice(&mut bob, "", 0, 0, r#"["new","newer"]"#);
    exchange(&bob, &mut ann);
    assert_eq!(ann.value().to_string(), r#"["new","newer","p","Q"]"#);
    ann.undo(&[mine]);
    assert_eq!(ann.value().to_string(), r#"["new","newer","p","q"]"#);
}

#[test]
fn what_somebody_else_typed_into_my_insertion_stays() {
    let mut ann = replica(1, r#"{"l":[]}"#);
    let mut bob = replica(2, r#"{"l":[]}"#);
    let mine = splice(&mut ann, "/l", 0, 0, r#"[{"a":1},2]"#);
    exchange(&ann, &mut bob);
    set(&mut bob, "/l/0/b", "true");
    exchange(&bob, &mut ann);
    let undone = ann.undo(&[mine]);
    assert_eq!(undone.left_alone.len(), 1);
    assert_eq!(ann.value().to_string(), r#"{"l":[{"a":1,"b":true}]}"#);
}

#[test]
fn undoing_a_deletion_brings_back_what_was_written_inside_meanwhile() {
    let mut ann = replica(1, r#"{"cfg":{"a":1}}"#);
    let mut bob = replica(2, r#"{"cfg":{"a":1}}"#);
    let mine = delete(&mut ann, "/cfg");
    set(&mut bob, "/cfg/a", "9");
    exchange(&bob, &mut ann);
    assert_eq!(ann.value().to_string(), "{}");
    assert_eq!(ann.lost_edits().len(), 1);
    ann.undo(&[mine]);
    assert_eq!(ann.value().to_string(), r#"{"cfg":{"a":9}}"#);
}

#[test]
fn two_people_undo_their_own_words_in_one_string() {
    let mut ann = replica(1, r#""the fox""#);
    let mut bob = replica(2, r#""the fox""#);
    let mine = splice(&mut ann, "", 4, 0, r#"["quick "]"#);
    splice(&mut bob, "", 7, 0, r#"[" jumps"]"#);
    exchange(&bob, &mut ann);
    exchange(&ann, &mut bob);
    assert_eq!(ann.value().to_string(), r#""the quick fox jumps""#);
    let undone = ann.undo(&[mine]);
    assert_eq!(ann.value().to_string(), r#""the fox jumps""#);
    ann.undo(&ids(&undone));
    assert_eq!(ann.value().to_string(), r#""the quick fox jumps""#);
    exchange(&ann, &mut bob);
    assert_eq!(bob.value(), ann.value());
}
