//! Being told to end.

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Exit;

/// Waits until the process is told to end, and says by which signal.
pub(super) async fn ended() -> Exit {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
    }
}
