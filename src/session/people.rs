//! The others: who is there, who fell silent, where everyone is.

use super::message::Presence;
use super::peer::Peer;
use super::timers::{self, Timer};
use super::{Channel, Link, Message, Person, Session, Time, Way};
use crate::limits;
use crate::sync::Author;

/// How often a presence is said again: it travels on a channel that may lose it.
const REPEATS: u8 = 2;

/// Where this person is, and whether the others know.
#[derive(Debug)]
pub(super) struct OwnPresence {
    now: Presence,
    /// Whether it has changed since it was last sent.
    changed: bool,
    /// How often it is still to be sent along with a ping.
    repeats: u8,
}

impl OwnPresence {
    pub(super) fn new(name: &str) -> Self {
        Self { now: Presence { name: name.to_owned(), ..Presence::default() }, changed: false, repeats: 0 }
    }

    /// A ping went out.
    pub(super) fn repeated(&mut self) {
        self.repeats = self.repeats.saturating_sub(1);
    }
}

impl Session {
    /// Says where this person is. The others are told at most twenty times a second; an empty
    /// name stands for the one in the options.
    pub fn set_presence(&mut self, now: Time, mut presence: Presence) {
        presence.name = shorten(if presence.name.is_empty() { &self.options.name } else { &presence.name });
        // Where somebody is is said again soon; one who is at a place without a sensible name is
        // nowhere.
        presence.path = presence.path.filter(|path| {
            path.steps().len() <= limits::PATH_STEPS && path.to_pointer().len() <= limits::PRESENCE_BYTES / 8
        });
        if self.left || presence == self.presence.now {
            return;
        }
        self.presence.now = presence;
        self.presence.changed = true;
        self.presence.repeats = REPEATS;
        if !self.timers.is_set(Timer::Presence) {
            self.send_presence(now);
        }
    }

    /// Tells everyone, if there is something to tell.
    pub(super) fn send_presence(&mut self, now: Time) {
        if !std::mem::take(&mut self.presence.changed) {
            return;
        }
        self.timers.set(Timer::Presence, now + timers::PRESENCE);
        let to: Vec<Author> = self.talking().collect();
        for peer in to {
            self.send_presence_to(peer);
        }
    }

    pub(super) fn send_presence_to(&mut self, peer: Author) {
        let presence = self.presence.now.clone();
        self.send(peer, Channel::Presence, Message::Presence(presence));
    }

    /// With a ping: a presence may have been lost, and one who has no document yet has nothing
    /// else to say.
    pub(super) fn repeat_presence_to(&mut self, peer: Author) {
        if self.presence.repeats > 0 || self.replica.is_none() {
            self.send_presence_to(peer);
        }
    }

    /// The others.
    pub fn people(&self) -> Vec<Person> {
        let person = |(&author, peer): (&Author, &Peer)| Person {
            author,
            link: peer.link,
            way: peer.way,
            may_write: self.is_writer(author),
            passing: peer.passing,
            presence: peer.presence.clone(),
            clock: peer.clock.clone(),
            acknowledges_within: peer.acknowledges_within(),
            resends: peer.resends,
        };
        self.peers.iter().map(person).collect()
    }

    /// The host: of those who are there the one with the lowest number. It has no more to say than
    /// the others; whoever needs one of them to do something for all, such as keeping a file, has
    /// one that all agree on. Members that cannot talk to each other may see two.
    pub fn host(&self) -> Author {
        let there = self.peers.iter().filter(|(_, peer)| peer.link == Link::Live).map(|(&author, _)| author);
        there.min().map_or(self.member, |lowest| lowest.min(self.member))
    }

    /// A member, known from now on.
    pub(super) fn peer(&mut self, author: Author) -> &mut Peer {
        self.peers.entry(author).or_insert_with(Peer::new)
    }

    /// Notes that a peer said something. Whether it is one that can.
    pub(super) fn heard(&mut self, now: Time, from: Author) -> bool {
        let Some(peer) = self.peers.get_mut(&from).filter(|peer| peer.is_connected()) else { return false };
        peer.heard_at = now;
        if peer.link == Link::Away {
            peer.link = Link::Live;
            self.people_changed = true;
            self.timers.set(Timer::Away(from), now + timers::AWAY);
        }
        true
    }

    /// A peer may have been silent for too long.
    pub(super) fn silent(&mut self, now: Time, author: Author) {
        let Some(peer) = self.peers.get_mut(&author).filter(|peer| peer.link == Link::Live) else { return };
        let away_at = peer.heard_at + timers::AWAY;
        if away_at > now {
            self.timers.set(Timer::Away(author), away_at);
        } else {
            peer.link = Link::Away;
            self.people_changed = true;
        }
    }

    pub(super) fn peer_presence(&mut self, from: Author, presence: Presence) {
        if let Some(peer) = self.peers.get_mut(&from).filter(|peer| peer.presence != presence) {
            peer.presence = presence;
            self.people_changed = true;
        }
    }

    /// The connection to a peer is broken. It stays a member.
    pub(super) fn disconnected(&mut self, now: Time, author: Author) {
        let Some(peer) = self.peers.get_mut(&author).filter(|peer| peer.is_connected()) else { return };
        peer.link = Link::Lost;
        peer.way = Way::Direct;
        peer.greeted = false;
        peer.links.clear();
        self.timers.set(Timer::Reach(author), now + timers::REACH_LOST);
        self.parted(now, author);
    }

    /// A peer is to come; what it may do is kept possible from now on.
    pub(super) fn joined(&mut self, now: Time, author: Author) {
        self.is_given_out(author);
        self.met(now, author);
    }

    /// A peer is there, or to come.
    pub(super) fn met(&mut self, now: Time, author: Author) {
        self.gone.retain(|name| name.member() != author);
        if author != self.member && !self.peers.contains_key(&author) {
            self.note_return(now, author);
            self.peer(author).heard_at = now;
            self.timers.set(Timer::Reach(author), now + timers::REACH);
            self.people_changed = true;
        }
    }

    /// A peer is no member any more. It may come back with edits of its own all the same.
    pub(super) fn departed(&mut self, now: Time, author: Author) {
        self.remember_clock(author);
        let writer = self.writer_of(author);
        if self.peers.remove(&author).is_some() {
            self.timers.stop(Timer::Reach(author));
            if self.gone.len() >= limits::KNOWN_MEMBERS {
                self.gone.pop_first();
            }
            self.gone.insert(writer);
            self.parted(now, author);
        }
    }

    /// Whatever waited for a peer waits no longer.
    fn parted(&mut self, now: Time, author: Author) {
        self.stop_giving(author);
        self.people_changed = true;
        let of_peer = [Timer::Acknowledge, Timer::Resend, Timer::Echo, Timer::Away];
        for timer in of_peer.map(|timer| timer(author)) {
            self.timers.stop(timer);
        }
        self.reroute(now, author);
        if !self.left {
            self.give_up_asking(now, Some(author));
            self.renew_repairs();
        }
    }
}

/// A name that others will take.
pub(super) fn shorten(name: &str) -> String {
    name.chars().take(limits::NAME_CHARS).collect()
}
