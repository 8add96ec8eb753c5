//! Secrets at the last moment: values in the place of tokens, and masks in the place of values.
//!
//! Owns the exchange ([`SecretValues::fill`]) and the hiding of values in whatever comes back from a
//! process or a request ([`Mask`]). Called where a process is started or a request is sent, and
//! nowhere else: values never leave that place. Failure: an error that names keys, never values.

use attune_flow::run::Secrets;
use attune_port::{KeyStore, StoreError};
use attune_types::{ErrorInfo, JsonMap, JsonValue};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Stands for a secret value wherever one came out.
pub const MASK: &str = "********";
/// A line of a value with several lines is hidden by itself from this length on.
const TELLING_LINE: usize = 4;

/// Why the secrets of an attempt cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret is gone since it was read, or cannot be opened.
    #[error("the secret `{key}` {why}")]
    Gone {
        /// Pack and name.
        key: String,
        /// What became of it.
        why: &'static str,
    },
}

/// The values of an attempt's secrets. `Debug` does not show them.
#[derive(Clone, Default)]
pub struct SecretValues {
    /// Token and value.
    pairs: Vec<(String, String)>,
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretValues({})", self.pairs.len())
    }
}

impl SecretValues {
    /// Reads the values, by one query; none are needed where there are no secrets.
    ///
    /// # Errors
    /// [`SecretError`] if they could not be read or one is gone.
    pub async fn read(
        store: &dyn KeyStore,
        secrets: Option<&Secrets>,
    ) -> Result<Self, SecretError> {
        let Some(secrets) = secrets else {
            return Ok(Self::default());
        };
        let keys: Vec<_> = secrets.keys.iter().cloned().collect();
        let stored = store.read(&keys).await?;
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            let gone = |why| SecretError::Gone {
                key: key.to_string(),
                why,
            };
            let found = stored.iter().find(|stored| stored.row.key == key);
            let found = found.ok_or_else(|| gone("is gone since the run read it"))?;
            let value = match &found.value {
                Some(JsonValue::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => {
                    return Err(gone(
                        "cannot be opened with the master keys of this process",
                    ));
                }
            };
            pairs.push((secrets.nonce.token(&key), value));
        }
        Ok(Self { pairs })
    }

    /// Puts the values in the place of their tokens.
    pub fn fill(&self, input: &mut JsonMap) {
        if !self.pairs.is_empty() {
            input.values_mut().for_each(|value| self.fill_value(value));
        }
    }

    fn fill_value(&self, value: &mut JsonValue) {
        match value {
            JsonValue::String(text) => {
                for (token, secret) in &self.pairs {
                    if text.contains(token) {
                        *text = text.replace(token, secret);
                    }
                }
            }
            JsonValue::Array(items) => items.iter_mut().for_each(|item| self.fill_value(item)),
            JsonValue::Object(map) => map.values_mut().for_each(|item| self.fill_value(item)),
            _ => {}
        }
    }

    /// What hides the values again.
    pub fn mask(&self) -> Mask {
        let mut texts: Vec<String> = Vec::new();
        for (_, value) in &self.pairs {
            let escaped = JsonValue::from(value.as_str()).to_string();
            let lines = value.lines().map(str::trim);
            texts.extend(
                lines
                    .filter(|line| line.len() >= TELLING_LINE)
                    .map(str::to_owned),
            );
            texts.push(escaped.trim_matches('"').to_owned());
            texts.push(percent_encoded(value));
            texts.push(value.clone());
        }
        texts.retain(|text| !text.is_empty());
        // The longest first: a value within another must not leave the rest of it in sight.
        texts.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        Mask {
            texts: Arc::new(texts),
        }
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

/// Hides values. Cheap to clone; `Debug` does not show them.
#[derive(Clone, Default)]
pub struct Mask {
    texts: Arc<Vec<String>>,
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({})", self.texts.len())
    }
}

impl Mask {
    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// A text without the values.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(pairs: &[(&str, &str)]) -> SecretValues {
        SecretValues {
            pairs: pairs
                .iter()
                .map(|(token, value)| ((*token).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn values_take_the_place_of_their_tokens_everywhere() {
        let secrets = values(&[("[[a]]", "hunter2"), ("[[b]]", "pa\"ss")]);
        let mut input = json!({"x": "Bearer [[a]]", "y": [{"z": "[[b]][[a]]"}], "n": 1});
        secrets.fill(input.as_object_mut().unwrap());
        assert_eq!(
            input,
            json!({"x": "Bearer hunter2", "y": [{"z": "pa\"sshunter2"}], "n": 1})
        );
        let mask = secrets.mask();
        mask.value(&mut input);
        assert_eq!(
            input,
            json!({"x": format!("Bearer {MASK}"), "y": [{"z": format!("{MASK}{MASK}")}], "n": 1})
        );
        assert_eq!(
            mask.text("q=pa%22ss, pa\\\"ss"),
            format!("q={MASK}, {MASK}")
        );
        assert!(!format!("{secrets:?}{mask:?}").contains("hunter2"));
    }

    #[test]
    fn keys_numbers_and_single_lines_are_hidden_too() {
        let mask = values(&[("[[a]]", "12345678"), ("[[b]]", "line one\nab\nline three")]).mask();
        let mut value = json!({"12345678": 12_345_678, "l": "x line three y", "s": "ab"});
        mask.value(&mut value);
        assert_eq!(
            value,
            json!({MASK: MASK, "l": format!("x {MASK} y"), "s": "ab"})
        );
    }

    #[test]
    fn pieces_may_fall_anywhere() {
        let mask = values(&[("[[a]]", "hunter2"), ("[[b]]", "hunter2andmore")]).mask();
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
