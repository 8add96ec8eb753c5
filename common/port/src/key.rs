//! Keys: named values of packs, plain or secret, sealed at rest.

use crate::{Page, PageRequest, StoreError};
use async_trait::async_trait;
use attune_flow::run::SealedValue;
use attune_template::KeyRef;
use attune_types::{JsonValue, Timestamp};
use std::fmt;

/// What may be shown of a key: all but its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Pack and name.
    pub key: KeyRef,
    /// Whether its value is a secret.
    pub secret: bool,
    /// Other packs that may read it; `*` stands for every pack.
    pub readable_by: Vec<String>,
    /// Another one after each change; never used twice.
    pub version: u64,
    /// When it was last set.
    pub updated_at: Timestamp,
    /// Login of who set it.
    pub updated_by: String,
}

impl KeyRow {
    /// Whether workflows and rules of a pack may read it.
    pub fn is_readable_by(&self, pack: &str) -> bool {
        self.key.pack == pack
            || self
                .readable_by
                .iter()
                .any(|other| other == "*" || other == pack)
    }
}

/// A key with its value. `Debug` does not show the value.
#[derive(Clone, PartialEq)]
pub struct StoredKey {
    /// What may be shown.
    pub row: KeyRow,
    /// The value; none if no master key that is known here opens it.
    pub value: Option<JsonValue>,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("row", &self.row)
            .finish_non_exhaustive()
    }
}

/// A key to be set. `Debug` does not show the value.
#[derive(Clone)]
pub struct NewKey {
    /// Pack and name.
    pub key: KeyRef,
    /// Whether its value is a secret.
    pub secret: bool,
    /// The value.
    pub value: JsonValue,
    /// Other packs that may read it; `*` stands for every pack.
    pub readable_by: Vec<String>,
    /// Login of who sets it.
    pub by: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey")
            .field("key", &self.key)
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

/// What a change of a key expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Any,
    /// No such key.
    Absent,
    /// This version of it.
    Version(u64),
}

/// Keys. Values are sealed on the way in and opened on the way out: no other table, message or log
/// ever holds one in the clear.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Seals a secret value that is kept elsewhere, bound to a name.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is no master key to seal it with.
    fn seal(&self, name: &KeyRef, value: &JsonValue) -> Result<SealedValue, StoreError>;

    /// A text that follows from these bytes and the master key: the same for the same, and no help to
    /// anybody who tries values out.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if there is no master key.
    fn fingerprint(&self, bytes: &[u8]) -> Result<String, StoreError>;

    /// Opens what was sealed under that name; none if no master key that is known here opens it.
    fn unseal(&self, name: &KeyRef, sealed: &SealedValue) -> Option<JsonValue>;

    /// Sets a key and gives what it is now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if something else is there than was expected;
    /// [`StoreError::Invalid`] if there is no master key to seal it with.
    async fn set(&self, key: NewKey, expected: Expected) -> Result<KeyRow, StoreError>;

    /// Keys in order of pack and name, without values; of one pack if given.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list(
        &self,
        pack: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<KeyRow>, StoreError>;

    /// The keys of those names that there are, with their values, in any order. One query.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn read(&self, keys: &[KeyRef]) -> Result<Vec<StoredKey>, StoreError>;

    /// Takes a key away. Answers whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another version is there than was expected.
    async fn delete(&self, key: &KeyRef, expected: Expected) -> Result<bool, StoreError>;
}
