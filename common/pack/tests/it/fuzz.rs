//! Whatever stands in a file, reading it ends with a value or with diagnostics.

use attune_pack::{Schema, from_files, yaml};
use proptest::prelude::*;

/// Pieces that YAML gives a meaning to, so that random text is not only plain scalars.
fn yaml_like() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "ref",
        "x.y",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "&a ",
        "*a",
        "<<",
        "!!str ",
        "!x ",
        "\"",
        "'",
        "| ",
        "> ",
        "# ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "? ",
        "1",
        "-0x1f",
        ".inf",
        "~",
        "null",
        "true",
        "\t",
        "\u{feff}",
        "é",
        "{{ x }}",
        "\0",
        "\r\n",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn parsing_never_panics(text in yaml_like()) {
        if let Err(errors) = yaml::parse("a.yaml", &text) {
            prop_assert!(errors.has_errors());
            prop_assert!(!errors.to_string().is_empty());
        }
    }

    #[test]
    fn parsing_any_text_never_panics(text in any::<String>()) {
        let _ = yaml::parse("a.yaml", &text).map(|node| node.to_json());
    }

    #[test]
    fn reading_a_pack_never_panics(text in yaml_like(), rule in yaml_like()) {
        let files = [
            ("pack.yaml", "ref: a\nversion: 1.0.0\n".to_owned()),
            ("actions/x.yaml", format!("ref: a.x\nrunner: shell\n{text}")),
            ("rules/y.yaml", format!("ref: a.y\ntrigger: core.cron\naction: a.x\n{rule}")),
        ];
        // No entry point: it never loads, and says so.
        prop_assert!(from_files(files).is_err());
    }

    #[test]
    fn json_is_yaml_and_keeps_its_value(value in json_value()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let node = yaml::parse("a.json", &text).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(node.to_json(), value);
    }

    #[test]
    fn a_schema_of_anything_never_panics(value in json_value()) {
        if let Ok(schema) = Schema::from_json(value.clone()) {
            let _ = schema.validate_open(&value);
            let _ = schema.type_of(&["a", "b", "0"]);
        }
    }
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1.0e9..1.0e9f64).prop_map(Into::into),
        "[ -~é\n\t]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let key = prop_oneof![
            "[a-z:#{}&*!|>'\"%@` -]{0,8}".prop_map(|key| key),
            prop::sample::select(vec![
                "type",
                "properties",
                "items",
                "default",
                "required",
                "$ref",
                "enum"
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}
