//! A JSON Schema beside the document: what breaks it, and what may come where.

use std::path::Path as FilePath;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value as Json;

use crate::document::{Kind, Path, Step, Value, deep, parse};
use crate::file::read_text;

/// Violations that are shown.
const SHOWN: usize = 1_000;

/// References followed on the way to a place.
const REFERENCES: usize = 64;

/// A JSON Schema.
#[derive(Clone)]
pub struct Schema {
    validator: Arc<Validator>,
    json: Arc<Json>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Schema")
    }
}

/// Its text on one line.
impl std::fmt::Display for Schema {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.json.fmt(formatter)
    }
}

/// Something that the schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where.
    pub path: Path,
    /// What, in words.
    pub told: String,
}

impl Violation {
    /// Something not allowed at a JSON Pointer in a document.
    pub(super) fn new(pointer: &str, told: String, root: &Value) -> Self {
        Self { path: Path::read(pointer, root).unwrap_or_default(), told }
    }
}

impl Schema {
    /// A schema from a file. References lead to places in it alone, never to a network.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn load(path: &FilePath) -> Result<Self, String> {
        let text = read_text(path).map_err(|error| error.to_string())?;
        Self::read(&text).map_err(|reason| format!("{}: {reason}", path.display()))
    }

    /// A schema from its text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        let validator =
            jsonschema::validator_for(&json).map_err(|error| format!("not a usable JSON Schema: {error}"))?;
        Ok(Self { validator: Arc::new(validator), json: Arc::new(json) })
    }

    /// What in a document the schema does not allow.
    ///
    /// # Errors
    /// It cannot be checked here, as one that is too deep for the stack of a thread; in a process of its
    /// own it may be.
    pub fn violations(&self, root: &Value) -> Result<Vec<Violation>, String> {
        let json = serde_json::from_str(&root.to_string()).map_err(|error| error.to_string())?;
        let found = self.violations_of(&json).into_iter();
        Ok(found.map(|(pointer, told)| Violation::new(&pointer, told, root)).collect())
    }

    /// What in a JSON text the schema does not allow: JSON Pointers, and what is wrong there. Takes
    /// stack as the text is deep: some kilobytes a level, more where the schema has detours. A text
    /// that is deep or odd takes more memory too.
    ///
    /// # Errors
    /// Why the text cannot be checked.
    pub fn violations_in(&self, json: &str) -> Result<Vec<(String, String)>, String> {
        let read = || json_of(&parse(json).map_err(|error| error.to_string())?);
        let json = serde_json::from_str(json).or_else(|_| read())?;
        Ok(self.violations_of(&json))
    }

    fn violations_of(&self, json: &Json) -> Vec<(String, String)> {
        let errors = self.validator.iter_errors(json).take(SHOWN);
        let told = |error: jsonschema::ValidationError<'_>| {
            (error.instance_path().as_str().to_owned(), clipped(&error.to_string()))
        };
        errors.map(told).collect()
    }

    /// The parts of the schema that speak of a place.
    fn parts_at(&self, path: &Path) -> Vec<&Json> {
        let mut parts = self.opened(&self.json);
        for step in path.steps() {
            let below = parts.iter().flat_map(|part| match step {
                Step::Key(key) => {
                    let own =
                        part.get("properties").and_then(|properties| properties.get(key.plain().as_ref()));
                    vec![own.or_else(|| part.get("additionalProperties"))]
                }
                Step::Index(at) => {
                    let items = part.get("items");
                    vec![part.get("prefixItems").and_then(|items| items.get(at)).or(items)]
                }
            });
            parts = below.flatten().flat_map(|part| self.opened(part)).collect();
        }
        parts
    }

    /// A part with the references in it followed and its alternatives beside it.
    fn opened<'a>(&'a self, part: &'a Json) -> Vec<&'a Json> {
        let mut open = vec![part];
        let mut at = 0;
        while let Some(part) = open.get(at).copied().filter(|_| at < REFERENCES) {
            at += 1;
            let pointer = part.get("$ref").and_then(Json::as_str).and_then(|to| to.strip_prefix('#'));
            open.extend(pointer.and_then(|pointer| self.json.pointer(pointer)));
            for word in ["allOf", "anyOf", "oneOf"] {
                open.extend(part.get(word).and_then(Json::as_array).into_iter().flatten());
            }
        }
        open
    }

    /// The keys that the map at a place may have.
    pub fn keys(&self, path: &Path) -> Vec<String> {
        let parts = self.parts_at(path);
        let properties = parts.iter().filter_map(|part| part.get("properties")?.as_object());
        let mut keys: Vec<String> = properties.flat_map(|properties| properties.keys().cloned()).collect();
        let mut seen = std::collections::BTreeSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        keys
    }

    /// The values that a place may have, as JSON, where the schema lists them.
    pub fn values(&self, path: &Path) -> Vec<String> {
        let mut values = Vec::new();
        for part in self.parts_at(path) {
            values.extend(
                part.get("enum").and_then(Json::as_array).into_iter().flatten().map(ToString::to_string),
            );
            values.extend(part.get("const").map(ToString::to_string));
            values.extend(part.get("default").map(ToString::to_string));
            if part.get("type").and_then(Json::as_str) == Some("boolean") {
                values.extend(["true", "false"].map(str::to_owned));
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        values.retain(|value| seen.insert(value.clone()));
        values
    }
}

/// A value as the schema's library has it: what its own parser refuses is let through, such as many
/// levels and half a surrogate pair.
///
/// # Errors
/// A number that it cannot hold.
fn json_of(value: &Value) -> Result<Json, String> {
    Ok(match value.kind() {
        Kind::Null => Json::Null,
        Kind::Bool => Json::Bool(value.as_bool() == Some(true)),
        Kind::Number => {
            let text = value.as_number().unwrap_or_default();
            Json::Number(
                serde_json::from_str(text)
                    .map_err(|error| format!("it cannot hold the number {text}: {error}"))?,
            )
        }
        Kind::String => {
            Json::String(value.as_text().map(|text| text.plain().into_owned()).unwrap_or_default())
        }
        Kind::Array => {
            let elements = value.elements().map(|element| deep(|| json_of(element)));
            Json::Array(elements.collect::<Result<_, _>>()?)
        }
        Kind::Object => {
            let entries =
                value.entries().map(|(key, value)| Ok((key.plain().into_owned(), deep(|| json_of(value))?)));
            Json::Object(entries.collect::<Result<_, String>>()?)
        }
    })
}

/// That a document could not be checked, as what is wrong with it.
pub(super) fn unchecked(reason: &str) -> Violation {
    Violation { path: Path::ROOT, told: format!("cannot be checked against the schema: {reason}") }
}

/// A message, without the whole of a long value in it.
fn clipped(told: &str) -> String {
    super::text::clip(&super::text::inert(told), 160).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;
    use crate::document::parse;

    const SCHEMA: &str = r##"{
        "type": "object",
        "properties": {
            "port": {"type": "integer", "minimum": 1},
            "users": {"type": "array", "items": {"$ref": "#/$defs/user"}}
        },
        "$defs": {"user": {"type": "object", "properties": {"role": {"enum": ["admin", "guest"]}, "on": {"type": "boolean"}}}}
    }"##;

    #[test]
    fn violations_are_named_with_their_place() {
        let schema = Schema::read(SCHEMA).unwrap();
        let root = parse(r#"{"port": 0, "users": [{"role": "x"}]}"#).unwrap();
        let found = schema.violations(&root).unwrap();
        let paths: Vec<String> = found.iter().map(|violation| violation.path.to_jq()).collect();
        assert_eq!(paths, [".port", ".users[0].role"]);
        assert!(schema.violations(&parse(r#"{"port": 1}"#).unwrap()).unwrap().is_empty());
    }

    #[test]
    fn what_is_deep_or_odd_is_checked_too() {
        const LEVELS: usize = 9_000;
        let schema = Schema::read(r##"{"type": ["string", "array"], "items": {"$ref": "#"}}"##).unwrap();
        let text = format!("{}1, \"\\ud800\"{}", "[".repeat(LEVELS), "]".repeat(LEVELS));
        assert!(schema.violations(&parse(&text).unwrap()).is_err(), "not on this thread's stack");
        let found = stacker::grow(1 << 30, || schema.violations_in(&text)).unwrap();
        let told: Vec<(usize, &str)> =
            found.iter().map(|(pointer, told)| (pointer.matches('/').count(), told.as_str())).collect();
        assert_eq!(told, [(LEVELS, r#"1 is not of types "string", "array""#)]);
        assert!(schema.violations_in("[1e999]").unwrap_err().contains("1e999"));
    }

    #[test]
    fn keys_and_values_are_completed_through_references() {
        let schema = Schema::read(SCHEMA).unwrap();
        let user = Path::ROOT.key("users").index(3);
        assert_eq!(schema.keys(&Path::ROOT), ["port", "users"]);
        assert_eq!(schema.keys(&user), ["on", "role"]);
        assert_eq!(schema.values(&user.key("role")), [r#""admin""#, r#""guest""#]);
        assert_eq!(schema.values(&user.key("on")), ["true", "false"]);
    }

    #[test]
    fn a_wrong_schema_is_refused_and_no_network_is_asked() {
        assert!(Schema::read("{").unwrap_err().starts_with("not JSON"));
        assert!(Schema::read(r#"{"type": 5}"#).unwrap_err().starts_with("not a usable"));
        assert!(Schema::read(r#"{"$ref": "http://127.0.0.1:1/x"}"#).is_err());
    }
}
