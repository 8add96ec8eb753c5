//! Sessions: log in, go on, log out, who am I.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::{audit, record};
use crate::auth::origin_of;
use crate::body::{Body, OptionalBody};
use crate::code;
use crate::endpoint::{Endpoint, get, post};
use crate::refusal::{Answer, Refusal};
use attune_rest::{Login, Me, Nothing, Session};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, StatusCode};
use serde_json::json;
use std::net::SocketAddr;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/v1/auth/login", Access::Public, login)
            .says("auth", "login", "Begins a session with login and password.")
            .takes::<Login>()
            .gives::<Session>(200),
        post("/api/v1/auth/refresh", Access::Viewer, refresh)
            .says(
                "auth",
                "refresh",
                "Gives a new session for one that still lasts.",
            )
            .takes::<Nothing>()
            .gives::<Session>(200),
        post("/api/v1/auth/logout", Access::Viewer, logout)
            .says(
                "auth",
                "logout",
                "Ends all sessions of the caller, everywhere and at once. API tokens stay.",
            )
            .takes::<Nothing>()
            .gives_nothing(),
        get("/api/v1/auth/me", Access::Viewer, me)
            .says("auth", "me", "Who is asking, and with which role.")
            .gives::<Me>(200),
    ]
}

async fn login(
    State(app): State<App>,
    extensions: Extensions,
    Body { value: given }: Body<Login>,
) -> Answer<Json<Session>> {
    let address = extensions.get::<ConnectInfo<SocketAddr>>();
    let origin = origin_of(address.map(|ConnectInfo(address)| *address));
    let now = app.deps.clock.now();
    // What is counted is bounded in length, or the brake would fill the memory.
    let counted: String = given.login.chars().take(100).collect();
    app.throttle
        .attempt(&counted, &origin, now)
        .map_err(|seconds| {
            Refusal::new(&code::TOO_MANY_REQUESTS, "too many failed logins").retry_after(seconds)
        })?;
    let identity = app.deps.stores.identities.by_login(&given.login).await?;
    // The same effort and the same answer whether the login, the password or the permission is
    // missing.
    let stored = identity
        .as_ref()
        .and_then(|identity| identity.password_hash.clone());
    let fits = app.passwords.matches(&given.password, stored).await?;
    let Some(identity) = identity.filter(|identity| fits && identity.enabled) else {
        return Err(Refusal::new(
            &code::BAD_CREDENTIALS,
            "login and password do not belong together",
        ));
    };
    app.throttle.forgive(&counted, &origin);
    let session = app.sessions.open(&identity, now)?;
    record(
        &app,
        &identity.login,
        "auth.login",
        identity.login.clone(),
        json!({"origin": origin}),
    )
    .await;
    Ok(Json(session))
}

async fn refresh(
    State(app): State<App>,
    caller: Caller,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Json<Session>> {
    if caller.token.is_some() {
        return Err(Refusal::new(
            &code::INVALID,
            "an API token cannot be turned into a session; log in",
        ));
    }
    let identity = app.deps.stores.identities.by_id(caller.id).await?;
    let identity = identity.ok_or_else(|| Refusal::not_found("identity", caller.id))?;
    Ok(Json(app.sessions.open(&identity, app.deps.clock.now())?))
}

async fn logout(
    State(app): State<App>,
    caller: Caller,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<StatusCode> {
    // Raises the epoch, and with it ends every session.
    app.deps
        .stores
        .identities
        .update(caller.id, None, None, None)
        .await?;
    audit(&app, &caller, "auth.logout", &caller.login, json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(caller: Caller) -> Json<Me> {
    Json(Me {
        id: caller.id,
        login: caller.login,
        role: caller.role,
        token: caller.token,
    })
}
