use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use tempfile::TempDir;
use ultrawave::document::{Value, parse};
use ultrawave::file::{FileBinding, FileError};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn written(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn saved(binding: &mut FileBinding, json: &str) -> Result<(), FileError> {
    let source = binding.source().cloned().unwrap_or_else(|| "".into());
    binding.save(&source, &parse(json).unwrap(), false)
}

#[test]
fn a_saved_file_is_whole_and_nothing_is_left_beside_it() {
    let folder = folder();
    let path = written(&folder, "a.json", "[1]");
    let mut binding = FileBinding::load(&path).unwrap();
    assert_eq!(binding.value(), Some(&parse("[1]").unwrap()));
    saved(&mut binding, "[1,2]").unwrap();
    assert_eq!(parse(&fs::read_to_string(&path).unwrap()).unwrap(), parse("[1,2]").unwrap());
    assert_eq!(names(&folder), ["a.json"]);
    saved(&mut binding, "[3]").unwrap();
    assert_eq!(binding.source().unwrap().file(), fs::read_to_string(&path).unwrap());
}

#[test]
fn mode_and_links_are_kept_and_a_new_file_is_made() {
    let folder = folder();
    let real = written(&folder, "real.json", "1");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.json");
    symlink("real.json", &link).unwrap();
    let mut binding = FileBinding::load(&link).unwrap();
    saved(&mut binding, "2").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&real).unwrap().starts_with('2'));

    let dangling = folder.path().join("dangling.json");
    symlink("new.json", &dangling).unwrap();
    saved(&mut FileBinding::absent(&dangling), "3").unwrap();
    assert!(fs::symlink_metadata(&dangling).unwrap().file_type().is_symlink());
    assert!(fs::read_to_string(folder.path().join("new.json")).unwrap().starts_with('3'));
}

#[test]
fn a_file_changed_on_disk_is_not_overwritten_unasked() {
    let folder = folder();
    let path = written(&folder, "a.json", "[1]");
    let mut binding = FileBinding::load(&path).unwrap();
    fs::write(&path, "[9]").unwrap();
    assert!(binding.has_changed_on_disk().unwrap());
    let error = saved(&mut binding, "[2]").unwrap_err();
    assert!(matches!(error, FileError::ChangedOnDisk(_)), "{error}");
    assert_eq!(error.exit_code(), 6);
    assert_eq!(fs::read_to_string(&path).unwrap(), "[9]");
    binding.save("[1]", &parse("[2]").unwrap(), true).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains('2'));
    assert!(!binding.has_changed_on_disk().unwrap());
    saved(&mut binding, "[3]").unwrap();
}

#[test]
fn a_file_that_is_gone_is_made_again() {
    let folder = folder();
    let path = written(&folder, "a.json", "[1]");
    let mut binding = FileBinding::load(&path).unwrap();
    fs::remove_file(&path).unwrap();
    saved(&mut binding, "[1]").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[1]");
}

#[test]
fn another_file_of_a_new_name_is_not_overwritten_unasked() {
    let folder = folder();
    let path = written(&folder, "theirs.json", "precious");
    let error = FileBinding::absent(&path).save("", &Value::NULL, false).unwrap_err();
    assert!(matches!(error, FileError::Exists(_)), "{error}");
    assert_eq!(error.exit_code(), 6);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_file_that_cannot_be_written_keeps_what_it_holds() {
    let folder = folder();
    let missing = folder.path().join("no/such/folder/a.json");
    let error = FileBinding::absent(&missing).save("", &Value::NULL, false).unwrap_err();
    assert!(matches!(error, FileError::Unwritable(..)), "{error}");
    let error = FileBinding::absent(folder.path()).save("", &Value::NULL, true).unwrap_err();
    assert!(matches!(error, FileError::Directory(_)), "{error}");
}

#[test]
fn every_fault_of_a_file_is_named() {
    let folder = folder();
    let load = |path: PathBuf| FileBinding::load(path).unwrap_err();
    let missing = load(folder.path().join("no.json"));
    assert!(matches!(missing, FileError::Missing(_)) && missing.exit_code() == 1, "{missing}");
    assert!(matches!(load(folder.path().to_owned()), FileError::Directory(_)));
    let not_text = load(written(&folder, "b.json", b"[1,\n\xFF]"));
    assert_eq!(not_text.exit_code(), 4);
    assert!(not_text.to_string().ends_with("b.json: not UTF-8 from byte 4 (line 2) on; JSON is UTF-8 text"));
}

#[test]
fn a_fault_in_the_json_is_shown_with_a_caret() {
    let folder = folder();
    let error = FileBinding::load(written(&folder, "a.json", "{\n  \"日本\": [1,, 2]\n}\n")).unwrap_err();
    assert_eq!(error.exit_code(), 4);
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert!(lines[0].contains("a.json:2:12: not JSON: "), "{error}");
    assert_eq!(lines[1..], ["  |", "2 |   \"日本\": [1,, 2]", "  |              ^"], "{error}");
    let long = format!("[\"{}\u{1b}[2J\" x]", "a".repeat(500));
    let error = FileBinding::load(written(&folder, "b.json", long)).unwrap_err().to_string();
    assert!(!error.contains('\u{1b}') && error.lines().all(|line| line.chars().count() < 200), "{error}");
}

#[test]
fn a_file_of_lines_is_known_by_its_name_and_saved_as_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    fs::write(&path, "{\"a\": 1}\r\nno JSON\r\n").unwrap();
    let mut binding = FileBinding::load(&path).unwrap();
    let oddity = binding.oddity().unwrap().to_owned();
    assert!(oddity.contains("log.jsonl:2:1: not JSON"), "{oddity}");
    assert!(!binding.has_changed_on_disk().unwrap());
    let source = binding.source().unwrap().clone();
    let mut value = binding.value().unwrap().clone();
    value.index_mut(0).unwrap().insert_key("a".into(), parse("2").unwrap());
    value.splice_elements(2, 0, [parse("[3]").unwrap()]);
    binding.save(&source, &value, false).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\": 2}\r\nno JSON\r\n[3]\r\n");
    assert!(!binding.has_changed_on_disk().unwrap());
    // Another name may say otherwise.
    let plain = folder.path().join("log.json");
    FileBinding::absent(&plain).save(&source, &value, false).unwrap();
    assert_eq!(parse(&fs::read_to_string(&plain).unwrap()).unwrap(), value);
    let lines = folder.path().join("other.ndjson");
    FileBinding::absent(&lines).save("[]", &value, false).unwrap();
    assert_eq!(fs::read_to_string(&lines).unwrap().lines().count(), 3);
}
