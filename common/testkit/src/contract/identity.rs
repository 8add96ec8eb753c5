//! Identities, tokens, audit.

use super::Harness;
use super::fixture::{cut, odd_time};
use anyhow::{Context as _, Result};
use attune_port::{AuditEntry, NewIdentity, PageRequest, StoreError, TokenRow};
use attune_types::{IdentityId, Role, TokenId};
use serde_json::json;
use uuid::Uuid;

fn somebody(login: &str) -> NewIdentity {
    NewIdentity {
        id: IdentityId(Uuid::new_v4()),
        login: login.to_owned(),
        role: Role::Operator,
        password_hash: Some("$argon2id$x".to_owned()),
    }
}

/// A login is taken once; letter case counts.
pub async fn logins_are_unique(harness: &dyn Harness) -> Result<()> {
    let identities = &harness.stores().identities;
    let ada = somebody("ada");
    identities.create(ada.clone()).await?;
    let again = identities.create(somebody("ada")).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    identities.create(somebody("Ada")).await?;
    let found = identities.by_login("ada").await?.context("not found")?;
    assert_eq!(
        (found.id, found.role, found.enabled),
        (ada.id, Role::Operator, true)
    );
    assert_eq!(found.password_hash, ada.password_hash);
    assert_eq!(identities.by_id(ada.id).await?, Some(found));
    assert_eq!(identities.by_login("nobody").await?, None);
    assert_eq!(identities.by_id(IdentityId(Uuid::new_v4())).await?, None);
    assert_eq!(identities.by_login("a\0").await?, None);
    Ok(())
}

/// Each change ends older sessions and leaves alone what it does not name.
pub async fn updates_end_sessions(harness: &dyn Harness) -> Result<()> {
    let identities = &harness.stores().identities;
    let ada = somebody("ada");
    identities.create(ada.clone()).await?;
    let before = identities.by_id(ada.id).await?.context("not found")?;
    identities
        .update(ada.id, None, Some(Role::Viewer), None)
        .await?;
    let after = identities.by_id(ada.id).await?.context("not found")?;
    assert!(after.session_epoch > before.session_epoch);
    assert_eq!((after.role, after.enabled), (Role::Viewer, true));
    assert_eq!(after.password_hash, before.password_hash);
    identities
        .update(ada.id, Some("new".to_owned()), None, Some(false))
        .await?;
    let last = identities.by_id(ada.id).await?.context("not found")?;
    assert_eq!(last.password_hash.as_deref(), Some("new"));
    assert_eq!((last.role, last.enabled), (Role::Viewer, false));
    let nobody = identities
        .update(IdentityId(Uuid::new_v4()), None, None, None)
        .await;
    assert!(matches!(nobody, Err(StoreError::Conflict(_))));
    Ok(())
}

/// A token is found by its hash until and after it is revoked, and only its owner's call revokes it.
pub async fn tokens_until_revoked(harness: &dyn Harness) -> Result<()> {
    let identities = &harness.stores().identities;
    let (ada, eve) = (somebody("ada"), somebody("eve"));
    identities.create(ada.clone()).await?;
    identities.create(eve.clone()).await?;
    let token = TokenRow {
        id: TokenId(Uuid::new_v4()),
        identity: ada.id,
        name: "ci".to_owned(),
        role: Role::Viewer,
        secret_hash: "abc".to_owned(),
        created_at: cut(odd_time()),
        expires_at: None,
        revoked_at: None,
    };
    identities.create_token(token.clone()).await?;
    let twice = identities.create_token(token.clone()).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))));
    let (found, owner) = identities
        .token_by_hash("abc")
        .await?
        .context("not found")?;
    assert_eq!(found, token);
    assert_eq!(owner.login, "ada");
    assert!(identities.token_by_hash("abd").await?.is_none());
    assert!(!identities.revoke_token(eve.id, token.id).await?);
    assert!(identities.revoke_token(ada.id, token.id).await?);
    let revoked = identities.tokens(ada.id).await?[0].revoked_at;
    assert!(revoked.is_some());
    assert!(identities.revoke_token(ada.id, token.id).await?);
    assert_eq!(identities.tokens(ada.id).await?[0].revoked_at, revoked);
    let (found, _) = identities
        .token_by_hash("abc")
        .await?
        .context("not found")?;
    assert_eq!(found.revoked_at, revoked);
    assert!(identities.tokens(eve.id).await?.is_empty());
    Ok(())
}

/// The audit trail is complete and newest first.
pub async fn audit_newest_first(harness: &dyn Harness) -> Result<()> {
    let identities = &harness.stores().identities;
    for n in 0..5 {
        identities
            .audit(AuditEntry {
                at: odd_time(),
                actor: "ada".to_owned(),
                action: "rule.enable".to_owned(),
                subject: format!("demo.r{n}"),
                details: json!({"n": n}),
            })
            .await?;
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = identities
            .audit_log(&PageRequest { limit: 2, cursor })
            .await?;
        found.extend(page.items.into_iter().map(|entry| entry.subject));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(
        found,
        ["demo.r4", "demo.r3", "demo.r2", "demo.r1", "demo.r0"]
    );
    Ok(())
}

/// Everybody, by login.
pub async fn identities_in_pages(harness: &dyn Harness) -> Result<()> {
    let identities = &harness.stores().identities;
    for login in ["c", "a", "d", "b"] {
        identities.create(somebody(login)).await?;
    }
    let first = identities
        .list(&PageRequest {
            limit: 3,
            cursor: None,
        })
        .await?;
    let rest = identities
        .list(&PageRequest {
            limit: 3,
            cursor: first.next.clone(),
        })
        .await?;
    let logins: Vec<_> = first
        .items
        .iter()
        .chain(&rest.items)
        .map(|one| one.login.as_str())
        .collect();
    assert_eq!(logins, ["a", "b", "c", "d"]);
    assert!(first.next.is_some() && rest.next.is_none());
    Ok(())
}
