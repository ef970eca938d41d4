//! The session, message by message. What many of them do together is in `tests/sim`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

mod announced;
mod attacks;
mod codec;
mod cost;
mod dropped;
mod hostile;
mod inbox;
mod joining;
mod keeping;
mod live;
mod membership;
mod misled;
mod outcast;
mod parcel;
mod people;
mod reach;
mod renewed;
mod signed;
mod stories;
mod third;
mod undo;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Channel, Dropped, Event, Input, Message, Output, Record, Session, SessionOptions, Time};
use crate::document::{Method, Path, parse};
use crate::limits;
use crate::sync::{Author, Checkpoint, VectorClock};

const ONE: Author = Author(1);
const TWO: Author = Author(2);
const THREE: Author = Author(3);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn options(history: usize) -> SessionOptions {
    SessionOptions { name: String::new(), history }
}

fn creator(source: &str) -> Session {
    creator_with(source, limits::HISTORY_CHANGES)
}

fn creator_with(source: &str, history: usize) -> Session {
    let checkpoint =
        Checkpoint { source: source.into(), value: parse(source).unwrap(), clock: VectorClock::new() };
    Session::create(ONE, checkpoint, options(history))
}

fn joiner(author: Author) -> Session {
    Session::join(author, &[], options(limits::HISTORY_CHANGES))
}

fn set(session: &mut Session, now: Time, key: &str, value: &str) {
    session.edit(now, None, 0, Path::ROOT.key(key), Method::Set(parse(value).unwrap())).unwrap();
}

fn text(session: &Session) -> String {
    session.snapshot().unwrap().value.to_string()
}

/// What a session wants done and known, so far.
#[derive(Debug, Default)]
struct Wanted {
    sent: Vec<(Author, Channel, Message)>,
    records: Vec<(u64, Record)>,
    events: Vec<Event>,
    expelled: Vec<Author>,
}

fn drain(session: &mut Session) -> Wanted {
    let mut wanted = Wanted::default();
    while let Some(output) = session.poll() {
        match output {
            Output::Store(number, record) => wanted.records.push((number, record)),
            Output::Event(event) => wanted.events.push(event),
            Output::Expel(author) => wanted.expelled.push(author),
        }
    }
    wanted.sent.extend(std::iter::from_fn(|| session.poll_message()));
    wanted
}

fn feed(session: &mut Session, now: Time, input: Input) -> Wanted {
    session.handle(now, input);
    drain(session)
}

fn say(session: &mut Session, now: Time, from: Author, message: Message) -> Wanted {
    feed(session, now, Input::Message(from, message))
}

fn hello(clock: VectorClock, has_document: bool) -> Message {
    hello_of(super::VERSION, clock, has_document)
}

fn hello_of(version: u32, clock: VectorClock, has_document: bool) -> Message {
    let (writer, dropped) = (None, Dropped::default());
    let name = String::new();
    let (passing, answer) = (false, false);
    Message::Hello { version, name, clock, has_document, writer, dropped, passing, answer }
}

/// Sessions on a network without delay, and what was said on it.
struct Net {
    now: Time,
    sessions: BTreeMap<Author, Session>,
    said: Vec<(Author, Author, Message)>,
    events: Vec<(Author, Event)>,
    records: Vec<(u64, Record)>,
    expelled: Vec<(Author, Author)>,
}

impl Net {
    fn new(sessions: impl IntoIterator<Item = Session>) -> Self {
        let sessions = sessions.into_iter().map(|session| (session.author(), session)).collect();
        Self {
            now: Time::ZERO,
            sessions,
            said: Vec::new(),
            events: Vec::new(),
            records: Vec::new(),
            expelled: Vec::new(),
        }
    }

    /// A room of these, all connected, the document with everyone.
    fn connected(sessions: impl IntoIterator<Item = Session>) -> Self {
        let mut net = Self::new(sessions);
        let all: Vec<Author> = net.sessions.keys().copied().collect();
        for (at, &left) in all.iter().enumerate() {
            for &right in &all[at + 1..] {
                net.connect(left, right);
            }
        }
        net.pass(ms(100));
        net
    }

    fn at(&mut self, author: Author) -> &mut Session {
        self.sessions.get_mut(&author).unwrap()
    }

    fn connect(&mut self, left: Author, right: Author) {
        let now = self.now;
        self.at(left).handle(now, Input::Connected(right));
        self.at(right).handle(now, Input::Connected(left));
        self.deliver(|_, _, _| true);
    }

    fn disconnect(&mut self, left: Author, right: Author) {
        let now = self.now;
        self.at(left).handle(now, Input::Disconnected(right));
        self.at(right).handle(now, Input::Disconnected(left));
        self.deliver(|_, _, _| true);
    }

    /// Delivers until nobody has anything to say; what is not let through is lost.
    fn deliver(&mut self, mut through: impl FnMut(Author, Author, &Message) -> bool) {
        loop {
            let (mut sent, mut stored) = (Vec::new(), false);
            for (&from, session) in &mut self.sessions {
                let wanted = drain(session);
                // The disk is as fast as the network here.
                if let Some(&(last, _)) = wanted.records.last() {
                    session.handle(self.now, Input::Stored(last));
                    stored = true;
                }
                self.records.extend(wanted.records);
                self.expelled.extend(wanted.expelled.into_iter().map(|other| (from, other)));
                sent.extend(wanted.sent.into_iter().map(|(to, _, message)| (from, to, message)));
                self.events.extend(wanted.events.into_iter().map(|event| (from, event)));
            }
            if sent.is_empty() && !stored {
                return;
            }
            for (from, to, message) in sent {
                if through(from, to, &message)
                    && let Some(session) = self.sessions.get_mut(&to)
                {
                    session.handle(self.now, Input::Message(from, message.clone()));
                }
                self.said.push((from, to, message));
            }
        }
    }

    /// Lets time pass.
    fn pass(&mut self, time: Duration) {
        self.pass_with(time, |_, _, _| true);
    }

    fn pass_with(&mut self, time: Duration, mut through: impl FnMut(Author, Author, &Message) -> bool) {
        let end = self.now + time;
        self.deliver(&mut through);
        while let Some(next) = self.sessions.values().filter_map(Session::next_timeout).min() {
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            for session in self.sessions.values_mut() {
                session.handle(self.now, Input::Timeout);
            }
            self.deliver(&mut through);
        }
        self.now = end;
    }

    /// Whether this was said from one to another.
    fn was_said(&self, from: Author, to: Author, what: impl Fn(&Message) -> bool) -> usize {
        self.said.iter().filter(|(by, at, message)| *by == from && *at == to && what(message)).count()
    }
}
