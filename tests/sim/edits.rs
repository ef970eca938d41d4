//! Random edits on whatever document there is.

use ultrawave::document::{Kind, Method, Path, Step, Value, parse};

use crate::random::Random;

const KEYS: [&str; 5] = ["a", "b", "c", "list", "text"];

/// Where things stand that nobody takes away.
pub(crate) const MARKS: &str = "marks";

/// What everyone starts from: its numbers and strings have more than one spelling.
pub(crate) const SOURCE: &str = "{\n  \"a\": 1.0,\n  \"b\": {\"c\": \"\\u0041\", \"a\": []},\n  \"list\": [1, {\"a\": 2}, \"x\"],\n  \"text\": \"go on\",\n  \"marks\": []\n}\n";

/// An edit that resolves in this document, nearly always.
pub(crate) fn random_edit(random: &mut Random, document: &Value) -> (Path, Method) {
    let mut path = Path::ROOT;
    let mut here = document;
    while !here.is_empty() && random.chance(70) {
        let at = random.below(here.len());
        if path.is_root() && here.entry(at).is_some_and(|(key, _)| *key == MARKS.into()) {
            break;
        }
        let step = here.entry(at).map_or(Step::Index(at), |(key, _)| Step::Key(key.clone()));
        here = here.get(&step).unwrap();
        path = path.child(step);
    }
    match here.kind() {
        Kind::Object => edit_map(random, path),
        Kind::Array => edit_array(random, path, here.len()),
        Kind::String if random.chance(70) => {
            let text = Value::string(random.pick(&["é", "ab", "\n", "😀"]));
            let (start, count) = (i64::try_from(random.below(9)).unwrap() - 3, random.pick(&[0, 0, 1, 2]));
            (path, Method::Splice { start, count, items: vec![text] })
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String if path.is_root() || random.chance(70) => {
            (path, Method::Set(random_value(random)))
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String => (path, Method::Delete),
    }
}

fn edit_map(random: &mut Random, path: Path) -> (Path, Method) {
    let key = random.pick(&KEYS);
    match random.below(6) {
        0 => (path, Method::Merge(merged(random))),
        1 => (path.key(key), Method::Set(Value::object([]))),
        2 if !path.is_root() => (path, Method::Delete),
        3 => (path.key(key), Method::Delete),
        _ => (path.key(key), Method::Set(random_value(random))),
    }
}

fn edit_array(random: &mut Random, path: Path, length: usize) -> (Path, Method) {
    let at = random.below(length + 1);
    if random.chance(20) {
        return (path.index(at), Method::Set(random_value(random)));
    }
    let items: Vec<Value> = (0..random.below(3)).map(|_| random_value(random)).collect();
    let start = i64::try_from(at).unwrap();
    (path, Method::Splice { start, count: random.pick(&[0, 0, 1, 2]), items })
}

fn merged(random: &mut Random) -> Value {
    let (key, inner) = (random.pick(&KEYS), random.pick(&KEYS));
    let value = random_value(random);
    Value::object([(key.into(), Value::object([(inner.into(), value)]))])
}

fn random_value(random: &mut Random) -> Value {
    let number = random.below(1_000).to_string();
    let text =
        random.pick(&["null", "true", "1e400", "-0", "\"\\u00e9\"", "[]", "[1,[2]]", "{\"c\":{}}", "NUMBER"]);
    parse(if text == "NUMBER" { &number } else { text }).unwrap()
}
