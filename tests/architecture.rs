//! The house rules that a compiler does not check.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each part of the root crate may know of the others. Arrows point towards the document.
const ARROWS: &[(&str, &[&str])] = &[
    ("document", &["document", "limits"]),
    ("sync", &["sync", "document", "limits"]),
    ("bridge", &["bridge", "sync", "document", "limits"]),
    ("trust", &["trust", "sync", "document", "limits"]),
    ("session", &["session", "trust", "sync", "document", "limits"]),
    ("store", &["store", "session", "trust", "sync", "document", "limits"]),
    // Of the room only what a room is asked for and answers with, see below.
    ("net", &["net", "store", "room", "session", "trust", "sync", "document", "limits"]),
    ("room", &["room", "cursor", "net", "session", "trust", "sync", "document", "limits"]),
    ("cursor", &["cursor", "room", "session", "sync", "document", "limits"]),
    ("tui", &["tui", "file", "room", "cursor", "session", "sync", "document", "limits", "bridge"]),
];

/// What `net` may name of the room: its options, its errors, its state of things.
const ROOM_WORDS: &[&str] =
    &["RoomOptions", "RoomError", "IceServer", "Keep", "ServerStatus", "DEFAULT_SIGNAL"];

/// The same in the signaling crate.
const SIGNAL_ARROWS: &[(&str, &[&str])] =
    &[("protocol", &["protocol", "limits"]), ("lobby", &["lobby", "protocol", "limits"])];

/// The parts that are values in, values out. Addresses of peers are values; sockets are not. Maps
/// that differ from run to run in their order would let one peer differ from another.
const PURE: &[&str] = &[
    "src/document",
    "src/sync",
    "src/bridge",
    "src/trust",
    "src/session",
    "signal/src/protocol",
    "signal/src/lobby",
];
const IMPURE: &[&str] = &[
    "tokio",
    "Instant",
    "SystemTime",
    "thread",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "rand",
    "getrandom",
    "tracing",
    "println",
    "eprintln",
    "HashMap",
    "HashSet",
    "RandomState",
];

/// What measures a pure part needs a clock and prints.
const MEASURES: &str = "src/session/tests/cost.rs";

const LONGEST_FILE: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a place, or the file `place.rs`.
fn files(place: &str) -> Vec<PathBuf> {
    let (mut found, mut places) = (Vec::new(), vec![root().join(place)]);
    let file = root().join(format!("{place}.rs"));
    if file.exists() {
        found.push(file);
    }
    while let Some(place) = places.pop() {
        for entry in fs::read_dir(place).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                places.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{place} has moved: this test is to follow");
    found
}

/// The text of a file without its comments.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.join("\n")
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

/// What follows each `before` in some code: a name.
fn names_after<'a>(code: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(before).map(move |(at, _)| words(&code[at + before.len()..]).next().unwrap())
}

#[test]
fn pure_parts_use_no_clock_thread_socket_chance_or_log() {
    for file in PURE.iter().flat_map(|part| files(part)).filter(|file| *file != root().join(MEASURES)) {
        let code = code(&file);
        let impure: Vec<&str> = words(&code).filter(|word| IMPURE.contains(word)).collect();
        assert!(impure.is_empty(), "{} uses {impure:?}", file.display());
    }
}

#[test]
fn arrows_point_towards_the_document() {
    let parts = ARROWS.iter().map(|arrow| ("src", arrow));
    for (base, (part, may)) in parts.chain(SIGNAL_ARROWS.iter().map(|arrow| ("signal/src", arrow))) {
        for file in files(&format!("{base}/{part}")) {
            let code = code(&file);
            assert!(!code.contains("crate::{"), "{}: one `use` for each part, please", file.display());
            for other in names_after(&code, "crate::") {
                assert!(may.contains(&other), "{}: {part} is not to know of {other}", file.display());
            }
        }
    }
}

#[test]
fn net_knows_of_the_room_only_its_options_and_answers() {
    for file in files("src/net") {
        let code = code(&file);
        for (at, before) in code.match_indices("crate::room::") {
            let rest = code[at + before.len()..].trim_start_matches('{');
            let named = rest.split(['}', ';', '(', ')']).next().unwrap();
            let others: Vec<&str> =
                words(named).filter(|word| !word.is_empty() && !ROOM_WORDS.contains(word)).collect();
            assert!(others.is_empty(), "{} names {others:?} of the room", file.display());
        }
    }
}

#[test]
fn only_what_talks_to_the_signaling_server_knows_its_words() {
    for file in ["src/document", "src/sync", "src/session", "src/tui"].into_iter().flat_map(files) {
        assert!(!code(&file).contains("ultrawave_signal"), "{}", file.display());
    }
}

#[test]
fn the_wire_types_of_the_signaling_need_no_server() {
    let manifest = fs::read_to_string(root().join("signal/Cargo.toml")).unwrap();
    let tokio = manifest.lines().find(|line| line.starts_with("tokio ")).unwrap();
    assert!(tokio.contains("optional = true"), "{tokio}");
}

#[test]
fn no_file_is_too_long_to_read() {
    for file in ["src", "signal/src", "tests"].into_iter().flat_map(files) {
        let length = fs::read_to_string(&file).unwrap().lines().count();
        assert!(length <= LONGEST_FILE, "{} has {length} lines: split it", file.display());
    }
}

/// The files of a crate from its root on, as its `mod` lines say.
fn reachable(crate_root: PathBuf) -> BTreeSet<PathBuf> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![(crate_root, true)]);
    while let Some((file, is_root)) = next.pop() {
        let is_mod = is_root || file.ends_with("mod.rs");
        let below = if is_mod { file.parent().unwrap().to_owned() } else { file.with_extension("") };
        let (code, mut elsewhere) = (code(&file), None);
        for line in code.lines() {
            if let Some(path) = line.trim().strip_prefix("#[path = \"") {
                elsewhere = path.strip_suffix("\"]");
            }
            let Some(name) = line.split("mod ").nth(1).and_then(|rest| rest.strip_suffix(';')) else {
                continue;
            };
            if line.trim_start().starts_with("mod ") || line.trim_start().starts_with("pub") {
                let flat = below.join(format!("{name}.rs"));
                let module = if flat.exists() { flat } else { below.join(name).join("mod.rs") };
                let module = elsewhere.take().map_or(module, |path| below.join(path));
                next.push((module, false));
            }
        }
        reached.insert(file);
    }
    reached
}

#[test]
fn every_file_belongs_to_something_that_is_built() {
    let targets = fs::read_dir(root().join("tests")).unwrap().map(|entry| entry.unwrap().path());
    let targets = targets.filter_map(|path| {
        let main = path.join("main.rs");
        if main.exists() {
            Some(main)
        } else {
            Some(path).filter(|path| path.extension().is_some_and(|end| end == "rs"))
        }
    });
    let crates = ["src/lib.rs", "src/main.rs", "signal/src/lib.rs", "signal/src/main.rs"];
    let roots = crates.iter().map(|file| root().join(file)).chain(targets);
    let built: BTreeSet<PathBuf> = roots.flat_map(reachable).collect();
    for file in ["src", "signal/src", "tests"].into_iter().flat_map(files) {
        assert!(built.contains(&file), "{} belongs to no crate", file.display());
    }
}
