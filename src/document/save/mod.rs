//! Writing an edited document into the text it was read from.
//!
//! The text is walked against the value. What is equal keeps its bytes; of a container that has
//! changed, the children that are still there bring their own text and white space along.

mod align;
mod outline;

use align::{Origin, align};
use outline::{Outline, Piece};

use super::style::{Layout, leading_space};
use super::{Style, Text, Value};

/// The text of `value` as an edit of `source`: what has not changed keeps its bytes, and what is
/// new is written in the style of `source`. The same two inputs give the same text everywhere.
/// A source that is no JSON is not kept; the value is then written as a new file.
pub fn save(source: &str, value: &Value) -> String {
    let Ok(outline) = Outline::read(source) else { return value.pretty(&Style::detect(source)) };
    let Some(root) = outline.root() else { return value.pretty(&Style::detect(source)) };
    let layout = Layout::detect(source);
    let inline = layout.style.indent.is_none();
    let mut writer =
        Writer { outline: &outline, layout, out: String::with_capacity(source.len() + source.len() / 8) };
    writer.out.push_str(outline.slice(0, root.start));
    writer.value(root, value, inline);
    writer.out.push_str(outline.slice(root.end, source.len()));
    writer.out
}

/// One child of a container as it is to be written.
enum Slot<'a> {
    /// The text of this child, as it is.
    Kept(usize),
    /// The text of this child, made to say something else.
    Edited(usize, &'a Value),
    /// A new child, with its key in a map.
    New(Option<&'a Text>, &'a Value),
}

impl Slot<'_> {
    /// The child of the old text that this one is made from.
    fn old(&self) -> Option<usize> {
        match self {
            Self::Kept(at) | Self::Edited(at, _) => Some(*at),
            Self::New(..) => None,
        }
    }
}

struct Writer<'a> {
    outline: &'a Outline<'a>,
    layout: Layout,
    out: String,
}

impl<'a> Writer<'a> {
    /// Writes the text of a piece, changed to say `value`. `inline`: whether what is new around
    /// here stays on its line.
    fn value(&mut self, piece: &'a Piece, value: &Value, inline: bool) {
        let same_kind = piece.value.kind() == value.kind();
        if same_kind && !value.is_container() && piece.value == *value {
            self.out.push_str(self.outline.slice(piece.start, piece.end));
        } else if same_kind && value.is_container() && !value.is_empty() {
            let inside = self.inside(piece, value, inline);
            let slots =
                if value.is_array() { self.elements(piece, value) } else { self.entries(piece, value) };
            self.out.push_str(self.outline.slice(piece.start, piece.start + 1));
            for at in 0..slots.len() {
                self.before(piece, &slots, at, &inside);
                match slots.get(at) {
                    Some(Slot::Edited(old, value)) => {
                        let Some(child) = self.outline.child(piece, *old) else { continue };
                        self.out.push_str(self.outline.slice(child.entry, child.start));
                        self.value(child, value, inside.inline);
                    }
                    Some(slot) => self.leaf(piece, slot, &inside),
                    None => {}
                }
            }
            self.out.push_str(&inside.tail);
            self.out.push_str(self.outline.slice(piece.end - 1, piece.end));
        } else if same_kind && value.is_container() && piece.children.is_empty() {
            self.out.push_str(self.outline.slice(piece.start, piece.end));
        } else {
            let stays = inline || (!piece.children.is_empty() && self.outline.is_line(piece));
            self.fresh(value, stays);
        }
    }

    /// Writes a new value, indented as the line it stands on.
    fn fresh(&mut self, value: &Value, inline: bool) {
        let mut indent = if inline || !value.is_container() { String::new() } else { self.line_indent() };
        value.write_new(&self.layout, inline, &mut indent, &mut self.out);
    }

    /// The indentation of the line being written.
    fn line_indent(&self) -> String {
        leading_space(self.out.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}'))
            .to_owned()
    }

    /// Writes a child that needs no further look: one kept, or a new one.
    fn leaf(&mut self, piece: &Piece, slot: &Slot<'_>, inside: &Inside) {
        match slot {
            Slot::Kept(old) => {
                let Some(child) = self.outline.child(piece, *old) else { return };
                self.out.push_str(self.outline.slice(child.entry, child.end));
            }
            Slot::New(key, value) => {
                if let Some(key) = key {
                    self.out.push_str(&key.to_string());
                    self.out.push_str(&inside.colon);
                }
                let sibling = if value.is_array() { inside.array_sibling } else { inside.map_sibling };
                let inline = sibling.unwrap_or(inside.inline);
                self.fresh(value, inline);
            }
            Slot::Edited(..) => {}
        }
    }

    /// Writes what stands before a child: its own white space as far as it has kept its
    /// neighbours, else that of a sibling.
    fn before(&mut self, piece: &Piece, slots: &[Slot<'_>], at: usize, inside: &Inside) {
        let Some(previous) = at.checked_sub(1).and_then(|previous| slots.get(previous)) else {
            self.out.push_str(&inside.lead);
            return;
        };
        // The white space before the comma belongs to the child in front of it.
        let after = previous.old().map_or(1, |old| old + 1).min(piece.children.len().saturating_sub(1));
        self.out.push_str(self.outline.gap(piece, after.max(1)).0);
        self.out.push(',');
        let own = slots.get(at).and_then(Slot::old).filter(|&old| old > 0);
        if let Some(own) = own {
            self.out.push_str(self.outline.gap(piece, own).1);
            return;
        }
        let sibling = previous.old().filter(|&old| old > 0).unwrap_or(1);
        let gap = if piece.children.len() > 1 { self.outline.gap(piece, sibling).1 } else { &inside.single };
        self.out.push_str(last_line_break(gap));
    }

    /// How the children of a container are laid out.
    fn inside(&self, piece: &Piece, value: &Value, inline: bool) -> Inside {
        let layout = &self.layout;
        let has_children = !piece.children.is_empty();
        let (mut lead, mut tail) =
            (self.outline.gap(piece, 0).1.to_owned(), self.outline.tail(piece).to_owned());
        let gaps = || (0..piece.children.len()).map(|at| self.outline.gap(piece, at));
        let spread = |gap: &str| gap.contains('\n');
        let is_line = if has_children {
            !spread(&tail) && !gaps().any(|(before, after)| spread(before) || spread(after))
        } else {
            let flat = value.is_array() && !value.elements().any(Value::is_container);
            inline || layout.style.indent.is_none() || (flat && layout.inline_arrays)
        };
        if !has_children {
            let padding = if value.is_array() { "" } else { &layout.padding };
            (lead, tail) = (padding.to_owned(), padding.to_owned());
            if let (false, Some(unit)) = (is_line, &layout.style.indent) {
                let (newline, indent) = (layout.style.newline, self.line_indent());
                (lead, tail) = (format!("{newline}{indent}{unit}"), format!("{newline}{indent}"));
            }
        }
        let comma = layout.comma.split_once(',').map_or("", |(_, after)| after);
        let sibling = |is_array: bool| {
            let mut children = self.outline.children(piece).filter(|child| !child.children.is_empty());
            children.find(|child| child.value.is_array() == is_array).map(|child| self.outline.is_line(child))
        };
        Inside {
            inline: is_line,
            array_sibling: sibling(true),
            map_sibling: sibling(false),
            single: if is_line { comma.to_owned() } else { lead.clone() },
            colon: self.colon(piece),
            lead,
            tail,
        }
    }

    /// What stands between key and value in a map, if all its entries agree on it.
    fn colon(&self, piece: &Piece) -> String {
        let mut colons = self.outline.children(piece).map(|child| {
            let key = child.key.as_ref().map_or(0, |key| key.raw().len() + 2);
            self.outline.slice(child.entry + key, child.start)
        });
        let first = colons.next().filter(|first| !first.contains('\n'));
        first.filter(|first| colons.all(|colon| colon == *first)).unwrap_or(&self.layout.colon).to_owned()
    }

    fn elements<'v>(&self, piece: &Piece, value: &'v Value) -> Vec<Slot<'v>> {
        let old: Vec<&Value> = self.outline.children(piece).map(|child| &child.value).collect();
        let new: Vec<&Value> = value.elements().collect();
        let slot = |(origin, value)| match origin {
            Origin::Same(at) => Slot::Kept(at),
            Origin::Edited(at) => Slot::Edited(at, value),
            Origin::New => Slot::New(None, value),
        };
        align(&old, &new).into_iter().zip(new).map(slot).collect()
    }

    /// The entries in the order of the value. Of several entries with one key, which only the
    /// text can have, the last is the one that counts; the others are kept with it.
    fn entries<'v>(&self, piece: &Piece, value: &'v Value) -> Vec<Slot<'v>> {
        let keys: Vec<Option<&Text>> = self.outline.children(piece).map(|child| child.key.as_ref()).collect();
        // Where in the value's order each old entry stands, unless it is gone.
        let places: Vec<Option<usize>> = keys.iter().map(|key| value.key_position((*key)?)).collect();
        let mut last = vec![None; value.len()];
        let mut first = vec![None; value.len()];
        for (old, place) in places.iter().enumerate() {
            let Some(place) = *place else { continue };
            first.get_mut(place).map(|first: &mut Option<usize>| first.get_or_insert(old));
            last.get_mut(place).map(|last| last.replace(old));
        }
        let in_order = first.iter().flatten().is_sorted();
        let mut slots = Vec::with_capacity(value.len());
        let mut written = 0;
        let old_slot = |old: usize| {
            let place = places.get(old).copied().flatten()?;
            let is_last = last.get(place) == Some(&Some(old));
            let (_, value) = value.entry(place)?;
            Some(if is_last { Slot::Edited(old, value) } else { Slot::Kept(old) })
        };
        for (place, (key, value)) in value.entries().enumerate() {
            match first.get(place).copied().flatten() {
                None => slots.push(Slot::New(Some(key), value)),
                Some(old) if in_order => {
                    slots.extend((written..=old).filter_map(old_slot));
                    written = old + 1;
                }
                Some(old) => {
                    let own = |old: &usize| places.get(*old) == Some(&Some(place));
                    slots.extend((old..keys.len()).filter(own).filter_map(old_slot));
                }
            }
        }
        if in_order {
            slots.extend((written..keys.len()).filter_map(old_slot));
        }
        slots
    }
}

/// How the children of a container are laid out.
struct Inside {
    /// Whether they all stand on one line.
    inline: bool,
    /// Whether the first array among them that is not empty stands on one line.
    array_sibling: Option<bool>,
    /// Whether the first map among them that is not empty stands on one line.
    map_sibling: Option<bool>,
    /// What stands before the first.
    lead: String,
    /// What stands after the last.
    tail: String,
    /// What stands before a second, where there was only one.
    single: String,
    /// What stands between key and value.
    colon: String,
}

/// White space from its last line break on: without blank lines.
fn last_line_break(gap: &str) -> &str {
    let Some(at) = gap.rfind('\n') else { return gap };
    let at = if gap.get(..at).is_some_and(|before| before.ends_with('\r')) { at - 1 } else { at };
    gap.get(at..).unwrap_or_default()
}
