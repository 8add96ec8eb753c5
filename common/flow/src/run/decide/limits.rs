//! Bounds on values: how large an inline value may be.

use super::step::Step;
use attune_types::{ErrorInfo, JsonValue, code};

impl Step<'_> {
    /// Refuses a value that is larger than the limit for inline values.
    pub(super) fn check_size(&self, value: &JsonValue, of: &str) -> Result<(), ErrorInfo> {
        let limit = self.program.limits.payload_bytes as usize;
        let mut left = limit;
        if takes(value, &mut left) {
            return Ok(());
        }
        Err(ErrorInfo::new(
            code::PAYLOAD_LIMIT,
            format!("{of} is larger than {limit} bytes; keep it as an artifact instead"),
        ))
    }
}

/// Takes the size of a value's JSON text off what is left; false if there is not enough. Counts as
/// it goes and stops early, so that a huge value costs no more than the limit.
fn takes(value: &JsonValue, left: &mut usize) -> bool {
    let mut take = |bytes: usize| match left.checked_sub(bytes) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    };
    match value {
        JsonValue::Null | JsonValue::Bool(_) => take(5),
        JsonValue::Number(_) => take(8),
        JsonValue::String(text) => take(text.len() + 2),
        JsonValue::Array(items) => take(2) && items.iter().all(|item| takes(item, left)),
        JsonValue::Object(map) => {
            take(2)
                && map
                    .iter()
                    .all(|(key, item)| takes_key(key, left) && takes(item, left))
        }
    }
}

fn takes_key(key: &str, left: &mut usize) -> bool {
    match left.checked_sub(key.len() + 4) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
