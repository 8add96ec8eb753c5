//! Runs from their opening to their end, without a worker.

use crate::world::{World, eventually};
use attune_flow::run::Command;
use attune_types::ExecutionStatus::{self, Cancelled, Failed, Succeeded};
use serde_json::json;

const CHAIN: &str = r#"
ref: t.chain
label: Chain
version: 1.0.0
parameters:
  name: {type: string, required: true}
tasks:
  - name: first
    action: core.set
    input: {greeting: "Hello, {{ parameters.name }}"}
    on_success: second
  - name: second
    action: core.noop
output_map:
  said: "{{ task.first.result.greeting }}!"
"#;

const NAP: &str = r#"
ref: t.nap
label: Nap
version: 1.0.0
parameters:
  seconds: {type: number, default: 0.3}
tasks:
  - name: nap
    action: core.sleep
    input: {seconds: "{{ parameters.seconds }}"}
"#;

const PARENT: &str = r#"
ref: t.parent
label: Parent
version: 1.0.0
parameters:
  names: {type: array, items: {type: string}, default: [a, b, c]}
tasks:
  - name: each
    action: t.chain
    with_items: "{{ parameters.names }}"
    input: {name: "{{ item }}"}
output_map:
  all: "{{ task.each.results | map(attribute='said') }}"
"#;

const DOWN: &str = r#"
ref: t.down
label: Waits in a child
version: 1.0.0
tasks:
  - name: child
    action: t.nap
    input: {seconds: 600}
"#;

async fn world() -> World {
    World::new(&[
        ("workflows/chain.yaml", CHAIN),
        ("workflows/nap.yaml", NAP),
        ("workflows/parent.yaml", PARENT),
        ("workflows/down.yaml", DOWN),
    ])
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_pure_steps_is_one_commit_after_the_opening() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world.open("t.chain", json!({"name": "World"})).await;
    let row = world.ended(run).await;
    assert_eq!(
        (row.status, row.result),
        (Succeeded, json!({"said": "Hello, World!"}))
    );
    let history = world.history(run).await;
    assert_eq!(history[0].kind, "run_opened");
    assert_eq!(history.last().unwrap().kind, "run_ended");
    // All but the opening were decided at the same moment.
    assert!(history[1..].iter().all(|event| event.at == history[1].at));
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_action_runs_by_the_same_machinery() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world
        .open("core.fail", json!({"message": "no", "code": "mine"}))
        .await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Failed);
    assert_eq!(row.error.unwrap().code, "mine");
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_goes_on_under_another_executor() {
    let world = world().await;
    let first = world.executor().await;
    let run = world.open("t.nap", json!({"seconds": 1.5})).await;
    eventually(async || {
        (world.detail(run).await.row.status != ExecutionStatus::Requested).then_some(())
    })
    .await;
    first.stop().await;
    let second = world.executor().await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded);
    assert_eq!(world.tasks(run).await.len(), 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_are_runs_and_their_ends_reach_the_parent() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world.open("t.parent", json!({})).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    assert_eq!(
        row.result,
        json!({"all": ["Hello, a!", "Hello, b!", "Hello, c!"]})
    );
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_goes_down_to_children() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world.open("t.down", json!({})).await;
    eventually(async || {
        let tasks = world.tasks(run).await;
        (!tasks.is_empty()).then_some(())
    })
    .await;
    let by = "test".to_owned();
    world
        .command(run, Command::Cancel { by, reason: None })
        .await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Cancelled, "{:?}", row.error);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runs_over_two_executors_each_end_once() {
    let world = world().await;
    let (first, second) = (world.executor().await, world.executor().await);
    let mut runs = Vec::new();
    for n in 0..200 {
        runs.push(world.open("t.chain", json!({"name": n.to_string()})).await);
    }
    for run in runs {
        assert_eq!(world.ended(run).await.status, Succeeded);
        let ends = world.history(run).await;
        assert_eq!(
            ends.iter()
                .filter(|event| event.kind == "run_ended")
                .count(),
            1
        );
    }
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_may_be_started_without_waiting_for_it() {
    let world = World::new(&[
        ("workflows/nap.yaml", NAP),
        (
            "workflows/kick.yaml",
            r#"
ref: t.kick
label: Kick
version: 1.0.0
tasks:
  - name: kick
    action: core.run_workflow
    input: {ref: t.nap, parameters: {seconds: 600}, wait: false}
output_map:
  child: "{{ task.kick.result }}"
"#,
        ),
    ])
    .await;
    let executor = world.executor().await;
    let run = world.open("t.kick", json!({})).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    let child: attune_types::RunId = row.result["child"].as_str().unwrap().parse().unwrap();
    assert!(!world.detail(child).await.row.status.is_terminal());
    executor.stop().await;
}
