//! That an author may write, and with which key.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::{Access, Secret};
use crate::sync::Author;

/// An author's own key: it signs the changes.
#[derive(Clone, Debug)]
pub struct AuthorKey(SigningKey);

impl AuthorKey {
    /// From a secret that only this author holds.
    pub fn new(secret: &Secret) -> Self {
        Self(secret.signing_key())
    }

    /// The half that everybody knows.
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs a text.
    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

/// A statement, by somebody who may write, that an author's changes are signed with this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose key.
    pub author: Author,
    key: VerifyingKey,
    signature: Signature,
}

impl Certificate {
    /// States it. Nothing if this member may not write.
    pub fn issue(access: &Access, author: Author, key: &AuthorKey) -> Option<Self> {
        Self::state(access, author, key.0.verifying_key())
    }

    /// The same statement with the keys of a room whose secrets were renewed.
    pub fn renewed(&self, access: &Access) -> Option<Self> {
        Self::state(access, self.author, self.key)
    }

    fn state(access: &Access, author: Author, key: VerifyingKey) -> Option<Self> {
        let signer = access.certifying_secret()?.signing_key();
        Some(Self { author, key, signature: signer.sign(&statement(author, &key)) })
    }

    /// From what [`bytes`](Self::bytes) gave. Nothing if no writer of the room has stated it.
    pub fn read(access: &Access, author: Author, bytes: &[u8]) -> Option<Self> {
        Self::believed(author, bytes).filter(|stated| stated.is_sound(access))
    }

    /// The same without asking who has stated it, for one that was read before.
    pub(super) fn believed(author: Author, bytes: &[u8]) -> Option<Self> {
        let (key, signature) = bytes.split_first_chunk::<32>()?;
        let key = VerifyingKey::from_bytes(key).ok()?;
        let signature = Signature::from_slice(signature).ok()?;
        Some(Self { author, key, signature })
    }

    /// Whether it is stated with the room's keys as they are now.
    pub(super) fn is_sound(&self, access: &Access) -> bool {
        access.write_key().verify_strict(&statement(self.author, &self.key), &self.signature).is_ok()
    }

    /// The key and the signature, for the wire.
    pub fn bytes(&self) -> [u8; 96] {
        let mut bytes = [0; 96];
        bytes[..32].copy_from_slice(self.key.as_bytes());
        bytes[32..].copy_from_slice(&self.signature.to_bytes());
        bytes
    }

    /// Whether the author signed this text.
    pub fn verifies(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(text, &Signature::from_bytes(signature)).is_ok()
    }

    /// Whether these bytes state the same key, whoever has signed them.
    pub(super) fn is_of_key_in(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(self.key.as_bytes())
    }

    /// Whether another one states the same key.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.author == other.author && self.key == other.key
    }
}

fn statement(author: Author, key: &VerifyingKey) -> Vec<u8> {
    let mut text = b"ultrawave 1 author".to_vec();
    text.extend(author.0.to_be_bytes());
    text.extend(key.as_bytes());
    text
}
