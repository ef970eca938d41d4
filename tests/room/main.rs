//! Rooms over real WebRTC on loopback, each test with a signaling server of its own.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "the measurements are read by people")]

mod hostile;
mod measure;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::broadcast::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ultrawave::document::Value;
use ultrawave::room::{Keep, Room, RoomError, RoomOptions};
use ultrawave::session::Event;
use ultrawave::sync::Checkpoint;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

/// A running signaling server.
struct Signal {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Signal {
    async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        if let Ok(filter) = std::env::var("RUST_LOG") {
            // Whichever test is first.
            let _ = tracing_subscriber::fmt().with_ansi(false).with_env_filter(filter).try_init();
        }
        Self::start_with(address, Options::default()).await
    }

    async fn start_with(address: SocketAddr, options: Options) -> Self {
        let server = Server::bind(address, options).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Self { address, stop, running }
    }

    async fn stop(self) -> SocketAddr {
        self.stop.send(()).unwrap();
        self.running.await.unwrap();
        self.address
    }

    fn options(&self, name: &str) -> RoomOptions {
        RoomOptions {
            signal: format!("ws://{}", self.address),
            name: name.to_owned(),
            ..RoomOptions::default()
        }
    }
}

fn document(text: &str) -> Checkpoint {
    Checkpoint::read(text).unwrap()
}

fn number(value: usize) -> Value {
    document(&value.to_string()).value
}

/// Waits until a room shows a text.
async fn shows(room: &Room, text: &str) {
    let mut changed = room.changed();
    let shown = changed.wait_for(|snapshot| snapshot.value.to_string() == text);
    let in_time = tokio::time::timeout(Duration::from_secs(20), shown).await.is_ok();
    assert!(
        in_time,
        "{} shows {} instead of {text}: {:?}",
        room.author(),
        room.snapshot().value,
        room.people()
    );
}

/// Waits until a condition holds; how long that took.
async fn until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(40), "{what} does not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_members_see_each_others_edits() {
    let signal = Signal::start().await;
    let ana = Room::create("orders", document(r#"{"a": 1}"#), signal.options("Ana")).await.unwrap();
    let bo = Room::join("orders", signal.options("Bo")).await.unwrap();
    assert_eq!((ana.author().0, bo.author().0), (1, 2));
    assert_eq!(bo.snapshot().value.to_string(), r#"{"a":1}"#);
    bo.root().at("b").set(number(2)).unwrap();
    shows(&ana, r#"{"a":1,"b":2}"#).await;
    ana.root().at("a").delete().unwrap();
    shows(&bo, r#"{"b":2}"#).await;
    assert!(
        bo.kept_elsewhere(Duration::from_secs(5)).await || ana.kept_elsewhere(Duration::from_secs(5)).await
    );
    assert_eq!(ana.people().first().unwrap().presence.name, "Bo");
    bo.leave().await;
    assert!(matches!(bo.root().set(number(0)), Err(RoomError::Left)));
    until("Bo's leaving", || ana.people().is_empty()).await;
    ana.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_members_form_a_mesh() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let (bo, cy) = tokio::join!(Room::join("r", signal.options("Bo")), Room::join("r", signal.options("Cy")));
    let rooms = [ana, bo.unwrap(), cy.unwrap()];
    for room in &rooms {
        until("the mesh", || room.status().live == 2).await;
    }
    for (at, room) in rooms.iter().enumerate() {
        room.root().at(format!("key{}", room.author()).as_str()).set(number(at)).unwrap();
        let author = room.author();
        for other in &rooms {
            until("the edit", || other.root().at(format!("key{author}").as_str()).has()).await;
        }
    }
    // Without the one who introduced them, the others go on.
    let [ana, bo, cy] = rooms;
    drop(ana);
    bo.root().set(number(7)).unwrap();
    shows(&cy, "7").await;
    until("Ana's leaving", || bo.people().len() == 1 && cy.people().len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_document_comes_whole() {
    let signal = Signal::start().await;
    let elements: Vec<Value> = (0..50_000).map(|at| Value::string(&format!("{at:->96}"))).collect();
    let value = Value::array(elements);
    let text = value.to_string();
    assert!(text.len() > 4_900_000);
    let ana = Room::create("big", document(&text), signal.options("Ana")).await.unwrap();
    let started = Instant::now();
    let bo = Room::join("big", signal.options("Bo")).await.unwrap();
    println!("5 MB joined in {:?}", started.elapsed());
    assert_eq!(bo.snapshot().value, value);
    bo.root().index(49_999).set(Value::NULL).unwrap();
    until("the edit", || ana.root().index(49_999).get() == Some(Value::NULL)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_is_noticed_and_the_others_go_on() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let bo = Room::join("r", signal.options("Bo")).await.unwrap();
    let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = signal.options("Cy");
    let cy = doomed.spawn(async move { Room::join("r", options).await.unwrap() }).await.unwrap();
    until("the mesh", || ana.status().live == 2 && bo.status().live == 2).await;
    // Everything of it stops at once; nothing is said.
    doomed.shutdown_background();
    let noticed = until("the loss", || ana.status().lost == 1 && bo.status().lost == 1).await;
    println!("noticed after {noticed:?}");
    assert!(noticed < Duration::from_secs(5), "{noticed:?}");
    bo.root().at("a").set(number(1)).unwrap();
    shows(&ana, r#"{"a":1}"#).await;
    assert_eq!((ana.status().live, bo.status().live), (1, 1));
    drop(cy);
}

/// A peer that stands still is lost, and comes back: after a short while over the same connection,
/// after a long one over a new one.
#[tokio::test(flavor = "multi_thread")]
async fn who_stands_still_is_found_again() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("[]"), signal.options("Ana")).await.unwrap();
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = signal.options("Bo");
    let bo = other.spawn(async move { Room::join("r", options).await.unwrap() }).await.unwrap();
    let cy = Room::join("r", signal.options("Cy")).await.unwrap();
    until("the mesh", || ana.status().live == 2 && bo.status().live == 2 && cy.status().live == 2).await;
    let long = Value::string(&"x".repeat(1 << 20));
    for seconds in [4, 13] {
        other.spawn(async move { std::thread::sleep(Duration::from_secs(seconds)) });
        // Nobody else notices, whatever there is to be sent.
        for _ in 0..4 {
            ana.root().push([long.clone()]).unwrap();
        }
        let here = ana.snapshot().value.to_string();
        shows(&cy, &here).await;
        assert_eq!(ana.status().lost, 0, "it is there before Bo is even missed");
        until("the loss", || ana.status().lost == 1).await;
        ana.root().set(document("[1]").value).unwrap();
        let here = ana.snapshot().value.to_string();
        until("Bo", || ana.status().live == 2).await;
        shows(&bo, &here).await;
        bo.root().push([number(2)]).unwrap();
        let here = bo.snapshot().value.to_string();
        shows(&ana, &here).await;
    }
    bo.leave().await;
    other.shutdown_background();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_leaves_nothing_behind() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let sockets = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let links = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
    };
    // Other tests come and go in this process; a leak of four rooms a round would show all the same.
    let mut least = usize::MAX;
    for round in 0..6 {
        for at in 0..4 {
            let bo = Room::join("r", signal.options("Bo")).await.unwrap();
            if at % 2 == 0 { bo.leave().await } else { drop(bo) }
        }
        until("the leaving", || ana.people().is_empty()).await;
        if round == 0 {
            least = sockets();
        }
    }
    let per_round = 4 * 3;
    until("the closing", || sockets() < least + 5 * per_round).await;
}

/// A room that nobody has left is no reason for its runtime not to end, and what was made in it is
/// kept.
#[test]
fn a_runtime_ends_with_a_room_that_is_kept() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (outside, folder) = (runtime(), tempfile::tempdir().unwrap());
    let signal = outside.block_on(Signal::start());
    let keep = Keep { folder: folder.path().to_owned(), file: None };
    let options = RoomOptions { keep: Some(keep), ..signal.options("Ana") };
    for round in 0..2 {
        let inside = runtime();
        let room = inside.block_on(Room::create("r", document("[]"), options.clone())).unwrap();
        assert_eq!((room.is_resumed(), room.snapshot().value.len()), (round > 0, round));
        room.root().push([number(round)]).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            drop(inside);
            tell.send(()).unwrap();
        });
        told.recv_timeout(Duration::from_secs(20)).expect("the runtime ends");
        drop(room);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_started_anew_admits_a_newcomer() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let bo = Room::join("r", signal.options("Bo")).await.unwrap();
    let address = signal.stop().await;
    until("the loss", || ana.status().server != ultrawave::room::ServerStatus::Connected).await;
    bo.root().at("a").set(number(1)).unwrap();
    shows(&ana, r#"{"a":1}"#).await;
    let signal = Signal::start_at(address).await;
    for room in [&ana, &bo] {
        until("the server", || room.status().server == ultrawave::room::ServerStatus::Connected).await;
    }
    let cy = Room::join("r", signal.options("Cy")).await.unwrap();
    // Not the next number: a server that is gone may have given that to somebody unheard of.
    assert!(cy.author().0 > 3, "{}", cy.author());
    assert_eq!(cy.snapshot().value.to_string(), r#"{"a":1}"#);
    until("the mesh", || cy.status().live == 2).await;
    cy.root().at("b").set(number(2)).unwrap();
    shows(&ana, r#"{"a":1,"b":2}"#).await;
    shows(&bo, r#"{"a":1,"b":2}"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_opens_waits_for_those_on_their_way_back_to_a_server_started_anew() {
    let folder = tempfile::tempdir().unwrap();
    let signal = Signal::start().await;
    let keep = Keep { folder: folder.path().to_owned(), file: None };
    let kept = RoomOptions { keep: Some(keep), ..signal.options("Ana") };
    let ana = Room::create("r", document(r#"{"a":1}"#), kept.clone()).await.unwrap();
    ana.leave().await;
    let address = signal.stop().await;
    let settle = Duration::from_secs(10);
    let signal = Signal::start_with(address, Options { settle, ..Options::default() }).await;
    let stranger = signal.options("Bo");
    let opening = tokio::spawn(Room::open("r", document("{}"), stranger));
    // It finds no room by now, unless this machine is very busy, when nothing is shown.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ana = Room::create("r", document("null"), kept).await.unwrap();
    assert!(ana.is_resumed());
    let (bo, is_creator) = opening.await.unwrap().unwrap();
    assert!(!is_creator);
    assert_eq!(bo.snapshot().value.to_string(), r#"{"a":1}"#);
    // Who finds nobody opens the room in the end, and a server that has been there for long says
    // at once what is there.
    signal.stop().await;
    let settle = Duration::from_millis(600);
    let options = Options { settle, ..Options::default() };
    let signal = Signal::start_with("127.0.0.1:0".parse().unwrap(), options).await;
    let (_, is_creator) = Room::open("s", document("{}"), signal.options("Cy")).await.unwrap();
    assert!(is_creator);
    let unsettled = Room::join("t", signal.options("Cy")).await.map(|_| ()).unwrap_err();
    assert!(matches!(unsettled, RoomError::NoRoom(_)), "{unsettled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_creator_leaves_and_the_others_admit_a_fourth() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let bo = Room::join("r", signal.options("Bo")).await.unwrap();
    let cy = Room::join("r", signal.options("Cy")).await.unwrap();
    ana.root().at("from").set(Value::string("Ana")).unwrap();
    assert!(ana.kept_elsewhere(Duration::from_secs(5)).await);
    for room in [&bo, &cy] {
        shows(room, r#"{"from":"Ana"}"#).await;
    }
    ana.leave().await;
    let di = Room::join("r", signal.options("Di")).await.unwrap();
    assert_eq!(di.author().0, 4);
    di.root().at("from").set(Value::string("Di")).unwrap();
    for room in [&bo, &cy] {
        shows(room, r#"{"from":"Di"}"#).await;
        until("two others", || room.people().len() == 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_four_who_open_at_once_one_creates() {
    let signal = Signal::start().await;
    let mut opening = tokio::task::JoinSet::new();
    for at in 0..4 {
        let options = signal.options(&format!("peer {at}"));
        opening.spawn(async move { Room::open("r", document(&format!("[{at}]")), options).await.unwrap() });
    }
    let opened = opening.join_all().await;
    assert_eq!(opened.iter().filter(|(_, is_creator)| *is_creator).count(), 1);
    for (room, _) in &opened {
        until("the mesh", || room.status().live == 3).await;
        assert_eq!(room.snapshot().value, opened.first().unwrap().0.snapshot().value);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_is_said() {
    let signal = Signal::start().await;
    let options = signal.options("Ana");
    let full = RoomOptions { max_members: 1, ..options.clone() };
    let _ana = Room::create("r", document("{}"), full).await.unwrap();
    let error = |result: Result<Room, RoomError>| result.map(|_| ()).unwrap_err();
    assert!(
        matches!(error(Room::create("r", document("{}"), options.clone()).await), RoomError::Exists(room) if room == "r")
    );
    assert!(matches!(error(Room::join("r", options.clone()).await), RoomError::Full(room) if room == "r"));
    assert!(matches!(error(Room::join("s", options.clone()).await), RoomError::NoRoom(room) if room == "s"));
    assert!(matches!(error(Room::join(" ", options.clone()).await), RoomError::Refused(_)));
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_options =
        RoomOptions { signal: format!("ws://{}", silent.local_addr().unwrap()), ..options.clone() };
    assert!(matches!(error(Room::join("r", silent_options).await), RoomError::NotAServer { .. }));
    drop(silent);
    for (address, text) in
        [("ws://127.0.0.1:1", "refused"), ("wss://127.0.0.1:1", "refused"), ("nonsense", "ws://")]
    {
        let options = RoomOptions { signal: address.to_owned(), ..options.clone() };
        let error = error(Room::join("r", options).await);
        assert!(matches!(error, RoomError::NoServer { .. }) && error.to_string().contains(text), "{error}");
    }
    let turn = "turn:turn.example.org".parse().unwrap();
    let options = RoomOptions { ice_servers: vec![turn], ..options };
    assert!(matches!(error(Room::join("r", options).await), RoomError::IceServer(..)));
}

#[tokio::test(flavor = "multi_thread")]
async fn something_else_at_the_address_is_no_server() {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let signal = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let error =
        Room::join("r", RoomOptions { signal, ..RoomOptions::default() }).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, RoomError::NotAServer { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_hear_of_every_change_and_their_failures_are_told() {
    let signal = Signal::start().await;
    let ana = Room::create("r", document("{}"), signal.options("Ana")).await.unwrap();
    let bo = Room::join("r", signal.options("Bo")).await.unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut seen = 0;
    bo.on_change(move |snapshot, changes| {
        seen += changes.len();
        told.send((snapshot.value.to_string(), seen)).unwrap();
        Ok::<(), std::io::Error>(())
    });
    let (told_here, mut heard_here) = tokio::sync::mpsc::unbounded_channel();
    bo.root().at("x").on_change(move |value| {
        told_here.send(value.map(ToString::to_string)).unwrap();
        Ok::<(), std::io::Error>(())
    });
    let mut events = bo.events();
    let mut calls = 0;
    bo.on_change(move |_, _| {
        calls += 1;
        assert!(calls != 1, "the first call panics");
        Err(std::io::Error::other("the later calls fail"))
    });
    ana.root().at("x").set(number(1)).unwrap();
    failure(&mut events, "the first call panics").await;
    assert_eq!(heard_here.recv().await.unwrap().as_deref(), Some("1"));
    ana.root().at("y").set(number(2)).unwrap();
    failure(&mut events, "the later calls fail").await;
    ana.root().at("x").delete().unwrap();
    assert_eq!(heard_here.recv().await.unwrap(), None);
    while heard.recv().await.unwrap() != (r#"{"y":2}"#.to_owned(), 3) {}
}

/// Waits until a callback's failure is told.
async fn failure(events: &mut Receiver<Event>, text: &str) {
    let told = async {
        loop {
            if let Event::CallbackFailed(reason) = events.recv().await.unwrap() {
                assert!(reason.contains(text), "{reason}");
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_read_and_write() {
    let signal = Signal::start().await;
    let text = r#"{"list":[1,2],"map":{},"text":"ab"}"#;
    let room = Room::create("r", document(text), signal.options("Ana")).await.unwrap();
    let top = room.root();
    let list = top.key("list");
    list.push([number(3), number(4)]).unwrap();
    list.unshift([number(0)]).unwrap();
    assert_eq!(list.get().unwrap().to_string(), "[0,1,2,3,4]");
    assert_eq!(list.pop().unwrap(), Some(number(4)));
    assert_eq!(list.shift().unwrap(), Some(number(0)));
    list.splice(-1, 1, [Value::NULL]).unwrap();
    list.index(0).set(Value::bool(true)).unwrap();
    assert_eq!(list.get().unwrap().to_string(), "[true,2,null]");
    top.key("map").merge(document(r#"{"a":{"b":1}}"#).value).unwrap();
    assert!(top.key("map").key("a").key("b").has());
    top.key("text").push([Value::string("c")]).unwrap();
    top.key("map").delete().unwrap();
    assert_eq!(top.get().unwrap().to_string(), r#"{"list":[true,2,null],"text":"abc"}"#);
    list.splice(0, 3, []).unwrap();
    assert_eq!((list.pop().unwrap(), list.shift().unwrap()), (None, None));
    let refused = [
        top.key("none").pop().map(|_| ()),
        top.push([Value::NULL]),
        top.key("text").index(0).set(Value::NULL),
    ];
    assert!(refused.iter().all(|result| matches!(result, Err(RoomError::Edit(_)))), "{refused:?}");
    assert_eq!(top.path().to_jq(), ".");
}
