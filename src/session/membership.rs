//! Whose edits still count: members that fell silent and hold everyone's history up are dropped
//! (rule 16 of `docs/semantics.md`), by all who stay, at one and the same of their changes.
//!
//! ```text
//! announced   the lowest author there, whose history is over its limit, says which of a silent
//!             member's changes is the first that does not count: the one after those it has
//! agreed      whoever hears of it takes in no more of that member's changes than it has already,
//!             and says so; who has more raises the number, for everyone
//! settled     all who stay say the same number and have all changes before it: what only that
//!             member held up may be forgotten. From here on the number is final
//! ```
//!
//! The numbers only grow until they are final, so in whatever order the words arrive, everyone
//! comes to the same; nobody forgets alone. A member that comes back and finds itself dropped, or
//! holds changes that do not count, starts again from the others' document: see `rejoin`.
//!
//! Authors who have left count as silent ones until they are dropped: they may come back with
//! edits of their own. Everybody knows them from the clock of the document.

use std::collections::BTreeSet;

use super::rejoin::Side;
use super::{Channel, Link, Message, Session, Time, timers};
use crate::limits;
use crate::sync::{Author, Change, Tick, VectorClock};

/// Which authors have been dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Of each, the first tick that does not count.
    pub first: VectorClock,
    /// Those on which all have agreed.
    pub settled: VectorClock,
}

impl Dropped {
    pub(super) fn names(&self, author: Author) -> bool {
        self.first.get(author) > 0
    }

    /// Whether a change counts, with all that it has seen.
    pub(super) fn counts(&self, change: &Change) -> bool {
        !excludes(&self.first, &change.clock)
    }

    /// Whether a version holds a change of which all have agreed that it does not count.
    pub(super) fn has_settled_before(&self, clock: &VectorClock) -> bool {
        excludes(&self.settled, clock)
    }

    /// A clock without what does not count.
    pub(super) fn clip(&self, clock: &VectorClock) -> VectorClock {
        let last = |(author, tick): (Author, Tick)| match self.first.get(author) {
            0 => (author, tick),
            first => (author, tick.min(first - 1)),
        };
        clock.iter().map(last).collect()
    }
}

fn excludes(first: &VectorClock, clock: &VectorClock) -> bool {
    // Either may be long.
    if clock.iter().len() < first.iter().len() {
        return clock.iter().any(|(author, tick)| (1..=tick).contains(&first.get(author)));
    }
    first.iter().any(|(author, first)| clock.get(author) >= first)
}

impl Session {
    /// Which authors have been dropped. What is kept of a session must keep this, too.
    pub fn dropped(&self) -> &Dropped {
        &self.dropped
    }

    /// The same session, in which these have been dropped: one that comes back is to know what it
    /// has agreed to.
    #[must_use]
    pub fn with_dropped(mut self, dropped: Dropped) -> Self {
        self.dropped = dropped;
        self
    }

    /// Whether a member is one whose changes do not count any more.
    pub(super) fn is_dropped(&self, member: Author) -> bool {
        self.dropped.names(self.writer_of(member))
    }

    /// The name under which this one writes, if that is not its number.
    pub(super) fn renamed(&self) -> Option<Author> {
        Some(self.author).filter(|&author| author != self.member)
    }

    /// The author under which a member writes.
    pub(super) fn writer_of(&self, member: Author) -> Author {
        self.peers.get(&member).and_then(|peer| peer.writer).unwrap_or(member)
    }

    /// Whether a change counts.
    pub(super) fn counts(&self, change: &Change) -> bool {
        self.dropped.counts(change)
    }

    /// A peer that has seen `clock` says whom it takes for dropped.
    /// `before` is what it had seen, if it is about to start again.
    pub(super) fn peer_dropped(
        &mut self, now: Time, from: Author, theirs: Dropped, clock: &VectorClock, before: Option<VectorClock>,
    ) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        peer.dropped.clone_from(&theirs.first);
        if self.replica.is_none() && self.unsent.is_some() && !theirs.names(self.author) {
            // On nobody's side until it has a document: on the side of whoever has one to give.
            if peer.has_document && self.dropped != theirs {
                self.dropped = theirs;
                self.tell_dropped();
            }
            return;
        }
        let theirs = self.credible(from, theirs);
        match self.side(from, &theirs, clock) {
            Side::Same => self.agree(&theirs),
            Side::Theirs => {
                if !self.left && self.start_again(now, from, theirs, before.map(|clock| (from, clock))) {
                    self.ask(now, from);
                }
            }
            Side::Ours => {}
        }
    }

    /// Of what a peer says, what can be taken on. Who may only read says nothing new of those who are
    /// there, as long as somebody is there who may write and says otherwise; and nobody says more than
    /// others can be told.
    fn credible(&self, from: Author, mut theirs: Dropped) -> Dropped {
        let is_reader = !self.is_writer(from);
        let mut writers = self.peers.iter().filter(|&(&peer, known)| {
            peer != from && known.is_sharing() && known.link == Link::Live && self.is_writer(peer)
        });
        let is_contradicted = writers.any(|(_, known)| known.dropped.get(self.author) == 0);
        let is_there = |name: Author| match self.peers.get(&name.member()) {
            Some(peer) => peer.link == Link::Live && self.writer_of(name.member()) == name,
            None => name == self.author && is_contradicted,
        };
        let mut place = limits::CLOCK_AUTHORS.saturating_sub(self.dropped.first.iter().len());
        let mut is_credible = |name: Author| {
            if self.dropped.names(name) {
                return true;
            }
            let is_new = place > 0 && !(is_reader && is_there(name));
            place -= usize::from(is_new);
            is_new
        };
        theirs.first = theirs.first.iter().filter(|&(name, _)| is_credible(name)).collect();
        theirs.settled = theirs.settled.iter().filter(|&(name, _)| theirs.names(name)).collect();
        theirs
    }

    /// Takes on what a peer on this side says.
    fn agree(&mut self, theirs: &Dropped) {
        let before = self.dropped.clone();
        let is_open = |&(author, _): &(Author, Tick)| before.settled.get(author) == 0;
        self.dropped.first.join(&theirs.first.iter().filter(is_open).collect());
        // What is settled is final, be it less.
        for clock in [&mut self.dropped.first, &mut self.dropped.settled] {
            *clock = clock.iter().chain(theirs.settled.iter()).collect();
        }
        self.count_anew(&before);
    }

    /// What is here of those who are not settled counts, and everyone is told when that is news.
    pub(super) fn count_anew(&mut self, before: &Dropped) {
        let seen = self.seen();
        for (author, first) in self.dropped.first.clone().iter() {
            if self.dropped.settled.get(author) == 0 && seen.get(author) >= first {
                self.dropped.first.set(author, seen.get(author) + 1);
            }
        }
        if self.dropped == *before {
            return;
        }
        let is_news = |author: &Author| before.first.get(*author) == 0;
        let parted: Vec<Author> =
            self.dropped.first.iter().map(|(author, _)| author).filter(is_news).collect();
        if !parted.is_empty() {
            self.part_from(parted);
        }
        let dropped = self.dropped.first.clone();
        if let Some(replica) = &mut self.replica {
            replica.discard_waiting(|change| excludes(&dropped, &change.clock));
        }
        self.people_changed = true;
        self.renew_repairs();
        self.tell_dropped();
    }

    fn tell_dropped(&mut self) {
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            self.tell_dropped_to(peer);
        }
    }

    pub(super) fn tell_dropped_to(&mut self, to: Author) {
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.told.clone_from(&self.dropped);
        }
        self.send(to, Channel::Sync, Message::Dropped(self.dropped.clone()));
    }

    /// A member has come: if it was dropped, it goes on under another name. Whoever hears that name
    /// has time to tell of it before anybody forgets what it goes on from.
    pub(super) fn note_return(&mut self, now: Time, member: Author) {
        if self.is_dropped(member) {
            self.returning_until = now + timers::SILENT;
        }
    }

    /// With a history over its limit, the lowest author there that may write drops the members that are
    /// silent and those who have left; everyone drops those who have left without a change that others know
    /// of, since the lowest may never have heard of them.
    pub(super) fn drop_silent(&mut self, now: Time) {
        let Some(replica) = &self.replica else { return };
        let is_over = replica.history().len() > self.options.history;
        if !is_over || !self.may_write() {
            return;
        }
        let mut there = self.peers.iter().filter(|(_, peer)| peer.link == Link::Live && peer.has_document);
        let lowest = there.find(|&(&peer, _)| self.is_writer(peer));
        let is_lowest = lowest.is_none_or(|(&peer, _)| peer > self.member);
        let is_silent = |member: &Author| {
            self.peers.get(member).is_none_or(|peer| {
                peer.link != Link::Live
                    && now.saturating_sub(peer.heard_at.max(peer.alive_at)) >= timers::SILENT
            })
        };
        let silent = self.peers.keys().filter(|member| is_silent(member)).map(|&peer| self.writer_of(peer));
        // One may have started again where it cannot be heard from here.
        let absent = self.absent().into_iter().filter(|author| is_silent(&author.member()));
        let seen = self.seen();
        let is_due = |author: &Author| is_lowest || (self.gone.contains(author) && seen.get(*author) == 0);
        let gone: Vec<Author> = silent.chain(absent).filter(is_due).collect();
        let before = self.dropped.clone();
        for author in gone.into_iter().take(limits::CLOCK_AUTHORS) {
            if !self.dropped.names(author) {
                self.dropped.first.set(author, seen.get(author) + 1);
            }
        }
        self.count_anew(&before);
    }

    /// Authors who are no members any more and have not been dropped: they may still come back.
    fn absent(&self) -> Vec<Author> {
        let here: BTreeSet<Author> =
            self.peers.keys().map(|&peer| self.writer_of(peer)).chain([self.author]).collect();
        let known = self.replica.as_ref().map(|replica| replica.clock().clone()).unwrap_or_default();
        // Who may only read drops nobody, and forgets when those do who may write.
        let gone = self.gone.iter().copied().filter(|_| self.may_write());
        let known = known.iter().map(|(author, _)| author).chain(gone);
        let absent: BTreeSet<Author> =
            known.filter(|author| !here.contains(author) && !self.dropped.names(*author)).collect();
        absent.into_iter().collect()
    }

    /// Whether all who stay agree on who does not, and nobody else can still come with edits on
    /// what would be forgotten. From then on it is settled.
    pub(super) fn is_settled(&mut self) -> bool {
        if !self.absent().is_empty() {
            return false;
        }
        let seen = self.seen();
        let mut staying = self.peers.iter().filter(|&(&member, _)| !self.is_dropped(member));
        let all_here = self.dropped.first.iter().all(|(author, first)| seen.get(author) + 1 == first);
        if !all_here || !staying.all(|(_, peer)| peer.dropped == self.dropped.first) {
            return false;
        }
        if self.dropped.settled != self.dropped.first {
            let before = self.dropped.clone();
            self.dropped.settled = self.dropped.first.clone();
            self.count_anew(&before);
        }
        true
    }
}
