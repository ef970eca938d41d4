//! The lines at the bottom: what to look for, and commands.

use std::path::PathBuf;

use super::{browse, choosing, is_cancel, motion};
use crate::document::{Method, Path, Step, Value, parse};
use crate::sync::VectorClock;
use crate::tui::action::{COMMANDS, Find};
use crate::tui::finder::Finder;
use crate::tui::keymap::Key;
use crate::tui::message::{Effect, Level, SaveWanted};
use crate::tui::mode::Mode;
use crate::tui::model::Model;
use crate::tui::text::inert;

/// Begins to look for something, or goes on.
pub(super) fn find(model: &mut Model, find: Find) {
    match find {
        Find::Text => choosing::open_finder(model, Finder::of_matches(&model.snapshot.value)),
        Find::Place => choosing::open_finder(model, Finder::of_places(&model.snapshot.value)),
        Find::Next => choosing::next_match(model, false),
        Find::Previous => choosing::next_match(model, true),
        Find::Jq => model.mode = Mode::Jq(Box::default()),
        Find::Key => match model.cursor.steps().last().cloned() {
            Some(Step::Key(key)) => choosing::search_key(model, &key.plain()),
            Some(Step::Index(_)) | None => model.say(Level::Warning, "this is at a position, not at a key"),
        },
    }
}

pub(super) fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    model.notice = None;
    let Mode::Command(line, base) = &mut model.mode else { return Vec::new() };
    if is_cancel(key) || (line.text().is_empty() && Some(key) == Key::named("Backspace")) {
        model.mode = Mode::Browse;
        return Vec::new();
    }
    if Some(key) != Key::named("Enter") {
        line.press(key);
        return Vec::new();
    }
    let (text, base) = (line.text().to_owned(), base.clone());
    let typed = std::mem::replace(&mut model.mode, Mode::Browse);
    match read(&text, &base.value, &model.cursor).and_then(|command| run(model, command, &base.clock)) {
        Ok(effects) => {
            if effects.iter().any(|effect| matches!(effect, Effect::Edit { .. })) {
                model.committing = Some(typed);
            }
            effects
        }
        Err(reason) => {
            model.mode = typed;
            model.say(Level::Error, reason);
            Vec::new()
        }
    }
}

/// A command, read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    Nothing,
    Edit(Path, Method),
    Go(Path),
    Undo,
    Redo,
    Save(SaveWanted),
    Reload,
    Schema(PathBuf),
    Quit { without_asking: bool },
    Help,
}

fn run(model: &mut Model, command: Command, base: &VectorClock) -> Result<Vec<Effect>, String> {
    Ok(match command {
        Command::Nothing => Vec::new(),
        Command::Edit(path, method) => {
            if matches!(method, Method::Set(_) | Method::Merge(_)) {
                model.go_when_there = Some(path.clone());
            }
            let group = model.new_group();
            vec![Effect::Edit { base: base.clone(), group, edits: vec![(path, method)] }]
        }
        Command::Go(path) => {
            if model.snapshot.value.at(&path).is_none() {
                return Err(format!("there is nothing at {path}"));
            }
            motion::jump(model, path);
            Vec::new()
        }
        Command::Undo => vec![Effect::Undo],
        Command::Redo => vec![Effect::Redo],
        Command::Save(wanted) => vec![Effect::Save(wanted)],
        Command::Schema(path) => vec![Effect::Schema(path)],
        Command::Reload => vec![Effect::Reload],
        Command::Quit { without_asking: true } => vec![Effect::Quit],
        Command::Quit { without_asking: false } => browse::quit(model),
        Command::Help => {
            choosing::open_menu(model, false);
            Vec::new()
        }
    })
}

fn read(text: &str, root: &Value, cursor: &Path) -> Result<Command, String> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let wanted = |overwrite, then_quit| {
        let name = (!rest.is_empty()).then(|| PathBuf::from(rest));
        Command::Save(SaveWanted { name, overwrite, then_quit })
    };
    let usage = |name: &str| {
        let entry = COMMANDS.iter().find(|entry| entry.name == name);
        format!("this goes {}", entry.map_or("", |entry| entry.usage))
    };
    match word {
        "" => Ok(Command::Nothing),
        "set" | "merge" => {
            let (path, json) = path_and_rest(rest, root)?;
            if json.is_empty() {
                return Err(usage(word));
            }
            let value = read_json(json)?;
            Ok(Command::Edit(path, if word == "set" { Method::Set(value) } else { Method::Merge(value) }))
        }
        "del" | "delete" if rest.is_empty() => Ok(Command::Edit(cursor.clone(), Method::Delete)),
        "del" | "delete" => {
            let (path, rest) = path_and_rest(rest, root)?;
            if rest.is_empty() { Ok(Command::Edit(path, Method::Delete)) } else { Err(usage("del")) }
        }
        "splice" => read_splice(rest, root)?.ok_or_else(|| usage("splice")),
        "go" => match path_and_rest(rest, root)? {
            (path, "") => Ok(Command::Go(path)),
            _ => Err(usage("go")),
        },
        "undo" => Ok(Command::Undo),
        "redo" => Ok(Command::Redo),
        "w" => Ok(wanted(false, false)),
        "w!" => Ok(wanted(true, false)),
        "wq" | "x" => Ok(wanted(false, true)),
        "schema" if rest.is_empty() => Err(usage("schema")),
        "schema" => Ok(Command::Schema(PathBuf::from(rest))),
        "reload" => Ok(Command::Reload),
        "q" => Ok(Command::Quit { without_asking: false }),
        "q!" => Ok(Command::Quit { without_asking: true }),
        "help" | "h" => Ok(Command::Help),
        other => Err(unknown(other)),
    }
}

fn unknown(word: &str) -> String {
    let close = COMMANDS
        .iter()
        .map(|entry| (strsim::damerau_levenshtein(entry.name, word), entry.name))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    let word = inert(word);
    match close {
        Some((_, name)) => format!("there is no command :{word}; did you mean :{name}?"),
        None => format!("there is no command :{word}; :help shows those there are"),
    }
}

/// The path at the start, up to a blank outside quotes, and what follows it.
fn path_and_rest<'a>(text: &'a str, root: &Value) -> Result<(Path, &'a str), String> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_jq = text.starts_with('.');
    let end = text.find(|character: char| {
        if is_escaped {
            is_escaped = false;
        } else if is_quoted && character == '\\' {
            is_escaped = true;
        } else if character == '"' && is_jq {
            is_quoted = !is_quoted;
        }
        !is_quoted && character.is_whitespace()
    });
    let (path, rest) = text.split_at(end.unwrap_or(text.len()));
    let path = if path == "\"\"" { "" } else { path };
    let path = Path::read(path, root).map_err(|error| inert(&error.to_string()).into_owned())?;
    Ok((path, rest.trim()))
}

fn read_json(text: &str) -> Result<Value, String> {
    parse(text).map_err(|error| format!("not JSON, column {}: {}", error.column, inert(&error.reason)))
}

fn read_splice(rest: &str, root: &Value) -> Result<Option<Command>, String> {
    let (path, rest) = path_and_rest(rest, root)?;
    let (start, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    let (count, items) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (Ok(start), Ok(count)) = (start.parse(), count.parse()) else { return Ok(None) };
    let items = values(items)?;
    Ok(Some(Command::Edit(path, Method::Splice { start, count, items })))
}

/// JSON values with blanks between them.
fn values(text: &str) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = end_of_value(rest);
        let (value, more) = rest.split_at(end);
        values.push(read_json(value)?);
        rest = more.trim();
    }
    Ok(values)
}

/// Where the JSON value at the start of a text ends, if it is one: at the first blank outside
/// strings and brackets.
fn end_of_value(text: &str) -> usize {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    let end = text.find(|character: char| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '[' | '{' if !is_quoted => depth += 1,
            ']' | '}' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && !is_quoted && character.is_whitespace()
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    fn command(text: &str) -> Result<Command, String> {
        let root = parse(r#"{"a b": {"x": 1}, "list": [1, 2]}"#).unwrap();
        read(text, &root, &Path::ROOT.key("list"))
    }

    #[test]
    fn paths_come_in_both_forms_and_quotes_keep_blanks_together() {
        let set = |path: Path, json: &str| Ok(Command::Edit(path, Method::Set(parse(json).unwrap())));
        assert_eq!(command("set .list[0] {\"q\": 1}"), set(Path::ROOT.key("list").index(0), "{\"q\": 1}"));
        assert_eq!(command(" set /list/0   2 "), set(Path::ROOT.key("list").index(0), "2"));
        assert_eq!(command("set .\"a b\".x \"y z\""), set(Path::ROOT.key("a b").key("x"), "\"y z\""));
        assert_eq!(command("set \"\" 1"), set(Path::ROOT, "1"));
        assert_eq!(command("del"), Ok(Command::Edit(Path::ROOT.key("list"), Method::Delete)));
        assert_eq!(command("del /a"), Ok(Command::Edit(Path::ROOT.key("a"), Method::Delete)));
    }

    #[test]
    fn a_splice_takes_any_number_of_values() {
        let items = ["[1, 2]", "\"a b\"", "{\"x\": \"] \"}"].map(|json| parse(json).unwrap()).to_vec();
        assert_eq!(
            command("splice /list -1 0 [1, 2] \"a b\"  {\"x\": \"] \"}"),
            Ok(Command::Edit(Path::ROOT.key("list"), Method::Splice { start: -1, count: 0, items }))
        );
        assert_eq!(command("splice /list 0"), Err("this goes :splice PATH START COUNT [JSON…]".to_owned()));
    }

    #[test]
    fn faults_are_named_with_the_remedy() {
        assert_eq!(command("set /list"), Err("this goes :set PATH JSON".to_owned()));
        assert_eq!(command("sett /x 1"), Err("there is no command :sett; did you mean :set?".to_owned()));
        assert!(command("set /list {").unwrap_err().starts_with("not JSON, column "));
        assert!(command("set list 1").unwrap_err().starts_with("bad path"));
    }
}
