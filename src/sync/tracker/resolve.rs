//! What a path means to somebody who has seen no more than a clock says.

use super::sequence::Sequence;
use super::{Content, EntryId, ItemSlot, KeyPlace, MapNode, NodeId, Owner, Tracker, View};
use crate::document::{Kind, Step, Text};

/// A place that can hold values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sync) enum Slot {
    Root,
    /// A key of a map, or of several that are shown as one.
    Key(Vec<EntryId>, Text),
    /// An item of an array.
    Item(EntryId, usize),
}

impl Slot {
    /// The item of an array's slot.
    pub(super) fn item(&self) -> Option<usize> {
        match self {
            Self::Item(_, item) => Some(*item),
            Self::Root | Self::Key(..) => None,
        }
    }
}

/// What a slot shows.
pub(super) enum Shown {
    Absent,
    /// A map: the values that are shown as one.
    Map(Vec<EntryId>),
    List(EntryId),
    String(EntryId),
    Scalar,
}

/// Where a path leads.
pub(super) enum Target {
    /// To a slot, filled or not.
    Slot(Slot),
    /// The slot is absent, and so are the keys after it.
    Missing(Slot, Vec<Text>),
    /// The position after an array's last.
    End(EntryId),
    Nowhere,
}

/// A path's target and the containers on the way.
pub(super) struct Way {
    pub(super) containers: Vec<Vec<EntryId>>,
    pub(super) target: Target,
}

impl Tracker {
    /// The values that live in a slot, each once.
    pub(super) fn living(&mut self, slot: &Slot, view: View<'_>) -> Vec<EntryId> {
        self.fill(slot);
        self.living_known(slot, view)
    }

    /// The same for a slot that has been looked at before.
    pub(super) fn living_known(&self, slot: &Slot, view: View<'_>) -> Vec<EntryId> {
        let mut living = Vec::new();
        for entries in self.holders(slot) {
            for &entry in entries {
                if self.is_visible(entry, view) && !living.contains(&entry) {
                    living.push(entry);
                }
            }
        }
        living
    }

    /// The entry lists of a slot: several when maps are shown as one.
    fn holders(&self, slot: &Slot) -> Vec<&[EntryId]> {
        match slot {
            Slot::Root => vec![&self.root],
            Slot::Key(maps, key) => maps
                .iter()
                .filter_map(|&map| match &self.node(self.entry(map).node).content {
                    Content::Map(map) => map.slot(key),
                    Content::Plain(_) | Content::List(_) | Content::String(_) => None,
                })
                .collect(),
            Slot::Item(list, item) => match &self.node(self.entry(*list).node).content {
                Content::List(list) => match list.items.payload(*item) {
                    ItemSlot::Entries(entries) => vec![entries],
                    ItemSlot::Base(_) => Vec::new(),
                },
                Content::Plain(_) | Content::Map(_) | Content::String(_) => Vec::new(),
            },
        }
    }

    /// Gives the plain value of a slot, if it has one, an entry.
    fn fill(&mut self, slot: &Slot) {
        match slot {
            Slot::Root => {}
            Slot::Key(maps, key) => {
                for &map in maps {
                    self.fill_key(self.entry(map).node, key);
                }
            }
            Slot::Item(list, item) => self.fill_item(self.entry(*list).node, *item),
        }
    }

    fn fill_key(&mut self, node: NodeId, key: &Text) {
        self.expand(node);
        let Content::Map(map) = &self.node(node).content else { return };
        if map.slot(key).is_some() {
            return;
        }
        let child = map.base.key_position(key).and_then(|at| Some((at, map.base.entry(at)?)));
        let child = child.map(|(at, (spelling, value))| (at, spelling.clone(), value.clone()));
        let entries = child.map(|(position, spelling, value)| {
            self.add_base(value, KeyPlace::Base(position), Owner::Key(node, spelling))
        });
        if let Content::Map(map) = &mut self.node_mut(node).content {
            map.slot_mut(key).extend(entries);
        }
    }

    pub(super) fn fill_item(&mut self, node: NodeId, item: usize) {
        let Content::List(list) = &self.node(node).content else { return };
        let ItemSlot::Base(position) = *list.items.payload(item) else { return };
        let Some(value) = list.base.index(position).cloned() else { return };
        let entry = self.add_base(value, KeyPlace::Base(position), Owner::Item(node, item));
        if let Content::List(list) = &mut self.node_mut(node).content {
            *list.items.payload_mut(item) = ItemSlot::Entries(vec![entry]);
        }
    }

    /// The value shown of those that live in a slot: the one of the lowest author.
    pub(super) fn winner(&self, living: &[EntryId]) -> Option<EntryId> {
        living.iter().copied().min_by_key(|&entry| self.entry(entry).added)
    }

    /// Those of the living that are shown: the winner, and when it is a mergeable map all of them.
    pub(super) fn shown_of(&self, living: &[EntryId]) -> Vec<EntryId> {
        let Some(winner) = self.winner(living) else { return Vec::new() };
        if !self.entry(winner).mergeable {
            return vec![winner];
        }
        living.iter().copied().filter(|&entry| self.entry(entry).mergeable).collect()
    }

    pub(super) fn shown(&mut self, slot: &Slot, view: View<'_>) -> Shown {
        let living = self.living(slot, view);
        let shown = self.shown_of(&living);
        let Some(&first) = shown.first() else { return Shown::Absent };
        match self.kind(self.entry(first).node) {
            Kind::Object => Shown::Map(shown),
            Kind::Array => Shown::List(first),
            Kind::String => Shown::String(first),
            Kind::Null | Kind::Bool | Kind::Number => Shown::Scalar,
        }
    }

    /// Follows a path.
    pub(super) fn follow(&mut self, steps: &[Step], view: View<'_>) -> Way {
        let mut slot = Slot::Root;
        let mut containers = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let next = match (self.shown(&slot, view), step) {
                (Shown::Map(maps), Step::Key(key)) => {
                    containers.push(maps.clone());
                    Slot::Key(maps, key.clone())
                }
                (Shown::List(list), Step::Index(index)) => {
                    containers.push(vec![list]);
                    let (item, length) = self.item_at(list, *index, view);
                    let Some(item) = item else {
                        let is_end = at + 1 == steps.len() && length == *index;
                        let target = if is_end { Target::End(list) } else { Target::Nowhere };
                        return Way { containers, target };
                    };
                    Slot::Item(list, item)
                }
                (Shown::Absent, _) => {
                    let target = match keys(steps.get(at..).unwrap_or_default()) {
                        Some(rest) => Target::Missing(slot, rest),
                        None => Target::Nowhere,
                    };
                    return Way { containers, target };
                }
                _ => return Way { containers, target: Target::Nowhere },
            };
            slot = next;
        }
        Way { containers, target: Target::Slot(slot) }
    }

    /// The item that somebody sees at a position of an array, and how many they see.
    fn item_at(&mut self, list: EntryId, index: usize, view: View<'_>) -> (Option<usize>, usize) {
        let node = self.entry(list).node;
        if let View::Of(author, clock) = view {
            let seen = self.with_items(node, |tracker, items| {
                let column = items.column(author, clock, |slot| tracker.is_filled(slot, view));
                (items.range(column, index, 1).first().copied(), items.len(column))
            });
            return seen.unwrap_or_default();
        }
        self.expand(node);
        let Content::List(list) = &self.node(node).content else { return (None, 0) };
        let mut seen = list.items.visible(view, |slot| self.is_filled(slot, view));
        match seen.nth(index) {
            Some(item) => (Some(item), index + 1),
            None => (None, list.items.visible(view, |slot| self.is_filled(slot, view)).count()),
        }
    }

    /// Works on the items of an array, with the rest of the tracker to look at meanwhile.
    pub(super) fn with_items<R>(
        &mut self, node: NodeId, work: impl FnOnce(&mut Self, &mut Sequence<ItemSlot>) -> R,
    ) -> Option<R> {
        self.expand(node);
        let Content::List(list) = &mut self.node_mut(node).content else { return None };
        let mut items = std::mem::take(&mut list.items);
        let result = work(self, &mut items);
        if let Content::List(list) = &mut self.node_mut(node).content {
            list.items = items;
        }
        Some(result)
    }

    /// Whether somebody sees a value in an item's slot.
    pub(super) fn is_filled(&self, slot: &ItemSlot, view: View<'_>) -> bool {
        match slot {
            ItemSlot::Base(_) => true,
            ItemSlot::Entries(entries) => entries.iter().any(|&entry| self.is_visible(entry, view)),
        }
    }
}

/// The steps as keys; nothing when one of them is a position.
fn keys(steps: &[Step]) -> Option<Vec<Text>> {
    steps
        .iter()
        .map(|step| match step {
            Step::Key(key) => Some(key.clone()),
            Step::Index(_) => None,
        })
        .collect()
}

impl MapNode {
    pub(super) fn slot(&self, key: &Text) -> Option<&[EntryId]> {
        let (_, entries) = self.slots.get(*self.index.get(key)?)?;
        Some(entries)
    }

    #[expect(clippy::indexing_slicing, reason = "the index holds positions in the slots")]
    pub(super) fn slot_mut(&mut self, key: &Text) -> &mut Vec<EntryId> {
        let slots = &mut self.slots;
        let at = *self.index.entry(key.clone()).or_insert_with(|| {
            slots.push((key.clone(), Vec::new()));
            slots.len() - 1
        });
        &mut self.slots[at].1
    }
}
