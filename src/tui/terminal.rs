//! The terminal: taken over, and given back whatever happens.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

use super::model::Model;
use super::{clipboard, view};

/// Bytes of a frame that are gathered; those of a whole screen with all its colours fit.
const FRAME_BYTES: usize = 64 << 10;

/// Whether the terminal is taken over, so that a panic anywhere gives it back once.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, taken over until this is dropped or the program panics.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn take() -> io::Result<Self> {
        give_back_on_panic();
        // A frame goes out at once, not line by line.
        let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
        let terminal = Terminal::new(CrosstermBackend::new(out))?;
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
        // A terminal that knows of this shows the frame when all of it is there.
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view::draw(model, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
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

    /// Gives the terminal back until [`enter`](Self::enter).
    #[expect(clippy::unused_self, reason = "only while the terminal is taken")]
    pub(super) fn give_back(&mut self) {
        give_back();
    }

    /// Takes the mouse, or leaves it to the terminal.
    #[expect(clippy::unused_self, reason = "only while the terminal is taken")]
    pub(super) fn mouse(&mut self, taken: bool) -> io::Result<()> {
        if taken {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Asks the terminal to copy a text. Whom it asked; nothing when the text is too long to ask.
    #[expect(clippy::unused_self, reason = "only while the terminal is taken")]
    pub(super) fn copy(&mut self, text: &str) -> io::Result<Option<&'static str>> {
        clipboard::ask_terminal(text, &mut io::stdout())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        // What a frame that was never finished has left behind must not hold the screen back.
        let _ = execute!(self.terminal.backend_mut(), EndSynchronizedUpdate);
    }
}

/// Gives the terminal back, if it is taken. A terminal that is gone cannot be given back, and
/// nobody is there to be told.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(
            out,
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    /// Runs in a terminal of its own, for the test below.
    #[test]
    #[ignore = "takes the terminal over and panics"]
    fn panics_with_the_terminal_taken() {
        let _screen = Screen::take().unwrap();
        print_taken();
        panic!("the report is to be read");
    }

    /// Lets the parent see that the terminal is taken.
    fn print_taken() {
        execute!(io::stdout(), crossterm::style::Print("taken")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
    }

    #[test]
    fn a_panic_gives_the_terminal_back_before_its_report() {
        use std::io::Read as _;

        use portable_pty::{CommandBuilder, PtySize, native_pty_system};

        let size = PtySize { rows: 50, cols: 160, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let modes = || {
            let modes = pair.master.get_termios().unwrap();
            (modes.local_flags, modes.input_flags, modes.output_flags)
        };
        let before = modes();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args([
            "tui::terminal::tests::panics_with_the_terminal_taken",
            "--exact",
            "--ignored",
            "--nocapture",
        ]);
        command.env("TERM", "xterm-256color");
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut parser = vt100::Parser::new(50.try_into().unwrap(), 160.try_into().unwrap(), 0);
        let (mut output, mut was_taken, mut bytes) =
            (pair.master.try_clone_reader().unwrap(), false, [0; 4096]);
        // The slave stays open here, so the end is known by the last line alone.
        while let Ok(count @ 1..) = output.read(&mut bytes) {
            for byte in bytes.iter().take(count) {
                parser.process(&[*byte]);
                let screen = parser.screen();
                let is_taken = screen.alternate_screen() && screen.bracketed_paste();
                was_taken |= is_taken && screen.contents().contains("taken") && modes() != before;
            }
            if parser.screen().contents().contains("test result") {
                break;
            }
        }
        assert!(!child.wait().unwrap().success());
        let screen = parser.screen();
        assert!(was_taken, "{}", screen.contents());
        assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(modes(), before, "raw mode is over");
        assert!(screen.contents().contains("the report is to be read"), "{}", screen.contents());
    }
}
