//! Taking an edit back by what was there before.

use super::object::Taken;
use super::{Method, Path, Step, Text, Value, deep};

/// What an edit has removed: with the edit itself all that is needed to take it back. It holds
/// what would otherwise be gone, so it costs next to nothing to keep.
#[derive(Clone)]
pub(crate) enum Former {
    /// The edit altered nothing.
    Nothing,
    /// What was there, or the letters that a splice removed.
    Value(Value),
    /// There was nothing, from the step with this number on.
    Absent(usize),
    /// The map entry that was there.
    Entry(Box<Taken>),
    /// What was there of each of a merged map's entries.
    Entries(Formers),
    /// The elements that a splice removed.
    Elements(Box<[Value]>),
}

/// What a merge has removed, by entry of its map; as deep as that.
#[derive(Clone)]
pub(crate) struct Formers(Box<[Former]>);

impl FromIterator<Former> for Formers {
    fn from_iter<I: IntoIterator<Item = Former>>(formers: I) -> Self {
        Self(formers.into_iter().collect())
    }
}

impl Drop for Formers {
    fn drop(&mut self) {
        deep(|| drop(std::mem::take(&mut self.0)));
    }
}

/// Remembered changes hold one each.
const _: () = assert!(size_of::<Former>() == 24 || cfg!(not(target_pointer_width = "64")));

impl Value {
    /// Takes an edit back that was the last one made here, given what it has removed.
    pub(crate) fn rewind(&mut self, path: &Path, method: &Method, former: Former) {
        let steps = path.steps();
        match (former, method) {
            (Former::Nothing, _) | (Former::Entries(_) | Former::Elements(_), Method::Delete) => {}
            (Former::Absent(number), _) => {
                let (there, missing) = steps.split_at_checked(number).unwrap_or_default();
                if let (Some(parent), Some(first)) = (self.at_steps(there), missing.first()) {
                    parent.remove(first);
                }
            }
            (Former::Entry(entry), _) => {
                if let Some(parent) = self.at_steps(parents(steps)) {
                    parent.give_entry(*entry);
                }
            }
            (Former::Value(element), Method::Delete) => {
                if let (Some(parent), Some(Step::Index(index))) =
                    (self.at_steps(parents(steps)), steps.last())
                {
                    parent.splice_elements(*index, 0, [element]);
                }
            }
            (former, Method::Splice { start, items, .. }) => {
                if let Some(target) = self.at_steps(steps) {
                    target.rewind_splice(*start, items, former);
                }
            }
            (former, Method::Set(value) | Method::Merge(value)) => {
                if let Some(target) = self.at_steps(steps) {
                    target.rewind_write(value, former);
                }
            }
        }
    }

    fn at_steps(&mut self, steps: &[Step]) -> Option<&mut Self> {
        steps.iter().try_fold(self, |value, step| value.get_mut(step))
    }

    fn remove(&mut self, step: &Step) {
        match step {
            Step::Key(key) => drop(self.remove_key(key)),
            Step::Index(index) => self.splice_elements(*index, 1, []),
        }
    }

    fn rewind_write(&mut self, written: &Self, former: Former) {
        match former {
            Former::Value(value) => *self = value,
            // The last first, so that what was added at the end goes in turn.
            Former::Entries(mut formers) => {
                let formers = std::mem::take(&mut formers.0);
                for ((key, value), former) in written.entries().zip(formers).rev() {
                    if matches!(former, Former::Absent(_)) {
                        self.remove_key(key);
                    } else if let Some(target) = self.key_mut(key) {
                        deep(|| target.rewind_write(value, former));
                    }
                }
            }
            Former::Nothing | Former::Absent(_) | Former::Entry(_) | Former::Elements(_) => {}
        }
    }

    fn rewind_splice(&mut self, start: i64, items: &[Self], former: Former) {
        match former {
            Former::Elements(removed) => {
                let before = (self.len() + removed.len()).saturating_sub(items.len());
                let (start, _) = Method::clamp(start, 0, before);
                self.splice_elements(start, items.len(), removed);
            }
            Former::Value(removed) => {
                if let (Some(text), Some(removed)) = (self.text_mut(), removed.as_text()) {
                    let inserted = items.iter().filter_map(Self::as_text).map(Text::scalar_count).sum();
                    let before = (text.scalar_count() + removed.scalar_count()).saturating_sub(inserted);
                    let (start, _) = Method::clamp(start, 0, before);
                    text.splice(start, inserted, [removed]);
                }
            }
            Former::Nothing | Former::Absent(_) | Former::Entry(_) | Former::Entries(_) => {}
        }
    }
}

fn parents(steps: &[Step]) -> &[Step] {
    steps.split_last().map_or(&[], |(_, parents)| parents)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::{Kind, parse};

    fn method(name: &str, arguments: &str) -> Method {
        let arguments = parse(arguments).unwrap();
        let integer = |at| arguments.index(at).and_then(Value::as_number).unwrap().parse().unwrap();
        match name {
            "set" => Method::Set(arguments),
            "merge" => Method::Merge(arguments),
            "delete" => Method::Delete,
            _ => {
                let items = arguments.elements().skip(2).cloned().collect();
                Method::Splice { start: integer(0), count: integer(1), items }
            }
        }
    }

    #[test]
    fn what_is_taken_back_was_never_there() {
        let keys: Vec<String> = (0..17).map(|key| format!("\"{key}\":{key}")).collect();
        let start = format!(
            r#"{{"a":{{"x":1,"y":{{"z":2}},"\u0077":3}},"l":[1,2,3,[4]],"s":"a\u0062c","many":{{{}}}}}"#,
            keys.join(",")
        );
        let edits = [
            ("/a/x", "set", "5"),
            ("/a/new/deep", "set", "5"),
            ("/a/x", "delete", "null"),
            ("/a/w", "delete", "null"),
            ("/a/none", "delete", "null"),
            ("/a/w", "set", "{}"),
            ("/l/4", "set", "9"),
            ("/l/1", "delete", "null"),
            ("/l", "splice", "[-3,2,\"x\",\"y\",\"z\"]"),
            ("/l", "splice", "[9,1]"),
            ("/s", "splice", "[-1,5,\"\\u0064\",\"\\ud83d\\ude00\"]"),
            ("/s", "splice", "[1,1,\"\"]"),
            ("/a", "merge", r#"{"new":1,"y":{"z":3,"q":{"r":1}},"x":{"k":1},"w":[]}"#),
            ("/a/x", "merge", r#"{"k":2}"#),
            ("/a/fresh", "merge", r#"{"k":2}"#),
            ("/many/0", "delete", "null"),
            ("/many/16", "delete", "null"),
            ("/many/9", "delete", "null"),
            ("/many/8", "delete", "null"),
            ("/many/new", "set", "1"),
            ("/many/9", "set", "1"),
            ("", "set", "[]"),
        ];
        let mut value = parse(&start).unwrap();
        let mut stack = Vec::new();
        for (path, name, arguments) in edits {
            let (path, method) = (Path::read(path, &value).unwrap(), method(name, arguments));
            let mut once = value.clone();
            let former = once.apply_reversibly(&path, &method).unwrap();
            once.rewind(&path, &method, former);
            assert_eq!(once.to_string(), value.to_string(), "{name} {path:?}");
            let before = value.to_string();
            let former = value.apply_reversibly(&path, &method).unwrap();
            stack.push((path, method, former, before));
        }
        while let Some((path, method, former, before)) = stack.pop() {
            value.rewind(&path, &method, former);
            assert_eq!(value.to_string(), before, "{path:?}");
        }
        assert!(value.entries().all(|(key, held)| value.key(key).is_some_and(|found| found == held)));
    }

    #[test]
    fn entries_come_back_to_their_place_in_a_map_that_has_grown() {
        let mut value = parse(r#"{"a":0,"b":1,"c":2}"#).unwrap();
        let path = |key: &str| Path::ROOT.key(key);
        let mut stack = vec![];
        let mut make = |value: &mut Value, path: Path, method: Method| {
            let before = value.to_string();
            let former = value.apply_reversibly(&path, &method).unwrap();
            stack.push((path, method, former, before));
        };
        make(&mut value, path("b"), Method::Delete);
        make(&mut value, path("a"), Method::Delete);
        for number in 0..40 {
            make(&mut value, path(&number.to_string()), Method::Set(Value::NULL));
        }
        for number in 10..30 {
            make(&mut value, path(&number.to_string()), Method::Delete);
        }
        while let Some((path, method, former, before)) = stack.pop() {
            value.rewind(&path, &method, former);
            assert_eq!(value.to_string(), before, "{path:?}");
            assert_eq!(value.kind(), Kind::Object);
            assert!(value.entries().all(|(key, _)| value.key(key).is_some()));
        }
    }
}
