//! Timers over replicas.

use crate::world::{World, eventually};
use attune_types::Ref;
use serde_json::json;

const PACK: &[(&str, &str)] = &[
    ("pack.yaml", "ref: clock\nlabel: Clock\nversion: 1.0.0\n"),
    (
        "rules/often.yaml",
        "ref: clock.often\nlabel: Often\ntrigger: core.interval\ntrigger_parameters: {every: 100ms}\n\
         action: core.noop\nenabled: true\n",
    ),
    (
        "rules/likewise.yaml",
        "ref: clock.likewise\nlabel: Likewise\ntrigger: core.interval\ntrigger_parameters: {every: 100ms}\n\
         action: core.noop\nenabled: true\n",
    ),
];

fn counts(events: &[attune_port::EventRow]) -> Vec<u64> {
    let mut counts: Vec<u64> = events
        .iter()
        .map(|row| row.event.payload["count"].as_u64().unwrap())
        .collect();
    counts.sort_unstable();
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tick_is_made_once_whoever_makes_it_and_survives_a_crash() {
    let world = World::new();
    world.register(PACK).await;
    let (first, second) = (world.start("a").await, world.start("b").await);
    world.wait_for_events(5).await;
    first.crash();
    let before = world.events().await.len();
    let events = world.wait_for_events(before + 5).await;
    second.stop().await;
    // Two rules with the same parameters share one timer; its count has no gap and no double.
    let expected: Vec<u64> = (1..=events.len() as u64).collect();
    assert_eq!(counts(&events), expected);
    let event = &events[0].event;
    assert_eq!(event.trigger.as_str(), "core.interval");
    let parameters = event
        .trigger_parameters
        .clone()
        .map(serde_json::Value::Object);
    assert_eq!(parameters, Some(json!({"every": "100ms"})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timer_ends_with_the_last_rule_that_wants_it() {
    let world = World::new();
    world.register(PACK).await;
    let replica = world.start("a").await;
    world.wait_for_events(2).await;
    for rule in ["clock.often", "clock.likewise"] {
        let rule = Ref::parse(rule).unwrap();
        world
            .stores
            .catalogue
            .set_rule_enabled(&rule, false)
            .await
            .unwrap();
    }
    // Nobody was told, so the change is found at the regular look. Then no tick follows for longer
    // than ten of its intervals.
    eventually(async || {
        let before = world.events().await.len();
        tokio::time::sleep(std::time::Duration::from_millis(1_000)).await;
        (world.events().await.len() == before).then_some(())
    })
    .await;
    replica.stop().await;
}
