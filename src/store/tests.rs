//! What is stored comes back, whenever the process or the disk stopped.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "how one process tells the other")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::document::{Method, Path as Place, Value, parse};
use crate::limits;
use crate::session::{Input, Message, Output, Session, SessionOptions};
use crate::sync::{Author, VectorClock};

const ROOM: &str = "demo";
const SERVER: &str = "ws://127.0.0.1:4747";
const SOURCE: &str = "{\n  \"big\": 9007199254740993, \"e\": 1e400, \"list\": [1, 2.0]\n}\n";

fn take(folder: &Path) -> Store {
    Store::take(folder, (ROOM, SERVER), None, None).unwrap()
}

fn about(author: u32) -> About {
    let mut about = About::new(ROOM, SERVER);
    about.is_now(Author(author));
    about
}

fn session() -> Session {
    let checkpoint =
        Checkpoint { source: SOURCE.into(), value: parse(SOURCE).unwrap(), clock: VectorClock::new() };
    let options = SessionOptions { name: String::new(), history: 1_000 };
    Session::create(Author(1), checkpoint, options).kept(false)
}

/// The edit of a script, always the same: sets, a list that grows and shrinks, and long texts that
/// fill pages.
fn edit(session: &mut Session, number: u64) {
    let now = Duration::from_millis(number);
    let key = format!("key {}", number % 17);
    let (path, method) = match number % 4 {
        0 => (
            Place::ROOT.key("list"),
            Method::Splice {
                start: 0,
                count: i64::from(number.is_multiple_of(8)),
                items: vec![Value::number(&number.to_string()).unwrap()],
            },
        ),
        1 => (Place::ROOT.key(&key), Method::Set(Value::string(&"long ".repeat(300)))),
        2 => (Place::ROOT.key(&key), Method::Set(parse("{\"n\":1.0}").unwrap())),
        _ => (Place::ROOT.key("list"), Method::Set(parse("[0]").unwrap())),
    };
    session.edit(now, None, 0, path, method).unwrap();
}

fn records(session: &mut Session) -> Vec<(u64, Record)> {
    let outputs = std::iter::from_fn(|| session.poll());
    outputs
        .filter_map(|output| match output {
            Output::Store(number, record) => Some((number, record)),
            Output::Expel(_) | Output::Event(_) => None,
        })
        .collect()
}

fn assert_same(replica: &Replica, session: &Session) {
    let expected = session.replica().unwrap();
    assert_eq!(replica.snapshot(), expected.snapshot());
    assert_eq!(
        crate::document::save(SOURCE, replica.value()),
        crate::document::save(SOURCE, expected.value()),
        "byte for byte"
    );
    let all = |replica: &Replica| replica.history().cloned().collect::<Vec<Arc<Change>>>();
    assert_eq!(all(replica), all(expected));
}

#[test]
fn what_is_stored_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    assert!(store.past(1_000).unwrap().is_none());
    let mut session = session();
    let mut expected = about(1);
    expected.file = Some("/somewhere/a b.json".into());
    expected.elsewhere = VectorClock::from_iter([(Author(1), 3), (Author(7), 40)]);
    expected.keys = vec![0, 255, 3];
    expected.dropped.first = VectorClock::from_iter([(Author(9), 4)]);
    expected.dropped.settled = VectorClock::from_iter([(Author(8), 1)]);
    store.begin(expected.clone()).unwrap();
    for number in 1..200 {
        edit(&mut session, number);
        let records: Vec<Record> = records(&mut session).into_iter().map(|(_, record)| record).collect();
        store.write(&records).unwrap();
    }
    drop(store);
    let store = take(folder.path());
    assert_eq!(*store.about(), expected);
    let past = store.past(1_000).unwrap().unwrap();
    assert!(past.is_complete, "the process ended, the machine did not");
    assert_same(&past.replica, &session);
}

#[test]
fn the_whole_takes_the_place_of_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    let mut session = session();
    for number in 1..50 {
        edit(&mut session, number);
    }
    let all: Vec<Record> = records(&mut session).into_iter().map(|(_, record)| record).collect();
    store.write(&all).unwrap();
    let (_, whole) = session.whole().unwrap();
    store.write(&[whole]).unwrap();
    store.close().unwrap();
    let past = take(folder.path()).past(1_000).unwrap().unwrap();
    assert!(past.is_complete);
    assert_same(&past.replica, &session);
}

#[test]
fn a_long_text_is_stored_in_rows_beside_what_became_of_it() {
    let rows = (0..60_000).map(|number| format!("{{\"n\": {number}, \"é\\u00e9\": \"…\"}}"));
    let text = format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"));
    assert!(text.len() > limits::WHOLE_TEXT_BYTES);
    let options = SessionOptions { name: String::new(), history: 1_000 };
    let mut session = Session::create(Author(1), Checkpoint::read(&text).unwrap(), options).kept(false);
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    for round in 0..3 {
        for number in 0..20_usize {
            let (path, value) =
                (Place::ROOT.index(number * 2_999), Value::string(&format!("{round} {number}")));
            session.edit(Duration::ZERO, None, 0, path, Method::Set(value)).unwrap();
        }
        // The same text again, with more after it.
        store.write(&[session.whole().unwrap().1]).unwrap();
        assert_same(&store.past(1_000).unwrap().unwrap().replica, &session);
    }
    // All that came after it is forgotten.
    let now = session.replica().unwrap().snapshot();
    let start = Checkpoint { source: now.source.clone(), value: now.value.clone(), clock: now.clock.clone() };
    store.write(&[Record::Whole(start, Vec::new(), Vec::new())]).unwrap();
    drop(store);
    let mut store = take(folder.path());
    let kept = store.past(1_000).unwrap().unwrap().replica.snapshot();
    assert_eq!(kept, now);
    assert_eq!(kept.source.text(), text);
    assert!(kept.value.to_string() == now.value.to_string(), "as it is spelled");
    let database = rusqlite::Connection::open(store.records.path()).unwrap();
    let longest = "SELECT max(octet_length(text)) FROM texts";
    let longest: usize = database.query_row(longest, (), |row| row.get::<_, u32>(0)).unwrap() as usize;
    assert!(longest <= limits::TEXT_PART_BYTES + 3, "{longest}");
    // A shorter document takes its place.
    let whole = self::session().whole().unwrap().1;
    store.write(&[whole]).unwrap();
    assert_eq!(store.past(1_000).unwrap().unwrap().replica.source().text(), SOURCE);
}

#[test]
fn two_at_once_have_a_place_each_and_a_stale_lock_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = take(folder.path());
    first.begin(about(1)).unwrap();
    let mut second = take(folder.path());
    second.begin(about(2)).unwrap();
    assert_eq!(second.about().author, Author(2));
    assert_eq!(take(folder.path()).about().author, Author(0));
    // As if the first had been killed: its lock goes with it, its files stay.
    drop(first);
    assert_eq!(take(folder.path()).about().author, Author(1));
}

#[test]
fn the_place_with_the_same_file_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &'static str| Some(Path::new(name));
    let mut of_a = Store::take(folder.path(), (ROOM, SERVER), None, file("/a")).unwrap();
    of_a.begin(About { file: Some("/a".into()), ..about(1) }).unwrap();
    let mut of_b = Store::take(folder.path(), (ROOM, SERVER), None, file("/b")).unwrap();
    of_b.begin(About { file: Some("/b".into()), ..about(2) }).unwrap();
    drop((of_a, of_b));
    assert_eq!(
        Store::take(folder.path(), (ROOM, SERVER), None, file("/b")).unwrap().about().author,
        Author(2)
    );
    assert_eq!(
        Store::take(folder.path(), (ROOM, SERVER), None, file("/c")).unwrap().about().author,
        Author(1)
    );
    let elsewhere = Store::take(folder.path(), (ROOM, "ws://other:1"), None, file("/a")).unwrap();
    assert_eq!(elsewhere.about().author, Author(0), "the same name on another server is another room");
}

#[test]
fn what_was_said_and_not_stored_makes_a_new_author() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    store.write(&[records(&mut session).remove(0).1]).unwrap();
    store.doubt().unwrap();
    drop(store);
    let mut store = take(folder.path());
    assert!(!store.past(10).unwrap().unwrap().is_complete);
    store.trust().unwrap();
    drop(store);
    assert!(take(folder.path()).past(10).unwrap().unwrap().is_complete);
}

#[test]
fn a_start_of_the_machine_in_between_makes_a_new_author_unless_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    store.write(&[records(&mut session).remove(0).1]).unwrap();
    let path = mark::path_of(store.records.path());
    drop(store);
    let text = fs::read_to_string(&path).unwrap();
    let boot = text.trim_end().rsplit(' ').next().unwrap().to_owned();
    fs::write(&path, text.replace(&boot, "another-start")).unwrap();
    let store = take(folder.path());
    assert!(!store.past(10).unwrap().unwrap().is_complete);
    store.close().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&boot) && text.starts_with("left "), "{text}");
    assert!(take(folder.path()).past(10).unwrap().unwrap().is_complete);
    fs::write(&path, &text[..text.len() - 1]).unwrap();
    assert!(!take(folder.path()).past(10).unwrap().unwrap().is_complete, "cut short");
}

#[test]
fn what_is_kept_is_for_this_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    store.write(&[records(&mut session()).remove(0).1]).unwrap();
    let room = store.records.path().parent().unwrap().to_owned();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&room), 0o700);
    let files: Vec<PathBuf> = fs::read_dir(&room).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[test]
fn what_the_first_version_stored_comes_back_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    let path = store.records.path().to_owned();
    store.close().unwrap();
    // It kept a text of any length in the start, and had no table for long ones.
    let source = format!("[ \"{}\" ]\n", "long ".repeat(limits::WHOLE_TEXT_BYTES / 4));
    let start = || Checkpoint::read(&source).unwrap();
    let text = Message::Document { checkpoint: start(), changes: Vec::new() }.encode();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("INSERT INTO start VALUES (?1)", [&text]).unwrap();
    database.execute("DROP TABLE texts", ()).unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    drop(database);
    let mut store = take(folder.path());
    let replica = store.past(10).unwrap().unwrap().replica;
    assert_eq!(replica.snapshot().value, start().value);
    assert_eq!(replica.snapshot().source.text(), source);
    store.write(&[Record::Whole(start(), Vec::new(), Vec::new())]).unwrap();
    store.close().unwrap();
    let replica = take(folder.path()).past(10).unwrap().unwrap().replica;
    assert_eq!(replica.snapshot().source.text(), source, "in rows of its own");
}

#[test]
fn damage_and_later_versions_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    store.write(&[records(&mut session()).remove(0).1]).unwrap();
    let path = store.records.path().to_owned();
    store.close().unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute("UPDATE start SET document = '[\"document\",{}]'", ()).unwrap();
    let told = take(folder.path()).past(10).map(drop).unwrap_err();
    assert!(matches!(told, StoreError::Damaged(..)), "{told}");
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let told = Store::take(folder.path(), (ROOM, SERVER), None, None).map(drop).unwrap_err();
    assert!(matches!(told, StoreError::Later(..)), "{told}");
    fs::write(&path, "no database").unwrap();
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(&path, end));
    }
    let told = Store::take(folder.path(), (ROOM, SERVER), None, None).map(drop).unwrap_err();
    assert!(matches!(told, StoreError::Database(..)), "{told}");
    let aside = Store::set_aside(&path).unwrap();
    assert!(aside.exists() && !path.exists());
    assert!(take(folder.path()).past(10).unwrap().is_none());
}

#[test]
fn the_shelf_tells_what_is_unsent_and_forgets_with_consent_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = take(folder.path());
    store.begin(about(1)).unwrap();
    let mut session = session();
    (1..=5).for_each(|number| edit(&mut session, number));
    let all: Vec<Record> = records(&mut session).into_iter().map(|(_, record)| record).collect();
    store.write(&all).unwrap();
    store.note(About { elsewhere: VectorClock::from_iter([(Author(1), 2)]), ..about(1) }).unwrap();
    let kept = shelf(folder.path()).unwrap().remove(0).unwrap();
    assert_eq!((kept.unsent, kept.changes, kept.is_running), (3, 5, true));
    assert!(matches!(
        forget(folder.path(), |about| about.room == ROOM, true).unwrap()[..],
        [Forgotten::Running(_)]
    ));
    drop(store);
    assert!(!shelf(folder.path()).unwrap().remove(0).unwrap().is_running);
    assert!(matches!(
        forget(folder.path(), |about| about.room == ROOM, false).unwrap()[..],
        [Forgotten::Unsent(_)]
    ));
    assert!(forget(folder.path(), |about| about.room == "other", true).unwrap().is_empty());
    assert!(matches!(
        forget(folder.path(), |about| about.room == ROOM, true).unwrap()[..],
        [Forgotten::Gone(_)]
    ));
    assert!(shelf(folder.path()).unwrap().is_empty());
    assert_eq!(fs::read_dir(folder.path().join("rooms")).unwrap().count(), 0, "nothing is left");
}

/// Edits that the script has.
const SCRIPT: u64 = 60;

/// Where the other process finds its folder.
const FOLDER: &str = "ULTRAWAVE_TEST_FOLDER";

/// What another process does: it makes the edits of the script, goes on where it was, and prints
/// how many changes it would have sent, each only after it was stored. It may be ended anywhere.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn the_script() {
    let folder = std::env::var_os(FOLDER).unwrap();
    let Ok(mut store) = Store::take(Path::new(&folder), (ROOM, SERVER), None, None) else { return };
    let Ok(past) = store.past(1_000) else { panic!("what was stored must be readable") };
    let mut session = match past {
        Some(past) => {
            assert!(past.is_complete || past.replica.clock().sum() == 0);
            let options = SessionOptions { name: String::new(), history: 1_000 };
            Session::resume(past.replica.of(Author(1)), &[], options).kept(true)
        }
        None => session(),
    };
    if store.begin(about(1)).is_err() {
        return;
    }
    loop {
        for (number, record) in records(&mut session) {
            if store.write(&[record]).is_err() {
                return;
            }
            session.handle(Duration::ZERO, Input::Stored(number));
        }
        let made = session.replica().unwrap().clock().sum();
        println!("said {made}");
        if made == SCRIPT {
            break;
        }
        if made % 20 == 0 && (session.whole().is_none_or(|(_, whole)| store.write(&[whole]).is_err())) {
            return;
        }
        edit(&mut session, made + 1);
    }
    store.close().unwrap();
}

/// Runs the script where no file may become longer than so many blocks of 512 bytes: the write
/// that would make it longer ends the process, or fails. How many changes it said.
fn run_script(folder: &Path, blocks: Option<u32>, fails: bool) -> u64 {
    let limit = blocks.map(|blocks| format!("ulimit -f {blocks};")).unwrap_or_default();
    let trap = if fails { "trap '' XFSZ;" } else { "" };
    let script = format!(
        "ulimit -c 0; {trap} {limit} exec \"$0\" --exact store::tests::the_script --ignored --nocapture"
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(FOLDER, folder)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let said = said.lines().filter_map(|line| line.split("said ").nth(1)?.parse().ok()).max();
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(!trouble.contains("panicked"), "{trouble}");
    said.unwrap_or(0)
}

/// The script without an end in between.
fn expected() -> Session {
    let mut session = session();
    (1..=SCRIPT).for_each(|number| edit(&mut session, number));
    session
}

/// At every boundary of a write that can be told by a file's length the process ends, or is told
/// that the disk is full, and begins again where there is room: everything that was said is there,
/// and in the end it is as if nothing had happened.
fn the_disk_ends_everywhere(fails: bool) {
    let expected = expected();
    let (mut blocks, mut ends) = (1, 0);
    loop {
        let folder = tempfile::tempdir().unwrap();
        let said = run_script(folder.path(), Some(blocks), fails);
        if said == SCRIPT {
            break;
        }
        ends += 1;
        let stored = take(folder.path()).past(1_000).unwrap().map_or(0, |past| past.replica.clock().sum());
        assert!(stored >= said, "{said} changes were said and {stored} are stored, at {blocks} blocks");
        assert_eq!(run_script(folder.path(), None, fails), SCRIPT);
        let past = take(folder.path()).past(1_000).unwrap().unwrap();
        assert!(past.is_complete);
        assert_same(&past.replica, &expected);
        // Each page at first, where the files are made; then ever wider apart.
        blocks += 1 + blocks / 8;
    }
    assert!(ends > 10, "it ended only {ends} times");
}

#[test]
fn killed_at_any_write_it_goes_on_as_if_it_had_not_been() {
    the_disk_ends_everywhere(false);
}

#[test]
fn told_that_the_disk_is_full_at_any_write_it_goes_on_when_there_is_room() {
    the_disk_ends_everywhere(true);
}
