//! The signals that end the editor in good order, or continue it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals waited for.
pub(super) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    resume: Signal,
}

/// SIGCONT on this system.
const CONTINUE: i32 = rustix::process::Signal::CONT.as_raw();

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            resume: signal(SignalKind::from_raw(CONTINUE))?,
        })
    }

    /// The next signal that ends the process; nothing when it was continued after a stop.
    pub(super) async fn recv(&mut self) -> Option<i32> {
        let kind = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.resume.recv() => return None,
        };
        Some(kind.as_raw_value())
    }
}
