//! The edits that lead from one value to another.
//!
//! What is in both is left where it is, so that what others do to it at the same time lives on.
//! Two things cannot be said by an edit and are no difference: the order of a map's keys (a map
//! shows them in the order in which they began to live) and how a string is spelled (`A` and
//! `\u0041`). An array element that moved is removed and inserted again.

mod align;
mod string;

use align::{Pair, align};

use super::compare::are_one;
use super::{Comparer, Kind, Method, Path, Step, Value, deep};

/// The edits that turn `old` into `new` when they are made in this order; none when only the
/// order of keys differs.
///
/// Array elements are matched by what tells them apart, the first of `id`, `key` and `name` that
/// they have, then by being equal, then by being alike or in the same place. A string that keeps
/// some of its letters is spliced. About linear in what is looked at; what both values share in
/// memory is not looked at.
pub fn diff(old: &Value, new: &Value) -> Vec<(Path, Method)> {
    let mut differ = Differ { here: Vec::new(), edits: Vec::new(), comparer: Comparer::default() };
    differ.value(old, new);
    differ.edits
}

struct Differ {
    /// The place being compared.
    here: Vec<Step>,
    edits: Vec<(Path, Method)>,
    comparer: Comparer,
}

impl Differ {
    fn edit(&mut self, method: Method) {
        self.edits.push((self.here.iter().cloned().collect(), method));
    }

    fn inside(&mut self, step: Step, look: impl FnOnce(&mut Self)) {
        self.here.push(step);
        deep(|| look(self));
        self.here.pop();
    }

    fn value(&mut self, old: &Value, new: &Value) {
        match (old.kind(), new.kind()) {
            _ if are_one(old, new) => {}
            (Kind::Object, Kind::Object) => self.maps(old, new),
            (Kind::Array, Kind::Array) => self.arrays(old, new),
            _ if old == new => {}
            _ => self.edit(string::splice_between(old, new).unwrap_or_else(|| Method::Set(new.clone()))),
        }
    }

    fn maps(&mut self, old: &Value, new: &Value) {
        let mut kept = 0;
        for (at, (key, before)) in old.entries().enumerate() {
            // Mostly the key is where it was, and need not be searched for.
            let after = match new.entry(at) {
                Some((same, value)) if same == key => Some(value),
                _ => new.key(key),
            };
            kept += usize::from(after.is_some());
            match after {
                Some(after) if after.is_same(before) => {}
                Some(after) => self.inside(Step::Key(key.clone()), |differ| differ.value(before, after)),
                None => self.inside(Step::Key(key.clone()), |differ| differ.edit(Method::Delete)),
            }
        }
        if kept < new.len() {
            for (key, value) in new.entries().filter(|(key, _)| old.key(key).is_none()) {
                self.inside(Step::Key(key.clone()), |differ| differ.edit(Method::Set(value.clone())));
            }
        }
    }

    /// First what changed inside elements, at their old positions; then, from the end on so that
    /// positions stay what they were, what came and went.
    fn arrays(&mut self, old: &Value, new: &Value) {
        let (old, new): (Vec<&Value>, Vec<&Value>) = (old.elements().collect(), new.elements().collect());
        let pairs = align(&old, &new, &self.comparer);
        for pair in &pairs {
            if let (Some(before), Some(after)) = (old.get(pair.old), new.get(pair.new)) {
                self.inside(Step::Index(pair.old), |differ| differ.value(before, after));
            }
        }
        let mut end = Pair { old: old.len(), new: new.len() };
        for pair in pairs.iter().rev().map(Some).chain([None]) {
            let start =
                pair.map_or(Pair { old: 0, new: 0 }, |pair| Pair { old: pair.old + 1, new: pair.new + 1 });
            let items = new.get(start.new..end.new).unwrap_or_default();
            if start.old < end.old || !items.is_empty() {
                let items = items.iter().map(|&item| item.clone()).collect();
                self.edit(splice(start.old, end.old - start.old, items));
            }
            end = pair.copied().unwrap_or(start);
        }
    }
}

fn splice(start: usize, count: usize, items: Vec<Value>) -> Method {
    let number = |number| i64::try_from(number).unwrap_or(i64::MAX);
    Method::Splice { start: number(start), count: number(count), items }
}
