//! Whole rules: matching, input, keys, explanations, the index.

use super::{ambient, compile, config, event, rule, verdict};
use attune_rules::{CompiledRule, Reason, RuleIndex, TriggerEvent, Verdict};
use serde_json::json;

#[test]
fn a_rule_fires_with_its_input() {
    let verdict = verdict(
        json!({
            "criteria": [
                {"field": "event.payload.severity", "operator": "equals", "value": "{{ pack.config.level }}"},
                {"field": "event.payload.namespace", "operator": "startswith", "value": "prod"}
            ],
            "when": "{{ event.payload.readings.errors > pack.config.limit }}",
            "input": {
                "service": "{{ event.payload.service }}",
                "readings": "{{ event.payload.readings }}",
                "text": "{{ event.payload.service }} at {{ event.time }}"
            },
            "dedupe": "{{ event.payload.service }}/{{ event.payload.namespace }}",
            "throttle": {"limit": 1, "per": 60, "key": "{{ event.payload.service }}"}
        }),
        json!({"severity": "critical", "namespace": "prod-eu", "service": "api", "readings": {"errors": 9}}),
    );
    assert!(verdict.fired, "{verdict:?}");
    assert_eq!(verdict.explanation.reason, Reason::Fired);
    assert_eq!(verdict.dedupe.as_deref(), Some("api/prod-eu"));
    assert_eq!(verdict.throttle_key.as_deref(), Some("api"));
    assert_eq!(
        serde_json::Value::from(verdict.input.unwrap()),
        json!({"service": "api", "readings": {"errors": 9}, "text": "api at 2026-03-04T05:00:00Z"})
    );
}

#[test]
fn the_failed_condition_is_named_as_it_is_written() {
    let verdict = verdict(
        json!({"criteria": [
            {"field": "event.payload.severity", "operator": "equals", "value": "critical"},
            {"field": "event.payload.namespace", "operator": "startswith", "value": "prod"}
        ]}),
        json!({"severity": "critical", "namespace": "dev"}),
    );
    assert!(!verdict.fired);
    insta::assert_json_snapshot!(verdict, @r#"
    {
      "rule": "test.rule",
      "fired": false,
      "action": "test.act",
      "explanation": {
        "reason": "criteria_not_met",
        "conditions": [
          {
            "field": "event.payload.severity",
            "operator": "equals",
            "expected": "critical",
            "actual": "critical",
            "held": true
          },
          {
            "field": "event.payload.namespace",
            "operator": "startswith",
            "expected": "prod",
            "actual": "dev",
            "held": false
          }
        ],
        "message": "`event.payload.namespace` startswith \"prod\" did not hold: it is \"dev\""
      }
    }
    "#);
    let back: Verdict = serde_json::from_value(serde_json::to_value(&verdict).unwrap()).unwrap();
    assert_eq!(back, verdict);
}

#[test]
fn all_or_any() {
    let criteria = json!([
        {"field": "a", "operator": "equals", "value": 1},
        {"field": "b", "operator": "equals", "value": 1}
    ]);
    let fired =
        |mode: &str, payload| verdict(json!({"criteria": criteria, "match": mode}), payload).fired;
    assert!(!fired("all", json!({"a": 1, "b": 2})));
    assert!(fired("all", json!({"a": 1, "b": 1})));
    assert!(fired("any", json!({"a": 1, "b": 2})));
    assert!(!fired("any", json!({"a": 2, "b": 2})));
    assert!(verdict(json!({"match": "any"}), json!({})).fired);
}

#[test]
fn every_reason_is_told() {
    let reason = |keys, payload| verdict(keys, payload).explanation.reason;
    assert_eq!(
        reason(json!({"when": "event.payload.x > 1"}), json!({"x": 1})),
        Reason::WhenFalse
    );
    assert_eq!(reason(json!({"when": false}), json!({})), Reason::WhenFalse);
    assert_eq!(
        reason(json!({"when": "event.payload.nope"}), json!({})),
        Reason::Error
    );
    assert_eq!(
        reason(
            json!({"input": {"a": "{{ event.payload.nope }}"}}),
            json!({})
        ),
        Reason::Error
    );
    assert_eq!(
        reason(json!({"dedupe": "{{ nope }}"}), json!({})),
        Reason::Error
    );
    assert_eq!(
        reason(json!({"enabled": false}), json!({})),
        Reason::Disabled
    );
    assert_eq!(
        reason(json!({"trigger": "test.other"}), json!({})),
        Reason::TriggerDiffers
    );

    let failed = verdict(json!({"when": "event.payload.nope"}), json!({"node": 1}));
    let condition = &failed.explanation.conditions[0];
    assert_eq!(
        (&*condition.field, &*condition.operator),
        ("event.payload.nope", "when")
    );
    assert!(
        condition
            .error
            .as_deref()
            .is_some_and(|text| text.contains("did you mean `node`?"))
    );
}

#[test]
fn rules_that_cannot_work_are_refused() {
    for keys in [
        json!({"when": "{{ a b }}"}),
        json!({"input": {"x": "{{ a | nope }}"}}),
        json!({"dedupe": "{{"}),
        json!({"throttle": {"limit": 1, "per": 1, "key": "{{"}}),
        json!({"concurrency": {"limit": 1, "key": "{{", "on_limit": "queue"}}),
    ] {
        let error = compile(keys.clone()).unwrap_err().to_string();
        assert!(error.starts_with("rule `test.rule`"), "{keys}: {error}");
    }
}

#[test]
fn the_index_asks_only_the_rules_that_are_meant() {
    let make = |name: &str, trigger: &str, parameters: serde_json::Value| {
        let keys = json!({"ref": name, "trigger": trigger, "trigger_parameters": parameters});
        CompiledRule::compile(rule(keys), config()).unwrap()
    };
    let index = RuleIndex::new(vec![
        make(
            "t.a",
            "test.happened",
            json!({"every": "2s", "zone": "UTC"}),
        ),
        make("t.b", "test.happened", json!({"every": "3s"})),
        make("t.c", "test.other", json!({})),
    ]);
    assert_eq!(index.len(), 3);
    let names = |event: &TriggerEvent| -> Vec<String> {
        index
            .evaluate(event, ambient())
            .into_iter()
            .map(|verdict| verdict.rule.to_string())
            .collect()
    };
    let mut tick = event(json!({}));
    assert_eq!(names(&tick), ["t.a", "t.b"]);
    tick.trigger_parameters = json!({"zone": "UTC", "every": "2s"}).as_object().cloned();
    assert_eq!(names(&tick), ["t.a"]);
    let other = make("t.b", "test.happened", json!({"every": "3s"})).evaluate(&tick, ambient());
    assert_eq!(other.explanation.reason, Reason::TriggerParametersDiffer);
}

#[test]
fn two_rules_draw_different_random_values_and_one_rule_the_same() {
    let input = |name: &str| {
        let rule = compile(json!({"ref": name, "input": {"id": "{{ uuid() }}"}})).unwrap();
        rule.evaluate(&event(json!({})), ambient()).input
    };
    assert_eq!(input("t.a"), input("t.a"));
    assert_ne!(input("t.a"), input("t.b"));
}

#[test]
fn large_values_are_not_quoted_in_full() {
    let verdict = verdict(
        json!({"criteria": [{"field": "event.payload.list", "operator": "contains", "value": -1}]}),
        json!({"list": (0..10_000).collect::<Vec<_>>()}),
    );
    assert_eq!(
        verdict.explanation.conditions[0].actual,
        json!("(a list of 10000)")
    );
}
