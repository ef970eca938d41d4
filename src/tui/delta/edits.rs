//! The edits that turn one value into another.

use super::Delta;
use crate::document::{Method, Path, Step, Value};
use crate::tui::draft::smallest;

/// Few small edits that turn `old` into `new`, to be made one after the other; elements and keys
/// in both are left where they are, so that others' edits in them live on. New keys of a map go
/// to its end, whatever their order in `new`.
pub fn edits_between(old: &Value, new: &Value) -> Vec<(Path, Method)> {
    let mut edits = Vec::new();
    collect(&Delta::between(old, new), old, new, &Path::ROOT, &mut edits);
    edits
}

fn collect(delta: &Delta, old: &Value, new: &Value, here: &Path, edits: &mut Vec<(Path, Method)>) {
    match delta {
        Delta::Same => {}
        Delta::Replaced => {
            edits.extend(smallest(Some(old), new.clone()).map(|method| (here.clone(), method)));
        }
        Delta::Map { changed, added, .. } => {
            for (key, before) in old.entries() {
                let path = here.child(Step::Key(key.clone()));
                match (new.key(key), changed.get(key)) {
                    (None, _) => edits.push((path, Method::Delete)),
                    (Some(after), Some(delta)) => collect(delta, before, after, &path, edits),
                    (Some(_), None) => {}
                }
            }
            let added = added.iter().filter_map(|key| Some((key, new.key(key)?)));
            edits.extend(
                added.map(|(key, value)| (here.child(Step::Key(key.clone())), Method::Set(value.clone()))),
            );
        }
        Delta::Array { runs, .. } => {
            for run in runs {
                for offset in 0..run.len {
                    let at = run.old + offset;
                    let both = old.index(at).zip(new.index(run.new + offset));
                    if let (Some((_, delta)), Some((before, after))) = (delta.child(&Step::Index(at)), both) {
                        collect(delta, before, after, &here.index(at), edits);
                    }
                }
            }
            let mut ends = (old.len(), new.len());
            let starts = runs.iter().rev().map(|run| (run.old, run.new, run.len)).chain([(0, 0, 0)]);
            for (before, after, len) in starts {
                let gap = (before + len..ends.0, after + len..ends.1);
                if !gap.0.is_empty() || !gap.1.is_empty() {
                    let items = gap.1.filter_map(|at| new.index(at).cloned()).collect();
                    let start = i64::try_from(gap.0.start).unwrap_or(i64::MAX);
                    let count = i64::try_from(gap.0.len()).unwrap_or(i64::MAX);
                    edits.push((here.clone(), Method::Splice { start, count, items }));
                }
                ends = (before, after);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::parse;

    #[test]
    fn the_edits_lead_from_one_value_to_the_other() {
        let values = [
            r#"{"a": 1, "b": [1, 2, 3], "c": {"d": "text"}}"#,
            r#"{"a": 1, "b": [0, 1, 3, 4], "c": {"d": "tempt", "e": null}}"#,
            r#"{"b": [{"id": 1, "x": 1}, {"id": 2}, {"id": 3}], "a": {}}"#,
            r#"{"b": [{"id": 9}, {"id": 1, "x": 2}, {"id": 3}, {"id": 4}], "a": []}"#,
            "[]",
            "[[1], [2]]",
            r#"[[2], "x"]"#,
            "null",
        ];
        for old in values.map(|text| parse(text).unwrap()) {
            for new in values.map(|text| parse(text).unwrap()) {
                let mut value = old.clone();
                for (path, method) in edits_between(&old, &new) {
                    value.apply(&path, &method).unwrap_or_else(|error| panic!("{old} to {new}: {error}"));
                }
                assert_eq!(edits_between(&value, &new), [], "{old} became {value}, not {new}");
            }
        }
    }

    #[test]
    fn what_is_in_both_is_left_alone() {
        let (old, new) =
            (r#"[{"id": 1, "s": "ab"}, {"id": 2}]"#, r#"[{"id": 0}, {"id": 1, "s": "axb"}, {"id": 2}]"#);
        let edits = edits_between(&parse(old).unwrap(), &parse(new).unwrap());
        let methods: Vec<&str> = edits.iter().map(|(_, method)| method.name()).collect();
        assert_eq!(methods, ["splice", "splice"], "{edits:?}");
        assert_eq!(edits[0].0, Path::ROOT.index(0).key("s"));
    }
}
