//! A long text in pieces, so that typing into it does not cost its length.
//!
//! A B+ tree of counted, reference-counted nodes, like a [`List`](super::list::List), whose leaves
//! are pieces of the text: a copy costs a reference count, and a splice copies a few leaves at
//! most. A piece that is spelled as this program spells it is kept as what it says, where a
//! character is found by its position at once while all are ASCII; any other is kept as it stands.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use super::text::{Text, Units};

/// Bytes of a leaf, at most.
const LEAF: usize = 512;
/// Children of an inner node, at most.
const FAN: usize = 32;

/// A long text.
pub(super) struct Rope {
    root: Node,
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

impl Clone for Rope {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), whole: OnceLock::new() }
    }
}

impl Rope {
    /// The text with this spelling, in which there is no half of a surrogate pair.
    pub(super) fn new(raw: &str) -> Self {
        let mut rope = Self {
            root: Node::Leaf(Arc::new(Piece { text: String::new(), scalars: 0, is_raw: false })),
            whole: OnceLock::new(),
        };
        rope.insert(0, raw);
        rope
    }

    /// How many Unicode scalar values it says.
    pub(super) fn scalars(&self) -> usize {
        self.root.scalars()
    }

    /// The whole spelling.
    pub(super) fn raw(&self) -> &str {
        self.whole.get_or_init(|| {
            let mut raw = String::new();
            self.root.write(0, self.scalars(), &mut raw);
            raw.into()
        })
    }

    /// The spelling of `count` scalar values from `start` on, all of which there are.
    pub(super) fn slice(&self, start: usize, count: usize) -> Text {
        if count == 0 {
            return Text::default();
        }
        if let Some((piece, start)) = self.root.around(start, count) {
            return Text::from_raw(&piece.spelling(start, start + count));
        }
        let mut raw = String::new();
        self.root.write(start, count, &mut raw);
        Text::from_raw(&raw)
    }

    /// Removes `count` scalar values from `start` on, all of which there are.
    pub(super) fn remove(&mut self, start: usize, count: usize) {
        if count == 0 {
            return;
        }
        self.whole = OnceLock::new();
        self.root.remove(start, count);
        while let Node::Inner(inner) = &mut self.root
            && inner.children.len() <= 1
        {
            let only = Arc::make_mut(inner).children.pop();
            self.root = only.map_or_else(|| Self::new("").root, |(_, child)| child);
        }
    }

    /// Inserts a spelling before a position, and says how many scalar values that are.
    pub(super) fn insert(&mut self, at: usize, raw: &str) -> usize {
        self.whole = OnceLock::new();
        let (mut rest, mut inserted) = (raw, 0);
        while !rest.is_empty() {
            let (first, after) = rest.split_at_checked(cut(rest)).unwrap_or((rest, ""));
            let part = Part::new(first);
            if let Some(right) = self.root.insert(at + inserted, &part) {
                let left = std::mem::replace(&mut self.root, Node::join(Vec::new()));
                self.root = Node::join(vec![(left.scalars(), left), (right.scalars(), right)]);
            }
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
        self.shrink(number.min(self.children.len().saturating_sub(1)));
    }

    /// Joins a child that has grown small with a neighbour.
    fn shrink(&mut self, number: usize) {
        let Some((size, full)) = self.children.get(number).map(|(_, child)| child.size()) else { return };
        if size > full / 4 || self.children.len() < 2 {
            return;
        }
        let left = number.saturating_sub(1);
        let both = self.children.iter().skip(left).take(2).map(|(_, child)| child.size().0).sum::<usize>();
        if both > full * 3 / 4 {
            return;
        }
        let (_, right) = self.children.remove(left + 1);
        if let Some((scalars, child)) = self.children.get_mut(left) {
            child.append(right);
            *scalars = child.scalars();
        }
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

    /// How many bytes or children it has, and how many it may have.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Leaf(piece) => (piece.text.len(), LEAF),
            Self::Inner(inner) => (inner.children.len(), FAN),
        }
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

    /// Adds the contents of a node of the same height.
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
mod tests {
    use super::*;

    /// A small generator, so that a failure can be had again.
    fn numbers(mut seed: u64) -> impl FnMut(usize) -> usize {
        move |below| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % 1_000_003).unwrap_or(0) % below.max(1)
        }
    }

    #[test]
    fn it_is_the_spelling_that_it_stands_for() {
        const LETTERS: [&str; 9] = ["a", "b", "é", "€", "😀", "\\n", "\\u0041", "\\ud83d\\ude00", "\\/"];
        for seed in 1..25 {
            let mut next = numbers(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
            // Some texts are ASCII alone, some plain, some spelled oddly.
            let kinds = [1, 3, 6, 9][next(4)];
            let mut letters: Vec<&str> = (0..next(4_000)).map(|_| LETTERS[next(kinds)]).collect();
            let mut rope = Rope::new(&letters.concat());
            for round in 0..400 {
                let start = next(letters.len() + 1);
                let kept = (round % 9 == 0).then(|| (rope.clone(), letters.concat()));
                let count = next(if round % 20 == 0 { 1_500 } else { 3 }).min(letters.len() - start);
                let new: Vec<&str> =
                    (0..next(if round % 30 == 0 { 900 } else { 3 })).map(|_| LETTERS[next(kinds)]).collect();
                assert_eq!(rope.slice(start, count).raw(), letters[start..start + count].concat());
                rope.remove(start, count);
                rope.insert(start, &new.concat());
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
