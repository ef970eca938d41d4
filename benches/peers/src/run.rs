//! Runs workloads, each in a process of its own.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::Options;
use crate::contender::Engine;
use crate::contenders::ENGINES;
use crate::report::{Outcome, Table};
use crate::work::load_trace;
use crate::workloads::{Run, WORKLOADS, Workload};

/// A run that takes longer is not repeated.
const LONG: Duration = Duration::from_secs(20);

/// Measures one workload with one engine in this process, and prints what it took: a line for
/// each figure, and one for the digest.
pub(crate) fn here(options: &Options) {
    let workload =
        WORKLOADS.iter().find(|workload| options.workloads.iter().any(|name| name == workload.name));
    let engine = ENGINES.iter().find(|engine| options.engines.iter().any(|name| name == engine.name));
    let (workload, engine) = workload.zip(engine).expect("a workload and an engine");
    let trace =
        options.trace.as_ref().map(|path| load_trace(&fs::read_to_string(path).expect("a readable trace")));
    let run = Run { engine, seed: options.seed, scale: options.scale, trace };
    let report = (workload.run)(&run);
    for figure in &report.figures {
        println!("{}\t{}\t{}", figure.name, figure.unit, figure.value);
    }
    println!("digest\t{:016x}", report.digest);
}

/// Measures all that was asked for, and prints the table.
pub(crate) fn all(options: &Options) {
    let engines: Vec<&Engine> = ENGINES
        .iter()
        .filter(|engine| options.engines.is_empty() || options.engines.iter().any(|name| name == engine.name))
        .collect();
    let mut table = Table::new(engines.iter().map(|engine| engine.name).collect());
    let mut are_equal = true;
    for workload in WORKLOADS.iter().filter(|workload| is_wanted(workload.name, &options.workloads)) {
        let taking_part: Vec<&Engine> =
            engines.iter().copied().filter(|engine| (workload.takes)(engine.kind)).collect();
        let mut over: Vec<&str> = Vec::new();
        for repetition in 1..=options.repetitions {
            for engine in &taking_part {
                if over.contains(&engine.name) {
                    continue;
                }
                eprintln!("{} {} {repetition}/{}", workload.name, engine.name, options.repetitions);
                let start = Instant::now();
                let outcome = elsewhere(options, workload, engine);
                if start.elapsed() > LONG || !matches!(outcome, Outcome::Done { .. }) {
                    over.push(engine.name);
                }
                table.add(workload.name, engine.name, outcome);
            }
        }
        are_equal &= !workload.is_sequential || table.are_equal(workload.name);
        eprintln!("{}", table.rows_of(workload.name));
    }
    println!("{table}");
    assert!(are_equal, "engines did the same work and ended with different documents");
}

fn is_wanted(name: &str, wanted: &[String]) -> bool {
    if wanted.is_empty() {
        return name != "w6-100";
    }
    wanted.iter().any(|prefix| {
        name.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

/// Measures one workload with one engine in a process of its own.
fn elsewhere(options: &Options, workload: &Workload, engine: &Engine) -> Outcome {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command
        .args(["--here", "--workloads", workload.name, "--engines", engine.name])
        .args(["--seed", &options.seed.to_string(), "--scale", &options.scale.to_string()])
        .stdout(Stdio::piped());
    if let Some(trace) = &options.trace {
        command.arg("--trace").arg(trace);
    }
    let mut child = command.spawn().expect("this program starts again");
    if !ends_within(&mut child, Duration::from_secs(options.limit_s)) {
        return Outcome::Over(options.limit_s);
    }
    let output = child.wait_with_output().expect("the output of a process that has ended");
    if !output.status.success() {
        return Outcome::Failed;
    }
    Outcome::read(&String::from_utf8_lossy(&output.stdout))
}

/// Whether a process ends within a time; if not, it is stopped. What it prints is short enough
/// for the pipe to hold it.
fn ends_within(child: &mut Child, limit: Duration) -> bool {
    let start = Instant::now();
    while child.try_wait().expect("a process of ours").is_none() {
        if start.elapsed() > limit {
            child.kill().expect("a process of ours");
            child.wait().expect("a process of ours");
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}
