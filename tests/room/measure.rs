//! What it takes and how long: `cargo test --release --test room measure -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "the measurements are read by people")]

use std::time::{Duration, Instant};

use ultrawave::room::{Room, RoomOptions};

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
    let mut changed = ana.changed();
    let mut seen = Vec::new();
    for at in 0..500 {
        let started = Instant::now();
        bo.root().at("at").set(number(at)).unwrap();
        let here = number(at);
        changed.wait_for(|snapshot| snapshot.value.key(&"at".into()) == Some(&here)).await.unwrap();
        seen.push(started.elapsed());
    }
    seen.sort();
    println!(
        "edit to other's snapshot: p50 {:?}, p99 {:?}, longest {:?}",
        seen.get(250).unwrap(),
        seen.get(495).unwrap(),
        seen.last().unwrap()
    );
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_live_edits_while_a_large_document_is_sent() {
    let signal = Signal::start().await;
    let items: Vec<String> = (0..1_000_000)
        .map(|at| {
            format!(
                r#"{{"id":{at},"name":"somebody {at}","tags":["a","b"],"balance":{at}.50,"city":"Lagos"}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"live":0,"items":[{}]}}"#, items.join(","));
    println!("{} MB", text.len() / 1_000_000);
    let ana = Room::create("r", document(&text), signal.options("Ana")).await.unwrap();
    let started = Instant::now();
    let patient =
        |name: &str| RoomOptions { connect_timeout: Duration::from_secs(300), ..signal.options(name) };
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
    let part = |percent: usize| took.get(took.len() * percent / 100).unwrap();
    println!(
        "{} edits meanwhile: p50 {:?} p99 {:?} longest {:?}",
        took.len(),
        part(50),
        part(99),
        took.last()
    );
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
