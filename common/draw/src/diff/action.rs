//! The difference of what a task calls: the action itself, or its definition.
//!
//! A Program holds a copy of what it needs of its actions. When a task calls another action, that is
//! said alone. When the action is the same and its copy differs, the action was changed, not the
//! workflow, and that is said.

use super::values::differ as values_differ;
use super::{Area, Change};
use attune_types::{JsonMap, JsonValue};

/// What differs.
pub(super) fn differ(
    task: &str,
    from: Option<&JsonMap>,
    to: Option<&JsonMap>,
    changes: &mut Vec<Change>,
) {
    let (Some(from), Some(to)) = (from, to) else {
        let kind = |call: Option<&JsonMap>| match call {
            Some(call) => call.get("reference").cloned(),
            None => Some(JsonValue::from("parallel")),
        };
        if from.is_some() != to.is_some() {
            changes.push(Change::of(
                Area::Tasks,
                task,
                "action",
                kind(from),
                kind(to),
            ));
        }
        return;
    };
    if from.get("reference") != to.get("reference") {
        let text = |call: &JsonMap| call.get("reference").cloned();
        changes.push(Change::of(
            Area::Tasks,
            task,
            "action",
            text(from),
            text(to),
        ));
        return;
    }
    let start = changes.len();
    let new = to.keys().filter(|key| !from.contains_key(*key));
    for key in from.keys().chain(new) {
        let (a, b) = (from.get(key), to.get(key));
        if key == "performer" {
            performer(task, a, b, changes);
        } else {
            values_differ(Area::Tasks, task, &format!("action.{key}"), a, b, changes);
        }
    }
    let name = to
        .get("reference")
        .and_then(JsonValue::as_str)
        .unwrap_or_default();
    for change in &mut changes[start..] {
        // A pool may be the task's own wish.
        if change.key != "pool" {
            change.note = Some(format!("the definition of `{name}` changed"));
        }
    }
}

/// Who performs it: by keys where it is a worker on both sides.
fn performer(
    task: &str,
    from: Option<&JsonValue>,
    to: Option<&JsonValue>,
    changes: &mut Vec<Change>,
) {
    let worker = |side: Option<&JsonValue>| side.and_then(|side| side.get("worker")).cloned();
    let (Some(a), Some(b)) = (worker(from), worker(to)) else {
        values_differ(Area::Tasks, task, "action.performer", from, to, changes);
        return;
    };
    values_differ(
        Area::Tasks,
        task,
        "pool",
        a.get("pool"),
        b.get("pool"),
        changes,
    );
    let rest = |mut worker: JsonValue| {
        if let Some(map) = worker.as_object_mut() {
            map.remove("pool");
            if let Some(JsonValue::Object(spec)) = map.remove("spec") {
                map.extend(spec);
            }
        }
        worker
    };
    let (a, b) = (rest(a), rest(b));
    values_differ(Area::Tasks, task, "action", Some(&a), Some(&b), changes);
}
