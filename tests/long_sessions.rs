//! Long sessions: people work in turns for a while, then at once, then in turns again, so that
//! the engine drops its bookkeeping, keeps checkpoints, forgets, and is still right.
//!
//! `SEED=n` tries one session, `SESSIONS=n` tries so many.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod oracle;

use oracle::fold::Oracle;
use oracle::history::{History, view_of};
use oracle::random::{Random, edit, history, seeds_or};
use ultrawave::document::{Method, Path, Value, parse};
use ultrawave::sync::{Author, Change, Replica, VectorClock};

const CHANGES: usize = 900;
const MANY: usize = 10_000;

/// People who edit, and all that they made.
struct Session {
    history: History,
    people: Vec<Replica>,
    /// What each person is known to have seen.
    acknowledged: Vec<VectorClock>,
    /// Who is away: works on, and hears of nobody and is heard by nobody.
    away: Option<usize>,
}

impl Session {
    fn new(random: &mut Random, limit: usize) -> Self {
        let history = History { changes: Vec::new(), ..history(random) };
        let people: Vec<Replica> = (1..=3).map(|author| history.replica(Author(author), limit)).collect();
        Self { history, acknowledged: vec![VectorClock::new(); people.len()], people, away: None }
    }

    /// A person edits what it sees.
    fn edit(&mut self, random: &mut Random, person: usize) {
        let (path, method) = edit(random, self.people[person].value());
        // A root replaced too often leaves little to be concurrent about.
        if path.is_root() && random.percent(95) {
            return;
        }
        if let Ok(change) = self.people[person].edit(path, method) {
            self.history.changes.push((*change).clone());
        }
    }

    /// A person hears of what it lacks, in any order.
    fn hear(&mut self, random: &mut Random, person: usize) {
        if self.away == Some(person) {
            return;
        }
        let seen = self.people[person].clock().clone();
        let away = self.away.map(|away| self.people[away].author());
        let is_news = |change: &&Change| !seen.saw(change.id()) && Some(change.author) != away;
        let mut news: Vec<Change> = self.history.changes.iter().filter(is_news).cloned().collect();
        random.shuffle(&mut news);
        let received = self.people[person].receive(news);
        assert!(received.refused.is_empty(), "{:?}", received.refused);
        self.acknowledged[person] = self.people[person].clock().clone();
    }

    /// Everybody hears of what everybody has seen, so that some of it may be forgotten.
    fn forget(&mut self) {
        for person in &mut self.people {
            person.acknowledged(&self.acknowledged);
        }
    }

    fn work(&mut self, random: &mut Random) {
        while self.history.changes.len() < CHANGES {
            let in_turns = random.percent(60);
            if in_turns {
                self.away = Some(random.below(4)).filter(|&person| person < self.people.len());
            }
            for _ in 0..random.below(if in_turns { 300 } else { 25 }) {
                let person = random.below(self.people.len());
                if self.away == Some(person) && random.percent(95) {
                    continue;
                }
                if in_turns || random.percent(20) {
                    self.hear(random, person);
                }
                self.edit(random, person);
            }
            self.forget();
            self.away = None;
        }
        for person in 0..self.people.len() {
            self.hear(random, person);
        }
    }
}

fn session(seed: u64, limit: impl Fn(&mut Random) -> usize) -> Session {
    let random = &mut Random(seed);
    let limit = limit(random);
    let mut session = Session::new(random, limit);
    session.work(random);
    session
}

#[test]
fn people_agree() {
    for seed in seeds_or("SESSIONS", 8) {
        let Session { history, people, .. } = session(seed, |_| MANY);
        let view = history.view();
        for person in &people {
            assert_eq!(view_of(person), view, "SEED={seed}");
        }
    }
}

#[test]
fn people_who_forget_agree() {
    let (seeds, mut forgotten) = (seeds_or("SESSIONS", 8), 0);
    for seed in seeds.clone() {
        let Session { history, people, .. } = session(seed, |random| 20 + random.below(300));
        let value = Oracle::fold(&history.initial, &history.changes).value().to_string();
        for person in &people {
            assert_eq!(person.value().to_string(), value, "SEED={seed}");
            forgotten += CHANGES.saturating_sub(person.history().len());
        }
    }
    // One session alone may be such that nothing could be forgotten.
    assert!(forgotten > 0 || seeds.end - seeds.start < 8, "the limit is of no consequence");
}

#[test]
fn somebody_who_heard_nothing_for_long_agrees() {
    for seed in seeds_or("SESSIONS", 5) {
        let Session { history, .. } = session(seed, |_| MANY);
        let random = &mut Random(seed);
        let mut late = history.replica(Author(9), MANY);
        let mut news = history.changes.clone();
        // One person's changes of a while come at the very end.
        let silent = Author(1 + u32::try_from(random.below(3)).unwrap());
        let from = random.below(CHANGES / 2);
        let (kept, mut rest): (Vec<_>, Vec<_>) =
            news.drain(..).enumerate().partition(|(at, change)| *at < from || change.author != silent);
        for (_, change) in kept.into_iter().chain(rest.drain(..)) {
            assert!(late.receive([change]).refused.is_empty());
        }
        assert_eq!(view_of(&late), history.view(), "SEED={seed}");
    }
}

#[test]
fn a_late_change_is_in_all_that_is_made_from_then_on() {
    let history = History { initial: parse("{}").unwrap(), changes: Vec::new() };
    let mut replica = history.replica(Author(1), MANY);
    let mut history = History { changes: Vec::new(), ..history };
    let work = |replica: &mut Replica, history: &mut History, edits: usize| {
        for _ in 0..edits {
            let path = Path::ROOT.key(&format!("k{}", history.changes.len() % 40));
            let value = Value::string(&history.changes.len().to_string());
            history.changes.push((*replica.edit(path, Method::Set(value)).unwrap()).clone());
        }
    };
    let from_elsewhere = |author, clock: VectorClock| {
        let (author, mut clock) = (Author(author), clock);
        clock.set(author, 1);
        let path = Path::ROOT.key(&format!("of {author}"));
        Change { author, clock, path, method: Method::Set(Value::NULL) }
    };
    // Long enough to take checkpoints, each 256 changes; then something that had seen next to nothing of it; then
    // long enough to forget how that came about; then two who work at once.
    work(&mut replica, &mut history, 600);
    let late = from_elsewhere(2, [(Author(1), 10)].into_iter().collect());
    let applied = replica.receive([late.clone()]).applied.len();
    history.changes.push(late);
    work(&mut replica, &mut history, 100);
    let before = replica.clock().clone();
    work(&mut replica, &mut history, 1);
    let concurrent = from_elsewhere(3, before);
    assert_eq!((applied, replica.receive([concurrent.clone()]).applied.len()), (1, 1));
    history.changes.push(concurrent);
    assert_eq!(view_of(&replica), history.view());
}
