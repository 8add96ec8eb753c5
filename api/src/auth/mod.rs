//! Who is asking: sessions, API tokens, passwords, and the brake on guessing.
//!
//! Owns how a bearer token becomes a [`Caller`]. Identities are read with every request, so that a
//! revoked token, a changed role or a disabled identity counts at once, in every replica.

mod password;
mod session;
mod throttle;
mod token;

pub(crate) use password::{Passwords, check_login, check_password};
pub(crate) use session::Sessions;
pub(crate) use throttle::{Throttle, origin_of};
pub(crate) use token::{PREFIX, hash_secret, mint};

use crate::access::Caller;
use crate::app::App;
use crate::code;
use crate::refusal::{Answer, Refusal};
use axum::http::{HeaderMap, header};

fn refused() -> Refusal {
    Refusal::new(
        &code::UNAUTHENTICATED,
        "the token is missing, wrong, expired or revoked",
    )
}

/// The token of the request, if it has one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Who sends these headers. All reasons for a refusal look the same.
pub(crate) async fn authenticate(app: &App, headers: &HeaderMap) -> Answer<Caller> {
    let token = bearer(headers).ok_or_else(refused)?;
    if token.starts_with(PREFIX) {
        by_token(app, token).await
    } else {
        by_session(app, token).await
    }
}

/// The database is asked by the secret's hash: how long that takes says nothing about secrets.
async fn by_token(app: &App, token: &str) -> Answer<Caller> {
    let found = app
        .deps
        .stores
        .identities
        .token_by_hash(&hash_secret(token))
        .await?;
    let (token, identity) = found.ok_or_else(refused)?;
    let expired = token
        .expires_at
        .is_some_and(|end| end <= app.deps.clock.now());
    if expired || token.revoked_at.is_some() || !identity.enabled {
        return Err(refused());
    }
    Ok(Caller {
        id: identity.id,
        login: identity.login,
        role: identity.role.min(token.role),
        token: Some(token.id),
    })
}

async fn by_session(app: &App, token: &str) -> Answer<Caller> {
    let claims = app
        .sessions
        .read(token, app.deps.clock.now())
        .ok_or_else(refused)?;
    let identity = app
        .deps
        .stores
        .identities
        .by_id(claims.identity)
        .await?
        .filter(|identity| identity.enabled && identity.session_epoch == claims.epoch)
        .ok_or_else(refused)?;
    Ok(Caller {
        id: identity.id,
        login: identity.login,
        role: identity.role,
        token: None,
    })
}
