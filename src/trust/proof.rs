//! The first thing said on a connection: that its two ends hold the room's secret and the keys
//! they claim, and that nobody sits between them.
//!
//! DTLS makes sure that the other end has the certificate whose fingerprint was in its
//! description. Here both ends bind the two fingerprints, and a nonce of each, to the room's
//! secret: who sits between two members would have to show fingerprints of its own, and could not
//! make the codes. The idea is that of channel binding (RFC 5056).

use super::Access;
use super::secret::BYTES;
use crate::sync::Author;

/// What one end of a connection contributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Who it says it is.
    pub author: Author,
    /// The fingerprint of its DTLS certificate.
    pub fingerprint: Vec<u8>,
    /// Random, made for this connection.
    pub nonce: [u8; BYTES],
}

/// What `mine` sends to show `theirs` that it holds the room's secret.
pub fn make(access: &Access, mine: &End, theirs: &End) -> [u8; BYTES] {
    access.proof_secret().code(&transcript(mine, theirs))
}

/// Whether that is what `theirs` has to send to `mine`.
pub fn is_sound(access: &Access, mine: &End, theirs: &End, code: &[u8; BYTES]) -> bool {
    let expected = access.proof_secret().code(&transcript(theirs, mine));
    // Compared in constant time.
    blake3::Hash::from_bytes(expected) == blake3::Hash::from_bytes(*code)
}

/// What a connection is, seen from who speaks: also what an author's key signs on it.
pub fn transcript(speaker: &End, listener: &End) -> Vec<u8> {
    let mut text = b"ultrawave 1 connection".to_vec();
    for end in [speaker, listener] {
        text.extend(end.author.0.to_be_bytes());
        text.extend(u32::try_from(end.fingerprint.len()).unwrap_or(u32::MAX).to_be_bytes());
        text.extend(&end.fingerprint);
        text.extend(end.nonce);
    }
    text
}
