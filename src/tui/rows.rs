//! The tree as rows on the screen, without making them: which containers are open, and from that
//! the row of a path, the path of a row, and a window of rows.
//!
//! Only open containers that are inside others are remembered, each with the number of rows shown
//! inside it, so a window costs what is seen, and an edit or a fold what is open around it. A
//! container of a million elements that are closed costs as much as one of ten.

use super::delta::Delta;
use crate::document::{Nested, Path, Step, Value, deep};

/// Containers opened at once by "open everything"; beyond it only the memory would notice.
const OPEN_AT_ONCE: usize = 200_000;

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
    /// Rows shown inside it: its children's, and what is shown inside those.
    rows: usize,
    /// Containers inside that are open or have open ones in them, by rising position.
    inner: Nested<Vec<Inner>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    /// Its position among the children.
    at: usize,
    /// Rows shown inside earlier ones.
    before: usize,
    fold: Fold,
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

impl Fold {
    fn inner(&self, at: usize) -> Option<&Self> {
        let found = self.inner.binary_search_by_key(&at, |inner| inner.at).ok()?;
        self.inner.get(found).map(|inner| &inner.fold)
    }

    /// Rows shown above the child at a position, from this container's first child on.
    fn rows_above(&self, at: usize) -> usize {
        let next = self.inner.partition_point(|inner| inner.at < at);
        let last = next.checked_sub(1).and_then(|last| self.inner.get(last));
        at + last.map_or(0, |last| last.before + last.fold.rows)
    }

    /// Counts anew, after something in `inner` has changed.
    fn recount(&mut self, len: usize) {
        let mut before = 0;
        for inner in self.inner.iter_mut() {
            inner.before = before;
            before += inner.fold.rows;
        }
        self.rows = if self.is_open { len + before } else { 0 };
    }

    /// Does something to the fold at a path below this one.
    fn change(&mut self, value: &Value, steps: &[Step], change: &mut dyn FnMut(&mut Self, &Value)) {
        let Some((first, rest)) = steps.split_first() else {
            change(self, value);
            self.recount(value.len());
            return;
        };
        let (Some(at), Some(child)) = (position(value, first), value.get(first)) else { return };
        let found = self.inner.partition_point(|inner| inner.at < at);
        if self.inner.get(found).is_none_or(|inner| inner.at != at) {
            self.inner.insert(found, Inner { at, before: 0, fold: Self::default() });
        }
        if let Some(inner) = self.inner.get_mut(found) {
            deep(|| inner.fold.change(child, rest, change));
            if !inner.fold.is_open && inner.fold.inner.is_empty() {
                self.inner.remove(found);
            }
        }
        self.recount(value.len());
    }

    /// Opens so many levels; false when there is more than `budget` to open.
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
                fold.inner.push(Inner { at, before: 0, fold: inner });
            }
        }
        fold.recount(value.len());
        fold
    }

    /// The same folds on the next version of the value.
    fn carried(mut self, delta: &Delta, old: &Value, new: &Value) -> Self {
        if matches!(delta, Delta::Same) {
            return self;
        }
        let mut fold = Self { is_open: self.is_open && new.is_container(), ..Self::default() };
        for inner in std::mem::take(&mut *self.inner) {
            let Some((step, before)) = child_at(old, inner.at) else { continue };
            let Some((step, delta)) = delta.child(&step) else { continue };
            let (Some(at), Some(after)) = (position(new, &step), new.get(&step)) else { continue };
            let carried = deep(|| inner.fold.carried(delta, before, after));
            if carried.is_open || !carried.inner.is_empty() {
                fold.inner.push(Inner { at, before: 0, fold: carried });
            }
        }
        fold.inner.sort_by_key(|inner| inner.at);
        fold.recount(new.len());
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
        let (mut fold, mut value, mut row) = (Some(&self.root), root, 0);
        for step in path.steps() {
            let open = fold.filter(|fold| fold.is_open)?;
            let at = position(value, step)?;
            row += 1 + open.rows_above(at);
            (fold, value) = (open.inner(at), value.get(step)?);
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
        let (mut fold, mut value) = (&self.root, root);
        for step in path.steps() {
            let inner = position(value, step).and_then(|at| fold.inner(at)).zip(value.get(step));
            let Some(next) = inner else { return false };
            (fold, value) = next;
        }
        fold.is_open
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
        let (mut fold, mut value, mut here) = (Some(&self.root), root, Path::ROOT);
        for step in path.steps() {
            let Some(open) = fold.filter(|fold| fold.is_open) else { break };
            let Some((at, child)) = position(value, step).zip(value.get(step)) else { break };
            (fold, value, here) = (open.inner(at), child, here.child(step.clone()));
        }
        here
    }

    /// Opens so many levels and closes all below. False when that is too much to open; then as
    /// much as may be is open.
    pub fn open_levels(&mut self, root: &Value, levels: usize) -> bool {
        let mut budget = OPEN_AT_ONCE;
        self.root = Fold::opened(root, levels, &mut budget);
        budget > 0
    }

    /// The same containers open in the next version of the document.
    #[must_use]
    pub fn carried(self, delta: &Delta, old: &Value, new: &Value) -> Self {
        Self { root: self.root.carried(delta, old, new) }
    }
}

/// A row and the way to it, to go on from.
struct Walk<'a> {
    root: (&'a Value, &'a Fold),
    /// Each container on the way, and the position of the child in it.
    way: Vec<(&'a Value, &'a Fold, usize)>,
}

impl<'a> Walk<'a> {
    fn to(fold: &'a Fold, root: &'a Value, row: usize) -> Option<Self> {
        let mut walk = Self { root: (root, fold), way: Vec::new() };
        if row > fold.rows {
            return None;
        }
        let (mut value, mut fold, mut left) = (root, fold, row);
        while let Some(inside) = left.checked_sub(1) {
            let next = fold.inner.partition_point(|inner| inner.at + inner.before <= inside);
            let last = next.checked_sub(1).and_then(|last| fold.inner.get(last));
            let Some(last) = last else {
                walk.way.push((value, fold, inside));
                break;
            };
            let offset = inside - last.at - last.before;
            if offset <= last.fold.rows {
                walk.way.push((value, fold, last.at));
                let (_, child) = child_at(value, last.at)?;
                (value, fold, left) = (child, &last.fold, offset);
            } else {
                walk.way.push((value, fold, last.at + offset - last.fold.rows));
                break;
            }
        }
        Some(walk)
    }

    fn here(&self) -> (&'a Value, Option<&'a Fold>) {
        match self.way.last() {
            None => (self.root.0, Some(self.root.1)),
            Some((value, fold, at)) => {
                (child_at(value, *at).map_or(value, |(_, child)| child), fold.inner(*at))
            }
        }
    }

    fn row(&self, at: usize) -> Row {
        let (value, fold) = self.here();
        let steps = self.way.iter().filter_map(|(value, _, at)| child_at(value, *at).map(|(step, _)| step));
        let is_open = (!value.is_empty()).then(|| fold.is_some_and(|fold| fold.is_open));
        Row { at, path: steps.collect(), value: value.clone(), is_open }
    }

    fn step(&mut self) -> bool {
        if let (value, Some(fold)) = self.here()
            && fold.rows > 0
        {
            self.way.push((value, fold, 0));
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
