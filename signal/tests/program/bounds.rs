//! The bounds, as flags of the program: what goes beyond them is ended, those beside it do not
//! notice, and the program's memory stays below what it was told.

use std::io::Write;
use std::time::{Duration, Instant};

use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};
use ultrawave_signal::protocol::{Author, Body, Code, Create, Join, Relay, Request, Signal};

use super::*;

/// Each bound has one.
pub(super) const FLAGS: [&str; 20] = [
    "--max-members",
    "--max-rooms",
    "--max-rooms-per-connection",
    "--max-connections",
    "--max-connections-per-address",
    "--max-memory-bytes",
    "--max-frame-bytes",
    "--max-queue-bytes",
    "--messages-per-second",
    "--message-burst",
    "--relayed-bytes-per-second",
    "--relayed-burst-bytes",
    "--max-malformed",
    "--first-message-within",
    "--ping-after",
    "--silent-after",
    "--send-within",
    "--grace",
    "--settle",
    "--stop-within",
];

/// Flags for a busy machine: who waits for its turn is not taken for dead.
const PATIENT: &[&str] = &["--port", "0", "--ping-after", "600", "--silent-after", "1200"];

/// Longer than anything takes that works, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who talks to the program.
struct Peer(WebSocket<MaybeTlsStream<TcpStream>>);

impl Peer {
    /// Nothing when there is no place.
    fn try_connect(program: &Listening) -> Option<Self> {
        let stream = TcpStream::connect(program.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let stream = MaybeTlsStream::Plain(stream);
        let (socket, _) = tungstenite::client(format!("ws://{}", program.address), stream).ok()?;
        let mut peer = Self(socket);
        assert!(matches!(peer.hear(), Response::Start(_)));
        Some(peer)
    }

    /// One for whom place is made some time.
    fn connect(program: &Listening) -> Self {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(peer) = Self::try_connect(program) {
                return peer;
            }
            assert!(Instant::now() < until, "no place is made");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn say(&mut self, request: &Request) {
        self.0.send(Message::text(request.encode())).unwrap();
    }

    fn hear(&mut self) -> Response {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => break Response::decode(&text).unwrap(),
                Message::Ping(_) => {}
                other @ (Message::Binary(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("not a message: {other:?}")
                }
            }
        }
    }

    fn create(&mut self, room: &str) {
        self.say(&Request::Create(Create { room: room.to_owned(), max_members: None }));
        assert!(matches!(self.hear(), Response::Created(_)));
    }

    fn join(&mut self, room: &str) -> Author {
        self.say(&Request::Join(Join { room: room.to_owned() }));
        let Response::Joined(joined) = self.hear() else { panic!("not joined") };
        joined.author
    }

    fn offer(&mut self, room: &str, to: Author, text: &str) {
        let body = Body::new(&text).unwrap();
        self.say(&Request::Relay(Signal::Offer, Relay { room: room.to_owned(), to, body }));
    }
}

fn start(flags: &[&str]) -> Listening {
    Listening::start(&[PATIENT, flags].concat())
}

/// Two members who want nothing but to talk to each other.
struct Honest(Peer, Peer);

impl Honest {
    fn meet(program: &Listening) -> Self {
        let (mut one, mut other) = (Peer::connect(program), Peer::connect(program));
        one.create("honest");
        assert_eq!(other.join("honest"), Author(2));
        assert!(matches!(one.hear(), Response::RequestOffer(_)));
        Self(one, other)
    }

    fn assert_served(&mut self) {
        self.0.offer("honest", Author(2), "still there?");
        let Response::Relayed(Signal::Offer, offer) = self.1.hear() else { panic!("no offer") };
        assert_eq!(offer.body.read::<String>().unwrap(), "still there?");
    }
}

/// Bytes of memory that the program has taken at most.
#[cfg(target_os = "linux")]
fn peak(program: &Listening) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

#[test]
fn silent_and_half_open_sockets_make_place_again() {
    let program =
        Listening::start(&["--port", "0", "--max-connections", "40", "--first-message-within", "2"]);
    let mut honest = Honest::meet(&program);
    let mut sockets: Vec<TcpStream> =
        (0..150).map(|_| TcpStream::connect(program.address).unwrap()).collect();
    let halves = [&b""[..], b"G", b"GET / HTTP/1.1\r\nHost: "];
    for (socket, half) in sockets.iter_mut().zip(halves.into_iter().cycle()) {
        // Those that were turned away need not hear it.
        drop(socket.write_all(half));
    }
    honest.assert_served();
    assert!(Peer::try_connect(&program).is_none(), "there is no place while they are there");
    let mut newcomer = Peer::connect(&program);
    newcomer.create("another");
    honest.assert_served();
}

#[test]
fn what_is_too_long_or_too_wrong_ends_its_connection_alone() {
    let program = start(&["--max-frame-bytes", "1000", "--max-malformed", "2"]);
    let mut honest = Honest::meet(&program);
    let mut long = Peer::connect(&program);
    long.create("long");
    long.offer("long", Author(2), &"x".repeat(1_000));
    assert!(matches!(long.hear(), Response::Error(failure) if failure.code == Code::TooLarge));
    // One that only claims to be long, with nothing behind the claim.
    let mut claims = Peer::connect(&program);
    let MaybeTlsStream::Plain(stream) = claims.0.get_mut() else { panic!("no TLS here") };
    stream.write_all(&[&[0x81, 0xff][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat()).unwrap();
    assert!(matches!(claims.hear(), Response::Error(failure) if failure.code == Code::TooLarge));
    let mut wrong = Peer::connect(&program);
    for _ in 0..2 {
        wrong.0.send(Message::text("nonsense")).unwrap();
        assert!(matches!(wrong.hear(), Response::Error(failure) if failure.code == Code::Malformed));
    }
    assert!(matches!(wrong.0.read(), Ok(Message::Close(_))));
    honest.assert_served();
}

/// Everything at once that costs the server memory: sockets that send nearly all of a message, and
/// members who take nothing of what they are sent.
#[cfg(target_os = "linux")]
#[test]
fn memory_stays_below_its_bound() {
    let (most, frame) = (24 << 20, 64 << 10);
    let program = start(&[
        "--max-connections",
        "50",
        "--max-memory-bytes",
        &most.to_string(),
        "--max-queue-bytes",
        &(8 << 20).to_string(),
        "--messages-per-second",
        "100000",
        "--message-burst",
        "100000",
        "--first-message-within",
        "600",
    ]);
    let mut honest = Honest::meet(&program);
    let before = peak(&program);
    let halves: Vec<Peer> = (0..20)
        .filter_map(|_| {
            let mut peer = Peer::try_connect(&program)?;
            let MaybeTlsStream::Plain(stream) = peer.0.get_mut() else { panic!("no TLS here") };
            let head = [&[0x81, 0xff][..], &u64::try_from(frame).unwrap().to_be_bytes(), &[0; 4]].concat();
            stream.write_all(&head).and_then(|()| stream.write_all(&vec![b'x'; frame - 1])).unwrap();
            Some(peer)
        })
        .collect();
    let mut sender = Peer::connect(&program);
    sender.create("deaf");
    let deaf: Vec<(Peer, Author)> = (0..20)
        .map(|_| {
            let mut peer = Peer::connect(&program);
            let author = peer.join("deaf");
            (peer, author)
        })
        .collect();
    let long = "x".repeat(frame - 200);
    for _ in 0..120 {
        for (_, author) in &deaf {
            sender.offer("deaf", *author, &long);
        }
    }
    honest.assert_served();
    sender.0.close(None).unwrap();
    let taken = peak(&program) - before;
    assert!(taken < most, "{taken} bytes");
    drop((halves, deaf));
    honest.assert_served();
}

#[test]
fn bounds_that_contradict_each_other_are_refused() {
    for (arguments, words) in [
        (&["--max-memory-bytes", "1000000"][..], "--max-memory-bytes"),
        (&["--ping-after", "60"], "--silent-after"),
        (&["--first-message-within", "0"], "--first-message-within"),
        (&["--max-queue-bytes", "100000"], "--max-frame-bytes"),
    ] {
        let (code, _, stderr) = run(arguments);
        assert!(code == Some(2) && stderr.contains(words), "{arguments:?}: {code:?} {stderr}");
    }
}

#[test]
fn a_bound_of_zero_where_nothing_would_be_left_is_refused() {
    let may_be_none = ["--relayed-bytes-per-second", "--grace", "--settle", "--stop-within"];
    for flag in FLAGS.iter().filter(|flag| !may_be_none.contains(flag)) {
        let (code, _, stderr) = run(&[flag, "0"]);
        assert!(code == Some(2) && stderr.contains(flag), "{flag}: {code:?} {stderr}");
    }
}

#[test]
fn an_origin_that_no_page_can_have_is_refused() {
    for origin in ["example.org", "https://example.org/", "https://", "ftp://example.org"] {
        let (code, _, stderr) = run(&["--allow-origin", origin]);
        assert!(code == Some(2) && stderr.contains("https://example.org or"), "{origin}: {code:?} {stderr}");
    }
}

/// Strangers decide how often they come; the disk that the log goes to is not theirs.
#[test]
fn many_who_are_refused_are_one_line_of_the_log() {
    let program = Listening::start(&["--port", "0", "--max-connections", "1"]);
    let mut peer = Peer::connect(&program);
    for _ in 0..200 {
        drop(TcpStream::connect(program.address).unwrap());
    }
    peer.create("served");
    // Everyone before this one has been refused.
    assert!(Peer::try_connect(&program).is_none());
    let (code, _, log) = program.end("-TERM");
    assert_eq!((code, log.lines().count()), (Some(0), 1), "{log}");
    assert!(log.contains("connections refused"), "{log}");
}

#[test]
fn no_log_shows_secrets_or_what_strangers_would_have_obeyed() {
    let program = Listening::start_with(&["--port", "0"], "trace");
    let stream = TcpStream::connect(program.address).unwrap();
    let (mut socket, _) = tungstenite::client(format!("ws://{}", program.address), stream).unwrap();
    let start = socket.read().unwrap().into_text().unwrap();
    let Ok(Response::Start(start)) = Response::decode(&start) else { panic!("{start}") };
    socket.send(Message::text("[\"join\",\u{202e}\u{9b}2J\nWARN made up\"]")).unwrap();
    socket.read().unwrap();
    let (_, _, log) = program.end("-TERM");
    assert!(log.contains("connection ended"), "{log}");
    assert!(!log.contains(&start.secret), "{log}");
    assert!(!log.contains(['\u{202e}', '\u{9b}', '\u{1b}']) && !log.contains("\nWARN made up"), "{log}");
}
