//! Whatever is written, nothing panics; what is no template stays as it is.

use super::scope;
use attune_template::Template;
use attune_types::JsonValue;
use proptest::prelude::*;
use serde_json::json;

fn any_json() -> impl Strategy<Value = JsonValue> {
    let leaf = prop_oneof![
        Just(JsonValue::Null),
        any::<bool>().prop_map(JsonValue::from),
        any::<i64>().prop_map(JsonValue::from),
        any::<f64>().prop_map(JsonValue::from),
        "[^{]*".prop_map(JsonValue::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(JsonValue::from),
            prop::collection::vec(("[a-z{}]{0,4}", inner), 0..5).prop_map(|entries| entries
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

/// Text that looks much like templates.
fn fragments() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-",
        " ",
        "if",
        "else",
        "elif",
        "endif",
        "for",
        "x",
        "in",
        "endfor",
        "set",
        "=",
        "raw",
        "endraw",
        "vars.count",
        "parameters.name",
        "task",
        ".",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "'",
        "\"",
        "|",
        "upper",
        "default",
        "join",
        "1",
        "2.5",
        "+",
        "~",
        "**",
        "not",
        "and",
        "is",
        "defined",
        "?",
        ",",
        ":",
        "...",
        "loop.index",
        "range",
        "\\",
        "\n",
        "ä",
        "regex_match",
        "kv.get",
        "result()",
        "none",
        "`",
        "<",
        "@",
        "!",
        "\u{0}",
    ]);
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// Expressions that are mostly right, so that evaluation is reached.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "0",
        "-3",
        "2.5",
        "'a'",
        "''",
        "true",
        "none",
        "[]",
        "{}",
        "[1, 'x']",
        "vars.count",
        "vars.nope",
        "parameters.regions",
        "parameters.deep",
        "parameters.quote",
        "result()",
        "item",
        "task.build.length",
        "now()",
        "uuid()",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 48, 3, |inner| {
        let filter = prop::sample::select(vec![
            "upper",
            "length",
            "first",
            "sort",
            "to_json",
            "from_json",
            "keys",
            "sum",
            "int",
            "str",
            "default(1)",
            "join(',')",
            "split(',')",
            "map(attribute='id')",
            "unique",
            "flatten",
            "b64encode",
            "quote_shell",
            "jsonpath('$..a')",
            "to_yaml",
            "from_yaml",
            "zip([1])",
            "group_by('a')",
            "round",
            "min",
            "regex_match('a+')",
            "truncate(2)",
            "indent",
            "items",
        ]);
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "%", "**", "~", "==", "<", ">=", "and", "or", "in", "not in",
        ]);
        prop_oneof![
            (inner.clone(), filter).prop_map(|(a, f)| format!("({a}) | {f}")),
            (inner.clone(), op, inner.clone()).prop_map(|(a, o, b)| format!("({a}) {o} ({b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a}) is defined")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})[{b}:]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, ...({b})]")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[({a}) ~ x for x in {b} if x]")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn literals_stay_as_they_are(value in any_json()) {
        let template = Template::compile(&value).unwrap();
        prop_assert!(template.is_literal());
        prop_assert_eq!(template.evaluate(&scope()).unwrap(), value);
    }

    #[test]
    fn any_text_is_survived(text in ".*") {
        if let Ok(template) = Template::compile(&json!(text)) {
            let _ = template.evaluate(&scope());
        }
        if let Ok(template) = Template::condition(&json!(text)) {
            let _ = template.test(&scope());
        }
    }

    #[test]
    fn any_fragments_are_survived(text in fragments()) {
        for text in [text.clone(), format!("{{{{ {text} }}}}"), format!("{{% {text} %}}")] {
            if let Ok(template) = Template::compile(&json!(text)) {
                let _ = template.references();
                let _ = template.evaluate(&scope());
            }
        }
    }

    #[test]
    fn any_expression_is_survived(text in expression()) {
        let compiled = Template::compile(&json!(format!("{{{{ {text} }}}}")));
        if let Ok(template) = compiled {
            let once = template.evaluate(&scope());
            prop_assert_eq!(once, template.evaluate(&scope()));
        }
    }

    #[test]
    fn texts_go_through_unchanged(before in "[^{]*", inside in ".*", after in "[^{]*") {
        let scope = scope().with_member(attune_template::Root::Vars, "x", json!(inside));
        let template = Template::compile(&json!(format!("{before}{{{{ vars.x }}}}{after}.")));
        prop_assert_eq!(
            template.unwrap().evaluate(&scope).unwrap(),
            json!(format!("{before}{inside}{after}."))
        );
    }

    #[test]
    fn shell_quoting_is_one_word(text in "[^\u{0}]*") {
        let scope = scope().with_member(attune_template::Root::Vars, "x", json!(text));
        let quoted = Template::compile(&json!("{{ vars.x | quote_shell }}"))
            .unwrap()
            .evaluate(&scope)
            .unwrap();
        let quoted = quoted.as_str().unwrap();
        // Reading it back as a shell does: quoted runs and escaped quotes.
        let mut read = String::new();
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            match c {
                '\'' => read.extend(chars.by_ref().take_while(|c| *c != '\'')),
                '\\' => read.extend(chars.next()),
                other => {
                    prop_assert!(other.is_ascii_alphanumeric() || "_-./:=@%+,".contains(other));
                    read.push(other);
                }
            }
        }
        prop_assert_eq!(read, text);
    }
}
