//! Looking up the keys that templates read.
//!
//! Owns what a pack may see of a key. One query, however many keys and readers. Failure: a store
//! that is away is the caller's to wait for; a key that may not or cannot be read is a value that
//! says why.

use attune_port::{KeyStore, StoreError, StoredKey};
use attune_template::{KeyRef, KeyValue};
use std::collections::BTreeMap;

/// Keys as they are stored now.
pub struct KeyRows(BTreeMap<KeyRef, StoredKey>);

impl KeyRows {
    /// Reads those that there are.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    pub async fn read(store: &dyn KeyStore, keys: &[KeyRef]) -> Result<Self, StoreError> {
        if keys.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let stored = store.read(keys).await?;
        Ok(Self(
            stored
                .into_iter()
                .map(|stored| (stored.row.key.clone(), stored))
                .collect(),
        ))
    }

    /// What the templates of a pack see of these keys, all of which were read.
    pub fn seen_by<'a>(
        &'a self,
        pack: &'a str,
        keys: impl IntoIterator<Item = &'a KeyRef>,
    ) -> impl Iterator<Item = (KeyRef, KeyValue)> {
        keys.into_iter()
            .map(move |key| (key.clone(), value(self.0.get(key), pack, key)))
    }
}

fn value(stored: Option<&StoredKey>, pack: &str, key: &KeyRef) -> KeyValue {
    // Whether a key of another pack exists is nobody's business who may not read it.
    let refused = || {
        KeyValue::Refused(format!(
            "the pack `{pack}` may not read `{key}`, or there is no such key; whoever keeps it lets it: `attune key set {} {} --readable-by {pack}`",
            key.pack, key.name
        ))
    };
    match stored {
        None if key.pack == pack => KeyValue::Missing,
        None => refused(),
        Some(stored) if !stored.row.is_readable_by(pack) => refused(),
        Some(stored) => match (&stored.value, stored.row.secret) {
            (_, true) => KeyValue::Secret,
            (Some(value), false) => KeyValue::Plain(value.clone()),
            (None, false) => KeyValue::Refused(format!(
                "the value of `{key}` cannot be opened: it was sealed with another master key (`secrets.key`)"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_port::KeyRow;
    use serde_json::json;

    fn stored(secret: bool, readable_by: &[&str]) -> StoredKey {
        StoredKey {
            row: KeyRow {
                key: KeyRef::new("shared", "k"),
                secret,
                readable_by: readable_by.iter().map(|pack| (*pack).to_owned()).collect(),
                version: 1,
                updated_at: "2026-01-01T00:00:00Z".parse().unwrap(),
                updated_by: "ada".to_owned(),
            },
            value: Some(json!("v")),
        }
    }

    #[test]
    fn a_key_is_for_its_pack_and_for_those_that_it_names() {
        let key = KeyRef::new("shared", "k");
        for (readable_by, reader, seen) in [
            (&[][..], "shared", true),
            (&[], "shop", false),
            (&["shop"], "shop", true),
            (&["shop"], "other", false),
            (&["*"], "other", true),
        ] {
            for secret in [false, true] {
                let found = value(Some(&stored(secret, readable_by)), reader, &key);
                let expected = match (seen, secret) {
                    (false, _) => {
                        assert!(matches!(found, KeyValue::Refused(_)), "{reader}");
                        continue;
                    }
                    (true, true) => KeyValue::Secret,
                    (true, false) => KeyValue::Plain(json!("v")),
                };
                assert_eq!(found, expected, "{reader}");
            }
        }
        assert_eq!(value(None, "shared", &key), KeyValue::Missing);
        assert!(matches!(value(None, "shop", &key), KeyValue::Refused(_)));
        let mut closed = stored(false, &[]);
        closed.value = None;
        let found = value(Some(&closed), "shared", &key);
        assert!(matches!(found, KeyValue::Refused(reason) if reason.contains("secrets.key")));
    }
}
