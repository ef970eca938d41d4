//! `ultrawave replay`: folds changes over a document, without a network.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path as FilePath;

use super::failure::{Exit, Failure};
use super::{input, output};
use crate::sync::{self, Author, Change, ChangeId, Refusal, Replica, Tick};

/// Changes named one by one in a report; of the others only their number is told.
const NAMED: usize = 20;

/// Changes of one author: first and last tick.
type Run = (Author, Tick, Tick);

/// The changes of a file, each with the number of the line it stands on.
struct Lines {
    changes: BTreeMap<ChangeId, (usize, Change)>,
    faults: Vec<String>,
}

/// Prints the document that the changes make, and says which of them are not part of it.
pub(super) fn replay(document: &FilePath, changes: &FilePath, compact: bool) -> Result<Exit, Failure> {
    if input::is_stdin(document) && input::is_stdin(changes) {
        return Err(Failure::new(Exit::Usage, "only one of DOCUMENT and CHANGES can be -"));
    }
    let checkpoint = input::read_document(document)?;
    let lines = read_lines(&input::read_bytes(changes)?);
    // The replica makes no edits of its own; its author is one that no change can have.
    let mut replica = Replica::new(Author(0), checkpoint, usize::MAX);
    let faults = fold(&mut replica, lines);
    let name = input::display_name(changes);
    for fault in &faults {
        output::say(&format!("{name}: {fault}"));
    }
    let snapshot = replica.snapshot();
    output::print(&output::text_of(&snapshot.source, &snapshot.value, compact))?;
    Ok(if faults.is_empty() { Exit::Done } else { Exit::Failed })
}

fn read_lines(bytes: &[u8]) -> Lines {
    let mut lines = Lines { changes: BTreeMap::new(), faults: Vec::new() };
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    for (at, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        if let Err(fault) = lines.take(at + 1, line) {
            lines.faults.push(format!("line {}: {fault}", at + 1));
        }
    }
    lines
}

impl Lines {
    fn take(&mut self, number: usize, line: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(line).map_err(|error| format!("not UTF-8 text: {error}"))?.trim();
        if text.is_empty() {
            return Ok(());
        }
        let change = sync::decode_change(text).map_err(|error| error.to_string())?;
        let id = change.id();
        match self.changes.entry(id) {
            Entry::Vacant(free) => {
                free.insert((number, change));
                Ok(())
            }
            Entry::Occupied(held) if held.get().1 == change => Ok(()),
            Entry::Occupied(held) => {
                Err(format!("another change is called {id} on line {}; that one is kept", held.get().0))
            }
        }
    }
}

/// Takes the changes in. Returns what is wrong with the file.
fn fold(replica: &mut Replica, lines: Lines) -> Vec<String> {
    let Lines { changes, mut faults } = lines;
    let numbers: BTreeMap<ChangeId, usize> = changes.iter().map(|(&id, &(number, _))| (id, number)).collect();
    let number = |id: ChangeId| numbers.get(&id).copied().unwrap_or(0);
    let mut changes: Vec<Change> = changes.into_values().map(|(_, change)| change).collect();
    // Whatever the order of the lines: in the total order no change has to wait for one behind it.
    changes.sort_by_key(Change::stamp);
    for refusal in replica.receive(changes).refused {
        faults.push(format!("line {}: {refusal}", number(refused(&refusal))));
    }
    let mut left_out: Vec<(usize, ChangeId)> =
        replica.waiting().map(|change| (number(change.id()), change.id())).collect();
    left_out.sort_unstable();
    report(&left_out, &replica.missing(), &mut faults);
    faults
}

fn refused(refusal: &Refusal) -> ChangeId {
    match *refusal {
        Refusal::Equivocation(id)
        | Refusal::NotMine(id)
        | Refusal::Clock(id)
        | Refusal::Forgotten(id)
        | Refusal::Flood(id) => id,
    }
}

/// Names the changes that wait for a past which is not there.
fn report(left_out: &[(usize, ChangeId)], missing: &[Run], faults: &mut Vec<String>) {
    for (line, id) in left_out.iter().take(NAMED) {
        faults.push(format!("line {line}: {id} is left out: changes that it builds on are not in the file"));
    }
    if left_out.len() > NAMED {
        faults.push(format!("{} more changes are left out for the same reason", left_out.len() - NAMED));
    }
    if !missing.is_empty() {
        faults.push(format!("these changes are missing: {}", runs(missing)));
    }
}

/// Runs of ticks as people write them: `2:4` or `2:4 to 2:9`.
fn runs(missing: &[Run]) -> String {
    let mut text: Vec<String> = missing
        .iter()
        .take(NAMED)
        .map(|&(author, first, last)| {
            if first == last {
                format!("{author}:{first}")
            } else {
                format!("{author}:{first} to {author}:{last}")
            }
        })
        .collect();
    if missing.len() > NAMED {
        text.push(format!("and {} more runs", missing.len() - NAMED));
    }
    text.join(", ")
}
