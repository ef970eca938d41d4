//! W6: a newcomer gets a document, and looks at all of it.

use super::{Report, Run};
use crate::measure::{memory, time};
use crate::work::large;

/// W6: encode for a joiner, load, first full read; bytes and memory.
pub(super) fn join(run: &Run<'_>, megabytes: usize) -> Report {
    let base = large(run.seed, megabytes);
    let mut founder = (run.engine.found)(&base);
    let (encode, saved) = time(|| founder.save());
    drop(founder);

    let (load, mut joiner) = time(|| run.load(&saved, &base, 1, 2));
    let (read, nodes) = time(|| joiner.read());
    let document = joiner.value();
    drop(joiner);

    let (memory, mut joiner) = memory(|| {
        let mut joiner = run.load(&saved, &base, 1, 2);
        assert_eq!(joiner.read(), nodes, "a document reads the same twice");
        joiner
    });
    assert_eq!(joiner.read(), nodes, "a document reads the same twice");
    let name = |what: &str| format!("W6 {megabytes} MB: {what}");
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
