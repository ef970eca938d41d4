//! Short texts held in place, without an allocation of their own.

use std::sync::Arc;

/// Bytes of a text that are held in place, at most. With its length and the tags around it a
/// [`Text`](super::Text) takes three words, as much as one that is elsewhere.
pub(super) const SHORT_BYTES: usize = 22;

/// A text of at most [`SHORT_BYTES`] bytes. Two are equal when their bytes are: what is after the end
/// is zero.
#[derive(Clone, Copy, Default)]
pub(super) struct Short {
    len: u8,
    bytes: [u8; SHORT_BYTES],
}

impl Short {
    /// The text, if it is short enough.
    #[inline]
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; SHORT_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { len: u8::try_from(text.len()).ok()?, bytes })
    }

    /// A text of one byte, which is ASCII.
    #[inline]
    pub(super) fn letter(byte: u8) -> Self {
        let mut bytes = [0; SHORT_BYTES];
        bytes[0] = byte;
        Self { len: 1, bytes }
    }

    /// Its bytes in three numbers, of which the last repeats some of the second, and tells the
    /// length: texts differ when these do.
    #[inline]
    pub(super) fn words(&self) -> [u64; 3] {
        let word = |from: usize| {
            let bytes = self.bytes.get(from..).and_then(|bytes| bytes.first_chunk());
            bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
        };
        // The last two bytes of the third are the last of the text; its first two give way.
        [word(0), word(8), word(14) & !0xFF | u64::from(self.len)]
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    #[inline]
    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl PartialEq for Short {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl Eq for Short {}

/// Bytes of a number's text that are held in place, at most.
const DIGITS: usize = 14;

/// The text of a number: mostly a few digits.
#[derive(Clone)]
pub(super) enum Digits {
    Short { len: u8, bytes: [u8; DIGITS] },
    Long(Arc<Box<str>>),
}

impl Digits {
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = [0; DIGITS];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(held), Ok(len)) => {
                held.copy_from_slice(text.as_bytes());
                Self::Short { len, bytes }
            }
            _ => Self::Long(Arc::new(text.into())),
        }
    }

    /// The digits of an integer.
    pub(super) fn integer(magnitude: u64, is_negative: bool) -> Self {
        let mut text = [0; 20 + 1];
        let mut at = text.len();
        let mut rest = magnitude;
        loop {
            at -= 1;
            if let (Some(digit), Ok(value)) = (text.get_mut(at), u8::try_from(rest % 10)) {
                *digit = b'0' + value;
            }
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if is_negative {
            at -= 1;
            if let Some(sign) = text.get_mut(at) {
                *sign = b'-';
            }
        }
        Self::new(text.get(at..).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default())
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Short { len, bytes } => {
                bytes.get(..usize::from(*len)).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
            }
            Self::Long(text) => text,
        }
    }
}

impl PartialEq for Digits {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Short { len, bytes }, Self::Short { len: other_len, bytes: other }) => {
                len == other_len && bytes == other
            }
            (Self::Long(left), Self::Long(right)) => left == right,
            // One of them is too long to be the other.
            (Self::Short { .. }, Self::Long(_)) | (Self::Long(_), Self::Short { .. }) => false,
        }
    }
}

impl Eq for Digits {}
