//! From keys to actions.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustc_hash::FxHashMap;

use super::action::{ACTIONS, Action};
use super::bindings::{Bindings, collide};

/// A key pressed. Shift is told apart only where it does not make another character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which.
    pub code: KeyCode,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
    /// With Shift.
    pub shift: bool,
}

/// Keys that have names of several letters.
const NAMES: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
];

impl Key {
    /// The key of this code without modifiers.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// The key with this name: `j`, `Enter`, `F2`, `Ctrl-r`, `Alt-Up`, `Shift-F2`.
    pub fn named(name: &str) -> Option<Self> {
        let mut key = Self::plain(KeyCode::Null);
        let mut rest = name;
        loop {
            if let Some(tail) = rest.strip_prefix("Ctrl-").filter(|tail| !tail.is_empty()) {
                (key.ctrl, rest) = (true, tail);
            } else if let Some(tail) = rest.strip_prefix("Alt-").filter(|tail| !tail.is_empty()) {
                (key.alt, rest) = (true, tail);
            } else if let Some(tail) = rest.strip_prefix("Shift-").filter(|tail| !tail.is_empty()) {
                (key.shift, rest) = (true, tail);
            } else {
                break;
            }
        }
        let mut characters = rest.chars();
        key.code = match (characters.next(), characters.as_str()) {
            (Some(only), "") => KeyCode::Char(only),
            (Some('F'), number) if number.parse::<u8>().is_ok() => KeyCode::F(number.parse().ok()?),
            _ => NAMES.iter().find(|(known, _)| *known == rest)?.1,
        };
        Some(key)
    }

    /// The digit it types, if it does.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only characters type a digit")]
    pub fn digit(self) -> Option<usize> {
        match self.code {
            KeyCode::Char(typed) if !self.ctrl && !self.alt => typed.to_digit(10).map(|digit| digit as usize),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Key {
    #[expect(clippy::wildcard_enum_match_arm, reason = "all other keys are taken as they are")]
    fn from(event: KeyEvent) -> Self {
        let has = |modifier| event.modifiers.contains(modifier);
        let (code, shift) = match event.code {
            KeyCode::BackTab => (KeyCode::Tab, true),
            // Terminals have one byte for both.
            KeyCode::Char('7') if has(KeyModifiers::CONTROL) => (KeyCode::Char('_'), false),
            KeyCode::Char(typed) => (KeyCode::Char(typed), false),
            code => (code, has(KeyModifiers::SHIFT)),
        };
        Self { code, ctrl: has(KeyModifiers::CONTROL), alt: has(KeyModifiers::ALT), shift }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift, "Shift-")] {
            formatter.write_str(if held { name } else { "" })?;
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => formatter.write_str(name),
            (None, KeyCode::Char(typed)) => write!(formatter, "{typed}"),
            (None, KeyCode::F(number)) => write!(formatter, "F{number}"),
            (None, other) => write!(formatter, "{other}"),
        }
    }
}

/// The keys of a table entry (`g g`) as they are read off the screen (`gg`).
pub fn shown_keys(keys: &str) -> String {
    let parts: Vec<&str> = keys.split(' ').collect();
    let all_letters = parts.iter().all(|part| part.chars().count() == 1);
    parts.join(if all_letters { "" } else { " " })
}

/// What the keys pressed so far come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// An action.
    Action(Action),
    /// The beginning of one or more.
    Prefix,
    /// Nothing.
    Unbound,
}

/// Which keys do what.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: FxHashMap<Vec<Key>, Resolved>,
    /// The keys of each action of the table.
    keys: Vec<Vec<String>>,
    displaced: Vec<String>,
}

impl Default for Keymap {
    /// The keys of the table of actions.
    fn default() -> Self {
        Self::new(&Bindings::default())
    }
}

impl Keymap {
    /// The keys a person has chosen, and those of the table for all else, except where they are
    /// in the way of a chosen one.
    pub fn new(chosen: &Bindings) -> Self {
        let mut keymap = Self { bound: FxHashMap::default(), keys: Vec::new(), displaced: Vec::new() };
        let taken: Vec<&String> = chosen.0.iter().flat_map(|(_, keys)| keys).collect();
        for (at, entry) in ACTIONS.iter().enumerate() {
            let mut keys: Vec<String> = Vec::new();
            match chosen.0.iter().find(|(action, _)| *action == at) {
                Some((_, own)) => keys.clone_from(own),
                None => {
                    for default in entry.keys {
                        if taken.iter().any(|taken| collide(taken, default)) {
                            keymap.displaced.push(format!(
                                "{} no longer does {}",
                                shown_keys(default),
                                entry.name
                            ));
                        } else {
                            keys.push((*default).to_owned());
                        }
                    }
                }
            }
            for keys in &keys {
                keymap.bind(keys, entry.action);
            }
            keymap.keys.push(keys);
        }
        keymap
    }

    fn bind(&mut self, keys: &str, action: Action) {
        let sequence: Vec<Key> = keys.split(' ').filter_map(Key::named).collect();
        for end in 1..sequence.len() {
            let prefix = sequence.iter().take(end).copied().collect();
            self.bound.entry(prefix).or_insert(Resolved::Prefix);
        }
        self.bound.insert(sequence, Resolved::Action(action));
    }

    /// What the keys pressed so far come to.
    pub fn resolve(&self, keys: &[Key]) -> Resolved {
        self.bound.get(keys).copied().unwrap_or(Resolved::Unbound)
    }

    /// The keys that do an action; those of a sequence are parted by blanks.
    pub fn keys(&self, action: Action) -> &[String] {
        let at = ACTIONS.iter().position(|entry| entry.action == action);
        at.and_then(|at| self.keys.get(at)).map_or(&[], Vec::as_slice)
    }

    /// Keys of the table that gave way to chosen ones, in words.
    pub fn displaced(&self) -> &[String] {
        &self.displaced
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_has_a_name_and_no_two_actions_share_one() {
        let mut seen = FxHashMap::default();
        for entry in ACTIONS {
            for keys in entry.keys {
                for key in keys.split(' ') {
                    let named = Key::named(key).unwrap_or_else(|| panic!("{key} is no key"));
                    assert_eq!(Key::named(&named.to_string()), Some(named), "{key}");
                }
                assert_eq!(seen.insert(*keys, entry.name), None, "{keys} is bound twice");
            }
        }
    }

    #[test]
    fn no_action_hides_behind_a_prefix() {
        let keymap = Keymap::default();
        for entry in ACTIONS {
            for keys in entry.keys {
                let sequence: Vec<Key> = keys.split(' ').filter_map(Key::named).collect();
                for end in 1..sequence.len() {
                    assert_eq!(keymap.resolve(&sequence[..end]), Resolved::Prefix, "{keys}");
                }
                assert_eq!(keymap.resolve(&sequence), Resolved::Action(entry.action), "{keys}");
            }
        }
    }

    #[test]
    fn shift_is_told_apart_only_where_it_makes_no_other_character() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(event), Key::named("G").unwrap());
        let event = KeyEvent::new(KeyCode::F(2), KeyModifiers::SHIFT);
        assert_eq!(Key::from(event), Key::named("Shift-F2").unwrap());
    }

    fn chosen(toml: &str) -> Result<Bindings, String> {
        toml::from_str(toml).map_err(|error| error.to_string())
    }

    #[test]
    fn chosen_keys_take_the_place_of_those_of_the_table() {
        let keymap = Keymap::new(&chosen("cut = ['x', 'Ctrl-d d']\nundo = ['Alt-u']").unwrap());
        let resolve = |keys: &str| {
            let keys: Vec<Key> = keys.split(' ').filter_map(Key::named).collect();
            keymap.resolve(&keys)
        };
        let cut = Action::Edit(super::super::action::Edit::Cut);
        assert_eq!(resolve("x"), Resolved::Action(cut));
        assert_eq!(resolve("Ctrl-d d"), Resolved::Action(cut));
        assert_eq!(resolve("d d"), Resolved::Unbound);
        assert_eq!(resolve("u"), Resolved::Unbound);
        assert_eq!(keymap.keys(cut), ["x", "Ctrl-d d"]);
        assert!(keymap.displaced().contains(&"Ctrl-d no longer does half-page-down".to_owned()));
    }

    #[test]
    fn a_wrong_binding_is_named_with_its_line_and_the_remedy() {
        let error = chosen("undo = ['u']\nundoo = ['U']").unwrap_err();
        assert!(error.contains("line 2") && error.contains("did you mean \"undo\"?"), "{error}");
        let error = chosen("\nundo = ['gg']").unwrap_err();
        assert!(error.contains("line 2") && error.contains("\"g g\""), "{error}");
        let error = chosen("undo = ['g']\nredo = ['g r']").unwrap_err();
        assert!(error.contains("undo") && error.contains("redo") && error.contains("way"), "{error}");
        assert!(chosen("undo = ['1']").unwrap_err().contains("counts"));
    }
}
