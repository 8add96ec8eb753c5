//! A run done again from the task that failed, with an edited input, while executors are killed.

use std::{path::Path, sync::Arc};

use attune_rest::{ExecutionDetail, ExecutionView, RerunOf};
use attune_types::{ExecutionStatus, RunId};
use serde_json::json;

use crate::{
    command_line::Attune,
    packs::write,
    proc::until,
    world::{Plan, World, blocking},
};

const LINE: &str = "ref: line.line
label: Line
version: 1.0.0
parameters:
  place: {type: string, required: true}
vars:
  id: \"{{ uuid() }}\"
tasks:
  - name: build
    action: line.step
    input: {what: build, place: \"{{ parameters.place }}\"}
    on_success: ship
    publish:
      built: \"{{ result().did }} {{ vars.id }}\"
  - name: ship
    action: line.step
    input: {what: ship, place: \"{{ parameters.place }}\", region: nowhere}
    on_success: tell
  - name: tell
    action: line.below
    input: {place: \"{{ parameters.place }}\"}
output_map:
  built: \"{{ vars.built }}\"
  shipped: \"{{ task.ship.result.did }}\"
  told: \"{{ task.tell.result }}\"
";

const BELOW: &str = "ref: line.below
label: Below
version: 1.0.0
parameters:
  place: {type: string, required: true}
tasks:
  - name: say
    action: line.step
    input: {what: say, place: \"{{ parameters.place }}\"}
";

const STEP: &str = "#!/bin/sh
cd \"$ATTUNE_PARAM_PLACE\" || exit 1
what=$ATTUNE_PARAM_WHAT
echo \"$what $ATTUNE_PARAM_REGION${ATTUNE_PARAM_TOKEN:+ with $(printf %s \"$ATTUNE_PARAM_TOKEN\" | tr a-z n-za-m)}\" >> journal
while [ -e \"hold-$what\" ]; do sleep 0.05; done
[ \"$ATTUNE_PARAM_REGION\" = nowhere ] && exit 9
printf '{\"did\": \"%s\"}' \"$what $ATTUNE_PARAM_REGION\"
";

const ACTION: &str = "ref: line.step
label: Step
runner: shell
entry_point: step.sh
parameter_delivery: env
output_format: json
idempotent: true
parameters:
  what: {type: string, required: true}
  place: {type: string, required: true}
  region: {type: string, default: home}
  token: {type: string, secret: true}
";

fn journal(place: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(place.join("journal")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_is_done_again_from_a_task_while_executors_are_killed() {
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
            ("workflows/line.yaml", LINE),
            ("workflows/below.yaml", BELOW),
            ("actions/step.yaml", ACTION),
            ("actions/step.sh", STEP),
        ],
    );
    world.admin.register(&pack).await;
    let (place, home) = (world.place("line"), world.place("home"));
    let attune = Attune::of(&world, &home);
    let first = world
        .admin
        .start("line.line", json!({"place": place}))
        .await;
    let ended = world.admin.ended(first).await.execution;
    assert_eq!(ended.status, ExecutionStatus::Failed);
    assert_eq!(journal(&place), ["build home", "ship nowhere"]);

    // From the task that failed, in another region; it is at work when the executors die.
    let id = first.to_string();
    let gate = place.join("hold-ship");
    std::fs::write(&gate, "").unwrap();
    // A secret is given with it: the process gets its value, and it is nowhere else.
    let again = [
        "execution",
        "rerun",
        &id,
        "--from",
        "ship",
        "region=eu",
        "token=canary",
    ];
    let started: ExecutionView = attune.json(0, &again);
    let run = RunId(started.id.uuid());
    assert_ne!(run, first);
    until("the task is at work again", async || {
        journal(&place)
            .contains(&"ship eu with pnanel".to_owned())
            .then_some(())
    })
    .await;
    // What goes on cannot be done again.
    let early = ["execution", "rerun", &run.to_string()].map(str::to_owned);
    let early: Vec<&str> = early.iter().map(String::as_str).collect();
    assert_ne!(attune.run(&early).status.code(), Some(0));
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

    let output = world.admin.succeeded(run).await;
    assert_eq!(output["shipped"], "ship eu");
    assert_eq!(output["told"]["did"], "say home");
    let built = journal(&place)
        .iter()
        .filter(|it| *it == "build home")
        .count();
    assert_eq!(built, 1, "what had ended before was not done again");
    // The variable was evaluated once, in the first run.
    let of_first = world.admin.history(first).await;
    let begun = of_first.iter().find(|event| event.kind == "run_begun");
    let variable = begun.unwrap().data["vars"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(output["built"], format!("build home {variable}"));

    let detail: ExecutionDetail = attune.json(0, &["execution", "get", &run.to_string()]);
    assert_eq!(
        detail.rerun_of,
        Some(RerunOf {
            run: first,
            task: Some("ship".to_owned()),
            activation: Some(1),
        })
    );
    let shown = attune.says(0, &["execution", "get", &run.to_string()]);
    assert!(
        shown.contains(&format!("{first} from task ship")),
        "{shown}"
    );
    let told = attune.says(0, &["execution", "history", &run.to_string()]);
    assert!(told.contains("took over the "), "{told}");
    let history = world.admin.history(run).await;
    let told = serde_json::to_string(&history).unwrap();
    assert!(!told.contains("canary"), "{told}");
    for (place, event) in history.iter().enumerate() {
        assert_eq!(event.seq, place as u64 + 1, "{history:#?}");
    }
    let ends = history.iter().filter(|event| event.kind == "run_ended");
    assert_eq!(ends.count(), 1);
    // Nothing of this has touched the first run.
    let still = world.admin.execution(first).await;
    assert_eq!(still.execution.status, ExecutionStatus::Failed);
    assert_eq!(still.last_seq, of_first.last().map(|event| event.seq));

    // The rerun again, all of it, followed to its end: the workflow itself is as wrong as it was.
    let whole = ["execution", "rerun", &run.to_string(), "--wait"].map(str::to_owned);
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let failed: ExecutionDetail = attune.json(1, &whole);
    assert_eq!(failed.rerun_of.unwrap().run, run);
    attune.says(2, &["execution", "rerun", &id, "--from", "shop"]);
    attune.says(
        2,
        &["execution", "rerun", &id, "--from", "ship", "regin=eu"],
    );
    attune.says(2, &["execution", "rerun", &id, "--activation", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_iteration_of_many_items_is_taken_over() {
    let world = World::usual().await;
    let pack = write(
        &world.place("packs").join("many"),
        &[
            ("pack.yaml", "ref: many\nlabel: Many\nversion: 1.0.0\n"),
            (
                "workflows/many.yaml",
                "ref: many.many\nlabel: Many\nversion: 1.0.0\nparameters:\n  \
                 n: {type: integer, required: true}\ntasks:\n  - name: each\n    \
                 action: core.set\n    with_items: \"{{ parameters.n }}\"\n    \
                 input: {n: \"{{ item }}\"}\n    on_success: sum\n  - name: sum\n    \
                 action: core.set\n    input: {last: \"{{ task.each.results | last }}\", \
                 by: first}\n",
            ),
        ],
    );
    world.admin.register(&pack).await;
    let items: u64 = match std::env::var("ATTUNE_ITEMS") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => 5_000,
    };
    let first = world.admin.start("many.many", json!({"n": items})).await;
    world.admin.succeeded(first).await;
    let path = format!("/executions/{first}/rerun");
    let body = json!({"from": "sum", "input": {"by": "second"}});
    let began = std::time::Instant::now();
    let answer = world.admin.post(&path, &body).await;
    eprintln!("{items} items were taken over in {:?}", began.elapsed());
    assert_eq!(answer.status, 201);
    let run = RunId(answer.good::<ExecutionView>().id.uuid());
    let output = world.admin.succeeded(run).await;
    assert_eq!(output, json!({"last": {"n": items - 1}, "by": "second"}));
}
