//! A file that programs rewrite all the time, in every usual way, while others edit the room: at
//! the end the file and the room are equal, and hold what anybody did.
//!
//! `MINUTES=5 cargo test --release --test cli_bridge soak` goes on for so long.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use ultrawave::document::{Method, Path, Text, Value, diff, parse, save};

use super::support::Home;
use super::{Fixture, serve};

const START: &str = "{\n  \"file\": {},\n  \"room\": {},\n  \"list\": []\n}\n";

/// What one side has done, as it must be found at the end.
#[derive(Default)]
struct Done {
    keys: BTreeMap<String, usize>,
    /// The elements of the list that are this side's.
    items: BTreeSet<usize>,
    count: usize,
}

/// An edit of one side: the words of a verb, and the same as an edit of the document.
struct Edit {
    words: Vec<String>,
    path: Path,
    method: Method,
}

impl Done {
    /// The next edit of a side that sees `document`.
    fn next(&mut self, side: &str, document: &Value) -> Edit {
        self.count += 1;
        let count = self.count;
        let number = if side == "file" { count * 2 } else { count * 2 + 1 };
        let own = Path::ROOT.key(side);
        let list = document.key(&Text::new("list")).unwrap();
        let is_old = |item: &&Value| self.items.first().is_some_and(|oldest| id(item) == *oldest);
        match count % 4 {
            1 => {
                let key = format!("k{count}");
                self.keys.insert(key.clone(), number);
                let words =
                    ["set".into(), "demo".into(), format!("/{side}/{key}"), number.to_string()].into();
                Edit { words, path: own.key(&key), method: Method::Set(Value::from(number as u64)) }
            }
            3 if self.keys.len() > 10 => {
                let (key, _) = self.keys.pop_first().unwrap();
                let words = ["delete".into(), "demo".into(), format!("/{side}/{key}")].into();
                Edit { words, path: own.key(&key), method: Method::Delete }
            }
            // By then another element may stand where this one stood for a verb.
            0 if side == "file" && self.items.len() > 10 && list.elements().any(|item| is_old(&item)) => {
                let at = list.elements().position(|item| is_old(&item)).unwrap();
                self.items.pop_first();
                self.splice(at, 1, None)
            }
            _ => {
                self.items.insert(number);
                let at = if side == "file" { list.len() } else { 0 };
                self.splice(at, 0, Some(&format!("{{\"id\": {number}, \"by\": \"{side}\"}}")))
            }
        }
    }

    fn splice(&self, at: usize, count: usize, item: Option<&str>) -> Edit {
        assert!(self.count > 0);
        let mut words: Vec<String> =
            ["splice".into(), "demo".into(), "/list".into(), at.to_string(), count.to_string()].into();
        words.extend(item.map(str::to_owned));
        let (start, count) = (i64::try_from(at).unwrap(), i64::try_from(count).unwrap());
        let items = item.map(|item| parse(item).unwrap()).into_iter().collect();
        Edit { words, path: Path::ROOT.key("list"), method: Method::Splice { start, count, items } }
    }
}

fn id(item: &Value) -> usize {
    item.key(&Text::new("id")).unwrap().to_string().parse().unwrap()
}

/// A program that rewrites a file.
struct Program {
    file: PathBuf,
    done: Done,
}

impl Program {
    /// What the file is to say next.
    fn edited(&mut self, text: &str) -> String {
        let mut value = parse(text).unwrap();
        let edit = self.done.next("file", &value);
        value.apply(&edit.path, &edit.method).unwrap();
        let text = save(text, &value);
        if self.done.count.is_multiple_of(7) { laid_out(&text) } else { text }
    }

    /// As most do: a new file takes the old one's place. One that is not the file that was read is
    /// put back, as who looks before they overwrite would.
    fn replace(&mut self) {
        let Ok(text) = fs::read_to_string(&self.file) else { return };
        let new = self.file.with_extension("new");
        let before = self.snapshot();
        fs::write(&new, self.edited(&text)).unwrap();
        let swap = || renameat_with(CWD, &new, CWD, &self.file, RenameFlags::EXCHANGE).is_ok();
        if !swap() {
            self.restore(before);
        } else if fs::read_to_string(&new).unwrap() != text {
            assert!(swap());
            self.restore(before);
        }
        fs::remove_file(new).unwrap();
    }

    /// As vim does: the old file is moved aside, and a new one written.
    fn move_aside(&mut self) {
        let aside = self.file.with_extension("json~");
        if fs::rename(&self.file, &aside).is_err() {
            return;
        }
        let before = self.snapshot();
        let text = self.edited(&fs::read_to_string(&aside).unwrap());
        match OpenOptions::new().write(true).create_new(true).open(&self.file) {
            Ok(mut file) => file.write_all(text.as_bytes()).unwrap(),
            // It was written anew meanwhile.
            Err(_) => self.restore(before),
        }
        fs::remove_file(aside).unwrap();
    }

    /// As those without care do: the file that was read is emptied, and written in pieces.
    fn write_in_place(&mut self) {
        let Ok(mut file) = OpenOptions::new().read(true).write(true).open(&self.file) else { return };
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let text = self.edited(&text);
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        for piece in text.as_bytes().chunks(text.len() / 3 + 1) {
            file.write_all(piece).unwrap();
            sleep(Duration::from_millis(5));
        }
    }

    fn snapshot(&self) -> (BTreeMap<String, usize>, BTreeSet<usize>) {
        (self.done.keys.clone(), self.done.items.clone())
    }

    /// Takes back what was to be done.
    fn restore(&mut self, before: (BTreeMap<String, usize>, BTreeSet<usize>)) {
        (self.done.keys, self.done.items) = before;
    }
}

/// The text as jq writes it; where there is none, as another formatter might.
fn laid_out(text: &str) -> String {
    let jq = Command::new("jq").arg(".").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut jq) = jq else { return format!("{:#}\n", parse(text).unwrap()) };
    jq.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(jq.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn soak() {
    let minutes = std::env::var("MINUTES").ok().and_then(|text| text.parse::<u64>().ok());
    let time = minutes.map_or(Duration::from_secs(8), |minutes| Duration::from_secs(60 * minutes));
    let (mut room, elsewhere) = (Fixture::around(START), Home::new());
    let mut other = serve(&elsewhere, &room.server, &["demo"]);
    let is_over = AtomicBool::new(false);
    let mut program = Program { file: room.home.file("document.json"), done: Done::default() };
    let mut remote = Done::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                match program.done.count % 3 {
                    0 => program.replace(),
                    1 => program.move_aside(),
                    _ => program.write_in_place(),
                }
                sleep(Duration::from_millis(40 + program.done.count as u64 * 37 % 300));
            }
        });
        scope.spawn(|| {
            let run = |words: &[&str]| {
                let run = elsewhere.ultrawave().args(words).args(["--signal", room.server.url()]).assert();
                String::from_utf8(run.success().get_output().stdout.clone()).unwrap()
            };
            while !is_over.load(Ordering::Relaxed) {
                let edit = remote.next("room", &parse(&run(&["get", "demo"])).unwrap());
                run(&edit.words.iter().map(String::as_str).collect::<Vec<_>>());
            }
        });
        let since = Instant::now();
        while since.elapsed() < time {
            sleep(Duration::from_millis(100));
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let get = || {
        let run =
            elsewhere.ultrawave().args(["get", "demo", "--signal", room.server.url()]).assert().success();
        parse(&String::from_utf8(run.get_output().stdout.clone()).unwrap()).unwrap()
    };
    let are_equal = || {
        parse(&room.on_disk())
            .is_ok_and(|shown| diff(&shown, &get()).is_empty() && has_all(&shown, &program.done, &remote))
    };
    let since = Instant::now();
    while !are_equal() {
        assert!(since.elapsed() < Duration::from_secs(60), "{}\n{}", room.on_disk(), get());
        sleep(Duration::from_millis(200));
    }
    assert!(program.done.count > 0 && remote.count > 0);
    room.ends_with(143);
    other.signal("TERM");
    assert_eq!(other.exit_code(), Some(143));
}

fn has_all(document: &Value, file: &Done, room: &Done) -> bool {
    let keys = |side: &str| -> BTreeMap<String, usize> {
        let entries = document.key(&Text::new(side)).unwrap().entries();
        entries.map(|(key, value)| (key.plain().into_owned(), value.to_string().parse().unwrap())).collect()
    };
    let mut items: Vec<usize> = document.key(&Text::new("list")).unwrap().elements().map(id).collect();
    items.sort_unstable();
    let expected: BTreeSet<usize> = file.items.union(&room.items).copied().collect();
    keys("file") == file.keys && keys("room") == room.keys && items.into_iter().eq(expected)
}
