//! What one author did, in order.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::run::{Run, Stroke};
use crate::document::{Former, Value};
use crate::sync::tracker::Tracker;
use crate::sync::{Author, Change, Tick, VectorClock};

/// One author's remembered changes. Their ticks follow each other without a gap.
pub(super) struct Log {
    pub(super) author: Author,
    entries: VecDeque<Entry>,
    /// The tick after the last.
    end: Tick,
}

/// Some changes in a row, mostly one.
pub(super) struct Entry {
    /// Tick and sum of the first; those of the others go up by one.
    pub(super) tick: Tick,
    pub(super) sum: u64,
    content: Content,
}

enum Content {
    /// With what it has removed, where it had seen everything.
    One(Arc<Change>, Option<Former>),
    Typing(Box<Run>),
}

/// One or more of the changes of an entry: which of them.
#[derive(Clone)]
pub(in crate::sync) struct Piece<'a> {
    pub(super) entry: &'a Entry,
    pub(super) offsets: Range<usize>,
}

impl Entry {
    pub(super) fn len(&self) -> usize {
        match &self.content {
            Content::One(..) => 1,
            Content::Typing(run) => run.len(),
        }
    }

    pub(super) fn change(&self, offset: usize) -> Option<&Arc<Change>> {
        match &self.content {
            Content::One(change, _) => Some(change),
            Content::Typing(run) => run.change(offset),
        }
    }

    /// Adds a change that goes on with what is here, if it does.
    fn takes(&mut self, change: &Change, former: Option<&Former>) -> bool {
        let Some(stroke) = Stroke::of(change, former) else { return false };
        if let Content::One(first, before) = &self.content {
            let Some(first_stroke) = Stroke::of(first, before.as_ref()) else { return false };
            // What a change has removed tells that it was in a string; where that is not known, those
            // that go on where the one before left off are likely to be.
            let is_typing = former.is_some() && before.is_some() || stroke.goes_on_from(&first_stroke);
            let mut run = Run::before(first);
            if !is_typing || !run.takes(change) {
                return false;
            }
            run.push(&first_stroke);
            self.content = Content::Typing(Box::new(run));
        }
        let Content::Typing(run) = &mut self.content else { return false };
        let is_taken = run.takes(change);
        if is_taken {
            run.push(&stroke);
        } else {
            run.close();
        }
        is_taken
    }
}

impl<'a> Piece<'a> {
    /// The changes, one by one.
    pub(in crate::sync) fn for_each(&self, mut each: impl FnMut(&Change)) {
        match &self.entry.content {
            Content::One(change, _) => each(change),
            Content::Typing(run) => {
                run.made().skip(self.offsets.start).take(self.offsets.len()).for_each(|change| each(&change));
            }
        }
    }

    /// Applies the changes in a tracker's bookkeeping.
    pub(super) fn apply_to(&self, tracker: &mut Tracker) {
        match &self.entry.content {
            Content::One(change, _) => tracker.apply(change, None),
            Content::Typing(run) => run.type_into(tracker, self.offsets.clone()),
        }
    }

    /// The change, if it is held by itself.
    pub(super) fn only(&self) -> Option<&'a Change> {
        match &self.entry.content {
            Content::One(change, _) => Some(change),
            Content::Typing(_) => None,
        }
    }

    pub(super) fn change(&self) -> Option<&'a Arc<Change>> {
        self.entry.change(self.offsets.start)
    }

    /// Takes the changes back, which were the last ones made to a document.
    pub(super) fn rewind(&self, document: &mut Value) {
        match &self.entry.content {
            Content::One(change, former) => {
                document.rewind(&change.path, &change.method, former.clone().unwrap_or(Former::Nothing));
            }
            Content::Typing(run) => run.rewind(document, self.offsets.clone()),
        }
    }

    /// The sum of the first one's clock.
    pub(super) fn sum(&self) -> u64 {
        self.entry.sum + self.offsets.start as u64
    }
}

impl Log {
    pub(super) fn new(author: Author) -> Self {
        Self { author, entries: VecDeque::new(), end: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.first().map_or(0, |first| usize::try_from(self.end - first).unwrap_or(0))
    }

    /// The first tick.
    pub(super) fn first(&self) -> Option<Tick> {
        self.entries.front().map(|entry| entry.tick)
    }

    /// Adds the author's next change; with what it has removed, if it has seen everything.
    pub(super) fn push(&mut self, change: &Arc<Change>, former: Option<Former>) {
        let (tick, sum) = (change.tick(), change.clock.sum());
        self.end = tick + 1;
        if self.entries.back_mut().is_some_and(|last| last.takes(change, former.as_ref())) {
            return;
        }
        self.entries.push_back(Entry { tick, sum, content: Content::One(change.clone(), former) });
    }

    pub(super) fn entry(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    /// The entry with a tick, and how many of its changes come before.
    pub(super) fn find(&self, tick: Tick) -> Option<(usize, usize)> {
        if tick >= self.end {
            return None;
        }
        let last = self.entries.back()?;
        if let Some(offset) = tick.checked_sub(last.tick) {
            return Some((self.entries.len() - 1, usize::try_from(offset).ok()?));
        }
        let from = tick.checked_sub(self.entries.front()?.tick)?;
        // Without runs there is an entry for each.
        let guess = usize::try_from(from).ok()?;
        if self.entries.get(guess).is_some_and(|entry| entry.tick == tick) {
            return Some((guess, 0));
        }
        let at = self.entries.partition_point(|entry| entry.tick <= tick).checked_sub(1)?;
        Some((at, usize::try_from(tick - self.entries.get(at)?.tick).ok()?))
    }

    pub(super) fn change(&self, tick: Tick) -> Option<&Arc<Change>> {
        let (at, offset) = self.find(tick)?;
        self.entries.get(at)?.change(offset)
    }

    /// The clock of the first change of the entry that one is in.
    pub(super) fn sight(&self, tick: Tick) -> Option<&VectorClock> {
        let (at, _) = self.find(tick)?;
        Some(match &self.entries.get(at)?.content {
            Content::One(change, _) => &change.clock,
            Content::Typing(run) => run.sight(),
        })
    }

    /// The clock of a change.
    pub(super) fn clock(&self, tick: Tick) -> Option<VectorClock> {
        let (at, offset) = self.find(tick)?;
        Some(match &self.entries.get(at)?.content {
            Content::One(change, _) => change.clock.clone(),
            Content::Typing(run) => run.clock(offset),
        })
    }

    /// The sum of a change's clock.
    pub(super) fn sum(&self, tick: Tick) -> Option<u64> {
        let (at, offset) = self.find(tick)?;
        Some(self.entries.get(at)?.sum + offset as u64)
    }

    /// The first change with at least this sum: its entry, and how many of that come before.
    pub(super) fn cut(&self, sum: u64) -> (usize, usize) {
        let after = self.entries.partition_point(|entry| entry.sum < sum);
        let before = after.checked_sub(1).and_then(|before| Some((before, self.entries.get(before)?)));
        if let Some((at, entry)) = before
            && let Ok(offset) = usize::try_from(sum - entry.sum)
            && offset < entry.len()
        {
            return (at, offset);
        }
        (after, 0)
    }

    /// How many changes have a lower sum.
    pub(super) fn count_below(&self, sum: u64) -> usize {
        let (at, offset) = self.cut(sum);
        let tick = self.entries.get(at).map_or(self.end, |entry| entry.tick + offset as Tick);
        self.entries.front().map_or(0, |first| usize::try_from(tick - first.tick).unwrap_or(0))
    }

    /// How many changes have this tick or a later one.
    pub(super) fn count_from(&self, tick: Tick) -> usize {
        usize::try_from(self.end.saturating_sub(tick)).map_or(self.len(), |count| count.min(self.len()))
    }

    /// Forgets the changes with a lower sum.
    pub(super) fn forget(&mut self, sum: u64) {
        let (at, offset) = self.cut(sum);
        self.entries.drain(..at);
        if let Some(first) = self.entries.front_mut().filter(|_| offset > 0)
            && let Content::Typing(run) = &mut first.content
        {
            run.forget(offset);
            first.tick += offset as Tick;
            first.sum += offset as u64;
        }
    }

    /// Lets go of what changes have removed, from a sum on: it leads nowhere any more.
    pub(super) fn drop_formers(&mut self, sum: u64) {
        let (at, _) = self.cut(sum);
        for entry in self.entries.range_mut(at..) {
            if let Content::One(_, former) = &mut entry.content {
                *former = None;
            }
        }
    }

    /// Gives back the changes that were made because somebody asked for them.
    pub(super) fn fold(&mut self) {
        for entry in &mut self.entries {
            if let Content::Typing(run) = &mut entry.content {
                run.fold();
            }
        }
    }
}
