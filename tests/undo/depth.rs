//! The deepest document there may be, through every door of a replica, on a small stack.

use ultrawave::bridge::merge;
use ultrawave::document::{Method, Path, Step, Value, diff, json_patch, merge_patch, parse, save};
use ultrawave::limits;
use ultrawave::sync::{Author, Change, Checkpoint, Replica};

/// Far more than the stack holds; `LEVELS=9998` is the deepest there may be.
fn levels() -> usize {
    let wanted = std::env::var("LEVELS").ok().and_then(|text| text.parse().ok());
    wanted.unwrap_or(200).min(limits::DEPTH - 2)
}

/// Runs work on a stack far smaller than threads usually get.
fn on_a_small_stack(work: impl FnOnce()) {
    stacker::grow(256 << 10, work);
}

/// Maps in maps, around a leaf; the last of them has a second entry.
fn maps(leaf: &str) -> String {
    format!("{}{{\"a\":{leaf},\"b\":0}}{}", "{\"a\":".repeat(levels()), "}".repeat(levels()))
}

/// Arrays in maps in arrays, around a leaf.
fn mixed(leaf: &str) -> String {
    let half = levels() / 2;
    format!("{}{leaf}{}", "[0,{\"a\":".repeat(half), "}]".repeat(half))
}

fn to_leaf_of_maps() -> Path {
    std::iter::repeat_n(Step::from("a"), levels() + 1).collect()
}

fn to_leaf_of_mixed() -> Path {
    (0..levels() / 2).flat_map(|_| [Step::from(1), Step::from("a")]).collect()
}

fn pair(text: &str) -> [Replica; 2] {
    let start = Checkpoint::read(text).unwrap();
    [1, 2].map(|author| Replica::new(Author(author), start.clone(), 100))
}

fn exchange(replicas: &mut [Replica; 2]) {
    let [one, two] = replicas;
    let from = |from: &Replica, to: &Replica| {
        from.changes_since(to.clock()).map(|change| Change::clone(change)).collect::<Vec<_>>()
    };
    let (to_two, to_one) = (from(one, two), from(two, one));
    assert!(two.receive(to_two).refused.is_empty());
    assert!(one.receive(to_one).refused.is_empty());
    assert_eq!(one.value(), two.value());
    assert_eq!(one.value().to_string(), two.value().to_string());
}

fn set(text: &str) -> Method {
    Method::Set(parse(text).unwrap())
}

#[test]
fn concurrent_edits_at_the_bottom_meet_conflict_and_are_undone() {
    for (text, leaf) in [(maps("1"), to_leaf_of_maps()), (mixed("1"), to_leaf_of_mixed())] {
        on_a_small_stack(move || {
            let mut replicas = pair(&text);
            let [one, two] = &mut replicas;
            let base = one.clock().clone();
            let first = one.edit(leaf.clone(), set("2")).unwrap().id();
            two.edit(leaf.clone(), set("[3]")).unwrap();
            exchange(&mut replicas);
            let [one, two] = &mut replicas;
            assert_eq!(one.value().at(&leaf), Some(&parse("2").unwrap()));
            let conflicts = one.conflicts();
            assert_eq!(conflicts.len(), 1);
            assert_eq!(conflicts.first().unwrap().path, leaf);
            assert_eq!(one.value_at(&base).unwrap().to_string(), text);
            assert_eq!(one.locate(&base, &leaf), Some(leaf.clone()));
            // What is around it goes while somebody edits inside.
            two.edit(leaf.clone(), set("4")).unwrap();
            one.undo(&[first]);
            one.edit(leaf.parent().unwrap(), set("{}")).unwrap();
            exchange(&mut replicas);
            let [one, _] = &replicas;
            assert_eq!(one.lost_edits().len(), 1);
        });
    }
}

#[test]
fn the_deepest_maps_are_merged_by_two_at_once_and_taken_back() {
    on_a_small_stack(|| {
        let mut replicas = pair("{}");
        let [one, two] = &mut replicas;
        one.edit(Path::ROOT, Method::Merge(parse(&maps("1")).unwrap())).unwrap();
        let second = two.edit(Path::ROOT, Method::Merge(parse(&maps("2")).unwrap())).unwrap().id();
        exchange(&mut replicas);
        let [one, two] = &mut replicas;
        assert_eq!(one.value().to_string(), maps("1"));
        // Both leaves, though one of them says the same twice.
        assert_eq!(one.conflicts().len(), 2);
        // The other one has been there, so it is left alone.
        assert_eq!(two.undo(&[second]).left_alone.len(), 1);
        exchange(&mut replicas);
        assert_eq!(replicas[0].value().to_string(), maps("1"));
    });
}

#[test]
fn the_deepest_documents_are_compared_patched_and_merged_as_branches() {
    on_a_small_stack(|| {
        let [base, ours, theirs] = ["1", "2", "{\"x\":[]}"].map(|leaf| parse(&maps(leaf)).unwrap());
        let edits = diff(&base, &ours);
        assert_eq!(edits, [(to_leaf_of_maps(), set("2"))]);
        let merged = merge(&base, &ours, &theirs);
        assert_eq!(merged.value, ours);
        assert_eq!(merged.conflicts, [to_leaf_of_maps()]);
        let edits = merge_patch(&base, &theirs);
        let mut patched = base.clone();
        for (path, method) in edits {
            patched.apply(&path, &method).unwrap();
        }
        assert_eq!(patched, theirs);
        let pointer = Value::string(&to_leaf_of_maps().to_pointer());
        let patch = format!(
            "[{{\"op\":\"test\",\"path\":\"\",\"value\":{base}}},{{\"op\":\"remove\",\"path\":{pointer}}}]"
        );
        let mut patched = base.clone();
        for (path, method) in json_patch(&base, &parse(&patch).unwrap()).unwrap() {
            patched.apply(&path, &method).unwrap();
        }
        assert_eq!(save(maps("1").as_str(), &patched), maps("1").replace("\"a\":1,", ""));
    });
}
