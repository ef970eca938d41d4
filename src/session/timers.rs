//! What the session waits for, as a table: one row a timer, a moment when it is set.

use std::collections::BTreeMap;

use std::time::Duration;

use super::Time;
use crate::sync::Author;

/// How long a gap is given to close by itself: about two round trips. It doubles with every try.
pub(super) const REPAIR: Duration = Duration::from_millis(150);

/// The longest pause between two tries to close a gap.
pub(super) const REPAIR_MOST: Duration = Duration::from_secs(5);

/// How far apart, on average, the signatures of one sender are checked: what comes meanwhile is
/// checked with the next. Half of what a screen takes to draw.
pub(super) const CHECK: Duration = Duration::from_millis(8);

/// How much of that a sender may be ahead: eight checks in a row wait for nothing.
pub(super) const CHECKS_AHEAD: Duration = Duration::from_millis(8 * 7);

/// How long an acknowledgement waits for more to acknowledge.
pub(super) const ACKNOWLEDGE: Duration = Duration::from_millis(20);

/// How long an acknowledgement is taken to be under way, before one has come.
pub(super) const ROUND_TRIP: Duration = Duration::from_millis(80);

/// The shortest time that an own change waits for its acknowledgement before it is sent again:
/// half as long again as they take usually. It doubles.
pub(super) const RESEND_LEAST: Duration = Duration::from_millis(60);

/// After a wait this long nothing is sent again unasked: pings show the peer what it lacks.
pub(super) const RESEND_MOST: Duration = Duration::from_secs(1);

/// How long after the last own change that one is said once more, unasked, where messages get lost.
/// It costs less than to wait for the acknowledgement of what is lost, and two messages that follow
/// each other at once are often lost together.
pub(super) const ECHO: Duration = Duration::from_millis(15);

/// How long a path is held to lose messages after it has lost one.
pub(super) const LOSSY: Duration = Duration::from_secs(30);

/// How often everyone is told what has been seen, when there is nothing else to say.
pub(super) const PING: Duration = Duration::from_secs(2);

/// A peer not heard of for this long is away.
pub(super) const AWAY: Duration = Duration::from_secs(6);

/// How long a connection to a newcomer may take before it is reached by way of another member.
pub(super) const REACH: Duration = Duration::from_secs(2);

/// How long a connection that broke may take to heal before that.
pub(super) const REACH_LOST: Duration = Duration::from_millis(500);

/// Who has not been heard for this long, and holds the history up past its limit, is dropped: as
/// long as the signaling server waits for a broken connection.
pub(super) const SILENT: Duration = Duration::from_secs(30);

/// The least time between two presences.
pub(super) const PRESENCE: Duration = Duration::from_millis(50);

/// How long the first peer asked for the document has before the next is asked. It doubles, since
/// a large document on a slow path takes its time.
pub(super) const DOCUMENT: Duration = Duration::from_secs(5);

/// The longest wait for a document before the next peer is asked.
pub(super) const DOCUMENT_MOST: Duration = Duration::from_secs(120);

/// The least time between two documents sent to one peer: they are large.
pub(super) const DOCUMENT_AGAIN: Duration = Duration::from_secs(2);

/// Who has not got a hello for so long, and says so, has missed it.
pub(super) const HELLO: Duration = Duration::from_secs(1);

/// How long who has started again, and hears of nobody with a document, waits for one before it goes
/// on with its own.
pub(super) const TAKE_UP: Duration = Duration::from_secs(10);

/// Of several who could go on with theirs, how much later each does than the one before.
pub(super) const TAKE_UP_NEXT: Duration = Duration::from_secs(2);

/// Keystrokes in one string at most this far apart are taken back together.
pub(super) const TYPING: Duration = Duration::from_secs(1);

/// Something that is done when nothing else has happened for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The peer that was asked for the document has not answered.
    Document,
    /// Nobody gives this member, which has started again, a document.
    TakeUp,
    /// Changes of this author, known to exist, have not come.
    Repair(Author),
    /// It is the turn of what this peer sent to be checked.
    Check(Author),
    /// This peer sent changes and wants to know that they came.
    Acknowledge(Author),
    /// This peer has not acknowledged own changes.
    Resend(Author),
    /// This peer may have missed the last own change.
    Echo(Author),
    /// This peer could not be connected to.
    Reach(Author),
    /// Nothing was heard of this peer.
    Away(Author),
    /// Presence was sent; the next one may go out.
    Presence,
    /// Time to tell everyone what has been seen.
    Ping,
}

/// The timers that are set.
#[derive(Debug, Default)]
pub(super) struct Timers(BTreeMap<Timer, Time>);

impl Timers {
    /// Sets a timer, whether it was set or not.
    pub(super) fn set(&mut self, timer: Timer, at: Time) {
        self.0.insert(timer, at);
    }

    /// Sets a timer unless it is set already.
    pub(super) fn start(&mut self, timer: Timer, at: Time) {
        self.0.entry(timer).or_insert(at);
    }

    /// Stops a timer: what it waited for has become redundant.
    pub(super) fn stop(&mut self, timer: Timer) {
        self.0.remove(&timer);
    }

    /// Whether a timer is set.
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0.contains_key(&timer)
    }

    /// Stops every timer.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.0.values().min().copied()
    }

    /// Takes out those that are due.
    pub(super) fn due(&mut self, now: Time) -> Vec<Timer> {
        let due: Vec<Timer> = self.0.iter().filter(|&(_, &at)| at <= now).map(|(&timer, _)| timer).collect();
        for timer in &due {
            self.0.remove(timer);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn the_first_due_is_named_and_taken_out_once() {
        let mut timers = Timers::default();
        timers.set(Timer::Ping, at(20));
        timers.set(Timer::Repair(Author(2)), at(10));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.due(at(9)), []);
        assert_eq!(timers.due(at(10)), [Timer::Repair(Author(2))]);
        assert_eq!(timers.due(at(10)), []);
        assert_eq!(timers.next(), Some(at(20)));
    }

    #[test]
    fn start_keeps_what_is_set_and_set_moves_it() {
        let mut timers = Timers::default();
        timers.start(Timer::Ping, at(20));
        timers.start(Timer::Ping, at(10));
        assert_eq!(timers.next(), Some(at(20)));
        timers.set(Timer::Ping, at(30));
        assert_eq!(timers.next(), Some(at(30)));
        timers.stop(Timer::Ping);
        assert!(!timers.is_set(Timer::Ping));
        assert_eq!(timers.next(), None);
    }
}
