//! Looking for a text in keys and values.

use regex::{Regex, RegexBuilder};

use super::rows::{child_at, position};
use crate::document::{Kind, Path, Step, Value};

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    text: String,
    pattern: Regex,
    /// Only whole keys count.
    keys_only: bool,
}

impl Search {
    /// Looks for a text; its case counts when it holds a capital.
    pub fn text(text: &str) -> Option<Self> {
        let has_capital = text.chars().any(char::is_uppercase);
        let pattern = RegexBuilder::new(&regex::escape(text)).case_insensitive(!has_capital).build();
        Some(Self { text: text.to_owned(), pattern: pattern.ok()?, keys_only: false })
    }

    /// Looks for a key, as a whole.
    pub fn key(key: &str) -> Option<Self> {
        let pattern = Regex::new(&format!("^{}$", regex::escape(key))).ok()?;
        Some(Self { text: key.to_owned(), pattern, keys_only: true })
    }

    /// What it looks for, in words.
    pub fn describe(&self) -> String {
        if self.keys_only { format!("the key {:?}", self.text) } else { format!("{:?}", self.text) }
    }

    fn matches(&self, step: Option<&Step>, value: &Value) -> bool {
        let key = match step {
            Some(Step::Key(key)) => self.pattern.is_match(&key.plain()),
            Some(Step::Index(_)) | None => false,
        };
        key || (!self.keys_only && self.matches_scalar(value))
    }

    fn matches_scalar(&self, value: &Value) -> bool {
        match value.kind() {
            Kind::String => value.as_text().is_some_and(|text| self.pattern.is_match(&text.plain())),
            Kind::Number => value.as_number().is_some_and(|text| self.pattern.is_match(text)),
            Kind::Bool | Kind::Null => self.pattern.is_match(&value.to_string()),
            Kind::Array | Kind::Object => false,
        }
    }

    /// The next match after `from` in the order of the document, past the end on from the start;
    /// `from` itself comes last. Whether it went past the end.
    pub fn find(&self, root: &Value, from: &Path, backwards: bool) -> Option<(Path, bool)> {
        let mut walk = Walk::to(root, from);
        let mut wrapped = false;
        loop {
            let moved = if backwards { walk.back() } else { walk.on() };
            if !moved {
                if wrapped {
                    return None;
                }
                wrapped = true;
                walk = if backwards { Walk::to_last(root) } else { Walk::to(root, &Path::ROOT) };
            }
            let (step, value) = walk.here();
            if self.matches(step.as_ref(), value) {
                return Some((walk.path(), wrapped));
            }
        }
    }
}

/// A place in the order of the document, open or closed.
struct Walk<'a> {
    root: &'a Value,
    way: Vec<(&'a Value, usize)>,
}

impl<'a> Walk<'a> {
    fn to(root: &'a Value, path: &Path) -> Self {
        let mut walk = Self { root, way: Vec::new() };
        let mut value = root;
        for step in path.steps() {
            let Some((at, child)) = position(value, step).zip(value.get(step)) else { break };
            walk.way.push((value, at));
            value = child;
        }
        walk
    }

    fn to_last(root: &'a Value) -> Self {
        let mut walk = Self { root, way: Vec::new() };
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

    fn here(&self) -> (Option<Step>, &'a Value) {
        match self.way.last().and_then(|(value, at)| child_at(value, *at)) {
            Some((step, child)) => (Some(step), child),
            None => (None, self.root),
        }
    }

    fn path(&self) -> Path {
        self.way.iter().filter_map(|(value, at)| child_at(value, *at).map(|(step, _)| step)).collect()
    }

    fn on(&mut self) -> bool {
        let (_, value) = self.here();
        if !value.is_empty() {
            self.way.push((value, 0));
            return true;
        }
        while let Some((value, at)) = self.way.last_mut() {
            *at += 1;
            if *at < value.len() {
                return true;
            }
            self.way.pop();
        }
        false
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
        search.find(&sample(), from, backwards).map(|(path, wrapped)| (path.to_jq(), wrapped))
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
