//! Values as people write them on a command line: `name=text`, `name:=json`, `--input`.
//!
//! Owns how a text becomes the type that a schema wants. Never validates: the API does, with all
//! errors at once. Failure: [`CliError::Usage`] that names the argument.

use crate::error::{Attempt as _, CliError, Result};
use attune_types::{JsonMap, JsonValue};
use std::collections::BTreeMap;
use std::io::Read as _;

/// Puts together an object from a whole JSON text and single values, which win.
///
/// # Errors
/// [`CliError::Usage`] if one of them cannot be read.
pub(crate) fn object(whole: Option<&str>, pairs: &[String], schema: &JsonValue) -> Result<JsonMap> {
    let mut object = match whole {
        Some(text) => whole_object(text)?,
        None => JsonMap::new(),
    };
    for pair in pairs {
        let (name, value) = pair_of(pair, schema)?;
        object.insert(name, value);
    }
    Ok(object)
}

/// `name=value` texts, as labels are.
///
/// # Errors
/// [`CliError::Usage`] if one has no `=`.
pub(crate) fn texts(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    pairs
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(CliError::Usage(format!("`{pair}`: write it as name=value"))),
        })
        .collect()
}

fn whole_object(text: &str) -> Result<JsonMap> {
    let text = match text.strip_prefix('@') {
        Some("-") => {
            let mut read = String::new();
            std::io::stdin()
                .read_to_string(&mut read)
                .attempt(|| "reading standard input".to_owned())?;
            read
        }
        Some(path) => std::fs::read_to_string(path).attempt(|| format!("reading {path}"))?,
        None => text.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(JsonValue::Object(map)) => Ok(map),
        Ok(_) => Err(CliError::Usage(
            "the input must be a JSON object".to_owned(),
        )),
        Err(error) => Err(CliError::Usage(format!("the input is not JSON: {error}"))),
    }
}

fn pair_of(pair: &str, schema: &JsonValue) -> Result<(String, JsonValue)> {
    let usage = |what: &str| CliError::Usage(format!("`{pair}`: {what}"));
    let (name, text) = pair
        .split_once('=')
        .ok_or_else(|| usage("write it as name=text or name:=json"))?;
    if let Some(name) = name.strip_suffix(':') {
        let value = serde_json::from_str(text)
            .map_err(|error| usage(&format!("what follows `:=` is not JSON: {error}")))?;
        return Ok((named(name, &usage)?, value));
    }
    let wanted = types(&schema["properties"][name]);
    let value = typed(text, &wanted).map_err(|what| usage(&what))?;
    Ok((named(name, &usage)?, value))
}

fn named(name: &str, usage: &dyn Fn(&str) -> CliError) -> Result<String> {
    if name.is_empty() {
        return Err(usage("the name is missing"));
    }
    Ok(name.to_owned())
}

/// The types that a field's schema names; none if it says nothing of them.
fn types(field: &JsonValue) -> Vec<&str> {
    match &field["type"] {
        JsonValue::String(one) => vec![one.as_str()],
        JsonValue::Array(many) => many.iter().filter_map(JsonValue::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The text as the first of the types that it fits.
fn typed(text: &str, wanted: &[&str]) -> std::result::Result<JsonValue, String> {
    if wanted.is_empty() || wanted.contains(&"string") {
        return Ok(JsonValue::from(text));
    }
    for kind in wanted {
        let read = match *kind {
            "boolean" => match text {
                "true" | "yes" | "on" => Some(JsonValue::Bool(true)),
                "false" | "no" | "off" => Some(JsonValue::Bool(false)),
                _ => None,
            },
            "null" => (text.is_empty() || text == "null").then_some(JsonValue::Null),
            "integer" => json(text, |value| value.is_i64() || value.is_u64()),
            "number" => json(text, JsonValue::is_number),
            "array" => json(text, JsonValue::is_array).or_else(|| Some(words(text))),
            "object" => json(text, JsonValue::is_object),
            _ => None,
        };
        if let Some(value) = read {
            return Ok(value);
        }
    }
    Err(format!(
        "the action wants {}; `name:=json` gives any JSON value",
        wanted.join(" or ")
    ))
}

fn json(text: &str, fits: impl FnOnce(&JsonValue) -> bool) -> Option<JsonValue> {
    serde_json::from_str(text).ok().filter(fits)
}

/// `a,b,c` as a list of texts; nothing is an empty list.
fn words(text: &str) -> JsonValue {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(JsonValue::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> JsonValue {
        json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "count": {"type": "integer"},
            "ratio": {"type": "number"},
            "deep": {"type": "boolean"},
            "regions": {"type": "array"},
            "options": {"type": "object"},
            "either": {"type": ["integer", "null"]},
            "any": {}
        }})
    }

    fn read(pair: &str) -> Result<JsonMap> {
        object(None, &[pair.to_owned()], &schema())
    }

    #[test]
    fn texts_become_what_the_schema_wants() {
        let cases = [
            ("name=3", json!({"name": "3"})),
            ("count=3", json!({"count": 3})),
            ("ratio=0.5", json!({"ratio": 0.5})),
            ("deep=yes", json!({"deep": true})),
            ("regions=eu, us", json!({"regions": ["eu", "us"]})),
            ("regions=[1]", json!({"regions": [1]})),
            ("options={\"a\":1}", json!({"options": {"a": 1}})),
            ("either=", json!({"either": null})),
            ("either=7", json!({"either": 7})),
            ("any=a=b", json!({"any": "a=b"})),
            ("unknown=5", json!({"unknown": "5"})),
            ("name:={\"a\": [1]}", json!({"name": {"a": [1]}})),
        ];
        for (pair, expected) in cases {
            assert_eq!(JsonValue::from(read(pair).unwrap()), expected, "{pair}");
        }
    }

    #[test]
    fn what_does_not_fit_is_a_usage_error_that_names_it() {
        for pair in [
            "count=three",
            "deep=maybe",
            "options=x",
            "count",
            "=3",
            "a:=x",
        ] {
            let error = read(pair).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(pair), "{error}");
        }
    }

    #[test]
    fn single_values_win_over_the_whole() {
        let whole = r#"{"count": 1, "name": "x"}"#;
        let read = object(Some(whole), &["count=2".to_owned()], &schema()).unwrap();
        assert_eq!(JsonValue::from(read), json!({"count": 2, "name": "x"}));
        assert!(object(Some("[1]"), &[], &schema()).is_err());
        assert!(object(Some("@/no/such/file"), &[], &schema()).is_err());
    }
}
