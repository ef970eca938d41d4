//! Histories of people who edit, type, wait for each other, and forget.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use super::*;
use crate::document::{Method, Path, Text};
use crate::sync::{Replica, encode_change};

/// A small generator, so that a failure can be had again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % bound
    }

    /// A keystroke, mostly where the last one of the same person was.
    fn keystroke(&mut self, cursor: &mut i64) -> (String, Method) {
        if self.below(15) == 0 {
            *cursor = i64::try_from(self.below(400)).unwrap();
        }
        let texts = ["a", "b", "\u{e9}", "\n", "\"", "two", "long enough not to be held in place at all"];
        let most = self.below(texts.len()) + 1;
        let text = texts[self.below(most)];
        let (start, count, items) = match self.below(9) {
            0..5 => (*cursor, 0, vec![Value::string(text)]),
            5 if self.below(9) == 0 => (*cursor, 40, Vec::new()),
            5 | 6 if *cursor > 0 => (*cursor - 1, 1, Vec::new()),
            7 => (*cursor, 1, Vec::new()),
            _ => (*cursor, 2, vec![Value::string("")]),
        };
        let typed = items.iter().filter_map(Value::as_text).map(Text::scalar_count).sum::<usize>();
        *cursor = start + i64::try_from(typed).unwrap();
        ("/s".to_owned(), Method::Splice { start, count, items })
    }

    fn edit(&mut self) -> (String, Method) {
        let (key, at) = (self.below(24), i64::try_from(self.below(30)).unwrap());
        let value = Value::from(u64::try_from(self.below(1_000)).unwrap());
        let splice = |items| Method::Splice { start: at, count: at % 3, items };
        match self.below(8) {
            0 | 1 => (format!("/m/{key}"), Method::Set(value)),
            2 => (format!("/m/{key}"), Method::Delete),
            3 => {
                let entry = |key: usize| (key.to_string().as_str().into(), value.clone());
                ("/m".to_owned(), Method::Merge(Value::object([entry(key), entry(key + 1)])))
            }
            4 => ("/l".to_owned(), splice(vec![value])),
            5 => ("/s".to_owned(), splice(vec![Value::string(if key < 12 { "ab" } else { "\n" })])),
            6 => (format!("/l/{at}"), Method::Delete),
            _ => (format!("/n/{key}/{at}"), Method::Set(value)),
        }
    }
}

/// Three people at one document, who at times all wait for each other, and at times nobody does.
struct Room {
    replicas: [Replica; 3],
    /// What was done, in the order of doing, and how much of it each has heard.
    log: Vec<Arc<Change>>,
    heard: [usize; 3],
}

impl Room {
    fn new(limit: usize) -> Self {
        let text = format!(r#"{{"m":{{"0":0,"1":1}},"l":[1,2,3],"s":"{}","n":{{}}}}"#, "x".repeat(300));
        let start = Checkpoint::read(&text).unwrap();
        let replicas = [1, 2, 3].map(|author| Replica::new(Author(author), start.clone(), limit));
        Self { replicas, log: Vec::new(), heard: [0; 3] }
    }

    fn edit(&mut self, at: usize, (path, method): (String, Method)) {
        let path = Path::read(&path, self.replicas[at].value()).unwrap();
        self.log.extend(self.replicas[at].edit(path, method));
    }

    /// Some hear of all that was done, all of them if they are patient. One forgets what all have.
    fn hear(&mut self, numbers: &mut Numbers, patience: usize, forgets: usize) {
        for (replica, heard) in self.replicas.iter_mut().zip(&mut self.heard) {
            if numbers.below(patience) == 0 {
                assert!(replica.receive(self.log[*heard..].iter().cloned()).refused.is_empty());
                *heard = self.log.len();
            }
        }
        let clocks = self.replicas.each_ref().map(|replica| replica.clock().clone());
        self.replicas[forgets].acknowledged(&clocks);
    }

    /// What one remembers is what was done, and what it leads to from where it starts is what the
    /// one who remembers it shows.
    fn check(&self, at: usize, limit: usize) {
        let replica = &self.replicas[at];
        let mut joiner = Replica::new(Author(9), replica.checkpoint(), limit);
        joiner.receive(replica.history().cloned());
        assert_eq!(joiner.value().to_string(), replica.value().to_string());
        assert_eq!(joiner.clock(), replica.clock());
        let is_remembered =
            |change: &&Arc<Change>| replica.clock().saw(change.id()) && !replica.start().saw(change.id());
        let mut made: Vec<&Arc<Change>> = self.log.iter().filter(is_remembered).collect();
        made.sort_by_key(|change| change.stamp());
        assert_eq!(replica.history().len(), made.len());
        for (change, made) in replica.history().zip(made) {
            assert_eq!(encode_change(change), encode_change(made));
        }
    }
}

#[test]
fn where_a_history_starts_is_what_its_changes_lead_on_from() {
    for seed in 1..20 {
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
        let mut room = Room::new(40);
        for round in 0..300 {
            let patience = if round / 60 % 2 == 0 { 1 } else { 12 };
            let at = numbers.below(3);
            room.edit(at, numbers.edit());
            room.hear(&mut numbers, patience, at);
            room.check(at, 40);
        }
    }
}

/// Puts something of its own into an array.
fn put(replica: &mut Replica, at: i64) -> Arc<Change> {
    let item = Value::from(u64::from(replica.author().0) * 1_000 + replica.clock().sum());
    let path = Path::read("/l", replica.value()).unwrap();
    replica.edit(path, Method::Splice { start: at, count: 0, items: vec![item] }).unwrap()
}

fn hear(replica: &mut Replica, changes: &[Arc<Change>]) {
    assert!(replica.receive(changes.iter().cloned()).refused.is_empty());
}

fn three_with_an_array(limit: usize) -> [Replica; 3] {
    let start = Checkpoint::read(r#"{"l":[]}"#).unwrap();
    [1, 2, 3].map(|author| Replica::new(Author(author), start.clone(), limit))
}

fn assert_alike(replicas: &[Replica; 3]) {
    let [one, two, three] = replicas.each_ref().map(|replica| replica.value().to_string());
    assert_eq!((&one, &one), (&two, &three));
}

/// Two who are concurrent, then a third who is later than both: the document that was held where the
/// two parted is not the one at that place any more, and nobody may start from it.
#[test]
fn what_was_held_where_a_late_change_belongs_before_is_let_go() {
    let mut replicas = three_with_an_array(10_000);
    let [one, two, three] = &mut replicas;
    let first: Vec<_> = (0..4).map(|_| put(one, 0)).collect();
    hear(two, &first);
    hear(three, &first[..2]);
    let (mine, theirs) = (put(one, 0), put(two, 4));
    hear(one, std::slice::from_ref(&theirs));
    let late = put(three, 0);
    hear(one, std::slice::from_ref(&late));
    hear(two, &[mine.clone(), late]);
    // Who goes on has seen all for so long that the bookkeeping of that window is dropped.
    let on: Vec<_> = (0..80).map(|round| put(one, if round == 1 { 8 } else { 0 })).collect();
    hear(two, &on[..1]);
    let beside = put(two, 7);
    hear(two, &on[1..]);
    hear(one, std::slice::from_ref(&beside));
    hear(three, &[&first[2..], &[mine, theirs], &on, &[beside]].concat());
    assert_alike(&replicas);
}

/// Somebody who is later than a window whose past has been forgotten in part, though not that part.
#[test]
fn a_window_is_where_it_was_when_its_past_is_forgotten() {
    let mut replicas = three_with_an_array(16);
    let [one, two, three] = &mut replicas;
    let first: Vec<_> = (0..20).map(|_| put(one, 0)).collect();
    hear(two, &first);
    hear(three, &first[..12]);
    let (mine, theirs) = (put(one, 0), put(two, 20));
    hear(one, std::slice::from_ref(&theirs));
    one.acknowledged([two.clock(), three.clock()]);
    assert_eq!(one.history().len(), 14);
    let late = put(three, 12);
    hear(one, std::slice::from_ref(&late));
    hear(two, &[mine.clone(), late]);
    hear(three, &[&first[12..], &[mine, theirs]].concat());
    assert_alike(&replicas);
}

#[test]
fn typing_is_remembered_as_it_was_typed() {
    for seed in 1..6 {
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ (seed << 32));
        let mut room = Room::new(400);
        let mut cursors = [0; 3];
        for round in 0..60 {
            let patience = if round / 10 % 2 == 0 { 1 } else { 6 };
            let at = numbers.below(3);
            for _ in 0..numbers.below(40) {
                room.edit(at, numbers.keystroke(&mut cursors[at]));
                if numbers.below(10) == 0 {
                    let other = numbers.below(3);
                    room.edit(other, numbers.edit());
                }
            }
            room.hear(&mut numbers, patience, at);
            room.check(at, 400);
        }
    }
}
