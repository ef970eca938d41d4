//! What trust costs: the same changes, received with and without signatures.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "the measurements are read by people")]

use std::sync::Arc;
use std::time::Instant;

use super::signed::{access, certificate, key, signing};
use super::*;
use crate::session::Proof;
use crate::sync::Change;
use crate::trust::envelope::{self, NONCE};
use crate::trust::{Ledger, Role};

/// Changes of one author, each after the one before.
fn history(count: u64) -> Vec<Arc<Change>> {
    let change = |tick| {
        Arc::new(Change {
            author: TWO,
            clock: VectorClock::from_iter([(TWO, tick)]),
            path: Path::ROOT.key("users").key(&format!("user {}", tick % 500)).key("name"),
            method: Method::Set(parse(&format!("\"Ana Maria the {tick}th\"")).unwrap()),
        })
    };
    (1..=count).map(change).collect()
}

/// How long a session takes to read some messages and take them in.
fn receiving(mut session: Session, texts: &[String]) -> Duration {
    feed(&mut session, Time::ZERO, Input::Certified(TWO, certificate(TWO)));
    feed(&mut session, Time::ZERO, Input::Connected(TWO));
    say(&mut session, Time::ZERO, TWO, hello(VectorClock::new(), true));
    let began = Instant::now();
    for text in texts {
        session.handle(ms(1), Input::Message(TWO, Message::decode(text).unwrap()));
        while session.poll().is_some() || session.poll_message().is_some() {}
    }
    began.elapsed()
}

/// `cargo test --release --no-default-features --lib measure_trust -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn measure_trust() {
    for (count, batch) in [(20_000, 1), (100_000, 8), (100_000, 250)] {
        let changes = history(count);
        let mut ledger = Ledger::new(access(), TWO, key(TWO));
        let (mut plain, mut signed) = (Vec::new(), Vec::new());
        let mut signing_took = Duration::ZERO;
        for batch in changes.chunks(batch) {
            let began = Instant::now();
            ledger.enter_own(batch);
            let (changes, seals) = ledger.seal(batch, true);
            signing_took += began.elapsed();
            plain.push(Message::Changes(batch.to_vec()).encode());
            let proof = Proof { seals, hashes: Vec::new() };
            signed.push(Message::Signed(Box::new(Message::Changes(changes)), proof).encode());
        }
        // The better of some runs each: what else the machine does only adds.
        let best = |texts: &[String], is_signed: bool| {
            let run = || {
                let session = creator("{}");
                let session = if is_signed { signing(session, Role::Owner) } else { session };
                receiving(session, texts)
            };
            (0..5).map(|_| run()).min().unwrap()
        };
        let (without, with) = (best(&plain, false), best(&signed, true));
        let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
        println!(
            "{batch} a message: {:.2} µs a change without, {:.2} µs with: {:+.1} %; signing {:.2} µs",
            each(without),
            each(with),
            (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0,
            each(signing_took),
        );
    }
    let offer = "a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\r\n".repeat(180);
    let began = Instant::now();
    for byte in 0..100 {
        let sealed = envelope::seal(&access(), [byte; NONCE], "offer 1 3", &offer);
        assert!(envelope::open(&access(), "offer 1 3", &sealed).is_some());
    }
    println!("an offer of {} bytes, sealed and opened: {:?}", offer.len(), began.elapsed() / 100);
}
