//! Whether what came holds what was expected: maps by their expected members, all else exactly.

use attune_types::{JsonValue, pointer_escape};

/// The longest value in a message.
const LONGEST: usize = 300;

/// The places where `came` differs from `wanted`: JSON pointer, what was expected, what came. A map
/// may have more members than expected, at any depth; lists and scalars are exact, but for the form
/// of numbers: 3 and 3.0 are the same.
pub fn differences(wanted: &JsonValue, came: &JsonValue) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    walk("", wanted, came, &mut found);
    found
}

fn walk(at: &str, wanted: &JsonValue, came: &JsonValue, found: &mut Vec<(String, String, String)>) {
    match (wanted, came) {
        (JsonValue::Object(wanted), JsonValue::Object(map)) => {
            for (name, value) in wanted {
                let at = format!("{at}/{}", pointer_escape(name));
                match map.get(name) {
                    Some(other) => walk(&at, value, other, found),
                    None => {
                        let came = format!("nothing of that name in {}", short(came));
                        found.push((at, short(value), came));
                    }
                }
            }
        }
        _ if same(wanted, came) => {}
        _ => found.push((at.to_owned(), short(wanted), short(came))),
    }
}

fn same(wanted: &JsonValue, came: &JsonValue) -> bool {
    match (wanted, came) {
        (JsonValue::Number(left), JsonValue::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (JsonValue::Array(left), JsonValue::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
        }
        (JsonValue::Object(left), JsonValue::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        _ => wanted == came,
    }
}

/// A value in one line that stays readable.
pub(crate) fn short(value: &JsonValue) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_map_may_hold_more_and_a_list_may_not() {
        let came = json!({"a": {"b": 1, "c": [1, {"d": 2.0, "e": 3}]}, "f": null});
        let fits = json!({"a": {"b": 1.0, "c": [1, {"d": 2, "e": 3}]}});
        assert_eq!(differences(&fits, &came), []);
        let wrong = json!({"a": {"b": 2, "c": [1, {"d": 2}]}, "g": 1});
        let places: Vec<String> = differences(&wrong, &came)
            .into_iter()
            .map(|(at, ..)| at)
            .collect();
        assert_eq!(places, ["/a/b", "/a/c", "/g"]);
    }
}
