//! Lengths of time as templates give them: seconds, or text such as `1h30m`.

use attune_types::{Duration, JsonValue, Timestamp, parse_duration};

/// Reads a length of time; null and an empty text are none at all.
pub(super) fn read(value: &JsonValue) -> Result<Duration, String> {
    match value {
        JsonValue::Number(seconds) => {
            parse_duration(&seconds.to_string()).map_err(|error| error.to_string())
        }
        JsonValue::String(text) => parse_duration(text).map_err(|error| error.to_string()),
        other => Err(format!(
            "`{other}` is no length of time: write seconds or a text such as `1h30m`"
        )),
    }
}

/// That time later; the end of time where it would be beyond it.
pub(super) fn after(at: Timestamp, length: Duration) -> Option<Timestamp> {
    let length = jiff_span(length)?;
    Some(at.checked_add(length).unwrap_or(Timestamp::MAX))
}

fn jiff_span(length: Duration) -> Option<Duration> {
    // Hundred years are the most that the language accepts.
    (length <= Duration::from_secs(100 * 366 * 86_400)).then_some(length)
}
