//! From standard output to a result.
//!
//! Owns the limit on an output, and what is said of one that cannot be read. Pure. Called by `attempt` for every process that ended,
//! whatever its exit code. Failure: an [`ErrorInfo`] that shows the text.

use super::capture::Captured;
use super::journal::visible;
use attune_pack::OutputFormat;
use attune_types::{ErrorInfo, JsonMap, JsonValue, code, format_bytes};

/// Characters of an unreadable output that its error shows.
const SHOWN: usize = 2_000;

/// Reads the output. Nothing at all is null in every format but text.
///
/// # Errors
/// An error with code `output_invalid` or `payload_limit`.
pub(super) fn parse(format: OutputFormat, output: &Captured) -> Result<JsonValue, Box<ErrorInfo>> {
    if output.overflow && format != OutputFormat::Text {
        let message = format!(
            "the output is larger than {}, which is the most that a result may have \
             (`limits.payload`); write large results to a file and give its place",
            format_bytes(output.most as u64)
        );
        return Err(Box::new(ErrorInfo::new(code::PAYLOAD_LIMIT, message)));
    }
    let bytes = output.whole.as_slice();
    if format == OutputFormat::Text {
        return Ok(JsonValue::String(text(output)));
    }
    format.read(bytes).map(without_nul).map_err(|reason| {
        let message = format!(
            "the output is not {format}: {reason}. The output was: {}",
            shown(bytes)
        );
        Box::new(ErrorInfo::new(code::OUTPUT_INVALID, message))
    })
}

fn text(output: &Captured) -> String {
    let mut text = visible(&output.whole);
    if output.overflow {
        text.push_str("\n[... the rest is left out]");
    } else if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn shown(bytes: &[u8]) -> String {
    let text = visible(&bytes[..bytes.len().min(SHOWN * 4)]);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() || bytes.len() > SHOWN * 4 {
        shown.push_str(" ...");
    }
    shown
}

/// The database cannot hold NUL, which JSON can express: shown by a sign instead.
pub(crate) fn without_nul(value: JsonValue) -> JsonValue {
    if attune_types::find_nul(&value).is_none() {
        return value;
    }
    match value {
        JsonValue::String(text) => JsonValue::String(visible(text.as_bytes())),
        JsonValue::Array(items) => items.into_iter().map(without_nul).collect(),
        JsonValue::Object(map) => JsonValue::Object(
            map.into_iter()
                .map(|(key, value)| (visible(key.as_bytes()), without_nul(value)))
                .collect::<JsonMap>(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn captured(text: &str) -> Captured {
        Captured {
            whole: text.as_bytes().to_vec(),
            overflow: false,
            most: 4 << 20,
            excerpt: String::new(),
        }
    }

    fn good(format: OutputFormat, text: &str) -> JsonValue {
        parse(format, &captured(text)).unwrap()
    }

    #[test]
    fn reads_every_format() {
        assert_eq!(
            good(OutputFormat::Json, " {\"b\": 1, \"a\": [null]}\n"),
            json!({"b": 1, "a": [null]})
        );
        assert_eq!(
            good(OutputFormat::Jsonl, "1\n\n{\"a\": 2}\n"),
            json!([1, {"a": 2}])
        );
        assert_eq!(
            good(OutputFormat::Yaml, "a: 1\nb: [x]\n"),
            json!({"a": 1, "b": ["x"]})
        );
        assert_eq!(good(OutputFormat::Text, "line\n\n"), json!("line\n"));
        assert_eq!(good(OutputFormat::Json, " \n"), JsonValue::Null);
        assert_eq!(good(OutputFormat::Text, ""), json!(""));
    }

    #[test]
    fn what_cannot_be_read_is_shown() {
        let error = parse(OutputFormat::Json, &captured("hello there")).unwrap_err();
        assert_eq!(error.code, code::OUTPUT_INVALID);
        assert!(error.message.contains("hello there"), "{}", error.message);
        let error = parse(OutputFormat::Jsonl, &captured("1\nx\n")).unwrap_err();
        assert!(error.message.contains("line 2"), "{}", error.message);
        let long = "z".repeat(100_000);
        let error = parse(OutputFormat::Json, &captured(&long)).unwrap_err();
        assert!(error.message.len() < 3_000);
    }

    #[test]
    fn an_output_beyond_the_limit_has_its_own_code() {
        let output = Captured {
            overflow: true,
            ..captured("[1")
        };
        let error = parse(OutputFormat::Json, &output).unwrap_err();
        assert_eq!(error.code, code::PAYLOAD_LIMIT);
        assert!(parse(OutputFormat::Text, &output).is_ok());
    }

    #[test]
    fn nul_becomes_visible() {
        assert_eq!(
            good(OutputFormat::Json, r#"{"a\u0000": ["x\u0000y"]}"#),
            json!({"a\u{2400}": ["x\u{2400}y"]})
        );
    }
}
