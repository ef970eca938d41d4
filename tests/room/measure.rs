//! What it takes and how long: `cargo test --release --test room measure -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "the measurements are read by people")]

use std::time::{Duration, Instant};

use ultrawave::room::{Keep, Room, RoomOptions, ServerStatus};

use crate::{Signal, document, number, shows, until};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_joining_and_editing() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let started = Instant::now();
        let bo = Room::join("r", signal.options("Bo")).await.unwrap();
        joined.push(started.elapsed());
        let started = Instant::now();
        bo.leave().await;
        left.push(started.elapsed());
    }
    joined.sort();
    left.sort();
    println!("leaving: median {:?}, longest {:?}", left.get(5).unwrap(), left.last().unwrap());
    println!("join to document: median {:?}, longest {:?}", joined.get(5).unwrap(), joined.last().unwrap());
    let bo = Room::join("r", signal.options("Bo")).await.unwrap();
    println!("edit to other's snapshot: {}", spread(&edits_seen(&bo, &ana, 500).await));
    let started = Instant::now();
    for at in 0..10_000 {
        bo.root().at("at").set(number(at)).unwrap();
    }
    println!("10,000 edits made in {:?}", started.elapsed());
    shows(&ana, r#"{"at":9999}"#).await;
    println!("10,000 edits seen in {:?}", started.elapsed());
    assert!(bo.kept_elsewhere(Duration::from_secs(20)).await);
    println!("10,000 edits acknowledged in {:?}", started.elapsed());
}

/// How long each of some edits took from one member to another's snapshot, the shortest first.
async fn edits_seen(from: &Room, to: &Room, count: usize) -> Vec<Duration> {
    let mut changed = to.changed();
    let mut took = Vec::new();
    for at in 0..count {
        let started = Instant::now();
        from.root().at("at").set(number(at)).unwrap();
        let here = number(at);
        changed.wait_for(|snapshot| snapshot.value.key(&"at".into()) == Some(&here)).await.unwrap();
        took.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    took.sort();
    took
}

/// What most of some times are, and the longest.
fn spread(took: &[Duration]) -> String {
    let part = |percent: usize| took.get(took.len() * percent / 100).copied().unwrap_or_default();
    format!("p50 {:?}, p99 {:?}, longest {:?}", part(50), part(99), took.last())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_keeping() {
    for is_kept in [false, true] {
        let (signal, folder) = (Signal::start().await, tempfile::tempdir().unwrap());
        let options = |name: &str| {
            let keep = is_kept.then(|| Keep { folder: folder.path().join(name), file: None });
            RoomOptions { keep, ..signal.options(name) }
        };
        let ana = Room::create("r", document("{}"), options("Ana")).await.unwrap();
        let bo = Room::join("r", options("Bo")).await.unwrap();
        let kept = if is_kept { "kept" } else { "not kept" };
        println!("{kept}: edit to other's snapshot: {}", spread(&edits_seen(&bo, &ana, 2_000).await));
        let started = Instant::now();
        for at in 0..20_000 {
            bo.root().at("at").set(number(at)).unwrap();
        }
        assert!(bo.kept_elsewhere(Duration::from_secs(60)).await);
        println!("{kept}: 20,000 edits acknowledged in {:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_recovery() {
    let mut signal = Signal::start().await;
    let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = signal.options("Ana");
    let ana = doomed.spawn(async move { Room::create("r", document("{}"), options).await.unwrap() });
    let ana = ana.await.unwrap();
    let bo = Room::join("r", signal.options("Bo")).await.unwrap();
    let cy = Room::join("r", signal.options("Cy")).await.unwrap();
    for away in [Duration::ZERO, Duration::from_secs(20)] {
        let address = signal.stop().await;
        tokio::time::sleep(away).await;
        signal = Signal::start_at(address).await;
        let started = Instant::now();
        let is_back = |room: &&Room| room.status().server == ServerStatus::Connected;
        until("the server", || [&bo, &cy].iter().any(is_back)).await;
        let first = started.elapsed();
        let di = Room::join("r", signal.options("Di")).await.unwrap();
        let joined = started.elapsed();
        for room in [&bo, &cy] {
            let is_named = || room.people().iter().any(|person| person.presence.name == "Di");
            until("the name", is_named).await;
        }
        let named = started.elapsed();
        println!(
            "a server that was away for {away:?}: a member is back {first:?} after it, a newcomer has the document after {joined:?}, all see its name after {named:?}"
        );
        di.leave().await;
    }
    until("the mesh", || bo.status().live == 2 && cy.status().live == 2).await;
    let editing = tokio::spawn({
        let (bo, cy) = (bo.clone(), cy.clone());
        async move { edits_seen(&bo, &cy, 2_000).await }
    });
    let started = Instant::now();
    doomed.shutdown_background();
    until("the loss", || bo.status().lost == 1).await;
    println!("the host was killed: noticed after {:?}", started.elapsed());
    until("the host", || bo.host() == bo.author() && cy.host() == bo.author()).await;
    println!("the next is the host after {:?}", started.elapsed());
    println!("edits between the others meanwhile: {}", spread(&editing.await.unwrap()));
    drop(ana);
}

/// What tells a process that it is such a member: where, of how many, which one.
const MEMBER: &str = "ULTRAWAVE_MEASURE_MEMBER";

/// Changes that all members make together.
const CHANGES: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_sustained_changes_between_processes() {
    for members in [2, 8] {
        let signal = Signal::start().await;
        let start = |at: usize| {
            let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "measure::one_member", "--ignored", "--nocapture"]);
            command.env(MEMBER, format!("ws://{} {members} {at}", signal.address)).kill_on_drop(true);
            tokio::spawn(async move { command.output().await.unwrap() })
        };
        let running: Vec<_> = (0..members).map(start).collect();
        let mut longest = 0_f64;
        for member in running {
            let output = member.await.unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let took = said.lines().find_map(|line| line.split("took ").nth(1)?.parse().ok());
            longest = longest.max(took.unwrap_or_else(|| panic!("{said}")));
        }
        let rate = f64::from(u32::try_from(CHANGES).unwrap()) / longest;
        println!("{members} processes, {CHANGES} edits: {rate:.0} a second seen by all");
    }
}

/// One process of the measurement above.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of a measurement"]
async fn one_member() {
    let Ok(told) = std::env::var(MEMBER) else { return };
    let mut told = told.split(' ');
    let options = RoomOptions { signal: told.next().unwrap().to_owned(), ..RoomOptions::default() };
    let mut next = || told.next().unwrap().parse::<usize>().unwrap();
    let (members, at) = (next(), next());
    let (room, _) = Room::open("r", document("{}"), options).await.unwrap();
    until("the mesh", || room.status().live == members - 1).await;
    let (started, edits) = (Instant::now(), CHANGES / members);
    for round in 1..=edits {
        room.root().key(&at.to_string()).set(number(round)).unwrap();
        if round % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let is_all = || {
        let value = room.snapshot().value;
        (0..members).all(|at| value.key(&at.to_string().as_str().into()) == Some(&number(edits)))
    };
    until("every edit", is_all).await;
    println!("took {}", started.elapsed().as_secs_f64());
    // Whoever lacks something still may ask for it here.
    room.kept_elsewhere(Duration::from_secs(20)).await;
    room.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_a_crowd() {
    let signal = Signal::start().await;
    let resident = resident_kib();
    let started = Instant::now();
    let mut rooms = vec![Room::create("r", document("[]"), signal.options("1")).await.unwrap()];
    let mut joining = tokio::task::JoinSet::new();
    for at in 2..=12 {
        let options = signal.options(&at.to_string());
        joining.spawn(async move { Room::join("r", options).await.unwrap() });
    }
    rooms.extend(joining.join_all().await);
    println!("12 members joined in {:?}", started.elapsed());
    for room in &rooms {
        until("the mesh", || room.status().live == 11).await;
    }
    println!("the mesh of 12 after {:?}", started.elapsed());
    let started = Instant::now();
    for room in &rooms {
        for at in 0..20 {
            room.root().push([number(at)]).unwrap();
        }
    }
    for room in &rooms {
        until("the edits", || room.snapshot().value.len() == 240).await;
        assert_eq!(room.snapshot().value, rooms.first().unwrap().snapshot().value);
    }
    println!("240 edits by 12 at once seen by all in {:?}", started.elapsed());
    let after = resident_kib();
    println!("{} KiB for each of 132 ends of connections, and the 12 members", (after - resident) / 132);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = processor_ticks();
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("132 idle ends of connections for 10 s: {} ms of processor", (processor_ticks() - before) * 10);
}

/// A document about so many people, of a hundred bytes each.
fn people(count: usize) -> String {
    let person = |at| {
        format!(r#"{{"id":{at},"name":"somebody {at}","tags":["a","b"],"balance":{at}.50,"city":"Lagos"}}"#)
    };
    let items: Vec<String> = (0..count).map(person).collect();
    format!(r#"{{"live":0,"items":[{}]}}"#, items.join(","))
}

fn patient(signal: &Signal, name: &str) -> RoomOptions {
    RoomOptions { connect_timeout: Duration::from_secs(300), ..signal.options(name) }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_joining_by_size() {
    for count in [1, 1_000, 10_000, 100_000, 1_000_000] {
        let signal = Signal::start().await;
        let text = people(count);
        let ana = Room::create("r", document(&text), signal.options("Ana")).await.unwrap();
        let mut took = Vec::new();
        for _ in 0..3 {
            let started = Instant::now();
            let bo = Room::join("r", patient(&signal, "Bo")).await.unwrap();
            took.push(started.elapsed());
            bo.leave().await;
        }
        took.sort();
        println!("{} kB: joined in {:?} in the median", text.len() / 1_000, took.get(1).unwrap());
        ana.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_live_edits_while_a_large_document_is_sent() {
    let signal = Signal::start().await;
    let text = people(1_000_000);
    println!("{} MB", text.len() / 1_000_000);
    let ana = Room::create("r", document(&text), signal.options("Ana")).await.unwrap();
    let started = Instant::now();
    let patient = |name: &str| patient(&signal, name);
    let bo = Room::join("r", patient("Bo")).await.unwrap();
    println!("the second member joined in {:?}", started.elapsed());
    let started = Instant::now();
    let joining = tokio::spawn(Room::join("r", patient("Cy")));
    let mut changed = bo.changed();
    let mut took = Vec::new();
    let mut at = 0;
    while !joining.is_finished() {
        at += 1;
        let here = number(at);
        let made = Instant::now();
        ana.root().at("live").set(here.clone()).unwrap();
        changed.wait_for(|snapshot| snapshot.value.key(&"live".into()) == Some(&here)).await.unwrap();
        took.push(made.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    joining.await.unwrap().unwrap();
    println!("the third member joined in {:?}", started.elapsed());
    took.sort();
    println!("{} edits meanwhile: {}", took.len(), spread(&took));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_sustained_changes() {
    for members in [2, 8] {
        let signal = Signal::start().await;
        let mut rooms = vec![Room::create("r", document("{}"), signal.options("1")).await.unwrap()];
        for at in 1..members {
            rooms.push(Room::join("r", signal.options(&at.to_string())).await.unwrap());
        }
        for room in &rooms {
            until("the mesh", || room.status().live == members - 1).await;
        }
        let edits = 20_000 / members;
        let started = Instant::now();
        let mut writing = tokio::task::JoinSet::new();
        for (at, room) in rooms.iter().cloned().enumerate() {
            writing.spawn(async move {
                let place = room.root().key(&at.to_string());
                for round in 1..=edits {
                    place.set(number(round)).unwrap();
                    if round % 50 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            });
        }
        writing.join_all().await;
        let wrote = started.elapsed();
        let is_all = |room: &Room| {
            let value = room.snapshot().value;
            (0..members).all(|at| value.key(&at.to_string().as_str().into()) == Some(&number(edits)))
        };
        for room in &rooms {
            until("every edit", || is_all(room)).await;
        }
        let rate = 20_000.0 / started.elapsed().as_secs_f64();
        println!("{members} members, 20,000 edits: made in {wrote:?}, {rate:.0} a second seen by all");
    }
}

/// Memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// User and system time of this process, in hundredths of a second.
fn processor_ticks() -> u64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}
