//! API tokens of the caller.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::auth::mint;
use crate::body::Body;
use crate::code;
use crate::endpoint::{Endpoint, delete, get, post};
use crate::ids::id;
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_rest::{CreatedToken, NewToken, Page, TokenView};
use attune_types::TokenId;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

/// Longest name of a token.
const LONGEST_NAME: usize = 200;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/tokens", Access::Viewer, list)
            .says(
                "auth",
                "list_tokens",
                "The caller's API tokens, without their secrets.",
            )
            .pages::<TokenView>(),
        post("/api/v1/tokens", Access::Viewer, create)
            .says(
                "auth",
                "create_token",
                "Makes an API token for the caller. Its secret is shown this once.",
            )
            .takes::<NewToken>()
            .gives::<CreatedToken>(201),
        delete("/api/v1/tokens/{id}", Access::Viewer, revoke)
            .says(
                "auth",
                "revoke_token",
                "Ends one of the caller's API tokens, at once and for good.",
            )
            .gives_nothing(),
    ]
}

async fn list(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Answer<Json<Page<TokenView>>> {
    params.finish()?;
    let tokens = app.deps.stores.identities.tokens(caller.id).await?;
    Ok(Json(Page::whole(
        tokens.into_iter().map(view::token).collect(),
    )))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    Body { value: given }: Body<NewToken>,
) -> Answer<(StatusCode, Json<CreatedToken>)> {
    if given.name.trim().is_empty() || given.name.len() > LONGEST_NAME {
        return Err(Refusal::field(
            "/name",
            "length",
            format!("a token's name has 1 to {LONGEST_NAME} bytes"),
        ));
    }
    let role = given.role.unwrap_or(caller.role);
    if role > caller.role {
        return Err(Refusal::new(
            &code::FORBIDDEN,
            format!(
                "a token cannot have the role {role}: you have {}",
                caller.role
            ),
        ));
    }
    let now = app.deps.clock.now();
    if given.expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::field(
            "/expires_at",
            "past",
            "the token would have expired already",
        ));
    }
    let minted = mint(
        &*app.deps.clock,
        caller.id,
        &given.name,
        role,
        given.expires_at,
    );
    let token = view::token(minted.row.clone());
    app.deps.stores.identities.create_token(minted.row).await?;
    let details = json!({"name": given.name, "role": role});
    audit(&app, &caller, "token.create", token.id, details).await;
    let created = CreatedToken {
        secret: minted.secret,
        token,
    };
    Ok((StatusCode::CREATED, Json(created)))
}

async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
) -> Answer<StatusCode> {
    let token: TokenId = id("token", &text)?;
    if !app
        .deps
        .stores
        .identities
        .revoke_token(caller.id, token)
        .await?
    {
        return Err(Refusal::not_found("token", token));
    }
    audit(&app, &caller, "token.revoke", token, json!({})).await;
    Ok(StatusCode::NO_CONTENT)
}
