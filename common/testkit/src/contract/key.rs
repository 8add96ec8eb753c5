//! Keys: set, read, listed without values, taken away.

use super::Harness;
use anyhow::{Context as _, Result};
use attune_port::{Expected, NewKey, PageRequest, StoreError};
use attune_template::KeyRef;
use attune_types::JsonValue;
use serde_json::json;

fn new(name: &str, value: JsonValue, secret: bool) -> NewKey {
    NewKey {
        key: KeyRef::new("demo", name),
        secret,
        value,
        readable_by: vec!["shop".to_owned()],
        by: "ada".to_owned(),
    }
}

/// What was set comes back, whatever JSON it is; what is not there is left out.
pub async fn values_come_back(harness: &dyn Harness) -> Result<()> {
    let keys = &harness.stores().keys;
    let values = [
        json!(null),
        json!("text with ünïcode and \"quotes\""),
        json!({"b": [1, 2.5, true], "a": {"deep": null}}),
    ];
    for (n, value) in values.iter().enumerate() {
        keys.set(new(&format!("k/{n}"), value.clone(), n == 1), Expected::Any)
            .await?;
    }
    let names: Vec<KeyRef> = (0..5)
        .map(|n| KeyRef::new("demo", format!("k/{n}")))
        .collect();
    let mut found = keys.read(&names).await?;
    found.sort_by(|a, b| a.row.key.cmp(&b.row.key));
    assert_eq!(found.len(), 3);
    for (stored, value) in found.iter().zip(&values) {
        assert_eq!(stored.value.as_ref(), Some(value));
        assert_eq!(stored.row.readable_by, ["shop"]);
        assert_eq!(stored.row.updated_by, "ada");
    }
    assert!(found[1].row.secret && !found[0].row.secret);
    assert!(keys.read(&[]).await?.is_empty());
    let elsewhere = [KeyRef::new("other", "k/1"), KeyRef::new("demo", "a\0")];
    assert!(keys.read(&elsewhere).await?.is_empty());
    let nul = keys
        .set(new("nul", json!("a\0b"), false), Expected::Any)
        .await;
    assert!(matches!(nul, Err(StoreError::Invalid(_))), "{nul:?}");
    Ok(())
}

/// A change says what it expects, and nothing changes otherwise.
pub async fn changes_expect_a_version(harness: &dyn Harness) -> Result<()> {
    let keys = &harness.stores().keys;
    let key = KeyRef::new("demo", "k");
    let refused = |answer: Result<_, StoreError>| {
        assert!(matches!(answer, Err(StoreError::Conflict(_))));
    };
    refused(
        keys.set(new("k", json!(0), false), Expected::Version(1))
            .await
            .map(drop),
    );
    let first = keys
        .set(new("k", json!(1), false), Expected::Absent)
        .await?;
    refused(
        keys.set(new("k", json!(2), false), Expected::Absent)
            .await
            .map(drop),
    );
    let version = Expected::Version(first.version);
    let second = keys.set(new("k", json!(3), true), version).await?;
    assert!(second.version > first.version && second.secret);
    refused(keys.set(new("k", json!(4), false), version).await.map(drop));
    refused(keys.delete(&key, version).await.map(drop));
    let stored = keys.read(std::slice::from_ref(&key)).await?;
    assert_eq!(stored.first().context("it is there")?.value, Some(json!(3)));

    assert!(keys.delete(&key, Expected::Version(second.version)).await?);
    assert!(!keys.delete(&key, Expected::Any).await?);
    let again = keys.set(new("k", json!(5), false), Expected::Any).await?;
    assert!(
        again.version > second.version,
        "a version is never used twice"
    );
    Ok(())
}

/// What was sealed is opened under its name and no other, and shows nothing.
pub async fn sealed_values_belong_to_a_name(harness: &dyn Harness) -> Result<()> {
    let keys = &harness.stores().keys;
    let name = KeyRef::new("0190c2a8-0000-7000-8000-000000000001", "secrets");
    let value = json!(["canary", {"deep": [1, null]}]);
    let sealed = keys.seal(&name, &value)?;
    assert!(!serde_json::to_string(&sealed)?.contains("canary"));
    assert!(!format!("{sealed:?}").contains(&sealed.bytes));
    assert_eq!(keys.unseal(&name, &sealed), Some(value));
    let other = KeyRef::new("0190c2a8-0000-7000-8000-000000000002", "secrets");
    assert_eq!(keys.unseal(&other, &sealed), None);
    let print = keys.fingerprint(b"canary")?;
    assert_eq!(keys.fingerprint(b"canary")?, print);
    assert_ne!(keys.fingerprint(b"canari")?, print);
    let mut broken = sealed.clone();
    broken.bytes = "no".to_owned();
    assert_eq!(keys.unseal(&name, &broken), None);
    Ok(())
}

/// Lists are in order and in pages, and of one pack if asked.
pub async fn keys_in_pages(harness: &dyn Harness) -> Result<()> {
    let keys = &harness.stores().keys;
    for n in 0..5 {
        keys.set(new(&format!("k{n}"), json!(n), false), Expected::Any)
            .await?;
    }
    let mut other = new("k1", json!("x"), true);
    other.key.pack = "another".to_owned();
    keys.set(other, Expected::Any).await?;
    let mut names = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { limit: 2, cursor };
        let found = keys.list(None, &page).await?;
        names.extend(found.items.iter().map(|row| row.key.to_string()));
        cursor = found.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(
        names,
        [
            "another/k1",
            "demo/k0",
            "demo/k1",
            "demo/k2",
            "demo/k3",
            "demo/k4"
        ]
    );
    let page = PageRequest {
        limit: 0,
        cursor: None,
    };
    assert_eq!(keys.list(Some("another"), &page).await?.items.len(), 1);
    assert!(keys.list(Some("nobody"), &page).await?.items.is_empty());
    Ok(())
}
