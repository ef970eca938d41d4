//! W6: a newcomer gets a document, and looks at all of it.

use super::{Report, Run};
use crate::measure::{memory, time};
use crate::work::{Base, large, tree_edits};

/// Edits made before somebody joins: more than a history here remembers.
const EDITS: usize = 20_000;

/// W6: encode for a joiner, load, first full read; bytes and memory.
pub(super) fn join(run: &Run<'_>, megabytes: usize) -> Report {
    pass_on(run, &Base::untouched(large(run.seed, megabytes)), 0, &format!("W6 {megabytes} MB"))
}

/// The same with a document that has been edited all over.
pub(super) fn join_edited(run: &Run<'_>, megabytes: usize) -> Report {
    let base = Base::new(large(run.seed, megabytes));
    pass_on(run, &base, run.count(EDITS), &format!("W6 {megabytes} MB, edited"))
}

fn pass_on(run: &Run<'_>, base: &Base, edits: usize, what: &str) -> Report {
    let mut founder = (run.engine.found)(base);
    if edits > 0 {
        tree_edits(base, run.seed_of(1), edits).iter().for_each(|edit| founder.edit(edit));
    }
    let (encode, saved) = time(|| founder.save());
    drop(founder);

    let (load, mut joiner) = time(|| run.load(&saved, base, 2, 2));
    let (read, nodes) = time(|| joiner.read());
    let document = joiner.value();
    drop(joiner);

    let (memory, mut joiner) = memory(|| {
        let mut joiner = run.load(&saved, base, 2, 2);
        assert_eq!(joiner.read(), nodes, "a document reads the same twice");
        joiner
    });
    assert_eq!(joiner.read(), nodes, "a document reads the same twice");
    let name = |figure: &str| format!("{what}: {figure}");
    Report::default()
        .figure(name("encode"), "ms", encode)
        .figure(name("load"), "ms", load)
        .figure(name("first read"), "ms", read)
        .figure(name("load and read"), "ms", load + read)
        .figure(name("snapshot"), "MB", saved.len() as f64 / 1e6)
        .figure(name("live memory"), "MB", memory.live / 1e6)
        .figure(name("peak memory"), "MB", memory.peak / 1e6)
        .ending(&document)
}
