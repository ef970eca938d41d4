//! Frames sealed by one member for another, so that whoever passes them on can neither read nor
//! alter them (normative: `docs/protocol.md`).
//!
//! Each side makes a key pair for each connection (X25519) and names the public half in its offer
//! or answer. From the shared secret, both public halves and what the connection is, each
//! direction gets a key of its own (HKDF with SHA-256) for ChaCha20-Poly1305. The nonce is the
//! number of the frame, so one that is missing, repeated or moved does not open.

use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{EphemeralSecret, PublicKey};

use crate::sync::Author;

/// Bytes of a public key.
pub(super) const KEY_BYTES: usize = 32;

/// What the keys are for; another version of the frames gets another name.
const PURPOSE: &[u8] = b"ultrawave frames 1";

/// One side's half of an agreement, for one connection.
pub(super) struct KeyPair {
    secret: EphemeralSecret,
    public: PublicKey,
}

/// What both sides must mean: whoever mixes up two connections gets no frame open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between<'a> {
    pub(super) room: &'a str,
    /// What only the members of the room know; empty where there is no such thing.
    pub(super) room_secret: &'a [u8],
    /// The offerer's number for the connection.
    pub(super) label: u64,
    pub(super) offerer: Author,
    pub(super) answerer: Author,
}

/// The keys of one end.
pub(super) struct Keys {
    pub(super) sealer: Sealer,
    pub(super) opener: Opener,
}

/// Why there are no keys, or a frame does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
    /// The other side's key is one that makes any secret known.
    #[error("the public key is none")]
    Key,
    /// Altered, missing before it, or not for this end.
    #[error("a sealed frame does not open: one before it is missing, or somebody has altered it")]
    Frame,
}

impl KeyPair {
    pub(super) fn new() -> Self {
        let secret = EphemeralSecret::random_from_rng(&mut rand::rng());
        Self { public: PublicKey::from(&secret), secret }
    }

    /// For the offer or the answer.
    pub(super) fn public(&self) -> [u8; KEY_BYTES] {
        self.public.to_bytes()
    }

    /// The keys, from the other side's public half.
    pub(super) fn agree(
        self, theirs: [u8; KEY_BYTES], between: Between<'_>, is_offerer: bool,
    ) -> Result<Keys, SealError> {
        let theirs = PublicKey::from(theirs);
        let (offerers, answerers) = if is_offerer { (self.public, theirs) } else { (theirs, self.public) };
        let shared = self.secret.diffie_hellman(&theirs);
        if !shared.was_contributory() {
            return Err(SealError::Key);
        }
        let derived = Hkdf::<Sha256>::new(Some(between.room_secret), shared.as_bytes());
        let key = |direction: u8| {
            let info = [
                PURPOSE,
                &[direction],
                &between.label.to_be_bytes(),
                &between.offerer.0.to_be_bytes(),
                &between.answerer.0.to_be_bytes(),
                offerers.as_bytes(),
                answerers.as_bytes(),
                between.room.as_bytes(),
            ];
            let mut key = [0; KEY_BYTES];
            derived.expand(&info.concat(), &mut key).expect("32 bytes can be derived");
            ChaCha20Poly1305::new(&key.into())
        };
        let (from_offerer, from_answerer) = (key(1), key(2));
        let (own, others) =
            if is_offerer { (from_offerer, from_answerer) } else { (from_answerer, from_offerer) };
        Ok(Keys { sealer: Sealer { cipher: own, count: 0 }, opener: Opener { cipher: others, count: 0 } })
    }
}

/// Seals the frames of one direction.
pub(super) struct Sealer {
    cipher: ChaCha20Poly1305,
    count: u64,
}

impl Sealer {
    pub(super) fn seal(&mut self, frame: &[u8]) -> Vec<u8> {
        let sealed = self.cipher.encrypt(&nonce(self.count), frame).expect("a frame is short");
        self.count += 1;
        sealed
    }
}

/// Opens the frames of one direction, in their order.
pub(super) struct Opener {
    cipher: ChaCha20Poly1305,
    count: u64,
}

impl Opener {
    pub(super) fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let frame = self.cipher.decrypt(&nonce(self.count), sealed).map_err(|_opaque| SealError::Frame)?;
        self.count += 1;
        Ok(frame)
    }
}

fn nonce(count: u64) -> Nonce {
    let mut nonce = [0; 12];
    let (_, number) = nonce.split_at_mut(4);
    number.copy_from_slice(&count.to_be_bytes());
    nonce.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

    use super::*;

    const BETWEEN: Between<'_> =
        Between { room: "r", room_secret: b"", label: 7, offerer: Author(1), answerer: Author(2) };

    fn keys(of_offerer: Between<'_>, of_answerer: Between<'_>) -> (Keys, Keys) {
        let (offerer, answerer) = (KeyPair::new(), KeyPair::new());
        let (offerers, answerers) = (offerer.public(), answerer.public());
        (
            offerer.agree(answerers, of_offerer, true).unwrap(),
            answerer.agree(offerers, of_answerer, false).unwrap(),
        )
    }

    #[test]
    fn frames_open_on_the_other_side_in_their_order() {
        let (mut one, mut other) = keys(BETWEEN, BETWEEN);
        for text in ["first", "", "third"] {
            let sealed = one.sealer.seal(text.as_bytes());
            assert!(text.is_empty() || !sealed.windows(text.len()).any(|part| part == text.as_bytes()));
            assert_eq!(other.opener.open(&sealed).unwrap(), text.as_bytes());
            let back = other.sealer.seal(text.as_bytes());
            assert_ne!(back, sealed);
            assert_eq!(one.opener.open(&back).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn what_is_altered_missing_repeated_or_turned_around_does_not_open() {
        let (mut one, mut other) = keys(BETWEEN, BETWEEN);
        let (first, second) = (one.sealer.seal(b"first"), one.sealer.seal(b"second"));
        assert_eq!(other.opener.open(&second), Err(SealError::Frame));
        for at in 0..first.len() {
            let mut altered = first.clone();
            *altered.get_mut(at).unwrap() ^= 1;
            assert_eq!(other.opener.open(&altered), Err(SealError::Frame));
        }
        assert_eq!(one.opener.open(&first), Err(SealError::Frame));
        assert_eq!(other.opener.open(&first).unwrap(), b"first");
        assert_eq!(other.opener.open(&first), Err(SealError::Frame));
        assert_eq!(other.opener.open(&second).unwrap(), b"second");
        assert_eq!(other.opener.open(b"short"), Err(SealError::Frame));
    }

    #[test]
    fn both_must_mean_the_same_connection_and_know_the_rooms_secret() {
        for other in [
            Between { room: "s", ..BETWEEN },
            Between { room_secret: b"secret", ..BETWEEN },
            Between { label: 8, ..BETWEEN },
            Between { offerer: Author(3), ..BETWEEN },
            Between { answerer: Author(3), ..BETWEEN },
        ] {
            let (mut one, mut another) = keys(BETWEEN, other);
            assert_eq!(another.opener.open(&one.sealer.seal(b"x")), Err(SealError::Frame), "{other:?}");
        }
    }

    #[test]
    fn a_key_that_makes_the_secret_known_is_refused() {
        assert!(matches!(KeyPair::new().agree([0; KEY_BYTES], BETWEEN, true), Err(SealError::Key)));
    }
}
