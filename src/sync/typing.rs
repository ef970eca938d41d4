//! The text form of typing: keystrokes in a row are one element among the changes of a message,
//! `[CLOCK,"type",PATH,…PARTS]`, and a byte or two each.
//!
//! CLOCK is that of the first change; each further one has the author's next tick. The parts move a
//! cursor in the string at PATH: a number puts it there, each letter of a string is a change that
//! inserts it there, and `-3` is three changes that each take the letter before it away.

use std::sync::Arc;

use super::wire::{ChangeError, change_clock, read_path, write_change, write_head, write_number, wrong};
use super::{Author, Change, Tick, VectorClock};
use crate::document::{Method, Path, Text, Value};
use crate::limits;

/// What stands where a method would.
pub(super) const TYPE: &str = "type";

/// A change to one letter of a string: the place of the letter, and what is inserted there; else it is
/// taken away.
#[derive(Clone, Copy)]
struct Keystroke<'a> {
    start: u32,
    letter: Option<&'a Text>,
}

impl<'a> Keystroke<'a> {
    fn of(change: &'a Change) -> Option<Self> {
        let Method::Splice { start, count, items } = &change.method else { return None };
        let start = u32::try_from(*start).ok().filter(|&start| start < u32::MAX)?;
        match (count, items.as_slice()) {
            (0, [item]) => {
                let letter = item.as_text()?;
                let is_one = letter.scalar_count() == 1 && !letter.has_lone_surrogate();
                is_one.then_some(Self { start, letter: Some(letter) })
            }
            (1, []) => Some(Self { start, letter: None }),
            _ => None,
        }
    }
}

/// Writes changes as a JSON array, those that are typing together.
pub(crate) fn write_changes(mut changes: &[Arc<Change>], out: &mut String) {
    out.push('[');
    while let Some(first) = changes.first() {
        let count = typed_in_a_row(changes);
        let (run, rest) = changes.split_at_checked(count.max(1)).unwrap_or_default();
        // One keystroke is a change like others.
        if count > 1 {
            write_typing(first, run, out);
        } else {
            write_change(first, out);
        }
        changes = rest;
        if !changes.is_empty() {
            out.push(',');
        }
    }
    out.push(']');
}

/// How many of the first changes are one author's keystrokes in one string, each made on the one before.
fn typed_in_a_row(changes: &[Arc<Change>]) -> usize {
    let follows = |pair: &&[Arc<Change>]| {
        let [one, next] = *pair else { return false };
        next.goes_on_from(one) && next.path == one.path && Keystroke::of(next).is_some()
    };
    let is_typing = changes.first().is_some_and(|first| Keystroke::of(first).is_some());
    let more = || changes.windows(2).take(limits::RUN_CHANGES - 1).take_while(follows).count();
    if is_typing { more() + 1 } else { 0 }
}

fn write_typing(first: &Change, run: &[Arc<Change>], out: &mut String) {
    write_head(first, TYPE, out);
    let mut cursor = None;
    // What has been begun and may go on: a string, or so many letters taken away.
    let (mut is_open, mut taken) = (false, 0);
    for Keystroke { start, letter } in run.iter().filter_map(|change| Keystroke::of(change)) {
        let from = if letter.is_some() { start } else { start + 1 };
        let is_moved = cursor != Some(from);
        if is_open && (is_moved || letter.is_none()) {
            out.push('"');
            is_open = false;
        }
        if taken > 0 && (is_moved || letter.is_some()) {
            write_taken(&mut taken, out);
        }
        if is_moved {
            out.push(',');
            write_number(from.into(), out);
        }
        if let Some(letter) = letter {
            out.push_str(if is_open { "" } else { ",\"" });
            is_open = true;
            out.push_str(letter.raw());
            cursor = Some(start + 1);
        } else {
            taken += 1;
            cursor = Some(start);
        }
    }
    if is_open {
        out.push('"');
    }
    if taken > 0 {
        write_taken(&mut taken, out);
    }
    out.push(']');
}

fn write_taken(taken: &mut u64, out: &mut String) {
    out.push_str(",-");
    write_number(std::mem::take(taken), out);
}

/// Makes the changes of a run from its parts.
pub(super) struct Typist<'a> {
    author: Author,
    /// Of the next change.
    clock: VectorClock,
    tick: Tick,
    path: Path,
    cursor: Option<u32>,
    /// How many more there may be.
    left: usize,
    changes: &'a mut Vec<Arc<Change>>,
}

/// Why a part of a run is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// Letters before any place for them.
    NoPlace,
    /// A place that no string has, or letters to be taken away that are not there.
    OutOfRange,
    /// More changes than a run may have, or ticks than an author.
    TooMany,
}

impl<'a> Typist<'a> {
    /// The changes are added to `changes`; `clock` is that of the first.
    pub(super) fn new(
        author: Author, clock: VectorClock, path: Path, changes: &'a mut Vec<Arc<Change>>,
    ) -> Self {
        let tick = clock.get(author);
        Self { author, clock, tick, path, cursor: None, left: limits::RUN_CHANGES, changes }
    }

    /// Puts the cursor somewhere.
    pub(super) fn go(&mut self, to: u64) -> Result<(), Slip> {
        self.cursor = Some(u32::try_from(to).ok().ok_or(Slip::OutOfRange)?);
        Ok(())
    }

    /// Types each letter of a text.
    pub(super) fn insert(&mut self, text: &Text) -> Result<(), Slip> {
        if !text.is_escaped() && text.raw_bytes().is_ascii() {
            return text.raw_bytes().iter().try_for_each(|&byte| self.letter(Text::letter(byte)));
        }
        text.pieces().try_for_each(|letter| self.letter(Text::from_raw(letter)))
    }

    fn letter(&mut self, letter: Text) -> Result<(), Slip> {
        let start = self.cursor.ok_or(Slip::NoPlace)?;
        self.cursor = Some(start.checked_add(1).ok_or(Slip::OutOfRange)?);
        self.make(start, 0, vec![Value::from_text(letter)])
    }

    /// Takes so many letters before the cursor away, one by one.
    pub(super) fn take(&mut self, count: u64) -> Result<(), Slip> {
        for _ in 0..count {
            let before = self.cursor.ok_or(Slip::NoPlace)?.checked_sub(1).ok_or(Slip::OutOfRange)?;
            self.cursor = Some(before);
            self.make(before, 1, Vec::new())?;
        }
        Ok(())
    }

    fn make(&mut self, start: u32, count: i64, items: Vec<Value>) -> Result<(), Slip> {
        self.left = self.left.checked_sub(1).ok_or(Slip::TooMany)?;
        if self.tick > limits::TICKS {
            return Err(Slip::TooMany);
        }
        self.clock.set(self.author, self.tick);
        self.tick += 1;
        self.changes.push(Arc::new(Change {
            author: self.author,
            clock: self.clock.clone(),
            path: self.path.clone(),
            method: Method::Splice { start: start.into(), count, items },
        }));
        Ok(())
    }
}

/// Whether a payload is a run of keystrokes.
pub(super) fn is_typing(payload: &Value) -> bool {
    payload.index(1).and_then(Value::as_text).is_some_and(|word| word.plain() == TYPE)
}

/// Reads a run of keystrokes.
pub(super) fn read_typing(payload: &Value, changes: &mut Vec<Arc<Change>>) -> Result<(), ChangeError> {
    let mut parts = payload.elements();
    let mut next = || parts.next().cloned().unwrap_or(Value::NULL);
    let (clock, _, path) = (next(), next(), next());
    let (author, clock) = change_clock(&clock)?;
    let path = read_path(&path)?;
    let method = Method::Splice { start: 0, count: 0, items: Vec::new() };
    method.check(&path).map_err(|error| ChangeError(format!("the typing: {error}")))?;
    let mut typist = Typist::new(author, clock, path, changes);
    for part in parts {
        let typed = match (part.as_text(), part.as_number()) {
            (Some(text), _) => typist.insert(text),
            (None, Some(number)) => match number.strip_prefix('-') {
                Some(count) => count.parse().map_or(Err(Slip::OutOfRange), |count| typist.take(count)),
                None => number.parse().map_or(Err(Slip::OutOfRange), |place| typist.go(place)),
            },
            (None, None) => return wrong("a part of the typing", "a string or an integer", part),
        };
        let most = limits::RUN_CHANGES;
        typed.map_err(|slip| {
            ChangeError(match slip {
                Slip::NoPlace => "the typing begins without saying where".to_owned(),
                Slip::OutOfRange => "the typing leads out of every string".to_owned(),
                Slip::TooMany => format!("the typing has more than {most} keystrokes, or too high a tick"),
            })
        })?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::parse;
    use crate::sync::{encode_change, read_changes, read_changes_message};

    const HEAD: &str = r#"[{"id":2,"ticks":{"1":7,"2":3}},"type",["s"]"#;

    /// The changes of a message with these elements, by both readers.
    fn read(elements: &str) -> Result<Vec<Arc<Change>>, ChangeError> {
        let text = format!(r#"["changes",[{elements}]]"#);
        let slowly = read_changes(&parse(&format!("[{elements}]")).unwrap(), limits::MESSAGE_CHANGES);
        let directly = read_changes_message(&text).map(|(changes, rest)| {
            assert_eq!(rest, "]");
            changes
        });
        assert_eq!(directly.as_ref(), slowly.as_ref().ok(), "{elements}");
        slowly
    }

    fn written(changes: &[Arc<Change>]) -> String {
        let mut text = String::new();
        write_changes(changes, &mut text);
        text
    }

    #[test]
    fn keystrokes_in_a_row_are_one_element() {
        let typed = read(&format!(r#"{HEAD},5,"a\nü😀\ud83d\ude00",-2,"b",0,"c"]"#)).unwrap();
        let mut expected = Vec::new();
        for (tick, rest) in [
            r#"5,0,"a""#,
            r#"6,0,"\n""#,
            r#"7,0,"ü""#,
            r#"8,0,"😀""#,
            r#"9,0,"\ud83d\ude00""#,
            "9,1",
            "8,1",
            r#"8,0,"b""#,
            r#"0,0,"c""#,
        ]
        .into_iter()
        .enumerate()
        {
            let tick = tick + 3;
            expected.push(format!(
                r#"["change",[{{"id":2,"ticks":{{"1":7,"2":{tick}}}}},"splice",["s"],{rest}]]"#
            ));
        }
        let one_by_one: Vec<String> = typed.iter().map(|change| encode_change(change)).collect();
        assert_eq!(one_by_one, expected);
        assert_eq!(written(&typed), format!(r#"[{HEAD},5,"a\nü😀\ud83d\ude00",-2,"b",0,"c"]]"#));
    }

    #[test]
    fn what_is_no_typing_is_written_by_itself() {
        let clock = |tick: u64| format!(r#"{{"id":2,"ticks":{{"1":7,"2":{tick}}}}}"#);
        let element = |tick: u64, rest: &str| format!("[{},{rest}]", clock(tick));
        let key = |tick: u64, start: u64| element(tick, &format!(r#""splice",["s"],{start},0,"x""#));
        let other_clock = r#"[{"id":2,"ticks":{"1":8,"2":4}},"splice",["s"],6,0,"x"]"#.to_owned();
        for second in [
            key(5, 6),
            other_clock,
            element(4, r#""splice",["t"],6,0,"x""#),
            element(4, r#""splice",["s"],6,0,"xy""#),
            element(4, r#""splice",["s"],6,0,"\ud800""#),
            element(4, r#""splice",["s"],6,0,"""#),
            element(4, r#""splice",["s"],6,0,1"#),
            element(4, r#""splice",["s"],6,2"#),
            element(4, r#""splice",["s"],-1,0,"x""#),
            element(4, r#""splice",["s"],4294967295,0,"x""#),
            element(4, r#""set",["s"],"x""#),
        ] {
            let elements = format!("{},{second}", key(3, 5));
            assert_eq!(written(&read(&elements).unwrap()), format!("[{elements}]"));
        }
    }

    #[test]
    fn long_typing_is_cut() {
        let typed: Vec<String> = (0..300)
            .map(|at| format!(r#"[{{"id":1,"ticks":{{"1":{}}}}},"splice",[],{at},0,"x"]"#, at + 1))
            .collect();
        let changes = read(&typed.join(",")).unwrap();
        let text = written(&changes);
        assert_eq!(text.matches("type").count(), 300_usize.div_ceil(limits::RUN_CHANGES));
        let again = read(text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap()).unwrap();
        assert_eq!(again, changes);
    }

    #[test]
    fn bad_typing_is_refused() {
        let long = format!(r#"{HEAD},0,"{}"]"#, "x".repeat(limits::RUN_CHANGES + 1));
        let late = format!(r#"[{{"id":2,"ticks":{{"2":{}}}}},"type",[],0,"ab"]"#, limits::TICKS);
        let parts = |parts: &str| format!("{HEAD},{parts}]");
        for (typing, reason) in [
            (parts(r#""a""#), "without saying where"),
            (parts("-1"), "without saying where"),
            (parts("2,-3"), "out of every string"),
            (parts("4294967295,\"ab\""), "out of every string"),
            (parts("4294967296"), "out of every string"),
            (parts("9999999999999999999999"), "out of every string"),
            (parts("1.5"), "out of every string"),
            (parts("4000000000,-1000000000"), "more than"),
            (parts("null"), "a string or an integer"),
            (parts("[1]"), "a string or an integer"),
            (long, "more than"),
            (late, "tick"),
        ] {
            let error = read(&typing).unwrap_err();
            assert!(error.0.contains(reason), "{typing}: {error}");
        }
    }
}
