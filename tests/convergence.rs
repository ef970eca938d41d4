//! Random histories: the engine against the oracle, byte for byte.
//!
//! `SEED=n` tries one history, `COUNT=n` tries so many.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod oracle;

use oracle::Oracle;
use oracle::history::{History, check_and_shrink, view_of};
use oracle::random::{Random, edit, history};
use ultrawave::document::Value;
use ultrawave::sync::{Author, Change, Replica, VectorClock};

/// Who only receives.
const ONLOOKER: Author = Author(99);
const MANY: usize = 10_000;

/// Tries `check` on many random histories. It gets a source of chance of its own, so that the
/// same seed makes the same choices.
fn try_many(count: usize, check: impl Fn(&History, &mut Random)) {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<usize>().ok());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("COUNT").unwrap_or(count),
    };
    for seed in seeds {
        let seed = u64::try_from(seed).unwrap();
        let history = history(&mut Random(seed));
        // Several tries of one history: shrinking it changes what chance does.
        check_and_shrink(&format!("SEED={seed}"), &history, |history| {
            for more in 0..2 {
                check(history, &mut Random(seed.wrapping_mul(3) + more));
            }
        });
    }
}

fn clones<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<Change> {
    changes.into_iter().cloned().collect()
}

#[test]
fn a_context_hides_what_it_has_not_seen() {
    try_many(500, |history, random| {
        let oracle = Oracle::fold(&history.initial, &history.changes);
        let context = random.pick(&history.changes).context();
        assert_eq!(oracle.value_in(&context).to_string(), history.seen_by(&context).to_string());
    });
}

#[test]
fn stamps_are_a_total_order_that_extends_causality() {
    try_many(500, |history, _| {
        for (at, one) in history.changes.iter().enumerate() {
            for other in &history.changes[at + 1..] {
                assert_ne!(one.stamp(), other.stamp());
                if other.clock.saw(one.id()) {
                    assert!(one.stamp() < other.stamp());
                }
            }
        }
    });
}

/// Calls `check` with edits made one after the other by one author: each with the documents
/// before it and, unless it cannot be made, after it.
fn try_alone(check: impl Fn(&mut History, &Value, Change, Option<&Value>)) {
    for seed in 0..500 {
        let random = &mut Random(seed);
        let mut room = History { initial: history(random).initial, changes: Vec::new() };
        let mut plain = room.initial.clone();
        for _ in 0..12 {
            let (path, method) = edit(random, &plain);
            let before = plain.clone();
            let applied = plain.apply(&path, &method);
            let tick = u64::try_from(room.changes.len() + 1).unwrap();
            let clock = [(Author(1), tick)].into_iter().collect();
            let change = Change { author: Author(1), clock, path, method };
            check(&mut room, &before, change, applied.is_ok().then_some(&plain));
        }
    }
}

#[test]
fn the_oracle_alone_makes_plain_edits() {
    try_alone(|room, before, change, after| {
        room.changes.push(change);
        let oracle = Oracle::fold(&room.initial, &room.changes);
        let change = room.changes.last().unwrap();
        assert_eq!(oracle.resolves(change.id()), after.is_some(), "{change:?} on {before}");
        assert_eq!(oracle.value().to_string(), after.unwrap_or(before).to_string(), "{}", room.story());
        assert!(oracle.conflicts().is_empty() && oracle.lost_edits().is_empty(), "{}", room.story());
    });
}
