//! A value made from a schema, for tasks that nobody mocked.
//!
//! Owns what a plain example of each type is. Never looks at the input; the same schema gives the
//! same value. What a schema demands beyond types, defaults, choices and bounds (a pattern, say) may
//! be missed: the walk then says that the value does not fit.

use attune_pack::Schema;
use attune_types::{JsonMap, JsonValue};
use serde_json::json;

/// How deep nested schemas are followed.
const DEPTH: usize = 16;

/// A value that the schema takes, as far as that can be told.
pub fn sample(schema: &Schema) -> JsonValue {
    value(schema.json_schema(), schema.json_schema(), "value", 0)
}

fn value(root: &JsonValue, schema: &JsonValue, name: &str, depth: usize) -> JsonValue {
    if depth > DEPTH {
        return JsonValue::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(JsonValue::as_str) {
        let found = target.strip_prefix('#').and_then(|at| root.pointer(at));
        return found.map_or(JsonValue::Null, |found| value(root, found, name, depth + 1));
    }
    for given in ["default", "const"] {
        if let Some(given) = schema.get(given) {
            return given.clone();
        }
    }
    for choice in ["enum", "examples"] {
        if let Some(first) = schema.get(choice).and_then(|list| list.get(0)) {
            return first.clone();
        }
    }
    for either in ["oneOf", "anyOf"] {
        if let Some(first) = schema.get(either).and_then(|list| list.get(0)) {
            return value(root, first, name, depth + 1);
        }
    }
    match kind(schema) {
        Some("string") => text(schema, name).into(),
        Some("integer" | "number") => number(schema),
        Some("boolean") => true.into(),
        Some("array") => list(root, schema, name, depth),
        Some("object") => object(root, schema, depth),
        _ => JsonValue::Null,
    }
}

fn kind(schema: &JsonValue) -> Option<&str> {
    match schema.get("type") {
        Some(JsonValue::String(one)) => Some(one),
        Some(JsonValue::Array(many)) => many
            .iter()
            .filter_map(JsonValue::as_str)
            .find(|kind| *kind != "null"),
        _ if schema.get("properties").is_some() => Some("object"),
        _ => None,
    }
}

fn text(schema: &JsonValue, name: &str) -> String {
    let plain = match schema.get("format").and_then(JsonValue::as_str) {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("uuid") => "019b0000-0000-7000-8000-000000000000",
        Some("uri" | "url") => "http://example.invalid/",
        Some("email") => "somebody@example.invalid",
        Some("ipv4") => "192.0.2.1",
        _ => name,
    };
    let bound = |key: &str| schema.get(key).and_then(JsonValue::as_u64);
    let mut text = plain.to_owned();
    while bound("minLength").is_some_and(|least| (text.len() as u64) < least.min(10_000)) {
        text.push('x');
    }
    if let Some(most) = bound("maxLength") {
        text = text.chars().take(most as usize).collect();
    }
    text
}

fn number(schema: &JsonValue) -> JsonValue {
    let bound = |key: &str| schema.get(key).filter(|value| value.is_number()).cloned();
    let above = |value: &JsonValue| match (value.as_i64(), value.as_f64()) {
        (Some(whole), _) => json!(whole.saturating_add(1)),
        (None, Some(real)) => json!(real + 1.0),
        _ => json!(1),
    };
    bound("minimum")
        .or_else(|| bound("exclusiveMinimum").map(|least| above(&least)))
        .or_else(|| bound("maximum").filter(|most| most.as_f64().is_some_and(|most| most < 1.0)))
        .unwrap_or_else(|| json!(1))
}

fn list(root: &JsonValue, schema: &JsonValue, name: &str, depth: usize) -> JsonValue {
    let least = schema.get("minItems").and_then(JsonValue::as_u64);
    let count = least.unwrap_or(0).min(100);
    let items = schema.get("items").unwrap_or(&JsonValue::Null);
    (0..count)
        .map(|_| value(root, items, name, depth + 1))
        .collect()
}

fn object(root: &JsonValue, schema: &JsonValue, depth: usize) -> JsonValue {
    let fields = schema.get("properties").and_then(JsonValue::as_object);
    fields
        .into_iter()
        .flatten()
        .map(|(name, field)| (name.clone(), value(root, field, name, depth + 1)))
        .collect::<JsonMap>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_each_type_fits_its_schema() {
        let schema = Schema::from_json(json!({
            "image": {"type": "string", "min_length": 8},
            "at": {"type": "string", "format": "date-time"},
            "count": {"type": "integer", "minimum": 3},
            "share": {"type": "number", "maximum": 0.5},
            "level": {"type": "string", "enum": ["low", "high"]},
            "done": {"type": "boolean", "required": true},
            "names": {"type": "array", "items": {"type": "string"}},
            "deep": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}},
            "either": {"type": ["null", "integer"]},
        }))
        .unwrap();
        let made = sample(&schema);
        assert_eq!(schema.validate_open(&made).unwrap(), made);
        assert_eq!(made["image"], "imagexxx");
        assert_eq!(made["level"], "low");
        assert_eq!(made["count"], 3);
    }

    #[test]
    fn a_schema_that_says_nothing_gives_nothing() {
        assert_eq!(
            sample(&Schema::from_json(json!({"x": {}})).unwrap())["x"],
            json!(null)
        );
    }
}
