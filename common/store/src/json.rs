//! JSON on its way into and out of the database.
//!
//! Owns the refusal of NUL, which PostgreSQL's texts cannot hold: it is found before anything is
//! sent, so that it costs the one value and not the batch that it stands in.

use attune_port::StoreError;
use attune_types::{JsonValue, find_nul};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Refuses a value that holds a NUL character.
pub(crate) fn check(value: &JsonValue) -> Result<(), StoreError> {
    if !has_nul(value) {
        return Ok(());
    }
    Err(find_nul(value).map_or_else(nul, |found| StoreError::Invalid(found.to_string())))
}

/// Refuses a text that holds a NUL character.
pub(crate) fn check_text(text: &str) -> Result<(), StoreError> {
    if text.contains('\0') {
        Err(nul())
    } else {
        Ok(())
    }
}

fn nul() -> StoreError {
    StoreError::Invalid("it contains a NUL character".to_owned())
}

fn has_nul(value: &JsonValue) -> bool {
    match value {
        JsonValue::String(text) => text.contains('\0'),
        JsonValue::Array(items) => items.iter().any(has_nul),
        JsonValue::Object(map) => map
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// The text of a value that is known to hold no NUL.
pub(crate) fn text(value: &JsonValue) -> String {
    value.to_string()
}

/// The text of a value, none for null: columns hold SQL's own null.
pub(crate) fn text_or_none(value: &JsonValue) -> Option<String> {
    (!value.is_null()).then(|| value.to_string())
}

/// The JSON text of any of our types, without NUL.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, StoreError> {
    let text = serde_json::to_string(value).map_err(|e| StoreError::Invalid(e.to_string()))?;
    // serde_json writes NUL as \u0000. The same letters after an escaped backslash are innocent.
    for (at, _) in text.match_indices("\\u0000") {
        let slashes = text[..at].bytes().rev().take_while(|b| *b == b'\\').count();
        if slashes % 2 == 0 {
            return Err(nul());
        }
    }
    Ok(text)
}

/// One of our types from a stored value.
pub(crate) fn decode<T: DeserializeOwned>(what: &str, value: JsonValue) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|e| StoreError::Corrupt(format!("{what}: {e}")))
}

/// A stored text that must parse.
pub(crate) fn parse<T>(what: &str, text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|e| StoreError::Corrupt(format!("{what}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nul_is_found_in_values_and_keys_and_nowhere_else() {
        assert!(check(&json!({"a": ["x\0"]})).is_err());
        assert!(check(&json!({"a\0": 1})).is_err());
        assert!(check(&json!({"a": "\\u0000"})).is_ok());
        assert!(encode(&json!({"a": "x\0y"})).is_err());
        assert!(encode(&json!({"a": "\\\0"})).is_err());
        assert!(encode(&json!({"a": "\\u0000"})).is_ok());
    }
}
