//! The tree as rows on the screen, without making them: which containers are open, and from that
//! the row of a path, the path of a row, and a window of rows.
//!
//! What is remembered is how many levels are open, and of the containers inside others those for
//! which that is not so, each with the number of rows shown inside it. A window costs what is seen,
//! an edit or a fold what is open around it. A container of a million elements costs as much as one
//! of ten, closed or open: how many rows are inside it is counted when its text is read.

use super::delta::Delta;
use crate::document::{Nested, Path, Step, Value, deep};

/// Rows that fit on a first screen.
const FIRST_SCREEN: usize = 40;

/// Which containers are open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    root: Fold,
}

/// One container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fold {
    is_open: bool,
    /// So many levels inside it are open, as far as `inner` does not say otherwise.
    levels: usize,
    /// Rows shown inside it: its children's, and what is shown inside those.
    rows: usize,
    /// The containers inside for which `levels` is not all there is to say, by rising position.
    inner: Nested<Vec<Inner>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    /// Its position among the children.
    at: usize,
    /// By how many rows earlier ones differ from what `levels` would show inside them.
    before: isize,
    /// By how many this one does.
    own: isize,
    fold: Fold,
}

/// What is open from a container on.
#[derive(Clone, Copy)]
enum Shape<'a> {
    /// What is remembered of it.
    Noted(&'a Fold),
    /// So many levels.
    Levels(usize),
}

impl<'a> Shape<'a> {
    fn is_open(self, value: &Value) -> bool {
        match self {
            Self::Noted(fold) => fold.is_open,
            Self::Levels(levels) => levels > 0 && !value.is_empty(),
        }
    }

    /// Rows shown inside it.
    fn rows(self, value: &Value) -> usize {
        match self {
            Self::Noted(fold) => fold.rows,
            Self::Levels(levels) => value.inner_count(levels),
        }
    }

    /// What is open from the child at a position on.
    fn inner(self, at: usize) -> Self {
        match self {
            Self::Noted(fold) => fold.inner(at),
            Self::Levels(levels) => Self::Levels(levels.saturating_sub(1)),
        }
    }

    /// Rows shown above the child at a position, from this container's first child on.
    fn rows_above(self, value: &Value, at: usize) -> usize {
        match self {
            Self::Noted(fold) => fold.rows_above(value, at),
            Self::Levels(levels) => value.inner_before(at, levels),
        }
    }

    /// The child that a row inside this container is, or is inside of; and the row inside that.
    fn child_at(self, value: &'a Value, row: usize) -> Option<(usize, usize)> {
        match self {
            Self::Noted(fold) => fold.child_at(value, row),
            Self::Levels(levels) => value.inner_at(row, levels),
        }
    }
}

/// A row of the tree.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which row it is, from 0.
    pub at: usize,
    /// Where the value is.
    pub path: Path,
    /// The value.
    pub value: Value,
    /// Whether it is open; nothing when there is nothing to open.
    pub is_open: Option<bool>,
}

/// The position of a step among the children of a value.
pub(super) fn position(value: &Value, step: &Step) -> Option<usize> {
    match step {
        Step::Key(key) => value.key_position(key),
        Step::Index(at) => (*at < value.len()).then_some(*at),
    }
}

/// The child at a position, and the step to it.
pub(super) fn child_at(value: &Value, at: usize) -> Option<(Step, &Value)> {
    match value.entry(at) {
        Some((key, child)) => Some((Step::Key(key.clone()), child)),
        None => value.index(at).map(|child| (Step::Index(at), child)),
    }
}

/// Positions on the way to a place: they order places as the document does.
pub(super) fn order(root: &Value, path: &Path) -> Vec<usize> {
    let mut value = Some(root);
    let at = |step: &Step| {
        let around = value?;
        value = around.get(step);
        position(around, step)
    };
    path.steps().iter().map_while(at).collect()
}

/// A number of rows beside which others are counted.
fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

impl Fold {
    /// Of a container of which only that is to be said.
    fn of_levels(value: &Value, levels: usize) -> Self {
        let shape = Shape::Levels(levels);
        let inside = levels.saturating_sub(1);
        Self {
            is_open: shape.is_open(value),
            levels: inside,
            rows: shape.rows(value),
            inner: Nested::default(),
        }
    }

    /// Whether that is all there is to say.
    fn is_of_levels(&self, value: &Value, levels: usize) -> bool {
        let is_alike = self.is_open == Shape::Levels(levels).is_open(value);
        is_alike && self.inner.is_empty() && self.levels == levels.saturating_sub(1)
    }

    /// Levels that are open as far as nothing else is remembered, itself included.
    fn levels_from_here(&self) -> usize {
        self.levels.saturating_add(1)
    }

    fn inner(&self, at: usize) -> Shape<'_> {
        let found = self.inner.binary_search_by_key(&at, |inner| inner.at).ok();
        let noted = found.and_then(|found| self.inner.get(found));
        noted.map_or(Shape::Levels(self.levels), |inner| Shape::Noted(&inner.fold))
    }

    /// Rows shown above the child at a position, from this container's first child on.
    fn rows_above(&self, value: &Value, at: usize) -> usize {
        let next = self.inner.partition_point(|inner| inner.at < at);
        let last = next.checked_sub(1).and_then(|last| self.inner.get(last));
        let more = last.map_or(0, |last| last.before + last.own);
        value.inner_before(at, self.levels_from_here()).saturating_add_signed(more)
    }

    /// The child that a row inside is or is inside of, and the row inside that.
    fn child_at(&self, value: &Value, row: usize) -> Option<(usize, usize)> {
        let levels = self.levels_from_here();
        let start = |inner: &Inner| value.inner_before(inner.at, levels).saturating_add_signed(inner.before);
        let next = self.inner.partition_point(|inner| start(inner) <= row);
        let Some(last) = next.checked_sub(1).and_then(|last| self.inner.get(last)) else {
            return value.inner_at(row, levels);
        };
        let inside = row - start(last);
        if inside <= last.fold.rows {
            return Some((last.at, inside));
        }
        value.inner_at(row.saturating_add_signed(-last.before - last.own), levels)
    }

    /// Counts anew, after something in `inner` has changed.
    fn recount(&mut self, value: &Value) {
        let mut before = 0;
        for inner in self.inner.iter_mut() {
            let ruled = child_at(value, inner.at).map_or(0, |(_, child)| child.inner_count(self.levels));
            inner.before = before;
            inner.own = signed(inner.fold.rows) - signed(ruled);
            before += inner.own;
        }
        let ruled = || value.inner_count(self.levels_from_here());
        self.rows = if self.is_open { ruled().saturating_add_signed(before) } else { 0 };
    }

    /// Does something to the fold at a path below this one.
    fn change(&mut self, value: &Value, steps: &[Step], change: &mut dyn FnMut(&mut Self, &Value)) {
        let Some((first, rest)) = steps.split_first() else {
            change(self, value);
            self.recount(value);
            return;
        };
        let (Some(at), Some(child)) = (position(value, first), value.get(first)) else { return };
        let (found, levels) = (self.inner.partition_point(|inner| inner.at < at), self.levels);
        if self.inner.get(found).is_none_or(|inner| inner.at != at) {
            let fold = Self::of_levels(child, levels);
            self.inner.insert(found, Inner { at, before: 0, own: 0, fold });
        }
        if let Some(inner) = self.inner.get_mut(found) {
            deep(|| inner.fold.change(child, rest, change));
            if inner.fold.is_of_levels(child, levels) {
                self.inner.remove(found);
            }
        }
        self.recount(value);
    }

    /// Opens so many levels of what is there now; false when there is more than `budget` to open.
    fn opened(value: &Value, levels: usize, budget: &mut usize) -> Self {
        let mut fold = Self { is_open: levels > 0 && value.is_container(), ..Self::default() };
        if levels > 1 {
            for at in 0..value.len() {
                let Some((_, child)) = child_at(value, at).filter(|(_, child)| !child.is_empty()) else {
                    continue;
                };
                if *budget == 0 {
                    break;
                }
                *budget -= 1;
                let inner = deep(|| Self::opened(child, levels - 1, budget));
                fold.inner.push(Inner { at, before: 0, own: 0, fold: inner });
            }
        }
        fold.recount(value);
        fold
    }

    /// The same folds on the next version of the value.
    fn carried(mut self, delta: &Delta, old: &Value, new: &Value) -> Self {
        if matches!(delta, Delta::Same) {
            return self;
        }
        let is_open = self.is_open && new.is_container();
        let mut fold = Self { is_open, levels: self.levels, ..Self::default() };
        for inner in std::mem::take(&mut *self.inner) {
            let Some((step, before)) = child_at(old, inner.at) else { continue };
            let Some((step, delta)) = delta.child(&step) else { continue };
            let (Some(at), Some(after)) = (position(new, &step), new.get(&step)) else { continue };
            let carried = deep(|| inner.fold.carried(delta, before, after));
            if !carried.is_of_levels(after, fold.levels) {
                fold.inner.push(Inner { at, before: 0, own: 0, fold: carried });
            }
        }
        fold.inner.sort_by_key(|inner| inner.at);
        fold.recount(new);
        fold
    }
}

impl Rows {
    /// As many levels open as fit on a first screen, but at least the root.
    pub fn new(root: &Value) -> Self {
        let mut rows = Self { root: Fold::opened(root, 1, &mut 1) };
        for levels in 2..=9 {
            if rows.count() > FIRST_SCREEN {
                break;
            }
            let mut budget = FIRST_SCREEN;
            let more = Self { root: Fold::opened(root, levels, &mut budget) };
            if budget == 0 || more.count() > FIRST_SCREEN {
                break;
            }
            rows = more;
        }
        rows
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        1 + self.root.rows
    }

    /// The row of a place; nothing when something around it is closed.
    pub fn find(&self, root: &Value, path: &Path) -> Option<usize> {
        let (mut shape, mut value, mut row) = (Shape::Noted(&self.root), root, 0);
        for step in path.steps() {
            if !shape.is_open(value) {
                return None;
            }
            let at = position(value, step)?;
            row += 1 + shape.rows_above(value, at);
            (shape, value) = (shape.inner(at), value.get(step)?);
        }
        Some(row)
    }

    /// The place of a row.
    pub fn at(&self, root: &Value, row: usize) -> Option<Path> {
        self.window(root, row, 1).pop().map(|row| row.path)
    }

    /// The rows from `from` on, at most `count`.
    pub fn window<'a>(&'a self, root: &'a Value, from: usize, count: usize) -> Vec<Row> {
        let Some(mut walk) = Walk::to(&self.root, root, from) else { return Vec::new() };
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count {
            rows.push(walk.row(from + rows.len()));
            if !walk.step() {
                break;
            }
        }
        rows
    }

    /// Whether a place is shown as open.
    pub fn is_open(&self, root: &Value, path: &Path) -> bool {
        let (mut shape, mut value) = (Shape::Noted(&self.root), root);
        for step in path.steps() {
            let Some((at, child)) = position(value, step).zip(value.get(step)) else { return false };
            (shape, value) = (shape.inner(at), child);
        }
        shape.is_open(value)
    }

    /// Opens or closes a place.
    pub fn set_open(&mut self, root: &Value, path: &Path, open: bool) {
        self.root.change(root, path.steps(), &mut |fold, value| fold.is_open = open && value.is_container());
    }

    /// Opens everything around a place, so that it has a row.
    pub fn reveal(&mut self, root: &Value, path: &Path) {
        let mut around = path.parent();
        while let Some(path) = around {
            if !self.is_open(root, &path) {
                self.set_open(root, &path, true);
            }
            around = path.parent();
        }
    }

    /// The place itself when it has a row, else the closed container around it that has one.
    pub fn shown(&self, root: &Value, path: &Path) -> Path {
        let (mut shape, mut value, mut here) = (Shape::Noted(&self.root), root, Path::ROOT);
        for step in path.steps() {
            if !shape.is_open(value) {
                break;
            }
            let Some((at, child)) = position(value, step).zip(value.get(step)) else { break };
            (shape, value, here) = (shape.inner(at), child, here.child(step.clone()));
        }
        here
    }

    /// Opens so many levels and closes all below.
    pub fn open_levels(&mut self, root: &Value, levels: usize) {
        self.root = Fold::of_levels(root, levels);
    }

    /// The same containers open in the next version of the document.
    #[must_use]
    pub fn carried(self, delta: &Delta, old: &Value, new: &Value) -> Self {
        Self { root: self.root.carried(delta, old, new) }
    }
}

/// A row and the way to it, to go on from.
struct Walk<'a> {
    root: (&'a Value, Shape<'a>),
    /// Each container on the way, and the position of the child in it.
    way: Vec<(&'a Value, Shape<'a>, usize)>,
}

impl<'a> Walk<'a> {
    fn to(fold: &'a Fold, root: &'a Value, row: usize) -> Option<Self> {
        let shape = Shape::Noted(fold);
        let mut walk = Self { root: (root, shape), way: Vec::new() };
        if row > fold.rows {
            return None;
        }
        let (mut value, mut shape, mut left) = (root, shape, row);
        while let Some(row) = left.checked_sub(1) {
            let (at, inside) = shape.child_at(value, row)?;
            walk.way.push((value, shape, at));
            let (_, child) = child_at(value, at)?;
            (value, shape, left) = (child, shape.inner(at), inside);
        }
        Some(walk)
    }

    fn here(&self) -> (&'a Value, Shape<'a>) {
        let Some(&(value, shape, at)) = self.way.last() else { return self.root };
        (child_at(value, at).map_or(value, |(_, child)| child), shape.inner(at))
    }

    fn row(&self, at: usize) -> Row {
        let (value, shape) = self.here();
        let steps = self.way.iter().filter_map(|(value, _, at)| child_at(value, *at).map(|(step, _)| step));
        let is_open = (!value.is_empty()).then(|| shape.is_open(value));
        Row { at, path: steps.collect(), value: value.clone(), is_open }
    }

    fn step(&mut self) -> bool {
        let (value, shape) = self.here();
        if shape.is_open(value) && !value.is_empty() {
            self.way.push((value, shape, 0));
            return true;
        }
        while let Some((value, _, at)) = self.way.last_mut() {
            *at += 1;
            if *at < value.len() {
                return true;
            }
            self.way.pop();
        }
        false
    }
}
