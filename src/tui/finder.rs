//! Lists to choose from while typing: what can be done, places like a text, everything that
//! matches a search. Places are looked through a bounded piece at a time.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::action::{ACTIONS, COMMANDS, CommandEntry, Entry};
use super::keymap::{Keymap, shown_keys};
use super::line::Line;
use super::search::{Piece, Search, Walk};
use crate::document::{Path, Value};

/// Matches of a search that are listed; more are only counted.
const LISTED: usize = 10_000;

/// Places like a text that are listed, the likest first.
const LIKEST: usize = 200;

/// Something that can be done.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// By a key.
    Action(&'static Entry),
    /// By a command.
    Command(&'static CommandEntry),
}

impl Item {
    /// How it is done.
    pub fn keys(self, keymap: &Keymap) -> String {
        match self {
            Self::Action(entry) => match keymap.keys(entry.action) {
                [first, .., last] if entry.keys.len() > 4 => {
                    format!("{}–{}", shown_keys(first), shown_keys(last))
                }
                keys => keys.iter().map(|keys| shown_keys(keys)).collect::<Vec<_>>().join("  "),
            },
            Self::Command(entry) => entry.usage.to_owned(),
        }
    }

    /// What it does.
    pub fn help(self) -> &'static str {
        match self {
            Self::Action(entry) => entry.help,
            Self::Command(entry) => entry.help,
        }
    }

    /// The heading it stands under.
    pub fn section(self) -> &'static str {
        match self {
            Self::Action(entry) => entry.action.section().title(),
            Self::Command(_) => "Commands",
        }
    }

    fn searched(self, keymap: &Keymap) -> String {
        let name = match self {
            Self::Action(entry) => entry.name,
            Self::Command(entry) => entry.name,
        };
        format!("{name} {} {}", self.help(), self.keys(keymap))
    }
}

/// A list of what can be done, narrowed down by what is typed.
#[derive(Clone, Debug, Default)]
pub struct Menu {
    /// What is typed.
    pub line: Line,
    /// Which is chosen.
    pub chosen: usize,
    /// Whether the likest comes first (the palette), instead of the order of the help.
    pub is_palette: bool,
}

impl Menu {
    /// What is in the list.
    pub fn items(&self, keymap: &Keymap) -> Vec<Item> {
        let mut all: Vec<Item> = Vec::with_capacity(ACTIONS.len() + COMMANDS.len());
        let mut sections: Vec<&str> = Vec::new();
        for entry in ACTIONS {
            let title = entry.action.section().title();
            if !sections.contains(&title) {
                sections.push(title);
            }
        }
        for section in sections {
            all.extend(ACTIONS.iter().map(Item::Action).filter(|item| item.section() == section));
        }
        all.extend(COMMANDS.iter().map(Item::Command));
        if self.is_palette {
            return likest(all, self.line.text(), |item| item.searched(keymap));
        }
        let wanted = self.line.text().to_lowercase();
        all.retain(|item| item.searched(keymap).to_lowercase().contains(&wanted));
        all
    }
}

fn likest<T>(all: Vec<T>, text: &str, said: impl Fn(&T) -> String) -> Vec<T> {
    let mut likeness = Likeness::new(text);
    let mut scored: Vec<(u32, T)> =
        all.into_iter().filter_map(|item| Some((likeness.score(&said(&item))?, item))).collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, item)| item).collect()
}

/// How like a text others are.
struct Likeness {
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Likeness {
    fn new(text: &str) -> Self {
        let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
        Self { pattern, matcher: Matcher::new(Config::DEFAULT.match_paths()), buffer: Vec::new() }
    }

    fn score(&mut self, said: &str) -> Option<u32> {
        let said = Utf32Str::new(said, &mut self.buffer);
        self.pattern.score(said, &mut self.matcher)
    }
}

/// What places are looked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Those whose path is like what is typed.
    Places,
    /// Those that match the regular expression typed; the error when it is none.
    Matches(Result<Search, String>),
}

/// A list of places, growing while the document is looked through.
#[derive(Clone, Debug)]
pub struct Finder {
    /// What is typed.
    pub line: Line,
    /// What is looked for.
    pub wanted: Wanted,
    /// The version that is looked through.
    pub root: Value,
    /// The places found, each with how like it is.
    pub found: Vec<(u32, Path)>,
    /// How many there are, listed or not.
    pub total: usize,
    /// Which is chosen; nothing while that is not chosen by hand.
    pub chosen: Option<usize>,
    /// What remains to be looked through; nothing once that is all.
    rest: Option<Walk>,
    is_at_start: bool,
}

impl Finder {
    /// Looks for places by their paths.
    pub fn of_places(root: &Value) -> Self {
        Self::new(root, Wanted::Places)
    }

    /// Looks for matches of a regular expression.
    pub fn of_matches(root: &Value) -> Self {
        Self::new(root, Wanted::Matches(Search::text("")))
    }

    fn new(root: &Value, wanted: Wanted) -> Self {
        Self {
            line: Line::default(),
            wanted,
            root: root.clone(),
            found: Vec::new(),
            total: 0,
            chosen: None,
            rest: None,
            is_at_start: false,
        }
    }

    /// Begins anew, after what is typed has changed.
    pub fn restart(&mut self) {
        (self.found, self.total, self.chosen, self.rest) = (Vec::new(), 0, None, None);
        if let Wanted::Matches(search) = &mut self.wanted {
            *search = Search::text(self.line.text());
            if search.is_err() {
                return;
            }
        }
        if !self.line.text().is_empty() {
            self.rest = Some(Walk::to(&self.root, &Path::ROOT));
            self.is_at_start = true;
        }
    }

    /// Whether the document has not been looked through to its end.
    pub fn is_at_work(&self) -> bool {
        self.rest.is_some()
    }

    /// Looks a piece further.
    pub fn step(&mut self) {
        let Some(mut walk) = self.rest.take() else { return };
        let mut likeness = Likeness::new(self.line.text());
        let mut piece = Piece::default();
        loop {
            let moved = match &self.wanted {
                _ if self.is_at_start => true,
                // What nobody has read and cannot match need not be.
                Wanted::Matches(Ok(search)) => walk.on_past(|text| {
                    piece.passed(text);
                    piece.goes_on() && search.is_ruled_out_in(text)
                }),
                Wanted::Matches(Err(_)) | Wanted::Places => walk.on(),
            };
            if !moved {
                return;
            }
            self.is_at_start = false;
            let (step, value) = walk.here();
            piece.looked_at(&value);
            match &self.wanted {
                Wanted::Matches(Ok(search)) => {
                    if search.matches(step.as_ref(), &value) {
                        self.total += 1;
                        if self.found.len() < LISTED {
                            self.found.push((0, walk.path()));
                        }
                    }
                }
                Wanted::Matches(Err(_)) => return,
                Wanted::Places => {
                    let path = walk.path();
                    if let Some(score) = likeness.score(&path.to_jq()) {
                        self.total += 1;
                        self.keep_likest(score, path);
                    }
                }
            }
            if !piece.goes_on() {
                self.rest = Some(walk);
                return;
            }
        }
    }

    fn keep_likest(&mut self, score: u32, path: Path) {
        // Of equally like places the shortest path, then the first, comes first.
        let rank = |score: u32, path: &Path| (std::cmp::Reverse(score), path.steps().len());
        let at = self.found.partition_point(|(other, theirs)| rank(*other, theirs) <= rank(score, &path));
        if at < LIKEST {
            self.found.insert(at, (score, path));
            self.found.truncate(LIKEST);
        }
    }

    /// The place chosen by hand, else the one at `default`.
    pub fn choice(&self, default: usize) -> usize {
        self.chosen.unwrap_or(default).min(self.found.len().saturating_sub(1))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::parse;

    #[test]
    fn the_likest_places_come_first() {
        let root =
            parse(r#"{"customers": [{"address": {"city": 1, "zip": 2}}], "cats": 3, "city": 4}"#).unwrap();
        let mut finder = Finder::of_places(&root);
        finder.line = Line::new("city");
        finder.restart();
        finder.step();
        let found: Vec<String> = finder.found.iter().map(|(_, path)| path.to_jq()).collect();
        assert_eq!(found, [".city", ".customers[0].address.city"]);
        assert!(!finder.is_at_work());
    }

    #[test]
    fn a_long_document_is_looked_through_in_pieces() {
        let root = Value::array((0..50_000_i32).map(|at| Value::from(i64::from(at))));
        let mut finder = Finder::of_matches(&root);
        finder.line = Line::new("^[1-4]");
        finder.restart();
        let mut pieces = 0;
        while finder.is_at_work() {
            finder.step();
            pieces += 1;
        }
        assert!((3..5).contains(&pieces), "{pieces}");
        assert_eq!((finder.total, finder.found.len()), (44_444, 10_000));
    }

    #[test]
    fn the_palette_finds_an_action_by_parts_of_its_words() {
        let menu = Menu { line: Line::new("undo"), is_palette: true, ..Menu::default() };
        let keymap = Keymap::default();
        assert_eq!(menu.items(&keymap)[0].keys(&keymap), "u  Ctrl-_");
        let all = Menu::default().items(&keymap).len();
        assert_eq!(all, ACTIONS.len() + COMMANDS.len());
    }
}
