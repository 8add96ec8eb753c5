//! What must have come of the demo.
//!
//! Owns the expectations. Pure. Called at the end of the demo; each thing that is not as it must be is one sentence.

use serde_json::Value;

/// The two tasks of the workflow, in their order.
const MEASURE: &str = "measure";
const JUDGE: &str = "judge";

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
    for task in [MEASURE, JUDGE] {
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
                    "the task {task} must have succeeded, it is {}: {}",
                    row["status"], row["error"]
                ),
            );
        }
    }
    let result = &run["result"];
    must(
        result["path"] == "/",
        format!("the result must be of `/`, it is of {}", result["path"]),
    );
    let measured = tasks
        .iter()
        .find(|row| row["task"] == MEASURE)
        .and_then(|row| percent(&row["result"]));
    let said = result["used_percent"].as_f64();
    must(
        measured
            .zip(said)
            .is_some_and(|(measured, said)| (measured - said).abs() <= 0.1),
        format!("the result must say what was measured, {measured:?} per cent, it says {said:?}"),
    );
    let verdict = result["verdict"].as_str().unwrap_or_default();
    must(
        ["ok", "warning", "critical"].contains(&verdict)
            && result["sentence"]
                .as_str()
                .is_some_and(|sentence| sentence.ends_with(verdict)),
        format!("the result must hold a verdict and a sentence that says it, it is {result}"),
    );
    must(
        !history.is_empty(),
        "the history must not be empty".to_owned(),
    );
    let ascending = history
        .windows(2)
        .all(|pair| pair[0]["seq"].as_u64() < pair[1]["seq"].as_u64());
    must(ascending, "the history must be in order".to_owned());
    wrong
}

/// How full the disk is by the measuring task's own figures.
fn percent(result: &Value) -> Option<f64> {
    let figure = |name: &str| {
        result
            .get(name)
            .or_else(|| result.get("data")?.get(name))?
            .as_f64()
    };
    let (used, free) = (figure("used_kb")?, figure("free_kb")?);
    Some(100.0 * used / (used + free))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What comes of a good demo, with one value changed by its pointer.
    fn judged(pointer: &str, value: Value) -> Vec<String> {
        let mut all = json!({
            "enforcement": {"fired": true},
            "run": {"status": "succeeded", "result": {
                "path": "/", "used_percent": 25.0, "verdict": "ok", "sentence": "/ is 25 % full: ok"}},
            "tasks": [
                {"task": "measure", "status": "succeeded", "result": {"data": {"used_kb": 1, "free_kb": 3}}},
                {"task": "judge", "status": "succeeded", "result": {}},
            ],
            "history": [{"seq": 1}, {"seq": 2}],
        });
        if let Some(place) = all.pointer_mut(pointer) {
            *place = value;
        }
        let list = |name: &str| all[name].as_array().cloned().unwrap_or_default();
        wrong(
            &all["enforcement"],
            &all["run"],
            &list("tasks"),
            &list("history"),
        )
    }

    #[test]
    fn a_good_outcome_is_accepted() {
        assert_eq!(judged("/none", Value::Null), Vec::<String>::new());
    }

    #[test]
    fn every_other_outcome_is_named() {
        for (pointer, value, saying) in [
            ("/enforcement/fired", json!(false), "rule fired"),
            (
                "/run/status",
                json!("failed"),
                "the run must have succeeded",
            ),
            (
                "/tasks/0/status",
                json!("failed"),
                "the task measure must have succeeded",
            ),
            ("/tasks/1/task", json!("measure"), "it ran 2 times"),
            (
                "/tasks/0/result/data/used_kb",
                json!(3),
                "must say what was measured",
            ),
            ("/run/result/path", json!("/tmp"), "must be of `/`"),
            ("/run/result/verdict", json!("fine"), "must hold a verdict"),
            ("/history", json!([]), "must not be empty"),
            ("/history/1/seq", json!(1), "in order"),
        ] {
            let wrong = judged(pointer, value).join("; ");
            assert!(wrong.contains(saying), "{pointer}: {wrong}");
        }
    }
}
