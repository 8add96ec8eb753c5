//! What templates see, made in full each time.

use super::Naive;
use super::act::{Act, At, Kind};
use attune_flow::run::ProcessInfo;
use attune_template::{Ambient, MapScope, Root};
use attune_types::{ErrorInfo, ExecutionStatus, JsonMap, JsonValue};
use serde_json::json;

impl Naive {
    /// For the templates of an activation, or of the run.
    pub(super) fn scope(&self, of: Option<usize>, error: Option<JsonValue>) -> MapScope {
        let ambient = Ambient {
            now: self.now,
            entropy: self.entropy,
        };
        let mut tasks = JsonMap::new();
        for (number, task) in self.program.tasks.iter().enumerate() {
            let all: Vec<usize> = (0..self.acts.len())
                .filter(|n| self.acts[*n].task == number && self.acts[*n].item.is_none())
                .collect();
            if let Some(latest) = all.last() {
                let mut view = self.view(*latest);
                let each: Vec<JsonValue> = all.iter().map(|n| self.view(*n).into()).collect();
                view.insert("activations".to_owned(), each.into());
                tasks.insert(task.name.clone(), view.into());
            }
        }
        let vars: JsonMap = self.vars.clone().into_iter().collect();
        // The attempt under way, the last one, or the one that is about to be made.
        let attempt = of.map_or(1, |n| match self.acts[n].at {
            At::Open(_) | At::Gathering | At::Ended(_) => self.acts[n].attempts.max(1),
            _ => self.acts[n].attempts + 1,
        });
        let mut scope = MapScope::new(ambient)
            .with(Root::Task, tasks)
            .with(Root::Vars, vars)
            .with(Root::Parameters, self.parameters.clone())
            .with_member(Root::System, "attempt", json!(attempt))
            .with_member(Root::System, "timestamp", json!(self.began_at));
        let mut inner = of;
        let mut named = false;
        while let Some(n) = inner {
            let act = &self.acts[n];
            if let (Some(index), Some(parent), false) = (act.item, act.parent, named)
                && let Some(plan) = &self.acts[parent].plan
            {
                named = true;
                let item = plan.items[index as usize].clone();
                scope = scope
                    .with_member(Root::Local, "item", item.clone())
                    .with_member(Root::Local, "index", json!(index));
                if let Some(items) = &self.program.tasks[act.task].items {
                    scope = scope.with_member(Root::Local, &items.name, item);
                }
            }
            inner = act.parent;
        }
        match error {
            Some(error) => scope.with_member(Root::Local, "error", error),
            None => scope,
        }
    }

    /// For what follows from the end of an activation.
    pub(super) fn scope_after(&self, n: usize, error: Option<JsonValue>) -> MapScope {
        let status = self.acts[n].ended_as().unwrap_or(ExecutionStatus::Running);
        self.scope(Some(n), error.clone())
            .with_outcome(status, self.result_of(n), error)
    }

    pub(super) fn result_of(&self, n: usize) -> JsonValue {
        let act = &self.acts[n];
        if let Some(plan) = &act.plan {
            let mut results = vec![JsonValue::Null; plan.items.len()];
            for part in self.parts_of(n) {
                results[self.acts[part].item.unwrap_or(0) as usize] = self.result_of(part);
            }
            return results.into();
        }
        if act.branches.is_some() {
            let mut results = JsonMap::new();
            for part in self.parts_of(n) {
                let name = self.program.tasks[self.acts[part].task].name.clone();
                results.insert(name, self.result_of(part));
            }
            return results.into();
        }
        act.result.clone()
    }

    fn view(&self, n: usize) -> JsonMap {
        let act = &self.acts[n];
        let result = if act.is_ended() {
            self.result_of(n)
        } else {
            JsonValue::Null
        };
        let mut view = JsonMap::new();
        let mut put = |name: &str, value: JsonValue| view.insert(name.to_owned(), value);
        put("status", json!(status(act)));
        put(
            "error",
            act.error.as_ref().map_or(JsonValue::Null, error_value),
        );
        put("attempts", json!(act.attempts));
        put("activation", json!(act.activation));
        if let Some(plan) = &act.plan {
            let mut failed: Vec<JsonValue> = Vec::new();
            let mut succeeded = 0;
            for part in self.parts_of(n) {
                let item = &plan.items[self.acts[part].item.unwrap_or(0) as usize];
                match self.acts[part].ended_as() {
                    Some(ExecutionStatus::Succeeded) => succeeded += self.items_in(n, part),
                    Some(ExecutionStatus::Cancelled) | None => {}
                    Some(_) => match item {
                        JsonValue::Array(batch) if plan.batched => failed.extend(batch.clone()),
                        item => failed.push(item.clone()),
                    },
                }
            }
            put("results", result.clone());
            put("failed_items", failed.into());
            put("total_count", json!(plan.total));
            put("succeeded_count", json!(succeeded));
        }
        put("result", result);
        view
    }
}

/// Where something stands, in the words of the language.
pub(super) fn status(act: &Act) -> ExecutionStatus {
    match &act.at {
        At::Ready => ExecutionStatus::Requested,
        At::Delayed(_) => ExecutionStatus::Waiting,
        At::Retrying(_) => ExecutionStatus::Retrying,
        At::Gathering => ExecutionStatus::Running,
        At::Ended(status) => *status,
        At::Open(open) => match (open.stopping, open.kind, open.since) {
            (Some(_), ..) => ExecutionStatus::Canceling,
            (None, Kind::Worker, None) => ExecutionStatus::Scheduled,
            (None, Kind::Timer { .. }, _) => ExecutionStatus::Waiting,
            _ => ExecutionStatus::Running,
        },
    }
}

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

/// The data of a process with what is known of it beside; the data's own fields win.
pub(super) fn with_process(data: &JsonValue, process: Option<&ProcessInfo>) -> JsonValue {
    let Some(process) = process else {
        return data.clone();
    };
    let mut map = JsonMap::new();
    map.insert("exit_code".to_owned(), json!(process.exit_code));
    map.insert("stdout".to_owned(), json!(process.stdout));
    map.insert("stderr".to_owned(), json!(process.stderr));
    map.insert("duration_ms".to_owned(), json!(process.duration_ms));
    map.insert("data".to_owned(), data.clone());
    for (name, value) in data.as_object().into_iter().flatten() {
        map.insert(name.clone(), value.clone());
    }
    map.into()
}
