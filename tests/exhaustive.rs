//! All histories of a few changes on tiny documents: every choice of edits and authors, every way
//! in which one may have seen the others, every order of arrival. The engine against the oracle.
//!
//! Of histories of one change more every [`SPARSE`]th is tried. `DEEP=1` tries them all, millions; in a
//! release build that takes some minutes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "how much was tried is worth a line")]

mod oracle;

use oracle::history::{History, view_of};
use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::sync::{Author, Change, VectorClock};

/// Who only receives.
const ONLOOKER: Author = Author(9);
const AUTHORS: [Author; 3] = [Author(1), Author(2), Author(3)];

/// A document, and edits that get into each other's way there.
struct World {
    document: Value,
    edits: Vec<(Path, Method)>,
}

fn world(document: &str, edits: &[(Path, Method)]) -> World {
    World { document: parse(document).unwrap(), edits: edits.to_vec() }
}

fn key(keys: &str) -> Path {
    keys.split_terminator('.').fold(Path::ROOT, |path, key| path.key(key))
}

fn set(path: Path, value: &str) -> (Path, Method) {
    (path, Method::Set(parse(value).unwrap()))
}

fn delete(path: Path) -> (Path, Method) {
    (path, Method::Delete)
}

fn merge(path: Path, value: &str) -> (Path, Method) {
    (path, Method::Merge(parse(value).unwrap()))
}

fn splice(path: Path, start: i64, count: i64, items: &str) -> (Path, Method) {
    let items = parse(items).unwrap().elements().cloned().collect();
    (path, Method::Splice { start, count, items })
}

/// Each way in which so many changes can have been made: an author and a clock for each, in the
/// order of their stamps.
fn shapes(count: usize) -> Vec<Vec<(Author, VectorClock)>> {
    let mut shapes = vec![Vec::new()];
    for _ in 0..count {
        shapes = shapes.iter().flat_map(longer).collect();
    }
    shapes
}

/// A shape with one change more, in all ways.
fn longer(shape: &Vec<(Author, VectorClock)>) -> Vec<Vec<(Author, VectorClock)>> {
    let mut all = Vec::new();
    for author in AUTHORS {
        let own = shape.iter().rfind(|(by, _)| *by == author).map(|(_, clock)| clock.clone());
        // What it may have seen: its own last change, with any of the others and all that they saw.
        let mut contexts = vec![own.unwrap_or_default()];
        for (_, clock) in shape {
            for mut context in contexts.clone() {
                context.join(clock);
                // An own change it can have seen only if it made it before.
                if !contexts.contains(&context) {
                    contexts.push(context);
                }
            }
        }
        for mut clock in contexts {
            clock.set(author, clock.get(author) + 1);
            let last = shape.last().map(|(by, last)| (last.sum(), *by));
            if last < Some((clock.sum(), author)) {
                let mut longer = shape.clone();
                longer.push((author, clock));
                all.push(longer);
            }
        }
    }
    all
}

/// All orders of arrival in which nothing comes before its cause.
fn arrivals(changes: &[Change]) -> Vec<Vec<Change>> {
    if changes.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (at, last) in changes.iter().enumerate() {
        if !changes.iter().any(|other| other != last && other.clock.saw(last.id())) {
            let mut others = changes.to_vec();
            others.remove(at);
            orders.extend(arrivals(&others).into_iter().map(|mut order| {
                order.push(last.clone());
                order
            }));
        }
    }
    orders
}

/// Of histories with one change more than all are tried of, how many go untried for one that is.
const SPARSE: usize = 499;

/// Tries all histories of so many changes, and some of one more.
fn try_all(world: &World, count: usize) {
    let (mut histories, mut orders) = try_each(world, count, 1);
    assert!(histories > 1000, "{histories}");
    let every = if std::env::var("DEEP").is_ok() { 1 } else { SPARSE };
    let (more, more_orders) = try_each(world, count + 1, every);
    (histories, orders) = (histories + more, orders + more_orders);
    println!("{histories} histories in {orders} orders of arrival");
}

/// Tries every so manieth history of so many changes. How many, and in how many orders.
fn try_each(world: &World, count: usize, every: usize) -> (usize, usize) {
    let (mut tried, mut orders) = (0, 0);
    let choices = world.edits.len().pow(u32::try_from(count).unwrap());
    for (number, shape) in shapes(count).into_iter().enumerate() {
        let first = (every - number * choices % every) % every;
        for choice in (first..choices).step_by(every) {
            let mut rest = choice;
            let changes = shape.iter().map(|(author, clock)| {
                let (path, method) = world.edits[rest % world.edits.len()].clone();
                rest /= world.edits.len();
                Change { author: *author, clock: clock.clone(), path, method }
            });
            let history = History { initial: world.document.clone(), changes: changes.collect() };
            orders += try_one(&history);
            tried += 1;
        }
    }
    (tried, orders)
}

/// Tries a history in all orders. How many there are.
fn try_one(history: &History) -> usize {
    let view = history.view();
    let orders = arrivals(&history.changes);
    for (number, order) in orders.iter().enumerate() {
        let mut replica = history.replica(ONLOOKER, 1000);
        for change in order {
            assert!(replica.receive([change.clone()]).refused.is_empty(), "{}", history.story());
        }
        let value = replica.value().to_string();
        // Conflicts and lost edits are read off the history, whatever the order was.
        if value != view.value || (number == orders.len() - 1 && view_of(&replica) != view) {
            let names: Vec<String> = order.iter().map(|change| change.id().to_string()).collect();
            assert_eq!(view_of(&replica), view, "arriving as {names:?}\n{}", history.story());
        }
    }
    orders.len()
}

#[test]
fn shapes_are_complete() {
    // Alone, one after the other, side by side.
    assert_eq!(shapes(1).len(), 3);
    let two = shapes(2);
    assert_eq!(two.len(), 3 + 6 + 3);
    assert_eq!(two.iter().filter(|shape| shape[1].1.sum() == 2).count(), 9);
}

#[test]
fn in_a_list() {
    let at = |index| Path::ROOT.index(index);
    let edits = [
        set(at(0), r#""X""#),
        set(at(2), r#""Y""#),
        delete(at(1)),
        splice(Path::ROOT, 1, 0, r#"["m","n"]"#),
        splice(Path::ROOT, 0, 2, r#"["r"]"#),
    ];
    try_all(&world(r#"["p","q"]"#, &edits), 3);
}

#[test]
fn in_a_map() {
    let edits = [
        set(key("a"), "2"),
        set(key("a"), "{}"),
        set(key("a.b"), "3"),
        delete(key("a")),
        merge(Path::ROOT, r#"{"c":4,"a":{"d":5}}"#),
    ];
    try_all(&world(r#"{"a":1,"z":0}"#, &edits), 3);
}

#[test]
fn in_a_map_in_a_map() {
    let edits = [
        set(key("a.b"), "2"),
        set(key("a"), r#"{"b":9}"#),
        delete(key("a")),
        merge(key("a"), r#"{"b":{"c":1}}"#),
        set(Path::ROOT, "{}"),
    ];
    try_all(&world(r#"{"a":{"b":1}}"#, &edits), 3);
}

#[test]
fn in_maps_shown_as_one() {
    let edits = [
        set(key("m"), "{}"),
        set(key("m.x"), "1"),
        merge(key("m"), r#"{"n":{"y":2}}"#),
        delete(key("m")),
        set(key("m"), "3"),
        delete(key("m.x")),
    ];
    try_all(&world("{}", &edits), 3);
}

#[test]
fn in_a_string() {
    let edits = [
        splice(Path::ROOT, 0, 1, "[]"),
        splice(Path::ROOT, 1, 0, r#"["xy"]"#),
        splice(Path::ROOT, 0, 0, r#"["z"]"#),
        splice(Path::ROOT, 1, 2, r#"["w"]"#),
        set(Path::ROOT, r#""c""#),
    ];
    try_all(&world(r#""ab""#, &edits), 3);
}

#[test]
fn in_a_map_in_a_list() {
    let first = || Path::ROOT.index(0);
    let edits = [
        set(first().key("k"), "2"),
        set(first(), "{}"),
        delete(first()),
        splice(Path::ROOT, 0, 0, r#"[{"k":7}]"#),
        merge(first(), r#"{"j":1}"#),
    ];
    try_all(&world(r#"[{"k":1}]"#, &edits), 3);
}

#[test]
fn four_insertions_and_removals() {
    let edits = [splice(Path::ROOT, 1, 0, r#"["m"]"#), splice(Path::ROOT, 0, 1, "[]")];
    try_all(&world(r#"["p"]"#, &edits), 4);
}

#[test]
fn four_writes_that_place_keys() {
    let edits = [set(key("x"), "1"), set(key("y"), "2")];
    try_all(&world("{}", &edits), 4);
}

#[test]
fn four_writes_around_a_mergeable_map() {
    let edits = [set(key("m.x"), "1"), delete(key("m"))];
    try_all(&world("{}", &edits), 4);
}
