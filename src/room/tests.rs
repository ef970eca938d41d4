//! What needs a look behind the facade: the embedded server, and a bad network.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "the measurements are read by people")]
use super::*;
use crate::session::Way;

/// An address that was free a moment ago.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("ws://{}", listener.local_addr().unwrap())
}

/// As with the default address, at another one.
async fn enter(signal: &str, entry: Entry, text: &str) -> Result<(Room, bool), RoomError> {
    let options = RoomOptions { signal: signal.to_owned(), ..RoomOptions::default() };
    let surroundings = Surroundings { may_embed: true, ..Surroundings::new(&options) };
    Room::enter_in(surroundings, "r", entry, Checkpoint::read(text).unwrap(), options).await
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(40), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_embedded_the_server_may_leave() {
    let signal = free_address();
    let (ana, _) = enter(&signal, Entry::Create, "{}").await.unwrap();
    assert_eq!(ana.embedded_signal(), Some(signal.clone()));
    let (bo, _) = enter(&signal, Entry::Join, "{}").await.unwrap();
    let (cy, _) = enter(&signal, Entry::Join, "{}").await.unwrap();
    assert!(bo.embedded_signal().is_none() && cy.embedded_signal().is_none());
    until("the mesh", || bo.status().live == 2 && cy.status().live == 2).await;
    ana.leave().await;
    let embedders = || [&bo, &cy].iter().filter(|room| room.embedded_signal().is_some()).count();
    until("another server", || embedders() == 1).await;
    for room in [&bo, &cy] {
        until("the server", || room.status().server == ServerStatus::Connected).await;
    }
    let (di, _) = enter(&signal, Entry::Join, "{}").await.unwrap();
    assert!(di.author() > cy.author(), "{}", di.author());
    until("the mesh", || di.status().live == 2).await;
    di.root().set(Value::NULL).unwrap();
    until("the edit", || [&bo, &cy].iter().all(|room| room.snapshot().value == Value::NULL)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_four_who_open_at_once_without_a_server_one_starts_it_and_one_creates() {
    let signal = free_address();
    let mut opening = tokio::task::JoinSet::new();
    for at in 0..4 {
        let signal = signal.clone();
        opening.spawn(async move { enter(&signal, Entry::Open, &at.to_string()).await.unwrap() });
    }
    let rooms = opening.join_all().await;
    assert_eq!(rooms.iter().filter(|(_, is_creator)| *is_creator).count(), 1);
    assert_eq!(rooms.iter().filter(|(room, _)| room.embedded_signal().is_some()).count(), 1);
    for (room, _) in &rooms {
        until("the mesh", || room.status().live == 3).await;
        assert_eq!(room.snapshot().value, rooms.first().unwrap().0.snapshot().value);
    }
}

#[tokio::test]
async fn joining_starts_no_server() {
    let error = enter(&free_address(), Entry::Join, "{}").await.map(|_| ()).unwrap_err();
    assert!(matches!(error, RoomError::NoServer { .. }), "{error}");
}

/// Two members with a bad network between them.
async fn in_weather(wrap_socket: net::WrapSocket) -> (Room, Room) {
    in_weather_with(wrap_socket, RoomOptions { signal: free_address(), ..RoomOptions::default() }).await
}

async fn in_weather_with(wrap_socket: net::WrapSocket, options: RoomOptions) -> (Room, Room) {
    let surroundings = Surroundings { may_embed: true, wrap_socket };
    let document = Checkpoint::read("[]").unwrap();
    let enter = |entry| Room::enter_in(surroundings, "r", entry, document.clone(), options.clone());
    let (ana, _) = enter(Entry::Create).await.unwrap();
    let (bo, _) = enter(Entry::Join).await.unwrap();
    (ana, bo)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_udp_is_blocked_all_goes_sealed_through_the_server() {
    let (ana, bo) = in_weather(net::blocked).await;
    for room in [&ana, &bo] {
        let people = room.people();
        assert_eq!(people.first().map(|person| person.way), Some(Way::Server), "{people:?}");
    }
    // More than a window and more than a frame, both ways, and small ones between.
    for room in [&ana, &bo] {
        room.root().push([Value::string(&"x y".repeat(200_000))]).unwrap();
        room.root().push([Value::NULL]).unwrap();
        assert!(room.kept_elsewhere(Duration::from_secs(30)).await);
    }
    until("the same document", || ana.snapshot().value == bo.snapshot().value).await;
    assert_eq!(ana.statistics().values().next().map(|measured| measured.route.clone()), Some(Route::Server));
    bo.leave().await;
    until("the goodbye", || ana.people().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_in_the_rain() {
    let (ana, bo) = in_weather(net::rain).await;
    for at in 0..100 {
        let room = if at % 2 == 0 { &ana } else { &bo };
        room.root().push([Value::string(&at.to_string())]).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    until("every edit", || ana.snapshot().value.len() == 100 && bo.snapshot().value.len() == 100).await;
    assert_eq!(ana.snapshot().value, bo.snapshot().value);
}

/// `cargo test --lib measure_the_weather -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_the_weather() {
    let clear: net::WrapSocket = std::convert::identity;
    // Such as turn:u:p@127.0.0.1:3478
    let turn = std::env::var("ULTRAWAVE_MEASURE_TURN").ok();
    let turn: Vec<IceServer> = turn.iter().map(|url| url.parse().unwrap()).collect();
    for (weather, wrap_socket, relay_only, kib) in [
        ("loopback", clear, false, 64 << 10),
        ("through TURN on loopback", clear, true, 64 << 10),
        ("50 ms, 5% lost each way", net::rain, false, 1 << 10),
        ("50 ms, 20% lost each way", net::downpour, false, 128),
        ("through the server", net::blocked, false, 4 << 10),
    ] {
        if relay_only && turn.is_empty() {
            println!("{weather}: not measured, as ULTRAWAVE_MEASURE_TURN names no server");
            continue;
        }
        let started = Instant::now();
        let ice_servers = if relay_only { turn.clone() } else { Vec::new() };
        let options =
            RoomOptions { signal: free_address(), ice_servers, relay_only, ..RoomOptions::default() };
        let (ana, bo) = in_weather_with(wrap_socket, options).await;
        println!("{weather}: joined in {:?}", started.elapsed());
        if weather != "through the server" {
            let is_direct = || ana.people().iter().all(|person| person.way == Way::Direct);
            until("a way of their own", is_direct).await;
        }
        println!("{weather}: connected in {:?}", started.elapsed());
        let mut changed = bo.changed();
        let mut took = Vec::new();
        for at in 1..=500 {
            let made = Instant::now();
            ana.root().push([Value::NULL]).unwrap();
            changed.wait_for(|snapshot| snapshot.value.len() == at).await.unwrap();
            took.push(made.elapsed());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        took.sort();
        let at = |percent: usize| took.get(took.len() * percent / 100).unwrap();
        println!(
            "{weather}: edit to the other's snapshot: p50 {:?} p90 {:?} p99 {:?}",
            at(50),
            at(90),
            at(99)
        );
        let trips = ana.statistics().into_values().map(|measured| (measured.route, measured.round_trip));
        println!("{weather}: {:?}", trips.collect::<Vec<_>>());
        // What can hardly be packed: the wire's own throughput.
        let text: String = (0..kib << 10).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
        let started = Instant::now();
        ana.root().set(Value::string(&text)).unwrap();
        changed.wait_for(|snapshot| snapshot.value.as_text().is_some()).await.unwrap();
        let rate = f64::from(kib) * 1.024 / started.elapsed().as_secs_f64();
        println!("{weather}: {kib} KiB of noise: {rate:.0} kB/s");
    }
}
