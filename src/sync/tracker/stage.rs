//! Where things are on show: in the document as everything that has come makes it.

use std::sync::Arc;

use smallvec::SmallVec;

use super::content::Content;
use super::{Entries, EntryId, NodeId, Owner, Slot, Tracker, View};
use crate::document::{Path, Step, deep};

/// Where something is in the plain document.
pub(super) type Route = SmallVec<[Step; 6]>;

/// Where a node is on show.
pub(super) struct Stage {
    /// The values by which it is, several when they are shown as one map.
    pub(super) shown: Entries,
    pub(super) route: Route,
}

/// Where a node is on show, as it was found when so many moves had been made.
pub(super) type Known = Option<(u64, Arc<Stage>)>;

impl Tracker {
    /// Where a slot is now; nothing if it is not on show.
    pub(super) fn path_of(&mut self, slot: &Slot) -> Option<Path> {
        let (holders, step) = match slot {
            Slot::Root => return Some(Path::ROOT),
            Slot::Key(maps, key) => (maps.clone(), Step::Key(key.clone())),
            Slot::Item(list, item) => {
                let position = self.list(self.entry(*list).node)?.position(*item);
                (Entries::from_iter([*list]), Step::Index(position))
            }
        };
        let stage = self.stage_of(&holders)?;
        Some(stage.route.iter().cloned().chain([step]).collect())
    }

    /// Where the first of some values that is on show is.
    pub(super) fn stage_of(&mut self, entries: &[EntryId]) -> Option<Arc<Stage>> {
        entries.iter().find_map(|&entry| self.on_show(self.entry(entry).node))
    }

    /// Where a node is on show, if it is.
    pub(super) fn on_show(&mut self, node: NodeId) -> Option<Arc<Stage>> {
        if let Some((moves, stage)) = self.hanging(node).and_then(|hanging| hanging.stage.as_ref())
            && *moves == self.moves
        {
            return Some(stage.clone());
        }
        let stage = Arc::new(deep(|| self.find_stage(node))?);
        let known = Some((self.moves, stage.clone()));
        self.hanging_mut(node).stage = known;
        Some(stage)
    }

    fn find_stage(&mut self, node: NodeId) -> Option<Stage> {
        let owners = self.hanging(node)?.owners.clone();
        for (entry, owner) in owners {
            let (slot, route) = match owner {
                Owner::Root => (Slot::Root, Route::new()),
                Owner::Key(map, key) => {
                    let Some(above) = self.on_show(map) else { continue };
                    let route = above.route.iter().cloned().chain([Step::Key(key.clone())]).collect();
                    (Slot::Key(above.shown.clone(), key), route)
                }
                Owner::Item(list, item) => {
                    let Some(above) = self.on_show(list) else { continue };
                    let position = self.list(list)?.position(item);
                    let route = above.route.iter().cloned().chain([Step::Index(position)]).collect();
                    (Slot::Item(*above.shown.first()?, item), route)
                }
            };
            let shown = self.shown_of(&self.living_known(&slot, View::Now));
            if shown.contains(&entry) {
                return Some(Stage { shown, route });
            }
        }
        None
    }

    /// Notes that what a slot shows is about to change: if there are records of anything inside,
    /// that may be on show elsewhere from now on, or nowhere.
    pub(super) fn note_move(&mut self, slot: &Slot) {
        // The maps that are shown as one with those the writer knows may hold more there.
        let beside = match slot {
            Slot::Key(maps, _) if maps.iter().any(|&map| self.entry(map).mergeable) => {
                self.stage_of(maps).map(|stage| stage.shown.clone())
            }
            Slot::Root | Slot::Key(..) | Slot::Item(..) => None,
        };
        let has_inside = |entries: &Entries| {
            entries.iter().any(|&entry| !matches!(self.content_of(entry), Content::Plain(_)))
        };
        let moves = match slot {
            Slot::Root => true,
            Slot::Key(maps, key) => beside.as_ref().unwrap_or(maps).iter().any(|&map| {
                self.map(self.entry(map).node).and_then(|map| map.slot(key)).is_some_and(has_inside)
            }),
            Slot::Item(list, item) => {
                let list = self.list(self.entry(*list).node);
                list.and_then(|list| list.slots.get(item)).is_some_and(has_inside)
            }
        };
        self.moves += u64::from(moves);
    }

    /// Notes that the items of an array change their positions.
    pub(super) fn note_shift(&mut self, list: NodeId) {
        // Of the others there are no records of anything inside.
        self.moves += u64::from(self.list(list).is_some_and(|list| !list.slots.is_empty()));
    }

    fn content_of(&self, entry: EntryId) -> &Content {
        self.content(self.entry(entry).node)
    }
}
