//! Secret values that a run is given: taken out, with tokens left in their place.
//!
//! Owns which parts of a value become tokens and what the tokens are called. Pure: whoever opens a run
//! seals what was taken. Called before the first event of a run is made, so that no event ever holds
//! such a value. Tokens of the run above stay as they are.

use super::{Origin, RunHeader, SealedValue, Secrets};
use attune_pack::ValueType;
use attune_pack::catalogue::Keyword as _;
use attune_template::{KeyRef, Nonce};
use attune_types::{JsonMap, JsonValue, RunId};
use std::collections::{BTreeMap, BTreeSet};

/// Values taken from what a run is given. `Debug` is not there on purpose: it would show them.
pub struct Withheld {
    run: String,
    nonce: Nonce,
    values: Vec<JsonValue>,
}

impl Withheld {
    /// Takes the secret values out of a header: parameters by its own `hidden`, the configuration and
    /// the payload of the event behind the run by these JSON pointers. None if there are no such values.
    pub fn from(
        header: &mut RunHeader,
        config: &[String],
        payload: &[String],
        entropy: [u8; 16],
    ) -> Option<Self> {
        let run = header.run.to_string();
        let passed = header.parent.as_ref().and_then(|p| p.secrets.as_ref());
        let mut withheld = Self {
            nonce: match passed {
                // Tokens of one run look alike, wherever they come from.
                Some(passed) => passed.nonce.clone(),
                None => Nonce::of(entropy, run.as_bytes()),
            },
            run,
            values: Vec::new(),
        };
        withheld.take_from(&mut header.parameters, &header.hidden);
        withheld.take_from(&mut header.pack_config, config);
        if let Origin::Rule { payload: value, .. } = &mut header.origin {
            withheld.take(value, payload);
        }
        (!withheld.values.is_empty()).then_some(withheld)
    }

    /// Takes the secret values out of an edited input that the run is given, by these JSON pointers.
    /// None if there are none. Its tokens look like those that the run knows already.
    pub fn from_edit(
        run: RunId,
        known: Option<&Secrets>,
        input: &mut JsonMap,
        pointers: &[String],
        entropy: [u8; 16],
    ) -> Option<Self> {
        let run = run.to_string();
        let mut withheld = Self {
            nonce: match known {
                Some(known) => known.nonce.clone(),
                None => Nonce::of(entropy, run.as_bytes()),
            },
            run,
            values: Vec::new(),
        };
        withheld.take_from(input, pointers);
        (!withheld.values.is_empty()).then_some(withheld)
    }

    fn take_from(&mut self, map: &mut JsonMap, pointers: &[String]) {
        if pointers.is_empty() {
            return;
        }
        let mut value = JsonValue::Object(std::mem::take(map));
        self.take(&mut value, pointers);
        if let JsonValue::Object(taken) = value {
            *map = taken;
        }
    }

    fn take(&mut self, value: &mut JsonValue, pointers: &[String]) {
        for pointer in pointers {
            if let Some(found) = value.pointer_mut(pointer) {
                self.take_all(found);
            }
        }
    }

    /// Of a list or map the parts are taken one by one, so that templates can still reach them. Null and
    /// the empty text have nothing to hide.
    fn take_all(&mut self, value: &mut JsonValue) {
        match value {
            JsonValue::Null => {}
            JsonValue::String(text) if text.is_empty() || self.nonce.is_in(text) => {}
            JsonValue::Array(items) => items.iter_mut().for_each(|item| self.take_all(item)),
            JsonValue::Object(map) => map.values_mut().for_each(|item| self.take_all(item)),
            _ => {
                let kind = ValueType::of(value).word();
                let name = format!("{}:{kind}", self.values.len());
                let token = self.nonce.token(&KeyRef::new(self.run.clone(), name));
                self.values.push(std::mem::replace(value, token.into()));
            }
        }
    }

    /// What was taken, to be sealed under [`Withheld::name`].
    pub fn values(&self) -> JsonValue {
        self.values.clone().into()
    }

    /// The name under which it is to be sealed.
    pub fn name(&self) -> KeyRef {
        Self::name_of(&self.run)
    }

    /// The name under which the values of a run are sealed. No pack is called like a run.
    pub fn name_of(run: &str) -> KeyRef {
        KeyRef::new(run, "secrets")
    }

    /// Which of the sealed values of its run a token means.
    pub fn index_of(key: &KeyRef) -> Option<usize> {
        key.name.split_once(':')?.0.parse().ok()
    }

    /// What the run records of it.
    pub fn into_secrets(self, value: SealedValue) -> Secrets {
        Secrets {
            nonce: self.nonce,
            keys: BTreeSet::new(),
            sealed: BTreeMap::from([(self.run, value)]),
        }
    }
}
