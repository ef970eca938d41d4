//! Which element of an array is which in another version of it.
//!
//! Near-linear: what is told apart by a key or occurs once on both sides are the anchors, of them
//! as many as keep their order (patience diff); between them equal elements are matched by
//! occurrence, and what is left is taken to be edited where it looks like it.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::string;
use crate::document::{Comparer, Kind, Text, Value};

/// The keys that tell elements apart, the first that is there counts.
const IDENTITY_KEYS: [&str; 3] = ["id", "key", "name"];

/// How far ahead an edited element is looked for.
const WINDOW: usize = 16;

/// So many numbers may be one thing, such as a point, each with its place in it.
const ROW: usize = 4;

/// How many entries of a map are looked at to tell whether it is another one, edited.
const LOOKED_AT: usize = 8;

/// An element that is in both versions: its positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) old: usize,
    pub(super) new: usize,
}

/// The elements that are in both versions, edited or not, by rising position on both sides.
pub(super) fn align(old: &[&Value], new: &[&Value], comparer: &Comparer) -> Vec<Pair> {
    let equal = |(old, new): &(&&Value, &&Value)| comparer.are_equal(old, new);
    let prefix = old.iter().zip(new).take_while(equal).count();
    let rest = old.len().min(new.len()) - prefix;
    let suffix = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(equal).count();
    let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
    let middle = Gap { old: prefix..old_end, new: prefix..new_end };

    let mut pairs: Vec<Pair> = (0..prefix).map(|at| Pair { old: at, new: at }).collect();
    if !middle.old.is_empty() && !middle.new.is_empty() {
        pairs.extend(Aligner::new(old, new, &middle, comparer).middle(&middle));
    }
    pairs.extend((0..suffix).map(|at| Pair { old: old_end + at, new: new_end + at }));
    pairs
}

/// What tells an element apart from the others, as a hash. Of different ones it is only very
/// likely that they differ in this, so what is matched by it is still compared.
fn label(value: &Value, key: &Text, comparer: &Comparer) -> Option<u64> {
    let label = value.key(key).filter(|value| value.as_number().is_some() || value.as_text().is_some());
    label.map(|label| comparer.hash(label))
}

/// Elements of one class are the same, one way or another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// They have the same label, which no other has.
    Labelled(u64),
    /// They are equal, but for the order of keys.
    Content(u64),
}

/// Ranges of both versions that belong together.
#[derive(Clone, Debug)]
struct Gap {
    old: Range<usize>,
    new: Range<usize>,
}

struct Aligner<'a> {
    old: &'a [&'a Value],
    new: &'a [&'a Value],
    comparer: &'a Comparer,
    /// By position minus that of the first element that is not trimmed off.
    classes: [Vec<Class>; 2],
    start: usize,
}

impl<'a> Aligner<'a> {
    fn new(old: &'a [&'a Value], new: &'a [&'a Value], middle: &Gap, comparer: &'a Comparer) -> Self {
        let sides = [
            old.get(middle.old.clone()).unwrap_or_default(),
            new.get(middle.new.clone()).unwrap_or_default(),
        ];
        let labels = labels(sides, comparer);
        let mut counts: BTreeMap<u64, [usize; 2]> = BTreeMap::new();
        for (side, labels) in labels.iter().enumerate() {
            for label in labels.iter().flatten() {
                if let Some(count) = counts.entry(*label).or_default().get_mut(side) {
                    *count += 1;
                }
            }
        }
        let is_sole =
            |label: &u64| counts.get(label).is_some_and(|counts| counts.iter().all(|&count| count < 2));
        let class = |value: &Value, label: Option<u64>| match label.filter(is_sole) {
            Some(label) => Class::Labelled(label),
            None => Class::Content(comparer.hash(value)),
        };
        let [old_labels, new_labels] = labels;
        let classes = [(sides[0], old_labels), (sides[1], new_labels)].map(|(side, labels)| {
            side.iter().zip(labels).map(|(value, label)| class(value, label)).collect()
        });
        Self { old, new, comparer, classes, start: middle.old.start }
    }

    fn old_class(&self, at: usize) -> Option<Class> {
        self.classes[0].get(at - self.start).copied()
    }

    fn new_class(&self, at: usize) -> Option<Class> {
        self.classes[1].get(at - self.start).copied()
    }

    fn are_classed_alike(&self, old: usize, new: usize) -> bool {
        self.old_class(old) == self.new_class(new)
    }

    fn middle(&self, middle: &Gap) -> Vec<Pair> {
        let mut matched = Vec::new();
        let anchors = self.anchors(middle);
        for (gap, anchor) in gaps(middle, &anchors) {
            self.by_occurrence(gap, &mut matched);
            matched.extend(anchor);
        }
        if !self.has_moved(&anchors) && self.is_written_in_place(middle, matched.len()) {
            return middle.old.clone().zip(middle.new.clone()).map(|(old, new)| Pair { old, new }).collect();
        }
        let mut pairs = Vec::new();
        for (gap, matched) in gaps(middle, &matched) {
            self.edited(&gap, &mut pairs);
            pairs.extend(matched);
        }
        pairs
    }

    /// What occurs once on both sides, as much of it as stands in the same order.
    fn anchors(&self, gap: &Gap) -> Vec<Pair> {
        // Of each class the last place on both sides, and how many there are.
        let mut places: BTreeMap<Class, ([usize; 2], Pair)> = BTreeMap::new();
        let [old, new] = &self.classes;
        let place = |(at, class): (usize, &Class), side: usize| (at, *class, side);
        let old = old.iter().enumerate().map(|entry| place(entry, 0));
        for (at, class, side) in old.chain(new.iter().enumerate().map(|entry| place(entry, 1))) {
            let (counts, pair) = places.entry(class).or_insert(([0; 2], Pair { old: 0, new: 0 }));
            if let Some(count) = counts.get_mut(side) {
                *count += 1;
            }
            if side == 0 {
                pair.old = gap.old.start + at;
            } else {
                pair.new = gap.new.start + at;
            }
        }
        let mut both: Vec<Pair> =
            places.values().filter(|(counts, _)| *counts == [1, 1]).map(|(_, pair)| *pair).collect();
        both.sort_unstable_by_key(|pair| pair.new);
        longest_in_order(&both)
    }

    /// Matches what is of one class between two anchors: at both ends, then the first occurrence
    /// with the first, and so on.
    fn by_occurrence(&self, mut gap: Gap, matched: &mut Vec<Pair>) {
        while !gap.old.is_empty()
            && !gap.new.is_empty()
            && self.are_classed_alike(gap.old.start, gap.new.start)
        {
            matched.push(Pair { old: gap.old.start, new: gap.new.start });
            gap = Gap { old: gap.old.start + 1..gap.old.end, new: gap.new.start + 1..gap.new.end };
        }
        let mut tail = Vec::new();
        while !gap.old.is_empty()
            && !gap.new.is_empty()
            && self.are_classed_alike(gap.old.end - 1, gap.new.end - 1)
        {
            gap = Gap { old: gap.old.start..gap.old.end - 1, new: gap.new.start..gap.new.end - 1 };
            tail.push(Pair { old: gap.old.end, new: gap.new.end });
        }
        let mut places: BTreeMap<Class, VecDeque<usize>> = BTreeMap::new();
        for at in gap.old {
            if let Some(class) = self.old_class(at) {
                places.entry(class).or_default().push_back(at);
            }
        }
        let both = gap.new.filter_map(|new| {
            let old = places.get_mut(&self.new_class(new)?)?.pop_front()?;
            Some(Pair { old, new })
        });
        matched.extend(longest_in_order(&both.collect::<Vec<_>>()));
        matched.extend(tail.into_iter().rev());
    }

    /// Whether something that tells itself apart stands elsewhere, so that others must have come or
    /// gone: a string, or a number in what is too long to be a point or a range.
    fn has_moved(&self, anchors: &[Pair]) -> bool {
        let is_row = self.old.len() <= ROW;
        let is_telling =
            |value: &&Value| value.as_text().is_some() || (value.as_number().is_some() && !is_row);
        anchors.iter().any(|pair| pair.old != pair.new && self.old.get(pair.old).is_some_and(is_telling))
    }

    /// Whether an array of scalars was rather written in place than shifted: `[true, false]` that
    /// became `[false, true]`.
    fn is_written_in_place(&self, middle: &Gap, matched: usize) -> bool {
        let (old, new) = (
            self.old.get(middle.old.clone()).unwrap_or_default(),
            self.new.get(middle.new.clone()).unwrap_or_default(),
        );
        let differ = || old.iter().zip(new).filter(|(old, new)| old != new).count();
        old.len() == new.len()
            && !old.iter().chain(new).any(|value| value.is_container())
            && differ() <= 2 * (old.len() - matched)
    }

    /// Pairs what looks like the same element, edited. Where as many are left as there were, they
    /// are taken to be so in place, unless their labels say that they are others.
    fn edited(&self, gap: &Gap, pairs: &mut Vec<Pair>) {
        if gap.old.len() == gap.new.len() {
            let both = gap.old.clone().zip(gap.new.clone());
            let same = both.filter(|&(old, new)| !self.are_others(old, new) || self.are_alike(old, new));
            pairs.extend(same.map(|(old, new)| Pair { old, new }));
            return;
        }
        let mut from = gap.new.start;
        for old in gap.old.clone() {
            let mut ahead = (from..gap.new.end).take(WINDOW);
            if let Some(new) = ahead.find(|&new| self.are_alike(old, new)) {
                pairs.push(Pair { old, new });
                from = new + 1;
            }
        }
    }

    /// Whether both have labels, which differ since they were not matched.
    fn are_others(&self, old: usize, new: usize) -> bool {
        let is_labelled = |class| matches!(class, Some(Class::Labelled(_)));
        is_labelled(self.old_class(old)) && is_labelled(self.new_class(new))
    }

    fn are_alike(&self, old: usize, new: usize) -> bool {
        let Some((before, after)) = self.old.get(old).zip(self.new.get(new)) else { return false };
        match (before.kind(), after.kind()) {
            (Kind::Object, Kind::Object) => {
                let looked_at = before.len().min(LOOKED_AT);
                let entries = before.entries().take(looked_at);
                let shared = entries
                    .filter(|(key, value)| {
                        after.key(key).is_some_and(|after| self.comparer.are_equal(value, after))
                    })
                    .count();
                looked_at > 0 && shared * 2 >= looked_at
            }
            (Kind::Array, Kind::Array) => {
                let ends = [before.elements().next(), before.elements().next_back()];
                let others = [after.elements().next(), after.elements().next_back()];
                let mut both = ends.iter().zip(&others).filter_map(|(end, other)| end.zip(*other));
                both.any(|(end, other)| self.comparer.are_equal(end, other))
            }
            _ => before.as_text().zip(after.as_text()).is_some_and(|(old, new)| string::are_alike(old, new)),
        }
    }
}

/// The labels on both sides, by the first key that half of the elements have.
fn labels(sides: [&[&Value]; 2], comparer: &Comparer) -> [Vec<Option<u64>>; 2] {
    let by = |key: &Text| {
        sides.map(|side| side.iter().map(|value| label(value, key, comparer)).collect::<Vec<_>>())
    };
    let suffices = |labels: &Vec<Option<u64>>| labels.iter().flatten().count() * 2 >= labels.len();
    IDENTITY_KEYS
        .into_iter()
        .map(|key| by(&Text::new(key)))
        .find(|labels| labels.iter().all(suffices))
        .unwrap_or_else(|| sides.map(|side| vec![None; side.len()]))
}

/// What is between pairs that follow each other, each with the pair after it.
fn gaps(whole: &Gap, pairs: &[Pair]) -> Vec<(Gap, Option<Pair>)> {
    let mut gaps = Vec::with_capacity(pairs.len() + 1);
    let (mut old, mut new) = (whole.old.start, whole.new.start);
    for pair in pairs {
        gaps.push((Gap { old: old..pair.old, new: new..pair.new }, Some(*pair)));
        (old, new) = (pair.old + 1, pair.new + 1);
    }
    gaps.push((Gap { old: old..whole.old.end, new: new..whole.new.end }, None));
    gaps
}

/// Of pairs in order of their new positions, the most whose old positions rise too.
fn longest_in_order(pairs: &[Pair]) -> Vec<Pair> {
    // For each length the last pair of the best chain so far; for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let old = |at: usize| pairs.get(at).map_or(0, |pair| pair.old);
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|&end| old(end) < pair.old);
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter)).copied());
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let last = ends.last().copied();
    let chain = std::iter::successors(last, |&at| before.get(at).copied().flatten());
    let mut chain: Vec<Pair> = chain.filter_map(|at| pairs.get(at)).copied().collect();
    chain.reverse();
    chain
}
