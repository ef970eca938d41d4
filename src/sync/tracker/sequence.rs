//! A list whose items know what they were put between.

use super::View;
use crate::sync::ChangeId;

/// One item of a sequence, dead ones included.
struct Item<T> {
    /// Who inserted it; nothing when it was there before the window.
    added: Option<ChangeId>,
    /// The item that was visibly before it for its author; nothing: the start.
    left: Option<usize>,
    /// The next item that existed for its author; nothing: the end.
    right: Option<usize>,
    payload: T,
}

/// A sequence of items in their agreed order, merged as Yjs does with the correction that Joseph
/// Gentle calls yjsmod (`reference-crdts`; Gentle & Kleppmann, `EuroSys` 2025).
pub(super) struct Sequence<T> {
    /// Items by number: the order they came in.
    items: Vec<Item<T>>,
    /// Item numbers in document order.
    order: Vec<usize>,
}

impl<T> Sequence<T> {
    /// A sequence of items that everyone has seen.
    pub(super) fn of(payloads: impl Iterator<Item = T>) -> Self {
        let items: Vec<Item<T>> =
            payloads.map(|payload| Item { added: None, left: None, right: None, payload }).collect();
        let order = (0..items.len()).collect();
        Self { items, order }
    }

    /// The payload of an item.
    #[expect(clippy::indexing_slicing, reason = "item numbers are only made by this sequence")]
    pub(super) fn payload(&self, item: usize) -> &T {
        &self.items[item].payload
    }

    /// The payload of an item, to be changed.
    #[expect(clippy::indexing_slicing, reason = "item numbers are only made by this sequence")]
    pub(super) fn payload_mut(&mut self, item: usize) -> &mut T {
        &mut self.items[item].payload
    }

    /// All items in document order.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    #[expect(clippy::indexing_slicing, reason = "item numbers are only made by this sequence")]
    fn exists(&self, item: usize, view: View<'_>) -> bool {
        self.items[item].added.is_none_or(|added| view.saw(added))
    }

    /// The items that somebody sees, in document order. `is_alive` says whether an item that
    /// they have seen come is still there for them.
    pub(super) fn visible(
        &self, view: View<'_>, is_alive: impl Fn(&T) -> bool,
    ) -> impl Iterator<Item = usize> {
        self.order
            .iter()
            .copied()
            .filter(move |&item| self.exists(item, view) && is_alive(self.payload(item)))
    }

    /// Inserts a run at a visible position, as seen by its author, and gives the numbers of the
    /// new items.
    pub(super) fn insert(
        &mut self, id: ChangeId, position: usize, payloads: Vec<T>, view: View<'_>,
        is_alive: impl Fn(&T) -> bool,
    ) -> Vec<usize> {
        // Places in `order`; the left origin is the item just before `from`.
        let from = self.after_visible(position, view, is_alive);
        let left = from.checked_sub(1).and_then(|at| self.order.get(at)).copied();
        let gap = self.order.iter().skip(from).take_while(|&&item| !self.exists(item, view)).count();
        let right = self.order.get(from + gap).copied();
        let at = self.integrate(id, left, from, right, from + gap);

        let first = self.items.len();
        for (number, payload) in (first..).zip(payloads) {
            let left = if number == first { left } else { Some(number - 1) };
            self.items.push(Item { added: Some(id), left, right, payload });
        }
        let run = first..self.items.len();
        self.order.splice(at..at, run.clone());
        run.collect()
    }

    /// The positions among the visible items where some others belong. `home` gives for an item
    /// that stands for another the one whose place counts: a new item is put before the dead
    /// ones of its gap, so its own place says little.
    pub(super) fn positions(
        &self, of: &[usize], home: impl Fn(usize) -> usize, is_alive: impl Fn(&T) -> bool,
    ) -> Vec<usize> {
        let mut places = vec![0; self.items.len()];
        for (place, &item) in self.order.iter().enumerate() {
            if let Some(entry) = places.get_mut(item) {
                *entry = place;
            }
        }
        let place = |item: usize| places.get(home(item)).copied().unwrap_or_default();
        let visible = self.visible(View::Now, is_alive).enumerate();
        let mut visible: Vec<(usize, usize)> =
            visible.map(|(position, item)| (place(item), position)).collect();
        visible.sort_unstable();
        let before = |item| visible.partition_point(|&(other, _)| other < place(item));
        let after = |last: usize| visible.get(last).map_or(0, |&(_, position)| position + 1);
        of.iter().map(|&item| before(item).checked_sub(1).map_or(0, after)).collect()
    }

    /// The place in `order` just after the `position`-th visible item.
    fn after_visible(&self, position: usize, view: View<'_>, is_alive: impl Fn(&T) -> bool) -> usize {
        if position == 0 {
            return 0;
        }
        let is_visible = |item| self.exists(item, view) && is_alive(self.payload(item));
        let mut visible = self.order.iter().enumerate().filter(|&(_, &item)| is_visible(item));
        visible.nth(position - 1).map_or(self.order.len(), |(at, _)| at + 1)
    }

    /// Where between `from` and `to` in `order` an item belongs that was put between the items
    /// `left` and `right`: everything there is concurrent to it.
    fn integrate(
        &self, id: ChangeId, left: Option<usize>, from: usize, right: Option<usize>, to: usize,
    ) -> usize {
        let left_at = self.left_place(left);
        let right_at = self.right_place(right);
        let mut destination = from;
        let mut scanning = false;
        for (at, &number) in self.order.iter().enumerate().take(to).skip(from) {
            if !scanning {
                destination = at;
            }
            let Some(other) = self.items.get(number) else { break };
            let other_left = self.left_place(other.left);
            if other_left < left_at {
                return destination;
            }
            if other_left == left_at {
                let other_right = self.right_place(other.right);
                if other_right == right_at && other.added.is_some_and(|added| id.author < added.author) {
                    return destination;
                }
                scanning = other_right < right_at;
            }
        }
        if scanning { destination } else { to }
    }

    /// Where an item stands in `order`, from 1; 0 for the start.
    fn left_place(&self, item: Option<usize>) -> usize {
        item.map_or(0, |item| self.place(item) + 1)
    }

    /// Where an item stands in `order`; past the last for the end.
    fn right_place(&self, item: Option<usize>) -> usize {
        item.map_or(self.order.len(), |item| self.place(item))
    }

    fn place(&self, item: usize) -> usize {
        self.order.iter().position(|&number| number == item).unwrap_or(self.order.len())
    }
}
