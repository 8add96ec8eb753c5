//! Tasks that ask for labels, on a real broker: who takes them, and what is said while nobody can.

use std::sync::Arc;

use attune_rest::{LogLineView, Page};
use attune_types::{ExecutionStatus::Scheduled, RunId};
use serde_json::json;

use crate::{
    packs::{Trace, write},
    proc::until,
    world::{World, blocking},
};

const FLOW: &str = "ref: far.train
label: Train
version: 1.0.0
tasks:
  - name: train
    action: far.tell
    worker_selector: {gpu: a100, zone: eu}
output_map:
  parent: \"{{ task.train.result.parent }}\"
";

const TELL: &str = "ref: far.tell
label: Tell who starts it
runner: shell
entry_point: tell.sh
output_format: json
output:
  parent: {type: integer}
";

const LABELS: &str = "ATTUNE__EXECUTOR__WORKER__LABELS";
const WAITING: &str = "attune_attempts_without_worker_total";

/// A run that must end well, and the process that ran its attempt.
async fn taken_by(world: &World, run: RunId) -> u32 {
    let result = world.admin.succeeded(run).await;
    u32::try_from(result["parent"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_worker_with_all_the_labels_takes_the_attempt() {
    let world = Arc::new(World::usual().await);
    let admin = &world.admin;
    let place = world.place("packs");
    let (marks, trace) = Trace::pack(&place);
    admin.register(&marks).await;
    let far = write(
        &place.join("far"),
        &[
            ("pack.yaml", "ref: far\nlabel: Far\nversion: 1.0.0\n"),
            ("workflows/train.yaml", FLOW),
            ("actions/tell.yaml", TELL),
            (
                "actions/tell.sh",
                "#!/bin/sh\nprintf '{\"parent\": %s}' \"$PPID\"\n",
            ),
        ],
    );
    admin.register(&far).await;

    // Nobody has the labels: its log says so, and a metric counts it.
    let run = admin.start("far.train", json!({})).await;
    let line = until("the log says that it waits", async || {
        let path = format!("/executions/{run}/logs");
        let page: Page<LogLineView> = admin.get(&path).await.good();
        page.items.into_iter().next()
    })
    .await;
    assert_eq!(
        (line.task.as_deref(), line.stream.as_str()),
        (Some("train"), "system")
    );
    let said = "no live worker of pool `default` has the labels gpu=a100, zone=eu";
    assert!(line.text.contains(said), "{}", line.text);
    assert!(world.metric(WAITING).await >= 1.0);

    // One with another label, and one with too few of them, do not help.
    for (name, labels) in [
        ("executor-other", "gpu=h100,zone=eu"),
        ("executor-few", "gpu=a100"),
    ] {
        blocking(&world, move |world| {
            world.add_executor(name, &[(LABELS, labels)]);
        })
        .await;
    }
    // What everybody may run goes on meanwhile.
    for number in 0..10 {
        let other = admin.start("marks.two", json!({"number": number})).await;
        admin.succeeded(other).await;
    }
    assert_eq!(admin.tasks(run).await[0].status, Scheduled);

    // One that comes later takes what lies there.
    blocking(&world, |world| {
        let labels = (LABELS, "gpu=a100,zone=eu,disk=ssd");
        world.add_executor("executor-fit", &[labels]);
    })
    .await;
    let fit = world.pids()["executor-fit"];
    assert_eq!(taken_by(&world, run).await, fit);

    // From then on they go there at once.
    for _ in 0..10 {
        let run = admin.start("far.train", json!({})).await;
        assert_eq!(taken_by(&world, run).await, fit);
    }
    assert!(trace.marks().values().all(|times| *times == 1));
}
