//! The lobby on tokio and websockets.
//!
//! ```text
//! accept -> one task per connection -- Request --> Hub (one lock) -- Delivery --> queues
//!              ^------------------ queue <------------------------------------------'
//! ```
//!
//! The hub holds the lobby and the queues under one lock, so that every connection is told things
//! in the order in which they happened. The lock is held for as long as one request takes, never
//! across an `.await`.

mod connection;
mod handshake;
mod hub;
mod outbox;
pub mod pace;
mod refusals;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod turn;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::limits::Options;
use crate::protocol::{Code, Failure};
use hub::Hub;
use refusals::{Refusals, Seldom};
use stream::Upgrade;
#[cfg(feature = "tls")]
pub use tls::TlsError;

/// How long to wait before the next try when no connection can be accepted, which commonly means
/// that the process has no file descriptors left.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A signaling server that listens, and serves once [`run`](Self::run) is awaited.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    options: Options,
    upgrade: Upgrade,
}

impl Server {
    /// Listens at an address; port 0 picks a free one. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// When the address cannot be had, [`io::ErrorKind::AddrInUse`] for one.
    pub async fn bind(address: impl ToSocketAddrs, options: Options) -> io::Result<Self> {
        Self::new(TcpListener::bind(address).await?, options)
    }

    /// Takes a listener that is there already.
    ///
    /// # Errors
    /// When the listener does not know its address, or the options contradict each other
    /// ([`io::ErrorKind::InvalidInput`]).
    pub fn new(listener: TcpListener, options: Options) -> io::Result<Self> {
        options.queues_bytes().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, options, upgrade: Upgrade::default() })
    }

    /// Speaks TLS (`wss`) only, with this certificate chain and this key, both in PEM.
    ///
    /// # Errors
    /// When they cannot be used, or not together.
    #[cfg(feature = "tls")]
    pub fn with_tls(mut self, certificates: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        self.upgrade = tls::upgrade(certificates, key)?;
        Ok(self)
    }

    /// The address it listens at.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready, then tells every connection so, and ends. When the future
    /// is dropped instead, every connection is cut.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let hub = Arc::new(Hub::new(self.options));
        let mut refusals = Refusals::new(hub.options().first_message_within);
        let mut failures = Seldom::default();
        let mut tasks = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        tracing::info!(address = %self.address, "listening");
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, from)) => {
                        admit(&hub, &self.upgrade, &mut refusals, &mut tasks, stream, from.ip());
                    }
                    Err(error) => {
                        if let Some(count) = failures.tell(Instant::now()) {
                            tracing::warn!(%error, count, "no connection could be accepted");
                        }
                        sleep(ACCEPT_AGAIN_AFTER).await;
                    }
                },
                Some(ended) = tasks.join_next() => if let Err(error) = ended {
                    tracing::error!(%error, "the task of a connection failed");
                },
                () = grace_over(&hub) => hub.timeout(),
            }
        }
        drop(self.listener);
        tracing::info!("stopping");
        hub.close_all(&Failure { code: Code::Stopping, reason: "the server stops".into() });
        let all_ended = async { while tasks.join_next().await.is_some() {} };
        if timeout(hub.options().stop_within, all_ended).await.is_err() {
            tracing::info!(connections = tasks.len(), "cutting connections that did not end");
        }
    }
}

/// Gives a new connection its task, or turns it away.
fn admit(
    hub: &Arc<Hub>, upgrade: &Upgrade, refusals: &mut Refusals, tasks: &mut JoinSet<()>, stream: TcpStream,
    from: IpAddr,
) {
    match hub.connect(from) {
        Ok(connected) => {
            tracing::debug!(connection = connected.connection.0, %from, "connected");
            tasks.spawn(connection::serve(connected, upgrade.clone(), stream));
        }
        Err(refused) => {
            if let Some(turning_away) = refusals.turn_away(upgrade, stream, from, refused) {
                tasks.spawn(turning_away);
            }
        }
    }
}

/// Waits until somebody's grace time is over.
async fn grace_over(hub: &Hub) {
    loop {
        let changed = hub.grace_changed();
        match hub.next_timeout() {
            Some(due) if due <= Instant::now() => return,
            Some(due) => {
                tokio::select! {
                    () = sleep_until(due) => return,
                    () = changed => {}
                }
            }
            None => changed.await,
        }
    }
}
