//! A member that is let in and then does what it likes, over real connections.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use super::*;
use crate::document::{Method, Path};
use crate::session::Message;
use crate::sync::{Change, VectorClock};
use crate::trust::{Access, Role, Secret};

/// A locked room of Ana's and Bo's, and who is let in.
struct Trio {
    ana: Room,
    bo: Room,
    mal: Room,
}

async fn trio() -> Trio {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server =
        ultrawave_signal::server::Server::new(listener, ultrawave_signal::limits::Options::default())
            .unwrap();
    let signal = format!("ws://{}", server.local_addr());
    tokio::spawn(server.run(std::future::pending()));
    let access = Access::locked(Secret::new(rand::random()), Secret::new(rand::random()));
    let options = |role| RoomOptions {
        signal: signal.clone(),
        access: Some(access.lowered_to(role)),
        ..RoomOptions::default()
    };
    let document = Checkpoint::read("[]").unwrap();
    let ana = Room::create("r", document, options(Role::Owner)).await.unwrap();
    let bo = Room::join("r", options(Role::Writer)).await.unwrap();
    let mal = Room::join("r", options(Role::Writer)).await.unwrap();
    for room in [&ana, &bo, &mal] {
        until("the mesh", || room.status().live == 2).await;
    }
    Trio { ana, bo, mal }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(40), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Trio {
    fn blurt(&self, message: &Message) {
        self.mal.inner.shared.act(|session, _| {
            for honest in [&self.ana, &self.bo] {
                session.blurt(honest.author(), message.clone());
            }
        });
    }

    /// The honest ones edit on, and see each other's edits.
    async fn honest_go_on(&self, edits: usize) {
        let before = self.ana.snapshot().value.len();
        for at in 0..edits {
            let room = if at % 2 == 0 { &self.ana } else { &self.bo };
            room.root().push([Value::string("honest")]).unwrap();
        }
        let all = before + edits;
        until("every edit", || [&self.ana, &self.bo].iter().all(|room| room.snapshot().value.len() == all))
            .await;
        assert_eq!(self.ana.snapshot().value, self.bo.snapshot().value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_slows_who_makes_it_and_not_the_room() {
    let trio = trio().await;
    trio.honest_go_on(500).await;
    // What costs an answer, what costs a long one, and what says nothing.
    let all = Message::RequestChanges(VectorClock::new());
    let nonsense = Message::Clock {
        seen: VectorClock::from_iter([(trio.ana.author(), 1 << 40)]),
        floor: None,
        writer: None,
    };
    for round in 0..4_000 {
        trio.blurt(&Message::RequestDocument);
        trio.blurt(&all);
        trio.blurt(&nonsense);
        if round % 500 == 0 {
            tokio::task::yield_now().await;
        }
    }
    trio.honest_go_on(20).await;
    let is_live = |room: &Room, other: &Room| {
        room.people().iter().any(|person| person.author == other.author() && person.link == Link::Live)
    };
    assert!(is_live(&trio.ana, &trio.bo) && is_live(&trio.bo, &trio.ana));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_goodbye_for_somebody_else() {
    let trio = trio().await;
    let (ana, bo) = (trio.ana.author(), trio.bo.author());
    for (from, to) in [(bo, ana), (ana, bo)] {
        let message = Box::new(Message::Goodbye);
        trio.mal.inner.shared.act(|session, _| session.blurt(to, Message::Pass { from, to, message }));
    }
    // Long enough for it to be heard.
    trio.honest_go_on(20).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    for (room, other) in [(&trio.ana, bo), (&trio.bo, ana)] {
        let is_there = |person: &Person| person.author == other && person.link == Link::Live;
        assert!(room.people().iter().any(is_there), "{:?}", room.people());
    }
    trio.honest_go_on(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forges_is_named_and_cut_off() {
    let trio = trio().await;
    let mut told = trio.ana.events();
    let forged = Change {
        author: trio.bo.author(),
        clock: VectorClock::from_iter([(trio.bo.author(), 1)]),
        path: Path::ROOT,
        method: Method::Set(Value::NULL),
    };
    trio.blurt(&Message::Change(Arc::new(forged)));
    let mal = trio.mal.author();
    for room in [&trio.ana, &trio.bo] {
        until("its end", || room.people().iter().all(|person| person.author != mal)).await;
    }
    let blamed = async {
        loop {
            if let Event::Distrusted(fraud) = told.recv().await.unwrap() {
                break fraud;
            }
        }
    };
    let fraud = timeout(Duration::from_secs(20), blamed).await.unwrap();
    assert_eq!(fraud.by, mal);
    trio.honest_go_on(4).await;
    // What it does now reaches nobody.
    trio.mal.root().set(Value::NULL).unwrap();
    trio.honest_go_on(2).await;
    assert!(trio.ana.people().iter().all(|person| person.author != mal));
}
