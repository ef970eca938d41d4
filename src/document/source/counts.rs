//! How many values are how deep inside a stretch of a text, noted by the scan that checks it: what a
//! tree of open containers takes on a screen is known without reading any of them.

use crate::limits;

/// Levels below the children of a container whose values are counted apart: as many as there are
/// keys that open so many.
const LEVELS: usize = 8;

/// How many values have begun before a place in a text, as far as it matters to a container that is
/// around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// On each of the levels below that of the container's children, the nearest first.
    levels: [u32; LEVELS],
    /// On all levels but that of the children.
    deeper: u32,
    /// Entries that are hidden behind later ones with the same key.
    hidden: u32,
}

impl Count {
    /// How many values begin between two counts inside the children of one container, down to so many
    /// levels. Nothing if that was not counted.
    pub(super) fn below(from: &Self, to: &Self, levels: usize) -> Option<usize> {
        // The text has more than the value there.
        if from.hidden != to.hidden {
            return None;
        }
        if levels >= limits::DEPTH {
            return Some((to.deeper - from.deeper) as usize);
        }
        let each = from.levels.iter().zip(&to.levels).map(|(from, to)| (to - from) as usize);
        (levels <= LEVELS).then(|| each.take(levels).sum())
    }
}

/// Counts values while a text is scanned.
#[derive(Default)]
pub(super) struct Counter {
    /// How many have begun on each level.
    levels: Vec<u32>,
    all: u32,
    hidden: u32,
}

impl Counter {
    /// A value begins with so many containers around it.
    pub(super) fn pass(&mut self, level: usize) {
        if self.levels.len() <= level {
            self.levels.resize(level + 1, 0);
        }
        if let Some(count) = self.levels.get_mut(level) {
            *count = count.saturating_add(1);
        }
        self.all = self.all.saturating_add(1);
    }

    /// Entries that are hidden were passed.
    pub(super) fn hide(&mut self, count: usize) {
        self.hidden = self.hidden.saturating_add(super::outline::short(count));
    }

    /// What has been passed, for a container whose children have so many containers around them.
    pub(super) fn count(&self, level: usize) -> Count {
        let mut levels = [0; LEVELS];
        let passed = self.levels.iter().skip(level + 1);
        levels.iter_mut().zip(passed).for_each(|(count, passed)| *count = *passed);
        let children = self.levels.get(level).copied().unwrap_or(0);
        Count { levels, deeper: self.all - children, hidden: self.hidden }
    }
}
