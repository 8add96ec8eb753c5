//! Runs that undo what they did, with their child runs, over executors that come and go.

use crate::world::{World, eventually};
use attune_flow::run::{Command, ExecutionRow};
use attune_types::ExecutionStatus::{Compensated, Compensating, Failed, Succeeded};
use attune_types::RunId;
use serde_json::json;
use uuid::Uuid;

const TRIP: &str = r#"
ref: t.trip
label: Trip
version: 1.0.0
tasks:
  - name: flight
    action: core.set
    input: {id: 7}
    compensate: {action: core.set, input: {given_back: "{{ task.flight.result.id }}"}}
    on_success: hotel
  - name: hotel
    action: t.hotel
    on_success: pay
  - name: pay
    action: core.fail
    input: {message: no money}
"#;

const HOTEL: &str = r#"
ref: t.hotel
label: Hotel
version: 1.0.0
parameters:
  seconds: {type: number, default: 1}
tasks:
  - name: room
    action: core.set
    input: {room: 12}
    compensate: leave
  - name: leave
    action: core.sleep
    input: {seconds: "{{ parameters.seconds }}"}
output_map:
  room: "{{ task.room.result.room }}"
"#;

const STUCK: &str = r#"
ref: t.stuck
label: Cannot be undone
version: 1.0.0
tasks:
  - name: first
    action: core.set
    compensate: {action: core.noop}
    on_success: second
  - name: second
    action: core.set
    compensate: {action: core.fail, input: {message: it holds}}
"#;

async fn world() -> World {
    World::new(&[
        ("workflows/trip.yaml", TRIP),
        ("workflows/hotel.yaml", HOTEL),
        ("workflows/stuck.yaml", STUCK),
    ])
    .await
}

async fn ask(world: &World, run: RunId) {
    let command = Command::Compensate {
        by: "test".to_owned(),
        request: Uuid::new_v4(),
        attempt: None,
    };
    world.command(run, command).await;
}

async fn undone(world: &World, run: RunId) -> Vec<ExecutionRow> {
    let rows = world.tasks(run).await.into_iter();
    rows.filter(|row| row.compensates.is_some()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_undone_with_its_child_runs_also_after_a_crash() {
    let world = world().await;
    let first = world.executor().await;
    let run = world.open("t.trip", json!({})).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Failed);
    assert_eq!(row.error.as_ref().unwrap().task.as_deref(), Some("pay"));
    let child = world
        .tasks(run)
        .await
        .into_iter()
        .find(|row| {
            row.action
                .as_ref()
                .is_some_and(|it| it.as_str() == "t.hotel")
                && row.task.is_none()
        })
        .unwrap();
    // Nobody is told: the sweep finds what was asked of a run that had ended long ago.
    ask(&world, run).await;
    eventually(async || (world.detail(child.run).await.row.status == Compensating).then_some(()))
        .await;
    first.stop().await;
    assert_eq!(world.detail(run).await.row.status, Compensating);
    let second = world.executor().await;
    let row = eventually(async || {
        let row = world.detail(run).await.row;
        (row.status == Compensated).then_some(row)
    })
    .await;
    // Why it had failed stays known.
    assert_eq!(row.error.unwrap().task.as_deref(), Some("pay"));
    assert_eq!(world.detail(child.run).await.row.status, Compensated);
    assert_eq!(
        world.detail(child.run).await.row.result,
        json!({"room": 12})
    );
    let rows = undone(&world, run).await;
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.compensates.as_deref())
        .collect();
    assert_eq!(names, ["hotel", "flight"]);
    assert_eq!(rows[1].result, json!({"given_back": 7}));
    let below = undone(&world, child.run).await;
    assert_eq!(below.len(), 1);
    assert_eq!(
        (below[0].task.as_deref(), below[0].status),
        (Some("leave"), Succeeded)
    );
    let ends: Vec<String> = world
        .history(child.run)
        .await
        .into_iter()
        .map(|event| event.kind)
        .filter(|kind| kind.ends_with("_ended") && kind != "execution_ended")
        .collect();
    assert_eq!(ends, ["run_ended", "compensation_ended"]);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_undone_is_named_and_can_be_asked_for_again() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world.open("t.stuck", json!({})).await;
    assert_eq!(world.ended(run).await.status, Succeeded);
    for times in 1..=2 {
        ask(&world, run).await;
        let row = eventually(async || {
            let tried = undone(&world, run).await.len();
            let row = world.detail(run).await.row;
            (tried == times && row.status.is_terminal()).then_some(row)
        })
        .await;
        assert_eq!(row.status, Failed);
        let error = row.error.unwrap();
        assert_eq!(
            (error.code.as_str(), error.task.as_deref()),
            ("compensation_failed", Some("second"))
        );
        assert!(
            error
                .message
                .contains("it holds; not undone: `second`, `first`"),
            "{}",
            error.message
        );
    }
    // Asked twice at once, it is undone once.
    let nap = world.open("t.hotel", json!({})).await;
    world.ended(nap).await;
    ask(&world, nap).await;
    ask(&world, nap).await;
    assert_eq!(
        eventually(async || {
            let row = world.detail(nap).await.row;
            (row.status == Compensated).then_some(row)
        })
        .await
        .status,
        Compensated
    );
    assert_eq!(undone(&world, nap).await.len(), 1);
    executor.stop().await;
}
