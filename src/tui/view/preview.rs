//! A value on one line, as far as there is room; what is left out is never looked at.

use crate::document::{Kind, Text, Value};
use crate::tui::lines::start;
use crate::tui::text::{clip, inert, width};
use crate::tui::theme::Role;

use super::Pieces;

/// Columns of one value inside the preview of a container.
const INNER_COLUMNS: usize = 24;

/// A value in at most so many columns, its keys bare where that leaves no doubt unless they are
/// all to be quoted.
pub(super) fn preview(value: &Value, columns: usize, is_quoted: bool) -> Pieces {
    let mut pieces = Pieces::new(columns);
    match value.kind() {
        Kind::Array => {
            let elements = value.elements().map(|value| (None, value));
            container(&mut pieces, ("[", "]"), elements, is_quoted);
        }
        Kind::Object => {
            let entries = value.entries().map(|(key, value)| (Some(key), value));
            container(&mut pieces, ("{", "}"), entries, is_quoted);
        }
        kind @ (Kind::Null | Kind::Bool | Kind::Number | Kind::String) => {
            pieces.push(Role::Value(kind), &scalar(value, columns));
        }
    }
    pieces
}

fn container<'a>(
    pieces: &mut Pieces, brackets: (&str, &str),
    children: impl ExactSizeIterator<Item = (Option<&'a Text>, &'a Value)>, is_quoted: bool,
) {
    let label = if is_quoted { quoted } else { label };
    pieces.push(Role::Dim, brackets.0);
    let last = children.len().saturating_sub(1);
    for (at, (key, value)) in children.enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let key = key.map_or(String::new(), |key| format!("{}: ", label(key, INNER_COLUMNS)));
        let text = match value.kind() {
            Kind::Array => if value.is_empty() { "[]" } else { "[…]" }.to_owned(),
            Kind::Object => if value.is_empty() { "{}" } else { "{…}" }.to_owned(),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => scalar(value, INNER_COLUMNS),
        };
        let after = if at == last { 1 } else { 4 };
        if comma.len() + width(&key) + width(&text) + after > pieces.room {
            pieces.push(Role::Dim, comma).push(Role::Dim, "…");
            break;
        }
        pieces.push(Role::Dim, comma).push(Role::Key, &key).push(Role::Value(value.kind()), &text);
    }
    pieces.push(Role::Dim, brackets.1);
}

/// A scalar as it is written in the file, inert, in at most so many columns.
fn scalar(value: &Value, columns: usize) -> String {
    let Some(text) = value.as_text() else {
        let written =
            value.as_number().map_or_else(|| value.to_string(), |text| start(text, columns).to_owned());
        return clip(&inert(&written), columns).into_owned();
    };
    let quoted = format!("\"{}\"", inert(start(text.raw(), columns)));
    clip(&quoted, columns).into_owned()
}

/// A key as it is shown: bare when that leaves no doubt, else in quotes.
pub(super) fn label(key: &Text, columns: usize) -> String {
    let raw = start(key.raw(), columns);
    let is_bare =
        !raw.is_empty() && raw.chars().all(|letter| letter.is_alphanumeric() || "_-.$@/".contains(letter));
    if is_bare { clip(raw, columns).into_owned() } else { quoted(key, columns) }
}

/// A key as it is written in the file, inert.
pub(super) fn quoted(key: &Text, columns: usize) -> String {
    clip(&format!("\"{}\"", inert(start(key.raw(), columns))), columns).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::parse;

    fn shown(json: &str, columns: usize) -> String {
        let pieces = preview(&parse(json).unwrap(), columns, false);
        pieces.pieces.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_container_shows_its_first_children_and_says_when_there_are_more() {
        let json = r#"{"id": 17, "full name": "Ann Lee", "tags": [1], "none": {}}"#;
        assert_eq!(shown(json, 80), r#"{id: 17, "full name": "Ann Lee", tags: […], none: {}}"#);
        assert_eq!(shown(json, 40), r#"{id: 17, "full name": "Ann Lee", …}"#);
        assert_eq!(shown(json, 12), "{id: 17, …}");
        assert_eq!(shown(json, 5), "{…}");
        assert_eq!(shown(json, 2), "{…");
        assert_eq!(shown("[1, 2, 3]", 80), "[1, 2, 3]");
    }

    #[test]
    fn a_scalar_shows_as_it_is_written_and_inertly() {
        assert_eq!(shown("9007199254740993", 80), "9007199254740993");
        assert_eq!(shown("1.0e400", 4), "1.0…");
        assert_eq!(shown("\"a\u{9b}\\u001bé日本\"", 80), "\"a\\u009b\\u001bé日本\"");
        assert_eq!(shown("\"日本語\"", 6), "\"日本…");
    }
}
