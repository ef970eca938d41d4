//! What two lists have in common because they hold the very same nodes.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{List, Node};

/// Items that are in two versions of a sequence, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first one's position in the old version.
    pub old: usize,
    /// The first one's position in the new version.
    pub new: usize,
    /// How many.
    pub len: usize,
}

impl Run {
    /// What lies before, between and after runs that rise in both versions, of these lengths; no
    /// two empty ranges.
    pub fn gaps(runs: &[Self], old: usize, new: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        let mut from = (0, 0);
        let gaps = runs.iter().copied().chain([Self { old, new, len: 0 }]).map(move |run| {
            let gap = (from.0..run.old, from.1..run.new);
            from = (run.old + run.len, run.new + run.len);
            gap
        });
        gaps.filter(|(old, new)| !old.is_empty() || !new.is_empty())
    }

    /// Adds a run after others, to the last one if it continues it.
    pub fn add(self, runs: &mut Vec<Self>) {
        match runs.last_mut() {
            Some(last) if last.old + last.len == self.old && last.new + last.len == self.new => {
                last.len += self.len;
            }
            _ if self.len > 0 => runs.push(self),
            _ => {}
        }
    }
}

/// What a node is, apart from what it holds: where it is in memory, or the text it stands in and
/// where in that.
type Identity = (usize, Option<usize>);

impl<T> Node<T> {
    fn identity(&self) -> Identity {
        match self {
            Self::Leaf(items) => (Arc::as_ptr(items).addr(), None),
            Self::Inner(inner) => (Arc::as_ptr(inner).addr(), None),
            Self::Page(page) => page.identity(),
        }
    }
}

impl<T> List<T> {
    /// The items that both lists hold in the same nodes, as runs that rise in both. There may be
    /// more that are equal. Costs no more than the nodes that differ, their children and the
    /// logarithm of the length.
    pub(in crate::document) fn shared_runs(&self, other: &Self) -> Vec<Run> {
        let mut runs = Vec::new();
        align(&[(0, &self.0)], &[(0, &other.0)], &mut runs);
        runs
    }
}

/// A node and the position of its first item.
type Placed<'a, T> = (usize, &'a Node<T>);

fn align<T>(old: &[Placed<'_, T>], new: &[Placed<'_, T>], runs: &mut Vec<Run>) {
    let places: FxHashMap<Identity, usize> =
        old.iter().enumerate().map(|(place, (_, node))| (node.identity(), place)).collect();
    let (mut old_rest, mut new_rest, mut passed) = (old, new, 0);
    for (at, (position, node)) in new.iter().enumerate() {
        let Some(place) = places.get(&node.identity()).and_then(|place| place.checked_sub(passed)) else {
            continue;
        };
        let before = new_rest.len() - (new.len() - at);
        let (Some((skipped, from)), Some((came, after))) =
            (old_rest.split_at_checked(place), new_rest.split_at_checked(before))
        else {
            continue;
        };
        open(skipped, came, runs);
        if let [(start, _), rest @ ..] = from {
            Run { old: *start, new: *position, len: node.len() }.add(runs);
            (old_rest, passed) = (rest, passed + place + 1);
        }
        new_rest = after.get(1..).unwrap_or_default();
    }
    open(old_rest, new_rest, runs);
}

/// Looks into nodes of which no two are the same.
fn open<T>(old: &[Placed<'_, T>], new: &[Placed<'_, T>], runs: &mut Vec<Run>) {
    let is_inner = |(_, node): &Placed<'_, T>| matches!(node, Node::Inner(_));
    if old.is_empty() || new.is_empty() || !old.iter().chain(new).any(is_inner) {
        return;
    }
    align(&children(old), &children(new), runs);
}

fn children<'a, T>(nodes: &[Placed<'a, T>]) -> Vec<Placed<'a, T>> {
    let mut children = Vec::new();
    for &(mut position, node) in nodes {
        let Node::Inner(inner) = node else {
            children.push((position, node));
            continue;
        };
        for (len, child) in &inner.children {
            children.push((position, child));
            position += len;
        }
    }
    children
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    const LENGTH: usize = 20_000;

    fn shared(old: &List<usize>, new: &List<usize>) -> usize {
        let runs = old.shared_runs(new);
        let mut gaps = Run::gaps(&runs, old.len(), new.len());
        // Runs rise, and hold the same items.
        assert!(gaps.all(|(old, new)| old.start <= old.end && new.start <= new.end));
        for run in &runs {
            for at in 0..run.len {
                assert_eq!(old.get(run.old + at), new.get(run.new + at));
            }
        }
        runs.iter().map(|run| run.len).sum()
    }

    #[test]
    fn what_was_not_touched_is_found_around_what_was() {
        let old: List<usize> = (0..LENGTH).collect();
        assert_eq!(shared(&old, &old.clone()), LENGTH);
        let mut new = old.clone();
        for at in [3, 7_000, 12_345] {
            *new.get_mut(at).unwrap() += 1;
        }
        assert!(shared(&old, &new) >= LENGTH - 3 * super::super::LEAF);
        for at in (100..LENGTH).step_by(4_000) {
            new.insert(at, 0);
            new.remove(at + 1_500);
        }
        assert!(shared(&old, &new) >= LENGTH - 20 * super::super::LEAF);
        assert_eq!(shared(&old, &List::default()), 0);
        assert_eq!(shared(&old, &(0..LENGTH).collect()), 0);
    }

    #[test]
    fn a_list_that_has_become_higher_shares_its_leaves() {
        let old: List<usize> = (0..super::super::LEAF * super::super::FAN).collect();
        let mut new = old.clone();
        new.insert(1_000, 0);
        assert!(shared(&old, &new) >= old.len() - super::super::LEAF);
    }
}
