//! Keys in memory.

use super::{MemoryStore, check, page};
use async_trait::async_trait;
use attune_flow::run::SealedValue;
use attune_port::{Expected, KeyRow, KeyStore, NewKey, Page, PageRequest, StoreError, StoredKey};
use attune_template::KeyRef;
use attune_types::JsonValue;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Keys {
    keys: BTreeMap<KeyRef, StoredKey>,
    versions: u64,
    sealed: Vec<(KeyRef, JsonValue)>,
}

impl Keys {
    fn expect(&self, key: &KeyRef, expected: Expected) -> Result<(), StoreError> {
        let there = self.keys.get(key).map(|known| known.row.version);
        let met = match expected {
            Expected::Any => true,
            Expected::Absent => there.is_none(),
            Expected::Version(version) => there == Some(version),
        };
        if met {
            return Ok(());
        }
        Err(StoreError::Conflict(format!(
            "the key `{key}` is not what it was expected to be"
        )))
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    /// The value stays here; what is given away is its number.
    fn seal(&self, name: &KeyRef, value: &JsonValue) -> Result<SealedValue, StoreError> {
        let sealed = &mut self.lock().keys.sealed;
        sealed.push((name.clone(), value.clone()));
        Ok(SealedValue {
            key_id: "memory".to_owned(),
            bytes: (sealed.len() - 1).to_string(),
        })
    }

    fn fingerprint(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let sum = bytes.iter().fold(17_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        Ok(format!("{sum:016x}"))
    }

    fn unseal(&self, name: &KeyRef, sealed: &SealedValue) -> Option<JsonValue> {
        let number: usize = sealed.bytes.parse().ok()?;
        let state = self.lock();
        let (bound, value) = state.keys.sealed.get(number)?;
        (bound == name).then(|| value.clone())
    }

    async fn set(&self, new: NewKey, expected: Expected) -> Result<KeyRow, StoreError> {
        for text in [&new.key.pack, &new.key.name, &new.by] {
            check::text(text)?;
        }
        check::value(&new.value)?;
        let updated_at = self.now();
        let mut state = self.lock();
        state.keys.expect(&new.key, expected)?;
        state.keys.versions += 1;
        let row = KeyRow {
            key: new.key.clone(),
            secret: new.secret,
            readable_by: new.readable_by,
            version: state.keys.versions,
            updated_at,
            updated_by: new.by,
        };
        let stored = StoredKey {
            row: row.clone(),
            value: Some(new.value),
        };
        state.keys.keys.insert(new.key, stored);
        Ok(row)
    }

    async fn list(
        &self,
        pack: Option<&str>,
        request: &PageRequest,
    ) -> Result<Page<KeyRow>, StoreError> {
        let rows: Vec<KeyRow> = self
            .lock()
            .keys
            .keys
            .values()
            .map(|known| known.row.clone())
            .filter(|row| pack.is_none_or(|pack| row.key.pack == pack))
            .collect();
        page::page(rows, request, false, |row| {
            format!("{}\n{}", row.key.pack, row.key.name)
        })
    }

    async fn read(&self, keys: &[KeyRef]) -> Result<Vec<StoredKey>, StoreError> {
        let state = self.lock();
        let wanted: std::collections::BTreeSet<&KeyRef> = keys.iter().collect();
        Ok(wanted
            .into_iter()
            .filter_map(|key| state.keys.keys.get(key).cloned())
            .collect())
    }

    async fn delete(&self, key: &KeyRef, expected: Expected) -> Result<bool, StoreError> {
        let mut state = self.lock();
        if !state.keys.keys.contains_key(key) {
            return Ok(false);
        }
        if matches!(expected, Expected::Version(_)) {
            state.keys.expect(key, expected)?;
        }
        Ok(state.keys.keys.remove(key).is_some())
    }
}
