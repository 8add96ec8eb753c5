//! `core.sleep`: how long, and what it gives back.

use super::duration;
use attune_types::{JsonMap, JsonValue, Timestamp};
use serde_json::json;

/// When a sleep that starts at `from` is over: by `seconds`, `for`, or `until`.
pub(super) fn until(input: &JsonMap, from: Timestamp) -> Result<Timestamp, String> {
    let given = |name: &str| input.get(name).filter(|value| !value.is_null());
    if let Some(until) = given("until") {
        let text = until.as_str().unwrap_or_default();
        return text
            .parse()
            .map_err(|_| format!("until: `{until}` is no time; write it as RFC 3339"));
    }
    let Some(length) = given("seconds").or_else(|| given("for")) else {
        return Err("`core.sleep` needs one of `seconds`, `for` and `until`".to_owned());
    };
    let length = duration::read(length)?;
    Ok(duration::after(from, length).unwrap_or(from))
}

/// What a sleep gives back.
pub(super) fn result(from: Timestamp, to: Timestamp) -> JsonValue {
    let seconds = to.duration_since(from).as_secs_f64();
    json!({ "slept_seconds": seconds })
}
