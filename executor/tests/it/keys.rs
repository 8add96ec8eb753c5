//! Keys in runs and rules, as executors look them up.

use crate::world::{World, eventually};
use attune_port::{EnforcementFilter, Expected, NewEvent, NewKey, PageRequest};
use attune_rules::TriggerEvent;
use attune_template::KeyRef;
use attune_types::ExecutionStatus::{Failed, Succeeded};
use attune_types::{EventId, JsonValue};
use serde_json::json;
use uuid::Uuid;

const READS: &str = r#"
ref: t.reads
label: Reads keys
version: 1.0.0
parameters:
  which: {type: string, required: true}
vars:
  - limit: "{{ kv.get('limit', 1) }}"
tasks:
  - name: one
    action: core.set
    input:
      value: "{{ kv.get(parameters.which) }}"
      shared: "{{ kv.get('region', scope='shared') }}"
    on_success: two
  - name: two
    action: core.set
    input: {value: "{{ kv.get(task.one.value) }}", bare: "{{ quota | default(0) }}"}
output_map:
  limit: "{{ limit }}"
  one: "{{ task.one.result }}"
  two: "{{ task.two.result }}"
"#;

const MISSING: &str = r#"
ref: t.missing
label: Reads what is not there
version: 1.0.0
tasks:
  - name: one
    action: core.set
    input: {value: "{{ kv.get_secret('nope') }}"}
"#;

const TRIGGER: &str = "ref: t.happened\nlabel: It happened\npayload:\n  size: {type: integer}\n";

const RULE: &str = r#"
ref: t.when_large
label: When it is large
trigger: t.happened
when: "{{ event.payload.size > kv.get('least', 100) }}"
action: core.set
input: {limit: "{{ kv.get('limit') }}"}
"#;

async fn world() -> World {
    World::new(&[
        ("workflows/reads.yaml", READS),
        ("workflows/missing.yaml", MISSING),
        ("triggers/happened.yaml", TRIGGER),
        ("rules/when_large.yaml", RULE),
    ])
    .await
}

async fn set(world: &World, key: (&str, &str), value: JsonValue, readable_by: &[&str]) {
    let new = NewKey {
        key: KeyRef::new(key.0, key.1),
        secret: false,
        value,
        readable_by: readable_by.iter().map(|pack| (*pack).to_owned()).collect(),
        by: "ada".to_owned(),
    };
    world.stores.keys.set(new, Expected::Any).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_reads_keys_whose_names_it_makes() {
    let world = world().await;
    set(&world, ("t", "limit"), json!(7), &[]).await;
    set(&world, ("t", "first"), json!("second"), &[]).await;
    set(&world, ("t", "second"), json!({"deep": true}), &[]).await;
    set(&world, ("t", "quota"), json!(3), &[]).await;
    set(&world, ("shared", "region"), json!("eu"), &["t"]).await;
    let executor = world.executor().await;
    let run = world.open("t.reads", json!({"which": "first"})).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Succeeded, "{:?}", row.error);
    assert_eq!(
        row.result,
        json!({
            "limit": 7,
            "one": {"value": "second", "shared": "eu"},
            "two": {"value": {"deep": true}, "bare": 3},
        })
    );
    // All that was read stands in the history, before what follows from it, by hash.
    let history = world.history(run).await;
    assert_eq!(history[1].kind, "keys_read");
    let read = history[1].data["read"].as_array().unwrap();
    assert_eq!(read.len(), 5, "{read:?}");
    assert!(
        read.iter().all(|read| read["sha256"].is_string()),
        "{read:?}"
    );
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_not_there_or_not_for_the_pack_fails_by_its_name() {
    let world = world().await;
    let executor = world.executor().await;
    let run = world.open("t.missing", json!({})).await;
    let row = world.ended(run).await;
    assert_eq!(row.status, Failed);
    let error = row.error.unwrap();
    assert!(
        error.message.contains("the pack `t` has no secret `nope`"),
        "{error:?}"
    );

    set(&world, ("t", "first"), json!("second"), &[]).await;
    set(&world, ("shared", "region"), json!("eu"), &["other"]).await;
    let run = world.open("t.reads", json!({"which": "first"})).await;
    let error = world.ended(run).await.error.unwrap();
    assert!(
        error.message.contains("may not read `shared/region`"),
        "{error:?}"
    );
    executor.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_reads_plain_keys() {
    let world = world().await;
    set(&world, ("t", "least"), json!(10), &[]).await;
    set(&world, ("t", "limit"), json!(7), &[]).await;
    let executor = world.executor().await;
    let event = TriggerEvent {
        id: EventId(Uuid::now_v7()),
        trigger: "t.happened".parse().unwrap(),
        payload: json!({"size": 11}),
        at: attune_types::Timestamp::now(),
        source: None,
        dedupe: None,
        trigger_parameters: None,
    };
    let recorded = vec![NewEvent { event }];
    world.stores.events.record(recorded).await.unwrap();
    let page = PageRequest {
        limit: 10,
        cursor: None,
    };
    let run = eventually(async || {
        let filter = EnforcementFilter::default();
        let found = world
            .stores
            .events
            .enforcements(&filter, &page)
            .await
            .unwrap();
        found.items.into_iter().find_map(|verdict| verdict.run)
    })
    .await;
    let row = world.ended(run).await;
    assert_eq!(row.result, json!({"limit": 7}));
    executor.stop().await;
}
