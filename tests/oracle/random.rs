//! Random histories, each from one seed.

use std::ops::Range;

use ultrawave::document::{Kind, Method, Path, Step, Value, parse};
use ultrawave::sync::{Author, Change, VectorClock};

use super::history::History;

/// Numbers that follow from a seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

/// The seeds to try: so many, unless the environment names one or another number of them.
pub fn seeds(count: u64) -> Range<u64> {
    seeds_or("COUNT", count)
}

/// The same, the number being in this variable.
pub fn seeds_or(variable: &str, count: u64) -> Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number(variable).unwrap_or(count),
    }
}

const DOCUMENTS: &[&str] = &[
    "{}",
    "[]",
    r#""abc""#,
    "7",
    r#"{"a":1,"b":2,"c":3}"#,
    r#"{"a":{"b":{"c":1}},"b":[1,2,3]}"#,
    r#"{"a":[{"a":1},{"b":"xyz"}],"b":"text"}"#,
    r#"[1,[2,3],{"a":4},"five"]"#,
    r#"{"b":"\u0041\n\ud83d\ude00z","a":null,"0":[]}"#,
    r#"{"m":{},"c":{"a":{},"b":{"a":1}}}"#,
];

const VALUES: &[&str] = &[
    "1",
    "2.50",
    "true",
    "null",
    r#""""#,
    r#""pq""#,
    r#""\u00e9\ud83d\ude00""#,
    "{}",
    "{}",
    r#"{"a":1}"#,
    r#"{"b":{"a":2},"a":{}}"#,
    "[]",
    "[8,9]",
    r#"[{"a":"x"}]"#,
];

const MERGES: &[&str] = &[
    "{}",
    r#"{"a":5}"#,
    r#"{"b":6,"a":{"c":7}}"#,
    r#"{"a":{"b":{}}}"#,
    r#"{"c":{"a":[4]},"b":null}"#,
    r#"{"a":{"a":1,"b":2},"b":{"a":{"c":3}}}"#,
];

/// The last is another spelling of the first.
const KEYS: &[&str] = &[r#""a""#, r#""b""#, r#""c""#, r#""0""#, r#""\u0061""#];

fn json(random: &mut Random, texts: &[&str]) -> Value {
    parse(texts[random.below(texts.len())]).unwrap()
}

/// What each author has seen, and all that was made so far.
struct Room {
    history: History,
    views: Vec<VectorClock>,
}

/// Documents to type in, and where.
const TYPED: &[(&str, &str)] = &[
    (r#""abc""#, ""),
    (r#"{"b":"text","a":1}"#, "/b"),
    (r#"{"b":"\u0041\n\ud83d\ude00z","a":""}"#, "/b"),
    (r#"{"a":"","b":2}"#, "/a"),
    (r#"["x","y","z"]"#, ""),
];

/// A random history of 2 to 6 authors. Everyone has seen only a part, edits what it sees there,
/// and now and then something that is not there. One in five is of people who type in one string.
pub fn history(random: &mut Random) -> History {
    if random.0.is_multiple_of(5) {
        return typing(random);
    }
    let initial = json(random, DOCUMENTS);
    let authors = 2 + random.below(5);
    let mut room =
        Room { history: History { initial, changes: Vec::new() }, views: vec![VectorClock::new(); authors] };
    let (length, gossip) = (2 + random.below(11), 10 + random.below(60));
    while room.history.changes.len() < length {
        let author = random.below(authors);
        if random.percent(gossip) {
            room.gossip(random, author);
        }
        let value = room.history.seen_by(&room.views[author]);
        let (path, method) = edit(random, &value);
        room.make(author, path, method);
    }
    room.history
}

/// A random history of 2 to 4 authors who type in one string, or in one array of strings, some
/// keystrokes in a row, in places that are not far from each other.
fn typing(random: &mut Random) -> History {
    let (document, path) = random.pick(TYPED);
    let initial = parse(document).unwrap();
    let path = Path::read(path, &initial).unwrap();
    let authors = 2 + random.below(3);
    let mut room =
        Room { history: History { initial, changes: Vec::new() }, views: vec![VectorClock::new(); authors] };
    let (length, gossip) = (6 + random.below(20), 10 + random.below(60));
    while room.history.changes.len() < length {
        let author = random.below(authors);
        if random.percent(gossip) {
            room.gossip(random, author);
        }
        let value = room.history.seen_by(&room.views[author]);
        let here = value.at(&path);
        let text = here.and_then(Value::as_text).map_or(0, |text| text.plain().chars().count());
        let mut at = i64::try_from(random.below(1 + text.max(here.map_or(0, Value::len)))).unwrap();
        let way = random.below(7);
        for _ in 0..=random.below(5) {
            let letter = random.pick(&["x", "y", "é", "\n", "yz"]);
            let (start, count, items) = match way {
                0..3 => (at, 0, vec![Value::string(letter)]),
                3 | 4 => (at - 1, 1, Vec::new()),
                5 => (at, 1, Vec::new()),
                _ => (at, 1, vec![Value::string(letter)]),
            };
            at = start + i64::from(!items.is_empty());
            if start < 0 {
                break;
            }
            room.make(author, path.clone(), Method::Splice { start, count, items });
        }
        if random.percent(5) {
            let (path, method) = edit(random, &value);
            room.make(author, path, method);
        }
    }
    room.history
}

impl Room {
    /// An author makes an edit of what it has seen.
    fn make(&mut self, author: usize, path: Path, method: Method) {
        let id = Author(u32::try_from(author + 1).unwrap());
        let tick = self.views[author].get(id) + 1;
        self.views[author].set(id, tick);
        let clock = self.views[author].clone();
        self.history.changes.push(Change { author: id, clock, path, method });
    }

    /// An author hears of all that another has seen, or of one change with all that it saw.
    fn gossip(&mut self, random: &mut Random, author: usize) {
        let heard = if random.percent(50) && !self.history.changes.is_empty() {
            random.pick(&self.history.changes).clock.clone()
        } else {
            random.pick(&self.views).clone()
        };
        self.views[author].join(&heard);
    }
}

/// A random edit of a document that most likely resolves there.
pub fn edit(random: &mut Random, value: &Value) -> (Path, Method) {
    let (mut path, mut here) = (Path::ROOT, Some(value));
    if random.percent(4) {
        // Somewhere, whatever is there.
        for _ in 0..random.below(4) {
            let step = if random.percent(50) { Step::Index(random.below(4)) } else { key(random) };
            path = path.child(step);
        }
        here = value.at(&path);
    } else {
        // Mostly inside something: the root, replaced, ends every other story.
        while let Some(container) = here.filter(|here| here.is_container()) {
            if random.percent(if path.is_root() { 8 } else { 35 }) {
                break;
            }
            let step = step(random, container);
            here = container.get(&step);
            path = path.child(step);
        }
        if here.is_none() && random.percent(30) && !matches!(path.steps().last(), Some(Step::Index(_))) {
            path = path.child(key(random));
        }
    }
    let method = method(random, here);
    (path, method)
}

fn key(random: &mut Random) -> Step {
    let spelled = if random.percent(90) { &KEYS[..4] } else { &KEYS[4..] };
    Step::Key(json(random, spelled).as_text().unwrap().clone())
}

fn step(random: &mut Random, container: &Value) -> Step {
    if container.kind() == Kind::Array {
        let past_the_end = usize::from(container.is_empty() || random.percent(15));
        Step::Index(random.below(container.len() + past_the_end))
    } else if container.is_empty() || random.percent(40) {
        key(random)
    } else {
        Step::Key(container.entry(random.below(container.len())).unwrap().0.clone())
    }
}

fn method(random: &mut Random, here: Option<&Value>) -> Method {
    let text = here.and_then(Value::as_text);
    let spliced = text.is_some() || here.is_some_and(|here| here.kind() == Kind::Array);
    match random.below(100) {
        0..60 if spliced => {
            let length = here.map_or(0, Value::len).max(text.map_or(0, |text| text.plain().chars().count()));
            let items = (0..random.below(3)).map(|_| match text {
                Some(_) => json(random, &[r#""x""#, r#""yz""#, r#""é\n""#, r#""""#]),
                None => json(random, VALUES),
            });
            let items = items.collect();
            let (start, count) = span(random, length);
            Method::Splice { start, count, items }
        }
        0..20 => Method::Merge(json(random, MERGES)),
        20..45 if here.is_some() => Method::Delete,
        45..47 => Method::Splice { start: 0, count: 1, items: vec![Value::string("z")] },
        47..49 => Method::Merge(json(random, VALUES)),
        _ => Method::Set(json(random, VALUES)),
    }
}

/// Mostly one or a few inside the length, at times far outside.
fn span(random: &mut Random, length: usize) -> (i64, i64) {
    let inside = i64::try_from(random.below(length + 1)).unwrap();
    let start = *random.pick(&[
        inside,
        inside,
        inside,
        inside - i64::try_from(length).unwrap() - 1,
        99,
        -99,
        i64::MIN,
    ]);
    (start, *random.pick(&[0, 0, 1, 1, 2, 99, -3, i64::MAX]))
}
