//! A session that checks signatures, told what an honest writer wrote and what a hostile one makes
//! of it.

use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use ultrawave::document::{Method, Path, Text, Value};
use ultrawave::session::{Input, Message, Output, Proof, Session, SessionOptions, VERSION};
use ultrawave::sync::{Author, Change, Checkpoint, Tick, VectorClock};
use ultrawave::trust::{Access, AuthorKey, Certificate, Head, Ledger, Seal, Secret};

const ME: Author = Author(1);
const HONEST: Author = Author(2);
const HOSTILE: Author = Author(3);
/// Whose number the hostile one may be the first to write under.
const LATE: Author = Author(4);

/// Something that happens.
#[derive(Arbitrary, Debug)]
enum Act {
    /// The honest writer makes changes, and is heard or not.
    Written { count: u8, is_heard: bool },
    /// The hostile one passes on what the honest one made, in some way.
    PassedOn { first: u8, count: u8, how: How },
    /// It writes under its own name, the same or another story.
    Own { first: u8, count: u8, story: u8 },
    /// It writes under somebody else's name, with a key of its own that it certifies.
    Impersonated { is_late: bool, first: u8, count: u8, is_certified: bool },
    /// It shows where the chains end.
    Heads { of: u8, tick: u8, how: How },
    /// It says that somebody else said this.
    Said { line: u8 },
    /// The one whose number may be spoilt comes.
    Late,
    /// Time passes.
    Pause { ms: u8 },
}

/// What becomes of a true message.
#[derive(Arbitrary, Debug)]
enum How {
    AsItWas,
    Signature(u8),
    Before(u8),
    First(i8),
    Last(i8),
    Another,
    Certified,
    Unsigned,
    Twice,
}

fn access() -> Access {
    Access::locked(Secret::new([1; 32]), Secret::new([2; 32]))
}

fn key(author: Author) -> AuthorKey {
    AuthorKey::new(&Secret::new([u8::try_from(author.0).expect("a few"); 32]))
}

fn certificate(author: Author, of: Author) -> Vec<u8> {
    Certificate::issue(&access(), author, &key(of)).expect("a writer").bytes().to_vec()
}

fn change(author: Author, tick: Tick, place: &str) -> Arc<Change> {
    Arc::new(Change {
        author,
        clock: VectorClock::from_iter([(author, tick)]),
        path: Path::ROOT.key(place),
        method: Method::Set(Value::bool(true)),
    })
}

fn place(tick: Tick) -> String {
    format!("h{tick}")
}

fn signed(changes: Vec<Arc<Change>>, seals: Vec<Seal>) -> Message {
    Message::Signed(Box::new(Message::Changes(changes)), Proof { seals, hashes: Vec::new() })
}

/// Everybody, and the session that listens to them.
struct Room {
    session: Session,
    now: Duration,
    honest: Ledger,
    written: Vec<Arc<Change>>,
}

impl Room {
    fn new() -> Self {
        let options = SessionOptions { name: "me".to_owned(), history: 100 };
        let session = Session::create(ME, Checkpoint::read("{}").expect("JSON"), options);
        let session = session.with_ledger(Ledger::new(access(), ME, key(ME)));
        let honest = Ledger::new(access(), HONEST, key(HONEST));
        let mut room = Self { session, now: Duration::ZERO, honest, written: Vec::new() };
        for peer in [HONEST, HOSTILE] {
            room.come(peer);
        }
        room
    }

    fn come(&mut self, peer: Author) {
        self.feed(Input::Certified(peer, certificate(peer, peer)));
        self.feed(Input::Connected(peer));
        let hello = format!(r#"["hello",{{"version":{VERSION},"name":"","clock":{{}},"document":true}}]"#);
        self.feed(Input::Message(peer, Message::decode(&hello).expect("a hello")));
    }

    /// Nobody but the hostile one is ever cut off.
    fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        while let Some(output) = self.session.poll() {
            assert!(!matches!(output, Output::Expel(who) if who != HOSTILE), "{output:?}");
        }
        while self.session.poll_message().is_some() {}
    }

    fn say(&mut self, from: Author, message: Message) {
        // As it would come over a connection.
        let message = Message::decode(&message.encode()).unwrap_or(message);
        self.feed(Input::Message(from, message));
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Written { count, is_heard } => self.write(*count, *is_heard),
            Act::PassedOn { first, count, how } => self.pass_on(*first, *count, how),
            Act::Own { first, count, story } => {
                let all = ticks(*first, *count);
                let message = made(HOSTILE, all, &format!("m{}", story % 3), false);
                self.say(HOSTILE, message);
            }
            Act::Impersonated { is_late, first, count, is_certified } => {
                // Of whom no key is known, anybody can be the first to certify one.
                let (whose, place) = if *is_late { (LATE, "late") } else { (HONEST, "forged") };
                let message = made(whose, ticks(*first, *count), place, *is_certified);
                self.say(HOSTILE, message);
            }
            Act::Heads { of, tick, how } => self.show_heads(*of, *tick, how),
            Act::Said { line } => {
                let lines = [
                    r#"["links",[2,4]]"#,
                    r#"["clock",{"1":9,"2":9}]"#,
                    r#"["request changes",{}]"#,
                    r#"["pass",{"from":3,"to":1},["links",[2]]]"#,
                    r#"["pass",{"from":2,"to":1},["goodbye",null]]"#,
                    r#"["pass",{"from":4,"to":1},["goodbye",null]]"#,
                    r#"["request sync",[[1,1,9],[2,1,9]]]"#,
                ];
                let message = Message::decode(lines[usize::from(*line) % lines.len()]);
                self.say(HOSTILE, message.expect("a line of the protocol"));
            }
            Act::Late => self.come(LATE),
            Act::Pause { ms } => {
                self.now += Duration::from_millis(u64::from(*ms) * 8);
                self.feed(Input::Timeout);
            }
        }
    }

    fn write(&mut self, count: u8, is_heard: bool) {
        let first = self.written.len() as Tick + 1;
        let new: Vec<_> =
            (first..=first + u64::from(count % 4)).map(|tick| change(HONEST, tick, &place(tick))).collect();
        self.honest.enter_own(&new);
        self.written.extend(new.iter().cloned());
        let (changes, seals) = self.honest.seal(&new, true);
        if is_heard {
            self.say(HONEST, signed(changes, seals));
        }
    }

    fn pass_on(&mut self, first: u8, count: u8, how: &How) {
        if self.written.is_empty() {
            return;
        }
        let first = usize::from(first) % self.written.len();
        let last = (first + usize::from(count % 8)).min(self.written.len() - 1);
        let (mut changes, mut seals) = self.honest.seal(&self.written[first..=last], true);
        let (Some(seal), Some(made)) = (seals.first_mut(), changes.first_mut()) else { return };
        match how {
            How::AsItWas => {}
            How::Signature(at) => seal.signature[usize::from(*at) % 64] ^= 1,
            How::Before(at) => seal.before[usize::from(*at) % 32] ^= 1,
            How::First(by) => seal.first = seal.first.wrapping_add_signed((*by).into()),
            How::Last(by) => seal.last = seal.last.wrapping_add_signed((*by).into()),
            How::Another => *made = change(HONEST, made.tick(), "forged"),
            How::Certified => seal.certificate = Some(certificate(HONEST, HOSTILE)),
            How::Unsigned => seals.clear(),
            How::Twice => {
                let other = change(HONEST, made.tick(), "forged");
                changes.push(other);
            }
        }
        self.say(HOSTILE, signed(changes, seals));
    }

    fn show_heads(&mut self, of: u8, tick: u8, how: &How) {
        let mut heads = self.honest.heads();
        for head in &mut heads {
            match how {
                How::Signature(at) => head.signature[usize::from(*at) % 64] ^= 1,
                How::Before(at) => head.hash[usize::from(*at) % 32] ^= 1,
                How::First(_) | How::Last(_) => head.tick = tick.into(),
                How::Certified => head.certificate = certificate(HONEST, HOSTILE),
                How::AsItWas | How::Another | How::Unsigned | How::Twice => {}
            }
        }
        let author = [HONEST, HOSTILE, LATE, ME][usize::from(of) % 4];
        let mut ledger = Ledger::new(access(), author, key(HOSTILE));
        ledger.enter_own(
            &(1..=u64::from(tick % 16)).map(|tick| change(author, tick, "told")).collect::<Vec<_>>(),
        );
        heads.extend(ledger.heads());
        heads.dedup_by_key(|head: &mut Head| head.author);
        self.say(HOSTILE, Message::Heads(heads));
    }

    /// What the honest one wrote is there in the end, and nothing that it did not write.
    fn end(mut self) {
        let written = self.written.clone();
        if !written.is_empty() {
            let (changes, seals) = self.honest.seal(&written, true);
            self.say(HONEST, signed(changes, seals));
        }
        self.now += Duration::from_secs(1);
        self.feed(Input::Timeout);
        let replica = self.session.replica().expect("it opened the room");
        assert_eq!(replica.clock().get(HONEST), written.len() as Tick);
        let value = replica.value();
        let has = |place: &str| value.key(&Text::new(place)).is_some();
        assert!(!has("forged"), "{value}");
        for made in &written {
            assert!(has(&place(made.tick())), "{value} lacks {}", made.tick());
        }
    }
}

/// Changes under a name, signed with the hostile key.
fn made(name: Author, ticks: std::ops::RangeInclusive<Tick>, place: &str, is_certified: bool) -> Message {
    let mut ledger = Ledger::new(access(), name, key(HOSTILE));
    let story: Vec<_> = (1..=*ticks.end()).map(|tick| change(name, tick, place)).collect();
    ledger.enter_own(&story);
    let from = usize::try_from(*ticks.start()).expect("a few") - 1;
    let (changes, seals) = ledger.seal(&story[from..], !is_certified);
    signed(changes, seals)
}

fn ticks(first: u8, count: u8) -> std::ops::RangeInclusive<Tick> {
    let first = u64::from(first % 16) + 1;
    first..=first + u64::from(count % 8)
}

/// Whatever a hostile writer says, nobody honest is cut off, what an honest one wrote is there, and
/// nothing under its name that it did not write.
pub fn checked(data: &[u8]) {
    let mut data = Unstructured::new(data);
    let mut room = Room::new();
    for _ in 0..40 {
        let Ok(act) = Act::arbitrary(&mut data) else { break };
        room.act(&act);
        if data.is_empty() {
            break;
        }
    }
    room.end();
}
