//! A long text in pieces, so that typing into it does not cost its length.
//!
//! A B+ tree of counted, reference-counted nodes, like a [`List`](super::list::List), whose leaves
//! are pieces of the text: a copy costs a reference count, and a splice copies a few leaves at
//! most. A piece that is spelled as this program spells it is kept as what it says, where a
//! character is found by its position at once while all are ASCII; any other is kept as it stands.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::balance::{Counted, shrink};
use super::text::{Text, Units};

/// Bytes of a leaf, at most.
const LEAF: usize = 512;
/// Children of an inner node, at most.
const FAN: usize = 32;
/// Bytes that are typed at one place before they are put into the tree.
const TYPED: usize = 128;

/// A long text.
pub(super) struct Rope {
    root: Node,
    /// What somebody is typing, not yet in the tree.
    typed: Typed,
    /// The whole spelling, from when somebody first asks for it until the next splice.
    whole: OnceLock<Box<str>>,
}

#[derive(Clone)]
enum Node {
    Leaf(Arc<Piece>),
    Inner(Arc<Inner>),
}

#[derive(Clone)]
struct Inner {
    scalars: usize,
    /// Each child with how many scalar values it says.
    children: Vec<(usize, Node)>,
}

/// A piece of a text.
#[derive(Clone)]
struct Piece {
    text: String,
    scalars: usize,
    /// Whether `text` is a spelling, with escapes; else it is what the piece says.
    is_raw: bool,
}

/// What is inserted into a piece.
struct Part<'a> {
    text: Cow<'a, str>,
    scalars: usize,
    is_raw: bool,
}

/// What somebody types at one place: instead of `gone` scalar values from `at` on there is `text`.
/// Every keystroke alters this alone, until somebody types elsewhere.
#[derive(Clone, Default)]
struct Typed {
    at: usize,
    gone: usize,
    /// What it says, not how it is spelled: all that is typed so is spelled as usual.
    text: String,
    scalars: usize,
}

impl Clone for Rope {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), typed: self.typed.clone(), whole: OnceLock::new() }
    }
}

impl Rope {
    /// The text with this spelling, in which there is no half of a surrogate pair.
    pub(super) fn new(raw: &str) -> Self {
        let mut rope = Self {
            root: Node::Leaf(Arc::new(Piece { text: String::new(), scalars: 0, is_raw: false })),
            typed: Typed::default(),
            whole: OnceLock::new(),
        };
        rope.insert_into_tree(0, raw);
        rope
    }

    /// How many Unicode scalar values it says.
    pub(super) fn scalars(&self) -> usize {
        self.root.scalars() - self.typed.gone + self.typed.scalars
    }

    /// The whole spelling.
    pub(super) fn raw(&self) -> &str {
        self.whole.get_or_init(|| {
            let Typed { at, gone, text, .. } = &self.typed;
            let mut raw = String::new();
            self.root.write(0, *at, &mut raw);
            raw.push_str(&Text::escape(text));
            self.root.write(at + gone, self.root.scalars() - at - gone, &mut raw);
            raw.into()
        })
    }

    /// Removes `count` scalar values from `start` on, all of which there are, and gives them.
    pub(super) fn remove(&mut self, start: usize, count: usize) -> Text {
        if count == 0 {
            return Text::default();
        }
        self.whole.take();
        let typed = &mut self.typed;
        // What stands behind is taken away; what was typed last, or more of what stands before it.
        if start == typed.at + typed.scalars {
            let removed = self.root.slice(typed.at + typed.gone, count);
            typed.gone += count;
            return removed;
        }
        if start + count == typed.at + typed.scalars {
            if let Some(kept) = typed.scalars.checked_sub(count) {
                let offset = if typed.text.len() == typed.scalars {
                    kept
                } else {
                    typed.text.char_indices().nth(kept).map_or(typed.text.len(), |(offset, _)| offset)
                };
                typed.scalars = kept;
                let removed = Text::new(typed.text.get(offset..).unwrap_or_default());
                typed.text.truncate(offset);
                return removed;
            }
            if typed.scalars == 0 {
                typed.at = start;
                typed.gone += count;
                return self.root.slice(start, count);
            }
        }
        self.settle();
        let removed = self.root.slice(start, count);
        self.typed = Typed { at: start, gone: count, ..Typed::default() };
        removed
    }

    /// Inserts a spelling before a position, and says how many scalar values that are.
    pub(super) fn insert(&mut self, at: usize, raw: &str) -> usize {
        self.whole.take();
        let part = if raw.len() <= TYPED / 4 { Part::new(raw) } else { return self.insert_long(at, raw) };
        if part.is_raw {
            return self.insert_long(at, raw);
        }
        let typed = self.typed_at(at, part.text.len());
        typed.text.push_str(&part.text);
        typed.scalars += part.scalars;
        part.scalars
    }

    /// Inserts an ASCII letter that is spelled as it is; 1.
    #[inline]
    pub(super) fn insert_letter(&mut self, at: usize, letter: u8) -> usize {
        self.whole.take();
        let typed = self.typed_at(at, 1);
        typed.text.push(char::from(letter));
        typed.scalars += 1;
        1
    }

    /// What is being typed, with room for so many bytes more at a position.
    #[inline]
    fn typed_at(&mut self, at: usize, bytes: usize) -> &mut Typed {
        if at != self.typed.at + self.typed.scalars || self.typed.text.len() + bytes > TYPED {
            self.settle();
            self.typed.at = at;
        }
        &mut self.typed
    }

    fn insert_long(&mut self, at: usize, raw: &str) -> usize {
        self.settle();
        self.insert_into_tree(at, raw)
    }

    /// Puts what has been typed into the tree.
    fn settle(&mut self) {
        let Typed { at, gone, text, scalars } = &mut self.typed;
        let part = Part { text: Cow::Borrowed(text), scalars: *scalars, is_raw: false };
        if *gone > 0 {
            self.root.remove(*at, *gone);
            while let Node::Inner(inner) = &mut self.root
                && inner.children.len() <= 1
            {
                let only = Arc::make_mut(inner).children.pop();
                self.root = only.map_or_else(|| Self::new("").root, |(_, child)| child);
            }
        }
        if *scalars > 0 {
            self.root.put(*at, &part);
        }
        text.clear();
        (*at, *gone, *scalars) = (0, 0, 0);
    }

    fn insert_into_tree(&mut self, at: usize, raw: &str) -> usize {
        let (mut rest, mut inserted) = (raw, 0);
        while !rest.is_empty() {
            let (first, after) = rest.split_at_checked(cut(rest)).unwrap_or((rest, ""));
            let part = Part::new(first);
            self.root.put(at + inserted, &part);
            inserted += part.scalars;
            rest = after;
        }
        inserted
    }
}

/// Where to cut a spelling so that the first part is not too long and no code point is divided.
fn cut(raw: &str) -> usize {
    if raw.len() <= LEAF / 2 {
        return raw.len();
    }
    let mut units = Units::new(raw);
    while raw.len() - units.rest().len() < LEAF / 2 - 12 && units.next().is_some() {}
    raw.len() - units.rest().len()
}

impl<'a> Part<'a> {
    /// The part with this spelling.
    fn new(raw: &'a str) -> Self {
        if !raw.as_bytes().contains(&b'\\') {
            return Self { text: Cow::Borrowed(raw), scalars: raw.chars().count(), is_raw: false };
        }
        let scalars = Units::new(raw).count();
        let plain = Text::from_raw(raw).plain().into_owned();
        let is_raw = Text::escape(&plain) != raw;
        Self { text: if is_raw { Cow::Borrowed(raw) } else { Cow::Owned(plain) }, scalars, is_raw }
    }
}

impl Piece {
    /// The byte at which a scalar value begins.
    fn offset(&self, at: usize) -> usize {
        if self.scalars == self.text.len() {
            return at;
        }
        if self.is_raw {
            let mut units = Units::new(&self.text);
            (0..at).all(|_| units.next().is_some());
            return self.text.len() - units.rest().len();
        }
        self.text.char_indices().nth(at).map_or(self.text.len(), |(offset, _)| offset)
    }

    /// The spelling of a part.
    fn spelling(&self, start: usize, end: usize) -> Cow<'_, str> {
        let part = self.text.get(self.offset(start)..self.offset(end)).unwrap_or_default();
        if self.is_raw { Cow::Borrowed(part) } else { Text::escape(part) }
    }

    fn insert(&mut self, at: usize, part: &Part<'_>) {
        if part.is_raw && !self.is_raw {
            self.text = self.spelling(0, self.scalars).into_owned();
            self.is_raw = true;
        }
        let offset = self.offset(at);
        if self.is_raw && !part.is_raw {
            self.text.insert_str(offset, &Text::escape(&part.text));
        } else {
            self.text.insert_str(offset, &part.text);
        }
        self.scalars += part.scalars;
    }

    fn remove(&mut self, start: usize, count: usize) {
        let (from, to) = (self.offset(start), self.offset(start + count));
        self.text.replace_range(from..to, "");
        self.scalars -= count;
    }

    /// Cuts the second half off.
    fn split(&mut self) -> Self {
        let half = self.scalars / 2;
        let offset = self.offset(half);
        let right =
            Self { text: self.text.split_off(offset), scalars: self.scalars - half, is_raw: self.is_raw };
        self.scalars = half;
        right
    }
}

impl Inner {
    /// The child that holds the place before a position, and that place inside it. Between two
    /// children it is at the end of the first, where typing goes on.
    fn find(&self, mut at: usize) -> Option<(usize, usize)> {
        for (number, (scalars, _)) in self.children.iter().enumerate() {
            if at <= *scalars {
                return Some((number, at));
            }
            at -= scalars;
        }
        None
    }

    fn remove(&mut self, start: usize, count: usize) {
        self.scalars -= count;
        let (mut number, mut start, mut left) = (0, start, count);
        while left > 0
            && let Some((scalars, child)) = self.children.get_mut(number)
        {
            if start >= *scalars {
                start -= *scalars;
                number += 1;
                continue;
            }
            let here = left.min(*scalars - start);
            left -= here;
            if here == *scalars {
                self.children.remove(number);
                continue;
            }
            child.remove(start, here);
            *scalars -= here;
            if left > 0 {
                number += 1;
                start = 0;
            }
        }
        let number = number.min(self.children.len().saturating_sub(1));
        shrink(&mut self.children, number);
    }
}

impl Node {
    fn join(children: Vec<(usize, Self)>) -> Self {
        let scalars = children.iter().map(|(scalars, _)| scalars).sum();
        Self::Inner(Arc::new(Inner { scalars, children }))
    }

    fn scalars(&self) -> usize {
        match self {
            Self::Leaf(piece) => piece.scalars,
            Self::Inner(inner) => inner.scalars,
        }
    }

    /// Inserts at the root.
    fn put(&mut self, at: usize, part: &Part<'_>) {
        if let Some(right) = self.insert(at, part) {
            let left = std::mem::replace(self, Self::join(Vec::new()));
            *self = Self::join(vec![(left.scalars(), left), (right.scalars(), right)]);
        }
    }

    /// The spelling of `count` scalar values from `start` on, all of which there are.
    fn slice(&self, start: usize, count: usize) -> Text {
        if let Some((piece, start)) = self.around(start, count) {
            return Text::from_raw(&piece.spelling(start, start + count));
        }
        let mut raw = String::new();
        self.write(start, count, &mut raw);
        Text::from_raw(&raw)
    }

    /// The one piece that holds a part, if there is one, and where in it the part begins.
    fn around(&self, mut start: usize, count: usize) -> Option<(&Piece, usize)> {
        let mut node = self;
        loop {
            match node {
                Self::Leaf(piece) => return (start + count <= piece.scalars).then_some((&**piece, start)),
                Self::Inner(inner) => {
                    let mut children = inner.children.iter();
                    node = loop {
                        let (scalars, child) = children.next()?;
                        if start < *scalars {
                            break child;
                        }
                        start -= scalars;
                    };
                }
            }
        }
    }

    fn write(&self, start: usize, count: usize, out: &mut String) {
        match self {
            Self::Leaf(piece) => out.push_str(&piece.spelling(start, start + count)),
            Self::Inner(inner) => {
                let (mut start, mut left) = (start, count);
                for (scalars, child) in &inner.children {
                    let here = left.min(scalars.saturating_sub(start));
                    if here > 0 {
                        child.write(start, here, out);
                        left -= here;
                    }
                    start = start.saturating_sub(*scalars);
                    if left == 0 {
                        break;
                    }
                }
            }
        }
    }

    /// Inserts; gives what was split off at the right if there was no room.
    fn insert(&mut self, at: usize, part: &Part<'_>) -> Option<Self> {
        match self {
            Self::Leaf(leaf) => {
                let leaf = Arc::make_mut(leaf);
                leaf.insert(at, part);
                (leaf.text.len() > LEAF).then(|| Self::Leaf(Arc::new(leaf.split())))
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                inner.scalars += part.scalars;
                let (number, inside) = inner.find(at)?;
                let (scalars, child) = inner.children.get_mut(number)?;
                let split = child.insert(inside, part);
                *scalars = child.scalars();
                inner.children.insert(number + 1, split.map(|right| (right.scalars(), right))?);
                if inner.children.len() <= FAN {
                    return None;
                }
                let right = Self::join(inner.children.split_off(FAN / 2));
                inner.scalars -= right.scalars();
                Some(right)
            }
        }
    }

    fn remove(&mut self, start: usize, count: usize) {
        match self {
            Self::Leaf(piece) => Arc::make_mut(piece).remove(start, count),
            Self::Inner(inner) => Arc::make_mut(inner).remove(start, count),
        }
    }
}

impl Counted for Node {
    fn count(&self) -> usize {
        self.scalars()
    }

    /// How many bytes or children it has, and how many it may have.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Leaf(piece) => (piece.text.len(), LEAF),
            Self::Inner(inner) => (inner.children.len(), FAN),
        }
    }

    fn append(&mut self, right: Self) {
        match (self, right) {
            (Self::Leaf(left), Self::Leaf(right)) => {
                let left = Arc::make_mut(left);
                let part =
                    Part { text: Cow::Borrowed(&right.text), scalars: right.scalars, is_raw: right.is_raw };
                left.insert(left.scalars, &part);
            }
            (Self::Inner(left), Self::Inner(right)) => {
                let left = Arc::make_mut(left);
                left.scalars += right.scalars;
                left.children.extend(Arc::unwrap_or_clone(right).children);
            }
            (Self::Leaf(_), Self::Inner(_)) | (Self::Inner(_), Self::Leaf(_)) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::balance::numbers;

    #[test]
    fn it_is_the_spelling_that_it_stands_for() {
        const LETTERS: [&str; 9] = ["a", "b", "é", "€", "😀", "\\n", "\\u0041", "\\ud83d\\ude00", "\\/"];
        for seed in 1..25 {
            let mut next = numbers(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
            // Some texts are ASCII alone, some plain, some spelled oddly.
            let kinds = [1, 3, 6, 9][next(4)];
            let mut letters: Vec<&str> = (0..next(4_000)).map(|_| LETTERS[next(kinds)]).collect();
            let mut rope = Rope::new(&letters.concat());
            let mut cursor = 0_usize;
            for round in 0..400 {
                // Mostly somebody types on, or takes back.
                let start = match next(5) {
                    0 => next(letters.len() + 1),
                    1 => cursor.saturating_sub(1 + next(3)),
                    _ => cursor,
                };
                let start = start.min(letters.len());
                let kept = (round % 9 == 0).then(|| (rope.clone(), letters.concat()));
                let count = next(if round % 20 == 0 { 1_500 } else { 3 }).min(letters.len() - start);
                let new: Vec<&str> =
                    (0..next(if round % 30 == 0 { 900 } else { 3 })).map(|_| LETTERS[next(kinds)]).collect();
                assert_eq!(rope.remove(start, count).raw(), letters[start..start + count].concat());
                rope.insert(start, &new.concat());
                cursor = start + new.len();
                letters.splice(start..start + count, new);
                assert_eq!(rope.scalars(), letters.len());
                if let Some((rope, raw)) = kept {
                    assert_eq!(rope.raw(), raw, "a copy is not disturbed");
                }
                if round % 10 == 0 {
                    assert_eq!(rope.raw(), letters.concat());
                }
            }
            assert_eq!(rope.raw(), letters.concat());
        }
    }
}
