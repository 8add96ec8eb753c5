//! Pauses that go down to child runs, over executors that come and go.

use crate::world::{World, eventually};
use attune_flow::run::{Command, Outcome};
use attune_types::ExecutionStatus::{self, Paused, Running, Succeeded};
use attune_types::RunId;
use serde_json::json;

const ABOVE: &str = r#"
ref: t.above
label: Above
version: 1.0.0
tasks:
  - name: below
    action: t.below
  - name: apart
    action: core.run_workflow
    input: {ref: t.below, parameters: {}, wait: false}
"#;

const BELOW: &str = r#"
ref: t.below
label: Below
version: 1.0.0
tasks:
  - name: work
    action: t.work
    on_success: rest
  - name: rest
    action: core.noop
"#;

/// Nobody takes it: it ends when a test says so.
const WORK: &str = "ref: t.work\nlabel: Work\nrunner: shell\nentry_point: work.sh\n";

async fn world() -> World {
    let files = [
        ("workflows/above.yaml", ABOVE),
        ("workflows/below.yaml", BELOW),
        ("actions/work.yaml", WORK),
        ("actions/work.sh", "true\n"),
    ];
    World::new(&files).await
}

async fn pause(world: &World, run: RunId) {
    let by = "test".to_owned();
    world.command(run, Command::Pause { by }).await;
}

async fn resume(world: &World, run: RunId) {
    let by = "test".to_owned();
    world.command(run, Command::Resume { by }).await;
}

async fn stands(world: &World, run: RunId, status: ExecutionStatus) {
    eventually(async || (world.detail(run).await.row.status == status).then_some(())).await;
}

/// The child run that the task `below` waits for, once it is open.
async fn child(world: &World, run: RunId) -> RunId {
    eventually(async || {
        let rows = world.tasks(run).await;
        let task = rows
            .iter()
            .find(|row| row.task.as_deref() == Some("below"))?
            .id;
        let child = rows.iter().find(|row| row.parent == Some(task))?;
        Some(child.run)
    })
    .await
}

/// Ends the work of a child run.
async fn finish(world: &World, run: RunId) {
    let work = eventually(async || {
        let rows = world.tasks(run).await;
        rows.into_iter()
            .find(|row| row.task.as_deref() == Some("work") && row.attempt == 1)
    })
    .await;
    let command = Command::AttemptFinished {
        attempt: work.id.attempt(1),
        outcome: Outcome::Succeeded {
            result: json!(null),
            process: None,
        },
    };
    world.command(run, command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_are_paused_and_go_on_although_executors_come_and_go() {
    let world = world().await;
    let run = world.open("t.above", json!({})).await;
    // Asked for before anything began, so that the child is opened and paused by one step.
    pause(&world, run).await;
    let first = world.executor().await;
    stands(&world, run, Paused).await;
    first.stop().await;
    resume(&world, run).await;
    let second = world.executor().await;
    let below = child(&world, run).await;
    pause(&world, run).await;
    stands(&world, below, Paused).await;
    second.stop().await;
    resume(&world, run).await;
    let third = world.executor().await;
    stands(&world, below, Running).await;
    finish(&world, below).await;
    assert_eq!(world.ended(run).await.status, Succeeded);
    assert_eq!(world.ended(below).await.status, Succeeded);
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_somebody_paused_is_not_resumed_from_above() {
    let world = world().await;
    let first = world.executor().await;
    let run = world.open("t.above", json!({})).await;
    let below = child(&world, run).await;
    pause(&world, run).await;
    stands(&world, below, Paused).await;
    resume(&world, run).await;
    eventually(async || {
        let history = world.history(below).await;
        history
            .iter()
            .any(|event| event.kind == "run_resumed")
            .then_some(())
    })
    .await;
    pause(&world, below).await;
    stands(&world, below, Paused).await;
    // The run above is loaded again, and everything that it owes is done again.
    first.stop().await;
    let second = world.executor().await;
    pause(&world, run).await;
    stands(&world, run, Paused).await;
    resume(&world, run).await;
    stands(&world, run, Running).await;
    finish(&world, below).await;
    eventually(async || {
        let rows = world.tasks(below).await;
        rows.iter().any(|row| row.status == Succeeded).then_some(())
    })
    .await;
    resume(&world, below).await;
    assert_eq!(world.ended(run).await.status, Succeeded);
    let by: Vec<String> = world
        .history(below)
        .await
        .iter()
        .filter(|event| event.kind == "run_resumed")
        .map(|event| event.data["by"].to_string())
        .collect();
    assert_eq!(by, ["\"parent\"", "\"test\""]);
    second.stop().await;
}
