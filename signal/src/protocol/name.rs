//! What a room may be called.

use crate::limits::ROOM_NAME_CHARS;

/// What is wrong with a room's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It has no characters.
    #[error("a room's name may not be empty")]
    Empty,
    /// It has too many characters.
    #[error("a room's name may have {ROOM_NAME_CHARS} characters at most, and this one has {0}")]
    Long(usize),
    /// It begins or ends with a blank.
    #[error("a room's name may not begin or end with a blank")]
    Blank,
    /// It contains a character that cannot be seen.
    #[error("a room's name may not contain the invisible character U+{:04X}", u32::from(*.0))]
    Invisible(char),
}

/// Whether a room may have this name: 1 to [`ROOM_NAME_CHARS`] characters, all of them printable,
/// no blank at either end. Names are compared byte by byte.
///
/// # Errors
/// What is wrong with it.
pub fn check_room_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let count = name.chars().count();
    if count > ROOM_NAME_CHARS {
        return Err(NameError::Long(count));
    }
    if let Some(invisible) = name.chars().find(|&character| is_invisible(character)) {
        return Err(NameError::Invisible(invisible));
    }
    if name.trim() != name {
        return Err(NameError::Blank);
    }
    Ok(())
}

/// Whether it cannot be seen: control characters, line separators, and what hides or reorders its
/// neighbours. The joiners U+200C and U+200D are left: some scripts and many emoji need them.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}
