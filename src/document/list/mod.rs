//! A sequence that shares structure with its copies.
//!
//! A B+ tree of counted, reference-counted nodes: reading, inserting and removing anywhere cost
//! the logarithm of the length, a copy costs a reference count, and an edit copies only the
//! nodes on its way that somebody else holds too. A short list is one leaf, a plain vector. A long
//! one that stands in a text has pages of it for leaves, whose items are made when looked at.

mod count;
mod edit;
mod iter;
mod shared;

use std::ops::Range;
use std::sync::Arc;

pub(super) use count::{Holds, inner_at, inner_count};
pub(super) use iter::Iter;
pub use shared::Run;

use super::source::Page;

/// Items in a leaf, at most.
const LEAF: usize = 64;
/// Children of an inner node, at most.
const FAN: usize = 32;

/// A sequence of items, in a leaf or in a tree of them.
#[derive(Clone)]
pub(super) struct List<T>(Node<T>);

#[derive(Clone)]
enum Node<T> {
    Leaf(Arc<Vec<T>>),
    Page(Arc<Page<T>>),
    Inner(Arc<Inner<T>>),
}

#[derive(Clone)]
struct Inner<T> {
    len: usize,
    /// Each child with its length.
    children: Vec<(usize, Node<T>)>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Node::Leaf(Arc::default()))
    }
}

impl<T> Node<T> {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(items) => items.len(),
            Self::Page(page) => page.len(),
            Self::Inner(inner) => inner.len,
        }
    }

    /// Whether both are the very same, in memory or in a text. False says nothing.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(left), Self::Leaf(right)) => Arc::ptr_eq(left, right),
            (Self::Inner(left), Self::Inner(right)) => Arc::ptr_eq(left, right),
            (Self::Page(left), Self::Page(right)) => left.identity() == right.identity(),
            _ => false,
        }
    }

    /// The node below this one that holds a position and is no inner one, and where in it.
    fn bottom(&self, mut at: usize) -> Option<(&Self, usize)> {
        let mut node = self;
        while let Self::Inner(inner) = node {
            let (child, inside) = inner.find(at)?;
            (node, at) = (&inner.children.get(child)?.1, inside);
        }
        Some((node, at))
    }

    /// The leaf that holds a position, and where in it.
    fn leaf(&self, at: usize) -> (&[T], usize) {
        match self.bottom(at) {
            Some((Self::Leaf(items), at)) => (items, at),
            Some((Self::Page(page), at)) => (page.items(), at),
            Some((Self::Inner(_), _)) | None => (&[], 0),
        }
    }

    /// The same node, a page as the leaf that it is once it has been made.
    fn made(&mut self) -> &mut Self {
        if let Self::Page(page) = self {
            *self = Self::Leaf(page.items().clone());
        }
        self
    }
}

impl<T> Inner<T> {
    /// The child that holds a position, and the position inside it. The position after the last
    /// belongs to the last child.
    fn find(&self, mut at: usize) -> Option<(usize, usize)> {
        let last = self.children.len().checked_sub(1)?;
        for (number, (len, _)) in self.children.iter().enumerate() {
            if at < *len || number == last {
                return Some((number, at));
            }
            at -= len;
        }
        None
    }
}

impl<T> List<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        let (leaf, inside) = self.0.leaf(at);
        leaf.get(inside)
    }

    /// Where the first item is for which `is_before` is false; all for which it is true come
    /// first.
    pub(super) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let mut passed = 0;
        let mut node = &self.0;
        loop {
            match node {
                Node::Leaf(items) => return passed + items.partition_point(is_before),
                Node::Page(page) => return passed + page.items().partition_point(is_before),
                Node::Inner(inner) => {
                    let starts_before =
                        |child: &(usize, Node<T>)| child.1.leaf(0).0.first().is_some_and(&is_before);
                    let number = inner.children.partition_point(starts_before).saturating_sub(1);
                    passed += inner.children.iter().take(number).map(|(len, _)| len).sum::<usize>();
                    let Some((_, next)) = inner.children.get(number) else { return passed };
                    node = next;
                }
            }
        }
    }

    pub(super) fn iter(&self) -> Iter<'_, T> {
        Iter::over(&self.0)
    }

    /// Whether both are the very same in memory. False says nothing.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.is_same(&other.0)
    }

    /// Where it is in memory.
    pub(super) fn address(&self) -> usize {
        match &self.0 {
            Node::Leaf(items) => Arc::as_ptr(items).addr(),
            Node::Page(page) => Arc::as_ptr(page).addr(),
            Node::Inner(inner) => Arc::as_ptr(inner).addr(),
        }
    }

    /// How many items at the start, and after them at the end, both have in common in memory or in
    /// a text. Only as much is looked at as is in common.
    pub(super) fn shared_ends(&self, other: &Self) -> (usize, usize) {
        if self.is_same(other) {
            return (self.len(), 0);
        }
        let shorter = self.len().min(other.len());
        let mut start = 0;
        while start < shorter
            && let Some(((left, inside), (right, other_inside))) =
                self.0.bottom(start).zip(other.0.bottom(start))
            && inside == other_inside
            && left.is_same(right)
        {
            start += left.len() - inside;
        }
        let mut end = 0;
        while start + end < shorter
            && let Some(((left, inside), (right, other_inside))) =
                self.0.bottom(self.len() - end - 1).zip(other.0.bottom(other.len() - end - 1))
            && inside == other_inside
            && left.is_same(right)
        {
            end += inside + 1;
        }
        (start, end.min(shorter - start))
    }

    /// A list of pages.
    pub(super) fn of_pages(pages: Vec<Page<T>>) -> Self {
        Self::of_nodes(pages.into_iter().map(|page| Node::Page(Arc::new(page))))
    }

    /// The page around a position, if nobody has looked at it: how many of its items come from
    /// the position on, and its text.
    pub(super) fn unread(&self, at: usize) -> Option<(usize, &str)> {
        match self.0.bottom(at)? {
            (Node::Page(page), inside) => Some((page.len().checked_sub(inside)?, page.unread_text()?)),
            (Node::Leaf(_) | Node::Inner(_), _) => None,
        }
    }

    fn of_nodes(nodes: impl Iterator<Item = Node<T>>) -> Self {
        let mut level: Vec<(usize, Node<T>)> = nodes.map(|node| (node.len(), node)).collect();
        while level.len() > 1 {
            let mut children = level.into_iter().peekable();
            level = Vec::new();
            while children.peek().is_some() {
                let node = Node::join(children.by_ref().take(FAN).collect());
                level.push((node.len(), node));
            }
        }
        level.pop().map_or_else(Self::default, |(_, root)| Self(root))
    }
}

impl<T> Node<T> {
    fn join(children: Vec<(usize, Self)>) -> Self {
        let len = children.iter().map(|(len, _)| len).sum();
        Self::Inner(Arc::new(Inner { len, children }))
    }
}

impl<T: Clone> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        Self::of_nodes(std::iter::from_fn(|| {
            let mut leaf: Vec<T> = items.by_ref().take(LEAF).collect();
            leaf.shrink_to_fit();
            (!leaf.is_empty()).then(|| Node::Leaf(Arc::new(leaf)))
        }))
    }
}

impl<T> List<T> {
    /// Whether two lists of one length are equal; what they have in common is not looked at.
    pub(super) fn is_equal_by(&self, other: &Self, is_equal: impl Fn(&T, &T) -> bool) -> bool {
        let (start, end) = if self.len() == other.len() { self.shared_ends(other) } else { return false };
        let middle = start..self.len() - end;
        let gap = |gap: Range<usize>| {
            let (left, right) = (self.iter().skip(gap.start), other.iter().skip(gap.start));
            left.zip(right).take(gap.len()).all(|(left, right)| is_equal(left, right))
        };
        if middle.len() <= LEAF {
            return gap(middle);
        }
        let runs: Vec<Run> = self.shared_runs(other).into_iter().filter(|run| run.old == run.new).collect();
        Run::gaps(&runs, self.len(), other.len()).all(|(old, _)| gap(old))
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_equal_by(other, T::eq)
    }
}

impl<T: Eq> Eq for List<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::balance::numbers;

    #[test]
    fn it_is_the_vector_that_it_stands_for() {
        for seed in 1..40 {
            let mut next = numbers(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
            let mut vector: Vec<usize> = (0..next(3_000)).collect();
            let mut list: List<usize> = vector.iter().copied().collect();
            for round in 0..600 {
                let at = next(vector.len() + 1);
                let kept = (round % 7 == 0).then(|| (list.clone(), vector.clone()));
                match next(5) {
                    0 | 1 => {
                        list.insert(at, round);
                        vector.insert(at, round);
                    }
                    2 => assert_eq!(list.remove(at), (at < vector.len()).then(|| vector.remove(at))),
                    3 => {
                        let count = next(if round % 50 == 0 { 2_000 } else { 6 });
                        let items: Vec<usize> = (0..next(if round % 70 == 0 { 1_000 } else { 5 })).collect();
                        list.splice(at, count, items.clone());
                        let end = (at + count).min(vector.len());
                        vector.splice(at..end, items);
                    }
                    _ => {
                        if let (Some(left), Some(right)) = (list.get_mut(at), vector.get_mut(at)) {
                            (*left, *right) = (round, round);
                        }
                    }
                }
                assert_eq!(list.len(), vector.len());
                assert_eq!(list.get(at), vector.get(at));
                if let Some((list, vector)) = kept {
                    assert!(list.iter().eq(vector.iter()), "a copy is not disturbed");
                }
            }
            assert!(list.iter().eq(vector.iter()));
            assert!(list.iter().rev().eq(vector.iter().rev()));
            let at = next(vector.len() + 1);
            assert_eq!(list.iter().nth(at), vector.get(at));
            let (mut left, mut right) = (list.iter(), vector.iter());
            while right.len() > 0 {
                assert_eq!(left.len(), right.len());
                if next(2) == 0 {
                    assert_eq!(left.next(), right.next());
                } else {
                    assert_eq!(left.next_back(), right.next_back());
                }
            }
            assert_eq!((left.next(), left.next_back()), (None, None));
        }
    }

    #[test]
    fn sorted_items_are_found() {
        let list: List<usize> = (0..10_000).map(|number| number * 2).collect();
        for wanted in [0, 1, 2, 127, 128, 129, 9_999, 19_998, 30_000] {
            assert_eq!(list.partition_point(|&item| item < wanted), wanted.div_ceil(2).min(10_000));
        }
    }
}
