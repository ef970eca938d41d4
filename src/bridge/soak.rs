//! A file that a program rewrites in every way it can think of, while others edit the room: at
//! the end both hold the same, and everything that anybody did.
//!
//! `ROUNDS=100000` makes so many rounds, `SEED=n` others. The file is a text here and the network a
//! queue; what `serve` does with a real file follows the same steps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bridge, FileEdits};
use crate::document::{Method, Path, Step, Text, Value, diff, parse, save};
use crate::sync::{Author, Change, Checkpoint, Replica, VectorClock};

/// After so many rounds everyone starts anew from what there is, so that histories stay short.
const GENERATION: usize = 400;

/// Elements, keys and tags of one editor, about.
const MANY: usize = 15;

const START: &str = "{\n  \"items\": [],\n  \"map\": {},\n  \"tags\": []\n}\n";

/// Numbers that follow from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// What everybody has done, as it must be found at the end. Each of the editors has keys, tags
/// and elements of its own, and a number of its own in every element.
#[derive(Default)]
struct Done {
    /// By id: who owns it, and the numbers that were put into it.
    items: BTreeMap<usize, (usize, BTreeMap<usize, usize>)>,
    keys: BTreeMap<String, usize>,
    tags: BTreeSet<String>,
    count: usize,
}

impl Done {
    fn check(&self, document: &Value) {
        let found: BTreeMap<usize, &Value> = items(document).map(|item| (number(item, "id"), item)).collect();
        let (expected, there): (Vec<_>, Vec<_>) = (self.items.keys().collect(), found.keys().collect());
        assert_eq!(expected, there, "elements");
        for (id, (_, numbers)) in &self.items {
            for (editor, expected) in numbers {
                assert_eq!(number(found[id], &format!("n{editor}")), *expected, "n{editor} of element {id}");
            }
        }
        let map = document.key(&Text::new("map")).unwrap();
        let keys: BTreeMap<String, usize> = map
            .entries()
            .map(|(key, value)| (key.plain().into_owned(), value.to_string().parse().unwrap()))
            .collect();
        assert_eq!(keys, self.keys, "keys");
        let tags = document.key(&Text::new("tags")).unwrap().elements();
        let tags: Vec<String> = tags.map(|tag| tag.as_text().unwrap().plain().into_owned()).collect();
        assert_eq!(tags.iter().cloned().collect::<BTreeSet<_>>(), self.tags, "tags");
        assert_eq!(tags.len(), self.tags.len(), "tags that are there twice");
    }

    /// An edit by an editor of what it sees. One that `only_adds` can be made late.
    fn edit(&mut self, random: &mut Random, editor: usize, seen: &Value, only_adds: bool) -> (Path, Method) {
        self.count += 1;
        let count = self.count;
        let (items_path, map, tags) =
            (Path::ROOT.key("items"), Path::ROOT.key("map"), Path::ROOT.key("tags"));
        let insert = |at: usize, value| Method::Splice {
            start: i64::try_from(at).unwrap(),
            count: 0,
            items: vec![value],
        };
        let length = items(seen).count();
        let own =
            |item: &Value| self.items.get(&number(item, "id")).is_some_and(|(owner, _)| *owner == editor);
        let own_items: Vec<usize> =
            items(seen).enumerate().filter(|(_, item)| own(item)).map(|(at, _)| at).collect();
        let own_keys: Vec<&String> =
            self.keys.keys().filter(|key| key.starts_with(&format!("k{editor}-"))).collect();
        let own_tags: Vec<&String> =
            self.tags.iter().filter(|tag| tag.starts_with(&format!("t{editor}-"))).collect();
        // What has grown too long is cut down first.
        let what = match random.below(if only_adds { 3 } else { 8 }) {
            0 if !only_adds && own_items.len() > MANY => 3,
            1 if !only_adds && own_keys.len() > MANY => 4,
            2 if !only_adds && own_tags.len() > MANY => 5,
            other => other,
        };
        match what {
            0 => {
                self.items.insert(count, (editor, BTreeMap::new()));
                let item =
                    parse(&format!(r#"{{"id":{count},"n0":0,"n1":0,"n2":0,"o":{{"deep":[1,2]}}}}"#)).unwrap();
                (items_path, insert(random.below(length + 1), item))
            }
            1 => {
                let key = format!("k{editor}-{count}");
                self.keys.insert(key.clone(), count);
                (map.key(&key), Method::Set(Value::from(count as u64)))
            }
            2 => {
                let tag = format!("t{editor}-{count}");
                self.tags.insert(tag.clone());
                let length = seen.key(&Text::new("tags")).unwrap().len();
                (tags, insert(random.below(length + 1), Value::string(&tag)))
            }
            3 if own_items.len() > 4 => {
                let at = own_items[random.below(own_items.len())];
                let gone = number(items(seen).nth(at).unwrap(), "id");
                self.items.remove(&gone);
                (items_path.index(at), Method::Delete)
            }
            5 if own_tags.len() > 4 => {
                let tag = own_tags[random.below(own_tags.len())].clone();
                let seen_at = seen
                    .key(&Text::new("tags"))
                    .unwrap()
                    .elements()
                    .position(|other| *other == Value::string(&tag));
                match seen_at {
                    Some(at) => {
                        self.tags.remove(&tag);
                        (
                            tags,
                            Method::Splice { start: i64::try_from(at).unwrap(), count: 1, items: Vec::new() },
                        )
                    }
                    None => (map.key("nothing"), Method::Delete),
                }
            }
            4 if own_keys.len() > 4 => {
                let key = own_keys[random.below(own_keys.len())].clone();
                let seen_there = seen.at(&map.key(&key)).is_some();
                if seen_there {
                    self.keys.remove(&key);
                }
                (map.key(&key), Method::Delete)
            }
            _ if length > 0 => {
                let at = random.below(length);
                let id = number(items(seen).nth(at).unwrap(), "id");
                if let Some((_, numbers)) = self.items.get_mut(&id) {
                    numbers.insert(editor, count);
                }
                (items_path.index(at).key(&format!("n{editor}")), Method::Set(Value::from(count as u64)))
            }
            _ => (map.key("nothing"), Method::Delete),
        }
    }
}

fn items(document: &Value) -> impl Iterator<Item = &Value> {
    document.key(&Text::new("items")).unwrap().elements()
}

fn number(item: &Value, name: &str) -> usize {
    item.get(&Step::Key(Text::new(name))).unwrap().to_string().parse().unwrap()
}

/// A file, the member that keeps it, and two others.
struct Story {
    random: Random,
    done: Done,
    file: String,
    /// What the program that edits the file will write, when it has written half of it.
    half: Option<String>,
    /// What the program has read before the file was replaced, and writes into what was.
    held: Option<String>,
    known: String,
    layout: Option<String>,
    bridge: Bridge,
    /// What is kept over a restart.
    kept: (String, VectorClock),
    source: String,
    keeper: Replica,
    others: Vec<Replica>,
    /// Changes on their way to each of the members.
    under_way: Vec<Vec<Change>>,
    next_author: u32,
}

impl Story {
    fn new(seed: u64) -> Self {
        let start = Checkpoint::read(START).unwrap();
        let member = |author| Replica::new(Author(author), start.clone(), usize::MAX);
        Self {
            random: Random(seed),
            done: Done::default(),
            file: START.to_owned(),
            half: None,
            held: None,
            known: START.to_owned(),
            layout: None,
            bridge: Bridge::new(start.value.clone(), VectorClock::new()),
            kept: (START.to_owned(), VectorClock::new()),
            source: START.to_owned(),
            keeper: member(1),
            others: vec![member(2), member(3)],
            under_way: vec![Vec::new(); 3],
            next_author: 4,
        }
    }

    fn publish(&mut self, from: usize, change: &Change) {
        for to in (0..3).filter(|to| *to != from) {
            self.under_way[to].push(change.clone());
        }
    }

    fn deliver(&mut self, to: usize) {
        let mut changes = std::mem::take(&mut self.under_way[to]);
        if self.random.one_in(2) {
            changes.reverse();
        }
        let member = if to == 0 { &mut self.keeper } else { &mut self.others[to - 1] };
        let received = member.receive(changes);
        assert_eq!(received.refused, []);
    }

    fn remote_edit(&mut self) {
        let who = 1 + self.random.below(2);
        let seen = self.others[who - 1].value().clone();
        let (path, method) = self.done.edit(&mut self.random, who, &seen, false);
        if let Ok(change) = self.others[who - 1].edit(path, method) {
            self.publish(who, &change);
        }
    }

    /// Another program rewrites the file: what it shows, with an edit or two, in some layout.
    fn program_edit(&mut self) {
        if let Some(whole) = self.half.take() {
            self.file = whole;
            return;
        }
        let text = self.edited(&self.file.clone(), false);
        if self.random.one_in(5) {
            let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            self.file = text[..half].to_owned();
            self.half = Some(text);
        } else {
            self.file = text;
        }
    }

    fn edited(&mut self, text: &str, only_adds: bool) -> String {
        let mut value = parse(text).unwrap();
        for _ in 0..=self.random.below(3) {
            let (path, method) = self.done.edit(&mut self.random, 0, &value, only_adds);
            value.apply(&path, &method).unwrap();
        }
        match self.random.below(6) {
            0 => value.to_string(),
            1 => format!("{value:#}\n"),
            2 => save("{\n\t\"x\": [\n\t\t1\n\t]\n}", &value),
            _ => save(text, &value),
        }
    }

    fn take_in(&mut self, bridge: &mut Bridge, found: &Value) {
        // Nobody else edits what is the file's, but an element that it edits may have been removed.
        let FileEdits { base, edits, .. } = bridge.edits(found, self.keeper.value());
        let base = base.unwrap_or_else(|| self.keeper.clock().clone());
        for (path, method) in edits {
            let change = self.keeper.edit_at(&base, path, method).unwrap();
            bridge.made(&change);
            self.publish(0, &change);
        }
        bridge.taken_in(found);
    }

    /// What `serve` does every now and then.
    fn step(&mut self) {
        if self.file != self.known {
            let Ok(found) = parse(&self.file) else { return };
            let mut bridge = self.bridge.clone();
            self.take_in(&mut bridge, &found);
            self.bridge = bridge;
            self.known = self.file.clone();
            self.layout = (save(&self.source, &found) != self.known).then(|| self.known.clone());
        }
        let now = self.keeper.snapshot();
        let shown = parse(&self.known).unwrap();
        if !diff(&shown, &now.value).is_empty() {
            let before = std::mem::replace(
                &mut self.file,
                save(self.layout.as_deref().unwrap_or(&self.source), &now.value),
            );
            self.known = self.file.clone();
            if self.random.one_in(4) {
                self.held = Some(before);
            }
        }
        let replaced = Bridge::adrift(self.bridge.shadow().clone());
        self.bridge.shows(&now);
        self.kept = (self.known.clone(), now.clock);
        if let Some(held) = self.held.take() {
            let written = parse(&self.edited(&held, true)).unwrap();
            self.take_in(&mut replaced.clone(), &written);
            self.bridge.cast_off();
        }
    }

    /// `serve` ends, with what it has made on its way, and begins again as somebody new.
    fn restart(&mut self) {
        self.settle();
        for _ in 0..self.random.below(3) {
            self.remote_edit();
            if self.half.is_none() {
                self.file = self.edited(&self.file.clone(), false);
            }
        }
        self.deliver(1);
        let holder = &self.others[0];
        let mut keeper = Replica::new(Author(self.next_author), holder.checkpoint(), usize::MAX);
        self.next_author += 1;
        keeper.receive(holder.history().map(|change| Change::clone(change)));
        self.keeper = keeper;
        let (text, clock) = self.kept.clone();
        let value = parse(&text).unwrap();
        assert!(diff(&self.keeper.value_at(&clock).unwrap(), &value).is_empty());
        self.bridge = Bridge::adrift(value);
        self.known = text;
    }

    /// Everybody gets everything, and the file is brought into step.
    fn settle(&mut self) {
        if let Some(whole) = self.half.take() {
            self.file = whole;
        }
        // Each write may be met by one that goes into the file that it replaces.
        for _ in 0..100 {
            (0..3).for_each(|to| self.deliver(to));
            self.step();
            if self.file == self.known && diff(self.bridge.shadow(), self.keeper.value()).is_empty() {
                break;
            }
        }
        (0..3).for_each(|to| self.deliver(to));
        let shown = parse(&self.file).unwrap();
        assert_eq!(diff(&shown, self.keeper.value()), []);
        for other in &self.others {
            assert_eq!(other.value(), self.keeper.value());
        }
    }

    fn round(&mut self) {
        match self.random.below(100) {
            0..30 => self.remote_edit(),
            30..60 => self.program_edit(),
            60..70 => self.step(),
            70..98 => {
                let to = self.random.below(3);
                self.deliver(to);
            }
            _ => self.restart(),
        }
    }

    /// Everyone starts anew from what there is.
    fn renew(self) -> Self {
        let text = save(&self.source, self.keeper.value());
        let start = Checkpoint::read(&text).unwrap();
        let mut story = Self::new(self.random.0);
        let member = |author| Replica::new(Author(author), start.clone(), usize::MAX);
        (story.keeper, story.others) = (member(1), vec![member(2), member(3)]);
        story.bridge = Bridge::new(start.value.clone(), VectorClock::new());
        (story.file, story.known, story.source) = (text.clone(), text.clone(), text.clone());
        story.kept = (text, VectorClock::new());
        story.done = self.done;
        story
    }
}

#[test]
fn nothing_is_lost_between_a_file_and_a_room() {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<usize>().ok());
    let rounds = number("ROUNDS").unwrap_or(3_000);
    let mut story = Story::new(number("SEED").unwrap_or(1) as u64);
    for round in 1..=rounds {
        story.round();
        if round % GENERATION == 0 || round == rounds {
            story.settle();
            story.done.check(story.keeper.value());
            story = story.renew();
        }
    }
    assert!(story.done.count > rounds / 3);
}
