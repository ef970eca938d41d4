//! The documents that the work starts from.

use serde_json::{Map, Value as Json, json};

use super::Random;

/// One step of a path.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// A container that edits go to. No edit removes or moves one, so a contender may keep a handle.
pub(crate) struct Container {
    /// Where it is.
    pub(crate) path: Vec<Step>,
    /// What in it may be edited.
    pub(crate) scalars: Scalars,
}

/// The scalars in a container when the work starts.
#[derive(Clone)]
pub(crate) enum Scalars {
    /// A map with these keys of scalars.
    Keys(Vec<String>),
    /// A list of so many scalars and nothing else.
    Count(usize),
}

/// A document to start from.
pub(crate) struct Base {
    /// The document. Where it holds one string at `text`, that is a text to type in.
    pub(crate) document: Json,
    /// The containers that edits name, by number.
    pub(crate) containers: Vec<Container>,
    /// Whether a contender may keep handles of the containers; else it finds them from the root
    /// each time, as somebody does who is told a path.
    pub(crate) keeps_handles: bool,
}

impl Base {
    /// This document, with all its containers that hold scalars.
    pub(crate) fn new(document: Json) -> Self {
        let mut containers = Vec::new();
        collect(&document, &mut Vec::new(), &mut containers);
        Self { document, containers, keeps_handles: true }
    }

    /// This document, in which nothing will be edited.
    pub(crate) fn untouched(document: Json) -> Self {
        Self { document, containers: Vec::new(), keeps_handles: true }
    }

    /// A text to type in.
    pub(crate) fn text(content: &str) -> Self {
        Self::untouched(json!({ "text": content }))
    }

    /// Nested maps and lists like those of an application: about 9,300 nodes, 115 kB.
    pub(crate) fn tree(seed: u64) -> Self {
        Self::new(records(&mut Random::new(seed), 257))
    }

    /// The same, where each edit finds its container from the root.
    pub(crate) fn by_path(self) -> Self {
        Self { keeps_handles: false, ..self }
    }

    /// One list of short strings.
    pub(crate) fn list(seed: u64, count: usize) -> Self {
        let mut random = Random::new(seed);
        let elements: Vec<Json> = (0..count).map(|_| words(&mut random, 1).into()).collect();
        Self::new(json!({ "list": elements }))
    }
}

/// A document of about so many megabytes of JSON text, like the tree in kind.
pub(crate) fn large(seed: u64, megabytes: usize) -> Json {
    // A customer and what belongs to it in the other sections take about 382 bytes.
    records(&mut Random::new(seed), megabytes * 2_620)
}

fn collect(value: &Json, path: &mut Vec<Step>, containers: &mut Vec<Container>) {
    let is_scalar = |value: &Json| !value.is_object() && !value.is_array();
    match value {
        Json::Object(map) => {
            let keys = map.iter().filter(|(_, value)| is_scalar(value)).map(|(key, _)| key.clone());
            let scalars = Scalars::Keys(keys.collect());
            containers.push(Container { path: path.clone(), scalars });
            for (key, value) in map {
                path.push(Step::Key(key.clone()));
                collect(value, path, containers);
                path.pop();
            }
        }
        Json::Array(list) if list.iter().all(is_scalar) => {
            containers.push(Container { path: path.clone(), scalars: Scalars::Count(list.len()) });
        }
        Json::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                path.push(Step::Index(index));
                collect(value, path, containers);
                path.pop();
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// Customers with orders, a catalogue, settings and translations; `count` of the customers.
fn records(random: &mut Random, count: usize) -> Json {
    let customers: Vec<Json> = (0..count).map(|id| customer(random, id)).collect();
    let catalogue: Map<String, Json> =
        (0..count / 2).map(|number| (format!("sku-{number:05}"), product(random))).collect();
    let translations: Map<String, Json> = ["de", "es", "fr", "pt"]
        .into_iter()
        .map(|language| {
            let texts = (0..count / 3).map(|number| (format!("msg.{number}"), words(random, 2).into()));
            (language.to_owned(), Json::Object(texts.collect()))
        })
        .collect();
    json!({
        "customers": customers,
        "catalogue": catalogue,
        "translations": translations,
        "settings": {
            "theme": "dark", "region": "eu-west-1", "replicas": 3, "debug": false,
            "limits": { "requests": 1000, "burst": 50, "timeout_ms": 2500 },
            "features": { "search": true, "export": false, "beta": ["maps", "charts", "share"] },
        },
    })
}

fn customer(random: &mut Random, id: usize) -> Json {
    let tags: Vec<Json> = (0..2 + random.below(5)).map(|_| words(random, 1).into()).collect();
    json!({
        "id": 10_000 + id,
        "name": words(random, 2),
        "email": format!("{}@example.org", words(random, 1)),
        "active": random.happens(80),
        "balance": random.below(100_000),
        "address": {
            "street": format!("{} {}", words(random, 1), 1 + random.below(200)),
            "city": words(random, 1),
            "zip": format!("{:05}", random.below(100_000)),
        },
        "order": {
            "number": random.below(1_000_000),
            "state": random.pick(&["new", "paid", "sent", "back"]),
            "lines": { "first": words(random, 1), "count": random.below(9), "price": random.below(5_000) },
        },
        "tags": tags,
    })
}

fn product(random: &mut Random) -> Json {
    let sizes: Vec<Json> = (0..2 + random.below(4)).map(|_| random.below(60).into()).collect();
    json!({
        "title": words(random, 2),
        "price": random.below(10_000),
        "stock": random.below(500),
        "sizes": sizes,
        "box": { "width": random.below(90), "height": random.below(90) },
    })
}

/// So many made-up words.
pub(super) fn words(random: &mut Random, count: usize) -> String {
    const SYLLABLES: [&str; 20] = [
        "ka", "lo", "mi", "ren", "to", "sha", "vel", "on", "ri", "da", "pe", "lun", "gor", "is", "ta", "be",
        "nor", "fi", "el", "wu",
    ];
    let word = |random: &mut Random| -> String {
        (0..2 + random.below(2)).map(|_| *random.pick(&SYLLABLES)).collect()
    };
    (0..count).map(|_| word(random)).collect::<Vec<_>>().join(" ")
}
