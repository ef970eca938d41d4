//! Strings, character by character.

use ultrawave::document::{Text, Value, parse};

use super::Node;

/// The characters of a string, each in its own spelling; none if it holds half a surrogate pair.
pub(super) fn characters<'a>(text: &Text) -> Option<Vec<Node<'a>>> {
    let (mut characters, mut rest) = (Vec::new(), text.raw());
    while let Some(first) = rest.chars().next() {
        let length = match (first, rest.as_bytes().get(1)) {
            ('\\', Some(b'u')) => match u32::from_str_radix(&rest[2..6], 16).expect("four digits") {
                0xD800..=0xDBFF => Some(12).filter(|&end| low_surrogate(rest.get(6..end)))?,
                0xDC00..=0xDFFF => return None,
                _ => 6,
            },
            ('\\', _) => 2,
            _ => first.len_utf8(),
        };
        characters.push(Node::Scalar(from_raw(&rest[..length])));
        rest = &rest[length..];
    }
    Some(characters)
}

fn low_surrogate(escape: Option<&str>) -> bool {
    let digits = escape.and_then(|escape| escape.strip_prefix("\\u"));
    let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    unit.is_some_and(|unit| (0xDC00..=0xDFFF).contains(&unit))
}

/// The string spelled `raw`.
pub(super) fn from_raw(raw: &str) -> Value {
    parse(&format!("\"{raw}\"")).expect("parts of a string")
}
