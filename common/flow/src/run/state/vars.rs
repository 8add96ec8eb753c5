//! The published values of a run, in a map that is cheap to copy: a run that publishes many names does
//! not copy them all each time.

use super::trie::{Entry, Trie};
use crate::run::event::Values;
use attune_types::JsonValue;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Values by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::run) struct Vars(Trie<Var>);

#[derive(Clone, Debug, PartialEq)]
struct Var {
    name: Arc<str>,
    value: Arc<JsonValue>,
}

impl Entry for Var {}

/// Where a name stands. Kept in memory only, so that it need not be the same in other builds.
fn key(name: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        name.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

impl Vars {
    /// The value of that name.
    pub(in crate::run) fn get(&self, name: &str) -> Option<&JsonValue> {
        let var = self.0.get(key(name))?;
        (&*var.name == name).then_some(&*var.value)
    }

    /// Sets a value.
    pub(in crate::run) fn insert(&mut self, name: &str, value: Arc<JsonValue>) {
        let name: Arc<str> = name.into();
        self.0.insert(key(&name), Var { name, value });
    }

    /// Sets several.
    pub(in crate::run) fn extend(&mut self, values: &Values) {
        for (name, value) in values {
            self.insert(name, value.clone());
        }
    }

    /// All names, sorted.
    pub(in crate::run) fn names(&self) -> Vec<String> {
        let vars = self.sorted();
        vars.into_iter().map(|var| var.name.to_string()).collect()
    }

    fn sorted(&self) -> Vec<&Var> {
        let mut vars = self.0.values();
        vars.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        vars
    }
}

impl Serialize for Vars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let vars = self.sorted();
        serializer.collect_map(vars.into_iter().map(|var| (&*var.name, &*var.value)))
    }
}

impl<'de> Deserialize<'de> for Vars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut vars = Self::default();
        vars.extend(&Values::deserialize(deserializer)?);
        Ok(vars)
    }
}
