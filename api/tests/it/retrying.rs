//! Retrying runs: what is refused, and in whose words.

use crate::workflow::GREETING;
use crate::world::World;
use anyhow::Result;
use attune_flow::run::{Command, Outcome};
use attune_types::{ErrorInfo, ExecutionStatus, RunId};
use axum::http::{Method, StatusCode};
use serde_json::json;

/// A run of `demo.hello`, opened and nothing more.
async fn hello(world: &World, token: &str) -> Result<RunId> {
    let body = json!({"action": "demo.hello", "parameters": {"name": "Ada"}});
    let started = world.post(token, "/api/v1/executions", body).await?;
    Ok(started.text("/id").parse()?)
}

/// The end of its only task.
fn said(run: RunId, well: bool) -> Command {
    let task = attune_types::ExecutionId(run.derive("task:say:1"));
    let result = json!({"said": "hi"});
    Command::AttemptFinished {
        attempt: task.attempt(1),
        outcome: match well {
            true => Outcome::Succeeded {
                result,
                process: None,
            },
            false => Outcome::Failed {
                error: ErrorInfo::new("exit_status", "it is broken"),
                result,
                process: None,
            },
        },
    }
}

#[tokio::test]
async fn a_run_that_failed_is_asked_to_go_on() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    world.apply(&admin, GREETING).await?;
    let token = world.token("operator").await?;
    let run = hello(&world, &token).await?;
    let path = World::path(run, "/retry");
    let early = world.post(&token, &path, json!({})).await?;
    assert_eq!(
        (early.status, early.code()),
        (StatusCode::CONFLICT, "execution_active")
    );
    assert!(
        early.text("/detail").contains("only a run that has ended"),
        "{:?}",
        early.body
    );
    world
        .decides(run, &[Command::Begin, said(run, false)])
        .await?;
    let viewer = world.token("viewer").await?;
    let refused = world.post(&viewer, &path, json!({})).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let unknown = world.post(&token, &path, json!({"from": "say"})).await?;
    assert_eq!(
        unknown.errors(),
        [("/from".to_owned(), "unknown".to_owned())]
    );
    assert!(world.stores.runs.inbox(run).await?.is_empty());

    let reply = world.call(&token, Method::POST, &path, None).await?;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{:?}", reply.body);
    assert_eq!(reply.body, json!({"id": run, "status": "failed"}));
    let stored = world.stores.runs.inbox(run).await?.remove(0);
    let Command::Retry {
        by,
        request,
        attempt,
    } = &stored.command
    else {
        panic!("another command");
    };
    assert_eq!(
        (by.as_str(), *request, *attempt),
        ("operator", stored.id, None)
    );
    // It goes on by that, and is not to be asked while it does.
    world.decides(run, &[stored.command]).await?;
    let detail = world.stores.reads.run(run).await?;
    assert!(detail.is_some_and(|detail| detail.row.status == ExecutionStatus::Running));
    let again = world.post(&token, &path, json!({})).await?;
    assert_eq!(again.code(), "execution_active");
    Ok(())
}

#[tokio::test]
async fn a_run_says_itself_why_it_cannot_be_retried() -> Result<()> {
    let world = World::new().await?;
    let admin = world.token("admin").await?;
    world.apply(&admin, GREETING).await?;
    let token = world.token("operator").await?;
    let run = hello(&world, &token).await?;
    world
        .decides(run, &[Command::Begin, said(run, true)])
        .await?;
    let path = World::path(run, "/retry");
    let reply = world.post(&token, &path, json!({})).await?;
    assert_eq!(
        (reply.status, reply.code()),
        (StatusCode::CONFLICT, "cannot_be_retried")
    );
    assert!(
        reply
            .text("/detail")
            .contains("succeeded: there is nothing to retry"),
        "{:?}",
        reply.body
    );
    // Its row says otherwise, which its log does not.
    world.advance(run, &[], ExecutionStatus::Abandoned).await?;
    let reply = world.post(&token, &path, json!({})).await?;
    assert_eq!(reply.code(), "cannot_be_retried");
    assert!(reply.text("/detail").contains("put aside"));
    let broken = hello(&world, &token).await?;
    world
        .advance(broken, &["run_ended"], ExecutionStatus::Failed)
        .await?;
    let path = World::path(broken, "/retry");
    let reply = world.post(&token, &path, json!({})).await?;
    assert_eq!(reply.code(), "cannot_be_retried");
    assert!(reply.text("/detail").contains("cannot be read"));
    let newer = hello(&world, &token).await?;
    world
        .advance(newer, &["run_thawed"], ExecutionStatus::Failed)
        .await?;
    let path = World::path(newer, "/retry");
    let reply = world.post(&token, &path, json!({})).await?;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    for run in [run, broken, newer] {
        assert!(world.stores.runs.inbox(run).await?.is_empty());
    }
    Ok(())
}
