//! W4-live, W5-live: everyone edits at once, and nobody is far behind.

use super::{Report, Run, assert_converged};
use crate::contender::Contender;
use crate::measure::time;
use crate::work::{Base, Edit, Random, splices, tree_edits};

/// Edits that somebody may be behind.
const BEHIND: usize = 200;

/// W4-live: eight authors in a document.
pub(super) fn eight(run: &Run<'_>) -> Report {
    live(run, "W4-live", &Base::tree(run.seed), 8, |base, seed| tree_edits(base, seed, run.count(2_000)))
}

/// W5-live: four authors in one list.
pub(super) fn hot_list(run: &Run<'_>) -> Report {
    live(run, "W5-live", &Base::list(run.seed, 5_000), 4, |base, seed| splices(base, seed, run.count(2_000)))
}

/// Somebody in the session.
struct Member {
    author: u32,
    replica: Box<dyn Contender>,
    edits: std::vec::IntoIter<Edit>,
    /// How much of the log they have taken in.
    seen: usize,
    /// How far they are behind when they next take in the rest.
    patience: usize,
}

/// What everyone has done, in the order of doing.
type Log = Vec<(u32, Vec<u8>)>;

impl Member {
    /// Takes in all of the log, message by message. Gives the processor time in milliseconds.
    fn catch_up(&mut self, log: &Log) -> f64 {
        let news = log[self.seen..].iter().filter(|(author, _)| *author != self.author);
        let (ms, ()) =
            time(|| news.for_each(|(_, message)| self.replica.receive(std::slice::from_ref(message))));
        self.seen = log.len();
        ms
    }

    /// Makes an edit where the list is as long as it is now. Gives the message and the processor
    /// time in milliseconds.
    fn edit(&mut self, mut edit: Edit) -> (f64, Vec<u8>) {
        if let Edit::Splice { list, start, remove, .. } = &mut edit {
            let length = self.replica.length(*list);
            *start %= length + 1;
            *remove = (*remove).min(length - *start);
        }
        time(|| self.replica.edit_and_encode(&edit))
    }
}

/// Measures the first author among the others.
fn live(
    run: &Run<'_>, name: &str, base: &Base, authors: u32, edits: impl Fn(&Base, u64) -> Vec<Edit>,
) -> Report {
    let saved = run.found(base);
    let mut random = Random::new(run.seed_of(0));
    let member = |author| Member {
        author,
        replica: run.load(&saved, base, author, authors),
        edits: edits(base, run.seed_of(author)).into_iter(),
        seen: 0,
        patience: 1,
    };
    let mut members: Vec<Member> = (1..=authors).map(member).collect();
    let mut active: Vec<usize> = (0..members.len()).collect();
    let mut log = Log::new();
    let (mut local_ms, mut remote_ms) = (0.0, 0.0);
    while !active.is_empty() {
        let at = *random.pick(&active);
        let Some(edit) = members[at].edits.next() else {
            active.retain(|&other| other != at);
            continue;
        };
        let (ms, message) = members[at].edit(edit);
        log.push((members[at].author, message));
        if at == 0 {
            local_ms += ms;
        }
        for member in &mut members {
            if log.len() - member.seen >= member.patience {
                let ms = member.catch_up(&log);
                member.patience = 1 + random.below(BEHIND);
                if member.author == 1 {
                    remote_ms += ms;
                }
            }
        }
    }
    for member in &mut members {
        let ms = member.catch_up(&log);
        if member.author == 1 {
            remote_ms += ms;
        }
    }
    let (one, others) = members.split_first_mut().expect("authors");
    let document = assert_converged(run.engine.name, one.replica.as_mut(), others[0].replica.as_mut());
    Report::default()
        .figure(format!("{name}: remote"), "ms", remote_ms)
        .figure(format!("{name}: local"), "ms", local_ms)
        .ending(&document)
}
