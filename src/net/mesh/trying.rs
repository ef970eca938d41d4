//! When the mesh tries what, how long that may take, and when it is tried again.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;
use ultrawave_signal::protocol::{self, Request, RequestOffer};

use super::Mesh;
use super::member::{Link, Member};
use crate::sync::Author;

/// How long a newcomer waits for an offer before it asks for one.
pub(super) const OFFER_WITHIN: Duration = Duration::from_secs(5);

/// What to wait before a broken connection is made anew, first; it doubles with each failure.
const FIRST_DELAY: Duration = Duration::from_millis(300);

/// The longest wait between two tries: both are in the room, and what kept them apart may end at
/// any moment without a word of it.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The same while there is another way.
const LONGEST_WITH_DETOUR: Duration = Duration::from_secs(30);

/// How long the first offer to a member may go without an answer; each after it may longer. It is
/// lost when the other side has no server at that moment, or ends.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long ago an offer must have been made to be made again for the asking: one may have crossed
/// what asks for it.
pub(super) const OFFER_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How long a connection may be silent before another way is looked for, its channels kept.
pub(super) const RESTART_AFTER: Duration = Duration::from_millis(300);

/// How long that may take before a connection is made anew.
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

/// The shortest wait between two tries to find a direct way while there is another.
const WITH_DETOUR_DELAY: Duration = Duration::from_secs(10);

/// How long a member that the server does not name may take to come back to it.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(60);

impl Mesh {
    /// When to call [`timeout`](Self::timeout).
    pub(in super::super) fn next_timeout(&self) -> Option<Instant> {
        let waiting = self.members.values().filter_map(|member| match &member.link {
            Link::Waiting(at) if self.is_server_up => Some(*at),
            Link::Interrupted(wire, since) if self.is_server_up => {
                Some(wire.restart_at.map_or(*since + GIVE_UP_AFTER, |at| at.min(*since + GIVE_UP_AFTER)))
            }
            Link::Connecting(_) if self.is_server_up => member.answer_by(),
            Link::Waiting(_) | Link::Connecting(_) | Link::Open(_) | Link::Interrupted(..) => None,
        });
        waiting.chain(self.next_detour()).chain(self.next_proof()).min()
    }

    /// Makes and mends the connections that are due. `is_reached` says who is reached through
    /// another member.
    pub(in super::super) fn timeout(&mut self, now: Instant, is_reached: impl Fn(Author) -> bool) {
        self.give_up_unproven(now);
        if !self.is_server_up {
            return;
        }
        self.mend(now);
        self.give_up_unanswered(now);
        self.detours(now, is_reached);
        let is_due = |member: &Member| matches!(member.link, Link::Waiting(at) if at <= now);
        let due: Vec<Author> =
            self.members.iter().filter(|(_, member)| is_due(member)).map(|(&author, _)| author).collect();
        for author in due {
            let unlisted = self.members.get(&author).and_then(|member| member.unlisted);
            if unlisted.is_some_and(|since| since + FORGET_AFTER <= now) {
                self.forget(author);
            } else if unlisted.is_some() {
                self.wait(now, author);
            } else if self.me < author {
                self.offer(now, author);
            } else {
                self.requests.push(Request::RequestOffer(RequestOffer {
                    room: self.room.clone(),
                    to: protocol::Author(author.0),
                }));
                self.wait(now, author);
            }
        }
    }

    /// Of the connections that are silent: looks for another way, or gives them up.
    fn mend(&mut self, now: Instant) {
        let mut given_up = Vec::new();
        for (&author, member) in &mut self.members {
            let Link::Interrupted(wire, since) = &mut member.link else { continue };
            if *since + GIVE_UP_AFTER <= now {
                given_up.push(author);
            } else if wire.restart_at.is_some_and(|at| at <= now) {
                wire.restart_at = None;
                if self.me < author {
                    tracing::debug!(me = %self.me, %author, "looking for another way");
                    wire.connection.restart();
                }
            }
        }
        for author in given_up {
            self.closed(now, author, "it has fallen silent");
        }
    }

    /// Gives up the connections whose offers nobody answers.
    fn give_up_unanswered(&mut self, now: Instant) {
        let is_due = |member: &Member| member.answer_by().is_some_and(|by| by <= now);
        let due: Vec<Author> =
            self.members.iter().filter(|(_, member)| is_due(member)).map(|(&author, _)| author).collect();
        for author in due {
            self.closed(now, author, "the offer is not answered");
        }
    }

    /// Sets the next try, later with every failure. Not all members try at the same moment.
    pub(super) fn wait(&mut self, now: Instant, author: Author) {
        let Some(member) = self.members.get_mut(&author) else { return };
        let delay = FIRST_DELAY * 2_u32.saturating_pow(member.failures.min(16));
        let delay = match member.detour {
            Some(_) => delay.clamp(WITH_DETOUR_DELAY, LONGEST_WITH_DETOUR),
            None => delay.min(LONGEST_DELAY),
        };
        let patience = if self.me < author { Duration::ZERO } else { OFFER_WITHIN };
        member.failures += 1;
        let jitter = rand::rng().random_range(0.75..1.25);
        member.link = Link::Waiting(now + delay.mul_f64(jitter) + patience);
    }
}
