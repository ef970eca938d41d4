//! Getting in: hello, the document, and what others have that one side lacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::live::Floor;
use super::membership::Dropped;
use super::message::VERSION;
use super::parcel::{Texts, without_text};
use super::peer::Peer;
use super::timers::{self, Timer};
use super::{Channel, Event, Link, Message, Session, Time, Way, resend};
use crate::limits;
use crate::sync::{Author, Change, ChangeId, Checkpoint, Refusal, Replica, Tick, VectorClock};

/// What a hello says, beside the clock.
pub(super) struct Greeting {
    pub(super) name: String,
    pub(super) has_document: bool,
    pub(super) writer: Option<Author>,
    pub(super) dropped: Dropped,
    pub(super) passing: bool,
    pub(super) is_answer: bool,
}

/// A newcomer's way to the document.
#[derive(Debug, Default)]
pub(super) struct Joining {
    /// Who has been asked and has not answered.
    asked: Option<Author>,
    /// Everyone who was ever asked, and how often. An answer may come late, and is as good.
    ever_asked: BTreeMap<Author, u32>,
    /// Live changes that came before the document, with who sent them.
    kept: Vec<(Author, Vec<Arc<Change>>)>,
    kept_changes: usize,
    kept_bytes: usize,
}

impl Joining {
    /// Keeps live changes until the document is here. What is too much is fetched again then.
    pub(super) fn keep(&mut self, from: Author, changes: Vec<Arc<Change>>) {
        let count = self.kept_changes + changes.len();
        let bytes = self.kept_bytes + changes.iter().map(|change| resend::size(change)).sum::<usize>();
        if count <= limits::PENDING_CHANGES && bytes <= limits::KEPT_BYTES {
            self.kept_changes = count;
            self.kept_bytes = bytes;
            self.kept.push((from, changes));
        }
    }
}

impl Session {
    /// There is a way to a peer: each side says hello first.
    pub(super) fn connected(&mut self, now: Time, to: Author, way: Way) {
        if to == self.member {
            return;
        }
        self.disconnected(now, to);
        self.note_return(now, to);
        let peer = self.peer(to);
        peer.link = Link::Live;
        peer.way = way;
        peer.sent_document = None;
        peer.met_at = Some(now);
        peer.heard_at = now;
        self.people_changed = true;
        self.timers.stop(Timer::Reach(to));
        self.timers.set(Timer::Away(to), now + timers::AWAY);
        self.gone.retain(|name| name.member() != to);
        self.unsay(to);
        self.send_hello(to);
    }

    /// Says who this is.
    pub(super) fn send_hello(&mut self, to: Author) {
        let hello = Message::Hello {
            version: VERSION,
            name: self.options.name.clone(),
            clock: self.seen(),
            has_document: self.replica.is_some(),
            writer: self.renamed(),
            dropped: self.dropped.clone(),
            passing: self.is_passing,
            answer: self.peers.get(&to).is_some_and(|peer| peer.greeted),
        };
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.told.clone_from(&self.dropped);
        }
        self.send(to, Channel::Sync, hello);
        // On a connection of its own a certificate is shown when it opens.
        let is_via = self.peers.get(&to).is_some_and(|peer| matches!(peer.way, Way::Via(_)));
        if let Some(certificate) = self.certificate().filter(|_| is_via) {
            self.send(to, Channel::Sync, Message::Certificate(certificate.bytes().to_vec()));
        }
    }

    /// Says who this is to everyone who can be talked to.
    pub(super) fn send_hello_to_all(&mut self) {
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            self.send_hello(peer);
        }
    }

    /// Whether a hello has been long on its way by a third: while there is another way to its sender,
    /// which has said more since, or another name.
    fn is_outdated(&self, from: Author, writer: Option<Author>, clock: &VectorClock) -> bool {
        let Some(peer) = self.peers.get(&from) else { return false };
        let is_beside = self.passed_by.is_some_and(|third| peer.way != Way::Via(third));
        let (name, known) = (writer.unwrap_or(from), self.writer_of(from));
        is_beside && (name < known || (name == known && !clock.covers(&peer.clock)))
    }

    /// A peer says who it is. Each side sends the other what it lacks.
    pub(super) fn hello(&mut self, now: Time, from: Author, clock: &VectorClock, greeting: Greeting) {
        let Greeting { name, has_document, writer, dropped, passing, is_answer } = greeting;
        let writer = writer.filter(|writer| writer.member() == from);
        if self.is_outdated(from, writer, clock) {
            return;
        }
        self.remember_clock(from);
        let was_dropped = self.is_dropped(from);
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let is_again = std::mem::replace(&mut peer.greeted, true);
        peer.passing = passing;
        if writer != peer.writer {
            // It has started again: its edits go on from another version.
            peer.forget_floors();
        }
        peer.writer = writer;
        peer.sent_document = None;
        peer.has_document = has_document;
        peer.be_patient_anew();
        let before = std::mem::take(&mut peer.clock);
        let before = Some(before).filter(|_| !was_dropped && peer.writer.is_some());
        peer.presence.name = name;
        self.people_changed = true;
        let is_missed = peer.met_at.is_none_or(|met_at| now.saturating_sub(met_at) >= timers::HELLO);
        if (is_again || is_missed) && !is_answer {
            // To the other side these channels were closed in between, as a short silence may be
            // noticed by one side alone, or they were not open yet when this side said hello.
            self.send_hello(from);
            self.send(from, Channel::Sync, Message::Links(self.linked.clone()));
        }
        self.hand_on_late(from);
        self.send_presence_to(from);
        self.peer_dropped(now, from, dropped, clock, before);
        let is_news = |peer: &Peer| peer.told != self.dropped || peer.dropped != self.dropped.first;
        if self.peers.get(&from).is_some_and(is_news) {
            // Somebody may have been dropped here since this side said hello.
            self.tell_dropped_to(from);
        }
        if self.is_dropped(from) {
            // It is told by now, and comes back under another name.
            if let Some(peer) = self.peers.get_mut(&from) {
                peer.has_document = false;
            }
        } else if has_document && self.learn(now, from, clock) {
            self.renew_repairs();
            self.send_lacking(now, from, clock);
        }
        self.ask_for_document(now);
    }

    /// A joiner that is waiting for nobody asks the next peer that has the document.
    pub(super) fn ask_for_document(&mut self, now: Time) {
        if self.replica.is_some() || self.joining.asked.is_some() {
            return;
        }
        let often = |holder: Author| self.joining.ever_asked.get(&holder).copied().unwrap_or(0);
        let holders = self.peers.iter().filter(|(_, peer)| peer.is_sharing());
        // A document is large: whoever can be asked directly comes first.
        let rank = |(author, peer): &(&Author, &Peer)| (often(**author), !peer.is_direct());
        let Some((&holder, _)) = holders.min_by_key(rank) else { return };
        self.ask(now, holder);
    }

    /// Asks somebody for the document.
    pub(super) fn ask(&mut self, now: Time, holder: Author) {
        let often = |holder: Author| self.joining.ever_asked.get(&holder).copied().unwrap_or(0);
        let patience = timers::DOCUMENT.saturating_mul(1 << often(holder).min(6)).min(timers::DOCUMENT_MOST);
        self.joining.asked = Some(holder);
        *self.joining.ever_asked.entry(holder).or_default() += 1;
        self.timers.set(Timer::Document, now + patience);
        self.send(holder, Channel::Sync, Message::RequestDocument);
    }

    /// The peer asked for the document is gone, or has had its time.
    pub(super) fn give_up_asking(&mut self, now: Time, asked: Option<Author>) {
        if asked.is_none() || self.joining.asked == asked {
            self.joining.asked = None;
            self.timers.stop(Timer::Document);
            self.ask_for_document(now);
        }
    }

    /// Sends the document as far back as it is remembered, or, if its text is long, what that is
    /// called.
    pub(super) fn send_document(&mut self, now: Time, to: Author) {
        self.give_document(now, to, None);
    }

    /// Sends the document, without its texts to one who has them.
    pub(super) fn send_document_of(&mut self, now: Time, to: Author, texts: Option<Texts>) {
        let Some(replica) = &self.replica else { return };
        let Some(peer) = self.peers.get_mut(&to) else { return };
        let sent_at = peer.sent_document.as_ref().map(|&(at, _)| at);
        if sent_at.is_some_and(|at| now.saturating_sub(at) < timers::DOCUMENT_AGAIN) {
            return;
        }
        peer.sent_document = Some((now, replica.clock().clone()));
        let mut checkpoint = replica.checkpoint();
        let mut changes: Vec<_> = replica.history().cloned().collect();
        if let Some(clock) = texts.as_ref().and_then(Texts::clock) {
            // What is forgotten since does not matter, and the value is in the text.
            changes = replica.changes_since(clock).cloned().collect();
            checkpoint.clock.clone_from(clock);
        }
        if let Some(document) = self.sign(to, Message::Document { checkpoint, changes }) {
            let document = match texts {
                Some(texts) => without_text(document, &texts),
                None => document,
            };
            self.send_signed(to, Channel::Sync, document);
        }
    }

    /// Sends what somebody with this clock lacks: the changes, or, when they are not all
    /// remembered, the document.
    pub(super) fn send_lacking(&mut self, now: Time, to: Author, clock: &VectorClock) {
        let Some(replica) = &self.replica else { return };
        if replica.reaches_back_to(clock) {
            let lacking: Vec<_> = replica.changes_since(clock).cloned().collect();
            self.send_changes(to, &lacking);
        } else {
            self.send_document(now, to);
        }
    }

    /// Answers a request for changes of any author. Those not here are left to others; those no
    /// longer remembered take a document.
    pub(super) fn send_requested(&mut self, now: Time, to: Author, runs: &[(Author, u64, u64)]) {
        let Some(replica) = &self.replica else { return };
        // As far as their authors signed: somebody else has to be able to check them.
        let complete = |&(author, first, last): &(Author, u64, u64)| {
            (author, first, self.ledger.as_ref().map_or(last, |ledger| ledger.complete(author, last)))
        };
        let runs: Vec<_> = runs.iter().map(complete).collect();
        let mut lacks = replica.clock().clone();
        for &(author, first, _) in &runs {
            lacks.set(author, lacks.get(author).min(first.saturating_sub(1)));
        }
        if !replica.reaches_back_to(&lacks) {
            self.send_document(now, to);
            return;
        }
        let wanted = |change: &Change| {
            let tick = change.tick();
            runs.iter()
                .any(|&(author, first, last)| author == change.author && (first..=last).contains(&tick))
        };
        let found: Vec<_> = replica.changes_since(&lacks).filter(|change| wanted(change)).cloned().collect();
        self.send_changes(to, &found);
    }

    /// Whether a document from a peer is looked at: a joiner's first only if the peer was asked, or
    /// could be (who leaves gives it unasked), or anybody could have it start from what nobody else
    /// has. No blame: it may be for who this was before it started again.
    pub(super) fn may_give_document(&self, from: Author) -> bool {
        self.replica.is_some()
            || self.joining.ever_asked.contains_key(&from)
            || self.peers.get(&from).is_some_and(Peer::is_sharing)
    }

    /// Whether a document from a peer may take the place of the one that is here, if that is behind:
    /// what it says was changed meanwhile cannot be checked. So it has to be from somebody who may
    /// write; and nobody forgets what a member that has written something has not seen, without taking
    /// it for dropped, which this member may be, or another that goes on from what is here.
    fn may_replace_document(&self, from: Author) -> bool {
        let seen = self.seen();
        let goes_on_from_here = |(&peer, known): (&Author, &Peer)| {
            let is_there = known.is_sharing() && !known.passing && known.link == Link::Live;
            (peer != from && is_there && seen.covers(&known.clock)).then(|| self.writer_of(peer))
        };
        let here = self.peers.iter().filter_map(goes_on_from_here).chain([self.author]);
        let dropped = self.peers.get(&from).map(|peer| &peer.dropped);
        let is_remembered =
            |name: Author| seen.get(name) > 0 && dropped.is_none_or(|dropped| dropped.get(name) == 0);
        self.is_writer(from) && !here.into_iter().any(is_remembered)
    }

    /// A document came: a joiner's first, or for somebody who has been away for longer than the
    /// others remember.
    pub(super) fn document(
        &mut self, now: Time, from: Author, checkpoint: Checkpoint, changes: Vec<Arc<Change>>,
    ) {
        let Some(replica) = &self.replica else {
            self.start(now, from, checkpoint, changes);
            return;
        };
        if replica.clock().covers(&checkpoint.clock) {
            self.receive(now, from, changes);
            return;
        }
        let own = checkpoint.clock.get(self.author);
        if own > replica.clock().get(self.author) {
            self.event(Event::Refused(from, Refusal::NotMine(ChangeId { author: self.author, tick: own })));
            return;
        }
        if !self.may_replace_document(from) {
            let what = "a document that is to take the place of the one that is here";
            return self.event(Event::Garbage(from, what.to_owned()));
        }
        // None of the changes is an own one: they have all seen that version, and this peer has not.
        let mut theirs = Replica::new(self.author, checkpoint, self.options.history);
        let counting = changes.iter().filter(|change| self.counts(change));
        let received = theirs.receive(counting.map(|change| Change::clone(change)));
        if theirs.clock().covers(replica.clock()) {
            self.event(Event::Replaced(Box::new(replica.snapshot())));
            let clock = theirs.clock().clone();
            self.replica = Some(theirs);
            self.learn(now, from, &clock);
            self.floor = Floor::new(clock);
            self.renew_repairs();
        } else {
            self.event(Event::Stranded(from));
        }
        self.refuse(from, received.refused);
    }

    /// A joiner's document is here.
    fn start(&mut self, now: Time, from: Author, checkpoint: Checkpoint, changes: Vec<Arc<Change>>) {
        if self.dropped.has_settled_before(&checkpoint.clock) {
            self.give_up_asking(now, Some(from));
            return;
        }
        self.replica = Some(Replica::new(self.author, checkpoint, self.options.history));
        self.timers.stop(Timer::Document);
        self.timers.stop(Timer::TakeUp);
        let joining = std::mem::take(&mut self.joining);
        // `Ready` tells of all that the document brings.
        let unsent = self.unsent.take();
        if let Some(peer) = self.peers.get(&from).filter(|_| unsent.is_some()) {
            // Others may have said otherwise meanwhile: it is the giver's document.
            let of_giver = |&(author, first): &(Author, Tick)| peer.dropped.get(author) == first;
            self.dropped.settled = self.dropped.settled.iter().filter(of_giver).collect();
            self.dropped.first.clone_from(&peer.dropped);
        }
        self.event(match &unsent {
            Some(unsent) => Event::Replaced(Box::new(unsent.replica().snapshot())),
            None => Event::Ready,
        });
        self.take_in(now, from, changes);
        self.floor = Floor::new(self.seen());
        let before = self.dropped.clone();
        self.count_anew(&before);
        for (sender, changes) in joining.kept {
            self.receive(now, sender, changes);
        }
        self.renew_repairs();
        let clock = self.seen();
        let others: Vec<Author> = self.talking().filter(|&peer| peer != from).collect();
        for other in others {
            self.send(other, Channel::Sync, Message::RequestChanges(clock.clone()));
        }
        self.acknowledge(from, None);
        if let Some(unsent) = unsent {
            self.carry_over(now, *unsent);
        }
    }
}
