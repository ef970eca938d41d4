//! The naive fold: `docs/semantics.md` as code, to hold the engine against.
//!
//! It keeps everything: each value is a [`Write`] with the change that wrote it and the changes
//! that removed it, each list element and each character has an identity and its two origins,
//! and nothing is ever thrown away. So "the document as somebody saw it" is a filter over what
//! is kept. Slow is fine; obvious is the point. Nothing of the engine is used but its plain data.

use std::cmp::Ordering;

use ultrawave::document::{Kind, Method, Path, Step, Text, Value, parse};
use ultrawave::sync::{Author, Change, ChangeId, Stamp, VectorClock};

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

/// Several concurrent values in one slot: where it is, and the values, the one shown first.
pub type Conflict = (Path, Vec<(ChangeId, Value)>);

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

    /// The document.
    pub fn value(&self) -> Value {
        self.value_in(&self.everything)
    }

    /// The document as somebody with this clock saw it.
    pub fn value_in(&self, context: &VectorClock) -> Value {
        self.read(&self.shown(&Spot::Root, context), context)
    }

    /// Whether a change resolved in its context, so that it is not void.
    pub fn resolves(&self, change: ChangeId) -> bool {
        self.resolved.iter().any(|(resolved, _)| resolved.id() == change)
    }

    /// The slots of the document that hold several concurrent values, from its start on.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut found = Vec::new();
        self.find_conflicts(&Spot::Root, &Path::ROOT, &mut found);
        found
    }

    /// The values and characters on show that an author other than this one wrote: the change,
    /// and which of all that it wrote.
    pub fn shown_of_others(&self, author: Author) -> Vec<(ChangeId, usize)> {
        let (mut spots, mut found) = (vec![Spot::Root], Vec::new());
        while let Some(spot) = spots.pop() {
            let shown = self.shown(&spot, &self.everything);
            for &write in &shown {
                let by = |write: &Write| write.by.map(Change::id);
                if let Some(id) = by(&self.writes[write]).filter(|id| id.author != author) {
                    let before = &self.writes[..write];
                    found.push((id, before.iter().filter(|other| by(other) == Some(id)).count()));
                }
            }
            if !matches!(self.writes[shown[0]].node, Node::Scalar(_)) {
                spots.extend(self.children(&shown, &self.everything).into_iter().map(|(_, spot)| spot));
            }
        }
        found
    }

    /// The edits inside something removed by people who had not seen them, in stamp order.
    pub fn lost_edits(&self) -> Vec<ChangeId> {
        let lost = |edit: &Change, container: &[usize]| {
            let makers = || container.iter().map(|&write| &self.writes[write]);
            makers().all(|write| !write.removed_by.is_empty())
                && makers().flat_map(|write| &write.removed_by).all(|remover| !remover.clock.saw(edit.id()))
        };
        let lost =
            self.resolved.iter().filter(|(edit, way)| way.iter().any(|container| lost(edit, container)));
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
        self.on_show().into_iter().find(|(spot, _)| is_wanted(spot)).map(|(_, path)| path)
    }

    /// All slots on show, with their paths.
    fn on_show(&self) -> Vec<(Spot, Path)> {
        let (mut slots, mut next) = (vec![(Spot::Root, Path::ROOT)], 0);
        while let Some((spot, path)) = slots.get(next) {
            let shown = self.shown(spot, &self.everything);
            if !matches!(self.writes[shown[0]].node, Node::Scalar(_) | Node::Characters(_)) {
                let children = self.children(&shown, &self.everything).into_iter();
                let children: Vec<_> = children.map(|(step, spot)| (spot, path.child(step))).collect();
                slots.extend(children);
            }
            next += 1;
        }
        slots
    }

    // ---- making a change ----

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

    // ---- reading ----

    /// The values in a slot that somebody with this clock sees, of the lowest author first.
    fn living(&self, spot: &Spot, context: &VectorClock) -> Vec<usize> {
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
    fn shown(&self, spot: &Spot, context: &VectorClock) -> Vec<usize> {
        self.winners(&self.living(spot, context))
    }

    /// Of values that live in one slot the first, with all the others if they are shown as one.
    fn winners(&self, living: &[usize]) -> Vec<usize> {
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
    fn visible(&self, list: usize, context: &VectorClock) -> Vec<usize> {
        let names = self.elements(list).iter().map(|element| element.name);
        names.filter(|&name| !self.living(&Spot::Element(list, name), context).is_empty()).collect()
    }

    /// The children of what is shown in a slot, in order.
    fn children(&self, shown: &[usize], context: &VectorClock) -> Vec<(Step, Spot)> {
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
    fn place(&self, writes: &[usize]) -> Option<Place> {
        let places = writes.iter().map(|&write| &self.writes[write].place);
        places.min_by_key(|Place(stamp, position, _)| (*stamp, *position)).cloned()
    }

    fn read(&self, shown: &[usize], context: &VectorClock) -> Value {
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

    fn find_conflicts(&self, spot: &Spot, path: &Path, found: &mut Vec<Conflict>) {
        let now = &self.everything;
        let (mut rest, mut values) = (self.living(spot, now), Vec::new());
        while let Some(&first) = rest.first() {
            let side = self.winners(&rest);
            values.push((self.writes[first].by.map(Change::id), self.read(&side, now)));
            rest.retain(|write| !side.contains(write));
        }
        if values.len() > 1 {
            let by_change = values.into_iter().map(|(by, value)| (by.expect("the initial was seen"), value));
            found.push((path.clone(), by_change.collect()));
        }
        let shown = self.shown(spot, now);
        if !matches!(self.writes[shown[0]].node, Node::Scalar(_) | Node::Characters(_)) {
            for (step, spot) in self.children(&shown, now) {
                self.find_conflicts(&spot, &path.child(step), found);
            }
        }
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

/// The characters of a string, each in its own spelling; none if it holds half a surrogate pair.
fn characters<'a>(text: &Text) -> Option<Vec<Node<'a>>> {
    let (mut characters, mut rest) = (Vec::new(), text.raw());
    while let Some(first) = rest.chars().next() {
        let length = match (first, rest.as_bytes().get(1)) {
            ('\\', Some(b'u')) => match u32::from_str_radix(&rest[2..6], 16).expect("four digits") {
                0xD800..=0xDBFF => Some(12).filter(|&end| low_surrogate(rest.get(6..end)))?,
                0xDC00..=0xDFFF => return None,
                _ => 6,
            },
            ('\\', _) => 2,
            _ => first.len_utf8(),
        };
        characters.push(Node::Scalar(from_raw(&rest[..length])));
        rest = &rest[length..];
    }
    Some(characters)
}

fn low_surrogate(escape: Option<&str>) -> bool {
    let digits = escape.and_then(|escape| escape.strip_prefix("\\u"));
    let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    unit.is_some_and(|unit| (0xDC00..=0xDFFF).contains(&unit))
}

/// The string spelled `raw`.
fn from_raw(raw: &str) -> Value {
    parse(&format!("\"{raw}\"")).expect("parts of a string")
}
