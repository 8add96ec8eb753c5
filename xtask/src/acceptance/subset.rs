//! Whether what came contains what was expected: maps by their expected members, everything else exactly.
//!
//! Owns the comparison and its wording. Pure. Called by the judges of acceptance cases and of the demo.

use serde_json::Value;

/// How a map's members are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Members {
    /// Where they stand.
    Plain,
    /// Also in `data`, as a process action's result offers its parsed output.
    OrInData,
}

/// The places where `actual` differs from `expected`, each as a sentence; none when it holds.
pub(crate) fn differences(
    at: &str,
    expected: &Value,
    actual: &Value,
    members: Members,
) -> Vec<String> {
    let mut found = Vec::new();
    walk(at, expected, actual, members, &mut found);
    found
}

fn walk(at: &str, expected: &Value, actual: &Value, members: Members, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(_)) => {
            for (name, value) in expected {
                match member(actual, name, members) {
                    Some(other) => walk(&format!("{at}.{name}"), value, other, members, found),
                    None => found.push(format!(
                        "{at}.{name}: expected {value}, but it is not there in {}",
                        short(actual)
                    )),
                }
            }
        }
        _ if same(expected, actual) => {}
        _ => found.push(format!("{at}: expected {expected}, was {}", short(actual))),
    }
}

fn member<'a>(map: &'a Value, name: &str, members: Members) -> Option<&'a Value> {
    map.get(name).or_else(|| match members {
        Members::Plain => None,
        Members::OrInData => map.get("data")?.get(name),
    })
}

/// Exact but for the form of numbers: 3 and 3.0 are the same.
fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        _ => expected == actual,
    }
}

/// A value in one line that stays readable.
pub(crate) fn short(value: &Value) -> String {
    const LONGEST: usize = 300;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(expected: &Value, actual: &Value) -> Vec<String> {
        differences("output", expected, actual, Members::Plain)
    }

    #[test]
    fn a_map_may_have_more_members_at_any_depth() {
        assert!(
            plain(
                &json!({"a": {"b": 1}}),
                &json!({"a": {"b": 1, "c": 2}, "d": 3})
            )
            .is_empty()
        );
    }

    #[test]
    fn lists_and_scalars_are_exact() {
        assert_eq!(
            plain(&json!([1, 2]), &json!([1, 2, 3])),
            ["output: expected [1,2], was [1,2,3]"]
        );
        assert_eq!(
            plain(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}])).len(),
            1
        );
        assert_eq!(plain(&json!("3"), &json!(3)).len(), 1);
        assert_eq!(plain(&json!(null), &json!({})).len(), 1);
    }

    #[test]
    fn the_form_of_a_number_does_not_matter() {
        assert!(plain(&json!({"n": [3, 0.5]}), &json!({"n": [3.0, 0.5]})).is_empty());
    }

    #[test]
    fn every_difference_is_named_with_its_place() {
        let said = plain(&json!({"a": 1, "b": {"c": 2}}), &json!({"a": 9, "b": {}}));
        assert_eq!(
            said,
            [
                "output.a: expected 1, was 9",
                "output.b.c: expected 2, but it is not there in {}"
            ]
        );
    }

    #[test]
    fn a_results_data_is_reached_directly() {
        let result = json!({"exit_code": 0, "data": {"value": 900}});
        assert!(
            differences(
                "r",
                &json!({"value": 900, "exit_code": 0}),
                &result,
                Members::OrInData
            )
            .is_empty()
        );
        assert_eq!(
            differences("r", &json!({"value": 900}), &result, Members::Plain).len(),
            1
        );
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let said = short(&json!("é".repeat(1000)));
        assert!(said.ends_with("..."));
    }
}
