//! The bookkeeping of a concurrent window: who wrote what, who removed it, and what stood beside
//! what, so that a change can be applied in the context its author had.
//!
//! A tracker starts from a plain value that every change of the window has seen. It keeps
//! records only of what the window touches; the rest stays plain and shared. Its operations
//! commute: applied in any order that keeps causes before effects, the same changes make the
//! same document, so a late change costs its own work and not a replay of the window.
//!
//! ```text
//! slot ── entries (the values written to it, each with the changes that removed it)
//!           └─ node: plain value │ map of slots │ sequence of slots │ sequence of characters
//! ```

mod apart;
mod content;
mod inverse;
mod known;
mod links;
mod materialize;
mod patch;
mod report;
mod resolve;
mod sequence;
mod splice;
mod stage;
mod typing;
mod view;
mod ways;
mod write;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Author, ChangeId, Stamp, Tick};
use crate::document::{Kind, Path, Step, Text, Value};
use content::{Content, ListNode, MapNode, StringNode};
use links::Links;
use stage::Known;
use typing::Typing;
use ways::Ways;

pub(super) use apart::merge;
pub(super) use inverse::{Answer, Inverse};
pub(super) use links::Restoration;
pub(super) use report::{Effect, Record, Scope};
pub(super) use resolve::Slot;
pub(super) use view::View;

/// A written value, by its number in the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EntryId(u32);

/// The content of written values, by its number in the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct NodeId(u32);

/// Where a key stands among a map's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KeyPlace {
    /// The stamp of the write that began its life; zeros for what was there before the window, or
    /// is a key of a value written whole.
    sum: u64,
    author: Author,
    /// Its position among the keys that write names, or in the value it came with.
    number: u32,
}

impl KeyPlace {
    fn base(position: usize) -> Self {
        Self { sum: 0, author: Author(0), number: u32::try_from(position).unwrap_or(u32::MAX) }
    }

    fn written(stamp: Stamp, number: u32) -> Self {
        Self { sum: stamp.sum, author: stamp.author, number }
    }

    fn is_base(self) -> bool {
        self.sum == 0
    }
}

/// Some written values, mostly one.
pub(super) type Entries = SmallVec<[EntryId; 4]>;

/// One value written to a slot. As much as is read from memory at once: a change looks at some of
/// many.
struct Entry {
    /// Who wrote it, and with which of their changes; zeros when it was there before, or came
    /// inside a value written whole.
    author: Author,
    node: NodeId,
    tick: Tick,
    /// The changes that saw it and removed it: one of each author at most.
    removed: SmallVec<[ChangeId; 1]>,
    /// Where its key stands.
    place: KeyPlace,
    /// Whether concurrent ones of its kind are shown as one map with it.
    mergeable: bool,
}

const _: () = assert!(size_of::<Entry>() == 64 || cfg!(not(target_pointer_width = "64")));

impl Entry {
    /// The change that wrote it, if one of the window did.
    fn added(&self) -> Option<ChangeId> {
        (self.tick > 0).then_some(ChangeId { author: self.author, tick: self.tick })
    }
}

/// How a node hangs in the document: held apart from what it holds, which is looked at far more
/// often.
#[derive(Default)]
struct Hanging {
    /// The slots that hold it, with the entry by which they do. More than one when a write went
    /// into several maps shown as one.
    owners: SmallVec<[(EntryId, Owner); 1]>,
    /// Where it is on show, if that has been looked for.
    stage: Known,
}

/// One slot that holds a node.
#[derive(Clone, PartialEq, Eq)]
enum Owner {
    Root,
    Key(NodeId, Text),
    Item(NodeId, usize),
}

/// The bookkeeping of one concurrent window.
pub(super) struct Tracker {
    /// How many steps of a path lead to the value that it started from.
    depth: usize,
    entries: Vec<Entry>,
    /// How the keys of some entries are spelled: those whose spelling has escapes.
    spellings: FxHashMap<EntryId, Text>,
    /// What the values hold.
    nodes: Vec<Content>,
    /// By node: whether it has records of something inside. Apart, because it is asked of each
    /// entry that a change looks at.
    expanded: Vec<bool>,
    /// How many items the arrays have of which there are records.
    items: usize,
    /// By node; nothing for those that nobody looks for in the document.
    hangings: Vec<Option<Box<Hanging>>>,
    /// Where paths have led, that lead there for everyone.
    ways: Ways,
    root: Entries,
    /// What the changes did, when somebody wants to know.
    records: Option<Vec<Record>>,
    /// What somebody types, still to be put in.
    typing: Option<Typing>,
    links: Links,
    /// How often something of which there are records inside may have been moved, hidden or shown.
    moves: u64,
}

impl Tracker {
    /// Starts from a value that every change to come has seen.
    pub(super) fn new(base: Value) -> Self {
        let mut tracker = Self {
            depth: 0,
            entries: Vec::new(),
            spellings: FxHashMap::default(),
            nodes: Vec::new(),
            expanded: Vec::new(),
            items: 0,
            hangings: Vec::new(),
            ways: Ways::default(),
            root: Entries::new(),
            records: None,
            typing: None,
            links: Links::default(),
            moves: 0,
        };
        tracker.restart(base, 0);
        tracker
    }

    /// Starts again, from a value that so many steps of a path lead to.
    fn restart(&mut self, base: Value, depth: usize) {
        self.depth = depth;
        self.entries.clear();
        self.spellings.clear();
        self.nodes.clear();
        self.expanded.clear();
        self.items = 0;
        self.hangings.clear();
        self.ways = Ways::default();
        self.root.clear();
        let root = self.add_base(base, KeyPlace::base(0), Owner::Root);
        self.root.push(root);
    }

    /// The steps of a path from the value that it started from.
    fn steps<'p>(&self, path: &'p Path) -> &'p [Step] {
        path.steps().get(self.depth..).unwrap_or_default()
    }

    /// The same, keeping a record of what each change did.
    pub(super) fn recording(base: Value) -> Self {
        Self { records: Some(Vec::new()), ..Self::new(base) }
    }

    /// How many values it holds: what it costs to look at all of it.
    pub(super) fn size(&self) -> usize {
        self.entries.len() + self.items
    }

    #[expect(clippy::indexing_slicing, reason = "entry numbers are only made by this tracker")]
    fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "entry numbers are only made by this tracker")]
    fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    fn place(&self, id: EntryId) -> KeyPlace {
        self.entry(id).place
    }

    /// Of some entries the one with the lowest place.
    fn oldest(&self, entries: &[EntryId]) -> Option<EntryId> {
        entries.iter().copied().min_by_key(|&entry| self.place(entry))
    }

    /// How the write that began a key's life spells it.
    fn spelling(&self, id: EntryId, key: &Text) -> Text {
        let escaped = if self.spellings.is_empty() { None } else { self.spellings.get(&id) };
        escaped.cloned().unwrap_or_else(|| key.without_escapes())
    }

    /// Whether there are records of something inside a node.
    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn is_expanded(&self, id: NodeId) -> bool {
        self.expanded[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn content(&self, id: NodeId) -> &Content {
        &self.nodes[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn content_mut(&mut self, id: NodeId) -> &mut Content {
        &mut self.nodes[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn hanging(&self, id: NodeId) -> Option<&Hanging> {
        self.hangings[id.0 as usize].as_deref()
    }

    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn hanging_mut(&mut self, id: NodeId) -> &mut Hanging {
        self.hangings[id.0 as usize].get_or_insert_default()
    }

    #[expect(clippy::cast_possible_truncation, reason = "a window holds far fewer than 2^32 values")]
    fn add_entry(
        &mut self, added: Option<ChangeId>, value: Value, place: KeyPlace, mergeable: bool,
    ) -> EntryId {
        let node = NodeId(self.nodes.len() as u32);
        self.nodes.push(Content::Plain(value));
        self.expanded.push(false);
        self.hangings.push(None);
        let id = EntryId(self.entries.len() as u32);
        let ChangeId { author, tick } = added.unwrap_or(ChangeId { author: Author(0), tick: 0 });
        self.entries.push(Entry { author, node, tick, removed: SmallVec::new(), place, mergeable });
        id
    }

    /// Notes how the key of an entry is spelled.
    fn spell(&mut self, id: EntryId, spelling: &Text) {
        if spelling.is_escaped() {
            self.spellings.insert(id, spelling.clone());
        }
    }

    /// An entry for a value that has been there as long as what holds it.
    fn add_base(&mut self, value: Value, place: KeyPlace, owner: Owner) -> EntryId {
        let entry = self.add_entry(None, value, place, false);
        if let Owner::Key(_, key) = &owner {
            self.spell(entry, key);
        }
        self.hang(entry, owner, true);
        entry
    }

    /// Notes that a slot holds an entry, if what it holds will be looked for in the document:
    /// what has an inside. Strings seldom are, so where only one slot can hold them that is
    /// [noted later](Self::hang_later).
    fn hang(&mut self, entry: EntryId, owner: Owner, is_only: bool) {
        let node = self.entry(entry).node;
        let is_looked_for = match self.kind(node) {
            Kind::Object | Kind::Array => true,
            Kind::String => !is_only,
            Kind::Null | Kind::Bool | Kind::Number => false,
        };
        if is_looked_for || self.is_recording() {
            self.hanging_mut(node).owners.push((entry, owner));
        }
    }

    /// Notes which slot holds a string, of those that make up one which shows it.
    fn hang_later(&mut self, string: EntryId, slot: &Slot) {
        let node = self.entry(string).node;
        if self.hanging(node).is_some() {
            return;
        }
        let owner = match slot {
            Slot::Root => Some(Owner::Root),
            Slot::Key(maps, key) => maps.iter().map(|&map| self.entry(map).node).find_map(|map| {
                let is_held = self.map(map)?.slot(key)?.contains(&string);
                is_held.then(|| Owner::Key(map, key.clone()))
            }),
            Slot::Item(list, item) => Some(Owner::Item(self.entry(*list).node, *item)),
        };
        self.hanging_mut(node).owners.extend(owner.map(|owner| (string, owner)));
    }

    fn is_visible(&self, id: EntryId, view: View<'_>) -> bool {
        let entry = self.entry(id);
        match view {
            View::Now => entry.removed.is_empty(),
            View::At(clock) | View::Of(_, clock) => {
                entry.added().is_none_or(|added| clock.saw(added))
                    && !entry.removed.iter().any(|&by| clock.saw(by))
            }
        }
    }

    fn kind(&self, node: NodeId) -> Kind {
        match self.content(node) {
            Content::Plain(value) => value.kind(),
            Content::Map(_) => Kind::Object,
            Content::List(_) => Kind::Array,
            Content::String(_) => Kind::String,
        }
    }

    /// Turns a plain container or string into one with records.
    fn expand(&mut self, node: NodeId) {
        let content = self.content_mut(node);
        let Content::Plain(value) = content else { return };
        let expanded = match value.kind() {
            Kind::Object => Content::Map(Box::new(MapNode::of(value.clone()))),
            Kind::Array => Content::List(Box::new(ListNode::of(value.clone()))),
            Kind::String => match value.as_text() {
                Some(text) => Content::String(Box::new(StringNode::of(text.clone()))),
                None => return,
            },
            Kind::Null | Kind::Bool | Kind::Number => return,
        };
        let items = if let Content::List(list) = &expanded { list.base.len() } else { 0 };
        *content = expanded;
        self.items += items;
        if let Some(noted) = self.expanded.get_mut(node.0 as usize) {
            *noted = true;
        }
    }

    /// A map's records; nothing for what is none.
    fn map(&self, node: NodeId) -> Option<&MapNode> {
        match self.content(node) {
            Content::Map(map) => Some(map),
            Content::Plain(_) | Content::List(_) | Content::String(_) => None,
        }
    }

    fn map_mut(&mut self, node: NodeId) -> Option<&mut MapNode> {
        match self.content_mut(node) {
            Content::Map(map) => Some(map),
            Content::Plain(_) | Content::List(_) | Content::String(_) => None,
        }
    }

    /// An array's records; nothing for what is none.
    fn list(&self, node: NodeId) -> Option<&ListNode> {
        match self.content(node) {
            Content::List(list) => Some(list),
            Content::Plain(_) | Content::Map(_) | Content::String(_) => None,
        }
    }

    fn list_mut(&mut self, node: NodeId) -> Option<&mut ListNode> {
        match self.content_mut(node) {
            Content::List(list) => Some(list),
            Content::Plain(_) | Content::Map(_) | Content::String(_) => None,
        }
    }

    /// A string's records; nothing for what is none.
    fn string(&self, node: NodeId) -> Option<&StringNode> {
        match self.content(node) {
            Content::String(string) => Some(string),
            Content::Plain(_) | Content::Map(_) | Content::List(_) => None,
        }
    }

    /// Whether somebody wants to know what the changes did.
    fn is_recording(&self) -> bool {
        self.records.is_some()
    }
}
