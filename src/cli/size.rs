//! Sizes as people write them.

use crate::limits;

/// A number of bytes: `1000`, `300M`, `300MB`, `1GiB`, all in steps of 1,024.
pub(super) fn document_size(text: &str) -> Result<usize, String> {
    let letters = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let number = text.strip_suffix(letters).unwrap_or_default();
    let shift = match letters.to_ascii_uppercase().as_str() {
        "" | "B" => Some(0),
        "K" | "KB" | "KIB" => Some(10),
        "M" | "MB" | "MIB" => Some(20),
        "G" | "GB" | "GIB" => Some(30),
        _ => None,
    };
    let bytes = shift.and_then(|shift| number.parse::<usize>().ok()?.checked_mul(1 << shift));
    bytes
        .filter(|bytes| (1..=limits::DOCUMENT_BYTES).contains(bytes))
        .ok_or_else(|| "a size is a number with K, M or G after it, such as 300M, and at most 1G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in
            [("1", 1), ("300M", 300 << 20), ("300mb", 300 << 20), ("1GiB", 1 << 30), ("7kB", 7 << 10)]
        {
            assert_eq!(document_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "0", "M", "-1", "1.5G", "2G", "1T", "99999999999999999999G"] {
            assert!(document_size(text).is_err(), "{text}");
        }
    }
}
