//! A passphrase said aloud becomes a secret that only its two speakers share.
//!
//! SPAKE2 (RFC 9382): each side sends one message, and both come to the same key if they used the
//! same passphrase. Whoever listens, or answers with a guess, learns nothing but whether that one
//! guess was right; nothing that is sent can be tried against a dictionary afterwards.

mod desk;
mod words;

pub use desk::{Asking, Desk, Next, Said, Unwelcome};
pub use words::words;

use rand_core_06::{CryptoRng, Error, RngCore};
use spake2::{Ed25519Group, Identity, Password, Spake2};

use super::Secret;
use super::envelope::{NONCE, open_with, seal_with};

/// Wrong guesses after which a passphrase is of no use any more.
pub const TRIES: u32 = 3;

/// One side of an exchange, which has sent its message. Begins with [`Exchange::new`].
pub struct Exchange(Spake2<Ed25519Group>);

/// What both sides know once they have each other's message, if their passphrases are the same.
#[derive(Debug)]
pub struct Shared(Secret);

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who is in the room.
    Host,
    /// Who wants to be.
    Guest,
}

impl Exchange {
    /// Begins, with randomness of its own; second, what is to be sent.
    pub fn new(room: &str, passphrase: &str, randomness: &Secret) -> (Self, Vec<u8>) {
        // However it is written down: hyphens, spaces and capitals are not heard.
        let is_gap = |letter: char| letter.is_whitespace() || letter == '-';
        let words: Vec<&str> = passphrase.split(is_gap).filter(|word| !word.is_empty()).collect();
        let (password, room) =
            (Password::new(words.join(" ").to_lowercase()), Identity::new(room.as_bytes()));
        let (exchange, message) = Spake2::start_symmetric_with_rng(&password, &room, Stream::new(randomness));
        (Self(exchange), message)
    }

    /// Takes in what the other side sent. Nothing if that is no such message.
    pub fn finish(self, message: &[u8]) -> Option<Shared> {
        let key = self.0.finish(message).ok()?;
        Some(Shared(Secret::new(blake3::derive_key("ultrawave 1 passphrase", &key))))
    }
}

impl Shared {
    /// What shows the other side that the passphrase was right.
    pub fn confirmation(&self, side: Side) -> [u8; 32] {
        let purpose: &[u8] = match side {
            Side::Host => b"host",
            Side::Guest => b"guest",
        };
        self.0.code(purpose)
    }

    /// Whether the other side has shown it.
    pub fn is_confirmed(&self, side: Side, confirmation: &[u8; 32]) -> bool {
        // Compared in constant time.
        blake3::Hash::from_bytes(self.confirmation(side)) == blake3::Hash::from_bytes(*confirmation)
    }

    /// Seals a ticket for the other side. `nonce` is random.
    pub fn seal(&self, nonce: [u8; NONCE], ticket: &str) -> String {
        seal_with(&self.0, nonce, "ticket", ticket)
    }

    /// Opens the ticket that the other side sealed.
    pub fn open(&self, sealed: &str) -> Option<String> {
        open_with(&self.0, "ticket", sealed)
    }
}

/// The bits that follow from a secret, for a library that wants a source of randomness.
struct Stream(blake3::OutputReader);

impl Stream {
    fn new(secret: &Secret) -> Self {
        Self(blake3::Hasher::new_keyed(secret.bytes()).finalize_xof())
    }
}

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Stream {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    fn exchange(host: (&str, &str), guest: (&str, &str)) -> (Shared, Shared) {
        let (hosts, to_guest) = Exchange::new(host.0, host.1, &Secret::new([1; 32]));
        let (guests, to_host) = Exchange::new(guest.0, guest.1, &Secret::new([2; 32]));
        (hosts.finish(&to_host).unwrap(), guests.finish(&to_guest).unwrap())
    }

    #[test]
    fn the_same_words_open_what_was_sealed() {
        let (host, guest) = exchange(("orders", "amber fox"), ("orders", "  Amber\tfox "));
        assert!(host.is_confirmed(Side::Guest, &guest.confirmation(Side::Guest)));
        assert!(guest.is_confirmed(Side::Host, &host.confirmation(Side::Host)));
        assert!(!host.is_confirmed(Side::Guest, &host.confirmation(Side::Host)), "thrown back");
        assert_eq!(guest.open(&host.seal([3; NONCE], "uw1…")).as_deref(), Some("uw1…"));
    }

    #[test]
    fn other_words_or_another_room_open_nothing() {
        for other in [("orders", "amber ox"), ("borders", "amber fox"), ("orders", "")] {
            let (host, guest) = exchange(("orders", "amber fox"), other);
            assert!(!host.is_confirmed(Side::Guest, &guest.confirmation(Side::Guest)));
            assert_eq!(guest.open(&host.seal([3; NONCE], "uw1…")), None);
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for message in [&[][..], &[0; 33], &[255; 64]] {
            let (host, _) = Exchange::new("orders", "amber fox", &Secret::new([1; 32]));
            assert!(host.finish(message).is_none());
        }
    }
}
