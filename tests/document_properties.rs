//! What must hold for every document: on random texts with odd white space, escapes, numbers,
//! duplicate keys, byte order marks and line ends, and random edits of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use ultrawave::document::{
    Grain, Kind, Method, Path, Source, Step, Style, Text, Value, parse, parse_reporting, save,
};
use ultrawave::sync::{Author, Change, decode_change, encode_change};

const SPACES: &[&str] = &["", "", "", " ", "  ", "\n", "\n  ", "\n    ", "\r\n\t", "\n\n  ", "\t", "\r"];
const KEYS: &[&str] =
    &["a", "a", "\\u0061", "b", "c", "d", "", "é", "\\n", "\\ud800", "0", "a/b~c", "odd key"];
const SCALARS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "1.0",
    "1.10",
    "1e400",
    "-12E-3",
    "9007199254740993",
    "100000000000000000000000000000000000000001",
    "\"\"",
    "\"x\"",
    "\"\\u0078\"",
    "\"\\ud83d\\ude00\"",
    "\"😀é\"",
    "\"\\ud800\"",
    "\"a\\/b\\\\\"",
    "\"{[,:]}\"",
];

fn space() -> impl Strategy<Value = &'static str> {
    select(SPACES)
}

/// A JSON text with white space wherever it may be.
fn json() -> impl Strategy<Value = String> {
    let scalar = select(SCALARS).prop_map(str::to_owned);
    scalar.prop_recursive(4, 40, 6, |inner| {
        let element = (space(), inner.clone(), space())
            .prop_map(|(before, value, after)| format!("{before}{value}{after}"))
            .boxed();
        let entry = (space(), select(KEYS), space(), element.clone())
            .prop_map(|(before, key, after, value)| format!("{before}\"{key}\"{after}:{value}"));
        let around = |open: &'static str, close: &'static str| {
            move |(children, space): (Vec<String>, &str)| {
                let inside = if children.is_empty() { space.to_owned() } else { children.join(",") };
                format!("{open}{inside}{close}")
            }
        };
        prop_oneof![
            (prop::collection::vec(element, 0..6), space()).prop_map(around("[", "]")),
            (prop::collection::vec(entry, 0..6), space()).prop_map(around("{", "}")),
        ]
    })
}

/// A JSON text as a file holds it.
fn file() -> impl Strategy<Value = String> {
    (select(&["", "", "\u{feff}"][..]), space(), json(), space())
        .prop_map(|(mark, before, value, after)| format!("{mark}{before}{value}{after}"))
}

/// A value written as programs write it, in one of the common styles.
fn tidy_file() -> impl Strategy<Value = String> {
    let indent = select(&[None, Some("  "), Some("    "), Some("\t")][..]);
    (json(), indent, select(&["\n", "\r\n"][..]), any::<bool>()).prop_map(
        |(json, indent, newline, final_newline)| {
            let style =
                Style { indent: indent.map(str::to_owned), newline, final_newline, byte_order_mark: false };
            parse(&json).unwrap().pretty(&style)
        },
    )
}

/// An edit: numbers that choose the way into the document, and what to do there.
#[derive(Clone, Debug)]
struct Edit {
    way: Vec<usize>,
    key: &'static str,
    argument: String,
    kind: usize,
    start: i64,
    count: i64,
}

fn edit() -> impl Strategy<Value = Edit> {
    (prop::collection::vec(0..7_usize, 0..4), select(KEYS), json(), 0..6_usize, -3..6_i64, 0..3_i64)
        .prop_map(|(way, key, argument, kind, start, count)| Edit { way, key, argument, kind, start, count })
}

/// The steps that numbers choose in a document, as far as it goes.
fn walk(value: &Value, way: &[usize]) -> Path {
    let mut here = value;
    let mut path = Path::ROOT;
    for choice in way.iter().filter(|_| value.is_container()) {
        if here.is_empty() {
            break;
        }
        let at = choice % here.len();
        let step = here.entry(at).map_or(Step::Index(at), |(key, _)| Step::Key(key.clone()));
        here = here.get(&step).unwrap();
        path = path.child(step);
    }
    path
}

/// Makes an edit, if it resolves.
fn make(value: &mut Value, edit: &Edit) -> Option<(Path, Method)> {
    let path = walk(value, &edit.way);
    let argument = parse(&edit.argument).unwrap();
    let key = parse(&format!("\"{}\"", edit.key)).unwrap().as_text().unwrap().clone();
    let (path, method) = match edit.kind {
        0 => (path, Method::Set(argument)),
        1 => (path.child(Step::Key(key)), Method::Set(argument)),
        2 => (path, Method::Delete),
        3 => (path, Method::Merge(argument)),
        _ => {
            let items = argument.elements().cloned().collect();
            (path, Method::Splice { start: edit.start, count: edit.count, items })
        }
    };
    let before = value.to_string();
    if value.apply(&path, &method).is_ok() {
        return Some((path, method));
    }
    assert_eq!(value.to_string(), before, "an edit that fails alters nothing");
    None
}

/// Paths to all scalars.
fn leaves(value: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    let mut open = vec![(Path::ROOT, value)];
    while let Some((path, value)) = open.pop() {
        if !value.is_container() {
            found.push(path.clone());
        }
        open.extend(value.elements().enumerate().map(|(at, child)| (path.index(at), child)));
        open.extend(value.entries().map(|(key, child)| (path.child(Step::Key(key.clone())), child)));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_not_edited_keeps_every_byte(source in file()) {
        prop_assert_eq!(save(&source, &parse(&source).unwrap()), source);
    }

    #[test]
    fn what_is_saved_says_what_was_meant(
        source in prop_oneof![file(), tidy_file()], edits in prop::collection::vec(edit(), 1..6),
    ) {
        let original = parse(&source).unwrap();
        let mut value = original.clone();
        for edit in &edits {
            make(&mut value, edit);
        }
        let saved = save(&source, &value);
        prop_assert_eq!(&parse(&saved).unwrap(), &value, "{}", saved);
        prop_assert_eq!(save(&saved, &value), saved);
        prop_assert_eq!(save(&source, &original), source, "the copy did not see the edits");
    }

    #[test]
    fn any_value_can_be_saved_over_any_text(source in file(), other in json()) {
        let value = parse(&other).unwrap();
        prop_assert_eq!(parse(&save(&source, &value)).unwrap(), value);
    }

    #[test]
    fn a_scalar_edit_changes_its_own_span_only(source in file(), choice in any::<prop::sample::Index>()) {
        let mut value = parse(&source).unwrap();
        let leaves = leaves(&value);
        prop_assume!(!leaves.is_empty());
        let path = &leaves[choice.index(leaves.len())];
        let old = value.at(path).unwrap().to_string();
        value.apply(path, &Method::Set(Value::from(-777_i64))).unwrap();
        let saved = save(&source, &value);
        let fits = source.match_indices(old.as_str()).any(|(at, _)| {
            saved == format!("{}-777{}", &source[..at], &source[at + old.len()..])
        });
        prop_assert!(fits, "{} at {}:\n{}\n{}", old, path, source, saved);
    }

    #[test]
    fn tidy_files_stay_tidy(source in tidy_file(), edits in prop::collection::vec(edit(), 1..4)) {
        let mut value = parse(&source).unwrap();
        prop_assume!(value.is_container() && !value.is_empty());
        for edit in &edits {
            // Only what adds and removes: a container that was on one line stays there, which a
            // formatter would not know.
            if edit.kind == 2 || edit.kind == 4 {
                make(&mut value, edit);
            }
        }
        prop_assume!(value.is_container() && !value.is_empty());
        let style = Style::detect(&source);
        // What is equal keeps its spelling, wherever an equal value came from.
        let respelled = |text: String| text.replace("\\u0061", "a").replace("\\u0078", "x").replace("\\ud83d\\ude00", "😀");
        prop_assert_eq!(respelled(save(&source, &value)), respelled(value.pretty(&style)));
    }

    #[test]
    fn compact_and_pretty_texts_read_back(source in file()) {
        let value = parse(&source).unwrap();
        prop_assert_eq!(&parse(&value.to_string()).unwrap(), &value);
        prop_assert_eq!(&parse(&value.pretty(&Style::detect(&source))).unwrap(), &value);
    }

    #[test]
    fn the_grammar_is_that_of_other_readers(source in json(), at in any::<prop::sample::Index>(), put in ".?", cut in 0..2_usize) {
        let characters: Vec<char> = source.chars().collect();
        let at = at.index(characters.len());
        let mut broken: String = characters[..at].iter().collect();
        broken.push_str(&put);
        broken.extend(&characters[(at + cut).min(characters.len())..]);
        prop_assume!(!broken.starts_with('\u{feff}'));
        let other = serde_json::from_str::<Box<RawValue>>(&broken);
        prop_assert_eq!(parse(&broken).is_ok(), other.is_ok(), "{:?} {:?}", parse(&broken), other);
    }

    #[test]
    fn errors_point_into_the_text(source in file(), at in any::<prop::sample::Index>(), put in "[\\PC\n\t]{0,2}") {
        let boundary: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        let (before, after) = source.split_at(boundary[at.index(boundary.len())]);
        let broken = format!("{before}{put}{after}");
        if let Err(error) = parse(&broken) {
            prop_assert!(broken.is_char_boundary(error.offset));
            let line = broken.split('\n').nth(error.line - 1).unwrap();
            prop_assert!(error.column <= line.chars().count() + 1);
            prop_assert!(error.render("x", &broken).ends_with('^'));
        }
    }

    #[test]
    fn both_text_forms_of_a_path_read_back(source in file(), way in prop::collection::vec(0..7_usize, 0..5)) {
        let value = parse(&source).unwrap();
        let path = walk(&value, &way);
        prop_assert_eq!(Path::read(&path.to_jq(), &value).unwrap(), path.clone());
        let whole = |step: &Step| !matches!(step, Step::Key(key) if key.has_lone_surrogate());
        if path.steps().iter().all(whole) {
            prop_assert_eq!(Path::read(&path.to_pointer(), &value).unwrap(), path);
        }
    }

    #[test]
    fn changes_come_out_of_their_wire_text_as_they_went_in(source in file(), edit in edit(), ticks in prop::collection::btree_map(1..9_u32, 1..99_u64, 1..4)) {
        let mut value = parse(&source).unwrap();
        let Some((path, method)) = make(&mut value, &edit) else { return Ok(()) };
        let clock = ticks.iter().map(|(&author, &tick)| (Author(author), tick)).collect();
        let change = Change { author: Author(*ticks.keys().next().unwrap()), clock, path, method };
        let text = encode_change(&change);
        prop_assert!(!text.contains('\n'));
        let read = decode_change(&text).unwrap();
        prop_assert_eq!(encode_change(&read), text);
        prop_assert_eq!(read, change);
    }

    #[test]
    fn a_string_is_spliced_by_scalar_value(text in ".{0,8}", start in -10..10_i64, count in -1..5_i64, item in ".{0,3}") {
        let mut value = Value::string(&text);
        let items = vec![Value::string(&item)];
        value.apply(&Path::ROOT, &Method::Splice { start, count, items }).unwrap();
        let mut plain: Vec<char> = text.chars().collect();
        let length = i64::try_from(plain.len()).unwrap();
        let start = if start < 0 { (length + start).max(0) } else { start.min(length) };
        let end = (start + count.max(0)).min(length);
        let (start, end) = (usize::try_from(start).unwrap(), usize::try_from(end).unwrap());
        plain.splice(start..end, item.chars());
        prop_assert_eq!(value.as_text().unwrap().plain().into_owned(), plain.into_iter().collect::<String>());
    }

    #[test]
    fn texts_are_ordered_as_they_are_equal(left in select(KEYS), right in select(KEYS)) {
        let text = |raw: &str| parse(&format!("\"{raw}\"")).unwrap().as_text().unwrap().clone();
        let (left, right): (Text, Text) = (text(left), text(right));
        prop_assert_eq!(left == right, left.cmp(&right).is_eq());
        prop_assert_eq!(left.cmp(&right), right.cmp(&left).reverse());
        if !left.has_lone_surrogate() && !right.has_lone_surrogate() {
            prop_assert_eq!(left.cmp(&right), left.plain().cmp(&right.plain()));
        }
    }

    #[test]
    fn a_large_map_finds_its_keys(removed in prop::collection::vec(0..60_usize, 0..80), added in prop::collection::vec(0..60_usize, 0..60)) {
        let key = |number: usize| Text::new(&format!("key {number}"));
        let mut model: Vec<usize> = (0..40).collect();
        let mut map = Value::object(model.iter().map(|&number| (key(number), Value::from(number as u64))));
        let before = map.clone();
        let steps = removed.iter().map(|&number| (false, number)).zip(added.iter().map(|&number| (true, number)));
        for (adds, number) in steps.flat_map(|(remove, add)| [remove, add]) {
            let held = model.iter().position(|&held| held == number);
            prop_assert_eq!(map.key_position(&key(number)), held);
            if adds {
                map.insert_key(key(number), Value::from(number as u64));
                if held.is_none() { model.push(number); }
            } else {
                prop_assert_eq!(map.remove_key(&key(number)).is_some(), held.is_some());
                if let Some(at) = held { model.remove(at); }
            }
        }
        let keys: Vec<usize> = map.entries().map(|(_, value)| value.as_number().unwrap().parse().unwrap()).collect();
        prop_assert_eq!(keys, model);
        prop_assert_eq!((before.len(), before.kind()), (40, Kind::Object));
    }

    #[test]
    fn a_text_is_read_no_further_than_looked_at_and_says_the_same(
        text in file(), grain in grain(), edits in prop::collection::vec(edit(), 0..5),
        looked_at in prop::collection::vec(prop::collection::vec(0..7_usize, 0..4), 0..3),
    ) {
        let whole = parse_reporting(&text).unwrap();
        let source = Source::with_grain(text.clone(), grain);
        let mut read = source.read().unwrap();
        prop_assert_eq!(read.duplicate_keys, whole.duplicate_keys);
        prop_assert_eq!(read.first_duplicate.is_some(), whole.first_duplicate.is_some());
        prop_assert_eq!(read.value.depth(), whole.value.depth());
        prop_assert_eq!(read.value.to_string(), whole.value.to_string());
        for way in &looked_at {
            let path = walk(&read.value, way);
            prop_assert_eq!(read.value.at(&path), whole.value.at(&path));
        }
        let (original, mut plain) = (read.value.clone(), whole.value.clone());
        for edit in &edits {
            prop_assert_eq!(make(&mut read.value, edit), make(&mut plain, edit));
            prop_assert_eq!(&read.value, &plain);
        }
        let (start, end) = original.shared_ends(&read.value);
        prop_assert!(start + end <= original.len().min(read.value.len()));
        let children = |value: &Value| (0..value.len()).map(|at| child(value, at)).collect::<Vec<_>>();
        let (before, after) = (children(&original), children(&plain));
        prop_assert_eq!(&before[..start], &after[..start]);
        prop_assert_eq!(&before[before.len() - end..], &after[after.len() - end..]);
        prop_assert_eq!(read.value.to_string(), plain.to_string());
        prop_assert_eq!(save(&source, &read.value), save(&text, &plain));
        prop_assert_eq!(&original, &whole.value, "the copy did not see the edits");
        prop_assert!(original.is_same(&source.read().unwrap().value) || original.len() == 0 || !original.is_container() || text.len() < grain.span);
    }

    #[test]
    fn texts_that_are_no_json_have_the_same_fault(text in file(), grain in grain(), at in any::<prop::sample::Index>(), put in ".?") {
        let boundary: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let (before, after) = text.split_at(boundary[at.index(boundary.len())]);
        let broken = format!("{before}{put}{after}");
        let read = Source::with_grain(broken.clone(), grain).read();
        prop_assert_eq!(read.map(|read| read.value), parse_reporting(&broken).map(|read| read.value));
    }
}

/// Small texts are read as large ones are.
fn grain() -> impl Strategy<Value = Grain> {
    (2..12_usize, 1..4_usize).prop_map(|(span, page)| Grain { span, page })
}

fn child(value: &Value, at: usize) -> (Option<Text>, Value) {
    match value.entry(at) {
        Some((key, child)) => (Some(key.clone()), child.clone()),
        None => (None, value.index(at).unwrap().clone()),
    }
}
