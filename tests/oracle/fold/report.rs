//! What can be read off a document with its whole history.

use ultrawave::document::{Method, Path, Value};
use ultrawave::sync::{Author, Change, ChangeId, VectorClock};

use super::{Node, Oracle, Spot};

/// Several concurrent values in one slot: where it is, and the values, the one shown first.
pub type Conflict = (Path, Vec<(ChangeId, Value)>);

impl Oracle<'_> {
    /// The slots of the document that hold several concurrent values, from its start on.
    /// Mergeable maps are one value.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for (spot, path) in self.slots() {
            let (mut rest, mut values) = (self.living(&spot, &self.everything), Vec::new());
            while let Some(&first) = rest.first() {
                let side = self.winners(&rest);
                values.push((self.writes[first].by.map(Change::id), self.read(&side, &self.everything)));
                rest.retain(|write| !side.contains(write));
            }
            if values.len() > 1 {
                let by_change =
                    values.into_iter().map(|(by, value)| (by.expect("the initial was seen"), value));
                conflicts.push((path, by_change.collect()));
            }
        }
        conflicts
    }

    /// The edits inside something removed by people who had not seen them, in stamp order.
    pub fn lost_edits(&self) -> Vec<ChangeId> {
        let is_lost = |edit: &Change, container: &[usize]| {
            let makers = || container.iter().map(|&write| &self.writes[write]);
            makers().all(|write| !write.removed_by.is_empty())
                && makers().flat_map(|write| &write.removed_by).all(|remover| !remover.clock.saw(edit.id()))
        };
        let lost =
            self.resolved.iter().filter(|(edit, way)| way.iter().any(|container| is_lost(edit, container)));
        lost.map(|(edit, _)| edit.id()).collect()
    }

    /// Where the slot is now that somebody with this clock saw at a path; nothing if there was or
    /// is nothing in it.
    pub fn locate(&self, seen: &VectorClock, path: &Path) -> Option<Path> {
        let author = Author(u32::MAX);
        let mut clock = seen.clone();
        clock.set(author, 1);
        let look = Change { author, clock, path: path.clone(), method: Method::Delete };
        let (wanted, _, _) = self.walk(&look)?;
        if self.shown(&wanted, seen).is_empty() {
            return None;
        }
        let is_wanted = |spot: &Spot| match (spot, &wanted) {
            (Spot::Root, Spot::Root) => true,
            (Spot::Key(now, key), Spot::Key(then, wanted)) => {
                key == wanted && now.iter().any(|map| then.contains(map))
            }
            (Spot::Element(list, name), Spot::Element(then, wanted)) => (list, name) == (then, wanted),
            _ => false,
        };
        self.slots().into_iter().find(|(spot, _)| is_wanted(spot)).map(|(_, path)| path)
    }

    /// The values and characters on show that an author other than this one wrote: the change,
    /// and which of all that it wrote.
    pub fn shown_of_others(&self, author: Author) -> Vec<(ChangeId, usize)> {
        let by = |write: usize| self.writes[write].by.map(Change::id);
        let mut found = Vec::new();
        for (spot, _) in self.slots() {
            let mut shown = self.shown(&spot, &self.everything);
            if let Node::Characters(_) = self.writes[shown[0]].node {
                let characters = self.children(&shown, &self.everything).into_iter();
                shown.extend(characters.flat_map(|(_, spot)| self.shown(&spot, &self.everything)));
            }
            for write in shown {
                if let Some(id) = by(write).filter(|id| id.author != author) {
                    found.push((id, (0..write).filter(|&other| by(other) == Some(id)).count()));
                }
            }
        }
        found
    }

    /// All slots on show, with their paths, in document order.
    fn slots(&self) -> Vec<(Spot, Path)> {
        let (mut slots, mut next) = (Vec::new(), vec![(Spot::Root, Path::ROOT)]);
        while let Some((spot, path)) = next.pop() {
            let shown = self.shown(&spot, &self.everything);
            if !matches!(self.writes[shown[0]].node, Node::Scalar(_) | Node::Characters(_)) {
                let children = self.children(&shown, &self.everything).into_iter().rev();
                next.extend(children.map(|(step, spot)| (spot, path.child(step))));
            }
            slots.push((spot, path));
        }
        slots
    }
}
