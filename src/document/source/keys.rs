//! The keys of maps that are not read: which of them are there twice, and where one is.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

use crate::document::Text;

/// A key in a text.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    /// The byte of its opening quote.
    pub(super) start: usize,
    /// What is between the quotes.
    pub(super) raw: &'a str,
}

/// Kinds of maps that are remembered to have no key twice.
const SHAPES: usize = 256;

/// Keys of the largest map that is remembered so.
const SHAPE_KEYS: usize = 64;

/// Up to so many keys are compared each with each.
const FEW: usize = 8;

/// Finds the keys that are there twice while a text is scanned. What equals another has an equal
/// hash; of what has, the text is looked at, so the answer is exact.
#[derive(Default)]
pub(super) struct KeyCheck<'a> {
    /// The keys of the maps that are open, the innermost last, and their hashes.
    keys: Vec<Key<'a>>,
    hashes: Vec<u64>,
    /// Hashes of the keys of maps, all different: the records of a list mostly have the same.
    shapes: Vec<Vec<u64>>,
}

impl<'a> KeyCheck<'a> {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn push(&mut self, raw: &'a str, start: usize) {
        self.keys.push(Key { start, raw });
        self.hashes.push(hash(raw));
    }

    /// The last of the first `end` keys.
    pub(super) fn before(&self, end: usize) -> Option<Text> {
        self.keys.get(end.checked_sub(1)?).map(|key| Text::from_raw(key.raw))
    }

    /// Ends the innermost map, whose keys are those from the `from`-th on. Returns those that an
    /// earlier one of them equals.
    pub(super) fn close(&mut self, from: usize) -> Vec<Key<'a>> {
        let hashes = self.hashes.get(from..).unwrap_or_default();
        let (Some(first), 2..) = (hashes.first(), hashes.len()) else {
            self.truncate(from);
            return Vec::new();
        };
        self.shapes.resize_with(SHAPES, Vec::new);
        let place = (*first as usize).wrapping_add(hashes.len()) % SHAPES;
        let mut repeated = Vec::new();
        if let Some(shape) = self.shapes.get_mut(place).filter(|shape| *shape != hashes) {
            if are_distinct(hashes) {
                shape.clear();
                shape.extend_from_slice(hashes.get(..hashes.len().min(SHAPE_KEYS + 1)).unwrap_or_default());
            } else {
                repeated = later_ones(self.keys.get(from..).unwrap_or_default(), hashes);
            }
        }
        self.truncate(from);
        repeated
    }

    fn truncate(&mut self, from: usize) {
        self.keys.truncate(from);
        self.hashes.truncate(from);
    }
}

fn are_distinct(hashes: &[u64]) -> bool {
    if hashes.len() <= FEW {
        return hashes
            .iter()
            .enumerate()
            .all(|(at, hash)| !hashes.iter().take(at).any(|other| other == hash));
    }
    let mut sorted = hashes.to_vec();
    sorted.sort_unstable();
    sorted.iter().zip(sorted.iter().skip(1)).all(|(hash, next)| hash != next)
}

/// The keys that equal an earlier one.
fn later_ones<'a>(keys: &[Key<'a>], hashes: &[u64]) -> Vec<Key<'a>> {
    let mut sorted: Vec<(u64, Text, Key<'a>)> =
        hashes.iter().zip(keys).map(|(hash, key)| (*hash, Text::from_raw(key.raw), *key)).collect();
    sorted.sort_by(|(left_hash, left, _), (right_hash, right, _)| {
        left_hash.cmp(right_hash).then_with(|| left.cmp(right))
    });
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    pairs.filter(|((_, left, _), (_, right, _))| left == right).map(|(_, (.., later))| *later).collect()
}

/// Equal keys have equal hashes, however they are spelled.
fn hash(raw: &str) -> u64 {
    let mut hasher = FxHasher::default();
    if raw.contains('\\') {
        let text = Text::from_raw(raw);
        if text.has_lone_surrogate() {
            text.units().for_each(|unit| hasher.write_u32(unit));
        } else {
            hasher.write(text.plain().as_bytes());
        }
    } else {
        hasher.write(raw.as_bytes());
    }
    hasher.finish()
}

/// Where the keys of a long map are among its entries. It holds hashes, not keys.
pub(in crate::document) struct Keys {
    /// Hash and position of each key, by rising hash.
    places: Vec<(u64, u32)>,
}

impl Keys {
    /// Of keys in the order of their map.
    pub(super) fn new<'a>(keys: impl Iterator<Item = &'a str>) -> Self {
        let mut places: Vec<(u64, u32)> = keys.map(hash).zip(0..).collect();
        places.sort_unstable();
        Self { places }
    }

    /// The positions where a key may be.
    pub(in crate::document) fn places_of(&self, key: &Text) -> impl Iterator<Item = usize> {
        let hash = hash(key.raw());
        let first = self.places.partition_point(|&(other, _)| other < hash);
        let places = self.places.iter().skip(first).take_while(move |&&(other, _)| other == hash);
        places.map(|&(_, place)| place as usize)
    }
}
