//! Keys: what `kv` reads, and what is known of it while a template is evaluated.
//!
//! Owns the names of keys, the set of those that were looked up, and the record of what an evaluation
//! read and what it still needs. Never looks anything up itself: whoever evaluates loads what
//! [`Keys::needs`] names and evaluates again. A secret's value never gets here: in its place stands a
//! token (see `secret`).

use crate::error::{ErrorKind, Fault};
use crate::limits::Limits;
use crate::secret::Nonce;
use attune_types::{JsonValue, canonical_json};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// A key: the pack that it belongs to and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyRef {
    /// The pack.
    pub pack: String,
    /// The name.
    pub name: String,
}

impl KeyRef {
    /// A key by pack and name.
    pub fn new(pack: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            pack: pack.into(),
            name: name.into(),
        }
    }

    /// Whether a text can be the name of a key: 1 to 200 letters, digits and `_ - . : /`.
    pub fn is_name(text: &str) -> bool {
        (1..=200).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte))
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pack, self.name)
    }
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyValue {
    /// There is no such key.
    Missing,
    /// It has this value.
    Plain(JsonValue),
    /// It is a secret; its value is not known here.
    Secret,
    /// It may not or cannot be read; says why.
    Refused(String),
}

/// Keys that were looked up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeySet {
    known: Arc<BTreeMap<KeyRef, KeyValue>>,
    /// Whether what is not in it is known not to exist.
    closed: bool,
}

impl KeySet {
    /// A set in which nothing was looked up yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All keys that there are: what is not in the set does not exist. For trying things offline.
    pub fn closed(keys: impl IntoIterator<Item = (KeyRef, KeyValue)>) -> Self {
        Self {
            known: Arc::new(keys.into_iter().collect()),
            closed: true,
        }
    }

    /// Adds what was looked up.
    pub fn extend(&mut self, keys: impl IntoIterator<Item = (KeyRef, KeyValue)>) {
        Arc::make_mut(&mut self.known).extend(keys);
    }

    /// What is known of a key; none if it has to be looked up.
    pub fn get(&self, key: &KeyRef) -> Option<&KeyValue> {
        match self.known.get(key) {
            None if self.closed => Some(&KeyValue::Missing),
            found => found,
        }
    }
}

/// What an evaluation saw of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "seen", rename_all = "snake_case")]
pub enum KeySeen {
    /// A plain value.
    Plain {
        /// SHA-256 of its canonical JSON.
        sha256: String,
    },
    /// A secret, by reference.
    Secret,
    /// Nothing: there is no such key.
    Missing,
}

/// The keys that evaluations may read, and the record of what they read. Cheap to clone; clones
/// share the record.
#[derive(Clone, Debug)]
pub struct Keys(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    own: String,
    known: KeySet,
    nonce: OnceCell<Nonce>,
    entropy: [u8; 16],
    /// Whether values may hold tokens, so that filters have to look.
    guarded: Cell<bool>,
    record: RefCell<Record>,
}

#[derive(Debug, Default)]
struct Record {
    reads: BTreeMap<KeyRef, KeySeen>,
    needs: BTreeSet<KeyRef>,
}

impl Keys {
    /// Keys as the templates of a pack see them. With a nonce, values may hold tokens with it
    /// already, from evaluations before; without one, it is made of the entropy when the first
    /// secret is read.
    pub fn new(pack: &str, known: KeySet, nonce: Option<Nonce>, entropy: [u8; 16]) -> Self {
        Self(Rc::new(Inner {
            own: pack.to_owned(),
            known,
            guarded: Cell::new(nonce.is_some()),
            nonce: nonce.map(OnceCell::from).unwrap_or_default(),
            entropy,
            record: RefCell::default(),
        }))
    }

    /// What has to be looked up before the results of the evaluations so far mean anything.
    pub fn needs(&self) -> Vec<KeyRef> {
        self.0.record.borrow().needs.iter().cloned().collect()
    }

    /// What was read so far.
    pub fn reads(&self) -> BTreeMap<KeyRef, KeySeen> {
        self.0.record.borrow().reads.clone()
    }

    /// The nonce in the tokens of secrets.
    pub fn nonce(&self) -> &Nonce {
        self.0.nonce.get_or_init(|| Nonce::of(self.0.entropy, b""))
    }

    /// Whether a text holds a secret.
    pub(crate) fn hides_in(&self, text: &str) -> bool {
        self.0.guarded.get() && self.nonce().is_in(text)
    }

    /// Whether any text of a value holds a secret.
    pub(crate) fn hides_within(&self, value: &JsonValue) -> bool {
        self.0.guarded.get() && self.nonce().is_within(value)
    }

    /// Whether values may hold secrets at all.
    pub(crate) fn are_guarded(&self) -> bool {
        self.0.guarded.get()
    }

    /// The key that a template means.
    fn named(&self, name: &JsonValue, pack: Option<&JsonValue>) -> Result<KeyRef, Fault> {
        let name = name
            .as_str()
            .filter(|name| KeyRef::is_name(name))
            .ok_or_else(|| {
                Fault::wrong_type(
                    "the name of a key is a text of letters, digits and `_ - . : /`, at most 200",
                )
            })?;
        let pack = match pack {
            None | Some(JsonValue::Null) => self.0.own.as_str(),
            Some(JsonValue::String(pack)) => pack.as_str(),
            Some(_) => {
                return Err(Fault::wrong_type(
                    "the `scope` of a key is the name of a pack",
                ));
            }
        };
        Ok(KeyRef::new(pack, name))
    }

    fn look(&self, key: &KeyRef) -> Result<&KeyValue, Fault> {
        if let Some(found) = self.0.known.get(key) {
            return Ok(found);
        }
        let mut record = self.0.record.borrow_mut();
        if record.needs.len() >= Limits::KEYS {
            return Err(Fault::limit(format!(
                "more than {} keys are read at once",
                Limits::KEYS
            )));
        }
        record.needs.insert(key.clone());
        Err(Fault::new(
            ErrorKind::Undefined,
            format!("the key `{key}` was not looked up"),
        ))
    }

    fn note(&self, key: KeyRef, seen: impl FnOnce() -> KeySeen) {
        let mut record = self.0.record.borrow_mut();
        record.reads.entry(key).or_insert_with(seen);
    }

    /// `kv.get`: the value; none where there is no such key.
    pub(crate) fn plain(
        &self,
        name: &JsonValue,
        pack: Option<&JsonValue>,
    ) -> Result<Option<&JsonValue>, Fault> {
        let key = self.named(name, pack)?;
        match self.look(&key)? {
            KeyValue::Plain(value) => {
                self.note(key, || KeySeen::Plain {
                    sha256: hex::encode(Sha256::digest(canonical_json(value).as_bytes())),
                });
                Ok(Some(value))
            }
            KeyValue::Missing => {
                self.note(key, || KeySeen::Missing);
                Ok(None)
            }
            KeyValue::Secret => Err(Fault::new(
                ErrorKind::Secret,
                format!("the key `{key}` is a secret"),
            )
            .help(format!("read it with `kv.get_secret(\"{}\")`", key.name))),
            KeyValue::Refused(reason) => Err(Fault::new(ErrorKind::Undefined, reason.clone())),
        }
    }

    /// `kv.get_secret`: the token that stands for the value.
    pub(crate) fn secret(
        &self,
        name: &JsonValue,
        pack: Option<&JsonValue>,
    ) -> Result<Option<String>, Fault> {
        let key = self.named(name, pack)?;
        match self.look(&key)? {
            KeyValue::Secret => {
                let token = self.nonce().token(&key);
                self.0.guarded.set(true);
                self.note(key, || KeySeen::Secret);
                Ok(Some(token))
            }
            KeyValue::Missing => {
                self.note(key, || KeySeen::Missing);
                Ok(None)
            }
            KeyValue::Plain(_) => Err(Fault::new(
                ErrorKind::Secret,
                format!("the key `{key}` is not a secret"),
            )
            .help(format!(
                "read it with `kv.get(\"{}\")`, or keep it as a secret: `attune key set {} {} --secret`",
                key.name, key.pack, key.name
            ))),
            KeyValue::Refused(reason) => Err(Fault::new(ErrorKind::Undefined, reason.clone())),
        }
    }

    /// What a bare name that no other scope has finds: a plain key of the own pack.
    pub(crate) fn bare(&self, name: &str) -> Option<&JsonValue> {
        let key = self.named(&JsonValue::from(name), None).ok()?;
        match self.look(&key) {
            Ok(KeyValue::Plain(_)) => self.plain(&JsonValue::from(name), None).ok().flatten(),
            _ => None,
        }
    }

    /// Why a key was not found.
    pub(crate) fn missing(
        &self,
        name: &JsonValue,
        pack: Option<&JsonValue>,
        secret: bool,
    ) -> Fault {
        let key = match self.named(name, pack) {
            Ok(key) => key,
            Err(fault) => return fault,
        };
        let (what, help) = if secret {
            (
                "secret",
                format!(
                    "set it with `attune key set {} {} --secret`",
                    key.pack, key.name
                ),
            )
        } else {
            (
                "key",
                format!(
                    "set it with `attune key set {} {} VALUE`, or give a default: `kv.get(\"{}\", default)`",
                    key.pack, key.name, key.name
                ),
            )
        };
        Fault::new(
            ErrorKind::Undefined,
            format!("the pack `{}` has no {what} `{}`", key.pack, key.name),
        )
        .help(help)
    }
}

/// A place without keys: what a template is told there.
pub(crate) fn no_keys() -> Fault {
    Fault::new(ErrorKind::Undefined, "there are no keys to read here")
}
