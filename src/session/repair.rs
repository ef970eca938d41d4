//! Changes known to exist that have not come: noticed in clocks, given a while to come by
//! themselves, then asked for.
//!
//! One gap an author. It is asked for when what was known to be missing at the time is still
//! missing after two round trips; if that has come meanwhile and only newer changes are out, the
//! wait starts anew, so that a steady stream of changes in flight is never asked for.

use std::collections::BTreeMap;

use super::timers::{self, Timer, Timers};
use super::{Channel, Message, Session, Time};
use crate::limits;
use crate::sync::{Author, Tick, VectorClock};

/// Tries after which everything that is not applied is asked for, changes that seem to wait for
/// others included: a change may have been refused when it came.
const WHOLE_AFTER: u32 = 3;

/// Tries after which changes that nobody here is known to have are given up: their author has gone
/// and taken them along. They are asked for again when somebody comes or goes.
const GIVE_UP_AFTER: u32 = 8;

/// A run of ticks of one author, first and last.
type Run = (Author, Tick, Tick);

/// What of one author's changes is out.
#[derive(Debug, Default)]
struct Gap {
    /// The highest tick known to exist.
    latest: Tick,
    /// The highest tick known to exist when the wait began.
    through: Tick,
    /// The highest tick that has come, though it may wait for its past.
    come: Tick,
    /// How often it was asked for.
    tries: u32,
}

/// The gaps in what has come.
#[derive(Debug, Default)]
pub(super) struct Repair {
    gaps: BTreeMap<Author, Gap>,
}

impl Repair {
    /// Notes that somebody has seen what is in `clock`.
    pub(super) fn known(&mut self, clock: &VectorClock, here: &VectorClock) {
        for (author, tick) in clock.iter().filter(|&(author, tick)| tick > here.get(author)) {
            if self.gaps.len() >= limits::CLOCK_AUTHORS && !self.gaps.contains_key(&author) {
                continue;
            }
            let gap = self.gaps.entry(author).or_default();
            gap.latest = gap.latest.max(tick);
        }
    }

    /// Notes that a change has come, applied or waiting.
    pub(super) fn came(&mut self, author: Author, tick: Tick) {
        if let Some(gap) = self.gaps.get_mut(&author) {
            gap.come = gap.come.max(tick);
        }
    }

    /// Forgets every gap. Known ones are to be noted anew.
    pub(super) fn clear(&mut self, timers: &mut Timers) {
        for &author in self.gaps.keys() {
            timers.stop(Timer::Repair(author));
        }
        self.gaps.clear();
    }

    /// Drops the gaps that have closed and starts the wait for new ones.
    pub(super) fn settle(&mut self, now: Time, here: &VectorClock, timers: &mut Timers) {
        self.gaps.retain(|&author, gap| {
            let held = here.get(author);
            if gap.latest <= held {
                timers.stop(Timer::Repair(author));
                return false;
            }
            if gap.through <= held {
                gap.through = gap.latest;
                gap.tries = 0;
                timers.set(Timer::Repair(author), now + timers::REPAIR);
            }
            true
        });
    }
}

impl Gap {
    /// What to ask for, given what those waiting need of this author.
    fn runs(&self, author: Author, held: Tick, needed: &[Run]) -> Vec<Run> {
        if self.tries >= WHOLE_AFTER {
            return vec![(author, held + 1, self.latest)];
        }
        let mut runs: Vec<Run> = needed.iter().filter(|run| run.0 == author).copied().collect();
        let needed = runs.iter().map(|&(_, _, last)| last).max().unwrap_or(0);
        let floor = held.max(self.come).max(needed);
        // The first time only what has been out for the whole wait; the rest may be on its way.
        let last = if self.tries == 0 { self.through } else { self.latest };
        if last > floor {
            runs.push((author, floor + 1, last));
        }
        runs
    }
}

impl Session {
    /// Asks for the changes of these authors that have been out for too long: the author first,
    /// then whoever else has them.
    pub(super) fn request_repairs(&mut self, now: Time, authors: &[Author]) {
        let Some(replica) = &self.replica else { return };
        let needed = if replica.pending() > 0 { replica.missing() } else { Vec::new() };
        let mut requests: BTreeMap<Author, Vec<Run>> = BTreeMap::new();
        for &author in authors {
            let held = replica.clock().get(author);
            let known = self.holders(author, held);
            // Not even the author is known to have what somebody else says it made.
            let says_so =
                |peer: &Author| self.peers.get(peer).is_some_and(|peer| peer.clock.get(author) > held);
            let is_known = known.iter().any(says_so);
            let anybody =
                || self.peers.iter().filter(|(_, peer)| peer.is_sharing()).map(|(&peer, _)| peer).collect();
            let candidates = if known.is_empty() { anybody() } else { known };
            let Some(gap) = self.repair.gaps.get_mut(&author) else { continue };
            let tries = usize::try_from(gap.tries).unwrap_or(usize::MAX);
            if let Some(&target) = tries.checked_rem(candidates.len()).and_then(|at| candidates.get(at)) {
                requests.entry(target).or_default().extend(gap.runs(author, held, &needed));
            }
            if !is_known && gap.tries >= GIVE_UP_AFTER {
                self.repair.gaps.remove(&author);
                continue;
            }
            gap.through = gap.latest;
            gap.tries = gap.tries.saturating_add(1);
            let pause = timers::REPAIR.saturating_mul(1 << gap.tries.min(6)).min(timers::REPAIR_MOST);
            self.timers.set(Timer::Repair(author), now + pause);
        }
        for (target, runs) in requests {
            for part in runs.chunks(limits::SYNC_RUNS) {
                self.send(target, Channel::Sync, Message::RequestSync(part.to_vec()));
            }
        }
    }

    /// Who has an author's changes after a tick: the author, then those known to have seen more.
    fn holders(&self, author: Author, held: Tick) -> Vec<Author> {
        let sharing = || self.peers.iter().filter(|(_, peer)| peer.is_sharing());
        let mut holders: Vec<Author> =
            sharing().map(|(&peer, _)| peer).filter(|&peer| peer == author).collect();
        let seen_more = sharing().filter(|&(&who, peer)| who != author && peer.clock.get(author) > held);
        holders.extend(seen_more.map(|(&peer, _)| peer));
        holders
    }

    /// Looks at what is known of all who are still there: those who left may have named changes
    /// that nobody can send any more.
    pub(super) fn renew_repairs(&mut self) {
        self.repair.clear(&mut self.timers);
        let Some(replica) = &self.replica else { return };
        for peer in self.peers.values().filter(|peer| peer.is_sharing()) {
            self.repair.known(&self.dropped.clip(&peer.clock), replica.clock());
        }
        if replica.pending() > 0 {
            for (author, _, last) in replica.missing() {
                self.repair.known(&VectorClock::from_iter([(author, last)]), replica.clock());
            }
        }
    }
}
