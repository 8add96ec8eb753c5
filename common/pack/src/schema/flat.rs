//! The flat form of a schema to JSON Schema.
//!
//! Owns the keys that a field may have and what each becomes. Never checks values. All problems of
//! all fields are collected, each with a pointer into the schema as written.

use super::{SchemaError, SchemaProblem, build, path::ValueType, regex_error};
use crate::suggest::suggest;
use attune_types::{JsonMap, JsonValue, pointer_escape};
use serde_json::json;

/// What a key of a field must hold.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    Count,
    Flag,
    List,
    Anything,
}

/// Keys that go over to JSON Schema under another name or the same, with what they hold.
const PLAIN: &[(&str, &str, Holds)] = &[
    ("description", "description", Holds::Text),
    ("label", "title", Holds::Text),
    ("title", "title", Holds::Text),
    ("default", "default", Holds::Anything),
    ("const", "const", Holds::Anything),
    ("enum", "enum", Holds::List),
    ("examples", "examples", Holds::List),
    ("minimum", "minimum", Holds::Number),
    ("maximum", "maximum", Holds::Number),
    ("exclusive_minimum", "exclusiveMinimum", Holds::Number),
    ("exclusive_maximum", "exclusiveMaximum", Holds::Number),
    ("multiple_of", "multipleOf", Holds::Number),
    ("min_length", "minLength", Holds::Count),
    ("max_length", "maxLength", Holds::Count),
    ("min_items", "minItems", Holds::Count),
    ("max_items", "maxItems", Holds::Count),
    ("unique_items", "uniqueItems", Holds::Flag),
    ("pattern", "pattern", Holds::Text),
    ("format", "format", Holds::Text),
];

/// Keys with a meaning of their own.
const OWN: &[&str] = &[
    "type",
    "required",
    "secret",
    "nullable",
    "items",
    "properties",
    "additional_properties",
];

/// Compiles all fields.
pub(super) fn to_json_schema(
    fields: &JsonMap,
    check_defaults: bool,
) -> Result<JsonValue, SchemaError> {
    let mut work = Work {
        problems: Vec::new(),
        check_defaults,
    };
    let mut schema = JsonMap::new();
    work.object(fields, "", &mut schema);
    if work.problems.is_empty() {
        Ok(schema.into())
    } else {
        Err(SchemaError(work.problems))
    }
}

/// What may have been meant by a word that names no type.
pub(super) fn type_help(word: &str) -> String {
    let known = [
        "string", "integer", "number", "boolean", "object", "array", "null", "any",
    ];
    let habit = match word {
        "int" | "long" => Some("integer"),
        "str" | "text" => Some("string"),
        "float" | "double" => Some("number"),
        "bool" => Some("boolean"),
        "list" => Some("array"),
        "map" | "dict" | "hash" => Some("object"),
        _ => suggest(word, known),
    };
    habit.map_or_else(
        || format!("use one of: {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    )
}

struct Work {
    problems: Vec<SchemaProblem>,
    check_defaults: bool,
}

impl Work {
    fn problem(&mut self, pointer: String, about_key: bool, message: String, help: Option<String>) {
        self.problems.push(SchemaProblem {
            pointer,
            about_key,
            message,
            help,
        });
    }

    /// `type`, `properties` and `required` of an object with these fields.
    fn object(&mut self, fields: &JsonMap, at: &str, schema: &mut JsonMap) {
        let mut properties = JsonMap::new();
        let mut required = Vec::new();
        for (name, spec) in fields {
            let pointer = format!("{at}/{}", pointer_escape(name));
            if let Some((field, needed)) = self.field(name, spec, &pointer) {
                properties.insert(name.clone(), field);
                if needed {
                    required.push(JsonValue::from(name.as_str()));
                }
            }
        }
        schema.insert("type".to_owned(), "object".into());
        schema.insert("properties".to_owned(), properties.into());
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
    }

    /// The JSON Schema of one field, and whether it must be given.
    fn field(&mut self, name: &str, spec: &JsonValue, at: &str) -> Option<(JsonValue, bool)> {
        let JsonValue::Object(spec) = spec else {
            let help = spec
                .as_str()
                .filter(|word| ValueType::from_word(word).is_some())
                .map_or_else(
                    || format!("write `{name}: {{type: string}}`"),
                    |word| format!("write `{name}: {{type: {word}}}`"),
                );
            self.problem(
                at.to_owned(),
                false,
                format!("the field `{name}` must be a map"),
                Some(help),
            );
            return None;
        };
        let mut schema = JsonMap::new();
        self.types(spec, at, &mut schema);
        for (key, value) in spec {
            let pointer = format!("{at}/{}", pointer_escape(key));
            if let Some((_, to, holds)) =
                PLAIN.iter().find(|(from, to, _)| from == key || to == key)
            {
                if self.fits(key, value, *holds, &pointer) {
                    schema.insert((*to).to_owned(), value.clone());
                }
            } else if !OWN.contains(&key.as_str())
                && key != "additionalProperties"
                && !key.starts_with("x-")
            {
                let known = PLAIN
                    .iter()
                    .map(|(from, ..)| *from)
                    .chain(OWN.iter().copied());
                let help = suggest(key, known).map(|near| format!("did you mean `{near}`?"));
                self.problem(
                    pointer,
                    true,
                    format!("unknown key `{key}` in the field `{name}`"),
                    help,
                );
            }
        }
        self.nested(name, spec, at, &mut schema);
        let required = self.flag(spec, "required", at);
        if self.flag(spec, "secret", at) {
            schema.insert("writeOnly".to_owned(), true.into());
            schema.insert("x-secret".to_owned(), true.into());
        }
        let schema = JsonValue::Object(schema);
        if self.check_defaults {
            self.default(name, &schema, at);
            self.choices(name, &schema, at);
            self.bounds(name, &schema, at);
        }
        let needed = required && schema.get("default").is_none();
        Some((schema, needed))
    }

    fn types(&mut self, spec: &JsonMap, at: &str, schema: &mut JsonMap) {
        let words: Vec<&JsonValue> = match spec.get("type") {
            None => {
                // What the other keys imply, so that `properties` alone is not "anything".
                let implied = [("properties", "object"), ("items", "array")];
                if let Some((_, kind)) = implied.iter().find(|(key, _)| spec.contains_key(*key)) {
                    schema.insert("type".to_owned(), (*kind).into());
                }
                return;
            }
            Some(JsonValue::Array(list)) => list.iter().collect(),
            Some(other) => vec![other],
        };
        let mut types = Vec::new();
        let mut anything = false;
        for word in words {
            match word.as_str() {
                Some("any") => anything = true,
                Some(text) if ValueType::from_word(text).is_some() => types.push(text),
                other => {
                    let text = other.map_or_else(|| word.to_string(), str::to_owned);
                    self.unknown_type(&text, at);
                }
            }
        }
        let nullable = self.flag(spec, "nullable", at);
        if nullable && !types.contains(&"null") {
            types.push("null");
        }
        match types.as_slice() {
            _ if anything => {}
            [] => {}
            [one] => {
                schema.insert("type".to_owned(), (*one).into());
            }
            many => {
                schema.insert("type".to_owned(), json!(many));
            }
        }
    }

    fn unknown_type(&mut self, word: &str, at: &str) {
        let message = format!("unknown type `{word}`");
        self.problem(format!("{at}/type"), false, message, Some(type_help(word)));
    }

    fn nested(&mut self, name: &str, spec: &JsonMap, at: &str, schema: &mut JsonMap) {
        if let Some(items) = spec.get("items") {
            let pointer = format!("{at}/items");
            if let Some((items, _)) = self.field(&format!("{name}[]"), items, &pointer) {
                schema.insert("items".to_owned(), items);
            }
        }
        match spec.get("properties") {
            Some(JsonValue::Object(fields)) => {
                self.object(fields, &format!("{at}/properties"), schema)
            }
            Some(_) => {
                let message = format!("`properties` of the field `{name}` must be a map of fields");
                self.problem(format!("{at}/properties"), false, message, None);
            }
            None => {}
        }
        for key in ["additional_properties", "additionalProperties"] {
            match spec.get(key) {
                Some(open @ JsonValue::Bool(_)) => {
                    schema.insert("additionalProperties".to_owned(), open.clone());
                }
                Some(field @ JsonValue::Object(_)) => {
                    let pointer = format!("{at}/{key}");
                    if let Some((field, _)) = self.field(&format!("{name}.*"), field, &pointer) {
                        schema.insert("additionalProperties".to_owned(), field);
                    }
                }
                Some(_) => {
                    let message =
                        format!("`{key}` of the field `{name}` must be true, false or a field");
                    self.problem(format!("{at}/{key}"), false, message, None);
                }
                None => {}
            }
        }
    }

    fn flag(&mut self, spec: &JsonMap, key: &str, at: &str) -> bool {
        match spec.get(key) {
            None => false,
            Some(JsonValue::Bool(value)) => *value,
            Some(_) => {
                let message = format!("`{key}` must be true or false");
                self.problem(format!("{at}/{key}"), false, message, None);
                false
            }
        }
    }

    fn fits(&mut self, key: &str, value: &JsonValue, holds: Holds, at: &str) -> bool {
        let (fits, wanted) = match holds {
            Holds::Text => (value.is_string(), "text"),
            Holds::Number => (value.is_number(), "a number"),
            Holds::Count => (value.is_u64(), "a whole number, 0 or more"),
            Holds::Flag => (value.is_boolean(), "true or false"),
            Holds::List => (
                value.as_array().is_some_and(|list| !list.is_empty()),
                "a list that is not empty",
            ),
            Holds::Anything => (true, ""),
        };
        if !fits {
            self.problem(
                at.to_owned(),
                false,
                format!("`{key}` must be {wanted}"),
                None,
            );
            return false;
        }
        if key == "pattern" {
            let pattern = value.as_str().unwrap_or_default();
            if let Err(error) = regex::Regex::new(pattern) {
                let message = format!(
                    "`pattern` is no regular expression: {}",
                    regex_error(&error)
                );
                self.problem(at.to_owned(), false, message, None);
                return false;
            }
        }
        true
    }

    /// A default must fit its own field; null says "no value".
    fn default(&mut self, name: &str, schema: &JsonValue, at: &str) {
        let Some(default) = schema.get("default").filter(|value| !value.is_null()) else {
            return;
        };
        // A field that is wrong itself has been reported already.
        let Ok(validator) = build(schema) else { return };
        if let Some(error) = validator.iter_errors(default).next() {
            let message = format!("the default of `{name}` does not fit the field: {error}");
            let meant = match default.as_str() {
                Some("yes" | "on" | "Yes" | "On") => Some("write `true`".to_owned()),
                Some("no" | "off" | "No" | "Off") => Some("write `false`".to_owned()),
                _ => None,
            };
            let boolean = schema.get("type").is_some_and(|kind| kind == "boolean");
            let help = meant.filter(|_| boolean);
            self.problem(format!("{at}/default"), false, message, help);
        }
    }

    /// A choice of another type than the field's could never be made.
    fn choices(&mut self, name: &str, schema: &JsonValue, at: &str) {
        let types = super::path::types(schema);
        let choices = schema.get("enum").and_then(JsonValue::as_array);
        for (n, choice) in choices.into_iter().flatten().enumerate() {
            let given = ValueType::of(choice);
            if types.is_empty() || types.iter().any(|kind| kind.takes(given)) {
                continue;
            }
            let message = format!("the choice {choice} of `{name}` is not of its type");
            let is_text = types.contains(&ValueType::String) && !choice.is_object();
            let help = is_text.then(|| format!("put it in quotes: `\"{choice}\"`"));
            self.problem(format!("{at}/enum/{n}"), false, message, help);
        }
    }

    /// Bounds that leave nothing between them.
    fn bounds(&mut self, name: &str, schema: &JsonValue, at: &str) {
        let number = |key: &str| schema.get(key).and_then(JsonValue::as_f64);
        for (low, high, written) in [
            ("minimum", "maximum", "maximum"),
            ("minLength", "maxLength", "max_length"),
            ("minItems", "maxItems", "max_items"),
        ] {
            if let (Some(least), Some(most)) = (number(low), number(high))
                && least > most
            {
                let message =
                    format!("no value of `{name}` is at least {least} and at most {most}");
                self.problem(format!("{at}/{written}"), false, message, None);
            }
        }
    }
}
