//! Workflows that bound how many of their runs are active at once.

use crate::world::{World, eventually};
use attune_flow::run::Command;
use attune_types::ExecutionStatus::{Cancelled, Failed, Scheduled, Succeeded};
use attune_types::RunId;
use serde_json::json;

/// A workflow that sleeps, bounded as `bound` says.
fn nap(bound: &str) -> String {
    format!(
        "ref: t.nap\nlabel: Nap\nversion: 1.0.0\nconcurrency: {bound}\n\
         parameters:\n  seconds: {{type: number, default: 600}}\n  key: {{type: string, default: k}}\n\
         tasks:\n  - name: nap\n    action: core.sleep\n    \
         input: {{seconds: \"{{{{ parameters.seconds }}}}\"}}\n"
    )
}

async fn world(bound: &str) -> World {
    World::new(&[
        ("workflows/nap.yaml", &nap(bound)),
        (
            "workflows/slow.yaml",
            "ref: t.slow\nlabel: Slow\nversion: 1.0.0\ntasks:\n  - name: child\n    action: t.nap\n    \
             input: {seconds: 2}\n",
        ),
        (
            "workflows/parent.yaml",
            "ref: t.parent\nlabel: Parent\nversion: 1.0.0\ntasks:\n  - name: each\n    action: t.nap\n    \
             with_items: 4\n    input: {seconds: 0.05}\n",
        ),
    ])
    .await
}

/// When each run held its place for certain: from when it knew to when it decided to end.
async fn held(
    world: &World,
    runs: &[RunId],
) -> Vec<(attune_types::Timestamp, attune_types::Timestamp)> {
    let mut held = Vec::new();
    for run in runs {
        let history = world.history(*run).await;
        let at = |kind: &str| {
            let mut all = history.iter().filter(|event| event.kind == kind);
            let first = all
                .next()
                .unwrap_or_else(|| panic!("no {kind}: {history:?}"));
            assert!(all.next().is_none(), "{kind} twice: {history:?}");
            first.at
        };
        held.push((at("slot_granted"), at("run_ended")));
    }
    held
}

/// The most that were active at one time.
fn most_at_once(held: &[(attune_types::Timestamp, attune_types::Timestamp)]) -> usize {
    held.iter()
        .map(|(from, _)| held.iter().filter(|(a, b)| a <= from && from < b).count())
        .max()
        .unwrap_or(0)
}

async fn is_waiting(world: &World, run: RunId) {
    eventually(async || {
        let queued = world.history(run).await;
        queued
            .iter()
            .any(|event| event.kind == "slot_queued")
            .then_some(())
    })
    .await;
}

async fn is_running(world: &World, run: RunId) {
    eventually(async || (!world.tasks(run).await.is_empty()).then_some(())).await;
}

async fn cancel(world: &World, run: RunId) {
    let by = "test".to_owned();
    world
        .command(run, Command::Cancel { by, reason: None })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_three_at_once_also_while_executors_come_and_go() {
    let world = world("2").await;
    let (first, second) = (world.executor().await, world.executor().await);
    let mut runs = Vec::new();
    for _ in 0..16 {
        runs.push(world.open("t.nap", json!({"seconds": 0.05})).await);
    }
    eventually(async || {
        let row = world.detail(runs[0]).await.row;
        row.status.is_terminal().then_some(())
    })
    .await;
    first.stop().await;
    let third = world.executor().await;
    for run in &runs {
        assert_eq!(world.ended(*run).await.status, Succeeded);
    }
    let held = held(&world, &runs).await;
    assert!(most_at_once(&held) <= 2, "{held:?}");
    for run in &runs {
        assert!(world.stores.slots.slot(*run).await.unwrap().is_none());
    }
    second.stop().await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_run_says_for_what_and_whom_and_can_be_stopped_and_paused() {
    let world = world("{limit: 1, key: \"{{ parameters.key }}\"}").await;
    let executor = world.executor().await;
    let holder = world.open("t.nap", json!({})).await;
    is_running(&world, holder).await;
    let other_key = world
        .open("t.nap", json!({"key": "other", "seconds": 0.01}))
        .await;
    assert_eq!(world.ended(other_key).await.status, Succeeded);
    let (given_up, patient) = (
        world.open("t.nap", json!({})).await,
        world.open("t.nap", json!({"seconds": 0.01})).await,
    );
    is_waiting(&world, given_up).await;
    is_waiting(&world, patient).await;
    let row = world.detail(patient).await.row;
    assert_eq!((row.status, row.started_at), (Scheduled, None));
    let history = world.history(patient).await;
    let asked = history.iter().find(|e| e.kind == "slot_requested").unwrap();
    assert_eq!(
        (&asked.data["key"], &asked.data["limit"]),
        (&json!("k"), &json!(1))
    );
    let queued = history.iter().find(|e| e.kind == "slot_queued").unwrap();
    assert_eq!(queued.data["holders"], json!([holder]));
    let slot = world.stores.slots.slot(patient).await.unwrap().unwrap();
    assert_eq!(
        (slot.holders, slot.line.key.as_deref()),
        (vec![holder], Some("k"))
    );

    cancel(&world, given_up).await;
    assert_eq!(world.ended(given_up).await.status, Cancelled);
    let by = "test".to_owned();
    world
        .command(patient, Command::Pause { by: by.clone() })
        .await;
    cancel(&world, holder).await;
    assert_eq!(world.ended(holder).await.status, Cancelled);
    eventually(async || {
        let history = world.history(patient).await;
        history
            .iter()
            .any(|event| event.kind == "slot_granted")
            .then_some(())
    })
    .await;
    world.command(patient, Command::Resume { by }).await;
    let row = world.ended(patient).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_too_many_is_rejected_where_the_workflow_says_so() {
    let world = world("{limit: 1, on_limit: reject}").await;
    let executor = world.executor().await;
    let holder = world.open("t.nap", json!({})).await;
    is_running(&world, holder).await;
    let row = world.ended(world.open("t.nap", json!({})).await).await;
    let error = row.error.unwrap();
    assert_eq!((row.status, error.code.as_str()), (Failed, "concurrency"));
    assert!(
        error.message.contains(&holder.to_string()),
        "{}",
        error.message
    );
    cancel(&world, holder).await;
    world.ended(holder).await;
    let run = world.open("t.nap", json!({"seconds": 0.01})).await;
    assert_eq!(world.ended(run).await.status, Succeeded);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_is_cancelled_where_the_workflow_says_so() {
    let world = world("{limit: 1, on_limit: cancel_oldest}").await;
    let executor = world.executor().await;
    let oldest = world.open("t.nap", json!({})).await;
    is_running(&world, oldest).await;
    let next = world.open("t.nap", json!({})).await;
    let row = world.ended(oldest).await;
    let error = row.error.unwrap();
    assert_eq!(row.status, Cancelled);
    assert!(
        error.message.contains(&next.to_string()),
        "{}",
        error.message
    );
    is_running(&world, next).await;
    let newest = world.open("t.nap", json!({"seconds": 0.01})).await;
    assert_eq!(world.ended(next).await.status, Cancelled);
    assert_eq!(world.ended(newest).await.status, Succeeded);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_runs_count_as_well() {
    let world = world("1").await;
    let executor = world.executor().await;
    let parent = world.open("t.parent", json!({})).await;
    let row = world.ended(parent).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    let children: Vec<RunId> = world
        .tasks(parent)
        .await
        .into_iter()
        .map(|row| row.run)
        .filter(|run| *run != parent)
        .collect();
    assert_eq!(children.len(), 4);
    let held = held(&world, &children).await;
    assert_eq!(most_at_once(&held), 1, "{held:?}");
    executor.stop().await;
}

/// Nobody hints, nobody remembers: the question was lost with the executor that was to ask it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_asked_for_and_given_on_after_a_loss() {
    let world = world("1").await;
    let first = world.executor().await;
    let holder = world.open("t.nap", json!({"seconds": 1.0})).await;
    is_running(&world, holder).await;
    let waiting = world.open("t.nap", json!({"seconds": 0.01})).await;
    is_waiting(&world, waiting).await;
    first.stop().await;
    let second = world.executor().await;
    assert_eq!(world.ended(holder).await.status, Succeeded);
    assert_eq!(world.ended(waiting).await.status, Succeeded);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_child_costs_counts_for_its_parent() {
    let world = world("9").await;
    let executor = world.executor().await;
    let parent = world.open("t.slow", json!({})).await;
    let (child, attempt) = eventually(async || {
        let tasks = world.tasks(parent).await;
        let child = tasks.iter().find(|row| row.run != parent)?.run;
        let nap = world.tasks(child).await.into_iter().next()?;
        Some((child, nap.id.attempt(1)))
    })
    .await;
    let report = attune_flow::run::Report {
        cost_usd: Some(0.25),
        ..Default::default()
    };
    world
        .command(
            child,
            Command::Reported {
                attempt,
                number: 0,
                report,
            },
        )
        .await;
    let row = world.ended(parent).await;
    assert_eq!(
        (row.status, row.cost_usd),
        (Succeeded, 0.25),
        "{:?}",
        row.error
    );
    assert_eq!(world.ended(child).await.cost_usd, 0.25);
    executor.stop().await;
}
