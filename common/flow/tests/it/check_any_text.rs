//! Whatever is written, the checker answers: it never panics, and places lie inside of the text.

use crate::check_support::catalogue;
use attune_flow::check::{compile, compile_inline};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A right definition that uses most of the language, to be damaged.
const WHOLE: &str = "ref: ci.flow
label: Flow
version: 1.0.0
parameters: {app: {type: string, required: true}}
vars: [{n: 0}, {m: '{{ vars.n + 1 }}'}]
labels: {app: '{{ parameters.app }}'}
tasks:
  - name: build
    action: ci.build
    input: {app: '{{ app }}', replicas: 2}
    retry: {count: 2, delay: 1, on_error: \"{{ error.code == 'x' }}\"}
    publish: [{image: '{{ result().image_uri }}'}]
    on_success: [each, both]
  - name: each
    action: core.set
    with_items: {items: [1, 2], as: n, concurrency: 2, tolerate: 50%}
    input: {x: '{{ n }} of {{ vars.image }}'}
    decision:
      - {when: '{{ task.each.total_count > 1 }}', next: gate}
      - default: gate
  - name: both
    type: parallel
    tasks:
      one: {action: core.noop}
      two: {action: core.noop}
    next: [{when: '{{ failed() }}', do: fail}, {do: gate}]
  - {name: gate, action: core.noop, join: all}
output_map: {image: '{{ vars.image }}'}
";

fn places_are_inside(text: &str) -> Result<(), TestCaseError> {
    if let Err(found) = compile("workflows/flow.yaml", text, &catalogue()) {
        prop_assert!(found.has_errors());
        for one in found.iter() {
            if let Some(span) = one.span {
                prop_assert!(span.line >= 1 && span.column >= 1);
                prop_assert!(span.offset <= text.len(), "{one}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_undamaged_definition_is_right() {
    let compiled = compile("workflows/flow.yaml", WHOLE, &catalogue());
    assert!(
        compiled
            .unwrap_or_else(|found| panic!("{found}"))
            .warnings
            .is_empty()
    );
}

/// Any JSON, with keys of the language in it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c.{} _]{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("core.noop"),
            Just("a"),
            Just("{{ task.a.result }}"),
            Just("parallel"),
            Just("all")
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let key = prop_oneof![
            Just("tasks"),
            Just("name"),
            Just("action"),
            Just("next"),
            Just("do"),
            Just("when"),
            Just("publish"),
            Just("with_items"),
            Just("items"),
            Just("join"),
            Just("retry"),
            Just("count"),
            Just("decision"),
            Just("default"),
            Just("vars"),
            Just("input"),
            Just("type"),
            Just("parameters"),
            Just("compensate"),
            Just("output_map"),
            Just("a"),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6).prop_map(|entries| {
                Value::Object(
                    entries
                        .into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_answered(text in ".{0,200}") {
        places_are_inside(&text)?;
    }

    #[test]
    fn damage_is_answered(at in 0..WHOLE.len(), len in 0usize..20, put in "[a-z:{}\\[\\]'\", \n-]{0,6}") {
        let end = (at + len).min(WHOLE.len());
        let text = format!("{}{put}{}", &WHOLE[..at], &WHOLE[end..]);
        places_are_inside(&text)?;
    }

    #[test]
    fn any_json_is_answered(tasks in any_json(), more in any_json()) {
        let _ = compile_inline(&json!({"tasks": tasks, "vars": more}), &catalogue());
        let _ = compile_inline(&more, &catalogue());
    }
}
