//! What is seen of a run from outside: the run, its tasks and its open inquiries, taken together.
//!
//! Owns how the answers of the API are read. Judges nothing. Called while a case is played and when it is judged.

use anyhow::{Context, Result};
use attune_types::ExecutionStatus;
use serde_json::Value;

use crate::acceptance::case::Condition;
use crate::client::Client;

/// One look at a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    pub(crate) run: Value,
    /// One row for each execution below the run, items included.
    pub(crate) tasks: Vec<Value>,
    pub(crate) inquiries: Vec<Value>,
}

impl Observed {
    /// Looks at a run. The inquiries are read last, so that a task seen waiting has its inquiry in the same look.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub(crate) async fn look(client: &Client, id: &str, inquiries: bool) -> Result<Self> {
        let run = client.get(&format!("/executions/{id}")).await?.ok()?;
        let tasks = client.list(&format!("/executions/{id}/tasks")).await?;
        let inquiries = if inquiries {
            client.list(&format!("/inquiries?execution={id}")).await?
        } else {
            Vec::new()
        };
        Ok(Self {
            run,
            tasks,
            inquiries,
        })
    }

    /// Where the run stands.
    ///
    /// # Errors
    /// When the API names a status that nobody knows.
    pub(crate) fn status(&self) -> Result<ExecutionStatus> {
        self.run["status"]
            .as_str()
            .context("the run has no status")?
            .parse()
            .context("the run's status")
    }

    /// The rows of a task's activations, the oldest first; rows of single items are left out.
    pub(crate) fn activations(&self, task: &str) -> Vec<&Value> {
        let mut rows: Vec<&Value> = self
            .tasks
            .iter()
            .filter(|row| {
                row["task"] == task && row["item_index"].is_null() && row["compensates"].is_null()
            })
            .collect();
        rows.sort_by_key(|row| row["activation"].as_u64());
        rows
    }

    /// The row of a task's latest activation.
    pub(crate) fn latest(&self, task: &str) -> Option<&Value> {
        self.activations(task).pop()
    }

    /// Where a task's latest activation stands.
    pub(crate) fn task_status(&self, task: &str) -> Option<&str> {
        self.latest(task)?["status"].as_str()
    }

    /// Whether a condition of a step holds.
    pub(crate) fn holds(&self, condition: &Condition) -> bool {
        let stands = match &condition.task {
            Some(task) => self.task_status(task),
            None => self.run["status"].as_str(),
        };
        stands == Some(condition.status.as_str())
    }

    /// The open inquiry that a task waits for.
    pub(crate) fn open_inquiry(&self, task: &str) -> Option<&str> {
        let open = |row: &&Value| {
            row["task"] == task && matches!(row["status"].as_str(), Some("open" | "pending"))
        };
        self.inquiries.iter().rev().find(open)?["id"].as_str()
    }

    /// The row of the action that undid a task: of several the first, since the latest activation is
    /// undone first; one that failed only if none succeeded.
    pub(crate) fn compensation(&self, task: &str) -> Option<&Value> {
        let undoes = |row: &&Value| row["compensates"] == task;
        let mut rows = self.tasks.iter().filter(undoes);
        rows.find(|row| row["status"] == "succeeded")
            .or_else(|| self.tasks.iter().find(undoes))
    }

    /// The tasks and where they stand, for messages.
    pub(crate) fn summary(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for name in self.tasks.iter().filter_map(|row| row["task"].as_str()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let stands: Vec<String> = names
            .iter()
            .filter_map(|name| Some(format!("{name} {}", self.task_status(name)?)))
            .collect();
        let run = self.run["status"].as_str().unwrap_or("unknown");
        if stands.is_empty() {
            format!("the run is {run}")
        } else {
            format!("the run is {run}; {}", stands.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen() -> Observed {
        Observed {
            run: json!({"status": "paused"}),
            tasks: vec![
                json!({"task": "again", "activation": 2, "status": "running"}),
                json!({"task": "again", "activation": 1, "status": "succeeded"}),
                json!({"task": "again", "activation": 2, "item_index": 0, "status": "failed"}),
                json!({"task": "again", "activation": 1, "compensates": "again", "status": "failed", "result": 5}),
            ],
            inquiries: vec![
                json!({"id": "old", "task": "ask", "status": "answered"}),
                json!({"id": "new", "task": "ask", "status": "open"}),
            ],
        }
    }

    #[test]
    fn the_latest_activation_counts_and_items_do_not() {
        let seen = seen();
        assert_eq!(seen.task_status("again"), Some("running"));
        assert_eq!(seen.activations("again").len(), 2);
        assert_eq!(seen.task_status("never"), None);
        assert_eq!(seen.compensation("again").unwrap()["result"], 5);
        assert_eq!(seen.summary(), "the run is paused; again running");
    }

    #[test]
    fn conditions_hold_for_the_run_and_for_tasks() {
        let seen = seen();
        assert!(seen.holds(&"the run is paused".parse().unwrap()));
        assert!(seen.holds(&"again is running".parse().unwrap()));
        assert!(!seen.holds(&"again is succeeded".parse().unwrap()));
        assert!(!seen.holds(&"never is running".parse().unwrap()));
    }

    #[test]
    fn only_an_open_inquiry_can_be_answered() {
        assert_eq!(seen().open_inquiry("ask"), Some("new"));
        assert_eq!(seen().open_inquiry("again"), None);
    }
}
