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

mod inverse;
mod links;
mod materialize;
mod patch;
mod report;
mod resolve;
mod sequence;
mod write;

use rustc_hash::FxHashMap;

use super::{Author, ChangeId, Stamp, VectorClock};
use crate::document::{Kind, Text, Value};
use links::Links;
use sequence::Sequence;

pub(super) use inverse::{Answer, Inverse};
pub(super) use links::Restoration;
pub(super) use report::{Effect, Record};
pub(super) use resolve::Slot;

/// A written value, by its number in the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EntryId(u32);

/// The content of written values, by its number in the tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct NodeId(u32);

/// Where a key stands among a map's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum KeyPlace {
    /// It was there before the window, or is a key of a value written whole.
    Base(usize),
    /// The stamp of the write that began its life, and its position among the keys that write
    /// names.
    Written(Stamp, u32),
}

/// One value written to a slot.
struct Entry {
    /// Who wrote it; nothing when it was there before, or came inside a value written whole.
    added: Option<ChangeId>,
    /// The changes that saw it and removed it.
    removed: Vec<ChangeId>,
    place: KeyPlace,
    /// How the key it is written to was spelled by the write that began its life.
    spelling: Text,
    /// Whether concurrent ones of its kind are shown as one map with it.
    mergeable: bool,
    node: NodeId,
}

/// What a written value holds.
struct Node {
    content: Content,
    /// The slots that hold it, with the entry by which they do. More than one when a write went
    /// into several maps shown as one.
    owners: Vec<(EntryId, Owner)>,
}

/// One slot that holds a node.
#[derive(Clone, PartialEq, Eq)]
enum Owner {
    Root,
    Key(NodeId, Text),
    Item(NodeId, usize),
}

enum Content {
    /// Untouched by the window.
    Plain(Value),
    Map(MapNode),
    List(ListNode),
    String(Sequence<Letter>),
}

/// A map: a plain one, and the slots of the keys that the window touched.
struct MapNode {
    base: Value,
    slots: Vec<(Text, Vec<EntryId>)>,
    index: FxHashMap<Text, usize>,
}

/// An array: its items, and the plain one that the untouched of them stand in.
struct ListNode {
    base: Value,
    items: Sequence<ItemSlot>,
}

/// The slot of one array item.
enum ItemSlot {
    /// Untouched: the item at this position of the plain array.
    Base(usize),
    Entries(Vec<EntryId>),
}

/// One character of a string, as it is spelled.
struct Letter {
    spelling: Box<str>,
    removed: Vec<ChangeId>,
}

impl Letter {
    fn new(spelling: &str) -> Self {
        Self { spelling: spelling.into(), removed: Vec::new() }
    }

    /// Whether somebody who has seen it come still sees it.
    fn is_seen(&self, view: View<'_>) -> bool {
        !self.removed.iter().any(|&by| view.saw(by))
    }
}

/// Whose eyes: someone who has seen what a clock says, or everything.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    At(&'a VectorClock),
    /// An author in the context of its next change: like `At`, and the sequences keep a column
    /// for it.
    Of(Author, &'a VectorClock),
    Now,
}

impl View<'_> {
    fn saw(self, change: ChangeId) -> bool {
        match self {
            Self::At(clock) | Self::Of(_, clock) => clock.saw(change),
            Self::Now => true,
        }
    }
}

/// The bookkeeping of one concurrent window.
pub(super) struct Tracker {
    entries: Vec<Entry>,
    nodes: Vec<Node>,
    root: Vec<EntryId>,
    /// What the changes did, when somebody wants to know.
    records: Option<Vec<Record>>,
    links: Links,
}

impl Tracker {
    /// Starts from a value that every change to come has seen.
    pub(super) fn new(base: Value) -> Self {
        let mut tracker = Self {
            entries: Vec::new(),
            nodes: Vec::new(),
            root: Vec::new(),
            records: None,
            links: Links::default(),
        };
        let root = tracker.add_base(base, KeyPlace::Base(0), Owner::Root);
        tracker.root.push(root);
        tracker
    }

    /// The same, keeping a record of what each change did.
    pub(super) fn recording(base: Value) -> Self {
        Self { records: Some(Vec::new()), ..Self::new(base) }
    }

    #[expect(clippy::indexing_slicing, reason = "entry numbers are only made by this tracker")]
    fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "entry numbers are only made by this tracker")]
    fn entry_mut(&mut self, id: EntryId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "node numbers are only made by this tracker")]
    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    #[expect(clippy::cast_possible_truncation, reason = "a window holds far fewer than 2^32 values")]
    fn add_entry(&mut self, entry: Entry) -> EntryId {
        self.entries.push(entry);
        EntryId((self.entries.len() - 1) as u32)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a window holds far fewer than 2^32 values")]
    fn add_node(&mut self, value: Value) -> NodeId {
        self.nodes.push(Node { content: Content::Plain(value), owners: Vec::new() });
        NodeId((self.nodes.len() - 1) as u32)
    }

    /// An entry for a value that has been there as long as what holds it.
    fn add_base(&mut self, value: Value, place: KeyPlace, owner: Owner) -> EntryId {
        let node = self.add_node(value);
        let spelling = if let Owner::Key(_, key) = &owner { key.clone() } else { Text::default() };
        let (added, removed, mergeable) = (None, Vec::new(), false);
        let entry = self.add_entry(Entry { added, removed, place, spelling, mergeable, node });
        self.node_mut(node).owners.push((entry, owner));
        entry
    }

    fn is_visible(&self, id: EntryId, view: View<'_>) -> bool {
        let entry = self.entry(id);
        entry.added.is_none_or(|added| view.saw(added)) && !entry.removed.iter().any(|&by| view.saw(by))
    }

    fn kind(&self, node: NodeId) -> Kind {
        match &self.node(node).content {
            Content::Plain(value) => value.kind(),
            Content::Map(_) => Kind::Object,
            Content::List(_) => Kind::Array,
            Content::String(_) => Kind::String,
        }
    }

    /// Turns a plain container or string into one with records.
    fn expand(&mut self, node: NodeId) {
        let Content::Plain(value) = &self.node(node).content else { return };
        let base = value.clone();
        let expanded = match base.kind() {
            Kind::Object => Content::Map(MapNode { base, slots: Vec::new(), index: FxHashMap::default() }),
            Kind::Array => {
                let items = Sequence::of((0..base.len()).map(ItemSlot::Base));
                Content::List(ListNode { base, items })
            }
            Kind::String => {
                let pieces = base.as_text().into_iter().flat_map(Text::pieces);
                Content::String(Sequence::of(pieces.map(Letter::new)))
            }
            Kind::Null | Kind::Bool | Kind::Number => return,
        };
        self.node_mut(node).content = expanded;
    }
}
