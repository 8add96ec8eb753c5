//! What rules make of events.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test they serve"
)]

mod keys;
mod operators;
mod properties;
mod rules;

use attune_pack::RuleDef;
use attune_rules::{CompiledRule, RuleError, TriggerEvent, Verdict};
use attune_template::Ambient;
use attune_types::{EventId, JsonMap, JsonValue};
use serde_json::json;

fn ambient() -> Ambient {
    Ambient {
        now: "2026-03-04T05:06:07Z".parse().unwrap(),
        entropy: [3; 16],
    }
}

fn event(payload: JsonValue) -> TriggerEvent {
    TriggerEvent {
        id: EventId(uuid::Uuid::from_bytes([1; 16])),
        trigger: "test.happened".parse().unwrap(),
        payload,
        at: "2026-03-04T05:00:00Z".parse().unwrap(),
        source: None,
        dedupe: None,
        trigger_parameters: None,
    }
}

/// A rule with these keys beside those that it must have.
fn rule(keys: JsonValue) -> RuleDef {
    let mut whole = json!({
        "ref": "test.rule", "label": "a rule", "trigger": "test.happened", "action": "test.act",
    });
    if let (Some(whole), Some(keys)) = (whole.as_object_mut(), keys.as_object()) {
        whole.extend(keys.clone());
    }
    serde_json::from_value(whole).unwrap()
}

fn config() -> JsonMap {
    json!({"level": "critical", "limit": 3})
        .as_object()
        .cloned()
        .unwrap_or_default()
}

fn compile(keys: JsonValue) -> Result<CompiledRule, RuleError> {
    CompiledRule::compile(rule(keys), config())
}

#[track_caller]
fn verdict(keys: JsonValue, payload: JsonValue) -> Verdict {
    match compile(keys) {
        Ok(rule) => rule.evaluate(&event(payload), ambient()),
        Err(error) => panic!("{error}"),
    }
}
