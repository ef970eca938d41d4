//! A signaling server of the test's own.

use std::thread::JoinHandle;

use tokio::sync::oneshot;
use ultrawave_signal::limits::Options;
use ultrawave_signal::server::Server;

/// A signaling server on a free port, for as long as this is held.
pub struct SignalServer {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SignalServer {
    pub fn start() -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind("127.0.0.1:0", Options::default()).await.unwrap();
                tell.send(format!("ws://{}", server.local_addr())).unwrap();
                server.run(async { stopped.await.unwrap_or_default() }).await;
            });
        });
        Self { url: told.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl SignalServer {
    /// Ends it. Its address stays what it was.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for SignalServer {
    fn drop(&mut self) {
        self.stop();
    }
}
