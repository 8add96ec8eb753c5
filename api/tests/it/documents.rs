//! The OpenAPI document and the pages.

use crate::world::World;
use anyhow::Result;
use attune_api::Api;
use axum::http::StatusCode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_checked_in_document_is_the_one_that_is_served() -> Result<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let now = format!("{:#}\n", attune_api::openapi());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &now)?;
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        checked_in == now,
        "api/openapi.json has drifted; run the tests of attune-api with UPDATE_OPENAPI=1 and look at the difference"
    );
    Ok(())
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "$ref" => {
                        found.insert(text.clone());
                    }
                    other => references(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_document_is_whole() {
    let document = attune_api::openapi();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    let mut names = BTreeSet::new();
    for endpoint in Api::endpoints() {
        let operation = &document["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let name = operation["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(!name.is_empty(), "{} has no name", endpoint.path);
        assert!(names.insert(name.clone()), "{name} stands twice");
    }
}

#[tokio::test]
async fn the_pages_are_shown_without_scripts() -> Result<()> {
    let world = World::new().await?;
    for path in ["/docs", "/errors/idempotency_key_reused"] {
        let reply = world.get("", path).await?;
        assert_eq!(reply.status, StatusCode::OK);
        let policy = reply.headers["content-security-policy"].to_str()?;
        assert!(policy.starts_with("default-src 'none'"));
        let page = reply.body.as_str().unwrap_or_default();
        assert!(page.starts_with("<!doctype html>") && !page.contains("<script"));
    }
    let document = world.get("", "/openapi.json").await?;
    assert_eq!(document.body["openapi"], "3.1.0");
    Ok(())
}
