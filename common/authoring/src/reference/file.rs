//! The page of a kind of file: a table of keys for the file and one for each part.
//!
//! What a key takes and means comes from the schemas alone, so that page and editor never differ.

use super::NOTE;
use crate::schema::{Kind, schema};
use attune_types::{JsonMap, JsonValue};

/// The page of a kind of file.
pub(super) fn page(kind: Kind) -> String {
    let schema = schema(kind);
    let title = capital(kind.word());
    let mut out = format!("# {title} files: `{}`\n\n", kind.files());
    out.push_str(&format!("{NOTE}\n\n"));
    if let Some(text) = schema["description"].as_str() {
        out.push_str(&format!("{text}\n\n"));
    }
    table(&schema, &mut out);
    let mut parts: Vec<String> = Vec::new();
    mentioned(&without_definitions(&schema), &schema, &mut parts);
    // Looked up, not read through: it comes last.
    parts.sort_by_key(|part| part == "Field");
    for part in &parts {
        let inner = &schema["definitions"][part.as_str()];
        out.push_str(&format!("\n## {part}\n\n"));
        if let Some(text) = inner["description"].as_str() {
            out.push_str(&format!("{text}\n\n"));
        }
        table(inner, &mut out);
    }
    out
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn without_definitions(schema: &JsonValue) -> JsonValue {
    let mut root = schema.clone();
    if let JsonValue::Object(map) = &mut root {
        map.remove("definitions");
    }
    root
}

/// The parts in the order in which a reader comes by them.
fn mentioned(value: &JsonValue, schema: &JsonValue, parts: &mut Vec<String>) {
    match value {
        JsonValue::Object(map) => {
            if let Some(name) = part(map)
                && !parts.iter().any(|known| known == name)
            {
                parts.push(name.to_owned());
                mentioned(&schema["definitions"][name], schema, parts);
            }
            map.values()
                .for_each(|inner| mentioned(inner, schema, parts));
        }
        JsonValue::Array(items) => items
            .iter()
            .for_each(|inner| mentioned(inner, schema, parts)),
        _ => {}
    }
}

/// The part that a schema refers to.
fn part(map: &JsonMap) -> Option<&str> {
    map.get("$ref")?.as_str()?.strip_prefix("#/definitions/")
}

fn table(schema: &JsonValue, out: &mut String) {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(JsonValue::as_str)
        .collect();
    out.push_str("| key | takes | meaning |\n|---|---|---|\n");
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let needed = if required.contains(&key.as_str()) {
            " (required)"
        } else {
            ""
        };
        let meaning = value["description"].as_str().unwrap_or_default();
        out.push_str(&format!(
            "| `{key}`{needed} | {} | {} |\n",
            form(value).replace('|', "\\|"),
            meaning.replace('|', "\\|")
        ));
    }
}

/// What a value may be, in words.
fn form(value: &JsonValue) -> String {
    let JsonValue::Object(map) = value else {
        return "any value".to_owned();
    };
    if let Some(name) = part(map) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if map.contains_key("if") {
        return "[fields](#field), or a JSON Schema".to_owned();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(JsonValue::Array(forms)) = map.get(key) {
            let mut words: Vec<String> = Vec::new();
            for one in forms.iter().map(form) {
                if !words.contains(&one) {
                    words.push(one);
                }
            }
            return words.join(", or ");
        }
    }
    if let Some(word) = map.get("const") {
        return code(word);
    }
    if let Some(JsonValue::Array(words)) = map.get("enum") {
        let words: Vec<String> = words.iter().map(code).collect();
        return words.join(", ");
    }
    match map.get("type") {
        Some(JsonValue::String(word)) => typed(word, map),
        Some(words) if *words == serde_json::json!(["string", "boolean"]) => {
            "expression".to_owned()
        }
        Some(JsonValue::Array(words)) => {
            let words: Vec<String> = words
                .iter()
                .filter_map(JsonValue::as_str)
                .map(|word| typed(word, map))
                .collect();
            words.join(" or ")
        }
        _ => "any value".to_owned(),
    }
}

fn code(value: &JsonValue) -> String {
    match value {
        JsonValue::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

fn typed(word: &str, map: &JsonMap) -> String {
    match word {
        "string" => text(map),
        "integer" => match map.get("minimum").and_then(JsonValue::as_u64) {
            Some(least) if least > 0 => format!("whole number from {least}"),
            _ => "whole number".to_owned(),
        },
        "number" => "number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "null" => "nothing".to_owned(),
        "array" => match map.get("items") {
            Some(items) if *items != JsonValue::Bool(true) => format!("list of {}", form(items)),
            _ => "list".to_owned(),
        },
        _ => match map.get("additionalProperties") {
            Some(inner @ JsonValue::Object(_)) => format!("map of name to {}", form(inner)),
            _ => "map".to_owned(),
        },
    }
}

/// Text, by the pattern that says which.
fn text(map: &JsonMap) -> String {
    let pattern = map
        .get("pattern")
        .and_then(JsonValue::as_str)
        .unwrap_or_default();
    let said = match pattern {
        "" => "text",
        "^[A-Za-z_][A-Za-z0-9_-]*$" => "name",
        "^[ 0-9.a-zµ]+$" => "text such as `1h30m`",
        pattern if pattern.starts_with("\\{") => "template",
        pattern if pattern.contains("%") => "text such as `20%`",
        pattern if pattern.contains("\\.[0-9]") => "text such as `1.0.0`",
        pattern if pattern.contains("\\.[A-Za-z") => "`pack.name`",
        _ => "text",
    };
    said.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_every_key_and_every_part() {
        let page = page(Kind::Workflow);
        for said in [
            "| `ref` (required) | `pack.name` |",
            "## Task",
            "## Retry",
            "[Task](#task)",
            "`all`, `any`",
        ] {
            assert!(page.contains(said), "{said}\n{page}");
        }
        assert!(!page.contains("any value, or"), "{page}");
    }
}
