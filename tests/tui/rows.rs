use proptest::prelude::*;
use ultrawave::document::{Grain, Path, Source, Step, Value};
use ultrawave::tui::{Delta, Rows};

/// Every row, found the plain way: by walking all that is open.
fn expected(rows: &Rows, root: &Value) -> Vec<Path> {
    fn walk(rows: &Rows, root: &Value, here: &Path, value: &Value, found: &mut Vec<Path>) {
        found.push(here.clone());
        if !rows.is_open(root, here) {
            return;
        }
        for (at, element) in value.elements().enumerate() {
            walk(rows, root, &here.index(at), element, found);
        }
        for (key, child) in value.entries() {
            walk(rows, root, &here.child(Step::Key(key.clone())), child, found);
        }
    }
    let mut found = Vec::new();
    walk(rows, root, &Path::ROOT, root, &mut found);
    found
}

fn assert_whole(rows: &Rows, root: &Value) {
    let expected = expected(rows, root);
    assert_eq!(rows.count(), expected.len());
    for (row, path) in expected.iter().enumerate() {
        assert_eq!(rows.find(root, path), Some(row), "{path}");
        assert_eq!(rows.at(root, row).as_ref(), Some(path));
        assert_eq!(rows.shown(root, path), *path);
    }
    assert_eq!(rows.at(root, expected.len()), None);
    for from in 0..expected.len() {
        let window: Vec<Path> = rows.window(root, from, 5).into_iter().map(|row| row.path).collect();
        assert_eq!(window, expected[from..expected.len().min(from + 5)]);
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::NULL),
        any::<bool>().prop_map(Value::bool),
        "[a-c]".prop_map(|text| Value::string(&text))
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::array),
            prop::collection::vec(("[a-d]", inner), 0..5).prop_map(|entries| Value::object(
                entries.iter().map(|(key, value)| (key.as_str().into(), value.clone()))
            )),
        ]
    })
}

/// A JSON text, now and then with a key that is there twice.
fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("1".to_owned()), Just("\"a\"".to_owned()), Just("{}".to_owned())];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let entries = prop::collection::vec(("[a-f]", inner.clone()), 0..7);
        let entry = |(key, value): &(String, String)| format!("\"{key}\": {value}");
        prop_oneof![
            prop::collection::vec(inner, 0..7).prop_map(|elements| format!("[{}]", elements.join(", "))),
            entries.prop_map(move |entries| {
                let entries: Vec<String> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

/// A document that is read no further than somebody looks, in the smallest of parts.
fn unread(text: &str) -> Value {
    Source::with_grain(text, Grain { span: 2, page: 2 }).read().unwrap().value
}

/// Values inside another, down to so many levels.
fn inside(value: &Value, levels: usize) -> usize {
    let children = value.elements().chain(value.entries().map(|(_, child)| child));
    if levels == 0 { 0 } else { children.map(|child| 1 + inside(child, levels - 1)).sum() }
}

/// The row at some part of the way down.
fn pick(rows: &Rows, root: &Value, part: usize) -> Path {
    rows.at(root, part % rows.count()).unwrap()
}

proptest! {
    #[test]
    fn what_is_inside_is_counted_without_being_read(text in text(), edit: (usize, usize), levels in 0_usize..7) {
        let levels = if levels == 6 { usize::MAX } else { levels };
        let mut value = unread(&text);
        let all: Vec<usize> = (0..=value.len()).map(|at| value.inner_before(at, levels)).collect();
        let looked_at = unread(&text);
        prop_assert_eq!(value.inner_count(levels), inside(&looked_at, levels), "{}", text);
        prop_assert_eq!(value.inner_count(levels), inside(&value, levels), "{}", text);
        for (at, (above, next)) in all.iter().zip(&all[1..]).enumerate() {
            for nth in *above..*next {
                prop_assert_eq!(value.inner_at(nth, levels), Some((at, nth - above)), "{}", text);
            }
        }
        // The same when one child has become another.
        value.splice_elements(edit.0 % (value.len() + 1), edit.1 % 2, [unread("[1, [2, [3]]]")]);
        prop_assert_eq!(value.inner_count(levels), inside(&value, levels), "{}", text);
    }

    #[test]
    fn rows_agree_with_the_plain_walk_whatever_is_opened_and_closed(
        root in document(), is_unread: bool, levels in 0_usize..5, folds in prop::collection::vec((any::<usize>(), any::<bool>()), 0..12),
    ) {
        let root = if is_unread { unread(&root.to_string()) } else { root };
        let mut rows = Rows::new(&root);
        assert_whole(&rows, &root);
        rows.open_levels(&root, levels);
        assert_whole(&rows, &root);
        for (part, open) in folds {
            let path = pick(&rows, &root, part);
            rows.set_open(&root, &path, open);
            assert_whole(&rows, &root);
        }
    }

    #[test]
    fn rows_and_places_are_whole_after_any_change(
        old in document(), new in document(), is_unread: bool, levels in 1_usize..5,
        folds in prop::collection::vec((any::<usize>(), any::<bool>()), 0..6),
    ) {
        let old = if is_unread { unread(&old.to_string()) } else { old };
        let mut rows = Rows::new(&old);
        rows.open_levels(&old, if levels == 4 { usize::MAX } else { levels });
        for (part, open) in folds {
            let path = pick(&rows, &old, part);
            rows.set_open(&old, &path, open);
        }
        let delta = Delta::between(&old, &new);
        let carried = rows.clone().carried(&delta, &old, &new);
        assert_whole(&carried, &new);
        for place in delta.places(usize::MAX) {
            let (ultrawave::tui::Place::Written(path) | ultrawave::tui::Place::Thinned(path)) = place;
            prop_assert!(new.at(&path).is_some());
        }
        prop_assert_eq!(matches!(delta, Delta::Same), old == new);
    }

    #[test]
    fn a_place_that_is_followed_is_where_the_value_went(
        old in prop::collection::vec("[a-z]{3}", 0..12), start in 0_usize..12, count in 0_usize..4, items in prop::collection::vec("[A-Z]{3}", 0..4),
    ) {
        let strings = |texts: &[String]| Value::array(texts.iter().map(|text| Value::string(text)));
        let mut new = old.clone();
        let start = start.min(new.len());
        let count = if items.len() == count { count + 1 } else { count }.min(new.len() - start);
        new.splice(start..start + count, items.iter().cloned());
        let (before, after) = (strings(&old), strings(&new));
        let delta = Delta::between(&before, &after);
        for at in (0..start).chain(start + count..old.len()) {
            if let ultrawave::tui::Followed::At(path) = delta.follow(&after, &Path::ROOT.index(at)) {
                prop_assert_eq!(after.at(&path), before.index(at));
            } else {
                prop_assert!(false, "{} was lost between {} and {}", at, before, after);
            }
        }
    }
}
