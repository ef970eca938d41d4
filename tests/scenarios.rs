//! The worked cases of `scenarios.json`: what the oracle and the engine make of each, in whatever
//! order the changes arrive.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod oracle;

use oracle::fold::Oracle;
use oracle::history::{History, orders, sorted, view_of};
use ultrawave::document::{Method, Path, Step, Text, Value, parse};
use ultrawave::sync::{Author, Change, VectorClock};

/// Who only receives.
const ONLOOKER: Author = Author(99);

/// One worked case.
struct Scenario {
    name: String,
    history: History,
    expect: Value,
}

fn scenarios() -> Vec<Scenario> {
    let all = parse(include_str!("scenarios.json")).unwrap();
    all.elements().map(scenario).collect()
}

fn scenario(text: &Value) -> Scenario {
    let mut changes: Vec<(String, Change)> = Vec::new();
    for op in field(text, "ops").elements() {
        // The authors a, b, c are 1, 2, 3; the change a2 is the second of a.
        let author = Author(u32::from(word(op, "author").as_bytes()[0] - b'a') + 1);
        let id = word(op, "id");
        let mut clock = VectorClock::new();
        for seen in field(op, "after").elements() {
            let seen = seen.as_text().unwrap().plain();
            clock.join(&changes.iter().find(|(id, _)| *id == seen).unwrap().1.clock);
        }
        clock.set(author, id[1..].parse().unwrap());
        let path = field(op, "path").elements().map(step).collect::<Path>();
        let method = method(&word(op, "method"), field(op, "args"));
        changes.push((id, Change { author, clock, path, method }));
    }
    let changes = changes.into_iter().map(|(_, change)| change).collect();
    let history = History { initial: field(text, "initial").clone(), changes };
    Scenario { name: word(text, "name"), history, expect: field(text, "expect").clone() }
}

fn field<'a>(map: &'a Value, key: &str) -> &'a Value {
    map.key(&Text::new(key)).unwrap()
}

fn word(map: &Value, key: &str) -> String {
    field(map, key).as_text().unwrap().plain().into_owned()
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_number().unwrap().parse().unwrap()
}

fn step(step: &Value) -> Step {
    step.as_text().map_or_else(|| Step::Index(number(step)), |key| Step::Key(key.clone()))
}

fn method(name: &str, args: &Value) -> Method {
    let mut args = args.elements().cloned();
    match name {
        "set" => Method::Set(args.next().unwrap()),
        "delete" => Method::Delete,
        "merge" => Method::Merge(args.next().unwrap()),
        "splice" => Method::Splice {
            start: number(&args.next().unwrap()),
            count: number(&args.next().unwrap()),
            items: args.collect(),
        },
        other => panic!("no method {other}"),
    }
}

#[test]
fn the_oracle_makes_of_each_what_it_should() {
    let all = scenarios();
    assert_eq!(all.len(), 47);
    for Scenario { name, history, expect } in all {
        // The cases say what a map holds; in what order is for the oracle to say.
        let value = Oracle::fold(&history.initial, &history.changes).value();
        assert_eq!(sorted(&value).to_string(), sorted(&expect).to_string(), "{name}\n{}", history.story());
    }
}

#[test]
fn the_engine_agrees_in_every_order_of_arrival() {
    for Scenario { name, history, .. } in scenarios() {
        let view = history.view();
        for order in orders(&history.changes) {
            let mut replica = history.replica(ONLOOKER, 10_000);
            for (at, change) in order.iter().enumerate() {
                // Each comes twice, the second time after its successor.
                let again = at.checked_sub(1).map(|before| order[before].clone());
                let received = replica.receive([change.clone()].into_iter().chain(again));
                assert!(received.refused.is_empty(), "{name}: {:?}\n{}", received.refused, history.story());
            }
            assert_eq!(view_of(&replica), view, "{name}, arriving as {}\n{}", names(&order), history.story());
            assert_eq!(replica.pending(), 0, "{name}");
        }
    }
}

#[test]
fn the_engine_agrees_when_all_arrive_at_once() {
    for Scenario { name, history, .. } in scenarios() {
        let view = history.view();
        for order in orders(&history.changes) {
            let mut replica = history.replica(ONLOOKER, 10_000);
            let applied = replica.receive(order.clone()).applied;
            assert_eq!(applied.len(), order.len(), "{name}");
            assert_eq!(view_of(&replica), view, "{name}, arriving as {}\n{}", names(&order), history.story());
        }
    }
}

fn names(order: &[Change]) -> String {
    let names: Vec<String> = order.iter().map(|change| change.id().to_string()).collect();
    names.join(" ")
}
