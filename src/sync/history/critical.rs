//! Positions of critical versions.

use std::ops::Range;

/// Positions of critical versions, ascending: stretches in which every one is, because each
/// change had seen all before it.
#[derive(Default)]
pub(super) struct Critical(Vec<Range<usize>>);

impl Critical {
    /// Adds a position after all others.
    pub(super) fn push(&mut self, at: usize) {
        match self.0.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => self.0.push(at..at + 1),
        }
    }

    /// The last at or before a position.
    pub(super) fn at_or_before(&self, position: usize) -> Option<usize> {
        let after = self.0.partition_point(|stretch| stretch.start <= position);
        let stretch = self.0.get(after.checked_sub(1)?)?;
        Some(position.min(stretch.end - 1))
    }

    /// The stretch that a position is in.
    pub(super) fn around(&self, position: usize) -> Option<&Range<usize>> {
        let after = self.0.partition_point(|stretch| stretch.start <= position);
        self.0.get(after.checked_sub(1)?).filter(|stretch| position < stretch.end)
    }

    /// The first after a position.
    pub(super) fn after(&self, position: usize) -> Option<usize> {
        let at = self.0.partition_point(|stretch| stretch.end <= position + 1);
        self.0.get(at).map(|stretch| stretch.start.max(position + 1))
    }

    /// Drops those after a position.
    pub(super) fn truncate(&mut self, position: usize) {
        self.0.truncate(self.0.partition_point(|stretch| stretch.start <= position));
        if let Some(last) = self.0.last_mut() {
            last.end = last.end.min(position + 1);
        }
    }

    /// Drops those before a position, which others are counted from henceforth.
    pub(super) fn forget(&mut self, count: usize) {
        self.0.retain(|stretch| stretch.end > count);
        for stretch in &mut self.0 {
            *stretch = stretch.start.saturating_sub(count)..stretch.end - count;
        }
    }

    /// The stretches, in order.
    pub(super) fn stretches(&self) -> &[Range<usize>] {
        &self.0
    }
}
