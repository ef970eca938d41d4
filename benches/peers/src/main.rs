//! The engine of ultrawave beside other engines for shared documents, on the same work.
//!
//! Every figure is taken in a process of its own, so that no engine pays for the memory of
//! another, and one that is too slow can be stopped. Times are processor time, medians of
//! several runs in which the engines take turns.

mod contender;
mod contenders;
mod measure;
mod report;
mod run;
mod work;
mod workloads;

use std::path::PathBuf;

use clap::Parser;

/// Measures engines for shared documents on the same work, and prints a table (Markdown).
#[derive(Parser)]
struct Options {
    /// Workloads, separated by commas; without: all but w6-100. A name stands for all that begin
    /// with it and a dash, too.
    #[arg(long, value_delimiter = ',')]
    workloads: Vec<String>,
    /// Engines, separated by commas; without: all.
    #[arg(long, value_delimiter = ',')]
    engines: Vec<String>,
    /// Runs of each; a run that takes over 20 s is not repeated.
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// What the numbers of edits are multiplied with.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// A first impression: a tenth of the edits, once.
    #[arg(long)]
    quick: bool,
    /// Seconds after which a run is stopped.
    #[arg(long, default_value_t = 120)]
    limit_s: u64,
    /// What documents and edits are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keystrokes for W7 (format of github.com/josephg/editing-traces, unpacked); without: made
    /// from the seed.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Measures one workload with one engine in this process, once.
    #[arg(long, hide = true)]
    here: bool,
}

fn main() {
    let mut options = Options::parse();
    if options.quick {
        options.repetitions = 1;
        options.scale = 0.1;
    }
    if options.here { run::here(&options) } else { run::all(&options) }
}
