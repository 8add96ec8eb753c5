//! Secrets as people see them: `********` in the place of every token.
//!
//! The walk knows no value of a secret; this keeps its tokens out of sight as well.

use attune_template::mask_tokens;
use attune_types::{ErrorInfo, JsonMap, JsonValue};

/// What stands for a secret.
const MASK: &str = "********";

/// A value without tokens.
pub(crate) fn masked(value: JsonValue) -> JsonValue {
    match value {
        JsonValue::String(text) => match mask_tokens(&text, MASK) {
            Some(masked) => masked.into(),
            None => text.into(),
        },
        JsonValue::Array(items) => items.into_iter().map(masked).collect(),
        JsonValue::Object(map) => masked_map(map).into(),
        other => other,
    }
}

/// The values of a map without tokens.
pub(crate) fn masked_map(map: JsonMap) -> JsonMap {
    map.into_iter()
        .map(|(name, value)| (name, masked(value)))
        .collect()
}

/// An error without tokens.
pub(crate) fn masked_error(error: &ErrorInfo) -> ErrorInfo {
    let mut error = error.clone();
    if let Some(message) = mask_tokens(&error.message, MASK) {
        error.message = message;
    }
    error.details = masked(error.details);
    error
}
