//! Edits, as everyone gets them, and streams of them.

use serde_json::Value as Json;

use super::base::words;
use super::{Base, Random, Scalars};

/// One edit: one change. Containers are named by their number in the base document; the values
/// are strings, integers and booleans.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Writes a key of a map.
    Set {
        /// Which map.
        map: usize,
        /// Which key, there before or not.
        key: String,
        /// What to write.
        value: Json,
    },
    /// Removes a key that is there.
    Delete {
        /// Which map.
        map: usize,
        /// Which key.
        key: String,
    },
    /// Writes several keys of a map at once.
    Merge {
        /// Which map.
        map: usize,
        /// What to write.
        entries: Vec<(String, Json)>,
    },
    /// Removes and inserts elements of a list.
    Splice {
        /// Which list.
        list: usize,
        /// Where, within the list.
        start: usize,
        /// How many to remove, within the list.
        remove: usize,
        /// What to insert there.
        items: Vec<Json>,
    },
    /// Removes and inserts characters of the text.
    Type {
        /// Where, in characters.
        start: usize,
        /// How many to remove.
        remove: usize,
        /// What to insert there.
        text: String,
    },
}

/// The share of edits, in percent, that write, delete and merge keys; the others splice lists.
const SET: usize = 60;
const DELETE: usize = 10;
const MERGE: usize = 10;

/// Of the sets, so many percent name a key that is not there: about as many as are deleted.
const NEW_KEY: usize = 15;

/// Keys that edits add; the base document has none of them.
const NEW_KEYS: [&str; 24] = [
    "note", "colour", "owner", "updated", "reviewer", "priority", "source", "label", "weight", "deadline",
    "contact", "phone", "alias", "rank", "score", "comment", "origin", "channel", "group", "batch",
    "carrier", "discount", "locale", "quota",
];

/// What one author knows of the document: which keys are there and how long the lists are.
struct Model {
    containers: Vec<Scalars>,
    maps: Vec<usize>,
    lists: Vec<usize>,
}

impl Model {
    fn new(base: &Base) -> Self {
        let containers: Vec<Scalars> =
            base.containers.iter().map(|container| container.scalars.clone()).collect();
        let is_list = |&at: &usize| matches!(containers[at], Scalars::Count(_));
        let (lists, maps) = (0..containers.len()).partition(is_list);
        Self { containers, maps, lists }
    }

    fn keys(&mut self, map: usize) -> &mut Vec<String> {
        match &mut self.containers[map] {
            Scalars::Keys(keys) => keys,
            Scalars::Count(_) => unreachable!("a list has no keys"),
        }
    }

    fn edit(&mut self, random: &mut Random) -> Edit {
        let kind = random.below(100);
        if kind >= SET + DELETE + MERGE {
            return self.splice(random);
        }
        let map = *random.pick(&self.maps);
        if kind < SET {
            let key = if random.happens(NEW_KEY) { self.new_key(map, random) } else { self.key(map, random) };
            return Edit::Set { map, key, value: scalar(random) };
        }
        if kind < SET + DELETE {
            let keys = self.keys(map);
            if keys.is_empty() {
                return Edit::Set { map, key: self.new_key(map, random), value: scalar(random) };
            }
            let key = keys.swap_remove(random.below(keys.len()));
            return Edit::Delete { map, key };
        }
        let mut entries: Vec<(String, Json)> = Vec::new();
        while entries.len() < 3 {
            let key = if random.happens(NEW_KEY) || self.keys(map).len() < 4 {
                self.new_key(map, random)
            } else {
                self.key(map, random)
            };
            if entries.iter().all(|(other, _)| *other != key) {
                entries.push((key, scalar(random)));
            }
        }
        Edit::Merge { map, entries }
    }

    /// A key that is there.
    fn key(&mut self, map: usize, random: &mut Random) -> String {
        if self.keys(map).is_empty() {
            return self.new_key(map, random);
        }
        let keys = self.keys(map);
        random.pick(keys).clone()
    }

    /// A key to be added (now and then it is there already).
    fn new_key(&mut self, map: usize, random: &mut Random) -> String {
        let key = (*random.pick(&NEW_KEYS)).to_owned();
        let keys = self.keys(map);
        if !keys.contains(&key) {
            keys.push(key.clone());
        }
        key
    }

    fn splice(&mut self, random: &mut Random) -> Edit {
        let list = *random.pick(&self.lists);
        let Scalars::Count(length) = &mut self.containers[list] else { unreachable!("a map has no length") };
        let edit = splice(list, *length, random);
        let Edit::Splice { remove, items, .. } = &edit else { unreachable!("a splice") };
        *length = *length - remove + items.len();
        edit
    }
}

/// Inserts or removes one to three elements of a list of this length.
pub(crate) fn splice(list: usize, length: usize, random: &mut Random) -> Edit {
    let count = 1 + random.below(3);
    if length >= count && random.happens(50) {
        let start = random.below(length - count + 1);
        return Edit::Splice { list, start, remove: count, items: Vec::new() };
    }
    let items = (0..count).map(|_| scalar(random)).collect();
    Edit::Splice { list, start: random.below(length + 1), remove: 0, items }
}

fn scalar(random: &mut Random) -> Json {
    match random.below(10) {
        0 => random.happens(50).into(),
        1..4 => random.below(100_000).into(),
        _ => {
            let count = 1 + random.below(2);
            words(random, count).into()
        }
    }
}

/// What one author does who sees nobody else: 60% sets, 10% deletes, 10% merges of three keys,
/// 20% list splices.
pub(crate) fn tree_edits(base: &Base, seed: u64, count: usize) -> Vec<Edit> {
    let mut random = Random::new(seed);
    let mut model = Model::new(base);
    (0..count).map(|_| model.edit(&mut random)).collect()
}

/// What one author does who splices random lists and sees nobody else.
pub(crate) fn splices(base: &Base, seed: u64, count: usize) -> Vec<Edit> {
    let mut random = Random::new(seed);
    let mut model = Model::new(base);
    (0..count).map(|_| model.splice(&mut random)).collect()
}
