//! Sessions, tokens, identities, audit.

use crate::world::{Reply, World};
use anyhow::Result;
use attune_api::{Api, ApiConfig, Bootstrap, bootstrap_admin};
use attune_port::Clock;
use attune_types::Role;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const PASSWORD: &str = "correct horse battery";

async fn log_in(world: &World, login: &str, password: &str) -> Result<Reply> {
    let body = json!({"login": login, "password": password});
    world.post("", "/api/v1/auth/login", body).await
}

/// Makes somebody with a password; the identity's id.
async fn invite(world: &World, login: &str, role: &str) -> Result<String> {
    let admin = world.token("admin").await?;
    let body = json!({"login": login, "password": PASSWORD, "role": role});
    let reply = world.post(&admin, "/api/v1/identities", body).await?;
    assert_eq!(reply.status, StatusCode::CREATED, "{:?}", reply.body);
    Ok(reply.text("/id"))
}

#[tokio::test]
async fn a_session_begins_goes_on_and_ends() -> Result<()> {
    let world = World::new().await?;
    invite(&world, "ada", "operator").await?;
    let session = log_in(&world, "ada", PASSWORD).await?;
    assert_eq!(session.status, StatusCode::OK);
    let token = session.text("/token");

    let me = world.get(&token, "/api/v1/auth/me").await?;
    assert_eq!(me.body["login"], "ada");
    assert_eq!(me.body["role"], "operator");

    world.clock.advance(Duration::from_secs(60));
    let again = world
        .call(&token, Method::POST, "/api/v1/auth/refresh", None)
        .await?;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.text("/expires_at") > session.text("/expires_at"));
    let newer = again.text("/token");

    let out = world.post(&newer, "/api/v1/auth/logout", json!({})).await?;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    for token in [token, newer] {
        let refused = world.get(&token, "/api/v1/auth/me").await?;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    Ok(())
}

#[tokio::test]
async fn a_session_lapses() -> Result<()> {
    let world = World::new().await?;
    invite(&world, "ada", "viewer").await?;
    let token = log_in(&world, "ada", PASSWORD).await?.text("/token");
    world.clock.advance(Duration::from_secs(12 * 3_600 + 1));
    let refused = world.get(&token, "/api/v1/auth/me").await?;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn all_failed_logins_look_the_same() -> Result<()> {
    let world = World::new().await?;
    let id = invite(&world, "ada", "viewer").await?;
    invite(&world, "bob", "viewer").await?;
    let admin = world.token("admin").await?;
    let path = format!("/api/v1/identities/{id}");
    let disabled = world
        .call(
            &admin,
            Method::PATCH,
            &path,
            Some(json!({"enabled": false})),
        )
        .await?;
    assert_eq!(disabled.status, StatusCode::OK, "{:?}", disabled.body);
    let mut seen = Vec::new();
    for (login, password) in [
        ("nobody", PASSWORD),
        ("bob", "wrong password"),
        ("ada", PASSWORD),
        ("admin", "has no password"),
        ("", ""),
    ] {
        let mut reply = log_in(&world, login, password).await?;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{login}");
        reply.body["trace_id"] = Value::Null;
        seen.push(reply.body);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    Ok(())
}

#[tokio::test]
async fn guessing_is_braked() -> Result<()> {
    let world = World::new().await?;
    invite(&world, "ada", "viewer").await?;
    for _ in 0..10 {
        let reply = log_in(&world, "ada", "wrong password").await?;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    }
    let braked = log_in(&world, "ada", PASSWORD).await?;
    assert_eq!(braked.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(braked.headers["retry-after"], "300");
    world.clock.advance(Duration::from_secs(301));
    let good = log_in(&world, "ada", PASSWORD).await?;
    assert_eq!(good.status, StatusCode::OK);
    Ok(())
}

#[tokio::test]
async fn a_changed_role_counts_at_once() -> Result<()> {
    let world = World::new().await?;
    let id = invite(&world, "ada", "admin").await?;
    let session = log_in(&world, "ada", PASSWORD).await?.text("/token");
    let token = world.token("ada").await?;
    let admin = world.token("admin").await?;
    let path = format!("/api/v1/identities/{id}");
    let changed = world
        .call(
            &admin,
            Method::PATCH,
            &path,
            Some(json!({"role": "viewer"})),
        )
        .await?;
    assert_eq!(changed.body["role"], "viewer");
    let old = world.get(&session, "/api/v1/identities").await?;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED, "its sessions ended");
    let lower = world.get(&token, "/api/v1/identities").await?;
    assert_eq!(lower.status, StatusCode::FORBIDDEN, "its tokens sank");
    Ok(())
}

#[tokio::test]
async fn nobody_locks_themselves_out() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let me = world.get(&admin, "/api/v1/auth/me").await?.text("/id");
    for body in [json!({"enabled": false}), json!({"role": "operator"})] {
        let path = format!("/api/v1/identities/{me}");
        let reply = world.call(&admin, Method::PATCH, &path, Some(body)).await?;
        assert_eq!(reply.status, StatusCode::CONFLICT);
    }
    Ok(())
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_is_revoked_at_once() -> Result<()> {
    let world = World::new().await?;
    let operator = world.token("operator").await?;
    let body = json!({"name": "ci", "role": "viewer"});
    let made = world.post(&operator, "/api/v1/tokens", body).await?;
    assert_eq!(made.status, StatusCode::CREATED);
    let (secret, id) = (made.text("/secret"), made.text("/id"));
    assert!(secret.starts_with("att_"));

    let me = world.get(&secret, "/api/v1/auth/me").await?;
    assert_eq!(
        me.body["role"], "viewer",
        "a token may be less than its owner"
    );
    assert_eq!(me.text("/token"), id);
    let listed = world.get(&operator, "/api/v1/tokens").await?;
    assert_eq!(listed.items().len(), 2);
    assert!(!listed.body.to_string().contains(&secret));

    let other = world.token("admin").await?;
    let path = format!("/api/v1/tokens/{id}");
    let foreign = world.call(&other, Method::DELETE, &path, None).await?;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "it is not theirs");
    let revoked = world.call(&operator, Method::DELETE, &path, None).await?;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let refused = world.get(&secret, "/api/v1/auth/me").await?;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn a_token_does_not_rise_above_its_maker_and_ends_in_time() -> Result<()> {
    let world = World::new().await?;
    let viewer = world.token("viewer").await?;
    let body = json!({"name": "up", "role": "admin"});
    let risen = world.post(&viewer, "/api/v1/tokens", body).await?;
    assert_eq!(risen.status, StatusCode::FORBIDDEN);

    let end = world.clock.now().checked_add(Duration::from_secs(60))?;
    let body = json!({"name": "short", "expires_at": end});
    let secret = world
        .post(&viewer, "/api/v1/tokens", body)
        .await?
        .text("/secret");
    assert_eq!(
        world.get(&secret, "/api/v1/auth/me").await?.status,
        StatusCode::OK
    );
    world.clock.advance(Duration::from_secs(61));
    let refused = world.get(&secret, "/api/v1/auth/me").await?;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test]
async fn identities_are_checked() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    let cases = [
        (
            json!({"login": "ada lovelace", "role": "viewer"}),
            "/login",
            "pattern",
        ),
        (
            json!({"login": "ada", "role": "viewer", "password": "short"}),
            "/password",
            "length",
        ),
        (json!({"login": "ada", "role": "emperor"}), "/role", "type"),
        (
            json!({"login": "ada", "role": "viewer", "enabled": true}),
            "/enabled",
            "unknown",
        ),
        (json!({"login": "ada"}), "/role", "required"),
    ];
    for (body, pointer, code) in cases {
        let reply = world
            .post(&admin, "/api/v1/identities", body.clone())
            .await?;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(
            reply.errors(),
            [(pointer.to_owned(), code.to_owned())],
            "{body}"
        );
    }
    let taken = json!({"login": "viewer", "role": "viewer"});
    let reply = world.post(&admin, "/api/v1/identities", taken).await?;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    Ok(())
}

#[tokio::test]
async fn what_changes_something_is_in_the_audit_trail_without_secrets() -> Result<()> {
    let world = World::new().await?;
    invite(&world, "ada", "operator").await?;
    let session = log_in(&world, "ada", PASSWORD).await?.text("/token");
    let made = world
        .post(&session, "/api/v1/tokens", json!({"name": "ci"}))
        .await?;
    world
        .post(&session, "/api/v1/rules/demo.loud/disable", json!({}))
        .await?;
    let run = world.start(&session).await?;
    world
        .post(
            &session,
            &World::path(run, "/cancel"),
            json!({"reason": "enough"}),
        )
        .await?;

    let admin = world.token("admin").await?;
    let trail = world.get(&admin, "/api/v1/audit").await?;
    let text = trail.body.to_string();
    let seen: Vec<String> = trail
        .items()
        .iter()
        .filter(|entry| entry["actor"] == "ada")
        .map(|entry| entry["action"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        seen,
        [
            "execution.cancel",
            "rule.disable",
            "token.create",
            "auth.login"
        ]
    );
    assert!(!text.contains(PASSWORD) && !text.contains(&made.text("/secret")));
    Ok(())
}

#[tokio::test]
async fn the_first_admin_is_made_once() -> Result<()> {
    let world = World::new().await?;
    let identities = &*world.stores.identities;
    let first = bootstrap_admin(identities, &world.clock, "root", PASSWORD).await?;
    assert_eq!(first, Bootstrap::Created);
    let again = bootstrap_admin(identities, &world.clock, "root", "another password").await?;
    assert_eq!(again, Bootstrap::Kept);
    let session = log_in(&world, "root", PASSWORD).await?;
    assert_eq!(session.body["role"], json!(Role::Admin));
    assert!(
        bootstrap_admin(identities, &world.clock, "weak", "short")
            .await
            .is_err()
    );
    Ok(())
}

#[tokio::test]
async fn a_weak_secret_keeps_the_api_from_starting() -> Result<()> {
    let world = World::new().await?;
    let deps = attune_api::ApiDeps {
        stores: world.stores.clone(),
        bus: world.bus.clone(),
        clock: std::sync::Arc::new(world.clock.clone()),
        metrics: world.metrics.clone(),
        directory: attune_catalogue::Directory::open(world.stores.catalogue.clone()).await?,
        config: ApiConfig {
            auth_secret: "short".to_owned(),
            ..ApiConfig::default()
        },
    };
    let started = Api::start(deps, world.stop.clone()).await;
    assert!(started.is_err());
    Ok(())
}
