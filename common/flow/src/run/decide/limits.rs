//! Bounds on values: how large an inline value may be.

use super::step::Step;
use crate::program::RunLimits;
use crate::run::state::execution::Tally;
use attune_types::{ErrorInfo, JsonValue, code};
use std::io;

/// Longest trace tag in bytes.
const LONGEST_TAG: usize = 1_000;

impl Step<'_> {
    /// The bounds of the run: those that it was opened with, or its Program's own.
    pub(super) fn limits(&self) -> RunLimits {
        self.state.header().limits.unwrap_or(self.program.limits)
    }

    /// Whether the results of parts are together larger than one value may be.
    pub(super) fn are_too_large(&self, tally: &Tally) -> bool {
        tally.result_bytes > u64::from(self.limits().payload_bytes)
    }

    /// The error of an iteration or parallel task whose results are together too large.
    pub(super) fn too_large(&self, tally: &Tally, parts: &str) -> ErrorInfo {
        let limit = self.limits().payload_bytes;
        let ended = tally.good + tally.failed + tally.cancelled;
        ErrorInfo::new(
            code::PAYLOAD_LIMIT,
            format!(
                "the results of {ended} {parts} are together larger than {limit} bytes (`limits.payload`); \
                 let each give back less, or keep its result as an artifact"
            ),
        )
    }

    /// Refuses a value that is larger than the limit for inline values.
    pub(super) fn check_size(&self, value: &JsonValue, of: &str) -> Result<(), ErrorInfo> {
        let limit = self.limits().payload_bytes as usize;
        if fits(value, limit) {
            return Ok(());
        }
        Err(ErrorInfo::new(
            code::PAYLOAD_LIMIT,
            format!(
                "{of} is larger than {limit} bytes (`limits.payload`); keep it as an artifact instead"
            ),
        ))
    }
}

/// A text to find something by: short enough to be looked for.
pub(super) fn tag_text(value: JsonValue) -> Result<String, ErrorInfo> {
    let text = match value {
        JsonValue::String(text) => text,
        other => other.to_string(),
    };
    if text.len() > LONGEST_TAG {
        return Err(ErrorInfo::new(
            code::PAYLOAD_LIMIT,
            format!("trace_tag: a text to search by has at most {LONGEST_TAG} bytes"),
        ));
    }
    Ok(text)
}

/// Whether a value's JSON text is no longer than that: exactly, since whoever accepted the value
/// measured its text too. Stops early, so that a huge value costs no more than the limit.
fn fits(value: &JsonValue, limit: usize) -> bool {
    serde_json::to_writer(Room(limit), value).is_ok()
}

/// Takes bytes as long as there is room, and keeps none.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_measured_by_its_text() {
        let values = [
            json!(null),
            json!([1, 1, 1, true, "a\"b", {}]),
            json!({"text": "x".repeat(100), "n": -1.25}),
        ];
        for value in values {
            let size = value.to_string().len();
            assert!(fits(&value, size), "{value}");
            assert!(!fits(&value, size - 1), "{value}");
        }
    }
}
