//! New secrets for a room, so that whoever holds only the old ones is out.

use ed25519_dalek::{Signature, Signer};

use super::{Access, Role, Secret};
use crate::sync::Author;

/// The room's new secrets, as its owner has stated them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// What its receiver is to hold of them.
    pub access: Access,
    /// Members that are to have nothing more to do with the room, from this renewal or before.
    pub removed: Vec<Author>,
    /// The owner's signature.
    pub signature: [u8; 64],
}

impl Renewal {
    /// States new secrets, from one that nobody else knows. Nothing if this member is not the owner.
    pub fn issue(access: &Access, write: Secret, removed: Vec<Author>) -> Option<Self> {
        let access = access.renewed(write)?;
        let text = statement(&access, &removed);
        let signature = sign(&access, &text)?;
        Some(Self { access, removed, signature })
    }

    /// Whether the owner of a room of which this is known has stated it.
    pub fn is_sound(&self, known: &Access) -> bool {
        self.access.identity() == known.identity()
            && is_signed(known, &statement(&self.access, &self.removed), &self.signature)
    }

    /// The same for somebody who may do less.
    #[must_use]
    pub fn lowered_to(&self, role: Role) -> Self {
        Self { access: self.access.lowered_to(role), ..self.clone() }
    }
}

/// The owner's statement, for a member, that it is removed. Nothing if this is not the owner.
pub fn removal(access: &Access, author: Author) -> Option<[u8; 64]> {
    sign(access, &farewell(access, author))
}

/// Whether the owner has stated that a member is removed.
pub fn is_removal(access: &Access, author: Author, signature: &[u8; 64]) -> bool {
    is_signed(access, &farewell(access, author), signature)
}

/// What is the same for all roles.
fn statement(access: &Access, removed: &[Author]) -> Vec<u8> {
    let mut text = b"ultrawave 1 renewal".to_vec();
    text.extend(access.identity());
    text.extend(access.epoch().to_be_bytes());
    text.extend(access.write_key().as_bytes());
    text.extend(access.room_id().as_bytes());
    for author in removed {
        text.extend(author.0.to_be_bytes());
    }
    text
}

fn farewell(access: &Access, author: Author) -> Vec<u8> {
    let mut text = b"ultrawave 1 removal".to_vec();
    text.extend(access.identity());
    text.extend(author.0.to_be_bytes());
    text
}

fn sign(access: &Access, text: &[u8]) -> Option<[u8; 64]> {
    access.owner_secret().map(|owner| owner.signing_key().sign(text).to_bytes())
}

fn is_signed(access: &Access, text: &[u8], signature: &[u8; 64]) -> bool {
    let signature = Signature::from_bytes(signature);
    access.owner_key().is_some_and(|key| key.verify_strict(text, &signature).is_ok())
}
