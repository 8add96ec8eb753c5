//! Runs that failed and go on in place once the cause is mended, while executors are killed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use attune_rest::HistoryView;
use attune_types::{
    ExecutionStatus::{Failed, Succeeded},
    RunId,
};
use serde_json::json;

use crate::{
    command_line::Attune,
    packs::write,
    proc::until,
    world::{Plan, World, blocking},
};

const OUTER: &str = "ref: job.outer
label: Outer
version: 1.0.0
parameters:
  place: {type: string, required: true}
tasks:
  - name: first
    action: job.step
    input: {what: first, place: \"{{ parameters.place }}\"}
    on_success: inner
  - name: inner
    action: job.inner
    input: {place: \"{{ parameters.place }}\"}
    on_success: last
  - name: last
    action: job.step
    input: {what: \"last after {{ task.inner.result.did }}\", place: \"{{ parameters.place }}\"}
output_map:
  said: \"{{ task.last.result.did }}\"
";

const INNER: &str = "ref: job.inner
label: Inner
version: 1.0.0
parameters:
  place: {type: string, required: true}
tasks:
  - name: before
    action: job.step
    input: {what: before, place: \"{{ parameters.place }}\"}
    on_success: each
  - name: each
    action: job.step
    with_items: [one, fragile, three]
    input: {what: \"{{ item }}\", place: \"{{ parameters.place }}\"}
output_map:
  did: \"{{ task.each.results | pluck(attribute='did') | join(sep=',') }}\"
";

const ONE: &str = "ref: job.one
label: One at a time
version: 1.0.0
concurrency: 1
parameters:
  place: {type: string, required: true}
tasks:
  - name: step
    action: job.step
    input: {what: fragile, place: \"{{ parameters.place }}\"}
";

/// Notes that it tries, does as the files beside the journal say, and notes what it did.
const STEP: &str = "#!/bin/sh
cd \"$ATTUNE_PARAM_PLACE\" || exit 1
what=$ATTUNE_PARAM_WHAT
echo \"try $what\" >> journal
while [ -e \"hold-$what\" ]; do sleep 0.05; done
[ -e \"break-$what\" ] && exit 9
echo \"did $what\" >> journal
printf '{\"did\": \"%s\"}' \"$what\"
";

const ACTION: &str = "ref: job.step
label: Step
runner: shell
entry_point: step.sh
parameter_delivery: env
output_format: json
idempotent: true
parameters:
  what: {type: string, required: true}
  place: {type: string, required: true}
output:
  did: {type: string, required: true}
";

async fn register(world: &World) {
    let pack = write(
        &world.place("packs").join("job"),
        &[
            ("pack.yaml", "ref: job\nlabel: Job\nversion: 1.0.0\n"),
            ("workflows/outer.yaml", OUTER),
            ("workflows/inner.yaml", INNER),
            ("workflows/one.yaml", ONE),
            ("actions/step.yaml", ACTION),
            ("actions/step.sh", STEP),
        ],
    );
    world.admin.register(&pack).await;
}

fn put(place: &Path, name: &str) -> PathBuf {
    let path = place.join(name);
    std::fs::write(&path, "").unwrap();
    path
}

/// How often the journal says that.
fn times(place: &Path, said: &str) -> usize {
    let text = std::fs::read_to_string(place.join("journal")).unwrap_or_default();
    text.lines().filter(|line| *line == said).count()
}

/// What must hold of every history: no gap, and no attempt that was scheduled twice.
fn sound(history: &[HistoryView]) {
    let mut seen = std::collections::HashSet::new();
    for (place, event) in history.iter().enumerate() {
        assert_eq!(event.seq, place as u64 + 1, "{history:#?}");
        let of = (
            event.data["execution"].to_string(),
            event.data["number"].to_string(),
        );
        let scheduled = event.kind == "attempt_scheduled";
        assert!(!scheduled || seen.insert(of), "{history:#?}");
    }
}

fn count(history: &[HistoryView], kind: &str) -> usize {
    history.iter().filter(|event| event.kind == kind).count()
}

async fn child_of(world: &World, run: RunId) -> RunId {
    let tasks = world.admin.tasks(run).await;
    let mut below: Vec<RunId> = tasks.iter().map(|row| row.run).collect();
    below.retain(|id| *id != run);
    below.dedup();
    assert_eq!(below.len(), 1, "{tasks:#?}");
    below[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_runs_goes_on_from_what_failed_while_executors_are_killed() {
    let world = Arc::new(
        World::start(Plan {
            settings: vec![("ATTUNE__EXECUTOR__LEASE_TTL", "2s")],
            ..Plan::default()
        })
        .await,
    );
    register(&world).await;
    let place = world.place("retried");
    let broken = put(&place, "break-fragile");
    let run = world
        .admin
        .start("job.outer", json!({"place": place}))
        .await;
    assert_eq!(world.admin.ended(run).await.execution.status, Failed);
    let below = child_of(&world, run).await;
    let home = world.place("home");
    let (id, tool) = (run.to_string(), Attune::of(&world, &home));

    // Nothing was mended: it fails once more, and nothing else was done.
    let said = tool.says(1, &["execution", "retry", &id, "--follow"]);
    assert!(said.contains("first"), "{said}");
    assert_eq!(times(&place, "try fragile"), 2);

    std::fs::remove_file(broken).unwrap();
    let gate = put(&place, "hold-fragile");
    let said = tool.says(0, &["execution", "retry", &id]);
    assert!(said.contains("asked to go on"), "{said}");
    until("the item is at work", async || {
        (times(&place, "try fragile") >= 3).then_some(())
    })
    .await;
    let refused = tool.run(&["execution", "retry", &id]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(5), "{said}");
    assert!(said.contains("only a run that has ended"), "{said}");
    blocking(&world, |world| {
        let mut stack = world.stack();
        for name in ["executor-1", "executor-2"] {
            stack.kill9(name).unwrap();
        }
        for name in ["executor-1", "executor-2"] {
            stack.restart(name).unwrap();
        }
    })
    .await;
    std::fs::remove_file(gate).unwrap();
    until("it has ended well", async || {
        let row = world.admin.execution(run).await.execution;
        (row.status == Succeeded).then_some(())
    })
    .await;
    let row = world.admin.execution(run).await.execution;
    assert_eq!(
        row.result,
        json!({"said": "last after one,fragile,three"}),
        "{:?}",
        row.error
    );
    assert_eq!(row.error, None);
    // What went well at first was done once.
    for kept in ["first", "before", "one", "three"] {
        assert_eq!(times(&place, &format!("try {kept}")), 1, "{kept}");
    }
    assert_eq!(times(&place, "did last after one,fragile,three"), 1);
    assert_eq!(child_of(&world, run).await, below);
    for id in [run, below] {
        let history = world.admin.history(id).await;
        sound(&history);
        assert_eq!(count(&history, "run_retried"), 2);
        assert_eq!(count(&history, "run_ended"), 3);
    }
    let refused = tool.run(&["execution", "retry", &id]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(5), "{said}");
    assert!(said.contains("nothing to retry"), "{said}");
    let said = tool.says(0, &["execution", "history", &id]);
    let asked = said.lines().filter(|line| line.contains("run_retried"));
    let asked: Vec<&str> = asked.collect();
    assert_eq!(asked.len(), 2, "{said}");
    assert!(asked[0].contains("retried by admin"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_stands_in_line_for_its_place() {
    let world = World::usual().await;
    register(&world).await;
    let place = world.place("in_line");
    let broken = put(&place, "break-fragile");
    let start = async || world.admin.start("job.one", json!({"place": place})).await;
    let first = start().await;
    assert_eq!(world.admin.ended(first).await.execution.status, Failed);
    std::fs::remove_file(broken).unwrap();
    let gate = put(&place, "hold-fragile");
    let second = start().await;
    until("the second has the place", async || {
        (times(&place, "try fragile") == 2).then_some(())
    })
    .await;
    let path = format!("/executions/{first}/retry");
    assert_eq!(world.admin.post(&path, &json!({})).await.status, 202);
    let waits = until("the first waits", async || {
        let detail = world.admin.execution(first).await;
        detail.place.filter(|place| place.waiting)
    })
    .await;
    assert_eq!(waits.holders, [second]);
    assert_eq!(times(&place, "try fragile"), 2);
    std::fs::remove_file(gate).unwrap();
    for run in [second, first] {
        assert_eq!(world.admin.ended(run).await.execution.status, Succeeded);
    }
    assert_eq!(times(&place, "did fragile"), 2);
}
