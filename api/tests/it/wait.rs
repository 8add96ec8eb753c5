//! Waiting for a run's end with the start.

use crate::world::World;
use anyhow::Result;
use attune_types::{ExecutionStatus, RunId};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn body() -> serde_json::Value {
    json!({"action": "demo.greet", "parameters": {"name": "Ada"}})
}

#[tokio::test]
async fn a_start_waits_for_the_end() -> Result<()> {
    let world = Arc::new(World::new().await?);
    let token = world.token("operator").await?;
    let waiting = {
        let (world, token) = (world.clone(), token.clone());
        tokio::spawn(async move {
            world
                .post(&token, "/api/v1/executions?wait=60s", body())
                .await
        })
    };
    // The start stands in the list before it is answered.
    let run: RunId = loop {
        let list = world.get(&token, "/api/v1/executions").await?;
        match list.items().first() {
            Some(first) => break first["id"].as_str().unwrap_or_default().parse()?,
            None => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert!(!waiting.is_finished());
    world
        .advance(run, &["run_begun"], ExecutionStatus::Running)
        .await?;
    world
        .advance(run, &["run_ended"], ExecutionStatus::Succeeded)
        .await?;
    let reply = waiting.await??;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.body["status"], "succeeded");
    assert_eq!(reply.body["result"], json!({"said": "hi"}));
    Ok(())
}

#[tokio::test]
async fn a_wait_that_is_over_gives_the_run_as_it_stands() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let headers = [("idempotency-key", "k")];
    let reply = world
        .call_with(
            &token,
            Method::POST,
            "/api/v1/executions?wait=50ms",
            Some(body()),
            &headers,
        )
        .await?;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(reply.body["status"], "requested");

    let run: RunId = reply.text("/id").parse()?;
    world
        .advance(run, &["run_ended"], ExecutionStatus::Failed)
        .await?;
    let again = world
        .call_with(
            &token,
            Method::POST,
            "/api/v1/executions?wait=60s",
            Some(body()),
            &headers,
        )
        .await?;
    assert_eq!(again.status, StatusCode::OK, "a repetition can wait too");
    assert_eq!(again.body["status"], "failed");
    Ok(())
}

#[tokio::test]
async fn a_wait_is_checked_before_anything_starts() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    for wait in ["soon", "301", "-1"] {
        let path = format!("/api/v1/executions?wait={wait}");
        let reply = world.post(&token, &path, body()).await?;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{wait}");
    }
    assert!(
        world
            .get(&token, "/api/v1/executions")
            .await?
            .items()
            .is_empty()
    );
    Ok(())
}
