//! Taking back own changes by ordinary new ones.
//!
//! What a change did is found by replaying the history since it with everything recorded, so an
//! undo costs such a replay and the edits themselves carry nothing for it.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::tracker::{Answer, Inverse, Restoration, Tracker};
use super::{Author, Change, ChangeId, Replica};
use crate::document::Path;

/// What the changes made by undo have restored.
pub(super) type Restorations = FxHashMap<ChangeId, Restoration>;

/// What an undo or a redo came to.
#[derive(Clone, Debug, Default)]
pub struct Undone {
    /// The new changes that take the old ones back.
    pub changes: Vec<Arc<Change>>,
    /// Edits left alone, because somebody else has written there since: where, as it was for
    /// the edit, and who.
    pub left_alone: Vec<(Path, Author)>,
    /// Own changes that are too long ago to be taken back.
    pub forgotten: usize,
}

impl Replica {
    /// Takes back own changes, last first, by ordinary new changes; what somebody else has
    /// overwritten since, or edited inside, is left alone. Undoing the result is the redo.
    pub fn undo(&mut self, own: &[ChangeId]) -> Undone {
        let mut undone = Undone::default();
        let known: Vec<Arc<Change>> = own.iter().filter_map(|&id| self.change(id).cloned()).collect();
        undone.forgotten = own.len() - known.len();
        let Some(mut tracker) = self.record_since(&known) else { return undone };
        for change in known.iter().rev() {
            self.take_back(change, &mut tracker, &mut undone);
        }
        undone
    }

    fn take_back(&mut self, change: &Change, tracker: &mut Tracker, undone: &mut Undone) {
        for run in tracker.inversion_order(change.id()) {
            let mut next = run.start;
            while next < run.end
                && let Some((after, answer)) = tracker.invert(change, next)
            {
                next = match answer {
                    Answer::Edit(edit) => {
                        let is_made = self.make(change, edit, tracker, undone);
                        if is_made { after } else { after.max(next + 1) }
                    }
                    Answer::Nothing => after,
                    Answer::LeaveAlone(other) => {
                        let in_the_way = (change.path.clone(), other);
                        if !undone.left_alone.contains(&in_the_way) {
                            undone.left_alone.push(in_the_way);
                        }
                        after
                    }
                };
            }
        }
    }

    /// Makes an edit that takes back a part of a change. False if it cannot be made.
    fn make(&mut self, change: &Change, edit: Inverse, tracker: &mut Tracker, undone: &mut Undone) -> bool {
        let Ok(new) = self.edit(edit.path, edit.method) else { return false };
        tracker.apply(&new, None);
        if !edit.pieces.is_empty() {
            let restoration = Restoration { of: change.id(), pieces: edit.pieces };
            tracker.link(&restoration);
            self.restorations.insert(new.id(), restoration);
        }
        undone.changes.push(new);
        true
    }

    /// A tracker that has recorded all that happened since the first of some changes, with what
    /// was restored tied to what it was.
    fn record_since(&self, changes: &[Arc<Change>]) -> Option<Tracker> {
        let history = self.remembered();
        let first = changes.iter().filter_map(|change| history.position(change.id())).min()?;
        let since = history.critical_before(first);
        let mut tracker = Tracker::recording(history.value_at(since, self.value()));
        for change in history.since(since) {
            tracker.apply(change, None);
            if let Some(restoration) = self.restorations.get(&change.id()) {
                tracker.link(restoration);
            }
        }
        Some(tracker)
    }
}
