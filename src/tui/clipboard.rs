//! The clipboards: the terminal's, which can only be asked, and the desktop's, which answers.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;

/// Bytes that a terminal is asked to copy; many drop what is longer.
const LONGEST_ASKED: usize = 75_000;

/// Bytes that screen hands on at once.
const SCREEN_PIECE: usize = 76;

/// The desktop's clipboard, opened when it is first used. On X11 and Wayland whoever has copied
/// something is asked for it at every paste, so it stays open.
#[derive(Clone, Default)]
pub(super) struct Desktop(Arc<Mutex<Option<arboard::Clipboard>>>);

impl Desktop {
    /// Whether there is one to be tried.
    pub(super) fn is_there() -> bool {
        cfg!(target_os = "macos") || is_set("WAYLAND_DISPLAY") || is_set("DISPLAY")
    }

    /// Copies a text. May take as long as the desktop takes.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn copy(&self, text: String) -> Result<(), String> {
        self.with(|clipboard| clipboard.set_text(text))
    }

    /// What was copied last. May take as long as whoever has it takes.
    ///
    /// # Errors
    /// There is no desktop, or what was copied is no text.
    pub(super) fn text(&self) -> Result<String, String> {
        if !Self::is_there() {
            return Err("there is no desktop here".to_owned());
        }
        self.with(arboard::Clipboard::get_text)
    }

    fn with<T>(
        &self, act: impl FnOnce(&mut arboard::Clipboard) -> Result<T, arboard::Error>,
    ) -> Result<T, String> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clipboard = match &mut *open {
            Some(clipboard) => clipboard,
            none => none.insert(arboard::Clipboard::new().map_err(|error| error.to_string())?),
        };
        act(clipboard).map_err(|error| error.to_string())
    }
}

/// Asks the terminal to copy a text (OSC 52), through tmux or screen where one is in between. Whom
/// it asked, though not whether the terminal does it; nothing when the text is too long to ask.
///
/// # Errors
/// The terminal cannot be written to.
pub(super) fn ask_terminal(text: &str, out: &mut impl Write) -> io::Result<Option<&'static str>> {
    if text.len() > LONGEST_ASKED {
        return Ok(None);
    }
    let mut plain = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain).map_err(io::Error::other)?;
    let (sequence, whom) = if is_set("TMUX") {
        // tmux takes the plain one with `set-clipboard on`, and hands the wrapped one on with
        // `allow-passthrough on`; each is ignored without.
        (
            format!("{plain}{}", for_tmux(&plain)),
            "the terminal, through tmux (set-clipboard or allow-passthrough on),",
        )
    } else if is_set("STY") {
        (for_screen(&plain), "the terminal, through screen,")
    } else {
        (plain, "the terminal")
    };
    out.write_all(sequence.as_bytes())?;
    out.flush()?;
    Ok(Some(whom))
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// A sequence that tmux hands on to the terminal.
fn for_tmux(sequence: &str) -> String {
    format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
}

/// A sequence that screen hands on to the terminal, in the pieces it takes.
fn for_screen(sequence: &str) -> String {
    let pieces = sequence.as_bytes().chunks(SCREEN_PIECE);
    let wrapped: Vec<_> =
        pieces.map(|piece| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(piece))).collect();
    wrapped.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiplexer_hands_the_sequence_on() {
        assert_eq!(for_tmux("\x1b]52;c;QQ==\x1b\\"), "\x1bPtmux;\x1b\x1b]52;c;QQ==\x1b\x1b\\\x1b\\");
        let long = format!("\x1b]52;c;{}\x07", "A".repeat(100));
        let wrapped = for_screen(&long);
        assert_eq!(wrapped.matches("\x1bP").count(), 2);
        assert_eq!(wrapped.replace("\x1bP", "").replace("\x1b\\", ""), long);
    }
}
