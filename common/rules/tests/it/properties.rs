//! Whatever rules and events hold, nothing panics.

use super::{ambient, compile, event};
use attune_types::JsonValue;
use proptest::prelude::*;
use serde_json::json;

const OPERATORS: [&str; 27] = [
    "equals",
    "not_equals",
    "iequals",
    "contains",
    "icontains",
    "ncontains",
    "incontains",
    "in",
    "nin",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "matchregex",
    "iregex",
    "gt",
    "gte",
    "lt",
    "lte",
    "exists",
    "nexists",
    "timediff_lt",
    "timediff_gt",
    "inside",
    "ninside",
    "search",
    "matchwildcard",
];

fn any_json() -> impl Strategy<Value = JsonValue> {
    let leaf = prop_oneof![
        Just(JsonValue::Null),
        any::<bool>().prop_map(JsonValue::from),
        any::<i64>().prop_map(JsonValue::from),
        any::<f64>().prop_map(JsonValue::from),
        ".*".prop_map(JsonValue::from),
        prop::sample::select(vec![
            "1m",
            "*a?",
            "^a+$",
            "2026-03-04T05:06:07Z",
            "İß",
            "{{ 1 }}"
        ])
        .prop_map(JsonValue::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(JsonValue::from),
            prop::collection::vec(
                ("[a-c]|match|criteria|field|operator|value|gt", inner),
                0..4
            )
            .prop_map(|entries| entries
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_criterion_on_any_event_is_survived(
        operator in prop::sample::select(OPERATORS.to_vec()),
        field in prop_oneof![Just("event.payload.a".to_owned()), Just("a[0]".to_owned()), ".*"],
        value in any_json(),
        actual in any_json(),
    ) {
        let criterion = json!({"field": field, "operator": operator, "value": value});
        if let Ok(rule) = compile(json!({"criteria": [criterion]})) {
            let happened = event(json!({"a": actual}));
            let verdict = rule.evaluate(&happened, ambient());
            prop_assert_eq!(&verdict.explanation.conditions[0].field, &field);
            prop_assert_eq!(verdict, rule.evaluate(&happened, ambient()));
        }
    }

    #[test]
    fn opposites_never_both_hold(value in any_json(), actual in any_json()) {
        for (operator, opposite) in [
            ("equals", "not_equals"), ("contains", "ncontains"), ("icontains", "incontains"),
            ("in", "nin"), ("inside", "ninside"), ("exists", "nexists"),
        ] {
            let fired = |operator: &str| {
                let criterion = json!({"field": "a", "operator": operator, "value": value});
                compile(json!({"criteria": [criterion]}))
                    .is_ok_and(|rule| rule.evaluate(&event(json!({"a": actual})), ambient()).fired)
            };
            prop_assert!(!(fired(operator) && fired(opposite)), "{operator}");
        }
    }

    #[test]
    fn wildcards_agree_with_regular_expressions(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
        let regex: String = pattern
            .chars()
            .map(|c| match c {
                '*' => ".*".to_owned(),
                '?' => ".".to_owned(),
                other => other.to_string(),
            })
            .collect();
        let criterion = json!({"field": "a", "operator": "matchwildcard", "value": pattern});
        let rule = compile(json!({"criteria": [criterion]})).unwrap();
        let fired = rule.evaluate(&event(json!({"a": text})), ambient()).fired;
        prop_assert_eq!(fired, regex::Regex::new(&format!("^{regex}$")).unwrap().is_match(&text));
    }
}
