//! Merging container by container.
//!
//! What happens to the keys of one map or the items of one array is nothing to any other, as long
//! as nobody touches what leads to them. Then each container is merged by itself: from what it held
//! where the window begins, with the changes made to it, in a tracker that is used again for the
//! next one. So all that a change looks at is in the nearest cache, and nothing of it is kept.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::ways::hasher;
use super::{Tracker, View};
use crate::document::{Kind, Method, Step, Text, Value};
use crate::sync::Change;

/// With more changes to a container than this, the memory that they are about is near anyway.
const FEW_CHANGES: usize = 64;

/// A container and how many changes were made to it.
struct Group<'a> {
    /// Where it is for everyone.
    steps: &'a [Step],
    base: &'a Value,
    hasher: FxHasher,
    count: usize,
}

/// The containers that some changes were made to.
struct Groups<'a> {
    base: &'a Value,
    all: Vec<Group<'a>>,
    by_hash: FxHashMap<u64, usize>,
}

/// Merges some changes, each after all that it has seen, into a document that has some of them:
/// all have seen `base`, and what they have not touched is the same in both. Says whether it has;
/// else some of them touch what others are inside, or may do, or one tracker does it as fast.
pub(in crate::sync) fn merge(base: &Value, changes: &[&Change], document: &mut Value) -> bool {
    let Some((groups, sorted)) = group(base, changes) else { return false };
    let mut rest = sorted.as_slice();
    let mut parts = Vec::with_capacity(groups.len());
    for group in &groups {
        let (own, others) = rest.split_at_checked(group.count).unwrap_or_default();
        parts.push((group, own));
        rest = others;
    }
    let is_possible = are_apart(&parts);
    if is_possible {
        merge_each(document, parts);
    }
    is_possible
}

/// The containers that some changes are made to, and the changes, those to one after those to
/// another.
fn group<'a>(base: &'a Value, changes: &[&'a Change]) -> Option<(Vec<Group<'a>>, Vec<&'a Change>)> {
    let mut groups = Groups { base, all: Vec::new(), by_hash: FxHashMap::default() };
    let of: Vec<usize> = changes.iter().map(|change| groups.of(change)).collect::<Option<_>>()?;
    let groups = groups.all;
    if groups.len() * FEW_CHANGES < changes.len() {
        return None;
    }
    let mut next: Vec<usize> = Vec::with_capacity(groups.len());
    let mut end = 0;
    for group in &groups {
        next.push(end);
        end += group.count;
    }
    let mut sorted = changes.to_vec();
    for (&change, group) in changes.iter().zip(of) {
        let at = next.get_mut(group)?;
        *sorted.get_mut(*at)? = change;
        *at += 1;
    }
    Some((groups, sorted))
}

impl<'a> Groups<'a> {
    /// The number of the container that a change is made to: that holds what the change writes and
    /// removes. Nothing if it may be more than one.
    fn of(&mut self, change: &'a Change) -> Option<usize> {
        let steps = match &change.method {
            Method::Set(_) | Method::Delete => change.path.steps().split_last()?.1,
            Method::Merge(_) | Method::Splice { .. } => change.path.steps(),
        };
        let hasher = hasher(steps);
        let number = match self.by_hash.get(&hasher.finish()) {
            Some(&number) => number,
            None => self.add(steps, hasher)?,
        };
        let group = self.all.get_mut(number)?;
        // What is no map is replaced by one, in what holds it.
        if matches!(change.method, Method::Merge(_)) && group.base.kind() != Kind::Object {
            return None;
        }
        group.count += 1;
        (group.steps == steps).then_some(number)
    }

    fn add(&mut self, steps: &'a [Step], hasher: FxHasher) -> Option<usize> {
        let base = steps.iter().try_fold(self.base, |value, step| value.get(step))?;
        // One key in two spellings would be two containers.
        if steps.iter().any(is_escaped) {
            return None;
        }
        let number = self.all.len();
        self.by_hash.insert(hasher.finish(), number);
        self.all.push(Group { steps, base, hasher, count: 0 });
        Some(number)
    }
}

fn is_escaped(step: &Step) -> bool {
    match step {
        Step::Key(key) => key.is_escaped(),
        Step::Index(_) => false,
    }
}

/// Whether nobody touches a slot that leads to one of the containers.
fn are_apart(parts: &[(&Group<'_>, &[&Change])]) -> bool {
    // By their hashes: what has the hash of another counts as that.
    let mut leading = FxHashSet::default();
    let mut above = FxHashSet::default();
    for (group, _) in parts {
        leading.insert(group.hasher.finish());
        let mut steps = group.steps;
        while let Some((_, holder)) = steps.split_last() {
            let hash = hasher(holder).finish();
            leading.insert(hash);
            // What is above this one has been noted with it.
            if !above.insert(hash) {
                break;
            }
            steps = holder;
        }
    }
    parts.iter().filter(|(group, _)| above.contains(&group.hasher.finish())).all(|(group, changes)| {
        let leads = |key: &Text| {
            let mut hasher = group.hasher.clone();
            key.hash_spelling(&mut hasher);
            key.is_escaped() || leading.contains(&hasher.finish())
        };
        // In an array what is beside a touched item moves.
        group.base.kind() == Kind::Object
            && changes.iter().all(|change| match (&change.method, change.path.steps().last()) {
                (Method::Merge(leaves), _) => !leaves.entries().any(|(key, _)| leads(key)),
                (Method::Set(_) | Method::Delete, Some(Step::Key(key))) => !leads(key),
                // Void.
                (Method::Set(_) | Method::Delete | Method::Splice { .. }, _) => true,
            })
    })
}

/// Merges each container by itself, those outside before those inside them.
fn merge_each(document: &mut Value, mut parts: Vec<(&Group<'_>, &[&Change])>) {
    parts.sort_by_key(|(group, _)| group.steps.len());
    let mut tracker = Tracker::new(Value::NULL);
    for (group, changes) in parts {
        tracker.restart(group.base.clone(), group.steps.len());
        let is_alone = look_over(changes);
        for change in changes {
            let view = if is_alone { View::Now } else { View::of(change) };
            tracker.apply_seeing(change, view, None);
        }
        let place = group.steps.iter().try_fold(&mut *document, |value, step| value.get_mut(step));
        if let Some(place) = place {
            *place = tracker.value();
        }
    }
}

/// Whether all changes are of one author. They are somewhere in memory, so each is looked at
/// before the first is used: what has to be waited for is waited for at once.
fn look_over(changes: &[&Change]) -> bool {
    let author = changes.first().map(|change| change.author);
    let (mut others, mut keys) = (0, 0);
    for change in changes {
        others += usize::from(Some(change.author) != author);
        keys += usize::from(matches!(change.path.steps().last(), Some(Step::Key(_))));
    }
    std::hint::black_box(keys);
    others == 0
}
