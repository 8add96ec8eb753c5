//! Masks in the place of secret values, wherever those come out again.
//!
//! Owns what of a value is searched for and where. Called on all that comes back from a process or a
//! request that was given secrets; shows no value itself. Cannot fail.

use attune_types::{ErrorInfo, JsonValue};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Stands for a secret value wherever one came out.
pub const MASK: &str = "********";
/// A line of a value with several lines is hidden by itself from this length on.
const TELLING_LINE: usize = 4;
/// A value that is shorter is hidden only where it stands alone: within a text it tells nothing apart.
const TELLING: usize = 4;

/// Hides values. Cheap to clone; `Debug` does not show them.
#[derive(Clone, Default)]
pub struct Mask {
    /// Hidden wherever they stand.
    texts: Arc<Vec<String>>,
    /// Hidden where they stand alone.
    short: Arc<Vec<String>>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.texts.len())
    }
}

impl Mask {
    /// Hides these values; of each the text that it is within other text.
    pub(crate) fn of<'v>(values: impl Iterator<Item = (&'v JsonValue, &'v str)>) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut short: Vec<String> = Vec::new();
        for (value, text) in values {
            if value.is_boolean() {
                continue;
            }
            if text.chars().count() < TELLING {
                short.push(text.to_owned());
                continue;
            }
            let escaped = JsonValue::from(text).to_string();
            let lines = text.lines().map(str::trim);
            texts.extend(
                lines
                    .filter(|line| line.len() >= TELLING_LINE)
                    .map(str::to_owned),
            );
            texts.push(escaped.trim_matches('"').to_owned());
            texts.push(percent_encoded(text));
            texts.push(text.to_owned());
        }
        texts.retain(|text| !text.is_empty());
        // The longest first: a value within another must not leave the rest of it in sight.
        texts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        short.retain(|text| !text.is_empty());
        Self {
            texts: Arc::new(texts),
            short: Arc::new(short),
        }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.short.is_empty()
    }

    /// A text without the values.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.short.iter().any(|short| short == text.trim()) {
            return Cow::Owned(MASK.to_owned());
        }
        let mut out = Cow::Borrowed(text);
        for secret in self.texts.iter() {
            if out.contains(secret.as_str()) {
                out = Cow::Owned(out.replace(secret.as_str(), MASK));
            }
        }
        out
    }

    /// A value without the values, keys of maps and numbers included.
    pub fn value(&self, value: &mut JsonValue) {
        if self.is_empty() {
            return;
        }
        match value {
            JsonValue::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
            }
            JsonValue::Number(number) => {
                if let Cow::Owned(masked) = self.text(&number.to_string()) {
                    *value = JsonValue::String(masked);
                }
            }
            JsonValue::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            JsonValue::Object(map) => {
                for (key, mut item) in std::mem::take(map) {
                    self.value(&mut item);
                    map.insert(self.text(&key).into_owned(), item);
                }
            }
            JsonValue::Null | JsonValue::Bool(_) => {}
        }
    }

    /// An error without the values.
    pub fn error(&self, mut error: ErrorInfo) -> ErrorInfo {
        if !self.is_empty() {
            error.message = self.text(&error.message).into_owned();
            self.value(&mut error.details);
        }
        error
    }

    /// Hides values in bytes that come piece by piece.
    pub fn stream(&self) -> MaskStream {
        MaskStream {
            mask: self.clone(),
            held: Vec::new(),
        }
    }
}

/// Hides values in bytes that come piece by piece: what may be the beginning of one is held back until
/// it is known.
#[derive(Debug)]
pub struct MaskStream {
    mask: Mask,
    held: Vec<u8>,
}

impl MaskStream {
    /// What may be passed on after one more piece.
    pub fn push<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.mask.is_empty() {
            return Cow::Borrowed(bytes);
        }
        self.held.extend_from_slice(bytes);
        Cow::Owned(self.pass(false))
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> Vec<u8> {
        self.pass(true)
    }

    fn pass(&mut self, last: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len());
        let mut at = 0;
        'bytes: while at < self.held.len() {
            let rest = &self.held[at..];
            for secret in self.mask.texts.iter().map(String::as_bytes) {
                if rest.starts_with(secret) {
                    out.extend_from_slice(MASK.as_bytes());
                    at += secret.len();
                    continue 'bytes;
                }
                // The longest come first: a shorter one waits for a longer one to be decided.
                if !last && secret.len() > rest.len() && secret.starts_with(rest) {
                    break 'bytes;
                }
            }
            out.push(self.held[at]);
            at += 1;
        }
        self.held.drain(..at);
        out
    }
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pieces_may_fall_anywhere() {
        let values = [json!("hunter2"), json!("hunter2andmore")];
        let mask = Mask::of(values.iter().map(|value| (value, value.as_str().unwrap())));
        let text = "say hunter2, hunter2andmore and hunt";
        let expected = format!("say {MASK}, {MASK} and hunt");
        for size in 1..text.len() {
            let mut stream = mask.stream();
            let mut out = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                out.extend_from_slice(&stream.push(piece));
            }
            out.extend(stream.finish());
            assert_eq!(
                String::from_utf8(out).unwrap(),
                expected,
                "pieces of {size}"
            );
        }
    }
}
