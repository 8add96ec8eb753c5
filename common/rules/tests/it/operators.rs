//! Every operator, by table.

use super::{compile, verdict};
use attune_types::JsonValue;
use serde_json::json;

fn payload() -> JsonValue {
    json!({
        "name": "Prod-EU", "count": 5, "ratio": 0.5, "text_number": "10", "flag": true, "none": null,
        "tags": ["web", "Live", 7], "labels": {"app": "shop"}, "empty": [],
        "recent": "2026-03-04T05:05:07Z", "old": "2026-03-01T00:00:00Z", "epoch": 1_772_600_707,
        "hosts": [{"name": "a", "cpu": 95, "state": "up"}, {"name": "b", "cpu": 20, "state": "up"}],
        "a b": {"c.d": 1}
    })
}

#[test]
fn every_operator_holds_and_does_not() {
    let cases = [
        // operator, field, value that holds, value that does not
        ("equals", "name", json!("Prod-EU"), json!("prod-eu")),
        ("equals", "count", json!(5.0), json!("5")),
        ("equals", "labels", json!({"app": "shop"}), json!({})),
        ("equals", "none", json!(null), json!(0)),
        ("not_equals", "name", json!("x"), json!("Prod-EU")),
        ("iequals", "name", json!("PROD-eu"), json!("prod")),
        ("contains", "name", json!("od-"), json!("OD")),
        ("contains", "tags", json!("web"), json!("WEB")),
        ("contains", "tags", json!(7), json!(8)),
        ("contains", "labels", json!("app"), json!("shop")),
        ("icontains", "name", json!("PROD"), json!("us")),
        ("icontains", "tags", json!("live"), json!("dead")),
        ("ncontains", "name", json!("OD"), json!("od-")),
        ("incontains", "name", json!("us"), json!("PROD")),
        ("in", "name", json!(["a", "Prod-EU"]), json!(["a"])),
        ("in", "count", json!([1, 5]), json!([])),
        ("in", "name", json!("x Prod-EU y"), json!("x")),
        ("nin", "name", json!(["a"]), json!(["Prod-EU"])),
        ("startswith", "name", json!("Prod"), json!("prod")),
        ("istartswith", "name", json!("prod"), json!("eu")),
        ("endswith", "name", json!("EU"), json!("eu")),
        ("iendswith", "name", json!("eu"), json!("us")),
        ("matchregex", "name", json!("^Prod-[A-Z]+$"), json!("^prod")),
        ("matchregex", "count", json!("^\\d$"), json!("^\\D$")),
        ("iregex", "name", json!("^prod"), json!("^dev")),
        ("gt", "count", json!(4), json!(5)),
        ("gt", "text_number", json!(9), json!("11")),
        (
            "gt",
            "recent",
            json!("2026-01-01T00:00:00Z"),
            json!("2027-01-01T00:00:00Z"),
        ),
        ("gte", "count", json!(5), json!(5.5)),
        ("lt", "ratio", json!(1), json!(0.5)),
        ("lte", "ratio", json!(0.5), json!(0)),
        ("timediff_lt", "recent", json!("2m"), json!(30)),
        ("timediff_lt", "epoch", json!("1d"), json!(1)),
        ("timediff_gt", "old", json!("2d"), json!("30d")),
        ("inside", "name", json!(["Prod-EU"]), json!(["x"])),
        ("inside", "name", json!("in Prod-EU here"), json!("x")),
        ("ninside", "name", json!(["x"]), json!(["Prod-EU"])),
        ("matchwildcard", "name", json!("Prod-*"), json!("prod-*")),
        ("matchwildcard", "name", json!("?rod*E?"), json!("?rod")),
        ("matchwildcard", "name", json!("*"), json!("*x*")),
        (
            "search",
            "hosts",
            json!({"cpu": {"gt": 90}}),
            json!({"cpu": {"gt": 99}}),
        ),
        (
            "search",
            "hosts",
            json!({"match": "all", "criteria": {"item.state": "up"}}),
            json!({"match": "all", "criteria": {"item.cpu": {"gt": 90}}}),
        ),
        (
            "search",
            "hosts",
            json!([{"field": "item.name", "operator": "equals", "value": "b"}, {"field": "cpu", "operator": "lt", "value": 50}]),
            json!([{"field": "item.name", "operator": "equals", "value": "a"}, {"field": "cpu", "operator": "lt", "value": 50}]),
        ),
        (
            "search",
            "hosts",
            json!({"condition": "any", "pattern": {"item.name": {"type": "startswith", "pattern": "a"}}}),
            json!({"condition": "any", "pattern": {"item.name": {"type": "startswith", "pattern": "z"}}}),
        ),
        ("search", "tags", json!("web"), json!("nope")),
        (
            "search",
            "tags",
            json!({"item": {"equals": 7}}),
            json!({"item": 8}),
        ),
    ];
    for (operator, field, good, bad) in cases {
        for (value, held) in [(good, true), (bad, false)] {
            let field = format!("event.payload.{field}");
            let criterion = json!({"field": field, "operator": operator, "value": value});
            let verdict = verdict(json!({"criteria": [criterion]}), payload());
            let outcome = &verdict.explanation.conditions[0];
            assert_eq!(outcome.error, None, "{criterion}");
            assert_eq!(verdict.fired, held, "{criterion}");
            assert_eq!(outcome.held, held, "{criterion}");
            assert_eq!((&outcome.field, &*outcome.operator), (&field, operator));
        }
    }
}

#[test]
fn presence_and_absence() {
    let fired = |operator: &str, field: &str, value: JsonValue| {
        let criterion = json!({"field": field, "operator": operator, "value": value});
        verdict(json!({"criteria": [criterion]}), payload()).fired
    };
    assert!(fired("exists", "event.payload.none", json!(null)));
    assert!(!fired("exists", "event.payload.nope", json!(null)));
    assert!(fired("nexists", "event.payload.nope.deeper", json!(null)));
    assert!(!fired("nexists", "event.payload.name", json!(null)));
    // What is missing equals nothing and contains nothing.
    for operator in ["not_equals", "ncontains", "incontains", "nin", "ninside"] {
        assert!(
            fired(operator, "event.payload.nope", json!("x")),
            "{operator}"
        );
    }
    for operator in [
        "equals",
        "iequals",
        "contains",
        "icontains",
        "in",
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
        "timediff_lt",
        "timediff_gt",
        "inside",
        "search",
        "matchwildcard",
    ] {
        assert!(
            !fired(operator, "event.payload.nope", json!("1")),
            "{operator}"
        );
    }
}

#[test]
fn fields_reach_everywhere() {
    for (field, value) in [
        ("event.payload.hosts[0].name", json!("a")),
        ("event.payload.hosts.1.name", json!("b")),
        ("event.payload.hosts[-1].name", json!("b")),
        ("event.payload[\"a b\"]['c.d']", json!(1)),
        ("event.trigger", json!("test.happened")),
        ("event.time", json!("2026-03-04T05:00:00Z")),
        ("pack.config.level", json!("critical")),
        ("count", json!(5)),
        ("{{ event.payload.count }}", json!(5)),
    ] {
        let criterion = json!({"field": field, "operator": "equals", "value": value});
        assert!(
            verdict(json!({"criteria": [criterion]}), payload()).fired,
            "{field}"
        );
    }
}

#[test]
fn comparisons_without_sense_say_so_and_do_not_hold() {
    for (operator, field, value) in [
        ("gt", "labels", json!(1)),
        ("startswith", "count", json!("5")),
        ("contains", "count", json!(5)),
        ("timediff_lt", "name", json!("1m")),
        ("search", "name", json!({"a": 1})),
        ("matchregex", "labels", json!("a")),
        ("matchwildcard", "name", json!(5)),
    ] {
        let field = format!("event.payload.{field}");
        let criterion = json!({"field": field, "operator": operator, "value": value});
        let verdict = verdict(json!({"criteria": [criterion]}), payload());
        assert!(!verdict.fired, "{criterion}");
        assert!(
            verdict.explanation.conditions[0].error.is_some(),
            "{criterion}"
        );
    }
}

#[test]
fn what_can_never_work_is_found_when_compiling() {
    for (operator, field, value) in [
        ("matchregex", "event.payload.x", json!("(")),
        ("matchregex", "event.payload.x", json!(1)),
        (
            "iregex",
            "event.payload.x",
            json!("(((x{1,200}){1,200}){1,200})"),
        ),
        ("matchregex", "event.payload.x", json!("x".repeat(5_000))),
        ("timediff_lt", "event.payload.x", json!("soon")),
        ("search", "event.payload.x", json!({"a": {"nonsense": 1}})),
        (
            "search",
            "event.payload.x",
            json!({"match": "some", "criteria": {}}),
        ),
        ("search", "event.payload.x", json!({"a": {"search": {}}})),
        ("equals", "", json!(1)),
        ("equals", "event..x", json!(1)),
        ("equals", "event.payload[", json!(1)),
        ("equals", "event.payload.x", json!("{{ event.payload. }}")),
    ] {
        let criterion = json!({"field": field, "operator": operator, "value": value});
        assert!(
            compile(json!({"criteria": [criterion]})).is_err(),
            "{criterion}"
        );
    }
}
