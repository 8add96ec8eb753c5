//! The secrets of a run: by reference, or sealed, never in the clear.
//!
//! Owns what a run records of the secrets that it read or was given, and how effects say which values
//! they need. A value is put in the place of its token by whoever starts the process
//! (`attune-catalogue`), and only for the secrets that stand here. How values that a run is given
//! become tokens: [`super::withheld`].

use super::RunHeader;
use attune_pack::ValueType;
use attune_template::{KeyRef, KeySeen, Nonce};
use attune_types::{JsonMap, JsonValue};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A value that only a process with the master key can open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedValue {
    /// Which master key sealed it.
    pub key_id: String,
    /// The sealed bytes, as base64.
    pub bytes: String,
}

impl fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedValue")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The secrets that the tokens in a run's values may stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Makes the run's tokens unlike any text that comes from outside.
    pub nonce: Nonce,
    /// The keys that were read, and of the values that were given those that are meant.
    pub keys: BTreeSet<KeyRef>,
    /// Values that runs were given as secrets: of each such run all of them, sealed together. The id
    /// of the run stands where the pack of a key stands.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sealed: BTreeMap<String, SealedValue>,
}

impl Secrets {
    /// What a run has of secrets when it opens.
    pub(super) fn at_opening(header: &RunHeader) -> Option<Self> {
        let passed = header.parent.as_ref().and_then(|p| p.secrets.as_ref());
        match (passed, &header.secrets) {
            (Some(passed), Some(own)) => {
                let mut all = passed.clone();
                all.keys.extend(own.keys.iter().cloned());
                all.sealed.extend(
                    own.sealed
                        .iter()
                        .map(|(run, value)| (run.clone(), value.clone())),
                );
                Some(all)
            }
            (one, other) => one.or(other.as_ref()).cloned(),
        }
    }

    /// Those of them whose tokens stand in the input; none if there is no such token.
    pub(super) fn in_input(&self, input: &JsonMap) -> Option<Self> {
        let found: BTreeSet<KeyRef> = input
            .values()
            .filter(|value| self.nonce.is_within(value))
            .flat_map(|value: &JsonValue| self.nonce.keys_in(value))
            .filter(|key| self.keys.contains(key) || self.sealed.contains_key(&key.pack))
            .collect();
        (!found.is_empty()).then(|| Self {
            nonce: self.nonce.clone(),
            sealed: self
                .sealed
                .iter()
                .filter(|(run, _)| found.iter().any(|key| key.pack == **run))
                .map(|(run, value)| (run.clone(), value.clone()))
                .collect(),
            keys: found,
        })
    }

    /// The type of the value that a text stands for; none if there is no secret in the text. Keys, and
    /// secrets joined with other text, are text.
    pub fn hidden_type(&self, text: &str) -> Option<ValueType> {
        if !self.nonce.is_in(text) {
            return None;
        }
        let keys = self.nonce.keys_in(&JsonValue::from(text));
        let whole = keys.iter().find(|key| self.nonce.token(key) == text);
        let given = whole.filter(|key| self.sealed.contains_key(&key.pack));
        let word = given.and_then(|key| key.name.split_once(':'));
        let kind = word.and_then(|(_, word)| ValueType::from_word(word));
        Some(kind.unwrap_or(ValueType::String))
    }
}

/// One key that was read for a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRead {
    /// Which.
    #[serde(flatten)]
    pub key: KeyRef,
    /// What was seen of it: the hash of a plain value, nothing of a secret.
    #[serde(flatten)]
    pub seen: KeySeen,
}

/// The state's secrets once these keys were read.
pub(super) fn with_reads(
    secrets: Option<&Secrets>,
    nonce: Option<&Nonce>,
    read: &[KeyRead],
) -> Option<Secrets> {
    let mut secrets = match (secrets, nonce) {
        (Some(secrets), _) => secrets.clone(),
        (None, Some(nonce)) => Secrets {
            nonce: nonce.clone(),
            keys: BTreeSet::new(),
            sealed: BTreeMap::new(),
        },
        (None, None) => return None,
    };
    secrets.keys.extend(
        read.iter()
            .filter(|read| read.seen == KeySeen::Secret)
            .map(|read| read.key.clone()),
    );
    Some(secrets)
}
