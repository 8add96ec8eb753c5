//! Checking a value against a compiled schema.
//!
//! Owns filling defaults, unknown names and the wording of errors; the rest is the JSON Schema
//! validator's. Never shows the value of a secret field. All errors are gathered.

use super::{Compiled, FieldError, Hidden, path};
use crate::suggest::suggest;
use attune_types::{JsonMap, JsonValue, pointer_escape};
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use std::collections::HashSet;

/// How deep a value is followed when defaults are filled.
const DEPTH: usize = 64;
/// The longest message of the validator that is passed on.
const LONGEST_MESSAGE: usize = 300;

/// Keywords that judge a list or map by what is in it.
const BY_CONTENT: [&str; 7] = [
    "anyOf",
    "const",
    "contains",
    "enum",
    "not",
    "oneOf",
    "uniqueItems",
];

/// The value with defaults filled, or all that is wrong with it as far as it can be seen.
pub(super) fn check(
    schema: &Compiled,
    value: &JsonValue,
    strict: bool,
    hidden: Hidden<'_>,
) -> Result<JsonValue, Vec<FieldError>> {
    let filled = fill(schema, value);
    let mut errors = Vec::new();
    if strict && schema.flat {
        unknown_names(&schema.json, &filled, &mut String::new(), &mut errors);
    }
    for error in schema.validator.iter_errors(&filled) {
        if !cannot_be_told(&error, hidden) {
            describe(schema, &error, &filled, hidden, &mut errors);
        }
    }
    if errors.is_empty() {
        Ok(filled)
    } else {
        Err(errors)
    }
}

/// The value with defaults filled in and whole numbers made integers where one is wanted.
pub(super) fn fill(schema: &Compiled, value: &JsonValue) -> JsonValue {
    let mut filled = value.clone();
    fill_in(&schema.json, &schema.json, &mut filled, 0);
    filled
}

fn fill_in(root: &JsonValue, schema: &JsonValue, value: &mut JsonValue, depth: usize) {
    let Some(schema) = path::resolve(root, schema).filter(|_| depth < DEPTH) else {
        return;
    };
    match value {
        JsonValue::Object(map) => {
            let Some(properties) = schema.get("properties").and_then(JsonValue::as_object) else {
                return;
            };
            let required: HashSet<&str> = schema
                .get("required")
                .and_then(JsonValue::as_array)
                .into_iter()
                .flatten()
                .filter_map(JsonValue::as_str)
                .collect();
            for (name, field) in properties {
                fill_field(
                    root,
                    name,
                    field,
                    required.contains(name.as_str()),
                    map,
                    depth,
                );
            }
        }
        JsonValue::Array(items) => {
            if let Some(field) = schema.get("items") {
                for item in items {
                    fill_in(root, field, item, depth + 1);
                }
            }
        }
        JsonValue::Number(number) => {
            let whole = number
                .as_f64()
                .filter(|n| number.is_f64() && n.fract() == 0.0 && n.abs() < 9.0e15);
            let types = path::types(schema);
            if let Some(whole) = whole
                && types.contains(&path::ValueType::Integer)
                && !types.contains(&path::ValueType::Number)
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole and within 53 bits, checked above"
                )]
                let integer = whole as i64;
                *value = integer.into();
            }
        }
        _ => {}
    }
}

fn fill_field(
    root: &JsonValue,
    name: &str,
    field: &JsonValue,
    required: bool,
    map: &mut JsonMap,
    depth: usize,
) {
    let resolved = path::resolve(root, field).unwrap_or(field);
    let types = path::types(resolved);
    let null_fits = types.is_empty() || types.contains(&path::ValueType::Null);
    if map.get(name).is_some_and(JsonValue::is_null) && !required && !null_fits {
        map.shift_remove(name);
    }
    if !map.contains_key(name) {
        let default = field.get("default").or_else(|| resolved.get("default"));
        if let Some(default) = default.filter(|default| !default.is_null() || null_fits) {
            map.insert(name.to_owned(), default.clone());
        }
    }
    if let Some(value) = map.get_mut(name) {
        fill_in(root, field, value, depth + 1);
    }
}

fn unknown_names(
    schema: &JsonValue,
    value: &JsonValue,
    at: &mut String,
    errors: &mut Vec<FieldError>,
) {
    match value {
        JsonValue::Object(map) => {
            let Some(properties) = schema.get("properties").and_then(JsonValue::as_object) else {
                return;
            };
            for (name, value) in map {
                let length = at.len();
                at.push('/');
                at.push_str(&pointer_escape(name));
                if let Some(field) = properties.get(name) {
                    unknown_names(field, value, at, errors);
                } else if path::is_closed(schema, true)
                    && schema.get("additionalProperties").is_none()
                {
                    // An explicit `additionalProperties: false` is the validator's to report.
                    let free = properties
                        .keys()
                        .map(String::as_str)
                        .filter(|known| !map.contains_key(*known));
                    errors.push(unknown(at.clone(), name, free));
                }
                at.truncate(length);
            }
        }
        JsonValue::Array(items) => {
            let Some(field) = schema.get("items") else {
                return;
            };
            for (index, item) in items.iter().enumerate() {
                let length = at.len();
                at.push_str(&format!("/{index}"));
                unknown_names(field, item, at, errors);
                at.truncate(length);
            }
        }
        _ => {}
    }
}

fn unknown<'n>(pointer: String, name: &str, known: impl Iterator<Item = &'n str>) -> FieldError {
    let hint =
        suggest(name, known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
    FieldError {
        pointer,
        code: "unknown".to_owned(),
        message: format!("unknown name `{name}`{hint}"),
    }
}

/// Whether an error is about what a text stands for, which is not known here.
fn cannot_be_told(error: &ValidationError<'_>, hidden: Hidden<'_>) -> bool {
    match &**error.instance() {
        JsonValue::String(text) => match (hidden(text), error.kind()) {
            (None, _) => false,
            (Some(found), ValidationErrorKind::Type { kind }) => wanted(kind)
                .iter()
                .filter_map(|word| path::ValueType::from_word(word))
                .any(|wanted| wanted.takes(found)),
            (Some(_), _) => true,
        },
        whole => BY_CONTENT.contains(&error.kind().keyword()) && hides_within(whole, hidden),
    }
}

fn hides_within(value: &JsonValue, hidden: Hidden<'_>) -> bool {
    match value {
        JsonValue::String(text) => hidden(text).is_some(),
        JsonValue::Array(items) => items.iter().any(|item| hides_within(item, hidden)),
        JsonValue::Object(map) => map.values().any(|item| hides_within(item, hidden)),
        _ => false,
    }
}

/// The words of the types that are taken.
fn wanted(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(kind) => vec![kind.to_string()],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| kind.to_string()).collect(),
    }
}

fn describe(
    schema: &Compiled,
    error: &ValidationError<'_>,
    value: &JsonValue,
    hidden: Hidden<'_>,
    errors: &mut Vec<FieldError>,
) {
    let at = error.instance_path().as_str().to_owned();
    let within = |name: &str| format!("{at}/{}", pointer_escape(name));
    let mut push = |pointer: String, code: &str, message: String| {
        errors.push(FieldError {
            pointer,
            code: code.to_owned(),
            message,
        });
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            push(within(name), "required", format!("`{name}` is required"));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let given = value.pointer(&at).and_then(JsonValue::as_object);
            let listed = schema
                .json
                .pointer(&at_schema(error))
                .and_then(JsonValue::as_object);
            for name in unexpected {
                let known = listed
                    .into_iter()
                    .flat_map(JsonMap::keys)
                    .map(String::as_str)
                    .filter(|known| !given.is_some_and(|given| given.contains_key(*known)));
                errors.push(unknown(within(name), name, known));
            }
        }
        ValidationErrorKind::Type { kind } => {
            let wanted = wanted(kind).join(" or ");
            let instance = error.instance();
            let found = instance.as_str().and_then(hidden);
            let found = found.unwrap_or_else(|| path::ValueType::of(instance));
            let found = crate::catalogue::Keyword::word(found);
            push(at, "type", format!("must be of type {wanted}, not {found}"));
        }
        ValidationErrorKind::MinProperties { limit } => {
            let listed = schema
                .json
                .pointer(&at_schema(error))
                .and_then(JsonValue::as_object);
            let names: Vec<&str> = listed
                .into_iter()
                .flat_map(JsonMap::keys)
                .map(String::as_str)
                .collect();
            let of = if names.is_empty() {
                "its fields".to_owned()
            } else {
                format!("`{}`", names.join("`, `"))
            };
            let message = format!("at least {limit} of {of} must be given");
            push(at, error.kind().keyword(), message);
        }
        _ => {
            // What is said of a map would show the secret fields in it, too.
            let secret = schema
                .secrets
                .iter()
                .any(|secret| at.starts_with(secret.as_str()) || secret.starts_with(&at));
            let mut message = if secret {
                error.masked().to_string()
            } else {
                error.to_string()
            };
            if let Some((cut, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
                message.truncate(cut);
                message.push_str(" ...");
            }
            push(at, error.kind().keyword(), message);
        }
    }
}

/// The pointer of the `properties` beside the keyword that an error is about.
fn at_schema(error: &ValidationError<'_>) -> String {
    let keyword = error.schema_path().as_str();
    let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
    format!("{parent}/properties")
}
