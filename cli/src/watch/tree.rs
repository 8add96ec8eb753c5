//! A run and its tasks as a tree of lines.
//!
//! Owns the drawing. Pure: the time is an argument.

use crate::output::{Paint, failure, status, took};
use attune_rest::{ExecutionDetail, ExecutionView};
use attune_types::{ExecutionId, ExecutionStatus, Timestamp};
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;

/// Longest piece of an error in a line.
const LONGEST_ERROR: usize = 120;

/// A run with its tasks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tree {
    /// The run.
    pub(crate) run: ExecutionDetail,
    /// Its tasks and items.
    pub(crate) tasks: Vec<ExecutionView>,
}

/// One line before it is laid out.
struct Line {
    lead: String,
    name: String,
    status: ExecutionStatus,
    took: Option<Duration>,
    more: String,
}

/// The lines of the tree, names and statuses below each other.
pub(crate) fn render(tree: &Tree, paint: Paint, now: Timestamp) -> Vec<String> {
    let mut below: HashMap<ExecutionId, Vec<&ExecutionView>> = HashMap::new();
    let run = &tree.run.execution;
    for task in tree.tasks.iter().filter(|task| task.id != run.id) {
        below
            .entry(task.parent.unwrap_or(run.id))
            .or_default()
            .push(task);
    }
    let mut lines = vec![line(run, String::new(), now)];
    children(run.id, "", &mut below, &mut lines, now);
    // A task whose parent is not among them is shown all the same.
    let mut rest: Vec<ExecutionId> = below.keys().copied().collect();
    rest.sort();
    for parent in rest {
        children(parent, "", &mut below, &mut lines, now);
    }
    let width = |text: &str| text.chars().count();
    let widest = lines
        .iter()
        .map(|line| width(&line.lead) + width(&line.name))
        .max()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| {
            let fill = " ".repeat(widest - width(&line.lead) - width(&line.name));
            let pad = " ".repeat(12_usize.saturating_sub(line.status.as_str().len()));
            let took = line.took.map(took).unwrap_or_default();
            let text = format!(
                "{} {}{}{fill}  {}{pad}  {took:<8} {}",
                mark(line.status, paint),
                paint.dim(&line.lead),
                line.name,
                status(line.status, paint),
                line.more
            );
            text.trim_end().to_owned()
        })
        .collect()
}

fn children(
    of: ExecutionId,
    lead: &str,
    below: &mut HashMap<ExecutionId, Vec<&ExecutionView>>,
    lines: &mut Vec<Line>,
    now: Timestamp,
) {
    let Some(mut tasks) = below.remove(&of) else {
        return;
    };
    // Those of one moment come in the order in which the run reached them.
    tasks.sort_by_key(|task| task.created_at);
    let last = tasks.len().saturating_sub(1);
    for (number, task) in tasks.into_iter().enumerate() {
        let (own, next) = if number == last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        lines.push(line(task, format!("{lead}{own}"), now));
        children(task.id, &format!("{lead}{next}"), below, lines, now);
    }
}

fn line(execution: &ExecutionView, lead: String, now: Timestamp) -> Line {
    let mut more = Vec::new();
    if execution.attempt > 1 {
        more.push(format!("attempt {}", execution.attempt));
    }
    if let Some(error) = &execution.error {
        let text = failure(error).replace('\n', " ");
        let short: String = text.chars().take(LONGEST_ERROR).collect();
        more.push(if short.len() < text.len() {
            format!("{short}...")
        } else {
            short
        });
    }
    Line {
        lead,
        name: name(execution),
        status: execution.status,
        took: duration(execution, now),
        more: more.join("; "),
    }
}

/// How a person calls it.
pub(crate) fn name(execution: &ExecutionView) -> String {
    let action = execution.action.as_ref().map(ToString::to_string);
    if let Some(undone) = &execution.compensates {
        let item = execution
            .item_index
            .map_or_else(String::new, |index| format!("[{index}]"));
        return format!("undo {undone}{item}");
    }
    match (&execution.task, execution.item_index) {
        (_, Some(index)) if execution.kind == "item" => format!("[{index}]"),
        (Some(task), _) if execution.activation > 1 => format!("{task} #{}", execution.activation),
        (Some(task), _) => task.clone(),
        (None, _) => action.unwrap_or_else(|| execution.kind.clone()),
    }
}

/// How long it took, or has taken so far.
pub(crate) fn duration(execution: &ExecutionView, now: Timestamp) -> Option<Duration> {
    let from = execution.started_at?;
    let to = execution.ended_at.unwrap_or(now);
    Some(Duration::try_from(to.duration_since(from)).unwrap_or_default())
}

fn mark(status: ExecutionStatus, paint: Paint) -> String {
    use ExecutionStatus as S;
    match status {
        S::Succeeded => paint.green("✓"),
        S::Failed | S::TimedOut | S::Abandoned => paint.red("✗"),
        S::Cancelled | S::Compensated => paint.yellow("■"),
        S::Skipped => paint.dim("-"),
        S::Requested | S::Scheduled => paint.dim("·"),
        S::Paused | S::Waiting | S::Retrying => paint.yellow("○"),
        S::Running | S::Canceling | S::Compensating => paint.cyan("●"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A run of two tasks, the second of which iterates.
    pub(in crate::watch) fn example(status: &str) -> Tree {
        let id = |n: u32| format!("00000000-0000-7000-8000-00000000000{n}");
        let at = |second: u32| format!("2026-01-01T00:00:0{second}Z");
        let one = |n: u32, parent: Option<u32>, kind: &str, task: Option<&str>, status: &str| {
            json!({
                "id": id(n), "run": id(1), "parent": parent.map(id), "kind": kind, "task": task,
                "action": "hello.twice", "activation": 1,
                "item_index": (kind == "item").then_some(n), "attempt": 1, "status": status,
                "input": {}, "result": null, "error": null, "created_at": at(n),
                "started_at": at(n), "ended_at": at(n + 1), "labels": {}, "cost_usd": 0.0,
            })
        };
        let mut run = one(1, None, "workflow", None, status);
        run["version"] = json!("1.0.0");
        let mut second = one(3, Some(1), "task", Some("second"), "failed");
        second["error"] = json!({"code": "exit_status", "message": "it ended\nwith 1"});
        second["attempt"] = json!(2);
        let tasks = [
            one(2, Some(1), "task", Some("first"), "succeeded"),
            second,
            one(4, Some(3), "item", Some("second"), "failed"),
        ];
        Tree {
            run: serde_json::from_value(run).unwrap(),
            tasks: tasks
                .into_iter()
                .map(|task| serde_json::from_value(task).unwrap())
                .collect(),
        }
    }

    #[test]
    fn tasks_stand_below_their_parents() {
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let lines = render(&example("failed"), Paint::new(false), now);
        assert_eq!(
            lines,
            [
                "✗ hello.twice  failed        1.0 s",
                "✓ ├─ first     succeeded     1.0 s",
                "✗ └─ second    failed        1.0 s    attempt 2; exit_status: it ended with 1",
                "✗    └─ [4]    failed        1.0 s",
            ]
        );
    }

    #[test]
    fn a_task_without_its_parent_is_shown() {
        let mut tree = example("running");
        tree.tasks.remove(1);
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let lines = render(&tree, Paint::new(false), now);
        assert_eq!(lines.len(), 3);
        assert!(lines[2].contains("[4]"), "{lines:?}");
    }
}
