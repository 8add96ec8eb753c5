//! Keys in rules: named by literal texts, plain only.

use super::{ambient, compile, event};
use attune_template::{KeyRef, KeySet, KeyValue};
use serde_json::json;

#[test]
fn a_rule_names_its_keys_and_reads_what_it_is_given() {
    let rule = compile(json!({
        "criteria": [{"field": "size", "operator": "gt", "value": "{{ kv.get('least') }}"}],
        "when": "{{ kv.get('on', true) }}",
        "input": {"limit": "{{ kv.get('limit', scope='shared') }}"},
        "dedupe": "{{ kv.get('prefix') }}/{{ event.payload.size }}",
    }))
    .unwrap();
    let names: Vec<String> = rule.keys().iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["shared/limit", "test/least", "test/on", "test/prefix"]
    );
    let keys = KeySet::closed([
        (KeyRef::new("test", "least"), KeyValue::Plain(json!(10))),
        (KeyRef::new("test", "prefix"), KeyValue::Plain(json!("p"))),
        (
            KeyRef::new("shared", "limit"),
            KeyValue::Plain(json!({"max": 3})),
        ),
    ]);
    let verdict = rule.evaluate_with_keys(&event(json!({"size": 11})), ambient(), &keys);
    assert!(verdict.fired, "{verdict:?}");
    assert_eq!(verdict.input.unwrap()["limit"], json!({"max": 3}));
    assert_eq!(verdict.dedupe.as_deref(), Some("p/11"));
    let verdict = rule.evaluate_with_keys(&event(json!({"size": 9})), ambient(), &keys);
    assert!(!verdict.fired);
    // Without its keys it says what is missing.
    let verdict = rule.evaluate(&event(json!({"size": 11})), ambient());
    let said = &verdict.explanation.conditions[0].error;
    assert!(
        said.as_deref().unwrap().contains("no key `least`"),
        "{said:?}"
    );
}

#[test]
fn secrets_and_made_names_are_refused_with_what_to_do() {
    for (keys, said) in [
        (
            json!({"input": {"t": "{{ kv.get_secret('token') }}"}}),
            "a rule cannot read a secret",
        ),
        (
            json!({"when": "{{ kv.get(event.payload.name) == 1 }}"}),
            "a rule names its keys by literal texts",
        ),
        (
            json!({"criteria": [{"field": "a", "operator": "equals", "value": "{{ kv.get_secret('x') }}"}]}),
            "a rule cannot read a secret",
        ),
    ] {
        let error = compile(keys).unwrap_err().to_string();
        assert!(
            error.contains(said) && error.contains("workflow"),
            "{error}"
        );
    }
}
