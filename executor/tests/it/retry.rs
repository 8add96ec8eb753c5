//! Runs that go on from what went wrong, with their child runs and places, over executors that come and
//! go.

use crate::world::{World, eventually};
use attune_flow::run::{Command, ExecutionRow, Outcome, Report};
use attune_port::{EventFilter, PageRequest};
use attune_types::ExecutionStatus::{
    self, Cancelled, Compensated, Failed, Running, Scheduled, Succeeded,
};
use attune_types::{ErrorInfo, RunId};
use serde_json::json;
use uuid::Uuid;

const ABOVE: &str = r#"
ref: t.above
label: Above
version: 1.0.0
tasks:
  - name: first
    action: core.set
    input: {n: 1}
    on_success: below
  - name: below
    action: t.below
    on_success: last
  - name: last
    action: core.set
    input: {got: "{{ task.below.result.kept }}"}
output_map:
  got: "{{ task.last.result.got }}"
"#;

const BELOW: &str = r#"
ref: t.below
label: Below
version: 1.0.0
tasks:
  - name: kept
    action: core.set
    input: {n: "{{ uuid() }}"}
    compensate: {action: core.noop}
    on_success: work
  - name: work
    action: t.work
output_map:
  kept: "{{ task.kept.result.n }}"
"#;

const ONE: &str = "ref: t.one\nlabel: One\nversion: 1.0.0\nconcurrency: 1\ntasks:\n  - name: work\n    action: t.work\n";

const LATER: &str = "ref: t.later\nlabel: Later\nversion: 1.0.0\nparameters:\n  which: {type: string, default: t.new}\ntasks:\n  - name: calls\n    action: core.run_workflow\n    input: {ref: \"{{ parameters.which }}\", parameters: {}}\n";

const NEW: &str = "ref: t.new\nlabel: New\nversion: 1.0.0\ntasks:\n  - name: work\n    action: core.set\n    input: {n: 1}\noutput_map: {n: \"{{ task.work.result.n }}\"}\n";

/// Nobody takes it: it ends when a test says so.
const WORK: &str = "ref: t.work\nlabel: Work\nrunner: shell\nentry_point: work.sh\n";

const FILES: [(&str, &str); 6] = [
    ("workflows/above.yaml", ABOVE),
    ("workflows/below.yaml", BELOW),
    ("workflows/one.yaml", ONE),
    ("workflows/later.yaml", LATER),
    ("actions/work.yaml", WORK),
    ("actions/work.sh", "true\n"),
];

async fn ask(world: &World, run: RunId) {
    let command = Command::Retry {
        by: "test".to_owned(),
        request: Uuid::new_v4(),
        attempt: None,
    };
    world.command(run, command).await;
}

async fn stands(world: &World, run: RunId, status: ExecutionStatus) -> ExecutionRow {
    eventually(async || {
        let row = world.detail(run).await.row;
        (row.status == status).then_some(row)
    })
    .await
}

async fn task(world: &World, run: RunId, name: &str) -> Option<ExecutionRow> {
    let rows = world.tasks(run).await;
    rows.into_iter()
        .find(|row| row.run == run && row.task.as_deref() == Some(name))
}

/// The child runs of a run.
async fn children(world: &World, run: RunId) -> Vec<RunId> {
    let rows = world.tasks(run).await;
    let below = rows.iter().filter(|row| row.run != run);
    below.map(|row| row.run).collect()
}

/// Ends the attempt of that number of a run's work, once it has begun.
async fn finish(world: &World, run: RunId, number: u32, well: bool) {
    let work = eventually(async || {
        let row = task(world, run, "work").await?;
        (row.attempt == number && row.status == Scheduled).then_some(row)
    })
    .await;
    let attempt = work.id.attempt(number);
    let report = Report {
        cost_usd: Some(0.25),
        ..Report::default()
    };
    let told = Command::Reported {
        attempt,
        number: 0,
        report,
    };
    world.command(run, told).await;
    let outcome = match well {
        true => Outcome::Succeeded {
            result: json!(null),
            process: None,
        },
        false => Outcome::Failed {
            error: ErrorInfo::new("exit_status", "it is broken"),
            result: json!(null),
            process: None,
        },
    };
    let done = Command::AttemptFinished { attempt, outcome };
    world.command(run, done).await;
}

async fn count(world: &World, run: RunId, kind: &str) -> usize {
    let history = world.history(run).await;
    history.iter().filter(|event| event.kind == kind).count()
}

/// A run that has failed in its child run, and that child run.
async fn failed_below(world: &World) -> (RunId, RunId) {
    let executor = world.executor().await;
    let run = world.open("t.above", json!({})).await;
    let below = eventually(async || children(world, run).await.pop()).await;
    finish(world, below, 1, false).await;
    assert_eq!(world.ended(run).await.status, Failed);
    executor.stop().await;
    (run, below)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_run_goes_on_in_place_although_executors_come_and_go() {
    let world = World::new(&FILES).await;
    let (run, below) = failed_below(&world).await;
    let first = task(&world, run, "first").await;
    let kept = task(&world, below, "kept").await.unwrap();
    // Nobody is told, and nobody is there: the sweep finds it.
    ask(&world, run).await;
    let executor = world.executor().await;
    stands(&world, below, Running).await;
    let row = stands(&world, run, Running).await;
    assert_eq!((row.error, row.ended_at), (None, None));
    executor.stop().await;
    let (one, other) = (world.executor().await, world.executor().await);
    finish(&world, below, 2, true).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    assert_eq!(row.result, json!({"got": kept.result["n"]}));
    assert_eq!(world.ended(below).await.status, Succeeded);
    assert_eq!(children(&world, run).await, [below]);
    // What went well was not touched.
    assert_eq!(task(&world, run, "first").await, first);
    assert_eq!(task(&world, below, "kept").await, Some(kept));
    let called = task(&world, run, "below").await.unwrap();
    assert_eq!((called.status, called.attempt), (Succeeded, 2));
    for id in [run, below] {
        assert_eq!(count(&world, id, "run_retried").await, 1);
        assert_eq!(count(&world, id, "run_ended").await, 2);
    }
    // Each attempt of the child run's work cost the same, and the run above knows of both.
    assert_eq!(row.cost_usd, 0.5);
    // It ended well by now: nothing of it is done again.
    let seq = world.detail(run).await.last_seq;
    ask(&world, run).await;
    eventually(async || {
        let inbox = world.stores.runs.inbox(run).await.unwrap();
        inbox.is_empty().then_some(())
    })
    .await;
    assert_eq!(world.detail(run).await.last_seq, seq);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_run_that_was_retried_by_itself_tells_nobody_until_it_is_asked() {
    let world = World::new(&FILES).await;
    let (run, below) = failed_below(&world).await;
    let executor = world.executor().await;
    ask(&world, below).await;
    finish(&world, below, 2, false).await;
    eventually(async || (count(&world, below, "run_ended").await == 2).then_some(())).await;
    ask(&world, below).await;
    stands(&world, below, Running).await;
    assert_eq!(world.detail(run).await.row.status, Failed);
    // The run above joins what is going on already.
    ask(&world, run).await;
    eventually(async || (count(&world, below, "retry_joined").await == 1).then_some(())).await;
    finish(&world, below, 3, true).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    assert_eq!(row.cost_usd, 0.75);
    assert_eq!(children(&world, run).await, [below]);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_run_that_cannot_go_on_fails_the_task_that_asks() {
    let world = World::new(&FILES).await;
    let (run, below) = failed_below(&world).await;
    let executor = world.executor().await;
    let command = Command::Compensate {
        by: "test".to_owned(),
        request: Uuid::new_v4(),
        attempt: None,
    };
    world.command(below, command).await;
    stands(&world, below, Compensated).await;
    let refused = async |times: usize, why: &str| {
        ask(&world, run).await;
        let ended = async || (count(&world, run, "run_ended").await == times + 1).then_some(());
        eventually(ended).await;
        let row = world.detail(run).await.row;
        assert_eq!(row.status, Failed);
        let error = row.error.unwrap();
        assert_eq!(
            (error.code.as_str(), error.task.as_deref()),
            ("retry_refused", Some("below"))
        );
        assert!(error.message.contains(why), "{}", error.message);
    };
    refused(1, "undone").await;
    assert_eq!(count(&world, below, "run_retried").await, 0);
    executor.stop().await;
    // Put aside: it cannot even refuse.
    ask(&world, below).await;
    let quarantined = world.stores.runs.quarantine(below, "it is broken").await;
    quarantined.unwrap();
    let executor = world.executor().await;
    refused(2, "put aside").await;
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_run_that_was_lost_meanwhile_fails_the_task_that_waits() {
    let world = World::new(&FILES).await;
    let (run, below) = failed_below(&world).await;
    ask(&world, run).await;
    let executor = world.executor().await;
    stands(&world, below, Running).await;
    let quarantined = world.stores.runs.quarantine(below, "it is broken").await;
    quarantined.unwrap();
    let row = world.ended(run).await;
    assert_eq!(row.status, Failed);
    let error = row.error.unwrap();
    assert!(error.message.contains("was put aside"), "{error:?}");
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_run_that_never_was_is_opened() {
    let world = World::new(&FILES).await;
    let executor = world.executor().await;
    let run = world.open("t.later", json!({})).await;
    assert_eq!(world.ended(run).await.status, Failed);
    executor.stop().await;
    let mut files = FILES.to_vec();
    files.push(("workflows/new.yaml", NEW));
    world.install(&files).await;
    ask(&world, run).await;
    let executor = world.executor().await;
    let row = stands(&world, run, Succeeded).await;
    let calls = task(&world, run, "calls").await.unwrap();
    assert_eq!(
        (calls.attempt, calls.result, row.error),
        (2, json!({"n": 1}), None)
    );
    let below = children(&world, run).await;
    assert_eq!(below.len(), 1);
    assert_eq!(count(&world, below[0], "run_retried").await, 0);
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_goes_on_waits_for_its_place() {
    let world = World::new(&FILES).await;
    let executor = world.executor().await;
    let failed = world.open("t.one", json!({})).await;
    finish(&world, failed, 1, false).await;
    assert_eq!(world.ended(failed).await.status, Failed);
    let holder = world.open("t.one", json!({})).await;
    stands(&world, holder, Running).await;
    ask(&world, failed).await;
    eventually(async || (count(&world, failed, "slot_queued").await == 1).then_some(())).await;
    assert_eq!(world.detail(failed).await.row.status, Scheduled);
    assert_eq!(task(&world, failed, "work").await.unwrap().attempt, 1);
    // Whoever holds the executor now knows nothing but what is stored.
    executor.stop().await;
    let executor = world.executor().await;
    finish(&world, holder, 1, true).await;
    finish(&world, failed, 2, true).await;
    assert_eq!(world.ended(failed).await.status, Succeeded);
    assert!(world.stores.slots.slot(failed).await.unwrap().is_none());
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_after_it_was_asked_counts() {
    let world = World::new(&FILES).await;
    let (run, below) = failed_below(&world).await;
    ask(&world, run).await;
    let by = "test".to_owned();
    world
        .command(run, Command::Cancel { by, reason: None })
        .await;
    let executor = world.executor().await;
    stands(&world, run, Cancelled).await;
    // Retried once more, it does what the cancel stopped.
    ask(&world, run).await;
    stands(&world, run, Running).await;
    let number = eventually(async || {
        let row = task(&world, below, "work").await?;
        (row.status == Scheduled).then_some(row.attempt)
    })
    .await;
    finish(&world, below, number, true).await;
    let row = stands(&world, run, Succeeded).await;
    assert_eq!(row.error, None);
    executor.stop().await;
}

const RULE: &str = "ref: t.ends\nlabel: Ends\ntrigger: core.execution_finished\nwhen: \"{{ event.payload.action == 't.work' }}\"\naction: core.noop\nenabled: true\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_of_a_single_action_is_retried_and_rules_see_each_end() {
    let mut files = FILES.to_vec();
    files.push(("rules/ends.yaml", RULE));
    let world = World::new(&files).await;
    let executor = world.executor().await;
    let run = world.open("t.work", json!({})).await;
    for number in 1..=3 {
        let attempt = eventually(async || {
            let scheduled = world.history(run).await;
            let mut scheduled = scheduled
                .into_iter()
                .filter(|event| event.kind == "attempt_scheduled");
            let last = scheduled.nth(number - 1)?;
            let execution = last.data["execution"].as_str()?.parse().ok()?;
            let execution = attune_types::ExecutionId(execution);
            Some(execution.attempt(u32::try_from(number).ok()?))
        })
        .await;
        let outcome = match number {
            3 => Outcome::Succeeded {
                result: json!({"n": 3}),
                process: None,
            },
            _ => Outcome::Failed {
                error: ErrorInfo::new("exit_status", "it is broken"),
                result: json!(null),
                process: None,
            },
        };
        let done = Command::AttemptFinished { attempt, outcome };
        world.command(run, done).await;
        eventually(async || (count(&world, run, "run_ended").await == number).then_some(())).await;
        if number < 3 {
            ask(&world, run).await;
        }
    }
    let row = world.detail(run).await.row;
    assert_eq!((row.status, row.result), (Succeeded, json!({"n": 3})));
    let seen = eventually(async || {
        let page = PageRequest::default();
        let events = world
            .stores
            .events
            .list(&EventFilter::default(), &page)
            .await
            .unwrap()
            .items;
        let own = events
            .iter()
            .filter(|seen| seen.event.payload["execution_id"] == json!(run));
        let seen: Vec<String> = own
            .map(|seen| seen.event.payload["status"].as_str().unwrap().to_owned())
            .collect();
        (seen.len() == 3).then_some(seen)
    })
    .await;
    assert_eq!(seen, ["succeeded", "failed", "failed"]);
    executor.stop().await;
}
