//! Messages to and from the bytes that travel.

use crate::session::Message;

/// The bytes that say this.
pub(super) fn pack(message: &Message) -> Vec<u8> {
    message.encode().into_bytes()
}

/// What some bytes say.
pub(super) fn unpack(bytes: Vec<u8>) -> Result<Message, String> {
    let text = String::from_utf8(bytes).map_err(|error| format!("a message that is no UTF-8: {error}"))?;
    Message::decode(&text).map_err(|error| error.to_string())
}
