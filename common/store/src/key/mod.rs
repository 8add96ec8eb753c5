//! Keys on PostgreSQL: sealed values.
//!
//! Owns the table `key`. Values are sealed before they are sent and opened after they were read;
//! the database and its logs never see one.

mod seal;

pub use seal::Keyring;

use crate::columns::uint;
use crate::cursor;
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use crate::time::time;
use async_trait::async_trait;
use attune_flow::run::SealedValue;
use attune_port::{Expected, KeyRow, KeyStore, NewKey, Page, PageRequest, StoreError, StoredKey};
use attune_template::KeyRef;
use attune_types::JsonValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

fn row(row: &PgRow) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        key: KeyRef {
            pack: row.try_get("pack").store()?,
            name: row.try_get("name").store()?,
        },
        secret: row.try_get("secret").store()?,
        readable_by: row.try_get("readable_by").store()?,
        version: uint(row.try_get("version").store()?),
        updated_at: time(row, "updated_at")?,
        updated_by: row.try_get("updated_by").store()?,
    })
}

fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn changed(key: &KeyRef) -> StoreError {
    StoreError::Conflict(format!("the key `{key}` is not what it was expected to be"))
}

#[async_trait]
impl KeyStore for PgStore {
    fn seal(&self, name: &KeyRef, value: &JsonValue) -> Result<SealedValue, StoreError> {
        let sealed = self.keyring.seal(name, true, value)?;
        Ok(SealedValue {
            key_id: sealed.key_id,
            bytes: STANDARD_NO_PAD.encode(sealed.bytes),
        })
    }

    fn fingerprint(&self, bytes: &[u8]) -> Result<String, StoreError> {
        self.keyring.fingerprint(bytes)
    }

    fn unseal(&self, name: &KeyRef, sealed: &SealedValue) -> Option<JsonValue> {
        let bytes = STANDARD_NO_PAD.decode(&sealed.bytes).ok()?;
        self.keyring.open(name, true, &sealed.key_id, &bytes)
    }

    async fn set(&self, new: NewKey, expected: Expected) -> Result<KeyRow, StoreError> {
        for text in [&new.key.pack, &new.key.name, &new.by] {
            json::check_text(text)?;
        }
        json::check(&new.value)?;
        let sealed = self.keyring.seal(&new.key, new.secret, &new.value)?;
        let statement = match expected {
            Expected::Any => include_str!("put.sql"),
            Expected::Absent => include_str!("insert.sql"),
            Expected::Version(_) => include_str!("change.sql"),
        };
        let mut query = sqlx::query(statement)
            .bind(&new.key.pack)
            .bind(&new.key.name)
            .bind(new.secret)
            .bind(sealed.bytes)
            .bind(sealed.key_id)
            .bind(&new.readable_by)
            .bind(&new.by);
        if let Expected::Version(expected) = expected {
            query = query.bind(version(expected));
        }
        let stored = query.fetch_optional(&self.people).await.store()?;
        row(&stored.ok_or_else(|| changed(&new.key))?)
    }

    async fn list(
        &self,
        pack: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<KeyRow>, StoreError> {
        let (after_pack, after_name) = cursor::read::<(String, String)>(page)?.unzip();
        let rows = sqlx::query(include_str!("list.sql"))
            .bind(pack)
            .bind(after_pack)
            .bind(after_name)
            .bind(cursor::fetch(page))
            .fetch_all(&self.people)
            .await
            .store()?;
        let items = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        Ok(cursor::page(items, page, |row| {
            (row.key.pack.clone(), row.key.name.clone())
        }))
    }

    async fn read(&self, keys: &[KeyRef]) -> Result<Vec<StoredKey>, StoreError> {
        // A text with NUL in it names no key.
        let (packs, names): (Vec<&str>, Vec<&str>) = keys
            .iter()
            .filter(|key| !key.pack.contains('\0') && !key.name.contains('\0'))
            .map(|key| (key.pack.as_str(), key.name.as_str()))
            .unzip();
        let rows = sqlx::query(include_str!("read.sql"))
            .bind(packs)
            .bind(names)
            .fetch_all(&self.engine)
            .await
            .store()?;
        rows.iter()
            .map(|stored| {
                let row = row(stored)?;
                let sealed: Vec<u8> = stored.try_get("value").store()?;
                let key_id: String = stored.try_get("key_id").store()?;
                let value = self.keyring.open(&row.key, row.secret, &key_id, &sealed);
                if value.is_none() {
                    tracing::error!(
                        key = %row.key, key_id,
                        "a key's value cannot be opened: `secrets.key` has changed and the old one is not in `secrets.old_keys`"
                    );
                }
                Ok(StoredKey { row, value })
            })
            .collect()
    }

    async fn delete(&self, key: &KeyRef, expected: Expected) -> Result<bool, StoreError> {
        let expected = match expected {
            Expected::Any | Expected::Absent => None,
            Expected::Version(expected) => Some(version(expected)),
        };
        let done = sqlx::query(include_str!("delete.sql"))
            .bind(&key.pack)
            .bind(&key.name)
            .bind(expected)
            .fetch_one(&self.people)
            .await
            .store()?;
        let (known, gone): (bool, bool) = (
            done.try_get("known").store()?,
            done.try_get("gone").store()?,
        );
        if known && !gone {
            return Err(changed(key));
        }
        Ok(gone)
    }
}
