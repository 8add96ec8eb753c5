//! What was expected of a run against what was seen of it.
//!
//! Owns every word of `expect`. Pure. Called when a case's run has ended, or its start was refused.
//! Each difference is one sentence that names what was expected and what was.

use attune_types::Timestamp;
use serde_json::{Value, json};

use crate::acceptance::case::{Expect, ExpectedError, FieldComplaint, TaskStatus, Why};
use crate::acceptance::observed::Observed;
use crate::acceptance::subset::{Members, differences, short};
use crate::client::Answer;

/// The largest difference between two sums of money that only rounding makes.
const CENT_DUST: f64 = 1e-9;

/// All that differs between a run that has ended and what was expected of it.
pub(crate) fn run(expect: &Expect, seen: &Observed) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(status) = expect.status
        && seen.run["status"] != status.as_str()
    {
        let error = if seen.run["error"].is_null() {
            String::new()
        } else {
            format!(", error {}", short(&seen.run["error"]))
        };
        wrong.push(format!(
            "status: expected {status}, but {}{error}",
            seen.summary()
        ));
    }
    if let Some(output) = &expect.output {
        wrong.extend(differences(
            "output",
            output,
            &seen.run["result"],
            Members::Plain,
        ));
    }
    for (task, status) in &expect.tasks {
        wrong.extend(stands(task, *status, seen));
    }
    wrong.extend(order(&expect.order, seen));
    for (task, result) in &expect.results {
        wrong.extend(match seen.latest(task) {
            Some(row) => differences(
                &format!("results.{task}"),
                result,
                &row["result"],
                Members::OrInData,
            ),
            None => vec![format!(
                "results.{task}: expected {result}, but the task never started"
            )],
        });
    }
    for task in &expect.started_once {
        let times = seen.activations(task).len();
        if times != 1 {
            wrong.push(format!(
                "started_once: expected {task} to start once, it started {times} times"
            ));
        }
    }
    if let Some(error) = &expect.error {
        wrong.extend(whose(error, &seen.run["error"]));
    }
    if let Some(cost) = expect.cost_usd {
        let was = seen.run["cost_usd"].as_f64();
        if was.is_none_or(|was| (was - cost).abs() > CENT_DUST) {
            wrong.push(format!(
                "cost_usd: expected {cost}, was {}",
                seen.run["cost_usd"]
            ));
        }
    }
    if !expect.labels.is_empty() {
        wrong.extend(differences(
            "labels",
            &json!(expect.labels),
            &seen.run["labels"],
            Members::Plain,
        ));
    }
    for (task, result) in &expect.compensated {
        wrong.extend(match seen.compensation(task) {
            Some(row) => differences(
                &format!("compensated.{task}"),
                result,
                &row["result"],
                Members::OrInData,
            ),
            None => vec![format!(
                "compensated.{task}: expected {result}, but nothing undid the task"
            )],
        });
    }
    wrong
}

fn stands(task: &str, expected: TaskStatus, seen: &Observed) -> Option<String> {
    let was = seen.task_status(task);
    let right = match expected {
        TaskStatus::Absent => was.is_none(),
        TaskStatus::Is(status) => was == Some(status.as_str()),
    };
    (!right).then(|| {
        let error = seen
            .latest(task)
            .map(|row| &row["error"])
            .filter(|error| !error.is_null());
        let error = error
            .map(|error| format!(", error {}", short(error)))
            .unwrap_or_default();
        format!(
            "tasks.{task}: expected {expected}, was {}{error}",
            was.unwrap_or("absent")
        )
    })
}

/// Each of these tasks started, and none before the one named ahead of it.
fn order(expected: &[String], seen: &Observed) -> Option<String> {
    let started = |task: &String| -> Option<Timestamp> {
        serde_json::from_value(seen.activations(task).first()?["started_at"].clone()).ok()
    };
    let times: Vec<Option<Timestamp>> = expected.iter().map(started).collect();
    if let Some(at) = times.iter().position(Option::is_none) {
        return Some(format!(
            "order: expected {}, but {} never started",
            expected.join(", "),
            expected[at]
        ));
    }
    let late = times.windows(2).position(|pair| pair[0] > pair[1])?;
    Some(format!(
        "order: expected {}, but {} started before {}",
        expected.join(", "),
        expected[late + 1],
        expected[late]
    ))
}

fn whose(expected: &ExpectedError, actual: &Value) -> Vec<String> {
    if actual.is_null() {
        return vec!["error: expected one, but the run has none".to_owned()];
    }
    let mut wrong = Vec::new();
    if let Some(task) = &expected.task
        && actual["task"] != task.as_str()
    {
        wrong.push(format!(
            "error.task: expected {task}, was {}",
            short(actual)
        ));
    }
    if let Some(says) = &expected.says {
        let said = format!(
            "{} {}",
            actual["code"].as_str().unwrap_or_default(),
            actual["message"].as_str().unwrap_or_default()
        );
        if !said.contains(says) {
            wrong.push(format!(
                "error.says: expected `{says}` in the code or message, was {}",
                short(actual)
            ));
        }
    }
    wrong
}

/// All that differs between a start that must be refused and the server's answer to it.
pub(crate) fn refusal(status: u16, errors: &[FieldComplaint], answer: &Answer) -> Vec<String> {
    if answer.status != status {
        let was = if answer.status < 300 {
            format!("it was accepted with {}", answer.status)
        } else {
            answer.refusal()
        };
        return vec![format!("refused: expected {status}, but {was}")];
    }
    let named = answer.errors();
    let holds = |expected: &&FieldComplaint| {
        let says = expected.says.as_deref().unwrap_or_default().to_lowercase();
        named.iter().any(|error| {
            let said = format!("{} {}", error.code, error.message).to_lowercase();
            error.pointer == expected.pointer && said.contains(&says)
        })
    };
    errors
        .iter()
        .filter(|expected| !holds(expected))
        .map(|expected| {
            let says = expected.says.as_deref().unwrap_or_default();
            format!(
                "errors: expected {} to say `{says}`, but {}",
                expected.pointer,
                answer.refusal()
            )
        })
        .collect()
}

/// All that differs between the delivery log's row of a rule that must not fire and what was expected.
pub(crate) fn silence(rule: &str, why: Option<&Why>, enforcement: &Value) -> Vec<String> {
    if enforcement["fired"] == true {
        return vec![format!(
            "no_run_of: {rule} fired, run {}",
            enforcement["execution_id"]
        )];
    }
    let Some(why) = why else { return Vec::new() };
    let conditions = &enforcement["explanation"]["conditions"];
    let failed: Vec<&str> = conditions
        .as_array()
        .into_iter()
        .flatten()
        .filter(|condition| condition["held"] == false)
        .filter_map(|condition| condition["field"].as_str())
        .collect();
    if failed.contains(&why.failed.as_str()) {
        return Vec::new();
    }
    vec![format!(
        "why.failed: expected {}, the delivery log says {}",
        why.failed,
        short(&enforcement["explanation"])
    )]
}

#[cfg(test)]
mod tests;
