//! Looking for something in the whole document, a bounded piece at a time, so that no key waits.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::rows::{child_at, position};
use crate::document::{Kind, Path, Step, Value};

/// Places looked at in one piece of work: some milliseconds.
const PIECE: usize = 20_000;

/// Bytes of text that nobody has read and that are searched as one.
const UNREAD_BYTES: usize = 1 << 20;

/// Bytes of such text that count as one more place.
const UNREAD_BYTES_PER_PLACE: usize = 128;

/// Bytes of text that count as one more place.
const BYTES_PER_PLACE: usize = 256;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    text: String,
    pattern: Regex,
    /// Found in every text that holds a match, if there is such a pattern: what it is not found in
    /// need not be read.
    anywhere: Option<Regex>,
    /// Only whole keys count.
    keys_only: bool,
}

impl Search {
    /// Looks for a regular expression; its case counts when it holds a capital.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn text(text: &str) -> Result<Self, String> {
        let has_capital = text.chars().any(char::is_uppercase);
        let pattern = RegexBuilder::new(text).case_insensitive(!has_capital).build();
        let pattern = pattern.map_err(|error| match error.to_string().lines().last() {
            Some(last) => {
                format!("{} (\\ before a character takes it as it is)", last.trim_start_matches("error: "))
            }
            None => "this is no regular expression".to_owned(),
        })?;
        // Where a string begins and ends makes no difference to what has none of these.
        let anywhere = (!text.contains(['^', '$', '\\'])).then(|| pattern.clone());
        Ok(Self { text: text.to_owned(), pattern, anywhere, keys_only: false })
    }

    /// Looks for a key, as a whole.
    pub fn key(key: &str) -> Option<Self> {
        let pattern = Regex::new(&format!("^{}$", regex::escape(key))).ok()?;
        let anywhere = Regex::new(&regex::escape(key)).ok();
        Some(Self { text: key.to_owned(), pattern, anywhere, keys_only: true })
    }

    /// Whether nothing in a JSON text can match, as far as that shows without reading it. Where
    /// there are escapes, it does not.
    pub(super) fn is_ruled_out_in(&self, text: &str) -> bool {
        text.len() <= UNREAD_BYTES
            && self.anywhere.as_ref().is_some_and(|anywhere| !text.contains('\\') && !anywhere.is_match(text))
    }

    /// What it looks for, in words.
    pub fn describe(&self) -> String {
        if self.keys_only { format!("the key {:?}", self.text) } else { format!("{:?}", self.text) }
    }

    /// Whether what is at a step, or the step's key, is looked for.
    pub fn matches(&self, step: Option<&Step>, value: &Value) -> bool {
        let key = match step {
            Some(Step::Key(key)) => self.pattern.is_match(&key.plain()),
            Some(Step::Index(_)) | None => false,
        };
        key || (!self.keys_only && self.matches_scalar(value))
    }

    /// Where in a text on the screen it is, in bytes; a key only as a whole.
    pub(super) fn found_in(&self, shown: &str, is_key: bool) -> Vec<Range<usize>> {
        if self.keys_only && !is_key {
            return Vec::new();
        }
        let found = self.pattern.find_iter(shown).map(|found| found.range());
        found.filter(|range| !range.is_empty()).collect()
    }

    fn matches_scalar(&self, value: &Value) -> bool {
        match value.kind() {
            Kind::String => value.as_text().is_some_and(|text| self.pattern.is_match(&text.plain())),
            Kind::Number => value.as_number().is_some_and(|text| self.pattern.is_match(text)),
            Kind::Bool | Kind::Null => self.pattern.is_match(&value.to_string()),
            Kind::Array | Kind::Object => false,
        }
    }

    /// Begins to look for the next match after `from` in the order of the document, past the end
    /// on from the start; `from` itself comes last.
    pub fn seek(&self, root: &Value, from: &Path, backwards: bool) -> Seek {
        Seek { search: self.clone(), walk: Walk::to(root, from), backwards, wrapped: false }
    }
}

/// A match being looked for.
#[derive(Clone, Debug)]
pub struct Seek {
    /// What for.
    pub search: Search,
    walk: Walk,
    /// Whether towards the start.
    pub backwards: bool,
    wrapped: bool,
}

/// How far a piece of work has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Not to the end.
    Further,
    /// Here; second: whether past the end and on from the other one.
    At(Path, bool),
    /// There is none.
    Nowhere,
}

impl Seek {
    /// Looks a piece further.
    pub fn step(&mut self) -> Sought {
        let mut piece = Piece::default();
        while piece.goes_on() {
            let skips = |text: &str| {
                piece.passed(text);
                piece.goes_on() && self.search.is_ruled_out_in(text)
            };
            let moved = if self.backwards { self.walk.back() } else { self.walk.on_past(skips) };
            if !moved {
                if self.wrapped {
                    return Sought::Nowhere;
                }
                self.wrapped = true;
                self.walk = if self.backwards {
                    Walk::to_last(&self.walk.root)
                } else {
                    Walk::to(&self.walk.root, &Path::ROOT)
                };
            }
            let (step, value) = self.walk.here();
            piece.looked_at(&value);
            if self.search.matches(step.as_ref(), &value) {
                return Sought::At(self.walk.path(), self.wrapped);
            }
        }
        Sought::Further
    }
}

/// A bounded piece of work.
#[derive(Debug, Default)]
pub(super) struct Piece(usize);

impl Piece {
    pub(super) fn goes_on(&self) -> bool {
        self.0 < PIECE
    }

    /// Unread text was searched.
    pub(super) fn passed(&mut self, text: &str) {
        self.0 += text.len() / UNREAD_BYTES_PER_PLACE;
    }

    pub(super) fn looked_at(&mut self, value: &Value) {
        self.0 += 1 + value.as_text().map_or(0, |text| text.raw().len() / BYTES_PER_PLACE);
    }
}

/// A place in the order of the document, open or closed. It keeps the version it walks in.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    root: Value,
    way: Vec<(Value, usize)>,
}

impl Walk {
    pub(super) fn to(root: &Value, path: &Path) -> Self {
        let mut walk = Self { root: root.clone(), way: Vec::new() };
        let mut value = root;
        for step in path.steps() {
            let Some((at, child)) = position(value, step).zip(value.get(step)) else { break };
            walk.way.push((value.clone(), at));
            value = child;
        }
        walk
    }

    fn to_last(root: &Value) -> Self {
        let mut walk = Self { root: root.clone(), way: Vec::new() };
        walk.descend_last();
        walk
    }

    fn descend_last(&mut self) {
        let mut value = self.here().1;
        while let Some(last) = value.len().checked_sub(1) {
            self.way.push((value, last));
            value = self.here().1;
        }
    }

    pub(super) fn here(&self) -> (Option<Step>, Value) {
        match self.way.last().and_then(|(value, at)| child_at(value, *at)) {
            Some((step, child)) => (Some(step), child.clone()),
            None => (None, self.root.clone()),
        }
    }

    pub(super) fn path(&self) -> Path {
        self.way.iter().filter_map(|(value, at)| child_at(value, *at).map(|(step, _)| step)).collect()
    }

    pub(super) fn on(&mut self) -> bool {
        self.on_past(|_| false)
    }

    /// Goes on to the next place, past those in texts that nobody has read and that `skips` says
    /// are of no interest.
    pub(super) fn on_past(&mut self, mut skips: impl FnMut(&str) -> bool) -> bool {
        let (_, here) = self.here();
        let is_entered = !here.is_empty() && !here.unread_text().is_some_and(&mut skips);
        let mut next = is_entered.then_some((here, 0));
        loop {
            let Some((around, mut at)) = next.or_else(|| self.way.pop().map(|(around, at)| (around, at + 1)))
            else {
                return false;
            };
            while let Some((count, _)) = around.unread_run(at).filter(|(_, text)| skips(text)) {
                at += count;
            }
            if at < around.len() {
                self.way.push((around, at));
                return true;
            }
            next = None;
        }
    }

    fn back(&mut self) -> bool {
        match self.way.last_mut() {
            None => false,
            Some((_, 0)) => {
                self.way.pop();
                true
            }
            Some((_, at)) => {
                *at -= 1;
                self.descend_last();
                true
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::Text;

    fn sample() -> Value {
        let inner = Value::object([(Text::new("name"), Value::string("Ann")), (Text::new("n"), Value::NULL)]);
        Value::object([
            (Text::new("list"), Value::array([Value::bool(true), inner])),
            (Text::new("Name"), Value::string("ann")),
        ])
    }

    fn found(search: &Search, from: &Path, backwards: bool) -> Option<(String, bool)> {
        match search.seek(&sample(), from, backwards).step() {
            Sought::At(path, wrapped) => Some((path.to_jq(), wrapped)),
            Sought::Nowhere => None,
            Sought::Further => panic!("a small document is one piece"),
        }
    }

    #[test]
    fn a_search_goes_on_from_the_cursor_and_around_the_end() {
        let search = Search::text("ann").unwrap();
        let first = Path::ROOT.key("list").index(1).key("name");
        assert_eq!(found(&search, &Path::ROOT, false), Some((".list[1].name".to_owned(), false)));
        assert_eq!(found(&search, &first, false), Some((".Name".to_owned(), false)));
        assert_eq!(found(&search, &Path::ROOT.key("Name"), false), Some((".list[1].name".to_owned(), true)));
        assert_eq!(found(&search, &first, true), Some((".Name".to_owned(), true)));
        assert_eq!(found(&search, &Path::ROOT.key("Name"), true), Some((".list[1].name".to_owned(), false)));
    }

    #[test]
    fn what_nobody_has_read_is_searched_as_what_somebody_has() {
        let record = |number: usize| {
            format!(
                r#"{{"id": {number}, "name": "n\u006f {number}", "tags": ["a{number}", null], "x{number}": [[]]}}"#
            )
        };
        let text = format!("[{}]", (0..300).map(record).collect::<Vec<_>>().join(",\n"));
        let grain = crate::document::Grain { span: 20, page: 4 };
        let whole = crate::document::parse(&text).unwrap();
        let after = Path::ROOT.index(7).key("id");
        for pattern in ["a299", "no 299", "^a250$", "x2[0-9]9", "null", "nothing", "29", "N"] {
            let mut answers = Vec::new();
            for from in [&Path::ROOT, &after] {
                let unread = crate::document::Source::with_grain(text.clone(), grain).read().unwrap().value;
                for search in [Search::text(pattern).ok(), Search::key(pattern)].into_iter().flatten() {
                    let [read, unread] = [&whole, &unread].map(|root| {
                        let mut seek = search.seek(root, from, false);
                        std::iter::repeat_with(|| seek.step()).find(|sought| *sought != Sought::Further)
                    });
                    assert_eq!(read, unread, "{pattern}");
                    answers.push(read);
                }
            }
            let is_found = answers.iter().any(|answer| *answer != Some(Sought::Nowhere));
            assert_eq!(is_found, !["nothing", "N"].contains(&pattern), "{pattern}");
        }
    }

    #[test]
    fn a_capital_makes_case_count_and_a_key_is_found_as_a_whole() {
        assert_eq!(
            found(&Search::text("Ann").unwrap(), &Path::ROOT.key("Name"), false),
            Some((".list[1].name".to_owned(), true))
        );
        assert_eq!(
            found(&Search::key("n").unwrap(), &Path::ROOT, false),
            Some((".list[1].n".to_owned(), false))
        );
        assert_eq!(found(&Search::text("absent").unwrap(), &Path::ROOT, false), None);
        assert_eq!(found(&Search::text("absent").unwrap(), &Path::ROOT, true), None);
    }
}
