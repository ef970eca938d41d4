//! The signaling server inside this process.

use std::io;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub(super) struct EmbeddedServer {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl EmbeddedServer {
    /// Starts a server at the address of a URL. Only one process can have it: the others see
    /// [`io::ErrorKind::AddrInUse`] and connect to that one.
    pub(super) async fn start(url: &url::Url) -> io::Result<Self> {
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let server =
            Server::bind((host, url.port_or_known_default().unwrap_or(80)), Options::default()).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        // A dropped sender stops it as well.
        let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
        Ok(Self { stop, running })
    }

    /// Stops it; its connections are told.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.running.await;
    }
}
