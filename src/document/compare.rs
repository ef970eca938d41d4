//! Comparing the same values again and again.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::{FxHashMap, FxHasher};

use super::value::Identity;
use super::{Value, deep};

/// Values looked at before it pays to tell two large ones apart by their hashes.
const LOOKED_AT: usize = 64;

/// Compares values that are compared on every level of two documents: without it, what differs at
/// the bottom of a deep document would be looked for from each level anew.
#[derive(Default)]
pub struct Comparer {
    /// The hashes of containers. They are kept, so that no other one can stand where they stood.
    hashes: RefCell<FxHashMap<Identity, (Value, u64)>>,
    /// Whether two strings are told apart by how they are spelled.
    by_spelling: bool,
}

impl Comparer {
    /// One that may tell strings apart by how they are spelled, though not those inside containers.
    pub(super) fn by_spelling(by_spelling: bool) -> Self {
        Self { by_spelling, ..Self::default() }
    }

    /// The order of two values that are equal but for how they are spelled.
    pub(super) fn order_of_spelling(&self, left: &Value, right: &Value) -> Ordering {
        match (left.as_text(), right.as_text()) {
            (Some(left), Some(right)) if self.by_spelling => left.raw().cmp(right.raw()),
            _ => Ordering::Equal,
        }
    }

    /// Whether two values are equal.
    pub fn are_equal(&self, left: &Value, right: &Value) -> bool {
        if self.order_of_spelling(left, right).is_ne() {
            return false;
        }
        are_equal_within(left, right, LOOKED_AT)
            .unwrap_or_else(|| self.hash(left) == self.hash(right) && left == right)
    }

    /// Equal values have equal hashes, whatever the order of their keys. That different ones have
    /// different hashes is only likely, and not if somebody chose them.
    pub fn hash(&self, value: &Value) -> u64 {
        let identity = value.identity();
        let known = |identity| self.hashes.borrow().get(&identity).map(|&(_, hash)| hash);
        if let Some(hash) = identity.and_then(known) {
            return hash;
        }
        let hash = self.fresh_hash(value);
        if let Some(identity) = identity {
            self.hashes.borrow_mut().insert(identity, (value.clone(), hash));
        }
        hash
    }

    fn fresh_hash(&self, value: &Value) -> u64 {
        let mut hasher = FxHasher::default();
        std::mem::discriminant(&value.kind()).hash(&mut hasher);
        if let Some(text) = value.as_text() {
            text.hash(&mut hasher);
        } else if let Some(text) = value.scalar_text() {
            text.hash(&mut hasher);
        }
        for element in value.elements() {
            hasher.write_u64(deep(|| self.hash(element)));
        }
        let entries = value.entries().map(|(key, value)| {
            let mut hasher = FxHasher::default();
            key.hash(&mut hasher);
            hasher.write_u64(deep(|| self.hash(value)));
            hasher.finish()
        });
        hasher.write_u64(entries.fold(0, u64::wrapping_add));
        hasher.finish()
    }
}

/// Whether two containers are the same, or stand in texts that nobody has read and that are equal.
pub(super) fn are_one(left: &Value, right: &Value) -> bool {
    left.is_same(right) || left.unread_text().is_some_and(|text| right.unread_text() == Some(text))
}

/// Whether two values are equal, keys in one order, if that can be told by looking at no more than
/// so many values inside them.
pub fn are_equal_within(left: &Value, right: &Value, looked_at: usize) -> Option<bool> {
    equal_within(left, right, &mut { looked_at })
}

fn equal_within(left: &Value, right: &Value, budget: &mut usize) -> Option<bool> {
    if !left.is_container() || !right.is_container() {
        return Some(left == right);
    }
    if left.kind() != right.kind() || left.len() != right.len() {
        return Some(false);
    }
    if are_one(left, right) {
        return Some(true);
    }
    for ((key, left), (other, right)) in left.children().zip(right.children()) {
        *budget = budget.checked_sub(1)?;
        if key != other || !deep(|| equal_within(left, right, budget))? {
            return Some(false);
        }
    }
    Some(true)
}
