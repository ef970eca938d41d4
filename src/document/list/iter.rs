//! Going through a list.

use super::Node;

/// Walks a list from both ends, leaf by leaf.
pub(in crate::document) struct Iter<'a, T> {
    leaves: Option<&'a Node<T>>,
    front: std::slice::Iter<'a, T>,
    back: std::slice::Iter<'a, T>,
    /// The first position not in `front`, and the end of those not in `back`.
    next: usize,
    end: usize,
}

impl<'a, T> Iter<'a, T> {
    pub(super) fn over(root: &'a Node<T>) -> Self {
        Self { leaves: Some(root), front: [].iter(), back: [].iter(), next: 0, end: root.len() }
    }

    /// Over nothing.
    pub(in crate::document) fn empty() -> Self {
        Self { leaves: None, front: [].iter(), back: [].iter(), next: 0, end: 0 }
    }

    fn leaf(&self, at: usize) -> (&'a [T], usize) {
        self.leaves.map_or((&[], 0), |root| root.leaf(at))
    }

    fn unread(&self) -> usize {
        self.end - self.next
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        if let Some(item) = self.front.next() {
            return Some(item);
        }
        if self.unread() == 0 {
            return self.back.next();
        }
        let (leaf, inside) = self.leaf(self.next);
        let wanted = leaf.len().saturating_sub(inside).min(self.unread());
        self.next += wanted;
        self.front = leaf.get(inside..inside + wanted)?.iter();
        self.front.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.front.len() + self.unread() + self.back.len();
        (len, Some(len))
    }

    fn nth(&mut self, count: usize) -> Option<&'a T> {
        if count < self.front.len() {
            return self.front.nth(count);
        }
        let skipped = count - self.front.len();
        self.front = [].iter();
        let jump = skipped.min(self.unread());
        self.next += jump;
        if skipped > jump { self.back.nth(skipped - jump) } else { self.next() }
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if let Some(item) = self.back.next_back() {
            return Some(item);
        }
        if self.unread() == 0 {
            return self.front.next_back();
        }
        let (leaf, inside) = self.leaf(self.end - 1);
        let wanted = (inside + 1).min(self.unread());
        self.end -= wanted;
        self.back = leaf.get(inside + 1 - wanted..=inside)?.iter();
        self.back.next_back()
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}
