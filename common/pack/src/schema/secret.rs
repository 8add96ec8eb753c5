//! Which fields of a schema are marked secret.
//!
//! Owns the walk that gathers their JSON pointers when a schema is compiled. Where the place of such a
//! field cannot be named (in the items of a list, under names that are not listed, in a schema that
//! refers to itself), all that it may lie in is secret. Bounded; cannot fail.

use attune_types::{JsonValue, pointer_escape};

/// Parts of a schema that are looked at; what is left then is secret if anything is.
const MOST_PARTS: usize = 20_000;

/// JSON pointers of all that is secret.
pub(super) fn find(schema: &JsonValue) -> Vec<String> {
    let mut finder = Finder {
        root: schema,
        found: Vec::new(),
        unknown: Vec::new(),
        following: Vec::new(),
        left: MOST_PARTS,
    };
    finder.look(schema, "");
    let Finder {
        mut found, unknown, ..
    } = finder;
    if !found.is_empty() {
        for at in unknown {
            add(&mut found, &at);
        }
    }
    found
}

fn add(found: &mut Vec<String>, at: &str) {
    if !found.iter().any(|known| known == at) {
        found.push(at.to_owned());
    }
}

struct Finder<'s> {
    root: &'s JsonValue,
    found: Vec<String>,
    /// Places at which it cannot be told.
    unknown: Vec<String>,
    /// References that are being followed.
    following: Vec<&'s str>,
    left: usize,
}

impl<'s> Finder<'s> {
    fn look(&mut self, schema: &'s JsonValue, at: &str) {
        let Some(left) = self.left.checked_sub(1) else {
            return add(&mut self.unknown, at);
        };
        self.left = left;
        if let Some(target) = schema.get("$ref").and_then(JsonValue::as_str) {
            if self.following.contains(&target) {
                return add(&mut self.unknown, at);
            }
            let root = self.root;
            if let Some(there) = target.strip_prefix('#').and_then(|at| root.pointer(at)) {
                self.following.push(target);
                self.look(there, at);
                self.following.pop();
            }
        }
        let marked = |key: &str| schema.get(key).and_then(JsonValue::as_bool) == Some(true);
        if marked("x-secret") || marked("secret") || marked("writeOnly") {
            return add(&mut self.found, at);
        }
        let properties = schema.get("properties").and_then(JsonValue::as_object);
        for (name, field) in properties.into_iter().flatten() {
            self.look(field, &format!("{at}/{}", pointer_escape(name)));
        }
        for word in ["oneOf", "anyOf", "allOf", "if", "then", "else"] {
            for part in parts(schema, word) {
                self.look(part, at);
            }
        }
        let before = self.found.len();
        for word in [
            "items",
            "prefixItems",
            "contains",
            "additionalProperties",
            "patternProperties",
        ] {
            for part in parts(schema, word) {
                self.look(part, at);
            }
        }
        if self.found.len() > before {
            self.found.truncate(before);
            add(&mut self.found, at);
        }
    }
}

/// The schemas that stand under a keyword: one, a list, or by name.
fn parts<'s>(schema: &'s JsonValue, word: &str) -> Vec<&'s JsonValue> {
    match schema.get(word) {
        Some(JsonValue::Array(parts)) => parts.iter().collect(),
        Some(JsonValue::Object(parts)) if word == "patternProperties" => parts.values().collect(),
        Some(part) => vec![part],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_wherever_they_are_marked() {
        let schema = json!({
            "$defs": {"login": {"properties": {"pass/word": {"writeOnly": true}}}},
            "properties": {
                "plain": {"type": "string"},
                "token": {"x-secret": true},
                "users": {"items": {"properties": {"key": {"x-secret": true}, "name": {}}}},
                "login": {"$ref": "#/$defs/login"},
                "either": {"oneOf": [
                    {"properties": {"a": {"x-secret": true}}},
                    {"properties": {"a": {"x-secret": true}, "b": {}}},
                ]},
                "by_name": {"additionalProperties": {"x-secret": true}},
            },
        });
        assert_eq!(
            find(&schema),
            [
                "/token",
                "/users",
                "/login/pass~1word",
                "/either/a",
                "/by_name"
            ]
        );
        assert!(find(&json!({"properties": {"a": {"items": {"type": "string"}}}})).is_empty());
    }

    #[test]
    fn a_schema_that_refers_to_itself_is_followed_once() {
        let tree = |key: &JsonValue| {
            json!({"properties": {
                "left": {"$ref": "#"}, "right": {"$ref": "#"}, "key": key,
            }})
        };
        assert_eq!(
            find(&tree(&json!({"x-secret": true}))),
            [
                "/left/key",
                "/right/key",
                "/key",
                "/left/left",
                "/left/right",
                "/right/left",
                "/right/right",
            ]
        );
        assert!(find(&tree(&json!({}))).is_empty());
        // Each refers twice to the next: too many ways to count.
        let mut defs = json!({"d40": {"properties": {"key": {"x-secret": true}}}});
        for n in 0..40 {
            let next = format!("#/$defs/d{}", n + 1);
            defs[format!("d{n}")] =
                json!({"properties": {"a": {"$ref": next}, "b": {"$ref": next}}});
        }
        let found = find(&json!({"$defs": defs, "$ref": "#/$defs/d0"}));
        assert!(
            found.iter().any(|at| at == "/b"),
            "what was not looked at is secret"
        );
    }
}
