//! Identities and the audit trail, for admins.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::auth::{check_login, check_password};
use crate::body::Body;
use crate::code;
use crate::endpoint::{Endpoint, PAGE, get, patch, post};
use crate::ids::{id, new_id};
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_port::NewIdentity as StoredIdentity;
use attune_port::StoreError;
use attune_rest::{AuditView, IdentityView, NewIdentity, Page, PatchIdentity};
use attune_types::{IdentityId, Role};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/identities", Access::Admin, list)
            .says("auth", "list_identities", "Everybody who may log in.")
            .query(&PAGE)
            .pages::<IdentityView>(),
        post("/api/v1/identities", Access::Admin, create)
            .says("auth", "create_identity", "Lets somebody in.")
            .takes::<NewIdentity>()
            .gives::<IdentityView>(201),
        patch("/api/v1/identities/{id}", Access::Admin, change)
            .says("auth", "change_identity", "Changes password, role, or whether somebody may log in. All sessions of that identity end.")
            .takes::<PatchIdentity>()
            .gives::<IdentityView>(200),
        get("/api/v1/audit", Access::Admin, trail)
            .says("auth", "list_audit", "Who changed what, newest first.")
            .query(&PAGE)
            .pages::<AuditView>(),
    ]
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<IdentityView>>> {
    let page = params.page();
    params.finish()?;
    let found = app.deps.stores.identities.list(&page).await?;
    Ok(Json(view::page(found, view::identity)))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Body { value: given }: Body<NewIdentity>,
) -> Answer<(StatusCode, Json<IdentityView>)> {
    check_login(&given.login)?;
    let password_hash = match &given.password {
        Some(password) => {
            check_password(password)?;
            Some(app.passwords.hash(password).await?)
        }
        None => None,
    };
    let new = IdentityId(new_id(&*app.deps.clock));
    let identities = &app.deps.stores.identities;
    identities
        .create(StoredIdentity {
            id: new,
            login: given.login.clone(),
            role: given.role,
            password_hash,
        })
        .await
        .map_err(|error| match error {
            StoreError::Conflict(_) => Refusal::new(
                &code::CONFLICT,
                format!("the login `{}` is taken", given.login),
            ),
            other => other.into(),
        })?;
    audit(
        &app,
        &caller,
        "identity.create",
        &given.login,
        json!({"role": given.role}),
    )
    .await;
    let stored = identities.by_id(new).await?;
    let stored = stored.ok_or_else(|| Refusal::not_found("identity", new))?;
    Ok((StatusCode::CREATED, Json(view::identity(stored))))
}

async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    Body { value: given }: Body<PatchIdentity>,
) -> Answer<Json<IdentityView>> {
    let who: IdentityId = id("identity", &text)?;
    let identities = &app.deps.stores.identities;
    let before = identities.by_id(who).await?;
    let before = before.ok_or_else(|| Refusal::not_found("identity", who))?;
    let loses = given.enabled == Some(false) || given.role.is_some_and(|role| role < Role::Admin);
    if who == caller.id && loses {
        return Err(Refusal::new(
            &code::CONFLICT,
            "you would lock yourself out; let another admin do it",
        ));
    }
    let password_hash = match &given.password {
        Some(password) => {
            check_password(password)?;
            Some(app.passwords.hash(password).await?)
        }
        None => None,
    };
    let details = json!({
        "role": given.role,
        "enabled": given.enabled,
        "password": given.password.is_some(),
    });
    identities
        .update(who, password_hash, given.role, given.enabled)
        .await?;
    audit(&app, &caller, "identity.change", &before.login, details).await;
    let stored = identities.by_id(who).await?;
    let stored = stored.ok_or_else(|| Refusal::not_found("identity", who))?;
    Ok(Json(view::identity(stored)))
}

async fn trail(State(app): State<App>, mut params: Params) -> Answer<Json<Page<AuditView>>> {
    let page = params.page();
    params.finish()?;
    let found = app.deps.stores.identities.audit_log(&page).await?;
    Ok(Json(view::page(found, view::audit)))
}
