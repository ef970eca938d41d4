//! W7: a long text, keystroke by keystroke.

use serde_json::Value as Json;

use super::{Report, Run, assert_converged};
use crate::measure::{memory, time};
use crate::work::{Base, Edit, typing};

/// As many as in the automerge-paper trace.
const KEYSTROKES: usize = 259_778;

fn edits(run: &Run<'_>) -> Vec<Edit> {
    let count = run.count(KEYSTROKES);
    match &run.trace {
        Some(trace) => trace.iter().take(count).cloned().collect(),
        None => typing(run.seed, count),
    }
}

/// W7: each keystroke a change.
pub(super) fn keystrokes(run: &Run<'_>) -> Report {
    let edits = edits(run);
    let base = Base::text("");
    let saved = run.found(&base);
    let mut author = run.load(&saved, &base, 1, 1);
    let (ms, ()) = time(|| edits.iter().for_each(|edit| author.edit(edit)));
    Report::default().figure("W7 typing", "ms", ms).ending(&author.value())
}

/// What the author's replica holds in memory after W7.
pub(super) fn keystrokes_memory(run: &Run<'_>) -> Report {
    let edits = edits(run);
    let base = Base::text("");
    let saved = run.found(&base);
    let (memory, mut author) = memory(|| {
        let mut author = run.load(&saved, &base, 1, 1);
        for edit in &edits {
            author.edit(edit);
        }
        author
    });
    Report::default().figure("W7 memory after typing", "MB", memory.live / 1e6).ending(&author.value())
}

/// W7b: two type the second half at once; one takes in all that the other did.
pub(super) fn both(run: &Run<'_>) -> Report {
    let edits = edits(run);
    let (first, second) = edits.split_at(edits.len() / 2);
    let base = Base::text(&fold(first));
    let saved = run.found(&base);
    let mut replicas = [1, 2].map(|author| {
        let mut replica = run.load(&saved, &base, author, 2);
        for edit in second {
            replica.edit(edit);
        }
        replica
    });
    let [one, other] = &mut replicas;
    let (to_one, to_other) = (other.own_changes(), one.own_changes());
    let (ms, ()) = time(|| one.receive(&to_one));
    other.receive(&to_other);
    let document: Json = assert_converged(run.engine.name, one.as_mut(), other.as_mut());
    let bytes = to_one.iter().map(Vec::len).sum::<usize>();
    Report::default()
        .figure("W7b typing at once: merge", "ms", ms)
        .figure("W7b bytes a keystroke", "B", bytes as f64 / second.len() as f64)
        .ending(&document)
}

/// The text that keystrokes make from nothing.
fn fold(edits: &[Edit]) -> String {
    let mut text = String::new();
    for edit in edits {
        let Edit::Type { start, remove, text: typed } = edit else { continue };
        text.replace_range(start..&(start + remove), typed);
    }
    text
}
