//! Secrets at the last moment: values in the place of tokens.
//!
//! Owns the exchange ([`SecretValues::fill`]); what hides the values in whatever comes back is [`Mask`].
//! Called where a process is started or a request is sent, and nowhere else: values never leave that
//! place. Failure: an error that names keys, never values.

use crate::Mask;
use attune_flow::run::{Secrets, Withheld};
use attune_port::{KeyStore, StoreError};
use attune_template::KeyRef;
use attune_types::{JsonMap, JsonValue};
use std::collections::BTreeMap;
use std::fmt;

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
    /// What a run was given as a secret cannot be opened.
    #[error(
        "the secret values that the run {run} was given cannot be opened with the master keys of this process (`secrets.key`, `secrets.old_keys`)"
    )]
    Closed {
        /// The run that was given them.
        run: String,
    },
}

/// The values of an attempt's secrets. `Debug` does not show them.
#[derive(Clone, Default)]
pub struct SecretValues {
    found: Vec<Found>,
    /// Further values that are to be hidden.
    noted: Vec<JsonValue>,
}

/// One value.
#[derive(Clone)]
struct Found {
    /// What stands in its place.
    token: String,
    /// The value where the token stands alone.
    value: JsonValue,
    /// The value within other text.
    text: String,
}

impl Found {
    /// Of a key, whose value is always passed on as text.
    fn of_key(token: String, value: &JsonValue) -> Self {
        let text = as_text(value);
        Self {
            token,
            value: text.clone().into(),
            text,
        }
    }

    /// What a run was given, which keeps its type.
    fn given(token: String, value: &JsonValue) -> Self {
        Self {
            token,
            value: value.clone(),
            text: as_text(value),
        }
    }
}

fn as_text(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretValues({})", self.found.len())
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
        let (given, keys): (Vec<KeyRef>, Vec<KeyRef>) = secrets
            .keys
            .iter()
            .cloned()
            .partition(|key| secrets.sealed.contains_key(&key.pack));
        let mut found = Self::opened(store, secrets, &given)?;
        if keys.is_empty() {
            return Ok(Self::of(found));
        }
        let stored = store.read(&keys).await?;
        for key in keys {
            let gone = |why| SecretError::Gone {
                key: key.to_string(),
                why,
            };
            let there = stored.iter().find(|stored| stored.row.key == key);
            let there = there.ok_or_else(|| gone("is gone since the run read it"))?;
            let value = there
                .value
                .as_ref()
                .ok_or_else(|| gone("cannot be opened with the master keys of this process"))?;
            found.push(Found::of_key(secrets.nonce.token(&key), value));
        }
        Ok(Self::of(found))
    }

    fn of(found: Vec<Found>) -> Self {
        Self {
            found,
            noted: Vec::new(),
        }
    }

    /// Has what stands at these JSON pointers of a filled input hidden as well: an action may call a
    /// value secret that was none before.
    pub fn note(&mut self, input: &JsonMap, pointers: &[String]) {
        if pointers.is_empty() {
            return;
        }
        let whole = JsonValue::Object(input.clone());
        for value in pointers.iter().filter_map(|at| whole.pointer(at)) {
            self.note_all(value);
        }
    }

    fn note_all(&mut self, value: &JsonValue) {
        match value {
            JsonValue::Array(items) => items.iter().for_each(|item| self.note_all(item)),
            JsonValue::Object(map) => map.values().for_each(|item| self.note_all(item)),
            JsonValue::Null | JsonValue::Bool(_) => {}
            plain => self.noted.push(plain.clone()),
        }
    }

    /// What runs were given: opened, once for each run.
    fn opened(
        store: &dyn KeyStore,
        secrets: &Secrets,
        given: &[KeyRef],
    ) -> Result<Vec<Found>, SecretError> {
        let mut opened: BTreeMap<&str, JsonValue> = BTreeMap::new();
        let mut found = Vec::with_capacity(given.len());
        for key in given {
            let run = key.pack.as_str();
            let closed = || SecretError::Closed {
                run: run.to_owned(),
            };
            if !opened.contains_key(run) {
                let sealed = secrets.sealed.get(run).ok_or_else(closed)?;
                let values = store.unseal(&Withheld::name_of(run), sealed);
                opened.insert(run, values.ok_or_else(closed)?);
            }
            let values = opened.get(run).ok_or_else(closed)?;
            let index = Withheld::index_of(key).ok_or_else(closed)?;
            let value = values.get(index).ok_or_else(closed)?;
            found.push(Found::given(secrets.nonce.token(key), value));
        }
        Ok(found)
    }

    /// Puts the values in the place of their tokens.
    pub fn fill(&self, input: &mut JsonMap) {
        if !self.found.is_empty() {
            input.values_mut().for_each(|value| self.fill_value(value));
        }
    }

    fn fill_value(&self, value: &mut JsonValue) {
        match value {
            JsonValue::String(text) => {
                if let Some(whole) = self.found.iter().find(|found| found.token == *text) {
                    *value = whole.value.clone();
                    return;
                }
                for found in &self.found {
                    if text.contains(&found.token) {
                        *text = text.replace(&found.token, &found.text);
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
        let noted: Vec<String> = self.noted.iter().map(as_text).collect();
        let found = self.found.iter();
        Mask::of(
            found
                .map(|found| (&found.value, found.text.as_str()))
                .chain(self.noted.iter().zip(noted.iter().map(String::as_str))),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MASK;
    use serde_json::json;

    fn values(pairs: &[(&str, &str)]) -> SecretValues {
        SecretValues::of(
            pairs
                .iter()
                .map(|(token, value)| Found::of_key((*token).to_owned(), &json!(value)))
                .collect(),
        )
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
    fn what_a_run_was_given_keeps_its_type_and_a_short_value_is_hidden_where_it_stands_alone() {
        let found = [
            ("[[n]]", json!(12345)),
            ("[[t]]", json!("abc")),
            ("[[b]]", json!(true)),
        ];
        let secrets = SecretValues::of(
            found
                .map(|(token, value)| Found::given(token.to_owned(), &value))
                .into(),
        );
        let mut input = json!({"n": "[[n]]", "text": "<[[n]]>", "t": "[[t]]", "b": ["[[b]]"]});
        secrets.fill(input.as_object_mut().unwrap());
        assert_eq!(
            input,
            json!({"n": 12345, "text": "<12345>", "t": "abc", "b": [true]})
        );
        let mut said = json!({"n": 12345, "t": "abc", "word": "abcdef", "b": true});
        secrets.mask().value(&mut said);
        assert_eq!(
            said,
            json!({"n": MASK, "t": MASK, "word": "abcdef", "b": true})
        );
    }
}
