//! Long lists and texts that several people edit at once, and lists that very many edit at once.
//!
//! `SEED=n` tries one, `LISTS=n` tries so many.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod oracle;

use oracle::fold::Oracle;
use oracle::history::{History, view_of};
use oracle::random::{Random, seeds_or};
use ultrawave::document::{Kind, Method, Path, Value, parse};
use ultrawave::sync::{Author, Change, Replica, VectorClock};

/// Who only receives.
const ONLOOKER: Author = Author(999);
const MANY: usize = 10_000;

fn long_text() -> Value {
    Value::string(&"The quick brown fox jumps over the lazy dog. ".repeat(18))
}

fn long_list() -> Value {
    parse(&format!("[{}]", (0..700).map(|number| number.to_string()).collect::<Vec<_>>().join(","))).unwrap()
}

/// An edit somewhere in a long list or text: mostly near one of a few places, at times of many
/// elements at once.
fn edit(random: &mut Random, value: &Value, turn: usize) -> (Path, Method) {
    let text = value.as_text();
    let length = text.map_or(value.len(), |text| text.plain().chars().count());
    let place = [0, length / 3, length / 2, length][random.below(4)] + random.below(12);
    let place = if random.percent(70) { place } else { random.below(length + 1) };
    if text.is_none() && random.percent(30) && place < length {
        let method = if random.percent(40) { Method::Delete } else { Method::Set(Value::string("set")) };
        return (Path::ROOT.index(place), method);
    }
    let many = |random: &mut Random| {
        let end = if random.percent(5) { 400 } else { 6 };
        random.below(end)
    };
    let item = |number: usize| Value::string(&format!("{turn}.{number} "));
    let items = (0..many(random)).map(item).collect();
    let count = if random.percent(50) { many(random) } else { 0 };
    let (start, count) = (i64::try_from(place).unwrap(), i64::try_from(count).unwrap());
    (Path::ROOT, Method::Splice { start, count, items })
}

/// A few people edit what they see, and hear of each other now and then.
fn work(random: &mut Random, initial: &Value) -> (History, Vec<Replica>) {
    let mut history = History { initial: initial.clone(), changes: Vec::new() };
    let mut people: Vec<Replica> = (1..=4).map(|author| history.replica(Author(author), MANY)).collect();
    let tell = |replica: &mut Replica, history: &History, random: &mut Random| {
        let unheard = history.changes.iter().filter(|change| !replica.clock().saw(change.id()));
        let mut unheard: Vec<Change> = unheard.cloned().collect();
        random.shuffle(&mut unheard);
        assert!(replica.receive(unheard).refused.is_empty());
    };
    for turn in 0..120 {
        let person = random.below(people.len());
        let replica = &mut people[person];
        if random.percent(25) {
            tell(replica, &history, random);
        }
        let (path, method) = edit(random, replica.value(), turn);
        if let Ok(change) = replica.edit(path, method) {
            history.changes.push((*change).clone());
        }
    }
    people.push(history.replica(ONLOOKER, MANY));
    for replica in &mut people {
        tell(replica, &history, random);
    }
    (history, people)
}

#[test]
fn a_few_people_on_a_long_list_or_text() {
    for seed in seeds_or("LISTS", 6) {
        let initial = if seed % 2 == 0 { long_text() } else { long_list() };
        let (history, people) = work(&mut Random(seed), &initial);
        let value = Oracle::fold(&history.initial, &history.changes).value().to_string();
        for replica in people {
            assert_eq!(replica.value().to_string(), value, "SEED={seed}, author {}", replica.author());
        }
    }
}

/// Very many people, each with a few changes, having seen this and that of the others.
fn crowd(random: &mut Random) -> History {
    let initial = parse(r#"["p","q",{"k":"text of all"},"r","s"]"#).unwrap();
    let mut history = History { initial, changes: Vec::<Change>::new() };
    let mut views = vec![VectorClock::new(); 100];
    while history.changes.len() < 250 {
        let person = random.below(views.len());
        if random.percent(70) && !history.changes.is_empty() {
            views[person].join(&random.pick(&history.changes).clock);
        }
        let author = Author(u32::try_from(person + 1).unwrap());
        let tick = views[person].get(author) + 1;
        views[person].set(author, tick);
        let value = Value::string(&format!("{author}.{tick}"));
        let at = random.below(6);
        let start = i64::try_from(at).unwrap();
        let (path, method) = match random.below(4) {
            0 => (Path::ROOT.index(at), Method::Set(value)),
            1 => (Path::ROOT.index(2).key("k"), Method::Splice { start, count: 1, items: vec![value] }),
            _ => (
                Path::ROOT,
                Method::Splice { start, count: i64::from(random.percent(30)), items: vec![value] },
            ),
        };
        history.changes.push(Change { author, clock: views[person].clone(), path, method });
    }
    history
}

#[test]
fn very_many_people_on_one_list() {
    for seed in seeds_or("LISTS", 3) {
        let random = &mut Random(seed);
        let history = crowd(random);
        assert_eq!(history.initial.kind(), Kind::Array);
        let view = history.view();
        let mut order = history.changes.clone();
        for batch in [1, 20, order.len()] {
            random.shuffle(&mut order);
            let mut replica = history.replica(ONLOOKER, MANY);
            for changes in order.chunks(batch) {
                assert!(replica.receive(changes.to_vec()).refused.is_empty());
            }
            assert_eq!(view_of(&replica), view, "SEED={seed}");
        }
    }
}
