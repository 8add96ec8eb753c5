//! The main job: a timer's tick is an event, a rule answers it, a workflow of a shell and a Python
//! action runs, and every step can be asked why.

use std::collections::HashSet;

use attune_rest::{EnforcementView, EventView, EventWhy, ExecutionDetail, ExecutionView, RuleView};
use attune_types::ExecutionStatus;
use serde_json::json;

use crate::{history::judge, packs::write, proc::until, world::World};

const FILES: &[(&str, &str)] = &[
    (
        "pack.yaml",
        "ref: clock\n\
         label: Clock\n\
         version: 1.0.0\n\
         config:\n  \
           greeting: {type: string, default: Hello}\n",
    ),
    (
        "actions/say.yaml",
        "ref: clock.say\n\
         label: Say\n\
         runner: shell\n\
         entry_point: say.sh\n\
         parameter_delivery: env\n\
         output_format: json\n\
         parameters:\n  \
           text: {type: string, required: true}\n\
         output:\n  \
           text: {type: string}\n",
    ),
    (
        "actions/say.sh",
        "#!/bin/sh\n\
         echo \"saying it\" >&2\n\
         printf '{\"text\": \"%s!\"}' \"$ATTUNE_PARAM_TEXT\"\n",
    ),
    (
        "actions/count.yaml",
        "ref: clock.count\n\
         label: Count\n\
         runner: python\n\
         entry_point: count.py\n\
         output_format: json\n\
         parameters:\n  \
           text: {type: string, required: true}\n\
         output:\n  \
           length: {type: integer}\n",
    ),
    (
        "actions/count.py",
        "import json, sys\n\
         text = json.load(sys.stdin)[\"text\"]\n\
         print(json.dumps({\"length\": len(text)}))\n",
    ),
    (
        "workflows/greet.yaml",
        "ref: clock.greet\n\
         label: Greet\n\
         version: 1.0.0\n\
         parameters:\n  \
           tick: {type: integer, required: true}\n\
         tasks:\n  \
           - name: say\n    \
             action: clock.say\n    \
             input:\n      \
               text: \"{{ pack.config.greeting }}, tick {{ parameters.tick }}\"\n    \
             on_success: count\n  \
           - name: count\n    \
             action: clock.count\n    \
             input:\n      \
               text: \"{{ task.say.result.text }}\"\n\
         output_map:\n  \
           text: \"{{ task.say.result.text }}\"\n  \
           length: \"{{ task.count.result.length }}\"\n",
    ),
    (
        "rules/greets.yaml",
        "ref: clock.greets\n\
         label: Greets every tick\n\
         trigger: core.interval\n\
         trigger_parameters: {every: 1s}\n\
         criteria:\n  \
           - {field: event.payload.count, operator: gte, value: 1}\n\
         action: clock.greet\n\
         input:\n  \
           tick: \"{{ event.payload.count }}\"\n\
         enabled: false\n",
    ),
    (
        "rules/waits.yaml",
        "ref: clock.waits\n\
         label: Waits for a tick that never comes\n\
         trigger: core.interval\n\
         trigger_parameters: {every: 1s}\n\
         match: all\n\
         criteria:\n  \
           - {field: event.payload.count, operator: gte, value: 1}\n  \
           - {field: event.payload.count, operator: gt, value: 1000000}\n\
         action: clock.greet\n\
         input:\n  \
           tick: \"{{ event.payload.count }}\"\n\
         enabled: false\n",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_becomes_a_run_and_tells_why() {
    let world = World::usual().await;
    let admin = &world.admin;
    admin.register(&write(&world.place("clock"), FILES)).await;
    for rule in ["clock.waits", "clock.greets"] {
        let on: RuleView = admin
            .post(&format!("/rules/{rule}/enable"), &json!({}))
            .await
            .good();
        assert!(on.enabled);
    }

    let runs: Vec<ExecutionView> = until("three greetings", async || {
        let path = "/executions?rule=clock.greets&status=succeeded";
        let runs: Vec<ExecutionView> = admin.list(path).await;
        (runs.len() >= 3).then_some(runs)
    })
    .await;
    let off = admin.post("/rules/clock.greets/disable", &json!({})).await;
    assert_eq!(off.status, 200, "{}", off.text);

    for run in &runs {
        let tick = run.input["tick"].as_u64().unwrap();
        let text = format!("Hello, tick {tick}!");
        assert_eq!(
            run.result,
            json!({"text": text, "length": text.len()}),
            "{run:?}"
        );
        judge(&admin.history(run.run).await);
        let tasks = admin.tasks(run.run).await;
        let names: Vec<_> = tasks
            .iter()
            .map(|task| (task.task.as_deref().unwrap_or_default(), task.status))
            .collect();
        let good = ExecutionStatus::Succeeded;
        assert_eq!(names, [("say", good), ("count", good)]);

        // From the run back to its event, and from there to all that rules made of it.
        let detail: ExecutionDetail = admin.execution(run.run).await;
        let origin = detail.origin.unwrap();
        let event = origin["event"]
            .as_str()
            .unwrap_or_else(|| panic!("{origin}"));
        let why: EventWhy = admin.get(&format!("/events/{event}/why")).await.good();
        assert_eq!(why.event.payload["count"], tick);
        let verdict = |rule: &str| -> &EnforcementView {
            let found = why.enforcements.iter().find(|it| it.rule.as_str() == rule);
            found.unwrap_or_else(|| panic!("no word of {rule}: {why:?}"))
        };
        let greets = verdict("clock.greets");
        assert!(greets.fired && greets.reason == "fired", "{greets:?}");
        assert_eq!(greets.execution_id, Some(run.run));
        let waits = verdict("clock.waits");
        assert!(!waits.fired && waits.execution_id.is_none(), "{waits:?}");
        assert_eq!(waits.reason, "criteria_not_met");
        let conditions = waits.explanation["conditions"].as_array().unwrap();
        let failed: Vec<_> = conditions.iter().filter(|it| it["held"] == false).collect();
        assert_eq!(failed.len(), 1, "{waits:?}");
        assert_eq!(failed[0]["field"], "event.payload.count");
        assert_eq!(failed[0]["operator"], "gt");
        assert_eq!(failed[0]["expected"], 1_000_000);
        assert_eq!(failed[0]["actual"], tick);
    }

    // One event a tick, and of each event one run.
    let events: Vec<EventView> = admin.list("/events?trigger=core.interval").await;
    let ticks: HashSet<_> = events
        .iter()
        .map(|it| it.payload["count"].as_u64())
        .collect();
    assert_eq!(ticks.len(), events.len(), "no tick twice");
    for event in &events {
        let path = format!("/executions?event={}", event.id);
        let started: Vec<ExecutionView> = admin.list(&path).await;
        assert!(started.len() <= 1, "{started:?}");
    }
    for run in &runs {
        let logs = admin
            .get(&format!("/executions/{}/logs", run.run))
            .await
            .text;
        assert!(logs.contains("saying it"), "{logs}");
    }
}
