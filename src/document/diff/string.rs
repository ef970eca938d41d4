//! Strings that share letters.

use super::splice;
use crate::document::{Method, Text, Value};

/// How many code points two strings share at their beginning and at their end.
struct Shared {
    prefix: usize,
    suffix: usize,
    old: usize,
    new: usize,
}

impl Shared {
    fn of(old: &Text, new: &Text) -> Self {
        let (old, new): (Vec<u32>, Vec<u32>) = (old.units().collect(), new.units().collect());
        let prefix = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let rest = old.len().min(new.len()) - prefix;
        let suffix =
            old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
        Self { prefix, suffix, old: old.len(), new: new.len() }
    }
}

/// The one splice that turns a string into another: nothing when they are no strings, share no
/// letters, or have no positions to splice at.
pub(super) fn splice_between(old: &Value, new: &Value) -> Option<Method> {
    let (old, new) = (old.as_text()?, new.as_text()?);
    if old.has_lone_surrogate() || new.has_lone_surrogate() {
        return None;
    }
    let shared = Shared::of(old, new);
    let kept = shared.prefix + shared.suffix;
    if kept == 0 && shared.old > 0 && shared.new > 0 {
        return None;
    }
    // In the spelling of the new one.
    let inserted: String = new.pieces().skip(shared.prefix).take(shared.new - kept).collect();
    let items =
        if inserted.is_empty() { Vec::new() } else { vec![Value::from_text(Text::from_raw(&inserted))] };
    Some(splice(shared.prefix, shared.old - kept, items))
}

/// Whether one string looks like the other, edited: half of the shorter one is shared.
pub(super) fn are_alike(old: &Text, new: &Text) -> bool {
    let shared = Shared::of(old, new);
    let kept = shared.prefix + shared.suffix;
    kept > 0 && kept * 2 >= shared.old.min(shared.new)
}
