//! Tokens: what stands in the place of a secret's value until a process starts.
//!
//! Owns their form, the nonce that makes them unlike any other text, and how they are hidden from
//! people. Tokens are exchanged for values by whoever starts a process, never here.

use crate::key::KeyRef;
use attune_types::JsonValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const OPEN: &str = "[[secret:";
const CLOSE: &str = "]]";

/// What nobody outside can guess: a text that looks like a token is one only with the run's nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// How each token with it begins.
    start: String,
}

impl Nonce {
    /// The nonce of sixteen random bytes.
    pub fn new(bytes: [u8; 16]) -> Self {
        Self {
            start: format!("{OPEN}{}:", hex::encode(bytes)),
        }
    }

    /// The nonce of a run that follows from recorded or drawn entropy. `about` makes it another one for
    /// each thing that is done with the same entropy.
    pub fn of(entropy: [u8; 16], about: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"secrets of a run")
            .chain_update(entropy)
            .chain_update(about)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self::new(bytes)
    }

    /// The text that stands for the value of a secret.
    pub fn token(&self, key: &KeyRef) -> String {
        format!("{}{key}{CLOSE}", self.start)
    }

    /// Whether a text holds a token.
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&self.start)
    }

    /// Whether any text of a value, keys of maps included, holds a token.
    pub fn is_within(&self, value: &JsonValue) -> bool {
        match value {
            JsonValue::String(text) => self.is_in(text),
            JsonValue::Array(items) => items.iter().any(|item| self.is_within(item)),
            JsonValue::Object(map) => map
                .iter()
                .any(|(key, item)| self.is_in(key) || self.is_within(item)),
            _ => false,
        }
    }

    /// The secrets whose tokens stand in a value.
    pub fn keys_in(&self, value: &JsonValue) -> BTreeSet<KeyRef> {
        let mut found = BTreeSet::new();
        self.gather(value, &mut found);
        found
    }

    fn gather(&self, value: &JsonValue, found: &mut BTreeSet<KeyRef>) {
        match value {
            JsonValue::String(text) => {
                for part in text.split(&self.start).skip(1) {
                    let named = part
                        .split_once(CLOSE)
                        .and_then(|(key, _)| key.split_once('/'));
                    if let Some((pack, name)) = named {
                        found.insert(KeyRef::new(pack, name));
                    }
                }
            }
            JsonValue::Array(items) => items.iter().for_each(|item| self.gather(item, found)),
            JsonValue::Object(map) => map.values().for_each(|item| self.gather(item, found)),
            _ => {}
        }
    }
}

/// Stored as a token of no key, so that whatever hides tokens from people hides the nonce too.
impl Serialize for Nonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{CLOSE}", self.start))
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_suffix(CLOSE) {
            Some(start) if start.starts_with(OPEN) => Ok(Self {
                start: start.to_owned(),
            }),
            _ => Err(serde::de::Error::custom("not the nonce of a run's secrets")),
        }
    }
}

/// Every token in a text, whatever its nonce, replaced by `mask`; none if there is no token.
pub fn mask_tokens(text: &str, mask: &str) -> Option<String> {
    let mut rest = text.split_once(OPEN)?;
    let mut out = String::with_capacity(text.len());
    let mut masked = false;
    loop {
        let (before, after) = rest;
        out.push_str(before);
        match token_length(after) {
            Some(length) => {
                masked = true;
                out.push_str(mask);
                let after = &after[length..];
                match after.split_once(OPEN) {
                    Some(next) => rest = next,
                    None => {
                        out.push_str(after);
                        break;
                    }
                }
            }
            None => {
                out.push_str(OPEN);
                match after.split_once(OPEN) {
                    Some(next) => rest = next,
                    None => {
                        out.push_str(after);
                        break;
                    }
                }
            }
        }
    }
    masked.then_some(out)
}

/// How long the rest of a token is, behind its opening. One that was cut off (a message has a longest
/// length) counts as far as it goes.
fn token_length(after: &str) -> Option<usize> {
    let hex = after.bytes().take_while(u8::is_ascii_hexdigit).count();
    if hex == after.len() && hex > 0 {
        return Some(hex);
    }
    if hex != 32 || after.as_bytes().get(hex) != Some(&b':') {
        return None;
    }
    let named = after[hex + 1..]
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.:/".contains(byte))
        .count();
    let end = hex + 1 + named;
    Some(if after[end..].starts_with(CLOSE) {
        end + CLOSE.len()
    } else {
        end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_masked_whatever_stands_around_them() {
        let nonce = Nonce::new([0xab; 16]);
        let token = nonce.token(&KeyRef::new("demo", "db/password"));
        let text = format!("a {token} b {token}{token} [[secret:x]] c");
        assert_eq!(
            mask_tokens(&text, "***").as_deref(),
            Some("a *** b ****** [[secret:x]] c")
        );
        assert_eq!(mask_tokens("[[secret:", "***"), None);
        assert_eq!(mask_tokens("nothing", "***"), None);
        // Cut off wherever a message had to end.
        for end in OPEN.len() + 1..token.len() {
            let masked = mask_tokens(&token[..end], "***").unwrap_or_default();
            assert!(!masked.contains("abab"), "{end}: {masked}");
        }
        let stored = serde_json::to_string(&nonce).unwrap();
        assert!(
            !mask_tokens(&stored, "***")
                .unwrap_or_default()
                .contains("abab")
        );
        assert_eq!(serde_json::from_str::<Nonce>(&stored).unwrap(), nonce);
    }

    #[test]
    fn the_secrets_of_a_value_are_found() {
        let nonce = Nonce::new([1; 16]);
        let (a, b) = (KeyRef::new("p", "a"), KeyRef::new("q", "x/y"));
        let value = serde_json::json!({
            "one": format!("Bearer {}!", nonce.token(&a)),
            "two": [nonce.token(&b) + &nonce.token(&a)],
            "other": Nonce::new([2; 16]).token(&KeyRef::new("p", "c")),
        });
        assert_eq!(
            nonce.keys_in(&value).into_iter().collect::<Vec<_>>(),
            [a, b]
        );
        assert!(nonce.is_within(&value));
    }
}
