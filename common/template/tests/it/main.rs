//! What templates mean, what they refuse, and that nothing people write can hurt.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test they serve"
)]

mod bounds;
mod errors;
mod filters;
mod hostile;
mod keys;
mod language;
mod properties;
mod references;

use attune_template::{
    Ambient, KeyRef, KeySet, KeyValue, Keys, MapScope, Nonce, Root, Template, TemplateError,
};
use attune_types::{ExecutionStatus, JsonMap, JsonValue};
use serde_json::json;

/// A scope with something under every root.
fn scope() -> MapScope {
    let map = |value: JsonValue| -> JsonMap { value.as_object().cloned().unwrap_or_default() };
    MapScope::new(Ambient {
        now: "2026-03-04T05:06:07Z".parse().unwrap(),
        entropy: [7; 16],
    })
    .with(
        Root::Parameters,
        map(json!({
            "name": "Ada", "replicas": 3, "ratio": 0.5, "debug": false, "nothing": null,
            "regions": ["eu", "us"], "markup": "{{ parameters.name }}",
            "deep": {"list": [{"id": 1, "tag": "a"}, {"id": 2, "tag": "b"}, {"id": 3, "tag": "a"}]},
            "quote": "it's; rm -rf / \"$HOME\""
        })),
    )
    .with(Root::Vars, map(json!({"count": 2, "name": "shadowed", "thresholds": {"rate": 1.5}})))
    .with(
        Root::Task,
        map(json!({
            "build": {"status": "succeeded", "result": {"image_url": "reg/app:1", "length": 9, "status": "ignored"}, "error": null, "attempts": 1},
            "fan": {"status": "succeeded", "results": [{"region": "eu"}, {"region": "us"}], "failed_items": [], "total_count": 2}
        })),
    )
    .with(Root::PackConfig, map(json!({"greeting": "hello", "channel": "ops"})))
    .with(Root::System, map(json!({"execution_id": "x", "workflow": {"ref": "a.b"}, "identity": {"login": "root"}})))
    .with_keys(keys())
    .with(Root::Event, map(json!({"payload": {"count": 4, "service": "api"}, "trigger": "core.interval"})))
    .with(Root::Inquiry, map(json!({"sign_off": {"approved": true}})))
    .with(Root::Local, map(json!({"item": {"id": 9}, "index": 0})))
    .with_outcome(ExecutionStatus::Succeeded, json!({"restarted": 3}), None)
}

/// The keys of the pack `demo`, as far as it may read them.
fn keys() -> Keys {
    let plain = |name: &str, value: JsonValue| (KeyRef::new("demo", name), KeyValue::Plain(value));
    let known = KeySet::closed([
        plain("limit", json!(5)),
        plain("region", json!("eu")),
        plain("limits", json!({"cpu": 2})),
        (KeyRef::new("other", "limit"), KeyValue::Plain(json!(6))),
        (
            KeyRef::new("other", "closed"),
            KeyValue::Refused("the key `other/closed` is not for `demo`".to_owned()),
        ),
        (KeyRef::new("demo", "token"), KeyValue::Secret),
        (KeyRef::new("demo", "db/password"), KeyValue::Secret),
    ]);
    Keys::new("demo", known, Some(Nonce::new([9; 16])), [0; 16])
}

fn evaluate(text: &str) -> Result<JsonValue, TemplateError> {
    Template::compile(&json!(text))?.evaluate(&scope())
}

/// The value of a template that must work.
#[track_caller]
fn value(text: &str) -> JsonValue {
    evaluate(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The error of a template that must not.
#[track_caller]
fn failure(text: &str) -> TemplateError {
    match evaluate(text) {
        Ok(value) => panic!("{text}: {value}"),
        Err(error) => error,
    }
}
