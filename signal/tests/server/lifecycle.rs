//! The server starts, stops, and is started anew.

use super::*;

#[tokio::test]
async fn the_members_go_on_after_the_server_was_started_anew() {
    let server = Running::start(Options::default()).await;
    let (mut first, _) = server.create("r").await;
    let (mut second, joined) = server.join("r").await;
    first.hear().await;
    let address = server.address;
    server.stop().await;
    assert_eq!(second.hear_end().await, (Code::Stopping, CloseCode::Away));
    assert_eq!(first.hear_end().await, (Code::Stopping, CloseCode::Away));

    let again = TcpListener::bind(address).await.expect("the port is free again");
    drop(again);
    let server = Running::start(Options::default()).await;
    let mut back = server.connect().await;
    back.say(&reclaim(&second.start)).await;
    assert!(matches!(back.hear().await, Response::ReclaimFailed(failed) if failed.code == Code::Unknown));
    back.say(&resume(&joined, Author(2))).await;
    let Response::Resumed(resumed) = back.hear().await else { panic!("not resumed") };
    assert_eq!((resumed.author, resumed.members), (Author(2), Vec::new()));
    assert_eq!(server.join("r").await.1.author, Author(3));
}

#[tokio::test]
async fn a_server_says_for_how_long_members_may_be_on_their_way_back() {
    let settle = Duration::from_secs(600);
    let server = Running::start(Options { settle, ..Options::default() }).await;
    let left = server.connect().await.start.settles_in_ms.unwrap();
    assert!((1..=600_000).contains(&left), "{left}");
    let server = Running::start(Options::default()).await;
    assert_eq!(server.connect().await.start.settles_in_ms, None);
}

#[tokio::test]
async fn a_server_that_is_cut_off_cuts_its_connections() {
    let server = Running::start(Options::default()).await;
    let address = server.address;
    let mut raw = Raw::upgraded(&server).await;
    server.abort().await;
    raw.hear_all().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_that_do_not_end_do_not_hold_up_the_stop() {
    let server =
        Running::start(Options { stop_within: Duration::from_millis(200), ..Options::default() }).await;
    let mut waiting = Raw::connect(&server).await;
    let _deaf = Raw::upgraded(&server).await;
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    waiting.hear_all().await;
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let server = Running::start(Options::default()).await;
    let error = Server::bind(server.address, Options::default()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
