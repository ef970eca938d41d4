//! What must be true in the end.

use std::collections::BTreeSet;

use ultrawave::document::parse;
use ultrawave::session::{Link, Session};
use ultrawave::sync::{Author, Change, Checkpoint, Replica, VectorClock};

use crate::edits::SOURCE;
use crate::life::marks_in;
use crate::world::{CALM, Member, World, ms};

impl World {
    pub(crate) fn check(&self) {
        let (_, first) = self.members.first_key_value().unwrap();
        let expected = first.session.snapshot().unwrap();
        for (who, member) in &self.members {
            let session = &member.session;
            let snapshot = session.snapshot().unwrap_or_else(|| panic!("{who} has no document"));
            assert_eq!(snapshot.clock, expected.clock, "{who} has not seen the same");
            assert_eq!(snapshot.value.to_string(), expected.value.to_string(), "{who} shows something else");
            assert_eq!(snapshot.source, expected.source);
            assert_eq!(session.dropped(), first.session.dropped(), "{who} has dropped others");
            assert!(session.is_stored(), "something of {who} is not kept");
            assert_eq!(session.unacknowledged(), 0, "changes of {who} are not acknowledged");
            assert_eq!(session.is_kept_elsewhere(), self.members.len() > 1);
            if !self.is_something_lost(&expected.clock) {
                assert_eq!(session.replica().unwrap().pending(), 0, "changes wait for ever at {who}");
            }
            self.check_bounds(*who, member);
            self.check_people(*who, session);
        }
        assert!(self.busy_at + ms(8_000) < self.now, "they go on talking: {:?}", self.busy_at);
        self.check_departed(&expected.clock);
        self.check_marks();
        self.check_fold(&expected.clock, &expected.value.to_string());
    }

    /// Whether somebody took something along who crashed, or left without having been heard.
    fn is_something_lost(&self, clock: &VectorClock) -> bool {
        let lost = |(_, member): &(Author, Member)| clock.get(member.session.author()) < member.made;
        self.is_hostile || self.departed.iter().any(lost)
    }

    /// Nothing grows without end, and nobody is woken for nothing.
    fn check_bounds(&self, who: Author, member: &Member) {
        let peers = self.members.len() - 1;
        // Pings, and looks at who has fallen silent.
        let most = 6 + 3 * peers;
        assert!(member.woken <= most, "{who} was woken {} times in {CALM:?}", member.woken);
        let length = member.session.replica().unwrap().history().len();
        let limit = self.history;
        // What all have acknowledged lags behind by a burst or two of each.
        assert!(length <= 2 * limit + 250, "{who} remembers {length} changes, of {limit}");
    }

    /// What was written once for all is there, once.
    fn check_marks(&self) {
        for (who, member) in &self.members {
            let shown = marks_in(&member.session);
            let mut once = BTreeSet::new();
            for mark in &shown {
                assert!(once.insert(mark) || self.tally.replaced > 0, "{mark} is there twice");
            }
            for mark in &member.marks {
                assert!(shown.contains(mark), "{mark} of {who} is lost");
            }
            for (mark, having) in &self.inherited {
                let is_due = having.iter().any(|other| self.members.contains_key(other));
                assert!(!is_due || shown.contains(mark), "{mark}, which {having:?} had, is lost");
            }
        }
    }

    pub(crate) fn check_people(&self, who: Author, session: &Session) {
        let people = session.people();
        let seen: Vec<Author> = people.iter().map(|person| person.author).collect();
        let there: Vec<Author> = self.members.keys().copied().filter(|&other| other != who).collect();
        assert_eq!(seen, there, "{who} sees others than are there");
        for person in people {
            assert_eq!(person.link, Link::Live, "{who} does not hear {}", person.author);
            assert_eq!(person.presence.name, format!("peer {}", person.author));
            let clock = session.replica().unwrap().clock();
            assert_eq!(person.clock, *clock, "{who} takes {} for behind", person.author);
        }
    }

    /// Whoever left and was answered by one who is still here has left nothing behind.
    pub(crate) fn check_departed(&self, clock: &VectorClock) {
        for (who, member) in &self.departed {
            // It may have written under another name than its number.
            let name = member.session.author();
            // Whom the others have dropped meanwhile left with what did not count any more.
            let is_dropped =
                |other: &Member| (1..=member.made).contains(&other.session.dropped().first.get(name));
            let is_here = |answered: &Author| self.members.contains_key(answered);
            if !self.members.values().any(is_dropped) && member.answered.iter().any(is_here) {
                assert!(clock.get(name) >= member.made, "edits of {who} were lost when it left");
            }
        }
    }

    /// The document is what follows from the changes, whoever brought them in what order.
    pub(crate) fn check_fold(&self, clock: &VectorClock, expected: &str) {
        let source =
            Checkpoint { source: SOURCE.into(), value: parse(SOURCE).unwrap(), clock: VectorClock::new() };
        let mut replica = Replica::new(Author(u32::MAX), source, usize::MAX);
        let seen = self.changes.values().filter(|change| clock.saw(change.id()));
        let received = replica.receive(seen.map(|change| Change::clone(change)));
        assert_eq!(received.refused, []);
        assert_eq!(replica.clock(), clock, "somebody has seen what nobody made");
        assert_eq!(replica.value().to_string(), expected, "the document does not follow from the changes");
    }
}
