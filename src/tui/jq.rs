//! A jq filter over a document, by jaq. It runs in a process of its own, since a filter may take
//! for ever, or all memory, or the whole stack, and the editor must live on.

use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};

/// Runs a filter over a JSON text; `take` gets every output as JSON, and says whether it wants
/// more.
///
/// # Errors
/// What is wrong with the filter, the text, or the run.
pub fn run_jq(filter: &str, json: &str, mut take: impl FnMut(String) -> bool) -> Result<(), String> {
    let input = read::parse_single(json.as_bytes()).map_err(|error| format!("not JSON: {error}"))?;
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let modules = Loader::new(definitions)
        .load(&arena, File { code: filter, path: () })
        .map_err(|errors| unread(filter, errors.first().map(|(_, error)| error)))?;
    let filter = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let mut unknown = errors.iter().flat_map(|(_, errors)| errors).map(|(name, _)| (*name).to_owned());
        format!("{} is not defined", unknown.next().unwrap_or_else(|| "something".to_owned()))
    })?;
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    for output in filter.id.run((context, input)).map(unwrap_valr) {
        let output = output.map_err(|error| error.to_string())?;
        if !take(output.to_string()) {
            break;
        }
    }
    Ok(())
}

/// Where a filter cannot be read.
fn unread(filter: &str, error: Option<&jaq_core::load::Error<&str>>) -> String {
    use jaq_core::load::Error;
    let rest = match error {
        Some(Error::Lex(errors)) => errors.first().map(|(_, rest)| *rest),
        Some(Error::Parse(errors)) => errors.first().map(|(_, rest)| *rest),
        Some(Error::Io(_)) | None => None,
    };
    match rest {
        Some(rest) if !rest.is_empty() => {
            let before = filter.len().saturating_sub(rest.len()).min(filter.len());
            let column = filter.get(..before).map_or(0, |before| before.chars().count()) + 1;
            format!("this is no jq filter from column {column} on")
        }
        _ => "this jq filter is not complete".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
mod tests {
    use super::*;

    fn outputs(filter: &str, json: &str) -> Result<Vec<String>, String> {
        let mut outputs = Vec::new();
        run_jq(filter, json, |output| {
            outputs.push(output);
            outputs.len() < 5
        })?;
        Ok(outputs)
    }

    #[test]
    fn a_filter_gives_its_outputs_and_keeps_number_texts() {
        let json = r#"{"a": [1.0, 9007199254740993], "b": {"c": "x"}}"#;
        assert_eq!(outputs(".a[]", json).unwrap(), ["1.0", "9007199254740993"]);
        assert_eq!(outputs(".b | keys", json).unwrap(), [r#"["c"]"#]);
        assert_eq!(outputs("repeat(1)", "null").unwrap().len(), 5, "no more than are wanted");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(outputs(".a | nosuch", "{}").unwrap_err(), "nosuch is not defined");
        assert!(outputs(".a[", "{}").unwrap_err().contains("jq filter"));
        assert!(outputs("error(\"no\")", "{}").unwrap_err().contains("no"));
    }
}
