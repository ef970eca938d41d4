//! W3, W4, W5: authors who edit without seeing each other, and what it takes to bring it together.

use super::{Report, Run, assert_converged};
use crate::measure::time;
use crate::work::{Base, Edit, Random, splices, tree_edits};

/// W3: two replicas edit apart; one takes in all that the other did.
pub(super) fn two(run: &Run<'_>) -> Report {
    let base = Base::tree(run.seed);
    let saved = run.found(&base);
    let mut replicas = [1, 2].map(|author| {
        let mut replica = run.load(&saved, &base, author, 2);
        for edit in tree_edits(&base, run.seed_of(author), run.count(10_000)) {
            replica.edit(&edit);
        }
        replica
    });
    let [one, other] = &mut replicas;
    let to_one = other.own_changes();
    let (encoding, to_other) = time(|| one.own_changes());
    let (ms, ()) = time(|| one.receive(&to_one));
    other.receive(&to_other);
    let document = assert_converged(run.engine.name, one.as_mut(), other.as_mut());
    Report::default()
        .figure("W3 two branches: merge", "ms", ms)
        .figure("W3 two branches: encode", "ms", encoding)
        .ending(&document)
}

/// Authors who edited apart: what each of them sends, in order, and where they started.
struct Branches {
    base: Base,
    saved: Vec<u8>,
    members: u32,
    /// What the first author did.
    own: Vec<Edit>,
    /// What each of the others sends.
    messages: Vec<Vec<Vec<u8>>>,
}

impl Branches {
    fn new(run: &Run<'_>, base: Base, members: u32, edits: impl Fn(&Base, u64) -> Vec<Edit>) -> Self {
        let saved = run.found(&base);
        let messages = (2..=members).map(|author| {
            let mut replica = run.load(&saved, &base, author, members);
            let edits = edits(&base, run.seed_of(author));
            edits.iter().map(|edit| replica.edit_and_encode(edit)).collect()
        });
        let messages = messages.collect();
        Self { own: edits(&base, run.seed_of(1)), saved, members, messages, base }
    }

    fn eight(run: &Run<'_>) -> Self {
        Self::new(run, Base::tree(run.seed), 8, |base, seed| tree_edits(base, seed, run.count(2_000)))
    }

    /// The first author, who has made their own edits, takes in the others' in batches.
    fn receive(&self, run: &Run<'_>, name: &str, batch: usize, messages: &[Vec<u8>]) -> Report {
        let mut replica = run.load(&self.saved, &self.base, 1, self.members);
        let mut own = Vec::new();
        for edit in &self.own {
            own.push(replica.edit_and_encode(edit));
        }
        let (ms, ()) = time(|| messages.chunks(batch).for_each(|part| replica.receive(part)));

        let mut witness = run.load(&self.saved, &self.base, self.members + 1, self.members + 1);
        own.extend(self.messages.iter().flatten().cloned());
        witness.receive(&own);
        let document = assert_converged(run.engine.name, replica.as_mut(), witness.as_mut());
        Report::default().figure(name, "ms", ms).ending(&document)
    }

    /// The others' messages in random order, each author's own order kept.
    fn interleaved(&self, run: &Run<'_>) -> Vec<Vec<u8>> {
        let mut random = Random::new(run.seed_of(0));
        let mut queues: Vec<_> = self.messages.iter().map(|messages| messages.iter()).collect();
        let mut order: Vec<usize> =
            self.messages.iter().enumerate().flat_map(|(author, sent)| vec![author; sent.len()]).collect();
        random.shuffle(&mut order);
        order.into_iter().map(|author| queues[author].next().expect("a message").clone()).collect()
    }
}

fn how(batch: usize) -> String {
    if batch == 1 { "one by one".to_owned() } else { format!("batches of {batch}") }
}

/// W4: one of eight receives what the other seven did, in random order.
pub(super) fn eight(run: &Run<'_>, batch: usize) -> Report {
    let branches = Branches::eight(run);
    let name = format!("W4 eight offline: {}", how(batch));
    branches.receive(run, &name, batch, &branches.interleaved(run))
}

/// W4 in any order at all: a message may come before what its author had done before.
pub(super) fn eight_in_any_order(run: &Run<'_>) -> Report {
    let branches = Branches::eight(run);
    let mut messages = branches.interleaved(run);
    Random::new(run.seed_of(9)).shuffle(&mut messages);
    branches.receive(run, "W4 eight offline: any order", 1, &messages)
}

/// W5: four replicas splice one list of 5,000 elements.
pub(super) fn hot_list(run: &Run<'_>, batch: usize) -> Report {
    let branches = Branches::new(run, Base::list(run.seed, 5_000), 4, |base, seed| {
        splices(base, seed, run.count(2_000))
    });
    let name = format!("W5 one list offline: {}", how(batch));
    branches.receive(run, &name, batch, &branches.interleaved(run))
}
