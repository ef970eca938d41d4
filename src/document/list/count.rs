//! How many values are in a list and inside its items, and which is the so manieth: as rows of a
//! tree, without reading what the text has been counted for.

use super::{List, Node};
use crate::document::Value;

/// Something in a list that has a value.
pub(in crate::document) trait Holds {
    fn value(&self) -> &Value;
}

impl Holds for Value {
    fn value(&self) -> &Value {
        self
    }
}

/// How many values items are and have inside, down to so many levels; the items are the first.
pub(in crate::document) fn inner_count<T: Holds>(items: &[T], levels: usize) -> usize {
    let inside = levels.saturating_sub(1);
    items.len() + items.iter().map(|item| item.value().inner_count(inside)).sum::<usize>()
}

/// The item that the `nth` of these values is or is inside of, and the how manieth after the item.
/// There is one: what is inside the last is not counted, which else made a way down a chain of
/// containers quadratic.
pub(in crate::document) fn inner_at<T: Holds>(
    items: &[T], mut nth: usize, levels: usize,
) -> Option<(usize, usize)> {
    let inside = levels.saturating_sub(1);
    let (_, before) = items.split_last()?;
    for (at, item) in before.iter().enumerate() {
        let count = 1 + item.value().inner_count(inside);
        if nth < count {
            return Some((at, nth));
        }
        nth -= count;
    }
    Some((before.len(), nth))
}

impl<T: Holds> Node<T> {
    fn inner_count(&self, levels: usize) -> usize {
        if levels <= 1 {
            return self.len();
        }
        match self {
            Self::Leaf(items) => inner_count(items, levels),
            Self::Page(page) => match page.below(levels - 1) {
                Some(below) => page.len() + below,
                None => inner_count(page.items(), levels),
            },
            Self::Inner(inner) => inner.children.iter().map(|(_, child)| child.inner_count(levels)).sum(),
        }
    }

    fn items(&self) -> &[T] {
        self.leaf(0).0
    }
}

impl<T: Holds> List<T> {
    /// How many values the first `at` items are and have inside, down to so many levels.
    pub(in crate::document) fn inner_before(&self, mut at: usize, levels: usize) -> usize {
        let mut passed = 0;
        let mut node = &self.0;
        loop {
            if at >= node.len() {
                return passed + node.inner_count(levels);
            }
            let Node::Inner(inner) = node else {
                return passed + inner_count(node.items().get(..at).unwrap_or_default(), levels);
            };
            for (len, child) in &inner.children {
                node = child;
                if at < *len {
                    break;
                }
                passed += child.inner_count(levels);
                at -= len;
            }
        }
    }

    /// The item that the `nth` of all these values is or is inside of, and the how manieth after the
    /// item. There is one.
    pub(in crate::document) fn inner_at(&self, mut nth: usize, levels: usize) -> Option<(usize, usize)> {
        let mut passed = 0;
        let mut node = &self.0;
        loop {
            let Node::Inner(inner) = node else {
                return inner_at(node.items(), nth, levels).map(|(at, inside)| (passed + at, inside));
            };
            let found = inner.children.iter().find(|(len, child)| {
                let count = child.inner_count(levels);
                let is_here = nth < count;
                if !is_here {
                    nth -= count;
                    passed += len;
                }
                is_here
            });
            node = &found?.1;
        }
    }
}
