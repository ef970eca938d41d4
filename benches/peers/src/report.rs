//! The table: what each engine took for each kind of work.

use std::fmt;

/// How a run ended.
pub(crate) enum Outcome {
    /// With figures and the digest of the document.
    Done {
        /// Name, unit and value.
        figures: Vec<(String, String, f64)>,
        /// Of the document at the end.
        digest: String,
    },
    /// It was stopped after so many seconds.
    Over(u64),
    /// The engine gave up, or did not converge; what it said is on stderr.
    Failed,
}

impl Outcome {
    /// Reads what a run printed.
    pub(crate) fn read(text: &str) -> Self {
        let (mut figures, mut digest) = (Vec::new(), String::new());
        for line in text.lines() {
            match *line.split('\t').collect::<Vec<_>>() {
                ["digest", it] => it.clone_into(&mut digest),
                [name, unit, value] => {
                    figures.push((name.to_owned(), unit.to_owned(), value.parse().expect("a number")));
                }
                _ => {}
            }
        }
        Self::Done { figures, digest }
    }
}

/// All that was measured.
pub(crate) struct Table {
    engines: Vec<&'static str>,
    runs: Vec<(&'static str, &'static str, Outcome)>,
}

/// What stands in one place of the table.
enum Cell {
    Median(f64),
    Note(String),
}

impl Table {
    pub(crate) fn new(engines: Vec<&'static str>) -> Self {
        Self { engines, runs: Vec::new() }
    }

    pub(crate) fn add(&mut self, workload: &'static str, engine: &'static str, outcome: Outcome) {
        self.runs.push((workload, engine, outcome));
    }

    /// Whether all engines ended a workload with the same document; says so on stderr if not.
    pub(crate) fn are_equal(&self, workload: &str) -> bool {
        let mut ends: Vec<(&str, &str)> = Vec::new();
        for (of, engine, outcome) in &self.runs {
            if let Outcome::Done { digest, .. } = outcome
                && *of == workload
            {
                ends.push((digest, engine));
            }
        }
        ends.sort_unstable();
        ends.dedup();
        let are_equal = ends.windows(2).all(|pair| pair[0].0 == pair[1].0);
        if !are_equal {
            eprintln!("{workload}: the documents differ: {ends:?}");
        }
        are_equal
    }

    /// The lines of one workload.
    pub(crate) fn rows_of(&self, workload: &str) -> String {
        let mut names: Vec<(&str, &str)> = Vec::new();
        for (of, _, outcome) in &self.runs {
            if let Outcome::Done { figures, .. } = outcome
                && *of == workload
            {
                for (name, unit, _) in figures {
                    if !names.contains(&(name, unit)) {
                        names.push((name, unit));
                    }
                }
            }
        }
        names.iter().map(|(name, unit)| self.row(workload, name, unit)).collect()
    }

    fn row(&self, workload: &str, name: &str, unit: &str) -> String {
        let cells: Vec<Cell> = self.engines.iter().map(|engine| self.cell(workload, engine, name)).collect();
        let own = match (self.engines.first(), cells.first()) {
            (Some(&"ultrawave"), Some(Cell::Median(own))) => Some(*own),
            _ => None,
        };
        let mut row = format!("| {name}, {unit} |");
        let mut best: Option<(f64, &str)> = None;
        for (engine, cell) in self.engines.iter().zip(&cells) {
            match cell {
                Cell::Median(value) => {
                    row = format!("{row} {} |", short(*value));
                    let is_peer = *engine != "ultrawave" && *engine != "plain JSON";
                    if is_peer && best.is_none_or(|(least, _)| *value < least) {
                        best = Some((*value, engine));
                    }
                }
                Cell::Note(note) => row = format!("{row} {note} |"),
            }
        }
        match own.zip(best) {
            Some((own, (best, engine))) => format!("{row} {}× ({engine}) |\n", short(best / own)),
            None => format!("{row} |\n"),
        }
    }

    fn cell(&self, workload: &str, engine: &str, name: &str) -> Cell {
        let mut values = Vec::new();
        let mut note = String::new();
        for (_, _, outcome) in self.runs.iter().filter(|(of, by, _)| *of == workload && *by == engine) {
            match outcome {
                Outcome::Done { figures, .. } => {
                    values.extend(figures.iter().filter(|(of, ..)| of == name).map(|(.., value)| *value));
                }
                Outcome::Over(seconds) => note = format!("over {seconds} s"),
                Outcome::Failed => "failed".clone_into(&mut note),
            }
        }
        values.sort_unstable_by(f64::total_cmp);
        values.get(values.len() / 2).map_or(Cell::Note(note), |median| Cell::Median(*median))
    }
}

/// About three digits, and all before the point.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0..100.0 => 1,
        0.1..10.0 => 2,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "| work |")?;
        for engine in &self.engines {
            write!(formatter, " {engine} |")?;
        }
        writeln!(formatter, " best peer / ultrawave |")?;
        writeln!(formatter, "|---|{}---|", "---|".repeat(self.engines.len()))?;
        let mut workloads: Vec<&str> = self.runs.iter().map(|(workload, ..)| *workload).collect();
        workloads.dedup();
        for workload in workloads {
            write!(formatter, "{}", self.rows_of(workload))?;
        }
        Ok(())
    }
}
