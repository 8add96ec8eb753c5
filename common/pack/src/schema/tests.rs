//! Both forms of a schema, and what they say about values.

use super::*;

fn schema(source: JsonValue) -> Schema {
    Schema::from_json(source).unwrap()
}

fn map(value: JsonValue) -> JsonMap {
    match value {
        JsonValue::Object(map) => map,
        other => panic!("not a map: {other}"),
    }
}

fn errors(schema: &Schema, value: JsonValue) -> Vec<String> {
    let errors = schema.validate(&map(value)).unwrap_err();
    errors
        .iter()
        .map(|e| format!("{} {} {}", e.pointer, e.code, e.message))
        .collect()
}

fn say() -> Schema {
    schema(json!({
        "name": {"type": "string", "required": true},
        "greeting": {"type": "string", "default": "Hi"},
        "times": {"type": "integer", "minimum": 1},
    }))
}

#[test]
fn the_built_in_schemas_build() {
    assert_eq!(
        Schema::default().validate(&JsonMap::new()),
        Ok(JsonMap::new())
    );
    assert_eq!(
        Schema::any().validate(&map(json!({"x": 1}))),
        Ok(map(json!({"x": 1})))
    );
}

#[test]
fn fills_defaults_and_makes_whole_numbers_integers() {
    assert_eq!(
        say().validate(&map(json!({"name": "World", "times": 3.0}))),
        Ok(map(json!({"name": "World", "times": 3, "greeting": "Hi"})))
    );
    assert_eq!(say().defaults(), map(json!({"greeting": "Hi"})));
}

#[test]
fn gives_all_errors_at_once() {
    assert_eq!(
        errors(&say(), json!({"nmae": "World", "times": "many"})),
        [
            "/nmae unknown unknown name `nmae`, did you mean `name`?",
            "/name required `name` is required",
            "/times type must be of type integer, not string",
        ]
    );
    assert_eq!(
        errors(&say(), json!({"name": "x", "times": 0})),
        ["/times minimum 0 is less than the minimum of 1"]
    );
}

#[test]
fn null_counts_as_left_out_where_that_is_allowed() {
    assert_eq!(
        say().validate(&map(json!({"name": "x", "greeting": null, "times": null}))),
        Ok(map(json!({"name": "x", "greeting": "Hi"})))
    );
    assert_eq!(
        errors(&say(), json!({"name": null})),
        ["/name type must be of type string, not null"]
    );
    let open = schema(json!({"note": {"type": ["string", "null"]}}));
    assert_eq!(
        open.validate(&map(json!({"note": null}))),
        Ok(map(json!({"note": null})))
    );
}

#[test]
fn a_result_may_hold_more_than_is_promised() {
    let promised = schema(json!({"text": {"type": "string"}}));
    assert_eq!(
        promised.validate_open(&json!({"text": "a", "more": 1})),
        Ok(json!({"text": "a", "more": 1}))
    );
    assert!(promised.validate_open(&json!({"text": 1})).is_err());
    assert!(promised.validate_open(&json!("text")).is_err());
}

#[test]
fn nested_fields_are_checked_and_filled() {
    let nested = schema(json!({
        "server": {"type": "object", "required": true, "properties": {
            "host": {"type": "string", "required": true},
            "port": {"type": "integer", "default": 80},
        }},
        "tags": {"type": "array", "items": {"type": "string"}, "max_items": 2},
    }));
    assert_eq!(
        nested.validate(&map(json!({"server": {"host": "a"}, "tags": []}))),
        Ok(map(
            json!({"server": {"host": "a", "port": 80}, "tags": []})
        ))
    );
    assert_eq!(
        errors(
            &nested,
            json!({"server": {"hots": "a"}, "tags": ["x", 1, "z"]})
        ),
        [
            "/server/hots unknown unknown name `hots`, did you mean `host`?",
            "/server/host required `host` is required",
            "/tags maxItems [\"x\",1,\"z\"] has more than 2 items",
            "/tags/1 type must be of type string, not integer",
        ]
    );
}

#[test]
fn reads_json_schema_too() {
    let standard = schema(json!({
        "type": "object",
        "properties": {"name": {"$ref": "#/$defs/name"}, "mode": {"enum": ["a", "b"], "default": "a"}},
        "required": ["name"],
        "additionalProperties": false,
        "$defs": {"name": {"type": "string", "minLength": 1}},
    }));
    assert_eq!(
        standard.validate(&map(json!({"name": "x"}))),
        Ok(map(json!({"name": "x", "mode": "a"})))
    );
    assert_eq!(
        errors(&standard, json!({"nmae": "x"})),
        [
            "/nmae unknown unknown name `nmae`, did you mean `name`?",
            "/name required `name` is required",
        ]
    );
    assert!(standard.is_closed());
    assert_eq!(
        standard.type_of(&["name"]),
        PathType::Known(vec![ValueType::String])
    );
}

#[test]
fn fetches_nothing() {
    for reference in ["https://example.org/schema.json", "file:///etc/hostname"] {
        let remote = json!({"type": "object", "properties": {"x": {"$ref": reference}}});
        assert!(Schema::from_json(remote).is_err(), "{reference}");
    }
}

#[test]
fn a_field_named_type_is_a_field() {
    let flat = schema(json!({"type": {"type": "string"}, "anyOf": {"type": "integer"}}));
    assert_eq!(flat.names(), ["type", "anyOf"]);
}

#[test]
fn says_what_is_wrong_with_a_schema() {
    let error = Schema::from_json(json!({
        "a": "string",
        "b": {"type": "int"},
        "c": {"type": "string", "requierd": true},
        "d": {"type": "integer", "default": "x"},
        "e": {"type": "string", "pattern": "("},
        "f": {"type": "array", "items": {"type": "strin"}},
        "g": {"type": "integer", "minimum": "one"},
    }))
    .unwrap_err();
    let found: Vec<_> = error
        .0
        .iter()
        .map(|p| (p.pointer.as_str(), p.help.clone().unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            ("/a", "write `a: {type: string}`".to_owned()),
            ("/b/type", "did you mean `integer`?".to_owned()),
            ("/c/requierd", "did you mean `required`?".to_owned()),
            ("/d/default", String::new()),
            ("/e/pattern", String::new()),
            ("/f/items/type", "did you mean `string`?".to_owned()),
            ("/g/minimum", String::new()),
        ]
    );
}

#[test]
fn secret_values_stay_out_of_messages() {
    let secret = schema(json!({"auth": {"type": "object", "properties": {
        "token": {"type": "string", "secret": true, "min_length": 20},
    }}}));
    assert_eq!(secret.secrets(), ["/auth/token"]);
    assert!(secret.is_secret("/auth/token") && !secret.is_secret("/auth/tokens"));
    let found = errors(&secret, json!({"auth": {"token": "hunter2"}}));
    assert_eq!(found.len(), 1);
    assert!(!found[0].contains("hunter2"), "{found:?}");
}

#[test]
fn tells_the_type_at_a_path() {
    let output = schema(json!({
        "image_uri": {"type": "string"},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "meta": {"type": "object"},
        "who": {"type": "object", "properties": {"login": {"type": ["string", "null"]}}},
    }));
    let known = |types: &[ValueType]| PathType::Known(types.to_vec());
    assert_eq!(output.type_of(&["image_uri"]), known(&[ValueType::String]));
    assert_eq!(
        output.type_of(&["sizes", "0"]),
        known(&[ValueType::Integer])
    );
    assert_eq!(output.type_of(&["meta", "anything"]), PathType::Open);
    assert_eq!(
        output.type_of(&["who", "login"]),
        known(&[ValueType::String, ValueType::Null])
    );
    assert_eq!(
        output.type_of(&["who", "name"]),
        PathType::Missing {
            at: 1,
            known: vec!["login".to_owned()]
        }
    );
    assert!(matches!(
        output.type_of(&["image_url"]),
        PathType::Missing { at: 0, .. }
    ));
    assert_eq!(output.type_of(&[]), known(&[ValueType::Object]));
}

#[test]
fn goes_to_json_as_it_was_written_and_back() {
    let text = serde_json::to_string(&say()).unwrap();
    assert!(text.starts_with(r#"{"name":{"type":"string","required":true}"#));
    let back: Schema = serde_json::from_str(&text).unwrap();
    assert_eq!(back, say());
    assert_eq!(back.required(), ["name"]);
}

#[test]
fn the_form_schema_is_plain_json_schema() {
    assert_eq!(
        say().json_schema(),
        &json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "greeting": {"type": "string", "default": "Hi"},
                "times": {"type": "integer", "minimum": 1},
            },
            "required": ["name"],
        })
    );
}

#[test]
fn a_schema_that_only_names_itself_ends() {
    for source in [
        json!({"$ref": "#"}),
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [{"$ref": "#"}]}),
        json!({"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        json!({"type": "object", "anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}),
    ] {
        if let Ok(schema) = Schema::from_json(source) {
            let _ = schema.validate(&map(json!({"x": {"y": 1}})));
            let _ = schema.type_of(&["x", "y"]);
        }
    }
}

#[test]
fn a_recursive_schema_follows_the_value() {
    let tree = schema(json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}, "depth": {"type": "integer", "default": 0}},
    }));
    let checked = tree
        .validate(&map(json!({"name": "a", "child": {"name": "b"}})))
        .unwrap();
    assert_eq!(checked["child"]["depth"], 0);
    assert_eq!(
        errors(&tree, json!({"child": {"child": {"name": 1}}})),
        ["/child/child/name type must be of type string, not integer"]
    );
}

#[test]
fn of_a_value_that_is_not_to_be_seen_only_the_type_is_judged() {
    let asked = schema(json!({
        "text": {"type": "string", "pattern": "^[a-z]{3}$", "minLength": 3},
        "word": {"type": "string", "enum": ["a", "b"]},
        "count": {"type": "integer", "minimum": 3},
        "list": {"type": "array", "uniqueItems": true, "maxItems": 2},
        "other": {"type": "object", "properties": {"x": {"type": "string", "required": true}}},
    }));
    let hidden = |text: &str| match text {
        "<number>" => Some(ValueType::Integer),
        _ => text.contains('<').then_some(ValueType::String),
    };
    let good = map(json!({
        "text": "<secret>", "word": "Bearer <secret>", "count": "<number>",
        "list": ["<secret>", "<secret>"],
    }));
    assert_eq!(asked.validate_around(&good, &hidden), Ok(good.clone()));
    assert_eq!(asked.validate(&good).unwrap_err().len(), 4);
    let bad = map(json!({
        "text": "ABC", "word": "<number>", "count": "<secret>", "list": ["<a>", "b", "c"],
        "other": {"y": "<a>"}, "more": "<a>",
    }));
    let errors: Vec<String> = asked
        .validate_around(&bad, &hidden)
        .unwrap_err()
        .iter()
        .map(|error| format!("{} {}", error.pointer, error.code))
        .collect();
    assert_eq!(
        errors,
        [
            "/other/y unknown",
            "/more unknown",
            "/text pattern",
            "/count type",
            "/list maxItems",
            "/other/x required"
        ]
    );
}

#[test]
fn what_is_said_of_a_map_does_not_show_the_secrets_in_it() {
    let either = schema(json!({
        "type": "object",
        "properties": {
            "login": {
                "type": "object",
                "properties": {"user": {"type": "string"}, "password": {"type": "string", "x-secret": true}},
                "oneOf": [{"required": ["token"]}, {"required": ["key"]}],
            },
        },
    }));
    let errors = errors(
        &either,
        json!({"login": {"user": "ada", "password": "hunter2"}}),
    );
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("/login oneOf "), "{errors:?}");
    assert!(!errors[0].contains("hunter2"), "{errors:?}");
}

#[test]
fn what_is_secret_is_found_in_both_forms() {
    let flat = schema(json!({
        "plain": {"type": "string"},
        "token": {"type": "string", "secret": true},
        "db": {"type": "object", "properties": {"user": {"type": "string"}, "password": {"type": "string", "secret": true}}},
        "users": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string", "secret": true}}}},
    }));
    assert_eq!(flat.secrets(), ["/token", "/db/password", "/users"]);
    assert!(flat.is_secret("/users/0/key") && !flat.is_secret("/db/user"));
}
