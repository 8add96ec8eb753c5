//! Misspelt keys that are read as what they mean.
//!
//! Owns for which keys that is done: those that other parts of a definition hang on. A way on that is
//! lost to a slip would otherwise be told again as a task that nothing leads to, a lost input as one
//! that is missing. The value must look like one of the key, so that no second error comes of it. Used
//! by the readers beside it; the slip itself stays an error.

use attune_pack::yaml::{Node, NodeKind};

/// Keys of the top level.
pub(super) const WORKFLOW: &[&str] = &[
    "ref",
    "label",
    "description",
    "version",
    "tags",
    "parameters",
    "output",
    "vars",
    "tasks",
    "output_map",
    "timeout",
    "retry",
    "on_failure",
    "cancellation_policy",
    "concurrency",
    "labels",
    "trace_tag",
    "ui",
];

/// Keys of a task.
pub(super) const TASK: &[&str] = &[
    "name",
    "type",
    "tasks",
    "fail_fast",
    "action",
    "input",
    "when",
    "with_items",
    "concurrency",
    "batch_size",
    "retry",
    "timeout",
    "delay",
    "join",
    "publish",
    "on_success",
    "on_failure",
    "on_timeout",
    "on_complete",
    "decision",
    "next",
    "compensate",
    "idempotent",
    "pool",
    "worker_selector",
    "trace_tag",
    "description",
    "ui",
];

/// Keys of an item of `next`.
pub(super) const TRANSITION: &[&str] = &["when", "publish", "do"];

/// Keys of a branch of `decision`.
pub(super) const BRANCH: &[&str] = &["when", "next", "default"];

/// Of the top level.
pub(super) fn in_workflow(key: &str, value: &Node) -> bool {
    match key {
        "parameters" | "output" => is_map(value),
        "vars" | "output_map" => is_entries(value),
        "tasks" => is_tasks(value),
        _ => false,
    }
}

/// Of a task.
pub(super) fn in_task(key: &str, value: &Node) -> bool {
    match key {
        "name" | "action" => value.as_str().is_some(),
        "tasks" => is_tasks(value),
        "input" => is_map(value),
        "when" => is_condition(value),
        "with_items" => match &value.kind {
            NodeKind::Map(_) => value.get("items").is_some(),
            NodeKind::Str(text) => text.contains("{{"),
            kind => matches!(kind, NodeKind::Seq(_) | NodeKind::Int(_)),
        },
        "join" => match &value.kind {
            NodeKind::Str(text) => matches!(text.as_str(), "all" | "any"),
            kind => matches!(kind, NodeKind::Int(_)),
        },
        "publish" => is_entries(value),
        "next" => is_map(value) || is_maps(value),
        "decision" => is_maps(value),
        "compensate" => is_map(value) || value.as_str().is_some(),
        "on_success" | "on_failure" | "on_timeout" | "on_complete" => is_names(value),
        _ => false,
    }
}

/// Of an item of `next`.
pub(super) fn in_transition(key: &str, value: &Node) -> bool {
    match key {
        "when" => is_condition(value),
        "publish" => is_entries(value),
        "do" => is_names(value),
        _ => false,
    }
}

/// Of a branch of `decision`.
pub(super) fn in_branch(key: &str, value: &Node) -> bool {
    match key {
        "when" => is_condition(value),
        "default" => is_names(value) || value.as_bool().is_some(),
        "next" => is_names(value),
        _ => false,
    }
}

fn is_map(value: &Node) -> bool {
    value.as_map().is_some()
}

fn is_maps(value: &Node) -> bool {
    value.as_seq().is_some_and(|items| items.iter().all(is_map))
}

fn is_entries(value: &Node) -> bool {
    is_map(value) || is_maps(value)
}

fn is_condition(value: &Node) -> bool {
    value.as_str().is_some() || value.as_bool().is_some()
}

fn is_names(value: &Node) -> bool {
    let is_name = |node: &Node| node.as_str().is_some();
    is_name(value)
        || value
            .as_seq()
            .is_some_and(|items| items.iter().all(is_name))
}

/// Some of them call an action, as tasks of this language do.
fn is_tasks(value: &Node) -> bool {
    let calls = |task: &Node| task.get("action").is_some();
    match &value.kind {
        NodeKind::Seq(items) => items.iter().all(is_map) && items.iter().any(calls),
        NodeKind::Map(entries) => {
            let tasks = || entries.iter().map(|(_, task)| task);
            tasks().all(is_map) && tasks().any(calls)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::{Form, parse};

    /// A key that is missing here would be taken for a slip of another.
    #[test]
    fn all_keys_are_known() {
        let known = |text: &str| -> Vec<Vec<String>> {
            let found = match parse("a.yaml", text, Form::Inline) {
                Ok(parsed) => parsed.sink.into_diagnostics(),
                Err(found) => found,
            };
            let keys = found.0.iter().filter_map(|one| {
                let keys = one.help.as_ref()?.strip_prefix("known keys: ")?;
                Some(keys.split(", ").map(str::to_owned).collect())
            });
            keys.collect()
        };
        let sorted = |keys: &[&[&str]]| {
            let mut keys: Vec<String> = keys.concat().iter().map(ToString::to_string).collect();
            keys.sort();
            keys
        };
        let text = "
qqqqqqqqqqqqqqq: 1
tasks:
  - name: a
    action: core.noop
    qqqqqqqqqqqqqqq: 1
    next: [{qqqqqqqqqqqqqqq: 1}]
  - name: b
    qqqqqqqqqqqqqqq: 1
    tasks: []
    decision: [{qqqqqqqqqqqqqqq: 1}]
";
        let said = known(text);
        let without = |left_out: &[&str]| -> Vec<&str> {
            let kept = super::TASK.iter().filter(|key| !left_out.contains(key));
            kept.copied().collect()
        };
        let expected = [
            sorted(&[super::TRANSITION]),
            sorted(&[&without(&["fail_fast", "tasks"])]),
            sorted(&[super::BRANCH]),
            sorted(&[super::TASK]),
            sorted(&[super::WORKFLOW]),
        ];
        assert_eq!(said, expected);
    }
}
