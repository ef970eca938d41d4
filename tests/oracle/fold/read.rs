//! The document as somebody sees it: what they have not seen come is not there yet, and what they
//! have not seen go still is.

use ultrawave::document::{Step, Value};
use ultrawave::sync::{Change, VectorClock};

use super::characters::from_raw;
use super::{Node, Oracle, Place, Spot, Write};

impl Oracle<'_> {
    /// The document.
    pub fn value(&self) -> Value {
        self.value_in(&self.everything)
    }

    /// The document as somebody with this clock saw it.
    pub fn value_in(&self, context: &VectorClock) -> Value {
        self.read(&self.shown(&Spot::Root, context), context)
    }

    /// The values in a slot that somebody with this clock sees, of the lowest author first.
    pub(super) fn living(&self, spot: &Spot, context: &VectorClock) -> Vec<usize> {
        let mut living = match spot {
            Spot::Root => self.root.clone(),
            Spot::Key(maps, key) => maps.iter().flat_map(|&map| self.key(map, key)).copied().collect(),
            Spot::Element(list, name) => {
                let element = self.elements(*list).iter().find(|element| element.name == *name);
                element.expect("it was found there").slot.clone()
            }
            Spot::End(_) => Vec::new(),
        };
        living.sort_by_key(|&write| self.writes[write].by.map(Change::id));
        living.dedup();
        living.retain(|&write| {
            let Write { by, removed_by, .. } = &self.writes[write];
            by.is_none_or(|by| context.saw(by.id()))
                && !removed_by.iter().any(|remover| context.saw(remover.id()))
        });
        living
    }

    /// The value shown in a slot: one, or several mergeable maps shown as one, or none.
    pub(super) fn shown(&self, spot: &Spot, context: &VectorClock) -> Vec<usize> {
        self.winners(&self.living(spot, context))
    }

    /// Of values that live in one slot the first, with all the others if they are shown as one.
    pub(super) fn winners(&self, living: &[usize]) -> Vec<usize> {
        let mergeable = |&write: &usize| matches!(self.writes[write].node, Node::Map { mergeable: true, .. });
        let mut winners = living.to_vec();
        if winners.first().is_some_and(mergeable) {
            winners.retain(mergeable);
        } else {
            winners.truncate(1);
        }
        winners
    }

    /// The names of the elements of a list that somebody with this clock sees.
    pub(super) fn visible(&self, list: usize, context: &VectorClock) -> Vec<usize> {
        let names = self.elements(list).iter().map(|element| element.name);
        names.filter(|&name| !self.living(&Spot::Element(list, name), context).is_empty()).collect()
    }

    /// The children of what is shown in a slot, in order.
    pub(super) fn children(&self, shown: &[usize], context: &VectorClock) -> Vec<(Step, Spot)> {
        let Node::Map { .. } = &self.writes[shown[0]].node else {
            let visible = self.visible(shown[0], context).into_iter().enumerate();
            return visible.map(|(at, name)| (Step::Index(at), Spot::Element(shown[0], name))).collect();
        };
        let mut children: Vec<(Place, Spot)> = Vec::new();
        for map in shown {
            let Node::Map { keys, .. } = &self.writes[*map].node else { continue };
            for (key, _) in keys {
                let spot = Spot::Key(shown.to_vec(), key.clone());
                if let Some(place) = self.place(&self.living(&spot, context))
                    && !children.iter().any(|(Place(.., known), _)| known == key)
                {
                    children.push((place, spot));
                }
            }
        }
        children.sort_by_key(|(Place(stamp, position, _), _)| (*stamp, *position));
        children.into_iter().map(|(Place(.., key), spot)| (Step::Key(key), spot)).collect()
    }

    /// The lowest place of several values.
    pub(super) fn place(&self, writes: &[usize]) -> Option<Place> {
        let places = writes.iter().map(|&write| &self.writes[write].place);
        places.min_by_key(|Place(stamp, position, _)| (*stamp, *position)).cloned()
    }

    pub(super) fn read(&self, shown: &[usize], context: &VectorClock) -> Value {
        let children = || self.children(shown, context).into_iter();
        let value = |spot: &Spot| self.read(&self.shown(spot, context), context);
        match &self.writes[shown[0]].node {
            Node::Scalar(value) => value.clone(),
            Node::List(_) => Value::array(children().map(|(_, spot)| value(&spot))),
            Node::Characters(_) => {
                let spell = |(_, spot)| value(&spot).as_text().expect("a character").raw().to_owned();
                from_raw(&children().map(spell).collect::<String>())
            }
            Node::Map { .. } => Value::object(children().map(|(step, spot)| match step {
                Step::Key(key) => (key, value(&spot)),
                Step::Index(_) => unreachable!("a map has keys"),
            })),
        }
    }
}
