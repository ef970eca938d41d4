//! What goes through the signaling server, sealed: it sees lengths, and nothing else.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;

use super::{Access, Secret};

/// Bytes of a nonce: enough that random ones never repeat.
pub const NONCE: usize = 24;

/// Seals a text for one other member. `about` says what it is, from whom and to whom: whoever
/// opens it has to say the same. `nonce` is random.
pub fn seal(access: &Access, nonce: [u8; NONCE], about: &str, text: &str) -> String {
    seal_with(&access.envelope_secret(), nonce, about, text)
}

/// Opens what was sealed for `about`. Nothing if it was not sealed by a member, or has been
/// altered, or is about something else.
pub fn open(access: &Access, about: &str, sealed: &str) -> Option<String> {
    open_with(&access.envelope_secret(), about, sealed)
}

/// Seals a text for whoever else knows a secret.
pub(super) fn seal_with(secret: &Secret, nonce: [u8; NONCE], about: &str, text: &str) -> String {
    let payload = Payload { msg: text.as_bytes(), aad: about.as_bytes() };
    let mut sealed = nonce.to_vec();
    // It fails only for texts of hundreds of gigabytes.
    sealed.extend(cipher(secret).encrypt(&XNonce::from(nonce), payload).unwrap_or_default());
    BASE64.encode(&sealed)
}

/// Opens what [`seal_with`] sealed.
pub(super) fn open_with(secret: &Secret, about: &str, sealed: &str) -> Option<String> {
    let bytes = BASE64.decode(sealed.as_bytes()).ok()?;
    let (nonce, msg) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg, aad: about.as_bytes() };
    String::from_utf8(cipher(secret).decrypt(&XNonce::from(*nonce), payload).ok()?).ok()
}

fn cipher(secret: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(secret.bytes().into())
}
