//! Real sessions over a bad network, from a seed: delay, loss, duplicates, disorder, cuts,
//! partitions, people who come, leave and crash. In the end everyone has the same document.
//!
//! A failure prints its seed and what happened; `SEED=n cargo test --test sim` runs it again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "a failure prints what happened")]

mod check;
mod edits;
mod latency;
mod life;
mod network;
mod random;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use world::{Tally, World};

/// Seeds tried in the ordinary test.
const SEEDS: u64 = 200;

/// Runs one seed; if it fails, once more with everything written down.
fn run(seed: u64) -> Tally {
    let mut world = World::new(seed, false);
    if catch_unwind(AssertUnwindSafe(|| world.run())).is_ok() {
        return world.tally;
    }
    let mut world = World::new(seed, true);
    let failure = catch_unwind(AssertUnwindSafe(|| world.run()));
    println!("{}", world.take_trace().unwrap_or_default());
    println!("SEED={seed} cargo test --test sim");
    match failure {
        Err(panic) => resume_unwind(panic),
        Ok(()) => panic!("seed {seed} fails only when nobody looks: the simulation is not deterministic"),
    }
}

#[test]
fn everyone_ends_with_the_same_document() {
    if let Ok(seed) = std::env::var("SEED") {
        println!("{:?}", run(seed.parse().unwrap()));
        return;
    }
    let mut all = Tally::default();
    for seed in 0..SEEDS {
        let tally = run(seed);
        all.edits += tally.edits;
        all.undone += tally.undone;
        all.joined += tally.joined;
        all.left += tally.left;
        all.crashed += tally.crashed;
        all.cuts += tally.cuts;
        all.requests += tally.requests;
        all.documents += tally.documents;
        all.forgot += tally.forgot;
    }
    println!("{all:?}");
    // A simulation in which nothing happens proves nothing.
    let seeds = usize::try_from(SEEDS).unwrap();
    assert!(all.edits > 20 * seeds && all.undone > seeds && all.joined > seeds / 2, "{all:?}");
    assert!(all.left > 10 && all.crashed > 10 && all.cuts > 10 && all.requests > seeds, "{all:?}");
    assert!(all.forgot > 10, "{all:?}");
}
