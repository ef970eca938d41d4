//! Writing an edited document into the text it was read from.
//!
//! The text is walked against the value. What is equal keeps its bytes; of a container that has
//! changed, the children that are still there bring their own text and white space along. What
//! is the same because nobody has edited it is not even read: a long list with one new element
//! is copied up to it and from it on.

mod align;
mod level;

use std::borrow::Cow;
use std::ops::Range;

use align::{Origin, align};
use level::{Level, Piece};

use super::style::{Layout, leading_space};
use super::{Comparer, Source, Style, Text, Value, deep};

/// The text of `value` as an edit of `source`: what has not changed keeps its bytes, and what is
/// new is written in the style of `source`. The same two inputs give the same text everywhere.
/// A source that is no JSON is not kept; the value is then written as a new file.
pub fn save(source: impl Into<Source>, value: &Value) -> String {
    let source = &source.into();
    let text = source.text();
    let Ok(parsed) = source.read() else { return value.pretty(&Style::detect(text)) };
    if source.bad_lines().is_some() && !value.is_array() {
        // What is no array has no lines.
        return value.pretty(&Style::default());
    }
    let saved =
        if parsed.value.is_same(value) { text.to_owned() } else { edited(source, parsed.value, value) };
    match source.file_of(&saved) {
        Cow::Owned(file) => file,
        Cow::Borrowed(_) => saved,
    }
}

/// A value of a document as a text of its own, written as new values are in the style of `source`,
/// the document's text. It ends in a newline; a byte order mark belongs to a file, not to a value
/// in it.
pub fn save_part(source: &str, value: &Value) -> String {
    let layout = Layout::detect(source);
    let mut out = String::new();
    value.write_new(&layout, layout.style.indent.is_none(), &mut String::new(), &mut out);
    out.push_str(layout.style.newline);
    out
}

fn edited(source: &Source, old: Value, value: &Value) -> String {
    let text = source.text();
    let mut layout = Layout::detect(text);
    if source.bad_lines().is_some() {
        layout = layout.in_lines();
    }
    let inline = layout.style.indent.is_none();
    let root = root(text, old);
    let out = String::with_capacity(text.len() + text.len() / 8);
    // A line that is no JSON differs from a string that says the same by its spelling alone.
    let comparer = Comparer::by_spelling(source.bad_lines().is_some_and(|bad| !bad.is_empty()));
    let mut writer = Writer { source, layout, comparer, out };
    writer.out.push_str(writer.slice(0, root.start));
    writer.value(&root, value, inline);
    writer.out.push_str(writer.slice(root.end, text.len()));
    writer.out
}

/// The document in its text.
fn root(text: &str, value: Value) -> Piece {
    let is_space = |character: char| matches!(character, '\u{feff}' | ' ' | '\t' | '\n' | '\r');
    let start = text.len() - text.trim_start_matches(is_space).len();
    let end = text.trim_end_matches(is_space).len();
    Piece { entry: start, start, end, key: Text::default(), value }
}

/// How many elements at the start, and after these at the end, are equal in two arrays.
fn equal_ends(old: &Value, new: &Value, comparer: &Comparer) -> (usize, usize) {
    let equal = |at: usize, other: usize| {
        old.index(at).zip(new.index(other)).is_some_and(|(old, new)| comparer.are_equal(old, new))
    };
    let (shared_start, shared_end) = old.shared_ends(new);
    let shorter = old.len().min(new.len());
    let start = shared_start + (shared_start..shorter).take_while(|&at| equal(at, at)).count();
    let most = shorter - start;
    let from_end = |back: &usize| equal(old.len() - 1 - back, new.len() - 1 - back);
    let end = shared_end.min(most);
    (start, end + (end..most).take_while(from_end).count())
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
    source: &'a Source,
    layout: Layout,
    comparer: Comparer,
    out: String,
}

/// Children on each side of those that differ whose white space may be taken as an example.
const BESIDE: usize = 2;

/// The children of a container that are looked at one by one, from the last of those that both
/// have in common at the start to the first of those at the end. What is outside is copied.
struct Middle<'a, 'v> {
    level: Level<'a>,
    slots: Vec<Slot<'v>>,
}

impl<'a> Writer<'a> {
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.source.text().get(start..end).unwrap_or_default()
    }

    /// Writes the text of a piece, changed to say `value`. `inline`: whether what is new around
    /// here stays on its line.
    fn value(&mut self, piece: &Piece, value: &Value, inline: bool) {
        let same_kind = piece.value.kind() == value.kind();
        let is_equal = || !value.is_container() && self.comparer.are_equal(&piece.value, value);
        let is_same = same_kind && (piece.value.is_same(value) || is_equal());
        if is_same || (same_kind && value.is_container() && value.is_empty() && piece.value.is_empty()) {
            self.out.push_str(self.slice(piece.start, piece.end));
        } else if same_kind && value.is_container() && !value.is_empty() {
            self.container(piece, value, inline);
        } else {
            let is_line = |piece: &Piece| !self.slice(piece.start, piece.end).contains('\n');
            let stays = inline || (!piece.value.is_empty() && is_line(piece));
            self.fresh(value, stays);
        }
    }

    fn container(&mut self, piece: &Piece, value: &Value, inline: bool) {
        let Middle { level, slots } = self.middle(piece, value);
        let inside = self.inside(piece, &level, value, inline);
        self.out.push_str(self.slice(piece.start, piece.start + 1));
        for at in 0..slots.len() {
            self.before(&level, &slots, at, &inside);
            match slots.get(at) {
                Some(Slot::Edited(old, value)) => {
                    let Some(child) = level.piece(*old) else { continue };
                    self.out.push_str(self.slice(child.entry, child.start));
                    deep(|| self.value(child, value, inside.inline));
                }
                Some(slot) => self.leaf(&level, slot, &inside),
                None => {}
            }
        }
        self.out.push_str(&inside.tail);
        self.out.push_str(self.slice(piece.end - 1, piece.end));
    }

    fn middle<'v>(&self, piece: &Piece, value: &'v Value) -> Middle<'a, 'v> {
        let old = &piece.value;
        let (start, end) = match (value.is_array(), old.plain_text()) {
            (true, _) => equal_ends(old, value, &self.comparer),
            (false, Some(_)) => old.shared_ends(value),
            // The text may have more entries than the value.
            (false, None) => (0, 0),
        };
        let (first, after) = (start.saturating_sub(BESIDE), end.saturating_sub(BESIDE));
        let new = first..value.len() - after;
        if value.is_array() {
            let level = Level::read(self.source, piece, first..old.len() - after);
            let slots = elements(&level, value, new, &self.comparer);
            return Middle { level, slots };
        }
        let last = if after == 0 { usize::MAX } else { old.len() - after };
        let level = Level::read(self.source, piece, first..last);
        let slots = entries(&level, value, new);
        Middle { level, slots }
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
    fn leaf(&mut self, level: &Level<'_>, slot: &Slot<'_>, inside: &Inside) {
        match slot {
            Slot::Kept(old) => {
                let Some(child) = level.piece(*old) else { return };
                self.out.push_str(self.slice(child.entry, child.end));
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
    fn before(&mut self, level: &Level<'_>, slots: &[Slot<'_>], at: usize, inside: &Inside) {
        let Some(previous) = at.checked_sub(1).and_then(|previous| slots.get(previous)) else {
            self.out.push_str(&inside.lead);
            return;
        };
        // The white space before the comma belongs to the child in front of it.
        let count = level.pieces().len();
        let after = previous.old().map_or(1, |old| old + 1).min(count.saturating_sub(1));
        self.out.push_str(level.gap(after.max(1)).0);
        self.out.push(',');
        let own = slots.get(at).and_then(Slot::old).filter(|&old| old > 0);
        if let Some(own) = own {
            self.out.push_str(level.gap(own).1);
            return;
        }
        let sibling = previous.old().filter(|&old| old > 0).unwrap_or(1);
        let gap = if count > 1 { level.gap(sibling).1 } else { &inside.single };
        self.out.push_str(last_line_break(gap));
    }

    /// How the children of a container are laid out.
    fn inside(&self, piece: &Piece, level: &Level<'_>, value: &Value, inline: bool) -> Inside {
        let layout = &self.layout;
        let habits = Level::habits(self.source, piece);
        let has_children = !habits.pieces().is_empty();
        let (mut lead, mut tail) = (level.gap(0).1.to_owned(), level.tail().to_owned());
        let gaps = || (0..habits.pieces().len()).map(|at| habits.gap(at));
        let spread = |gap: &str| gap.contains('\n');
        let is_line = if has_children {
            !spread(level.last_space()) && !gaps().any(|(before, after)| spread(before) || spread(after))
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
        if self.is_line_by_line(piece) {
            let newline = layout.style.newline.to_owned();
            (lead, tail) = if has_children { (lead, tail) } else { (String::new(), newline.clone()) };
            let colon = layout.colon.clone();
            return Inside {
                inline: true,
                array_sibling: None,
                map_sibling: None,
                lead,
                tail,
                single: newline,
                colon,
            };
        }
        let sibling = |is_array: bool| {
            let mut children = habits.pieces().iter().filter(|child| !child.value.is_empty());
            children.find(|child| child.value.is_array() == is_array).map(|child| habits.is_line(child))
        };
        Inside {
            inline: is_line,
            array_sibling: sibling(true),
            map_sibling: sibling(false),
            single: if is_line { comma.to_owned() } else { lead.clone() },
            colon: self.colon(&habits),
            lead,
            tail,
        }
    }

    /// Whether this is the array whose elements are the lines of a file.
    fn is_line_by_line(&self, piece: &Piece) -> bool {
        let before = self.slice(0, piece.start);
        self.source.bad_lines().is_some() && before.trim_start_matches('\u{feff}').trim_start().is_empty()
    }

    /// What stands between key and value in a map, if its entries agree on it.
    fn colon(&self, habits: &Level<'_>) -> String {
        let mut colons = habits.pieces().iter().map(|piece| habits.colon(piece));
        let first = colons.next().filter(|first| !first.contains('\n'));
        first.filter(|first| colons.all(|colon| colon == *first)).unwrap_or(&self.layout.colon).to_owned()
    }
}

/// The elements in a range of an array, each with what it was.
fn elements<'v>(
    level: &Level<'_>, value: &'v Value, range: Range<usize>, comparer: &Comparer,
) -> Vec<Slot<'v>> {
    let old: Vec<&Value> = level.pieces().iter().map(|piece| &piece.value).collect();
    let new: Vec<&Value> = value.elements().skip(range.start).take(range.len()).collect();
    let slot = |(origin, value)| match origin {
        Origin::Same(at) => Slot::Kept(at),
        Origin::Edited(at) => Slot::Edited(at, value),
        Origin::New => Slot::New(None, value),
    };
    align(&old, &new, comparer).into_iter().zip(new).map(slot).collect()
}

/// The entries in a range of a map, in the order of the value. Of several entries with one key, which only the
/// text can have, the last is the one that counts; the others are kept with it.
fn entries<'v>(level: &Level<'_>, value: &'v Value, range: Range<usize>) -> Vec<Slot<'v>> {
    // Where in the value's order each old entry stands, unless it is gone.
    let place = |piece: &Piece| value.key_position(&piece.key)?.checked_sub(range.start);
    let places: Vec<Option<usize>> = level.pieces().iter().map(place).collect();
    let mut last = vec![None; range.len()];
    let mut first = vec![None; range.len()];
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
        let (_, value) = value.entry(range.start + place)?;
        Some(if is_last { Slot::Edited(old, value) } else { Slot::Kept(old) })
    };
    for (place, (key, value)) in value.entries().skip(range.start).take(range.len()).enumerate() {
        match first.get(place).copied().flatten() {
            None => slots.push(Slot::New(Some(key), value)),
            Some(old) if in_order => {
                slots.extend((written..=old).filter_map(old_slot));
                written = old + 1;
            }
            Some(old) => {
                let own = |old: &usize| places.get(*old) == Some(&Some(place));
                slots.extend((old..places.len()).filter(own).filter_map(old_slot));
            }
        }
    }
    if in_order {
        slots.extend((written..places.len()).filter_map(old_slot));
    }
    slots
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
