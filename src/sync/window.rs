//! The concurrent half of a replica: changes whose authors had not seen everything.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::history::History;
use super::replica::{EditError, Refusal};
use super::tracker::Tracker;
use super::{Change, ChangeId, Replica, VectorClock};
use crate::document::Value;

/// After so many changes in a row that had seen everything, the bookkeeping of a window is
/// dropped. A little patience, because where people edit at once the next late change is near.
const QUIET_CHANGES: usize = 64;

/// A window that begins with a burst of at least so many changes, and at least this many
/// hundredths of what else is in it, has no bookkeeping until somebody needs it: the document is
/// merged when all of the burst is here.
const BURST_CHANGES: usize = 3;
const BURST_PERCENT: usize = 75;

/// When a burst is at least this long, and the bookkeeping holds no more than so many values for
/// each of its changes, the document is made from the bookkeeping when all are in, and not patched
/// for each.
const BULK_CHANGES: usize = 64;
const BULK_VALUES: usize = 4;

/// What is known of a concurrent window while it stays open.
pub(super) struct Window {
    /// The critical version that it started from: a position in the history.
    since: usize,
    /// What had been seen there.
    seen: VectorClock,
    /// Its bookkeeping; nothing as long as nobody has needed it.
    tracker: Option<Tracker>,
    /// How many changes in a row have seen everything.
    quiet: usize,
    /// Whether the document lacks what the window knows.
    is_ahead: bool,
}

impl Window {
    /// The bookkeeping, from now on, of everything in the history. `now` is the document.
    fn tracker(&mut self, history: &History, now: &Value) -> &mut Tracker {
        self.tracker.get_or_insert_with(|| history.track(self.since, now))
    }

    /// Notes that so many changes have been forgotten. What had been seen where it started is less
    /// than what any change that is taken in has seen by then, and need not be known more closely.
    pub(super) fn forget(&mut self, count: usize) {
        self.since = self.since.saturating_sub(count);
    }
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
        self.open_window(since, false);
        if let Some(window) = &mut self.window {
            let tracker = window.tracker(&self.history, &self.value);
            tracker.value_at(context).apply(&change.path, &change.method)?;
        }
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
        let previous = self.history.sight(ChangeId { author: change.author, tick: change.tick() - 1 });
        // Mostly its author has heard nothing since the one before.
        if previous.is_some_and(|previous| previous.is_alike_but_for(change.author, context)) {
            return Ok(());
        }
        let covered = |seen: &VectorClock| context.covers(seen);
        let is_closed = previous.is_none_or(covered)
            && context.iter().all(|(author, tick)| {
                previous.is_some_and(|previous| previous.get(author) == tick)
                    || self.history.sight(ChangeId { author, tick }).is_none_or(covered)
            });
        if is_closed { Ok(()) } else { Err(Refusal::Clock(change.id())) }
    }

    /// The newest critical version that somebody with this clock has seen.
    pub(super) fn seen_by(&self, clock: &VectorClock) -> Option<usize> {
        let window = self.window.as_ref().map(|window| (window.since, &window.seen));
        match window {
            // Mostly the one that the window started from, for as long as there is none after it.
            Some((since, seen)) if self.history.is_newest(since) && clock.covers(seen) => Some(since),
            _ => self.history.critical_within(clock),
        }
    }

    /// Adds a change that is concurrent to some here, and has seen no critical version after
    /// `since`, to the open window. `more` come after it in its burst.
    pub(super) fn insert(&mut self, change: &Arc<Change>, since: usize, more: usize) {
        // Else all is merged when the burst is here.
        if let Some(window) = &mut self.window
            && (window.tracker.is_some() || !window.is_ahead)
        {
            let size = window.tracker(&self.history, &self.value).size();
            window.is_ahead |= more >= BULK_CHANGES && more >= size / BULK_VALUES;
            let document = if window.is_ahead { None } else { Some(&mut self.value) };
            if let Some(tracker) = &mut window.tracker {
                tracker.apply(change, document);
            }
            window.quiet = 0;
        }
        self.history.insert(change, since);
    }

    /// Brings the document up to what the window knows.
    pub(super) fn show_window(&mut self) {
        let Some(window) = self.window.as_mut().filter(|window| window.is_ahead) else { return };
        window.is_ahead = false;
        let is_merged = window.tracker.is_none() && self.history.merge(window.since, &mut self.value);
        if !is_merged {
            self.value = window.tracker(&self.history, &self.value).value();
        }
    }

    /// Opens the window from what a change and the rest of its burst need, at once: one replay.
    pub(super) fn open_for_burst(&mut self, since: usize, rest: &[Arc<Change>]) {
        if self.is_open_from(since) {
            return;
        }
        // Of one author's changes it is the first that needs most.
        let mut authors = FxHashSet::default();
        let first = rest.iter().rev().filter(|change| authors.insert(change.author));
        let needed = first.filter_map(|change| self.history.critical_within(&change.context())).min();
        let since = needed.map_or(since, |needed| needed.min(since));
        let here = self.history.len() - since;
        let is_burst = rest.len() >= BURST_CHANGES && rest.len() * 100 >= here * BURST_PERCENT;
        self.open_window(since, is_burst);
    }

    fn is_open_from(&self, since: usize) -> bool {
        self.window.as_ref().is_some_and(|window| window.since <= since)
    }

    /// Opens the window from a critical version or one before it: what is after that is replayed,
    /// when the bookkeeping is needed. `is_burst` puts that off until the end of a burst.
    fn open_window(&mut self, since: usize, is_burst: bool) {
        if self.is_open_from(since) {
            return;
        }
        self.show_window();
        self.history.hold(since, &self.value);
        let seen = self.history.clock_at(since);
        self.window = Some(Window { since, seen, tracker: None, quiet: 0, is_ahead: is_burst });
    }

    /// Notes a change that had seen everything, and drops the bookkeeping when it has been quiet
    /// for long.
    pub(super) fn note_quiet(&mut self, change: &Change) {
        if let Some(window) = &mut self.window {
            window.quiet += 1;
            if window.quiet > QUIET_CHANGES {
                self.window = None;
            } else if let Some(tracker) = &mut window.tracker {
                tracker.apply_latest(change);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::{Method, Path};
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

    /// To make a long array anew costs its length: what a few have done to it is not worth that.
    #[test]
    fn the_items_of_an_array_count_where_there_are_records_of_them() {
        let start: Vec<String> = (0..600).map(|number| number.to_string()).collect();
        let start = Checkpoint::read(&format!(r#"{{"a":[{}],"b":[0,0]}}"#, start.join(","))).unwrap();
        let mut replicas = [1, 2].map(|author| Replica::new(Author(author), start.clone(), 10_000));
        let mut sizes = Vec::new();
        for (key, added) in [("b", 2), ("a", 3)] {
            let splice = Method::Splice { start: 1, count: 0, items: vec![Value::NULL; added] };
            let [by_one, _] =
                replicas.each_mut().map(|replica| replica.edit(Path::ROOT.key(key), splice.clone()).unwrap());
            let [_, two] = &mut replicas;
            two.receive([by_one]);
            sizes.push(two.window.as_ref().unwrap().tracker.as_ref().unwrap().size());
        }
        let [few, many] = <[usize; 2]>::try_from(sizes).unwrap();
        assert!(few < 20 && many > 600, "{few} {many}");
    }

    #[test]
    fn branches_that_meet_need_no_bookkeeping_until_somebody_is_late() {
        let start = Checkpoint::read(r#"{"a":{"x":1,"in":{"y":2}},"b":[1,2,3]}"#).unwrap();
        let author = |author| Replica::new(Author(author), start.clone(), 10_000);
        let [mut one, mut two, mut late] = [1, 2, 3].map(author);
        for (replica, step) in [(&mut one, 1), (&mut two, 2)] {
            for round in 0..20_u64 {
                let value = Value::from(round * step);
                let splice = Method::Splice { start: 1, count: 0, items: vec![value.clone()] };
                replica.edit(Path::ROOT.key("b"), splice).unwrap();
                let key = if round % 2 == 0 { "x" } else { "z" };
                replica.edit(Path::ROOT.key("a").key(key), Method::Delete).ok();
                replica.edit(Path::ROOT.key("a").key("in").key("y"), Method::Set(value)).unwrap();
            }
        }
        let missed = late.edit(Path::ROOT.key("a").key("in").key("y"), Method::Set(Value::NULL)).unwrap();
        let made = |replica: &Replica| replica.history().cloned().collect::<Vec<_>>();
        let (by_one, by_two) = (made(&one), made(&two));
        let mut witness = author(4);
        for change in by_one.iter().chain(&by_two) {
            witness.receive([change.clone()]);
        }
        for (replica, changes) in [(&mut one, by_two), (&mut two, by_one)] {
            replica.receive(changes);
            assert!(replica.window.as_ref().unwrap().tracker.is_none());
            assert_eq!(replica.value().to_string(), witness.value().to_string());
        }
        witness.receive([missed.clone()]);
        for replica in [&mut one, &mut two] {
            replica.receive([missed.clone()]);
            assert!(replica.window.as_ref().unwrap().tracker.is_some());
            assert_eq!(replica.value().to_string(), witness.value().to_string());
        }
    }
}
