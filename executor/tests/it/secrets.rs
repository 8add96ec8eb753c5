//! Secret parameters of runs: sealed before anything is stored, opened by whoever needs them.

use crate::world::{World, eventually};
use attune_catalogue::SecretValues;
use attune_flow::run::RunHeader;
use attune_port::{EnforcementFilter, NewEvent, PageRequest};
use attune_rules::TriggerEvent;
use attune_types::ExecutionStatus::{Failed, Succeeded};
use attune_types::{EventId, JsonMap, JsonValue, RunId};
use serde_json::json;
use uuid::Uuid;

const USES: &str = r#"
ref: t.uses
label: Uses a secret
version: 1.0.0
parameters:
  token: {type: string, secret: true, required: true, minLength: 6}
  pin: {type: integer, secret: true, default: 4711}
tasks:
  - name: one
    action: core.set
    input: {auth: "Bearer {{ parameters.token }}", pin: "{{ parameters.pin }}"}
    publish: [{kept: "{{ result().auth }}"}]
    next: [{do: [below, peek]}]
  - name: below
    action: t.below
    input: {passed: "{{ vars.kept }}", own: canary-literal}
  - name: peek
    action: core.set
    input: {peek: "{{ vars.kept | b64encode }}"}
    next: [{when: "failed()", do: noop}]
output_map:
  kept: "{{ vars.kept }}"
  below: "{{ task.below.result }}"
  peek: "{{ task.peek.error.message }}"
"#;

const BELOW: &str = r#"
ref: t.below
label: Below
version: 1.0.0
parameters:
  passed: {type: string}
  own: {type: string, secret: true}
tasks:
  - name: say
    action: core.set
    input: {text: "{{ parameters.passed }} and {{ parameters.own }}"}
"#;

const TRIGGER: &str =
    "ref: t.happened\nlabel: It happened\npayload:\n  key: {type: string, secret: true}\n";

const RULE: &str = r#"
ref: t.when_it_happens
label: When it happens
trigger: t.happened
action: t.uses
input: {token: "{{ event.payload.key }}"}
"#;

async fn world() -> World {
    World::new(&[
        ("workflows/uses.yaml", USES),
        ("workflows/below.yaml", BELOW),
        ("triggers/happened.yaml", TRIGGER),
        ("rules/when_it_happens.yaml", RULE),
    ])
    .await
}

/// All that is stored of a run and of what is below it, as text.
async fn stored(world: &World, run: RunId) -> String {
    let detail = world.detail(run).await;
    let mut all = format!("{:?}\n{:?}\n", detail.row, detail.header);
    for event in world.history(run).await {
        all.push_str(&format!("{} {}\n", event.kind, event.data));
        // The id of a child run is that of the attempt.
        if let Some(id) = event.data["attempt"].as_str()
            && let Ok(id) = id.parse::<Uuid>()
            && world.stores.reads.run(RunId(id)).await.unwrap().is_some()
        {
            all.push_str(&Box::pin(stored(world, RunId(id))).await);
        }
    }
    all.push_str(&format!("{:?}", world.tasks(run).await));
    all
}

async fn header(world: &World, run: RunId) -> RunHeader {
    world.detail(run).await.header
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_parameter_is_in_nothing_that_is_stored() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world.open("t.uses", json!({"token": "canary-token"})).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    assert_eq!(row.input, json!({"token": "********", "pin": "********"}));
    let peek = row.result["peek"].as_str().unwrap();
    assert!(peek.contains("would look into a secret"), "{peek}");
    let all = stored(&world, run).await;
    assert!(all.contains("t.below"), "the run below is looked at, too");
    for value in ["canary-token", "4711"] {
        assert!(!all.contains(value), "{all}");
    }
    // The literal stands in the workflow itself, and so in what the task passes on, but in nothing of
    // the run below.
    let said = row.result["below"]["text"].as_str().unwrap();
    assert!(said.starts_with("Bearer [[secret:"), "{said}");
    assert!(!said.contains("canary-literal"), "{said}");

    // Whoever needs it can have it, and what hides it again.
    let secrets = header(&world, run).await.secrets.unwrap();
    let mut needed = secrets.clone();
    let parameters = header(&world, run).await.parameters;
    needed.keys = secrets
        .nonce
        .keys_in(&JsonValue::Object(parameters.clone()));
    let values = SecretValues::read(&*world.stores.keys, Some(&needed))
        .await
        .unwrap();
    let mut input: JsonMap = parameters;
    values.fill(&mut input);
    assert_eq!(
        JsonValue::from(input.clone()),
        json!({"token": "canary-token", "pin": 4711})
    );
    let mut said = JsonValue::from(input);
    values.mask().value(&mut said);
    assert_eq!(said, json!({"token": "********", "pin": "********"}));
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_passes_a_secret_on_sealed() {
    let world = world().await;
    let executor = world.executor().await;
    let event = |key: &str| NewEvent {
        event: TriggerEvent {
            id: EventId(Uuid::now_v7()),
            trigger: "t.happened".parse().unwrap(),
            payload: json!({"key": key}),
            at: attune_types::Timestamp::now(),
            source: None,
            dedupe: None,
            trigger_parameters: None,
        },
    };
    let recorded = vec![event("canary-token"), event("short")];
    world.stores.events.record(recorded).await.unwrap();
    let page = PageRequest {
        limit: 10,
        cursor: None,
    };
    let verdicts = eventually(async || {
        let filter = EnforcementFilter::default();
        let found = world
            .stores
            .events
            .enforcements(&filter, &page)
            .await
            .unwrap();
        (found.items.len() == 2).then_some(found.items)
    })
    .await;
    let run = verdicts.iter().find_map(|verdict| verdict.run).unwrap();
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    let all = stored(&world, run).await;
    assert!(!all.contains("canary-token"), "{all}");
    // Values are judged before they are sealed, and not shown by what is said of them.
    let refused = verdicts.iter().find(|verdict| !verdict.fired).unwrap();
    let said = format!("{:?}", refused.explanation);
    assert!(
        said.contains("/token") && said.contains("shorter"),
        "{said}"
    );
    assert!(!said.contains("short\""), "{said}");
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_beside_a_secret_does_not_show_it() {
    let fails = r#"
ref: t.fails
label: Fails
version: 1.0.0
parameters:
  token: {type: string, secret: true, required: true}
tasks:
  - name: one
    action: core.fail
    input: {message: "no: {{ parameters.token }} {{ parameters.token }}"}
"#;
    let world = World::new(&[("workflows/fails.yaml", fails)]).await;
    let executor = world.executor().await;
    let run = world
        .open("t.fails", json!({"token": "canary-token"}))
        .await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Failed);
    let all = stored(&world, run).await;
    assert!(!all.contains("canary-token"), "{all}");
    executor.stop().await;
}
