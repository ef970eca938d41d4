//! Which element of an edited array was which before.
//!
//! Near-linear and without a dice: equal elements are matched by what is unique on both sides
//! (as patience diff does), then by occurrence; what is left between two matches is taken to be
//! edited, the most similar pairs first. A poor match costs layout, never content.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::document::{Comparer, Kind, Value, deep};

/// Where the text of an element comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is the same as the element that was at this position.
    Same(usize),
    /// The element that was at this position became it.
    Edited(usize),
    /// It is new.
    New,
}

/// For each new element its origin. No old element is named twice.
pub(super) fn align(old: &[&Value], new: &[&Value], comparer: &Comparer) -> Vec<Origin> {
    let equal = |(old, new): &(&&Value, &&Value)| comparer.are_equal(old, new);
    let prefix = old.iter().zip(new).take_while(equal).count();
    let rest = |values: &[&Value]| values.len() - prefix;
    let suffix = old.iter().rev().zip(new.iter().rev()).take(rest(old).min(rest(new)));
    let suffix = suffix.take_while(equal).count();
    let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);

    let mut aligner =
        Aligner { old, new, classes: Classes::default(), origins: vec![Origin::New; new.len()] };
    aligner.same(0..prefix, 0);
    aligner.same(old_end..old.len(), new_end);
    if old_end - prefix <= 1 && new_end - prefix <= 1 {
        aligner.edited(prefix..old_end, prefix..new_end);
    } else if old_end > prefix && new_end > prefix {
        aligner.classes = Classes::new((old, prefix..old_end), (new, prefix..new_end), comparer);
        aligner.matched(prefix..old_end, prefix..new_end, Match::Unique);
        aligner.moved(prefix..old_end, prefix..new_end);
    }
    aligner.origins
}

/// What may be matched.
#[derive(Clone, Copy)]
enum Match {
    /// Elements that occur once on each side.
    Unique,
    /// The first occurrence with the first, and so on.
    Occurrence,
}

/// Numbers for elements: equal elements have equal numbers.
#[derive(Default)]
struct Classes {
    old: BTreeMap<usize, usize>,
    new: BTreeMap<usize, usize>,
}

impl Classes {
    fn new(old: (&[&Value], Range<usize>), new: (&[&Value], Range<usize>), comparer: &Comparer) -> Self {
        let mut all: Vec<(u64, &Value, bool, usize)> = Vec::with_capacity(old.1.len() + new.1.len());
        for ((values, range), is_new) in [(old, false), (new, true)] {
            let numbered = values.iter().enumerate().take(range.end).skip(range.start);
            all.extend(numbered.map(|(at, value)| (comparer.hash(value), *value, is_new, at)));
        }
        all.sort_by(|(left_hash, left, ..), (right_hash, right, ..)| {
            let equal = || compare(left, right).then_with(|| comparer.order_of_spelling(left, right));
            left_hash.cmp(right_hash).then_with(equal)
        });
        let mut classes = Self::default();
        let mut class = 0;
        let mut last: Option<&Value> = None;
        for (_, value, is_new, at) in all {
            if last.is_some_and(|last| !comparer.are_equal(last, value)) {
                class += 1;
            }
            last = Some(value);
            let side = if is_new { &mut classes.new } else { &mut classes.old };
            side.insert(at, class);
        }
        classes
    }

    fn are_equal(&self, old: usize, new: usize) -> bool {
        self.old.get(&old) == self.new.get(&new)
    }
}

struct Aligner<'a> {
    old: &'a [&'a Value],
    new: &'a [&'a Value],
    classes: Classes,
    origins: Vec<Origin>,
}

impl Aligner<'_> {
    fn set(&mut self, new: usize, origin: Origin) {
        if let Some(held) = self.origins.get_mut(new) {
            *held = origin;
        }
    }

    fn same(&mut self, old: Range<usize>, new: usize) {
        for (offset, at) in old.enumerate() {
            self.set(new + offset, Origin::Same(at));
        }
    }

    /// Matches what is equal in two ranges, and what is left between as edited.
    fn matched(&mut self, old: Range<usize>, new: Range<usize>, how: Match) {
        let both = old.clone().zip(new.clone());
        let prefix = both.take_while(|&(old, new)| self.classes.are_equal(old, new)).count();
        self.same(old.start..old.start + prefix, new.start);
        let (mut old, mut new) = (old.start + prefix..old.end, new.start + prefix..new.end);
        let both = old.clone().rev().zip(new.clone().rev());
        let suffix = both.take_while(|&(old, new)| self.classes.are_equal(old, new)).count();
        (old.end, new.end) = (old.end - suffix, new.end - suffix);
        self.same(old.end..old.end + suffix, new.end);

        let mut from = (old.start, new.start);
        let ends = std::iter::once((old.end, new.end));
        for (old_end, new_end) in self.pairs(&old, &new, how).into_iter().chain(ends) {
            match how {
                Match::Unique => self.matched(from.0..old_end, from.1..new_end, Match::Occurrence),
                Match::Occurrence => self.edited(from.0..old_end, from.1..new_end),
            }
            if old_end < old.end && new_end < new.end {
                self.set(new_end, Origin::Same(old_end));
            }
            from = (old_end + 1, new_end + 1);
        }
    }

    /// Pairs of equal elements, ascending on both sides.
    fn pairs(&self, old: &Range<usize>, new: &Range<usize>, how: Match) -> Vec<(usize, usize)> {
        let mut places: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (&at, &class) in self.classes.old.range(old.clone()) {
            places.entry(class).or_default().0.push(at);
        }
        for (&at, &class) in self.classes.new.range(new.clone()) {
            places.entry(class).or_default().1.push(at);
        }
        let mut pairs = Vec::new();
        for (old, new) in places.into_values() {
            match how {
                Match::Unique if old.len() > 1 || new.len() > 1 => {}
                Match::Unique | Match::Occurrence => pairs.extend(old.into_iter().zip(new)),
            }
        }
        pairs.sort_unstable();
        longest_ascent(&pairs)
    }

    /// Takes the elements of two ranges, none equal to another, as edits of each other: the most
    /// similar ones, in order. The rest of the new ones are new.
    fn edited(&mut self, old: Range<usize>, new: Range<usize>) {
        if old.len() * new.len() > SIMILAR_PAIRS {
            for (old, new) in old.zip(new) {
                self.set(new, Origin::Edited(old));
            }
            return;
        }
        let width = new.len() + 1;
        // best[i * width + j]: the most that old elements from i and new ones from j can score.
        let mut best = vec![0; (old.len() + 1) * width];
        let score =
            |best: &[usize], row: usize, column: usize| best.get(row * width + column).copied().unwrap_or(0);
        let paired = |best: &[usize], row: usize, column: usize| {
            let pair = (self.old.get(old.start + row), self.new.get(new.start + column));
            let (Some(old), Some(new)) = pair else { return 0 };
            similarity(old, new) + score(best, row + 1, column + 1)
        };
        for row in (0..old.len()).rev() {
            for column in (0..new.len()).rev() {
                let alone = score(&best, row + 1, column).max(score(&best, row, column + 1));
                let most = paired(&best, row, column).max(alone);
                if let Some(cell) = best.get_mut(row * width + column) {
                    *cell = most;
                }
            }
        }
        let mut found = Vec::new();
        let (mut row, mut column) = (0, 0);
        while row < old.len() && column < new.len() {
            if score(&best, row, column) == paired(&best, row, column) {
                found.push((old.start + row, new.start + column));
                (row, column) = (row + 1, column + 1);
            } else if score(&best, row, column) == score(&best, row + 1, column) {
                row += 1;
            } else {
                column += 1;
            }
        }
        for (old, new) in found {
            self.set(new, Origin::Edited(old));
        }
    }

    /// Finds, for what seems new, an equal element that seems gone: it has moved.
    fn moved(&mut self, old: Range<usize>, new: Range<usize>) {
        let mut gone: BTreeMap<usize, usize> = old.map(|at| (at, at)).collect();
        for origin in &self.origins {
            if let Origin::Same(at) | Origin::Edited(at) = origin {
                gone.remove(at);
            }
        }
        let class = |at: usize| self.classes.old.get(&at).map(|&class| (class, at));
        let mut gone: BTreeMap<usize, usize> = gone.into_values().rev().filter_map(class).collect();
        for at in new {
            if self.origins.get(at) == Some(&Origin::New)
                && let Some(old) = self.classes.new.get(&at).and_then(|class| gone.remove(class))
            {
                self.set(at, Origin::Same(old));
            }
        }
    }
}

/// Pairs of elements that are compared for similarity between two matches; beyond that they are
/// paired in order.
const SIMILAR_PAIRS: usize = 4_096;

/// Children that are looked at to tell how similar two elements are.
const SIMILAR_CHILDREN: usize = 24;

/// How much of the text of `old` writing `new` would keep; at least 1.
fn similarity(old: &Value, new: &Value) -> usize {
    let equal = |old: &Value, new: &Value| if !old.is_container() && old == new { 4 } else { 1 };
    let shared: usize = match (old.kind(), new.kind()) {
        (Kind::Object, Kind::Object) => {
            let entries = old.entries().take(SIMILAR_CHILDREN);
            entries.filter_map(|(key, old)| Some(equal(old, new.key(key)?))).sum()
        }
        (Kind::Array, Kind::Array) => {
            let elements = old.elements().zip(new.elements()).take(SIMILAR_CHILDREN);
            1 + elements.map(|(old, new)| equal(old, new) - 1).sum::<usize>()
        }
        (old, new) => usize::from(old == new),
    };
    1 + shared
}

/// A longest selection of pairs, which ascend in the first number, that ascends in the second too.
fn longest_ascent(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair that ends an ascent of that length lowest, and for each pair the
    // one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let second = |at: usize| pairs.get(at).map(|pair| pair.1);
    for at in 0..pairs.len() {
        let length = ends.partition_point(|&end| second(end) < second(at));
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut ascent = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        ascent.extend(pairs.get(at));
        next = before.get(at).copied().flatten();
    }
    ascent.reverse();
    ascent
}

/// A total order of values in which equal ones are neighbours.
fn compare(left: &Value, right: &Value) -> Ordering {
    if left.is_same(right) {
        return Ordering::Equal;
    }
    let scalars = (left.scalar_text(), left.as_text()).cmp(&(right.scalar_text(), right.as_text()));
    let shape = scalars.then((left.is_array(), left.len()).cmp(&(right.is_array(), right.len())));
    let keys = || left.entries().map(|(key, _)| key).cmp(right.entries().map(|(key, _)| key));
    shape.then_with(keys).then_with(|| {
        let mut pairs = left.children().zip(right.children());
        pairs
            .find_map(|((_, left), (_, right))| {
                Some(deep(|| compare(left, right))).filter(|order| order.is_ne())
            })
            .unwrap_or(Ordering::Equal)
    })
}
