//! Workflows that bound how many of their runs are active, while executors are killed with -9.

use std::{collections::HashMap, sync::Arc, time::Duration};

use attune_rest::ExecutionView;
use attune_types::{
    ExecutionStatus::{Cancelled, Failed, Succeeded},
    RunId, Timestamp,
};
use futures::{StreamExt, stream};
use serde_json::json;

use crate::{
    packs::write,
    world::{Plan, World},
};

/// Each workflow with the most of its runs that may be active at once.
const FLOWS: [(&str, usize); 3] = [("line.queue", 2), ("line.reject", 1), ("line.newest", 1)];
/// Runs of each.
const RUNS: usize = 24;
const KILLS: usize = 6;
/// How long a run holds its place, and how far apart runs of a workflow are started: the line grows.
const HOLDS: f64 = 0.4;
const PACE: Duration = Duration::from_millis(250);

fn flow(name: &str, bound: &str) -> String {
    format!(
        "ref: line.{name}\nlabel: {name}\nversion: 1.0.0\nconcurrency: {bound}\ntasks:\n  \
         - name: hold\n    action: core.sleep\n    input: {{seconds: {HOLDS}}}\n"
    )
}

/// When each run held its place for certain: from when it knew to when it decided to end.
async fn held(world: &World, runs: &[RunId]) -> HashMap<RunId, (Timestamp, Timestamp)> {
    stream::iter(runs)
        .map(async |run| {
            let history = world.admin.history(*run).await;
            let at = |kind: &str| {
                let mut all = history.iter().filter(|event| event.kind == kind);
                let first = all.next().map(|event| event.at);
                assert!(all.next().is_none(), "{kind} twice: {history:#?}");
                first
            };
            let ended = at("run_ended").unwrap();
            at("slot_granted").map(|granted| (*run, (granted, ended)))
        })
        .buffer_unordered(8)
        .filter_map(async |held| held)
        .collect()
        .await
}

fn most_at_once(held: &HashMap<RunId, (Timestamp, Timestamp)>) -> usize {
    let at = |moment: &Timestamp| {
        let all = held.values();
        all.filter(|(from, to)| from <= moment && moment < to)
            .count()
    };
    held.values().map(|(from, _)| at(from)).max().unwrap_or(0)
}

/// Kills one executor after the other, each time just after the one before is back.
fn kill_executors(world: &World) {
    for round in 0..KILLS {
        std::thread::sleep(Duration::from_millis(900));
        let name = ["executor-1", "executor-2"][round % 2];
        let mut stack = world.stack();
        stack.kill9(name).unwrap();
        stack.restart(name).unwrap();
        stack.wait_ready(name, Duration::from_secs(60)).unwrap();
    }
}

async fn start_all(world: &World, action: &str) -> Vec<RunId> {
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(world.admin.start(action, json!({})).await);
        tokio::time::sleep(PACE).await;
    }
    runs
}

#[tokio::test(flavor = "multi_thread")]
async fn no_place_is_given_twice_or_lost_while_executors_are_killed() {
    let world = Arc::new(
        World::start(Plan {
            settings: vec![("ATTUNE__EXECUTOR__LEASE_TTL", "2s")],
            ..Plan::default()
        })
        .await,
    );
    let pack = write(
        &world.place("packs").join("line"),
        &[
            ("pack.yaml", "ref: line\nlabel: Line\nversion: 1.0.0\n"),
            ("workflows/queue.yaml", &flow("queue", "2")),
            (
                "workflows/reject.yaml",
                &flow("reject", "{limit: 1, on_limit: reject}"),
            ),
            (
                "workflows/newest.yaml",
                &flow("newest", "{limit: 1, on_limit: cancel_oldest}"),
            ),
        ],
    );
    world.admin.register(&pack).await;
    let killer = {
        let world = Arc::clone(&world);
        tokio::task::spawn_blocking(move || kill_executors(&world))
    };
    let started = FLOWS.map(|(action, _)| start_all(&world, action));
    let started = futures::future::join_all(started).await;
    killer.await.unwrap();

    for ((action, limit), runs) in FLOWS.into_iter().zip(&started) {
        let mut ended: Vec<ExecutionView> = Vec::new();
        for run in runs {
            ended.push(world.admin.ended(*run).await.execution);
        }
        let held = held(&world, runs).await;
        let most = most_at_once(&held);
        let count = |status| ended.iter().filter(|it| it.status == status).count();
        let (good, failed, cancelled) = (count(Succeeded), count(Failed), count(Cancelled));
        eprintln!(
            "{action}: {good} succeeded, {failed} failed, {cancelled} cancelled, {} held a place, \
             {most} at once",
            held.len()
        );
        assert!(most <= limit, "{action}: {most} at once: {held:?}");
        assert_eq!(good + failed + cancelled, RUNS, "{ended:?}");
        match action {
            "line.queue" => assert_eq!(good, RUNS, "{ended:?}"),
            "line.reject" => {
                assert!(good > 0 && failed > 0 && cancelled == 0, "{ended:?}");
                for run in ended.iter().filter(|run| run.status == Failed) {
                    let error = run.error.as_ref().unwrap();
                    assert_eq!(error.code, "concurrency", "{error:?}");
                }
            }
            _ => {
                assert!(good > 0 && cancelled > 0 && failed == 0, "{ended:?}");
                // Whichever came to the line last was never cancelled.
                let last = held.iter().max_by_key(|(_, (from, _))| *from).unwrap().0;
                let last = ended.iter().find(|run| run.run == *last).unwrap();
                assert_eq!(last.status, Succeeded);
            }
        }
    }

    // Every place is free again: as many as there are get one at once, with nobody in their way.
    for (action, limit) in FLOWS {
        let mut runs = Vec::new();
        for _ in 0..limit {
            runs.push(world.admin.start(action, json!({})).await);
        }
        for run in runs {
            let ended = world.admin.ended(run).await;
            assert_eq!(ended.execution.status, Succeeded, "{ended:?}");
            let history = world.admin.history(run).await;
            assert!(
                history.iter().all(|event| event.kind != "slot_queued"),
                "{history:#?}"
            );
        }
    }
}
