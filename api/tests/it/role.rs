//! Every route against every role, from the table that the router is made of.

use crate::world::World;
use anyhow::Result;
use attune_api::{Access, Api};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::collections::BTreeSet;

fn concrete(path: &str) -> String {
    path.replace("{id}", "01890000-0000-7000-8000-000000000000")
        .replace("{ref}", "none.such")
        .replace("{version}", "1")
        .replace("{to}", "2")
        .replace("{code}", "forbidden")
}

#[tokio::test]
async fn every_route_refuses_whom_its_table_refuses_and_nobody_else() -> Result<()> {
    let world = World::new().await?;
    let callers = [
        ("", None),
        ("not-a-token", None),
        (
            "att_0000000000000000000000000000000000000000000000000000000000000000",
            None,
        ),
        (&*world.token("viewer").await?, Some(Access::Viewer)),
        (&*world.token("operator").await?, Some(Access::Operator)),
        (&*world.token("admin").await?, Some(Access::Admin)),
    ]
    .map(|(token, role)| (token.to_owned(), role));
    let mut checked = 0;
    for endpoint in Api::endpoints() {
        let path = concrete(endpoint.path);
        for (token, role) in &callers {
            let body = (endpoint.method != Method::GET).then(|| json!({}));
            let reply = world
                .call(token, endpoint.method.clone(), &path, body)
                .await?;
            let case = format!("{} {path} as {role:?}", endpoint.method);
            let has = role.and_then(Access::role);
            match (endpoint.access.role(), has) {
                (None, _) => {
                    assert_ne!(reply.status, StatusCode::UNAUTHORIZED, "{case}");
                    assert_ne!(reply.status, StatusCode::FORBIDDEN, "{case}");
                }
                (Some(_), None) => {
                    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{case}");
                    assert_eq!(reply.code(), "unauthenticated", "{case}");
                    assert_eq!(reply.headers["www-authenticate"], "Bearer", "{case}");
                }
                (Some(needed), Some(has)) if has < needed => {
                    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{case}");
                    assert_eq!(reply.code(), "forbidden", "{case}");
                }
                (Some(_), Some(_)) => {
                    assert_ne!(reply.status, StatusCode::UNAUTHORIZED, "{case}");
                    assert_ne!(
                        reply.status,
                        StatusCode::FORBIDDEN,
                        "{case}: {:?}",
                        reply.body
                    );
                }
            }
            assert!(
                reply.status.as_u16() < 500,
                "{case} broke: {:?}",
                reply.body
            );
            checked += 1;
        }
    }
    assert!(checked > 200, "the table has shrunk: {checked}");
    Ok(())
}

#[test]
fn only_these_routes_are_public() {
    let public: BTreeSet<&str> = Api::endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.access == Access::Public)
        .map(|endpoint| endpoint.path)
        .collect();
    let expected = [
        "/api/v1/auth/login",
        "/docs",
        "/errors/{code}",
        "/livez",
        "/openapi.json",
        "/readyz",
    ];
    assert_eq!(public, expected.into());
}

#[test]
fn what_changes_something_is_not_for_viewers() {
    // Their own sessions and tokens, and a try that changes nothing.
    let own = ["/auth/", "/tokens", "/test", "/validate"];
    for endpoint in Api::endpoints() {
        let changes = endpoint.method != Method::GET;
        if changes && !own.iter().any(|part| endpoint.path.contains(part)) {
            assert!(
                matches!(endpoint.access, Access::Operator | Access::Admin),
                "{} {}",
                endpoint.method,
                endpoint.path
            );
        }
    }
}
