//! What a path means to somebody who has seen no more than a clock says.

use smallvec::SmallVec;

use super::sequence::{NOW, Sequence};
use super::{Author, Entries, EntryId, KeyPlace, NodeId, Owner, Tracker, View};
use crate::document::{Kind, Path, Step, Text};
use crate::sync::{ChangeId, Tick};

/// With more values than this, those of one author in a slot are searched and not looked through.
const FEW: usize = 8;

/// A place that can hold values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sync) enum Slot {
    Root,
    /// A key of a map, or of several that are shown as one.
    Key(Entries, Text),
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
    Map(Entries),
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

/// A path's target and the containers on the way, of which a recording tracker keeps note.
pub(super) struct Way {
    pub(super) containers: Vec<Entries>,
    pub(super) target: Target,
}

impl Tracker {
    /// The values that live in a slot, each once.
    pub(super) fn living(&mut self, slot: &Slot, view: View<'_>) -> Entries {
        if let Some(entries) = self.held(slot) {
            let mut living = Entries::new();
            self.add_living(entries, view, &mut living);
            return living;
        }
        self.fill(slot);
        self.living_known(slot, view)
    }

    /// The same for a slot that has been looked at before.
    pub(super) fn living_known(&self, slot: &Slot, view: View<'_>) -> Entries {
        let mut living = Entries::new();
        match slot {
            Slot::Root => self.add_living(&self.root, view, &mut living),
            Slot::Key(maps, key) => {
                for &map in maps {
                    if let Some(entries) = self.map(self.entry(map).node).and_then(|map| map.slot(key)) {
                        self.add_living(entries, view, &mut living);
                    }
                }
            }
            Slot::Item(list, item) => {
                let list = self.list(self.entry(*list).node);
                if let Some(entries) = list.and_then(|list| list.slots.get(item)) {
                    self.add_living(entries, view, &mut living);
                }
            }
        }
        living
    }

    /// All the values written to a slot that has been looked at before and is kept in one place.
    pub(super) fn held(&self, slot: &Slot) -> Option<&Entries> {
        match slot {
            Slot::Root => Some(&self.root),
            Slot::Key(maps, key) => {
                let &[map] = maps.as_slice() else { return None };
                self.map(self.entry(map).node)?.slot(key)
            }
            Slot::Item(list, item) => self.list(self.entry(*list).node)?.slots.get(item),
        }
    }

    /// Adds the living ones of the values written to a slot, which are in the order of authors and
    /// ticks.
    pub(super) fn add_living(&self, entries: &[EntryId], view: View<'_>, living: &mut Entries) {
        let mut add = |entry: EntryId| {
            if self.is_visible(entry, view) && !living.contains(&entry) {
                living.push(entry);
            }
        };
        if entries.len() <= FEW {
            entries.iter().copied().for_each(add);
            return;
        }
        // Whoever writes to a slot again has seen what they wrote there before: of each author
        // only the last value that has been seen can live.
        let mut rest = entries;
        while let Some(&first) = rest.first() {
            let author = self.writer(first);
            let end = rest.partition_point(|&entry| self.writer(entry) == author);
            let (own, others) = rest.split_at_checked(end).unwrap_or_default();
            let is_seen = |&entry: &EntryId| self.entry(entry).added().is_none_or(|added| view.saw(added));
            let seen = if matches!(view, View::Now) { own.len() } else { own.partition_point(is_seen) };
            seen.checked_sub(1).and_then(|last| own.get(last)).copied().into_iter().for_each(&mut add);
            rest = others;
        }
    }

    fn writer(&self, entry: EntryId) -> Option<Author> {
        self.entry(entry).added().map(|added| added.author)
    }

    /// Where in a slot a value belongs that an author has written with its change of this tick.
    pub(super) fn rank_in(&self, entries: &[EntryId], id: ChangeId) -> usize {
        let order = |added: ChangeId| -> (Author, Tick) { (added.author, added.tick) };
        entries
            .partition_point(|&entry| self.entry(entry).added().is_none_or(|added| order(added) < order(id)))
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

    pub(super) fn fill_key(&mut self, node: NodeId, key: &Text) {
        self.expand(node);
        let Some(map) = self.map(node) else { return };
        if map.slot(key).is_some() {
            return;
        }
        let Some(position) = map.base.key_position(key) else { return };
        let Some((spelling, value)) = map.base.entry(position) else { return };
        let (spelling, value) = (spelling.clone(), value.clone());
        let entry = self.add_base(value, KeyPlace::base(position), Owner::Key(node, spelling));
        if let Some(map) = self.map_mut(node) {
            map.slot_mut(key).push(entry);
            if let Some(near) = map.find(key).and_then(|at| map.near_mut(at)) {
                *near = u32::try_from(position).unwrap_or(0);
            }
        }
    }

    /// Gives an array's item a slot of its own.
    pub(super) fn fill_item(&mut self, node: NodeId, item: usize) {
        let Some(list) = self.list(node).filter(|list| !list.slots.contains_key(&item)) else { return };
        let Some(value) = list.value(item).cloned() else { return };
        let added = list.items.as_ref().and_then(|items| items.added(item));
        let removed = list.items.as_ref().map(|items| items.removed(item).collect());
        let mergeable = added.is_some() && value.kind() == Kind::Object && value.is_empty();
        let entry = self.add_base(value, KeyPlace::base(item), Owner::Item(node, item));
        let written = self.entry_mut(entry);
        if let Some(added) = added {
            (written.author, written.tick) = (added.author, added.tick);
        }
        (written.removed, written.mergeable) = (removed.unwrap_or_default(), mergeable);
        if let Some(list) = self.list_mut(node) {
            list.slots.insert(item, Entries::from_iter([entry]));
            if let Some(items) = &mut list.items {
                items.make_own(item);
            }
        }
    }

    /// The value shown of those that live in a slot: the one of the lowest author.
    pub(super) fn winner(&self, living: &[EntryId]) -> Option<EntryId> {
        match living {
            [only] => Some(*only),
            _ => living.iter().copied().min_by_key(|&entry| self.entry(entry).added()),
        }
    }

    /// Those of the living that are shown: the winner, and when it is a mergeable map all of them.
    pub(super) fn shown_of(&self, living: &[EntryId]) -> Entries {
        let Some(winner) = self.winner(living) else { return Entries::new() };
        if living.len() == 1 || !self.entry(winner).mergeable {
            return Entries::from_iter([winner]);
        }
        living.iter().copied().filter(|&entry| self.entry(entry).mergeable).collect()
    }

    pub(super) fn shown(&mut self, slot: &Slot, view: View<'_>) -> Shown {
        let shown = if let Some(&[only]) = self.held(slot).map(Entries::as_slice)
            && self.is_visible(only, view)
        {
            Entries::from_iter([only])
        } else {
            let living = self.living(slot, view);
            self.shown_of(&living)
        };
        let Some(&first) = shown.first() else { return Shown::Absent };
        match self.kind(self.entry(first).node) {
            Kind::Object => Shown::Map(shown),
            Kind::Array => Shown::List(first),
            Kind::String => Shown::String(first),
            Kind::Null | Kind::Bool | Kind::Number => Shown::Scalar,
        }
    }

    /// Follows a path.
    pub(super) fn follow(&mut self, path: &Path, view: View<'_>) -> Way {
        if !self.is_recording()
            && let Some(slot) = self.known_way(self.steps(path))
        {
            return Way { containers: Vec::new(), target: Target::Slot(slot) };
        }
        let mut slots: SmallVec<[Slot; 8]> = SmallVec::new();
        let way = self.follow_steps(self.steps(path), view, &mut slots);
        if let Target::Slot(slot) = &way.target {
            slots.push(slot.clone());
            self.note_way(path, &slots);
        }
        way
    }

    /// Follows steps from the root, and notes the slots on the way.
    fn follow_steps(&mut self, steps: &[Step], view: View<'_>, slots: &mut SmallVec<[Slot; 8]>) -> Way {
        let mut slot = Slot::Root;
        let mut containers = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let next = match (self.shown(&slot, view), step) {
                (Shown::Map(maps), Step::Key(key)) => {
                    if self.is_recording() {
                        containers.push(maps.clone());
                    }
                    Slot::Key(maps, key.clone())
                }
                (Shown::List(list), Step::Index(index)) => {
                    if self.is_recording() {
                        containers.push(Entries::from_iter([list]));
                    }
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
            slots.push(std::mem::replace(&mut slot, next));
        }
        Way { containers, target: Target::Slot(slot) }
    }

    /// The item that somebody sees at a position of an array, and how many they see.
    fn item_at(&mut self, list: EntryId, index: usize, view: View<'_>) -> (Option<usize>, usize) {
        let node = self.entry(list).node;
        self.expand(node);
        let Some(list) = self.list_mut(node) else { return (None, 0) };
        let Some(mut items) = list.items.take() else {
            let length = list.base.len();
            return ((index < length).then_some(index), length);
        };
        let is_filled = |item| self.is_filled(node, item, view);
        let column = match view {
            View::Now => Some(NOW),
            View::Of(author, clock) => Some(items.column(author, clock, is_filled)),
            View::At(_) => None,
        };
        let found = if let Some(column) = column {
            (items.item_at(column, index), items.len(column))
        } else {
            let pieces: Vec<_> = items.visible(view, is_filled).collect();
            let item = pieces.iter().flat_map(|piece| piece.items()).nth(index);
            (item, pieces.iter().map(|piece| piece.len).sum())
        };
        self.put_order(node, items);
        found
    }

    /// Takes the order of an array's items out, from now on with what each author sees of it. It is
    /// to be put back.
    pub(super) fn take_order(&mut self, node: NodeId) -> Option<Box<Sequence>> {
        let list = self.list_mut(node)?;
        if let Some(items) = list.items.take() {
            return Some(items);
        }
        let list = self.list(node)?;
        let mut items = Sequence::of(list.base.len());
        let mut touched: Vec<(ChangeId, usize)> = Vec::new();
        for (&item, entries) in &list.slots {
            items.make_own(item);
            for entry in entries.iter().map(|&entry| self.entry(entry)) {
                touched.extend(entry.added().iter().chain(&entry.removed).map(|&by| (by, item)));
            }
        }
        touched.sort_unstable_by_key(|&(by, item)| (by.author, by.tick, item));
        touched.dedup();
        for (by, item) in touched {
            items.note(by, item, 1);
        }
        Some(Box::new(items))
    }

    pub(super) fn put_order(&mut self, node: NodeId, items: Box<Sequence>) {
        if let Some(list) = self.list_mut(node) {
            list.items = Some(items);
        }
    }

    /// Whether somebody who has seen an item come sees a value in its slot.
    pub(super) fn is_filled(&self, node: NodeId, item: usize, view: View<'_>) -> bool {
        let entries = self.list(node).and_then(|list| list.slots.get(&item));
        entries.is_none_or(|entries| entries.iter().any(|&entry| self.is_visible(entry, view)))
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
