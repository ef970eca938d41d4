//! What lies between two versions of a document, so that the cursor, open folds and marks stay
//! on the element they were on. Found by looking at the two values alone: shared structure makes
//! the unchanged parts free, and no knowledge of who did what is needed.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::document::{Kind, Nested, Path, Run, Step, Text, Value, are_equal_within, deep};

/// How far ahead an array element is looked for when neighbours came or went.
const WINDOW: usize = 32;

/// How many entries of a map are looked at to tell whether it is another one, written to.
const LOOKED_AT: usize = 8;

/// Values looked at to tell whether two elements are equal. Those that are, of which more would have
/// to be looked at, are found out to be when they are paired.
const COMPARED: usize = 256;

/// The difference between two values.
#[derive(Debug)]
pub enum Delta {
    /// None.
    Same,
    /// Another value altogether.
    Replaced,
    /// Both are maps.
    Map {
        /// Keys in both, whose values differ.
        changed: Nested<FxHashMap<Text, Delta>>,
        /// New keys.
        added: Vec<Text>,
        /// Whether keys are gone.
        removed: bool,
    },
    /// Both are arrays.
    Array {
        /// Runs of elements that are in both, by rising position.
        runs: Vec<Run>,
        /// Old positions of elements in both that differ.
        changed: Nested<FxHashMap<usize, Delta>>,
        /// New positions of elements that were not there.
        added: Vec<usize>,
        /// Whether elements are gone.
        removed: bool,
    },
}

/// What happened at a place, as far as one version shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A new value.
    Written(Path),
    /// Something inside is gone.
    Thinned(Path),
}

/// Where a place of the old version is in the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Here.
    At(Path),
    /// Gone; what was around it is here.
    Gone(Path),
}

impl Delta {
    /// What lies between `old` and `new`.
    pub fn between(old: &Value, new: &Value) -> Self {
        if old.is_same(new) {
            return Self::Same;
        }
        match (old.kind(), new.kind()) {
            (Kind::Object, Kind::Object) => deep(|| Self::of_maps(old, new)),
            (Kind::Array, Kind::Array) => deep(|| Self::of_arrays(old, new)),
            _ if old == new => Self::Same,
            _ => Self::Replaced,
        }
    }

    fn of_maps(old: &Value, new: &Value) -> Self {
        let mut changed: Nested<FxHashMap<Text, Self>> = Nested::default();
        // What both share is not even looked at.
        let runs = old.shared_runs(new);
        let mut kept: usize = runs.iter().map(|run| run.len).sum();
        let mut moved = runs.iter().any(|run| run.old != run.new);
        for (gone, _) in Run::gaps(&runs, old.len(), new.len()) {
            for (at, (key, before)) in gone.clone().zip(old.entries().skip(gone.start)) {
                let after = match new.entry(at) {
                    Some((same, value)) if same == key => Some(value),
                    _ => {
                        moved = true;
                        new.key(key)
                    }
                };
                let Some(after) = after else { continue };
                kept += 1;
                match Self::between(before, after) {
                    Self::Same => {}
                    delta @ (Self::Replaced | Self::Map { .. } | Self::Array { .. }) => {
                        changed.insert(key.clone(), delta);
                    }
                }
            }
        }
        let mut added = Vec::new();
        if kept < new.len() {
            let came = Run::gaps(&runs, old.len(), new.len())
                .flat_map(|(_, came)| new.entries().skip(came.start).take(came.len()));
            added.extend(came.map(|(key, _)| key).filter(|key| old.key(key).is_none()).cloned());
        }
        let removed = kept < old.len();
        if !moved && !removed && added.is_empty() && changed.is_empty() {
            return Self::Same;
        }
        Self::Map { changed, added, removed }
    }

    fn of_arrays(old: &Value, new: &Value) -> Self {
        let mut pairing =
            Pairing { old, new, runs: Vec::new(), changed: Nested::default(), added: Vec::new() };
        // What both share is not even looked at.
        let shared = old.shared_runs(new);
        let (mut gone, mut came) = (0, 0);
        for run in shared.into_iter().chain([Run { old: old.len(), new: new.len(), len: 0 }]) {
            pairing.between(gone..run.old, came..run.new);
            run.add(&mut pairing.runs);
            (gone, came) = (run.old + run.len, run.new + run.len);
        }
        let Pairing { runs, changed, added, .. } = pairing;
        let removed = runs.iter().map(|run| run.len).sum::<usize>() < old.len();
        if changed.is_empty() && added.is_empty() && !removed {
            return Self::Same;
        }
        Self::Array { runs, changed, added, removed }
    }

    /// What lies between the two versions of a child of `old`, and where it is now; nothing when
    /// it is gone.
    pub fn child(&self, step: &Step) -> Option<(Step, &Self)> {
        match (self, step) {
            (Self::Same, _) => Some((step.clone(), &Self::Same)),
            (Self::Map { changed, .. }, Step::Key(key)) => {
                Some((step.clone(), changed.get(key).unwrap_or(&Self::Same)))
            }
            (Self::Array { runs, changed, .. }, Step::Index(at)) => {
                let run = runs.get(runs.partition_point(|run| run.old <= *at).checked_sub(1)?)?;
                let offset = at.checked_sub(run.old).filter(|offset| *offset < run.len)?;
                Some((Step::Index(run.new + offset), changed.get(at).unwrap_or(&Self::Same)))
            }
            (Self::Replaced | Self::Map { .. } | Self::Array { .. }, _) => None,
        }
    }

    /// Where the place `path` is in `new`.
    pub fn follow(&self, new: &Value, path: &Path) -> Followed {
        let (mut delta, mut value, mut here) = (self, new, Path::ROOT);
        for step in path.steps() {
            let next = delta.child(step).and_then(|(step, delta)| Some((value.get(&step)?, step, delta)));
            let Some((child, step, inner)) = next else { return Followed::Gone(here) };
            (value, delta, here) = (child, inner, here.child(step));
        }
        Followed::At(here)
    }

    /// The places that changed, at most `limit`, in no particular order.
    pub fn places(&self, limit: usize) -> Vec<Place> {
        let mut places = Vec::new();
        self.collect(&Path::ROOT, limit, &mut places);
        places
    }

    fn collect(&self, here: &Path, limit: usize, places: &mut Vec<Place>) {
        if places.len() >= limit {
            return;
        }
        match self {
            Self::Same => {}
            Self::Replaced => places.push(Place::Written(here.clone())),
            Self::Map { changed, added, removed } => {
                places.extend(removed.then(|| Place::Thinned(here.clone())));
                let room = limit.saturating_sub(places.len());
                let added = added.iter().take(room).map(|key| here.child(Step::Key(key.clone())));
                places.extend(added.map(Place::Written));
                for (key, delta) in changed.iter() {
                    deep(|| delta.collect(&here.child(Step::Key(key.clone())), limit, places));
                }
            }
            Self::Array { changed, added, removed, .. } => {
                places.extend(removed.then(|| Place::Thinned(here.clone())));
                let room = limit.saturating_sub(places.len());
                places.extend(added.iter().take(room).map(|at| Place::Written(here.index(*at))));
                for (at, delta) in changed.iter() {
                    if let Some((step, _)) = self.child(&Step::Index(*at)) {
                        deep(|| delta.collect(&here.child(step), limit, places));
                    }
                }
            }
        }
    }
}

/// Whether two elements are seen at a glance to be equal.
fn are_equal(left: &Value, right: &Value) -> bool {
    are_equal_within(left, right, COMPARED) == Some(true)
}

/// How far ahead the first of two runs meets the other's first again, and whether that is because
/// elements came (or else went).
fn find_ahead(
    old: Range<usize>, new: Range<usize>, is_same: impl Fn(usize, usize) -> bool,
) -> Option<(usize, bool)> {
    (1..=WINDOW).find_map(|by| {
        let came = by < new.len() && is_same(old.start, new.start + by);
        let went = by < old.len() && is_same(old.start + by, new.start);
        (came || went).then_some((by, came))
    })
}

/// Finds which elements of two arrays are the same ones.
struct Pairing<'a> {
    old: &'a Value,
    new: &'a Value,
    runs: Vec<Run>,
    changed: Nested<FxHashMap<usize, Delta>>,
    added: Vec<usize>,
}

impl Pairing<'_> {
    fn keep(&mut self, old: usize, new: usize, len: usize) {
        Run { old, new, len }.add(&mut self.runs);
    }

    /// Pairs what lies between elements that are known to be the same.
    fn between(&mut self, old: Range<usize>, new: Range<usize>) {
        let shorter = old.len().min(new.len());
        let is_equal = |before: usize, after: usize| self.is_anchor(before, after, true);
        let prefix = (0..shorter).take_while(|by| is_equal(old.start + by, new.start + by)).count();
        let from_end = |back: &usize| is_equal(old.end - 1 - back, new.end - 1 - back);
        let suffix = (0..shorter - prefix).take_while(from_end).count();
        self.keep(old.start, new.start, prefix);
        self.middle(old.start + prefix..old.end - suffix, new.start + prefix..new.end - suffix);
        self.keep(old.end - suffix, new.end - suffix, suffix);
    }

    /// Whether the two are the same element. Where as many are there as before, equal scalars say
    /// nothing: `[true, false]` that became `[false, true]` was written, not moved.
    fn is_anchor(&self, old: usize, new: usize, by_scalar: bool) -> bool {
        let Some((before, after)) = self.old.index(old).zip(self.new.index(new)) else { return false };
        (by_scalar || before.is_container()) && are_equal(before, after)
    }

    fn middle(&mut self, old: Range<usize>, new: Range<usize>) {
        let by_scalar = old.len() != new.len();
        let (mut before, mut after) = (old.start, new.start);
        while before < old.end && after < new.end {
            if self.is_anchor(before, after, true) {
                self.keep(before, after, 1);
                (before, after) = (before + 1, after + 1);
                continue;
            }
            let exactly = |old, new| self.is_anchor(old, new, by_scalar);
            let ahead = find_ahead(before..old.end, after..new.end, exactly).or_else(|| {
                let in_place = !by_scalar || self.is_alike(before, after);
                let alike = |old, new| !in_place && self.is_alike(old, new);
                find_ahead(before..old.end, after..new.end, alike)
            });
            match ahead {
                Some((by, true)) => {
                    self.added.extend(after..after + by);
                    after += by;
                }
                Some((by, false)) => before += by,
                None => {
                    self.pair_changed(before, after);
                    (before, after) = (before + 1, after + 1);
                }
            }
        }
        self.added.extend(after..new.end);
    }

    /// Whether the two are maps that share half of their entries: one of them, written to.
    fn is_alike(&self, old: usize, new: usize) -> bool {
        let Some((before, after)) = self.old.index(old).zip(self.new.index(new)) else { return false };
        let looked_at = before.len().min(LOOKED_AT);
        let is_shared =
            |&(key, value): &(&Text, &Value)| after.key(key).is_some_and(|after| are_equal(value, after));
        let shared = before.entries().take(looked_at).filter(is_shared);
        looked_at > 0 && shared.count() * 2 >= looked_at
    }

    fn pair_changed(&mut self, old: usize, new: usize) {
        let (Some(before), Some(after)) = (self.old.index(old), self.new.index(new)) else { return };
        let delta = Delta::between(before, after);
        self.keep(old, new, 1);
        if !matches!(delta, Delta::Same) {
            self.changed.insert(old, delta);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::object(entries.iter().map(|(key, value)| (Text::new(key), value.clone())))
    }

    fn record(id: &str) -> Value {
        map(&[("id", Value::string(id)), ("tags", Value::array([]))])
    }

    fn follow(old: &Value, new: &Value, path: &Path) -> Followed {
        Delta::between(old, new).follow(new, path)
    }

    #[test]
    fn an_element_is_followed_past_what_came_and_went_above_it() {
        let old = Value::array(["a", "b", "c"].map(record));
        let new = Value::array(["x", "a", "y", "c"].map(record));
        let at = |at: usize| Path::ROOT.index(at).key("id");
        assert_eq!(follow(&old, &new, &at(0)), Followed::At(at(1)));
        assert_eq!(follow(&old, &new, &at(2)), Followed::At(at(3)));
        let new = Value::array(["c"].map(record));
        assert_eq!(follow(&old, &new, &at(2)), Followed::At(at(0)));
        assert_eq!(follow(&old, &new, &at(1)), Followed::Gone(Path::ROOT));
    }

    #[test]
    fn an_element_written_to_while_others_come_above_it_is_still_the_same() {
        let old = Value::array(["a", "b", "c"].map(record));
        let mut new = Value::array(["x", "a", "b", "c"].map(record));
        let inside = new.get_mut(&Step::Index(2)).unwrap();
        inside.insert_key(Text::new("new"), Value::NULL);
        let delta = Delta::between(&old, &new);
        assert_eq!(
            delta.follow(&new, &Path::ROOT.index(1).key("id")),
            Followed::At(Path::ROOT.index(2).key("id"))
        );
        assert_eq!(
            delta.places(9),
            [Place::Written(Path::ROOT.index(0)), Place::Written(Path::ROOT.index(2).key("new"))]
        );
    }

    #[test]
    fn scalars_written_in_place_stay_where_they_are() {
        let flags = |flags: &[bool]| Value::array(flags.iter().copied().map(Value::bool));
        let (old, new) = (flags(&[true, false, true, false]), flags(&[false, true, false, false]));
        for at in 0..4 {
            assert_eq!(follow(&old, &new, &Path::ROOT.index(at)), Followed::At(Path::ROOT.index(at)));
        }
    }

    #[test]
    fn keys_are_followed_by_name_and_what_changed_is_listed() {
        let old = map(&[("gone", Value::NULL), ("kept", record("k")), ("to", record("t"))]);
        let new = map(&[("to", record("u")), ("kept", record("k")), ("new", Value::NULL)]);
        let delta = Delta::between(&old, &new);
        assert_eq!(delta.follow(&new, &Path::ROOT.key("gone")), Followed::Gone(Path::ROOT));
        assert_eq!(delta.follow(&new, &Path::ROOT.key("kept")), Followed::At(Path::ROOT.key("kept")));
        let places = delta.places(9);
        assert_eq!(places.len(), 3, "{places:?}");
        assert!(places.contains(&Place::Thinned(Path::ROOT)));
        assert!(places.contains(&Place::Written(Path::ROOT.key("new"))));
        assert!(places.contains(&Place::Written(Path::ROOT.key("to").key("id"))));
    }

    #[test]
    fn equal_values_differ_in_nothing() {
        let build = || map(&[("list", Value::array(["a", "b"].map(record))), ("n", Value::NULL)]);
        assert!(matches!(Delta::between(&build(), &build()), Delta::Same));
        assert!(matches!(Delta::between(&build(), &Value::NULL), Delta::Replaced));
    }
}
