//! A replica and a session that are told anything.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use ultrawave::document::{Method, Path, Step, Value, parse};
use ultrawave::session::{Input, Message, Session, SessionOptions};
use ultrawave::sync::{Author, Change, Checkpoint, Replica, VectorClock};

const DOCUMENT: &str = r#"{"a":{"b":[1,{"c":2},"x"]},"t":"go on","0":null}"#;

/// A change that somebody might make: mostly one that follows from what is there.
#[derive(Arbitrary, Debug)]
struct Draft {
    author: u8,
    /// How many changes less than all its author has seen, of each.
    unseen: [u8; 3],
    steps: Vec<Way>,
    what: What,
}

#[derive(Arbitrary, Debug)]
enum Way {
    Key(u8),
    At(u8),
}

#[derive(Arbitrary, Debug)]
enum What {
    Set(u8),
    Delete,
    Merge(u8),
    Splice(i8, i8, Vec<u8>),
}

fn key(number: u8) -> &'static str {
    ["a", "b", "c", "t", "0", ""][usize::from(number) % 6]
}

fn value(number: u8) -> Value {
    let texts = ["1", "null", "{}", "[]", r#""yz""#, r#"{"a":{}}"#, r#"[{"b":1}]"#, r#"{"b":2,"c":[3]}"#];
    parse(texts[usize::from(number) % texts.len()]).expect("JSON")
}

impl Draft {
    /// The change, by somebody who has seen most of what `clock` says.
    fn change(&self, clock: &VectorClock) -> Change {
        let author = Author(u32::from(self.author % 3) + 1);
        let mut seen = VectorClock::new();
        for (other, unseen) in (1..).map(Author).zip(self.unseen) {
            let all = clock.get(other);
            seen.set(other, if other == author { all } else { all.saturating_sub(u64::from(unseen)) });
        }
        seen.set(author, seen.get(author) + 1);
        let step = |way: &Way| match way {
            Way::Key(number) => Step::from(key(*number)),
            Way::At(index) => Step::from(usize::from(*index % 8)),
        };
        let path: Path = self.steps.iter().take(5).map(step).collect();
        let method = match &self.what {
            What::Set(number) => Method::Set(value(*number)),
            What::Delete => Method::Delete,
            What::Merge(number) => Method::Merge(value(*number)),
            What::Splice(start, count, items) => {
                let items = items.iter().take(3).map(|&item| value(item)).collect();
                Method::Splice { start: i64::from(*start), count: i64::from(*count), items }
            }
        };
        Change { author, clock: seen, path, method }
    }
}

fn replica(author: u32) -> Replica {
    Replica::new(Author(author), Checkpoint::read(DOCUMENT).expect("JSON"), 1_000)
}

/// Whatever changes are received: two replicas that hold the same ones show the same, in whatever
/// order they came, and so does one that gets them all at once.
pub fn receive(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let (mut first, mut second, mut made) = (replica(8), replica(9), Vec::new());
    for _ in 0..24 {
        let Ok(draft) = Draft::arbitrary(&mut data) else { break };
        let change = draft.change(first.clock());
        if first.receive([change.clone()]).applied.len() == 1 {
            made.push(change);
        }
        if data.is_empty() {
            break;
        }
    }
    for change in made.iter().rev() {
        assert!(second.receive([change.clone()]).refused.is_empty());
    }
    assert_eq!(second.pending(), 0);
    let mut whole = replica(7);
    whole.receive(made);
    for other in [second, whole] {
        assert_eq!(other.clock(), first.clock());
        assert_eq!(other.value().to_string(), first.value().to_string());
        assert_eq!(other.conflicts(), first.conflicts());
        assert_eq!(other.lost_edits(), first.lost_edits());
    }
}

/// Whatever lines a peer sends to a session, it goes on, and asks for a timer only after now.
pub fn session(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let options = SessionOptions { name: "me".to_owned(), history: 8 };
    let checkpoint = Checkpoint::read(DOCUMENT).expect("JSON");
    let mut sessions = [
        Session::create(Author(1), checkpoint, options.clone()),
        Session::join(Author(1), &[Author(2)], options),
    ];
    for session in &mut sessions {
        let mut now = Duration::ZERO;
        for peer in [2, 3] {
            session.handle(now, Input::Connected(Author(peer)));
        }
        for line in text.lines() {
            let from = Author(2 + u32::from(line.len() % 7 == 0));
            let input = match Message::decode(line) {
                Ok(message) => Input::Message(from, message),
                Err(error) => Input::Garbage(from, error.to_string()),
            };
            session.handle(now, input);
            let _ = session.edit(now, None, 0, Path::ROOT.key("own"), Method::Set(Value::NULL));
            let mut said = 0;
            while session.poll().is_some() {}
            while let Some((_, _, message)) = session.poll_message() {
                assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(&message));
                said += 1;
                assert!(said < 10_000, "it never stops talking");
            }
            if let Some(next) = session.next_timeout() {
                now = now.max(next);
                session.handle(now, Input::Timeout);
                assert!(session.next_timeout().is_none_or(|next| next > now));
            }
        }
    }
}
