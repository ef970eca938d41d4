//! The concurrent half of a replica: changes whose authors had not seen everything.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::replica::{EditError, Refusal};
use super::tracker::Tracker;
use super::{Change, ChangeId, Replica, VectorClock};

/// After so many changes in a row that had seen everything, the bookkeeping of a window is
/// dropped. A little patience, because where people edit at once the next late change is near.
const QUIET_CHANGES: usize = 64;

/// When a burst is at least this long, and the bookkeeping holds no more than so many values for
/// each of its changes, the document is made from the bookkeeping when all are in, and not patched
/// for each.
const BULK_CHANGES: usize = 64;
const BULK_VALUES: usize = 4;

/// The bookkeeping of a concurrent window, kept while it stays open.
pub(super) struct Window {
    /// The critical version that the tracker started from: a position in the history.
    pub(super) since: usize,
    tracker: Tracker,
    /// How many changes in a row have seen everything.
    quiet: usize,
    /// Whether the document lacks what the tracker knows.
    is_ahead: bool,
}

impl Replica {
    /// Takes in an own edit by somebody who has not seen everything.
    pub(super) fn edit_behind(
        &mut self, change: &Arc<Change>, context: &VectorClock,
    ) -> Result<(), EditError> {
        if !self.clock.covers(context) {
            return Err(EditError::Base);
        }
        let since = self.history.critical_within(context).ok_or(EditError::Base)?;
        self.open_window(since).tracker.value_at(context).apply(&change.path, &change.method)?;
        self.insert(change, since, 0);
        self.clock.set(self.author, change.tick());
        Ok(())
    }

    /// Whether a change's clock holds all that its author must have seen: what the changes it
    /// names had seen.
    pub(super) fn check_clock(&self, change: &Change, context: &VectorClock) -> Result<(), Refusal> {
        if !context.covers(self.history.start()) {
            return Err(Refusal::Forgotten(change.id()));
        }
        let previous = self.history.get(ChangeId { author: change.author, tick: change.tick() - 1 });
        let covered = |seen: &Arc<Change>| context.covers(&seen.clock);
        // Mostly its author has heard nothing since the one before.
        if previous.is_some_and(|previous| previous.clock == *context) {
            return Ok(());
        }
        let is_closed = previous.is_none_or(covered)
            && context.iter().all(|(author, tick)| {
                previous.is_some_and(|previous| previous.clock.get(author) == tick)
                    || self.history.get(ChangeId { author, tick }).is_none_or(covered)
            });
        if is_closed { Ok(()) } else { Err(Refusal::Clock(change.id())) }
    }

    /// Adds a change that is concurrent to some here to the open window, given the newest critical
    /// version that its author had seen. `more` come after it in its burst.
    pub(super) fn insert(&mut self, change: &Arc<Change>, since: usize, more: usize) {
        if let Some(window) = &mut self.window {
            window.is_ahead |= more >= BULK_CHANGES && more >= window.tracker.size() / BULK_VALUES;
            window.tracker.apply(change, if window.is_ahead { None } else { Some(&mut self.value) });
            window.quiet = 0;
        }
        self.history.insert(change.clone(), since);
    }

    /// Brings the document up to what the window's bookkeeping knows.
    pub(super) fn show_window(&mut self) {
        if let Some(window) = self.window.as_mut().filter(|window| window.is_ahead) {
            self.value = window.tracker.value();
            window.is_ahead = false;
        }
    }

    /// Opens the window from what a change and the rest of its burst need, at once: one replay.
    pub(super) fn open_for_burst(&mut self, since: usize, rest: &[Arc<Change>]) {
        if self.window.as_ref().is_some_and(|window| window.since <= since) {
            return;
        }
        // Of one author's changes it is the first that needs most.
        let mut authors = FxHashSet::default();
        let first = rest.iter().rev().filter(|change| authors.insert(change.author));
        let needed = first.filter_map(|change| self.history.critical_within(&change.context())).min();
        self.open_window(needed.map_or(since, |needed| needed.min(since)));
    }

    /// The window, opened from a critical version on or before it: what is after that is
    /// replayed, if it has not been.
    fn open_window(&mut self, since: usize) -> &mut Window {
        let window = match self.window.take() {
            Some(window) if window.since <= since => window,
            too_late => {
                self.window = too_late;
                self.show_window();
                self.history.hold(since, &self.value);
                let tracker = self.history.track(since, &self.value, Tracker::new);
                Window { since, tracker, quiet: 0, is_ahead: false }
            }
        };
        self.window.insert(window)
    }

    /// Notes a change that had seen everything, and drops the bookkeeping when it has been quiet
    /// for long.
    pub(super) fn note_quiet(&mut self, change: &Change) {
        if let Some(window) = &mut self.window {
            window.quiet += 1;
            if window.quiet > QUIET_CHANGES {
                self.window = None;
            } else {
                window.tracker.apply_latest(change);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::{Method, Path, Value};
    use crate::sync::{Author, Checkpoint};

    /// Two who each make many edits all over one long array without hearing of each other, and
    /// then take in what the other did: at once, or one by one. Both show the same, and so does
    /// somebody who hears it all in the order of the stamps.
    #[test]
    fn long_branches_in_one_array_meet() {
        let start: Vec<String> = (0..600).map(|number| number.to_string()).collect();
        let start = Checkpoint::read(&format!("[{}]", start.join(","))).unwrap();
        for is_burst in [false, true] {
            let mut replicas = [1, 2].map(|author| Replica::new(Author(author), start.clone(), 10_000));
            for round in 0..300_u64 {
                for (replica, step) in replicas.iter_mut().zip([7, 11]) {
                    let at = i64::try_from(round * step * 37 % 590).unwrap();
                    let items = vec![Value::from(round), Value::from(step)];
                    let splice = Method::Splice { start: at, count: at % 3, items };
                    replica.edit(Path::ROOT, splice).unwrap();
                }
            }
            let [one, two] = &mut replicas;
            let made = |replica: &Replica| replica.history().cloned().collect::<Vec<_>>();
            let (by_one, by_two) = (made(one), made(two));
            for (replica, changes) in [(&mut *one, by_two), (&mut *two, by_one)] {
                if is_burst {
                    assert!(replica.receive(changes).refused.is_empty());
                } else {
                    for change in changes {
                        assert!(replica.receive([change]).refused.is_empty());
                    }
                }
            }
            assert_eq!(one.value(), two.value());
            let mut witness = Replica::new(Author(3), start.clone(), 10_000);
            witness.receive(made(one));
            assert_eq!(one.value(), witness.value());
        }
    }
}
