//! Sealing values with a master key.
//!
//! Owns the form of a sealed value (a random nonce, then AES-256-GCM) and the choice among master
//! keys: values are sealed with the current one and opened with the one that sealed them. A value is
//! bound to its pack, name and kind, so that it cannot be moved to another row. Never logs or shows a
//! key.

use attune_port::StoreError;
use attune_template::KeyRef;
use attune_types::JsonValue;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use std::collections::BTreeMap;
use std::fmt;

/// The master keys of this process.
#[derive(Default)]
pub struct Keyring {
    current: Option<String>,
    keys: BTreeMap<String, RandomizedNonceKey>,
    marker: Option<hmac::Key>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

/// A sealed value and which master key sealed it.
pub(super) struct Sealed {
    pub(super) key_id: String,
    pub(super) bytes: Vec<u8>,
}

impl Keyring {
    /// Keys made of texts that nobody can guess: `current` seals, it and the `old` ones open. Without
    /// a current one nothing can be sealed.
    pub fn new<'a>(current: &'a str, old: impl IntoIterator<Item = &'a str>) -> Self {
        let mut ring = Self::default();
        let texts = std::iter::once(current).chain(old);
        for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
            let of = |purpose: &str| digest(&SHA256, format!("{purpose}\0{text}").as_bytes());
            let id: String = of("attune key id").as_ref()[..4]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            // A hash has the length of a key.
            if let Ok(key) = RandomizedNonceKey::new(&AES_256_GCM, of("attune keys").as_ref()) {
                ring.keys.insert(id.clone(), key);
                if text == current.trim() {
                    ring.current = Some(id);
                    let purpose = of("attune fingerprints");
                    ring.marker = Some(hmac::Key::new(hmac::HMAC_SHA256, purpose.as_ref()));
                }
            }
        }
        ring
    }

    pub(super) fn seal(
        &self,
        key: &KeyRef,
        secret: bool,
        value: &JsonValue,
    ) -> Result<Sealed, StoreError> {
        let found = self.current.as_ref().and_then(|id| {
            let key = self.keys.get(id)?;
            Some((id, key))
        });
        let (id, master) = found.ok_or_else(no_key)?;
        let mut bytes = value.to_string().into_bytes();
        let nonce = master
            .seal_in_place_append_tag(bound(key, secret), &mut bytes)
            .map_err(|_| StoreError::Invalid("the value could not be sealed".to_owned()))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        Ok(Sealed {
            key_id: id.clone(),
            bytes: sealed,
        })
    }

    /// What only a holder of the current key can make of these bytes.
    pub(super) fn fingerprint(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let marker = self.marker.as_ref().ok_or_else(no_key)?;
        let tag = hmac::sign(marker, bytes);
        Ok(tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    /// The value; none if no key that is known here opens it.
    pub(super) fn open(
        &self,
        key: &KeyRef,
        secret: bool,
        key_id: &str,
        sealed: &[u8],
    ) -> Option<JsonValue> {
        let master = self.keys.get(key_id)?;
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = rest.to_vec();
        let opened = master
            .open_in_place(nonce, bound(key, secret), &mut bytes)
            .ok()?;
        serde_json::from_slice(opened).ok()
    }
}

fn no_key() -> StoreError {
    StoreError::Invalid("this process has no master key for values: set `secrets.key`".to_owned())
}

/// What a sealed value belongs to.
fn bound(key: &KeyRef, secret: bool) -> Aad<Vec<u8>> {
    let kind = if secret { "secret" } else { "plain" };
    Aad::from(format!("{}\0{}\0{kind}", key.pack, key.name).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_opened_by_the_key_that_sealed_it_and_where_it_belongs() {
        let (old, new) = ("an old text for tests", "a new text for tests");
        let ring = Keyring::new(old, []);
        let key = KeyRef::new("demo", "token");
        let value = json!("s3cret");
        let sealed = ring.seal(&key, true, &value).unwrap();
        assert!(!String::from_utf8_lossy(&sealed.bytes).contains("s3cret"));
        let again = ring.seal(&key, true, &value).unwrap();
        assert_ne!(sealed.bytes, again.bytes, "the nonce is another one");

        let open = |ring: &Keyring, key: &KeyRef, secret: bool| {
            ring.open(key, secret, &sealed.key_id, &sealed.bytes)
        };
        assert_eq!(open(&ring, &key, true), Some(value.clone()));
        assert_eq!(open(&Keyring::new(new, [old]), &key, true), Some(value));
        assert_eq!(open(&Keyring::new(new, []), &key, true), None);
        assert_eq!(open(&ring, &key, false), None);
        assert_eq!(open(&ring, &KeyRef::new("other", "token"), true), None);
        let mut broken = sealed.bytes.clone();
        broken[NONCE_LEN] ^= 1;
        assert_eq!(ring.open(&key, true, &sealed.key_id, &broken), None);
        assert_eq!(ring.open(&key, true, &sealed.key_id, b"short"), None);
    }

    #[test]
    fn a_fingerprint_is_the_same_for_the_same_and_another_one_with_another_key() {
        let of = |key: &str, bytes: &[u8]| Keyring::new(key, ["old"]).fingerprint(bytes).unwrap();
        assert_eq!(of("a", b"x"), of("a", b"x"));
        assert_ne!(of("a", b"x"), of("a", b"y"));
        assert_ne!(of("a", b"x"), of("b", b"x"));
        assert!(Keyring::default().fingerprint(b"x").is_err());
    }

    #[test]
    fn nothing_is_sealed_without_a_key_and_none_is_shown() {
        let error = Keyring::default()
            .seal(&KeyRef::new("a", "b"), false, &json!(1))
            .err()
            .unwrap();
        assert!(error.to_string().contains("secrets.key"), "{error}");
        let shown = format!("{:?}", Keyring::new("tiger-tiger", ["lion-lion"]));
        assert!(
            !shown.contains("tiger") && !shown.contains("lion"),
            "{shown}"
        );
    }
}
