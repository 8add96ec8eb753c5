//! Ends from outside: cancel and timeout reach every process that an action has started.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use attune_rest::CommandAccepted;
use attune_types::{ExecutionStatus, RunId};
use serde_json::json;

use crate::{
    history::judge,
    packs::write,
    proc::{lives, until},
    world::World,
};

/// Writes the pack `family`: an action that has a child and a grandchild, and notes the ids of all
/// three. The grandchild does not listen to SIGTERM.
fn family(folder: &Path) -> PathBuf {
    let action = |name: &str, timeout: &str| {
        format!(
            "ref: family.{name}\n\
             label: Wait with a child and a grandchild\n\
             runner: shell\n\
             entry_point: wait.sh\n\
             parameter_delivery: env\n\
             {timeout}\
             parameters:\n  \
               pids: {{type: string, required: true}}\n"
        )
    };
    write(
        folder,
        &[
            ("pack.yaml", "ref: family\nlabel: Family\nversion: 1.0.0\n"),
            ("actions/wait.yaml", &action("wait", "")),
            ("actions/brief.yaml", &action("brief", "timeout: 3s\n")),
            (
                "actions/wait.sh",
                "#!/bin/sh\n\
                 sh -c 'sh -c \"trap : TERM; echo grandchild; while :; do sleep 1000; done\" & echo $! >> \"$0\"; wait' \"$ATTUNE_PARAM_PIDS\" &\n\
                 echo $! >> \"$ATTUNE_PARAM_PIDS\"\n\
                 echo $$ >> \"$ATTUNE_PARAM_PIDS\"\n\
                 wait\n",
            ),
        ],
    )
}

/// The three processes once all have started.
async fn started(pids: &Path) -> Vec<u32> {
    until("the whole family has started", async || {
        let text = std::fs::read_to_string(pids).unwrap_or_default();
        let pids: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
        (pids.len() == 3 && pids.iter().all(|pid| lives(*pid))).then_some(pids)
    })
    .await
}

async fn gone(pids: &[u32]) {
    until("nobody of the family lives", async || {
        (!pids.iter().any(|pid| lives(*pid))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_and_timeout_end_the_whole_family() {
    let world = World::usual().await;
    let admin = &world.admin;
    let place = world.place("packs");
    admin.register(&family(&place.join("family"))).await;

    let note = place.join("cancelled");
    let run: RunId = admin.start("family.wait", json!({"pids": note})).await;
    let pids = started(&note).await;
    let path = format!("/executions/{run}/cancel");
    let answer = admin
        .post(&path, &json!({"reason": "no longer needed"}))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let accepted: CommandAccepted = answer.good();
    assert_eq!(accepted.id, run);
    let ended = admin.ended(run).await;
    assert_eq!(ended.execution.status, ExecutionStatus::Cancelled);
    gone(&pids).await;
    let history = admin.history(run).await;
    judge(&history);
    let asked = history
        .iter()
        .find(|event| event.kind == "cancel_requested");
    let asked = asked.expect("the history says who asked");
    assert_eq!(asked.data["by"], "admin");
    assert_eq!(asked.data["reason"], "no longer needed");
    // A second time there is nothing left to cancel.
    let again = admin.post(&path, &json!({})).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(again.problem().code, "execution_ended");

    let note = place.join("timed_out");
    let run = admin.start("family.brief", json!({"pids": note})).await;
    let pids = started(&note).await;
    let ended = admin.ended(run).await;
    assert_eq!(ended.execution.status, ExecutionStatus::TimedOut);
    assert_eq!(ended.execution.error.unwrap().code, "timeout");
    gone(&pids).await;
    judge(&admin.history(run).await);
    let took = ended
        .execution
        .ended_at
        .unwrap()
        .duration_since(ended.execution.started_at.unwrap());
    assert!(
        took >= jiff::SignedDuration::try_from(Duration::from_secs(3)).unwrap(),
        "{took:?}"
    );
}
