//! The workloads: each is one function, which does the work with one engine and says what it
//! took.

mod branches;
mod live;
mod load;
mod sequential;
mod typing;

use serde_json::Value as Json;

use crate::contender::{Contender, Engine, Kind};
use crate::work::{Base, Edit, Random};

/// A workload.
pub(crate) struct Workload {
    /// What it is called on the command line.
    pub(crate) name: &'static str,
    /// Which engines take part.
    pub(crate) takes: fn(Kind) -> bool,
    /// Whether all engines must end with the same document.
    pub(crate) is_sequential: bool,
    /// Does it once.
    pub(crate) run: fn(&Run<'_>) -> Report,
}

/// One run of a workload.
pub(crate) struct Run<'a> {
    /// Who does it.
    pub(crate) engine: &'a Engine,
    /// What the documents and streams are made from.
    pub(crate) seed: u64,
    /// What the numbers of edits are multiplied with.
    pub(crate) scale: f64,
    /// Keystrokes to use in place of those made from the seed.
    pub(crate) trace: Option<Vec<Edit>>,
}

/// What a run took.
#[derive(Default)]
pub(crate) struct Report {
    /// What was measured.
    pub(crate) figures: Vec<Figure>,
    /// A digest of the document at the end.
    pub(crate) digest: u64,
}

/// Something measured.
pub(crate) struct Figure {
    /// What.
    pub(crate) name: String,
    /// In what unit.
    pub(crate) unit: String,
    /// How much.
    pub(crate) value: f64,
}

/// All workloads, in the order of the table.
pub(crate) const WORKLOADS: [Workload; 23] = [
    sequential("w1", sequential::local),
    sequential("w1-path", sequential::local_by_path),
    sequential("w1-encode", sequential::local_encoded),
    sequential("w1-memory", sequential::local_memory),
    sequential("w2", sequential::remote),
    sequential("w2-memory", sequential::remote_memory),
    concurrent("w3", branches::two),
    concurrent("w4", |run| branches::eight(run, 1)),
    concurrent("w4-64", |run| branches::eight(run, 64)),
    concurrent("w4-1024", |run| branches::eight(run, 1_024)),
    concurrent("w4-any", branches::eight_in_any_order),
    concurrent("w4-live", live::eight),
    concurrent("w5", |run| branches::hot_list(run, 1)),
    concurrent("w5-64", |run| branches::hot_list(run, 64)),
    concurrent("w5-1024", |run| branches::hot_list(run, 1_024)),
    concurrent("w5-live", live::hot_list),
    sequential("w6-1", |run| load::join(run, 1)),
    sequential("w6-10", |run| load::join(run, 10)),
    sequential("w6-100", |run| load::join(run, 100)),
    sequential("w6-edited", |run| load::join_edited(run, 10)),
    Workload { name: "w7", takes: |_| true, is_sequential: true, run: typing::keystrokes },
    Workload { name: "w7b", takes: |kind| kind != Kind::Floor, is_sequential: false, run: typing::both },
    Workload { name: "w7-memory", takes: |_| true, is_sequential: true, run: typing::keystrokes_memory },
];

const fn sequential(name: &'static str, run: fn(&Run<'_>) -> Report) -> Workload {
    Workload { name, takes: |kind| kind != Kind::Text, is_sequential: true, run }
}

const fn concurrent(name: &'static str, run: fn(&Run<'_>) -> Report) -> Workload {
    Workload { name, takes: |kind| kind == Kind::Documents, is_sequential: false, run }
}

impl Run<'_> {
    /// A number of edits at this run's scale.
    fn count(&self, full: usize) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive number"
        )]
        let scaled = (full as f64 * self.scale).ceil() as usize;
        scaled
    }

    /// A seed of its own for each author.
    fn seed_of(&self, author: u32) -> u64 {
        Random::new(self.seed ^ (u64::from(author) << 32)).next()
    }

    fn found(&self, base: &Base) -> Vec<u8> {
        (self.engine.found)(base).save()
    }

    fn load(&self, saved: &[u8], base: &Base, author: u32, members: u32) -> Box<dyn Contender> {
        (self.engine.load)(saved, base, author, members)
    }
}

impl Report {
    fn figure(mut self, name: impl Into<String>, unit: &str, value: f64) -> Self {
        self.figures.push(Figure { name: name.into(), unit: unit.to_owned(), value });
        self
    }

    /// Notes the document at the end.
    fn ending(mut self, document: &Json) -> Self {
        self.digest = digest(document);
        self
    }
}

/// A digest of a document, blind to the order of keys.
fn digest(document: &Json) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    document.hash(&mut hasher);
    hasher.finish()
}

/// Stops when two replicas of one engine do not show the same.
fn assert_converged(name: &str, one: &mut dyn Contender, other: &mut dyn Contender) -> Json {
    let document = one.value();
    assert!(document == other.value(), "two replicas of {name} have not converged");
    document
}
