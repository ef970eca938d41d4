//! What signing costs of all that receiving costs: two processes with a real connection between them,
//! with signatures and without in turn, the room kept on the disk as the editor does it, and not.
//!
//! `cargo test --release --workspace --lib measure_signing -- --ignored --nocapture`

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "the measurements are read by people")]

use std::time::Duration;

use super::*;

/// What tells a process that it is to send: where, how many changes, how many milliseconds apart,
/// whether it signs them.
const SENDER: &str = "ULTRAWAVE_MEASURE_SENDER";

/// Runs of each kind: what else the machine does only adds, so the cheapest counts.
const RUNS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn measure_signing_of_all_that_receiving_costs() {
    for (what, count, pause) in [("one at a time", 2_000, 1), ("at once", 40_000, 0)] {
        for (kept, is_kept) in [("kept", true), ("not kept", false)] {
            let mut least = [Duration::MAX; 2];
            for _ in 0..RUNS {
                for (is_signed, least) in [false, true].into_iter().zip(&mut least) {
                    *least = receiving(count, pause, is_signed, is_kept).await.min(*least);
                }
            }
            let [without, with] = least.map(|cost| cost.as_secs_f64() * 1e6 / count as f64);
            println!(
                "{count} changes {what}, {kept}: {without:.2} µs of processor for each without signatures, {with:.2} with: {:+.1} %",
                (with / without - 1.0) * 100.0
            );
        }
    }
}

/// The time that the processors worked here while some changes came.
async fn receiving(count: usize, pause: usize, is_signed: bool, is_kept: bool) -> Duration {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = ultrawave_signal::limits::Options::default();
    let server = ultrawave_signal::server::Server::new(listener, limits).unwrap();
    let signal = format!("ws://{}", server.local_addr());
    let serving = tokio::spawn(server.run(std::future::pending()));
    let folder = tempfile::tempdir().unwrap();
    let keep = is_kept.then(|| Keep { folder: folder.path().to_owned(), file: None });
    let options = RoomOptions { signal: signal.clone(), keep, ..RoomOptions::default() };
    let ana = Room::create("r", Checkpoint::read("{}").unwrap(), options).await.unwrap();
    let mut sender = tokio::process::Command::new(std::env::current_exe().unwrap());
    sender.args(["--exact", "room::cost::one_sender", "--ignored"]).stdout(std::process::Stdio::null());
    sender.env(SENDER, format!("{signal} {count} {pause} {is_signed}")).kill_on_drop(true);
    let mut sender = sender.spawn().unwrap();
    meet(&ana, is_signed).await;
    seen(&ana, 0).await;
    let before = worked();
    seen(&ana, count).await;
    let took = worked().saturating_sub(before);
    assert!(sender.wait().await.unwrap().success());
    ana.leave().await;
    serving.abort();
    took
}

/// The process that sends.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of a measurement"]
async fn one_sender() {
    let Ok(told) = std::env::var(SENDER) else { return };
    let told: Vec<&str> = told.split(' ').collect();
    let [signal, count, pause, is_signed] = told[..] else { panic!("{told:?}") };
    let bo =
        Room::join("r", RoomOptions { signal: signal.to_owned(), ..RoomOptions::default() }).await.unwrap();
    meet(&bo, is_signed.parse().unwrap()).await;
    // Until both know whether they sign.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let set = |at: usize| bo.root().at("at").set(number(at)).unwrap();
    set(0);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let pause = Duration::from_millis(pause.parse().unwrap());
    for at in 1..=count.parse().unwrap() {
        set(at);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    assert!(bo.kept_elsewhere(Duration::from_secs(60)).await);
    bo.leave().await;
}

/// Waits until both have the document, and goes on with or without signatures.
async fn meet(room: &Room, is_signed: bool) {
    while !room.status().kept_elsewhere {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if !is_signed {
        room.inner.shared.act(|session, _| session.believe_everybody());
    }
}

fn number(at: usize) -> Value {
    Checkpoint::read(&at.to_string()).unwrap().value
}

/// Waits until a change is on show.
async fn seen(room: &Room, at: usize) {
    let here = number(at);
    let is_here = |snapshot: &Snapshot| snapshot.value.key(&"at".into()) == Some(&here);
    timeout(Duration::from_secs(60), room.changed().wait_for(is_here)).await.unwrap().unwrap();
}

/// How long the processors have worked for all threads of this process, as Linux counts it.
fn worked() -> Duration {
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| -> Option<u64> {
        let counted = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        counted.split(' ').next()?.parse().ok()
    };
    Duration::from_nanos(std::fs::read_dir("/proc/self/task").unwrap().filter_map(of_thread).sum())
}
