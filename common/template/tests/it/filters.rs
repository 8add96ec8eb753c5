//! One row per filter at least.

use super::{failure, value};
use serde_json::{Value, json};

#[test]
fn filters_do_what_they_say() {
    let cases: Vec<(&str, Value)> = vec![
        ("'aB' | upper", json!("AB")),
        ("'aB' | lower", json!("ab")),
        ("'ada LOVE' | capitalize", json!("Ada love")),
        ("\"it's a day\" | title", json!("It's A Day")),
        ("'  x ' | trim", json!("x")),
        ("'xxaxx' | trim(pat='x')", json!("a")),
        ("'  x ' | trim_start", json!("x ")),
        ("'  x ' | trim_end", json!("  x")),
        ("'abcdef' | truncate(length=3)", json!("abc…")),
        ("'abcdef' | truncate(3, end='')", json!("abc")),
        ("'a.b.c' | replace(from='.', to='-')", json!("a-b-c")),
        ("'a\\nb' | indent(width=2)", json!("a\n  b")),
        ("'a,b' | split(',')", json!(["a", "b"])),
        ("'a\\nb' | lines", json!(["a", "b"])),
        ("'a b  c' | wordcount", json!(3)),
        ("'a\\nb' | newlines_to_br", json!("a<br>b")),
        ("2 | pluralize", json!("s")),
        ("1 | pluralize(singular='y', plural='ies')", json!("y")),
        ("3 | str", json!("3")),
        ("'<b>' | safe", json!("<b>")),
        ("'<b>' | escape", json!("&lt;b&gt;")),
        ("'ä/b' | url_encode", json!("%C3%A4%2Fb")),
        ("'%C3%A4' | url_decode", json!("ä")),
        ("'hi' | b64encode", json!("aGk=")),
        ("'aGk=' | b64decode", json!("hi")),
        (
            "'hi' | sha256",
            json!("8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"),
        ),
        ("'a b' | quote_shell", json!("'a b'")),
        ("\"it's\" | quote_shell", json!("'it'\\''s'")),
        ("'' | quote_shell", json!("''")),
        ("'plain-1.2' | quote_shell", json!("plain-1.2")),
        ("'42' | int", json!(42)),
        ("'x' | int(default=1)", json!(1)),
        ("'ff' | int(base=16)", json!(255)),
        ("2.9 | int", json!(2)),
        ("'1.5' | float", json!(1.5)),
        ("-3 | abs", json!(3)),
        ("2.345 | round(precision=2, method='floor')", json!(2.34)),
        ("2.5 | round", json!(3)),
        ("[1, 2] | length", json!(2)),
        ("'äb' | length", json!(2)),
        ("[1, 2] | first", json!(1)),
        ("[] | last", json!(null)),
        ("[1, 2] | nth(1)", json!(2)),
        ("[1, 'a', none] | join(sep='-')", json!("1-a-")),
        ("[1, 2] | reverse", json!([2, 1])),
        ("'ab' | reverse", json!("ba")),
        ("[3, none, 1] | sort", json!([null, 1, 3])),
        (
            "parameters.deep.list | sort_by('id', reverse=true) | map(attribute='id')",
            json!([3, 2, 1]),
        ),
        (
            "[1, 1.0, 'a', 'a', [1], [1]] | unique",
            json!([1, "a", [1]]),
        ),
        (
            "parameters.deep.list | unique(attribute='tag') | pluck('id')",
            json!([1, 2]),
        ),
        ("['a', 'b'] | map(filter='upper')", json!(["A", "B"])),
        (
            "parameters.deep.list | map(attribute='x', default=0)",
            json!([0, 0, 0]),
        ),
        (
            "parameters.deep.list | select(attribute='tag', value='a') | map('id')",
            json!([1, 3]),
        ),
        (
            "parameters.deep.list | select('id', 2, op='gte') | map('id')",
            json!([2, 3]),
        ),
        ("[0, 1, '', 'x', none] | select", json!([1, "x"])),
        (
            "parameters.deep.list | reject(attribute='tag', value='a') | map('id')",
            json!([2]),
        ),
        (
            "(parameters.deep.list | group_by(attribute='tag')).a | length",
            json!(2),
        ),
        (
            "parameters.deep.list | group_by('tag') | keys",
            json!(["a", "b"]),
        ),
        ("[1, [2, [3]]] | flatten", json!([1, 2, [3]])),
        ("[1, [2, [3]]] | flatten(depth=2)", json!([1, 2, 3])),
        ("[1, 2] | zip(with=['a', 'b'])", json!([[1, "a"], [2, "b"]])),
        ("[1, 2, 3] | chunks(2)", json!([[1, 2], [3]])),
        ("[1] | concat(with=[2])", json!([1, 2])),
        ("[3, 1, 2] | min", json!(1)),
        ("['a', 'c', 'b'] | max", json!("c")),
        ("[1, 2.5] | sum", json!(3.5)),
        ("parameters.deep.list | sum(attribute='id')", json!(6)),
        ("{'b': 1, 'a': 2} | keys", json!(["b", "a"])),
        ("{'b': 1, 'a': 2} | values", json!([1, 2])),
        ("{'b': 1} | items", json!([{"key": "b", "value": 1}])),
        ("{'b': 1} | pairs", json!([["b", 1]])),
        ("{'b': 1} | get('b')", json!(1)),
        ("{'b': 1} | get('c', default=2)", json!(2)),
        (
            "{'a': {'x': 1}} | merge(with={'a': {'y': 2}})",
            json!({"a": {"y": 2}}),
        ),
        (
            "{'a': {'x': 1}} | merge({'a': {'y': 2}}, deep=true)",
            json!({"a": {"x": 1, "y": 2}}),
        ),
        ("{'a': 1, 'b': 2} | pick(['a'])", json!({"a": 1})),
        ("{'a': 1, 'b': 2} | omit(['a'])", json!({"b": 2})),
        ("'v1.23' | regex_match('^v\\d+')", json!(true)),
        ("'a1b2' | regex_replace(pat='[0-9]', to='#')", json!("a#b#")),
        (
            "'ada' | regex_replace('(?P<x>d)', to='<$x>')",
            json!("a<d>a"),
        ),
        ("'v1.23' | regex_extract('v(\\d+)')", json!("1")),
        (
            "'v1.23' | regex_extract('(?P<major>\\d+)\\.(?P<minor>\\d+)')",
            json!({"major": "1", "minor": "23"}),
        ),
        (
            "'a1b2' | regex_extract('[0-9]', all=true)",
            json!(["1", "2"]),
        ),
        (
            "'x' | regex_extract('[0-9]', default='none')",
            json!("none"),
        ),
        (
            "{'b': 1, 'a': [true]} | to_json",
            json!("{\"b\":1,\"a\":[true]}"),
        ),
        ("'{\"a\": 1}' | from_json", json!({"a": 1})),
        ("('a: 1' | from_yaml).a", json!(1)),
        (
            "({'a': [1, 'x']} | to_yaml | from_yaml) == {'a': [1, 'x']}",
            json!(true),
        ),
        ("parameters | jsonpath('$.deep.list[0].id')", json!(1)),
        (
            "parameters | jsonpath('$.deep.list[*].id')",
            json!([1, 2, 3]),
        ),
        ("parameters | jsonpath('$..tag')", json!(["a", "b", "a"])),
        (
            "parameters | jsonpath(\"$.deep.list[?(@.tag == 'a')].id\")",
            json!([1, 3]),
        ),
        ("parameters | jsonpath('$.deep.list[1:].id')", json!([2, 3])),
        ("parameters | jsonpath('$.nope', default=0)", json!(0)),
        (
            "'2026-01-31T12:00:00+02:00' | parse_datetime",
            json!("2026-01-31T10:00:00Z"),
        ),
        (
            "'31.01.2026' | parse_datetime(format='%d.%m.%Y')",
            json!("2026-01-31T00:00:00Z"),
        ),
        (
            "'2026-01-31 12:00' | parse_datetime('%Y-%m-%d %H:%M', timezone='+02:00')",
            json!("2026-01-31T10:00:00Z"),
        ),
        (
            "'2026-01-31T12:00:00Z' | format_datetime('%d.%m.%Y %H:%M', timezone='+02:00')",
            json!("31.01.2026 14:00"),
        ),
        ("0 | format_datetime", json!("1970-01-01T00:00:00+00:00")),
        ("'2026-01-31T12:00:00Z' | timestamp", json!(1_769_860_800)),
        ("'1h30m' | duration", json!(5400)),
        (
            "'2026-01-31T12:00:00Z' | add_duration('36h')",
            json!("2026-02-02T00:00:00Z"),
        ),
        (
            "'2026-01-31T12:00:00Z' | subtract_duration(60)",
            json!("2026-01-31T11:59:00Z"),
        ),
        ("range(end=3)", json!([0, 1, 2])),
        ("range(5, start=1, step=2)", json!([1, 3])),
        ("range(end=0, start=3, step=-1)", json!([3, 2, 1])),
    ];
    for (expression, expected) in cases {
        assert_eq!(
            value(&format!("{{{{ {expression} }}}}")),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn tests_do_what_they_say() {
    for expression in [
        "none is none",
        "1 is integer",
        "1.5 is float",
        "'a' is string",
        "[] is list",
        "{} is map",
        "'' is empty",
        "[] is empty",
        "none is empty",
        "true is bool",
        "3 is odd",
        "4 is even",
        "9 is divisible_by(3)",
        "'abc' is starting_with('ab')",
        "'abc' is ending_with('bc')",
        "[1] is containing(1)",
        "'a1' is matching('[0-9]')",
        "1 is in([1, 2])",
        "'a' is iterable",
        "1 is not string",
    ] {
        assert_eq!(
            value(&format!("{{{{ {expression} }}}}")),
            json!(true),
            "{expression}"
        );
    }
}

#[test]
fn wrong_types_are_errors() {
    for expression in [
        "1 | upper",
        "'a' | keys",
        "{} | first",
        "[1, 'a'] | sort",
        "['a'] | sum",
        "1 | length",
        "'x' | b64decode | upper",
        "'x' | duration",
        "'x' | format_datetime",
        "[1] | chunks(0)",
        "'a' | split('')",
        "1 is starting_with('a')",
        "9999999999 * 9999999999 * 9999999999",
        "1 / 0",
        "'a' < 1",
        "[1] | join(attribute='x')",
        "'nope' | from_json",
        "0 | format_datetime(timezone='Europe/Berlin')",
        "'a' | regex_match('(')",
        "throw(message='no')",
        "2 ** 100000",
        "1 in 2",
    ] {
        failure(&format!("{{{{ {expression} }}}}"));
    }
}
