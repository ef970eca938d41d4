//! What the trees of lists and of long texts have in common: counted children that are joined
//! when they have grown small.

/// A node of a counted tree.
pub(super) trait Counted: Sized {
    /// How much there is below it: what positions count.
    fn count(&self) -> usize;

    /// How large it is, and how large it may be.
    fn size(&self) -> (usize, usize);

    /// Adds the contents of a node of the same height.
    fn append(&mut self, right: Self);
}

/// Joins a child that has grown small with a neighbour; drops one that is empty.
pub(super) fn shrink<N: Counted>(children: &mut Vec<(usize, N)>, number: usize) {
    let Some((size, full)) = children.get(number).map(|(_, child)| child.size()) else { return };
    if size == 0 {
        children.remove(number);
        return;
    }
    if size > full / 4 || children.len() < 2 {
        return;
    }
    let left = number.saturating_sub(1);
    let both = children.iter().skip(left).take(2).map(|(_, child)| child.size().0).sum::<usize>();
    if both > full * 3 / 4 {
        return;
    }
    let (_, right) = children.remove(left + 1);
    if let Some((count, child)) = children.get_mut(left) {
        child.append(right);
        *count = child.count();
    }
}

/// A small generator for tests, so that a failure can be had again: numbers below what is asked.
#[cfg(test)]
pub(super) fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |below| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % 1_000_003).unwrap_or(0) % below.max(1)
    }
}
