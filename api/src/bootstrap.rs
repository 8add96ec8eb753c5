//! The first admin of an installation, and tokens made without a request.
//!
//! Called by the composition root before it serves.

use crate::auth::{Passwords, mint};
use crate::error::ApiError;
use crate::ids::new_id;
use attune_port::{AuditEntry, Clock, IdentityStore, NewIdentity, StoreError};
use attune_rest::Secret;
use attune_types::{IdentityId, JsonValue, Role};

/// What became of the first admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// It was made, with the given password.
    Created,
    /// There was one of that login; its password and role are as they were.
    Kept,
}

/// Makes an admin of that login unless somebody has it.
///
/// # Errors
/// [`ApiError`] if the login or password is not accepted or the database failed.
pub async fn bootstrap_admin(
    identities: &dyn IdentityStore,
    clock: &dyn Clock,
    login: &str,
    password: &str,
) -> Result<Bootstrap, ApiError> {
    if identities.by_login(login).await?.is_some() {
        return Ok(Bootstrap::Kept);
    }
    let password = Secret::new(password);
    crate::auth::check_login(login)
        .and_then(|()| crate::auth::check_password(&password))
        .map_err(|refusal| ApiError::Credentials(refusal.problem.detail))?;
    let created = identities
        .create(NewIdentity {
            id: IdentityId(new_id(clock)),
            login: login.to_owned(),
            role: Role::Admin,
            password_hash: Some(Passwords::new().hash(&password).await?),
        })
        .await;
    match created {
        // Another replica was quicker.
        Err(StoreError::Conflict(_)) => return Ok(Bootstrap::Kept),
        other => other?,
    }
    identities
        .audit(AuditEntry {
            at: clock.now(),
            actor: "system".to_owned(),
            action: "identity.create".to_owned(),
            subject: login.to_owned(),
            details: JsonValue::Null,
        })
        .await?;
    Ok(Bootstrap::Created)
}

/// Makes an API token for somebody who exists. The secret is given this once.
///
/// # Errors
/// [`ApiError`] if there is nobody of that login, or the database failed.
pub async fn issue_token(
    identities: &dyn IdentityStore,
    clock: &dyn Clock,
    login: &str,
    name: &str,
) -> Result<Secret, ApiError> {
    let identity = identities.by_login(login).await?.ok_or_else(|| {
        ApiError::Credentials(format!("there is nobody with the login `{login}`"))
    })?;
    let minted = mint(clock, identity.id, name, identity.role, None);
    identities.create_token(minted.row).await?;
    identities
        .audit(AuditEntry {
            at: clock.now(),
            actor: "system".to_owned(),
            action: "token.create".to_owned(),
            subject: name.to_owned(),
            details: serde_json::json!({ "login": login }),
        })
        .await?;
    Ok(minted.secret)
}
