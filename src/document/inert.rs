//! Texts of strangers, made fit to be shown.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a terminal or a reader could be led astray by it: control characters, and the
/// invisible ones that turn the direction of what follows or hide it. The joiners that emoji and
/// scripts are made with are not among them.
pub(super) fn is_live(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with every character that could be obeyed spelled as an escape (`\u001b`): for
/// messages that quote what a file, a peer or a person wrote.
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_live) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            live if is_live(live) && u32::from(live) <= 0xFFFF => {
                let _ = write!(shown, "\\u{:04x}", u32::from(live));
            }
            live if is_live(live) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(live));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}
