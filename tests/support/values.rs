//! What tests of documents and patches have in common.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use ultrawave::document::{Kind, Method, Path, Value};

pub(crate) fn applied(document: &Value, edits: &[(Path, Method)]) -> Value {
    let mut document = document.clone();
    for (path, method) in edits {
        document.apply(path, method).unwrap();
    }
    document
}

/// With every map's keys in one order.
pub(crate) fn sorted(value: &Value) -> Value {
    match value.kind() {
        Kind::Array => Value::array(value.elements().map(sorted)),
        Kind::Object => {
            let mut entries: Vec<_> =
                value.entries().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Value::object(entries)
        }
        Kind::Null | Kind::Bool | Kind::Number | Kind::String => value.clone(),
    }
}
