//! What must have come of the demo.
//!
//! Owns the expectations. Pure. Called at the end of the demo; each thing that is not as it must be is one sentence.

use serde_json::Value;

/// The two tasks of the workflow, in their order.
const TASKS: [&str; 2] = ["measure", "judge"];

/// All that is not as it must be.
pub(super) fn wrong(
    enforcement: &Value,
    run: &Value,
    tasks: &[Value],
    history: &[Value],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, sentence: String| {
        if !holds {
            wrong.push(sentence);
        }
    };
    must(
        enforcement["fired"] == true,
        format!("the delivery log must say that the rule fired, it says {enforcement}"),
    );
    must(
        run["status"] == "succeeded",
        format!(
            "the run must have succeeded, it is {}: {}",
            run["status"], run["error"]
        ),
    );
    for task in TASKS {
        let rows: Vec<&Value> = tasks.iter().filter(|row| row["task"] == task).collect();
        must(
            rows.len() == 1,
            format!(
                "the task {task} must have run once, it ran {} times",
                rows.len()
            ),
        );
        for row in rows {
            must(
                row["status"] == "succeeded",
                format!(
                    "the task {task} must have succeeded, it is {}",
                    row["status"]
                ),
            );
        }
    }
    must(
        !history.is_empty(),
        "the history must not be empty".to_owned(),
    );
    wrong
}
