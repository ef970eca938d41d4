//! The terminal: taken over, and given back whatever happens.

use std::io::{self, Stdout, Write as _};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

use super::model::Model;
use super::view;

/// Whether the terminal is taken over, so that a panic anywhere gives it back once.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, taken over until this is dropped or the program panics.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn take() -> io::Result<Self> {
        give_back_on_panic();
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let mut screen = Self { terminal };
        screen.enter()?;
        Ok(screen)
    }

    /// Takes the terminal again, after the process was continued.
    pub(super) fn enter(&mut self) -> io::Result<()> {
        IS_TAKEN.store(true, Ordering::SeqCst);
        // Stopped from outside, the process did not give the terminal back, but the shell took
        // it: what is remembered as raw no longer is.
        disable_raw_mode()?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableMouseCapture)?;
        // `clear` would ask the terminal where its cursor is, and not every terminal answers.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    pub(super) fn draw(&mut self, model: &Model) -> io::Result<()> {
        if !IS_TAKEN.load(Ordering::SeqCst) {
            return Err(io::Error::other("a part of the program panicked"));
        }
        self.terminal.draw(|frame| view::draw(model, frame)).map(drop)
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again
    /// once it is continued.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // To the whole group, as the terminal itself would, or a parent in it that waits for this
        // process would not see that it has stopped.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        self.enter()
    }

    /// Hands a text to the terminal's clipboard (OSC 52). Whether the terminal takes it cannot be
    /// known.
    #[expect(clippy::unused_self, reason = "only while the terminal is taken")]
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, if it is taken. A terminal that is gone cannot be given back, and
/// nobody is there to be told.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}

/// Gives the terminal back before a panic of any thread is reported, or the report would be lost
/// with the screen.
fn give_back_on_panic() {
    static HOOKED: AtomicBool = AtomicBool::new(false);
    if HOOKED.swap(true, Ordering::SeqCst) {
        return;
    }
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        give_back();
        report(what);
    }));
}
