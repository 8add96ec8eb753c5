//! Scopes, types, operators, statements.

use super::{evaluate, scope, value};
use attune_template::{MapScope, Root, Template};
use attune_types::{ExecutionStatus, JsonValue};
use serde_json::json;

fn table(cases: &[(&str, JsonValue)]) {
    for (text, expected) in cases {
        assert_eq!(&value(text), expected, "{text}");
    }
}

#[test]
fn one_expression_keeps_its_type_and_the_rest_is_text() {
    table(&[
        ("{{ parameters.replicas }}", json!(3)),
        ("  {{ parameters.regions }}\n", json!(["eu", "us"])),
        ("{{ parameters.nothing }}", json!(null)),
        ("{{ parameters.debug }}", json!(false)),
        ("n={{ parameters.replicas }}", json!("n=3")),
        (
            "{{ parameters.name }}{{ parameters.replicas }}",
            json!("Ada3"),
        ),
        ("[{{ parameters.nothing }}]", json!("[]")),
        ("{{ parameters.regions }}!", json!("[\"eu\",\"us\"]!")),
        ("no template", json!("no template")),
        ("{ not } one", json!("{ not } one")),
    ]);
}

#[test]
fn every_scope_is_reached() {
    table(&[
        ("{{ task.build.result.image_url }}", json!("reg/app:1")),
        ("{{ task.build.image_url }}", json!("reg/app:1")),
        ("{{ task.build.status }}", json!("succeeded")),
        ("{{ task['build'].length }}", json!(9)),
        (
            "{{ task[name_of_task | default(value='build')].image_url }}",
            json!("reg/app:1"),
        ),
        (
            "{{ task.fan.results | map(attribute='region') }}",
            json!(["eu", "us"]),
        ),
        ("{{ vars.thresholds.rate }}", json!(1.5)),
        ("{{ pack.config.greeting }}", json!("hello")),
        ("{{ system.workflow.ref }}", json!("a.b")),
        ("{{ kv.get('limit') }}", json!(5)),
        ("{{ kv.get(key='limit', scope='other') }}", json!(6)),
        ("{{ kv.get('missing', 1) }}", json!(1)),
        ("{{ kv.get('missing', default='x') ~ '!' }}", json!("x!")),
        ("{{ event.payload.count }}", json!(4)),
        ("{{ inquiry.sign_off.approved }}", json!(true)),
        ("{{ item.id }}", json!(9)),
        ("{{ index }}", json!(0)),
        (
            "{{ vars }}",
            json!({"count": 2, "name": "shadowed", "thresholds": {"rate": 1.5}}),
        ),
        ("{{ parameters.regions[0] }}", json!("eu")),
        ("{{ parameters.regions[-1] }}", json!("us")),
        ("{{ parameters.deep.list[1].tag }}", json!("b")),
        ("{{ parameters.regions[index] }}", json!("eu")),
    ]);
}

#[test]
fn a_bare_name_is_looked_up_in_order() {
    table(&[
        ("{{ name }}", json!("shadowed")),
        ("{{ replicas }}", json!(3)),
        ("{{ build.image_url }}", json!("reg/app:1")),
        ("{{ greeting }}", json!("hello")),
        ("{{ execution_id }}", json!("x")),
        ("{{ limit }}", json!(5)),
    ]);
    let local = scope().with_member(Root::Local, "name", json!("local"));
    let template = Template::compile(&json!("{{ name }}")).unwrap();
    assert_eq!(template.evaluate(&local).unwrap(), json!("local"));
}

#[test]
fn operators_and_precedence() {
    table(
        &[
            ("{{ 1 + 2 * 3 }}", json!(7)),
            ("{{ (1 + 2) * 3 }}", json!(9)),
            ("{{ 7 // 2 }}", json!(3)),
            ("{{ 7 % 4 }}", json!(3)),
            ("{{ 2 ** 10 }}", json!(1024)),
            ("{{ 10 - 3 - 2 }}", json!(5)),
            ("{{ 10 - (3 - 2) }}", json!(9)),
            ("{{ -parameters.replicas + 1 }}", json!(-2)),
            ("{{ 1 / 2 }}", json!(0.5)),
            (
                "{{ parameters.name ~ '-' ~ parameters.replicas }}",
                json!("Ada-3"),
            ),
            ("{{ 'a' ~ 1 + 1 }}", json!(null)),
            (
                "{{ parameters.replicas > 2 and not parameters.debug }}",
                json!(true),
            ),
            ("{{ parameters.replicas == 3.0 }}", json!(true)),
            ("{{ 'eu' in parameters.regions }}", json!(true)),
            ("{{ 'xx' not in parameters.regions }}", json!(true)),
            ("{{ 'd' in parameters.name }}", json!(true)),
            ("{{ 'name' in parameters }}", json!(true)),
            ("{{ parameters.regions == ['eu', 'us'] }}", json!(true)),
            (
                "{{ 'big' if parameters.replicas >= 3 else 'small' }}",
                json!("big"),
            ),
            (
                "{{ 'a' if parameters.debug else 'b' if vars.count == 1 else 'c' }}",
                json!("c"),
            ),
            ("{{ parameters.nothing or 'fallback' }}", json!("fallback")),
            ("{{ parameters.name and 5 }}", json!(5)),
            ("{{ not parameters.debug }}", json!(true)),
            (
                "{{ {'a': parameters.replicas, 'b': [1, [2, [parameters.name]]]} }}",
                json!({"a": 3, "b": [1, [2, ["Ada"]]]}),
            ),
            ("{{ [0, ...parameters.regions] }}", json!([0, "eu", "us"])),
            (
                "{{ {...vars.thresholds, 'x': 1} }}",
                json!({"rate": 1.5, "x": 1}),
            ),
            ("{{ parameters.regions[::-1] }}", json!(["us", "eu"])),
            ("{{ parameters.name[1:] }}", json!("da")),
            (
                "{{ [x.id * 2 for x in parameters.deep.list if x.tag == 'a'] }}",
                json!([2, 6]),
            ),
            (
                "{{ [k ~ v for k, v in vars.thresholds] }}",
                json!(["rate1.5"]),
            ),
            (
                "{{ parameters.replicas is number and parameters.name is string }}",
                json!(true),
            ),
            (
                "{{ parameters.replicas is not divisible_by(2) }}",
                json!(true),
            ),
            ("{{ parameters.name is starting_with('A') }}", json!(true)),
        ]
        .into_iter()
        .filter(|(text, _)| !text.contains("'a' ~ 1 + 1"))
        .collect::<Vec<_>>(),
    );
    assert!(evaluate("{{ 'a' ~ 1 + 1 }}").is_err());
}

#[test]
fn the_result_of_the_ended_task() {
    table(&[
        ("{{ result().restarted }}", json!(3)),
        ("{{ result().restarted + 1 }}", json!(4)),
        ("{{ succeeded() }}", json!(true)),
        ("{{ failed() or timed_out() or skipped() }}", json!(false)),
        ("{{ completed() }}", json!(true)),
    ]);
    let failed = scope().with_outcome(
        ExecutionStatus::Failed,
        json!(null),
        Some(json!({"code": "exit_status", "exit_code": 75})),
    );
    let holds = |text: &str| {
        Template::condition(&json!(text))
            .unwrap()
            .test(&failed)
            .unwrap()
    };
    assert!(holds("failed() and error.exit_code == 75"));
    assert!(holds("{{ error.code == 'exit_status' }}"));
    assert!(!holds("succeeded()"));
}

#[test]
fn statements_make_text() {
    table(&[
        (
            "{% for r in parameters.regions %}{{ loop.index }}:{{ r }}{% if not loop.last %}, {% endif %}{% endfor %}",
            json!("1:eu, 2:us"),
        ),
        (
            "{% if parameters.debug %}a{% elif vars.count == 2 %}b{% else %}c{% endif %}",
            json!("b"),
        ),
        ("{% set x = parameters.replicas * 2 %}{{ x }}", json!("6")),
        (
            "{% for k, v in vars.thresholds %}{{ k }}={{ v }}{% endfor %}",
            json!("rate=1.5"),
        ),
        (
            "{% for x in [] %}x{% else %}none{% endfor %}",
            json!("none"),
        ),
        (
            "{% for x in range(end=9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x > 3 %}{% break %}{% endif %}{{ x }}{% endfor %}",
            json!("013"),
        ),
        ("a {#- gone -#} b", json!("ab")),
        ("{% raw %}{{ x }}{% endraw %}", json!("{{ x }}")),
        (
            "{% set s = 0 %}{% for x in [1, 2, 3] %}{% set_global s = s + x %}{% endfor %}{{ s }}",
            json!("6"),
        ),
        ("{%- if true -%} tight {%- endif -%} ", json!("tight")),
        (
            "{{{'a': 1}}} {% if false %}{% endif %}",
            json!("{\"a\":1} "),
        ),
        (
            "{% for x in parameters.deep.list %}{{ x.tag }}{{ x.missing | default(value='-') }}{% endfor %}",
            json!("a-b-a-"),
        ),
    ]);
}

#[test]
fn results_are_never_rendered_again() {
    table(&[
        ("{{ parameters.markup }}", json!("{{ parameters.name }}")),
        (
            "<{{ parameters.markup }}>",
            json!("<{{ parameters.name }}>"),
        ),
        (
            "{{ parameters.markup ~ '{% x %}' }}",
            json!("{{ parameters.name }}{% x %}"),
        ),
        (
            "{{ parameters.markup | upper }}",
            json!("{{ PARAMETERS.NAME }}"),
        ),
    ]);
}

#[test]
fn missing_names_are_got_around() {
    table(&[
        ("{{ vars.nope | default(value=1) }}", json!(1)),
        ("{{ vars.nope.deeper | default('x') }}", json!("x")),
        ("{{ task.never.result.x | default([]) }}", json!([])),
        ("{{ nope | default('d') | upper }}", json!("D")),
        ("{{ vars.nope is defined }}", json!(false)),
        (
            "{{ vars.count is defined and vars.nope is undefined }}",
            json!(true),
        ),
        ("{{ vars.nope?.x }}", json!(null)),
        ("{{ vars.thresholds?.rate }}", json!(1.5)),
        ("{{ parameters.nothing | default(value=1) }}", json!(null)),
        (
            "{{ parameters.nothing | default(value=1, boolean=true) }}",
            json!(1),
        ),
        ("{{ vars.nope | default(value=vars.count + 1) }}", json!(3)),
        (
            "{{ parameters.deep.list[9].tag | default('none') }}",
            json!("none"),
        ),
        (
            "{{ parameters.deep.list[index + 9].tag | default('none') }}",
            json!("none"),
        ),
    ]);
}

#[test]
fn values_of_maps_and_lists_are_templates_and_keys_are_not() {
    let template = Template::compile(&json!({
        "{{ key }}": ["{{ parameters.replicas }}", 1, {"x": "{{ vars.count }}"}],
        "plain": {"a": [true, null]}
    }))
    .unwrap();
    assert!(!template.is_literal());
    assert_eq!(
        template.evaluate(&scope()).unwrap(),
        json!({"{{ key }}": [3, 1, {"x": 2}], "plain": {"a": [true, null]}})
    );
}

#[test]
fn conditions_are_booleans() {
    let test = |value: JsonValue| Template::condition(&value).unwrap().test(&scope());
    assert!(test(json!(true)).unwrap());
    assert!(!test(json!("false")).unwrap());
    assert!(test(json!(" {{ vars.count == 2 }} ")).unwrap());
    assert!(test(json!("vars.count == 2 and '}}' != vars.name")).unwrap());
    assert!(!test(json!("parameters.nothing")).unwrap());
    assert!(test(json!("vars.count")).is_err());
    assert!(test(json!("parameters.name")).is_err());
    assert!(Template::condition(&json!(1)).is_err());
    assert!(Template::condition(&json!("{{ a }} and {{ b }}")).is_err());
    assert!(Template::condition(&json!("")).is_err());
}

#[test]
fn time_and_randomness_come_from_the_recorded_ambient() {
    assert_eq!(value("{{ now() }}"), json!("2026-03-04T05:06:07Z"));
    assert_eq!(value("{{ now(format='%Y') }}"), json!("2026"));
    assert_eq!(value("{{ uuid() }}"), value("{{ uuid() }}"));
    let pair = value("{{ [uuid(), uuid()] }}");
    assert_ne!(pair[0], pair[1]);
    assert_eq!(pair[0].as_str().map(str::len), Some(36));
    let number = value("{{ random(start=5, end=8) }}").as_i64().unwrap();
    assert!((5..8).contains(&number));
    let other = Template::compile(&json!({"a": "{{ uuid() }}", "b": "{{ uuid() }}"}))
        .unwrap()
        .evaluate(&scope())
        .unwrap();
    assert_ne!(other["a"], other["b"]);
}

/// The same expression with and without the engine gives the same value.
#[test]
fn the_quick_way_means_what_the_engine_means() {
    let values = [
        "1",
        "1.0",
        "0",
        "-2",
        "'a'",
        "''",
        "'1'",
        "true",
        "false",
        "none",
        "[]",
        "[1]",
        "[1.0]",
        "{'a': 1}",
        "{'a': 1.0}",
        "parameters.regions",
        "vars.count",
    ];
    for left in values {
        for right in values {
            for op in ["==", "!=", "<", "<=", ">", ">=", "in", "and", "or"] {
                let expression = format!("{left} {op} {right}");
                let quick = evaluate(&format!("{{{{ {expression} }}}}"));
                // A filter on the result sends it through the engine.
                let engine = evaluate(&format!("{{{{ [{expression}] | first }}}}"));
                match (quick, engine) {
                    (Ok(quick), Ok(engine)) => assert_eq!(quick, engine, "{expression}"),
                    (Err(_), Err(_)) => {}
                    (quick, engine) => panic!("{expression}: {quick:?} but {engine:?}"),
                }
            }
        }
    }
}

#[test]
fn a_scope_is_asked_only_for_what_is_used() {
    use std::cell::RefCell;
    struct Watching(MapScope, RefCell<Vec<String>>);
    impl attune_template::Scope for Watching {
        fn get(&self, root: Root, name: &str) -> Option<std::borrow::Cow<'_, JsonValue>> {
            self.1
                .borrow_mut()
                .push(format!("{}/{name}", root.as_str()));
            self.0.get(root, name)
        }
        fn names(&self, root: Root) -> Vec<String> {
            self.1.borrow_mut().push(format!("{}/*", root.as_str()));
            self.0.names(root)
        }
        fn outcome(&self) -> Option<attune_template::Outcome<'_>> {
            self.0.outcome()
        }
        fn ambient(&self) -> attune_template::Ambient {
            self.0.ambient()
        }
    }
    let watching = Watching(scope(), RefCell::default());
    Template::compile(&json!(
        "{{ task.build.image_url | upper }} {{ vars.count }}"
    ))
    .unwrap()
    .evaluate(&watching)
    .unwrap();
    assert_eq!(*watching.1.borrow(), ["task/build", "vars/count"]);
}

#[test]
fn elements_and_lengths_are_the_same_with_and_without_the_engine() {
    let bases = [
        "parameters.regions",
        "parameters",
        "task.build",
        "task.build.result",
        "vars.count",
        "vars.nowhere",
        "parameters.regions[vars.zero]",
        "parameters.regions[vars.count]",
    ];
    let keys = [
        "vars.zero",
        "vars.count",
        "0 - 1",
        "-1",
        "vars.name",
        "'image_url'",
        "null",
        "1.0",
        "true",
        "vars.nowhere",
        "parameters.regions",
    ];
    let mut expressions: Vec<String> = Vec::new();
    for base in bases {
        for key in keys {
            for mark in ["", "?"] {
                expressions.push(format!("{base}{mark}[{key}]"));
                expressions.push(format!("{base}{mark}[{key}] | length"));
            }
        }
        expressions.push(format!("{base} | length"));
        expressions.push(format!("{base} | count"));
    }
    for expression in expressions.clone() {
        if !expression.contains('|') {
            expressions.push(format!("{expression} is defined"));
            expressions.push(format!("{expression} | default(value=7)"));
            expressions.push(format!("{expression} is none"));
        }
    }
    let with = |text: &str| {
        let scope = scope()
            .with_member(Root::Vars, "zero", json!(0))
            .with_member(Root::Vars, "name", json!("result"));
        Template::compile(&json!(text))?.evaluate(&scope)
    };
    let mut told = 0;
    for expression in expressions {
        let quick = with(&format!("{{{{ {expression} }}}}"));
        let engine = with(&format!("{{{{ [({expression})] | first }}}}"));
        match (quick, engine) {
            (Ok(quick), Ok(engine)) => {
                told += 1;
                assert_eq!(quick, engine, "{expression}");
            }
            (Err(quick), Err(engine)) => {
                assert_eq!(quick.kind, engine.kind, "{expression}");
                // Where two parts are wrong, either may be named.
                let twice = expression.contains("nowhere") && expression.contains("vars.count");
                assert!(twice || quick.message == engine.message, "{expression}");
            }
            (quick, engine) => panic!("{expression}: {quick:?} but {engine:?}"),
        }
    }
    assert!(told > 20, "only {told} had a value");
}
