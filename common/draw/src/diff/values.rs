//! The difference of two JSON values, key by key.
//!
//! Owns where a comparison goes into a value and where it takes it as one: maps are gone into, lists
//! and all else are one. The order of keys means nothing.

use super::{Area, Change};
use attune_types::{JsonMap, JsonValue, canonical_json};

/// Whether two values are the same, whatever the order of their keys.
pub(super) fn same(a: &JsonValue, b: &JsonValue) -> bool {
    a == b || canonical_json(a) == canonical_json(b)
}

/// Whether a value says nothing: what a Program leaves out where nothing was given.
fn is_nothing(value: &JsonValue) -> bool {
    value.is_null()
}

/// All that differs at and below a key of a named thing.
pub(super) fn differ(
    area: Area,
    name: &str,
    key: &str,
    from: Option<&JsonValue>,
    to: Option<&JsonValue>,
    changes: &mut Vec<Change>,
) {
    let from = from.filter(|value| !is_nothing(value));
    let to = to.filter(|value| !is_nothing(value));
    match (from, to) {
        (None, None) => {}
        (Some(a), Some(b)) if same(a, b) => {}
        (Some(JsonValue::Object(a)), Some(JsonValue::Object(b))) => {
            maps(area, name, key, a, b, changes);
        }
        (from, to) => changes.push(Change::of(area, name, key, from.cloned(), to.cloned())),
    }
}

/// The keys of the first in its order, then those that only the second has.
pub(super) fn maps(
    area: Area,
    name: &str,
    key: &str,
    from: &JsonMap,
    to: &JsonMap,
    changes: &mut Vec<Change>,
) {
    let new = to.keys().filter(|step| !from.contains_key(*step));
    for step in from.keys().chain(new) {
        let key = join(key, step);
        match (from.get(step), to.get(step)) {
            // In a map that a person wrote, a null is a value.
            (Some(JsonValue::Null), None) | (None, Some(JsonValue::Null)) => {
                let (a, b) = (from.get(step).cloned(), to.get(step).cloned());
                changes.push(Change::of(area, name, &key, a, b));
            }
            (Some(a), Some(b)) if a.is_null() != b.is_null() => {
                changes.push(Change::of(
                    area,
                    name,
                    &key,
                    Some(a.clone()),
                    Some(b.clone()),
                ));
            }
            (a, b) => differ(area, name, &key, a, b, changes),
        }
    }
}

/// One step further into a key.
pub(super) fn join(key: &str, step: &str) -> String {
    if key.is_empty() {
        step.to_owned()
    } else {
        format!("{key}.{step}")
    }
}
