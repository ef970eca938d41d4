//! Who may be in a room, and who wrote what.
//!
//! A room has three secrets, of which the ticket that somebody was given holds some:
//!
//! ```text
//! owner secret ── signs what changes the room's keys ─────────── owner
//! write secret ── signs the certificates of authors ──────────── owner, writers
//!      └ derives the room secret: seals what goes through the
//!        signaling server, and is proven on each connection ─── owner, writers, readers
//! ```
//!
//! * [`Access`]: what of them a member holds. [`Ticket`]: the same as text to hand on.
//! * [`passphrase`]: how a few words said aloud become a ticket.
//! * [`envelope`]: what goes through the signaling server, sealed.
//! * [`proof`]: that the other end of a connection holds the room secret, and no one sits between.
//! * [`Certificate`]: that an author's key may write. [`Ledger`]: that each change is its author's,
//!   that none was left out, and that there are no two of one name.
//!
//! The owner can renew the write secret ([`Renewal`]): whoever is not given the new one is out.
//!
//! An open room has the same secrets, derived from its name, so that there is one way to do
//! things; that keeps nobody out, and nothing here says that it did.
//!
//! Primitives: Ed25519 signatures, XChaCha20-Poly1305 sealing, BLAKE3 hashes and key derivation.
//! Randomness is handed in. Why these: `docs/security.md`.

mod access;
mod certificate;
pub mod envelope;
mod ledger;
pub mod passphrase;
pub mod proof;
pub mod renewal;
mod secret;
#[cfg(test)]
mod tests;
mod ticket;

pub use access::{Access, Role};
pub use certificate::{AuthorKey, Certificate};
pub use ledger::{Distrust, Evidence, EvidenceKind, Fraud, Hash, Head, Ledger, Seal};
pub use renewal::Renewal;
pub use secret::Secret;
pub use ticket::{Ticket, TicketError};
