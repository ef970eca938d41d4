//! Rooms named aloud: a ticket for whoever knows a passphrase.

use tokio::task::JoinHandle;

use super::RoomError;
use crate::net::rendezvous;
use crate::trust::Secret;
use crate::trust::passphrase::words;

pub use crate::net::rendezvous::Outcome;

/// Gives out a ticket to whoever knows a passphrase, until it is dropped or the passphrase is spent.
#[derive(Debug)]
pub struct Doorkeeper(JoinHandle<()>);

impl Doorkeeper {
    /// Begins, at a signaling server, under a room's name. `told` is called with how each try ended.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// The server is not there, or somebody else is met by a passphrase under this name.
    pub async fn begin(
        signal: &str, room: &str, passphrase: &str, ticket: &str,
        told: impl Fn(Outcome) + Send + Sync + 'static,
    ) -> Result<Self, RoomError> {
        let attending = rendezvous::attend(signal, room, passphrase, ticket).await?;
        Ok(Self(tokio::spawn(attending.run(told))))
    }
}

impl Drop for Doorkeeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The ticket that whoever knows the passphrase is given.
///
/// # Errors
/// The passphrase is wrong or spent, or nobody is there to ask.
pub async fn ask_for_ticket(signal: &str, room: &str, passphrase: &str) -> Result<String, RoomError> {
    rendezvous::ask(signal, room, passphrase).await
}

/// A passphrase that nobody has used before.
pub fn new_passphrase() -> String {
    words(&Secret::new(rand::random()))
}
