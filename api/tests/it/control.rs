//! Steering runs.

use crate::workflow::GREETING;
use crate::world::World;
use anyhow::Result;
use attune_flow::run::Command;
use attune_types::ExecutionStatus;
use axum::http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn commands_are_stored_before_they_are_answered() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let body = json!({"reason": "enough"});
    for (command, body) in [
        ("pause", None),
        ("resume", Some(json!({}))),
        ("cancel", Some(body)),
    ] {
        let path = World::path(run, &format!("/{command}"));
        let reply = world.call(&token, Method::POST, &path, body).await?;
        assert_eq!(
            reply.status,
            StatusCode::ACCEPTED,
            "{command}: {:?}",
            reply.body
        );
        assert_eq!(reply.body, json!({"id": run, "status": "requested"}));
    }
    let by = "operator".to_owned();
    let stored: Vec<Command> = world
        .stores
        .runs
        .inbox(run)
        .await?
        .into_iter()
        .map(|row| row.command)
        .collect();
    assert_eq!(stored.len(), 3);
    for expected in [
        Command::Pause { by: by.clone() },
        Command::Resume { by: by.clone() },
        Command::Cancel {
            by,
            reason: Some("enough".to_owned()),
        },
    ] {
        assert!(stored.contains(&expected), "{expected:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_ended_run_is_not_steered() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    world
        .advance(run, &["run_ended"], ExecutionStatus::Succeeded)
        .await?;
    let reply = world
        .post(&token, &World::path(run, "/cancel"), json!({}))
        .await?;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert_eq!(reply.code(), "execution_ended");
    Ok(())
}

#[tokio::test]
async fn only_a_run_that_has_ended_can_be_undone() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    world.apply(&admin, GREETING).await?;
    let token = world.token("operator").await?;
    let body = json!({"action": "demo.hello", "parameters": {"name": "Ada"}});
    let started = world.post(&token, "/api/v1/executions", body).await?;
    let run: attune_types::RunId = started.text("/id").parse()?;
    let path = World::path(run, "/compensate");
    let early = world.post(&token, &path, json!({})).await?;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert_eq!(early.code(), "execution_active");
    assert!(
        early.text("/detail").contains("cancel it"),
        "{:?}",
        early.body
    );
    for (status, code) in [
        (ExecutionStatus::Compensating, "execution_active"),
        (ExecutionStatus::Compensated, "execution_ended"),
        (ExecutionStatus::Abandoned, "cannot_be_undone"),
    ] {
        world.advance(run, &["told"], status).await?;
        let reply = world.post(&token, &path, json!({})).await?;
        assert_eq!((reply.status, reply.code()), (StatusCode::CONFLICT, code));
    }
    assert!(world.stores.runs.inbox(run).await?.is_empty());
    world
        .advance(run, &["run_ended"], ExecutionStatus::Failed)
        .await?;
    let reply = world.post(&token, &path, json!({})).await?;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{:?}", reply.body);
    let stored = world.stores.runs.inbox(run).await?.remove(0);
    let Command::Compensate {
        by,
        request,
        attempt,
    } = stored.command
    else {
        panic!("another command");
    };
    assert_eq!(
        (by.as_str(), request, attempt),
        ("operator", stored.id, None)
    );
    let viewer = world.token("viewer").await?;
    let refused = world.post(&viewer, &path, json!({})).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let action = json!({"action": "core.noop"});
    let started = world.post(&token, "/api/v1/executions", action).await?;
    let action: attune_types::RunId = started.text("/id").parse()?;
    world
        .advance(action, &["run_ended"], ExecutionStatus::Succeeded)
        .await?;
    let reply = world
        .post(&token, &World::path(action, "/compensate"), json!({}))
        .await?;
    assert_eq!(reply.code(), "cannot_be_undone");
    Ok(())
}

#[tokio::test]
async fn wrong_commands_store_nothing() -> Result<()> {
    let world = World::new().await?;
    let token = world.token("operator").await?;
    let run = world.start(&token).await?;
    let path = World::path(run, "/cancel");
    let unknown = world.post(&token, &path, json!({"because": "x"})).await?;
    assert_eq!(
        unknown.errors(),
        [("/because".to_owned(), "unknown".to_owned())]
    );
    let long = world
        .post(&token, &path, json!({"reason": "x".repeat(3_000)}))
        .await?;
    assert_eq!(long.errors(), [("/reason".to_owned(), "length".to_owned())]);
    let nobody = "/api/v1/executions/01890000-0000-7000-8000-000000000000/cancel";
    let reply = world.post(&token, nobody, json!({})).await?;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert!(world.stores.runs.inbox(run).await?.is_empty());
    Ok(())
}
