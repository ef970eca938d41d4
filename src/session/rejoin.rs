//! Starting again from the others' document, for a member that they have dropped, or that has gone
//! on alone where they have forgotten: what it wrote and they never saw is found by comparing, and
//! written again under a new name.

use std::sync::Arc;

use super::live::Floor;
use super::membership::Dropped;
use super::peer::Peer;
use super::resend::Recent;
use super::timers::{self, Timer};
use super::undo::UndoList;
use super::{Event, Link, Session, Time};
use crate::document::{Method, Path, Value, diff};
use crate::sync::{Author, Change, ChangeId, Checkpoint, Replica, VectorClock};
use crate::trust::Ledger;

/// Whose line of history a session is on, seen from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Both on one.
    Same,
    /// On two, and the other one's is to go on.
    Theirs,
    /// On two, and this one's is to go on.
    Ours,
}

/// Partings that are remembered, at most: what each of them keeps is about a history.
const PARTINGS: usize = 4;

/// What was remembered when some members were dropped. Should they have gone on without this one,
/// and theirs be what stays, it says what both have in common.
pub(super) struct Parting {
    from: Vec<Author>,
    start: Checkpoint,
    changes: Vec<Arc<Change>>,
}

/// What is to be written again once the others' document is here.
pub(super) struct Unsent {
    replica: Replica,
    /// What they had in common with this one, if both have dropped each other.
    parting: Option<Parting>,
    /// Where they have: what somebody else on this side had seen of it, and writes again.
    relied_on: Option<VectorClock>,
    /// What lower members than this one had seen. Of what they had not, and those who wrote it cannot
    /// be heard, nobody else writes it again.
    lower: VectorClock,
    /// Who this was, whom it had dropped, and who signed what: should nobody have a document to give.
    author: Author,
    dropped: Dropped,
    ledger: Option<Ledger>,
}

impl Session {
    /// Which of two lines is to go on: where each has dropped somebody on the other, the one of the
    /// lowest author that can be heard. Both ask the same of each other, so that not both give way:
    /// `clock` is what the other has seen.
    pub(super) fn side(&self, from: Author, theirs: &Dropped, clock: &VectorClock) -> Side {
        let is_cut = theirs.names(self.author) || theirs.has_settled_before(&self.seen());
        let is_cut_there = self.is_dropped(from) || self.dropped.has_settled_before(clock);
        match (is_cut, is_cut_there) {
            (false, false) => Side::Same,
            (true, false) => Side::Theirs,
            (false, true) => Side::Ours,
            (true, true) => self.lower_side(from),
        }
    }

    /// The same by who is there alone.
    fn lower_side(&self, from: Author) -> Side {
        let lowest = self.lowest_beside().map_or(self.member, |(member, _)| member.min(self.member));
        if from < lowest { Side::Theirs } else { Side::Ours }
    }

    /// The lowest of the others that can be heard and have not been dropped here.
    fn lowest_beside(&self) -> Option<(Author, &Peer)> {
        let mut there = self.peers.iter().filter(|(_, peer)| peer.is_sharing() && peer.link == Link::Live);
        there.find(|&(&member, _)| !self.is_dropped(member)).map(|(&member, peer)| (member, peer))
    }

    /// Keeps what is remembered now that some are dropped.
    pub(super) fn part_from(&mut self, from: Vec<Author>) {
        let Some(replica) = self.replica.as_ref().filter(|_| self.partings.len() < PARTINGS) else { return };
        self.partings.push(Parting::new(from, replica));
    }

    /// Becomes a newcomer under a new name. Whether that was possible.
    ///
    /// `before` is somebody who was on this side and is the first to have started again.
    pub(super) fn start_again(
        &mut self, now: Time, from: Author, theirs: Dropped, before: Option<(Author, VectorClock)>,
    ) -> bool {
        let seen = self.seen();
        let names = [&seen, &theirs.first, &self.dropped.first];
        let Some(author) = self.next_name(&names) else {
            self.event(Event::Stranded(from));
            return false;
        };
        let mut partings = std::mem::take(&mut self.partings);
        // Those who have been dropped here and not there are on the other side.
        let is_there = |author: &Author| !theirs.names(*author);
        let at = partings.iter().position(|parting| parting.from.iter().any(is_there));
        let parting = at.map(|at| partings.swap_remove(at));
        let lower = self.seen_lower(before.as_ref());
        let beside = self.lowest_beside().map(|(member, peer)| (member, peer.clock.clone()));
        let relied_on = beside.into_iter().chain(before).filter(|&(member, _)| member < self.member);
        let relied_on = relied_on.min_by_key(|&(member, _)| member).map(|(_, clock)| clock);
        let relied_on = relied_on.filter(|_| parting.is_some());
        if let Some(replica) = self.replica.take().filter(|_| self.unsent.is_none()) {
            let (author, dropped, ledger) = (self.author, self.dropped.clone(), self.ledger.clone());
            self.unsent =
                Some(Box::new(Unsent { replica, parting, relied_on, lower, author, dropped, ledger }));
        }
        let earlier = self.peers.range(..self.member).filter(|(_, peer)| peer.is_talking()).count();
        let turn = timers::TAKE_UP_NEXT.saturating_mul(u32::try_from(earlier).unwrap_or(u32::MAX));
        self.timers.set(Timer::TakeUp, now + timers::TAKE_UP + turn);
        self.author = author;
        self.ledger = self.ledger.take().map(|ledger| ledger.renamed(author));
        self.dropped = theirs;
        self.recent = Recent::default();
        self.undo = UndoList::default();
        self.floor = Floor::new(VectorClock::new());
        self.repair.clear(&mut self.timers);
        self.joining = super::join::Joining::default();
        for (&member, peer) in &mut self.peers {
            for timer in [Timer::Resend(member), Timer::Echo(member), Timer::Acknowledge(member)] {
                self.timers.stop(timer);
            }
            peer.know_nothing();
        }
        self.people_changed = true;
        // Also those who have not said hello yet: they have been told of the one it was.
        let connected = self.peers.iter().filter(|(_, peer)| peer.is_connected());
        let to: Vec<Author> = connected.map(|(&author, _)| author).collect();
        for peer in to {
            self.send_hello(peer);
        }
        true
    }

    /// Goes on with what was here, under the new name, if nobody who can be heard has a document: who
    /// said that it does not count is gone, or has started again as well. The lowest member is first.
    pub(super) fn take_up_again(&mut self, now: Time) {
        if self.replica.is_some() || self.left {
            return;
        }
        if self.peers.values().any(Peer::is_sharing) {
            self.timers.set(Timer::TakeUp, now + timers::TAKE_UP);
            return;
        }
        let Some(unsent) = self.unsent.take() else { return };
        let Unsent { replica, parting, author, dropped, ledger, .. } = *unsent;
        self.replica = Some(replica.of(self.author));
        self.dropped = dropped;
        self.ledger = ledger.map(|mut ledger| {
            ledger.rename(self.author);
            ledger.sign_as_before(&[author]);
            ledger
        });
        self.partings.extend(parting);
        self.joining = super::join::Joining::default();
        self.timers.stop(Timer::Document);
        self.floor = Floor::new(self.seen());
        self.people_changed = true;
        self.event(Event::Ready);
        self.send_hello_to_all();
    }

    /// What lower members than this one have seen.
    fn seen_lower(&self, before: Option<&(Author, VectorClock)>) -> VectorClock {
        let beside = self.peers.iter().filter(|(_, peer)| peer.is_sharing());
        let beside = beside.map(|(&member, peer)| (member, &peer.clock));
        let others = beside.chain(before.map(|(member, clock)| (*member, clock)));
        let mut seen = VectorClock::new();
        others.filter(|&(member, _)| member < self.member).for_each(|(_, clock)| seen.join(clock));
        seen
    }

    /// A name of this member that nobody has heard of.
    pub(super) fn next_name(&self, heard: &[&VectorClock]) -> Option<Author> {
        let last = heard.iter().flat_map(|clock| clock.iter().map(|(author, _)| author)).chain([self.author]);
        last.filter(|author| author.member() == self.member).max()?.next_name()
    }

    /// The document has come: writes again what it lacks.
    pub(super) fn carry_over(&mut self, now: Time, mut unsent: Unsent) {
        let lower = unsent.lower.clone();
        let is_mine = |id: ChangeId| {
            let member = id.author.member();
            // For those who cannot be heard, and may never do it themselves, somebody has to.
            let is_there = self.peers.get(&member).is_some_and(|peer| peer.link == Link::Live);
            member == self.member || !(is_there || lower.saw(id))
        };
        let Some(replica) = &self.replica else { return };
        let mut clock = replica.clock().clone();
        let parted = unsent.ledger.as_ref().zip(self.ledger.as_ref());
        if let Some(tick) = parted.and_then(|(was, is)| was.parted_from(is, unsent.author)) {
            // What they have under the name is somebody else's: nobody has seen this member's own.
            for seen in unsent.relied_on.iter_mut().chain([&mut clock]) {
                seen.set(unsent.author, seen.get(unsent.author).min(tick));
            }
        }
        let edits = unsent.edits(replica.value(), &clock, is_mine);
        let Some(replica) = &mut self.replica else { return };
        // Found by comparing with this very document, they lead where they say.
        let made: Vec<_> =
            edits.into_iter().filter_map(|(path, method)| replica.edit(path, method).ok()).collect();
        self.publish(now, &made);
    }
}

impl Unsent {
    /// What was here.
    pub(super) fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The edits that bring what they lack into the others' document, merged as if both sides had
    /// been edited at the same time.
    fn edits(
        mut self, theirs: &Value, clock: &VectorClock, is_mine: impl Fn(ChangeId) -> bool,
    ) -> Vec<(Path, Method)> {
        let mine = self.replica.value().clone();
        let relied_on = self.relied_on.take();
        let parting = self.parting.take().filter(|_| relied_on.is_none());
        let base = if let Some(parting) = parting {
            // The document may be that of somebody who was on this side for longer, and has seen what
            // was made here since: what is shared of it has not been written on both sides.
            let is_remembered = self.replica.reaches_back_to(clock);
            let shared = if is_remembered { Parting::new(Vec::new(), &self.replica) } else { parting };
            shared.common(clock)
        } else {
            let is_known = |id| clock.saw(id) || relied_on.as_ref().is_some_and(|clock| clock.saw(id));
            let made = self.replica.history().map(|change| change.id());
            let lacking: Vec<ChangeId> = made.filter(|&id| is_mine(id) && !is_known(id)).collect();
            self.replica.undo(&lacking);
            self.replica.value().clone()
        };
        let (theirs_since, mine_since) = (diff(&base, theirs), diff(&base, &mine));
        let start = Checkpoint { source: "".into(), value: base, clock: VectorClock::new() };
        // Makes no edits of its own.
        let mut merged = Replica::new(Author(u32::MAX), start, usize::MAX);
        merged.receive(line(Author(1), theirs_since).chain(line(Author(2), mine_since)));
        diff(theirs, merged.value())
    }
}

impl Parting {
    fn new(from: Vec<Author>, replica: &Replica) -> Self {
        Self { from, start: replica.checkpoint(), changes: replica.history().cloned().collect() }
    }

    /// The document as far as somebody with this clock has seen what is kept.
    fn common(self, clock: &VectorClock) -> Value {
        let mut replica = Replica::new(Author(u32::MAX), self.start, usize::MAX);
        let seen = self.changes.iter().filter(|change| clock.saw(change.id()));
        replica.receive(seen.map(|change| Change::clone(change)));
        replica.value().clone()
    }
}

/// Edits made one after the other by somebody who sees nobody else's.
fn line(author: Author, edits: Vec<(Path, Method)>) -> impl Iterator<Item = Change> {
    (1..).zip(edits).map(move |(tick, (path, method))| {
        let clock = VectorClock::from_iter([(author, tick)]);
        Change { author, clock, path, method }
    })
}
