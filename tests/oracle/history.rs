//! A history: a document and the changes made to it, and what can be said of one.

use std::cell::Cell;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use ultrawave::document::{Kind, Method, Value};
use ultrawave::sync::{Author, Change, ChangeId, Checkpoint, Replica, VectorClock};

use super::fold::{Conflict, Oracle};

/// A document and the changes made to it, each after all that it saw.
#[derive(Clone)]
pub struct History {
    pub initial: Value,
    pub changes: Vec<Change>,
}

/// What a document looks like to everybody who has the same changes.
#[derive(Debug, PartialEq)]
pub struct View {
    pub value: String,
    pub clock: VectorClock,
    pub conflicts: Vec<Conflict>,
    pub lost: Vec<ChangeId>,
}

impl History {
    /// The document as somebody with this clock saw it, folded from what they had alone.
    pub fn seen_by(&self, clock: &VectorClock) -> Value {
        Oracle::fold(&self.initial, self.changes.iter().filter(|change| clock.saw(change.id()))).value()
    }

    /// What everybody sees in the end, says the oracle.
    pub fn view(&self) -> View {
        self.view_of(&self.changes)
    }

    /// What somebody sees who has received these, in this order or another: those whose past is
    /// complete count.
    pub fn view_of<'a>(&self, received: impl IntoIterator<Item = &'a Change>) -> View {
        let received: Vec<ChangeId> = received.into_iter().map(Change::id).collect();
        let mut clock = VectorClock::new();
        let mut complete = Vec::new();
        for change in &self.changes {
            if received.contains(&change.id()) && clock.covers(&change.context()) {
                clock.join(&change.clock);
                complete.push(change);
            }
        }
        let oracle = Oracle::fold(&self.initial, complete);
        let (value, conflicts) = (oracle.value().to_string(), oracle.conflicts());
        View { value, clock, conflicts, lost: oracle.lost_edits() }
    }

    /// A replica that has the initial document alone.
    pub fn replica(&self, author: Author, limit: usize) -> Replica {
        let (source, clock) = (self.initial.to_string().into(), VectorClock::new());
        Replica::new(author, Checkpoint { source, value: self.initial.clone(), clock }, limit)
    }

    /// The history as if the change at a position had never been made.
    pub fn without(&self, position: usize) -> Self {
        let mut changes = self.changes.clone();
        let gone = changes.remove(position).id();
        for change in &mut changes {
            let seen = change.clock.get(gone.author);
            if seen >= gone.tick {
                change.clock.set(gone.author, seen - 1);
            }
        }
        Self { initial: self.initial.clone(), changes }
    }

    /// For people: the document, and each change with what it had seen.
    pub fn story(&self) -> String {
        let mut story = format!("document {}\n", self.initial);
        for change in &self.changes {
            let (id, path) = (change.id(), change.path.to_jq());
            let _ = writeln!(
                story,
                "  {id} having seen {:?}: {} {path} {}",
                change.context(),
                change.method.name(),
                arguments(&change.method)
            );
        }
        let view = self.view();
        let _ = writeln!(
            story,
            "should become {}\n  conflicts {:?}, lost {:?}",
            view.value, view.conflicts, view.lost
        );
        story
    }
}

fn arguments(method: &Method) -> String {
    match method {
        Method::Set(value) | Method::Merge(value) => value.to_string(),
        Method::Delete => String::new(),
        Method::Splice { start, count, items } => format!("{start} {count} {items:?}"),
    }
}

/// All orders of some changes, those in which an effect comes before its cause included.
pub fn orders(changes: &[Change]) -> Vec<Vec<Change>> {
    let Some((last, rest)) = changes.split_last() else { return vec![Vec::new()] };
    let insert = |order: Vec<Change>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, last.clone());
            order
        })
    };
    orders(rest).into_iter().flat_map(insert).collect()
}

/// The value with every map's keys sorted.
pub fn sorted(value: &Value) -> Value {
    match value.kind() {
        Kind::Array => Value::array(value.elements().map(sorted)),
        Kind::Object => {
            let mut entries: Vec<_> =
                value.entries().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|(one, _), (other, _)| one.raw().cmp(other.raw()));
            Value::object(entries)
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String => value.clone(),
    }
}

/// What a replica shows.
pub fn view_of(replica: &Replica) -> View {
    let conflicts = replica.conflicts().into_iter().map(|conflict| (conflict.path, conflict.values));
    let lost = replica.lost_edits().into_iter().map(|lost| lost.change.id());
    View {
        value: replica.value().to_string(),
        clock: replica.clock().clone(),
        conflicts: conflicts.collect(),
        lost: lost.collect(),
    }
}

thread_local! {
    /// Whether this thread's panics are expected, and only the last is worth a report.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn quiet_while_shrinking() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                report(panic);
            }
        }));
    });
}

/// Calls `check` with a history; if it panics, leaves out changes as long as it still does, and
/// panics with what is left.
pub fn check_and_shrink(name: &str, history: &History, check: impl Fn(&History)) {
    quiet_while_shrinking();
    let fails = |history: &History| {
        QUIET.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| check(history)));
        QUIET.set(false);
        outcome.err().map(|panic| {
            let message = panic.downcast_ref::<String>().cloned();
            message.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
        })
    };
    let Some(mut message) = fails(history) else { return };
    let (mut smallest, mut position) = (history.clone(), 0);
    while position < smallest.changes.len() {
        let smaller = smallest.without(position);
        if let Some(smaller_message) = fails(&smaller) {
            (smallest, message, position) = (smaller, smaller_message, 0);
        } else {
            position += 1;
        }
    }
    panic!("{name}\n{}{message}", smallest.story());
}
