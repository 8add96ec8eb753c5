//! From what a process wrote to its result, by the format that its action names.
//!
//! Owns the reading of the formats. Pure; limits and the words of an error are the caller's. Called by
//! the worker for every process that ended, and by the tools that walk through workflows with mocks.

use super::OutputFormat;
use attune_types::JsonValue;

impl OutputFormat {
    /// The result in an output. Nothing at all is null in every format but text; of text one line end
    /// is left out.
    ///
    /// # Errors
    /// Why the output is not in that format.
    pub fn read(self, output: &[u8]) -> Result<JsonValue, String> {
        if self == Self::Text {
            let text = String::from_utf8_lossy(output);
            let text = text
                .strip_suffix('\n')
                .map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
            return Ok(JsonValue::String(text.to_owned()));
        }
        if output.trim_ascii().is_empty() {
            return Ok(JsonValue::Null);
        }
        match self {
            Self::Json => serde_json::from_slice(output).map_err(|error| error.to_string()),
            Self::Jsonl => lines(output),
            Self::Yaml | Self::Text => yaml(output),
        }
    }
}

fn lines(output: &[u8]) -> Result<JsonValue, String> {
    let mut items = Vec::new();
    for (number, line) in output.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let item = serde_json::from_slice(line)
            .map_err(|error| format!("line {}: {error}", number + 1))?;
        items.push(item);
    }
    Ok(JsonValue::Array(items))
}

fn yaml(output: &[u8]) -> Result<JsonValue, String> {
    let text = std::str::from_utf8(output).map_err(|error| error.to_string())?;
    crate::yaml::parse("stdout", text)
        .map(|node| node.to_json())
        .map_err(|error| error.to_string())
}
