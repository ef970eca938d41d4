//! The one owner of the lobby and of the queues to the connections.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::outbox::{Memory, Outbox, Overflow, Sender, outbox};
use super::turn;
use crate::limits::Options;
use crate::lobby::{Connection, Delivery, Lobby, Refused, Time};
use crate::protocol::{Code, Failure, Request, Response, Signal};

/// The lobby, and how to reach each connection.
#[derive(Debug)]
pub(super) struct Hub {
    began: Instant,
    options: Options,
    state: Mutex<State>,
    grace_changed: Notify,
}

#[derive(Debug)]
struct State {
    lobby: Lobby,
    senders: BTreeMap<Connection, Sender>,
    /// What all their queues may take.
    memory: Arc<Memory>,
    last_connection: u64,
}

/// A connection that the lobby knows, until this is dropped.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) hub: Arc<Hub>,
    pub(super) connection: Connection,
    pub(super) outbox: Outbox,
}

impl Hub {
    pub(super) fn new(options: Options) -> Self {
        let lobby = Lobby::new(options.clone(), || format!("{:032x}", rand::random::<u128>()));
        let told = options.clone();
        let (began, settle) = (Instant::now(), options.settle);
        let lobby = lobby
            .with_ice(move || turn::ice(&told))
            .with_settling(move || settle.checked_sub(began.elapsed()).filter(|left| !left.is_zero()));
        let memory = Memory::new(options.queues_bytes().unwrap_or_default());
        let state = State { lobby, senders: BTreeMap::new(), memory, last_connection: 0 };
        Self { began, options, state: Mutex::new(state), grace_changed: Notify::new() }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Takes a connection in; `start` waits in its queue.
    pub(super) fn connect(self: &Arc<Self>, address: IpAddr) -> Result<Connected, Refused> {
        let mut state = self.lock();
        let connection = Connection(state.last_connection + 1);
        let deliveries = state.lobby.connect(connection, address)?;
        state.last_connection = connection.0;
        let (sender, outbox) = outbox(self.options.max_queue_bytes, state.memory.clone());
        state.senders.insert(connection, sender);
        state.deliver(self.now(), deliveries);
        drop(state);
        Ok(Connected { hub: Arc::clone(self), connection, outbox })
    }

    pub(super) fn handle(&self, connection: Connection, request: Request) {
        let mut state = self.lock();
        let deliveries = state.lobby.handle(connection, request);
        state.deliver(self.now(), deliveries);
    }

    pub(super) fn timeout(&self) {
        let mut state = self.lock();
        let deliveries = state.lobby.timeout(self.now());
        state.deliver(self.now(), deliveries);
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.lock().lobby.next_timeout().map(|time| self.began + time)
    }

    /// Ready when a grace time has begun, from the moment of this call on.
    pub(super) fn grace_changed(&self) -> impl Future<Output = ()> {
        self.grace_changed.notified()
    }

    /// Tells every connection to end.
    pub(super) fn close_all(&self, failure: &Failure) {
        for sender in std::mem::take(&mut self.lock().senders).into_values() {
            sender.close(failure.clone());
        }
    }

    fn disconnect(&self, connection: Connection) {
        let mut state = self.lock();
        state.senders.remove(&connection);
        state.lobby.disconnect(self.now(), connection);
        drop(state);
        self.grace_changed.notify_waiters();
    }

    fn now(&self) -> Time {
        self.began.elapsed()
    }

    /// A task that panicked while it held the lock has left a lobby that is still a lobby.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn deliver(&mut self, now: Time, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            match delivery {
                // A place may be missing for it: the members notice, and begin anew.
                Delivery::Send(connection, response @ Response::Relayed(Signal::Frame, _)) => {
                    if let Some(sender) = self.senders.get(&connection) {
                        sender.push_frame(response.encode()).unwrap_or_else(|_overflow| {
                            tracing::debug!(connection = connection.0, "no place for a frame");
                        });
                    }
                }
                Delivery::Send(connection, response) => {
                    self.send(now, connection, &response.encode());
                }
                Delivery::Close(connection, failure) => self.close(connection, failure),
            }
        }
    }

    /// Puts a message into a queue. Where all of them together take too much, the longest ones
    /// make place: who reads what it is sent has a short one.
    fn send(&mut self, now: Time, connection: Connection, text: &str) {
        while let Some(sender) = self.senders.get(&connection) {
            let given_up = match sender.push(text.to_owned()) {
                Ok(()) => return,
                Err(Overflow::Own) => connection,
                Err(Overflow::Memory) => {
                    let longest = self.senders.iter().max_by_key(|(_, sender)| sender.bytes());
                    longest.map_or(connection, |(&longest, _)| longest)
                }
            };
            let reason = "this connection does not take what is sent to it".into();
            self.close(given_up, Failure { code: Code::TooSlow, reason });
            // Its task will say so too, but only after a farewell that takes its time.
            self.lobby.disconnect(now, given_up);
        }
    }

    fn close(&mut self, connection: Connection, failure: Failure) {
        if let Some(sender) = self.senders.remove(&connection) {
            sender.close(failure);
        }
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.hub.disconnect(self.connection);
    }
}
