//! The naive fold: `docs/semantics.md` as code, to hold the engine against.
//!
//! It keeps everything: each value is a [`Write`] with the change that wrote it and the changes
//! that removed it, each list element and each character has an identity and its two origins,
//! and nothing is ever thrown away. So "the document as somebody saw it" is a filter over what
//! is kept. Slow is fine; obvious is the point. Nothing of the engine is used but its plain data.

mod characters;
mod read;
mod report;

use std::cmp::Ordering;

use ultrawave::document::{Kind, Method, Step, Text, Value};
use ultrawave::sync::{Author, Change, ChangeId, Stamp, VectorClock};

pub use report::Conflict;

use characters::characters;

/// One value in a slot. Slots are lists of indices into [`Oracle::writes`]: a write put into
/// several maps at once is one write.
struct Write<'a> {
    /// Nobody, for what was in the initial document.
    by: Option<&'a Change>,
    removed_by: Vec<&'a Change>,
    node: Node<'a>,
    /// Where the key it is written to stands in its map.
    place: Place,
}

/// The stamp of the write that began a key's life (none: it was in the initial document), its
/// position among the keys which that change names, and its spelling there.
#[derive(Clone)]
struct Place(Option<Stamp>, usize, Text);

enum Node<'a> {
    Scalar(Value),
    Map {
        mergeable: bool,
        keys: Vec<(Text, Vec<usize>)>,
    },
    List(Vec<Element<'a>>),
    /// A string: a list of characters, each in its own spelling.
    Characters(Vec<Element<'a>>),
}

struct Element<'a> {
    name: usize,
    born: Option<&'a Change>,
    left: Option<usize>,
    right: Option<usize>,
    slot: Vec<usize>,
}

/// Where a path leads in a context. Maps and lists are named by the writes that hold them.
enum Spot {
    Root,
    /// A key of a map, or of several maps shown as one.
    Key(Vec<usize>, Text),
    /// An element of a list.
    Element(usize, usize),
    /// After the last element of a list.
    End(usize),
}

/// A document with its whole history.
pub struct Oracle<'a> {
    writes: Vec<Write<'a>>,
    root: Vec<usize>,
    elements: usize,
    everything: VectorClock,
    /// Each change that resolved, with the containers it went into: of each the writes that made
    /// it, which are several where maps were shown as one.
    resolved: Vec<(&'a Change, Vec<Vec<usize>>)>,
}

impl<'a> Oracle<'a> {
    /// Folds changes over the initial document, in the order of their stamps.
    pub fn fold(initial: &Value, changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let (everything, resolved) = (VectorClock::new(), Vec::new());
        let mut oracle = Self { writes: Vec::new(), root: Vec::new(), elements: 0, everything, resolved };
        oracle.root = vec![oracle.plant(None, initial, nowhere())];
        let mut changes: Vec<&Change> = changes.into_iter().collect();
        changes.sort_by_key(|change| change.stamp());
        for change in changes {
            oracle.everything.join(&change.clock);
            if let Some(way) = oracle.make(change) {
                oracle.resolved.push((change, way));
            }
        }
        oracle
    }

    /// Whether a change resolved in its context, so that it is not void.
    pub fn resolves(&self, change: ChangeId) -> bool {
        self.resolved.iter().any(|(resolved, _)| resolved.id() == change)
    }

    /// Makes a change in its context. Returns the containers it went into, or nothing if it is
    /// void.
    fn make(&mut self, change: &'a Change) -> Option<Vec<Vec<usize>>> {
        let (spot, missing, mut way) = self.walk(change)?;
        let spot = self.create(change, spot, missing);
        match &change.method {
            Method::Set(value) => drop(self.write(change, &spot, value, 0)),
            Method::Delete if change.path.is_root() => return None,
            Method::Delete => self.remove(change, &spot),
            Method::Merge(map) => self.merge(change, &spot, map, 0, &mut way),
            Method::Splice { start, count, items } => {
                let shown = self.shown(&spot, &change.context());
                self.splice(change, *shown.first()?, *start, *count, items)?;
                way.push(shown);
            }
        }
        Some(way)
    }

    /// Follows a path in a context. A key that is absent, where the method may create it, ends
    /// the way; the keys after it are missing. Returns those, and the containers gone through.
    fn walk(&self, change: &Change) -> Option<(Spot, Vec<Text>, Vec<Vec<usize>>)> {
        let (context, steps) = (&change.context(), change.path.steps());
        let creates = match &change.method {
            Method::Set(_) => true,
            Method::Merge(map) if map.kind() == Kind::Object => true,
            Method::Merge(_) => return None,
            Method::Delete | Method::Splice { .. } => false,
        };
        let (mut spot, mut way) = (Spot::Root, Vec::new());
        for (at, step) in steps.iter().enumerate() {
            let shown = self.shown(&spot, context);
            if shown.is_empty() {
                let missing = steps[at..].iter().map(|step| match step {
                    Step::Key(key) => Some(key.clone()),
                    Step::Index(_) => None,
                });
                return Some((spot, missing.collect::<Option<_>>().filter(|_| creates)?, way));
            }
            way.push(shown.clone());
            spot = match (&self.writes[shown[0]].node, step) {
                (Node::Map { .. }, Step::Key(key)) => Spot::Key(shown, key.clone()),
                (Node::List(_), Step::Index(index)) => {
                    let visible = self.visible(shown[0], context);
                    let appends = at + 1 == steps.len() && matches!(change.method, Method::Set(_));
                    match visible.get(*index) {
                        Some(&name) => Spot::Element(shown[0], name),
                        None if appends && *index == visible.len() => Spot::End(shown[0]),
                        None => return None,
                    }
                }
                _ => return None,
            };
        }
        Some((spot, Vec::new(), way))
    }

    /// Puts mergeable maps where keys are missing below an absent one. Returns the last.
    fn create(&mut self, change: &'a Change, spot: Spot, missing: Vec<Text>) -> Spot {
        missing
            .into_iter()
            .fold(spot, |spot, key| Spot::Key(vec![self.write(change, &spot, &Value::object([]), 0)], key))
    }

    /// Removes the values that the change saw in a slot.
    fn remove(&mut self, change: &'a Change, spot: &Spot) {
        for write in self.living(spot, &change.context()) {
            self.writes[write].removed_by.push(change);
        }
    }

    /// Removes the values that the change saw in a slot and adds its own.
    fn write(&mut self, change: &'a Change, spot: &Spot, value: &Value, position: usize) -> usize {
        let seen = self.living(spot, &change.context());
        self.remove(change, spot);
        let key = if let Spot::Key(_, key) = spot { key.clone() } else { Text::new("") };
        let place = self.place(&seen).unwrap_or(Place(Some(change.stamp()), position, key));
        let write = self.plant(Some(change), value, place);
        match spot {
            Spot::Root => self.root.push(write),
            Spot::Key(maps, key) => maps.iter().for_each(|&map| self.key_mut(map, key).push(write)),
            Spot::Element(list, name) => {
                let element = self.elements_mut(*list).iter_mut().find(|element| element.name == *name);
                element.expect("it was found there").slot.push(write);
            }
            Spot::End(list) => {
                let length = self.visible(*list, &change.context()).len();
                self.insert(change, *list, length, vec![write]);
            }
        }
        write
    }

    /// Writes each leaf of `map`; what is on the way and is no map becomes one.
    fn merge(
        &mut self, change: &'a Change, spot: &Spot, map: &Value, position: usize, way: &mut Vec<Vec<usize>>,
    ) {
        let mut maps = self.shown(spot, &change.context());
        if maps.first().is_some_and(|&first| matches!(self.writes[first].node, Node::Map { .. })) {
            way.push(maps.clone());
        } else {
            maps = vec![self.write(change, spot, &Value::object([]), position)];
        }
        for (position, (key, value)) in map.entries().enumerate() {
            let spot = Spot::Key(maps.clone(), key.clone());
            if value.kind() == Kind::Object {
                self.merge(change, &spot, value, position, way);
            } else {
                self.write(change, &spot, value, position);
            }
        }
    }

    fn splice(
        &mut self, change: &'a Change, list: usize, start: i64, count: i64, items: &[Value],
    ) -> Option<()> {
        let items: Vec<usize> = match &self.writes[list].node {
            Node::List(_) => items.iter().map(|item| self.plant(Some(change), item, nowhere())).collect(),
            Node::Characters(_) => {
                let runs =
                    items.iter().map(|item| characters(item.as_text()?)).collect::<Option<Vec<_>>>()?;
                runs.into_iter().flatten().map(|one| self.keep(Some(change), one, nowhere())).collect()
            }
            Node::Scalar(_) | Node::Map { .. } => return None,
        };
        let visible = self.visible(list, &change.context());
        let length = i64::try_from(visible.len()).expect("a short list");
        let start = if start < 0 { (length + start).max(0) } else { start.min(length) };
        let count = count.clamp(0, length - start);
        let (start, count) = (usize::try_from(start).ok()?, usize::try_from(count).ok()?);
        for &name in &visible[start..start + count] {
            self.remove(change, &Spot::Element(list, name));
        }
        self.insert(change, list, start, items);
        Some(())
    }

    /// Inserts a run of elements before the one that the change saw at position `at`.
    fn insert(&mut self, change: &'a Change, list: usize, at: usize, items: Vec<usize>) {
        let context = change.context();
        let mut left = at.checked_sub(1).map(|before| self.visible(list, &context)[before]);
        let elements = self.elements(list);
        let after_left =
            elements.iter().position(|element| Some(element.name) == left).map_or(0, |at| at + 1);
        let existed = |element: &&Element| element.born.is_none_or(|born| context.saw(born.id()));
        let right = elements[after_left..].iter().find(existed).map(|element| element.name);
        for write in items {
            self.elements += 1;
            let element = Element { name: self.elements, born: Some(change), left, right, slot: vec![write] };
            left = Some(element.name);
            integrate(self.elements_mut(list), element);
        }
    }

    /// Makes a value with all that is in it, not yet in any slot.
    ///
    /// Every empty map is called mergeable here, also one that was in the initial document, inside
    /// another value or an item of a splice. That makes no difference: whoever writes to the slot
    /// of such a one has seen it, so it never lives beside another value. Nor do the origins of
    /// elements that come with their list, for no element is ever put between two of them that
    /// has not seen them.
    fn plant(&mut self, by: Option<&'a Change>, value: &Value, place: Place) -> usize {
        let element = |oracle: &mut Self, write: usize| {
            oracle.elements += 1;
            Element { name: oracle.elements, born: by, left: None, right: None, slot: vec![write] }
        };
        let node = match (value.kind(), value.as_text().and_then(characters)) {
            (Kind::String, Some(all)) => {
                let writes: Vec<usize> = all.into_iter().map(|one| self.keep(by, one, nowhere())).collect();
                Node::Characters(writes.into_iter().map(|write| element(self, write)).collect())
            }
            (Kind::Array, _) => {
                let writes: Vec<usize> = value.elements().map(|one| self.plant(by, one, nowhere())).collect();
                Node::List(writes.into_iter().map(|write| element(self, write)).collect())
            }
            (Kind::Object, _) => {
                let keys = value.entries().enumerate().map(|(position, (key, value))| {
                    let place = Place(by.map(Change::stamp), position, key.clone());
                    (key.clone(), vec![self.plant(by, value, place)])
                });
                Node::Map { mergeable: value.is_empty(), keys: keys.collect() }
            }
            _ => Node::Scalar(value.clone()),
        };
        self.keep(by, node, place)
    }

    fn keep(&mut self, by: Option<&'a Change>, node: Node<'a>, place: Place) -> usize {
        self.writes.push(Write { by, removed_by: Vec::new(), node, place });
        self.writes.len() - 1
    }

    fn key(&self, map: usize, key: &Text) -> &[usize] {
        let Node::Map { keys, .. } = &self.writes[map].node else { unreachable!("a map") };
        keys.iter().find(|(held, _)| held == key).map_or(&[], |(_, slot)| slot)
    }

    fn key_mut(&mut self, map: usize, key: &Text) -> &mut Vec<usize> {
        let Node::Map { keys, .. } = &mut self.writes[map].node else { unreachable!("a map") };
        let at = keys.iter().position(|(held, _)| held == key).unwrap_or_else(|| {
            keys.push((key.clone(), Vec::new()));
            keys.len() - 1
        });
        &mut keys[at].1
    }

    fn elements(&self, list: usize) -> &[Element<'a>] {
        match &self.writes[list].node {
            Node::List(elements) | Node::Characters(elements) => elements,
            Node::Scalar(_) | Node::Map { .. } => unreachable!("a list"),
        }
    }

    fn elements_mut(&mut self, list: usize) -> &mut Vec<Element<'a>> {
        match &mut self.writes[list].node {
            Node::List(elements) | Node::Characters(elements) => elements,
            Node::Scalar(_) | Node::Map { .. } => unreachable!("a list"),
        }
    }
}

/// Puts a new element where it belongs between its origins: YATA as corrected by yjsmod.
fn integrate<'a>(elements: &mut Vec<Element<'a>>, new: Element<'a>) {
    let at =
        |name: usize| elements.iter().position(|element| element.name == name).expect("an origin is known");
    let after = |left: Option<usize>| left.map_or(0, |name| at(name) + 1);
    let before = |right: Option<usize>| right.map_or(elements.len(), at);
    let (left, right) = (after(new.left), before(new.right));
    let (mut here, mut index, mut scanning) = (left, left, false);
    loop {
        if !scanning {
            here = index;
        }
        if index == right {
            break;
        }
        let other = &elements[index];
        match (after(other.left).cmp(&left), before(other.right).cmp(&right)) {
            (Ordering::Less, _) => break,
            (Ordering::Equal, Ordering::Less) => scanning = true,
            (Ordering::Equal, Ordering::Equal) if author(&new) < author(other) => break,
            (Ordering::Equal, _) => scanning = false,
            (Ordering::Greater, _) => {}
        }
        index += 1;
    }
    elements.insert(here, new);
}

/// The place of what is no key of a map.
fn nowhere() -> Place {
    Place(None, 0, Text::new(""))
}

fn author(element: &Element) -> Option<Author> {
    element.born.map(|born| born.author)
}
