//! Inserting, removing and replacing in a list: only the nodes on the way that somebody else holds
//! too are copied.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{FAN, LEAF, List, Node};
use crate::document::balance::{Counted, shrink};

/// So many items for each one to be inserted or removed make it cheaper to do that one by one
/// than to build the list anew.
const REBUILD: usize = 8;

impl<T: Clone> List<T> {
    pub(in crate::document) fn get_mut(&mut self, mut at: usize) -> Option<&mut T> {
        // Looked up first: nothing is copied for the sake of an item that is not there.
        self.get(at)?;
        let mut node = &mut self.0;
        loop {
            match node.made() {
                Node::Leaf(items) => return Arc::make_mut(items).get_mut(at),
                Node::Page(_) => return None,
                Node::Inner(inner) => {
                    let inner = Arc::make_mut(inner);
                    let (child, inside) = inner.find(at)?;
                    (node, at) = (&mut inner.children.get_mut(child)?.1, inside);
                }
            }
        }
    }

    pub(in crate::document) fn push(&mut self, item: T) {
        self.insert(self.len(), item);
    }

    /// Inserts before a position; past the end is at the end.
    pub(in crate::document) fn insert(&mut self, at: usize, item: T) {
        let at = at.min(self.len());
        if let Some(right) = self.0.insert(at, item) {
            let left = std::mem::replace(&mut self.0, Node::Leaf(Arc::default()));
            self.0 = Node::join(vec![(left.len(), left), (right.len(), right)]);
        }
    }

    pub(in crate::document) fn remove(&mut self, at: usize) -> Option<T> {
        if at >= self.len() {
            return None;
        }
        let removed = self.0.remove(at);
        while let Node::Inner(inner) = &mut self.0
            && inner.children.len() <= 1
        {
            let only = Arc::make_mut(inner).children.pop();
            self.0 = only.map_or_else(|| Node::Leaf(Arc::default()), |(_, node)| node);
        }
        removed
    }

    /// Replaces `count` items from `start` on; both are clamped to the length.
    pub(in crate::document) fn splice(
        &mut self, start: usize, count: usize, items: impl IntoIterator<Item = T>,
    ) {
        let start = start.min(self.len());
        let count = count.min(self.len() - start);
        let items: SmallVec<[T; 4]> = items.into_iter().collect();
        if self.0.splice_leaf(start, count, &items) {
            return;
        }
        if (count + items.len()).saturating_mul(REBUILD) < self.len() {
            for _ in 0..count {
                self.remove(start);
            }
            for (at, item) in (start..).zip(items) {
                self.insert(at, item);
            }
        } else {
            let before = self.iter().take(start).cloned();
            let after = self.iter().skip(start + count).cloned();
            *self = before.chain(items).chain(after).collect();
        }
    }
}

impl<T: Clone> Node<T> {
    /// Inserts; gives what was split off at the right if there was no room.
    fn insert(&mut self, at: usize, item: T) -> Option<Self> {
        match self.made() {
            Self::Page(_) => None,
            Self::Leaf(items) => {
                let items = Arc::make_mut(items);
                let overflow = (items.len() >= LEAF).then(|| {
                    // A list that grows at its end keeps full leaves.
                    let middle = if at == items.len() { items.len() } else { items.len() / 2 };
                    (middle, items.split_off(middle))
                });
                let Some((middle, mut right)) = overflow else {
                    items.insert(at, item);
                    return None;
                };
                if at > middle || right.is_empty() {
                    right.insert(at - middle, item);
                } else {
                    items.insert(at, item);
                }
                Some(Self::Leaf(Arc::new(right)))
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                inner.len += 1;
                let (number, inside) = inner.find(at)?;
                let (len, child) = inner.children.get_mut(number)?;
                let split = child.insert(inside, item);
                *len = child.len();
                inner.children.insert(number + 1, split.map(|right| (right.len(), right))?);
                if inner.children.len() <= FAN {
                    return None;
                }
                let middle = if number + 2 == inner.children.len() { FAN } else { FAN / 2 };
                let right = Self::join(inner.children.split_off(middle));
                inner.len -= right.len();
                Some(right)
            }
        }
    }

    fn remove(&mut self, at: usize) -> Option<T> {
        match self.made() {
            Self::Page(_) => None,
            Self::Leaf(items) => Some(Arc::make_mut(items).remove(at)),
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                let (number, inside) = inner.find(at)?;
                let (len, child) = inner.children.get_mut(number)?;
                let removed = child.remove(inside)?;
                *len = child.len();
                inner.len -= 1;
                shrink(&mut inner.children, number);
                Some(removed)
            }
        }
    }

    /// Splices inside one leaf, where that is possible without it growing too long.
    fn splice_leaf(&mut self, start: usize, count: usize, items: &[T]) -> bool {
        match self.made() {
            Self::Leaf(leaf) => {
                let fits = start + count <= leaf.len() && leaf.len() - count + items.len() <= LEAF;
                if fits && (count > 0 || !items.is_empty()) {
                    Arc::make_mut(leaf).splice(start..start + count, items.iter().cloned());
                }
                fits
            }
            Self::Inner(inner) if count > 0 || !items.is_empty() => {
                let Some((number, inside)) = inner.find(start) else { return false };
                let child = inner.children.get(number);
                if !child.is_some_and(|(_, child)| child.has_room(inside, count, items.len())) {
                    return false;
                }
                let inner = Arc::make_mut(inner);
                inner.len = inner.len - count + items.len();
                inner.children.get_mut(number).is_some_and(|(len, child)| {
                    *len = *len - count + items.len();
                    child.splice_leaf(inside, count, items)
                })
            }
            Self::Page(_) | Self::Inner(_) => false,
        }
    }

    /// Whether so many items from a position on are in one leaf, which can do without them and take
    /// so many more. One that would become small, or empty, is left to `remove`.
    fn has_room(&self, at: usize, less: usize, more: usize) -> bool {
        self.bottom(at).is_some_and(|(leaf, at)| {
            let is_within = at + less <= leaf.len();
            is_within
                && leaf.len() - less + more <= LEAF
                && (less == 0 || leaf.len() - less + more > LEAF / 4)
        })
    }
}

impl<T: Clone> Counted for Node<T> {
    fn count(&self) -> usize {
        self.len()
    }

    /// How many items or children it has, and how many it may have.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Leaf(_) | Self::Page(_) => (self.len(), LEAF),
            Self::Inner(inner) => (inner.children.len(), FAN),
        }
    }

    fn append(&mut self, mut right: Self) {
        right.made();
        match (self.made(), right) {
            (Self::Leaf(left), Self::Leaf(right)) => {
                Arc::make_mut(left).extend(Arc::unwrap_or_clone(right));
            }
            (Self::Inner(left), Self::Inner(right)) => {
                let left = Arc::make_mut(left);
                left.len += right.len;
                left.children.extend(Arc::unwrap_or_clone(right).children);
            }
            // Nodes of the same height are of the same sort.
            (Self::Leaf(_) | Self::Page(_) | Self::Inner(_), _) => {}
        }
    }
}
