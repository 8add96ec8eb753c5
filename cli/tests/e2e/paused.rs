//! An executor that stands still past its lease and goes on as if nothing had happened.

use std::time::Duration;

use attune_rest::{ExecutorView, Page};

use crate::{
    load::Load,
    packs::Trace,
    proc::until,
    world::{Plan, World},
};

const STOPPED: &str = "executor-1";
const RUNS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_executor_writes_nothing_afterwards() {
    let world = World::start(Plan {
        settings: vec![("ATTUNE__EXECUTOR__LEASE_TTL", "2s")],
        ..Plan::default()
    })
    .await;
    let admin = &world.admin;
    let (pack, trace) = Trace::pack(&world.place("packs"));
    admin.register(&pack).await;
    let owners = async || -> Vec<usize> {
        let page: Page<ExecutorView> = admin.get("/executors").await.good();
        page.items
            .iter()
            .map(|executor| executor.shards.len())
            .filter(|shards| *shards > 0)
            .collect()
    };
    until("both executors own shards", async || {
        (owners().await.len() == 2).then_some(())
    })
    .await;

    // Each run sleeps by the timer of its owner, so the stopped owner has something to write at once
    // when it goes on.
    let load = Load::new("marks.nap", RUNS);
    let (accepted, _) = load.start(admin, 4.0, Duration::ZERO).await;
    until("every run sleeps", async || {
        let running = format!(
            "/executions?status=requested,scheduled&action={}",
            "marks.nap"
        );
        let rest: Page<attune_rest::ExecutionView> = admin.get(&running).await.good();
        rest.items.is_empty().then_some(())
    })
    .await;
    world.stack().pause(STOPPED).unwrap();
    let owned: usize = until("the other executor owns everything", async || {
        let owners = owners().await;
        (owners.len() == 1).then(|| owners[0])
    })
    .await;
    assert!(owned >= 2, "{owned}");
    let reckoning = load.reckon(admin, &accepted, &trace).await;
    assert_eq!(reckoning.succeeded, RUNS, "{reckoning:?}");
    let mut before = Vec::new();
    for run in &accepted {
        before.push(admin.history(*run).await);
    }

    world.stack().resume(STOPPED).unwrap();
    until("it noticed what it had lost", async || {
        let log = world.log(STOPPED);
        (log.contains("no longer owned") || log.contains("shard given up")).then_some(())
    })
    .await;
    until("both executors own shards again", async || {
        (owners().await.len() == 2).then_some(())
    })
    .await;
    for (run, before) in accepted.iter().zip(before) {
        assert_eq!(admin.history(*run).await, before, "nothing was added");
    }
    let log = world.log(STOPPED);
    let fenced = log.matches("no longer owned at epoch").count();
    let given_up = log.matches("shard given up").count();
    eprintln!("{reckoning:?}; {fenced} appends fenced, {given_up} shards given up");

    // It works again.
    let load = Load::new("marks.two", 20);
    let (accepted, _) = load.start(admin, 0.0, Duration::ZERO).await;
    let reckoning = load.reckon(admin, &accepted, &trace).await;
    assert_eq!(reckoning.succeeded, 20, "{reckoning:?}");
}
