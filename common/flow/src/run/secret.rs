//! The secrets of a run: by reference, never by value.
//!
//! Owns what a run records of the secrets that it read, and how effects say which values they need.
//! A value is put in the place of its token by whoever starts the process (`attune-catalogue`), and
//! only for the secrets that stand here.

use attune_template::{KeyRef, KeySeen, Nonce};
use attune_types::{JsonMap, JsonValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The secrets that the tokens in a run's values may stand for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// Makes the run's tokens unlike any text that comes from outside.
    pub nonce: Nonce,
    /// Those that were read.
    pub keys: BTreeSet<KeyRef>,
}

impl Secrets {
    /// Those of them whose tokens stand in the input; none if there is no such token.
    pub(super) fn in_input(&self, input: &JsonMap) -> Option<Self> {
        let found: BTreeSet<KeyRef> = input
            .values()
            .filter(|value| self.nonce.is_within(value))
            .flat_map(|value: &JsonValue| self.nonce.keys_in(value))
            .filter(|key| self.keys.contains(key))
            .collect();
        (!found.is_empty()).then(|| Self {
            nonce: self.nonce.clone(),
            keys: found,
        })
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
