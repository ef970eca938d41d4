//! 256 bits that nobody else knows.

use std::fmt;

use ed25519_dalek::SigningKey;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of a secret.
pub(super) const BYTES: usize = 32;

/// 256 random bits, or bits derived from such. Never shown, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret([u8; BYTES]);

impl Secret {
    /// From bytes that came from a good source of randomness.
    pub const fn new(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes, for whoever keeps them.
    pub const fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// Another secret that follows from this one and tells nothing of it, one for each purpose.
    #[must_use]
    pub fn derive(&self, purpose: &'static str) -> Self {
        Self(blake3::derive_key(purpose, &self.0))
    }

    /// A code that only who knows this secret can make of a text.
    pub(super) fn code(&self, text: &[u8]) -> [u8; BYTES] {
        *blake3::keyed_hash(&self.0, text).as_bytes()
    }

    /// The signing key that this secret is.
    pub(super) fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
