//! W1, W2: one author, and somebody who receives what they do.

use super::{Report, Run};
use crate::contender::Contender;
use crate::measure::{Memory, memory, time};
use crate::work::{Base, Edit, tree_edits};

struct Work {
    base: Base,
    saved: Vec<u8>,
    edits: Vec<Edit>,
}

impl Work {
    fn new(run: &Run<'_>) -> Self {
        Self::on(Base::tree(run.seed), run)
    }

    fn on(base: Base, run: &Run<'_>) -> Self {
        let edits = tree_edits(&base, run.seed_of(1), run.count(100_000));
        Self { saved: run.found(&base), base, edits }
    }

    fn replica(&self, run: &Run<'_>, author: u32) -> Box<dyn Contender> {
        run.load(&self.saved, &self.base, author, 2)
    }

    fn author(&self, run: &Run<'_>) -> Box<dyn Contender> {
        run.load(&self.saved, &self.base, 1, 1)
    }

    fn messages(&self, run: &Run<'_>) -> Vec<Vec<u8>> {
        let mut author = self.author(run);
        self.edits.iter().map(|edit| author.edit_and_encode(edit)).collect()
    }
}

/// One author's edits, each its own change.
pub(super) fn local(run: &Run<'_>) -> Report {
    edit(run, &Work::new(run), "W1 local edits")
}

/// The same, where each edit finds its container from the root.
pub(super) fn local_by_path(run: &Run<'_>) -> Report {
    edit(run, &Work::on(Base::tree(run.seed).by_path(), run), "W1 local edits by path")
}

fn edit(run: &Run<'_>, work: &Work, name: &str) -> Report {
    let mut author = work.author(run);
    let (ms, ()) = time(|| work.edits.iter().for_each(|edit| author.edit(edit)));
    Report::default().figure(name, "ms", ms).ending(&author.value())
}

/// The same, with the message for others made each time.
pub(super) fn local_encoded(run: &Run<'_>) -> Report {
    let work = Work::new(run);
    let mut author = work.author(run);
    let (ms, bytes) =
        time(|| work.edits.iter().map(|edit| author.edit_and_encode(edit).len()).sum::<usize>());
    let each = bytes as f64 / work.edits.len() as f64;
    Report::default()
        .figure("W1 local edits, each encoded", "ms", ms)
        .figure("W2 bytes an edit", "B", each)
        .ending(&author.value())
}

/// What one author's replica holds in memory after the edits.
pub(super) fn local_memory(run: &Run<'_>) -> Report {
    let work = Work::new(run);
    let (memory, mut author) = memory(|| {
        let mut author = work.author(run);
        work.edits.iter().for_each(|edit| author.edit(edit));
        author
    });
    live(Report::default(), "W1 memory after the edits", &memory).ending(&author.value())
}

/// Somebody receives the edits one by one.
pub(super) fn remote(run: &Run<'_>) -> Report {
    let work = Work::new(run);
    let messages = work.messages(run);
    let mut reader = work.replica(run, 2);
    let (ms, ()) = time(|| messages.iter().for_each(|message| reader.receive(std::slice::from_ref(message))));
    Report::default().figure("W2 remote edits in order", "ms", ms).ending(&reader.value())
}

/// What the reader's replica holds in memory after the edits.
pub(super) fn remote_memory(run: &Run<'_>) -> Report {
    let work = Work::new(run);
    let messages = work.messages(run);
    let (memory, mut reader) = memory(|| {
        let mut reader = work.replica(run, 2);
        for message in &messages {
            reader.receive(std::slice::from_ref(message));
        }
        reader
    });
    live(Report::default(), "W2 memory after the edits", &memory).ending(&reader.value())
}

fn live(report: Report, name: &str, memory: &Memory) -> Report {
    report.figure(name, "MB", memory.live / 1e6)
}
