//! Members that find no way to each other, and are reached by way of a third.
//!
//! Everyone says whom it is directly connected to (`links`). Who cannot connect to a member, but is
//! connected to somebody who is, says to that one what is to be passed on (`pass`), wrapped with
//! who says it and to whom. That is all the third does: to the two ends it is as if they were
//! connected, hello first. What somebody passes on is never taken to be their own.

use super::peer::Peer;
use super::timers::Timer;
use super::{Channel, Link, Message, Session, Time, Way};
use crate::limits;
use crate::sync::Author;

impl Session {
    /// Whether a member is reached by way of another one, and answers.
    pub fn is_reached_via_another(&self, author: Author) -> bool {
        self.peers.get(&author).is_some_and(|peer| peer.link == Link::Live && matches!(peer.way, Way::Via(_)))
    }

    /// A member has had its time to be connected to.
    pub(super) fn reach(&mut self, now: Time, author: Author) {
        let is_out_of_reach = self.peers.get(&author).is_some_and(|peer| !peer.is_connected());
        if self.left || !is_out_of_reach {
            return;
        }
        let third = self
            .peers
            .iter()
            .find(|(_, peer)| peer.link == Link::Live && peer.is_direct() && peer.links.contains(&author));
        if let Some((&third, _)) = third {
            self.connected(now, author, Way::Via(third));
        }
    }

    /// A member says whom it is directly connected to.
    pub(super) fn links(&mut self, now: Time, from: Author, links: Vec<Author>) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        peer.links = links;
        self.reroute(now, from);
        // Those whose time to be connected to is over.
        let waiting = |author: &Author| !self.timers.is_set(Timer::Reach(*author));
        let others: Vec<Author> = self.peers.keys().copied().filter(waiting).collect();
        for other in others {
            self.reach(now, other);
        }
    }

    /// Finds another way to those that were reached by way of a member and no longer are.
    pub(super) fn reroute(&mut self, now: Time, third: Author) {
        let still = |author: Author| {
            self.peers.get(&third).is_some_and(|peer| peer.is_direct() && peer.links.contains(&author))
        };
        let by_way = self.peers.iter().filter(|(_, peer)| peer.way == Way::Via(third));
        let lost: Vec<Author> = by_way.map(|(&author, _)| author).filter(|&author| !still(author)).collect();
        for author in lost {
            self.disconnected(now, author);
        }
    }

    /// Something to be passed on, or that was.
    pub(super) fn pass(&mut self, now: Time, by: Author, from: Author, to: Author, message: Message) {
        if to != self.member {
            // Only for those who sent it, to those who can be talked to: one step and no further.
            if from == by && !self.left && self.peers.get(&to).is_some_and(Peer::is_direct) {
                let channel = message.channel();
                self.send(to, channel, Message::Pass { from, to, message: Box::new(message) });
            }
            return;
        }
        let is_said_so = self.peers.get(&by).is_some_and(|peer| peer.links.contains(&from));
        if from == by || from == self.member || self.expelled.contains(&from) || !is_said_so {
            return;
        }
        if let Some(peer) = self.peers.get_mut(&from).filter(|peer| peer.is_connected()) {
            if !matches!(peer.way, Way::Via(_)) {
                // It says itself what it has to say. This was long on its way, or is made up.
                peer.met_at = None;
                return;
            }
        } else if self.left || !self.may_be_met(now, from) {
            return;
        } else {
            // It has given up waiting before this side has.
            self.met(now, from);
            self.connected(now, from, Way::Via(by));
        }
        if self.heard(now, from) {
            self.passed_by = Some(by);
            self.said(now, from, message);
            self.passed_by = None;
        }
    }

    /// Whether somebody of whom only a third tells may be there.
    fn may_be_met(&mut self, now: Time, author: Author) -> bool {
        // If it left, this was long on its way. Should it be back, the server says so.
        let has_left = self.gone.iter().any(|name| name.member() == author);
        let has_place = self.peers.contains_key(&author) || self.peers.len() < limits::KNOWN_MEMBERS;
        author == author.member() && !has_left && has_place && !self.is_awaited(now, author)
    }

    /// Tells everyone whom this member is directly connected to, if that has changed.
    pub(super) fn tell_links(&mut self) {
        let links: Vec<Author> =
            self.peers.iter().filter(|(_, peer)| peer.is_direct()).map(|(&author, _)| author).collect();
        if self.left || links == self.linked {
            return;
        }
        self.linked.clone_from(&links);
        let direct = links.clone();
        for peer in direct {
            self.send(peer, Channel::Sync, Message::Links(links.clone()));
        }
    }
}
