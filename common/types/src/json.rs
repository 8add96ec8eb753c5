//! Small JSON helpers that more than one crate needs.

/// Any JSON value.
pub type JsonValue = serde_json::Value;
/// A JSON object; keeps the order of its keys.
pub type JsonMap = serde_json::Map<String, JsonValue>;

/// A NUL character, which PostgreSQL's `text` and `jsonb` cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value at `{pointer}` contains a NUL character, which cannot be stored")]
pub struct NulByte {
    /// JSON pointer to the string (or to the key's object) that holds it.
    pub pointer: String,
}

/// A text of the value that does not depend on the order of keys: the input of content hashes.
pub fn canonical_json(value: &JsonValue) -> String {
    fn write(value: &JsonValue, out: &mut String) {
        match value {
            JsonValue::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort_unstable();
                out.push('{');
                for (n, key) in keys.into_iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    out.push_str(&JsonValue::from(key.as_str()).to_string());
                    out.push(':');
                    write(&map[key], out);
                }
                out.push('}');
            }
            JsonValue::Array(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            scalar => out.push_str(&scalar.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// One step of a JSON pointer, escaped by RFC 6901.
pub fn pointer_escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// Where the first NUL character stands, if there is one.
pub fn find_nul(value: &JsonValue) -> Option<NulByte> {
    fn find(value: &JsonValue, path: &mut String) -> bool {
        match value {
            JsonValue::String(text) => text.contains('\0'),
            JsonValue::Array(items) => items.iter().enumerate().any(|(n, item)| {
                let len = path.len();
                path.push('/');
                path.push_str(&n.to_string());
                find(item, path) || {
                    path.truncate(len);
                    false
                }
            }),
            JsonValue::Object(map) => map.iter().any(|(key, item)| {
                if key.contains('\0') {
                    return true;
                }
                let len = path.len();
                path.push('/');
                path.push_str(&pointer_escape(key));
                find(item, path) || {
                    path.truncate(len);
                    false
                }
            }),
            _ => false,
        }
    }
    let mut pointer = String::new();
    find(value, &mut pointer).then_some(NulByte { pointer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_text_does_not_depend_on_key_order() {
        let a = json!({"b": [1, {"d": 2, "c": null}], "a": "x"});
        let b = json!({"a": "x", "b": [1, {"c": null, "d": 2}]});
        assert_eq!(canonical_json(&a), canonical_json(&b));
        assert_eq!(canonical_json(&a), r#"{"a":"x","b":[1,{"c":null,"d":2}]}"#);
    }

    #[test]
    fn finds_nul_with_its_place() {
        assert_eq!(find_nul(&json!({"a": "fine"})), None);
        assert_eq!(
            find_nul(&json!({"a": [1, {"b/c": "x\0"}]})).map(|found| found.pointer),
            Some("/a/1/b~1c".to_owned())
        );
    }
}
