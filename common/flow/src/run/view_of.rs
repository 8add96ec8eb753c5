//! What a template, an API client and a result field see of an execution: one definition of each.
//!
//! Pure projections of the state; called by the scope, the rows and the end of the run.

use super::state::execution::{Execution, Parts};
use super::{ProcessInfo, RunState};
use attune_types::{ErrorInfo, ExecutionStatus, JsonMap, JsonValue};
use serde_json::json;

/// A result as people see it: the action's data and, where a process ran, what is known of it, with
/// the fields of the data reachable directly. The data's own fields win.
pub(super) fn result_of_process(data: &JsonValue, process: Option<&ProcessInfo>) -> JsonValue {
    let Some(process) = process else {
        return data.clone();
    };
    let mut map = JsonMap::new();
    map.insert("exit_code".to_owned(), json!(process.exit_code));
    map.insert("stdout".to_owned(), json!(process.stdout));
    map.insert("stderr".to_owned(), json!(process.stderr));
    map.insert("duration_ms".to_owned(), json!(process.duration_ms));
    map.insert("data".to_owned(), data.clone());
    if let JsonValue::Object(fields) = data {
        map.extend(fields.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
    JsonValue::Object(map)
}

/// An error as templates see it.
pub(super) fn error_value(error: &ErrorInfo) -> JsonValue {
    json!({
        "code": error.code,
        "message": error.message,
        "exit_code": error.exit_code,
        "details": error.details,
        "attempt": error.attempt,
        "task": error.task,
    })
}

impl RunState {
    /// The result of an execution: its own, or put together from its parts.
    pub fn result_of(&self, execution: &Execution) -> JsonValue {
        match &execution.parts {
            Parts::None => result_of_process(&execution.result, execution.process.as_deref()),
            Parts::Items { .. } => JsonValue::Array(self.item_results(execution)),
            Parts::Branches { begun, .. } => begun
                .all()
                .into_iter()
                .filter_map(|id| self.execution(id))
                .map(|branch| (branch.name.to_string(), self.result_of(branch)))
                .collect::<JsonMap>()
                .into(),
        }
    }

    /// The executions of an iteration's items, by index; none for an item that never began.
    fn items_of(&self, execution: &Execution) -> Vec<Option<&Execution>> {
        match &execution.parts {
            Parts::Items { items, .. } => (0u32..)
                .take(items.len())
                .map(|index| self.execution(Self::item_id(execution.id, index)))
                .collect(),
            Parts::None | Parts::Branches { .. } => Vec::new(),
        }
    }

    fn item_results(&self, execution: &Execution) -> Vec<JsonValue> {
        self.items_of(execution)
            .into_iter()
            .map(|item| item.map_or(JsonValue::Null, |item| self.result_of(item)))
            .collect()
    }

    /// What `task.<name>` shows, all activations aside.
    pub(super) fn task_view<'a>(
        &'a self,
        execution: &'a Execution,
    ) -> std::borrow::Cow<'a, JsonValue> {
        use std::borrow::Cow;
        if execution.is_ended() {
            Cow::Borrowed(execution.view.get_or_make(|| self.make_view(execution)))
        } else {
            Cow::Owned(self.make_view(execution))
        }
    }

    fn make_view(&self, execution: &Execution) -> JsonValue {
        let mut view = JsonMap::new();
        let mut put = |name: &str, value: JsonValue| {
            view.insert(name.to_owned(), value);
        };
        let result = if execution.is_ended() {
            self.result_of(execution)
        } else {
            JsonValue::Null
        };
        put("status", json!(execution.status()));
        put(
            "error",
            execution
                .error
                .as_deref()
                .map_or(JsonValue::Null, error_value),
        );
        put("started_at", json!(execution.started_at));
        put("ended_at", json!(execution.ended_at));
        put("attempts", json!(execution.attempts));
        put("activation", json!(execution.activation));
        if let Parts::Items {
            items,
            total,
            batched,
            ..
        } = &execution.parts
        {
            let failed = self.failed_items(execution, items, *batched);
            let succeeded = self.succeeded_items(execution, items, *batched);
            put("results", result.clone());
            put("failed_items", JsonValue::Array(failed));
            put("total_count", json!(total));
            put("succeeded_count", json!(succeeded));
        }
        put("result", result);
        JsonValue::Object(view)
    }

    /// The items whose executions failed, in order; those of a batch one by one. One that was stopped
    /// because of another has not failed.
    pub(super) fn failed_items(
        &self,
        execution: &Execution,
        items: &[JsonValue],
        batched: bool,
    ) -> Vec<JsonValue> {
        let mut failed = Vec::new();
        for (item, run) in items.iter().zip(self.items_of(execution)) {
            let bad = run.is_some_and(|run| {
                matches!(
                    run.status(),
                    ExecutionStatus::Failed
                        | ExecutionStatus::TimedOut
                        | ExecutionStatus::Abandoned
                )
            });
            match item {
                JsonValue::Array(batch) if bad && batched => failed.extend(batch.iter().cloned()),
                item if bad => failed.push(item.clone()),
                _ => {}
            }
        }
        failed
    }

    fn succeeded_items(&self, execution: &Execution, items: &[JsonValue], batched: bool) -> usize {
        items
            .iter()
            .zip(self.items_of(execution))
            .filter(|(_, run)| run.is_some_and(|run| run.status() == ExecutionStatus::Succeeded))
            .map(|(item, _)| match item {
                JsonValue::Array(batch) if batched => batch.len(),
                _ => 1,
            })
            .sum()
    }
}
