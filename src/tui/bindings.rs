//! Keys chosen by the person, as the configuration file says them: the name of an action and the
//! keys that do it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::action::ACTIONS;
use super::keymap::Key;

/// The actions whose keys the person has chosen: each by its position in the table of actions,
/// with its keys. What is not named keeps the keys of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<ActionName, Vec<Sequence>>")]
pub struct Bindings(pub(super) Vec<(usize, Vec<String>)>);

/// The position of an action in the table, read from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct ActionName(usize);

/// The keys of a sequence, with blanks between them.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Sequence(String);

impl TryFrom<String> for ActionName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if let Some(at) = ACTIONS.iter().position(|entry| entry.name == name) {
            return Ok(Self(at));
        }
        let close = ACTIONS
            .iter()
            .min_by_key(|entry| strsim::damerau_levenshtein(entry.name, &name))
            .map(|entry| entry.name);
        let close = close.filter(|close| strsim::damerau_levenshtein(close, &name) <= 3);
        let remedy = match close {
            Some(close) => format!("did you mean {close:?}?"),
            None => "`ultrawave man` lists the actions under KEYS".to_owned(),
        };
        Err(format!("there is no action {name:?}; {remedy}"))
    }
}

impl TryFrom<String> for Sequence {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let keys: Option<Vec<Key>> = parts.iter().map(|part| Key::named(part)).collect();
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            return Err(format!(
                "{text:?} is no key; keys are letters and names such as Enter, F2, Ctrl-r, Alt-Up, \
                 and those of a sequence are parted by blanks (\"g g\")"
            ));
        };
        if keys.first().is_some_and(|first| first.digit().is_some()) {
            return Err(format!("{text:?} begins with a digit, and digits are counts"));
        }
        Ok(Self(keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")))
    }
}

/// Whether one sequence is the beginning of the other, so that both cannot be told apart.
pub(super) fn collide(left: &str, right: &str) -> bool {
    let (left, right) = (left.split(' '), right.split(' '));
    left.zip(right).all(|(left, right)| Key::named(left) == Key::named(right))
}

impl TryFrom<BTreeMap<ActionName, Vec<Sequence>>> for Bindings {
    type Error = String;

    fn try_from(chosen: BTreeMap<ActionName, Vec<Sequence>>) -> Result<Self, String> {
        let mut taken: Vec<(&str, &'static str)> = Vec::new();
        for (name, sequences) in &chosen {
            let Some(entry) = ACTIONS.get(name.0) else { continue };
            for Sequence(keys) in sequences {
                if let Some((other, by)) = taken.iter().find(|(other, _)| collide(other, keys)) {
                    return Err(format!(
                        "{keys:?} for {} and {other:?} for {by} are in each other's way",
                        entry.name
                    ));
                }
                taken.push((keys, entry.name));
            }
        }
        let plain = |sequences: Vec<Sequence>| sequences.into_iter().map(|Sequence(keys)| keys).collect();
        Ok(Self(chosen.into_iter().map(|(name, sequences)| (name.0, plain(sequences))).collect()))
    }
}
